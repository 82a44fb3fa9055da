"""Lists become CSV and Excel files in which texts are texts, numbers are numbers and nothing is a formula."""

from __future__ import annotations

import csv
import io
import re
import time

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from clvlab.language.speaking import speaking
from clvlab.refusal import Refused
from clvlab.reporting.lists import as_cell, write_list, write_lists
from clvlab.results import Result

COLUMNS = ["customer", "at_stake", "firm"]
ROWS = [["远东物流", 1250.5, True], ["=HYPERLINK(1)", -3, None]]


def notebook(*lists: dict) -> object:
    outputs = [new_output("display_data", {"text/plain": "a table", Result.list_mime: one}) for one in lists]
    return new_notebook(cells=[new_markdown_cell("# Who?"), new_code_cell("1", outputs=outputs)])


def from_csv(path):
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def from_excel(path):
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path).active.iter_rows()]


def test_a_list_of_a_notebook_becomes_two_files_in_the_folder_lists(tmp_path):
    written = write_lists(notebook({"name": "watch_list", "columns": COLUMNS, "rows": ROWS}), tmp_path)
    assert written == [tmp_path / "lists" / "watch_list.csv", tmp_path / "lists" / "watch_list.xlsx"]
    assert from_csv(written[0]) == [COLUMNS, ["远东物流", "1250.5", "True"], ["'=HYPERLINK(1)", "-3", ""]]
    assert from_excel(written[1]) == [COLUMNS, ["远东物流", 1250.5, True], ["'=HYPERLINK(1)", -3, None]]


def test_a_notebook_without_lists_leaves_no_folder(tmp_path):
    assert write_lists(notebook(), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_two_lists_of_one_name_are_refused(tmp_path):
    one = {"name": "moves", "columns": ["a"], "rows": []}
    with pytest.raises(Refused, match="Two lists of the notebook are called 'moves'"):
        write_lists(notebook(one, one), tmp_path)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "  ="])
def test_a_text_that_a_spreadsheet_would_run_is_led_by_an_apostrophe(start, tmp_path):
    text = f"{start}cmd|' /C calc'!A0"
    assert as_cell(text) == f"'{text}"
    _, excel = write_list("x", [text], [[text]], tmp_path)
    cells = [cell for row in openpyxl.load_workbook(excel).active.iter_rows() for cell in row]
    assert [cell.data_type for cell in cells] == ["s", "s"]


@pytest.mark.parametrize("text", ["+8.7%", "-2.5", "-12,345", "+8613800000000"])
def test_a_number_as_it_is_written_is_no_formula(text):
    assert as_cell(text) == text


@pytest.mark.parametrize("text", ["+8.7%+1", "-2+3", "--1", "+A1", "-1,cmd", "+١"])
def test_what_computes_is(text):
    assert as_cell(text) == f"'{text}"


def test_in_chinese_excel_reads_as_the_page_and_csv_as_in_english(tmp_path):
    columns = ["customer_id", "name", "tier", "at_stake", "left_on", "account_manager"]
    rows = [["C1", "core", "core", 3.5, "2025-12-31", "no manager"]]
    with speaking("zh"):
        plain, excel = write_list("watch_list", columns, rows, tmp_path)
    assert from_csv(plain) == [columns, ["C1", "core", "core", "3.5", "2025-12-31", "no manager"]]
    sheet = openpyxl.load_workbook(excel).active
    assert sheet.title == "预警名单"
    assert from_excel(excel) == [
        ["客户编号", "名称", "等级", "面临风险的毛利", "流失日", "客户经理"],
        ["C1", "core", "核心", 3.5, "2025-12-31", "无客户经理"],
    ], "a name is in no language, and a spreadsheet sorts by days"


@given(st.text())
@example("-0")
@example("-0+1")
def test_no_text_can_be_run_and_all_of_them_can_be_written(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("lists")
    plain, excel = write_list("x", ["name"], [[text]], folder)
    for cell in (cell for row in from_csv(plain)[1:] for cell in row):
        a_number = re.fullmatch(r"[+-][0-9][0-9.,]*%?", cell, re.ASCII)
        assert a_number or not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert openpyxl.load_workbook(excel).active["A2"].data_type in ("s", "inlineStr")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "a\\b", "..", "a\nb", "<script>"])
def test_the_files_lie_in_their_folder_whatever_the_name(name, tmp_path):
    for path in write_list(name, ["a"], [[1]], tmp_path / "lists"):
        assert path.parent == tmp_path / "lists"
        assert path.is_file()
        assert ".." not in path.name


def test_the_same_list_gives_the_same_bytes_at_another_hour(tmp_path, monkeypatch):
    first = [path.read_bytes() for path in write_list("x", COLUMNS, ROWS, tmp_path / "one")]
    later = time.time() + 100_000
    monkeypatch.setattr(time, "time", lambda: later)
    time.sleep(2.1)  # a zip file tells two seconds apart
    assert [path.read_bytes() for path in write_list("x", COLUMNS, ROWS, tmp_path / "two")] == first


def test_the_sheet_reads_well(tmp_path):
    _, excel = write_list("watch_list_of_a_very_long_name_indeed", COLUMNS, ROWS, tmp_path)
    sheet = openpyxl.load_workbook(excel).active
    assert sheet.freeze_panes == "A2"
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.column_dimensions["A"].width == len("'=HYPERLINK(1)") + 2
    assert len(sheet.title) <= 31


def test_a_customer_called_like_an_error_of_excel_is_a_text(tmp_path):
    _, excel = write_list("x", ["name"], [["#N/A"]], tmp_path)
    assert openpyxl.load_workbook(excel).active["A2"].data_type == "s"


def test_a_list_without_rows_has_its_columns(tmp_path):
    plain, excel = write_list("x", COLUMNS, [], tmp_path)
    assert from_csv(plain) == from_excel(excel) == [COLUMNS]
