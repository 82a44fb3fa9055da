"""Churn by the end of a contract without renewal."""

from __future__ import annotations

import datetime as dt

import ibis.expr.types as ir
import pandas as pd

from clvlab.features.churn_definitions.churn_events import EVENT_COLUMNS, ChurnEvents
from clvlab.features.churn_definitions.order_days import order_days
from clvlab.features.contract_spells import contract_spells
from clvlab.features.tables import AnyTable
from clvlab.periods import from_epoch_days, parse_date, period_start


def contract_ends(contracts: ir.Table, orders: AnyTable, as_of: str | dt.date) -> ChurnEvents:
    """Return whose contract ended without another.

    Parameters
    ----------
    contracts
        Accepted contracts, as they were known on ``as_of``.
    orders
        customer_id, date: one row per order.
    as_of
        The last day that counts.

    Returns
    -------
    ChurnEvents
        Of customers who ever were under contract: an event is dated on the contract's last day and called the day
        after. The customer is back with the next order, which may be the day after too (it went on without a
        contract), or the next contract. A contract that follows within a month is a renewal.

    Raises
    ------
    Refused
        For missing columns, customers or dates; without an order up to ``as_of``.

    Examples
    --------
    >>> import ibis
    >>> contracts = ibis.memtable(pd.DataFrame({
    ...     "customer_id": ["a"], "starts_on": [dt.date(2023, 1, 1)], "ends_on": [dt.date(2023, 12, 31)],
    ... }))
    >>> orders = pd.DataFrame({"customer_id": ["a", "a"], "date": ["2023-05-01", "2024-02-01"]})
    >>> contract_ends(contracts, orders, "2024-06-30").events.astype(str)
      customer_id     last_on   called_on came_back_on
    0           a  2023-12-31  2024-01-01   2024-02-01
    """
    days, until = order_days(orders, as_of), parse_date(as_of)
    spells = contract_spells(contracts, until, period_start(days.day.min(), "day"))
    spells["next_contract"] = spells.groupby("customer_id")["started_on"].shift(-1)
    ended = spells[spells["event"] == 1].rename(columns={"ended_on": "last_on"}).sort_values("last_on")
    ordered = pd.DataFrame(
        {"customer_id": days.customers[days.customer], "came_back_on": from_epoch_days(days.day)}
    ).sort_values("came_back_on")
    events = pd.merge_asof(
        ended.astype({"last_on": ordered["came_back_on"].dtype}),
        ordered,
        left_on="last_on",
        right_on="came_back_on",
        by="customer_id",
        direction="forward",
        allow_exact_matches=False,
    )
    events["came_back_on"] = events[["came_back_on", "next_contract"]].min(axis=1)
    events["called_on"] = events["last_on"] + pd.Timedelta(days=1)
    customers = pd.Index(spells["customer_id"].unique(), name="customer_id")
    return ChurnEvents(
        events.sort_values(["customer_id", "last_on"], ignore_index=True)[EVENT_COLUMNS],
        pd.Series(pd.Timestamp(until), customers),
        pd.Series(1, customers),
    )
