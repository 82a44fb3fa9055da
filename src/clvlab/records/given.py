"""The files given to an import: staged once each, told apart by name, with the rows that could not be read."""

from __future__ import annotations

from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.records.files import SOURCE_FILE, SOURCE_ROW, stage
from clvlab.records.mapping import Mapping, TableMap
from clvlab.records.staged import literal
from clvlab.records.translating import ROW
from clvlab.refusal import Refused, nearest

UNREAD_COLUMNS = ("table", "file", SOURCE_ROW, "value", "reason")
_STAGED_AS = "clvlab: staged as"  # not shown: no name a user's column has


def shown_names(paths: list[Path]) -> dict[Path, str]:
    """Return the name by which each file is told from the others: its own, with as many folders as that takes.

    Raises
    ------
    Refused
        When one file is given twice: all its rows would count double.
    """
    whole = [path.resolve() for path in paths]
    for path, full in zip(paths, whole, strict=True):
        if whole.count(full) > 1:
            raise Refused(f"{path} is given twice; give each file once.")
    shown = {}
    for path, full in zip(paths, whole, strict=True):
        others = [other for other in whole if other != full]
        depth = 1
        while any(other.parts[-depth:] == full.parts[-depth:] for other in others):
            depth += 1
        shown[path] = "/".join(full.parts[-depth:]) if depth > 1 else path.name
    return shown


class GivenFiles:
    """The given files, each staged once, however many tables it feeds."""

    def __init__(self, engine: ibis.BaseBackend, workplace: Path, paths: list[Path], mapping: Mapping) -> None:
        self.shown = shown_names(paths)
        self._engine = engine
        self._paths = paths
        self._tables = mapping.tables
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
        listed = ", ".join(literal(self._staged[path].path) for path in used)
        return self._engine.sql(
            f'SELECT row_number() OVER () AS "{ROW}", * EXCLUDE ("{_STAGED_AS}") REPLACE ({self._source_file(used)})'
            f" FROM read_parquet([{listed}], union_by_name=true, filename={literal(_STAGED_AS)})"
        )

    def _source_file(self, used: list[Path]) -> str:
        """Return the SQL that names a row's file; rows that an earlier import numbered keep the file they name."""
        longer = [
            f"WHEN {literal(self._staged[path].path)} THEN {literal(self.shown[path])}"  # not shown
            for path in used
            if self.shown[path] != path.name and SOURCE_FILE not in self._staged[path].columns
        ]
        cases = " ".join(longer)
        named = f'CASE "{_STAGED_AS}" {cases} ELSE {SOURCE_FILE} END' if longer else SOURCE_FILE  # not shown
        return f"{named} AS {SOURCE_FILE}"  # not shown

    def _require(self, path: Path, name: str, table: str) -> None:
        columns = self._staged[path].columns
        if name not in columns:
            raise Refused(
                f"{self.shown[path]} has no column {name!r}, which the mapping's [{table}] reads"
                f"{nearest(name, columns)}; it has {', '.join(columns)}."
            )

    def counted_elsewhere(self, table_map: TableMap) -> bool:
        """Return whether a table is customers derived from rows that other tables count, readable or not."""
        others = [table for table in self._tables if table is not table_map]
        return (
            table_map.name == "customers"
            and bool(table_map.one_row_per)
            and all(any(path in other.files(self._paths) for other in others) for path in table_map.files(self._paths))
        )

    def remarks(self) -> list[str]:
        """Return how each file was read and which of its columns nobody used."""
        remarks = []
        for path, staged in self._staged.items():
            feeding = [table for table in self._tables if path in table.files(self._paths)]
            used = {name for table in feeding for column in table.columns.values() for name in column.columns}
            remarks.append(f"{self.shown[path]}: {staged.rows + len(staged.unread):,} rows, {staged.note}")
            idle = [name for name in staged.columns if name not in used]
            if idle:
                remarks.append(f"{self.shown[path]}: not used: {', '.join(name.strip() for name in idle)}")
        return remarks

    def unread(self) -> pd.DataFrame:
        """Return the rows that could not be read, for each table that must count them."""
        frames = [
            self._staged[path].unread.assign(file=self.shown[path], table=table.name)
            for table in self._tables
            if not self.counted_elsewhere(table)
            for path in table.files(self._paths)
        ]
        return pd.concat([pd.DataFrame(columns=list(UNREAD_COLUMNS)), *(f for f in frames if len(f))])
