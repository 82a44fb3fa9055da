"""Lists beside a report as files: CSV for programs, Excel for people; in neither is a cell of ours a formula.

CSV keeps names of columns and codes as they are, in every language; Excel reads as the page does.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from clvlab.language import ENGLISH, current, say, say_column, say_name
from clvlab.language.index_labels import index_labels
from clvlab.language.names import holds_names
from clvlab.refusal import Refused
from clvlab.results import Result

LISTS = "lists"
# What a spreadsheet takes for the start of a formula (OWASP, "CSV injection"), also in the full width of Chinese input.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
# A number as it is written for a reader: with a sign, thousands apart, a percentage. It computes nothing.
_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?", re.ASCII)
# A day stays as it is in every language: a spreadsheet sorts by it.
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# What XML, and so Excel, cannot hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
_LONGEST_CELL, _LONGEST_SHEET_NAME = 32_767, 31  # characters, in Excel
_NARROWEST, _WIDEST = 8, 60  # columns, in characters
_EPOCH = datetime(1980, 1, 1)  # the first day that a zip file knows: the same list gives the same bytes


def write_lists(notebook: Any, folder: Path) -> list[Path]:
    """Write every list that a notebook shows to ``lists/NAME.csv`` and ``lists/NAME.xlsx``.

    Parameters
    ----------
    notebook
        Executed; its lists are the outputs with the type ``application/vnd.clvlab.list+json``.
    folder
        That of the report.

    Returns
    -------
    list of Path
        The files, in the order of the notebook.

    Raises
    ------
    Refused
        When two lists have one name.
    """
    paths: list[Path] = []
    for found in _lists(notebook):
        written = write_list(found["name"], found["columns"], found["rows"], folder / LISTS)
        if written[0] in paths:
            raise Refused(f"Two lists of the notebook are called {found['name']!r}; give each a name of its own.")
        paths += written
    return paths


def _lists(notebook: Any) -> list[Mapping[str, Any]]:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output["data"][Result.list_mime] for output in outputs if Result.list_mime in output.get("data", {})]


def write_list(name: str, columns: Sequence[str], rows: Sequence[Sequence[object]], folder: Path) -> list[Path]:
    """Write one list as CSV and as Excel, Excel in the language of display; the same list gives the same bytes.

    Parameters
    ----------
    name
        Of the files; what is no letter, digit, ``-`` or ``_`` becomes ``_``.
    columns, rows
        Texts, numbers, truth values and None for what is missing; numbers stay numbers.
    folder
        Made when it is not there.
    """
    plain = re.sub(r"[^\w-]+", "_", name)
    folder.mkdir(parents=True, exist_ok=True)
    csv_file, excel_file = folder / f"{plain}.csv", folder / f"{plain}.xlsx"
    csv_file.write_bytes(_as_csv(_as_cells([columns, *rows])))
    spoken = [[_spoken(column, value) for column, value in zip(columns, row, strict=True)] for row in rows]
    headings = [say_column(column) for column in columns]
    excel_file.write_bytes(_as_excel(list_title(plain), _as_cells([headings, *spoken])))
    return [csv_file, excel_file]


def list_title(name: str) -> str:
    """Return what a list is called in the language of display; one that has no title there by its name.

    Examples
    --------
    >>> list_title("watch_list"), list_title("my_own")
    ('watch list', 'my own')
    """
    return index_labels(current()).get(f"list_{name}", name.replace("_", " "))


def _as_cells(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [[as_cell(value) for value in row] for row in rows]


def _spoken(column: str, value: object) -> object:
    """Return a value as people read it: a text in the language of display, but for names and days."""
    if current() == ENGLISH or not isinstance(value, str) or _DAY.fullmatch(value):
        return value
    return say_name(value) if holds_names(column) else say(value)


def as_cell(value: object) -> object:
    """Return a value as it may stand in a cell: a text that a spreadsheet would run is led by an apostrophe.

    Examples
    --------
    >>> as_cell("=HYPERLINK(1)"), as_cell("-2+3"), as_cell(-2.5), as_cell("+8.7%")
    ("'=HYPERLINK(1)", "'-2+3", -2.5, '+8.7%')
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    text = _CONTROL.sub("\ufffd", value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _as_csv(cells: list[list[object]]) -> bytes:
    """Return UTF-8 with the mark by which Excel knows it, else it would read Chinese as Western letters."""
    page = io.StringIO(newline="")
    csv.writer(page).writerows(cells)
    return page.getvalue().encode("utf-8-sig")


def _as_excel(title: str, cells: list[list[object]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.writer.excel import ExcelWriter

    workbook = Workbook()
    workbook.properties.created = workbook.properties.modified = _EPOCH
    sheet = workbook.active
    sheet.title = title[:_LONGEST_SHEET_NAME]
    sheet.freeze_panes = "A2"
    for row in cells:
        sheet.append([cell[:_LONGEST_CELL] if isinstance(cell, str) else cell for cell in row])
    for cell in (cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)):
        cell.data_type = "s"  # a customer called #N/A is no error
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number, column in enumerate(zip(*cells, strict=True), start=1):
        longest = max(len(str(cell)) for cell in column if cell is not None)
        sheet.column_dimensions[get_column_letter(number)].width = min(max(longest + 2, _NARROWEST), _WIDEST)
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w") as archive:  # not save(), which would write the hour into the file
        ExcelWriter(workbook, archive).write_data()
    return _undated(page)


def _undated(page: io.BytesIO) -> bytes:
    """Return a zip file with the times of its members taken out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(page) as dated, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in dated.namelist():
            name = zipfile.ZipInfo(member, _EPOCH.timetuple()[:6])
            archive.writestr(name, dated.read(member), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
