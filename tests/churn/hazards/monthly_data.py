"""Customer-months that many tests take: simulated ones with a known truth, and prisoners' weeks."""

from __future__ import annotations

from collections.abc import Sequence

import cox_data
import numpy as np
import pandas as pd

EFFECTS = (0.4, 0.0, -0.3)
NAMES = ["late", "visits", "price"]


def customer_months(
    customers: int = 300,
    seed: int = 1,
    effects: Sequence[float] = EFFECTS,
    months: int = 30,
    level: float = -3.5,
    names: Sequence[str] = NAMES,
) -> pd.DataFrame:
    """Return months at risk of customers who come at any time, half of them after some time unobserved.

    Their hazard falls with age, is highest in January, and follows covariates that change every month around a
    customer's own level.
    """
    rng = np.random.default_rng(seed)
    shape = (len(effects), customers, months)
    age = np.arange(months) - rng.integers(0, months - 2, customers)[:, None]
    before = np.where(rng.random(customers) < 0.5, rng.uniform(0, 40, customers), 0.0)[:, None]
    values = 0.7 * rng.standard_normal((*shape[:2], 1)) + 0.71 * rng.standard_normal(shape)
    season = 0.3 * np.cos(2 * np.pi * np.arange(months) / 12)
    log_hazard = level - 0.3 * np.log1p(np.maximum(age, 0) + before) + season + np.tensordot(effects, values, 1)
    leaves = (rng.standard_exponential(shape[1:]) < np.exp(log_hazard)) & (age >= 0)
    left = np.cumsum(leaves, axis=1) - leaves > 0
    who, month = np.nonzero((age >= 0) & ~left)
    entry = (age + before)[who, month]
    columns = {name: column[who, month] for name, column in zip(names, values, strict=True)}
    return pd.DataFrame(
        {
            "customer_id": np.char.add("C", who.astype(str)),
            "month": 600 + month,
            "entry": entry,
            "duration": entry + 1,
            "event": leaves[who, month].astype(int),
        }
        | columns
    )


def prisoner_weeks() -> pd.DataFrame:
    """432 released prisoners, one row per week until arrest or the end of the year."""
    spells = cox_data.rossi()
    rows = spells.loc[spells.index.repeat(spells["duration"])].rename_axis("customer_id").reset_index()
    entry = rows.groupby("customer_id").cumcount().astype(float)
    last = entry + 1 == rows["duration"]
    return rows.assign(entry=entry, duration=entry + 1, event=(last & (rows["event"] == 1)).astype(int))


def partial_months() -> pd.DataFrame:
    """600 rows of 150 customers, parts of months, with a known log hazard."""
    rng = np.random.default_rng(20)
    entry = rng.integers(0, 30, 600) + rng.random(600).round(2)
    return pd.DataFrame(
        {
            "customer_id": rng.integers(0, 150, 600),
            "entry": entry,
            "duration": entry + rng.uniform(0.1, 1, 600).round(3),
            "event": (rng.random(600) < 0.15).astype(int),
            "late": rng.normal(size=600).round(3),
            "price": (rng.random(600) < 0.4).astype(int),
            "known": rng.normal(size=600).round(2),
        }
    )
