"""One month's business: orders fill capacity, succeed or fail; customers complain, ask, are contacted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clvlab.simulate import service
from clvlab.simulate.calendar import Calendar, Floats, Ints
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.customers import Flags, Population
from clvlab.simulate.geography import CITY_REGION
from clvlab.simulate.network import Links, region_pair
from clvlab.simulate.prices import CLAIM_FILED, link_of_order
from clvlab.simulate.state import State

LATE_ANSWER = 0.16  # share of enquiries answered after more than a day, twice that in peak months
CROSS_SELL_LEADS = 0.012  # leads a month for more business with a customer
PEAK_MONTHS = (1, 11)
# Chance of a complaint about an order at average inclination, and of its being handled badly.
COMPLAINS_DAMAGED, COMPLAINS_FAILED, COMPLAINS_ELSE = 0.30, 0.09, 0.002
HANDLED_BADLY, HANDLED_WORSE_IN_PEAK = 0.30, 0.15


@dataclass
class Orders:
    """All orders, by time of booking; `link` points into the standing links."""

    customer: Ints
    link: Ints
    day: Floats
    carrier: Ints
    urgent: Flags
    refused: Flags
    cancelled: Flags
    damaged: Flags
    late: Flags
    complained: Flags
    handled_badly: Flags

    @property
    def failed(self) -> Flags:
        """What the customer counts as a failure, whoever caused it."""
        return self.refused | self.cancelled | self.damaged | self.late

    def __len__(self) -> int:
        return len(self.customer)


def carry_out(
    rng: np.random.Generator, calendar: Calendar, month: int, population: Population, standing: Links,
    surroundings: service.Environment, customer: Ints, day: Floats, planned: Floats, record: Floats,
) -> Orders:  # fmt: skip
    """Fill capacity and draw each order's outcome; `record` receives available, booked, refused."""
    link = link_of_order(rng, standing, customer)
    whole = np.floor(day).astype(np.int64)
    kind, region = standing.service[link], CITY_REGION[standing.origin[link]]
    pair = region_pair(standing)[link]
    urgent = rng.random(len(customer)) < population.urgent_rate[customer]
    cell = service.cell_of(kind, region)
    period = service.period_of_day(whole - calendar.first_day[month])
    held = cell >= 0
    slot = np.where(held, cell * service.PERIODS + period, 0)
    asked = np.bincount(slot[held], minlength=planned.size).reshape(planned.shape)
    load = asked / planned
    excess = np.maximum(load - 1, 0) / np.maximum(load, 1)
    lenient = np.array([0.4, 1.0, 1.3])[population.priority[customer]]  # the important are refused last
    refuse = np.where(held, np.minimum(C.refusal_share * excess.ravel()[slot] * lenient, 0.8), 0.0)
    refused = rng.random(len(customer)) < refuse
    turned = np.bincount(slot[held & refused], minlength=planned.size).reshape(planned.shape)
    record[:, :, 0], record[:, :, 1], record[:, :, 2] = planned, asked - turned, turned
    rank = (rng.random(len(customer))[:, None] > np.cumsum(service.CARRIER_SHARE)).sum(axis=1).clip(0, 2)
    carrier = surroundings.serving[pair, rank]
    squeeze = np.where(held, np.maximum(load - 0.9, 0).clip(0, 1).ravel()[slot], 0.0)
    late_p = service.late_probability(
        surroundings, pair, carrier, kind, region, whole, surroundings.spell[carrier, month], urgent, squeeze
    )
    cancelled = ~refused & (rng.random(len(customer)) < C.cancel_rate)
    moved = ~(refused | cancelled)
    late = moved & (rng.random(len(customer)) < late_p)
    damaged = moved & (rng.random(len(customer)) < service.damage_probability(kind))
    nothing = np.zeros(len(customer), dtype=bool)
    order = np.argsort(day, kind="stable")
    return Orders(
        customer[order], link[order], day[order], carrier[order], urgent[order], refused[order],
        cancelled[order], damaged[order], late[order], nothing.copy(), nothing.copy(),
    )  # fmt: skip


def handled_badly(month_of_year: int) -> float:
    """Share of complaints not resolved within a week."""
    return HANDLED_BADLY + HANDLED_WORSE_IN_PEAK * (month_of_year in PEAK_MONTHS)


def answered_late(month_of_year: int) -> float:
    """Share of enquiries not answered within a day."""
    return LATE_ANSWER * (2.0 if month_of_year in PEAK_MONTHS else 1.0)


def complain(rng: np.random.Generator, population: Population, calendar: Calendar, month: int, orders: Orders) -> None:
    """Failures bring complaints; a third of them are handled badly, more in peak months."""
    chance = np.where(orders.failed, COMPLAINS_FAILED, COMPLAINS_ELSE)
    chance = np.where(orders.damaged, COMPLAINS_DAMAGED, chance)
    chance = np.minimum(chance * population.complaint_rate[orders.customer], 0.9)
    orders.complained[:] = rng.random(len(orders)) < chance
    badly = handled_badly(calendar.month_of_year(month))
    orders.handled_badly[:] = orders.complained & (rng.random(len(orders)) < badly)


def count(
    rng: np.random.Generator, calendar: Calendar, month: int, population: Population, state: State,
    orders: Orders, present: Flags,
) -> None:  # fmt: skip
    """Write the month's counts, and contacts and enquiries, into the state."""
    n = len(population)

    def per_customer(chosen: Flags) -> Floats:
        return np.bincount(orders.customer[chosen], minlength=n).astype(np.float64)

    counts = state.counts
    counts["orders"][:, month] = np.bincount(orders.customer, minlength=n)
    counts["failures"][:, month] = per_customer(orders.failed)
    counts["complaints"][:, month] = per_customer(orders.complained)
    counts["complaints_badly_handled"][:, month] = per_customer(orders.handled_badly)
    contacts = rng.poisson(population.contact_rate) * (state.alive & present)
    counts["contacts"][:, month] = contacts
    state.since_contact = np.where(contacts > 0, 0.0, state.since_contact + 1.0)
    enquiries = rng.poisson(counts["orders"][:, month] * population.enquiry_rate)
    counts["enquiries"][:, month] = enquiries
    late = answered_late(calendar.month_of_year(month))
    counts["answers_late"][:, month] = rng.binomial(enquiries, late)


def cross_sell(rng: np.random.Generator, state: State, month: int) -> list[tuple[int, int, bool]]:
    """Leads for more business with a customer; a win raises its orders from the next month on."""
    n = len(state.alive)
    opened = (rng.random(n) < CROSS_SELL_LEADS) & state.alive
    won = opened & (rng.random(n) < C.win_existing)
    state.lift = state.lift + C.cross_sell_lift * won
    return [(int(i), month, bool(won[i])) for i in np.flatnonzero(opened)]


def chain(parts: list[Orders]) -> Orders:
    names = list(Orders.__dataclass_fields__)
    return Orders(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def claims(rng: np.random.Generator, damaged: Flags) -> Flags:
    """Which damaged orders bring a claim."""
    return damaged & (rng.random(len(damaged)) < CLAIM_FILED)
