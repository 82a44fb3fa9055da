"""Whether tiers predict: measures that can be counted by hand, and a verdict no better than the evidence."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.tiers.evidence.prediction import AHEAD, NOT_TOLD, SCORECARD, TIERS, predicts
from clvlab.tiers.evidence.rankings import held_by_first

DAY, LATER = dt.date(2023, 12, 31), dt.date(2024, 12, 31)
CODES = [f"c{i:03}" for i in range(200)]


def base(seed: int, error_of_points: float, error_of_clv: float, day: dt.date = DAY) -> tuple[dict, dict]:
    """Ranks on a day and what came: margin follows a worth that points and CLV know with errors."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(0, 1.3, len(CODES))
    points = 50 + 10 * (worth + error_of_points * rng.normal(size=len(CODES)))
    tier = pd.cut(pd.Series(points).rank(ascending=False), [0, 10, 40, 100, 200], labels=TIERS).astype(str)
    clv = np.exp(8 + worth + error_of_clv * rng.normal(size=len(CODES)))
    left = rng.random(len(CODES)) < 0.25 * np.exp(-0.5 * worth)
    margin = np.exp(8 + worth + 0.3 * rng.normal(size=len(CODES))) * np.where(left, 0.3, 1.0)
    ranks = pd.DataFrame({"customer_id": CODES, "tier": tier, "points": points, "clv": clv})
    came = pd.DataFrame({"customer_id": CODES, "margin": margin, "left": left.astype(float)})
    return {day: ranks}, {day: came}


def test_what_the_first_hold_is_counted_for_as_many_as_the_tiers_hold():
    ranks, came = base(1, 0.5, 0.5)
    frame = predicts(ranks, came, replicates=20).to_frame()
    own = frame[(frame["ranking"] == SCORECARD) & (frame["measure"] == "margin held by the first 5% (core)")]
    core = came[DAY]["margin"][(ranks[DAY]["tier"] == "core").to_numpy()]
    assert own["value"].item() == pytest.approx(core.sum() / came[DAY]["margin"].sum())
    clv = frame[(frame["ranking"] == "clv") & (frame["measure"] == "margin held by the first 20% (to important)")]
    best = came[DAY]["margin"][ranks[DAY]["clv"].rank(ascending=False).to_numpy() <= 40]
    assert clv["value"].item() == pytest.approx(best.sum() / came[DAY]["margin"].sum())


def test_rank_correlation_and_auc_are_the_usual_ones():
    ranks, came = base(1, 0.5, 0.5)
    frame = predicts(ranks, came, replicates=20).to_frame().set_index(["ranking", "measure"])["value"]
    clv, left = ranks[DAY]["clv"], came[DAY]["left"].to_numpy() == 1
    assert frame["clv", "rank correlation"] == pytest.approx(clv.corr(came[DAY]["margin"], method="spearman"))
    pairs = clv.to_numpy()[left][:, None] < clv.to_numpy()[~left]
    assert frame["clv", "those who left ranked lower (AUC)"] == pytest.approx(pairs.mean())


def test_a_scorecard_with_the_larger_error_is_said_to_be_beaten():
    found = predicts(*base(1, 2.0, 0.2))
    assert found.beaten
    assert found.finding.startswith("Against clv the scorecard is beaten in 5 of 5 measures")
    assert predicts(*base(1, 0.2, 2.0)).to_frame()["scorecard_is"].isin(["", AHEAD]).all()


def test_a_rival_that_ranks_alike_is_neither_better_nor_worse():
    ranks, came = base(1, 0.5, 0.5)
    ranks[DAY]["clv"] = ranks[DAY]["points"] - 1000.0 * ranks[DAY]["tier"].map(
        {name: i for i, name in enumerate(TIERS)}
    )
    found = predicts(ranks, came, replicates=20)
    assert not found.beaten
    assert found.to_frame()["difference"].dropna().to_numpy() == pytest.approx(0.0)
    assert found.finding == "Against clv no difference is told: the interval of each holds 0."


def test_intervals_of_differences_hold_the_truth_as_often_as_they_say():
    """The truth is the mean over many bases; 20 bases of 200 customers, five measures each."""
    truth = np.mean([predicts(*base(s, 1.0, 0.4), replicates=1).to_frame()["difference"] for s in range(1000, 1100)], 0)
    inside = []
    for seed in range(20):
        frame = predicts(*base(seed, 1.0, 0.4), replicates=60).to_frame()
        inside.append((frame["difference_lower"] <= truth) & (truth <= frame["difference_upper"]))
    covered = np.array(inside)[:, 1::2].mean()
    assert 0.8 < covered < 0.98


