"""Codes are looked up alike whatever their length, and however they lie in memory."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.features.codes import Codes

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
AS_LONG = st.integers(1, 9).flatmap(lambda length: st.lists(st.text("ab0\0", min_size=length, max_size=length)))


@given(st.one_of(AS_LONG, st.lists(TEXTS)), st.lists(st.one_of(st.none(), TEXTS)), st.randoms())
def test_a_code_is_found_where_it_stands_and_strangers_are_not(every, strangers, random):
    every = list(dict.fromkeys(every))
    asked = [*strangers, *random.choices(every, k=2 * len(every)), *every[: len(every) // 2]] if every else strangers
    places = {code: place for place, code in enumerate(every)}
    found = Codes(pa.array(every, "string")).number_of(pa.array(asked, "string"))
    assert found.tolist() == [places.get(code, -1) for code in asked]


@given(AS_LONG, st.randoms())
def test_codes_of_one_length_are_found_in_long_tables(every, random):
    every = list(dict.fromkeys(every)) or ["a"]
    asked = random.choices(every, k=50)
    found = Codes(pa.array(every)).number_of(pa.array(asked))
    assert found.tolist() == [every.index(code) for code in asked]


@pytest.mark.parametrize("kind", ["string", "large_string"])
def test_a_part_of_a_longer_column_is_read_from_its_beginning(kind):
    column = pa.array(["c1", "c2", "c3", "c2"], kind)
    assert Codes(column[1:3]).number_of(column[2:]).tolist() == [1, 0]
