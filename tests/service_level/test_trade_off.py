"""The level that pays, by group: closed forms, invariances, bounds, what is said, and the picture."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from stand_in import KPI, stand_in

from clvlab.refusal import Refused
from clvlab.service_level.curves import Curve, fitted_curve
from clvlab.service_level.group_profit import ALL
from clvlab.service_level.trade_off import trade_off

LEVELS = [0.80, 0.86, 0.90, 0.93, 0.95, 0.97, 0.98, 0.99]
COST = [0.0, 1.5, 3.5, 7.0, 11.0, 19.0, 28.0, 50.0]
LINES = Curve(LEVELS, COST, "cost per order")
SMOOTH = fitted_curve(LEVELS, COST, "cost per order")
few = settings(max_examples=5, deadline=None)


def rows(found):
    return found.to_frame().set_index("group")


def test_the_best_level_solves_the_closed_form():
    """One draw: worth x exp(k x points) rises as fast as orders x cost where its slope is equal."""
    value = stand_in(effect=0.006, sd=0.0, draws=1)
    found = rows(trade_off(value, KPI, SMOOTH))
    for group in value.groups:
        worth, orders, today = value.worth[group], value.orders[group], value.today.loc[group, KPI]

        def slope(level, worth=worth, orders=orders, today=today):
            return worth * 0.6 * np.exp(0.6 * (level - today)) - orders * float(SMOOTH.slope(level))

        best = found.loc[group, "best_level"]
        assert best == pytest.approx(brentq(slope, best - 0.01, best + 0.01), abs=1e-7)
        assert abs(slope(best)) < 1e-6 * worth
        gain = worth * np.expm1(0.6 * (best - today)) - orders * float(SMOOTH(best) - SMOOTH(today))
        assert found.loc[group, "loss_from_staying"] == pytest.approx(gain, rel=1e-6)


def test_the_best_level_is_that_of_the_mean_profit_and_its_interval_that_of_the_draws():
    value = stand_in(effect=0.006, sd=0.004)
    found = rows(trade_off(value, KPI, LINES))
    levels = np.unique([*np.linspace(0.80, 0.99, 2001), *LEVELS])
    for group in value.groups:
        equity = value.outcomes(group, pd.DataFrame({KPI: levels})).equity
        profit = equity - value.orders[group] * LINES(levels)
        assert found.loc[group, "best_level"] == pytest.approx(levels[profit.mean(axis=0).argmax()], abs=1e-4)
        ends = np.quantile(levels[profit.argmax(axis=1)], [0.05, 0.95])
        assert found.loc[group, ["best_level_lower", "best_level_upper"]].to_numpy(float) == pytest.approx(
            ends, abs=5e-4
        )


def test_the_next_point_and_the_level_where_cost_overtakes():
    value = stand_in(effect=0.006, sd=0.0, draws=1)
    row = rows(trade_off(value, KPI, LINES)).loc["core"]
    assert row["worth_of_a_point"] == pytest.approx(9e6 * np.expm1(0.006))
    assert row["cost_of_a_point"] == pytest.approx(20_000 * 3.5 / 3)
    level = row["cost_overtakes_at"]
    assert 9e6 * np.expm1(0.6 * (level - 0.91)) == pytest.approx(20_000 * float(LINES(level) - LINES(0.91)))
    assert level > row["best_level"]


def test_all_customers_are_moved_with_failures_rarer_by_the_same_factor():
    value = stand_in(effect=0.006, sd=0.002)
    found = trade_off(value, KPI, LINES)
    row = rows(found).loc[ALL]
    today = np.average([0.91, 0.90, 0.88], weights=[20_000, 9_000, 6_000])
    assert row["level_today"] == pytest.approx(today)
    rarer = (1 - row["best_level"]) / (1 - today)
    apart = {group: 1 - (1 - value.today.loc[group, KPI]) * rarer for group in value.groups}
    profit = sum(
        value.outcomes(group, pd.DataFrame({KPI: [level]})).equity.mean()
        - value.worth[group]
        - value.orders[group] * float(LINES(level) - LINES(value.today.loc[group, KPI]))
        for group, level in apart.items()
    )
    assert row["loss_from_staying"] == pytest.approx(profit, rel=1e-6)
    assert found.each[0] == pytest.approx(rows(found).drop(ALL)["loss_from_staying"].sum())
    assert found.each[0] >= row["loss_from_staying"]


def test_curves_are_zero_today_and_highest_at_the_best_level():
    found = trade_off(stand_in(effect=0.006, sd=0.002), KPI, LINES)
    for group, curve in found.curves.groupby("group"):
        row = rows(found).loc[group]
        at_today = curve.loc[(curve["level"] - row["level_today"]).abs().idxmin()]
        assert at_today[["equity", "cost", "profit", "profit_lower", "profit_upper"]].abs().max() < 1e-3
        assert curve["profit"].max() == pytest.approx(row["loss_from_staying"], rel=1e-3)
        assert (curve["profit"] == curve["equity"] - curve["cost"]).all()


def test_without_an_effect_the_cheapest_level_is_best_in_every_draw_and_it_is_said():
    found = trade_off(stand_in(effect=0.0, sd=0.0), KPI, LINES)
    frame = found.to_frame()
    assert frame["best_level_upper"].to_numpy()[:3] == pytest.approx(0.80)
    assert frame["best_level"].to_numpy()[:3] == pytest.approx(0.80)
    assert not frame["effect_shown"].any()
    assert "core, important, regular, all customers: no effect on equity is told apart from none" in repr(found)
    assert "no effect is told apart" in repr(found.headlines())


def test_an_uncertain_effect_is_not_called_shown():
    assert not trade_off(stand_in(effect=0.002, sd=0.004), KPI, LINES).to_frame()["effect_shown"].any()
    assert trade_off(stand_in(effect=0.02, sd=0.004), KPI, LINES).to_frame()["effect_shown"].all()


def test_a_best_level_at_a_bound_is_said_to_be_one():
    found = trade_off(stand_in((0.91,), (9e8,), (2_000,)), KPI, LINES)
    row = rows(found).loc["core"]
    assert (row["best_level"], row["best_is"], row["best_level_lower"]) == (0.99, "upper bound", 0.99)
    assert np.isnan(row["cost_overtakes_at"])
    assert "core (99.0%): best is the highest level looked at" in found.remarks[0]


@few
@given(st.floats(1e-4, 1e6))
def test_the_unit_of_money_scales_out(unit):
    value, other = stand_in(effect=0.006, draws=60), stand_in(effect=0.006, draws=60)
    other.worth *= unit
    dear = Curve(LEVELS, unit * np.array(COST))
    one, two = trade_off(value, KPI, LINES).to_frame(), trade_off(other, KPI, dear).to_frame()
    for name in ("best_level", "best_level_lower", "best_level_upper"):
        assert two[name].to_numpy() == pytest.approx(one[name].to_numpy(), abs=1e-6)
    for name in ("loss_from_staying", "worth_of_a_point_lower", "cost_of_a_point"):
        assert two[name].to_numpy() == pytest.approx(unit * one[name].to_numpy(), rel=1e-6)


@few
@given(st.floats(0, 1000), st.floats(0, 2))
def test_a_constant_added_to_the_cost_changes_nothing_even_when_service_brings_orders(constant, more_orders):
    value = stand_in(effect=0.006, more_orders=more_orders, draws=60)
    one = trade_off(value, KPI, LINES).to_frame().select_dtypes("number")
    two = trade_off(value, KPI, Curve(LEVELS, np.array(COST) + constant)).to_frame().select_dtypes("number")
    assert two.to_numpy() == pytest.approx(one.to_numpy(), rel=1e-4, abs=1e-4, nan_ok=True)


@few
@given(st.lists(st.floats(0, 0.03), min_size=2, max_size=2).map(sorted))
def test_more_effect_never_lowers_the_best_level(effects):
    less, more = (rows(trade_off(stand_in(effect=effect, draws=60), KPI, SMOOTH)) for effect in effects)
    groups = ["core", "important", "regular"]
    for name in ("best_level", "best_level_lower", "best_level_upper"):
        assert (more.loc[groups, name] >= less.loc[groups, name] - 1e-6).all()


@few
@given(st.permutations(["core", "important", "regular"]))
def test_the_order_of_groups_changes_nothing(order):
    value = stand_in(effect=0.006, draws=60)
    one = rows(trade_off(value, KPI, LINES)).select_dtypes("number")
    two = rows(trade_off(value, KPI, LINES, groups=order)).select_dtypes("number")
    assert list(two.index) == [*order, ALL]
    pd.testing.assert_frame_equal(two.loc[one.index], one, rtol=1e-6)


def test_levels_given_bound_the_best_one():
    value = stand_in(effect=0.0, sd=0.0)
    found = rows(trade_off(value, KPI, LINES, groups=["core"], levels=np.linspace(0.92, 0.98, 13)))
    assert found.loc["core", "best_level"] == pytest.approx(0.92)
    assert found.loc["core", "loss_from_staying"] == pytest.approx(-20_000 * 3.5 / 3)
    with pytest.raises(Refused, match=r"points go from 0\.8 to 0\.99"):
        trade_off(value, KPI, LINES, levels=[0.7, 0.9])
    with pytest.raises(Refused, match="two levels or more"):
        trade_off(value, KPI, LINES, levels=[0.9])


def test_a_group_served_beyond_the_costed_levels_is_left_out_and_the_last_one_refused():
    value = stand_in((0.995, 0.90, float("nan"), 1.0), (1e6,) * 4, (1000,) * 4)
    found = trade_off(value, KPI, LINES)
    assert list(found.to_frame()["group"]) == ["important"]
    assert "Left out: core (99.50%): today's level is not between the costed levels 80% and 99%" in repr(found)
    assert "Left out: regular: today's level is not known" in repr(found)
    assert "Left out: potential (100.00%): nothing failed" in repr(found)
    with pytest.raises(Refused, match="add what it costs there"):
        trade_off(value, KPI, LINES, groups=["core"])


def test_what_holds_for_several_groups_is_said_once():
    beyond = stand_in((0.995, 0.999), (1e6,) * 2, (1000,) * 2)
    with pytest.raises(Refused, match=r"^Left out: core \(99\.50%\), important \(99\.90%\): today's level is not"):
        trade_off(beyond, KPI, LINES)
    nothing = trade_off(stand_in(effect=0.0, sd=0.0), KPI, LINES).remarks
    assert sum("no effect on equity" in remark for remark in nothing) == 1
    assert sum("best is the lowest level" in remark for remark in nothing) == 1


def test_unknown_names_and_percentages_are_refused():
    value = stand_in()
    with pytest.raises(Refused, match="did you mean 'on_time_delivery'"):
        trade_off(value, "on_time_delivry", LINES)
    with pytest.raises(Refused, match="did you mean 'core'"):
        trade_off(value, KPI, LINES, groups=["cor"])
    with pytest.raises(Refused, match="give shares between 0 and 1"):
        trade_off(value, KPI, Curve([80, 99], [0, 50]))
    value.worth["core"] = np.nan
    with pytest.raises(Refused, match="equity or the orders of core are not known"):
        trade_off(value, KPI, LINES)


def test_five_groups_take_less_than_half_a_second():
    value = stand_in((0.93, 0.91, 0.90, 0.89, 0.86), (3e7, 9e6, 2e6, 8e5, 1e5), (60_000, 30_000, 9000, 7000, 5000))
    trade_off(value, KPI, LINES)
    taken = []
    for _ in range(3):
        start = time.process_time()
        trade_off(value, KPI, LINES)
        taken.append(time.process_time() - start)
    assert min(taken) < 0.5
    assert value.asked.count(("core", 63)) == 4  # each group is valued once: 61 levels, today among them and before


def test_headlines_name_each_group_and_what_staying_loses():
    text = repr(trade_off(stand_in(effect=0.006), KPI, LINES, currency="CNY").headlines())
    assert "best on time delivery, core: " in text
    assert "today 91.0%" in text
    assert "loss from staying at today's levels: " in text
    assert "cost of one more point, all customers: " in text


@pytest.mark.parametrize(
    ("value", "panels", "title"),
    [
        (stand_in(effect=0.006), 4, "Each group at its own best level of on time delivery brings"),
        (stand_in((0.91,), (9e6,), (20_000,)), 1, "On time delivery pays best at 98.0%"),
        (stand_in((0.9,), (9e6,), (300_000,)), 1, "which is where it is today"),
        (stand_in((0.91,), (9e8,), (2_000,)), 1, "pays best at 99.0%"),
        (stand_in(effect=0.0, sd=0.0), 4, "in 3 of 3 groups no effect is shown"),
        (stand_in((0.8, 0.99), (1e6, 1e3), (1000, 10)), 2, "Each group at its own best"),
    ],
)
def test_the_picture_states_what_pays_with_today_and_the_best_level_marked(value, panels, title):
    figure = trade_off(value, KPI, LINES, currency="CNY").plot()
    figure.draw_without_rendering()
    assert title in figure.get_suptitle().replace("\n", " ")
    assert len(figure.get_axes()) == panels
    for ax in figure.get_axes():
        assert {"today", "best"} <= {text.get_text() for text in ax.texts}


def test_one_group_can_be_drawn_alone():
    found = trade_off(stand_in(effect=0.006), KPI, LINES)
    assert len(found.plot("important").get_axes()) == 1
    with pytest.raises(Refused, match="did you mean 'important'"):
        found.plot("importnt")
