"""Rows are picked, counted and added up as one by one they would be."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from clvlab.features.rows import Columns, Rows, as_one

NUMBERS = st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(-50, 50)), max_size=40)


@given(NUMBERS, st.integers(-60, 60))
def test_sums_of_some_rows_are_those_counted_one_by_one(cases, above):
    place = np.array([where for where, _ in cases], dtype="int64")
    amount = np.array([np.nan if number is None else number for _, number in cases], dtype="float64")
    rows = Rows(pd.Index(list("abcd")), place, {"amount": amount})
    some = rows.where(~np.isnan(amount)).where(amount[~np.isnan(amount)] > above)
    by_hand = [[n for where, n in cases if where == at and n is not None and n > above] for at in range(4)]
    assert some.total(some["amount"]).tolist() == [sum(numbers) for numbers in by_hand]
    assert some.count().tolist() == [len(numbers) for numbers in by_hand]
    assert some.first("amount").dropna().tolist() == [min(numbers) for numbers in by_hand if numbers]
    assert some.last("amount").dropna().tolist() == [max(numbers) for numbers in by_hand if numbers]
    assert rows.filled("amount").sum() == np.nansum(amount)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 9)), max_size=9))
def test_some_of_some_rows_hold_what_they_held_among_all(cases):
    first, second, price = (np.array(column) for column in zip(*cases, strict=True)) if cases else np.zeros((3, 0))
    first, second = first.astype(bool), second.astype(bool)[first.astype(bool)]
    columns = Columns({"price": price}, {"double": lambda found: found.part("price") * 2})
    some = Rows(pd.Index(["a"]), np.zeros(len(price), "int64"), columns).where(first).where(second)
    assert some["price"].tolist() == price[first][second].tolist()
    assert some["double"].tolist() == [2 * one for one in price[first][second]]
    assert some.count()["a"] == second.sum() == len(some.place)


PAIRS = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 2**13 - 1)), min_size=1)


@given(PAIRS, st.sampled_from([2**11, 2**13]))
def test_two_numbers_in_one_are_ordered_as_the_two_are_and_told_apart_again(pairs, width):
    pairs = [(high, low % width) for high, low in pairs]
    one = as_one(*np.array(pairs).T, width)
    assert (np.sort(one) // width).tolist() == [high for high, _ in sorted(pairs)]
    assert [divmod(int(number), width) for number in one] == pairs
