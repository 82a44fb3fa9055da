"""Who was responsible for late deliveries."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from clvlab.features.indicators import end_of, in_time_rule
from clvlab.features.tables import AnyTable, as_table
from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.shrinkage import jeffreys_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
