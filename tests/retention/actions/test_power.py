"""What a test by lot shows is what R says, and what simulated tests show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.retention.actions.power import _variance, customers_needed, design_effect, detectable, power
from clvlab.retention.arms import left_within
from clvlab.shrinkage import NINETY


def test_for_large_arms_it_is_what_r_says():
    """R 4.2: power.prop.test(n = 400, p1 = .2, power = .8, sig.level = .1); (p1 = .5, p2 = .75, power = .9)."""
    assert detectable(0.2746984, 400, 400) == pytest.approx(0.0746984, rel=0.005)
    assert customers_needed(0.75, 0.25, confidence=0.95, wanted=0.9) == np.ceil(2 * 76.70693)


@pytest.mark.parametrize(("held", "acted"), [(499, 501), (150, 850), (40, 160)])
def test_simulated_tests_show_an_effect_as_often_as_is_said(held, acted):
    leaves, reduction = 0.2, 0.1
    rng, runs = np.random.default_rng(1), 4000
    left = {n: rng.binomial(n, rate, runs) for n, rate in ((held, leaves), (acted, leaves - reduction))}
    told = {n: (many + 1) / (n + 2) for n, many in left.items()}
    spread = np.sqrt(sum(share * (1 - share) / (n + 2) for n, share in told.items()))
    shown = left[held] / held - left[acted] / acted > NINETY * spread
    assert shown.mean() == pytest.approx(power(leaves, reduction, acted, held), abs=0.025)


def test_a_campaign_is_told_by_the_interval_that_power_counts_with():
    found = left_within(np.where(np.arange(60) < 12, 1.0, 9.0), np.arange(60) < 12, 9.0)
    assert found.variance == pytest.approx(_variance(np.array([12]), 60)[0])


def test_where_few_are_held_back_power_is_far_less_than_for_even_arms():
    least = detectable(0.13, 100, 100)
    assert power(0.13, least, 180, 20) < 0.4 < 0.8 - 1e-6 <= power(0.13, least, 100, 100)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 0.6), st.integers(100, 4000), st.floats(0.05, 0.5))
def test_more_customers_and_more_even_arms_show_smaller_effects(leaves, n, share):
    held = round(share * n)
    least = detectable(leaves, n - held, held)
    if np.isnan(least):
        return
    assert detectable(leaves, 2 * (n - held), 2 * held) < least
    assert (
        detectable(leaves, n - n // 2, n // 2) <= least * 1.15
    )  # even arms are best but for the shares' unequal variances
    assert power(leaves, least, n - held, held) == pytest.approx(0.8, abs=1e-6)


def test_where_no_effect_can_show_none_is_given():
    assert np.isnan(detectable(0.1, 10, 10))
    assert np.isnan(detectable(0.0, 100, 100))
    with pytest.raises(Refused):
        customers_needed(0.1, 0.2)


def test_managers_whose_customers_are_no_more_alike_cost_nothing():
    left = pd.Series([0, 1] * 20)
    assert design_effect(left, pd.Series(np.repeat(range(10), 4))) == (1.0, 0.0)


def test_managers_who_lose_all_or_none_count_once_each():
    left = pd.Series(np.repeat([0, 1], 20))
    inflation, alike = design_effect(left, pd.Series(np.repeat(range(10), 4)))
    assert alike == pytest.approx(1.0)
    assert inflation == pytest.approx(4.0)


def test_the_design_effect_is_found_where_it_is_known():
    rng = np.random.default_rng(3)
    of_manager = rng.beta(2, 8, 400)  # intra-cluster correlation 1 / (2 + 8 + 1)
    left = pd.Series(rng.random(400 * 25) < np.repeat(of_manager, 25)).astype(int)
    inflation, alike = design_effect(left, pd.Series(np.repeat(range(400), 25)))
    assert alike == pytest.approx(1 / 11, abs=0.02)
    assert inflation == pytest.approx(1 + 24 / 11, abs=0.5)


def test_one_manager_tells_nothing_of_managers():
    assert np.isnan(design_effect(pd.Series([0, 1]), pd.Series(["a", "a"]))).all()
