"""What a test by lot shows is what R says, and what simulated tests show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.retention.actions.power import customers_needed, design_effect, detectable, power
from clvlab.shrinkage import NINETY


def test_power_least_effect_and_numbers_are_those_of_r():
    """R 4.2: power.prop.test(n = 50, p1 = .5, p2 = .75); (p1 = .5, p2 = .75, power = .9);
    (n = 400, p1 = .2, power = .8, sig.level = .1)."""
    assert power(0.75, 0.25, 50, 50, confidence=0.95) == pytest.approx(0.7401659, abs=1e-7)
    assert customers_needed(0.75, 0.25, confidence=0.95, wanted=0.9) == np.ceil(2 * 76.70693)
    assert detectable(0.2746984, 400, 400) == pytest.approx(0.0746984, abs=2e-5)  # R stops its search there


@pytest.mark.parametrize(("held", "acted"), [(500, 500), (150, 850)])
def test_so_many_simulated_tests_show_the_least_effect(held, acted):
    leaves = 0.2
    least = detectable(leaves, acted, held)
    rng, runs = np.random.default_rng(1), 4000
    not_acted, done = rng.binomial(held, leaves, runs) / held, rng.binomial(acted, leaves - least, runs) / acted
    common = (held * not_acted + acted * done) / (held + acted)
    shown = (not_acted - done) / np.sqrt(common * (1 - common) * (1 / held + 1 / acted)) > NINETY
    assert shown.mean() == pytest.approx(0.8, abs=0.025)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 0.6), st.integers(100, 4000), st.floats(0.05, 0.5))
def test_more_customers_and_more_even_arms_show_smaller_effects(leaves, n, share):
    least = detectable(leaves, (1 - share) * n, share * n)
    if np.isnan(least):
        return
    assert detectable(leaves, 2 * (1 - share) * n, 2 * share * n) < least
    assert detectable(leaves, n / 2, n / 2) <= least * 1.15  # even arms are best but for the shares' unequal variances
    assert power(leaves, least, (1 - share) * n, share * n) == pytest.approx(0.8, abs=1e-6)


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
