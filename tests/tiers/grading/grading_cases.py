"""Small tables for what grading measures, with a year that ends on the last day of 2025."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.features.ledger import Ledger
from clvlab.tiers.grading.fifteen import scorecard_indicators
from clvlab.tiers.grading.indicator import Indicators
from clvlab.tiers.grading.last_year import LastYear

AS_OF = dt.date(2025, 12, 31)
Tables = dict[str, ibis.Table]


def table(**columns: list) -> ibis.Table:
    """A table whose blanks are NULL, as the engine has them."""
    return ibis.memtable(pd.DataFrame(columns).convert_dtypes())


def shipped(customer: str, days: pd.DatetimeIndex | list[str], **columns: object) -> pd.DataFrame:
    """Shipments of one customer, one on each day."""
    return pd.DataFrame({"customer_id": customer, "booked_at": pd.to_datetime(days)}).assign(**columns)


def every(days: int, until: str = "2025-12-31", since: str = "2023-01-01") -> pd.DatetimeIndex:
    """One day in so many, the last one ``until``."""
    return pd.date_range(
        end=until, periods=1 + (pd.Timestamp(until) - pd.Timestamp(since)).days // days, freq=f"{days}D"
    )


def market(*shipments: pd.DataFrame, **customers: list) -> Tables:
    """Tables of these shipments, and of a customer file that knows all their customers since 2020."""
    rows = pd.concat(shipments, ignore_index=True)
    codes = sorted(set(rows["customer_id"]))
    file = {"customer_id": codes, "onboarded_on": [dt.date(2020, 1, 1)] * len(codes)} | customers
    return {"shipments": ibis.memtable(rows), "customers": table(**file)}


def measure(tables: Tables, as_of: dt.date = AS_OF, **unit_costs: float) -> Indicators:
    return scorecard_indicators(LastYear(Ledger(tables, as_of), Assumptions(currency="CNY", unit_costs=unit_costs)))
