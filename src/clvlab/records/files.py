"""From a user's file to a staged table: encodings, separators, Excel and Parquet, with nothing lost on the way.

A staged table holds every readable row as it stands, with ``source_file`` and ``source_row`` (as a spreadsheet
numbers rows, the header being row 1; Parquet has no header, its first row is 1). Rows that cannot even be read,
such as a line with too many fields, come back beside it.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkstemp
from threading import Lock

import duckdb
import pyarrow.parquet as pq

from clvlab.records.csv_files import SEPARATORS, stage_csv
from clvlab.records.engine import open_duckdb
from clvlab.records.excel_files import stage_excel
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
    unread_rows,
)
from clvlab.refusal import Refused

__all__ = ["ENDINGS", "SEPARATORS", "SOURCE_FILE", "SOURCE_ROW", "Staged", "of_known_kind", "parts_in", "stage"]

ENDINGS = (".csv", ".txt", ".tsv", ".parquet", ".xlsx")
_NOT_THE_USERS = {"thumbs.db", "desktop.ini"}
# A workbook is read by Python alone: two at once take twice the memory and no less time.
_ONE_WORKBOOK = Lock()


def stage(path: Path, into: Path, sheet: str | None = None) -> Staged:
    """Read ``path`` and stage its rows in the folder ``into``.

    Parameters
    ----------
    path
        A CSV (UTF-8 with or without BOM, UTF-16, GB18030, CP1252; comma, semicolon, tab or bar), Parquet or
        Excel file.
    into
        An existing folder for the staged Parquet file.
    sheet
        The Excel sheet, in whatever case; the first when None or when there is no sheet of that name.

    Raises
    ------
    Refused
        When the file is missing, empty, truncated, or of no known kind.
    """
    if not path.is_file():
        raise Refused(f"{path} is not there; give the path of a CSV, Parquet or Excel file.")
    if path.stat().st_size == 0:
        raise Refused(f"{path} is empty (0 bytes); export it again with its header and rows.")
    handle, name = mkstemp(".parquet", "staged-", into)  # several files may be staged at once
    os.close(handle)
    target = Path(name)
    match path.suffix.lower():
        case ".csv" | ".txt" | ".tsv":
            return stage_csv(path, target)
        case ".parquet":
            return _stage_parquet(path, target)
        case ".xlsx":
            with _ONE_WORKBOOK:
                return stage_excel(path, target, sheet)
        case _:
            raise Refused(f"{path} is of no kind clvlab reads; save it as .csv, .parquet or .xlsx.")


def of_known_kind(path: Path) -> Path:
    """Return ``path``, a file of a kind that can be read.

    Raises
    ------
    Refused
        When it is a folder or of another kind: passing over it would lose its rows without a word.
    """
    if path.suffix.lower() not in ENDINGS:
        raise Refused(
            f"{path} is of no kind clvlab reads; save it as .csv, .parquet or .xlsx, or move it out of the folder."
        )
    if path.is_dir():
        raise Refused(f"{path} is a folder, not a file; rename it to {path.stem} if it holds the parts of one table.")
    return path


def parts_in(folder: Path) -> list[Path]:
    """Return the files of the table whose parts lie in ``folder``; what an operating system leaves there is none.

    Raises
    ------
    Refused
        When it holds a folder, or a file of a kind that cannot be read.
    """
    parts = [p for p in sorted(folder.iterdir()) if not _left_by_a_program(p)]
    for part in parts:
        if part.is_dir():
            raise Refused(f"{folder} holds a folder {part.name}; put its files directly into {folder.name}/.")
    return [of_known_kind(part) for part in parts]


def _left_by_a_program(path: Path) -> bool:
    # "~$" marks a workbook that Excel has open, "_SUCCESS" a finished export.
    return path.name.startswith((".", "~$", "_")) or path.name.lower() in _NOT_THE_USERS


def _stage_parquet(path: Path, target: Path) -> Staged:
    with open_duckdb() as engine:
        try:
            engine.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(path)})")
            # The engine renames columns that differ only in case; the file's own schema has them as they are.
            names = column_names(pq.read_schema(path).names, str(path))
            columns = own_columns(names)
            taken = "file_row_number" in {name.lower() for name in names}
            number, option = (
                ("row_number() OVER ()", "") if taken else ("file_row_number + 1", ", file_row_number=true")
            )
            source = (
                f"{SOURCE_FILE}, {SOURCE_ROW}"
                if from_an_import(names)
                else f"{literal(path.name)} AS {SOURCE_FILE}, {number} AS {SOURCE_ROW}"
            )
            engine.execute(
                f"COPY (SELECT {source}, {selected(columns)} FROM read_parquet({literal(path)}{option}))"
                f" TO {literal(target)} (FORMAT parquet)"
            )
        except (duckdb.Error, OSError, ValueError) as error:  # pyarrow's errors are of the latter two kinds
            raise Refused(f"{path} is no whole Parquet file ({first_line(error)}); export or copy it again.") from error
    return Staged(target, tuple(columns.values()), pq.read_metadata(target).num_rows, unread_rows(), "Parquet")
