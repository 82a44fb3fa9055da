"""From the rows of a user's files to the text of one of our tables, in the engine.

What does not match the declared notation is never mended: it stays as it stands, for the check to set aside.
"""

from __future__ import annotations

import re
from dataclasses import replace

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from clvlab.records.contract import ColumnType
from clvlab.records.contracts import TABLES
from clvlab.records.files import SOURCE_FILE, SOURCE_ROW
from clvlab.records.mapping import ColumnMap, TableMap
from clvlab.records.parsing import FIRST_YEAR, LAST_YEAR, parse, wall_clock

ROW = "clvlab: row"  # not shown: no name a user's column has

# How ISO writes a day, a wall-clock time and an instant.
_DAY = r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}$"
_CLOCK = r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}[ T]\d{1,2}:\d\d(:\d\d(\.\d+)?)?$"
_INSTANT = r"^\d{4}.*:\d\d(\.\d+)?(Z|z|[+-]\d\d(:?\d\d)?)$"


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.Array(dt.string)), dt.timestamp))
def _try_strptime(text, formats):  # type: ignore[no-untyped-def]
    """Return the time read by the first format that fits, else missing (DuckDB's own function)."""


@ibis.udf.scalar.builtin(
    name="try_strptime", signature=((dt.string, dt.Array(dt.string)), dt.Timestamp(timezone="UTC"))
)
def _try_strptime_instant(text, formats):  # type: ignore[no-untyped-def]
    """Return the same for formats that read an offset: the engine then gives an instant."""


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.timestamp), dt.Timestamp(timezone="UTC")))
def _instant(time_zone: str, wall_clock):  # type: ignore[no-untyped-def]
    """Return the instant of a wall-clock time in a zone (DuckDB's own function)."""


def translated(source: ir.Table, table_map: TableMap, time_zone: str) -> ir.Table:
    """Return one of our tables as text, each row with its number, file and source row."""
    contract = TABLES[table_map.name]
    columns: dict[str, ir.Value] = {name: source[name] for name in (ROW, SOURCE_FILE, SOURCE_ROW)}
    for name in contract.names:
        if name in table_map.columns:
            columns[name] = _translate(source, table_map.columns[name], contract.column(name).type, time_zone)
    return source.select(**columns)


def _translate(source: ir.Table, how: ColumnMap, kind: ColumnType, time_zone: str) -> ir.StringValue:
    if how.constant is not None:
        return ibis.literal(how.constant)
    if how.row_number is not None:
        return ibis.literal(how.row_number) + source[ROW].cast("string")
    parts = [source[name].cast("string").strip() for name in how.columns]
    text = parts[0] if len(parts) == 1 else ibis.literal(how.joined_by).join(parts)
    value = text
    if kind in {"number", "whole"}:
        if all(source[name].type().is_numeric() for name in how.columns):
            how = replace(how, decimal=".", thousands="", strip=())  # a number of a Parquet file has no notation
        value = _number_text(text, how, time_zone)
    elif kind in {"date", "time"}:
        value = _time_text(text, how, kind, time_zone)
    return text.cases(*how.values.items(), else_=value) if how.values else value


def _untranslated(text: ir.StringValue, kind: ColumnType, time_zone: str) -> ir.StringValue:
    """Return text as it stands, in quotation marks when the check would read it as something it does not say.

    Where 1.5 is declared to be no number, the check would still take it for one and a half.
    """
    return ibis.ifelse(parse(text, kind, time_zone).notnull(), ibis.literal('"') + text + '"', text)


def _number_text(text: ir.StringValue, how: ColumnMap, time_zone: str) -> ir.StringValue:
    if not how.thousands and not how.strip and how.decimal == "." and how.factor == 1.0:
        return text
    bare = text
    for sign in sorted(how.strip, key=len, reverse=True):  # "US$" before "$"
        bare = bare.replace(sign, "")
    bare = bare.strip()
    plain = bare.replace(how.thousands, "") if how.thousands else bare
    plain = plain.replace(how.decimal, ".") if how.decimal != "." else plain
    if how.factor != 1.0:
        plain = (plain.try_cast("float64") * how.factor).cast("string")
    return ibis.ifelse(bare.re_search(_notation(how)), plain, _untranslated(text, "number", time_zone))


def _notation(how: ColumnMap) -> str:
    """Return the pattern of a number as declared: thousands grouped in threes or not at all."""
    decimal = re.escape(how.decimal)
    digits = rf"(\d+|\d{{1,3}}({re.escape(how.thousands)}\d{{3}})+)" if how.thousands else r"\d+"
    return rf"^[+-]?({digits}({decimal}\d*)?|{decimal}\d+)([eE][+-]?\d+)?$"


