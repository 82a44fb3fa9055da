"""How a data frame is written for a reader: the same on every machine, escaped, folded when long."""

from __future__ import annotations

import doctest
import re

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shown_html import HOSTILE, cells_of, hostile

import clvlab.results.tables
from clvlab.results import Table, html_table, text_table
from clvlab.results.tables import FOLDED_ABOVE


def test_the_examples_hold():
    outcome = doctest.testmod(clvlab.results.tables)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@given(st.lists(st.floats(-100, 100).map(lambda x: round(x, 2)), min_size=1, max_size=5))
@example([1.0, 2.0])
def test_what_differs_only_in_the_last_bits_is_shown_alike(values):
    frame = pd.DataFrame({"x": values})
    jittered = frame * (1 + 1e-15)
    for show in (lambda f: repr(Table(f)), text_table, html_table):
        assert show(frame) == show(jittered)


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
