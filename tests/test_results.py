"""What a result shows: rounded and the same on every machine, escaped, folded when long."""

from __future__ import annotations

import datetime as dt
import doctest
import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import clvlab.results
from clvlab.language import speaking
from clvlab.refusal import Refused
from clvlab.results import FOLDED_ABOVE, Headline, Headlines, Note, Result, Table, format_cell, html_table, text_table

HOSTILE = "<script>alert('x')</script> & \"more\""


def hostile(html: str) -> bool:
    return "<script" in html or "'x'" in html


def cells_of(html: str) -> list[list[str]]:
    body = html.split("<tbody>")[1]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]


def test_the_examples_hold():
    outcome = doctest.testmod(clvlab.results)
    assert outcome.attempted > 0
    assert outcome.failed == 0


# One cell --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (pd.NaT, "–"),
        (pd.NA, "–"),
        (pd.Timestamp("2025-12-31 14:30"), "2025-12-31"),
        (dt.date(2025, 12, 31), "2025-12-31"),
        (True, "yes"),
        (np.False_, "no"),
        (1234567, "1,234,567"),
        (np.int64(-5), "-5"),
        (1234.5678, "1,234.57"),
        (np.float64(2), "2.00"),
        (-0.0001, "0.00"),
        ("as it is", "as it is"),
    ],
)
def test_a_cell_is_text_for_a_reader(value, text):
    assert format_cell(value, 2) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.9126, "91.3%"), (1, "100.0%"), (0, "0.0%"), (-0.00001, "0.0%"), (None, "–"), (np.nan, "–")]
)
def test_a_share_is_a_percentage(share, text):
    assert format_cell(share, 3, percent=True) == text


@given(st.floats(-1e12, 1e12), st.integers(0, 4))
def test_a_rounded_number_reads_back_within_half_its_last_digit(value, decimals):
    shown = format_cell(value, decimals)
    assert abs(float(shown.replace(",", "")) - value) <= 0.5000001 * 10**-decimals + 1e-4 * (abs(value) > 1e9)
    assert shown.strip("-0.,") or not shown.startswith("-"), "minus nothing"


# Tables ----------------------------------------------------------------------------------------------------


def test_the_text_of_a_table_is_stable():
    frame = pd.DataFrame(
        {
            "customer": ["青岛", "B"],
            "share": [0.123456789, None],
            "value": [123456.789, 2.0],
            "count": [7.0, 8.0],
            "day": pd.to_datetime(["2025-01-02", None]),
            "sure": [True, False],
        }
    )
    assert repr(Table(frame, "What it shows", decimals=2, percent=("share",))) == (
        "What it shows\n"
        "customer share   value count        day sure\n"
        "      青岛 12.3% 123,457     7 2025-01-02  yes\n"
        "       B     –       2     8          –   no"
    )


@given(st.lists(st.floats(-100, 100).map(lambda x: round(x, 2)), min_size=1, max_size=5))
@example([1.0, 2.0])
def test_what_differs_only_in_the_last_bits_is_shown_alike(values):
    frame = pd.DataFrame({"x": values})
    jittered = frame * (1 + 1e-15)
    for show in (lambda f: repr(Table(f)), text_table, html_table):
        assert show(frame) == show(jittered)


def test_a_named_index_is_shown_and_a_plain_one_is_not():
    named = pd.DataFrame({"x": [1]}, index=pd.Index(["007"], name="customer_id"))
    assert repr(Table(named)) == "customer_id x\n        007 1"
    assert repr(Table(pd.DataFrame({"x": [1]}))) == "x\n1"


def test_every_text_in_html_is_escaped():
    frame = pd.DataFrame({HOSTILE: [HOSTILE]}, index=pd.Index([HOSTILE], name=f"index {HOSTILE}"))
    assert not hostile(html_table(frame, caption=HOSTILE))
    assert not hostile(html_table(pd.concat([frame] * 50), caption=HOSTILE))
    assert not hostile(Table(frame, HOSTILE)._repr_html_())


@given(st.text(), st.text())
def test_html_says_what_was_put_in(name, value):
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html_table(pd.DataFrame({name: [value]}, dtype=object)), "html.parser")
    assert len(soup("td")) == len(soup("th")) == 1
    # White space aside, which the parser of this test folds where a text holds nothing else.
    assert soup.td.get_text().split() == value.split()
    assert soup.th.get_text().split() == name.replace("_", " ").split()


@pytest.mark.parametrize("rows", [1, FOLDED_ABOVE])
def test_a_short_table_stands_open(rows):
    assert html_table(pd.DataFrame({"x": range(rows)}), caption="Months").startswith("<table")


