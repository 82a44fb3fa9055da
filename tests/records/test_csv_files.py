"""CSV as people really have it: rows keep their numbers, nothing is lost, and what cannot be read is said."""

from __future__ import annotations

import codecs

import pandas as pd
import pytest

from clvlab.records.files import Staged, stage
from clvlab.refusal import Refused


def staged(tmp_path, content: bytes) -> tuple[Staged, pd.DataFrame]:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    result = stage(path, tmp_path)
    return result, pd.read_parquet(result.path)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_blank_lines_and_quoted_newlines_do_not_shift_row_numbers(tmp_path, newline):
    lines = [
        "id,note",
        "2,a",
        "",
        "4,a,b",
        '5,"x\n\ny"',
        "",
        "",
        "8,a",
        '9,5" pipe',
        '10,"x\ny"',
        "11,a,b",
        "12,a",
        "",
        "",
    ]
    result, frame = staged(tmp_path, newline.join(lines).encode())
    assert frame["source_row"].tolist() == frame["id"].astype(int).tolist() == [2, 5, 8, 9, 10, 12]
    assert result.unread["source_row"].tolist() == [4, 11]
    assert result.unread["value"].tolist() == ["4,a,b", "11,a,b"]
    assert frame["note"].tolist() == ["a", "x\n\ny", "a", '5" pipe', "x\ny", "a"]


def test_row_numbers_hold_far_into_a_large_file(tmp_path):
    def line(row: int) -> str:
        return (
            "" if row % 7 == 0 else f"{row},a,b" if row % 1000 == 0 else f'{row},"x\ny"' if row % 5 == 0 else f"{row},a"
        )

    lines = ["id,note", *(line(row) for row in range(2, 300_000))]
    result, frame = staged(tmp_path, "\n".join(lines).encode())
    assert (frame["source_row"] == frame["id"].astype(int)).all()
    assert result.unread["source_row"].tolist() == [row for row in range(1000, 300_000, 1000) if row % 7]


def test_empty_cells_of_a_single_column_are_rows(tmp_path):
    _, frame = staged(tmp_path, b"id\n1\n\n3\n")
    assert frame["source_row"].tolist() == [2, 3, 4]


def test_an_unclosed_quote_is_refused_where_it_opens(tmp_path):
    rows = "".join(f"{row},a\n" for row in range(2, 60)) + '60,"a\n' + "".join(f"{row},a\n" for row in range(61, 90))
    with pytest.raises(Refused, match=r"table\.csv opens a quote in row 60 .* close the quote"):
        staged(tmp_path, b"id,note\n" + rows.encode())


def test_an_unclosed_quote_in_the_last_row_costs_that_row_alone(tmp_path):
    result, frame = staged(tmp_path, b'id,note\n2,a\n3,"a\n')
    assert frame["id"].tolist() == ["2"]
    assert result.unread["value"].tolist() == ['3,"a']


def test_a_long_unreadable_line_is_cut(tmp_path):
    result, _ = staged(tmp_path, b"id,note\n2,a," + b"x" * 5000 + b"\n")
    value = result.unread["value"].item()
    assert len(value) == 501
    assert value.endswith("x…")


@pytest.mark.parametrize(
    "content",
    [
        b'id,note\r\n2,a\n3,"b,c"\n4,d\r\n',
        b'id,note\n2,a\r\n3,"b,c"\r\n4,d\n',
        b'id,note\r2,a\r3,"b,c"\r4,d\r',
        b'id,note\n2,a\r3,"b,c"\r4,d\n',
        b'id,note\r\n2,a\r3,"b,c"\n4,d',
    ],
)
def test_mixed_line_endings_lose_nothing(tmp_path, content):
    result, frame = staged(tmp_path, content)
    assert frame["note"].tolist() == ["a", "b,c", "d"]
    assert frame["source_row"].tolist() == [2, 3, 4]
    assert result.note == "UTF-8, commas"


def test_a_carriage_return_within_a_cell_becomes_a_space_and_is_told(tmp_path):
    result, frame = staged(tmp_path, b'id,note\n2,a\rb\n3,"c\rd"\n')
    assert frame["note"].tolist() == ["a b", "c\rd"]
    assert result.note.endswith("carriage returns within cells read as spaces")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (codecs.BOM_UTF8 + b"id,note\n1,\xff\n", "begins as UTF-8"),
        (codecs.BOM_UTF16_LE + "id,note\n1,a\n".encode("utf-16-le") + b"x", "begins as UTF-16"),
        (codecs.BOM_UTF16_LE + "id,note\n1,".encode("utf-16-le") + b"\x00\xd8a\x00", "begins as UTF-16"),
        (b'"' + b"x" * 200_000 + b'",note\n1,2\n', "no header that can be read"),
        (b"Weight,weight\n1,2\n", "'Weight' and 'weight', which differ only in case"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path, content, says):
    with pytest.raises(Refused, match=says) as refusal:
        staged(tmp_path, content)
    assert "table.csv" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", [
    "Müller", "Größe", "Straße 5", "Café", "Île-de-France", "à l’été", "ação", "Älmhult",
    "Jürgen Groß & Söhne, Köln", "Société générale – fret", "12 €",
])  # fmt: skip
def test_western_european_text_is_not_taken_for_chinese(tmp_path, text):
    result, frame = staged(tmp_path, f"id;name\n1;{text}\n2;Mayer\n".encode("cp1252"))
    assert frame["name"].tolist() == [text, "Mayer"]
    assert result.note == "CP1252 (Western European), semicolons"


@pytest.mark.parametrize("text", [
    "甲", "鑫", "上海鑫源物流有限公司", "A区B栋", "ABC物流", "朱镕基路", "浦东新区，3号仓", "DHL（中国）Ltd", "Box箱",
])  # fmt: skip
def test_chinese_text_is_not_taken_for_western(tmp_path, text):
    result, frame = staged(tmp_path, f"id;name\n1;{text}\n2;Mayer\n".encode("gb18030"))
    assert frame["name"].tolist() == [text, "Mayer"]
    assert result.note == "GB18030, semicolons"


def test_columns_may_bear_any_name(tmp_path):
    lines = "id,before,passed,file_row_number\n2,b,p,f\n\n4,b\n5,b,p,f\n"
    result, frame = staged(tmp_path, lines.encode())
    assert frame[["id", "source_row"]].astype(int).to_numpy().tolist() == [[2, 2], [5, 5]]
    assert frame[["before", "passed", "file_row_number"]].to_numpy().tolist() == [["b", "p", "f"]] * 2
    assert result.unread["source_row"].tolist() == [4]


@pytest.mark.parametrize("name", ["source_row", "source_file", "Source_Row"])
def test_one_column_of_our_name_makes_way(tmp_path, name):
    result, frame = staged(tmp_path, f"id,{name}\n2,a\n3,a,b\n4,a\n".encode())
    assert frame["source_row"].tolist() == [2, 4]
    assert frame[f"its {name}"].tolist() == ["a", "a"]
    assert result.columns == ("id", f"its {name}")
