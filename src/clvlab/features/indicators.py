"""The field's service indicators: the one table of what each counts, where from, at which stage, and what is good.

Nineteen are the field's own; the dwell at the depot and the perfect order stand beside them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.periods import parse_date
from clvlab.results import Table

DWELL_LIMIT_HOURS = 24
_SECONDS_PER_HOUR = 3600

# From a table and the end of the last known day (None when not given) to two boolean expressions: the
# shipment is in the denominator; it is in the numerator.
Rule: TypeAlias = Callable[[ir.Table, dt.datetime | None], tuple[Any, Any]]


# Before, during and after the transaction; the perfect order goes through all three.
Stage: TypeAlias = Literal["before", "during", "after", "throughout"]
Source: TypeAlias = Literal["shipments", "kpi_counts", "complaints", "surveys"]


@dataclass(frozen=True)
class Indicator:
    """One indicator.

    Attributes
    ----------
    name, label, zh
        Field name, English and Chinese label.
    stage
        Stage of the transaction that it belongs to.
    source
        The table that it is counted from.
    numerator, denominator
        What is counted, and out of what.
    high_is_good
        Whether the numerator counts what went well; else it counts failures.
    columns
        Columns of its source without which it can't be told.
    counts
        Its rule, when shipments show it.
    is_share
        Whether the numerator is a part of the denominator; an order can have several complaints.
    also
        Other names it goes by in counts.
    """

    name: str
    label: str
    zh: str
    stage: Stage
    source: Source
    numerator: str
    denominator: str
    high_is_good: bool = True
    columns: tuple[str, ...] = ()
    counts: Rule | None = None
    is_share: bool = True
    also: tuple[str, ...] = ()


def end_of(as_of: str | dt.date | None) -> dt.datetime | None:
    """Return the moment after the last moment of a day."""
    if as_of is None:
        return None
    return dt.datetime.combine(parse_date(as_of), dt.time()) + dt.timedelta(days=1)


def _not_after(done: Any, due: Any) -> Any:
    """Return whether it was done by its due time; a due date without time of day lasts until midnight."""
    return done.date() <= due if due.type().is_date() and done.type().is_timestamp() else done <= due


def in_time_rule(done: str, due: str) -> Rule:
    """Return the rule: due time known, and done or overdue at the as-of date; succeeds when in time.

    What was turned down, or given up before it was done, can't be late: it is a failure of another kind.
    """

    def counts(table: ir.Table, end: dt.datetime | None) -> tuple[Any, Any]:
        known = table[done].notnull() & table[due].notnull()
        in_time = known & _not_after(table[done], table[due])
        if end is not None:
            known = known | (table[done].isnull() & (table[due] < _moment(end, table[due])) & ~_given_up(table))
        return known & _accepted(table), in_time

    return counts


def _moment(end: dt.datetime, column: Any) -> Any:
    """Return the moment as a literal of the column's kind."""
    return ibis.literal(end.date() if column.type().is_date() else end)


def _accepted(table: ir.Table) -> Any:
    """Return whether the shipment was taken on."""
    return ~table.refused.cast("boolean").fill_null(False) if "refused" in table.columns else ibis.literal(True)


def _given_up(table: ir.Table) -> Any:
    """Return whether the shipment is known not to have been completed."""
    return ~table.completed.cast("boolean").fill_null(True) if "completed" in table.columns else ibis.literal(False)


def _dwell(table: ir.Table, end: dt.datetime | None) -> tuple[Any, Any]:
    """Over the limit between arrival and delivery, or still waiting that long at the end."""
    known = (table.delivered_at >= table.arrived_at).fill_null(False)
    limit = DWELL_LIMIT_HOURS * _SECONDS_PER_HOUR
    long = known & (table.delivered_at.delta(table.arrived_at, unit="second") > limit)  # not shown
    if end is not None:
        before = _moment(end - dt.timedelta(hours=DWELL_LIMIT_HOURS), table.arrived_at)
        waiting = table.arrived_at.notnull() & table.delivered_at.isnull() & ~_given_up(table)
        still = waiting & (table.arrived_at < before)
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


_in_time = in_time_rule("delivered_at", "delivery_due_at")
_paper_in_time = in_time_rule("pod_returned_at", "pod_due_at")


def _perfect(table: ir.Table, end: dt.datetime | None) -> tuple[Any, Any]:
    """Right goods, on time, undamaged, right paper; what was not recorded is no failure."""
    arrived, in_time = _in_time(table, end)
    returned, paper_in_time = _paper_in_time(table, end)
    settled, completed = _completion(False)(table, end)
    _, damaged = _damage(table, end)
    given_up = settled & ~completed
    no_paper = table.pod_due_at.isnull()
    counted = given_up | (arrived & (returned | no_paper))
    return counted, in_time & ~given_up & ~damaged & (paper_in_time | no_paper)


def _counted(name: str, zh: str, stage: Stage, high_is_good: bool = True) -> Indicator:
    """Return an indicator that shipments can't show and the provider counts itself."""
    numerator = "opportunities without failure" if high_is_good else "failures"
    label = name.replace("_", " ")
    return Indicator(name, label, zh, stage, "kpi_counts", numerator, "opportunities", high_is_good)


_DELIVERY = ("delivered_at", "delivery_due_at")
_PROOF = ("pod_returned_at", "pod_due_at")
SATISFIED_FROM = 0.8  # share of the scale from which an answer counts as satisfied: 4 of 5, 8 of 10

