"""The customers table: what the customer file says, which is not always what is true."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clvlab.periods import DAYS_PER_YEAR
from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Floats, Ints
from clvlab.simulate.customers import (
    CHANNELS,
    CREDIT_RATINGS,
    MANAGERS,
    PRIORITIES,
    REQUIREMENTS,
    RETENTION_LEVELS,
    ROLES,
)
from clvlab.simulate.geography import INDUSTRIES, REGIONS, company_names
from clvlab.simulate.sales import Lead, yearly_revenue
from clvlab.simulate.world import World

SIZES = ("small", "medium", "large")
WRONG_REGION = 0.03
STALE_SIZE = 0.10
PROFILE_AGE_YEARS = 1.6


def customers_table(world: World, leads: list[Lead]) -> pa.Table:
    """One row per customer, with gaps and stale entries as customer files have them."""
    rng, population, n = world.rng["profile"], world.population, len(world)
    yearly = yearly_revenue(world)
    volume = population.log_volume()
    updated, no_update = _updates(world, rng)
    region = np.where(rng.random(n) < WRONG_REGION, rng.integers(0, len(REGIONS), n), population.region)
    true_size = np.digitize(yearly, [60_000, 600_000])
    size = np.where(rng.random(n) < STALE_SIZE, rng.integers(0, 3, n), true_size)
    bill_to = np.where((population.parent >= 0) & (rng.random(n) < 0.6), population.parent, np.arange(n))
    spend = yearly / population.wallet_share * np.exp(0.15 * rng.normal(size=n))

    def blank(share: float) -> np.ndarray:
        return rng.random(n) < share

    def rated(score: Floats, share: float) -> pa.Array:
        return col.wholes(np.clip(np.round(score), 1, 5), blank(share))

    cost, no_cost = _acquisition_cost(world, rng, leads)
    manager: Ints = np.where(blank(0.02), -1, population.manager)
    return pa.table(
        {
            "customer_id": col.customer_codes(np.arange(n)),
            "name": col.texts(company_names(world.rng["names"], population.city, population.industry)),
            "parent_id": col.customer_codes(population.parent),
            "bill_to_id": col.customer_codes(bill_to),
            "role": col.words(ROLES, population.role),
            "industry": col.words([i[0] for i in INDUSTRIES], np.where(blank(0.04), -1, population.industry)),
            "region": col.words(REGIONS, np.where(blank(0.02), -1, region)),
            "size_class": col.words(SIZES, np.where(blank(0.05), -1, size)),
            "onboarded_on": col.dates(world.calendar, population.onboard_day),
            "acquisition_channel": col.words(CHANNELS, np.where(blank(0.05), -1, population.channel)),
            "acquisition_cost": col.numbers(cost, 2, no_cost),
            "referred_by": col.customer_codes(population.referred_by),
            "account_manager": col.words(MANAGERS, manager),
            "priority_class": col.words(PRIORITIES, population.priority),
            "payment_terms_days": col.wholes(population.payment_terms),
            "credit_rating": col.words(CREDIT_RATINGS, np.where(blank(0.08), -1, population.credit)),
            "credit_limit": col.numbers(np.round(yearly / 12 * rng.choice([1.5, 2, 3], n) + 5000, -3), 0, blank(0.10)),
            "brand_influence": rated(2.3 + 0.6 * volume / 1.2 + 0.8 * rng.normal(size=n), 0.12),
            "strategic_fit": rated(3.0 + 0.5 * population.retention + 0.8 * rng.normal(size=n), 0.12),
            "logistics_spend": col.numbers(np.round(spend, -2), 0, blank(0.25)),
            "own_growth": col.numbers(population.growth + 0.03 * rng.normal(size=n), 3, blank(0.30)),
            "requirements": col.texts(_requirements(population.requirements)),
            "industry_risk": col.wholes(population.industry_risk),
            "retention_level": col.words(RETENTION_LEVELS, population.retention),
            "profile_updated_on": col.dates(world.calendar, updated, no_update),
        }
    )


def _updates(world: World, rng: np.random.Generator) -> tuple[Floats, np.ndarray]:
    """When the profile was last verified: often long ago, for some never."""
    n = len(world)
    age = rng.exponential(PROFILE_AGE_YEARS * DAYS_PER_YEAR, n)
    day = np.maximum(world.end - 1 - np.floor(age), world.population.onboard_day)
    return day, rng.random(n) < 0.10


def _acquisition_cost(world: World, rng: np.random.Generator, leads: list[Lead]) -> tuple[Floats, np.ndarray]:
    """The cost of the lead that was won; older customers' is often lost."""
    n = len(world)
    cost = np.round(3000 * np.exp(0.7 * rng.normal(size=n)), 2)
    missing = rng.random(n) < np.where(world.population.onboard_month < 0, 0.55, 0.05)
    for lead in leads:
        if lead.kind == 0 and lead.customer >= 0:
            cost[lead.customer] = lead.cost
    return cost, missing


def _requirements(wanted: np.ndarray) -> list[str | None]:
    return [";".join(r for r, w in zip(REQUIREMENTS, row, strict=True) if w) or None for row in wanted]
