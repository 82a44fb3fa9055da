"""Thresholds from a shrunk gamma rhythm are exceeded as often as they say; thresholds from a short history are not."""

import numpy as np
import pytest
from scipy.stats import binomtest
from scipy.stats import gamma as gamma_distribution

from clvlab.features.churn_definitions.gaps import History, NextGap, learn_usual, next_gap

CUSTOMERS = 4000


def gaps(seed: int, count: int, shapes: list[float]) -> np.ndarray:
    """Gaps of customers whose rates, and shapes, differ: one row per customer, one gap more than its history."""
    rng = np.random.default_rng(seed)
    shape = rng.choice(shapes, CUSTOMERS)[:, None]
    rate = shape * rng.gamma(1.5, 1 / 15, CUSTOMERS)[:, None]
    return np.maximum(rng.gamma(shape, 1 / rate, (CUSTOMERS, count + 1)), 0.01)


def history(past: np.ndarray) -> History:
    return History(np.full(len(past), float(past.shape[1])), past.sum(axis=1), np.log(past).sum(axis=1))


def own_threshold(known: History, probability: float) -> np.ndarray:
    """The threshold of a gamma distribution fitted to the customer's own gaps alone, by the same moments."""
    shape = (1 + np.sqrt(1 + 4 * known.spread / 3)) / (4 * np.maximum(known.spread, 1e-3))
    return gamma_distribution.isf(probability, shape, scale=known.days / known.gaps / shape)


def pinball(threshold: np.ndarray, actual: np.ndarray, probability: float) -> float:
    """The loss that the true quantile makes least, on logarithms, so that no single slow customer decides."""
    over = np.log(actual) - np.log(threshold)
    return float(np.mean(np.maximum((1 - probability) * over, -probability * over)))


@pytest.mark.parametrize("count", [2, 5, 20])
@pytest.mark.parametrize("probability", [0.5, 0.1, 0.02])
def test_alike_shapes_exceed_a_threshold_as_often_as_it_says(count, probability):
    each = gaps(count, count, [1.0])
    known = history(each[:, :-1])
    beyond = each[:, -1] > next_gap(learn_usual(known), known).exceeded_with(probability)
    assert binomtest(int(beyond.sum()), CUSTOMERS, probability).pvalue > 0.001


@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 30])
def test_regular_random_and_clumpy_customers_together_exceed_it_nearly_as_often(count):
    each = gaps(count, count, [0.5, 1.0, 4.0])
    known = history(each[:, :-1])
    following = next_gap(learn_usual(known), known)
    beyond = np.mean(each[:, -1] > following.exceeded_with(0.05))
    assert 0.035 < beyond < 0.055
    assert np.mean(each[:, -1] > own_threshold(known, 0.05)) > 1.2 * 0.05 > beyond


@pytest.mark.parametrize("count", [1, 2, 3])
def test_shrinkage_beats_the_customers_own_short_history(count):
    for seed in range(5):
        each = gaps(seed, count, [0.5, 1.0, 4.0])
        known = history(each[:, :-1])
        shrunk = next_gap(learn_usual(known), known).exceeded_with(0.05)
        assert pinball(shrunk, each[:, -1], 0.05) < pinball(own_threshold(known, 0.05), each[:, -1], 0.05)


def test_the_next_gap_is_a_gamma_with_a_gamma_rate():
    rng = np.random.default_rng(1)
    known = NextGap(np.array([1.5]), np.array([4.0]), np.array([30.0]))
    draws = rng.gamma(1.5, 1 / rng.gamma(4.0, 1 / 30.0, 200_000))
    for days in (5.0, 20.0, 60.0):
        share = binomtest(int((draws > days).sum()), len(draws), float(known.exceeds([days])[0]))
        assert share.pvalue > 0.001
    assert known.mean[0] == pytest.approx(draws.mean(), rel=0.02)
    for probability in (0.9, 0.5, 1e-3, 1e-6):
        assert known.exceeds(known.exceeded_with(probability)) == pytest.approx(probability)


def test_the_expected_gap_is_infinite_where_the_rate_is_hardly_known():
    assert NextGap(np.ones(2), np.array([0.8, 2.0]), np.array([10.0, 10.0])).mean.tolist() == [np.inf, 10.0]


@pytest.mark.parametrize("count", [1, 2, 8])
def test_gaps_all_alike_and_a_single_customer_give_a_finite_threshold(count):
    known = history(np.full((1, count), 7.0))
    following = next_gap(learn_usual(known), known)
    assert 7 < following.exceeded_with(0.05)[0] < 7 * 40
    none = next_gap(learn_usual(known), History(np.zeros(1), np.zeros(1), np.zeros(1)))
    assert none.exceeded_with(0.05)[0] > following.exceeded_with(0.05)[0]


def test_a_longer_regular_history_makes_the_threshold_tighter():
    thresholds = []
    for count in (1, 3, 10, 50):
        known = history(np.full((1, count), 7.0))
        thresholds.append(float(next_gap(learn_usual(known), known).exceeded_with(0.05)[0]))
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[-1] < 14
