"""Whom to act on: by what acting changes, in money, and never more certain than the campaign is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from campaigns import arm, campaign
from hypothesis import given, settings
from hypothesis import strategies as st
from watched import risk_of, there_of, watched

from clvlab.clv.valuing.ranges import Range
from clvlab.refusal import Refused
from clvlab.retention.actions.actions import actions
from clvlab.retention.actions.effect import Effect, assumed_effect, cumulated, measured_effect
from clvlab.retention.campaign_effect import campaign_effect
from clvlab.retention.watch_list_result import NO_LOSS, WatchList


def shown(called: int = 20, not_called: int = 60, n: int = 300) -> tuple:
    return campaign(arm("treatment", n, called), arm("control", n, not_called))


@pytest.fixture(scope="module")
def listed():
    return watched()


@pytest.fixture(scope="module")
def measured(listed) -> Effect:
    risk = risk_of(listed)
    return measured_effect(campaign_effect(*shown()), risk, there_of(listed), pd.Series("anyone", index=risk.index))


def test_expected_profit_is_still_there_times_reduction_times_margin_less_cost(listed, measured):
    row = actions(listed, measured, 400.0, "").to_frame().iloc[0]
    account = listed.frame.set_index("customer_id").loc[row["customer_id"]]
    still_there = (risk_of(listed) * there_of(listed)).mean()
    kept = measured.by_group.value.iloc[0] * account["probability"] / still_there
    assert row["reduction"] == pytest.approx(kept)
    assert row["profit"] == pytest.approx((1 - account["already_gone"]) * kept * account["margin"] - 400)
    assert row["profit_lower"] < row["profit"] < row["profit_upper"]


def test_as_many_are_kept_of_a_group_as_the_campaign_makes_believe(listed, measured):
    kept = (measured.reduction.value * there_of(listed)).mean()
    assert kept == pytest.approx(measured.by_group.value.iloc[0])
    assert 0 < kept < 40 / 300, "less than the campaign measured"


def test_acting_up_to_the_best_number_earns_most_of_all_numbers(listed, measured):
    found = actions(listed, measured, 3000.0, "")
    curve = found.curves["expected profit"]
    assert curve["profit"].idxmax() == found.number
    assert curve["profit"].max() >= found.curves["risk"]["profit"].max() - 1e-9
    assert curve["profit"].max() == pytest.approx(found.to_frame()["profit"].clip(lower=0).sum())


def test_the_riskiest_accounts_are_not_the_ones_that_pay_most(listed, measured):
    found = actions(listed, measured, 400.0, "")
    by_profit, by_risk = (found.curves[name]["profit"].iloc[10] for name in ("expected profit", "risk"))
    assert by_profit > by_risk


def test_both_rankings_earn_the_same_once_all_are_acted_on(listed, measured):
    found = actions(listed, measured, 400.0, "")
    ends = [curve.iloc[-1][["profit", "lower", "upper"]].tolist() for curve in found.curves.values()]
    assert ends[0] == pytest.approx(ends[1])


def test_no_account_pays_for_sure_after_a_campaign_that_shows_nothing(listed):
    risk = risk_of(listed)
    nothing = campaign_effect(*shown(60, 60))
    found = actions(
        listed, measured_effect(nothing, risk, there_of(listed), pd.Series("all", index=risk.index)), 400.0, ""
    )
    assert (found.to_frame()["acting"] != "pays").all()
    assert not found.clear


def test_without_a_campaign_the_effect_is_assumed_and_never_called_clear(listed):
    found = actions(listed, assumed_effect(risk_of(listed)), 100.0, "")
    assert found.number > 0
    assert not found.clear
    assert "assumed" in found.remarks[0]


@pytest.mark.parametrize("make", [lambda risk: assumed_effect(risk), None])
def test_knowing_the_effect_never_earns_less(listed, measured, make):
    effect = make(risk_of(listed)) if make else measured
    found = actions(listed, effect, 2000.0, "")
    assert found.maximum.known >= found.maximum.unknown - 1e-6
    assert 0 <= found.maximum.share <= 1


def test_what_knowing_adds_is_what_simulated_effects_say(listed, measured):
    found = actions(listed, measured, 2000.0, "")
    frame = listed.frame.set_index("customer_id")
    worth = (frame["margin"] * (1 - frame["already_gone"]) * measured.scale).to_numpy()
    spread = (measured.by_group.upper.iloc[0] - measured.by_group.lower.iloc[0]) / (2 * 1.6448536)
    drawn = np.random.default_rng(1).normal(measured.by_group.value.iloc[0], spread, 4000)
    best = np.maximum(drawn[:, None] * worth - 2000.0, 0).sum(axis=1).mean()
    assert found.maximum.known == pytest.approx(best, rel=0.02)


@settings(max_examples=6, deadline=None)
@given(st.floats(0.01, 100))
def test_money_in_another_unit_changes_no_choice(unit):
    listed = watched(20)
    scaled = watched(20)
    money = [name for name in scaled.frame.columns if name.startswith(("margin", "at_stake"))]
    scaled.frame[money] *= unit
    effect = assumed_effect(risk_of(listed))
    ours, theirs = actions(listed, effect, 300.0, ""), actions(scaled, effect, 300.0 * unit, "")
    assert ours.number == theirs.number
    np.testing.assert_allclose(theirs.to_frame()["profit"], unit * ours.to_frame()["profit"], rtol=1e-9)


def test_the_band_of_a_sum_knows_that_groups_err_together():
    risk = pd.Series(0.2, index=["a1", "b1"])
    ends = Range(*(pd.Series(part, ["a", "b"]) for part in ([0.05, 0.05], [0.01, 0.02], [0.09, 0.08])))
    for together, reach in ((0.0, np.hypot(0.04, 0.03)), (1.0, 0.07), (-1.0, 0.01)):
        correlation = np.array([[1, together], [together, 1]])
        effect = Effect(ends, correlation, pd.Series({"a1": "a", "b1": "b"}), risk / 0.2, "", True)
        last = cumulated(effect, np.array([1000.0, 1000.0]), np.arange(2), 10.0).iloc[-1]
        assert last[["profit", "lower", "upper"]].tolist() == pytest.approx([80, 80 - 1000 * reach, 80 + 1000 * reach])


def test_an_account_of_an_unknown_group_gets_the_effect_over_all(listed):
    risk = risk_of(listed)
    effect = measured_effect(
        campaign_effect(*shown()), risk, there_of(listed), pd.Series({risk.index[0]: "never seen"})
    )
    assert set(effect.group) == {"all customers"}


@pytest.mark.parametrize("cost", [0.0, -1.0, float("nan")])
def test_an_action_without_a_cost_is_refused(listed, measured, cost):
    with pytest.raises(Refused):
        actions(listed, measured, cost, "")


def test_texts_and_figure_say_what_was_found(listed, measured):
    found = actions(listed, measured, 400.0, "It costs 400.")
    assert found.finding in repr(found)
    assert "It costs 400." in found._repr_html_()
    assert found.list().list_name == "actions"
    assert len(found.list().to_frame()) == found.number
    found.plot().figure.canvas.draw()


def test_who_is_not_among_the_accounts_is_counted_by_reason(listed, measured):
    assert not any("not among" in remark for remark in actions(listed, measured, 400.0, "").remarks)
    frame = listed.frame.copy()
    frame.loc[:2, "apart"] = NO_LOSS
    fewer = WatchList(frame, listed.as_of, listed.months, listed.margin_months, listed.currency)
    [told] = [remark for remark in actions(fewer, measured, 400.0, "").remarks if "not among" in remark]
    assert told == f"Of {len(frame)} customers, 3 are not among these accounts; no margin to lose: 3."


@pytest.mark.parametrize("cost", [5.0, 400.0, 1e6])
def test_the_lines_are_named_below_the_axes_where_nothing_crosses(listed, measured, cost):
    ax = actions(listed, measured, cost, "").plot()
    ax.get_figure().draw_without_rendering()
    assert not ax.texts
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[:2] == ["ranked by expected profit", "ranked by risk"]
    assert ax.get_legend().get_window_extent().y1 < ax.xaxis.label.get_window_extent().y1
