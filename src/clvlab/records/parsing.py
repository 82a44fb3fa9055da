"""From text to the contract's types, in the engine: what cannot be read becomes a fault, never a guess."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from clvlab.records.contract import ENGINE_TYPES, Column, ColumnType

UNREAD = "unread: "  # before a column's name: true where a value stands that could not be read
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


def parse(text: ir.StringValue, kind: ColumnType, time_zone: str) -> ir.Value:
    """Return text in the contract's type; what cannot be read becomes missing.

    Parameters
    ----------
    text
        As it stands in the file.
    kind
        The contract's type.
    time_zone
        Times that carry an offset become wall-clock times of this zone; all others are taken as they stand.
    """
    return _believed(_from_text(trimmed(text), kind, time_zone), kind)


def _from_text(text: ir.StringValue, kind: ColumnType, time_zone: str) -> ir.Value:
    match kind:
        case "text":
            return text
        case "number" | "whole":
            # The engine also takes 1_000; a spreadsheet export that says so means something else.
            return ibis.ifelse(text.contains("_"), None, text).try_cast("float64")
        case "flag":
            return ibis.cases((text.lower().isin(TRUE), True), (text.lower().isin(FALSE), False), else_=None)
        case "date":
            return _time(text, time_zone).cast("date")
        case "time":
            return _time(text, time_zone)


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
    return ibis.ifelse(starts_with_year, local, None).cast("timestamp(6)")


def _from_typed(column: ir.Value, kind: ColumnType, time_zone: str) -> ir.Value:
    source = column.type()
    if source.is_floating():
        column = ibis.ifelse(column.isnan() | column.isinf(), None, column)
    if source.is_timestamp() and source.timezone is not None:
        column = wall_clock(ibis.literal(time_zone), column.cast("timestamp('UTC')"))
    if kind == "flag" and source.is_numeric():
        return ibis.cases((column == 1, True), (column == 0, False), else_=None)
    if kind == "whole" and (source.is_floating() or source.is_decimal()):
        return column
    if kind == "text" and (source.is_floating() or source.is_decimal()):
        # A code that came through a program as 7.0 is still 7.
        return ibis.coalesce(_whole(column).cast("string"), column.cast("string"))
    if kind in ("date", "time") and not (source.is_date() or source.is_timestamp()):
        return ibis.literal(None, type=ENGINE_TYPES[kind])
    target = dt.dtype(ENGINE_TYPES[kind])
    return column if column.type() == target else column.try_cast(target)


def _believed(value: ir.Value, kind: ColumnType) -> ir.Value:
    """Return a value that was read, missing where it can't be one of business."""
    match kind:
        case "number":
            # The engine reads nan and inf as numbers.
            return ibis.ifelse(value.isnan() | value.isinf(), None, value)
        case "whole" if not value.type().is_integer():
            return _whole(value)
        case "date" | "time":
            return ibis.ifelse(value.year().between(FIRST_YEAR, LAST_YEAR), value, None)
        case _:
            return value


def _whole(number: ir.NumericValue) -> ir.IntegerValue:
    inside = ibis.ifelse(number.abs() < _MOST_WHOLE, number, None)
    return ibis.ifelse(inside == inside.floor(), inside, None).cast("int64")


def typed(source: ir.Table, columns: list[Column], time_zone: str) -> ir.Table:
    """Return ``source`` with ``columns`` in their types, and beside each whether a value there could not be read.

    Any text can be read, so text columns have no such flag. Choices come in lower case.
    """
    # In steps, each naming what the next uses twice: written out as one, the expression of a time is so long that
    # the engine takes longer to plan it than to work it out.
    texts = [column for column in columns if source[column.name].type().is_string()]
    table = source.mutate(**{column.name: trimmed(source[column.name]) for column in texts})
    judged = [column for column in columns if column.type != "text"]
    # Until the last step the flag says whether there is anything to be read.
    table = table.mutate(
        **{column.name: _read(table[column.name], column, time_zone) for column in columns},
        **{UNREAD + column.name: _filled(table[column.name]) for column in judged},
    )
    table = table.mutate(**{column.name: _believed(table[column.name], column.type) for column in judged})
    return table.mutate(
        **{UNREAD + column.name: table[UNREAD + column.name] & table[column.name].isnull() for column in judged}
    )


def _read(value: ir.Value, column: Column, time_zone: str) -> ir.Value:
    read = _from_text if value.type().is_string() else _from_typed
    result = read(value, column.type, time_zone)
    return result.lower() if column.choices else result


def _filled(value: ir.Value) -> ir.BooleanValue:
    return value.notnull() & ~value.isnan() if value.type().is_floating() else value.notnull()
