"""The service indicators that shipments show: what each needs, which shipments count, which succeed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import ibis
import ibis.expr.types as ir

from clvlab.periods import parse_date

DWELL_LIMIT_HOURS = 24
_SECONDS_PER_HOUR = 3600

# From a table and the end of the last known day (None when not given) to two boolean expressions: the
# shipment is in the denominator; it is in the numerator.
Rule: TypeAlias = Callable[[ir.Table, dt.datetime | None], tuple[Any, Any]]


@dataclass(frozen=True)
class Indicator:
    """One indicator: its names, the columns it needs, and the rows that count and succeed.

    Attributes
    ----------
    name, label, zh
        Field name, English and Chinese label.
    columns
        Columns without which it can't be told.
    counts
        Its rule.
    """

    name: str
    label: str
    zh: str
    columns: tuple[str, ...]
    counts: Rule


def end_of(as_of: str | dt.date | None) -> dt.datetime | None:
    """Return the moment after the last moment of a day."""
    if as_of is None:
        return None
    return dt.datetime.combine(parse_date(as_of), dt.time()) + dt.timedelta(days=1)


def _not_after(done: Any, due: Any) -> Any:
    """Return whether it was done by its due time; a due date without time of day lasts until midnight."""
    return done.date() <= due if due.type().is_date() and done.type().is_timestamp() else done <= due


def in_time_rule(done: str, due: str) -> Rule:
    """Return the rule: due time known, and done or overdue at the as-of date; succeeds when in time."""

    def counts(table: ir.Table, end: dt.datetime | None) -> tuple[Any, Any]:
        known = table[done].notnull() & table[due].notnull()
        in_time = known & _not_after(table[done], table[due])
        if end is not None:
            known = known | (table[done].isnull() & (table[due] < _moment(end, table[due])))
        return known & _accepted(table), in_time

    return counts


def _moment(end: dt.datetime, column: Any) -> Any:
    """Return the moment as a literal of the column's kind."""
    return ibis.literal(end.date() if column.type().is_date() else end)


def _accepted(table: ir.Table) -> Any:
    """Return whether the shipment was taken on: what was turned down can't be late."""
    return ~table.refused.cast("boolean").fill_null(False) if "refused" in table.columns else ibis.literal(True)


def _dwell(table: ir.Table, end: dt.datetime | None) -> tuple[Any, Any]:
    """Over the limit between arrival and delivery, or still waiting that long at the end."""
    known = (table.delivered_at >= table.arrived_at).fill_null(False)
    limit = DWELL_LIMIT_HOURS * _SECONDS_PER_HOUR
    long = known & (table.delivered_at.delta(table.arrived_at, unit="second") > limit)
    if end is not None:
        before = _moment(end - dt.timedelta(hours=DWELL_LIMIT_HOURS), table.arrived_at)
        still = table.arrived_at.notnull() & table.delivered_at.isnull() & (table.arrived_at < before)
        known, long = known | still, long | still
    return known, long


def _damage(table: ir.Table, end: dt.datetime | None) -> tuple[Any, Any]:
    """A damaged piece, among shipments whose pieces and damage are known."""
    known = table.pieces.notnull() & table.damaged_pieces.notnull()
    return known, known & (table.damaged_pieces > 0)


def _completion(urgent_only: bool) -> Rule:
    """Return the rule: completed, among orders of which that is known."""

    def counts(table: ir.Table, end: dt.datetime | None) -> tuple[Any, Any]:
        known = table.completed.notnull()
        if urgent_only:
            known = known & table.urgent.cast("boolean").fill_null(False)
        return known, known & table.completed.cast("boolean")

    return counts


INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "on_time_dispatch",
        "on-time dispatch",
        "发货及时率",
        ("dispatched_at", "dispatch_due_at"),
        in_time_rule("dispatched_at", "dispatch_due_at"),
    ),
    Indicator(
        "on_time_delivery",
        "on-time delivery",
        "到货及时率",
        ("delivered_at", "delivery_due_at"),
        in_time_rule("delivered_at", "delivery_due_at"),
    ),
    Indicator(
        "dwell_over_24_hours",
        "dwell at the depot over 24 hours",
        "到站滞留超过24小时",
        ("arrived_at", "delivered_at"),
        _dwell,
    ),
    Indicator(
        "pod_return_on_time",
        "proof-of-delivery return on time",
        "返单及时率",
        ("pod_returned_at", "pod_due_at"),
        in_time_rule("pod_returned_at", "pod_due_at"),
    ),
    Indicator(
        "cargo_damage_frequency",
        "cargo damage frequency",
        "货物破损频率",
        ("pieces", "damaged_pieces"),
        _damage,
    ),
    Indicator("order_completion", "order completion", "订单完成率", ("completed",), _completion(False)),
    Indicator(
        "urgent_order_completion",
        "urgent order completion",
        "急单完成率",
        ("completed", "urgent"),
        _completion(True),
    ),
)

LABELS: dict[str, str] = {one.name: one.label for one in INDICATORS}
