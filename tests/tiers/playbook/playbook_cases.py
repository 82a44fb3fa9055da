"""A few accounts as the playbook takes them."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd

AS_OF = dt.date(2025, 12, 31)


def accounts(**columns: list) -> pd.DataFrame:
    """Accounts c1, c2, ... with the given columns."""
    frame = pd.DataFrame(columns)
    frame.index = pd.Index([f"c{i + 1}" for i in range(len(frame))], name="customer_id")
    return frame


def account(**changed: object) -> dict[str, object]:
    """One account that earns, with nothing to win, to fix or to let go."""
    row: dict[str, object] = {
        "tier": "regular", "quadrant": "high history, low potential", "revenue": 100_000.0, "contribution": 20_000.0,
        "cost_to_serve": 8_000.0,
    }  # fmt: skip
    for name, low, mid, high in (
        ("recurring_profit", 9_000.0, 12_000.0, 15_000.0), ("value", 20_000.0, 30_000.0, 40_000.0),
        ("could_be_won", 0.0, 0.0, 0.0), ("leave_probability", 0.05, 0.1, 0.2),
    ):  # fmt: skip
        row |= {name: mid, f"{name}_lower": low, f"{name}_upper": high}
    return row | changed


def loses(least: float, loss: float, most: float) -> dict[str, float]:
    return {"recurring_profit": -loss, "recurring_profit_lower": -most, "recurring_profit_upper": -least}


def could_win(least: float, mid: float, most: float) -> dict[str, float]:
    return {"could_be_won": mid, "could_be_won_lower": least, "could_be_won_upper": most}


def base(**rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows).T.infer_objects().rename_axis("customer_id")


def contacts(*rows: tuple[str, str, int]) -> ibis.Table:
    """So many contacts of a kind with a customer, spread over 2025, each at 400 for a visit and 50 for a call."""
    cost = {"visit": 400.0, "call": 50.0, "enquiry": 20.0}
    frames = [
        pd.DataFrame({
            "customer_id": who, "kind": kind, "cost": cost[kind], "initiated_by": "provider",
            "contacted_at": pd.date_range("2025-01-01 09:00", "2025-12-30 09:00", periods=number).round("s"),
        })
        for who, kind, number in rows if number
    ]  # fmt: skip
    return ibis.memtable(pd.concat(frames, ignore_index=True).astype({"contacted_at": "datetime64[us]"}))
