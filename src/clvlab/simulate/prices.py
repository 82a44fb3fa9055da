"""Prices, costs and what an order earns in expectation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc

from clvlab.simulate.calendar import Calendar, Floats, Ints
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.constants import UNIT_COSTS
from clvlab.simulate.customers import Flags, Population
from clvlab.simulate.geography import REGIONS
from clvlab.simulate.network import Links
from clvlab.simulate.service import damage_probability

CLAIM_SHARE = 0.60  # of an order's list price, mean, when goods are damaged
RIVAL_MONTHS = 6


@dataclass
class Prices:
    """Price rounds and rivals.

    Attributes
    ----------
    step : price increase in percentage points by customer and month.
    level : price level by customer and month of the window, the increases since onboarding together.
    cost : unit cost index by month of the window.
    openings : where a rival opens, by region and month.
    rival : 1 where a rival has opened in the customer's region within 6 months.
    """

    step: Floats
    level: Floats
    cost: Floats
    openings: Flags
    rival: Floats


STEP_SHAPE, STEP_MEAN, STEP_LEAST, STEP_MOST = 6.0, 5.0, 1.0, 12.0  # percentage points


def told_share(name: int, year: int) -> float:
    """Share of customers told of an increase: 60% each April, 25% each second October."""
    return 0.60 if name == 4 else 0.25 if name == 10 and year % 2 == 0 else 0.0


def mean_step(name: int, year: int) -> float:
    """Mean increase of a month in percentage points."""
    low, high = (bound * STEP_SHAPE / STEP_MEAN for bound in (STEP_LEAST, STEP_MOST))
    inside = STEP_MEAN * (gammainc(STEP_SHAPE + 1, high) - gammainc(STEP_SHAPE + 1, low))
    ends = STEP_LEAST * gammainc(STEP_SHAPE, low) + STEP_MOST * (1 - gammainc(STEP_SHAPE, high))
    return told_share(name, year) * float(inside + ends)


def month_steps(rng: np.random.Generator, name: int, year: int, shape: tuple[int, ...]) -> Floats:
    """One month's increases in percentage points, 5 in the mean for those who are told of one."""
    size = np.clip(rng.gamma(STEP_SHAPE, STEP_MEAN / STEP_SHAPE, shape), STEP_LEAST, STEP_MOST)
    told = rng.random(shape)
    return np.where(told < told_share(name, year), np.round(size, 1), 0.0)


def price_steps(rng: np.random.Generator, calendar: Calendar, population: Population) -> Floats:
    """The window's increases; nobody is told of one before the month after onboarding."""
    step = np.stack(
        [
            month_steps(rng, calendar.month_of_year(month), calendar.year(month), (len(population),))
            for month in range(calendar.months)
        ],
        axis=1,
    )
    return step * (np.arange(calendar.months) > population.onboard_month[:, None])


def rival_openings(rng: np.random.Generator, shape: tuple[int, ...]) -> Flags:
    """Whether a rival opens in a region this month: about every two years."""
    return rng.random(shape) < 1 / 24


def rival_entries(openings: Flags, population: Population) -> Floats:
    """1 where a rival has opened in the customer's region within six months."""
    active = np.zeros(openings.shape)
    for lag in range(RIVAL_MONTHS):
        active[:, lag:] = np.maximum(active[:, lag:], openings[:, : openings.shape[1] - lag])
    return active[population.region]


def prices(rng: np.random.Generator, rivals: np.random.Generator, calendar: Calendar, population: Population) -> Prices:
    """Draw the window's price rounds and rivals."""
    step = price_steps(rng, calendar, population)
    months = np.arange(calendar.months)
    joined = np.maximum(population.onboard_month, 0)
    start = np.exp(C.price_cost_growth * joined)
    level = start[:, None] * np.cumprod(1 + step / 100, axis=1)
    openings = rival_openings(rivals, (len(REGIONS), calendar.months))
    cost = np.exp(C.price_cost_growth * months)
    return Prices(step, level, cost, openings, rival_entries(openings, population))


def price_shock(step: Floats, month: int) -> Floats:
    """Increases in percentage points that took effect in this month and the three before."""
    shock: Floats = step[:, max(month - 3, 0) : month + 1].sum(axis=1)
    return shock


@dataclass
class Expected:
    """What an order of each customer means in expectation, in CNY at the window's start prices.

    Attributes
    ----------
    revenue : revenue per order at price level 1.
    cost : direct cost per order at cost index 1.
    claim : claims paid per order.
    serve : cost to serve per order that comes with orders (orders, urgency, requirements, enquiries, claims).
    """

    revenue: Floats
    cost: Floats
    claim: Floats
    serve: Floats

    def margin(self, population: Population, level: Floats, cost_index: float) -> Floats:
        """Contribution margin per order."""
        return self.revenue * level * (1 - population.rebate) - self.cost * cost_index - self.claim


URGENT_FEE = 0.25  # share of the price
URGENT_COST = 0.18  # share of list price


def expected_order(population: Population, standing: Links, damaged: Floats | None = None) -> Expected:
    """Expectations over links, sizes and urgency; `damaged` multiplies each customer's probability of damage."""
    n = len(population)

    def mean(values: Floats) -> Floats:
        weights: Floats = standing.share * values
        return np.bincount(standing.customer, weights=weights, minlength=n).astype(np.float64)

    listed = mean(standing.price)
    damage = damage_probability(standing.service)
    if damaged is not None:
        damage = np.minimum(damage * damaged[standing.customer], 1.0)
    urgent = population.urgent_rate
    costs = {name: cost for name, (cost, _) in UNIT_COSTS.items()}
    serve = (
        costs["order"]
        + costs["urgent order"] * urgent
        + costs["special requirement"] * population.requirements.sum(axis=1)
        + costs["enquiry"] * population.enquiry_rate
        + costs["claim"] * mean(damage) * CLAIM_FILED
    )
    return Expected(
        revenue=listed * population.price_factor * (1 + URGENT_FEE * urgent),
        cost=listed * ((1 - population.margin_share) + URGENT_COST * urgent),
        claim=mean(damage * standing.price) * CLAIM_FILED * CLAIM_SHARE,
        serve=serve,
    )


CLAIM_FILED = 0.7  # of damaged orders


def contact_cost(population: Population) -> Floats:
    """Expected cost of our own visits and calls a month."""
    visit, call = UNIT_COSTS["visit"][0], UNIT_COSTS["call"][0]
    share = VISIT_SHARE[population.priority]
    return population.contact_rate * (share * visit + (1 - share) * call)


VISIT_SHARE: Floats = np.array([0.40, 0.22, 0.08])  # of our own contacts, by priority class


def link_of_order(rng: np.random.Generator, standing: Links, customer: Ints) -> Ints:
    """A link for each order, by the links' shares."""
    # Shares run to 1 within each customer, so customer + share is increasing over all links.
    key = standing.customer + standing.cumulative
    chosen = np.searchsorted(key, customer + rng.random(len(customer)), side="left")
    return np.clip(chosen, standing.first[customer], standing.first[customer + 1] - 1)
