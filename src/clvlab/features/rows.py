"""Rows of a table with the place of their customer, added up by customer in one pass over NumPy arrays.

For many sums of long tables this is several times faster than adding up by customer code in the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from clvlab.features.by_customer import by_customer

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


@dataclass(frozen=True, eq=False)
class Places:
    """Where each customer stands among all.

    Attributes
    ----------
    customers
        Everyone, sorted.
    table
        customer_id and place, in the engine.

    Examples
    --------
    >>> places = Places.among(ibis.memtable({"customer_id": ["b", "a"]}))
    >>> places.rows(ibis.memtable({"customer_id": ["b", "b"], "weight": [2.0, 3.0]})).count().tolist()
    [0.0, 2.0]
    """

    customers: pd.Index
    table: ir.Table

    @staticmethod
    def among(codes: ir.Table, customers: pd.Index | None = None) -> Places:
        """Return the places of these codes, each there once as customer_id; ``customers`` if read already."""
        place = ibis.row_number().over(order_by="customer_id").cast("int32")
        table = codes.select("customer_id", place=place).cache()
        return Places(by_customer(table.drop("place")).index if customers is None else customers, table)

    def rows(self, table: ir.Table) -> Rows:
        """Return rows of a table with customer_id and columns of numbers and dates; strangers' are left out."""
        found = table.join(self.table, "customer_id").drop("customer_id").to_pyarrow()
        columns = {name: _numbers(found[name]) for name in found.column_names}
        return Rows(self.customers, columns.pop("place").astype("int64"), columns)


def _numbers(column: pa.ChunkedArray) -> Floats:
    """Return a column as floats."""
    if pa.types.is_date32(column.type):
        column = column.cast("int32")
    return column.to_numpy().astype("float64", copy=False)
