"""A few accounts as the watch list takes them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

AS_OF = dt.date(2025, 12, 31)


def risk(*rows: tuple[str, float, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "probability", "lower", "upper", "already_gone"])


def worth(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "margin", "lower", "upper"])


def drivers(*rows: tuple[str, str, float, float, float, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "covariate", "now", "own_past", "contribution", "cause"])
    return frame.assign(label=frame["covariate"] + ", %", unit="point")


NO_DRIVERS = drivers()


def silence(*customers: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": list(customers),
            "silent_days": 41,
            "usual_gap_days": 9.2,
            "silence_percentile": 0.982,
            "next_order_expected_on": pd.Timestamp("2026-01-05"),
        }
    )


def named(*customers: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": list(customers), "name": [f"{c} Ltd" for c in customers], "account_manager": "Chen Wei"}
    )


def many(n: int, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Inputs of ``n`` accounts, none of which stands apart."""
    rng = np.random.default_rng(seed)
    codes = [f"C{i:05d}" for i in range(n)]
    chance, margin = rng.beta(1.5, 9, n), rng.lognormal(10, 1.2, n)
    rows = zip(codes, chance, chance * 0.7, np.minimum(1.4 * chance, 1), rng.uniform(0, 0.4, n), strict=True)
    causes = {"late deliveries": "service", "price rise": "price", "days without contact": "neglect"}
    moved = [
        (code, name, now, past, (now - past) / 20, cause)
        for code in codes
        for name, cause in causes.items()
        for now, past in [rng.uniform(0, 30, 2)]
    ]
    return {
        "risk": risk(*rows),
        "worth": worth(*zip(codes, margin, margin * 0.5, margin * 1.6, strict=True)),
        "drivers": drivers(*moved),
        "silence": silence(*codes),
        "customers": named(*codes),
    }
