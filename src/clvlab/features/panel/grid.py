"""Customers by months: when each month opens, and what became known in each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.features.panel.windows import Floats, lagged
from clvlab.periods import epoch_days, period_index, period_start


@dataclass(frozen=True)
class Grid:
    """The customers and months of a panel.

    Attributes
    ----------
    customers
        Their codes.
    first
        Number of the first month (``clvlab.periods.period_index``).
    months
        How many months there are.
    now
        Position of the last month whose whole past is known; what happens from its opening on is not.
    records_begin
        The records' first day.
    started
        Day (since 1970) on which the spell at risk began, shape (customers, months); missing where none is.
    came
        Day (since 1970) on which each customer's first spell began, shape (customers, 1); missing without one.
    shift
        Days after the first of the calendar month on which months open: 0 unless a forecast is made within a month.
    """

    customers: pd.Index
    first: int
    months: int
    now: int
    records_begin: dt.date
    started: Floats
    came: Floats
    shift: int = 0

    @cached_property
    def openings(self) -> NDArray[np.int64]:
        """Days (since 1970) on which the months open, and on which the last one ends."""
        return opening_days(self.first, self.months + 1, self.shift)

    @property
    def seen_since(self) -> Floats:
        """Day since which the records can show a customer's doings, shape (customers, 1)."""
        return np.maximum(self.came, epoch_days(self.records_begin))

    def month_of(self, moment: Any) -> Any:
        """Return the position of the month in which a moment lies: an Ibis value, or a Series without blanks."""
        if isinstance(moment, pd.Series):
            return period_index(moment - pd.Timedelta(days=self.shift), "month") - self.first
        return period_index(moment.cast("timestamp") - ibis.interval(days=self.shift), "month") - self.first

    def positions(self, codes: pd.Series) -> NDArray[np.int64]:
        """Return the customers' positions, -1 for codes that are not among them."""
        return self.customers.get_indexer(pd.Index(codes))

    def tally(self, table: ir.Table, moment: Any, **sums: Any) -> dict[str, Floats]:
        """Add up by customer and the month in which each row became known.

        Parameters
        ----------
        table
            With customer_id.
        moment
            When a row became known; rows without are left out, as are those of ``now`` and later.
        sums
            What to add up, by name; what is missing counts 0.

        Returns
        -------
        dict of arrays of shape (customers, months)
        """
        rows = table.select("customer_id", month=self.month_of(moment), **sums)
        rows = rows.filter(rows.month >= 0, rows.month < self.now)
        found = rows.group_by("customer_id", "month").agg(**{name: rows[name].sum() for name in sums})
        frame = found.to_pyarrow().to_pandas()
        frame = frame[self.positions(frame["customer_id"]) >= 0]
        cell = self.positions(frame["customer_id"]), frame["month"].to_numpy("int64")
        tallies = {name: np.zeros((len(self.customers), self.months)) for name in sums}
        for name, tally in tallies.items():
            tally[cell] = frame[name].fillna(0).to_numpy(float)
        return tallies

    def latest(self, table: ir.Table, moment: Any) -> Floats:
        """Return the day (since 1970) of each customer's last ``moment`` before each month opens; -inf for none."""
        rows = table.select("customer_id", month=self.month_of(moment), day=epoch_days(moment.cast("timestamp")))
        rows = rows.filter(rows.month < self.now)
        found = rows.group_by("customer_id", "month").agg(day=rows.day.max())
        frame = found.to_pyarrow().to_pandas()
        frame = frame[self.positions(frame["customer_id"]) >= 0]
        days = np.full((len(self.customers), self.months), -np.inf)
        cell = self.positions(frame["customer_id"]), frame["month"].clip(lower=0).to_numpy("int64")
        np.maximum.at(days, cell, frame["day"].to_numpy(float))
        return lagged(np.maximum.accumulate(days, axis=1), 1, -np.inf)

    def profile(self, customers: ir.Table, column: str) -> pd.Series:
        """Return a column of the customers table in the order of the grid; missing where there is no row."""
        frame = customers.select("customer_id", column).to_pyarrow().to_pandas()
        return frame.drop_duplicates("customer_id").set_index("customer_id")[column].reindex(self.customers)

    def by_customer(self, values: Floats, whose: NDArray[np.int64]) -> Floats:
        """Add up rows of months by the customer they belong to."""
        total = np.zeros((len(self.customers), self.months))
        np.add.at(total, whose, values)
        return total


def opening_days(first: int, count: int, shift: int = 0) -> NDArray[np.int64]:
    """Return the days (since 1970) on which ``count`` months open, ``shift`` days after the first of each."""
    return np.array([epoch_days(period_start(first + k, "month")) for k in range(count)]) + shift
