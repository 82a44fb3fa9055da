"""Calibration under censoring agrees with R, and finds predictions that are too extreme."""

import numpy as np
import pytest
from scipy.stats import beta

from clvlab.evaluation.calibration import calibration_groups, calibration_slope, observed_to_expected
from clvlab.evaluation.censored import observed_risk
from clvlab.refusal import Refused

# The rows that R was given, as in test_censored.py, with id <- i %% 20.
ROW = np.arange(60)
RISK = np.round(np.sin(7 * ROW), 1)
EVENT = (ROW % 3 != 0).astype(int)
TIME = ((37 * ROW) % 61 + 1) / 5 * np.exp(-0.5 * RISK)
PROBABILITY = 1 - np.exp(-0.5 * np.exp(0.8 * RISK))


def market(seed: int, n: int = 1500, spread: float = 0.8) -> tuple[np.ndarray, ...]:
    """Log hazards with which customers leave, and their outcomes, censored without regard to risk."""
    rng = np.random.default_rng(seed)
    log_hazard = rng.normal(-2.5, spread, n)
    left_at, followed = rng.exponential(np.exp(-log_hazard)), rng.exponential(8.0, n)
    return log_hazard, np.minimum(left_at, followed), (left_at <= followed).astype(int)


def risk_by(horizon: float, log_hazard: np.ndarray) -> np.ndarray:
    return 1 - np.exp(-horizon * np.exp(log_hazard))


def test_slope_and_intercept_are_those_of_r():
    # G <- survfit(Surv(time, 1 - event) ~ 1); w: 1 / G(time-) if left by 5, 1 / G(5-) if there at 5, else 0
    # library(brglm2); glm(y ~ log(-log(1 - p)), binomial("cloglog"), weights = w, subset = w > 0,
    #     method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 1000)
    found = calibration_slope(PROBABILITY, TIME, EVENT, 5)
    assert [found.value, found.intercept] == pytest.approx([0.876752266278, -0.263598439818], abs=1e-8)


def test_errors_by_customer_are_those_computed_in_r():
    # The sandwich of the same glm: scores summed by id (rowsum), expected information, times 20 / 19.
    assert calibration_slope(PROBABILITY, TIME, EVENT, 5, ROW % 20).error == pytest.approx(0.359359032938, abs=1e-8)


def test_the_slope_of_right_forecasts_averages_one_though_few_left():
    # Maximum likelihood puts it at 1.03 with 43 leavers.
    rng = np.random.default_rng(5)
    slopes = []
    for _ in range(400):
        hazard = np.exp(rng.normal(-3, 1.2, 500))
        left = rng.random(500) < 1 - np.exp(-hazard)
        slopes.append(calibration_slope(1 - np.exp(-hazard), np.where(left, 1, 3), left, 2).value)
    assert abs(np.mean(slopes) - 1) < 2 * np.std(slopes) / 20


def test_the_slope_is_one_for_the_truth_and_lower_for_predictions_that_are_too_extreme():
    slopes = []
    for seed in range(30):
        log_hazard, time, event = market(seed)
        slopes.append(calibration_slope(risk_by(6, log_hazard), time, event, 6))
    values, errors = np.array([(slope.value, slope.error) for slope in slopes]).T
    assert abs(values.mean() - 1) < 3 * values.std() / np.sqrt(30)
    assert errors.mean() == pytest.approx(values.std(), rel=0.35)
    log_hazard, time, event = market(1, 20_000, spread=0.5)
    extreme = risk_by(6, log_hazard.mean() + 2 * (log_hazard - log_hazard.mean()))
    assert calibration_slope(extreme, time, event, 6).value == pytest.approx(0.5, abs=0.05)


def test_half_of_what_happens_predicted_gives_twice_as_many_as_expected():
    rate = observed_risk(TIME, EVENT, 5)
    assert observed_to_expected(np.full(60, rate / 2), TIME, EVENT, 5) == pytest.approx(2)
    assert np.isnan(observed_to_expected(np.zeros(60), TIME, EVENT, 5))


def test_the_observed_share_of_a_group_is_kaplan_meiers_with_its_error_by_customer():
    # kr <- survfit(Surv(time, event) ~ 1, cluster = id); summary(kr, times = 5): 1 - surv, std.err
    group = calibration_groups(PROBABILITY, TIME, EVENT, 5, customers=ROW % 20, groups=1)[0]
    assert group.observed == pytest.approx(0.35394574017, abs=1e-10)
    size = 0.35394574017 * (1 - 0.35394574017) / 0.07094821512**2
    ends = beta.ppf([0.05, 0.95], size * 0.35394574017 + 0.5, size * (1 - 0.35394574017) + 0.5)
    assert [group.lower, group.upper] == pytest.approx(ends, abs=1e-7)


def test_groups_hold_all_rows_once_and_keep_equal_predictions_together():
    groups = calibration_groups(PROBABILITY, TIME, EVENT, 5, groups=4)
    assert sum(group.rows for group in groups) == 60
    assert [group.expected for group in groups] == sorted(group.expected for group in groups)
    two = calibration_groups(np.repeat([0.1, 0.4], [50, 10]), TIME, EVENT, 5, groups=10)
    assert [group.rows for group in two] == [50, 10]


def test_a_group_that_nobody_left_has_an_interval_from_zero():
    group = calibration_groups(np.full(20, 0.1), np.full(20, 9.0), np.zeros(20), 5)[0]
    assert group.observed == group.lower == 0
    assert 0.05 < group.upper < 0.15


def test_intervals_of_groups_hold_what_is_true():
    held = []
    for seed in range(40):
        log_hazard, time, event = market(seed, 400)
        probability = risk_by(6, log_hazard)
        held += [
            group.lower <= group.expected <= group.upper
            for group in calibration_groups(probability, time, event, 6, groups=5)
        ]
    assert 0.85 < np.mean(held) < 0.96


@pytest.mark.parametrize(
    ("why", "probability", "time", "event"),
    [
        ("nobody left", [0.1, 0.2, 0.3], [9, 9, 9], [0, 0, 0]),
        ("all left", [0.1, 0.2, 0.3], [1, 2, 3], [1, 1, 1]),
        ("one prediction for all", [0.2, 0.2, 0.2], [1, 9, 9], [1, 0, 0]),
        ("predictions tell exactly who left", [0.1, 0.2, 0.9], [9, 9, 1], [0, 0, 1]),
        ("one customer", [0.2], [9], [0]),
        ("certainty has no log hazard", [0.0, 0.2, 1.0], [9, 1, 1], [0, 1, 1]),
    ],
)
def test_a_slope_that_nothing_tells_is_missing(why, probability, time, event):
    assert np.isnan(calibration_slope(probability, time, event, 6).value), why


def test_another_number_of_customers_than_rows_is_refused():
    with pytest.raises(Refused, match="one per row"):
        calibration_slope([0.1, 0.5], [1, 9], [1, 0], 6, customers=[1])
