"""Files come in whatever their encoding, separator or kind; what is broken is refused in one sentence."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pandas as pd
import pytest

from clvlab.records.files import stage
from clvlab.records.sources import find_files
from clvlab.refusal import Refused

TEXT = "编号;名称;重量\n1;甲;5\n2;乙;6\n"


def read(path, into) -> pd.DataFrame:
    return pd.read_parquet(stage(path, into).path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_separators_give_the_same_rows(tmp_path, encoding, separator, newline):
    path = tmp_path / "table.csv"
    path.write_bytes(TEXT.replace(";", separator).replace("\n", newline).encode(encoding))
    frame = read(path, tmp_path)
    assert frame[["编号", "名称", "重量"]].to_numpy().tolist() == [["1", "甲", "5"], ["2", "乙", "6"]]
    assert frame["source_row"].tolist() == [2, 3]
    assert set(frame["source_file"]) == {"table.csv"}


def test_quoted_separators_quotes_and_newlines_are_data(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('id,name\n007,"A, ""B""\nC"\n1e5,"  x "\n')
    frame = read(path, tmp_path)
    assert frame["id"].tolist() == ["007", "1e5"]
    assert frame["name"].tolist() == ['A, "B"\nC', "  x "]


def test_rows_keep_their_numbers_after_lines_that_cannot_be_read(tmp_path):
    lines = ["id,name"] + [f"{i},n" if i % 1000 else f"{i},n,extra" for i in range(2, 50_001)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    staged = stage(path, tmp_path)
    frame = pd.read_parquet(staged.path)
    assert staged.unread["source_row"].tolist() == list(range(1000, 50_001, 1000))
    assert (frame["source_row"] == frame["id"].astype(int)).all()
    assert staged.rows + len(staged.unread) == 49_999


def test_excel_dates_numbers_and_blank_rows_come_in_as_text(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [
        ["id", "at", "kg"],
        ["007", dt.datetime(2025, 1, 2, 14, 30), 5.0],
        [None] * 3,
        [8, dt.date(2025, 1, 3), 1.5],
    ]:
        sheet.append(row)
    path = tmp_path / "table.xlsx"
    book.save(path)
    frame = read(path, tmp_path)
    assert frame["id"].tolist() == ["007", "8"]
    assert frame["at"].tolist() == ["2025-01-02 14:30:00", "2025-01-03 00:00:00"]
    assert frame["kg"].tolist() == ["5", "1.5"]
    assert frame["source_row"].tolist() == [2, 4]


def test_excel_takes_the_sheet_of_that_name_else_the_first(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.active.append(["first"])
    book.create_sheet("invoices").append(["b"])
    book["invoices"].append(["named"])
    path = tmp_path / "book.xlsx"
    book.save(path)
    assert pd.read_parquet(stage(path, tmp_path, sheet="invoices").path)["b"].tolist() == ["named"]
    assert pd.read_parquet(stage(path, tmp_path, sheet="shipments").path)["a"].tolist() == ["first"]


def test_parquet_keeps_its_types(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"id": ["a", "b"], "at": pd.to_datetime(["2025-01-02", None]), "kg": [1.5, None]}).to_parquet(path)
    frame = read(path, tmp_path)
    assert str(frame["at"].dtype).startswith("datetime64")
    assert frame["source_row"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("table.csv", b"", "is empty"),
        ("table.csv", b"\n\n", "begins with a blank line"),
        ("table.csv", b"a,b,a\n1,2,3\n", "two columns called 'a'"),
        ("table.csv", b"a,b\n\xff\xff\xfe\xfd,1\n", "neither UTF-8, UTF-16 nor GB18030"),
        ("table.parquet", b"PAR1 cut off", "no whole Parquet file"),
        ("table.xlsx", b"PK cut off", "no whole Excel file"),
        ("table.pdf", b"%PDF", "no kind clvlab reads"),
    ],
)
def test_a_broken_file_is_refused_in_one_sentence(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Refused, match=says) as refusal:
        stage(path, tmp_path)
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refused, match="is not there"):
        stage(tmp_path / "nowhere.csv", tmp_path)


def test_parquet_columns_may_bear_any_name(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"file_row_number": [7, 8], "source_row": ["a", "b"]}).to_parquet(path)
    staged = stage(path, tmp_path)
    frame = pd.read_parquet(staged.path)
    assert frame["file_row_number"].tolist() == [7, 8]
    assert frame["source_row"].tolist() == [1, 2]
    assert frame["its source_row"].tolist() == ["a", "b"]


def test_parquet_columns_that_differ_only_in_case_are_refused(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"Weight": [1], "weight": [2]}).to_parquet(path)
    with pytest.raises(Refused, match="'Weight' and 'weight'"):
        stage(path, tmp_path)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id\nA\n")
    (tmp_path / "shipments").mkdir()
    (tmp_path / "shipments" / "2024.csv").write_text("a\n1\n")
    (tmp_path / "shipments" / "2025.csv").write_text("a\n1\n")
    return tmp_path


def test_parts_are_found_and_what_programs_leave_is_not_one(folder):
    (folder / "shipments" / ".ipynb_checkpoints").mkdir()
    for name in [".DS_Store", "Thumbs.db", "~$2025.xlsx", "_SUCCESS"]:
        (folder / "shipments" / name).touch()
    (folder / "notes.docx").touch()
    assert [path.name for path in find_files(folder)["shipments"]] == ["2024.csv", "2025.csv"]


@pytest.mark.parametrize("name", ["invoices.xls", "invoices.csv.gz", "Invoices.json", "shipments/2026.csv.gz"])
def test_a_file_of_another_kind_is_not_passed_over(folder, name):
    (folder / name).touch()
    with pytest.raises(Refused, match=r"is of no kind clvlab reads; save it as .csv"):
        find_files(folder)


@pytest.mark.parametrize(
    ("name", "says"),
    [("shipments/old", "holds a folder old; put its files"), ("invoices.csv", "is a folder, not a file")],
)
def test_a_folder_in_the_place_of_a_file_is_refused(folder, name, says):
    (folder / name).mkdir()
    with pytest.raises(Refused, match=says):
        find_files(folder)
