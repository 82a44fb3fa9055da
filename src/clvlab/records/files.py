"""From a user's file to a staged table: encodings, separators, Excel and Parquet, with nothing lost on the way.

A staged table holds every readable row as it stands, with ``source_file`` and ``source_row`` (as a spreadsheet
numbers rows, the header being row 1; Parquet has no header, its first row is 1). Rows that cannot even be read,
such as a line with too many fields, come back beside it.
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clvlab.records.engine import open_duckdb
from clvlab.refusal import Refused

ENDINGS = (".csv", ".txt", ".tsv", ".parquet", ".xlsx")
SEPARATORS = (",", ";", "\t", "|")
SOURCE_FILE, SOURCE_ROW = "source_file", "source_row"
_NUMBER = '"clvlab: row number"'  # no name a user's column has


@dataclass(frozen=True)
class Staged:
    """One file, staged: where its rows lie, what its columns are, and the rows that could not be read.

    Parameters
    ----------
    path
        Parquet file with the rows, text columns as they stand, and source_file and source_row.
    columns
        The file's own columns.
    rows
        Readable rows.
    unread
        Rows that could not be read: source_row, value (the raw line), reason.
    note
        How the file was read, e.g. ``"GB18030, semicolons"``.
    """

    path: Path
    columns: tuple[str, ...]
    rows: int
    unread: pd.DataFrame
    note: str


def stage(path: Path, into: Path, sheet: str | None = None) -> Staged:
    """Read ``path`` and stage its rows in the folder ``into``.

    Parameters
    ----------
    path
        A CSV (UTF-8 with or without BOM, UTF-16, GB18030; comma, semicolon, tab or bar), Parquet or Excel file.
    into
        An existing folder for the staged Parquet file.
    sheet
        The Excel sheet; the first when None or when there is no sheet of that name.

    Raises
    ------
    Refused
        When the file is missing, empty, truncated, or of no known kind.
    """
    if not path.is_file():
        raise Refused(f"{path} is not there; give the path of a CSV, Parquet or Excel file.")
    if path.stat().st_size == 0:
        raise Refused(f"{path} is empty (0 bytes); export it again with its header and rows.")
    target = into / f"staged-{len(list(into.glob('staged-*')))}.parquet"
    match path.suffix.lower():
        case ".csv" | ".txt" | ".tsv":
            return _stage_csv(path, target)
        case ".parquet":
            return _stage_parquet(path, target)
        case ".xlsx":
            return _stage_excel(path, target, sheet)
        case _:
            raise Refused(f"{path} is of no kind clvlab reads; save it as .csv, .parquet or .xlsx.")


def _no_unread() -> pd.DataFrame:
    return pd.DataFrame({SOURCE_ROW: pd.Series(dtype="int64"), "value": "", "reason": ""})


def _literal(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# Encodings -------------------------------------------------------------------------------------------------


def encoding_of(path: Path) -> str:
    """Return the encoding of a text file: by its byte-order mark, else the first that decodes every byte."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head[1:200:2].count(0) > len(head[1:200:2]) // 2:
        return "utf-16-le"
    for encoding in ("utf-8", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise Refused(f"{path} is neither UTF-8, UTF-16 nor GB18030; save it again as CSV UTF-8.")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(1 << 22):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _as_utf8(path: Path, encoding: str, target: Path) -> Path:
    """Return a UTF-8 copy of ``path``, or itself when the engine can read it as it is."""
    if encoding in {"utf-8", "utf-8-sig"}:
        return path
    copy = target.with_suffix(".utf8")
    with (
        path.open(encoding=encoding, newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as out,
    ):
        while chunk := source.read(1 << 22):
            out.write(chunk)
    return copy


# CSV -------------------------------------------------------------------------------------------------------


def _header(path: Path, shown_as: Path) -> tuple[list[str], str]:
    """Return the column names of a UTF-8 CSV file and its separator."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(1 << 20)
    rows = {mark: next(csv.reader(io.StringIO(head), delimiter=mark), []) for mark in SEPARATORS}
    separator = max(SEPARATORS, key=lambda mark: len(rows[mark]))
    names = [name.strip() for name in rows[separator]]
    if not any(names):
        raise Refused(f"{shown_as} begins with a blank line; its first row must hold the column names.")
    names = [name or f"column_{number}" for number, name in enumerate(names, start=1)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Refused(f"{shown_as} has two columns called {twice!r}; give each its own name.")
    return names, separator


def _stage_csv(path: Path, target: Path) -> Staged:
    encoding = encoding_of(path)
    text = _as_utf8(path, encoding, target)
    names, separator = _header(text, path)
    columns = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in names)
    listed = ", ".join(_identifier(name) for name in names)
    source = f"{_literal(path.name)} AS {SOURCE_FILE}, {_NUMBER} + 1 AS {SOURCE_ROW}"
    own = [name for name in names if name not in {SOURCE_FILE, SOURCE_ROW}]
    if len(own) == len(names) - 2:  # written by an import: the rows keep the numbers of the user's file
        source = f"{SOURCE_FILE}, CAST({SOURCE_ROW} AS BIGINT) AS {SOURCE_ROW}"
    listed = ", ".join(_identifier(name) for name in own)
    with open_duckdb() as engine:
        try:
            engine.execute(
                f"COPY (SELECT {source}, {listed} FROM (SELECT row_number() OVER () AS {_NUMBER}, *"
                f" FROM read_csv({_literal(text)}, header=true, auto_detect=false, columns={{{columns}}},"
                f" delim={_literal(separator)}, quote='\"', escape='\"', ignore_errors=true, store_rejects=true,"
                f" rejects_limit=0, max_line_size=10000000))) TO {_literal(target)} (FORMAT parquet)"
            )
            unread = engine.execute(
                "SELECT line::BIGINT AS source_row, min(csv_line) AS value, min(error_type::VARCHAR) AS reason"
                " FROM reject_errors GROUP BY line ORDER BY line"
            ).df()
            if len(unread) and len(own) == len(names):
                _count_unread(engine, target, unread)
        except duckdb.Error as error:
            raise Refused(f"{path} cannot be read as CSV ({_first_line(error)}); export it again.") from error
    rows = pq.read_metadata(target).num_rows
    spoken = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}[separator]
    return Staged(target, tuple(names), rows, unread, f"{encoding.upper()}, {spoken}")


def _count_unread(engine: duckdb.DuckDBPyConnection, target: Path, unread: pd.DataFrame) -> None:
    """Number the staged rows as in the source, counting the unread rows in between."""
    # The i-th unread row (from 0) at file row L has L - 2 - i readable rows before it.
    before = [row - 2 - i for i, row in enumerate(unread["source_row"])]
    passed = pd.DataFrame({"before": before, "passed": range(1, len(unread) + 1)})
    engine.register("unread_rows", passed.groupby("before", as_index=False).max())
    renumbered = target.with_suffix(".renumbered")
    engine.execute(
        f"COPY (SELECT * EXCLUDE (before, passed) REPLACE ({SOURCE_ROW} + coalesce(passed, 0) AS {SOURCE_ROW})"
        f" FROM read_parquet({_literal(target)}) ASOF LEFT JOIN unread_rows ON {SOURCE_ROW} - 1 > before"
        f" ORDER BY {SOURCE_ROW}) TO {_literal(renumbered)} (FORMAT parquet)"
    )
    renumbered.replace(target)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


# Parquet and Excel -----------------------------------------------------------------------------------------


def _stage_parquet(path: Path, target: Path) -> Staged:
    with open_duckdb() as engine:
        try:
            names = [row[0] for row in engine.execute(
                f"DESCRIBE SELECT * FROM read_parquet({_literal(path)})").fetchall()]  # fmt: skip
            listed = ", ".join(_identifier(n) for n in names if n not in {SOURCE_FILE, SOURCE_ROW})
            source = (
                f"{SOURCE_FILE}, {SOURCE_ROW}"
                if SOURCE_FILE in names and SOURCE_ROW in names
                else f"{_literal(path.name)} AS {SOURCE_FILE}, file_row_number + 1 AS {SOURCE_ROW}"
            )
            engine.execute(
                f"COPY (SELECT {source}, {listed} FROM read_parquet({_literal(path)}, file_row_number=true))"
                f" TO {_literal(target)} (FORMAT parquet)"
            )
        except duckdb.Error as error:
            raise Refused(
                f"{path} is no whole Parquet file ({_first_line(error)}); export or copy it again."
            ) from error
    return Staged(target, tuple(names), pq.read_metadata(target).num_rows, _no_unread(), "Parquet")


def _stage_excel(path: Path, target: Path, sheet: str | None) -> Staged:
    import zipfile

    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        raise Refused(f"{path} is no whole Excel file ({_first_line(error)}); save it again as .xlsx.") from error
    page = book[sheet] if sheet in book.sheetnames else book[book.sheetnames[0]]
    lines = page.iter_rows(values_only=True)
    names = [_excel_text(value) or f"column_{i}" for i, value in enumerate(next(lines, ()), start=1)]
    if not names:
        raise Refused(f"{path} has nothing on the sheet {page.title!r}; its first row must hold the column names.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Refused(f"{path} has two columns called {twice!r} on the sheet {page.title!r}; give each its own.")
    values: list[list[str | None]] = [[] for _ in names]
    numbers: list[int] = []
    for number, line in enumerate(lines, start=2):
        if all(value is None for value in line):
            continue  # Excel keeps formatted blank rows below the data
        numbers.append(number)
        for column, value in zip(values, line, strict=False):
            column.append(_excel_text(value))
    table = pa.table(
        {
            SOURCE_FILE: pa.array([path.name] * len(numbers), pa.string()),
            SOURCE_ROW: pa.array(numbers, pa.int64()),
        }
        | {name: pa.array(column, pa.string()) for name, column in zip(names, values, strict=True)}
    )
    pq.write_table(table, target)
    return Staged(target, tuple(names), len(numbers), _no_unread(), f"Excel, sheet {page.title}")


def _excel_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
