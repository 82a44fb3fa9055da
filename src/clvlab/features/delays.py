"""Where deliveries lose time: who was responsible for late ones, and how long goods stand at the depot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from clvlab.features.indicators import end_of, in_time_rule
from clvlab.features.tables import AnyTable, as_table
from clvlab.refusal import Refused
from clvlab.results import Result, Table
from clvlab.shrinkage import jeffreys_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MINUTES_PER_HOUR = 60


class LateTable(Result):
    """Late deliveries by who was responsible."""

    title = "Late deliveries by responsible party"
    percent = ("share", "lower", "upper")

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_frame(self) -> pd.DataFrame:
        """Return responsible_party, late (shipments), share, lower, upper; most frequent first."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shares with their intervals."""
        from clvlab.features.plots import draw_late

        return draw_late(self._frame, ax)


def late_by_responsible_party(
    shipments: AnyTable, confidence: float = 0.9, as_of: str | dt.date | None = None
) -> LateTable:
    """Say who was responsible for late deliveries.

    Parameters
    ----------
    shipments
        With ``delivered_at``, ``delivery_due_at``, ``responsible_party``.
    confidence
        Probability that each share's Jeffreys interval is to have.
    as_of
        As in `clvlab.features.kpis.kpis`: with it, what is overdue counts as late.

    Returns
    -------
    LateTable
        One row per party; ``"not recorded"`` is one of them, and shares are of all late deliveries.

    Raises
    ------
    Refused
        When one of the columns is missing, or nothing was late.

    Examples
    --------
    >>> import pandas as pd
    >>> shipments = pd.DataFrame({
    ...     "delivery_due_at": pd.to_datetime(["2024-01-02", "2024-01-05", "2024-01-09"]),
    ...     "delivered_at": pd.to_datetime(["2024-01-03", "2024-01-06", "2024-01-08"]),
    ...     "responsible_party": ["carrier", None, None],
    ... })
    >>> late_by_responsible_party(shipments).to_frame()[["responsible_party", "late", "share"]]
      responsible_party  late  share
    0           carrier     1    0.5
    1      not recorded     1    0.5
    """
    columns = ["delivered_at", "delivery_due_at", "responsible_party"]
    table = as_table(shipments, columns + (["refused"] if "refused" in shipments.columns else []))
    rule = in_time_rule("delivered_at", "delivery_due_at")
    counted, in_time = rule(table, end_of(as_of))
    party = table.responsible_party.cast("string").fill_null("not recorded")
    late = table.filter(counted & ~in_time.fill_null(False)).group_by(responsible_party=party)
    frame = late.agg(late=ibis._.count()).to_pyarrow().to_pandas()
    if frame.empty:
        raise Refused("No delivery in the shipments is late, so nobody is responsible; check delivery_due_at.")
    frame = frame.sort_values(["late", "responsible_party"], ascending=[False, True], ignore_index=True)
    total = np.full(len(frame), frame.late.sum())
    frame["share"] = frame.late / total
    frame["lower"], frame["upper"] = jeffreys_interval(frame.late, total, confidence)
    return LateTable(frame)


def dwell_hours(shipments: AnyTable, by: str | Sequence[str] | None = None, confidence: float = 0.9) -> Table:
    """Return how long goods stand between arrival at the depot and delivery.

    Parameters
    ----------
    shipments
        With ``arrived_at`` and ``delivered_at``; shipments without one of them do not count.
    by
        Column or columns to group by.
    confidence
        Probability that each median's interval is to have (order statistics, so no shape is assumed).

    Returns
    -------
    Table
        [by...], shipments, median, lower, upper, p90 in hours, to the minute. An end of the interval is
        missing where too few shipments give one.

    Raises
    ------
    Refused
        When a column is missing or no shipment has both times.

    Examples
    --------
    >>> import pandas as pd
    >>> shipments = pd.DataFrame({
    ...     "arrived_at": pd.to_datetime(["2024-01-02 08:00"] * 3),
    ...     "delivered_at": pd.to_datetime(["2024-01-02 10:00", "2024-01-02 20:30", "2024-01-04 08:00"]),
    ... })
    >>> dwell_hours(shipments).to_frame()[["shipments", "median"]]
       shipments  median
    0          3    12.5
    """
    groups = [by] if isinstance(by, str) else list(by or [])
    table = as_table(shipments, [*groups, "arrived_at", "delivered_at"])
    minutes = table.delivered_at.delta(table.arrived_at, unit="minute")
    # Counts by minute are small however many shipments there are, and hold every order statistic.
    counts = table.group_by(*groups, minutes=minutes).agg(n=ibis._.count()).filter(ibis._.minutes >= 0)
    found = counts.order_by(*groups, "minutes").to_pyarrow().to_pandas()
    if found.empty:
        raise Refused("No shipment has arrived_at and a later delivered_at; fill both to see how long goods stand.")
    parts = found.groupby(groups, dropna=False, sort=True) if groups else [((), found)]
    rows = [dict(zip(groups, key, strict=True)) | _dwell_summary(part, confidence) for key, part in parts]
    return Table(pd.DataFrame(rows), "Dwell from arrival to delivery, hours", decimals=1)


def _dwell_summary(part: pd.DataFrame, confidence: float) -> dict[str, float]:
    """Return the number of shipments, median, its interval and the 90th percentile in hours."""
    from scipy.stats import binom

    minutes, upto = part.minutes.to_numpy(), part.n.to_numpy().cumsum()
    total = int(upto[-1])

    def ranked(rank: int) -> float:
        if not 1 <= rank <= total:
            return float("nan")
        return float(minutes[np.searchsorted(upto, rank)]) / _MINUTES_PER_HOUR

    # P(rank-th smallest > median) = P(fewer than rank of n below it), so these two ranks keep each tail.
    low = int(binom.ppf((1 - confidence) / 2, total, 0.5))
    return {
        "shipments": total,
        "median": (ranked((total + 1) // 2) + ranked(total // 2 + 1)) / 2,
        "lower": ranked(low),
        "upper": ranked(total + 1 - low),
        "p90": ranked(int(np.ceil(0.9 * total))),
    }
