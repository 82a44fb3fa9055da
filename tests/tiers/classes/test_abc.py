"""ABC classes: who holds the first part is A, equals stay together, and a loss is never a share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from class_cases import AMOUNTS, by_customer, everyone_has_one_label
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.tiers.classes.abc import abc_classes, volume_classes
from clvlab.tiers.classes.labelled import NOT_KNOWN


@given(AMOUNTS)
@settings(max_examples=60, deadline=None)
def test_a_is_the_shortest_list_of_the_largest_that_reaches_the_first_cut(values):
    amount = by_customer(values)
    found = abc_classes(amount, "revenue")
    assert everyone_has_one_label(found, amount.index)
    first, gains = amount[found.labels == "A"], amount.clip(lower=0).sum()
    assert first.sum() >= (0.7 - 1e-9) * gains
    assert first[first > first.min()].sum() < 0.7 * gains
    assert (first > 0).all()


@given(AMOUNTS, st.sampled_from([1e-6, 0.07, 1000.0, 7e8]), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_and_unit_do_not_matter(values, unit, shuffler):
    amount = by_customer(values)
    labels = abc_classes(amount, "weight", (0.5, 0.8, 0.95)).labels
    order = list(amount.index)
    shuffler.shuffle(order)
    again = abc_classes(amount[order] * unit, "weight", (0.5, 0.8, 0.95)).labels
    assert again.sort_index().equals(labels)


@given(AMOUNTS)
@settings(max_examples=60, deadline=None)
def test_more_is_never_a_lower_class_and_equals_share_one(values):
    amount = by_customer(values).dropna()
    ranked = abc_classes(amount, "margin").labels[amount.sort_values(ascending=False).index]
    assert ranked.is_monotonic_increasing
    assert ranked.groupby(amount).agg(set).map(len).max() == 1


def test_sums_that_differ_in_their_last_bits_are_equal():
    amount = by_customer([0.1 + 0.2, 0.3, 0.05])
    assert abc_classes(amount, "spend", (0.4, 0.6)).labels.tolist() == ["A", "A", "C"]


def test_a_share_that_reaches_the_cut_exactly_ends_the_class():
    assert abc_classes(by_customer([7.0, 2.0, 1.0]), "revenue").labels.tolist() == ["A", "B", "C"]
    assert abc_classes(by_customer([0.7, 0.2, 0.1]), "revenue").labels.tolist() == ["A", "B", "C"]


def test_rules_spell_out_the_numbers():
    found = abc_classes(by_customer([500_000.0, 300_000, 150_000, 50_000, 0, -2_000]), "margin", unit="CNY")
    assert found.rules == {
        "A": "the largest 2 customers, from 300,000 CNY up, who hold the first 70%",
        "B": "the next 1 customer, from 150,000 CNY up, who go on to 90%",
        "C": "the other 3 customers; 1 of them at 0; 1 of them below 0",
    }
    assert found.remarks[0].startswith("1 customer below 0: 2,000 CNY lost. The cuts are shares of the 1,000,000 CNY")
    assert found.summary().to_frame()["margin_share"].sum() == pytest.approx(1)


def test_three_cuts_make_a_to_d():
    found = abc_classes(by_customer([50.0, 30.0, 15.0, 5.0]), "revenue", (0.5, 0.8, 0.95))
    assert found.labels.tolist() == list("ABCD")
    assert found.title == "A to D classes by revenue"


def test_one_customer_is_a_and_the_other_classes_say_that_nobody_is_left():
    found = abc_classes(by_customer([3.0]), "years of business")
    assert found.labels.tolist() == ["A"]
    assert found.rules["B"] == "nobody: those before pass 90% already"
    assert found.rules["C"] == "nobody is left"
    assert "years_of_business" in found.values


def test_customers_that_are_all_equal_are_not_told_apart_and_that_is_said():
    found = abc_classes(by_customer([4.0] * 40), "orders")
    assert (found.labels == "A").all()
    assert "no class tells them apart" in found.remarks[0]


def test_a_missing_amount_is_not_known():
    found = abc_classes(by_customer([4.0, None, 1.0]), "weight")
    assert found.labels.tolist() == ["A", NOT_KNOWN, "B"]
    assert found.remarks == ("1 customer without a known weight: not classed.",)


@pytest.mark.parametrize(
    ("amount", "cuts", "message"),
    [
        (by_customer([0.0, -1.0]), (0.7,), "No customer has revenue above zero"),
        (by_customer([None]), (0.7,), "No customer has revenue above zero"),
        (by_customer([]), (0.7,), "Nobody has revenue to be classed by"),
        (by_customer([1.0, np.inf]), (0.7,), "revenue of 'c001' is infinite"),
        (pd.Series(["x"], ["a"]), (0.7,), "not numbers"),
        (pd.Series([1.0, 2.0], ["a", "a"]), (0.7,), "several amounts for 'a'"),
        (by_customer([1.0]), (0.9, 0.7), "no cumulative shares"),
        (by_customer([1.0]), (70, 90), "no cumulative shares"),
        (by_customer([1.0]), (), "no cumulative shares"),
    ],
)
def test_what_cannot_be_classed_is_refused(amount, cuts, message):
    with pytest.raises(Refused, match=message):
        abc_classes(amount, "revenue", cuts)


def test_the_real_truck_trips_are_classed_by_orders(shared_data):
    trips = pd.read_csv(shared_data / "truck_trips.csv", usecols=["customerID"])
    orders = trips["customerID"].value_counts()
    found = abc_classes(orders, "orders", unit="orders")
    assert everyone_has_one_label(found, orders.index)
    assert (found.labels == "A").mean() < 0.1


def test_volume_classes_have_fixed_thresholds_and_those_who_reach_one_belong_to_it():
    found = volume_classes(by_customer([12e9, 10e9, 5e9, 1e9, 0.0, None]))
    assert found.labels.tolist() == ["A", "A", "B", "C", "D", NOT_KNOWN]
    assert found.rules["B"] == "5 million to below 10 million tonnes a year"
    assert found.values["tonnes"].tolist()[:2] == [12e6, 10e6]


def test_a_small_provider_is_told_to_give_thresholds_of_its_own():
    found = volume_classes(by_customer([9e6, 1e3]))
    assert found.labels.tolist() == ["D", "D"]
    assert found.remarks == ("Nobody ships 1 million tonnes a year (the largest: 9,000); give thresholds of your own.",)
    assert volume_classes(by_customer([9e6, 1e3]), [1000, 100]).rules["B"] == "100 to below 1,000 tonnes a year"


@pytest.mark.parametrize(("weight", "tonnes"), [([-1.0], [1.0]), ([1.0], [1, 5, 10]), ([1.0], [0.0]), ([1.0], [])])
def test_volumes_that_cannot_be_are_refused(weight, tonnes):
    with pytest.raises(Refused):
        volume_classes(by_customer(weight), tonnes)
