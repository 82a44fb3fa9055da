"""A campaign drawn by lot, with as many leavers in each arm as a test asks for."""

from __future__ import annotations

import pandas as pd

STARTED = pd.Timestamp("2024-05-01")
FOLLOWED_TO = pd.Timestamp("2025-12-31")


def arm(
    name: str, customers: int, leavers: int, prefix: str = "c", days: int = 60
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of the campaign and spells of one arm; leavers leave ``days`` after its start."""
    codes = [f"{prefix}-{name}-{i}" for i in range(customers)]
    called = name != "control"
    rows = pd.DataFrame({
        "campaign_id": "P01", "customer_id": codes, "started_on": STARTED, "arm": name,
        "cost": 400.0 if called else 0.0, "randomised": True,
    })  # fmt: skip
    event = pd.Series([int(i < leavers) for i in range(customers)], dtype="int64")
    ends = pd.Series(FOLLOWED_TO, index=event.index).mask(event == 1, STARTED + pd.Timedelta(days=days))
    spells = pd.DataFrame({
        "customer_id": codes, "at_risk_from": pd.Timestamp("2020-01-01"), "at_risk_to": ends, "event": event,
    })  # fmt: skip
    return rows, spells


def campaign(*arms: tuple[pd.DataFrame, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The campaign and the spells of several arms."""
    return tuple(pd.concat(parts, ignore_index=True) for parts in zip(*arms, strict=True))
