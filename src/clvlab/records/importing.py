"""``clvlab import``: a user's files through a mapping into a folder of our tables."""

from __future__ import annotations

import difflib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pandas as pd

from clvlab.assumptions import FILE as ASSUMPTIONS_FILE
from clvlab.cache import content_hash, whole
from clvlab.records.contracts import TABLES
from clvlab.records.engine import open_engine
from clvlab.records.files import SOURCE_FILE, SOURCE_ROW, stage
from clvlab.records.mapping import ColumnMap, Mapping, TableMap
from clvlab.refusal import Refused

IMPORT_FILE = "import.json"
UNREAD_FILE = "unread.csv"
_ROW = "clvlab: row"  # no name a user's column has


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.Array(dt.string)), dt.timestamp))
def _try_strptime(text, formats):  # type: ignore[no-untyped-def]
    """Return the time read by the first format that fits, else missing (DuckDB's own function)."""


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.timestamp), dt.Timestamp(timezone="UTC")))
def _instant(time_zone: str, wall_clock):  # type: ignore[no-untyped-def]
    """Return the instant of a wall-clock time in a zone (DuckDB's own function)."""


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.Timestamp(timezone="UTC")), dt.timestamp))
def _wall_clock(time_zone: str, instant):  # type: ignore[no-untyped-def]
    """Return the wall-clock time of an instant in a zone (DuckDB's own function)."""


def import_files(mapping: Mapping, paths: list[Path], out: Path) -> list[str]:
    """Translate ``paths`` through ``mapping`` into CSV tables in the folder ``out``.

    Every row keeps the file and row it came from. ``out`` also gets ``clvlab.toml`` with currency and time zone,
    and ``import.json`` with the mapping's name, the files and which of their columns fed ours.

    Returns
    -------
    list of str
        Remarks for the reader: columns nobody used, customers with several names, rows that could not be read.

    Raises
    ------
    Refused
        When a file or a column that the mapping names is missing, or ``out`` holds something else.
    """
    if out.exists() and any(out.iterdir()) and not (out / IMPORT_FILE).is_file():
        raise Refused(f"{out} already holds files that no import wrote; give --out a new folder.")
    engine = open_engine()
    with tempfile.TemporaryDirectory() as workplace, whole(out) as draft:
        draft.mkdir()
        files = _Files(engine, Path(workplace), paths)
        remarks: list[str] = []
        for table_map in mapping.tables:
            source = files.table(table_map)
            translated = _translated(source, table_map, mapping.time_zone)
            if table_map.one_row_per:
                remarks += _conflicts(translated, table_map)
                translated = _one_row_per(translated, table_map.one_row_per)
            translated = translated.order_by(_ROW).drop(_ROW)
            translated.to_csv(draft / f"{table_map.name}.csv")
        remarks += files.remarks(mapping)
        files.unread(mapping).to_csv(draft / UNREAD_FILE, index=False)
        _write_facts(draft, mapping, paths, remarks)
    return remarks


class _Files:
    """The given files, each staged once, however many tables it feeds."""

    def __init__(self, engine: ibis.BaseBackend, workplace: Path, paths: list[Path]) -> None:
        self._engine = engine
        self._paths = paths
        self._staged = {path: stage(path, workplace) for path in paths}
        for path, staged in self._staged.items():
            if staged.rows == 0:
                raise Refused(f"{path} has a header but no rows; export it again with its rows.")

    def table(self, table_map: TableMap) -> ir.Table:
        """Return the rows that feed a table, numbered in order; the files' columns are checked first."""
        used = table_map.files(self._paths)
        if not used:
            raise Refused(
                f"[{table_map.name}] reads files like {table_map.file!r}, and none of"
                f" {', '.join(path.name for path in self._paths)} is one; give that file too."
            )
        for path in used:
            for column in table_map.columns.values():
                for name in column.columns:
                    self._require(path, name, table_map.name)
        listed = ", ".join("'" + str(self._staged[path].path).replace("'", "''") + "'" for path in used)
        return self._engine.sql(
            f'SELECT row_number() OVER () AS "{_ROW}", * FROM read_parquet([{listed}], union_by_name=true)'
        )

    def _require(self, path: Path, name: str, table: str) -> None:
        columns = self._staged[path].columns
        if name not in columns:
            close = difflib.get_close_matches(name, columns, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(columns[:8])}."
            raise Refused(f"{path.name} has no column {name!r}, which the mapping's [{table}] reads{hint}")

    def remarks(self, mapping: Mapping) -> list[str]:
        """Return how each file was read and which of its columns nobody used."""
        remarks = []
        for path, staged in self._staged.items():
            feeding = [table for table in mapping.tables if path in table.files(self._paths)]
            used = {name for table in feeding for column in table.columns.values() for name in column.columns}
            remarks.append(f"{path.name}: {staged.rows + len(staged.unread):,} rows, {staged.note}")
            idle = [name for name in staged.columns if name not in used]
            if idle:
                remarks.append(f"{path.name}: not used: {', '.join(name.strip() for name in idle)}")
        return remarks

    def unread(self, mapping: Mapping) -> pd.DataFrame:
        """Return the rows that could not be read, for each table they would have fed row by row."""
        return pd.concat(
            [
                self._staged[path].unread.assign(file=path.name, table=table.name)
                for table in mapping.tables
                for path in table.files(self._paths)
                if not table.one_row_per
            ],
            ignore_index=True,
        )