def _time_text(text: ir.StringValue, how: ColumnMap, kind: ColumnType, time_zone: str) -> ir.StringValue:
    zone = how.source_time_zone or time_zone
    formats = [form for form in how.dates if form.lower() != "iso"]
    if not formats and zone == time_zone:
        return text  # the check reads ISO by itself
    with_offset = [form for form in formats if re.search("%[zZ]", form)]
    with_clock = [form for form in formats if form not in with_offset and re.search("%-?[HIMScX]", form)]
    days = _read(text, [form for form in formats if form not in with_offset + with_clock])
    clocks = _read(text, with_clock)
    instants = wall_clock(ibis.literal(time_zone), _read_instant(text, with_offset))
    # Where the day is declared to stand before the month, 2025-01-05 is no ISO.
    if len(formats) < len(how.dates) or not any(re.search("%[Yy].?%-?d", form) for form in formats):
        iso = parse(text, "time", time_zone)
        days = ibis.coalesce(days, ibis.ifelse(text.re_search(_DAY), iso, None))
        clocks = ibis.coalesce(clocks, ibis.ifelse(text.re_search(_CLOCK), iso, None))
        instants = ibis.coalesce(instants, ibis.ifelse(text.re_search(_INSTANT), iso, None))
    # An instant needs no zone, and a day alone is the same day in every zone.
    moment = ibis.coalesce(days, _shifted(clocks, zone, kind, time_zone), instants)
    shown = moment.cast("date").cast("string") if kind == "date" else moment.cast("string")
    sound = moment.year().between(FIRST_YEAR, LAST_YEAR)
    return ibis.ifelse(sound, shown, _untranslated(text, "time", time_zone))


def _read(text: ir.StringValue, formats: list[str]) -> ir.TimestampValue:
    return _try_strptime(text, formats) if formats else ibis.literal(None, type="timestamp")


def _read_instant(text: ir.StringValue, formats: list[str]) -> ir.TimestampValue:
    return _try_strptime_instant(text, formats) if formats else ibis.literal(None, type="timestamp('UTC')")


def _shifted(clocks: ir.TimestampValue, zone: str, kind: ColumnType, time_zone: str) -> ir.TimestampValue:
    if zone == time_zone:
        return clocks
    shifted = wall_clock(ibis.literal(time_zone), _instant(ibis.literal(zone), clocks))
    # Midnight is how a spreadsheet writes a day alone.
    return ibis.ifelse(clocks == clocks.truncate("D"), clocks, shifted) if kind == "date" else shifted


def one_row_per(table: ir.Table, key: str, *, keep_blank: bool) -> ir.Table:
    """Return the first row of each key, with every other column's first filled value.

    Rows with a blank key are left out, or kept each for itself so that the check counts them.
    """
    filled = table.filter(_filled(table, key))
    order = filled[ROW]
    first = {
        name: filled[name].argmin(order, where=_filled(filled, name))
        for name in table.columns
        if name not in {key, ROW, SOURCE_FILE, SOURCE_ROW}
    }
    source = {name: filled[name].argmin(order) for name in (SOURCE_FILE, SOURCE_ROW)}
    grouped = filled.group_by(key).agg(**{ROW: order.min()}, **source, **first).select(*table.columns)
    return grouped.union(table.filter(~_filled(table, key))) if keep_blank else grouped


def blank_keys(table: ir.Table, key: str) -> int:
    """Return the number of rows without a key."""
    return int(table.filter(~_filled(table, key)).count().execute())


def _filled(table: ir.Table, name: str) -> ir.BooleanValue:
    return table[name].nullif("").notnull()


def conflicts(table: ir.Table, table_map: TableMap) -> list[str]:
    """Return a remark for each column in which one key has several values; the first is used."""
    key = table_map.one_row_per
    others = [name for name in table_map.columns if name != key]
    if not others:
        return []
    named = table.filter(_filled(table, key))
    distinct = named.group_by(key).agg(**{name: named[name].nullif("").nunique() for name in others})
    several = distinct.aggregate(**{name: (distinct[name] > 1).sum() for name in others}).execute().iloc[0]
    return [
        f"{int(several[name])} {key} with more than one {name} ({table_map.columns[name].origin}); the first is used"
        for name in others
        if several[name] > 0
    ]
