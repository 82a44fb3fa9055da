"""Shrunk coefficients: predictions of months not yet seen are neither too extreme nor too timid."""

import numpy as np
import pandas as pd
import pytest
from monthly_data import NAMES, customer_months

from clvlab.churn.hazards.monthly.model import monthly_hazard

MANY = [f"x{number}" for number in range(20)]


def slope(predicted: pd.Series, months: pd.DataFrame) -> float:
    """Return by how much the log hazard rises with the predicted one."""
    rows = months.assign(predicted=np.log(-np.log1p(-predicted)))
    return float(monthly_hazard(rows, "predicted", season=False, age_knots=()).params_["predicted"])


@pytest.fixture(scope="module")
def slopes():
    """Calibration slopes out of time of 20 markets with 20 covariates: unshrunk, shrunk."""
    found = []
    for market in range(20):
        effects = np.random.default_rng(market).normal(0, 0.15, len(MANY))
        months = customer_months(600, market, effects, months=36, level=-4.0, names=MANY)
        later = customer_months(4_000, 1_000 + market, effects, months=36, level=-4.0, names=MANY)
        fits = [monthly_hazard(months, MANY, shrink=shrink) for shrink in (False, True)]
        found.append([slope(fit.hazard(later), later) for fit in fits])
    return np.array(found)


def test_unshrunk_predictions_are_too_extreme(slopes):
    assert slopes[:, 0].mean() < 0.8


def test_the_slope_of_shrunk_predictions_averages_one(slopes):
    error = slopes[:, 1].std(ddof=1) / np.sqrt(len(slopes))
    assert error < 0.08
    assert abs(slopes[:, 1].mean() - 1) < 2 * error


def test_hazard_ratios_stay_those_of_the_unshrunk_fit():
    months = customer_months()
    plain, shrunk = (monthly_hazard(months, NAMES, shrink=shrink) for shrink in (False, True))
    pd.testing.assert_frame_equal(plain.hazard_ratios_, shrunk.hazard_ratios_)
    assert (shrunk.prediction_params_[NAMES].abs() < shrunk.params_[NAMES].abs()).all()


def test_covariates_without_effect_are_drawn_almost_to_nothing():
    months = customer_months(600, 2, np.zeros(len(MANY)), names=MANY)
    fit = monthly_hazard(months, MANY, shrink=True)
    assert fit.prediction_params_[MANY].abs().mean() < 0.4 * fit.params_[MANY].abs().mean()


def test_with_many_events_nothing_is_left_to_shrink():
    fit = monthly_hazard(customer_months(6_000, 4), NAMES, shrink=True)
    np.testing.assert_allclose(fit.prediction_params_[NAMES], fit.params_[NAMES], atol=0.01)
    np.testing.assert_allclose(fit.draws(4_000)[NAMES].std(), fit.standard_errors_[NAMES], rtol=0.1)


def test_intervals_of_shrunk_coefficients_hold_effects_drawn_at_random():
    """90% posterior intervals of 20 effects in each of 15 markets; 300 intervals, 270 expected, 255 at 3 errors."""
    inside = 0
    for market in range(15):
        effects = np.random.default_rng(market).normal(0, 0.2, len(MANY))
        fit = monthly_hazard(customer_months(300, market, effects, names=MANY), MANY, shrink=True)
        low, high = np.quantile(fit.draws(1_000, seed=market)[MANY], [0.05, 0.95], axis=0)
        inside += int(((low < effects) & (effects < high)).sum())
    assert 255 <= inside <= 285
