"""The truth of what a point more on time changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clvlab.simulate import simulate
from clvlab.simulate.future import expected_future
from clvlab.simulate.levers import future_under
from clvlab.simulate.market import build
from clvlab.simulate.service_effects import ServiceEffects, service_effects, service_effects_truth
from clvlab.simulate.truth import customers_truth
from clvlab.simulate.world import World

PATHS = 32


@pytest.fixture(scope="module")
def world() -> World:
    return build(100, 24, 6)


@pytest.fixture(scope="module")
def effects(world: World) -> ServiceEffects:
    return service_effects(world, PATHS)


def test_the_derivative_agrees_with_larger_differences(world: World, effects: ServiceEffects) -> None:
    """Three points more and three fewer, from today's level, halved: only the third order is left."""
    today = future_under(world, paths=PATHS)
    late = 100 * np.average(today.late_share, weights=today.orders)
    better, worse = (future_under(world, late_factor=1 - points / late, paths=PATHS) for points in (3, -3))
    for name, mine, scale in (
        ("margin_36", "margin", 1), ("leaving_12_points", "leaving_12", 100),
        ("survival_12_points", "survival_12", 100), ("satisfaction_settled", "satisfaction_settled", 1),
    ):  # fmt: skip
        larger = scale * np.nansum(getattr(better, mine) - getattr(worse, mine)) / 6
        assert np.nansum(effects.changes[name].value) == pytest.approx(larger, rel=0.06), name


def test_a_point_fewer_late_does_good_in_sum_and_the_error_is_small(effects: ServiceEffects) -> None:
    for name, (value, error) in effects.changes.items():
        total, uncertain = np.nansum(value), np.sqrt(np.nansum(error**2))
        assert (total < 0) == (name == "leaving_12_points")
        assert uncertain < 0.06 * abs(total), name


def test_the_error_is_what_other_draws_differ_by(world: World, effects: ServiceEffects) -> None:
    """More paths begin anew with other numbers."""
    other = service_effects(world, PATHS + 1)
    here = world.history.alive[:, -1]
    for name, (value, error) in effects.changes.items():
        apart = (other.changes[name].value - value)[here] / np.hypot(error, other.changes[name].error)[here]
        assert 0.7 < np.nanstd(apart) < 1.4, name


def test_shares_are_those_of_the_outlook(world: World, effects: ServiceEffects) -> None:
    today = future_under(world, paths=2)
    np.testing.assert_allclose(effects.late_share, today.late_share, rtol=1e-6)
    np.testing.assert_allclose(effects.failure_share, today.failure_share, rtol=1e-6)


def test_the_file_has_a_row_for_each_customer_and_blanks_for_who_is_gone() -> None:
    market = simulate(customers=60, months=12, seed=5)
    rows = market.truth["service_effects"].to_pandas().set_index("customer_id")
    truth = market.truth["customers"].to_pandas().set_index("customer_id")
    assert list(rows.index) == list(truth.index)
    here = truth["alive_at_end"]
    assert rows.loc[here].notna().all().all()
    blank = ["leaving_12_points", "satisfaction_next", "satisfaction_settled"]
    assert rows.loc[~here, blank].isna().all().all()
    expected = truth["expected_failure_share"]
    assert np.corrcoef(rows["failure_share"], expected)[0, 1] > 0.99
    assert (rows["late_share"] < rows["failure_share"]).all()


def test_the_file_leaves_the_truth_of_customers_as_it_is() -> None:
    alone, beside = build(60, 12, 5), build(60, 12, 5)
    service_effects_truth(beside)
    one, other = (customers_truth(world, expected_future(world)).to_pandas() for world in (alone, beside))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
