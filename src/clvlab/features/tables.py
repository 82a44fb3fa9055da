"""How a room's functions take their tables: DataFrame or Ibis table in, checked columns out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, TypeAlias

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from clvlab.periods import parse_date
from clvlab.refusal import Refused, nearest

AnyTable: TypeAlias = pd.DataFrame | ir.Table

_ISO_DAY = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?$"


def need_columns(existing: Iterable[str], names: Iterable[str]) -> None:
    """Refuse names that are not among ``existing``, naming the nearest one that is.

    Raises
    ------
    Refused
        For the first missing column.

    Examples
    --------
    >>> need_columns(["customer_id", "date"], ["customer"])
    Traceback (most recent call last):
    ...
    clvlab.refusal.Refused: The table has no column 'customer' (did you mean 'customer_id'?); it has customer_id, date.
    """
    known = [str(name) for name in existing]
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "none at all"
            raise Refused(f"The table has no column {name!r}{nearest(str(name), known)}; it has {listed}.")


def as_table(table: AnyTable, columns: Iterable[str]) -> ir.Table:
    """Return the named columns of a DataFrame (through DuckDB) or an Ibis table.

    Raises
    ------
    Refused
        When it is neither, a column is missing, or a column mixes types that no engine can hold.
    """
    wanted = list(dict.fromkeys(columns))
    if isinstance(table, ir.Table):
        need_columns(table.columns, wanted)
        return table.select(*wanted)
    if not isinstance(table, pd.DataFrame):
        raise Refused(f"Give a pandas DataFrame or an Ibis table, not {type(table).__name__}.")
    need_columns(table.columns, wanted)
    frame = pd.DataFrame({name: _plain(table[name]) for name in wanted})
    for name in wanted:
        try:
            pa.Array.from_pandas(frame[name].head(0) if len(frame) > 1_000_000 else frame[name])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise Refused(f"Column {name!r} mixes types ({error}); give it one type.") from error
    return ibis.memtable(frame)


def _plain(column: pd.Series) -> pd.Series:
    """Return a column as an engine holds it.

    A time zone gives way to its own wall time, so that a day stays the local day; nanoseconds and categories
    go.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return column.astype("datetime64[us]")
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(column.cat.categories.dtype)
    return column


def day_of(table: ir.Table, name: str) -> ir.DateColumn:
    """Return a column of dates, timestamps or ISO text as an Ibis date; what is no ISO date becomes NULL.

    Raises
    ------
    Refused
        When the column is something else, or carries a time zone, in which "the day" is ambiguous.
    """
    column: Any = table[name]
    kind = column.type()
    if kind.is_date():
        return column
    if kind.is_timestamp():
        if kind.timezone is not None:
            raise Refused(
                f"Column {name!r} is in time zone {kind.timezone}; convert it to local time without a zone "
                "first, so that it is clear which day an event belongs to."
            )
        return column.date()
    if kind.is_string():
        iso = column.re_search(_ISO_DAY)
        return ibis.ifelse(iso, column.try_cast("timestamp"), None).date()
    if kind.is_null():
        return column.cast("date")
    raise Refused(f"Column {name!r} holds {kind}; give dates, timestamps or text such as 2025-12-31.")


def number_of(table: ir.Table, name: str) -> ir.FloatingColumn:
    """Return a numeric column as floats, NULL for NaN.

    Raises
    ------
    Refused
        When the column holds something else.
    """
    kind = table[name].type()
    if not kind.is_numeric():
        raise Refused(f"Column {name!r} holds {kind}, not numbers; give the column with the amounts.")
    number: Any = table[name].cast("float64")
    return ibis.ifelse(number.isnan(), None, number) if kind.is_floating() else number


def events_until(
    events: AnyTable, customer: str, date: str, as_of: str | dt.date | None, value: str | None = None
) -> tuple[ir.Table, dt.date, dt.date]:
    """Return the events up to ``as_of`` as (customer, day[, value]), with the first day and ``as_of`` itself.

    Raises
    ------
    Refused
        For missing columns, missing customers or dates, and no event up to ``as_of``.
    """
    table = as_table(events, [customer, date, *([value] if value else [])])
    columns = {"customer": table[customer], "day": day_of(table, date)}
    rows = table.select(**columns, **({"value": number_of(table, value)} if value else {}))
    until = None if as_of is None else parse_date(as_of)
    facts = rows.agg(
        nobody=rows.customer.isnull().sum(),
        undated=rows.day.isnull().sum(),
        first=rows.day.min(),
        last=rows.day.max(),
    )
    found = facts.to_pyarrow().to_pylist()[0]
    refuse_missing(customer, int(found["nobody"] or 0), "customer")
    refuse_missing(date, int(found["undated"] or 0), "date (ISO, as 2025-12-31)")
    if found["first"] is None:
        raise Refused("The table has no rows; give the events of at least one customer.")
    first = to_date(found["first"])
    if until is not None and first > until:
        raise Refused(f"The table has no event up to {until}: its first is on {first}; give a later as_of.")
    until = until or to_date(found["last"])
    return rows.filter(rows.day <= ibis.literal(until)), first, until


def refuse_missing(name: str, missing: int, what: str) -> None:
    """Refuse a column with missing values.

    Raises
    ------
    Refused
        When ``missing`` is above zero.
    """
    if missing:
        rows = "row has" if missing == 1 else "rows have"
        raise Refused(f"{missing:,} {rows} no {what} in column {name!r}; fill or remove them first.")


def to_date(value: object) -> dt.date:
    """Return an engine's date (a date, a timestamp or a NumPy datetime) as a Python date."""
    return pd.Timestamp(value).date()
