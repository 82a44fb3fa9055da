"""The service indicators that shipments show, counted in the engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from clvlab.features.indicators import INDICATORS, end_of
from clvlab.features.kpi_table import KpiTable, rated
from clvlab.features.tables import AnyTable, as_table, need_columns
from clvlab.periods import Period, parse_date, period_index, period_label
from clvlab.refusal import Refused

SHOWN = tuple(one for one in INDICATORS if one.counts)
USED = tuple(dict.fromkeys([name for one in SHOWN for name in one.columns] + ["refused"]))


def kpis(
    shipments: AnyTable,
    by: str | Sequence[str] | None = None,
    confidence: float = 0.9,
    as_of: str | dt.date | None = None,
    period: Period | None = None,
    date: str = "booked_at",
) -> KpiTable:
    """Count the service indicators that shipments show.

    Those of all tables are in `clvlab.features.service.service_kpis`.

    Parameters
    ----------
    shipments
        One row per shipment, with the columns of the design's table of that name as far as they exist.
    by
        Column or columns to group by (``"customer_id"``, ``"carrier_id"``, ``["origin", "destination"]``).
    confidence
        Probability that each interval is to have.
    as_of
        The last day whose events are in the table. With it, a shipment that is past its due time at the end
        of that day and not yet dispatched, delivered or returned counts as late. Without it, only what has
        happened counts, and the rates flatter: the latest shipments are missing exactly where they are late.
    period
        Group by calendar ``"day"``, ``"week"``, ``"month"`` or ``"quarter"`` of the column ``date`` as well;
        the group's column is called after the period and holds its label, as 2024-02.
    date
        The column that places a shipment in a period.

    Returns
    -------
    KpiTable
        Long format; shares between 0 and 1, intervals by Jeffreys (see `clvlab.shrinkage.jeffreys_interval`).
        ``.missing`` tells why an indicator is switched off. What each counts, and out of what, is said by
        `clvlab.features.indicators.definitions`.

    Raises
    ------
    Refused
        When a grouping column is missing, ``as_of`` is no ISO date, or no indicator can be told at all.

    Notes
    -----
    A due date without a time of day lasts until midnight. Shipments that the provider refused (``refused``)
    are never late; they count in order completion and the perfect order as ``completed`` says. Where ends were
    simply never recorded, ``as_of`` counts them as late: compare the rates with and without it.

    The perfect order needs all that it speaks of: completion, both ends of delivery and of the proof, pieces and
    damaged pieces. An order without a due time for its proof needs none; what was not recorded is no failure.

    The interval treats shipments as independent. Those of one lane, week or customer are not, and the true
    uncertainty of a rate over all of them is wider; the pooled rate by group allows for differences between
    groups. ``by="responsible_party"`` says little here, as the party is recorded for failures only:
    `service_kpis` counts each party's failures out of all orders.

    Examples
    --------
    >>> import pandas as pd
    >>> shipments = pd.DataFrame({
    ...     "carrier_id": ["A", "A", "B"],
    ...     "delivery_due_at": pd.to_datetime(["2024-01-02", "2024-01-05", "2024-01-09"]),
    ...     "delivered_at": pd.to_datetime(["2024-01-01", "2024-01-06", None]),
    ... })
    >>> kpis(shipments, as_of="2024-01-31").to_frame()[["kpi", "numerator", "denominator"]]
                    kpi  numerator  denominator
    0  on_time_delivery          1            3
    """
    groups = [by] if isinstance(by, str) else list(by or [])
    existing = list(shipments.columns)
    need_columns(existing, groups + ([date] if period else []))
    used = [name for name in USED if name in existing]
    table = as_table(shipments, [*groups, *([date] if period else []), *used])
    if period:
        table = table.mutate(**{period: period_index(table[date], period)})
        groups = [*groups, period]
    counts, missing = shipment_counts(table, groups, end_of(as_of))
    if counts.empty:
        reasons = "; ".join(f"{name} {reason}" for name, reason in missing.items())
        raise Refused(f"The shipments show no service indicator: {reasons}.")
    frame = rated(with_labels(counts, period), groups, confidence)
    return KpiTable(frame, groups, missing, None if as_of is None else parse_date(as_of))


def shipment_counts(
    table: ir.Table, keys: Sequence[str], end: dt.datetime | None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the counts of every indicator that shipments show, and why the others are not shown.

    Parameters
    ----------
    table
        Shipments with the keys among their columns.
    keys
        The grouping columns.
    end
        The moment after the last known one; None when only what happened is to count.

    Returns
    -------
    DataFrame
        [keys...], kpi, numerator, denominator.
    dict
        By indicator that is switched off, the reason.
    """
    sums: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for one in SHOWN:
        lacking = [name for name in one.columns if name not in table.columns]
        if lacking:
            missing[one.name] = f"needs {' and '.join(lacking)} in shipments"
        elif one.counts:
            counted, succeeded = one.counts(table, end)
            sums[f"denominator {one.name}"] = counted.sum()  # not shown
            sums[f"numerator {one.name}"] = (counted & succeeded).sum()  # not shown
    found = aggregated(table, keys, sums)
    parts = []
    for one in SHOWN:
        if one.name in missing:
            continue
        part = counted_rows(found, keys, one.name, f"numerator {one.name}", f"denominator {one.name}")  # not shown
        if part.denominator.sum() == 0:
            missing[one.name] = f"no shipment has what it needs filled: {', '.join(one.columns)}"
        else:
            parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else no_counts(keys), missing


def aggregated(table: ir.Table, keys: Sequence[str], sums: dict[str, Any]) -> pd.DataFrame:
    """Return the sums by key, with zeros where there was nothing to add."""
    if not sums:
        return no_counts(keys)
    found = table.group_by(*keys).agg(**sums) if keys else table.agg(**sums)
    frame = found.to_pyarrow().to_pandas()
    return frame.fillna(dict.fromkeys(sums, 0)).astype(dict.fromkeys(sums, "float64"))


def counted_rows(found: pd.DataFrame, keys: Sequence[str], kpi: str, numerator: str, denominator: str) -> pd.DataFrame:
    """Return two columns of sums as one indicator's counts."""
    return found[list(keys)].assign(kpi=kpi, numerator=found[numerator], denominator=found[denominator])


def no_counts(keys: Sequence[str]) -> pd.DataFrame:
    """Return counts of nothing."""
    return pd.DataFrame({name: [] for name in (*keys, "kpi", "numerator", "denominator")})


def with_labels(counts: pd.DataFrame, period: Period | None) -> pd.DataFrame:
    """Return counts with the calendar period named, as 2024-02, instead of numbered."""
    if period is None:
        return counts
    numbers = counts[period].dropna().unique()
    return counts.assign(**{period: counts[period].map({n: period_label(int(n), period) for n in numbers})})
