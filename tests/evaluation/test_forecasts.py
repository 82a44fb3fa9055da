"""Scores do what their definitions say, whatever the forecasts and outcomes."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, kstest, spearmanr

from clvlab.evaluation.forecasts import (
    coverage,
    crps,
    mean_absolute_error,
    randomised_pit,
    rank_correlation,
    relative_bias,
    root_mean_squared_error,
    skill,
    top_decile_capture,
)

MONEY = st.one_of(st.just(0.0), st.integers(-50, 50).map(float))
PAIRS = st.lists(st.tuples(MONEY, MONEY), min_size=2, max_size=30)


def columns(pairs) -> tuple[np.ndarray, np.ndarray]:
    expected, actual = zip(*pairs, strict=True)
    return np.array(expected), np.array(actual)


# Points ----------------------------------------------------------------------------------------------------


@given(PAIRS, st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_order_of_customers_changes_no_score(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    for score in (
        mean_absolute_error, root_mean_squared_error, relative_bias, rank_correlation, top_decile_capture,
    ):  # fmt: skip
        np.testing.assert_allclose(score(*columns(shuffled)), score(*columns(pairs)), rtol=1e-9, atol=1e-12)


@given(PAIRS)
@settings(max_examples=50, deadline=None)
def test_a_forecast_that_comes_true_has_no_error_and_no_bias(pairs):
    _, actual = columns(pairs)
    assert mean_absolute_error(actual, actual) == root_mean_squared_error(actual, actual) == 0
    assert relative_bias(actual, actual) == 0 or actual.sum() == 0
    assert np.ptp(actual) == 0 or rank_correlation(actual, actual) == pytest.approx(1)
    best = top_decile_capture(actual, actual)
    assert best == pytest.approx(1) or np.isnan(best)


def test_bias_is_of_the_total_and_keeps_its_sign_for_losses():
    assert relative_bias([3, 1], [1, 1]) == 1
    assert relative_bias([-3, 0], [-2, 0]) == -0.5
    assert np.isnan(relative_bias([1], [0]))


@given(PAIRS)
@settings(max_examples=50, deadline=None)
def test_the_mean_has_the_least_squared_error_and_the_median_the_least_absolute_one(pairs):
    other, actual = columns(pairs)
    alike = np.ones(len(actual))
    for point in other:
        least = root_mean_squared_error(alike * actual.mean(), actual)
        assert least <= root_mean_squared_error(alike * point, actual) + 1e-9
        assert mean_absolute_error(alike * np.median(actual), actual) <= mean_absolute_error(alike * point, actual)


def test_rank_correlation_is_spearmans_with_ties_and_missing_for_one_number_for_all():
    expected, actual = [1.0, 2.0, 2.0, 5.0, 0.0], [0, 3, 1, 3, 1]
    assert rank_correlation(expected, actual) == pytest.approx(spearmanr(expected, actual).statistic)
    assert np.isnan(rank_correlation([1.0, 1.0, 1.0], [0, 1, 2]))


def test_the_top_tenth_is_measured_against_the_best_that_a_ranking_can_reach():
    actual = np.array([10.0, 6.0] + [0.0] * 18)
    assert top_decile_capture(actual, actual) == 1
    assert top_decile_capture(actual[::-1], actual) == 0
    swapped = np.array([0.0, 9.0, 5.0] + [0.0] * 17)
    assert top_decile_capture(swapped, actual) == pytest.approx(6 / 16)


def test_customers_with_equal_forecasts_share_the_places_that_are_left():
    actual = np.array([10.0, 6.0] + [0.0] * 18)
    assert top_decile_capture(np.ones(20), actual) == pytest.approx(2 * actual.mean() / 16)
    assert top_decile_capture([5.0] + [1.0] * 19, actual) == pytest.approx((10 + 6 / 19) / 16)


def test_where_nobody_brought_anything_there_is_nothing_to_capture():
    assert np.isnan(top_decile_capture([1.0, 2.0], [0.0, 0.0]))


# Distributions ---------------------------------------------------------------------------------------------


@given(PAIRS)
@settings(max_examples=50, deadline=None)
def test_of_one_draw_the_crps_is_the_absolute_error(pairs):
    expected, actual = columns(pairs)
    assert np.array_equal(crps(expected[None], actual), np.abs(expected - actual))
    assert crps(expected[None], actual).mean() == pytest.approx(mean_absolute_error(expected, actual))


@given(st.lists(MONEY, min_size=2, max_size=12), MONEY)
@settings(max_examples=50, deadline=None)
def test_the_crps_is_that_of_all_pairs_of_different_draws(draws, actual):
    between = np.mean([abs(one - other) for one, other in combinations(draws, 2)])
    by_definition = np.mean([abs(draw - actual) for draw in draws]) - between / 2
    assert crps(np.array(draws)[:, None], [actual])[0] == pytest.approx(by_definition, abs=1e-9)


def test_few_draws_score_as_many_do_on_average():
    rng = np.random.default_rng(1)
    actual = rng.poisson(2.0, 20_000)
    few, many = (crps(rng.poisson(2.0, (n, len(actual))), actual) for n in (2, 100))
    assert few.mean() == pytest.approx(many.mean(), abs=4 * few.std() / np.sqrt(len(actual)))


def test_the_true_distribution_scores_better_than_a_narrow_or_a_shifted_one():
    rng = np.random.default_rng(2)
    actual = rng.normal(0, 1, 5000)
    true, narrow, shifted = (
        crps(rng.normal(mean, sd, (100, 5000)), actual).mean() for mean, sd in ((0, 1), (0, 0.3), (0.5, 1))
    )
    assert true < min(narrow, shifted)
    assert true == pytest.approx(1 / np.sqrt(np.pi), rel=0.03)  # half the mean distance of two normal draws


def drawn_counts(rng, size):
    return rng.poisson(0.7, size)


def drawn_money(rng, size):
    return np.where(rng.random(size) < 0.6, 0.0, rng.normal(20, 30, size))


@pytest.mark.parametrize("drawn", [drawn_counts, drawn_money])
@pytest.mark.parametrize("draws", [1, 19, 200])
def test_the_pit_is_uniform_when_outcomes_come_from_the_forecast_atoms_or_not(drawn, draws):
    rng = np.random.default_rng(3)
    pit = randomised_pit(drawn(rng, (draws, 4000)), drawn(rng, 4000), rng)
    assert kstest(pit, "uniform").pvalue > 0.001
    assert coverage(pit).p_value > 0.001


def test_the_pit_shows_forecasts_that_are_too_narrow_or_too_low():
    rng = np.random.default_rng(4)
    actual = rng.normal(0, 1, 2000)
    narrow = randomised_pit(rng.normal(0, 0.5, (100, 2000)), actual, rng)
    low = randomised_pit(rng.normal(-1, 1, (100, 2000)), actual, rng)
    assert coverage(narrow).share < 0.7
    assert coverage(narrow).p_value < 1e-6
    assert low.mean() > 0.6


def test_coverage_comes_with_the_exact_binomial_test():
    pit = np.r_[np.full(85, 0.5), np.full(10, 0.01), np.full(5, 0.99)]
    assert coverage(pit) == (0.85, pytest.approx(binomtest(85, 100, 0.9).pvalue))
    assert coverage(pit, level=0.5).share == 0.85


# One against another ---------------------------------------------------------------------------------------


def test_skill_is_the_part_by_which_losses_are_lower():
    assert skill([1, 1], [2, 2], [0, 1]) == (0.5, 0.0)
    assert skill([3, 1], [1, 3], [0, 1]).value == 0
    assert skill([2, 2], [1, 1], [0, 1]).value == -1
    assert np.isnan(skill([0, 0], [0, 0], [0, 1]).value)
    assert np.isnan(skill([1], [2], [0]).error)


def test_pairing_makes_a_steady_difference_sure_however_much_customers_differ():
    rival = np.random.default_rng(5).lognormal(0, 2, 300)
    found = skill(0.9 * rival, rival, np.arange(300))
    assert found.value == pytest.approx(0.1)
    assert found.error < 1e-12


def test_a_customer_seen_at_several_dates_counts_once():
    rng = np.random.default_rng(6)
    loss, rival = rng.exponential(1, 50), rng.exponential(2, 50)
    once = skill(loss, rival, np.arange(50))
    thrice = skill(np.tile(loss, 3), np.tile(rival, 3), np.tile(np.arange(50), 3))
    assert thrice == pytest.approx(once)


def test_the_error_of_skill_is_how_much_it_varies_between_samples():
    rng = np.random.default_rng(7)
    found = [skill(rng.exponential(1, 200), rng.exponential(2, 200), np.arange(200)) for _ in range(400)]
    values, errors = np.array(found).T
    assert errors.mean() == pytest.approx(values.std(), rel=0.12)
