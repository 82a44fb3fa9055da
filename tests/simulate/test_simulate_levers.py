"""Under changed service the market's future changes by what service does, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from clvlab.refusal import Refused
from clvlab.simulate import future, leaving
from clvlab.simulate.calendar import Floats
from clvlab.simulate.constants import CONSTANTS
from clvlab.simulate.customers import NEVER
from clvlab.simulate.future import expected_future
from clvlab.simulate.levers import Outlook, Scenario, future_under
from clvlab.simulate.market import build
from clvlab.simulate.service import Levers, unmoved_levers
from clvlab.simulate.streams import SUBJECTS, streams
from clvlab.simulate.surveys import expected_satisfaction
from clvlab.simulate.world import World

CUSTOMERS = 80


@pytest.fixture(scope="module")
def world() -> World:
    return build(CUSTOMERS, 24, 3)


@pytest.fixture(scope="module")
def today(world: World) -> Outlook:
    return future_under(world)


def later(world: World, late: float) -> Levers:
    return unmoved_levers(len(world))._replace(late=np.full(len(world), late))


def test_unchanged_service_changes_nothing(world: World, today: Outlook) -> None:
    again = future_under(world, late_factor=np.ones(CUSTOMERS), damage_factor=1, cancel_factor=1.0)
    for name, one, other in zip(Outlook._fields, today, again, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)


def test_a_look_at_levers_leaves_the_other_truth_as_it_is() -> None:
    untouched, looked_at = build(40, 12, 3), build(40, 12, 3)
    future_under(looked_at, late_factor=0.5)
    one, other = expected_future(untouched), expected_future(looked_at)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_earlier_subjects_keep_their_streams() -> None:
    assert SUBJECTS[-1] == "levers"
    for child, name in zip(np.random.SeedSequence(9).spawn(len(SUBJECTS) - 1), SUBJECTS, strict=False):
        assert np.random.default_rng(child).random() == streams(9)[name].random()


def test_drawing_order_by_order_expects_the_same_future(world: World) -> None:
    usual, by_order = expected_future(world), Scenario(world, unmoved_levers(CUSTOMERS), (60,)).expectations()
    for name in ("survival_12", "orders_12", "discounted_margin_60", "discounted_profit_60"):
        error = np.hypot(usual[f"{name}_error"], by_order[f"{name}_error"])
        assert abs((usual[name] - by_order[name]).sum()) < 4 * np.sqrt((error**2).sum()), name
        assert abs((usual[name] - by_order[name]).sum()) < 0.03 * usual[name].sum(), name


@pytest.mark.parametrize("lever", ["late_factor", "damage_factor", "cancel_factor"])
def test_the_rarer_failures_are_the_better_for_all(world: World, lever: str) -> None:
    steps = [future_under(world, **{lever: factor}, paths=16) for factor in (3.0, 1.0, 0.5, 0.0)]
    for name in ("survival_12", "margin", "profit", "orders", "satisfaction_next", "satisfaction_settled"):
        sums = [float(np.nansum(getattr(step, name))) for step in steps]
        assert sums == sorted(sums), name
    for name in ("leaving_12", "failure_share"):
        sums = [float(np.nansum(getattr(step, name))) for step in steps]
        assert sums == sorted(sums, reverse=True), name


def test_profit_gains_the_complaints_saved_too(world: World, today: Outlook) -> None:
    """Few failures cost less to serve: per order, what serves falls by the cost of the complaints that stay out."""
    none = future_under(world, late_factor=0, damage_factor=0, cancel_factor=0)
    here = today.orders > 1
    served = [(one.margin - one.profit)[here] / one.orders[here] for one in (today, none)]
    assert (served[0] > served[1]).mean() > 0.9
    np.testing.assert_allclose(none.failure_share, 0, atol=1e-12)


def test_late_shares_follow_the_factor_up_to_certainty(world: World, today: Outlook) -> None:
    np.testing.assert_allclose(future_under(world, late_factor=0.3, paths=2).late_share, 0.3 * today.late_share)
    np.testing.assert_allclose(future_under(world, late_factor=1e9, paths=2).late_share, 1)
    np.testing.assert_allclose(future_under(world, damage_factor=0.3, paths=2).damaged_share, 0.3 * today.damaged_share)


def test_nothing_is_earned_when_every_order_is_cancelled(world: World) -> None:
    none = future_under(world, cancel_factor=1 / CONSTANTS.cancel_rate, paths=4)
    np.testing.assert_allclose(none.margin, 0, atol=1e-6)
    assert none.orders.sum() > 0
    np.testing.assert_allclose(none.failure_share, 1)


def test_better_service_for_one_reaches_others_through_partners_alone(world: World, today: Outlook) -> None:
    _, group = connected_components(world.network, directed=False)
    chosen = int(np.argmax(today.margin))
    better = future_under(world, late_factor=np.where(np.arange(CUSTOMERS) == chosen, 0.2, 1.0))
    assert better.margin[chosen] > today.margin[chosen]
    elsewhere = group != group[chosen]
    assert elsewhere.any()
    np.testing.assert_array_equal(better.margin[elsewhere], today.margin[elsewhere])


def test_who_is_gone_has_no_leaving_and_no_satisfaction(world: World, today: Outlook) -> None:
    here = world.history.alive[:, -1]
    assert 0 < here.sum() < CUSTOMERS
    for values in (today.leaving_12, today.satisfaction_next, today.satisfaction_settled):
        np.testing.assert_array_equal(np.isnan(values), ~here)


class Watched(Scenario):
    """A scenario that keeps what is felt at the last month, and the orders behind it."""

    def _covariates(self, month: int) -> dict[str, Floats]:
        self.counted, known = np.sum(self.orders, axis=0), super()._covariates(month)
        self.felt = known["service_mean"]
        return known


def test_what_is_felt_moves_by_the_points_times_the_weight_of_own_orders(world: World) -> None:
    """n orders of six months weigh n / (n + 4) against the share taken for granted."""
    few, many = (Watched(world, later(world, late), (24,), 64) for late in (0.75, 1.25))
    failing = [np.array([one.failure[:, m] for m in range(6, 12)]).mean(axis=0) for one in (few, many)]
    moved = (many.felt - few.felt).mean(axis=0)
    weight = np.mean([one.counted / (one.counted + 4) for one in (few, many)], axis=(0, 1))
    expected = 100 * (failing[1] - failing[0]) * weight
    large = expected > np.median(expected)
    assert weight[large].min() > 0.3
    assert moved[large].mean() == pytest.approx(expected[large].mean(), rel=0.05)
    assert moved.mean() == pytest.approx(expected.mean(), rel=0.05)


def of_large_shippers(orders: float) -> World:
    """A market of shippers so large that chance averages out, who neither complain nor ask."""
    world = build(30, 24, 4)
    full, nothing = np.full(30, orders), np.zeros(30)
    population = replace(
        world.population, rate=full, complaint_rate=nothing, enquiry_rate=nothing, contact_rate=np.full(30, 50.0)
    )
    counts = world.history.counts | {"orders": np.full((30, 24), orders), "failures": np.full((30, 24), 0.1 * orders)}
    return replace(world, population=population, history=replace(world.history, counts=counts))


def test_large_shippers_leave_as_a_recursion_without_chance_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Voluntary hazard of the year after against today's service: exp(effects x what is felt), month by month."""
    monkeypatch.setattr(future, "SHOCK_SD", 0.0)
    world = of_large_shippers(1500.0)
    spot = (world.population.contract_month >= NEVER) & world.history.alive[:, -1]
    forced = leaving.involuntary_hazards(world.population, world.history.unprofitable).sum(axis=0)
    found, expected = [], []
    for late in (1.0, 0.6):
        scenario = Scenario(world, later(world, late), (12,), paths=8)
        hazard = -np.log(scenario.totals["staying_12"]).mean(axis=0) - 12 * forced
        found.append(hazard[spot])
        shares, total = [np.full(30, 0.1)] * 6, np.zeros(30)
        for month in range(12):
            mean, worst = np.mean(shares, axis=0), np.max(shares, axis=0)
            felt = (
                CONSTANTS.service_mean * (mean - 0.1)
                + CONSTANTS.service_peak * (worst - mean)
                + CONSTANTS.service_recent * (shares[-1] - mean)
            )
            total += np.exp(100 * felt)
            shares = [*shares[1:], scenario.failure[:, month]]
        expected.append(total[spot])
    effect, predicted = (np.log(one[1] / one[0]) for one in (found, expected))
    assert predicted.mean() < -0.1
    np.testing.assert_allclose(effect.mean(), predicted.mean(), rtol=0.03)
    np.testing.assert_allclose(effect, predicted, rtol=0.15)


