"""The pyramid's levels are places by profit, and what they hold stands beside what is stated, with intervals."""

from __future__ import annotations

import numpy as np
import pytest
from class_cases import AMOUNTS, by_customer, everyone_has_one_label
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.classes.pyramid import GENERAL, KEY, PARTNER, RECONSTRUCTED, profit_pyramid, pyramid_shares


@given(AMOUNTS, st.sampled_from([1e-6, 0.07, 7e8]), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_everyone_has_one_level_whatever_the_order_and_unit(values, unit, shuffler):
    profit = by_customer(values)
    found = profit_pyramid(profit)
    assert everyone_has_one_label(found, profit.index)
    assert found.labels.groupby(profit).agg(set).map(len).max() == 1
    order = list(profit.index)
    shuffler.shuffle(order)
    assert profit_pyramid(profit[order] * unit).labels.sort_index().equals(found.labels)


def test_forty_customers_are_two_key_six_partners_and_the_rest():
    found = profit_pyramid(by_customer(np.arange(1.0, 41)), unit="CNY")
    assert found.labels.value_counts().to_dict() == {GENERAL: 32, PARTNER: 6, KEY: 2}
    assert found.rules[KEY] == (
        "2 customers from 39 CNY up; stated: 5% of customers with 80% of profit; aim: financial benefit"
    )
    assert RECONSTRUCTED in found.remarks


def test_who_has_no_profit_is_general_however_few_have_one():
    found = profit_pyramid(by_customer([5.0] + [0.0] * 20 + [-1.0, None]))
    assert found.labels.tolist() == [KEY] + [GENERAL] * 21 + [NOT_KNOWN]


def test_one_customer_is_key():
    assert profit_pyramid(by_customer([1.0])).labels.tolist() == [KEY]
    assert np.isnan(pyramid_shares(by_customer([1.0])).to_frame()["lower"]).all()


def test_nobody_with_a_profit_is_refused():
    for ask in (profit_pyramid, pyramid_shares):
        with pytest.raises(Refused, match="No customer has profit above zero"):
            ask(by_customer([0.0, -3.0]))


def test_shares_of_profit_add_up_and_losses_lift_the_top_above_the_whole():
    profit = by_customer([*np.random.default_rng(1).lognormal(3, 1.5, 160), *np.full(40, -60.0)])
    found = pyramid_shares(profit).to_frame().set_index("class")
    assert found["profit_share"].sum() == pytest.approx(1)
    top = profit.sort_values(ascending=False)
    assert found.loc[KEY, "profit_share"] == pytest.approx(top[:10].sum() / profit.sum())
    assert found.loc[GENERAL, "profit_share"] == pytest.approx(top[40:].sum() / profit.sum())
    assert found.loc[GENERAL, "profit_share"] < 0
    assert ((found["lower"] <= found["profit_share"]) & (found["profit_share"] <= found["upper"])).all()


def test_the_stated_shares_add_up():
    found = pyramid_shares(by_customer(np.arange(1.0, 41))).to_frame()
    assert found["customer_share"].sum() == pytest.approx(1)
    assert found["stated_share"].sum() == pytest.approx(1)
