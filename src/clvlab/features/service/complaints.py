"""Complaints: how fast they are answered and settled, which large customers repeat them, and what one costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.by_customer import by_customer
from clvlab.features.kpis import with_labels
from clvlab.features.service.asked import Asked, Tables
from clvlab.features.waiting_times import ACCOUNT, Waiting, WaitingTimes, counted_waits, waiting_times
from clvlab.features.winnable import YEAR_DAYS, sales
from clvlab.periods import Period, parse_date
from clvlab.refusal import Refused
from clvlab.results import Table
from clvlab.shrinkage import pool_counts

SETTLED_WITHIN_DAYS = 7
SETTLED = Waiting("complaints", "settled", "days", SETTLED_WITHIN_DAYS)
ANSWERED = Waiting("complaints", "answered for the first time", "hours", 24, "not answered")
REPEATED = 2


def complaint_times(
    tables: Tables,
    as_of: str | dt.date,
    until: Literal["resolved_at", "first_response_at"] = "resolved_at",
    by: str | Sequence[str] | None = None,
    period: Period | None = None,
    groups: pd.Series | None = None,
    days: int | None = None,
) -> WaitingTimes:
    """Say how fast complaints are settled, or first answered; open ones count as open, not as if they were not there.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``: complaints.
    as_of
        The last day known: a complaint open at its end has waited until then.
    until
        ``"resolved_at"``, in days, against 7 days; or ``"first_response_at"``, in hours, against 24 hours.
    by, period, groups, days
        As in `clvlab.features.service.service_kpis`; a complaint belongs to the day it was opened.

    Returns
    -------
    WaitingTimes
        [groups...], complaints, still_open (not_answered), median, p90 and the share in time, with 90% intervals.

    Raises
    ------
    Refused
        When there is no complaint, or a column is missing.

    Notes
    -----
    What is known only once a complaint is settled, such as the responsible party, is missing of those open: they make a
    group of their own, and the others look faster than they are. A remark says how many it concerns.

    Examples
    --------
    >>> opened = dt.datetime(2025, 12, 1)
    >>> complaints = ibis.memtable({
    ...     "customer_id": ["a", "a", "b"], "opened_at": [opened] * 3,
    ...     "resolved_at": [dt.datetime(2025, 12, 4), dt.datetime(2025, 12, 13), None],
    ... })
    >>> complaint_times({"complaints": complaints}, "2025-12-31").to_frame()[["complaints", "still_open", "median"]]
       complaints  still_open  median
    0           3           1    12.0
    """
    asked = Asked(parse_date(as_of), days, (by,) if isinstance(by, str) else tuple(by or ()), period, groups)
    rows = asked.rows(complaints_with(tables, [until, *asked.columns]), "opened_at")
    waits, remarks = counted_waits(rows, [ACCOUNT, *asked.keys], "opened_at", until, asked.as_of)
    if waits.empty:
        raise Refused(f"There is no complaint{asked.when}.")
    for name in asked.by:
        unnamed = int(waits.n[waits[name].isna() & ~waits.done].sum())
        if unnamed:
            remarks.append(f"{unnamed:,} open complaints have no {name.replace('_', ' ')} yet; they stand apart.")
    return waiting_times(
        with_labels(waits, period), asked.keys, SETTLED if until == "resolved_at" else ANSWERED, remarks
    )


def repeat_complainers(tables: Tables, as_of: str | dt.date, top_share: float = 0.2) -> Table:
    """Say which large customers complained again and again in the last 365 days.

    Parameters
    ----------
    tables
        Accepted tables by name: complaints, and shipments or invoices.
    as_of
        The last day known.
    top_share
        Share of customers that counts as large, by revenue of the last 365 days (by orders where there is none).

    Returns
    -------
    Table
        One row per large customer with two complaints or more: customer_id, name (if known), revenue, orders,
        complaints, still_open, per_100_orders (drawn towards that of all customers, with its 90% interval) and
        beyond_size: the interval lies above the rate of all. Most complaints first.

    Raises
    ------
    Refused
        When there is no complaint, or nobody ordered in that time.

    Notes
    -----
    Who orders much complains much. Rates are pooled over all customers with orders by `clvlab.shrinkage.pool_counts`.

    Examples
    --------
    >>> days = [dt.date(2025, 6, 1)] * 3
    >>> invoices = ibis.memtable({"customer_id": ["a", "a", "b"], "issued_on": days, "amount": [9.0, 9.0, 1.0]})
    >>> complaints = ibis.memtable({"customer_id": ["a", "a", "b"], "opened_at": days})
    >>> found = repeat_complainers({"invoices": invoices, "complaints": complaints}, "2025-12-31", top_share=0.5)
    >>> found.to_frame()[["customer_id", "orders", "complaints"]]
      customer_id  orders  complaints
    0           a       2           2
    """
    asked = Asked(parse_date(as_of), YEAR_DAYS)
    sold, table = asked.rows(sales(tables, asked.as_of), "date"), complaints_with(tables, [])
    complaints = asked.rows(table, "opened_at").group_by("customer_id").agg(complaints=ibis._.count())
    totals = {"orders": ibis._.count()} | ({"revenue": ibis._.revenue.sum()} if "revenue" in sold.columns else {})
    accounts = by_customer(sold.group_by("customer_id").agg(**totals))
    if accounts.empty:
        raise Refused(f"Nobody ordered{asked.when}, so that there are no large customers.")
    counted = by_customer(complaints)["complaints"] if complaints.count().execute() else pd.Series(dtype=float)
    accounts["complaints"] = counted.reindex(accounts.index).fillna(0).astype(int)
    if not accounts.complaints.sum():
        raise Refused(f"No customer with orders complained{asked.when}.")
    pooled = pool_counts(accounts.complaints, accounts.orders / 100)
    accounts["per_100_orders"] = pooled.estimate
    accounts["per_100_orders_lower"], accounts["per_100_orders_upper"] = pooled.lower, pooled.upper
    accounts["beyond_size"] = pooled.lower > 100 * accounts.complaints.sum() / accounts.orders.sum()
    size = "revenue" if "revenue" in accounts else "orders"
    large = accounts.nlargest(max(1, round(top_share * len(accounts))), size)
    repeated = large[large.complaints >= REPEATED].sort_values(["complaints", size], ascending=False)
    title = (
        f"{len(repeated):,} of {len(large):,} large customers (the top {top_share:.0%} by {size}) complained twice or"
        f" more in {YEAR_DAYS} days, {int(repeated.beyond_size.sum()):,} of them more than their orders explain"
    )
    return Table(_described(repeated, tables).reset_index(), title, decimals=1)


def complaint_costs(
    tables: Tables,
    as_of: str | dt.date,
    unit_costs: Mapping[str, float],
    currency: str,
    by: str | Sequence[str] | None = None,
    days: int | None = None,
) -> Table:
    """Say what a complaint costs: handling it, and the claims paid on its shipment.

    Parameters
    ----------
    tables
        Accepted tables by name: complaints, and shipments with claim_paid as far as known.
    as_of, by, days
        As in `complaint_times`.
    unit_costs
        With ``"complaint"``: what handling one costs.
    currency
        Of all money.

    Returns
    -------
    Table
        [by...], complaints, handling, claims (both in all, as far as known), cost_each; the dearest in all first. The
        title says what is left out.

    Raises
    ------
    Refused
        When there is no complaint, or neither a unit cost nor a claim paid is known.

    Notes
    -----
    A claim paid on a shipment with several complaints is shared equally between them. Settling the claim
    (``unit_costs["claim"]``) and the custom that a complaint loses are not in it.

    Examples
    --------
    >>> complaints = ibis.memtable({
    ...     "customer_id": ["a", "b"], "opened_at": [dt.date(2025, 6, 1)] * 2, "shipment_id": ["S1", None],
    ... })
    >>> shipments = ibis.memtable({"shipment_id": ["S1"], "claim_paid": [100.0]})
    >>> tables = {"complaints": complaints, "shipments": shipments}
    >>> complaint_costs(tables, "2025-12-31", {"complaint": 300.0}, "CNY").to_frame()
       complaints  handling  claims  cost_each
    0           2     600.0   100.0      350.0
    """
    asked = Asked(parse_date(as_of), days, (by,) if isinstance(by, str) else tuple(by or ()))
    table = complaints_with(tables, asked.columns)
    shipments, handling = tables.get("shipments"), unit_costs.get("complaint")
    tied = "shipment_id" in table.columns and shipments is not None
    claims = tied and {"shipment_id", "claim_paid"} <= set(shipments.columns)  # type: ignore[union-attr]
    if handling is None and not claims:
        raise Refused(
            "Needs unit_costs.complaint in clvlab.toml, or shipment_id in complaints and claim_paid in shipments."
        )
    missing = [] if handling is not None else ["handling is not costed (needs unit_costs.complaint)"]
    missing += [] if claims else ["claims are not known (needs shipment_id in complaints, claim_paid in shipments)"]
    rows = asked.rows(_with_claims(table, shipments) if claims else table.mutate(claim=0.0), "opened_at")
    sums = {"complaints": rows.count(), "claims": rows.claim.sum()}
    frame = (rows.group_by(asked.keys).agg(**sums) if asked.keys else rows.agg(**sums)).to_pyarrow().to_pandas()
    number = int(frame.complaints.sum())
    if not number:
        raise Refused(f"There is no complaint{asked.when}.")
    frame.insert(len(asked.keys) + 1, "handling", frame.complaints * float(handling or 0.0))
    frame["cost_each"] = (frame.handling + frame.claims) / frame.complaints
    frame = frame.loc[(frame.handling + frame.claims).sort_values(ascending=False, kind="stable").index]
    spent, paid = float(frame.handling.sum()), float(frame.claims.sum())
    parts = [] if handling is None else [f"{spent / number:,.0f} to handle"]
    parts += [f"{paid / number:,.0f} in claims"] if claims else []
    title = (
        f"A complaint costs {(spent + paid) / number:,.0f} {currency}: {' and '.join(parts)};"
        f" {number:,} cost {spent + paid:,.0f} {currency}"
    )
    unknown = [name for name, known in (("handling", handling is not None), ("claims", claims)) if not known]
    shown = frame.drop(columns=unknown).reset_index(drop=True)
    return Table(shown, "; ".join([title, *missing]), decimals=0)


def complaints_with(tables: Tables, columns: Sequence[str]) -> ir.Table:
    """Return complaints that have these columns.

    Raises
    ------
    Refused
        When the table or a column is missing.
    """
    if "complaints" not in tables:
        raise Refused("Complaints need the table complaints.")
    lacking = [name for name in columns if name not in tables["complaints"].columns]
    if lacking:
        raise Refused(f"What is asked of complaints needs {' and '.join(lacking)} in the table complaints.")
    return tables["complaints"]


def _described(accounts: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return accounts with their names and how many of their complaints are open."""
    complaints, customers = tables["complaints"], tables.get("customers")
    if "resolved_at" in complaints.columns:
        still_open = complaints.filter(complaints.resolved_at.isnull()).group_by("customer_id").agg(n=ibis._.count())
        found = still_open.to_pandas().set_index("customer_id").n
        accounts.insert(
            accounts.columns.get_loc("complaints") + 1, "still_open", found.reindex(accounts.index).fillna(0)
        )
        accounts["still_open"] = accounts.still_open.astype(int)
    if customers is not None and "name" in customers.columns:
        named = customers.filter(customers.customer_id.isin(accounts.index.tolist())) if len(accounts) else customers
        accounts.insert(0, "name", named.select("customer_id", "name").to_pandas().set_index("customer_id").name)
    return accounts


def _with_claims(complaints: ir.Table, shipments: ir.Table) -> ir.Table:
    """Return complaints with each one's part of the claim paid on its shipment."""
    paid = shipments.filter(shipments.claim_paid > 0).select("shipment_id", "claim_paid")
    joined = complaints.left_join(paid, "shipment_id").drop("shipment_id_right")
    of_shipment = joined.count().over(ibis.window(group_by=joined.shipment_id))
    return joined.mutate(claim=joined.claim_paid.fill_null(0.0) / of_shipment)
