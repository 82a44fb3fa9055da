"""What becomes of customers who came together: the share of each cohort active in later quarters."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.features.tables import AnyTable, events_until
from clvlab.periods import parse_date, period_index, period_label, period_start
from clvlab.results import Result
from clvlab.shrinkage import jeffreys_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Cohorts(Result):
    """Shares of cohorts active by quarter."""

    title = "Share of each cohort active, by quarters since its first"

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cohort and quarter; for the columns see :func:`cohorts`."""
        return self._frame

    def triangle(self) -> pd.DataFrame:
        """Return the shares with cohorts as rows and quarters since the first as columns."""
        wide = self._frame.pivot_table(index="cohort", columns="age", values="share")
        wide.insert(0, "customers", self._frame.groupby("cohort").customers.first())
        return wide

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the triangle as a heat map with the shares in its cells, in %."""
        from clvlab.features.plots import draw_cohorts

        return draw_cohorts(self._frame, ax)


def cohorts(
    events: AnyTable,
    customer: str = "customer_id",
    date: str = "date",
    as_of: str | dt.date | None = None,
    records_begin: str | dt.date | None = None,
    confidence: float = 0.9,
) -> Cohorts:
    """Follow customers by the quarter of their first event.

    Parameters
    ----------
    events
        One row per event: a DataFrame or an Ibis table.
    customer, date
        Column names.
    as_of
        The last day that counts; the last date in the table when None.
    records_begin
        Since when events are recorded; the first event's day when None.
    confidence
        Probability that each share's Jeffreys interval is to have.

    Returns
    -------
    Cohorts
        One row per cohort and quarter up to ``as_of``: ``cohort`` and ``quarter`` as 2024-Q1, ``age`` in
        quarters, ``customers`` (of the cohort), ``active`` (of them, with an event in the quarter),
        ``share``, ``lower``, ``upper``, ``complete`` (the quarter lies wholly within the records) and
        ``truncated`` (the cohort is that of the quarter in which the records begin: mostly older customers,
        so its later shares are those of survivors).

    Raises
    ------
    Refused
        For missing columns, missing customers or dates, and no event up to ``as_of``.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "c"],
    ...     "date": ["2024-01-10", "2024-05-10", "2024-02-11", "2024-04-01"],
    ... })
    >>> cohorts(events).triangle()  # doctest: +NORMALIZE_WHITESPACE
    age      customers    0    1
    cohort
    2024-Q1          2  1.0  0.5
    2024-Q2          1  1.0  NaN
    """
    rows, first_day, until = events_until(events, customer, date, as_of)
    begin = first_day if records_begin is None else parse_date(records_begin)
    active = rows.group_by("customer", quarter=period_index(rows.day, "quarter")).agg()
    first = active.group_by("customer").agg(cohort=active.quarter.min())
    joined = active.join(first, "customer")
    counts = joined.group_by("cohort", "quarter").agg(active=joined.count()).to_pyarrow().to_pandas()

    end = period_index(until, "quarter")
    size = counts[counts.cohort == counts.quarter].set_index("cohort").active.sort_index()
    cells = [(c, q) for c in size.index for q in range(c, end + 1)]
    frame = pd.DataFrame(cells, columns=["cohort", "quarter"]).merge(counts, how="left")
    frame["active"] = frame.active.fillna(0).astype("int64")
    frame.insert(2, "age", frame.quarter - frame.cohort)
    frame.insert(3, "customers", frame.cohort.map(size))
    frame["share"] = frame.active / frame.customers
    frame["lower"], frame["upper"] = jeffreys_interval(frame.active, frame.customers, confidence)
    last_complete = period_start(end + 1, "quarter") - until == dt.timedelta(days=1)
    opening = period_index(begin, "quarter")
    begins_whole = begin <= period_start(opening, "quarter")
    frame["complete"] = ((frame.quarter != end) | last_complete) & ((frame.quarter != opening) | begins_whole)
    frame["truncated"] = frame.cohort == opening
    for name in ("cohort", "quarter"):
        frame[name] = [period_label(int(i), "quarter") for i in frame[name]]
    return Cohorts(frame)
