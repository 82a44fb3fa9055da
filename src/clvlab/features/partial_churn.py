"""Partial churn: a service or a lane that a customer gave up while the account goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.churn_definitions import ChurnEvents, rhythm
from clvlab.features.events import Purchases, purchases
from clvlab.periods import DAYS_PER_YEAR, parse_date
from clvlab.refusal import Refused
from clvlab.results import Table

_YEAR = pd.Timedelta(days=round(DAYS_PER_YEAR))
# What was used on fewer days than this was tried, not given up.
_LEAST_DAYS = 3


def partial_churn(
    shipments: ir.Table,
    as_of: str | dt.date,
    churn: ChurnEvents,
    by: Sequence[str] = ("service",),
    false_alarms_per_year: float = 0.05,
) -> Table:
    """Return what customers who go on have stopped using.

    Parameters
    ----------
    shipments
        Accepted shipments with customer_id, booked_at and the columns of ``by``.
    as_of
        The last day that counts.
    churn
        Whom of the accounts is called lost, of the same ``as_of``: they stopped altogether.
    by
        What may stop on its own: ``("service",)``, or ``("origin", "destination")`` for a lane.
    false_alarms_per_year
        How often what goes on may be called stopped, per year; as of
        :func:`~clvlab.features.churn_definitions.rhythm`.

    Returns
    -------
    Table
        One row per customer and service (lane) that fell silent beyond its own rhythm while the customer, who is not
        called lost, has ordered something else since; the most orders lost first: ``customer_id``, the columns of
        ``by``, ``last_on`` and ``called_on``; over the year to ``last_on`` ``orders``, ``orders_share`` (of the
        account's) and, where shipments have values, ``value`` and ``value_share`` (missing unless the account's value
        was above 0); and ``account_last_on``.

    Raises
    ------
    Refused
        For missing columns, no shipment that names what was used, and nothing used on two days.

    Notes
    -----
    Each customer's use of a service (lane) has its own rhythm, shrunk towards that of the service (lane) where 20
    customers use it, else of all. What was used on fewer than three days is left out, as are shipments that do not
    name the service (lane).

    Examples
    --------
    >>> road = pd.date_range("2024-01-01", "2024-12-30", freq="7D")
    >>> air = road[road < "2024-07-01"]
    >>> shipments = pd.DataFrame({"customer_id": "a", "booked_at": [*road, *air]})
    >>> shipments["service"] = ["road"] * len(road) + ["air"] * len(air)
    >>> table = ibis.memtable(shipments)
    >>> account = rhythm(shipments.rename(columns={"booked_at": "date"}), "2024-12-31").churn_events
    >>> partial_churn(table, "2024-12-31", account).to_frame()[["customer_id", "service", "last_on", "orders_share"]]
      customer_id service    last_on  orders_share
    0           a     air 2024-06-24           0.5
    """
    names = list(by)
    if lacking := [name for name in names if name not in shipments.columns]:
        raise Refused(f"Needs {' and '.join(lacking)} in shipments.")
    named = shipments.filter(*(shipments[name].notnull() for name in names))
    uses = named.select("customer_id", *names).distinct().order_by("customer_id", *names).to_pyarrow().to_pandas()
    if uses.empty:
        raise Refused(f"No shipment names its {' and '.join(names)}; fill the column in, or leave partial churn out.")
    uses["use"] = np.arange(len(uses))
    # Orders of each use, as if it were a customer.
    used = named.join(ibis.memtable(uses), ["customer_id", *names])
    bought = purchases({"shipments": used.mutate(customer_id=used.use)})
    stopped = _stopped(bought.orders, parse_date(as_of), uses.set_index("use"), false_alarms_per_year, churn)
    frame = stopped.join(_before(bought, stopped, uses)).sort_values(["orders", "use"], ascending=[False, True])
    columns = ["customer_id", *names, "last_on", "called_on", *_measures(bought), "account_last_on"]
    what = "lane" if len(names) > 1 else names[0]
    shares = tuple(name for name in columns if name.endswith("_share"))
    return Table(
        frame[columns].reset_index(drop=True), f"Accounts that gave up a {what} and go on", percent=shares, fold=False
    )


def _stopped(
    orders: ir.Table, as_of: dt.date, uses: pd.DataFrame, false_alarms_per_year: float, churn: ChurnEvents
) -> pd.DataFrame:
    """Return what is called stopped, of accounts that are not and have ordered something else since."""
    kind = uses.groupby([name for name in uses if name != "customer_id"]).ngroup()
    found = rhythm(orders, as_of, false_alarms_per_year, kind)
    events = found.churn_events.events
    stopped = events[events["came_back_on"].isna()].rename(columns={"customer_id": "use"}).set_index("use")
    stopped = stopped.drop(columns="came_back_on").join(uses)
    days = found.customers
    account_last_on = days["last_on"].groupby(uses["customer_id"].reindex(days.index)).max()
    stopped["account_last_on"] = stopped["customer_id"].map(account_last_on)
    lost = churn.events.loc[churn.events["came_back_on"].isna(), "customer_id"]
    goes_on = (stopped["account_last_on"] > stopped["last_on"]) & ~stopped["customer_id"].isin(lost)
    return stopped[goes_on & (days["order_days"].reindex(stopped.index) >= _LEAST_DAYS)]


def _before(bought: Purchases, stopped: pd.DataFrame, uses: pd.DataFrame) -> pd.DataFrame:
    """Return what each stopped use was to its account in the year to its last order: by use."""
    ends = stopped.reset_index()[["use", "customer_id", "last_on"]].assign(since=lambda frame: frame["last_on"] - _YEAR)
    table = bought.table.rename(row_use="customer_id")
    table = table.join(ibis.memtable(uses[["use", "customer_id"]].rename(columns={"use": "row_use"})), "row_use")
    ends_table: Any = ibis.memtable(ends)
    rows = table.join(ends_table, "customer_id")
    rows = rows.filter(rows.date > rows.since.date(), rows.date <= rows.last_on.date())
    own = rows.row_use == rows.use
    counted = {"orders": own.sum(), "of_orders": rows.count()}
    if bought.value:
        counted |= {"value": rows.value.sum(where=own), "of_value": rows.value.sum()}
    found = rows.group_by("use").agg(**counted).to_pyarrow().to_pandas().set_index("use")
    for name in ("orders", "value")[: 1 + bool(bought.value)]:
        whole = found[f"of_{name}"]
        found[f"{name}_share"] = (found[name] / whole).where(whole > 0)
    return found[_measures(bought)]


def _measures(bought: Purchases) -> list[str]:
    return ["orders", "orders_share", *(["value", "value_share"] if bought.value else [])]