INDICATORS: tuple[Indicator, ...] = (
    _counted("order_processing_correctness", "订单处理正确率", "before"),
    _counted("data_entry_timeliness", "数据录入及时率", "before"),
    _counted("data_entry_accuracy", "数据录入准确率", "before"),
    Indicator(
        "on_time_dispatch", "on-time dispatch", "发货及时率", "during", "shipments",
        "dispatched by the due time", "due time known, dispatched or overdue",
        columns=("dispatched_at", "dispatch_due_at"), counts=in_time_rule("dispatched_at", "dispatch_due_at"),
    ),
    Indicator(
        "on_time_delivery", "on-time delivery", "到货及时率", "during", "shipments",
        "delivered by the due time", "due time known, delivered or overdue",
        columns=_DELIVERY, counts=_in_time, also=("on-time arrival",),
    ),
    Indicator(
        "dwell_over_24_hours", "dwell at the depot over 24 hours", "到站滞留超过24小时", "during", "shipments",
        "arrived over 24 hours before delivery", "arrived, and delivered or 24 hours past",
        high_is_good=False, columns=("arrived_at", "delivered_at"), counts=_dwell,
    ),
    Indicator(
        "cargo_damage_frequency", "cargo damage frequency", "货物破损频率", "during", "shipments",
        "a damaged piece", "pieces and damaged pieces known",
        high_is_good=False, columns=("pieces", "damaged_pieces"), counts=_damage, also=("cargo damage",),
    ),
    Indicator(
        "order_completion", "order completion", "订单完成率", "during", "shipments", "completed", "completed known",
        columns=("completed",), counts=_completion(False),
    ),
    Indicator(
        "urgent_order_completion", "urgent order completion", "急单完成率", "during", "shipments",
        "completed", "urgent, completed known", columns=("completed", "urgent"), counts=_completion(True),
    ),
    _counted("inventory_accuracy", "库存准确率", "during"),
    _counted("inbound_accuracy", "入库准确率", "during"),
    _counted("outbound_accuracy", "出库准确率", "during"),
    _counted("storage_damage_rate", "仓储破损率", "during", high_is_good=False),
    _counted("customs_timeliness", "报关及时率", "during"),
    Indicator(
        "pod_return_on_time", "proof-of-delivery return on time", "返单及时率", "after", "shipments",
        "proof returned by the due time", "due time known, returned or overdue",
        columns=_PROOF, counts=_paper_in_time, also=("proof-of-delivery return", "pod return"),
    ),
    _counted("document_timeliness", "单证处理及时率", "after"),
    _counted("settlement_timeliness", "费用结算及时率", "after"),
    _counted("settlement_accuracy", "费用结算准确率", "after"),
    Indicator(
        "complaint_rate", "complaint rate", "客户投诉率", "after", "complaints",
        "complaints opened", "orders booked in the same time", high_is_good=False, is_share=False,
    ),
    Indicator(
        "satisfaction", "satisfaction", "客户满意度", "after", "surveys",
        f"overall at {SATISFIED_FROM:.0%} of the scale or more", "answers with overall",
        columns=("answered_on", "overall", "scale_max"), also=("customer satisfaction",),
    ),
    Indicator(
        "perfect_order", "perfect order", "完美订单率", "throughout", "shipments",
        "completed, delivered and proof returned by their due times, nothing damaged",
        "not completed; or delivery, and proof where one is due, done or overdue",
        columns=(*_DELIVERY, "completed", "pieces", "damaged_pieces", *_PROOF), counts=_perfect,
    ),
)  # fmt: skip

BY_NAME: dict[str, Indicator] = {one.name: one for one in INDICATORS}


def _plain(name: str) -> str:
    """Return a name without case, spaces, punctuation and a closing "rate"."""
    return re.sub(r"[\W_]+", "", name.casefold()).removesuffix("rate").removesuffix("率")


_BY_PLAIN_NAME = {_plain(text): one.name for one in INDICATORS for text in (one.name, one.label, one.zh, *one.also)}


def indicator_named(text: str) -> str:
    """Return the field name of an indicator as somebody wrote it; what is none of them keeps its own name.

    Examples
    --------
    >>> indicator_named("Inventory accuracy rate"), indicator_named("on-time arrival"), indicator_named("报关及时率")
    ('inventory_accuracy', 'on_time_delivery', 'customs_timeliness')
    >>> indicator_named("cross-dock accuracy")
    'cross-dock accuracy'
    """
    return _BY_PLAIN_NAME.get(_plain(text), text)


def label_of(kpi: str) -> str:
    """Return an indicator's English label, with a capital; the name itself for one that is not the field's."""
    label = BY_NAME[kpi].label if kpi in BY_NAME else kpi.replace("_", " ")
    return label[:1].upper() + label[1:]


def definitions() -> Table:
    """Return what every indicator counts: kpi, label, 中文, stage, source, numerator, denominator, high_is_good.

    Examples
    --------
    >>> len(definitions().to_frame())
    21
    """
    columns = {"name": "kpi", "zh": "中文"}
    names = ("name", "label", "zh", "stage", "source", "numerator", "denominator", "high_is_good")
    rows = [{columns.get(name, name): getattr(one, name) for name in names} for one in INDICATORS]
    return Table(pd.DataFrame(rows), "Service indicators: what is counted, and out of what", fold=False)
