"""A chain whose moves are known is found again: its moves, times and chances, and whether time in a state matters."""

import numpy as np
import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.tiers.classes.markov import expected_months, reaching, time_matters, transitions

POSSIBLE = {"a": ("a", "b", "lost"), "b": ("a", "b"), "lost": ("lost", "a")}
TRUE = pd.DataFrame(
    [[0.80, 0.15, 0.05], [0.30, 0.70, 0.0], [0.1, 0.0, 0.9]], index=list(POSSIBLE), columns=list(POSSIBLE)
)


def walked(customers: int, months: int, seed: int, true: pd.DataFrame = TRUE) -> pd.DataFrame:
    """Moves of simulated customers, with the months spent in a state, one row each."""
    rng = np.random.default_rng(seed)
    now, spent, rows = np.zeros(customers, dtype=int), np.zeros(customers, dtype=int), []
    for _ in range(months):
        after = (rng.random((customers, 1)) > true.to_numpy()[now].cumsum(axis=1)).sum(axis=1)
        names = true.index.to_numpy()
        rows.append(pd.DataFrame({"state": names[now], "months": spent, "following": names[after], "n": 1}))
        now, spent = after, np.where(after == now, spent + 1, 0)
    return pd.concat(rows)


def test_probabilities_are_shares_with_intervals_around_the_truth():
    found = transitions(walked(400, 50, 1), POSSIBLE)
    assert np.allclose(found.groupby("state")["probability"].sum(), 1.0)
    truth = [TRUE.loc[row.state, row.following] for row in found.itertuples()]
    assert np.allclose(found["probability"], truth, atol=0.02)
    assert ((found["lower"] <= found["probability"]) & (found["probability"] <= found["upper"])).all()


def test_intervals_of_moves_and_times_cover_the_truth_in_about_nine_of_ten_chains():
    within = TRUE.loc[["a", "b"], ["a", "b"]].to_numpy()
    until_lost = np.linalg.inv(np.eye(2) - within).sum(axis=1)
    hits = []
    for seed in range(60):
        moves = walked(30, 12, seed)
        found = expected_months(moves, POSSIBLE, "lost").query("visited == 'all'")
        hits += list((found["lower"] <= until_lost) & (until_lost <= found["upper"]))
        cells = transitions(moves, POSSIBLE)
        truth = np.array([TRUE.loc[row.state, row.following] for row in cells.itertuples()])
        hits += list((cells["lower"] <= truth) & (truth <= cells["upper"]))
    assert 0.86 < np.mean(hits) < 0.94


def test_expected_months_are_those_of_the_fundamental_matrix():
    found = expected_months(walked(4000, 60, 2), POSSIBLE, "lost").set_index(["state", "visited"])["months"]
    truth = np.linalg.inv(np.eye(2) - TRUE.loc[["a", "b"], ["a", "b"]].to_numpy())
    assert found["a", "a"] == pytest.approx(truth[0, 0], rel=0.05)
    assert found["b", "b"] == pytest.approx(truth[1, 1], rel=0.05)
    assert found["a", "all"] == pytest.approx(truth[0].sum(), rel=0.05)


def test_reaching_a_state_within_a_year_is_as_the_chain_has_it():
    found = reaching(walked(4000, 60, 3), {"lost": ("lost", "a")}, "a", 12).set_index("state")
    assert found.loc["lost", "probability"] == pytest.approx(1 - 0.9**12, abs=0.01)
    assert found.loc["lost", "lower"] < found.loc["lost", "probability"] < found.loc["lost", "upper"]


def test_time_in_a_state_matters_where_customers_differ_and_not_in_a_chain():
    acts = {"a": "lost"}
    alike = [time_matters(walked(300, 24, seed), acts)["p_value"].item() for seed in range(40)]
    assert np.mean(np.array(alike) < 0.05) < 0.15
    quick, slow = TRUE.copy(), TRUE.copy()
    quick.loc["a"], slow.loc["a"] = [0.5, 0.1, 0.4], [0.97, 0.02, 0.01]
    mixed = pd.concat([walked(300, 24, 1, quick), walked(300, 24, 2, slow)])
    found = time_matters(mixed, acts).iloc[0]
    assert found["p_value"] < 1e-6
    assert found["early"] > found["late"]


def test_too_few_moves_have_no_p_value_and_one_duration_no_test():
    few = pd.DataFrame({"state": "a", "months": [0, 1, 2], "following": ["a", "a", "lost"], "n": 1})
    found = time_matters(few, {"a": "lost", "b": "a"})
    assert found["state"].tolist() == ["a"]
    assert found["p_value"].isna().all()
    assert time_matters(few.head(1), {"a": "lost"}).empty


def test_what_nobody_was_seen_to_do_is_refused():
    stay = pd.DataFrame({"state": ["a"], "months": [0], "following": ["a"], "n": [5]})
    with pytest.raises(Refused, match="become lost"):
        expected_months(stay, POSSIBLE, "lost")
    into_b = pd.DataFrame({"state": "a", "months": 0, "following": ["b", "lost"], "n": 5})
    with pytest.raises(Refused, match="last month"):
        expected_months(into_b, POSSIBLE, "lost")


def test_a_state_nobody_was_in_has_no_probability():
    moves = pd.DataFrame({"state": ["a"], "months": [0], "following": ["a"], "n": [5]})
    found = transitions(moves, POSSIBLE).set_index(["state", "following"])
    assert found.loc["b", ["probability", "lower", "upper"]].isna().all(axis=None)
    assert found.loc[("a", "lost"), "lower"] == 0 < found.loc[("a", "lost"), "upper"]
