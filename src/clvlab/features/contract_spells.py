"""How long customers stay under contract: contracts that follow one another are one spell."""

from __future__ import annotations

import datetime as dt
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.tables import to_date
from clvlab.periods import days_per, epoch_days, to_periods
from clvlab.refusal import Refused

# A contract that starts within a month of the last one's end carries on from it.
_BREAK_DAYS = days_per("month")
# Stands for the last day of a contract that has none.
_NO_END = pd.Timestamp("2200-01-01")


def contract_spells(contracts: ir.Table, as_of: dt.date, window_start: dt.date) -> pd.DataFrame:
    """Return spells under contract: what renewal survival is estimated from.

    Parameters
    ----------
    contracts
        Accepted contracts, as they were known on ``as_of``.
    as_of
        The last day known.
    window_start
        The records' first day. What ended before it is left out, since who left before is not in the records;
        what began before it enters late.

    Returns
    -------
    DataFrame
        One row per spell, by customer and start: ``customer_id``, ``started_on``, ``ended_on`` (missing while it
        runs), ``entry`` (its age when it came under observation), ``duration`` (its age at its end or at
        ``as_of``), both in months of 365.25/12 days, and ``event`` (1 when it ended).

    Notes
    -----
    A contract past its last agreed day that nobody closed counts as ended on that day, unless another follows;
    one closed as renewed whose successor is not in the records yet counts as running.

    Examples
    --------
    >>> import pandas as pd
    >>> contracts = ibis.memtable(pd.DataFrame({
    ...     "customer_id": ["a", "a"], "starts_on": pd.to_datetime(["2023-01-01", "2024-01-01"]),
    ...     "ends_on": pd.to_datetime(["2023-12-31", "2024-12-31"]),
    ... }))
    >>> contract_spells(contracts, dt.date(2024, 7, 1), dt.date(2023, 1, 1))[["customer_id", "event"]]
      customer_id  event
    0           a      0
    """
    frame = _rows(contracts, as_of).execute()
    frame = frame.sort_values(["customer_id", "starts_on", "ends", "renewed"], ignore_index=True)
    frame["ends"] = frame["ends"].fillna(_NO_END)
    by = frame.groupby("customer_id")
    so_far, carries_on = (
        by["ends"].cummax().groupby(frame["customer_id"]).shift(),
        by["renewed"].shift(fill_value=False),
    )
    # Also true for a customer's first.
    new = ~(carries_on | (frame["starts_on"] - so_far <= pd.Timedelta(days=_BREAK_DAYS)))
    spells = frame.groupby(["customer_id", new.cumsum().rename("spell")]).agg(
        started_on=("starts_on", "min"),
        ended_on=("ends", "max"),
        renewed=("renewed", "last"),
        agreed=("agreed", "last"),
    )
    spells = spells.reset_index().drop(columns="spell")
    today = pd.Timestamp(as_of)
    running = spells["renewed"] | (spells["ended_on"] > today) | (spells["agreed"] & (spells["ended_on"] == today))
    spells["ended_on"] = spells["ended_on"].where(~running)
    spells = spells[~(spells["ended_on"] < pd.Timestamp(window_start))].reset_index(drop=True)
    began, now, first = epoch_days(spells["started_on"]), epoch_days(as_of), epoch_days(window_start)
    until = epoch_days(spells["ended_on"].fillna(pd.Timestamp(as_of)))
    spells["entry"] = to_periods((first - began).clip(min=0), "month")
    spells["duration"] = to_periods(until.clip(max=now) - began, "month")
    spells["event"] = spells["ended_on"].notna().astype(int)
    return spells.drop(columns=["renewed", "agreed"])


