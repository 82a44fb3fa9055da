"""Which of all customers each code of a long table is."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
_NUMBER_BYTES = 8


@dataclass(frozen=True, eq=False)
class Codes:
    """Codes among which others are looked up.

    Attributes
    ----------
    every
        The codes, each there once.

    Examples
    --------
    >>> Codes(pa.array(["a", "b"])).number_of(pa.chunked_array([["b", "c", None, "a"]])).tolist()
    [1, -1, -1, 0]
    """

    every: pa.Array

    def number_of(self, codes: pa.ChunkedArray) -> Ints:
        """Return which of all codes each one is, -1 of strangers and where it is missing."""
        codes = whole(codes.cast(self.every.type))
        if self._numbers is not None and _length(codes) == _length(self.every):
            return _looked_up(_as_numbers(codes), self._numbers)
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
    def _numbers(self) -> pd.Index | None:
        """The codes as numbers, learnt once for all tables; None when they are too long or differ in length."""
        if not 0 < _length(self.every) <= _NUMBER_BYTES:
            return None
        numbers = pd.Index(_as_numbers(self.every))
        numbers.get_indexer(numbers[:1])  # learns them, which no two threads may do at a time
        return numbers


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece, itself where it is one: ``combine_chunks`` would copy that too.

    Examples
    --------
    >>> whole(pa.chunked_array([[1], [2]])).to_pylist()
    [1, 2]
    """
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _looked_up(numbers: NDArray[np.uint64], among: pd.Index) -> Ints:
    """Return which of several numbers each one is, -1 of none, looked up on all cores."""
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        return np.concatenate([*pool.map(among.get_indexer, np.array_split(numbers, workers))])


def _index_in(codes: pa.Array, among: pa.Array) -> Ints:
    return pc.fill_null(pc.index_in(codes, value_set=among), -1).to_numpy().astype("int64")


def _length(codes: pa.Array) -> int:
    """Return of how many bytes each code is; -1 when they differ, when one is missing or there is none."""
    ends = pc.min_max(pc.binary_length(codes), skip_nulls=False, min_count=1).as_py()
    return ends["max"] if ends["max"] is not None and ends["min"] == ends["max"] else -1


def _as_numbers(codes: pa.Array) -> NDArray[np.uint64]:
    """Return codes of as many bytes each, up to eight, as one number each: equal codes are equal numbers."""
    length, codes = _length(codes), codes.cast(pa.large_string())
    _, offsets, text = codes.buffers()
    first = np.frombuffer(offsets, "int64")[codes.offset]
    padded = np.zeros((len(codes), _NUMBER_BYTES), "uint8")
    padded[:, :length] = np.frombuffer(text, "uint8", len(codes) * length, first).reshape(len(codes), length)
    return padded.view("uint64")[:, 0]
