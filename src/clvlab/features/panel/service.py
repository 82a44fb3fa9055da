"""How well a customer's orders were carried out, as it had become known: failures by KPI, and waiting at the depot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np

from clvlab.features.panel.covariates import Covariate, Family, Tables
from clvlab.features.panel.grid import Grid
from clvlab.features.panel.windows import Floats, against_own, last, usual

MEMORY = 6  # months of service a customer remembers
# The provider's usual rate weighs as much as so many of a customer's own orders.
PRIOR_ORDERS = 4.0
_SECONDS_PER_HOUR = 3600
PERCENT = 100


def felt(counted: Floats, failed: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what a customer feels of the last six months' failures, in percentage points.

    Returns
    -------
    tuple of arrays of shape (customers, months)
        The mean share above the provider's usual share so far; the worst month above the mean (never negative); the
        most recent month against the mean. Every share is drawn towards the usual one by four orders.
    """
    common = usual(failed, counted)

    def share(length: int, skip: int) -> Floats:
        return (last(failed, length, skip) + PRIOR_ORDERS * common) / (last(counted, length, skip) + PRIOR_ORDERS)

    mean = share(MEMORY, 0)
    months = [share(1, back) for back in range(MEMORY)]
    worst = np.max(months, axis=0)
    return PERCENT * (mean - common), PERCENT * np.maximum(worst - mean, 0), PERCENT * (months[0] - mean)


def _flag(table: ir.Table, name: str) -> Any:
    """Return a flag, false where it is blank or the column absent."""
    return table[name].cast("boolean").fill_null(False) if name in table.columns else ibis.literal(False)


def _first(one: Any, other: Any) -> Any:
    """Return the earlier of two moments, the filled one where the other is blank."""
    return ibis.least(one.coalesce(other), other.coalesce(one))


def _in_time(done: str, due: str) -> Callable[[ir.Table], tuple[Any, Any]]:
    """Return the rule: in time is known when done, late when the due time has passed."""

    def rule(table: ir.Table) -> tuple[Any, Any]:
        known = _first(table[done], table[due])
        turned_down = _flag(table, "refused")
        return ibis.ifelse(table[due].isnull() | turned_down, None, known), ~(table[done] <= table[due]).fill_null(
            False
        )

    return rule


def _damaged(table: ir.Table) -> tuple[Any, Any]:
    """Damage is known on delivery."""
    known = ibis.ifelse(table.damaged_pieces.isnull(), None, table.delivered_at)
    return known, (table.damaged_pieces > 0).fill_null(False)


def _not_carried_out(table: ir.Table) -> tuple[Any, Any]:
    """Turned down is known at once; not completed once delivered or due."""
    turned_down = _flag(table, "refused")
    ended = ibis.coalesce(*(table[name] for name in _ends(table)), table.booked_at)
    known = ibis.ifelse(turned_down, table.booked_at, ibis.ifelse(table.completed.isnull(), None, ended))
    return known, turned_down | ~table.completed.cast("boolean").fill_null(True)


def _any_failure(table: ir.Table) -> tuple[Any, Any]:
    """Return when an order's first failure, or its success, was known; and whether it failed."""
    turned_down = _flag(table, "refused")
    late = ~(table.delivered_at <= table.delivery_due_at).fill_null(False) & table.delivery_due_at.notnull()
    failed = turned_down | late
    if "damaged_pieces" in table.columns:
        failed = failed | (table.damaged_pieces > 0).fill_null(False)
    if "completed" in table.columns:
        failed = failed | ~table.completed.cast("boolean").fill_null(True)
    return ibis.ifelse(turned_down, table.booked_at, _first(table.delivered_at, table.delivery_due_at)), failed


def _ends(table: ir.Table) -> list[str]:
    """Return the columns that tell when an order was over, in order of preference."""
    return [name for name in ("delivered_at", "delivery_due_at") if name in table.columns]


def _failures(name: str, label: str, columns: tuple[str, ...], rule: Callable[[ir.Table], tuple[Any, Any]]) -> Family:
    """Return the three covariates of one KPI."""

    def values(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
        shipments = tables["shipments"]
        known, failed = rule(shipments)
        tallies = grid.tally(shipments, known, counted=ibis.literal(1), failed=failed.cast("int64"))
        return felt(tallies["counted"], tallies["failed"])

    return Family(_felt_covariates(name, label), {"shipments": columns}, values, detail=rule is not _any_failure)


def _felt_covariates(name: str, label: str) -> tuple[Covariate, ...]:
    point = f"percentage point of {label}"
    return (
        Covariate(f"{name}_mean", f"{label} of 6 months, points above usual", point, "service", True),
        Covariate(
            f"{name}_worst", f"{label}, worst month, points over mean", f"{point} in the worst month", "service", True
        ),
        Covariate(
            f"{name}_recent", f"{label}, last month, points over mean", f"{point} in the last month", "service", True
        ),
    )


def _counted_elsewhere(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return what is felt of the KPIs that are counted, not shown by shipments."""
    counts = tables["kpi_counts"]
    tallies = grid.tally(counts, counts.date, counted=counts.opportunities, failed=counts.failures)
    return felt(tallies["counted"], tallies["failed"])


def _dwell(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return hours from arrival at the depot to delivery against the customer's own before, known on delivery."""
    shipments = tables["shipments"]
    waited = shipments.filter(shipments.delivered_at >= shipments.arrived_at)
    hours = waited.delivered_at.delta(waited.arrived_at, unit="second") / _SECONDS_PER_HOUR  # not shown
    tallies = grid.tally(waited, waited.delivered_at, hours=hours, counted=ibis.literal(1))
    return (against_own(tallies["hours"], tallies["counted"], 3, 9, PRIOR_ORDERS),)


ALL_FAILURES = _failures("failures", "failed orders", ("delivered_at", "delivery_due_at"), _any_failure)
FAMILIES: tuple[Family, ...] = (
    ALL_FAILURES,
    _failures(
        "late_delivery", "late deliveries", ("delivered_at", "delivery_due_at"),
        _in_time("delivered_at", "delivery_due_at"),
    ),
    _failures("damaged", "damaged orders", ("delivered_at", "damaged_pieces"), _damaged),
    _failures("not_carried_out", "orders turned down or not completed", ("completed",), _not_carried_out),
    _failures(
        "late_dispatch", "late dispatches", ("dispatched_at", "dispatch_due_at"),
        _in_time("dispatched_at", "dispatch_due_at"),
    ),
    _failures(
        "pod_late", "late proofs of delivery", ("pod_returned_at", "pod_due_at"),
        _in_time("pod_returned_at", "pod_due_at"),
    ),
    Family(
        _felt_covariates("counted_failures", "failures counted in kpi_counts"),
        {"kpi_counts": ("date", "opportunities", "failures")},
        _counted_elsewhere,
        detail=True,
    ),
    Family(
        (Covariate("dwell_change", "change of hours at the depot", "hour longer at the depot", "service", True),),
        {"shipments": ("arrived_at", "delivered_at")},
        _dwell,
    ),
)  # fmt: skip
