"""Quadrants follow their cuts; who straddles one is undecided, with probabilities that add up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.clv.valuing.ranges import Range
from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.classes.quadrants import (
    BUILD_UP,
    KEEP,
    KEEP_AND_EXTEND,
    TIGHTEN,
    UNDECIDED,
    potential_value,
    quadrants,
)

NAMES = [KEEP_AND_EXTEND, KEEP, BUILD_UP, TIGHTEN]


def figures(values: list[float], down: float = 0.0, up: float | None = None) -> Range:
    value = pd.Series(values, index=[f"c{i}" for i in range(len(values))], dtype=float)
    return Range(value, value - down, value + (down if up is None else up))


def test_four_customers_four_quadrants_and_a_cut_belongs_to_the_high():
    found = quadrants(figures([10, 10, 1, 1]), figures([10, 1, 10, 1]), 10, 10)
    assert found.labels.tolist() == NAMES


def test_an_interval_that_holds_the_cut_makes_undecided_with_probabilities():
    found = quadrants(figures([20.0]), figures([12.0], down=4.0, up=8.0), 10, 10)
    row = found.values.loc["c0"]
    assert found.labels.tolist() == [UNDECIDED]
    assert row["quadrant"] == KEEP_AND_EXTEND
    # Two below the value, of a lower side that reaches 1.645 standard deviations in four.
    assert row[KEEP_AND_EXTEND] == pytest.approx(0.7946, abs=1e-3)
    assert row[KEEP_AND_EXTEND] + row[KEEP] == pytest.approx(1.0)


def test_at_the_end_of_an_interval_five_percent_are_beyond():
    for cut, beyond in ((6.0001, 0.95), (19.9999, 0.05)):
        found = quadrants(figures([20.0]), figures([10.0], down=4.0, up=10.0), 0, cut)
        assert found.values.loc["c0", KEEP_AND_EXTEND] == pytest.approx(beyond, abs=1e-3)


RANGES = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e5), st.floats(0, 1e5)), min_size=1, max_size=15)


@given(RANGES, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
@settings(max_examples=60, deadline=None)
def test_probabilities_add_up_and_the_decided_are_likelier_than_not(rows, history_cut, potential_cut):
    value, down, up = (pd.Series(side, dtype=float) for side in zip(*rows, strict=True))
    side = Range(value, value - down, value + up)
    found = quadrants(side, side, history_cut, potential_cut)
    assert np.allclose(found.values[NAMES].sum(axis=1), 1.0)
    for customer, label in found.labels[found.labels != UNDECIDED].items():
        assert found.values.loc[customer, label] >= 0.95**2 - 1e-9


@given(RANGES)
@settings(max_examples=30, deadline=None)
def test_order_and_unit_change_nothing(rows):
    value, down, up = (pd.Series(side, dtype=float) for side in zip(*rows, strict=True))
    side = Range(value, value - down, value + up)
    turned = Range(*(part.iloc[::-1] * 8.0 for part in side))  # a power of two: the same digits
    once, again = quadrants(side, side, 3, 5), quadrants(turned, turned, 24, 40)
    assert once.labels.equals(again.labels.sort_index())


def test_rules_cut_where_they_say():
    value = figures([1, 2, 3, 4, 100])
    cuts = {rule: quadrants(value, value, rule, rule).history_cut for rule in ("median", "mean", "top 40%", "optimal")}
    assert cuts == {"median": 3, "mean": 22, "top 40%": 4, "optimal": pytest.approx(20)}


def test_next_to_nothing_does_not_rule_the_optimal_cut():
    value = figures([1e-90, -5, 0, 10, 11, 100, 110])
    assert quadrants(value, value).history_cut == pytest.approx(np.sqrt(11 * 100))


def test_the_two_directions_are_apart_and_hold_all_who_brought_or_could_bring():
    found = quadrants(figures([10, 10, 1, 1]), figures([10, 1, 10, 1]), 5, 5)
    assert found.to_keep().to_frame()["customer_id"].tolist() == ["c0", "c1"]
    assert found.to_grow().to_frame()["customer_id"].tolist() == ["c2"]


def test_a_direction_that_nobody_takes_is_empty():
    found = quadrants(figures([10, 10, 1]), figures([10, 1, 1]), 5, 5)
    assert found.to_grow().to_frame().empty
    assert found.to_grow().title == "Accounts to grow: none"


def test_the_probability_is_that_of_the_quadrant_beside_it():
    kept = quadrants(figures([10, 1]), figures([10, 1], down=12), 5, 5).to_keep().to_frame()
    assert kept["undecided"].tolist() == [True]
    assert 0.5 < kept["probability"].iloc[0] < 0.95


def test_classes_add_up_to_all_customers_and_all_money():
    value = figures(list(range(40)), down=3.0)
    found = quadrants(value, value, "mean", "median", "CNY")
    treated = found.treatments().to_frame()
    assert treated["customers"].sum() == 40
    assert treated["potential"].sum() == found.values["potential"].sum()
    assert treated["treatment"].notna().all()


def test_a_customer_without_a_figure_is_not_known_and_an_exact_one_is_said():
    history, ahead = figures([10.0, 1.0, 2.0]), figures([10.0, 1.0])
    found = quadrants(history, Range(ahead.value, ahead.lower * np.nan, ahead.upper), 5, 5)
    assert found.labels["c2"] == NOT_KNOWN
    assert "2 customers without an interval of their potential" in " ".join(found.remarks)


def test_what_could_be_won_adds_to_value_and_its_error_as_squares():
    value = figures([10.0, 20.0], down=3.0)
    won = Range(*(side.iloc[:1] for side in figures([5.0], down=4.0)))
    found = potential_value(value, won)
    assert [side.tolist() for side in found] == [[15.0, 20.0], [10.0, 17.0], [20.0, 23.0]]


@pytest.mark.parametrize("rule", ["median", "mean", "top 20%", "optimal"])
@pytest.mark.parametrize("values", [[3.0], [3.0, 3.0, 3.0], [300.0, 301.0, 302.0]])
def test_a_rule_that_parts_nobody_is_refused(rule, values):
    with pytest.raises(Refused, match="cannot be split by historical value: it is the same"):
        quadrants(figures(values), figures(values), rule, 1.0)


def test_one_customer_is_placed_by_cuts_given_and_it_is_said_that_nobody_is_parted():
    found = quadrants(figures([3.0]), figures([3.0]), 1, 5)
    assert found.labels.tolist() == [KEEP]
    assert sum("on one side" in remark for remark in found.remarks) == 2


@pytest.mark.parametrize("rule", ["best", "top 0%", "top 100%"])
def test_a_rule_that_is_none_is_refused(rule):
    with pytest.raises(Refused, match="no rule"):
        quadrants(figures([1.0, 2.0]), figures([1.0, 2.0]), rule)


@pytest.mark.parametrize("number", [1, 40, 1500])
def test_the_map_shows_every_known_account(number):
    rng = np.random.default_rng(2)
    value = figures(list(rng.normal(size=number) * np.exp(4 * rng.normal(size=number))), down=1.0)
    ax = quadrants(value, value, 0, 0, "CNY").plot()
    shown = np.concatenate([points.get_offsets() for points in ax.collections])
    assert len(shown) == number
    low, high = ax.get_xlim()
    assert ((shown[:, 0] > low) & (shown[:, 0] < high)).all()
    assert len(ax.texts) == 4
