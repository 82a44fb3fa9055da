"""Rows of a table with the place of their customer, added up by customer in one pass over NumPy arrays.

For many sums of long tables this is several times faster than adding up by customer code in the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clvlab.features.codes import Codes, whole
from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
_MISSING = ibis.literal(np.nan)
_BLOCK = 2**16
# So many rows are read from the engine at once.
_BATCH = 2**17


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
        Numbers by name, NaN where missing; a date is its days since 1970, a text the number of its word, a flag 1 or 0
        (True or False where none is missing: of millions an eighth of the memory).
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
        return filled(self.columns[name]) if name in self.columns else np.zeros(len(self))

    def where(self, kept: Flags) -> Rows:
        """Return some of the rows; these themselves when all are kept, so columns are not to be written into."""
        first, number = int(kept.argmax()) if len(kept) else 0, np.count_nonzero(kept)
        if number == len(kept):
            return self
        stretch = slice(first, first + number)  # in a table that is in order of time, a year is one
        which = stretch if kept[stretch].all() else np.flatnonzero(kept)
        columns = self.columns if isinstance(self.columns, Columns) else Columns(self.columns)
        return Rows(self.customers, self.place[which], columns.at(which), self.words)

    def having(self, columns: Mapping[str, Floats]) -> Rows:
        """Return the same rows with other columns."""
        return Rows(self.customers, self.place, columns, self.words)

    def blocks(self) -> Iterator[Rows]:
        """Yield the rows in parts that fit into the processor's cache: what is made of each needs no new memory."""
        for start in range(0, max(len(self), 1), _BLOCK):
            part = slice(start, start + _BLOCK)
            columns = {name: column[part] for name, column in self.columns.items()}
            yield Rows(self.customers, self.place[part], columns, self.words)

    def count(self, counted: Flags | None = None) -> pd.Series:
        """Return how many rows each customer has, or how many of those that count."""
        if counted is None or counted.all():
            return pd.Series(self._number.copy(), self.customers)
        number = np.bincount(self.place[counted], minlength=len(self.customers))
        return pd.Series(number.astype("float64"), self.customers)

    @cached_property
    def _number(self) -> Floats:
        """How many rows each customer has."""
        return np.bincount(self.place, minlength=len(self.customers)).astype("float64")

    def total(self, amounts: Floats) -> pd.Series:
        """Return the sum of one amount per row by customer, missing ones left out; 0 without any."""
        total = np.bincount(self.place, filled(amounts), len(self.customers))
        return pd.Series(total.astype("float64", copy=False), self.customers)  # of no rows they are whole numbers

    def first(self, name: str) -> pd.Series:
        """Return the least of a column without gaps by customer, missing where there is no row."""
        return self._outermost(np.minimum, np.inf, name)

    def last(self, name: str) -> pd.Series:
        """Return the greatest of a column without gaps by customer, missing where there is no row."""
        return self._outermost(np.maximum, -np.inf, name)

    def _outermost(self, of_two: np.ufunc, without: float, name: str) -> pd.Series:
        found = np.full(len(self.customers), without)
        of_two.at(found, self.place, self[name])
        found[np.isinf(found)] = np.nan
        return pd.Series(found, self.customers)


class Columns(Mapping[str, Floats]):
    """Columns of rows, each picked or made when it is first asked for: of long tables few are.

    Parameters
    ----------
    every
        The columns of all rows.
    made
        By name, how further columns are made of the others.
    which
        Which of the rows these are; all when None.

    Examples
    --------
    >>> money = Columns({"price": np.array([5.0, 7.0]), "rebate": np.array([1.0, 1.0])},
    ...                 {"revenue": lambda columns: columns.part("price") - columns.part("rebate")})
    >>> money.at(np.array([1]))["revenue"].tolist()
    [6.0]
    """

    def __init__(
        self,
        every: Mapping[str, Floats],
        made: Mapping[str, Callable[[Columns], Floats]] | None = None,
        which: NDArray[np.int64] | None = None,
    ) -> None:
        self.every, self.made, self.which, self._found = every, made or {}, which, dict[str, Floats]()

    def at(self, which: NDArray[np.int64] | slice) -> Columns:
        """Return those of some of these rows, picked from all rows: picking twice would copy twice."""
        if self.which is not None:
            return Columns(self.every, self.made, self.which[which])
        if isinstance(which, slice):
            return Columns({name: column[which] for name, column in self.every.items()}, self.made)
        return Columns(self.every, self.made, which)

    def __getitem__(self, name: str) -> Floats:
        if name not in self._found:
            self._found[name] = self.made[name](self) if name in self.made else self.part(name)
        return self._found[name]

    def part(self, name: str) -> Floats:
        """Return a column that is not made, without keeping it: of what others are made of few are asked for."""
        column = self.every[name]
        return column if self.which is None else column[self.which]

    def __contains__(self, name: object) -> bool:
        return name in self.every or name in self.made

    def __iter__(self) -> Iterator[str]:
        return iter([*self.every, *self.made])

    def __len__(self) -> int:
        return len(self.every) + len(self.made)


