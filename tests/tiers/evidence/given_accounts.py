"""Account-months with a known effect of an entitlement, and a known way of choosing who gets it."""

from __future__ import annotations

import numpy as np
import pandas as pd

FIRST = 636  # January 2023


def account_months_of(
    seed: int,
    accounts: int = 400,
    months: int = 30,
    growth_effect: float = 1.0,
    hazard_effect: float = 1.0,
    chosen_for_size: float = 0.0,
    chosen_for_rise: float = 0.0,
    rises: float = 0.0,
) -> pd.DataFrame:
    """Return account-months; about 1.5% of accounts a month get the entitlement.

    Parameters
    ----------
    growth_effect, hazard_effect
        By what it multiplies orders and the hazard of leaving, from the following month on.
    chosen_for_size, chosen_for_rise
        How strongly the log size, and the log rise in a month, speak for getting it.
    rises
        Monthly standard deviation of lasting changes in an account's log size.
    """
    rng = np.random.default_rng(seed)
    shape = accounts, months
    level = rng.normal(1.0, 0.7, accounts)[:, None]
    drift = rises * rng.normal(size=accounts)[:, None] * np.arange(months)
    log_size = level + drift + 0.01 * np.arange(months)
    chance = np.clip(
        0.015 * np.exp(chosen_for_size * (level - 1) + chosen_for_rise * np.gradient(drift, axis=1)), 0, 0.5
    )
    drawn = rng.random(shape) < chance
    start = np.where(drawn.any(axis=1), drawn.argmax(axis=1), months)
    got = np.arange(months) >= start[:, None]
    works = np.arange(months) > start[:, None]
    hazard = 0.02 * np.exp(-0.3 * (level - 1)) * np.where(works, hazard_effect, 1.0)
    leaves = rng.random(shape) < hazard
    left = np.where(leaves.any(axis=1), leaves.argmax(axis=1), months)[:, None]
    there = np.arange(months) <= left
    got &= start[:, None] <= left
    orders = rng.poisson(np.exp(log_size) * np.where(works, growth_effect, 1.0)) * (np.arange(months) < left)
    year = np.cumsum(orders, axis=1) - orders
    year = year - np.hstack([np.zeros((accounts, min(12, months))), year[:, :-12]])[:, :months]
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"c{i}" for i in range(accounts)], months),
            "month": np.tile(np.arange(FIRST, FIRST + months), accounts),
            "got": got.ravel().astype(int),
            "at_risk": there.ravel().astype(float),
            "event": (np.arange(months) == left).ravel().astype(int),
            "orders": orders.ravel(),
            "orders_last_year": year.ravel(),
            "tie": np.repeat(np.where(np.arange(accounts) % 3 == 0, "contract", "spot"), months),
        }
    )
