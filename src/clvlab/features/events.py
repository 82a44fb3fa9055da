"""What counts as a purchase, and what it is worth, given whichever tables and columns a provider has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
        customer_id, date, is_order (false for what only changes money: a credit note, a surcharge) and value (absent
        when ``meaning`` is blank, missing where it is not known yet).
    source
        ``"shipments"`` or ``"invoices"``.
    meaning
        What ``value`` is: contribution margin, revenue, amount invoiced; blank when the records hold no
        money.
    """

    table: ir.Table
    source: str
    meaning: str

    def __repr__(self) -> str:
        """Say what they are and how they are valued."""
        valued = f"valued by {self.meaning}" if self.meaning else "without value"  # not shown
        return f"Purchases of all customers: {self.source}, {valued}"  # not shown

    @property
    def value(self) -> str | None:
        """The name of the value column, None without one; as ``transaction_summary`` takes it."""
        return "value" if self.meaning else None

    @property
    def orders(self) -> ir.Table:
        """The rows that are orders: what frequency, activity and silence are counted by."""
        return self.table.filter(self.table.is_order)

    @property
    def negative(self) -> Literal["refund", "purchase"]:
        """What a negative value means: a shipment at a loss is still a purchase, a negative invoice a refund."""
        return "purchase" if self.source == "shipments" else "refund"


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
    columns: dict[str, ir.Value] = {
        "customer_id": shipments.customer_id,
        "date": shipments.booked_at.date(),
        "is_order": ibis.literal(True),
    }
    meaning = ""
    if "revenue" in shipments.columns:
        meaning = MARGIN if "direct_cost" in shipments.columns else REVENUE
        value = shipments.revenue - shipments.direct_cost if meaning == MARGIN else shipments.revenue
        for deduction in ("rebate", "claim_paid"):
            if deduction in shipments.columns:
                value = value - shipments[deduction].fill_null(0)
        columns["value"] = value
    return Purchases(shipments.select(**columns), "shipments", meaning)


def _from_invoices(invoices: ir.Table) -> Purchases:
    if "kind" in invoices.columns:
        invoices = invoices.filter(invoices.kind.isnull() | (invoices.kind != "tax"))
    is_order = (invoices.amount >= 0).fill_null(True)
    if "kind" in invoices.columns:
        is_order = is_order & invoices.kind.isin(["freight"]).fill_null(True)
    date = invoices.issued_on.cast("date")
    table = invoices.select(customer_id=invoices.customer_id, date=date, is_order=is_order, value=invoices.amount)
    return Purchases(table, "invoices", INVOICED)