def _translated(source: ir.Table, table_map: TableMap, time_zone: str) -> ir.Table:
    contract = TABLES[table_map.name]
    columns: dict[str, ir.Value] = {name: source[name] for name in (_ROW, SOURCE_FILE, SOURCE_ROW)}
    for name in contract.names:
        if name in table_map.columns:
            columns[name] = _translate(source, table_map.columns[name], contract.column(name).type, time_zone)
    return source.select(**columns)


def _translate(source: ir.Table, how: ColumnMap, kind: str, time_zone: str) -> ir.StringValue:
    """Return one of our columns as text; what cannot be translated stays as it stands."""
    if how.constant is not None:
        return ibis.literal(how.constant)
    if how.row_number is not None:
        return ibis.literal(how.row_number) + source[_ROW].cast("string")
    parts = [source[name].cast("string").strip() for name in how.columns]
    text = parts[0] if len(parts) == 1 else ibis.literal(how.joined_by).join(parts)
    if how.values:
        return text.cases(*how.values.items(), else_=text)
    if kind in {"number", "whole"}:
        return _number_text(text, how)
    if kind in {"date", "time"}:
        return _time_text(text, how, kind, time_zone)
    return text


def _number_text(text: ir.StringValue, how: ColumnMap) -> ir.StringValue:
    plain = text
    for sign in sorted(how.strip, key=len, reverse=True):  # "US$" before "$"
        plain = plain.replace(sign, "")
    plain = plain.replace(how.thousands, "") if how.thousands else plain
    plain = plain.replace(how.decimal, ".") if how.decimal != "." else plain
    if how.factor == 1.0:
        return ibis.ifelse(plain.try_cast("float64").isnull(), text, plain) if plain is not text else text
    return ibis.coalesce((plain.try_cast("float64") * how.factor).cast("string"), text)


def _time_text(text: ir.StringValue, how: ColumnMap, kind: str, time_zone: str) -> ir.StringValue:
    formats = [form for form in how.dates if form.lower() != "iso"]
    moment = _try_strptime(text, formats) if formats else ibis.literal(None, type="timestamp")
    if not formats or len(formats) < len(how.dates):
        if how.source_time_zone in {"", time_zone}:
            return text if not formats else ibis.coalesce(moment.cast("string"), text)
        moment = ibis.coalesce(moment, text.try_cast("timestamp"))
    if how.source_time_zone not in {"", time_zone} and kind == "time":
        moment = _wall_clock(ibis.literal(time_zone), _instant(ibis.literal(how.source_time_zone), moment))
    shown = moment.cast("date").cast("string") if kind == "date" else moment.cast("string")
    return ibis.coalesce(shown, text)


def _one_row_per(table: ir.Table, key: str) -> ir.Table:
    """Return the first row of each key, with every other column's first filled value."""
    order = table[_ROW]
    first = {
        name: table[name].argmin(order, where=table[name].nullif("").notnull())
        for name in table.columns
        if name not in {key, _ROW, SOURCE_FILE, SOURCE_ROW}
    }
    source = {name: table[name].argmin(order) for name in (SOURCE_FILE, SOURCE_ROW)}
    named = table[key].nullif("").notnull()
    grouped = table.filter(named).group_by(key).agg(**{_ROW: order.min()}, **source, **first)
    return grouped.select(_ROW, *[name for name in table.columns if name != _ROW])


def _conflicts(table: ir.Table, table_map: TableMap) -> list[str]:
    """Return a remark for each column in which one key has several values; the first is used."""
    key = table_map.one_row_per
    others = [name for name in table_map.columns if name != key]
    if not others:
        return []
    distinct = table.group_by(key).agg(**{name: table[name].nullif("").nunique() for name in others})
    several = distinct.aggregate(**{name: (distinct[name] > 1).sum() for name in others}).execute().iloc[0]
    return [
        f"{several[name]} {key} with more than one {name} ({table_map.columns[name].origin}); the first is used"
        for name in others
        if several[name]
    ]


def _write_facts(draft: Path, mapping: Mapping, paths: list[Path], remarks: list[str]) -> None:
    facts = {
        "mapping": mapping.name,
        "about": mapping.about,
        "files": {path.name: content_hash([path]) for path in paths},
        "columns": {t.name: {ours: how.origin for ours, how in t.columns.items()} for t in mapping.tables},
        "remarks": remarks,
    }
    (draft / IMPORT_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    lines = [f"# Written by the import through the mapping {mapping.name}; see the keys in the README."]
    lines += [f'currency = "{mapping.currency}"'] if mapping.currency else []
    lines += [f'time_zone = "{mapping.time_zone}"', ""]
    (draft / ASSUMPTIONS_FILE).write_text("\n".join(lines), encoding="utf-8")


@dataclass(frozen=True)
class Imported:
    """What an earlier import left in a folder: rows it could not read, the user's column names, its remarks."""

    unread: pd.DataFrame
    columns: dict[str, dict[str, str]]
    remarks: list[str]


def read_import(folder: Path) -> Imported:
    """Return what the import that made ``folder`` left behind; all empty when no import made it."""
    if not (folder / IMPORT_FILE).is_file():
        empty = pd.DataFrame({"table": "", "file": "", SOURCE_ROW: pd.Series(dtype="int64"), "value": "", "reason": ""})
        return Imported(empty, {}, [])
    facts = json.loads((folder / IMPORT_FILE).read_text(encoding="utf-8"))
    return Imported(pd.read_csv(folder / UNREAD_FILE), facts["columns"], facts["remarks"])
