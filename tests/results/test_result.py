"""What a result shows: its table, the part of it that is told, and what stands beside it."""

from __future__ import annotations

import doctest
import re

import pandas as pd
import pytest
from shown_html import HOSTILE, cells_of, hostile

import clvlab.results.result
from clvlab.language import speaking
from clvlab.refusal import Refused
from clvlab.results import Note, Result, Stated, Table, or_note
from clvlab.results.tables import FOLDED_ABOVE


def test_the_examples_hold():
    outcome = doctest.testmod(clvlab.results.result)
    assert outcome.attempted > 0
    assert outcome.failed == 0


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


def test_a_named_index_is_shown_and_a_plain_one_is_not():
    named = pd.DataFrame({"x": [1]}, index=pd.Index(["007"], name="customer_id"))
    assert repr(Table(named)) == "customer_id x\n        007 1"
    assert repr(Table(pd.DataFrame({"x": [1]}))) == "x\n1"


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


def test_a_note_of_one_sentence_is_a_paragraph_of_several_a_list():
    assert Note("Needs <revenue>.")._repr_html_() == '<p class="note">Needs &lt;revenue&gt;.</p>'
    several = Note("One.", HOSTILE)
    assert several._repr_html_().startswith("<ul><li>One.</li><li>")
    assert not hostile(several._repr_html_())
    assert repr(several) == f"One.\n{HOSTILE}"
    assert several.to_frame()["sentence"].tolist() == ["One.", HOSTILE]


def test_a_list_that_is_to_be_read_stands_open_however_long():
    frame = pd.DataFrame({"x": range(50)})
    assert "<details" in Table(frame, "Months")._repr_html_()
    assert "<details" not in Table(frame, "To do", fold=False)._repr_html_()


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
        ["no", "91.3%", "123.5万", "29,109", "核心", "是"],
        ["late", "50.0%", "618", "7", "常规", "否"],
    ]
    assert re.findall("<th [^>]*>(.*?)</th>", html) == ["客户编号", "准时率", "收入", "订单数", "等级", "sure"]
    assert text.splitlines()[0].split() == ["客户编号", "准时率", "收入", "订单数", "等级", "sure"]


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


def test_remarks_stand_below_the_table_escaped():
    table = Table(pd.DataFrame({"leaves": [0.031]}), "Risk", remarks=["Active.", HOSTILE])
    assert repr(table).splitlines()[-2:] == ["Active.", HOSTILE]
    assert table._repr_html_().index("</table>") < table._repr_html_().index("<li>Active.</li>")
    assert not hostile(table._repr_html_())
    assert repr(table.first(1)).splitlines()[-2:] == ["Active.", HOSTILE]


def test_remarks_are_in_the_language_of_the_page():
    table = Table(pd.DataFrame({"leaves": [0.031]}), remarks=["Active; last order on 2025-12-27, 4 days ago."])
    with speaking("zh"):
        shown = repr(table), table._repr_html_()
    assert all("最近一次下单在2025年12月27日" in text and "last order" not in text for text in shown)


def test_a_part_is_shown_and_all_goes_into_the_file():
    class Few(Table):
        def _shown(self):
            return self.to_frame().head(1)[["customer"]]

    few = Few(pd.DataFrame({"customer": ["a", "b"], "rank": [1, 2]}), list_name="few")
    assert repr(few) == "customer\n       a"
    assert cells_of(few._repr_html_()) == [["a"]]
    assert few._repr_mimebundle_()[Result.list_mime]["rows"] == [["a", 1], ["b", 2]]


def test_what_is_refused_stands_as_a_sentence():
    def refuse() -> Result:
        raise Refused("Needs revenue in shipments.")

    assert repr(or_note(refuse)) == "Needs revenue in shipments."
    table = Table(pd.DataFrame())
    assert or_note(lambda: table) is table


class Late(Stated):
    """A finding, a table of many rows, and remarks."""

    title = "Late orders"

    def __init__(self, finding: str, remarks: tuple[str, ...] = ()) -> None:
        self.said, self.remarks = finding, remarks

    @property
    def finding(self) -> str:
        return self.said

    def to_frame(self) -> pd.DataFrame:
        return pd.DataFrame({"carrier": ["A", "B"], "late": [3, 2]})

    def _in_short(self) -> Table:
        return Table(self.to_frame(), self.title).first(1)


@pytest.mark.parametrize("finding", ["A is late", "A is late."])
def test_a_finding_stands_above_and_remarks_below_each_ending_once(finding):
    assert repr(Late(finding, ("B is new.",))).splitlines() == [
        "A is late.", "Late orders; the first 1 of 2", "carrier late", "      A    3", "B is new.",
    ]  # fmt: skip
    html = Late(finding, ("B is new.",))._repr_html_()
    assert html.index("A is late.") < html.index("<table") < html.index("B is new.")
    assert "late.." not in html


def test_without_remarks_nothing_stands_below():
    assert Late("A is late")._repr_html_().count("note") == 1
