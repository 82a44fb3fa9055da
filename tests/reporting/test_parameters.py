"""What a notebook declares is what may be given: by name, type and range, and nothing is read as something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.reporting.parameters import FALSE, TRUE, Parameter, chosen, declared, read_declarations

CELL = """\
# What a report may be given.
data: str = "data/demo"  # folder with the tables
as_of: str = ""  # date; last day known, blank for the records' last
language: str = "en"  # en|zh; language of the report

top: int = 10  # 1..50; how many customers are listed
rate: float = 0.1  # -0.5..; discount rate a year
most: int = 5  # ..9; at the most
free: float = 1.5
exact: bool = True  # whether all are counted; else a sample
customer_id: str = "#1; or not"  # one account, blank for the largest
"""


def parameter(kind: str, default: object, comment: str = "") -> Parameter:
    [found] = read_declarations(f"x: {kind} = {default!r}  # {comment}", "a notebook")
    return found


def refusal(action) -> str:
    with pytest.raises(Refused) as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The grammar -----------------------------------------------------------------------------------------------


def test_a_cell_declares_names_types_defaults_limits_and_meaning():
    found = {p.name: p for p in read_declarations(CELL, "a notebook")}
    assert [(p.name, p.type, p.default) for p in found.values()] == [
        ("data", "str", "data/demo"),
        ("as_of", "str", ""),
        ("language", "str", "en"),
        ("top", "int", 10),
        ("rate", "float", 0.1),
        ("most", "int", 5),
        ("free", "float", 1.5),
        ("exact", "bool", True),
        ("customer_id", "str", "#1; or not"),
    ]
    assert found["data"].meaning == "folder with the tables"
    assert found["as_of"].is_date
    assert found["as_of"].meaning == "last day known, blank for the records' last"
    assert found["language"].choices == ("en", "zh")
    assert (found["top"].at_least, found["top"].at_most) == (1, 50)
    assert (found["rate"].at_least, found["rate"].at_most) == (-0.5, None)
    assert (found["most"].at_least, found["most"].at_most) == (None, 9)
    assert found["top"].meaning == "how many customers are listed"
    assert found["exact"].meaning == "whether all are counted; else a sample"
    assert (found["free"].meaning, found["free"].choices, found["free"].is_date) == ("", (), False)


@pytest.mark.parametrize(
    "line",
    ["top = 10", "top: list = [1]", "top: int", "import os", "'text'", "a.b: int = 1", "x: 'int' = 1", "print(1)"],
)
def test_a_line_that_declares_nothing_is_refused_with_its_number(line):
    sentence = refusal(lambda: read_declarations(f"data: str = ''\n{line}", "01_records.ipynb"))
    assert "01_records.ipynb: line 2 of the parameters cell must read" in sentence


@pytest.mark.parametrize(
    "line",
    [
        "top: int = ",
        "top: int = (1",
        "top: int = 2 * 5",
        "top: int = TOP",
        "top: int = 10  # ...; to be written",
        "top: int = 10  # 1..5..9; how many",
    ],
)
def test_a_cell_that_is_no_declaration_at_all_is_refused(line):
    assert "01_records.ipynb" in refusal(lambda: read_declarations(line, "01_records.ipynb"))


@pytest.mark.parametrize(
    "line",
    [
        "top: int = 0  # 1..50; how many",
        "top: int = 'ten'  # how many",
        "language: str = 'fr'  # en|zh; language",
        "as_of: str = 'yesterday'  # date; last day",
    ],
)
def test_a_default_that_its_own_declaration_forbids_is_refused(line):
    assert line.split(":")[0] in refusal(lambda: read_declarations(line, "a notebook"))


def write_notebook(path: Path, *cells: tuple[str, list[str]]) -> Path:
    made = [
        {"cell_type": "code", "source": source.splitlines(keepends=True), "metadata": {"tags": tags}}
        for source, tags in cells
    ]
    path.write_text(json.dumps({"cells": made}), encoding="utf-8")
    return path


def test_the_cell_tagged_parameters_declares(tmp_path):
    path = write_notebook(tmp_path / "00_x.ipynb", ("1 + 1", []), ("a: int = 1\nb: str = 'ü'", ["parameters"]))
    assert [p.name for p in declared(path)] == ["a", "b"]


@pytest.mark.parametrize("count", [0, 2])
def test_a_notebook_without_exactly_one_such_cell_is_refused(tmp_path, count):
    path = write_notebook(tmp_path / "00_x.ipynb", *[("a: int = 1", ["parameters"])] * count)
    assert refusal(lambda: declared(path)) == (
        f"00_x.ipynb must have exactly one cell tagged 'parameters'; it has {count}."
    )


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "00_x.ipynb").write_text("<<<<<<< HEAD\n{}")
    assert "00_x.ipynb" in refusal(lambda: declared(tmp_path / "00_x.ipynb"))


# Values, by declared type ----------------------------------------------------------------------------------


@given(st.text())
def test_any_text_stays_as_it_is(text):
    assert parameter("str", "").parse(text) == text


@pytest.mark.parametrize("text", ["007", "1e5", "no", "true", "null", "2025-12-31", " x ", "[1]", "-0", "一"])
def test_a_text_that_looks_like_something_else_stays_text(text):
    assert chosen({"x": text}, [parameter("str", "", "any text")], "a notebook") == {"x": text}


@given(st.integers())
def test_a_whole_number_reads_back(number):
    found = parameter("int", 1).parse(str(number))
    assert found == number
    assert type(found) is int


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back(number):
    found = parameter("float", 1.0).parse(repr(number))
    assert found == number
    assert type(found) is float


@given(st.sampled_from([(text, text in TRUE) for text in TRUE + FALSE]), st.randoms())
def test_true_and_false_read_in_any_case(case, random):
    text, meant = case
    typed = "".join(letter.upper() if random.random() < 0.5 else letter for letter in text)
    assert parameter("bool", False).parse(typed) is meant


@pytest.mark.parametrize("text", ["", "2", "ja", "truee", "None"])
def test_anything_else_is_neither_true_nor_false(text):
    assert refusal(lambda: parameter("bool", False).parse(text)) == f"x={text!r} must be true or false."


@pytest.mark.parametrize("text", ["", "ten", "1.5", "1e3", "0x10", "1,000"])
def test_what_is_no_whole_number_is_refused_with_an_example(text):
    assert refusal(lambda: parameter("int", 10).parse(text)) == f"x={text!r} must be a whole number, such as 10."


@pytest.mark.parametrize("text", ["", "much", "1,5", "0.1%"])
def test_what_is_no_number_is_refused_with_an_example(text):
    assert refusal(lambda: parameter("float", 0.1).parse(text)) == f"x={text!r} must be a number, such as 0.1."


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-2000, 2000))
def test_a_range_holds_its_bounds_and_nothing_outside(a, b, number):
    low, high = sorted((a, b))
    one = parameter("int", low, f"{low}..{high}; range")
    if low <= number <= high:
        assert one.parse(str(number)) == number
    else:
        nearest = low if number < low else high
        assert refusal(lambda: one.parse(str(number))) == (
            f"x='{number}' lies outside {low}..{high}; the nearest allowed is {nearest}."
        )


def test_a_range_may_be_open_at_either_end():
    assert parameter("float", 0.1, "-0.5..; rate").parse("1e9") == 1e9
    assert parameter("int", 1, "..9; most").parse("-1000") == -1000
    assert "the nearest allowed is -0.5." in refusal(lambda: parameter("float", 0.1, "-0.5..; rate").parse("-0.51"))
    assert "the nearest allowed is 9." in refusal(lambda: parameter("int", 1, "..9; most").parse("10"))


@pytest.mark.parametrize("comment", ["", "0..1; share", "..1; share"])
def test_nan_is_refused_in_a_whole_sentence(comment):
    sentence = refusal(lambda: parameter("float", 0.5, comment).parse("nan"))
    assert not sentence.endswith("is .")


@pytest.mark.parametrize("text", ["inf", "-inf", "1e999"])
def test_infinity_is_no_number_of_a_report(text):
    refusal(lambda: parameter("float", 0.5, "any number").parse(text))


def test_a_choice_is_one_of_those_named_or_the_nearest_is_told():
    language = parameter("str", "en", "en|zh; language")
    assert language.parse("zh") == "zh"
    assert refusal(lambda: language.parse("zhh")) == "x='zhh' is not one of en, zh (did you mean 'zh'?)."
    refusal(lambda: language.parse(""))
    refusal(lambda: language.parse("EN"))


@given(st.dates())
def test_a_date_is_kept_as_its_text(day):
    assert parameter("str", "", "date; last day").parse(day.isoformat()) == day.isoformat()


def test_a_blank_date_is_the_default_day():
    assert parameter("str", "", "date; last day").parse("") == ""


@pytest.mark.parametrize(
    "text",
    [
        "31/12/2025",
        "2025-02-30",
        "yesterday",
        "2025-12-31 00:00",
        "20251231",
        "2025-W52-3",
    ],
)
def test_what_is_no_date_is_refused(text):
    one = parameter("str", "", "date; last day")
    assert refusal(lambda: one.parse(text)) == f"x={text!r} is no date; write it as 2025-12-31."


# Names -----------------------------------------------------------------------------------------------------


def test_only_what_is_given_is_chosen_each_by_its_type():
    given = {"customer_id": "007", "top": "7", "rate": "7", "exact": "no", "as_of": ""}
    values = chosen(given, read_declarations(CELL, "x"), "x")
    assert values == {"customer_id": "007", "top": 7, "rate": 7.0, "exact": False, "as_of": ""}
    assert [type(value) for value in values.values()] == [str, int, float, bool, str]
    assert chosen({}, read_declarations(CELL, "x"), "x") == {}


@pytest.mark.parametrize(("name", "nearest"), [("tpo", "top"), ("asof", "as_of"), ("Language", "language")])
def test_an_unknown_name_names_the_nearest_and_all(name, nearest):
    sentence = refusal(lambda: chosen({name: "1"}, read_declarations(CELL, "x"), "00_portfolio"))
    assert sentence.startswith(
        f"00_portfolio has no parameter {name!r} (did you mean {nearest!r}?); it has data, as_of,"
    )


@given(st.text())
def test_no_name_is_taken_that_is_not_declared(name):
    if name not in {p.name for p in read_declarations(CELL, "x")}:
        with pytest.raises(Refused):
            chosen({name: "1"}, read_declarations(CELL, "x"), "x")


def test_a_notebook_that_declares_nothing_takes_nothing():
    refusal(lambda: chosen({"top": "1"}, [], "00_x"))
