"""Groups' figures are drawn towards each other, the more the less they are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from clvlab.refusal import Refused
from clvlab.shrinkage import jeffreys_interval, pool_counts, pool_means, pool_rates

COUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 200)), min_size=2, max_size=30)


def test_one_late_of_two_is_no_late_rate_of_half():
    pooled = pool_rates([1, 4, 2, 6, 5], [2, 100, 50, 120, 110])
    assert 0.03 < pooled.estimate[0] < 0.15
    assert pooled.own_weight[0] < 0.1 < pooled.own_weight[3]


@given(COUNTS)
@settings(max_examples=50, deadline=None)
def test_a_pooled_rate_lies_within_its_interval_and_near_the_rates(counts):
    x, n = np.array([(min(a, b), b) for a, b in counts]).T
    pooled = pool_rates(x, n)
    assert np.all(pooled.lower <= pooled.estimate)
    assert np.all(pooled.estimate <= pooled.upper)
    assert np.all((pooled.estimate > 0) & (pooled.estimate < 1))
    assert np.all((pooled.own_weight >= 0) & (pooled.own_weight <= 1))


@given(COUNTS, st.randoms())
@settings(max_examples=25, deadline=None)
def test_the_order_of_groups_does_not_matter(counts, random):
    x, n = np.array([(min(a, b), b) for a, b in counts]).T
    order = list(range(len(x)))
    random.shuffle(order)
    np.testing.assert_allclose(pool_rates(x, n).estimate[order], pool_rates(x[order], n[order]).estimate)


def test_failures_pool_as_successes_do():
    x, n = np.array([1, 30, 9]), np.array([2, 100, 10])
    np.testing.assert_allclose(pool_rates(x, n).estimate, 1 - pool_rates(n - x, n).estimate)


def test_groups_that_differ_keep_their_own_figure():
    pooled = pool_rates([10, 500, 990], [1000, 1000, 1000])
    np.testing.assert_allclose(pooled.estimate, [0.01, 0.5, 0.99], atol=0.005)


def test_a_group_without_trials_gets_the_common_rate():
    pooled = pool_rates([0, 80, 160], [0, 100, 200])
    assert pooled.estimate[0] == pytest.approx(pooled.mean, abs=0.01)
    assert pooled.upper[0] - pooled.lower[0] > pooled.upper[1] - pooled.lower[1]


def test_the_jeffreys_interval_is_that_of_brown_cai_and_dasgupta():
    lower, upper = jeffreys_interval([0, 5, 10], [10, 10, 10], confidence=0.95)
    np.testing.assert_allclose(lower, [0, 0.224, 0.783], atol=5e-4)
    np.testing.assert_allclose(upper, [0.217, 0.776, 1], atol=5e-4)


def test_without_trials_the_interval_is_everything():
    lower, upper = jeffreys_interval([0], [0])
    assert (lower[0], upper[0]) == (0, 1)


def test_pooled_counts_are_rates_per_exposure():
    months, years = (pool_counts([3, 10, 12, 9], np.array([1, 12, 12, 12]) / unit) for unit in (1, 12))
    np.testing.assert_allclose(12 * months.estimate, years.estimate, rtol=1e-6)
    assert months.lower[0] < months.estimate[0] < 3


def test_pooled_means_reproduce_the_eight_schools():
    """Gelman et al. (2013), table 5.3: posterior means about 11, 8, 6, 8, 5, 6, 10, 8."""
    pooled = pool_means([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
    np.testing.assert_allclose(pooled.estimate, [11, 8, 6, 8, 5, 6, 10, 8], atol=1)


@given(st.floats(-1e3, 1e3), st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_pooled_means_follow_a_change_of_units(shift, scale):
    y, se = np.array([1.0, 4, 2, 8]), np.array([1.0, 2, 1, 3])
    moved = pool_means(shift + scale * y, scale * se)
    np.testing.assert_allclose(moved.estimate, shift + scale * pool_means(y, se).estimate, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("groups", [5, 40])
def test_intervals_of_rates_hold_as_often_as_they_say(groups):
    rng = np.random.default_rng(groups)
    hits = trials = 0
    for _ in range(150):
        mean = rng.beta(8, 2)
        truth = rng.beta(mean * 20, (1 - mean) * 20, groups)
        n = 1 + rng.negative_binomial(0.5, 0.5 / 20.5, groups)
        pooled = pool_rates(rng.binomial(n, truth), n)
        hits += int(((pooled.lower <= truth) & (truth <= pooled.upper)).sum())
        trials += groups
    # Groups of one portfolio share their mean, so the test is on the low side only and not too sharp.
    assert binomtest(hits, trials, 0.87, alternative="less").pvalue > 0.001


@pytest.mark.parametrize(
    ("function", "first", "second"),
    [
        (pool_rates, [3], [2]),
        (pool_rates, [-1], [2]),
        (pool_rates, [np.nan], [2]),
        (pool_counts, [1], [0]),
        (pool_counts, [0], [0]),
        (pool_means, [1.0], [0.0]),
        (pool_means, [np.nan], [1.0]),
    ],
)
def test_impossible_numbers_are_refused(function, first, second):
    with pytest.raises(Refused):
        function(first, second)


def test_a_confidence_of_ninety_is_refused():
    with pytest.raises(Refused, match=r"0\.9"):
        pool_rates([1], [2], confidence=90)
