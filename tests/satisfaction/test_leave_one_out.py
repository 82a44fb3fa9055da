"""Intervals of answers: brute force, coverage with accounts of very different sizes, and no false certainty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, t, ttest_1samp

from clvlab.satisfaction.leave_one_out import leave_one_out, mean


def of_mean(scores: np.ndarray, accounts: np.ndarray):
    return leave_one_out(pd.Series(accounts), np.column_stack([scores, np.ones(len(scores))]), mean)


def test_with_one_answer_per_account_it_is_the_t_interval():
    scores = np.random.default_rng(1).normal(7, 1, 12)
    found = of_mean(scores, np.arange(12))
    usual = ttest_1samp(scores, 0).confidence_interval(0.9)
    assert (found.lower, found.upper) == pytest.approx((usual.low, usual.high))


def test_it_is_what_leaving_out_each_account_gives():
    rng = np.random.default_rng(2)
    scores, accounts = rng.normal(7, 1, 40), rng.integers(0, 6, 40)
    left = np.array([scores[accounts != one].mean() for one in range(6)])
    error = np.sqrt(5 / 6 * ((left - scores.mean()) ** 2).sum())
    found = of_mean(scores, accounts)
    assert found.error == pytest.approx(error)
    effective = 40**2 / (np.bincount(accounts) ** 2).sum()
    assert found.upper - found.value == pytest.approx(t.ppf(0.95, effective - 1) * error)


def test_one_account_and_answers_all_alike_have_no_interval():
    assert np.isnan(of_mean(np.array([7.0, 8.0]), np.array([0, 0])).lower)
    alike = of_mean(np.full(30, 8.0), np.arange(30))
    assert alike.value == 8.0
    assert np.isnan(alike.error)


def test_intervals_hold_the_truth_nine_times_of_ten_with_one_account_of_a_third_of_all_answers():
    rng = np.random.default_rng(3)
    accounts = np.concatenate([np.zeros(20, int), np.repeat(np.arange(1, 21), 2)])
    inside = 0
    for _ in range(1000):
        scores = 7 + rng.normal(size=21)[accounts] * 0.5 + rng.normal(size=len(accounts))
        found = of_mean(scores, accounts)
        inside += found.lower < 7 < found.upper
    assert binomtest(inside, 1000, 0.9).pvalue > 0.001
