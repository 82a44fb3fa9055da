"""How long new customers stay by a curve with a shape: shares and their intervals, beside R's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clvlab import churn
from clvlab.refusal import Refused

SPELLS = pd.DataFrame(
    {"duration": [2, 5, 7, 11, 13, 20, 24, 30, 31, 40], "event": [1, 1, 0, 1, 1, 0, 1, 0, 1, 0], "big": [0, 1] * 5}
)
TIMES = [6.0, 12.0, 60.0]

# R 4.2, survival: f <- survreg(Surv(duration, event) ~ 1, dist = k); c(coef(f), log(f$scale)), f$var
R = {
    "weibull": ([3.385955, -0.134427], [[0.1321431857, 0.0239778898], [0.0239778898, 0.1205967423]]),
    "log-normal": ([2.998467, 0.207025], [[0.196242742, 0.0409023140], [0.0409023140, 0.0924993277]]),
    "log-logistic": ([3.022769, -0.339536], [[0.1775895138, 0.0240194813], [0.0240194813, 0.1161689041]]),
}


@pytest.mark.parametrize("distribution", R)
def test_shares_and_intervals_follow_from_rs_estimates(distribution):
    """By the delta method on log(-log(share)), its slopes taken from the closed form of each distribution."""
    from scipy.stats import norm

    (location, log_scale), covariance = R[distribution]
    scale = np.exp(log_scale)
    z = (np.log(TIMES) - location) / scale
    survival, slope = {  # S(z), and the slope of log(-log S) by z
        "weibull": lambda z: (np.exp(-np.exp(z)), np.ones(len(z))),
        "log-normal": lambda z: (norm.sf(z), -norm.pdf(z) / (norm.sf(z) * norm.logsf(z))),
        "log-logistic": lambda z: (1 / (1 + np.exp(z)), 1 / ((1 + np.exp(-z)) * np.log1p(np.exp(z)))),
    }[distribution](z)
    gradient = np.column_stack([-slope / scale, -slope * z])
    reach = 1.6448536 * np.sqrt(np.einsum("ti,ij,tj->t", gradient, np.array(covariance), gradient))
    log_hazard = np.log(-np.log(survival))
    fit = churn.aft(SPELLS, distribution=distribution, confidence=0.9)
    found = fit.new_customers(TIMES)
    assert found["time"].tolist() == TIMES
    assert found["share"].to_numpy() == pytest.approx(survival, rel=1e-4)
    assert found["lower"].to_numpy() == pytest.approx(np.exp(-np.exp(log_hazard + reach)), rel=1e-3)
    assert found["upper"].to_numpy() == pytest.approx(np.exp(-np.exp(log_hazard - reach)), rel=1e-3)
    assert found["share"].to_numpy() == pytest.approx(fit.survival(SPELLS[:1], TIMES).to_numpy()[0])


def test_fewer_are_there_later_and_intervals_hold_the_share():
    found = churn.aft(SPELLS, distribution="weibull").new_customers([1, 10, 100, 1000])
    assert found["share"].is_monotonic_decreasing
    assert found["share"].between(found["lower"], found["upper"]).all()
    assert found[["lower", "upper"]].apply(lambda one: one.between(0, 1)).all(axis=None)


def test_the_unit_of_time_does_not_matter():
    months = churn.aft(SPELLS, distribution="log-normal").new_customers(TIMES)
    days = churn.aft(SPELLS.assign(duration=30 * SPELLS["duration"]), distribution="log-normal")
    again = days.new_customers([30 * time for time in TIMES])
    pd.testing.assert_frame_equal(again.drop(columns="time"), months.drop(columns="time"), rtol=1e-5)


def test_a_fit_with_covariates_has_no_one_share():
    with pytest.raises(Refused, match=r"use survival\(frame, times\)"):
        churn.aft(SPELLS, "big", distribution="weibull").new_customers(TIMES)


@pytest.mark.parametrize("time", [0.0, -1.0, float("nan")])
def test_times_must_lie_ahead(time):
    with pytest.raises(Refused, match="give times above 0"):
        churn.aft(SPELLS, distribution="weibull").new_customers([12.0, time])
