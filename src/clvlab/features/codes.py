"""Which of all customers each code of a long table is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clvlab.cores import on_all_cores

Ints: TypeAlias = NDArray[np.int64]
# Codes of so many bytes make a number of 64 bits.
_NUMBER_BYTES = 8
_BLOCK = 2**16


@dataclass(frozen=True, eq=False)
class Codes:
    """Codes among which others are looked up.

    Attributes
    ----------
    every
        The codes, texts, each there once.

    Examples
    --------
    >>> Codes(pa.array(["a", "b"])).number_of(pa.array(["b", "c", None, "a"])).tolist()
    [1, -1, -1, 0]
    """

    every: pa.Array

    @property
    def are_numbers(self) -> bool:
        """Whether each code is looked up as a number, so that many are found no faster all at once than in parts."""
        return self._numbers is not None

    def number_of(self, codes: pa.Array) -> Ints:
        """Return which of all codes each one is, -1 of strangers and where it is missing."""
        codes = codes.cast(self.every.type)
        if self._numbers is not None:
            found = np.full(len(codes), -1)
            fit = _of_length(codes, self._length)  # others are of strangers
            numbers = _as_numbers(codes.filter(fit), self._length)
            found[fit.to_numpy(zero_copy_only=False)] = _looked_up(numbers, self._numbers)
            return found
        if len(codes) >= len(self.every):
            return _index_in(codes, self.every)
        # A short table: to look everyone up among its few codes is faster than these among everyone's.
        words = codes.dictionary_encode()
        number = _index_in(self.every, words.dictionary)
        place = np.full(len(words.dictionary) + 1, -1)
        place[number] = np.arange(len(number))
        place[-1] = -1  # of codes that are missing, and of everyone who has none
        return place[pc.fill_null(words.indices, -1).to_numpy()]

    @cached_property
    def _length(self) -> int:
        """The bytes of the first code; 0 without one, or when codes are no texts."""
        first = self.every[0].as_py() if len(self.every) else None
        return len(first.encode()) if isinstance(first, str) else 0

    @cached_property
    def _numbers(self) -> pd.Index | None:
        """The codes as numbers, learnt once for all tables and found in a third of the time; None when they are none.

        Numbers they are when all have as many bytes, and no more than eight.
        """
        if not 0 < self._length <= _NUMBER_BYTES or not pc.all(_of_length(self.every, self._length)).as_py():
            return None
        learnt = pd.Index(_as_numbers(self.every, self._length))
        if not learnt.is_unique:
            return None
        learnt.get_indexer(learnt[:1])  # learns them, which no two threads may do at a time
        return learnt


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece, itself where it is one: ``combine_chunks`` would copy that too.

    Examples
    --------
    >>> whole(pa.chunked_array([[1], [2]])).to_pylist()
    [1, 2]
    """
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _of_length(codes: pa.Array, length: int) -> pa.BooleanArray:
    """Return which codes have so many bytes."""
    return pc.fill_null(pc.equal(pc.binary_length(codes), length), False)


def _as_numbers(codes: pa.Array, length: int) -> NDArray[np.uint64]:
    """Return codes of so many bytes as one number each, equal ones as equal numbers."""
    if not len(codes):
        return np.array([], "uint64")
    _, offsets, text = codes.buffers()
    start = np.frombuffer(offsets, "int64" if pa.types.is_large_string(codes.type) else "int32")[codes.offset]
    letters = np.frombuffer(text, "uint8", len(codes) * length, start).reshape(len(codes), length)
    if length < _NUMBER_BYTES:
        letters = np.pad(letters, [(0, 0), (0, _NUMBER_BYTES - length)])
    return letters.view("uint64")[:, 0]


def _looked_up(numbers: NDArray[np.uint64], among: pd.Index) -> Ints:
    """Return which of several numbers each one is, -1 of none, looked up on all cores."""
    found = np.empty(len(numbers), "int64")

    def look_up(start: int) -> None:
        part = slice(start, start + _BLOCK)
        found[part] = among.get_indexer(numbers[part])

    on_all_cores(look_up, range(0, len(numbers), _BLOCK), len(numbers))
    return found


def _index_in(codes: pa.Array, among: pa.Array) -> Ints:
    return pc.fill_null(pc.index_in(codes, value_set=among), -1).to_numpy().astype("int64")
