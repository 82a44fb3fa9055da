"""What several questions about the customer file need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.events import Purchases
from clvlab.features.tables import AnyTable, as_table
from clvlab.periods import to_days

Tables = Mapping[str, ir.Table]

NO_MANAGER = "no manager"
MOST_ROWS, MOST_BARS = 12, 20
DIGITS = 6  # clears sums of the engine's summing order, so that a shown .5 rounds alike everywhere


def present(customers: AnyTable, *names: str) -> pd.DataFrame:
    """Return customer_id and those of the named columns that there are, one row per customer."""
    columns = ["customer_id", *(name for name in names if name in customers.columns)]
    return as_table(customers, columns).to_pandas()


def last_year(purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Return per customer the purchases, and their value where known, of the 12 months up to ``as_of``."""
    since = as_of - dt.timedelta(days=int(to_days(12, "month")))
    table = purchases.table
    table = table.filter((table.date > ibis.literal(since)) & (table.date <= ibis.literal(as_of)))
    number = table.is_order.sum()
    sums = {"value": table.value.sum().fill_null(0.0)} if purchases.value else {}
    found = table.group_by("customer_id").agg(purchases=number, **sums).to_pandas()
    return found.round(DIGITS).astype({"purchases": "int64"})


def more_rows(frame: pd.DataFrame) -> list[str]:
    """Say how many rows a table leaves unshown."""
    return [f"And {len(frame) - MOST_ROWS:,} more."] if len(frame) > MOST_ROWS else []


def plural(count: int, what: str) -> str:
    return f"{count:,} {what}" if count != 1 else f"1 {what.removesuffix('s')}"


def managers_of(customers: AnyTable) -> pd.Series:
    """Return each customer's manager by customer_id, with a name for none."""
    named = present(customers, "account_manager").set_index("customer_id").account_manager
    return named.where(named.notna() & (named.astype("string").str.strip() != ""), NO_MANAGER)
