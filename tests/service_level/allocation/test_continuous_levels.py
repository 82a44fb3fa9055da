"""Levels of any value: closed forms, conditions of optimality at bounds and kinks, and what is not concave is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from choices import KPI
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.service_level.allocation.continuous import allocate_continuously
from clvlab.service_level.allocation.levers import Lever
from clvlab.service_level.allocation.minimums import Minimum


def logarithmic(name: str, size: float, price: float, lower: float = 0.5, upper: float = 0.99) -> Lever:
    """Gain size x log(level), cost price x level: at a price p of budget the best is size / (price (1 + p))."""
    return Lever(
        name, KPI, 0.5, lower, upper,
        lambda level: size * np.log(level) - size * np.log(0.5), lambda level: price * (np.asarray(level) - 0.5),
        lambda level: size / level, lambda level: price + 0.0 * np.asarray(level),
    )  # fmt: skip


def broken(name: str, size: float, lower: float = 0.5, upper: float = 0.99) -> Lever:
    """Gain size x log(level), cost in straight lines with kinks at 70% and 90%."""
    levels, costs = np.array([0.5, 0.7, 0.9, 1.0]), np.array([0.0, 10.0, 40.0, 100.0])
    slopes = np.diff(costs) / np.diff(levels)
    return Lever(
        name, KPI, 0.5, lower, upper,
        lambda level: size * np.log(level) - size * np.log(0.5), lambda level: np.interp(level, levels, costs),
        lambda level: size / level, lambda level: slopes[np.searchsorted(levels, level, side="right") - 1],
        (0.7, 0.9),
    )  # fmt: skip


def test_levels_and_price_are_those_of_the_closed_form():
    """Two levers at prices 100 and 200 with a budget of 80: levels a/(100 m) and b/(200 m), (a + b)/m = 80 + 150."""
    found = allocate_continuously([logarithmic("A", 120.0, 100.0), logarithmic("B", 200.0, 200.0)], budget=80.0)
    multiplier = 320 / 230
    assert found.to_frame()["level"].tolist() == pytest.approx([1.2 / multiplier, 1.0 / multiplier], abs=1e-12)
    assert found.price == pytest.approx(multiplier - 1, abs=1e-10)
    assert found.residual < 1e-9


def test_a_budget_that_does_not_bind_has_no_price():
    found = allocate_continuously([logarithmic("A", 80.0, 100.0)], budget=1e6)
    assert found.price == 0.0
    assert found.to_frame()["level"].tolist() == pytest.approx([0.8], abs=1e-12)


sizes = st.lists(st.floats(5.0, 400.0), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, st.none() | st.floats(0.5, 120.0))
def test_the_conditions_of_optimality_hold_at_bounds_and_kinks_too(smooth, kinked, budget):
    levers = [logarithmic(f"s{i}", size, 150.0) for i, size in enumerate(smooth)]
    levers += [broken(f"k{i}", size) for i, size in enumerate(kinked)]
    found = allocate_continuously(levers, budget)
    assert found.residual <= 1e-6
    frame = found.to_frame()
    if budget is not None:
        assert frame["cost"].sum() <= budget + 1e-6
        assert found.price == 0 or frame["cost"].sum() == pytest.approx(budget, abs=1e-6)
    for lever, level in zip(levers, frame["level"], strict=True):  # by differences, apart from the slopes used
        step = 1e-7
        for other, sign in ((level + step, 1), (level - step, -1)):
            if lever.lower <= other <= lever.upper:
                gain = float(lever.gain(other) - lever.gain(level))
                cost = (1 + found.price) * float(lever.cost(other) - lever.cost(level))
                assert gain - cost <= 1e-9 * (1 + abs(cost) / step), (level, sign)


@settings(max_examples=20, deadline=None)
@given(sizes, st.floats(1.0, 100.0), st.floats(1.0, 20.0))
def test_net_worth_never_falls_when_the_budget_grows(kinked, budget, more):
    levers = [broken(f"k{i}", size) for i, size in enumerate(kinked)]
    first, then = (allocate_continuously(levers, amount).to_frame()["net"].sum() for amount in (budget, budget + more))
    assert then >= first - 1e-7


def test_no_grid_of_levels_does_better():
    levers, grid = [broken("A", 60.0), logarithmic("B", 90.0, 150.0)], np.linspace(0.5, 0.99, 491)
    found = allocate_continuously(levers, budget=40.0).to_frame()["net"].sum()
    (first, second) = ((lever.gain(grid), lever.cost(grid)) for lever in levers)
    net = np.add.outer(first[0] - first[1], second[0] - second[1])
    assert net[np.add.outer(first[1], second[1]) <= 40.0].max() <= found + 1e-9


def test_a_minimum_is_a_bound():
    found = allocate_continuously([logarithmic("A", 55.0, 100.0)], minimums=[Minimum("a floor", "A", KPI, 0.9)])
    assert found.to_frame()[["level", "at"]].to_numpy().tolist() == [[0.9, "lowest"]]
    with pytest.raises(Refused, match=r"A floor asks 99\.5% on time delivery for A, costs are known up to 99\.0%"):
        allocate_continuously([logarithmic("A", 55.0, 100.0)], minimums=[Minimum("a floor", "A", KPI, 0.995)])


def test_least_levels_beyond_the_budget_are_refused():
    with pytest.raises(Refused, match="The least levels cost 40; the budget is 10"):
        allocate_continuously([logarithmic("A", 55.0, 100.0)], 10.0, [Minimum("a floor", "A", KPI, 0.9)])


def test_without_an_effect_the_cheapest_level_is_taken():
    assert allocate_continuously([logarithmic("A", 0.0, 100.0)], 50.0).to_frame()["level"].tolist() == [0.5]


def test_what_is_not_concave_is_said_and_solved_on_a_grid():
    """Gain bends upwards: the best level is an end, which no condition of the first order would find."""
    rising = Lever(
        "A", KPI, 0.5, 0.5, 0.99, lambda level: 400 * (np.asarray(level) - 0.5) ** 2,
        lambda level: 100 * (np.asarray(level) - 0.5), lambda level: 800 * (np.asarray(level) - 0.5),
        lambda level: 100.0 + 0.0 * np.asarray(level),
    )  # fmt: skip
    found = allocate_continuously([rising])
    assert found.to_frame()["level"].tolist() == pytest.approx([0.99])
    assert found.remarks[0].startswith("Net worth does not bend downwards throughout (on time delivery of A)")
    assert np.isnan(found.residual)
    assert isinstance(found.to_frame(), pd.DataFrame)
