"""Rows of a table with the place of their customer, added up by customer in one pass over NumPy arrays.

For many sums of long tables this is several times faster than adding up by customer code in the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
_BLOCK = 2**16


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
        return self if kept.all() else self._at(where_kept(kept))

    def having(self, columns: Mapping[str, Floats]) -> Rows:
        """Return the same rows with other columns."""
        return Rows(self.customers, self.place, columns, self.words)

    def blocks(self) -> Iterator[Rows]:
        """Yield the rows in parts that fit into the processor's cache: what is made of each needs no new memory."""
        for start in range(0, max(len(self), 1), _BLOCK):
            yield self._at(slice(start, start + _BLOCK))

    def _at(self, part: NDArray[np.int64] | slice) -> Rows:
        """Return the rows at some places."""
        columns = self.columns if isinstance(self.columns, Columns) else Columns(self.columns)
        return Rows(self.customers, self.place[part], columns.at(part), self.words)

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


def where_kept(kept: Flags) -> NDArray[np.int64] | slice:
    """Return where flags hold; where they do side by side a slice, with which nothing is copied.

    In a table that is in order of time, the rows of a year stand side by side.

    Examples
    --------
    >>> where_kept(np.array([False, True, True])), where_kept(np.array([True, False, True])).tolist()
    (slice(1, 3, None), [0, 2])
    """
    first = int(kept.argmax()) if len(kept) else 0
    side_by_side = slice(first, first + int(np.count_nonzero(kept)))
    return side_by_side if kept[side_by_side].all() else np.flatnonzero(kept)


def no_rows(customers: pd.Index, *columns: str) -> Rows:
    """Return no row at all, with these columns.

    Examples
    --------
    >>> no_rows(pd.Index(["a"]), "weight").count().tolist()
    [0.0]
    """
    nothing: Floats = np.array([])
    return Rows(customers, np.array([], dtype="int64"), dict.fromkeys(columns, nothing))


def as_one(high: NDArray[np.number], low: NDArray[np.number], width: int) -> NDArray[np.integer]:
    """Return two whole numbers as one each, ``high * width + low``: one number sorts faster than two.

    Parameters
    ----------
    high, low
        From 0 on; the low ones below ``width``.
    width
        Of the low ones.

    Returns
    -------
    array
        Of 32 bits where they fit, which sorts in half the time.

    Examples
    --------
    >>> as_one(np.array([2, 0]), np.array([30.0, 7.0]), 100).tolist()
    [230, 7]
    """
    # One less than 32 bits hold, so that the width fits too.
    fits = (int(high.max(initial=0)) + 1) * width < 2**32 - 1
    one = high.astype("uint32" if fits else "int64")
    one *= width
    return np.add(one, low, out=one, dtype=one.dtype, casting="unsafe")


def filled(numbers: Floats) -> Floats:
    """Return numbers with 0 where they are missing; those without gaps themselves: a copy of millions takes long."""
    missing = np.isnan(numbers)
    return np.where(missing, 0.0, numbers) if missing.any() else numbers
