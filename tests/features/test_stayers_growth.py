"""Stayers are those with an order early in the year before last and late in the last, and nobody else."""

import datetime as dt

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features.events import INVOICED, Purchases
from clvlab.features.growth import stayers
from clvlab.refusal import Refused

AS_OF = dt.date(2025, 12, 31)
BEGIN = AS_OF - dt.timedelta(days=729)  # the first day of the two years
SCHEMA = {"customer_id": "string", "date": "date", "is_order": "boolean", "value": "float64"}


def day(number: int) -> dt.date:
    """Return a day of the two years, counted from 1 to 730."""
    return BEGIN + dt.timedelta(days=number - 1)


def purchases_of(rows, meaning: str = INVOICED) -> Purchases:
    """Return purchases from (customer, day, is_order, value); someone else opens the records."""
    rows = [("opens", day(1), True, 1.0), *((who, day(at), *rest) for who, at, *rest in rows)]
    frame = pd.DataFrame(rows, columns=list(SCHEMA)).assign(date=lambda f: pd.to_datetime(f.date))
    table = ibis.memtable(frame, schema=SCHEMA)
    return Purchases(table if meaning else table.drop("value"), "invoices", meaning)


def test_two_years_side_by_side():
    rows = [("a", 1, True, 10.0), ("a", 365, True, 20.0), ("a", 366, True, 5.0), ("a", 730, True, 7.0)]
    rows += [("a", 500, True, 100.0)]
    found = stayers(purchases_of(rows), AS_OF)
    assert found.index.name == "customer_id"
    assert found.to_dict("index") == {
        "a": {"purchases_before": 2, "purchases": 3, "value_before": 30.0, "value": 112.0}
    }


@pytest.mark.parametrize(
    ("first", "last", "stayed"),
    [(1, 730, True), (91, 640, True), (92, 730, False), (1, 639, False), (300, 400, False)],
)
def test_there_through_both_years_means_the_first_quarter_and_the_last(first, last, stayed):
    found = stayers(purchases_of([("a", first, True, 1.0), ("a", last, True, 1.0)]), AS_OF)
    assert list(found.index) == ["a"] * stayed


def test_orders_of_one_day_are_one_purchase_and_all_their_value_counts():
    rows = [("a", 5, True, 10.0), ("a", 5, True, 30.0), ("a", 700, True, 8.0)]
    found = stayers(purchases_of(rows), AS_OF).loc["a"]
    assert found.to_list() == [1, 1, 40.0, 8.0]


def test_credit_notes_move_value_and_are_no_purchase():
    rows = [("a", 5, True, 10.0), ("a", 700, True, 8.0), ("a", 710, False, -3.0), ("b", 5, False, 1.0)]
    rows += [("b", 700, True, 1.0), ("c", 5, True, 1.0), ("c", 700, False, 1.0)]
    found = stayers(purchases_of(rows), AS_OF)
    assert list(found.index) == ["a"]
    assert found.loc["a"].to_list() == [1, 1, 10.0, 5.0]


def test_what_is_outside_the_two_years_does_not_count():
    rows = [("a", 0, True, 99.0), ("a", 1, True, 1.0), ("a", 730, True, 2.0), ("a", 731, True, 99.0)]
    found = stayers(purchases_of(rows), AS_OF)
    assert found.loc["a"].to_list() == [1, 1, 1.0, 2.0]


def test_without_money_only_purchases_are_counted():
    found = stayers(purchases_of([("a", 1, True, 1.0), ("a", 730, True, 1.0)], meaning=""), AS_OF)
    assert found.columns.to_list() == ["purchases_before", "purchases"]


@pytest.mark.parametrize(("first", "enough"), [(1, True), (2, False), (300, False)])
def test_records_that_do_not_hold_two_years_are_refused(first, enough):
    rows = [("a", first, True, 1.0), ("a", 730, True, 1.0)]
    frame = pd.DataFrame([(who, day(at), *rest) for who, at, *rest in rows], columns=list(SCHEMA))
    purchases = Purchases(ibis.memtable(frame.assign(date=pd.to_datetime(frame.date)), schema=SCHEMA), "invoices", "")
    if enough:
        assert len(stayers(purchases, AS_OF)) == 1
    else:
        with pytest.raises(Refused, match=f"seen over two whole years, and the records begin on {day(first)}"):
            stayers(purchases, AS_OF)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-40, 770), st.booleans(), st.floats(-50, 50)), max_size=25)
)
def test_every_customer_is_as_counted_by_hand(rows):
    found = stayers(purchases_of(rows), AS_OF)
    for who in "abc":
        mine = [row[1:] for row in rows if row[0] == who and 1 <= row[1] <= 730]
        days = [at for at, is_order, _ in mine if is_order]
        stayed = any(at <= 91 for at in days) and any(at >= 640 for at in days)
        assert (who in found.index) == stayed
        if stayed:
            halves = [[row for row in mine if (row[0] > 365) == last] for last in (False, True)]
            counts = [len({at for at, is_order, _ in half if is_order}) for half in halves]
            sums = [sum(value for *_, value in half) for half in halves]
            assert found.loc[who].to_list() == pytest.approx([*counts, *sums])
