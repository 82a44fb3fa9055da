"""Which services customers use: the share of value-added ones, and how many each uses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Result, Table

BASIC, VALUE_ADDED = "basic", "value-added"
NOT_SAID = "not recorded"


class ServiceMix(Result):
    """What services customers use.

    Attributes
    ----------
    frame
        One row per customer with a shipment, indexed by customer_id: orders, services (how many different ones), basic
        and value_added (orders of each category), value_added_share of orders whose category is recorded; with
        revenue also value_added_revenue_share. What the records do not tell is absent.
    services
        One row per service and category: service, category, customers, share_of_customers, orders, share_of_orders
        and, with revenue, revenue and share_of_revenue.
    """

    decimals = 0
    percent = ("share_of_customers", "share_of_orders", "share_of_revenue")
    fold = False

    def __init__(self, frame: pd.DataFrame, services: pd.DataFrame) -> None:
        self.frame, self.services = frame, services
        self.title = f"Services used by {len(frame):,} customers"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per service, the most used first."""
        return self.services

    def categories(self) -> Table:
        """Return one row per category: category, orders, share_of_orders and, with revenue, revenue and its share."""
        sums = self.services.groupby("category", sort=False)[self._summed()].sum().reset_index()
        for name in self._summed():
            sums[f"share_of_{name}"] = sums[name] / sums[name].sum()
        return Table(sums, "Basic and value-added services", 0, self.percent, fold=False)

    def _summed(self) -> list[str]:
        return [name for name in ("orders", "revenue") if name in self.services.columns]


def service_mix(tables: Mapping[str, ir.Table], as_of: dt.date, since: dt.date | None = None) -> ServiceMix:
    """Count which services each customer and all together used.

    Parameters
    ----------
    tables
        Accepted tables by name.
    as_of
        The last day that counts.
    since
        The first day that counts; all there is when None.

    Returns
    -------
    ServiceMix
        Shipments refused by us are left out. An order without a recorded service or category is an order all the same;
        its category is "not recorded", and it is in neither part of the share of value-added services.

    Raises
    ------
    Refused
        When shipments, or both service and service_category in them, are absent, or nothing was shipped in the time.

    Examples
    --------
    >>> shipments = ibis.memtable(pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "booked_at": pd.to_datetime(["2025-01-02"] * 3),
    ...     "service": ["road", "customs", "road"], "service_category": ["basic", "value-added", "basic"],
    ... }))
    >>> service_mix({"shipments": shipments}, dt.date(2025, 12, 31)).frame["value_added_share"].to_dict()
    {'a': 0.5, 'b': 0.0}
    """
    shipments = tables.get("shipments")
    wanted = ("service", "service_category")
    if shipments is None or not any(name in shipments.columns for name in wanted):
        raise Refused("The service mix needs shipments with service or service_category.")
    rows = _rows(shipments, as_of, since)
    frame = _by_customer(rows).order_by("customer_id").to_pyarrow().to_pandas().set_index("customer_id")
    if frame.empty:
        raise Refused(f"Nothing was shipped up to {as_of} in the time asked for; give a longer one.")
    if "basic" in frame.columns:
        _add_share(frame, "value_added_share", frame["basic"], frame["value_added"])
    if "value_added_revenue" in frame.columns:
        added, basic = frame.pop("value_added_revenue"), frame.pop("basic_revenue")
        _add_share(frame, "value_added_revenue_share", basic, added)
    return ServiceMix(frame, _by_service(rows, len(frame)))


def _rows(shipments: ir.Table, as_of: dt.date, since: dt.date | None) -> ir.Table:
    """Return shipments carried out in the time: customer_id and those of service, category and revenue there are."""
    if "refused" in shipments.columns:
        shipments = shipments.filter(~shipments.refused.fill_null(False))
    day = shipments.booked_at.cast("date")
    shipments = shipments.filter(day <= ibis.literal(as_of))
    if since is not None:
        shipments = shipments.filter(shipments.booked_at.cast("date") >= ibis.literal(since))
    names = {"service": "service", "category": "service_category", "revenue": "revenue"}
    return shipments.select("customer_id", **{
        ours: shipments[theirs] for ours, theirs in names.items() if theirs in shipments.columns
    })  # fmt: skip


def _by_customer(rows: ir.Table) -> ir.Table:
    """Add up by customer and service first, then by customer: counting different services at once takes far longer."""
    sums: dict[str, ir.Value] = {"orders": rows.count()}
    if "category" in rows.columns:
        for name, category in (("basic", BASIC), ("value_added", VALUE_ADDED)):
            of_category = (rows.category == category).fill_null(False)
            sums[name] = of_category.sum()
            if "revenue" in rows.columns:
                sums[f"{name}_revenue"] = rows.revenue.sum(where=of_category).fill_null(0.0)
    keys = [name for name in ("customer_id", "service") if name in rows.columns]
    used = rows.group_by(keys).agg(**sums)
    different = {"services": used.service.count()} if "service" in used.columns else {}
    return used.group_by("customer_id").agg(**different, **{name: used[name].sum() for name in sums})


def _add_share(frame: pd.DataFrame, name: str, basic: pd.Series, added: pd.Series) -> None:
    both = basic + added
    frame[name] = added / both.where(both > 0)


def _by_service(rows: ir.Table, customers: int) -> pd.DataFrame:
    keys = [name for name in ("service", "category") if name in rows.columns]
    rows = rows.mutate(**{name: rows[name].fill_null(NOT_SAID) for name in keys})
    money = {"revenue": rows.revenue.sum().fill_null(0.0)} if "revenue" in rows.columns else {}
    found = rows.group_by(keys).agg(customers=rows.customer_id.nunique(), orders=rows.count(), **money).to_pandas()
    for name in ("service", "category"):
        if name not in found.columns:
            found[name] = NOT_SAID
    found = found.sort_values(["orders", "service", "category"], ascending=[False, True, True], ignore_index=True)
    columns = {name: found[name] for name in ("service", "category", "customers")}
    columns |= {"share_of_customers": found["customers"] / customers}
    for name in ("orders", *money):
        columns |= {name: found[name], f"share_of_{name}": found[name] / found[name].sum()}
    return pd.DataFrame(columns)
