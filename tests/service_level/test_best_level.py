"""The best level: published cases exactly, and conditions of an optimum wherever it lies."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.service_level.best_level import INSIDE, KINK, LOWER_BOUND, UPPER_BOUND, best_level
from clvlab.service_level.curves import Curve, fitted_curve

# Ballou, Business Logistics Management, chapter 4.
SERVICE = [50, 60, 70, 80, 90, 95, 100]
SALES = [4.0, 8.0, 10.0, 11.0, 11.5, 11.8, 12.0]
COST = [5.8, 6.0, 6.5, 7.0, 8.1, 9.0, 14.0]
CONTRIBUTION = [-1.8, 2.0, 3.5, 4.0, 3.4, 2.8, -2.0]


def published(case: str) -> dict:
    path = Path(__file__).parents[3] / "shared" / "reference" / "published.toml"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return tomllib.loads(path.read_text())["service_level"][case]


def test_ballous_next_day_deliveries_pay_best_at_80_per_cent():
    sales, cost = Curve(SERVICE, SALES, "sales"), Curve(SERVICE, COST)
    assert sales(SERVICE) - cost(SERVICE) == pytest.approx(CONTRIBUTION, abs=1e-12)
    best = best_level(sales, cost, 50, 100)
    assert (best.level, best.where) == (80.0, KINK)
    assert best.profit == pytest.approx(4.0, abs=1e-12)


def test_ballous_table_comes_out_as_it_is_kept():
    case = published("ballou")
    sales, cost = Curve(case["service"], case["sales"], "sales"), Curve(case["service"], case["cost"])
    assert sales(case["service"]) - cost(case["service"]) == pytest.approx(case["contribution"], abs=1e-12)
    assert best_level(sales, cost, 50, 100).level == case["best_service"]


def test_ballous_curve_is_best_at_37_2():
    best = best_level(lambda s: 0.5 * np.sqrt(s), lambda s: 0.00055 * s**2, 0, 100)
    assert round(best.level, 1) == 37.2
    assert best.level == pytest.approx((0.25 / 0.0011) ** (2 / 3), rel=1e-9)
    assert (best.where, best.concave) == (INSIDE, True)


def test_ballous_curve_comes_out_as_it_is_kept():
    best = best_level(lambda s: 0.5 * np.sqrt(s), lambda s: 0.00055 * s**2, 0, 100)
    assert round(best.level, 1) == published("ballou_curve")["best_service"]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 50), min_size=7, max_size=7),
    st.lists(st.floats(0, 50), min_size=7, max_size=7),
    st.floats(50, 70),
    st.floats(75, 100),
)
def test_with_straight_lines_nothing_between_is_better_than_bounds_and_kinks(sales, cost, lower, upper):
    gain, price = Curve(SERVICE, sales, "sales"), Curve(SERVICE, cost)
    best = best_level(gain, price, lower, upper)
    at = np.array([lower, *(s for s in SERVICE if lower < s < upper), upper])
    profit = gain(at) - price(at)
    assert best.profit == pytest.approx(profit.max(), abs=1e-10)
    dense = np.linspace(lower, upper, 500)
    assert (gain(dense) - price(dense)).max() <= best.profit + 1e-9
    assert np.abs(at - best.level).min() < 1e-9


@settings(max_examples=50, deadline=None)
@given(st.floats(0.5, 6), st.floats(0.02, 0.9), st.floats(0.5, 60))
def test_slopes_are_equal_inside_and_point_outwards_at_bounds(worth, rate, price):
    """Gain worth (1 - exp(-rate x 100 (L - 0.8))), cost rising as 1 / failures."""

    def gain(level):
        return worth * -np.expm1(-100 * rate * (level - 0.8))

    def cost(level):
        return price * (0.01 / (1 - level))

    best = best_level(gain, cost, 0.8, 0.99)
    rises = worth * 100 * rate * np.exp(-100 * rate * (best.level - 0.8))
    paid = price * 0.01 / (1 - best.level) ** 2
    if best.where == INSIDE:
        assert rises == pytest.approx(paid, rel=1e-6)
    elif best.where == LOWER_BOUND:
        assert best.level == 0.8
        assert rises <= paid * (1 + 1e-6)
    else:
        assert best.where == UPPER_BOUND
        assert best.level == 0.99
        assert rises >= paid * (1 - 1e-6)
    assert best.concave


@settings(max_examples=50, deadline=None)
@given(st.floats(0.002, 0.2))
def test_a_smooth_gain_is_maximised_between_kinks_of_the_cost_too(rate):
    levels, prices = [0.80, 0.86, 0.90, 0.93, 0.95, 0.97, 0.98, 0.99], [0.0, 1.5, 3.5, 7.0, 11.0, 19.0, 28.0, 50.0]
    cost = Curve(levels, prices)

    def gain(level):
        return 40 * -np.expm1(-100 * rate * (level - 0.8))

    best = best_level(gain, cost, 0.8, 0.99)
    rises = 4000 * rate * np.exp(-100 * rate * (best.level - 0.8))
    if best.where == INSIDE:
        assert rises == pytest.approx(float(cost.slope(best.level)), rel=1e-6)
    if best.where == KINK:
        assert cost.slope(best.level - 1e-9) <= rises * (1 + 1e-6)
        assert cost.slope(best.level) >= rises * (1 - 1e-6)
    dense = np.linspace(0.8, 0.99, 3000)
    assert (gain(dense) - cost(dense)).max() <= best.profit + 1e-9


def test_the_higher_of_several_humps_is_found_and_said_not_to_be_the_only_one():
    best = best_level(lambda x: np.sin(x) + 0.1 * x, lambda x: 0 * x, 0, 18)
    assert best.level == pytest.approx(4 * np.pi + np.arccos(-0.1), rel=1e-8)
    assert not best.concave


def test_without_an_effect_the_cheapest_level_is_best():
    cost = Curve([0.8, 0.9, 1.0], [1.0, 1.0, 5.0])
    best = best_level(lambda level: np.full(level.shape, 3.7), cost, 0.8, 1.0)
    assert (best.level, best.where) == (0.8, LOWER_BOUND)
    falling = best_level(lambda level: np.full(level.shape, 3.7), lambda level: 1 - level, 0.8, 1.0)
    assert (falling.level, falling.where) == (1.0, UPPER_BOUND)


def test_of_levels_equally_good_the_cheapest_is_taken():
    sales, cost = Curve([0, 1, 2, 3], [0, 5, 7, 7], "sales"), Curve([0, 1, 2, 3], [0, 1, 3, 9])
    assert best_level(sales, cost, 0, 3).level == 1.0  # 4 at 1, at 2 and between


@settings(max_examples=50, deadline=None)
@given(st.floats(1e-6, 1e9), st.floats(0, 1e3))
def test_the_unit_of_money_and_a_fixed_cost_change_no_level(unit, fixed):
    plain = best_level(lambda s: 0.5 * np.sqrt(s), lambda s: 0.00055 * s**2, 0, 100)
    other = best_level(lambda s: unit * 0.5 * np.sqrt(s), lambda s: unit * (0.00055 * s**2 + fixed), 0, 100)
    assert other.level == pytest.approx(plain.level, rel=1e-5)
    assert other.profit == pytest.approx(unit * (plain.profit - fixed), rel=1e-9, abs=1e-9 * unit * (1 + fixed))


def test_one_level_is_its_own_best():
    best = best_level(lambda s: s, lambda s: 0 * s, 3, 3)
    assert (best.level, best.profit, best.where) == (3.0, 3.0, LOWER_BOUND)


def test_a_fitted_curve_is_a_cost_like_any_other():
    cost = fitted_curve(SERVICE, COST)
    best = best_level(fitted_curve(SERVICE, SALES, "sales"), cost, 50, 100)
    assert 75 < best.level < 85
    assert best.profit >= 4.0


def test_bounds_in_disorder_and_unknown_profits_are_refused():
    with pytest.raises(Refused, match="give bounds in order"):
        best_level(lambda s: s, lambda s: s, 2, 1)
    with pytest.raises(Refused, match="not known at some level"):
        best_level(lambda s: s * np.nan, lambda s: s, 1, 2)
    with pytest.raises(Refused, match="points go from 50 to 100"):
        best_level(Curve(SERVICE, SALES, "sales"), Curve(SERVICE, COST), 40, 100)
