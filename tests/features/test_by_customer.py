"""Columns by customer are those of the customers asked for, and two bases make one."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from clvlab.features.by_customer import aligned, everyone

CODES = st.lists(st.sampled_from(list("abcdef")), unique=True)
IN_ORDER = CODES.map(sorted)


@given(CODES, CODES)
def test_a_column_stands_at_the_customers_asked_for_whatever_its_order(codes, customers):
    column = pd.Series([float(ord(code)) for code in codes], codes, dtype="float64")
    asked = pd.Index(customers, dtype=object)
    found = aligned(column, asked)
    assert found.index is asked
    assert found.fillna(-1.0).tolist() == [float(ord(code)) if code in codes else -1.0 for code in customers]
    assert column.index.tolist() == codes


@given(IN_ORDER, IN_ORDER)
def test_everyone_is_whoever_is_on_either_side_in_order(some, others):
    found = everyone(pd.Index(some, dtype=object, name="customer_id"), pd.Index(others, dtype=object))
    assert found.tolist() == sorted({*some, *others})
    assert found.name == "customer_id"
