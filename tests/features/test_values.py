"""What each customer's purchases have been worth adds up, whatever the rows are."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features import value_summary
from clvlab.features.events import MARGIN, Purchases
from clvlab.refusal import Refused

COLUMNS = ["valued_purchases", "mean_value", "value_variance", "total_value"]
UNTIL = dt.date(2025, 1, 31)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["001", "01", "a", "b"]),
        st.dates(dt.date(2025, 1, 20), dt.date(2025, 2, 5)),
        st.booleans(),
        st.none() | st.integers(-900, 2000).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=30,
)


def purchases_of(rows) -> Purchases:
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "is_order", "value"])
    frame["date"], frame["value"] = pd.to_datetime(frame.date), frame.value.astype(float)
    return Purchases(ibis.memtable(frame), "invoices", MARGIN)


def by_hand(rows, customer) -> tuple:
    """Return the summary of one customer as its definition says."""
    mine = [row[1:] for row in rows if row[0] == customer and row[1] <= UNTIL]
    bought = {day for day, is_order, value in mine if is_order and value is not None}
    values = [sum(value or 0.0 for at, _, value in mine if at == day) for day in bought]
    total = sum(value or 0.0 for *_, value in mine)
    if not bought:
        return 0, np.nan, np.nan, total
    return len(bought), total / len(bought), np.var(values), total


@given(ROWS, st.randoms())
@settings(max_examples=25, deadline=None)
def test_every_customer_is_as_counted_by_hand(rows, random):
    customers = sorted({row[0] for row in rows if row[1] <= UNTIL})
    if not customers:
        with pytest.raises(Refused, match="no purchase up to 2025-01-31; give a later as_of"):
            value_summary(purchases_of(rows), UNTIL)
        return
    ours = value_summary(purchases_of(rows), UNTIL)
    assert ours.index.tolist() == customers
    assert ours.columns.tolist() == COLUMNS
    np.testing.assert_allclose(ours.to_numpy(float), [by_hand(rows, customer) for customer in customers], atol=1e-9)
    bought = ours[ours.valued_purchases > 0]
    np.testing.assert_allclose(bought.valued_purchases * bought.mean_value, bought.total_value, rtol=1e-14)
    random.shuffle(rows)
    pd.testing.assert_frame_equal(value_summary(purchases_of(rows), "2025-01-31"), ours, check_exact=True)


def test_refunds_lower_the_mean_and_losses_are_values():
    rows = [
        ("a", "2025-01-02", True, 50.0),
        ("a", "2025-01-02", False, -5.0),
        ("a", "2025-01-09", True, -7.0),
        ("a", "2025-01-20", False, -2.0),
        ("a", "2025-01-21", True, None),
        ("b", "2025-01-02", False, -4.0),
        ("c", "2025-01-02", True, 3.0),
    ]
    ours = value_summary(purchases_of(rows), UNTIL)
    assert ours.loc["a"].tolist() == [2, 18.0, 26.0**2, 36.0]
    assert ours.loc["b"].fillna(-1).tolist() == [0, -1, -1, -4.0]
    assert ours.loc["c"].tolist() == [1, 3.0, 0.0, 3.0]
    assert ours.attrs == {"as_of": "2025-01-31", "value": MARGIN, "purchases_without_value": 1}


def test_prices_that_never_change_have_no_variance():
    rows = [("a", f"2025-01-{day:02}", True, value) for day in range(1, 29) for value in (0.1, 0.2, 1e6 / 3)]
    assert value_summary(purchases_of(rows), UNTIL).value_variance["a"] == 0


def test_purchases_without_value_are_refused():
    table = purchases_of([("a", "2025-01-02", True, 1.0)]).table.drop("value")
    with pytest.raises(Refused, match="no value; give shipments with revenue"):
        value_summary(Purchases(table, "shipments", ""), UNTIL)
