"""Where a column of dates really begins and ends, whatever a handful of mistyped dates say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis.expr.types as ir
import numpy as np
import pandas as pd

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


@dataclass(frozen=True)
class Ends:
    """The earliest and latest believable value of a column; None where nothing lies beyond."""

    first: datetime | None
    last: datetime | None


def robust_ends(table: ir.Table, columns: list[str]) -> dict[str, Ends]:
    """Return the believable ends of those date or time columns that have outliers.

    A cluster of at most a handful of dates (10 rows or 0.1% of the rows, never more than 2%) is an outlier when
    a long gap separates it from the rest and it reaches more than 30 days beyond. Two passes of the engine tell
    for all columns together which of them have a long tail at all; only of those are the outermost dates fetched.

    Parameters
    ----------
    table
        The typed table.
    columns
        Date or timestamp columns; missing values are ignored.
    """
    moments = table.select(**{name: table[name].cast("timestamp") for name in columns})
    counts = moments.aggregate(**{name: moments[name].count() for name in columns}).execute().iloc[0]
    handfuls = {name: _handful(int(counts[name])) for name in columns if _handful(int(counts[name])) > 0}
    if not handfuls:
        return {}
    suspects = _long_tails(moments, handfuls, counts)
    found = {name: _ends(moments, name, handfuls[name]) for name in suspects}
    return {name: ends for name, ends in found.items() if ends.first or ends.last}


def _handful(rows: int) -> int:
    return min(max(HANDFUL_ROWS, int(HANDFUL_SHARE * rows)), int(MOST_SHARE * rows))


def _long_tails(moments: ir.Table, handfuls: dict[str, int], counts: pd.Series) -> list[str]:
    """Return the columns in which the outermost handful spans more than the reach of an outlier."""
    spans = {}
    for name, handful in handfuls.items():
        seconds = moments[name].epoch_seconds()
        share = (handful + 1) / int(counts[name])
        spans[f"{name} low"] = seconds.quantile(share) - seconds.min()
        spans[f"{name} high"] = seconds.max() - seconds.quantile(1 - share)
    wide = moments.aggregate(**spans).execute().iloc[0] > REACH_DAYS * 86_400
    return [name for name in handfuls if wide[f"{name} low"] or wide[f"{name} high"]]


def _ends(moments: ir.Table, name: str, handful: int) -> Ends:
    filled = moments.filter(moments[name].notnull()).select(at=moments[name])
    wanted = handful + NEIGHBOURS + 1
    earliest = filled.order_by("at").limit(wanted).execute()["at"].to_numpy("datetime64[us]")
    latest = filled.order_by(filled["at"].desc()).limit(wanted).execute()["at"].to_numpy("datetime64[us]")
    return Ends(_end_of_the_rest(earliest, handful, sign=1), _end_of_the_rest(latest, handful, sign=-1))


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
