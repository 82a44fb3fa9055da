"""How well orders are carried out: lanes, carriers, seasons, bad spells, and capacity that runs short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from clvlab.simulate.calendar import Calendar, Floats, Ints, is_peak
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.customers import Flags, Population
from clvlab.simulate.geography import CITY_REGION, REGIONS, SERVICE_LATE, SERVICES, TRANSPORT
from clvlab.simulate.network import Links, region_pair

CARRIERS = 24
CARRIER_SHARE: Floats = np.array([0.55, 0.30, 0.15])
SPELL_START, SPELL_END = 0.03, 0.33
URGENT_LOGIT = 0.35
PERIODS = 4  # a month's capacity is planned in periods from the 1st, 8th, 15th and 22nd
CELLS = TRANSPORT * len(REGIONS)  # capacity is held by service and region of origin


@dataclass
class Environment:
    """What decides about service besides chance.

    Attributes
    ----------
    lane : logit by region pair.
    carrier : logit by carrier.
    serving : the three carriers of each region pair, main one first.
    spell : True where a carrier has a bad spell, by carrier and month.
    day : logit by region of origin and day, window and horizon.
    """

    lane: Floats
    carrier: Floats
    serving: Ints
    spell: Flags
    day: Floats


def environment(rng: np.random.Generator, calendar: Calendar) -> Environment:
    """Draw lanes, carriers and their bad spells."""
    pairs = len(REGIONS) ** 2
    lane = C.lane_sd * rng.normal(size=pairs)
    carrier = C.carrier_sd * rng.normal(size=CARRIERS)
    serving = np.argsort(rng.random((pairs, CARRIERS)), axis=1)[:, :3]
    spell = np.zeros((CARRIERS, calendar.months), dtype=bool)
    now = rng.random(CARRIERS) < SPELL_START / (SPELL_START + SPELL_END)
    for month in range(calendar.months):
        u = rng.random(CARRIERS)
        now = np.where(now, u > SPELL_END, u < SPELL_START)
        spell[:, month] = now
    return Environment(lane, carrier, serving, spell, _day_logits(calendar))


def _day_logits(calendar: Calendar) -> Floats:
    days = calendar.start + np.arange(len(calendar.busy))
    month = days.astype("M8[M]").astype(int) % 12 + 1
    typhoon = np.isin(month, [7, 8, 9])
    frost = np.isin(month, [12, 1, 2])
    south = np.isin(np.arange(len(REGIONS)), [2, 4])[:, None]
    north = np.isin(np.arange(len(REGIONS)), [0, 1, 6])[:, None]
    return C.peak_logit * is_peak(days) + C.weather_logit * ((south & typhoon) | (north & frost))


def late_probability(
    surroundings: Environment, pair: Ints, carrier: Ints, service: Ints, region: Ints, day: Ints,
    spell: Flags, urgent: Flags, squeeze: Floats,
) -> Floats:  # fmt: skip
    """Probability that an order is delivered late."""
    moved = service < TRANSPORT
    logit = C.late_logit + SERVICE_LATE[service] + surroundings.day[region, day] + URGENT_LOGIT * urgent
    by_road = surroundings.lane[pair] + surroundings.carrier[carrier] + C.bad_spell * spell
    return expit(logit + np.where(moved, by_road, 0.0) + C.squeeze_logit * squeeze)


def damage_probability(service: Ints) -> Floats:
    """Probability that goods are damaged."""
    return np.where(service == 4, 2 * C.damage_rate, np.where(service < 6, C.damage_rate, 0.2 * C.damage_rate))


def cell_of(service: Ints, region: Ints) -> Ints:
    """The capacity cell of an order; -1 for value-added services, which are not short."""
    return np.where(service < TRANSPORT, service * len(REGIONS) + region, -1)


def cell_names() -> tuple[list[str], list[str]]:
    """Service and lane of every capacity cell."""
    return (
        [SERVICES[c // len(REGIONS)] for c in range(CELLS)],
        [f"{REGIONS[c % len(REGIONS)]} outbound" for c in range(CELLS)],
    )


def period_of_day(day_of_month: Ints) -> Ints:
    """The capacity period, 0 to 3, of a day of the month counted from 0."""
    return np.minimum(day_of_month // 7, PERIODS - 1)


def planned_capacity(calendar: Calendar, month: int, recent_daily: Floats) -> Floats:
    """Capacity by cell and period: recent daily orders with headroom, whatever the season brings."""
    length = int(calendar.first_day[month + 1] - calendar.first_day[month])
    days = np.array([7, 7, 7, length - 21])
    return np.ceil(C.headroom * recent_daily[:, None] * days + 1.0)


class Levers(NamedTuple):
    """What each customer's failures are multiplied by, 1 for as they are; a probability stays at most 1.

    Attributes
    ----------
    late : of every order's probability of being late.
    damaged : of its probability of damage.
    cancelled : of its probability of being cancelled or refused.
    """

    late: Floats
    damaged: Floats
    cancelled: Floats


class Failures(NamedTuple):
    """Expected shares of orders moved, by customer and month of the year."""

    late: Floats
    damaged: Floats
    any: Floats


def unmoved_levers(customers: int) -> Levers:
    """Service as it is."""
    return Levers(*np.ones((3, customers)))


def expected_failures(
    calendar: Calendar, surroundings: Environment, population: Population, standing: Links, squeeze: Floats,
    levers: Levers,
) -> Failures:  # fmt: skip
    """Each customer's expected failure shares by month of the year, averaged over links and carriers.

    `squeeze` is the mean load above 90% by capacity cell and month of the year.
    """
    n = len(population)
    pair, region = region_pair(standing), CITY_REGION[standing.origin]
    cell = cell_of(standing.service, region)
    urgent = population.urgent_rate[standing.customer]
    out = Failures(*np.zeros((3, n, 12)))
    in_spell = SPELL_START / (SPELL_START + SPELL_END)
    month_of_day = (calendar.start + np.arange(len(calendar.busy))).astype("M8[M]").astype(int) % 12
    often = levers.late[standing.customer]
    damage = np.minimum(damage_probability(standing.service) * levers.damaged[standing.customer], 1.0)
    other = 1 - (1 - damage) * (1 - cancelled_share(levers)[standing.customer])
    for month in range(12):
        days = np.flatnonzero(month_of_day == month)
        mean_day = np.average(surroundings.day[:, days], axis=1, weights=calendar.busy[days])
        late = np.zeros(len(pair))
        for rank, share in enumerate(CARRIER_SHARE):
            carrier = surroundings.serving[pair, rank]
            for spell, weight in ((0.0, 1 - in_spell), (1.0, in_spell)):
                logit = (
                    C.late_logit + SERVICE_LATE[standing.service] + mean_day[region] + URGENT_LOGIT * urgent
                    + np.where(
                        cell >= 0,
                        surroundings.lane[pair] + surroundings.carrier[carrier] + C.bad_spell * spell
                        + C.squeeze_logit * squeeze[np.maximum(cell, 0), month],
                        0.0,
                    )
                )  # fmt: skip
                late += share * weight * np.minimum(expit(logit) * often, 1.0)
        fail = 1 - (1 - late) * (1 - other)
        for found, share_of in zip(out, (late, damage, fail), strict=True):
            found[:, month] = np.bincount(standing.customer, weights=standing.share * share_of, minlength=n)
    return out


def cancelled_share(levers: Levers) -> Floats:
    """Each customer's share of orders cancelled."""
    return np.minimum(C.cancel_rate * levers.cancelled, 1.0)