def test_days_are_averaged_and_a_customers_days_drawn_together():
    (ranks, came), (more_ranks, more_came) = base(1, 0.5, 0.5), base(2, 0.5, 0.5, LATER)
    one, other = (
        predicts(*part, replicates=5).to_frame()["value"] for part in ((ranks, came), (more_ranks, more_came))
    )
    both = predicts(ranks | more_ranks, came | more_came, replicates=5)
    assert both.to_frame()["value"].to_numpy() == pytest.approx((one + other).to_numpy() / 2)
    assert both.by_tier["customers"].sum() == 2 * len(CODES)
    same = predicts(ranks | {LATER: ranks[DAY]}, came | {LATER: came[DAY]}, replicates=50).to_frame()
    alone = predicts(ranks, came, replicates=50).to_frame()
    pd.testing.assert_frame_equal(same, alone)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(CODES))), st.sampled_from([0.01, 7.0]))
def test_order_of_rows_and_units_change_nothing(order, unit):
    ranks, came = base(3, 0.5, 0.5)
    plain = predicts(ranks, came, replicates=1).to_frame()["value"]
    turned = {DAY: ranks[DAY].iloc[list(order)].assign(clv=lambda rows: rows["clv"] * unit)}
    other = predicts(turned, {DAY: came[DAY].assign(margin=came[DAY]["margin"] * unit)}, replicates=1).to_frame()[
        "value"
    ]
    assert other.to_numpy() == pytest.approx(plain.to_numpy())


def test_equal_ranks_count_with_their_mean():
    assert held_by_first([1, 1, 1, 1], [9, 1, 0, 0], [0.25, 0.5]).tolist() == [0.25, 0.5]
    ranks, came = base(1, 0.5, 0.5)
    ranks[DAY]["clv"] = 1.0
    frame = predicts(ranks, came, replicates=5).to_frame()
    level = frame[frame["ranking"] == "clv"].set_index("measure")["value"]
    assert level["margin held by the first 5% (core)"] == pytest.approx(0.05)
    assert level["those who left ranked lower (AUC)"] == 0.5
    assert "rank correlation" not in level  # all alike: there is none


def test_without_margin_or_leavings_volume_serves_and_the_rest_is_said():
    ranks, came = base(1, 0.5, 0.5)
    weights = {DAY: came[DAY].rename(columns={"margin": "weight"}).drop(columns="left")}
    ranks = {DAY: ranks[DAY].drop(columns="points").rename(columns={"clv": "last_year_weight"})}
    found = predicts(ranks, weights, "weight", replicates=20)
    assert not found.to_frame()["measure"].str.contains("AUC").any()
    assert found.by_tier["left"].isna().all()
    assert "Whether they left is not known of 200 of 200" in repr(found)
    assert "last year weight" in found.finding


def test_forty_customers_get_wide_intervals_and_ten_measures_a_warning():
    ranks, came = base(1, 0.6, 0.5)
    few = {DAY: ranks[DAY].head(40)}, {DAY: came[DAY].head(40)}
    found = predicts(*few)
    assert (found.to_frame()["scorecard_is"] == NOT_TOLD).any()
    assert "By chance alone about one in ten of these 5" in found.remarks[1]


def test_customers_without_a_place_in_a_ranking_are_left_out_of_all_and_counted():
    ranks, came = base(1, 0.5, 0.5)
    ranks[DAY].loc[:9, "clv"] = np.nan
    found = predicts(ranks, came, replicates=5)
    assert found.by_tier["customers"].sum() == 190
    assert "10 of 200 rows without a tier or a place in a ranking are left out of all." in found.remarks


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r, c: (r.drop(columns="clv"), c), "nothing to compare"),
        (lambda r, c: (r.head(5), c), "fewer than 10"),
        (lambda r, c: (r.assign(tier="core"), c), "All customers are in the tier core"),
        (lambda r, c: (r, c.head(150)), "give 0 for who bought nothing"),
        (lambda r, c: (r, c.assign(margin=-1.0)), "no share of it means anything"),
        (lambda r, c: (pd.concat([r, r.head(1)]), c), "twice"),
        (lambda r, c: (r, c.drop(columns="margin")), "no column 'margin'"),
    ],
)
def test_what_says_nothing_is_refused(change, words):
    ranks, came = base(1, 0.5, 0.5)
    ranks_then, came_then = change(ranks[DAY], came[DAY])
    with pytest.raises(Refused, match=words):
        predicts({DAY: ranks_then}, {DAY: came_then}, replicates=5)


def test_a_day_without_outcomes_is_refused():
    ranks, came = base(1, 0.5, 0.5)
    with pytest.raises(Refused, match="outcomes of the year after"):
        predicts({LATER: ranks[DAY]}, came)


def test_the_figure_states_what_the_first_tier_held():
    found = predicts(*base(1, 0.5, 0.5), replicates=20)
    ax = found.plot()
    title = ax.get_figure().get_suptitle().replace("\n", " ")
    assert title.startswith("The first 5% by tier held")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["best possible", "clv", SCORECARD]
