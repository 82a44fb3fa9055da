"""Rows of a table with the place of their customer, added up by customer in one pass over NumPy arrays.

For many sums of long tables this is several times faster than adding up by customer code in the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


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
        Numbers by name, NaN where missing; a date is its days since 1970, a flag 1 or 0, a text the number of its word.
    words
        By column of texts: the words, in the order of their numbers.

    Examples
    --------
    >>> rows = Rows(pd.Index(["a", "b"]), np.array([1, 1]), {"weight": np.array([5.0, np.nan])})
    >>> rows.count().tolist(), rows.total(rows["weight"]).tolist()
    ([0.0, 2.0], [0.0, 5.0])
    """

    customers: pd.Index
    place: NDArray[np.int64]
    columns: Mapping[str, Floats]
    words: Mapping[str, list[str]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Floats:
        """Return a column."""
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        """Return whether there is such a column."""
        return name in self.columns

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.place)

    def filled(self, name: str) -> Floats:
        """Return a column with 0 where it is missing; 0 throughout where there is none."""
        return _filled(self.columns[name]) if name in self.columns else np.zeros(len(self))

    def where(self, kept: Flags) -> Rows:
        """Return some of the rows."""
        which = np.flatnonzero(kept)
        if isinstance(self.columns, _Picked):  # from the rows themselves: picking twice would copy twice
            picked = _Picked(self.columns.every, self.columns.which[which])
        else:
            picked = _Picked(self.columns, which)
        return Rows(self.customers, self.place[kept], picked, self.words)

    def having(self, columns: Mapping[str, Floats]) -> Rows:
        """Return the same rows with other columns."""
        return Rows(self.customers, self.place, columns, self.words)

    def count(self, counted: Flags | None = None) -> pd.Series:
        """Return how many rows each customer has, or how many of those that count."""
        place = self.place if counted is None else self.place[counted]
        return pd.Series(np.bincount(place, minlength=len(self.customers)).astype("float64"), self.customers)

    def total(self, amounts: Floats) -> pd.Series:
        """Return the sum of one amount per row by customer, missing ones left out; 0 without any."""
        total = np.bincount(self.place, _filled(amounts), len(self.customers))
        return pd.Series(total.astype("float64", copy=False), self.customers)  # of no rows they are whole numbers

    def first(self, name: str) -> pd.Series:
        """Return the least of a column without gaps by customer, missing where there is no row."""
        found = np.full(len(self.customers), np.inf)
        np.minimum.at(found, self.place, self[name])
        return pd.Series(np.where(np.isinf(found), np.nan, found), self.customers)

    def last(self, name: str) -> pd.Series:
        """Return the greatest of a column without gaps by customer, missing where there is no row."""
        return -self.having({name: -self[name]}).first(name)


class _Picked(Mapping[str, Floats]):
    """Columns of some of the rows, each picked when it is first asked for: of long tables few are."""

    def __init__(self, every: Mapping[str, Floats], which: NDArray[np.int64]) -> None:
        self.every, self.which, self._found = every, which, dict[str, Floats]()

    def __getitem__(self, name: str) -> Floats:
        if name not in self._found:
            self._found[name] = self.every[name][self.which]
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self.every

    def __iter__(self) -> Iterator[str]:
        return iter(self.every)

    def __len__(self) -> int:
        return len(self.every)


@dataclass(frozen=True, eq=False)
class Places:
    """Where each customer stands among all.

    Attributes
    ----------
    customers
        Everyone, sorted.
    codes
        The same as the engine holds them.

    Examples
    --------
    >>> import ibis
    >>> places = Places.among(ibis.memtable({"customer_id": ["b", "a"]}))
    >>> places.rows(ibis.memtable({"customer_id": ["b", "b"], "weight": [2.0, 3.0]})).count().tolist()
    [0.0, 2.0]
    """

    customers: pd.Index
    codes: pa.Array

    @staticmethod
    def among(table: ir.Table) -> Places:
        """Return the places of the codes in a table, each there once as customer_id."""
        codes = table.select("customer_id").order_by("customer_id").to_pyarrow()["customer_id"].combine_chunks()
        return Places(pd.Index(codes.to_pandas(deduplicate_objects=False), name="customer_id"), codes)

    def of(self, codes: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
        """Return the place of each code, -1 of strangers."""
        found = pc.index_in(codes.cast(self.codes.type), value_set=self.codes)
        return pc.fill_null(found, -1).to_numpy().astype("int64")

    def rows(self, table: ir.Table, refused_in: str = "") -> Rows:
        """Return rows of a table with customer_id, numbers, dates, flags and texts, in the table's order.

        A join in the engine would take as long, and return them in an order that hangs on how it goes about it, and so
        would the last digits of sums.

        Parameters
        ----------
        table
            An Ibis table.
        refused_in
            The name under which rows of strangers are refused; they are left out when blank.

        Raises
        ------
        Refused
            When a row names a customer who is not among them.
        """
        found = table.to_pyarrow()
        place = self.of(found["customer_id"])
        known = place >= 0
        if not known.all():
            if refused_in:
                raise Refused(
                    f"The table {refused_in} holds {plural(int((~known).sum()), 'rows')} of customers who are not in"
                    " the customer file; add these customers to it, or leave the rows out."
                )
            found, place = found.filter(known), place[known]
        words, columns = {}, {}
        for name in found.drop_columns("customer_id").column_names:
            column = found[name]
            if pa.types.is_string(column.type):
                encoded = column.combine_chunks().dictionary_encode()
                words[name], column = encoded.dictionary.to_pylist(), encoded.indices
            columns[name] = _numbers(column)
        return Rows(self.customers, place, columns, words)


def _numbers(column: pa.Array | pa.ChunkedArray) -> Floats:
    """Return a column as floats."""
    if pa.types.is_date32(column.type):
        column = column.cast("int32")
    return column.cast("float64").to_numpy(zero_copy_only=False)


def _filled(numbers: Floats) -> Floats:
    """Return numbers with 0 where they are missing; those without gaps themselves: a copy of millions takes long."""
    missing = np.isnan(numbers)
    return np.where(missing, 0.0, numbers) if missing.any() else numbers
