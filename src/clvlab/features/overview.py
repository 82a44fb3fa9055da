"""The base at a glance: totals by month, this year against last, and the largest accounts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.concentration import Concentration, concentration
from clvlab.features.customer_file.shared import plural
from clvlab.features.events import Purchases
from clvlab.periods import DAYS_PER_YEAR, days_per, period_index, period_label
from clvlab.results import Note, Result, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_YEAR = dt.timedelta(days=int(DAYS_PER_YEAR))
# A month in which more purchases than this share have no value yet does not count as complete.
MOST_WITHOUT_VALUE = 0.01


class MonthTotals(Result):
    """Purchases, customers and value by calendar month."""

    decimals = 0

    def __init__(self, frame: pd.DataFrame, what: str, unit: str) -> None:
        self._frame = frame
        self.what, self.unit = what, unit
        self.title = f"{what.capitalize()} by month"

    def to_frame(self) -> pd.DataFrame:
        """Return month, complete, purchases, customers and, with money, value and purchases without_value yet."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the measure by month, incomplete months hollow."""
        from clvlab.features.plots import draw_months

        return draw_months(self._frame, self.what, self.unit, ax)


def month_totals(found: Purchases, as_of: dt.date, currency: str) -> MonthTotals:
    """Add up purchases by calendar month.

    Parameters
    ----------
    found
        From :func:`clvlab.features.events.purchases`.
    as_of
        The last day known: its month is complete only when it is the month's last day and nearly all its purchases
        have their value.
    currency
        Unit of the value.

    Returns
    -------
    MonthTotals
        One row per month from the first purchase on, months without any included.
    """
    table = found.table.filter(found.table.date <= ibis.literal(as_of))
    sums = {"value": table.value.sum(), "without_value": table.value.isnull().sum()} if found.value else {}
    frame = (
        table.group_by(number=period_index(table.date, "month"))
        .agg(purchases=table.is_order.sum(), customers=table.customer_id.nunique(where=table.is_order), **sums)
        .order_by("number")
        .execute()
        .set_index("number")
    )
    every = range(int(frame.index[0]), int(period_index(as_of, "month")) + 1)
    frame = frame.reindex(every, fill_value=0).fillna(0)
    complete = np.ones(len(frame), dtype=bool)
    complete[0] = pd.Timestamp(table.date.min().execute()).day == 1
    complete[-1] &= (as_of + dt.timedelta(days=1)).day == 1
    if found.value:
        complete &= (frame["without_value"] <= MOST_WITHOUT_VALUE * frame["purchases"]).to_numpy()
    frame.insert(0, "month", [period_label(number, "month") for number in frame.index])
    frame.insert(1, "complete", complete)
    what, unit = (found.meaning, currency) if found.value else (found.source, found.source)
    return MonthTotals(frame.reset_index(drop=True), what, unit)


def not_yet_valued(found: Purchases) -> Note:
    """Return how many purchases have no value yet and are left out of every sum of money."""
    if not found.value:
        return Note(f"The records hold no money: {found.source} are counted instead.")
    missing = int(found.table.value.isnull().sum().execute())
    if not missing:
        return Note(f"Every one of the {found.source} has its {found.meaning}.")
    return Note(f"{missing:,} {found.source} have no {found.meaning} yet (not costed or priced); sums leave them out.")


def year_on_year(found: Purchases, as_of: dt.date) -> Table:
    """Compare the last 365 days with the 365 before them.

    Returns
    -------
    Table
        One row per measure (customers, purchases and, with money, value): last_year, year_before, change (a
        share; missing when the records do not reach back a whole second year).
    """
    last = found.table.date > ibis.literal(as_of - _YEAR)
    before = ~last & (found.table.date > ibis.literal(as_of - 2 * _YEAR))
    rows = []
    reaches_back = _reaches_back(found, as_of)
    for name in ("customers", "purchases", *(["value"] if found.value else [])):
        this_year, previous = (_total(found.table.filter(part), name) for part in (last, before))
        change = this_year / previous - 1 if reaches_back and previous > 0 else None
        rows.append((name, this_year, previous if reaches_back else None, change))
    frame = pd.DataFrame(rows, columns=["measure", "last_year", "year_before", "change"])
    frame = frame.astype({"year_before": "float64", "change": "float64"})
    return Table(frame, "The last 365 days against the 365 before", decimals=0, percent=("change",))


