"""Nonresponse: weights that undo a known selection, and a score that says what it cannot know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import AS_OF, made_up

from clvlab.refusal import Refused
from clvlab.satisfaction import nonresponse
from clvlab.satisfaction.measures.nonresponse import ALL_WAVES, HEAVIEST


def selected(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Surveys that customers with fewer failures felt answer more often, and the score of all."""
    surveys, known = made_up(seed, 400, felt_effect=-0.25, answer=1.0)
    rng = np.random.default_rng(seed)
    asked = surveys.drop_duplicates(["customer_id", "sent_on"])[["customer_id", "sent_on"]].reset_index(drop=True)
    felt = known["failures_mean"].to_numpy()
    asked["silent"] = rng.random(len(asked)) > 1 / (1 + np.exp(0.2 * felt))
    silent = surveys.merge(asked, on=["customer_id", "sent_on"])["silent"].to_numpy()
    truth = surveys["overall"].mean()
    scores = ["answered_on", "overall", "expectation", "perception"]
    surveys.loc[silent, scores] = None
    return surveys[~silent | (surveys["item"] == "overall")], known, truth


def test_weights_undo_a_selection_that_the_facts_know():
    surveys, known, truth = selected(1)
    found = nonresponse(surveys, known, AS_OF)
    row = found.to_frame().set_index("wave").loc[ALL_WAVES]
    assert row["score_lower"] > truth
    assert row["weighted_lower"] < truth < row["weighted_upper"]
    assert row["shift_upper"] < 0
    who = found.who().to_frame().set_index("fact").loc["failures_mean"]
    assert who["lower"] < np.exp(-0.2) < who["upper"]


def test_weights_have_mean_one_and_none_is_far_above_four():
    surveys, known, _ = selected(2)
    weights = nonresponse(surveys, known, AS_OF).weights
    assert weights.mean() == pytest.approx(1)
    assert weights.max() <= 1.1 * HEAVIEST


def test_invitations_and_answers_are_counted_by_wave():
    surveys, known, _ = selected(1)
    frame = nonresponse(surveys, known, AS_OF).to_frame()
    assert frame["wave"].tolist() == ["2024-Q2", "2024-Q4", "2025-Q2", "2025-Q4", ALL_WAVES]
    assert frame["invited"].tolist() == [400] * 4 + [1600]
    assert frame["answers"].iloc[:4].sum() == frame["answers"].iloc[4] == surveys["overall"].notna().sum()


def test_kinds_of_customers_are_levels_against_the_commonest():
    surveys, known, _ = selected(1)
    codes = known["customer_id"].unique()
    region = pd.DataFrame({"region": ["east"] * 300 + ["west"] * 100}, index=pd.Index(codes, name="customer_id"))
    facts = set(nonresponse(surveys, known, AS_OF, profile=region).who().to_frame()["fact"])
    assert facts == {"failures_mean", "region: west"}


def test_without_facts_the_score_stands_alone_and_says_so():
    surveys, known, _ = selected(1)
    found = nonresponse(surveys, known[["customer_id", "month"]], AS_OF)
    assert found.to_frame()["weighted"].isna().all()
    assert any(remark.startswith("Who answers is not told") for remark in found.remarks)
    assert "not told apart" in found.finding
    found.plot()


def test_when_everybody_answered_there_is_nothing_to_weight():
    surveys, known = made_up(1, answer=1.0)
    found = nonresponse(surveys, known, AS_OF)
    assert found.fit is None
    assert found.finding.startswith("100% of those asked answered")
    assert not any("the silent" in remark for remark in found.remarks)


def test_without_weights_nothing_is_said_of_them_and_facts_are_named_in_words():
    surveys, known = made_up(1, accounts=8)
    found = nonresponse(surveys, known.rename(columns={"felt": "failures_mean"}), AS_OF, ["failures_mean"])
    assert found.to_frame()["weighted"].isna().all()
    assert any(remark.startswith("For each point by which the silent") for remark in found.remarks)
    assert any("which are left out: failures mean" in remark for remark in found.remarks)


def test_answers_that_are_all_the_same_have_no_interval_and_say_so():
    surveys, known = made_up(1)
    found = nonresponse(surveys.assign(overall=surveys["overall"].where(surveys["overall"].isna(), 8.0)), known, AS_OF)
    assert found.to_frame()["score_lower"].isna().all()
    assert any(remark.startswith("No interval for the score") for remark in found.remarks)


def test_no_overall_score_is_refused():
    surveys, known = made_up(1)
    with pytest.raises(Refused, match="overall"):
        nonresponse(surveys.drop(columns="overall"), known, AS_OF)
