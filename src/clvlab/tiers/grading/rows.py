"""Rows of a table with the place of their customer, added up by customer in one pass over NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a table, each of a customer.

    Attributes
    ----------
    customers
        Everyone, with rows or without.
    place
        Where the customer of each row stands among ``customers``.
    columns
        Numbers by name, NaN where missing; a date is its days since 1970.

    Examples
    --------
    >>> rows = Rows(pd.Index(["a", "b"]), np.array([1, 1]), {"weight": np.array([5.0, np.nan])})
    >>> rows.count().tolist(), rows.total(rows["weight"]).tolist()
    ([0.0, 2.0], [0.0, 5.0])
    """

    customers: pd.Index
    place: NDArray[np.int64]
    columns: Mapping[str, Floats]

    @staticmethod
    def of(table: pa.Table, customers: pd.Index) -> Rows:
        """Return what the engine found: ``place`` and other columns, numbers and dates."""
        columns = {name: _numbers(table[name]) for name in table.column_names}
        return Rows(customers, columns.pop("place").astype("int64"), columns)

    def __getitem__(self, name: str) -> Floats:
        """Return a column."""
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        """Return whether there is such a column."""
        return name in self.columns

    def where(self, kept: NDArray[np.bool_]) -> Rows:
        """Return some of the rows."""
        columns = {name: column[kept] for name, column in self.columns.items()}
        return Rows(self.customers, self.place[kept], columns)

    def count(self, counted: NDArray[np.bool_] | None = None) -> pd.Series:
        """Return how many rows each customer has, or how many of those that count."""
        place = self.place if counted is None else self.place[counted]
        return pd.Series(np.bincount(place, minlength=len(self.customers)).astype("float64"), self.customers)

    def total(self, amounts: Floats) -> pd.Series:
        """Return the sum of one amount per row by customer, missing ones left out; 0 without any."""
        known = np.where(np.isnan(amounts), 0.0, amounts)
        return pd.Series(np.bincount(self.place, known, len(self.customers)), self.customers)


def _numbers(column: pa.ChunkedArray) -> Floats:
    """Return a column as floats."""
    if pa.types.is_date32(column.type):
        column = column.cast("int32")
    return column.to_numpy().astype("float64", copy=False)
