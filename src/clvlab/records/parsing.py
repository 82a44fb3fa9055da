"""From text to the contract's types, in the engine: what cannot be read becomes a fault, never a guess."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from clvlab.records.contract import ENGINE_TYPES, Column, ColumnType

TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.Timestamp(timezone="UTC")), dt.timestamp))
def wall_clock(time_zone: str, instant):  # type: ignore[no-untyped-def]
    """Return the wall-clock time in ``time_zone`` (DuckDB's own function)."""


# A date outside these years is no date of business: 1899-12-30 is a spreadsheet's zero, 0024 a year cut short.
FIRST_YEAR, LAST_YEAR = 1900, 2199
_MOST_WHOLE = 2.0**53  # beyond, a float no longer tells whole numbers apart


def trimmed(value: ir.StringValue) -> ir.StringValue:
    """Return text without blanks around it, and a missing value for an empty one."""
    # Cutting off is dear in the engine and seldom needed: only texts that begin or end with a blank pay for it.
    blank_around = (value.left(1) <= " ") | (value.right(1) <= " ")
    return ibis.ifelse(blank_around, value.strip(), value).nullif("")


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
        return _from_typed(column, kind, time_zone)
    text = trimmed(column)
    match kind:
        case "text":
            return text
        case "number":
            return _number(text)
        case "whole":
            return _whole(_number(text))
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


def _whole(number: ir.NumericValue) -> ir.IntegerValue:
    inside = ibis.ifelse(number.abs() < _MOST_WHOLE, number, None)
    return ibis.ifelse(inside == inside.floor(), inside, None).cast("int64")


def _time(text: ir.StringValue, time_zone: str) -> ir.TimestampValue:
    clock = text.substr(10)
    has_offset = text.upper().endswith("Z") | clock.contains("+") | clock.contains("-")
    # The engine wants seconds before an offset, which ISO does not.
    instant = text.upper().re_replace(r"([ T]\d\d:\d\d)(Z|[+-])", r"\1:00\2")
    local = ibis.ifelse(
        has_offset,
        wall_clock(ibis.literal(time_zone), instant.try_cast("timestamp('UTC')")),
        text.try_cast("timestamp"),
    )
    # The engine also takes "infinity", "epoch" and years before Christ.
    starts_with_year = (text.substr(0, 1) >= "0") & (text.substr(0, 1) <= "9") & ~text.contains("(")
    return _of_business(ibis.ifelse(starts_with_year, local, None).cast("timestamp(6)"))


def _of_business(moment: ir.TimestampValue | ir.DateValue) -> ir.TimestampValue | ir.DateValue:
    return ibis.ifelse(moment.year().between(FIRST_YEAR, LAST_YEAR), moment, None)


def _from_typed(column: ir.Value, kind: ColumnType, time_zone: str) -> ir.Value:
    source = column.type()
    if source.is_floating():
        column = ibis.ifelse(column.isnan() | column.isinf(), None, column)
    if source.is_timestamp() and source.timezone is not None:
        column = wall_clock(ibis.literal(time_zone), column.cast("timestamp('UTC')"))
    if kind == "flag" and source.is_numeric():
        return ibis.cases((column == 1, True), (column == 0, False), else_=None)
    if kind == "whole" and (source.is_floating() or source.is_decimal()):
        return _whole(column)
    if kind == "text" and (source.is_floating() or source.is_decimal()):
        # A code that came through a program as 7.0 is still 7.
        return ibis.coalesce(_whole(column).cast("string"), column.cast("string"))
    if kind in ("date", "time") and not (source.is_date() or source.is_timestamp()):
        return ibis.literal(None, type=ENGINE_TYPES[kind])
    target = dt.dtype(ENGINE_TYPES[kind])
    typed = column if column.type() == target else column.try_cast(target)
    return _of_business(typed) if kind in ("date", "time") else typed


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
