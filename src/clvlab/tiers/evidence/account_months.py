"""Account by account and month by month: whether it had got an entitlement, what it ordered, and whether it left."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from clvlab.features.panel.months import rows_at_risk
from clvlab.features.tables import AnyTable, as_table
from clvlab.periods import MONTHS_PER_YEAR, period_index
from clvlab.refusal import Refused

_KEYS = ["customer_id", "month"]
# Orders of fewer months say too little of an account's size.
_FEWEST_MONTHS = 6


def first_month_with(contacts: AnyTable, kind: str = "visit", at_least: int = 1) -> pd.Series:
    """Return the first day of the first month in which each account had so many contacts of a kind.

    Parameters
    ----------
    contacts
        customer_id, contacted_at, kind.
    kind
        Of the contacts: visit, call, ...
    at_least
        How many make a month count.

    Returns
    -------
    Series
        Dates by customer_id, of accounts that had such a month.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-05", "2025-03-01", "2025-03-20"])
    >>> visits = pd.DataFrame({"customer_id": "a", "contacted_at": days, "kind": "visit"})
    >>> first_month_with(visits, at_least=2).to_dict()
    {'a': Timestamp('2025-03-01 00:00:00')}
    """
    table = as_table(contacts, ["customer_id", "contacted_at", "kind"])
    table = table.filter(table.kind == kind)
    by = table.group_by("customer_id", month=table.contacted_at.truncate("M").cast("date")).agg(number=table.count())
    by = by.filter(by.number >= at_least)
    found = by.group_by("customer_id").agg(got_on=by.month.min()).order_by("customer_id").to_pandas()
    return pd.to_datetime(found.set_index("customer_id")["got_on"])


def account_months(spells: pd.DataFrame, sold: AnyTable, got_on: pd.Series, as_of: dt.date) -> pd.DataFrame:
    """Return the frame that :func:`clvlab.tiers.evidence.entitlement_effect.entitlement_effect` takes.

    Parameters
    ----------
    spells
        When accounts could leave, and when they did (``study.churn.spells``).
    sold
        customer_id, date, and where it is known ``value``: one row per order.
    got_on
        The day on which each account got the entitlement, by customer_id; accounts that never did may be absent.
    as_of
        The last day known. The last month is the last whole one.

    Returns
    -------
    DataFrame
        One row per account and month, from the account's first month at risk to the last of all: customer_id, month,
        got, at_risk, event, orders, value (where ``sold`` has it), orders_last_year (of the 12 months before the month
        opened, as far as the records go; missing in their first 6), tenure_months (when it opened; missing where it was
        not at risk), and tie, where the spells have it.

    Raises
    ------
    Refused
        When nobody was at risk for a whole month.
    """
    last = int(period_index(as_of + dt.timedelta(days=1), "month")) - 1
    at_risk = rows_at_risk(spells)
    at_risk = at_risk[at_risk["month"] <= last].assign(at_risk=lambda rows: rows["duration"] - rows["entry"])
    if at_risk.empty:
        raise Refused(f"No account was at risk in a whole month by {as_of}; give longer records.")
    by = at_risk.groupby(["customer_id", "month"])
    first = at_risk.groupby("customer_id")["month"].min()
    months = _each_month(first, last)
    months = months.join(by.agg(at_risk=("at_risk", "sum"), event=("event", "max"), tenure_months=("entry", "max")))
    sums = _sums(sold)
    months = months.join(sums).fillna(dict.fromkeys(["at_risk", "event", *sums.columns], 0.0))
    months["orders_last_year"] = _year_before(months["orders"])
    months = months.reset_index()
    months.loc[months["month"] < first.min() + _FEWEST_MONTHS, "orders_last_year"] = np.nan
    got_on = pd.to_datetime(got_on.dropna())
    got = pd.Series(period_index(got_on, "month"), index=got_on.index)
    months["got"] = (months["month"] >= months["customer_id"].map(got)).astype("int64")
    if "tie" in spells.columns:
        months["tie"] = months["customer_id"].map(spells.drop_duplicates("customer_id").set_index("customer_id")["tie"])
    return months


def _each_month(first: pd.Series, last: int) -> pd.DataFrame:
    """Return an index of every account and month, from its first to the last of all."""
    number = (last - first + 1).to_numpy()
    month = (
        np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number) + np.repeat(first.to_numpy(), number)
    )
    return pd.DataFrame(index=pd.MultiIndex.from_arrays([np.repeat(first.index, number), month], names=_KEYS))


def _sums(sold: AnyTable) -> pd.DataFrame:
    """Return orders, and value where it is there, by account and month."""
    table = as_table(sold, ["customer_id", "date", *(["value"] if "value" in sold.columns else [])])
    sums = {"value": table.value.sum()} if "value" in table.columns else {}
    by = table.group_by("customer_id", month=period_index(table.date, "month")).agg(orders=table.count(), **sums)
    return by.to_pandas().astype(dict.fromkeys(["orders", *sums], "float64")).set_index(_KEYS)


def _year_before(orders: pd.Series) -> pd.Series:
    """Return the orders of the 12 months before each month, by account and month."""
    so_far = orders.groupby(level="customer_id").cumsum().groupby(level="customer_id")
    return so_far.shift(1, fill_value=0.0) - so_far.shift(MONTHS_PER_YEAR + 1, fill_value=0.0)
