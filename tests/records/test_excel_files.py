"""Excel as programs and people write it: no row or cell is lost without a word."""

from __future__ import annotations

import re
import zipfile

import openpyxl
import pandas as pd
import pytest

from clvlab.records.files import Staged, stage
from clvlab.refusal import Refused


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


def rewritten(path, member, change):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[member] = change(parts[member])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def staged(path, sheet=None) -> tuple[Staged, pd.DataFrame]:
    result = stage(path, path.parent, sheet)
    return result, pd.read_parquet(result.path)


SHEET = "xl/worksheets/sheet1.xml"


def test_a_stale_dimension_loses_no_rows_or_columns(tmp_path):
    path = workbook(tmp_path / "table.xlsx", Sheet=[["id", "kg", "name"], [1, 5, "a"], [2, 6, "b"]])
    rewritten(path, SHEET, lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"', xml))
    _, frame = staged(path)
    assert frame[["id", "kg", "name"]].to_numpy().tolist() == [["1", "5", "a"], ["2", "6", "b"]]


def test_short_rows_are_filled_and_rows_with_more_cells_are_set_aside(tmp_path):
    path = workbook(tmp_path / "table.xlsx", Sheet=[["id", "kg"], [1], [2, 6, None, "more"], [3, 7]])
    result, frame = staged(path)
    assert frame["id"].tolist() == ["1", "3"]
    assert frame["kg"].tolist() == [None, "7"]
    assert frame["source_row"].tolist() == [2, 4]
    assert result.unread.to_numpy().tolist() == [[3, "2, 6, , more", "more cells than columns"]]


def test_a_formula_without_a_stored_result_comes_in_as_its_text(tmp_path):
    path = workbook(tmp_path / "table.xlsx", Sheet=[["id", "kg"], [1, "=5*2"], [2, None], [3, "=6*2"], [4, "=A1"]])
    xml = rb'<c r="B4"><f>6*2</f><v>12</v></c>'
    rewritten(path, SHEET, lambda old: re.sub(rb'<c r="B4">.*?</c>', xml, old))
    xml = rb'<c r="B5" t="str"><f>A1</f><v></v></c>'
    rewritten(path, SHEET, lambda old: re.sub(rb'<c r="B5">.*?</c>', xml, old))
    _, frame = staged(path)
    assert frame["kg"].tolist() == ["=5*2", None, "12", None]


def test_sheets_are_found_in_any_case_and_those_not_read_are_named(tmp_path):
    path = workbook(tmp_path / "b.xlsx", Jan=[["a"], [1]], Invoices=[["b"], [2]], Feb=[["c"], [3]], Empty=[])
    result, frame = staged(path, "invoices")
    assert frame["b"].tolist() == ["2"]
    assert result.note == "Excel, sheet Invoices; not read: Jan, Feb"


def test_a_chart_before_the_sheet_is_passed_over(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.active.append([1])
    chart = openpyxl.chart.BarChart()
    chart.add_data(openpyxl.chart.Reference(book.active, min_col=1, min_row=1, max_row=2))
    book.create_chartsheet("Chart", 0).add_chart(chart)
    book.save(tmp_path / "table.xlsx")
    assert staged(tmp_path / "table.xlsx")[1]["a"].tolist() == ["1"]


@pytest.mark.parametrize(
    ("member", "change"),
    [
        (SHEET, lambda xml: xml[: len(xml) // 2]),
        (SHEET, lambda xml: xml.replace(b'r="B2"', b'r="?"')),
        ("xl/styles.xml", lambda xml: xml[: len(xml) // 2]),
        ("xl/styles.xml", lambda xml: xml.replace(b'fontId="0"', b'fontId="x"')),
        ("xl/workbook.xml", lambda xml: b""),
    ],
)
def test_a_broken_workbook_is_refused_in_one_sentence(tmp_path, member, change):
    path = workbook(tmp_path / "table.xlsx", Sheet=[["id", "kg"], [1, 5], [2, 6]])
    with pytest.raises(Refused, match=r"table\.xlsx is no whole Excel file") as refusal:
        staged(rewritten(path, member, change))
    assert "\n" not in str(refusal.value)


def test_columns_that_differ_only_in_case_and_blank_first_rows_are_refused(tmp_path):
    with pytest.raises(Refused, match="'Weight' and 'weight'"):
        staged(workbook(tmp_path / "case.xlsx", Sheet=[["Weight", "weight"], [1, 2]]))
    with pytest.raises(Refused, match="nothing in row 1"):
        staged(workbook(tmp_path / "blank.xlsx", Sheet=[[], ["id"], [1]]))
