"""The true worth of service, which the benchmarks compare with, is what running the market forward says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from benchmarks.true_service import ALL, TrueService, best_combination

from clvlab.simulate.assumed import SERVICE_COSTS
from clvlab.simulate.columns import customer_codes
from clvlab.simulate.market import build
from clvlab.simulate.service_effects import service_effects
from clvlab.simulate.world import World

ON_TIME = "on_time_delivery"
CURVES = {kpi: {"levels": levels, "cost": cost} for kpi, (levels, cost) in SERVICE_COSTS.items()}
CUSTOMERS, PATHS, BUDGET = 100, 16, 60_000.0


@pytest.fixture(scope="module")
def world() -> World:
    return build(CUSTOMERS, 24, 8)


def by_priority(world: World) -> pd.Series:
    return pd.Series(
        np.array(["A", "B", "C"])[world.population.priority], customer_codes(np.arange(CUSTOMERS)).to_pylist()
    )


@pytest.fixture(scope="module")
def service(world: World) -> TrueService:
    return TrueService(world, by_priority(world), CURVES, paths=PATHS)


def at(service: TrueService, level: float, *groups: str) -> pd.DataFrame:
    return pd.DataFrame({ON_TIME: [level] * len(groups)}, list(groups))


@pytest.mark.parametrize("seed", range(20))
def test_the_best_combination_is_that_of_all_combinations(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net, cost = rng.normal(size=(3, 6)).round(1), rng.integers(0, 5, (3, 6)).astype(float)
    budget = float(rng.integers(0, 9)) + cost.min(axis=1).sum()
    every = [
        sum(net[group, one] for group, one in enumerate(chosen))
        for chosen in product(range(6), repeat=3)
        if sum(cost[group, one] for group, one in enumerate(chosen)) <= budget
    ]
    found = best_combination(net, cost, budget)
    assert sum(cost[group, one] for group, one in enumerate(found)) <= budget
    assert sum(net[group, one] for group, one in enumerate(found)) == pytest.approx(max(every))


def test_todays_levels_change_and_cost_nothing(service: TrueService) -> None:
    for plan in (service.today, pd.DataFrame()):
        assert (service.changes(plan) == 0).all().all()


def test_groups_raised_together_gain_what_each_gains_alone(service: TrueService) -> None:
    """But for partners of other groups who stay."""
    alone = sum(service.changes(at(service, 0.96, group))["worth"] for group in service.groups)
    together = service.changes(at(service, 0.96, *service.groups))["worth"]
    np.testing.assert_allclose(together.sum(), alone.sum(), rtol=0.03)


def test_a_point_of_all_agrees_with_the_truth_file(world: World, service: TrueService) -> None:
    effects, row = service_effects(world, PATHS), service.effects(ON_TIME).loc[ALL]
    assert row["worth"] == pytest.approx(effects.changes["margin_36"].value.sum(), rel=0.08)
    assert row["leaving"] == pytest.approx(np.nanmean(effects.changes["leaving_12_points"].value), rel=0.08)
    assert row["satisfaction"] == pytest.approx(np.nanmean(effects.changes["satisfaction_settled"].value), rel=0.15)


def test_no_level_nearby_earns_more_than_the_best(service: TrueService) -> None:
    best = service.best_levels(ON_TIME, CURVES[ON_TIME]["levels"])
    assert best.loc[service.groups, "net"].sum() >= best.loc[ALL, "net"]
    for group in service.groups:
        level = best.loc[group, "level"]
        earned = [service.changes(at(service, one, group)).loc[group, "net"] for one in (level - 0.02, level)]
        assert earned[1] == pytest.approx(best.loc[group, "net"], rel=0.05)
        assert earned[0] < earned[1]


def test_the_best_plan_keeps_the_budget_and_beats_its_rivals(world: World, service: TrueService) -> None:
    choices = {ON_TIME: (0.92, 0.94, 0.96, 0.98)}
    best = service.changes(service.best_plan(choices, BUDGET)).sum()
    even = service.changes(service.spread_evenly(BUDGET)).sum()
    assert best["cost"] <= 1.03 * BUDGET
    assert even["cost"] == pytest.approx(BUDGET, rel=0.02)
    assert best["net"] > 0.9 * even["net"] > 0
    more = service.changes(service.best_plan(choices, 3 * BUDGET)).sum()
    assert more["net"] > best["net"]


def test_the_loudest_are_served_as_far_as_the_budget_goes(world: World, service: TrueService) -> None:
    complaints = pd.Series(world.history.counts["complaints"].sum(axis=1), service.customers)
    levels = {ON_TIME: 0.97}
    served = service.loudest_first(complaints, levels, BUDGET)
    who = served.customers[served._of == 0]
    assert served.raised(levels)["cost"].sum() <= BUDGET
    assert complaints[who].min() >= complaints.drop(who).max()
    all_of_them = service.loudest_first(complaints, levels, 1e12)
    assert (all_of_them._of == 0).sum() == (complaints > 0).sum()