def _reaches_back(found: Purchases, as_of: dt.date) -> bool:
    """Return whether the records hold a whole second year (within a month), so that years can be compared."""
    first = pd.Timestamp(found.table.date.min().execute()).date()
    return bool(first <= as_of - 2 * _YEAR + dt.timedelta(days=round(days_per("month"))))


def _total(table: ir.Table, name: str) -> float:
    if name == "customers":
        return float(table.customer_id.nunique(where=table.is_order).execute())
    total = table.is_order.sum() if name == "purchases" else table.value.sum()
    return float(total.fill_null(0).execute())


def largest_customers(found: Purchases, customers: ir.Table, as_of: dt.date, most: int = 10) -> pd.DataFrame:
    """Return the largest accounts of the last 365 days, by value where there is money, else by purchases.

    Returns
    -------
    DataFrame
        customer_id, name (where known), purchases, value (where known), share (of the whole base's measure),
        change (of that measure on the year before,
        missing where there was none or the records do not reach back that far), days_silent.
    """
    measure = "value" if found.value else "purchases"
    since = ibis.literal(as_of - _YEAR)
    this_year = _by_customer(found.table.filter(found.table.date > since))
    table = found.table
    earlier = _by_customer(table.filter((table.date <= since) & (table.date > ibis.literal(as_of - 2 * _YEAR))))
    frame = this_year.execute().sort_values([measure, "customer_id"], ascending=[False, True])
    frame["share"] = frame[measure] / frame[measure].sum()
    frame = frame.head(most).merge(
        earlier.select("customer_id", before=earlier[measure]).execute(), how="left", on="customer_id"
    )
    frame["change"] = frame[measure] / frame["before"].where(frame["before"] > 0) - 1
    if not _reaches_back(found, as_of):
        frame["change"] = float("nan")
    frame["days_silent"] = (pd.Timestamp(as_of) - pd.to_datetime(frame["last"])).dt.days
    if "name" in customers.columns:
        frame = frame.merge(customers.select("customer_id", "name").execute(), how="left", on="customer_id")
        frame.insert(1, "name", frame.pop("name"))
    return frame.drop(columns=["before", "last"])


def _by_customer(table: ir.Table) -> ir.Table:
    sums = {"value": table.value.sum()} if "value" in table.columns else {}
    return table.group_by("customer_id").agg(
        purchases=table.is_order.sum(), **sums, last=table.date.max(where=table.is_order)
    )


def concentration_of(found: Purchases, as_of: dt.date, share: float, seed: int) -> Concentration:
    """Return how concentrated the last 365 days are: by money where it is known, else by purchases.

    Customers without a known value are left out, and so are those below zero, since no share of a sum means
    anything with them in it; the name says how many these are.
    """
    table = found.table.filter(found.table.date > ibis.literal(as_of - _YEAR))
    by_customer = _by_customer(table).execute().set_index("customer_id").sort_index()
    if not found.value:
        return concentration(by_customer["purchases"], share=share, what=found.source, seed=seed)
    known = by_customer["value"].dropna()
    left_out = int((known < 0).sum())
    what = found.meaning + (f" (without {plural(left_out, 'customers')} below zero)" if left_out else "")
    return concentration(known[known >= 0], share=share, what=what, seed=seed)


def of_last_year(table: ir.Table, date: str, as_of: dt.date) -> ir.Table:
    """Return the rows of the last 365 days by a date or time column."""
    return table.filter(table[date].cast("date") > ibis.literal(as_of - _YEAR))
