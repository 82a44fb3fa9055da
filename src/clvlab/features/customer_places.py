"""Where each customer stands among all, and the rows of tables read by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clvlab.cores import fetched_ahead
from clvlab.features.codes import Codes, whole
from clvlab.features.customer_file.shared import plural
from clvlab.features.rows import Flags, Floats, Rows
from clvlab.refusal import Refused

_MISSING = ibis.literal(np.nan)
# So many rows are read from the engine at once.
_BATCH = 2**17


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
        types, (length, batches) = numbers.schema(), self._batches(numbers)
        place, end = np.empty(length, "int64"), 0
        columns = {name: np.empty(length, "int8" if types[name].is_boolean() else "float64") for name in _others(table)}
        words = {name: dict[str, int]() for name in columns if types[name].is_string()}
        for batch in fetched_ahead(batches, length):
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

    def _batches(self, table: ir.Table) -> tuple[int, Iterator[pa.RecordBatch]]:
        """Return how many rows a table has, and these in batches.

        All at once, codes and texts would stay in memory for as long as the numbers made of them; still that is quicker
        where codes are no numbers.
        """
        few = [*islice(table.to_pyarrow_batches(chunk_size=_BATCH), 2)]
        if len(few) < 2:  # nothing is left to count
            return sum(map(len, few)), iter(few)
        length = int(table.count().to_pyarrow().as_py())
        return length, table.to_pyarrow_batches(chunk_size=_BATCH if self.codes.are_numbers else length)

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
