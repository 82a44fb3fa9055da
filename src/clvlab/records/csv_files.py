"""From a CSV file to a staged table, whatever its encoding, separator and line endings."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from clvlab.records.csv_lines import irregular_lines, with_one_newline
from clvlab.records.encodings import as_utf8, encoding_of, spoken
from clvlab.records.engine import open_duckdb
from clvlab.records.staged import (
    SOURCE_FILE,
    SOURCE_ROW,
    Staged,
    column_names,
    first_line,
    from_an_import,
    literal,
    own_columns,
    selected,
)
from clvlab.refusal import Refused

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_LONGEST = 500  # characters of an unreadable line that are kept
# Names no user's column has.
_NUMBER, _BEFORE, _PASSED = '"clvlab: row number"', '"clvlab: rows before"', '"clvlab: rows passed"'


def stage_csv(path: Path, target: Path) -> Staged:
    """Stage the CSV file ``path`` as ``target``.

    Raises
    ------
    Refused
        When its encoding, header or quotes cannot be read.
    """
    encoding = encoding_of(path)
    text = as_utf8(path, encoding, target)
    names, separator = _header(text, path)
    note = f"{spoken(encoding)}, {SEPARATORS[separator]}"
    blank, mixed = irregular_lines(text, separator)
    if mixed:  # the engine would refuse the file, or take the end of a row for part of a cell
        plain = target.with_suffix(".lines")
        if with_one_newline(text, separator, len(names), plain):
            note += ", carriage returns within cells read as spaces"
        text = plain
        blank, _ = irregular_lines(text, separator)
    try:
        unread = _copy_rows(text, path, names, separator, target)
    except duckdb.Error as error:
        raise Refused(f"{path} cannot be read as CSV ({first_line(error)}); export it again.") from error
    if not from_an_import(names):
        # The engine passes over blank lines, but in a single column, where they are empty cells.
        _count_passed(target, [*unread[SOURCE_ROW], *(blank if len(names) > 1 else [])])
    rows = pq.read_metadata(target).num_rows
    return Staged(target, tuple(own_columns(names).values()), rows, unread, note)


def _header(path: Path, shown_as: Path) -> tuple[list[str], str]:
    """Return the column names of a UTF-8 CSV file and its separator."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(1 << 20)
    try:
        rows = {mark: next(csv.reader(io.StringIO(head, newline=""), delimiter=mark), []) for mark in SEPARATORS}
    except csv.Error as error:
        raise Refused(f"{shown_as} has no header that can be read ({first_line(error)}); its first row must hold"
                      " the column names, each quote closed.") from error  # fmt: skip
    separator = max(SEPARATORS, key=lambda mark: len(rows[mark]))
    header = [name.strip() for name in rows[separator]]
    if not any(header):
        raise Refused(f"{shown_as} begins with a blank line; its first row must hold the column names.")
    return column_names(header, str(shown_as)), separator


def _copy_rows(text: Path, path: Path, names: list[str], separator: str, target: Path) -> pd.DataFrame:
    """Copy the readable rows of the UTF-8 file ``text``, numbered as read, to ``target``; return the others."""
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    source = f"{literal(path.name)} AS {SOURCE_FILE}, {_NUMBER} + 1 AS {SOURCE_ROW}"
    if from_an_import(names):
        source = f"{SOURCE_FILE}, CAST({SOURCE_ROW} AS BIGINT) AS {SOURCE_ROW}"
    with open_duckdb() as engine:
        engine.execute(
            f"COPY (SELECT {source}, {selected(own_columns(names))} FROM (SELECT row_number() OVER () AS {_NUMBER}, *"
            f" FROM read_csv({literal(text)}, header=true, auto_detect=false, columns={{{columns}}},"
            f" delim={literal(separator)}, quote='\"', escape='\"', ignore_errors=true, store_rejects=true,"
            f" rejects_limit=0, max_line_size=10000000))) TO {literal(target)} (FORMAT parquet)"
        )
        return _unread(engine, path)


def _unread(engine: duckdb.DuckDBPyConnection, path: Path) -> pd.DataFrame:
    # The engine hands on the blank lines before a line, too.
    engine.execute(
        "CREATE TEMP TABLE unread AS SELECT line::BIGINT AS source_row, min(error_type::VARCHAR) AS reason,"
        " trim(min(csv_line), chr(10) || chr(13)) AS value FROM reject_errors GROUP BY line"
    )
    broken = engine.execute(
        "SELECT min(source_row) FROM unread WHERE contains(value, chr(10)) OR contains(value, chr(13))"
    ).fetchone()
    if broken and broken[0] is not None:
        # An open quote takes the rows after it for its cell: setting that "row" aside would lose them.
        raise Refused(
            f"{path} opens a quote in row {broken[0]} that runs on over further lines, which then do not fit the"
            " columns; close the quote there, or export the file again."
        )
    return engine.execute(
        f"SELECT source_row, if(length(value) > {_LONGEST}, value[:{_LONGEST}] || '…', value) AS value, reason"
        " FROM unread ORDER BY source_row"
    ).df()


def _count_passed(target: Path, passed: Sequence[int]) -> None:
    """Number the staged rows as in the source, counting the rows that were ``passed`` over in between."""
    # The i-th such row (from 0) at file row L has L - 2 - i readable rows before it.
    before = [row - 2 - i for i, row in enumerate(sorted(passed))]
    if not before or before[0] >= pq.read_metadata(target).num_rows:
        return
    counts = pd.DataFrame({_BEFORE.strip('"'): before, _PASSED.strip('"'): range(1, len(before) + 1)})
    renumbered = target.with_suffix(".renumbered")
    with open_duckdb() as engine:
        engine.register("passed_rows", counts.groupby(_BEFORE.strip('"'), as_index=False).max())
        engine.execute(
            f"COPY (SELECT * EXCLUDE ({_BEFORE}, {_PASSED})"
            f" REPLACE ({SOURCE_ROW} + coalesce({_PASSED}, 0) AS {SOURCE_ROW})"
            f" FROM read_parquet({literal(target)}) ASOF LEFT JOIN passed_rows ON {SOURCE_ROW} - 1 > {_BEFORE}"
            f" ORDER BY {SOURCE_ROW}) TO {literal(renumbered)} (FORMAT parquet)"
        )
    renumbered.replace(target)
