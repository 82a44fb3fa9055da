"""The market's history, month by month: who is there, what they order, how it goes, who leaves.

Each month opens with decisions (campaigns, leaving, returns, onboarding), taken on what was known before it;
then the month's business happens.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix

from clvlab.periods import days_per
from clvlab.simulate import demand, leaving, service
from clvlab.simulate import month as business
from clvlab.simulate.calendar import Calendar, Floats, Ints
from clvlab.simulate.customers import Flags, Population
from clvlab.simulate.geography import CITY_REGION
from clvlab.simulate.month import Orders
from clvlab.simulate.network import Links
from clvlab.simulate.prices import Expected, Prices, contact_cost
from clvlab.simulate.state import AWAY, State, covariates_now


@dataclass(frozen=True)
class Leavings:
    """One entry per leaving: who, in which month, on which day, why, and the month of return (-1: never)."""

    customer: Ints
    month: Ints
    day: Ints
    cause: Ints
    return_month: Ints


@dataclass(frozen=True)
class History:
    """What happened, as arrays over customers and months of the window.

    Attributes
    ----------
    at_risk : a customer when the month opens.
    left : left within the month.
    voluntary, total : monthly hazards.
    covariates : covariates of the voluntary hazard, by name.
    counts : orders, failures, contacts and so on, by name.
    capacity : by cell, month, period: available, booked, refused.
    alive : a customer when the month closes.
    opens, closes : first day of the month as a customer, and the day after the last.
    cross_sell : (customer, month, won) of cross-sell leads.
    treated_month : month of the last campaign.
    arms : customers and arms (treated or not) of the campaigns, by month.
    unprofitable : loses us money in expectation.
    returning : month of return of those who left for a while, -1 for never.
    """

    orders: Orders
    leavings: Leavings
    at_risk: Flags
    left: Flags
    voluntary: Floats
    total: Floats
    covariates: dict[str, Floats]
    counts: dict[str, Floats]
    capacity: Floats
    alive: Flags
    opens: Ints
    closes: Ints
    cross_sell: list[tuple[int, int, bool]]
    treated_month: Ints
    arms: dict[int, tuple[Ints, Flags]]
    unprofitable: Flags
    returning: Ints


@dataclass(frozen=True)
class Setting:
    """What the history is played with."""

    rng: dict[str, np.random.Generator]
    calendar: Calendar
    population: Population
    standing: Links
    network: csr_matrix
    surroundings: service.Environment
    prices: Prices
    expected: Expected


@dataclass
class _Record:
    """Arrays over customers and months that fill as the history is played."""

    at_risk: Flags
    left: Flags
    alive: Flags
    voluntary: Floats
    total: Floats
    opens: Ints
    closes: Ints
    capacity: Floats
    covariates: dict[str, Floats]
    orders: list[Orders] = field(default_factory=list)
    leavings: list[tuple[Ints, Ints, Ints, Ints, Ints]] = field(default_factory=list)
    arms: dict[int, tuple[Ints, Flags]] = field(default_factory=dict)
    cross_sell: list[tuple[int, int, bool]] = field(default_factory=list)


def _empty_record(n: int, months: int) -> _Record:
    shape = (n, months)
    return _Record(
        at_risk=np.zeros(shape, dtype=bool),
        left=np.zeros(shape, dtype=bool),
        alive=np.zeros(shape, dtype=bool),
        voluntary=np.full(shape, np.nan),
        total=np.full(shape, np.nan),
        opens=np.zeros(shape, dtype=np.int64),
        closes=np.zeros(shape, dtype=np.int64),
        capacity=np.zeros((service.CELLS, months, service.PERIODS, 3)),
        covariates={name: np.full(shape, np.nan) for name in leaving.COVARIATES},
    )


def campaign_months(months: int) -> tuple[int, int]:
    """Months in which the randomised and the targeted campaign start."""
    first = max(2, months - 20) if months >= 24 else max(2, months // 3)
    return first, max(first + 2, months - 7)


def play(setting: Setting) -> History:
    """Play the window month by month."""
    rng, calendar, population = setting.rng, setting.calendar, setting.population
    n, months = len(population), calendar.months
    state = State(population, calendar, demand.opening_gaps(rng["orders"], population))
    state.since_contact = np.floor(rng["contacts"].exponential(1.5, n))
    state.alive[population.onboard_month < 0] = True
    record = _empty_record(n, months)
    unprofitable = _unprofitable(population, setting.expected)
    daily_orders = _opening_demand(population, setting.standing)
    for month in range(months):
        risk = state.alive.copy()
        known = _campaigns(setting, state, record, month)
        back, opens, closes = _decide(setting, state, record, month, known, unprofitable)
        new = population.onboard_month == month
        opens = np.where(new, population.onboard_day, opens)
        closes = np.maximum(closes, opens)
        present = risk | new | back
        record.opens[:, month], record.closes[:, month] = opens, closes
        planned = service.planned_capacity(calendar, month, daily_orders)
        orders = _order(setting, state, record, month, known["service_mean"], present, planned)
        business.complain(rng["voice"], population, calendar, month, orders)
        record.orders.append(orders)
        length = calendar.first_day[month + 1] - calendar.first_day[month]
        asked = record.capacity[:, month, :, 1:].sum(axis=(1, 2))
        daily_orders = 0.67 * daily_orders + 0.33 * asked / length
        state.alive = (risk & ~record.left[:, month]) | new | back
        record.alive[:, month] = state.alive
        business.count(rng["contacts"], calendar, month, population, state, orders, present)
        record.cross_sell += business.cross_sell(rng["leads"], state, month)
        state.since_contact[new | back] = 0.0  # who comes is greeted
    return _history(record, state, unprofitable)


def _campaigns(setting: Setting, state: State, record: _Record, month: int) -> dict[str, Floats]:
    """Start the month's campaign, if there is one; the covariates that hold after it."""

    def covariates() -> dict[str, Floats]:
        return covariates_now(setting.population, setting.prices, setting.network, state, month)

    known = covariates()
    starts = campaign_months(setting.calendar.months)
    if month not in starts:
        return known
    rng, randomised = setting.rng["campaign"], month == starts[0]
    record.arms[month] = _campaign(rng, setting.population, state, known, month, randomised)
    return covariates()


