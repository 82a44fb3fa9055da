"""Most valuable, second tier, below zero: who pays for its service, who may, and what would bring the others above."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from class_cases import by_customer, everyone_has_one_label
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.classes.value_classes import BELOW_ZERO, MOST_VALUABLE, SECOND_TIER, to_come_above, value_classes

MONEY = st.one_of(st.integers(-300, 1000), st.none())
ROWS = st.lists(st.tuples(MONEY, MONEY, st.one_of(st.integers(0, 500), st.none())), min_size=1, max_size=50)


def classes_of(*rows: tuple, **options):
    return value_classes(*(by_customer(list(column)) for column in zip(*rows, strict=True)), **options)


@given(ROWS, st.sampled_from([0.01, 7.0]), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_everyone_has_one_class_whatever_the_order_and_unit(rows, unit, shuffler):
    money = [by_customer(list(column)) for column in zip(*rows, strict=True)]
    found = value_classes(*money)
    assert everyone_has_one_label(found, money[0].index)
    order = list(money[0].index)
    shuffler.shuffle(order)
    again = value_classes(money[0][order] * unit, *(amount * unit for amount in money[1:]))
    assert again.labels.sort_index().equals(found.labels)


def test_below_zero_costs_more_than_it_brings_and_may_bring():
    found = classes_of((100, 0, 10), (40, 10, 80), (40, 50, 80), (0, 0, 0), (None, 1, 1))
    assert found.labels.tolist() == [MOST_VALUABLE, BELOW_ZERO, SECOND_TIER, SECOND_TIER, NOT_KNOWN]
    assert found.values["net_value"].tolist()[:2] == [90, -30]
    assert found.remarks == ("1 customer without one of the three values: not classed.",)


def test_prospects_alone_make_nobody_most_valuable():
    found = classes_of((10, 1000, 50), (60, 0, 10))
    assert found.labels.tolist() == [SECOND_TIER, SECOND_TIER]


def test_all_below_zero_is_a_base_without_a_most_valuable_customer():
    found = classes_of((1, 0, 5), (1, 0, 6))
    assert (found.labels == BELOW_ZERO).all()
    assert found.summary().to_frame()["customers"].tolist() == [0, 0, 2]


def test_an_interval_across_zero_is_undecided():
    ends = pd.DataFrame({"lower": [0.0, 5.0, 0.0], "upper": [50.0, 15.0, 100.0]}, by_customer([0, 0, 0]).index)
    found = classes_of((40, 10, 80), (40, 10, 80), (100, 50, 20), strategic_interval=ends)
    assert found.values["undecided"].tolist() == [True, False, False]
    assert "1 customer undecided, 1 of them classed below zero" in found.remarks[0]


def test_what_would_bring_an_account_above_does_bring_it_above():
    found = classes_of((40, 10, 80), (900, 0, 10))
    revenue, orders = by_customer([200, 5000]), by_customer([4, 50])
    need = to_come_above(found, revenue, orders, cost_per_order=2.0).to_frame().iloc[0]
    assert (need["customer_id"], need["short_by"]) == ("c000", 30)
    dearer = classes_of((40 + need["price_rise"] * 200, 10, 80))
    busier = classes_of((40 + need["more_orders"] * 10, 10, 80 + need["more_orders"] * 2))
    cheaper = classes_of((40, 10, 80 * (1 - need["cost_cut"])))
    for after in (dearer, busier, cheaper):
        assert after.values["net_value"].iloc[0] >= -1e-9


def test_what_cannot_help_is_missing():
    found = classes_of((4, 0, 80), (-10, 0, 5), (0, 0, 3))
    need = to_come_above(found, by_customer([90, 20, 0]), by_customer([4, 2, 0]), cost_per_order=2.0).to_frame()
    need = need.set_index("customer_id").sort_index()
    assert need["more_orders"].isna().all()
    assert need["cost_cut"].isna().tolist() == [False, True, False]
    assert need["price_rise"].isna().tolist() == [False, False, True]


def test_nobody_below_zero_needs_nothing():
    found = classes_of((4, 0, 1))
    assert to_come_above(found, by_customer([9.0]), by_customer([1.0])).to_frame().empty


def test_a_cut_of_seventy_and_an_infinite_value_are_refused():
    with pytest.raises(Refused, match="cut = 70 is no part"):
        classes_of((1, 1, 1), cut=70)
    with pytest.raises(Refused, match="strategic value of 'c000' is infinite"):
        classes_of((1.0, np.inf, 1.0))
