"""What a randomised campaign changed: told only where the lot allows it, and with no more certainty than there is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from campaigns import STARTED, arm, campaign
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.retention.arms import left_within
from clvlab.retention.campaign_effect import EVERYONE, campaign_effect

TIME = np.array([5, 8, 8, 12, 15, 20, 23, 30, 31, 40, 44, 45, 52, 60, 60, 60, 60], dtype=float)
EVENT = np.array([1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0], dtype=bool)


def test_the_share_that_left_is_that_of_r():
    """R 4.2, survival: summary(survfit(Surv(time, event) ~ 1), times = 50)[c("surv", "std.err")]."""
    stayed, error = 0.4425381264, 0.1364594671
    found = left_within(TIME, EVENT, 50.0)
    assert found.share == pytest.approx(1 - stayed, abs=1e-9)
    customers = stayed * (1 - stayed) / error**2  # followed throughout, they would have told as much
    adjusted = ((1 - stayed) * customers + 1) / (customers + 2)
    assert found.variance == pytest.approx(adjusted * (1 - adjusted) / (customers + 2), abs=1e-9)


def test_without_censoring_it_is_the_plain_share_with_one_leaver_and_one_stayer_added():
    time, event = np.array([1.0] * 3 + [10.0] * 17), np.array([True] * 3 + [False] * 17)
    found = left_within(time, event, 9.0)
    assert found.share == pytest.approx(3 / 20)
    assert found.variance == pytest.approx(4 / 22 * 18 / 22 / 22)


@pytest.mark.parametrize("event", [np.zeros(8, dtype=bool), np.ones(8, dtype=bool)])
def test_an_arm_that_all_left_or_all_stayed_is_not_taken_for_certain(event):
    time = np.where(event, 2.0, 12.0)
    found = left_within(time, event, 9.0)
    assert found.share == event[0]
    assert found.variance == pytest.approx(1 / 10 * 9 / 10 / 10)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=20), st.sampled_from([7.0, 30.4375]))
def test_the_unit_of_time_changes_nothing(rows, unit):
    time, event = np.array([float(t) for t, _ in rows] + [25.0]), np.array([e for _, e in rows] + [False])
    assert left_within(time, event, 15.0) == pytest.approx(left_within(time / unit, event, 15.0 / unit))


def test_the_effect_is_the_difference_in_leaving_by_intention_to_treat():
    given_ = campaign(arm("treatment", 200, 20), arm("control", 200, 50))
    row = campaign_effect(*given_).to_frame().iloc[0]
    assert row[["group", "called", "not_called"]].tolist() == [EVERYONE, 200, 200]
    assert row[["left_called", "left_not_called", "reduction"]].tolist() == pytest.approx([0.1, 0.25, 0.15])
    error = np.sqrt(21 / 202 * 181 / 202 / 202 + 51 / 202 * 151 / 202 / 202)
    assert (row["upper"] - row["lower"]) / 2 == pytest.approx(1.6448536 * error, rel=1e-6)
    assert row["detectable"] == pytest.approx((1.6448536 + 0.8416212) * error, rel=1e-6)


def test_leaving_after_the_horizon_does_not_count():
    within = campaign(arm("treatment", 50, 0), arm("control", 50, 10, days=270))
    after = campaign(arm("treatment", 50, 0), arm("control", 50, 10, days=280))
    assert [campaign_effect(*c).to_frame()["reduction"].iloc[0] for c in (within, after)] == pytest.approx([0.2, 0.0])


def test_who_had_gone_quiet_before_counts_as_left_in_both_arms_and_who_came_later_does_not():
    rows, spells = campaign(arm("treatment", 40, 4), arm("control", 40, 4))
    quiet = spells["customer_id"].isin(["c-treatment-10", "c-control-10", "c-control-11"])
    spells.loc[quiet, ["at_risk_to", "event"]] = [STARTED - pd.Timedelta(days=5), 1]
    spells.loc[spells["customer_id"] == "c-control-20", "at_risk_from"] = STARTED + pd.Timedelta(days=5)
    found = campaign_effect(rows, spells)
    row = found.to_frame().iloc[0]
    assert row[["called", "not_called"]].tolist() == [40, 39]
    assert row[["left_called", "left_not_called"]].tolist() == pytest.approx([5 / 40, 6 / 39])
    assert found.remarks[0].startswith("1 customer of the campaign had no spell")
    assert found.remarks[1].startswith("3 customers (1 to be called) had left")


def test_only_the_first_leaving_after_the_start_counts_for_a_customer_who_came_back():
    rows, spells = campaign(arm("treatment", 20, 5), arm("control", 20, 5))
    back = spells[spells["event"] == 1].assign(at_risk_from=STARTED + pd.Timedelta(days=90), event=0)
    again = pd.concat([spells, back.assign(at_risk_to=pd.Timestamp("2025-12-31"))])
    pd.testing.assert_frame_equal(campaign_effect(rows, again).to_frame(), campaign_effect(rows, spells).to_frame())


def test_groups_are_drawn_towards_each_other():
    given_ = campaign(
        arm("treatment", 300, 30, "large"), arm("control", 300, 45, "large"),
        arm("treatment", 12, 0, "small"), arm("control", 12, 6, "small"),
    )  # fmt: skip
    before = pd.DataFrame({"customer_id": given_[0]["customer_id"]})
    before["size"] = before["customer_id"].str.split("-").str[0]
    found = campaign_effect(*given_, before=before, by="size").to_frame().set_index("group")
    assert found.index.tolist() == [EVERYONE, "large", "small"]
    assert found.loc["small", "reduction"] == pytest.approx(0.5)
    assert found.loc["large", "reduction"] < found.loc["small", "pooled"] < 0.5
    assert abs(found.loc["large", "pooled"] - 0.05) < 0.02


def test_a_group_with_one_arm_only_has_no_effect_and_says_so():
    given_ = campaign(arm("treatment", 30, 3, "a"), arm("control", 30, 5, "a"), arm("control", 5, 1, "b"))
    before = given_[0][["customer_id"]].assign(kind=given_[0]["customer_id"].str[0])
    found = campaign_effect(*given_, before=before, by="kind")
    assert found.to_frame()["group"].tolist() == [EVERYONE, "a"]
    assert any(remark.startswith("Group b has no effect to estimate") for remark in found.remarks)


def test_a_campaign_that_shows_nothing_says_so_with_what_it_could_have_shown():
    found = campaign_effect(*campaign(arm("treatment", 100, 10), arm("control", 100, 11)))
    assert not found.shown
    assert found.finding.startswith("The campaign does not show that calling changes anything: +1.0 of 100 customers")
    assert f"would show an effect of {100 * found.to_frame()['detectable'].iloc[0]:.1f}" in found.finding


def test_calls_that_drive_customers_away_are_shown_as_such():
    found = campaign_effect(*campaign(arm("treatment", 300, 90), arm("control", 300, 30)))
    assert found.shown
    assert "-20.0 of 100 customers kept" in found.finding


def test_arms_that_chance_does_not_explain_are_called_out():
    given_ = campaign(arm("treatment", 100, 10), arm("control", 100, 11))
    orders = np.where(given_[0]["arm"] == "control", 2.0, 4.0) + np.random.default_rng(1).normal(size=200)
    skewed = given_[0][["customer_id"]].assign(orders=orders)
    assert "differed in orders more than chance explains" in campaign_effect(*given_, before=skewed).remarks[-1]
    fair = skewed.assign(orders=np.random.default_rng(2).normal(size=200), tie=["spot", "contract"] * 100)
    found = campaign_effect(*given_, before=fair)
    assert "The arms were alike before the campaign: in 3 measures" in found.remarks[-1]
    assert found.checks().to_frame()["measure"].tolist() == ["orders", "tie: contract", "tie: spot"]


def test_a_targeted_campaign_is_refused_and_says_why():
    rows, spells = campaign(arm("treatment", 20, 2), arm("control", 20, 3))
    targeted = rows.assign(campaign_id="P02", randomised=False)
    with pytest.raises(Refused, match="Campaign P02 was targeted, not drawn by lot"):
        campaign_effect(targeted, spells, campaign="P02")
    with pytest.raises(Refused, match="Every campaign in the records was targeted"):
        campaign_effect(targeted, spells)
    both = pd.concat([rows, targeted])
    pd.testing.assert_frame_equal(campaign_effect(both, spells).to_frame(), campaign_effect(rows, spells).to_frame())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows, spells: (rows[rows["arm"] != "control"], spells), "it takes 'control' and one other"),
        (lambda rows, spells: (pd.concat([rows, rows.assign(campaign_id="P03")]), spells), "name one of them"),
        (lambda rows, spells: (rows, spells[spells["customer_id"].str.contains("control")]), "An arm of the campaign"),
        (lambda rows, spells: (rows.drop(columns="randomised"), spells), "no column 'randomised'"),
    ],
)
def test_a_campaign_that_cannot_tell_is_refused(change, says):
    rows, spells = campaign(arm("treatment", 20, 2), arm("control", 20, 3))
    with pytest.raises(Refused, match=says):
        campaign_effect(*change(rows, spells))


def test_a_horizon_beyond_the_records_is_refused():
    with pytest.raises(Refused, match="Nobody who stayed was followed up for that long"):
        campaign_effect(*campaign(arm("treatment", 20, 2), arm("control", 20, 3)), months=24)


def test_the_name_of_a_campaign_that_is_not_there_brings_the_nearest():
    with pytest.raises(Refused, match=r"no campaign 'P1' \(did you mean 'P01'"):
        campaign_effect(*campaign(arm("treatment", 20, 2), arm("control", 20, 3)), campaign="P1")


def test_the_order_of_rows_changes_nothing():
    rows, spells = campaign(arm("treatment", 60, 6), arm("control", 60, 12))
    before = rows[["customer_id"]].assign(kind=["a", "b"] * 60)
    shuffled = campaign_effect(
        rows.sample(frac=1, random_state=1), spells.sample(frac=1, random_state=2),
        before=before.sample(frac=1, random_state=3), by="kind",
    )  # fmt: skip
    pd.testing.assert_frame_equal(
        shuffled.to_frame(), campaign_effect(rows, spells, before=before, by="kind").to_frame()
    )
