"""The counts of each table: shipments, KPI counts, complaints and surveys."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import ibis.expr.types as ir
import pandas as pd

from clvlab.features.indicators import BY_NAME, INDICATORS, SATISFIED_FROM, end_of, indicator_named
from clvlab.features.kpi_table import well_is_high
from clvlab.features.kpis import aggregated, counted_rows, no_counts, shipment_counts
from clvlab.features.service.asked import PARTY, Asked, Tables

NO_PARTY = "not recorded"


class Counts(NamedTuple):
    """Counts by group and indicator, why indicators are missing, and what should be said of the counting."""

    frame: pd.DataFrame
    missing: dict[str, str]
    remarks: list[str]


def _off(asked: Asked, source: str, reason: str) -> Counts:
    """Return no counts: every indicator of the table is switched off for one reason."""
    return Counts(no_counts(asked.keys), {one.name: reason for one in INDICATORS if one.source == source}, [])


def _refusal(tables: Tables, asked: Asked, source: str) -> str:
    """Return why a table can't be counted as asked; blank when it can."""
    if source not in tables:
        return f"needs the table {source}"
    lacking = asked.lacking(tables[source].columns)
    return f"cannot be split by {' and '.join(lacking)}, which {source} does not hold" if lacking else ""


def from_shipments(tables: Tables, asked: Asked) -> Counts:
    """Return the counts of the indicators that shipments show."""
    if reason := _refusal(tables, asked, "shipments"):
        return _off(asked, "shipments", reason)
    rows = asked.rows(tables["shipments"], "booked_at")
    frame, missing = shipment_counts(rows, asked.keys, end_of(asked.as_of))
    remarks = [] if "perfect_order" in missing else [
        "Errors counted in data entry, documents or settlement cannot be tied to an order and do not count against the"
        " perfect order; its right paper is the proof of delivery, returned in time."
    ]  # fmt: skip
    return Counts(_by_party(frame, asked), missing, remarks)


