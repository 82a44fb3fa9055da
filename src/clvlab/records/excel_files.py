"""From an Excel sheet to a staged table: every cell as text, nothing passed over without a word."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import pyarrow as pa
import pyarrow.parquet as pq

from clvlab.records.staged import (
    SOURCE_FILE,
    SOURCE_ROW,
    Staged,
    column_names,
    first_line,
    from_an_import,
    own_columns,
    unread_rows,
)
from clvlab.refusal import Refused

# What openpyxl lets through when a workbook's parts are missing, cut off or not what the standard says.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, ParseError, EOFError, OSError, KeyError, IndexError, ValueError, TypeError,
    AttributeError, NotImplementedError, SyntaxError,
)  # fmt: skip
_FORMULA = re.compile(rb"<(\w+:)?f[ >/]")


def stage_excel(path: Path, target: Path, sheet: str | None) -> Staged:
    """Stage one sheet of the workbook ``path`` as ``target``: the one called ``sheet``, else the first.

    Raises
    ------
    Refused
        When the workbook is broken, or the sheet has no header.
    """
    try:
        title, others, header, lines = _read(path, sheet)
    except _BROKEN as error:
        raise Refused(f"{path} is no whole Excel file ({first_line(error)}); save it again as .xlsx.") from error
    if not any(header):
        raise Refused(f"{path} has nothing in row 1 of the sheet {title!r}; that row must hold the column names.")
    names = column_names([value or "" for value in header], f"{path}, sheet {title!r},")
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    unread: list[tuple[int, str, str]] = []
    for number, line in lines:
        if any(value is not None for value in line[len(names) :]):
            unread.append((number, ", ".join(value or "" for value in line), "more cells than columns"))
            continue
        rows.append(line[: len(names)] + [None] * (len(names) - len(line)))
        numbers.append(number)
    pq.write_table(_table(path, names, rows, numbers), target)
    note = f"Excel, sheet {title}" + (f"; not read: {', '.join(others)}" if others else "")
    return Staged(target, tuple(own_columns(names).values()), len(rows), unread_rows(unread), note)


def _read(path: Path, sheet: str | None) -> tuple[str, list[str], list[str | None], list[tuple[int, list[str | None]]]]:
    """Return the title of the sheet that is read, the other sheets with rows, its header and its numbered rows."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    pages = {page.title: page for page in book.worksheets}  # charts have no rows
    if not pages:
        raise Refused(f"{path} has charts but no sheet with cells; save the sheet with the rows as .xlsx.")
    wanted = (sheet or "").strip().lower()
    title = next((title for title in pages if title.strip().lower() == wanted), next(iter(pages)))
    for page in pages.values():
        page.reset_dimensions()  # the size a workbook states may be stale, and rows beyond it would be lost
    others = [other for other, page in pages.items() if other != title and _holds_rows(page)]
    lines: Iterator[list[str | None]] = (list(map(_text, line)) for line in pages[title].iter_rows(values_only=True))
    if _has_formulas(path):
        formulas = openpyxl.load_workbook(path, read_only=True)[title]
        formulas.reset_dimensions()
        lines = _with_formulas(pages[title], formulas)
    header = next(lines, [])
    # Excel keeps formatted blank rows below the data.
    filled = [(n, line) for n, line in enumerate(lines, start=2) if any(value is not None for value in line)]
    return title, others, header, filled


def _holds_rows(page: Any) -> bool:
    return any(value is not None for line in page.iter_rows(values_only=True) for value in line)


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                end = b""
                with archive.open(name) as part:
                    while chunk := part.read(1 << 20):
                        if _FORMULA.search(end + chunk):
                            return True
                        end = chunk[-16:]
    return False


def _with_formulas(values: Any, formulas: Any) -> Iterator[list[str | None]]:
    """Yield the rows as text; a formula whose result was never stored comes in as its own text, "=5*2".

    No number can be read from that, so the intake sets the cell aside and shows it, rather than take it for empty.
    """
    for line, formula_line in zip(values.iter_rows(), formulas.iter_rows(), strict=True):
        texts = []
        for cell, formula in zip(line, formula_line, strict=True):
            # A stored empty text has the type "str".
            unknown = cell.value is None and formula.data_type == "f" and cell.data_type == "n"
            texts.append(_text(getattr(formula.value, "text", formula.value) or "=" if unknown else cell.value))
        yield texts


def _table(path: Path, names: list[str], rows: list[list[str | None]], numbers: list[int]) -> pa.Table:
    columns = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)}
    if from_an_import(names):
        columns[SOURCE_ROW] = columns[SOURCE_ROW].cast(pa.int64())
        source = {SOURCE_FILE: columns[SOURCE_FILE], SOURCE_ROW: columns[SOURCE_ROW]}
    else:
        source = {
            SOURCE_FILE: pa.array([path.name] * len(rows), pa.string()),
            SOURCE_ROW: pa.array(numbers, pa.int64()),
        }
    return pa.table(source | {staged: columns[name] for name, staged in own_columns(names).items()})


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
