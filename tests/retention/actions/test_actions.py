"""Whom to act on: by what acting changes, in money, and never more certain than the campaign is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from campaigns import arm, campaign
from hypothesis import given, settings
from hypothesis import strategies as st
from watched import risk_of, watched

from clvlab.refusal import Refused
from clvlab.retention.actions.actions import actions
from clvlab.retention.actions.effect import Effect, assumed_effect, cumulated, measured_effect
from clvlab.retention.campaign_effect import campaign_effect


def shown(called: int = 20, not_called: int = 60, n: int = 300) -> tuple:
    return campaign(arm("treatment", n, called), arm("control", n, not_called))


@pytest.fixture(scope="module")
def listed():
    return watched()


@pytest.fixture(scope="module")
def measured(listed) -> Effect:
    risk = risk_of(listed)
    return measured_effect(campaign_effect(*shown()), risk, pd.Series("anyone", index=risk.index))


def test_expected_profit_is_still_there_times_reduction_times_margin_less_cost(listed, measured):
    row = actions(listed, measured, 400.0, "").to_frame().iloc[0]
    account = listed.frame.set_index("customer_id").loc[row["customer_id"]]
    kept = 40 / 300 * account["probability"] / risk_of(listed).mean()
    assert row["reduction"] == pytest.approx(kept)
    assert row["profit"] == pytest.approx((1 - account["already_gone"]) * kept * account["margin"] - 400)
    assert row["profit_lower"] < row["profit"] < row["profit_upper"]


def test_the_campaigns_mean_effect_is_kept_within_a_group(listed, measured):
    assert measured.reduction.value.mean() == pytest.approx(40 / 300)


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
    found = actions(listed, measured_effect(nothing, risk, pd.Series("all", index=risk.index)), 400.0, "")
    assert (found.to_frame()["acting"] != "pays").all()
    assert not found.clear


def test_groups_are_told_apart_only_after_a_campaign_that_shows_an_effect(listed):
    risk = risk_of(listed)
    group = pd.Series(np.where(np.arange(len(risk)) % 2, "a", "b"), index=risk.index)
    for counts, groups in (((60, 60, 55, 60), 1), ((20, 60, 60, 60), 2)):
        parts = [
            arm(name, 300, left, prefix) for (prefix, name), left in zip(
                (("a", "treatment"), ("a", "control"), ("b", "treatment"), ("b", "control")), counts, strict=True
            )
        ]  # fmt: skip
        rows, spells = campaign(*parts)
        of = pd.DataFrame({"customer_id": rows["customer_id"], "kind": rows["customer_id"].str[0]})
        effect = measured_effect(campaign_effect(rows, spells, before=of, by="kind"), risk, group)
        assert effect.group.nunique() == groups


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


def test_the_band_covers_the_profit_that_comes():
    """Two groups' effects drawn from a normal: the band of the total holds it nine times in ten."""
    rng, runs, held = np.random.default_rng(7), 400, 0
    risk = pd.Series(rng.uniform(0.05, 0.4, 50), index=[f"c{i}" for i in range(50)])
    group = pd.Series(np.where(np.arange(50) % 2, "a", "b"), index=risk.index)
    worth, truth, error = rng.lognormal(10, 1, 50), np.array([0.05, -0.01]), np.array([0.02, 0.04])
    for _ in range(runs):
        seen = rng.normal(truth, error)
        frame = pd.DataFrame({"group": ["a", "b"], "pooled": seen})
        frame["pooled_lower"], frame["pooled_upper"] = seen - 1.6448536 * error, seen + 1.6448536 * error
        effect = measured_effect(Told(frame), risk, group)
        band = cumulated(effect, worth, np.arange(50), 300.0).iloc[-1]
        comes = sum(
            (truth["ab".index(g)] * effect.scale[who] * w) for (who, g), w in zip(group.items(), worth, strict=True)
        )
        held += band["lower"] <= comes - 300.0 * 50 <= band["upper"]
    assert 0.86 < held / runs < 0.94


class Told:
    """As much of a campaign's effect as sharing it out needs."""

    months, shown = 9.0, True

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def to_frame(self) -> pd.DataFrame:
        return self.frame


def test_an_account_of_an_unknown_group_gets_the_effect_over_all(listed):
    risk = risk_of(listed)
    effect = measured_effect(campaign_effect(*shown()), risk, pd.Series({risk.index[0]: "never seen"}))
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