def test_expected_satisfaction_is_the_mean_over_perceptions(world: World) -> None:
    rng, n = np.random.default_rng(1), CUSTOMERS
    known = {name: rng.normal(size=n) for name in ("service_mean", "service_peak", "answer_late", "neglect")}
    known["structural"] = np.zeros(n)
    quality = 7.8 - 0.075 * known["service_mean"] - 0.03 * known["service_peak"]
    speed = 7.7 - 0.45 * known["answer_late"] - 0.06 * known["neglect"]
    expectation = world.surveys.expectation
    drawn = np.stack([np.full(n, 7.5), quality, speed]) + 0.7 * rng.normal(size=(10_000, 3, n))
    gap = drawn - expectation[1:]
    reaction = np.where(gap > 0, gap, world.population.loss_aversion * gap).mean(axis=(0, 1))
    said = expected_satisfaction(world.population, expectation, known)
    np.testing.assert_allclose(said, 7.4 + 0.75 * reaction, atol=0.06)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"late_factor": -0.1}, "late_factor must be one number, or one for each of the 80 customers, not below 0"),
        ({"damage_factor": np.ones(3)}, "damage_factor must be"),
        ({"cancel_factor": np.nan}, "cancel_factor must be"),
        ({"horizon_months": 61}, "horizon_months=61 is not possible; give a whole number from 1 to 60"),
        ({"paths": 0}, "paths=0 is not possible"),
    ],
)
def test_impossible_levers_are_refused(world: World, given: dict, message: str) -> None:
    with pytest.raises(Refused, match=message):
        future_under(world, **given)
