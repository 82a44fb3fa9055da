"""The 80:20 check on profit: losses are told apart from gains, and intervals hold for customers of the kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from class_cases import by_customer
from scipy.stats import binomtest

from clvlab.refusal import Refused
from clvlab.tiers.classes.eighty_twenty import eighty_twenty
from clvlab.tiers.classes.top_profit import MOST, top_profit


def test_losses_raise_the_share_of_net_profit_and_leave_that_of_gains():
    gains = np.random.default_rng(1).lognormal(3, 1, 80)
    without = top_profit(by_customer([*gains, *np.zeros(20)]), 0.2)
    found = top_profit(by_customer([*gains, *np.full(20, -0.02 * gains.sum())]), 0.2)
    assert found.of_gains == without.of_gains
    assert found.taken_back == pytest.approx(0.4)
    assert found.of_net.value == pytest.approx(found.of_gains.value / 0.6)
    assert found.of_net.lower < found.of_net.value < found.of_net.upper
    assert without.of_net.value == without.of_gains.value


def test_without_losses_it_is_the_concentration_of_the_profit():
    profit = by_customer(np.random.default_rng(2).lognormal(3, 1, 60))
    found = eighty_twenty(profit)
    figures = found.to_frame().set_index("measure")["value"]
    assert figures["share of profit held by the top 20%"] == found.top.gains.top_share
    assert figures["effective number of customers"] == pytest.approx(found.top.gains.effective_customers)


def test_losses_as_large_as_the_gains_leave_no_net_profit():
    found = eighty_twenty(by_customer([10.0] * 15 + [-11.0] * 15))
    assert np.isnan(found.top.of_net).all()
    assert "too little net profit to hold a share of" in " ".join(found.remarks)


def test_the_verdict_names_the_side_on_which_the_rule_lies():
    equal = eighty_twenty(by_customer([5.0] * 50))
    assert "80% lies above what customers of this kind hold" in equal.remarks[0]
    assert "lies within" in eighty_twenty(by_customer(np.random.default_rng(3).lognormal(0, 1.5, 40))).remarks[0]
    assert "tell nothing" in eighty_twenty(by_customer([1.0, 2.0])).remarks[0]


def test_the_unit_does_not_matter_and_the_seed_repeats():
    profit = by_customer([*np.random.default_rng(4).lognormal(0, 1, 50), -1.0, None])
    first, again = (
        eighty_twenty(p, seed=3).to_frame()[["value", "lower", "upper"]] for p in (profit, profit[::-1] * 7)
    )
    np.testing.assert_allclose(first, again, rtol=1e-6)


def test_a_very_large_base_is_counted_whole_and_its_intervals_come_from_a_part():
    profit = pd.Series(np.random.default_rng(5).lognormal(0, 1.5, 3 * MOST))
    found = eighty_twenty(profit)
    assert found.top.of_gains.value == pytest.approx(profit.nlargest(6 * MOST // 10).sum() / profit.sum())
    assert found.top.gains.customers == MOST
    assert np.isnan(found.top.effective.lower)
    assert "drawn at random" in found.remarks[-1]


def test_nobody_above_zero_is_refused():
    with pytest.raises(Refused, match="No customer has profit above zero"):
        eighty_twenty(by_customer([-1.0, 0.0, None]))


def test_intervals_of_net_profit_hold_with_losses_and_a_heavy_tail():
    rng = np.random.default_rng(6)

    def draw(size: int) -> np.ndarray:
        profit = 1 + rng.pareto(1.5, size)
        return np.where(rng.random(size) < 0.2, -0.3 * np.sqrt(profit), profit)

    population = np.sort(draw(4_000_000))[::-1]
    true = population[: len(population) // 5].sum() / population.sum()
    found = [top_profit(pd.Series(draw(60)), 0.2, seed=i).of_net for i in range(100)]
    hits = sum(share.lower <= true <= share.upper for share in found)
    assert binomtest(hits, 100, 0.9, alternative="less").pvalue > 0.001


def test_the_effective_number_lies_within_its_interval():
    one_rules = by_customer([1_000.0] + [10.0] * 30)
    rows = eighty_twenty(one_rules).to_frame().set_index("measure")
    assert (rows["lower"] <= rows["value"]).all()
    assert (rows["value"] <= rows["upper"]).all()
