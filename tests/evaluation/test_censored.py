"""Scores under censoring agree with R and scikit-survival, and weights undo what censoring hides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from clvlab.evaluation.censored import (
    auc,
    brier,
    censoring_survival,
    known_by,
    observed_risk,
    prediction_accuracy,
    uno_c,
)
from clvlab.evaluation.resampling import with_interval
from clvlab.refusal import Refused

# The rows that R and scikit-survival were given:
#   i <- 0:59; risk <- round(sin(7 * i), 1); event <- as.numeric(i %% 3 != 0)
#   time <- ((37 * i) %% 61 + 1) / 5 * exp(-0.5 * risk); p <- 1 - exp(-0.5 * exp(0.8 * risk))
ROW = np.arange(60)
RISK = np.round(np.sin(7 * ROW), 1)
EVENT = (ROW % 3 != 0).astype(int)
TIME = ((37 * ROW) % 61 + 1) / 5 * np.exp(-0.5 * RISK)
PROBABILITY = 1 - np.exp(-0.5 * np.exp(0.8 * RISK))

OUTCOMES = st.lists(st.tuples(st.integers(0, 6).map(float), st.booleans()), min_size=1, max_size=30)
SCORES = (auc, brier, prediction_accuracy, uno_c)


def columns(outcomes) -> tuple[np.ndarray, np.ndarray]:
    time, event = zip(*outcomes, strict=True)
    return np.array(time), np.array(event, dtype=int)


def market(rng: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
    """Risk, true probability to leave by 6, when customers left, and an end of follow-up that knows no risk."""
    risk = rng.normal(size=n)
    hazard = 0.08 * np.exp(risk)
    return risk, 1 - np.exp(-6 * hazard), rng.exponential(1 / hazard), rng.exponential(8.0, n)


# References ------------------------------------------------------------------------------------------------


def test_unos_c_is_that_of_r_and_of_scikit_survival():
    # concordance(Surv(time, event) ~ risk, timewt = "n/G2", ymax = 8, reverse = TRUE), survival 3.5.3
    # concordance_index_ipcw(y, y, risk, tau=8.0), scikit-survival 0.28.0: 0.6542950167689168
    assert uno_c(RISK, TIME, EVENT, 8) == pytest.approx(0.6542950168, abs=1e-10)


def test_unos_c_with_ties_in_time_is_that_of_r():
    # concordance(Surv(ceiling(time), event) ~ risk, timewt = "n/G2", ymax = 8, reverse = TRUE)
    assert uno_c(RISK, np.ceil(TIME), EVENT, 8) == pytest.approx(0.6574291859, abs=1e-10)


def test_unos_c_of_age_in_the_lung_data_is_that_of_r():
    # concordance(Surv(time, status == 2) ~ age, na.omit(lung[, c("time", "status", "age")]), timewt = "n/G2",
    #             ymax = 365, reverse = TRUE)
    from lifelines.datasets import load_lung

    lung = load_lung()
    assert uno_c(lung["age"], lung["time"], lung["status"], 365) == pytest.approx(0.5486236487, abs=1e-10)


def test_auc_is_that_of_scikit_survival():
    # cumulative_dynamic_auc(y, y, risk, [3.0, 5.0, 8.0]), scikit-survival 0.28.0
    expected = [0.7282243905915954, 0.698723785663857, 0.7681842271797501]
    assert [auc(RISK, TIME, EVENT, h) for h in (3, 5, 8)] == pytest.approx(expected, abs=1e-12)


def test_brier_is_that_of_scikit_survival():
    # brier_score(y, y, (1 - p)[:, None], [5.0]), scikit-survival 0.28.0
    assert brier(PROBABILITY, TIME, EVENT, 5) == pytest.approx(0.21432731, abs=5e-9)


def test_observed_risk_is_one_less_kaplan_meier():
    # 1 - summary(survfit(Surv(time, event) ~ 1), times = 5)$surv
    assert observed_risk(TIME, EVENT, 5) == pytest.approx(0.35394574017, abs=1e-10)


# Definitions -----------------------------------------------------------------------------------------------


def test_leaving_comes_before_the_end_of_follow_up_at_the_same_time():
    # Of three still there at 2, one leaves: of the two others one's follow-up ends.
    np.testing.assert_allclose(censoring_survival([1, 2, 2, 3], [1, 1, 0, 0], [0, 1, 2, 2.1, 3]), [1, 1, 1, 0.5, 0.5])


def test_a_customer_followed_exactly_to_the_horizon_is_known_to_have_stayed():
    known = known_by([1, 12, 12, 12], [1, 0, 0, 0], 12)
    assert known.left.tolist() == [1, 0, 0, 0]
    assert known.weight.tolist() == [1, 1, 1, 1]


@given(OUTCOMES, st.sampled_from([1.0, 2.5, 4.0]))
@settings(max_examples=100, deadline=None)
def test_weights_add_up_to_the_customers_as_far_as_anybody_was_followed(outcomes, horizon):
    time, event = columns(outcomes)
    total = known_by(time, event, horizon).weight.sum()
    assert total == pytest.approx(len(time)) or (time.max() < horizon and np.isnan(observed_risk(time, event, horizon)))


@given(OUTCOMES)
@settings(max_examples=50, deadline=None)
def test_without_censoring_scores_are_the_ordinary_ones(outcomes):
    time, _ = columns(outcomes)
    gone, probability = time <= 3, np.linspace(0.1, 0.9, len(time)) ** 2
    everybody = np.ones(len(time))
    assert brier(probability, time, everybody, 3) == pytest.approx(np.mean((gone - probability) ** 2))
    if 0 < gone.sum() < len(gone):
        pairs = mannwhitneyu(probability[gone], probability[~gone]).statistic
        assert auc(probability, time, everybody, 3) == pytest.approx(pairs / gone.sum() / (~gone).sum())


@given(OUTCOMES, st.floats(0.01, 100))
@settings(max_examples=50, deadline=None)
def test_the_unit_of_time_and_the_order_of_rows_change_no_score(outcomes, unit):
    time, event = columns(outcomes)
    probability = (np.arange(len(time)) % 4 + 1) / 5
    for score in SCORES:
        once = score(probability, time, event, 2.5)
        assert score(probability, time * unit, event, 2.5 * unit) == pytest.approx(once, nan_ok=True)
        assert score(probability[::-1], time[::-1], event[::-1], 2.5) == pytest.approx(once, nan_ok=True)


def test_weights_undo_what_censoring_hides():
    rng = np.random.default_rng(3)
    risk, probability, left_at, followed = market(rng, 40_000)
    everybody = np.ones(len(risk))
    time, event = np.minimum(left_at, followed), (left_at <= followed).astype(int)
    truth = [auc(risk, left_at, everybody, 6), brier(probability, left_at, everybody, 6)]
    assert [auc(risk, time, event, 6), brier(probability, time, event, 6)] == pytest.approx(truth, abs=0.006)
    # Uno's C is the same for any follow-up; the plain share of concordant pairs is not.
    assert uno_c(risk[:8000], time[:8000], event[:8000], 6) == pytest.approx(
        uno_c(risk[:8000], left_at[:8000], everybody[:8000], 6), abs=0.006
    )
    # Dropping who was not followed, without weights, gives more leavers than there are.
    dropped = (event == 1) & (time <= 6) | (time >= 6)
    assert brier(probability[dropped], time[dropped], event[dropped], 6) > truth[1] + 0.006
    assert np.mean((event * (time <= 6))[dropped]) > probability.mean() + 0.02
    assert observed_risk(time, event, 6) == pytest.approx(probability.mean(), abs=0.006)


# Intervals -------------------------------------------------------------------------------------------------


def test_ninety_percent_intervals_hold_the_truth_nine_times_in_ten():
    rng = np.random.default_rng(5)
    risk, _, left_at, _ = market(rng, 200_000)
    truth = auc(risk, left_at, np.ones(len(risk)), 6)
    held = 0
    for _ in range(100):
        risk, _, left_at, followed = market(rng, 150)
        time, event = np.minimum(left_at, followed), (left_at <= followed).astype(int)
        found = with_interval(auc, risk, time, event, 6, replicates=100)
        held += found.lower <= truth <= found.upper
    assert 82 <= held <= 97


def test_rows_of_one_customer_count_as_one_observation():
    outcome = TIME, EVENT, 5
    once = with_interval(brier, PROBABILITY, *outcome)
    thrice = (np.tile(values, 3) for values in (PROBABILITY, TIME, EVENT))
    repeated = with_interval(brier, *thrice, 5, customers=np.tile(ROW, 3))
    assert repeated.value == pytest.approx(once.value)
    assert repeated.error == pytest.approx(once.error)


def test_a_rival_is_compared_on_the_same_draws_of_customers():
    better = with_interval(auc, RISK, TIME, EVENT, 8, rival=-RISK)
    assert better.value == pytest.approx(2 * auc(RISK, TIME, EVENT, 8) - 1)
    same = with_interval(auc, RISK, TIME, EVENT, 8, rival=2 * RISK)
    assert same == (0, 0, 0, 0)


# Degenerate ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "time", "event"),
    [
        ("nobody left", [7, 8, 9], [0, 0, 0]),
        ("nobody left by the horizon", [7, 8, 9], [1, 1, 0]),
        ("everybody left", [1, 2, 2], [1, 1, 1]),
        ("nobody was followed", [1, 2, 3], [0, 0, 0]),
        ("one customer", [7], [0]),
    ],
)
def test_a_rank_that_nothing_tells_is_missing(why, time, event):
    risk = np.linspace(0, 1, len(time))
    assert np.isnan(auc(risk, time, event, 6)), why
    assert np.isnan(with_interval(auc, risk, time, event, 6).lower), why


def test_a_score_beyond_the_follow_up_is_missing():
    assert np.isnan(brier([0.1, 0.2], [1, 2], [1, 0], 3))
    assert np.isnan(observed_risk([1, 2], [1, 0], 3))
    assert np.isnan(prediction_accuracy([0.1, 0.2], [3, 3], [0, 0], 3))
    assert observed_risk([1, 2], [0, 1], 3) == 1


def test_one_number_for_everybody_ranks_nobody():
    same = np.full(len(TIME), 0.3)
    assert auc(same, TIME, EVENT, 5) == uno_c(same, TIME, EVENT, 5) == 0.5
    rate = np.full(len(TIME), observed_risk(TIME, EVENT, 5))
    assert prediction_accuracy(rate, TIME, EVENT, 5) == pytest.approx(0)


@pytest.mark.parametrize(
    ("prediction", "time", "event", "horizon", "word"),
    [
        ([0.1, np.nan], [1, 2], [1, 0], 1, "missing"),
        ([0.1], [1, 2], [1, 0], 1, "one per row"),
        ([0.1, 1.2], [1, 2], [1, 0], 1, "1.2"),
        ([0.1, 0.2], [1, -2], [1, 0], 1, "negative"),
        ([0.1, 0.2], [1, 2], [1, 2], 1, "0 nor 1"),
        ([0.1, 0.2], [1, 2], [1, 0], 0, "horizon"),
        ([], [], [], 1, "at least one row"),
    ],
)
def test_bad_input_is_refused_in_words(prediction, time, event, horizon, word):
    with pytest.raises(Refused, match=word):
        brier(prediction, time, event, horizon)