def _by_party(frame: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """Return counts in which every order counts for every party and only the failures are the party's own.

    A party is recorded for failures alone, so that its own orders all failed.
    """
    if PARTY not in asked.by or frame.empty:
        return frame
    others = [name for name in asked.keys if name != PARTY]
    high = frame.kpi.map(well_is_high).astype(bool)
    failures = frame.numerator.where(~high, frame.denominator - frame.numerator)
    orders = frame.groupby([*others, "kpi"], dropna=False).denominator.transform("sum")
    party = frame[PARTY].fillna(NO_PARTY)
    return frame.assign(**{PARTY: party}, denominator=orders, numerator=failures.where(~high, orders - failures))


def from_kpi_counts(tables: Tables, asked: Asked) -> Counts:
    """Return the counts that the provider made itself; a KPI that is not the field's keeps its name."""
    if reason := _refusal(tables, asked, "kpi_counts"):
        return _off(asked, "kpi_counts", reason)
    rows = asked.rows(tables["kpi_counts"], "date")
    found = aggregated(
        rows, [*asked.keys, "kpi"], {"opportunities": rows.opportunities.sum(), "failures": rows.failures.sum()}
    )
    found["kpi"] = found.kpi.map({written: indicator_named(written) for written in found.kpi.unique()})
    found = found.groupby([*asked.keys, "kpi"], dropna=False, as_index=False)[["opportunities", "failures"]].sum()
    high = found.kpi.map(well_is_high).astype(bool)
    found["numerator"] = found.failures.where(~high, found.opportunities - found.failures)
    frame = found.rename(columns={"opportunities": "denominator"})[[*asked.keys, "kpi", "numerator", "denominator"]]
    present = set(frame.kpi[frame.denominator > 0])
    missing = {
        one.name: f"is not counted in kpi_counts{asked.when}"
        for one in INDICATORS if one.source == "kpi_counts" and one.name not in present
    }  # fmt: skip
    own = sorted(present - set(BY_NAME))
    remarks = [
        f"kpi_counts holds {name!r}, none of the field's indicators: shown under its own name, as what did not fail."
        for name in own
    ]
    return Counts(frame, missing, remarks)


def from_complaints(tables: Tables, asked: Asked) -> Counts:
    """Return complaints opened against orders booked; one is put to a lane or carrier through its shipment."""
    if "complaints" not in tables:
        return _off(asked, "complaints", "needs the table complaints")
    if reason := _refusal(tables, asked, "shipments"):
        return _off(asked, "complaints", reason)
    table, tied = _with_shipment(tables, asked)
    if lacking := asked.lacking(table.columns):
        return _off(asked, "complaints", f"cannot be split by {' and '.join(lacking)}: needs shipment_id in complaints")
    rows = asked.rows(table, "opened_at")
    complaints = aggregated(rows, asked.keys, {"numerator": rows.count()})
    others = [name for name in asked.keys if name != PARTY]
    booked = asked.rows(tables["shipments"], "booked_at")
    orders = aggregated(booked, others, {"denominator": booked.count()})
    if PARTY in asked.by:
        complaints[PARTY] = complaints[PARTY].fillna(NO_PARTY)
        orders = orders.merge(complaints[[PARTY]].drop_duplicates(), how="cross")
    joined = orders.merge(complaints, how="outer", on=asked.keys) if asked.keys else orders.join(complaints)
    joined = joined.fillna({"numerator": 0.0, "denominator": 0.0})
    astray = int(joined.numerator[joined.denominator == 0].sum())
    remarks = [f"Left out of the complaint rate: {astray:,} complaints of groups without an order."] if astray else []
    if tied:
        remarks.append("Complaints are put to what they are split by through their shipment.")
    frame = counted_rows(joined, asked.keys, "complaint_rate", "numerator", "denominator")
    return Counts(frame, {}, remarks)


def _with_shipment(tables: Tables, asked: Asked) -> tuple[ir.Table, bool]:
    """Return complaints with the columns asked for that only their shipments have, and whether there were any."""
    complaints, shipments = tables["complaints"], tables["shipments"]
    through = [name for name in asked.lacking(complaints.columns) if name in shipments.columns]
    if not through or not {"shipment_id"} <= set(complaints.columns) & set(shipments.columns):
        return complaints, False
    wanted = shipments.select("shipment_id", *through)
    return complaints.left_join(wanted, "shipment_id").drop("shipment_id_right"), True


def from_surveys(tables: Tables, asked: Asked) -> Counts:
    """Return the share of answers that are satisfied."""
    if reason := _refusal(tables, asked, "surveys"):
        return _off(asked, "surveys", reason)
    table = tables["surveys"]
    if lacking := [name for name in BY_NAME["satisfaction"].columns if name not in table.columns]:
        return _off(asked, "surveys", f"needs {' and '.join(lacking)} in surveys")
    rows = asked.rows(table, "answered_on")
    on_scale = rows.overall.notnull() & (rows.overall <= rows.scale_max)
    # A hundredth of a step below: 0.8 x 5 need not be exactly 4 in binary.
    satisfied = rows.overall >= SATISFIED_FROM * rows.scale_max - 0.01
    sums = {"denominator": on_scale.sum(), "numerator": (on_scale & satisfied).sum()}
    found = aggregated(rows, asked.keys, sums)
    if found.denominator.sum() == 0:
        return _off(asked, "surveys", f"has no answer with overall{asked.when}")
    frame = counted_rows(found, asked.keys, "satisfaction", "numerator", "denominator")
    satisfied_are = f"Satisfied is who gives {SATISFIED_FROM:.0%} of the scale or more: 4 of 5, 8 of 10."
    return Counts(frame, {}, [f"{satisfied_are} Only those who answered count."])


SOURCES: dict[str, Callable[[Tables, Asked], Counts]] = {
    "shipments": from_shipments,
    "kpi_counts": from_kpi_counts,
    "complaints": from_complaints,
    "surveys": from_surveys,
}
