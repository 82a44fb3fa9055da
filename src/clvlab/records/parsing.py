"""From text to the contract's types, in the engine: what cannot be read becomes a fault, never a guess."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from clvlab.records.contract import ENGINE_TYPES, Column, ColumnType

TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.Timestamp(timezone="UTC")), dt.timestamp))
def _wall_clock(time_zone: str, instant):  # type: ignore[no-untyped-def]
    """Return the wall-clock time in ``time_zone`` (DuckDB's own function)."""


def trimmed(value: ir.StringValue) -> ir.StringValue:
    """Return text without blanks around it, and a missing value for an empty one."""
    return value.strip().nullif("")


def parse(column: ir.Value, kind: ColumnType, time_zone: str) -> ir.Value:
    """Return a source column in the contract's type; what cannot be read becomes missing.

    Parameters
    ----------
    column
        Text as it stands in the file, or a typed column of an engine.
    kind
        The contract's type.
    time_zone
        Times that carry an offset become wall-clock times of this zone; all others are taken as they stand.
    """
    if not column.type().is_string():
        return _from_typed(column, kind)
    text = trimmed(column)
    match kind:
        case "text":
            return text
        case "number":
            return _number(text)
        case "whole":
            number = _number(text)
            return ibis.ifelse(number == number.floor(), number, None).cast("int64")
        case "flag":
            return ibis.cases((text.lower().isin(TRUE), True), (text.lower().isin(FALSE), False), else_=None)
        case "date":
            return _time(text, time_zone).cast("date")
        case "time":
            return _time(text, time_zone)


def _number(text: ir.StringValue) -> ir.FloatingValue:
    value = text.try_cast("float64")
    # The engine also takes 1_000, nan and inf; a spreadsheet export that says so means something else.
    plain = ~text.contains("_") & ~value.isnan() & ~value.isinf()
    return ibis.ifelse(plain, value, None)


def _time(text: ir.StringValue, time_zone: str) -> ir.TimestampValue:
    clock = text.substr(10)
    has_offset = text.endswith("Z") | clock.contains("+") | clock.contains("-")
    local = ibis.ifelse(
        has_offset,
        _wall_clock(ibis.literal(time_zone), text.try_cast("timestamp('UTC')")),
        text.try_cast("timestamp"),
    )
    # The engine also takes "infinity", "epoch" and years before Christ; none of them is a date of business.
    starts_with_year = (text.substr(0, 1) >= "0") & (text.substr(0, 1) <= "9") & ~text.contains("(")
    return ibis.ifelse(starts_with_year, local, None).cast("timestamp(6)")


def _from_typed(column: ir.Value, kind: ColumnType) -> ir.Value:
    source = column.type()
    if source.is_floating():
        column = ibis.ifelse(column.isnan() | column.isinf(), None, column)
    if kind == "flag" and source.is_numeric():
        return ibis.cases((column == 1, True), (column == 0, False), else_=None)
    if kind == "whole" and source.is_floating():
        column = ibis.ifelse(column == column.floor(), column, None)
    target = dt.dtype(ENGINE_TYPES[kind])
    return column if source == target else column.try_cast(target)


def parsed(table: ir.Table, column: Column, time_zone: str) -> ir.Value:
    """Return ``table``'s column in the contract's type; choices are compared in lower case."""
    value = parse(table[column.name], column.type, time_zone)
    return value.lower() if column.choices else value


def unreadable(table: ir.Table, column: Column, value: ir.Value) -> ir.BooleanValue:
    """Return where a value stands in the source that ``value`` could not be read from."""
    source = table[column.name]
    filled = (trimmed(source) if source.type().is_string() else source).notnull()
    if source.type().is_floating():
        filled = filled & ~source.isnan()
    return (value.isnull() & filled).fill_null(False)
