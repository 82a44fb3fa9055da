"""The frontier: no combination of levels lies below it, and what today could save is read off it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_in import KPI, stand_in

from clvlab.refusal import Refused
from clvlab.service_level.curves import Curve
from clvlab.service_level.frontier import frontier

LEVELS = [0.80, 0.86, 0.90, 0.93, 0.95, 0.97, 0.98, 0.99]
COST = [0.0, 1.5, 3.5, 7.0, 11.0, 19.0, 28.0, 50.0]
LINES = Curve(LEVELS, COST, "cost per order")
DAMAGE = "cargo_damage_frequency"
NUMBER = {"core": 20, "important": 100, "regular": 400}


def every_combination(value, curves, choices, measure):
    """Cost and measure of every plan, by brute force: each group takes one combination of levels."""
    by_group = []
    for group in value.groups:
        today = value.today.loc[group]
        levels = pd.DataFrame(
            list(product(*([today[kpi], *choices[kpi]] for kpi in curves))), columns=list(curves), dtype=float
        )
        found = value.outcomes(group, levels)
        each = sum(curves[kpi](levels[kpi]) - float(curves[kpi](today[kpi])) for kpi in curves)
        weight = 1.0 if measure == "equity" else NUMBER[group] / sum(NUMBER[name] for name in value.groups)
        shift = found.equity[:, :1] if measure == "equity" else 0.0
        by_group.append(
            list(zip(found.orders[0] * each, weight * (getattr(found, measure) - shift).mean(0), strict=True))
        )
    return np.array([np.sum(plan, axis=0) for plan in product(*by_group)])


def two_kpis(**more):
    value = stand_in((0.95, 0.90, 0.85), effect=0.006, draws=20, **more)
    value.today[DAMAGE] = [0.96, 0.97, 0.95]
    value.effects[DAMAGE] = np.random.default_rng(5).normal(0.01, 0.002, 20)
    return value


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(["satisfaction", "equity"]), st.integers(0, 1000))
def test_no_combination_lies_below_the_line_and_its_points_are_combinations(measure, seed):
    rng = np.random.default_rng(seed)
    value = two_kpis(seed=seed)
    curves = {KPI: LINES, DAMAGE: Curve([0.94, 0.97, 1.0], np.sort(rng.uniform(0, 30, 3)))}
    choices = {KPI: rng.uniform(0.8, 0.99, 2), DAMAGE: rng.uniform(0.94, 1.0, 1)}
    found = frontier(value, curves, measure, NUMBER, choices).to_frame()
    cost, got = every_combination(value, curves, choices, measure).T
    for row in found.itertuples():
        size = 1e-9 * np.abs(cost).max(), 1e-9 * np.abs(got).max()
        assert ((np.abs(cost - row.cost) < size[0]) & (np.abs(got - getattr(row, measure)) < size[1])).any()
    within = got <= found[measure].max()
    line = np.interp(got[within], found[measure], found["cost"])
    assert (cost[within] >= line - 1e-7 * np.abs(cost).max()).all()
    assert got.max() == pytest.approx(found[measure].max())
    assert cost.min() == pytest.approx(found["cost"].min())
    assert (np.diff(found["cost_per_unit"].dropna()) >= 0).all()


def test_a_case_counted_by_hand():
    """Two groups of 1 and 3 customers; a point of the first costs 100 and of the second 200, up to 90%, then 10 times.

    Satisfaction rises by 20 x 0.01 per point in each group, so by 0.05 in the mean for a point of the first group and
    by 0.15 for one of the second. A unit costs 2,000 in the first and 1,333 in the second.
    """
    value = stand_in((0.90, 0.80), (1e6, 1e6), (100, 200), effect=0.01, sd=0.0, draws=2)
    curve = Curve([0.80, 0.90, 0.95], [0.0, 10.0, 60.0])
    found = frontier(value, {KPI: curve}, "satisfaction", {"core": 1, "important": 3}, {KPI: [0.8, 0.9, 0.95]})
    frame = found.to_frame()
    assert frame["moved"].tolist() == [
        "core: on time delivery 80.0%; important: as today",
        "important: on time delivery 90.0%",
        "core: on time delivery 90.0%",
        "important: on time delivery 95.0%",
        "core: on time delivery 95.0%",
    ]
    assert frame["cost"].to_numpy() == pytest.approx([-1000, 1000, 2000, 12_000, 17_000])
    assert frame["satisfaction"].to_numpy() == pytest.approx([6.5, 8.0, 8.5, 9.25, 9.5])
    # Today, 7.0, is had a third of the way from the first point to the second: at -1000 + 2000 / 3.
    assert found.saving == pytest.approx(1000 / 3)
    assert found.best_for_the_same == pytest.approx(7.25)
    assert (
        "Today's satisfaction could be had for 333 CNY less"
        in frontier(
            value, {KPI: curve}, "satisfaction", {"core": 1, "important": 3}, {KPI: [0.8, 0.9, 0.95]}, "CNY"
        ).finding
    )


def test_one_group_with_one_convex_lever_is_on_its_frontier():
    found = frontier(stand_in((0.9,), (1e6,), (10_000,)), {KPI: LINES})
    assert found.saving == 0.0
    assert found.finding == "Today lies on the frontier: its satisfaction cannot be had for less"
    assert found.to_frame()["cost"].is_monotonic_increasing


def test_without_an_effect_all_money_could_be_saved():
    found = frontier(stand_in(effect=0.0, sd=0.0), {KPI: LINES}, "equity")
    assert len(found.to_frame()) == 1
    today = {"core": 0.91, "important": 0.90, "regular": 0.88}
    orders = {"core": 20_000, "important": 9_000, "regular": 6_000}
    assert found.saving == pytest.approx(sum(orders[group] * float(LINES(level)) for group, level in today.items()))


def test_a_group_beyond_the_costed_levels_stays_as_it_is():
    value = stand_in((0.995, 0.90), (1e6, 1e6), (100, 200))
    found = frontier(value, {KPI: LINES}, customers={"core": 1, "important": 3})
    assert not found.to_frame()["moved"].iloc[1:].str.contains("core").any()
    assert "Stays as it is today, as on time delivery cannot be weighed: core (99.50%)" in repr(found)
    with pytest.raises(Refused, match="There is nothing to move"):
        frontier(stand_in((0.995,), (1e6,), (100,)), {KPI: LINES})


@pytest.mark.parametrize(
    ("value", "arguments", "words"),
    [
        (stand_in(), {"measure": "joy"}, "no frontier; take one of satisfaction, equity"),
        (stand_in(), {}, "give the number of customers of each group"),
        (stand_in((0.9,), (1e6,), (100,), surveyed=False), {}, "needs surveys; take measure='equity'"),
        (stand_in((0.9,), (1e6,), (100,)), {"levels": {KPI: [0.5]}}, "points go from 0.8 to 0.99"),
    ],
)
def test_what_has_no_frontier_is_refused(value, arguments, words):
    with pytest.raises(Refused, match=words):
        frontier(value, {KPI: LINES}, **arguments)
    with pytest.raises(Refused, match="did you mean 'on_time_delivery'"):
        frontier(value, {"on_time_delivry": LINES})
    with pytest.raises(Refused, match="costs of one to 4"):
        frontier(value, {})


@pytest.mark.parametrize("measure", ["satisfaction", "equity"])
def test_the_picture_marks_today(measure):
    ax = frontier(two_kpis(), {KPI: LINES}, measure, NUMBER, currency="CNY").plot()
    ax.get_figure().draw_without_rendering()
    assert f"Today's {measure} could be had for" in ax.get_figure().get_suptitle().replace("\n", " ")
    assert "today" in {text.get_text() for text in ax.texts}
