"""Whether those who stay buy more than a year before: the same customers, two years side by side."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.events import Purchases
from clvlab.features.tables import to_date
from clvlab.refusal import Refused

_YEAR = 365
_QUARTER = 91


def stayers(purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Return what customers who were there through both of the last two years bought in each.

    Parameters
    ----------
    purchases
        As :func:`clvlab.features.events.purchases` gives them.
    as_of
        The last day that counts.

    Returns
    -------
    DataFrame
        Indexed by customer: ``purchases_before`` and ``purchases`` (days with an order in the year before last and
        in the last one), and with money ``value_before`` and ``value``.

    Raises
    ------
    Refused
        When the records do not hold the two years before ``as_of``.

    Notes
    -----
    There through both years means an order within the first quarter and within the last: who left or came between
    says nothing about growth. Both conditions lift what is counted alike, the first in one year and the second in
    the other.
    """
    table = purchases.table
    start = as_of - dt.timedelta(days=2 * _YEAR)
    first = to_date(purchases.orders.date.min().execute())
    if first > start + dt.timedelta(days=1):
        raise Refused(f"Growth is seen over two whole years, and the records begin on {first}.")
    middle = as_of - dt.timedelta(days=_YEAR)
    recent = table.filter((table.date > ibis.literal(start)) & (table.date <= ibis.literal(as_of)))
    last_year = recent.date > ibis.literal(middle)
    early = recent.date <= ibis.literal(start + dt.timedelta(days=_QUARTER))
    late = recent.date > ibis.literal(as_of - dt.timedelta(days=_QUARTER))
    days = recent.date.nunique
    sums = {}
    if purchases.value:
        sums = {"value_before": recent.value.sum(where=~last_year), "value": recent.value.sum(where=last_year)}
    found: ir.Table = recent.group_by("customer_id").agg(
        purchases_before=days(where=recent.is_order & ~last_year),
        purchases=days(where=recent.is_order & last_year),
        began=(early & recent.is_order).any(),
        ended=(late & recent.is_order).any(),
        **sums,
    )
    there = found.filter(found.began & found.ended).drop("began", "ended").order_by("customer_id")
    return there.execute().set_index("customer_id")
