"""What each customer adds up to: orders, weight, money and services over a period, and how often it orders."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from clvlab.cores import on_all_cores
from clvlab.features.ledger import DIGITS, Ledger
from clvlab.features.rows import Rows, as_one
from clvlab.features.winnable import YEAR_DAYS
from clvlab.periods import DAYS_PER_YEAR, epoch_days, from_epoch_days
from clvlab.refusal import Refused

# What is told as a mean of orders, and the column of orders that it is the mean of.
_MEANS = {"distance_km": "distance_km", "value_added_share": "value_added"}


def customer_totals(ledger: Ledger, days: int | None = None) -> pd.DataFrame:
    """Return what each customer adds up to over all records or the last days: what classes are cut from.

    Parameters
    ----------
    ledger
        The records up to a day.
    days
        How many days up to the last one the sums cover (365 for the last year); all records when None.

    Returns
    -------
    DataFrame
        One row per customer on file, indexed by customer_id, sorted; a customer without orders in the period has
        sums of 0. Columns are absent where the records lack what they need.

        - of the period: ``orders`` (shipments that were not refused; without shipments, invoices of freight),
          ``revenue`` (less rebate, or the amount invoiced without tax),
          ``margin`` (revenue less direct cost and claims, of what is costed), ``weight`` (kg), ``distance_km`` (mean of
          an order), ``services`` (how many were used), ``main_service_share`` (of orders that name their service),
          ``value_added_share`` (of orders that name their category). Sums leave out orders whose number is not known,
          and are missing where that is so of all a customer's orders; means and shares are missing without an order;
        - of all records: ``first_on`` and ``last_on`` (order days), ``years_of_business`` (from the day of onboarding
          or the first order, whichever is earlier, to the last day; missing without either).

        ``attrs["unknown"]`` counts orders of the period without a known revenue, margin, weight, ... by column.

    Raises
    ------
    Refused
        When ``days`` is not above 0, or there are neither shipments nor invoices.

    Examples
    --------
    >>> import ibis
    >>> customers = ibis.memtable({"customer_id": ["a", "b"]})
    >>> shipments = ibis.memtable({
    ...     "customer_id": ["a", "a"], "booked_at": pd.to_datetime(["2024-01-01", "2025-12-31"]),
    ...     "weight": [700.0, 300.0],
    ... })
    >>> ledger = Ledger({"customers": customers, "shipments": shipments}, dt.date(2025, 12, 31))
    >>> customer_totals(ledger, days=365)[["orders", "weight"]]  # doctest: +NORMALIZE_WHITESPACE
                 orders  weight
    customer_id
    a                 1   300.0
    b                 0     0.0
    """
    if days is not None and not days > 0:
        raise Refused(f"days = {days} is no period; give the number of days up to {ledger.as_of}, such as 365.")
    orders, money = _of_period(ledger, days)
    count = orders.count()
    columns, none = {"orders": count.astype("int64")}, count == 0
    summed = {
        name: rows for name, rows in {"revenue": money, "margin": money, "weight": orders}.items() if name in rows
    }
    sums = on_all_cores(lambda name: _sum(summed[name], name, none), summed, len(orders))
    columns |= {name: total for name, (total, _) in zip(summed, sums, strict=True)}
    unknown = {name: missing for name, (_, missing) in zip(summed, sums, strict=True) if missing}
    means = {name: column for name, column in _MEANS.items() if column in orders}
    columns |= zip(means, on_all_cores(lambda name: _mean(orders, means[name]), means, len(orders)), strict=True)
    if "service" in orders:
        columns["services"], columns["main_service_share"] = _services(orders, none)
    columns |= {"first_on": dates_of(ledger.first_order), "last_on": dates_of(ledger.orders.last("day"))}
    columns["years_of_business"] = (epoch_days(ledger.as_of) - ledger.began) / DAYS_PER_YEAR
    frame = pd.DataFrame(columns, copy=False)
    frame.attrs["unknown"] = unknown
    return frame


def _of_period(ledger: Ledger, days: int | None) -> tuple[Rows, Rows]:
    """Return the orders of the last days, and what was sold in them."""
    if days is None:
        return ledger.orders, ledger.sales
    if days == YEAR_DAYS:
        return ledger.orders_of_year, ledger.sold_of_year
    since = epoch_days(ledger.as_of - dt.timedelta(days=days))
    orders = ledger.orders.where(ledger.orders["day"] > since)
    return orders, orders if ledger.sales is ledger.orders else ledger.sales.where(ledger.sales["day"] > since)


def _sum(rows: Rows, name: str, none: pd.Series) -> tuple[pd.Series, int]:
    """Return a column's sum by customer, missing where nothing of it is known, and how many rows lack it."""
    known = ~np.isnan(rows[name])
    total = rows.total(rows[name]).round(DIGITS)
    return total.where(none | (rows.count(known) > 0)), int(len(known) - known.sum())


