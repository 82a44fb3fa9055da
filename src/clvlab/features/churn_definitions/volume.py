"""Churn by a fall in volume."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from clvlab.features.churn_definitions.churn_events import ChurnEvents, dates
from clvlab.features.churn_definitions.gaps import Floats
from clvlab.features.churn_definitions.order_days import NEVER, Ints
from clvlab.features.tables import AnyTable, events_until
from clvlab.periods import days_per, epoch_days, from_epoch_days, period_index, period_start
from clvlab.refusal import Refused

_AVERAGED, _SLOPE_OVER = 3, 6  # months
_LEVEL_OVER, _LEVEL_NEEDS = 12, 3  # months


def volume_fall(orders: AnyTable, as_of: str | dt.date, fall: float = 0.8) -> ChurnEvents:
    """Return whose orders fell far below the customer's own earlier level, and were falling.

    Parameters
    ----------
    orders
        customer_id, date: one row per order.
    as_of
        The last day that counts. The definition speaks at the end of calendar months.
    fall
        Share of the earlier level by which orders must be down, between 0 and 1.

    Returns
    -------
    ChurnEvents
        A customer is called lost at the end of a month when the mean of its last three months' orders is down by
        ``fall`` or more against its level, the mean of the twelve months before those three (three months at least),
        the month's own orders are too, and the last six months' slope (least squares) is negative. The event is dated
        on the last order of the last month of normal volume: more than ``1 - fall`` times the level then. It came
        back on the first order of the first month that reaches ``1 - fall`` times the level it was called from.

        Follow-up is complete to the end of the month three before the last complete one; it has not begun for
        customers in their first six months, who have no earlier level.

    Raises
    ------
    Refused
        When ``fall`` is not between 0 and 1; for missing columns, customers or dates; without an order up to
        ``as_of``.

    Examples
    --------
    >>> days = pd.date_range("2023-01-01", "2023-12-31", freq="3D")
    >>> orders = pd.DataFrame({"customer_id": "a", "date": [*days, pd.Timestamp("2024-02-10")]})
    >>> volume_fall(orders, "2024-06-30").events.astype(str)
      customer_id     last_on   called_on came_back_on
    0           a  2023-12-30  2024-03-31          NaT
    """
    if not 0 < fall < 1:
        raise Refused(f"volume_fall = {fall} must lie between 0 and 1, e.g. 0.8.")
    rows, first_day, until = events_until(orders, "customer_id", "date", as_of)
    day = epoch_days(rows.day)
    by_month = rows.group_by("customer", month=period_index(rows.day, "month")).agg(
        orders=rows.count(), first=day.min(), last=day.max()
    )
    table = by_month.order_by("customer", "month").to_pyarrow().to_pandas()
    begins = period_index(first_day, "month")
    complete = period_index(until + dt.timedelta(days=1), "month") - begins  # months that are over by the as-of date
    customers = pd.Index(table["customer"].unique(), name="customer_id")
    at = customers.get_indexer(table["customer"]), (table["month"] - begins).to_numpy()
    shape = len(customers), int(max(at[1].max() + 1, complete))
    counts = np.zeros(shape)
    counts[at] = table["orders"]
    joined = np.full(len(customers), shape[1])
    np.minimum.at(joined, *at)
    falls = _falls(counts[:, :complete], joined, 1 - fall)
    days = pd.DataFrame({"customer": at[0], "month": at[1], "first": table["first"], "last": table["last"]})
    ends = np.array([epoch_days(period_start(begins + month + 1, "month")) - 1 for month in range(-1, complete)])
    return ChurnEvents(
        _dated(falls, days, ends[1:], customers),
        pd.Series(from_epoch_days(_known_until(days, joined, complete, ends)), customers),
        pd.Series(round(days_per("quarter")), customers),
    )


def _falls(counts: Floats, joined: Ints, share: float) -> pd.DataFrame:
    """Return who fell below ``share`` of its level: customer and months, counted from the first.

    ``normal`` (the last month of normal volume), ``called``, and ``back`` (missing while it is not back).
    """
    customers, months = counts.shape
    total = np.concatenate([np.zeros((customers, 1)), counts.cumsum(axis=1)], axis=1)
    weights = np.arange(_SLOPE_OVER) - (_SLOPE_OVER - 1) / 2
    everyone = np.arange(customers)
    away, least, normal = np.zeros(customers, dtype=bool), np.zeros(customers), joined.copy()
    calls, returns = [], []
    for month in range(months):
        orders = counts[:, month]
        returned = away & (orders >= least)
        away &= ~returned
        until = max(month - _AVERAGED + 1, 0)
        since = np.clip(until - _LEVEL_OVER, joined, None)
        seen = until - since
        judged = (seen >= _LEVEL_NEEDS) & ~away
        level = (total[:, until] - total[everyone, np.minimum(since, until)]) / np.maximum(seen, 1)
        low = judged & (orders <= share * level)
        normal[returned | (~away & ~low & (orders > 0))] = month
        if month >= _SLOPE_OVER - 1:
            average = (total[:, month + 1] - total[:, until]) / _AVERAGED
            slope = counts[:, month - _SLOPE_OVER + 1 : month + 1] @ weights
            falls = low & (average <= share * level) & (slope < 0)
            away[falls], least[falls] = True, share * level[falls]
            who = np.flatnonzero(falls)
            calls.append(pd.DataFrame({"customer": who, "normal": normal[who], "called": month}))
        returns.append(pd.DataFrame({"customer": np.flatnonzero(returned), "back": month}))
    if not calls:
        return pd.DataFrame({"customer": [], "normal": [], "called": [], "back": []}, dtype="int64")
    called, back = pd.concat(calls, ignore_index=True), pd.concat(returns, ignore_index=True)
    for frame in (called, back):  # a customer's n-th return follows its n-th call
        frame["number"] = frame.groupby("customer").cumcount()
    return called.merge(back, on=["customer", "number"], how="left").drop(columns="number")


def _dated(falls: pd.DataFrame, days: pd.DataFrame, ends: Ints, customers: pd.Index) -> pd.DataFrame:
    """Return falls as events with dates."""
    keys = ["customer", "month"]
    last = falls.merge(days, left_on=["customer", "normal"], right_on=keys, how="left")["last"]
    back = falls.merge(days, left_on=["customer", "back"], right_on=keys, how="left")["first"]
    events = pd.DataFrame(
        {
            "customer_id": customers[falls["customer"]],
            "last_on": from_epoch_days(last),
            "called_on": from_epoch_days(ends[falls["called"]]),
            "came_back_on": dates(back.fillna(NEVER).to_numpy("int64")),
        }
    )
    return events.sort_values(["customer_id", "last_on"], ignore_index=True)


def _known_until(days: pd.DataFrame, joined: Ints, complete: int, ends: Ints) -> Ints:
    """Return the last day on which an event would be known, the eve of the first order where there is none."""
    eve = days.groupby("customer")["first"].min().to_numpy() - 1
    return np.where(complete - joined >= _SLOPE_OVER, ends[max(complete - _AVERAGED, 0)], eve)
