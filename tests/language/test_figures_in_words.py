"""Numbers, money and dates as Chinese readers write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.language.figures_in_words import in_chinese, measured

UNITS = {"": 1, "万": 10_000, "亿": 100_000_000}


def read_back(shown: str) -> float:
    number, unit = re.fullmatch("([-\\d.,]+)([万亿]?)", shown).groups()
    return float(number.replace(",", "")) * UNITS[unit]


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("9,999", "9,999"),
        ("10,000", "1万"),
        ("1,234,567", "123.5万"),
        ("120,000,000", "1.2亿"),
        ("1,234,567 CNY", "¥123.5万"),
        ("-1,234,567 CNY", "-¥123.5万"),
        ("618 CNY", "¥618"),
        ("4.44 million CNY", "¥444万"),
        ("1.2 m", "120万"),
        ("每年12,345 CNY", "每年¥1.234万"),
        ("价值，万 CNY", "价值，万元"),
        ("372 万 CNY", "¥372万"),
        ("2025-12-31 之前", "2025年12月31日 之前"),
        ("截至2025-12", "截至2025年12月"),
        ("2025-Q3的投诉", "2025年第3季度的投诉"),
    ],
)
def test_a_figure_reads_as_a_chinese_reader_writes_it(text, chinese):
    assert in_chinese(text) == chinese


@pytest.mark.parametrize(
    "text", ["2025-12-31", "2025-12", "2025-Q3", "91.3%", "12,345.6%", "C-12,345x", "Baoda 12,345 Co", "–"]
)
def test_a_date_alone_a_percentage_and_a_name_stay(text):
    assert in_chinese(text) == text


@given(st.floats(-1e13, 1e13))
def test_a_measure_reads_back_to_four_digits(number):
    assert read_back(measured(number, 2)) == pytest.approx(number, rel=5.1e-4, abs=0.0051)


@given(st.text(alphabet="0123456789,.- 万亿CNY百", max_size=20))
def test_what_is_chinese_already_stays(text):
    once = in_chinese(text)
    assert in_chinese(once) == once