def months_at_risk(spells: pd.DataFrame) -> pd.DataFrame:
    """Return how many spells were under contract through each month of their age, and how many ended in it.

    Parameters
    ----------
    spells
        From :func:`contract_spells`.

    Returns
    -------
    DataFrame
        Indexed by month of age 1, 2, ...: ``at_risk``, ``ended``. A spell counts in a month when it was observed
        from the month's beginning to its end, or to the spell's own; months of age without any are 0.
    """
    last = int(spells["duration"].max()) + 1 if len(spells) else 0
    begin = -(-spells["entry"] // 1)
    whole = spells["duration"] // 1
    ended = spells["event"] == 1
    rows = []
    for month in range(1, last + 1):
        entered = begin <= month - 1
        ends = entered & ended & (whole == month - 1)
        rows.append((int((entered & (whole >= month)).sum() + ends.sum()), int(ends.sum())))
    index = pd.RangeIndex(1, last + 1, name="month")
    return pd.DataFrame(rows, columns=["at_risk", "ended"], index=index)


def under_contract(orders: ir.Table, spells: pd.DataFrame, as_of: dt.date, window_start: dt.date) -> pd.DataFrame:
    """Return how often customers ordered under contract, and after it.

    Parameters
    ----------
    orders
        customer_id, date: one row per purchase up to ``as_of``.
    spells
        From :func:`contract_spells`.

    Returns
    -------
    DataFrame
        One row per spell in the order given: ``customer_id``, ``event``, ``age`` (months under contract by
        ``as_of``), and in weeks and days with a purchase: ``weeks``, ``purchases`` (within the records' window
        and the contract), ``weeks_after``, ``purchases_after`` (from its end to ``as_of`` or to the customer's
        next spell).
    """
    bounds = spells.assign(
        spell=range(len(spells)),
        since=spells["started_on"].clip(lower=pd.Timestamp(window_start)),
        until=spells["ended_on"].fillna(pd.Timestamp(as_of)).clip(upper=pd.Timestamp(as_of)),
    )
    following = bounds.groupby("customer_id")["started_on"].shift(-1) - pd.Timedelta(days=1)
    bounds["after_until"] = following.fillna(pd.Timestamp(as_of))
    days = orders.select("customer_id", "date").distinct()
    table: Any = ibis.memtable(bounds[["customer_id", "spell", "since", "until", "after_until"]])
    joined = days.join(table, "customer_id")
    during = joined.date.between(joined.since.date(), joined.until.date())
    after = (joined.date > joined.until.date()) & (joined.date <= joined.after_until.date())
    counted = joined.group_by("spell").agg(purchases=during.sum(), purchases_after=after.sum()).execute()
    found = bounds.set_index("spell").join(counted.set_index("spell")).fillna({"purchases": 0, "purchases_after": 0})
    since, until, after_until = (epoch_days(found[name]) for name in ("since", "until", "after_until"))
    return pd.DataFrame(
        {
            "customer_id": found["customer_id"].to_numpy(),
            "event": found["event"].to_numpy(),
            "age": found["duration"].to_numpy(),
            "weeks": to_periods(until - since + 1, "week"),
            "purchases": found["purchases"].to_numpy(float),
            "weeks_after": to_periods((after_until - until).clip(min=0), "week"),
            "purchases_after": found["purchases_after"].to_numpy(float),
        }
    )


def _rows(contracts: ir.Table, as_of: dt.date) -> ir.Table:
    """Return customer_id, starts_on, ends (the last day it ran, or is to run) and renewed, one row per contract."""
    table = contracts.filter(contracts.starts_on <= ibis.literal(as_of))
    ends, agreed = table.ends_on, ibis.literal(True)
    if "ended_on" in table.columns:
        ends, agreed = table.ended_on.coalesce(table.ends_on), table.ended_on.isnull()
    renewed = ibis.literal(False)
    if {"ended_on", "end_reason"} <= set(table.columns):
        renewed = (table.end_reason.lower() == "renewed").fill_null(False)
    return table.select(
        "customer_id",
        starts_on=table.starts_on.cast("timestamp"),
        ends=ends.cast("timestamp"),
        renewed=renewed,
        agreed=agreed,
    )


def window_start(orders: ir.Table) -> dt.date:
    """Return the records' first day: that of the first purchase.

    Raises
    ------
    Refused
        When there is none.
    """
    first = orders.date.min().execute()
    if pd.isna(first):
        raise Refused("The records hold no shipment that was carried out and no invoice; check refused in shipments.")
    return to_date(first)
