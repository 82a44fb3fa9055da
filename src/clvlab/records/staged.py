"""A staged table, and what all kinds of files share: source columns, column names, names in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clvlab.refusal import Refused

SOURCE_FILE, SOURCE_ROW = "source_file", "source_row"


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


def unread_rows(rows: Sequence[tuple[int, str, str]] = ()) -> pd.DataFrame:
    """Return a table of rows that could not be read: source_row, value, reason."""
    frame = pd.DataFrame(list(rows), columns=[SOURCE_ROW, "value", "reason"])
    return frame.astype({SOURCE_ROW: "int64", "value": "object", "reason": "object"})


def column_names(header: Sequence[str], where: str) -> list[str]:
    """Return the names in a header, blank ones numbered.

    Raises
    ------
    Refused
        When two have one name, or names that differ only in case: the engine cannot tell them apart.
    """
    names = [name or f"column_{number}" for number, name in enumerate(header, start=1)]
    first: dict[str, str] = {}
    for name in names:
        other = first.get(name.lower())
        if other == name:
            raise Refused(f"{where} has two columns called {name!r}; give each its own name.")
        if other:
            raise Refused(f"{where} has the columns {other!r} and {name!r}, which differ only in case; rename one.")
        first[name.lower()] = name
    return names


def from_an_import(names: Sequence[str]) -> bool:
    """Whether an import wrote the file: its rows then carry the file and row numbers of the user's own file."""
    return SOURCE_FILE in names and SOURCE_ROW in names


def own_columns(names: Sequence[str]) -> dict[str, str]:
    """Return a file's own columns and their names once staged.

    A user's own column called source_file or source_row makes way for ours: it comes in as ``its source_row``.
    """
    if from_an_import(names):
        return {name: name for name in names if name not in {SOURCE_FILE, SOURCE_ROW}}
    return {name: f"its {name}" if name.lower() in {SOURCE_FILE, SOURCE_ROW} else name for name in names}  # not shown


def literal(text: object) -> str:
    """Return ``text`` as an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return ``name`` as an SQL name."""
    return '"' + name.replace('"', '""') + '"'


def selected(columns: dict[str, str]) -> str:
    """Return ``columns`` as the list of a SELECT, each under its staged name."""
    return ", ".join(f"{identifier(name)} AS {identifier(staged)}" for name, staged in columns.items())  # not shown


def first_line(error: BaseException) -> str:
    """Return the first line of an error, to be put into a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
