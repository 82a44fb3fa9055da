"""What was known of customers at a date in the past, and what they did after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from clvlab.periods import Period, to_periods
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from clvlab.features.tables import AnyTable
    from clvlab.records.records import Records

# Customers and days with a purchase, each once; and the histories of customers who entered late, where records tell.
_AsKnown: TypeAlias = "tuple[ir.Table, pd.DataFrame | None]"


@dataclass(frozen=True)
class Source:
    """Where purchases come from, as they were known at a date and as they are known now.

    Attributes
    ----------
    at
        Gives, of a date and a period, the purchases known then and the histories with ``entry``, if there are any.
    final
        customer and day of all purchases known now, each day once.
    first, last
        The first day with a purchase and the last day known.
    customer
        What customers are called in results.
    """

    at: Callable[[dt.date, Period], _AsKnown]
    final: ir.Table
    first: dt.date
    last: dt.date
    customer: str


@dataclass(frozen=True)
class Known:
    """One origin: what forecasts may use, and what they are scored by.

    Attributes
    ----------
    origin
        The last day known.
    summary
        frequency, recency, T of every customer known, purchases of one day merged.
    late
        The same with ``entry`` for customers known before the records begin; None where records do not tell.
    last_stretch
        Days with a purchase within the last ``stretch`` periods, per customer.
    actual
        The same within ``horizon`` periods after the origin.
    """

    origin: dt.date
    summary: pd.DataFrame
    late: pd.DataFrame | None
    last_stretch: pd.Series
    stretch: float
    actual: pd.Series
    horizon: float


def known_at(source: Source, origin: dt.date, days: int, period: Period) -> Known:
    """Return what was known at ``origin`` and what came within ``days`` after it."""
    from clvlab.features.transactions import transaction_summary

    rows, late = source.at(origin, period)
    summary = transaction_summary(rows, customer="customer", date="day", as_of=origin, period=period, merge="day")
    summary = summary.rename_axis(source.customer)
    stretch = min(days, (origin - source.first).days + 1)
    return Known(
        origin=origin,
        summary=summary,
        late=None if late is None else late.reindex(summary.index),
        last_stretch=_days_bought(rows, origin - dt.timedelta(days=stretch), origin, summary.index),
        stretch=to_periods(stretch, period),
        actual=_days_bought(source.final, origin, origin + dt.timedelta(days=days), summary.index),
        horizon=to_periods(days, period),
    )


def source_of_table(table: AnyTable, customer: str, date: str, value: str | None) -> Source:
    """Return a table's purchases: what it says of a day is taken to have been known that day.

    A row with a negative ``value`` is a refund, and no purchase.
    """
    from clvlab.features.tables import events_until

    rows, first, last = events_until(table, customer, date, None, value)
    if value:
        rows = rows.filter(rows.value.isnull() | (rows.value >= 0))
    held = _held(rows)
    return Source(lambda origin, period: (held, None), held, first, last, customer)


def source_of_records(records: Records) -> Source:
    """Return the purchases that records show: at a date, those and the customers that were known then."""
    from clvlab.features.events import purchases
    from clvlab.features.histories import purchase_histories
    from clvlab.features.tables import to_date

    now = purchases(records.at(records.last_date).tables)
    final = _held(now.orders.select(customer="customer_id", day="date"))

    def at(origin: dt.date, period: Period) -> _AsKnown:
        known = records.at(origin)
        then = purchases(known.tables)
        if then.source != now.source:
            raise Refused(
                f"On {origin} only {then.source} were known and later there are {now.source}, and the two count "
                f"differently; give origins from the first of the {now.source} on."
            )
        orders = _held(then.orders.select(customer="customer_id", day="date"))
        # Without money: a credit note is no purchase, and moves no history.
        bare = replace(then, table=orders.select(customer_id="customer", date="day"), meaning="")
        return orders, purchase_histories(bare, known.tables.get("customers"), origin, period)

    first = final.day.min().to_pyarrow().as_py()
    if first is None:
        raise Refused(f"The {now.source} hold no order, so there is nothing to forecast; check their kinds.")
    return Source(at, final, to_date(first), records.last_date, "customer_id")


def _held(rows: ir.Table) -> ir.Table:
    """Return each customer's days with a purchase, held in memory: every origin asks for them several times."""
    import ibis

    return ibis.memtable(rows.select("customer", "day").distinct().to_pyarrow())


def _days_bought(rows: ir.Table, after: dt.date, until: dt.date, customers: pd.Index) -> pd.Series:
    """Return on how many days after one date, up to another, each customer bought."""
    import ibis

    window = rows.filter((rows.day > ibis.literal(after)) & (rows.day <= ibis.literal(until)))
    found = window.group_by("customer").agg(days=window.count()).to_pyarrow().to_pandas()
    return found.set_index("customer")["days"].reindex(customers).fillna(0.0).astype(float)
