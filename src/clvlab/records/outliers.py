"""Where a column of dates really begins and ends, whatever a handful of mistyped dates say."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis.expr.types as ir
import numpy as np

# A handful: at most this many rows, or this share of them where that is more, may stand apart.
HANDFUL_ROWS = 10
HANDFUL_SHARE = 0.001
MOST_SHARE = 0.02
# They stand apart when the gap before them is longer than three days and three times what the 20 dates before
# it span, and when together they reach more than 30 days beyond. A short pause at the end of a file (a holiday,
# a slow week) passes; bookings months after the rest do not.
NEIGHBOURS = 20
GAP_DAYS = 3.0
REACH_DAYS = 30.0


def robust_ends(table: ir.Table, column: str) -> tuple[datetime | None, datetime | None]:
    """Return the earliest and latest believable value of a date or time column, each None without outliers.

    A cluster of at most a handful of dates (10 rows or 0.1% of the rows, never more than 2%) is an outlier when
    a long gap separates it from the rest and it reaches more than 30 days beyond. Only the outermost dates are
    fetched; the engine does the sorting.

    Parameters
    ----------
    table
        The typed table.
    column
        A date or timestamp column; missing values are ignored.

    Returns
    -------
    first, last
        Values before ``first`` or after ``last`` lie far from the rest; None where none do.
    """
    dates = table.filter(table[column].notnull()).select(at=table[column].cast("timestamp"))
    rows = int(dates.count().execute())
    handful = min(max(HANDFUL_ROWS, int(HANDFUL_SHARE * rows)), int(MOST_SHARE * rows))
    if handful < 1:
        return None, None
    wanted = handful + NEIGHBOURS + 1
    earliest = dates.order_by("at").limit(wanted).execute()["at"].to_numpy("datetime64[us]")
    latest = dates.order_by(dates["at"].desc()).limit(wanted).execute()["at"].to_numpy("datetime64[us]")
    last = _end_of_the_rest(latest, handful, sign=-1)
    first = _end_of_the_rest(earliest, handful, sign=1)
    return first, last


def _end_of_the_rest(outermost: np.ndarray, handful: int, sign: int) -> datetime | None:
    """Return the first date, counted from outside, that belongs to the rest, or None when all do."""
    days = sign * outermost.astype("int64") / 86_400e6  # ascending from the outside in, for either end
    for apart in range(min(handful, len(days) - NEIGHBOURS - 1), 0, -1):
        gap = days[apart] - days[apart - 1]
        span = days[apart + NEIGHBOURS] - days[apart]
        reach = days[apart] - days[0]
        if gap > max(GAP_DAYS, 3 * span) and reach > REACH_DAYS:
            return outermost[apart].astype(datetime)
    return None


def last_moment(table: ir.Table, column: str) -> datetime | None:
    """Return the latest value of a date or time column that is no outlier, or None when it is all missing."""
    _, last = robust_ends(table, column)
    if last is not None:
        return last
    value = table[column].cast("timestamp").max().execute()
    return None if value is None or value != value else value.to_pydatetime()


def end_of_day(moment: datetime) -> datetime:
    """Return the first moment of the day after ``moment``."""
    return datetime(moment.year, moment.month, moment.day) + timedelta(days=1)
