"""True expected future margin is what happens on average."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.simulate.future import expected_future
from clvlab.simulate.market import build
from clvlab.simulate.sales import yearly_revenue


def test_the_next_year_is_as_expected_from_a_year_before() -> None:
    """Markets of 48 months, looked at after 36: orders, survival and margin of the last 12."""
    orders, margin, survival = [], [], []
    for seed in range(21, 27):
        world = build(700, 48, seed)
        expected = expected_future(world, last=36)
        later = world.order_month() >= 36
        known = world.population.onboard_month < 36
        # The few largest decide any sum; they are left out by what was known before.
        usual = known & (yearly_revenue(world) < 1_000_000)
        made = world.per_customer(later.astype(float))
        earned = world.per_customer(world.made.margin * later)
        orders.append(made[usual].sum() / expected["orders_12"][usual].sum())
        margin.append(earned[usual].sum() / expected["margin_12"][usual].sum())
        here = world.history.alive[:, 35]
        survival.append(world.history.alive[here, 47].mean() - expected["survival_12"][here].mean())
    for values, target in ((orders, 1.0), (margin, 1.0), (survival, 0.0)):
        error = max(np.std(values, ddof=1) / np.sqrt(len(values)), 0.008)
        assert abs(np.mean(values) - target) < 4 * error, values


def test_the_stated_error_is_small_and_the_gone_earn_nothing(truth: dict[str, pd.DataFrame]) -> None:
    customers = truth["customers"]
    here = customers["alive_at_end"]
    relative = customers["expected_margin_5_years_error"] / customers["expected_margin_5_years"].abs()
    assert relative[here].median() < 0.03
    gone = ~here & ~customers["will_return"]
    assert (customers.loc[gone, ["expected_margin_12_months", "expected_margin_5_years"]] == 0).all().all()
    assert (customers.loc[customers["will_return"], "expected_orders_12_months"] > 0).all()
    assert (
        customers.loc[here, "expected_margin_5_years"].abs()
        >= customers.loc[here, "expected_margin_12_months"].abs() * 0.9
    ).mean() > 0.97