def test_a_long_table_is_folded_under_its_caption_with_all_its_rows():
    html = html_table(pd.DataFrame({"x": range(1500)}), caption="Months")
    assert html.startswith('<details class="numbers"><summary>Months: 1,500 rows</summary><table')
    assert cells_of(html) == [[f"{n:,}"] for n in range(1500)]
    assert "<summary>Table: 15 rows" in html_table(pd.DataFrame({"x": range(15)}))


def test_numbers_stand_right_and_long_texts_may_break():
    frame = pd.DataFrame({"n": [1.5], "flag": [True], "code": ["007"], "says": ["long enough to break over lines"]})
    kinds = re.findall(r'<td class="(\w+)">', html_table(frame))
    assert kinds == ["number", "short", "short", "long"]


def test_percent_columns_are_percentages_in_text_and_html_and_shares_in_the_frame():
    table = Table(pd.DataFrame({"on_time": [0.9126], "x": [0.9126]}), "T", decimals=2, percent=("on_time",))
    assert repr(table).splitlines()[-1].split() == ["91.3%", "0.91"]
    assert cells_of(table._repr_html_()) == [["91.3%", "0.91"]]
    assert table.to_frame()["on_time"].tolist() == [0.9126]


def test_a_table_without_rows_says_so():
    empty = pd.DataFrame({"customer": pd.Series(dtype=str), "share": pd.Series(dtype=float)})
    assert repr(Table(empty, "Late payers")) == "Late payers: none."
    assert Table(empty, "Late <payers>")._repr_html_() == '<p class="note">Late &lt;payers&gt;: none.</p>'
    assert repr(Table(empty)) == "Table: none."


def test_a_result_without_figure_says_so():
    with pytest.raises(NotImplementedError, match="Table has no figure"):
        Table(pd.DataFrame()).plot()
    with pytest.raises(NotImplementedError):
        Result().to_frame()


# Notes -----------------------------------------------------------------------------------------------------


def test_a_note_of_one_sentence_is_a_paragraph_of_several_a_list():
    assert Note("Needs <revenue>.")._repr_html_() == '<p class="note">Needs &lt;revenue&gt;.</p>'
    several = Note("One.", HOSTILE)
    assert several._repr_html_().startswith("<ul><li>One.</li><li>")
    assert not hostile(several._repr_html_())
    assert repr(several) == f"One.\n{HOSTILE}"
    assert several.to_frame()["sentence"].tolist() == ["One.", HOSTILE]


# Headlines -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headline", "shown", "interval"),
    [
        (Headline("on time", 91.27, "%", 90.1, 92.44, decimals=1), "91.3%", "90% interval 90.1 to 92.4"),
        (Headline("customers", 1500, "customers"), "1,500 customers", ""),
        (Headline("margin", -1234567.8, "CNY"), "-1,234,568 CNY", ""),
        (Headline("largest", "Northwind"), "Northwind", ""),
        (Headline("margin", None, "CNY", note="Needs revenue."), "–", ""),
        (Headline("one bound", 5, "", lower=1), "5", ""),
        (Headline("not estimable", float("nan"), "%"), "–", ""),
    ],
)
def test_a_headline_shows_its_figure_unit_and_interval(headline, shown, interval):
    assert headline.shown() == shown
    assert headline.interval() == interval


def test_headlines_are_text_page_and_data_in_one():
    headlines = Headlines(
        Headline("on time", 91.273456, "%", 90.123456, 92.444444, decimals=1, note="late: a < b"),
        Headline("accounts", 12, "customers"),
        Headline("largest", HOSTILE),
    )
    bundle = headlines._repr_mimebundle_()
    assert bundle["text/plain"].splitlines()[:2] == [
        "on time: 91.3% (90% interval 90.1 to 92.4; late: a < b)",
        "accounts: 12 customers",
    ]
    assert bundle["text/html"].count('class="headline"') == 3
    assert not hostile(bundle["text/html"])
    data = json.loads(json.dumps(bundle[Headlines.mime]))
    assert data[0] == {
        "name": "on time",
        "value": 91.273,
        "unit": "%",
        "lower": 90.123,
        "upper": 92.444,
        "decimals": 1,
        "note": "late: a < b",
    }
    assert data[1]["value"] == 12
    assert data[2]["value"] == HOSTILE
    assert headlines.to_frame()["value"].tolist()[0] == 91.273456, "the frame is not rounded"


def test_a_figure_that_is_not_a_number_is_valid_json():
    data = Headlines(Headline("x", float("nan"), "%", float("nan"), float("inf")))._repr_mimebundle_()[Headlines.mime]
    json.dumps(data, allow_nan=False)


def test_a_sum_added_in_another_order_shows_the_same():
    shown = {
        repr(Table(pd.DataFrame({"sum": [value, 2e6]}), decimals=0))
        for value in (1751040.4999999998, 1751040.5000000002)
    }
    assert len(shown) == 1


