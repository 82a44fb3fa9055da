"""Service indicators with their counts and intervals and, by group, their pooled rates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import pandas as pd

from clvlab.features.indicators import INDICATORS, LABELS, Indicator, end_of
from clvlab.features.tables import AnyTable, as_table, need_columns
from clvlab.periods import Period, parse_date, period_index, period_label
from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.shrinkage import jeffreys_interval, pool_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class KpiTable(Result):
    """Service indicators, one row per group and indicator.

    Attributes
    ----------
    by
        The grouping columns.
    missing
        Indicators that are switched off, with the reason.
    as_of
        The last known day, or None when shipments still on their way were left out.
    """

    percent = ("rate", "lower", "upper", "shrunk", "shrunk_lower", "shrunk_upper")

    def __init__(self, frame: pd.DataFrame, by: Sequence[str], missing: dict[str, str], as_of: dt.date | None) -> None:
        self._frame = frame
        self.by = list(by)
        self.missing = missing
        self.as_of = as_of
        self.title = "Service indicators" + (f" by {', '.join(by)}" if by else "")

    def to_frame(self) -> pd.DataFrame:
        """Return the table: [by...], kpi, numerator, denominator, rate, lower, upper.

        With groups also shrunk, shrunk_lower, shrunk_upper: the group's rate pooled with the other groups'.
        """
        return self._frame

    def of(self, kpi: str) -> KpiTable:
        """Return one indicator's rows; an indicator that is switched off is refused with its reason."""
        found = self._frame[self._frame.kpi == kpi]
        if found.empty:
            raise Refused(f"{LABELS[kpi].capitalize()} {self.missing.get(kpi, 'was never at stake')}.")
        one = KpiTable(found.reset_index(drop=True), self.by, self.missing, self.as_of)
        one.title = f"{LABELS[kpi].capitalize()}" + (f" by {', '.join(self.by)}" if self.by else "")
        return one

    def plot(self, ax: Axes | None = None, kpi: str = "on_time_delivery") -> Axes:
        """Draw all indicators with their intervals, or with groups one indicator by group.

        Parameters
        ----------
        ax
            Axes to draw on; a new figure when None.
        kpi
            With groups: the indicator to draw.
        """
        from clvlab.features.plots import draw_kpis, draw_kpis_by_group

        if not self.by:
            return draw_kpis(self._frame, LABELS, ax)
        if kpi not in set(self._frame.kpi):
            raise Refused(self.missing.get(kpi, f"There is no indicator {kpi!r}; choose one of {', '.join(LABELS)}."))
        return draw_kpis_by_group(self._frame[self._frame.kpi == kpi], self.by, LABELS[kpi], ax)


def kpis(
    shipments: AnyTable,
    by: str | Sequence[str] | None = None,
    confidence: float = 0.9,
    as_of: str | dt.date | None = None,
    period: Period | None = None,
    date: str = "booked_at",
) -> KpiTable:
    """Count the service indicators that shipments show.

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
        ``.missing`` tells why an indicator is switched off.

    Raises
    ------
    Refused
        When a grouping column is missing, ``as_of`` is no ISO date, or no indicator can be told at all.

    Notes
    -----
    =========================  =====================================  =======================================
    indicator                  numerator                              denominator
    =========================  =====================================  =======================================
    on_time_dispatch           dispatched by the due time             due time known, dispatched or overdue
    on_time_delivery           delivered by the due time              due time known, delivered or overdue
    dwell_over_24_hours        arrived over 24 hours before delivery  arrived, and delivered or 24 hours past
    pod_return_on_time         proof returned by the due time         due time known, returned or overdue
    cargo_damage_frequency     a damaged piece                        pieces and damaged pieces known
    order_completion           completed                              completed known
    urgent_order_completion    completed                              urgent, completed known
    =========================  =====================================  =======================================

    A due date without a time of day lasts until midnight. Shipments that the provider refused (``refused``)
    are never late; they count in order completion as ``completed`` says. Where ends were simply never
    recorded, ``as_of`` counts them as late: compare the rates with and without it.

    The interval treats shipments as independent. Those of one lane, week or customer are not, and the true
    uncertainty of a rate over all of them is wider; the pooled rate by group allows for differences between
    groups. ``by="responsible_party"`` says little, as the party is recorded for failures only: see
    `clvlab.features.delays.late_by_responsible_party`.

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
    told = [one for one in INDICATORS if set(one.columns) <= set(existing)]
    missing = {one.name: f"needs {_absent(one, existing)} in shipments" for one in INDICATORS if one not in told}
    end = end_of(as_of)

    if not told:
        reasons = "; ".join(f"{name} {reason}" for name, reason in missing.items())
        raise Refused(f"The shipments show no service indicator: {reasons}.")
    wanted = {name for one in told for name in one.columns} | ({"refused"} & set(existing))
    table = as_table(shipments, [*groups, *([date] if period else []), *sorted(wanted)])
    sums: dict[str, Any] = {}
    for one in told:
        counted, succeeded = one.counts(table, end)
        sums[f"denominator {one.name}"] = counted.sum()
        sums[f"numerator {one.name}"] = (counted & succeeded).sum()
    keys: dict[str, Any] = {name: table[name] for name in groups}
    if period:
        keys[period] = period_index(table[date], period)
    found = _aggregated(table, keys, sums)
    if period:
        found[period] = [None if pd.isna(i) else period_label(int(i), period) for i in found[period]]

    parts = []
    for one in told:
        part = _rates(found, list(keys), one.name, confidence)
        if part.empty:
            missing[one.name] = f"no shipment has what it needs filled: {', '.join(one.columns)}"
        else:
            parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    return KpiTable(frame, list(keys), missing, None if as_of is None else parse_date(as_of))


def _absent(indicator: Indicator, existing: Sequence[str]) -> str:
    """Return the names of the columns an indicator lacks."""
    return " and ".join(name for name in indicator.columns if name not in existing)


def _aggregated(table: ir.Table, keys: dict[str, Any], sums: dict[str, Any]) -> pd.DataFrame:
    """Return the sums by key, sorted by key, with zeros where there was nothing to add."""
    if not sums:
        return pd.DataFrame({name: [] for name in keys})
    found = table.group_by(**keys).agg(**sums).order_by(*keys) if keys else table.agg(**sums)
    frame = found.to_pyarrow().to_pandas()
    return frame.fillna(dict.fromkeys(sums, 0)).astype(dict.fromkeys(sums, "int64"))


def _rates(found: pd.DataFrame, keys: list[str], kpi: str, confidence: float) -> pd.DataFrame:
    """Return one indicator's rows, without groups that have nothing to count."""
    part = found[keys].assign(kpi=kpi, numerator=found[f"numerator {kpi}"], denominator=found[f"denominator {kpi}"])
    part = part[part.denominator > 0]
    if part.empty:
        return part
    part["rate"] = part.numerator / part.denominator
    part["lower"], part["upper"] = jeffreys_interval(part.numerator, part.denominator, confidence)
    if keys:
        pooled = pool_rates(part.numerator, part.denominator, confidence)
        part["shrunk"] = pooled.estimate
        part["shrunk_lower"], part["shrunk_upper"] = pooled.lower, pooled.upper
    return part
