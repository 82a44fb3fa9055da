"""Weights: given, from the data, and combined."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scored import KNOWN, WEIGHTS, customers

from clvlab.refusal import Refused
from clvlab.tiers.grading.objective_weights import critic_weights, entropy_weights
from clvlab.tiers.grading.pairwise import judged_weights
from clvlab.tiers.grading.weights import combined_weights, given_weights

FROM_DATA = pytest.mark.parametrize("learn", [entropy_weights, critic_weights])


def test_a_dimensions_weight_is_shared_equally_by_its_indicators():
    found = given_weights(WEIGHTS, KNOWN).values
    assert found.to_dict() == pytest.approx(
        {"margin": 0.2, "days_late": 0.2, "growth": 0.25, "tenure": 0.1, "complaints": 0.1, "substitution": 0.15}
    )


def test_an_indicator_named_counts_by_its_own_weight_beside_its_dimension():
    found = given_weights({"financial": 1, "margin": 3}, KNOWN).values
    assert found[["margin", "days_late"]].to_list() == [0.75, 0.25]
    assert found.drop(["margin", "days_late"]).eq(0).all()


def test_weights_are_scaled_to_add_up_to_one():
    assert given_weights({name: 100 * weight for name, weight in WEIGHTS.items()}, KNOWN).values.sum() == 1


def test_a_dimension_without_indicators_leaves_its_weight_to_the_others_and_says_so():
    few = {name: one for name, one in KNOWN.items() if one.dimension != "financial"}
    found = given_weights(WEIGHTS, few)
    assert found.values.sum() == pytest.approx(1)
    assert "financial" in found.remarks[0]


def test_a_series_of_indicators_serves_as_well():
    assert given_weights(WEIGHTS, pd.Series(KNOWN)).values.equals(given_weights(WEIGHTS, KNOWN).values)


def test_judged_weights_are_given_weights():
    judged = judged_weights({("financial", "risk"): 3})
    assert given_weights(judged.weights, KNOWN).of_dimensions()["financial"] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ({"finacial": 1}, "did you mean 'financial'"),
        ({"financial": -1}, "-1"),
        ({"financial": float("nan")}, "nan"),
        ({"financial": 0}, "above 0"),
        ({}, "above 0"),
    ],
)
def test_weights_that_say_nothing_are_refused(weights, sentence):
    with pytest.raises(Refused, match=sentence):
        given_weights(weights, KNOWN)


@FROM_DATA
def test_weights_from_data_do_not_depend_on_units_or_order(learn):
    base = customers(200)
    found = learn(base, KNOWN).values
    other = base.sample(frac=1, random_state=1) * 1000 - 7
    assert learn(other, KNOWN).values.to_numpy() == pytest.approx(found.to_numpy())
    assert found.sum() == pytest.approx(1)


@FROM_DATA
def test_an_indicator_that_is_constant_or_never_known_gets_no_weight(learn):
    found = learn(customers(100).assign(margin=-3.0, growth=np.nan), KNOWN)
    assert found.values[["margin", "growth"]].to_list() == [0, 0]
    assert found.values.drop(["margin", "growth"]).gt(0).all()
    assert "margin, growth" in found.remarks[1]


@FROM_DATA
def test_weights_from_data_say_how_many_customers_they_are_learnt_from(learn):
    base = customers(100)
    base.iloc[:60, 2] = np.nan
    assert "40 of 100" in learn(base, KNOWN).remarks[0]


@FROM_DATA
@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        (customers(1), "there are 1"),
        (customers(9), "there are 9"),
        (customers(50).assign(growth=[1.0] * 5 + [np.nan] * 45), "growth is missing most often"),
        (customers(50) * np.nan, "differ"),
        (customers(50) * 0, "differ"),
    ],
)
def test_too_little_to_learn_from_is_refused(learn, base, sentence):
    with pytest.raises(Refused, match=sentence):
        learn(base, KNOWN)


def test_an_indicator_that_repeats_another_gets_less_by_critic():
    base = customers(300)
    found = critic_weights(base.assign(days_late=-base["margin"]), KNOWN).values
    assert found[["margin", "days_late"]].max() < found["substitution"]


def test_indicators_that_all_say_the_same_make_no_critic_weights():
    margin = customers(50)["margin"]
    base = pd.DataFrame({"margin": margin, "growth": 3 * margin, "days_late": -margin})
    with pytest.raises(Refused, match="from each other"):
        critic_weights(base, {name: KNOWN[name] for name in base})


@FROM_DATA
def test_one_indicator_alone_has_all_the_weight(learn):
    assert learn(customers(50), {"margin": KNOWN["margin"]}).values.to_list() == [1]


def test_the_product_of_weights_needs_both_and_the_mean_either():
    judged = given_weights({"financial": 1}, KNOWN)
    spread = given_weights({"margin": 1, "growth": 1}, KNOWN)
    assert combined_weights(judged, spread).values["margin"] == 1
    assert combined_weights(judged, spread, how="mean").values.to_dict() == pytest.approx(
        {"margin": 0.5, "days_late": 0.25, "growth": 0.25, "tenure": 0, "complaints": 0, "substitution": 0}
    )


def test_weights_that_cannot_be_combined_are_refused():
    one, other = given_weights({"financial": 1}, KNOWN), given_weights({"risk": 1}, KNOWN)
    few = given_weights({"financial": 1}, {"margin": KNOWN["margin"]})
    with pytest.raises(Refused, match="every set"):
        combined_weights(one, other)
    with pytest.raises(Refused, match="different indicators"):
        combined_weights(one, few)
    with pytest.raises(Refused, match="two sets"):
        combined_weights(one)
    with pytest.raises(Refused, match="neither"):
        combined_weights(one, other, how="sum")
