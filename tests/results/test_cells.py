"""How one value is written for a reader."""

from __future__ import annotations

import datetime as dt
import doctest

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clvlab.results.cells
from clvlab.results import Table, format_cell


def test_the_examples_hold():
    outcome = doctest.testmod(clvlab.results.cells)
    assert outcome.attempted > 0
    assert outcome.failed == 0


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


def test_a_sum_added_in_another_order_shows_the_same():
    shown = {
        repr(Table(pd.DataFrame({"sum": [value, 2e6]}), decimals=0))
        for value in (1751040.4999999998, 1751040.5000000002)
    }
    assert len(shown) == 1
