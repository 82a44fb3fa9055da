"""What counts as a purchase, and what it is worth, given whichever tables and columns a provider has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from clvlab.refusal import Refused

MARGIN, REVENUE, INVOICED = "contribution margin", "revenue", "amount invoiced"


@dataclass(frozen=True)
class Purchases:
    """Purchases of all customers, one row each, and what their value means.

    Parameters
    ----------
    table
        customer_id, date, value (the value column is absent when ``meaning`` is blank).
    source
        ``"shipments"`` or ``"invoices"``.
    meaning
        What ``value`` is: contribution margin, revenue, amount invoiced; blank when the records hold no
        money.
    """

    table: ir.Table
    source: str
    meaning: str

    @property
    def value(self) -> str | None:
        """The name of the value column, None without one; as ``transaction_summary`` takes it."""
        return "value" if self.meaning else None


def purchases(tables: Mapping[str, ir.Table]) -> Purchases:
    """Return the purchases that records show: shipments when there are any, else invoices.

    A shipment refused by the provider is no purchase. Its value is the contribution margin, revenue less
    rebate, direct cost and claims, when direct cost is known; revenue less rebate and claims when it is not;
    and none at all without revenue. A shipment without a revenue of its own has no value (missing). An
    invoice counts without tax; credit notes are negative values.

    Parameters
    ----------
    tables
        Accepted tables by name.

    Raises
    ------
    Refused
        When there are neither shipments nor invoices.

    Examples
    --------
    >>> import ibis
    >>> invoices = ibis.memtable({"customer_id": ["a"], "issued_on": ["2025-01-02"], "amount": [5.0]})
    >>> purchases({"invoices": invoices}).meaning
    'amount invoiced'
    """
    if "shipments" in tables:
        return _from_shipments(tables["shipments"])
    if "invoices" in tables:
        return _from_invoices(tables["invoices"])
    raise Refused("There are neither shipments nor invoices; give one of them.")


def _from_shipments(shipments: ir.Table) -> Purchases:
    if "refused" in shipments.columns:
        shipments = shipments.filter(~shipments.refused.fill_null(False))
    columns: dict[str, ir.Value] = {"customer_id": shipments.customer_id, "date": shipments.booked_at.date()}
    meaning = ""
    if "revenue" in shipments.columns:
        meaning = MARGIN if "direct_cost" in shipments.columns else REVENUE
        value = shipments.revenue
        for cost in ("rebate", "direct_cost", "claim_paid"):
            if cost in shipments.columns:
                value = value - shipments[cost].fill_null(0)
        columns["value"] = value
    return Purchases(shipments.select(**columns), "shipments", meaning)


def _from_invoices(invoices: ir.Table) -> Purchases:
    if "kind" in invoices.columns:
        invoices = invoices.filter(invoices.kind.isnull() | (invoices.kind != "tax"))
    date = invoices.issued_on.cast("date")
    table = invoices.select(customer_id=invoices.customer_id, date=date, value=invoices.amount)
    return Purchases(table, "invoices", INVOICED)


def value_by_customer(found: Purchases, since: ibis.expr.types.DateScalar | None = None) -> ir.Table:
    """Return per customer the number of purchases, the first and last date, and the total value where known.

    Parameters
    ----------
    found
        From :func:`purchases`.
    since
        Count only purchases on or after this date.
    """
    table = found.table if since is None else found.table.filter(found.table.date >= since)
    sums = {"value": table.value.sum()} if found.value else {}
    return table.group_by("customer_id").agg(
        purchases=table.count(), first=table.date.min(), last=table.date.max(), **sums
    )
