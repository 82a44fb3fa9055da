"""What the records cover: rows of each table by month, and how far each column is filled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.periods import period_index, period_label
from clvlab.results import Result, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Coverage(Result):
    """Rows by table and calendar month of their own date."""

    title = "Rows by table and month"

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_frame(self) -> pd.DataFrame:
        """Return month and one column of counts per table."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each table's months, darker where it has more rows; a gap is white."""
        from clvlab.features.plots import draw_coverage

        return draw_coverage(self._frame, ax)


def rows_by_month(tables: Mapping[str, ir.Table], events: Mapping[str, str], as_of: dt.date) -> Coverage:
    """Count the rows of each dated table by calendar month, from the first shipment or invoice on.

    Customers and contracts often reach back further; months in which nothing was shipped or invoiced yet would
    only push the rest aside.

    Parameters
    ----------
    tables
        Accepted tables by name.
    events
        The date column of each table; tables without one are left out.
    as_of
        The last day known, which ends the months.
    """
    counts = {}
    for name, table in tables.items():
        event = events.get(name)
        if event in table.columns:
            dated = table.filter(table[event].notnull())
            months = dated.select(month=period_index(dated[event].cast("date"), "month"))
            counts[name] = months["month"].value_counts(name="rows").execute().set_index("month")["rows"]
    frame = pd.DataFrame(counts)
    activity = [name for name in ("shipments", "invoices") if name in frame.columns]
    every = range(int(frame[activity].dropna(how="all").index.min()), int(period_index(as_of, "month")) + 1)
    frame = frame.reindex(every).fillna(0).astype(np.int64)
    frame.insert(0, "month", [period_label(number, "month") for number in frame.index])
    return Coverage(frame.reset_index(drop=True))


def share_filled(tables: Mapping[str, ir.Table]) -> Table:
    """Return how far the columns of each table are filled: table, columns, and those filled in part.

    Parameters
    ----------
    tables
        Accepted tables by name; columns that are blank throughout are not in them.
    """
    rows = []
    for name, table in tables.items():
        own = [column for column in table.columns if not column.startswith("source_")]
        filled = table.aggregate(**{column: table[column].count() for column in own}, n=table.count())
        found = filled.execute().iloc[0]
        shares = (found[own] / max(int(found["n"]), 1)).astype("float64").sort_values(kind="stable")
        partly = [f"{column} {share:.1%}" for column, share in shares.items() if share < 1]
        rows.append((name, len(own), len(own) - len(partly), ", ".join(partly) or "–"))
    return Table(
        pd.DataFrame(rows, columns=["table", "columns", "filled_throughout", "filled_in_part"]),
        "How far the tables are filled",
    )
