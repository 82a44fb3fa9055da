"""Where a column of dates really begins and ends, whatever a handful of mistyped dates say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir
import numpy as np

# A handful: at most this many rows, or this share of them where that is more, may stand apart.
HANDFUL_ROWS = 10
HANDFUL_SHARE = 0.001
MOST_SHARE = 0.02
# They stand apart when the gap before them is longer than three days and three times any gap between the 20 days
# with rows before it, and when together they reach more than two months beyond. A holiday, a slow start after it,
# or a billing run that has only begun passes; bookings months after the rest do not.
NEIGHBOURS = 20
GAP_DAYS = 3
GAP_TIMES = 3
REACH_DAYS = 60


@dataclass(frozen=True)
class Ends:
    """The earliest and latest believable day of a column; None where nothing lies beyond."""

    first: date | None
    last: date | None


def robust_ends(table: ir.Table, columns: list[str]) -> dict[str, Ends]:
    """Return the believable ends of those date or time columns that have outliers.

    A cluster of at most a handful of rows (10, or 0.1% of the rows, never more than 2%) is an outlier when a long
    gap, measured against the days next to it, separates it from the rest and it reaches more than 60 days beyond.
    The engine counts rows by day; the few thousand days are looked at here. The limits are drawn from all rows
    given: more rows can change which far dates are believed.

    Parameters
    ----------
    table
        The typed table.
    columns
        Date or timestamp columns; missing values are ignored.
    """
    found = {name: _ends(table, name) for name in columns}
    return {name: ends for name, ends in found.items() if ends.first or ends.last}


def _ends(table: ir.Table, name: str) -> Ends:
    days = table.filter(table[name].notnull()).select(day=table[name].cast("date"))
    counted = days["day"].value_counts(name="rows").order_by("day").execute()
    at = counted["day"].to_numpy("datetime64[D]")
    rows = counted["rows"].to_numpy()
    total = int(rows.sum())
    handful = min(max(HANDFUL_ROWS, int(HANDFUL_SHARE * total)), int(MOST_SHARE * total))
    return Ends(_end_of_the_rest(at, rows, handful), _end_of_the_rest(at[::-1], rows[::-1], handful))


def _end_of_the_rest(at: np.ndarray, rows: np.ndarray, handful: int) -> date | None:
    """Return the first day, counted from outside, that belongs to the rest, or None when all do."""
    gaps = np.abs(np.diff(at)).astype("int64")
    within = np.cumsum(rows) <= handful
    for apart in range(min(int(within.sum()), len(at) - NEIGHBOURS), 0, -1):
        neighbours = gaps[apart : apart + NEIGHBOURS - 1]
        reach = abs(at[apart] - at[0]).astype("int64")
        if gaps[apart - 1] > max(GAP_DAYS, GAP_TIMES * neighbours.max()) and reach > REACH_DAYS:
            return at[apart].item()
    return None
