"""How one account's rows are read from tables of all customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

Tables = Mapping[str, ir.Table]


def one_line(text: object) -> str:
    """Return a text of the records on one line; blank when it is missing.

    Examples
    --------
    >>> one_line(" two\\nlines "), one_line(None)
    ('two lines', '')
    """
    return "" if text is None or pd.isna(text) else " ".join(str(text).split())


def facts_of(frame: pd.DataFrame, customer_id: str) -> dict[str, Any]:
    """Return what is known of an account in a frame by customer_id: nothing for one who is not in it.

    Examples
    --------
    >>> facts_of(pd.DataFrame({"region": ["south", None]}, index=["a", "b"]), "b")
    {}
    """
    return frame.loc[customer_id].dropna().to_dict() if customer_id in frame.index else {}


def rows_of(tables: Tables, name: str, customer_id: str) -> pd.DataFrame:
    """Return an account's rows of a table in the order of their source; none of a table that is not there.

    Examples
    --------
    >>> rows_of({}, "complaints", "a").empty
    True
    """
    if name not in tables:
        return pd.DataFrame()
    rows = tables[name].filter(tables[name].customer_id == ibis.literal(customer_id))
    frame = rows.order_by([n for n in ("source_file", "source_row") if n in rows.columns] or rows.columns).execute()
    for column in frame.columns:
        if rows[column].type().is_date():
            frame[column] = pd.to_datetime(frame[column])
    return frame


def running_contract(contracts: pd.DataFrame, as_of: dt.date) -> pd.Series | None:
    """Return an account's contract that runs on a day, the one that ends last of several; None without one.

    Examples
    --------
    >>> contracts = pd.DataFrame({"contract_id": ["a", "b"], "ends_on": pd.to_datetime(["2025-06-30", "2026-06-30"])})
    >>> running_contract(contracts, dt.date(2025, 12, 31))["contract_id"]
    'b'
    """
    if contracts.empty:
        return None
    today = pd.Timestamp(as_of)
    ended = contracts.get("ended_on", pd.Series(pd.NaT, contracts.index))
    running = contracts[(contracts["ends_on"] >= today) & ~(ended <= today)]
    return None if running.empty else running.sort_values("ends_on").iloc[-1]