def _mean(rows: Rows, name: str) -> pd.Series:
    known = rows.count(~np.isnan(rows[name]))
    return rows.total(rows[name]) / known.where(known > 0)


def _services(orders: Rows, none: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return how many services each customer used, missing where no order names any, and the share of the main one."""
    named = orders.where(~np.isnan(orders["service"]))
    width = len(orders.words["service"]) + 1
    numbers, times = np.unique(as_one(named.place, named["service"], width), return_counts=True)
    used = Rows(orders.customers, (numbers // width).astype("int64"), {"times": -times.astype("float64")})
    count = named.count()
    return used.count().where(none | (count > 0)), -used.first("times") / count


def dates_of(days: pd.Series) -> pd.Series:
    """Return days since 1970 as dates, missing where they are."""
    return pd.Series(from_epoch_days(days.fillna(0.0)), days.index).where(days.notna())


def order_gaps(ledger: Ledger) -> pd.DataFrame:
    """Return how often each customer orders by its own order days, and for how long it has been silent.

    Parameters
    ----------
    ledger
        The records up to a day.

    Returns
    -------
    DataFrame
        Indexed by customer_id, sorted, for everyone in the customer file: ``order_days`` (0 without an order),
        ``usual_gap_days`` (median of the days from one order day to the next; missing with fewer than two order days)
        and ``silent_days`` (since the last; missing without any).

    Notes
    -----
    :func:`clvlab.features.churn_definitions.rhythm.rhythm` gives the same columns by a model, with days on which the
    market stood still left out and short histories leaning on similar customers.

    Examples
    --------
    >>> import ibis
    >>> days = pd.to_datetime(["2025-01-01", "2025-01-08", "2025-01-08", "2025-01-15", "2025-02-14"])
    >>> shipments = ibis.memtable({"customer_id": "a", "booked_at": days})
    >>> order_gaps(Ledger({"shipments": shipments}, dt.date(2025, 2, 28)))  # doctest: +NORMALIZE_WHITESPACE
                 order_days  usual_gap_days  silent_days
    customer_id
    a                     4             7.0         14.0
    """
    days = ledger.order_days
    number = days.count().astype("int64")
    same = days.place[1:] == days.place[:-1]
    gap = np.diff(days["day"])[same]
    columns = {
        "order_days": number,
        "usual_gap_days": _medians(days.place[1:][same], gap, np.maximum(number.to_numpy() - 1, 0)),
        "silent_days": epoch_days(ledger.as_of) - days.last("day"),
    }
    return pd.DataFrame(columns, days.customers, copy=False)


def _medians(place: np.ndarray, whole: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Return the median of so many whole numbers each, which stand at places in order; missing of none."""
    width = int(whole.max(initial=0)) + 1
    pairs = np.sort(as_one(place, whole, width), kind="stable")  # which is made for what is nearly in order
    there = number > 0
    start, several = (number.cumsum() - number)[there], number[there]
    low, high = (pairs[start + middle] % width for middle in ((several - 1) // 2, several // 2))
    found = np.full(len(number), np.nan)
    found[there] = (low + high) / 2
    return found
