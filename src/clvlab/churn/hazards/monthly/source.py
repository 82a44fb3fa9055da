"""A panel of customer-months wherever it lies, read in pieces of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.churn.spells import Floats
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    Source: TypeAlias = pd.DataFrame | str | Path | ir.Table

# Few enough for a piece to stay in the processor's cache: 65,536 rows took 2.6 times as long.
ROWS_AT_ONCE = 16_384


def column_names(source: Source) -> list[str]:
    """Return the names of a panel's columns.

    Raises
    ------
    Refused
        When it is neither a DataFrame, an Ibis table nor Parquet files.
    """
    if isinstance(source, str | Path):
        return list(_dataset(source).schema.names)
    if not hasattr(source, "columns"):
        raise Refused(f"Give a DataFrame, an Ibis table or the path of Parquet files, not {type(source).__name__}.")
    return [str(name) for name in source.columns]


def pieces(
    source: Source, numbers: Sequence[str], texts: Sequence[str] = (), rows_at_once: int = ROWS_AT_ONCE
) -> Iterator[dict[str, Any]]:
    """Yield the named columns, at most ``rows_at_once`` rows at a time, in the order of the source.

    Parameters
    ----------
    source
        DataFrame, Ibis table, or path of a Parquet file or of a folder of them.
    numbers
        Columns returned as arrays of floats.
    texts
        Columns returned as Arrow arrays.

    Raises
    ------
    Refused
        When a column is missing, or one of ``numbers`` holds something else, or missing or infinite values.
    """
    need_columns(column_names(source), [*numbers, *texts])
    first = 0
    for batch in _batches(source, list(dict.fromkeys([*texts, *numbers])), rows_at_once):
        if not batch.num_rows:
            continue
        piece: dict[str, Any] = {name: batch.column(name) for name in texts}
        yield piece | {name: _floats(batch.column(name), name, first) for name in numbers}
        first += batch.num_rows


def customer_numbers(source: Source) -> NDArray[np.int32]:
    """Return a number for each row's customer, 0 for the first: all that is kept of every row.

    Raises
    ------
    Refused
        When the panel has no ``customer_id``, or some are missing.
    """
    import pyarrow as pa

    need_columns(column_names(source), ["customer_id"])
    columns = [batch.column(0) for batch in _batches(source, ["customer_id"], ROWS_AT_ONCE)]
    if not columns:
        return np.empty(0, dtype=np.int32)
    column = pa.chunked_array(columns)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = column.dictionary_encode().combine_chunks()
    if column.null_count:
        refuse_rows(column.is_null().to_numpy(), 0, "no customer_id.")
    return encoded.indices.to_numpy()


@contextmanager
def rereadable(source: Source, names: Sequence[str]) -> Iterator[Source]:
    """Give a source that comes in the same order whenever it is read: an Ibis query is run once, into a file."""
    if isinstance(source, str | Path | pd.DataFrame):
        yield source
        return
    with TemporaryDirectory() as folder:
        source.select(*names).to_parquet(Path(folder) / "panel.parquet")
        yield Path(folder) / "panel.parquet"


def _batches(source: Source, names: list[str], rows_at_once: int) -> Iterator[pa.RecordBatch]:
    """Yield the named columns as Arrow batches."""
    import pyarrow as pa

    if isinstance(source, str | Path):
        yield from _dataset(source).to_batches(columns=names, batch_size=rows_at_once)
    elif isinstance(source, pd.DataFrame):
        for start in range(0, len(source), rows_at_once):
            rows = source[names].iloc[start : start + rows_at_once]
            try:
                yield pa.RecordBatch.from_pandas(rows, preserve_index=False)
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise Refused(f"The panel mixes kinds of values within a column: {error.args[-1]}.") from None
    else:
        yield from source.select(*names).to_pyarrow_batches(chunk_size=rows_at_once)


def _dataset(path: str | Path) -> Any:
    """Return the Parquet files of a path, unread."""
    import pyarrow as pa
    import pyarrow.dataset as dataset

    if not Path(path).exists():
        raise Refused(f"There is no file or folder {str(path)!r}; give the path of the panel's Parquet files.")
    try:
        return dataset.dataset(path, format="parquet")
    except pa.ArrowInvalid:
        raise Refused(f"{str(path)!r} holds something else than Parquet files; save the panel as Parquet.") from None


def _floats(column: pa.Array, name: str, first: int) -> Floats:
    """Return a column as floats; ``first`` is the number of its first row in the panel."""
    import pyarrow as pa

    kind = column.type
    if not any(of(kind) for of in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)):
        raise Refused(f"Column {name!r} holds {kind}, not numbers; give numbers (a 0/1 column per category).")
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    values = column.to_numpy(zero_copy_only=False).astype(float, copy=False)
    refuse_rows(
        ~np.isfinite(values), first, f"no finite number in column {name!r}; fill or remove what is missing first."
    )
    return values


def refuse_rows(chosen: NDArray[np.bool_], first: int, what: str) -> None:
    """Refuse a piece of which some rows are chosen, naming the first; ``what`` goes on after "has".

    Examples
    --------
    >>> refuse_rows(np.array([False, True]), 100, "a negative entry.")
    Traceback (most recent call last):
    ...
    clvlab.refusal.Refused: Row 101 (counted from 0) has a negative entry.
    """
    if chosen.any():
        raise Refused(f"Row {first + int(np.flatnonzero(chosen)[0]):,} (counted from 0) has {what}")