def _decide(
    setting: Setting, state: State, record: _Record, month: int, known: dict[str, Floats], unprofitable: Flags
) -> tuple[Flags, Ints, Ints]:
    """Who leaves and who comes back this month, and each customer's first and last day in it."""
    calendar, population, draw = setting.calendar, setting.population, setting.rng["leaving"]
    n, first, after = len(population), calendar.first_day[month], calendar.first_day[month + 1]
    back = ~state.alive & (state.return_month == month)
    parts = leaving.part_predictors(known)
    own = leaving.voluntary_hazard(population, parts)
    forced = leaving.involuntary_hazards(population, unprofitable)
    hazard = own + forced.sum(axis=0)
    leaves = state.alive & (draw.random(n) < -np.expm1(-hazard))
    cause = leaving.draw_causes(draw, own, forced, leaving.cause_shares(parts))
    fraction = draw.random(n)
    # A contract that is not renewed ends with its last day.
    fraction = np.where((known["contract_renewal"] > 0) & (cause < leaving.VOLUNTARY), 0.0, fraction)
    day_left = first + np.floor(fraction * (after - first)).astype(np.int64)
    day_back = first + np.floor(draw.random(n) * (after - first)).astype(np.int64)
    delay = leaving.draw_returns(draw, cause)

    who = np.flatnonzero(leaves)
    return_month = np.where(delay[who] > 0, month + delay[who], AWAY)
    record.leavings.append((who, np.full(len(who), month), day_left[who], cause[who], return_month))
    record.at_risk[:, month], record.left[:, month] = state.alive, leaves
    record.voluntary[:, month], record.total[:, month] = own, hazard
    for name in leaving.COVARIATES:
        record.covariates[name][:, month] = known[name]
    state.return_month[who] = return_month
    state.lost_month[who] = month
    state.waiting[back] = 0.0
    return back, np.where(back, day_back, first), np.where(leaves, day_left, after)


def _order(
    setting: Setting, state: State, record: _Record, month: int, felt: Floats, present: Flags, planned: Floats
) -> Orders:
    """The month's orders and how they went."""
    calendar, population = setting.calendar, setting.population
    opens, closes = record.opens[:, month], record.closes[:, month]
    rate = population.rate * demand.trend(population, month) * demand.response_to_service(felt)
    load = rate * np.exp(state.lift) * present * (calendar.busy_sum[closes] - calendar.busy_sum[opens])
    customer, at, state.waiting = demand.order_times(setting.rng["orders"], population.shape, state.waiting, load)
    day = demand.to_days(calendar, customer, at, opens, closes)
    return business.carry_out(
        setting.rng["service outcome"], calendar, month, population, setting.standing, setting.surroundings,
        customer, day, planned, record.capacity[:, month],
    )  # fmt: skip


def _history(record: _Record, state: State, unprofitable: Flags) -> History:
    return History(
        orders=business.chain(record.orders),
        leavings=Leavings(*(np.concatenate(column) for column in zip(*record.leavings, strict=True))),
        at_risk=record.at_risk,
        left=record.left,
        voluntary=record.voluntary,
        total=record.total,
        covariates=record.covariates,
        counts=state.counts,
        capacity=record.capacity,
        alive=record.alive,
        opens=record.opens,
        closes=record.closes,
        cross_sell=record.cross_sell,
        treated_month=state.treated_month,
        arms=record.arms,
        unprofitable=unprofitable,
        returning=state.return_month,
    )


def _unprofitable(population: Population, expected: Expected) -> Flags:
    """Customers who lose us money in expectation: margin below cost to serve."""
    margin = expected.margin(population, np.ones(len(population)), 1.0) - expected.serve
    return population.rate * margin < contact_cost(population)


def _opening_demand(population: Population, standing: Links) -> Floats:
    """Daily orders by capacity cell that planners expect when the window opens."""
    here = (population.onboard_month < 0)[standing.customer]
    cell = service.cell_of(standing.service, CITY_REGION[standing.origin])
    moved = here & (cell >= 0)
    orders = (population.rate[standing.customer] * standing.share)[moved]
    return np.bincount(cell[moved], weights=orders, minlength=service.CELLS) / days_per("month")


def _campaign(
    rng: np.random.Generator, population: Population, state: State, known: dict[str, Floats], month: int,
    randomised: bool,
) -> tuple[Ints, Flags]:  # fmt: skip
    """Choose customers and arms; the second campaign goes to whom managers worry about."""
    eligible = np.flatnonzero(state.alive & (population.onboard_month < month - 2))
    if randomised:
        treated = rng.permutation(len(eligible)) < len(eligible) // 2
        state.treated_month[eligible[treated]] = month
        return eligible, treated
    score = known["service_mean"][eligible] / 4 + population.log_volume()[eligible] + rng.normal(size=len(eligible))
    chosen = np.sort(eligible[np.argsort(-score, kind="stable")[: max(1, len(eligible) // 8)]])
    state.treated_month[chosen] = month
    return chosen, np.ones(len(chosen), dtype=bool)
