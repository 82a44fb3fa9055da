"""A figure per customer with its error: what pooling does to little evidence, and how parts make one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clvlab.tiers.grading.measured import (
    ROUNDING,
    Measured,
    combined,
    estimated,
    fact,
    nothing,
    rating,
    shrunk_count,
    shrunk_mean,
    shrunk_rate,
)

NAMES = pd.Index(list("abcd"), name="customer_id")


def series(*numbers: float) -> pd.Series:
    return pd.Series(numbers, NAMES, dtype=float)


def test_a_fact_has_no_error_and_a_rating_that_of_rounding():
    assert fact(series(1, 2, 3, np.nan)).error.tolist()[:3] == [0.0, 0.0, 0.0]
    assert rating(series(1, 2, 3, 4)).error.tolist() == [ROUNDING] * 4
    assert np.isnan(fact(series(1, 2, 3, np.nan)).error["d"])


def test_the_error_of_rounding_is_that_of_whole_steps():
    true = np.random.default_rng(1).uniform(1, 5, 100_000)
    assert np.std(true - true.round()) == pytest.approx(ROUNDING, rel=0.01)


def test_a_rate_of_few_trials_leans_on_the_others_and_is_less_sure():
    rate = shrunk_rate(series(0, 50, 90, 0), series(1, 100, 100, 0))
    assert 0.2 < rate.value["a"] < 0.8
    assert rate.value["b"] == pytest.approx(0.5, abs=0.02)
    assert rate.error["a"] > 3 * rate.error["b"]
    assert np.isnan(rate.value["d"])


def test_intervals_of_shrunk_rates_hold_the_truth_nine_times_in_ten():
    rng = np.random.default_rng(2)
    n = pd.Series(rng.integers(1, 40, 2000))
    true = rng.beta(2, 6, 2000)
    rate = shrunk_rate(pd.Series(rng.binomial(n, true)), n)
    assert (abs(rate.value - true) < 1.645 * rate.error).mean() == pytest.approx(0.9, abs=0.03)


def test_counts_are_drawn_towards_the_common_rate():
    rate = shrunk_count(series(0, 10, 20, 0), series(1, 100, 100, 0))
    assert 0 < rate.value["a"] < 0.2
    assert rate.error["a"] > rate.error["b"]
    assert np.isnan(rate.value["d"])


def test_nobody_tried_is_known_of_nobody():
    for found in (shrunk_rate(series(0, 0, 0, 0), series(0, 0, 0, 0)), shrunk_count(*[series(0, 0, 0, 0)] * 2)):
        assert found.value.isna().all()
        assert found.error.isna().all()


def test_a_mean_of_answers_is_drawn_towards_the_others_and_missing_without_any():
    said = pd.DataFrame({"who": list("aaaabbbbcc"), "score": [8, 9, 8, 9, 4, 5, 4, 5, 9, np.nan]})
    mean = shrunk_mean(said["score"], said["who"], NAMES)
    assert mean.value["b"] < mean.value["c"] < 9
    assert mean.error["c"] > mean.error["a"]
    assert np.isnan(mean.value["d"])


def test_a_scale_runs_from_0_to_1_between_its_ends_and_no_further():
    measured = Measured(series(0, 5, 10, 20), series(1, 1, 1, 1))
    assert measured.on_scale(0, 10).value.tolist() == [0, 0.5, 1, 1]
    assert measured.on_scale(10, 0).value.tolist() == [1, 0.5, 0, 0]
    assert measured.on_scale(10, 0).error.tolist() == [0.1] * 4


def test_a_part_not_known_counts_as_the_others_mean_with_their_spread():
    found = combined([fact(series(0.0, 0.5, 1.0, np.nan)), fact(series(0.4, 0.4, 0.4, 0.4))])
    assert found.value["d"] == pytest.approx((0.5 + 0.4) / 2)
    assert found.error["d"] == pytest.approx(0.5 / 2)
    assert found.error["a"] == 0


def test_one_customer_who_alone_has_a_part_tells_nothing_of_the_spread():
    found = combined([fact(series(0.3, np.nan, np.nan, np.nan)), fact(series(0.4, 0.4, 0.4, 0.4))])
    assert found.error["b"] == pytest.approx(ROUNDING / 2)


def test_fewer_than_half_of_the_parts_are_no_figure():
    parts = [fact(series(0.1, 0.2, np.nan, np.nan)) for _ in range(2)] + [fact(series(1, 1, 1, np.nan))]
    assert combined(parts).value.isna().tolist() == [False, False, True, True]


def test_a_part_known_of_nobody_is_left_out():
    alone = fact(series(0.1, 0.2, 0.3, 0.4))
    assert combined([alone, nothing(NAMES)]).value.equals(alone.value)
    assert combined([nothing(NAMES)]).value.isna().all()


def test_a_models_interval_becomes_a_standard_error():
    frame = pd.DataFrame({"value": [10.0], "value_lower": [10 - 1.645 * 2], "value_upper": [10 + 1.645 * 2]})
    assert estimated(frame, "value").error[0] == pytest.approx(2, rel=1e-3)
