"""The field's service indicators over all tables, by any grouping that a table can be split by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from clvlab.features.indicators import INDICATORS, label_of
from clvlab.features.kpi_table import KpiTable, rated
from clvlab.features.kpis import with_labels
from clvlab.features.service.asked import Asked, Tables
from clvlab.features.service.sources import SOURCES, Counts
from clvlab.periods import Period, parse_date
from clvlab.refusal import Refused, nearest


def service_kpis(
    tables: Tables,
    as_of: str | dt.date,
    by: str | Sequence[str] | None = None,
    period: Period | None = None,
    groups: pd.Series | None = None,
    days: int | None = None,
    confidence: float = 0.9,
) -> KpiTable:
    """Say how good the service is: the field's nineteen indicators, the dwell at the depot and the perfect order.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``: shipments, kpi_counts, complaints, surveys, as far as they exist.
    as_of
        The last day known. What is overdue at its end counts as late.
    by
        Column or columns to group by: ``"customer_id"``, ``"lane"`` (origin and destination), ``"service"``,
        ``"carrier_id"``, ``"responsible_party"``, or any other column that shipments or surveys hold.
    period
        Group by calendar ``"day"``, ``"week"``, ``"month"`` or ``"quarter"`` as well.
    groups
        A group per customer_id, such as its tier; customers that are not named make a group that is blank. The
        Series' name is the column's name ("group" without one).
    days
        Count only the last so many days up to ``as_of``; None for all.
    confidence
        Probability that each interval is to have.

    Returns
    -------
    KpiTable
        One row per group and indicator: [groups...], stage (before, during or after the transaction), kpi, numerator,
        denominator, rate, lower, upper; with groups also shrunk, shrunk_lower, shrunk_upper. What each counts is said
        by `clvlab.features.indicators.definitions`. ``.missing`` tells why an indicator is switched off, such as one
        that its table cannot split as asked; ``.remarks`` how was counted.

    Raises
    ------
    Refused
        When no table holds a column to group by, or no indicator can be told at all.

    Notes
    -----
    A row belongs to the day a shipment was booked, a KPI counted, a complaint opened, a survey answered.

    By responsible party, every order counts for every party and fails only where that party caused it: a rate says
    what the service would be were this party's failures the only ones. A party is recorded for failures alone, one per
    order, whatever failed.

    Where a KPI is both shown by shipments and counted in kpi_counts, shipments are shown. Intervals take orders as
    independent, and describe these accounts under the conditions of that time, not another year's.

    Examples
    --------
    >>> import ibis
    >>> counts = ibis.memtable({
    ...     "customer_id": ["a", "b"], "date": [dt.date(2025, 11, 30)] * 2, "kpi": ["Inventory accuracy"] * 2,
    ...     "opportunities": [40, 60], "failures": [1, 0],
    ... })
    >>> service_kpis({"kpi_counts": counts}, "2025-12-31").to_frame()[["stage", "kpi", "rate"]]
        stage                 kpi  rate
    0  during  inventory_accuracy  0.99
    """
    asked = Asked(parse_date(as_of), days, (by,) if isinstance(by, str) else tuple(by or ()), period, groups)
    known = {column for name in SOURCES if name in tables for column in tables[name].columns}
    if known and (lacking := [column for column in asked.columns if column not in known]):
        near = nearest(lacking[0], known)
        raise Refused(f"Rates by {' and '.join(lacking)} need that column in shipments{near}.")
    counts = _all_counts(tables, asked)
    frame = rated(with_labels(counts.frame, period), asked.keys, confidence)
    if frame.empty:
        reasons = "; ".join(dict.fromkeys(counts.missing.values()))
        raise Refused(f"The records show no service indicator: {reasons}.")
    return KpiTable(frame, asked.keys, counts.missing, asked.as_of, counts.remarks)


def _all_counts(tables: Tables, asked: Asked) -> Counts:
    """Return the counts of all tables, each indicator from one of them."""
    found = {name: count(tables, asked) for name, count in SOURCES.items()}
    shown = {kpi for name, counts in found.items() if name != "kpi_counts" for kpi in counts.frame.kpi.unique()}
    own = found["kpi_counts"].frame
    twice = sorted(shown & set(own.kpi))
    frames = [counts.frame for name, counts in found.items() if name != "kpi_counts"]
    frame = pd.concat([*frames, own[~own.kpi.isin(twice)]], ignore_index=True)
    present = set(frame.kpi[frame.denominator > 0])
    reasons = {kpi: reason for counts in found.values() for kpi, reason in counts.missing.items()}
    nothing = f"has nothing to count{asked.when}"
    missing = {one.name: reasons.get(one.name, nothing) for one in INDICATORS if one.name not in present}
    remarks = [remark for counts in found.values() for remark in counts.remarks]
    remarks += [
        f"{label_of(kpi)} is shown from shipments, complaints or surveys, not from kpi_counts." for kpi in twice
    ]
    return Counts(frame, missing, remarks)