def test_a_list_that_is_to_be_read_stands_open_however_long():
    frame = pd.DataFrame({"x": range(50)})
    assert "<details" in Table(frame, "Months")._repr_html_()
    assert "<details" not in Table(frame, "To do", fold=False)._repr_html_()


def test_a_list_carries_all_its_rows_beside_what_is_shown():
    frame = pd.DataFrame(
        {
            "customer": [HOSTILE, None],
            "value": [1 / 3, np.inf],
            "count": [1, 2],
            "known": [True, False],
            "day": pd.to_datetime(["2025-12-31", None]),
        }
    )
    bundle = Table(frame, "Whom to call", list_name="watch_list")._repr_mimebundle_()
    written = json.loads(json.dumps(bundle[Result.list_mime], allow_nan=False))
    assert written == {
        "name": "watch_list",
        "columns": ["customer", "value", "count", "known", "day"],
        "rows": [[HOSTILE, 0.333333, 1, True, "2025-12-31"], [None, None, 2, False, None]],
    }


def test_a_table_without_a_list_name_carries_none():
    assert Table(pd.DataFrame({"x": [1]}))._repr_mimebundle_() == {}


def test_in_chinese_numbers_names_and_words_read_as_a_chinese_reader_writes_them():
    frame = pd.DataFrame(
        {
            "customer_id": ["no", "late"],
            "on_time": [0.9126, 0.5],
            "revenue": [1_234_567.4, 618.2],
            "orders": [29_109, 7],
            "tier": ["core", "regular"],
            "sure": [True, False],
        }
    )
    with speaking("zh"):
        html = Table(frame, percent=("on_time",))._repr_html_()
        text = repr(Table(frame))
    assert cells_of(html) == [
        ["no", "91.3%", "123.5万", "2.9109万", "核心", "是"],
        ["late", "50.0%", "618", "7", "常规", "否"],
    ]
    assert re.findall("<th [^>]*>(.*?)</th>", html) == ["客户编号", "准时率", "收入", "订单数", "等级", "sure"]
    assert text.splitlines()[0].split() == ["客户编号", "准时率", "收入", "订单数", "等级", "sure"]


@pytest.mark.parametrize(
    ("headline", "figure", "unit"),
    [
        (Headline("margin", 1_234_567.8, "CNY"), "¥123.5万", ""),
        (Headline("customers", 1500, "customers"), "1,500", "家客户"),
        (Headline("on time", 91.27, "%", decimals=1), "91.3%", ""),
        (Headline("largest", "Northwind"), "Northwind", ""),
        (Headline("margin", None, "CNY"), "–", ""),
    ],
)
def test_in_chinese_a_headline_reads_with_its_unit(headline, figure, unit):
    with speaking("zh"):
        assert (headline.figure(), headline.unit_shown()) == (figure, unit)


def test_the_data_of_headlines_stays_english():
    with speaking("zh"):
        data = Headlines(Headline("customers", 1500, "customers"))._repr_mimebundle_()[Headlines.mime]
    assert (data[0]["name"], data[0]["unit"]) == ("customers", "customers")


def test_the_first_rows_say_of_how_many_they_are():
    table = Table(pd.DataFrame({"customer": list("abc"), "share": [0.5, 0.3, 0.2]}), "Largest", 1, ("share",))
    first = table.first(2)
    assert first.title == "Largest; the first 2 of 3"
    assert list(first.to_frame()["customer"]) == ["a", "b"]
    assert "50.0%" in repr(first)
    assert len(table.to_frame()) == 3


@pytest.mark.parametrize("most", [2, 3])
def test_all_rows_are_not_called_the_first(most):
    assert Table(pd.DataFrame({"customer": ["a", "b"]}), "Largest").first(most).title == "Largest"


def test_the_first_rows_are_not_folded_however_many():
    long = Table(pd.DataFrame({"customer": range(3 * FOLDED_ABOVE)}))
    assert "<details" in long._repr_html_()
    assert "<details" not in long.first(2 * FOLDED_ABOVE)._repr_html_()


def test_the_first_of_nothing_is_nothing():
    empty = Table(pd.DataFrame({"customer": []}), "Largest").first(5)
    assert repr(empty) == "Largest: none."


def test_where_there_is_nothing_to_draw_a_sentence_stands(capsys):
    class Empty(Result):
        def plot(self, ax=None):
            raise Refused("Nothing to draw.")

    Empty().show()
    assert "Nothing to draw." in capsys.readouterr().out


def test_of_a_very_long_table_the_first_rows_are_shown_and_how_many_there_are():
    table = Table(pd.DataFrame({"customer": [f"C{n:04}" for n in range(1, 1235)]}), "Customers")
    for text in (repr(table), table._repr_html_()):
        assert "Customers; the first 200 of 1,234" in text
        assert "C0200" in text
        assert "C0201" not in text
    assert len(table.to_frame()) == 1234