@dataclass(frozen=True, eq=False)
class Places:
    """Where each customer stands among all.

    Attributes
    ----------
    customers
        Everyone, sorted.
    codes
        Their codes, to be looked up.
    from_file
        Whether they are those of a customer file, and not of everyone with an order.

    Examples
    --------
    >>> places = Places.among(ibis.memtable({"customer_id": ["b", "a"]}))
    >>> places.rows(ibis.memtable({"customer_id": ["b", "b"], "weight": [2.0, 3.0]})).count().tolist()
    [0.0, 2.0]
    """

    customers: pd.Index
    codes: Codes
    from_file: bool = False

    @staticmethod
    def among(table: ir.Table) -> Places:
        """Return the places of the codes in a table, each there once as customer_id."""
        return Places.of_codes(table.select("customer_id").order_by("customer_id").to_pyarrow()["customer_id"])

    @staticmethod
    def of_codes(codes: pa.ChunkedArray, from_file: bool = False) -> Places:
        """Return the places of codes that are in order, each there once."""
        customers = pd.Index(codes.to_pandas(deduplicate_objects=False), name="customer_id")
        return Places(customers, Codes(whole(codes)), from_file)

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
        numbers = table.select("customer_id", **{name: _number(table[name]) for name in _others(table)})
        types, length = numbers.schema(), int(table.count().to_pyarrow().as_py())
        place, end = np.empty(length, "int64"), 0
        columns = {name: np.empty(length, "int8" if types[name].is_boolean() else "float64") for name in _others(table)}
        words = {name: dict[str, int]() for name in columns if types[name].is_string()}
        # Batch by batch: all at once, codes and texts would stay in memory for as long as the numbers beside them.
        for batch in numbers.to_pyarrow_batches(chunk_size=_BATCH if self.codes.are_numbers else max(length, 1)):
            part = slice(end, end := end + len(batch))
            place[part] = self.codes.number_of(batch["customer_id"])
            for name, column in columns.items():
                column[part] = _told(batch[name], words.get(name))
        known = place >= 0
        if not known.all():
            if refused_in:
                raise Refused(self._strangers(refused_in, plural(int((~known).sum()), "rows")))
            place, columns = place[known], {name: column[known] for name, column in columns.items()}
        columns = {name: _flags(column) if types[name].is_boolean() else column for name, column in columns.items()}
        return Rows(self.customers, place, columns, {name: [*numbered] for name, numbered in words.items()})

    def _strangers(self, table: str, rows: str) -> str:
        """Say that rows name nobody whom we know, and what helps."""
        if self.from_file:
            return (
                f"The table {table} holds {rows} of customers who are not in the customer file; add these customers to"
                " it, or leave the rows out."
            )
        return (
            f"The table {table} holds {rows} of customers who were neither shipped for nor invoiced; give a customer"
            " file with them, or leave the rows out."
        )


def _others(table: ir.Table) -> list[str]:
    """Return the columns of a table beside customer_id."""
    return [name for name in table.columns if name != "customer_id"]


def _number(column: ir.Value) -> ir.Value:
    """Return a column as numbers, made in the engine, which takes no copy of millions; texts and flags as they are."""
    if column.type().is_string() or column.type().is_boolean():
        return column
    number = column.epoch_days() if column.type().is_date() else column
    return number.cast("float64").fill_null(_MISSING)


def _told(column: pa.Array, words: dict[str, int] | None) -> NDArray[np.number]:
    """Return numbers as they are, flags as 1, 0 and -1 where missing, texts by the numbers of their words.

    New words are numbered and added.
    """
    if words is not None:
        encoded = column.dictionary_encode()
        numbers = [words.setdefault(word, len(words)) for word in encoded.dictionary.to_pylist()]
        return np.array([*numbers, np.nan])[pc.fill_null(encoded.indices, -1).to_numpy()]
    if pa.types.is_boolean(column.type):
        column = pc.fill_null(column.cast("int8"), -1)
    return column.to_numpy(zero_copy_only=False)


def _flags(marks: NDArray[np.int8]) -> Floats | Flags:
    """Return flags of which none is missing as they are, others as 1, 0 and NaN."""
    missing = marks < 0
    return np.where(missing, np.nan, marks) if missing.any() else marks.view("bool")


def filled(numbers: Floats) -> Floats:
    """Return numbers with 0 where they are missing; those without gaps themselves: a copy of millions takes long."""
    missing = np.isnan(numbers)
    return np.where(missing, 0.0, numbers) if missing.any() else numbers
