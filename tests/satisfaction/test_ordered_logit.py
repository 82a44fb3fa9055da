"""The ordered logit: figures of R, its own likelihood, what scales share, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit
from scipy.stats import binomtest

from clvlab.refusal import Refused
from clvlab.satisfaction.ordered_logit import OrderedLogit, ordered_logit


def survey(seed: int, size: int = 400, accounts: int = 90) -> pd.DataFrame:
    """Answers of accounts that differ, with two covariates."""
    rng = np.random.default_rng(seed)
    account = rng.integers(0, accounts, size)
    own = rng.normal(size=accounts)[account]
    first = rng.normal(size=size) + 0.5 * own
    second = (rng.random(size) < 0.4) * 1.0
    score = np.digitize(7 + 0.6 * first - 0.9 * second + 0.8 * own + rng.logistic(size=size), [4.5, 5.5, 6.5, 7.5, 8.5])
    return pd.DataFrame({"score": score.astype(float), "first": first, "second": second, "account": account})


def fitted(frame: pd.DataFrame, **options: object) -> OrderedLogit:
    return ordered_logit(frame["score"], frame[["first", "second"]], frame["account"], **options)  # type: ignore[arg-type]


def test_it_gives_the_figures_of_r():
    """MASS 7.3-58.2 polr, with sandwich 3.0-2 vcovCL(cluster = account, type = "HC0", cadjust = TRUE)."""
    fit = fitted(survey(7))
    assert fit.params_.to_numpy() == pytest.approx([0.9482066650, -0.8676835053], abs=1e-7)
    assert fit.thresholds_ == pytest.approx(
        [-2.3092958670, -1.4049004062, -0.4107939760, 0.3297550497, 1.3377744310], abs=1e-7
    )
    assert fit.log_likelihood_ == pytest.approx(-645.6262975, abs=1e-6)
    assert fit.standard_errors_.to_numpy() == pytest.approx([0.08755902546, 0.20091751608], rel=1e-6)
    assert np.sqrt(np.diag(fit.model_covariance_)[5:]) == pytest.approx([0.09393133705, 0.18573116260], rel=1e-5)


def test_on_two_scales_it_maximises_the_sum_of_both_likelihoods():
    frame = survey(3, 300)
    frame["scale"] = np.where(np.arange(300) % 3 == 0, "five", "ten")
    frame.loc[frame["scale"] == "five", "score"] = frame["score"] // 2
    fit = fitted(frame, scales=frame["scale"])
    x = frame[["first", "second"]].to_numpy()

    def minus_log_likelihood(theta: np.ndarray) -> float:
        total, first = 0.0, 2
        for _, rows in frame.groupby("scale", sort=False):
            levels = np.unique(rows["score"])
            cuts = np.concatenate([[-np.inf], np.cumsum(theta[first : first + len(levels) - 1]), [np.inf]])
            level, linear = np.searchsorted(levels, rows["score"]), x[rows.index] @ theta[:2]
            total += np.log(np.maximum(expit(cuts[level + 1] - linear) - expit(cuts[level] - linear), 1e-300)).sum()
            first += len(levels) - 1
        return -total

    start = np.concatenate([[0, 0], [-1, 1], [-2, 1, 1, 1, 1]])
    best = minimize(minus_log_likelihood, start, method="BFGS", options={"gtol": 1e-7})
    assert fit.log_likelihood_ == pytest.approx(-best.fun, abs=1e-6)
    assert fit.params_.to_numpy() == pytest.approx(best.x[:2], abs=1e-4)


def test_effects_are_the_derivative_of_the_expected_score_with_its_error():
    frame = survey(4)
    fit = fitted(frame)
    x, steps = frame[["first", "second"]].to_numpy(), np.diff(np.unique(frame["score"]))

    def mean_score(shift: np.ndarray, theta: np.ndarray) -> float:
        below = expit(theta[:5] - ((x + shift) @ theta[5:])[:, None])
        return float(frame["score"].max() - (below @ steps).mean())

    theta = np.concatenate([fit.thresholds_, fit.params_])
    effect, covariance = fit.effects()
    assert effect.to_numpy() == pytest.approx(
        approx_fprime(np.zeros(2), lambda s: mean_score(s, theta), 1e-6), rel=1e-4
    )

    def first_effect(at: np.ndarray) -> float:
        return (mean_score(np.array([1e-4, 0]), at) - mean_score(np.array([-1e-4, 0]), at)) / 2e-4

    gradient = approx_fprime(theta, first_effect, 1e-5)
    assert covariance.iloc[0, 0] == pytest.approx(gradient @ fit.covariance_ @ gradient, rel=1e-3)


@given(st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=15, deadline=None)
def test_units_of_a_covariate_change_its_effect_and_nothing_else(factor: float, shift: float):
    frame = survey(5, 150)
    plain, other = fitted(frame), fitted(frame.assign(first=frame["first"] * factor + shift))
    assert other.params_["first"] * factor == pytest.approx(plain.params_["first"], rel=1e-5)
    assert other.params_["second"] == pytest.approx(plain.params_["second"], rel=1e-5)
    assert other.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-9)


def test_only_the_order_of_scores_counts_for_the_odds():
    frame = survey(6)
    squared = frame.assign(score=frame["score"] ** 2)
    assert fitted(frame).params_.to_numpy() == pytest.approx(fitted(squared).params_.to_numpy())


def test_intervals_hold_the_truth_with_several_answers_of_one_account():
    """Without the accounts, errors of a covariate that is the account's own would be too small."""
    rng, inside, naive = np.random.default_rng(8), 0, 0
    for _ in range(200):
        account = np.repeat(np.arange(60), 6)
        x, bridge = rng.normal(size=60)[account], 1 / np.sqrt(1 + 3 / np.pi**2)
        score = np.digitize(rng.normal(size=60)[account] + rng.logistic(size=360) + x, [-1, 0, 1, 2]).astype(float)
        fit = ordered_logit(pd.Series(score), pd.DataFrame({"x": x}), pd.Series(account))
        error, usual = fit.standard_errors_["x"], np.sqrt(fit.model_covariance_[-1, -1])
        inside += abs(fit.params_["x"] - bridge) < 1.67 * error
        naive += abs(fit.params_["x"] - bridge) < 1.67 * usual
    assert binomtest(inside, 200, 0.9).pvalue > 0.001
    assert naive < inside - 15


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score": 8.0}, "All answers are the same"),
        ({"account": 1}, "of one account"),
        ({"second": 0.0}, "second is the same for all answers"),
    ],
)
def test_what_answers_do_not_tell_is_refused(change: dict, said: str):
    with pytest.raises(Refused, match=said):
        fitted(survey(1).assign(**change))


def test_covariates_that_follow_from_each_other_are_refused():
    frame = survey(1)
    with pytest.raises(Refused, match="follow from the others"):
        fitted(frame.assign(second=2 * frame["first"] + 1))


@pytest.mark.parametrize("rounded", [True, False])
def test_a_covariate_that_tells_scores_apart_without_error_is_refused(rounded: bool):
    frame = survey(1)
    first = frame["score"] if rounded else frame["score"] + 0.1 * np.sin(np.arange(len(frame)))
    with pytest.raises(Refused, match="without"):
        fitted(frame.assign(first=first))
