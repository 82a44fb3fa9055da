"""How the customer base moves: new, continuing, returned, paused and dormant customers by month."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.tables import AnyTable, events_until
from clvlab.periods import parse_date, period_index, period_label, period_start
from clvlab.refusal import Refused
from clvlab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Activity(Result):
    """Customers by month and state.

    Attributes
    ----------
    as_of
        The last day that counts.
    dormant_after_months
        Months without event that make a customer dormant.
    truncated_months
        How many of the first months can't tell a new customer from an old one.
    """

    title = "Customers by month"

    def __init__(self, frame: pd.DataFrame, as_of: dt.date, dormant_after_months: int, truncated_months: int) -> None:
        self._frame = frame
        self.as_of = as_of
        self.dormant_after_months = dormant_after_months
        self.truncated_months = truncated_months

    def to_frame(self) -> pd.DataFrame:
        """Return one row per month; for the columns see :func:`activity_by_month`."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw active customers by state above the axis, and who fell dormant below it."""
        from clvlab.features.plots import draw_activity

        return draw_activity(self._frame, self.dormant_after_months, ax)


def activity_by_month(
    events: AnyTable,
    customer: str = "customer_id",
    date: str = "date",
    as_of: str | dt.date | None = None,
    dormant_after_months: int = 3,
    records_begin: str | dt.date | None = None,
) -> Activity:
    """Count customers by calendar month and what they did in it.

    Parameters
    ----------
    events
        One row per event (shipment, purchase, invoice): a DataFrame or an Ibis table.
    customer, date
        Column names.
    as_of
        The last day that counts; the last date in the table when None.
    dormant_after_months
        Calendar months without event after which a customer is dormant, 1 or more (d below).
    records_begin
        Since when events are recorded; the first event's day when None. Give an earlier date when it is known
        that nobody was a customer before (a cohort, a start-up): then everyone is new once.

    Returns
    -------
    Activity
        One row per calendar month from the first event to ``as_of``:

        - ``month``: as 2024-02; ``complete``: whether the month lies wholly within the records;
        - ``new``: the first event is in this month;
        - ``new_or_known_before``: the same in the first d months of the records, when an old customer's first
          recorded event looks like a new customer's (left truncation);
        - ``continuing``: an event in this month and in at least one of the d months before;
        - ``returned``: an event in this month, none in the d months before, and an earlier one;
        - ``active``: the sum of these four;
        - ``paused``: no event in this month, but one in the d - 1 months before;
        - ``dormant``: no event in this month nor in the d - 1 before, but an earlier one;
        - ``lapsed``: of the dormant, those for whom this is the first such month;
        - ``known``: active + paused + dormant; it grows by the new ones of each month only.

        So dormant = last month's dormant + lapsed - returned.

    Raises
    ------
    Refused
        For missing columns, missing customers or dates, no event up to ``as_of``, a start after the first
        event.

    Notes
    -----
    A "new" customer first seen later than d months after the records begin may still be an old
    one who had been silent since before; only an onboarding date tells. The month of ``as_of`` counts as it
    stands: when it isn't complete, its active customers are too few and its paused and dormant ones too many.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "a"],
    ...     "date": ["2024-01-10", "2024-02-10", "2024-02-11", "2024-06-01"],
    ... })
    >>> table = activity_by_month(events, dormant_after_months=2, records_begin="2020-01-01").to_frame()
    >>> table[["month", "new", "continuing", "returned", "paused", "dormant"]]
         month  new  continuing  returned  paused  dormant
    0  2024-01    1           0         0       0        0
    1  2024-02    1           1         0       0        0
    2  2024-03    0           0         0       2        0
    3  2024-04    0           0         0       0        2
    4  2024-05    0           0         0       0        2
    5  2024-06    0           0         1       0        1
    """
    if dormant_after_months < 1:
        raise Refused(f"dormant_after_months={dormant_after_months} is too short; give 1 or more.")
    rows, first_day, until = events_until(events, customer, date, as_of)
    begin = first_day if records_begin is None else parse_date(records_begin)
    if begin > first_day:
        raise Refused(f"records_begin is {begin}, but there is an event on {first_day}; give the earlier day.")
    start, end = period_index(first_day, "month"), period_index(until, "month")
    counts = _stays(rows, dormant_after_months).to_pyarrow().to_pandas()

    months = np.arange(start, end + 1)
    truncated = months - period_index(begin, "month") < dormant_after_months
    kinds = counts.pivot_table(index="month", columns="kind", values="n", aggfunc="sum", fill_value=0)
    kinds = kinds.reindex(index=months, columns=["new", "continuing", "returned"], fill_value=0).astype("int64")
    paused, dormant, lapsed = _silent(counts, months, dormant_after_months)
    first_time = kinds["new"].to_numpy()
    last_complete = period_start(end + 1, "month") - until == dt.timedelta(days=1)
    frame = pd.DataFrame(
        {
            "month": [period_label(int(m), "month") for m in months],
            "complete": [
                (m != start or begin <= period_start(start, "month")) and (m != end or last_complete) for m in months
            ],
            "new": np.where(truncated, 0, first_time),
            "new_or_known_before": np.where(truncated, first_time, 0),
            "continuing": kinds["continuing"].to_numpy(),
            "returned": kinds["returned"].to_numpy(),
            "active": kinds.sum(axis=1).to_numpy(),
            "paused": paused,
            "dormant": dormant,
            "lapsed": lapsed,
            "known": first_time.cumsum(),
        }
    )
    return Activity(frame, until, dormant_after_months, int(truncated.sum()))


def _stays(rows: ir.Table, dormant_after: int) -> ir.Table:
    """Return how many customers were active in ``month``, by kind and next active month.

    There are few such combinations however many customers: they hold all that the table needs.
    """
    active = rows.group_by("customer", month=period_index(rows.day, "month")).agg()
    order = ibis.window(group_by="customer", order_by="month")
    active = active.mutate(
        before=active.month.lag().over(order).cast("int64"),
        following=active.month.lead().over(order).cast("int64"),
    )
    gap = active.month - active.before
    kind = ibis.cases((active.before.isnull(), "new"), (gap > dormant_after, "returned"), else_="continuing")
    return active.group_by("month", "following", kind=kind).agg(n=active.count())


def _silent(counts: pd.DataFrame, months: np.ndarray, dormant_after: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return paused, dormant and newly dormant customers per month.

    After an active month m, a customer is paused from m + 1 and dormant from m + d, until the next active
    month.
    """
    start, size = int(months[0]), len(months)
    paused, dormant, lapsed = (np.zeros(size + 1, dtype="int64") for _ in range(3))
    month = counts.month.to_numpy("int64") - start
    following = counts.following.fillna(start + size).to_numpy("int64") - start
    n = counts.n.to_numpy("int64")
    asleep = np.minimum(month + dormant_after, following)
    for total, since, until in ((paused, month + 1, asleep), (dormant, asleep, following)):
        np.add.at(total, since, n)
        np.add.at(total, until, -n)
    fell = asleep < following
    np.add.at(lapsed, asleep[fell], n[fell])
    return paused.cumsum()[:-1], dormant.cumsum()[:-1], lapsed[:-1]
