"""Simulated truth lies within the intervals as often as they say."""

import numpy as np
import pandas as pd
import pytest
from purchasers import TRUTH, simulated
from scipy.stats import binomtest, kstest

from clvlab.clv import BGBB, BetaDiscreteWeibull, GammaGamma, ParetoNBD, ShiftedBetaGeometric

HORIZON = 20
SEEDS = range(5)


@pytest.fixture(scope="module")
def populations():
    """Five populations of 1,500 customers per purchase model: fit, future purchases, draws of them."""
    found = {}
    for model in TRUTH:
        for seed in SEEDS:
            table, future = simulated(model, 1_500, np.random.default_rng([seed, 11]), HORIZON)
            fit = model().fit(table)
            found[model, seed] = fit, table, future, fit.draws(table, HORIZON, n=150, seed=seed)
    return found


def spend(seed, p=6.0, q=4.0, v=15.0, n=800) -> pd.DataFrame:
    rng = np.random.default_rng([seed, 12])
    frequency = rng.integers(1, 6, n)
    return pd.DataFrame(
        {"frequency": frequency, "monetary_value": rng.gamma(p * frequency) / frequency * v / rng.gamma(q, size=n)}
    )


def cohort(seed, alpha, beta, c=1.0, n=3_000, renewals=8) -> list[int]:
    rng = np.random.default_rng([seed, 13])
    stay = 1 - rng.beta(alpha, beta, n)
    ends = np.ceil((np.log(rng.random(n)) / np.log(stay)) ** (1 / c))
    return [int((ends > renewal).sum()) for renewal in range(renewals + 1)]


def covered(fit, truth) -> list[bool]:
    frame = fit.to_frame()
    assert fit.diagnostics_["converged"]
    return ((frame.lower <= list(truth.values())) & (frame.upper >= list(truth.values()))).tolist()


def test_parameters_lie_within_their_intervals(populations):
    hits = [hit for (model, _), (fit, *_) in populations.items() for hit in covered(fit, TRUTH[model])]
    for seed in SEEDS:
        hits += covered(GammaGamma().fit(spend(seed)), {"p": 6.0, "q": 4.0, "v": 15.0})
        one, two = {"alpha": 0.7, "beta": 1.5}, {"alpha": 0.7, "beta": 2.5, "c": 1.4}
        hits += covered(ShiftedBetaGeometric().fit(cohort(seed, **one)), one)
        hits += covered(BetaDiscreteWeibull().fit(cohort(seed, **two)), two)
    assert binomtest(sum(hits), len(hits), 0.9).pvalue > 0.001, (sum(hits), len(hits))


@pytest.mark.parametrize("model", list(TRUTH))
def test_future_counts_are_uniform_among_the_draws(populations, model):
    rng = np.random.default_rng(6)
    places = []
    for seed in SEEDS:
        _, _, future, drawn = populations[model, seed]
        below, same = (drawn < future).sum(axis=0), (drawn == future).sum(axis=0)
        places.append((below + rng.random(len(future)) * (same + 1)) / (len(drawn) + 1))
    place = np.concatenate(places)
    inside = int(((place > 0.05) & (place < 0.95)).sum())
    assert binomtest(inside, len(place), 0.9).pvalue > 0.001
    assert kstest(place, "uniform").pvalue > 0.001


def test_futures_are_right_by_frequency(populations):
    for model in TRUTH:
        expected, seen = [], []
        for seed in SEEDS:
            fit, table, future, _ = populations[model, seed]
            expected.append(fit.expected_purchases(table, HORIZON).to_numpy())
            seen.append(pd.DataFrame({"x": np.minimum(table.frequency, 4), "future": future}))
        frame = pd.concat(seen).assign(expected=np.concatenate(expected))
        for _, group in frame.groupby("x"):
            error = group.future.std() / np.sqrt(len(group))
            assert abs(group.future.mean() - group.expected.mean()) < 4 * error + 0.02


@pytest.mark.parametrize("model", [m for m in TRUTH if m is not BGBB])
def test_covariates_are_recovered(model):
    rng = np.random.default_rng(9)
    n, effects = 4_000, (0.6, 0.5)
    x1 = rng.integers(0, 2, n).astype(float)
    truth = TRUTH[model]
    moved = {"alpha": truth["alpha"] * np.exp(-effects[0] * x1)}
    if model is ParetoNBD:
        moved["beta"] = truth["beta"] * np.exp(-effects[1] * x1)
    else:
        size = truth["a"] + truth["b"]
        mean = 1 / (1 + truth["b"] / truth["a"] * np.exp(-effects[1] * x1))
        moved |= {"a": size * mean, "b": size * (1 - mean)}
    table, future = simulated(model, n, rng, HORIZON, **moved)
    table["x1"] = x1
    fit = model().fit(table, covariates=["x1"])
    z = (fit.params_ - [*truth.values(), *effects]) / fit.standard_errors_
    assert (z.abs() < 3.3).all(), z
    assert fit.params_.index[-2:].tolist() == ["purchase_x1", "dropout_x1"]
    expected = fit.expected_purchases(table, HORIZON)
    for group in (0, 1):
        mine = x1 == group
        assert expected[mine].sum() == pytest.approx(future[mine].sum(), rel=0.1)
    assert fit.draws(table.head(50), HORIZON, n=20).shape == (20, 50)
    # Moving the reference changes no prediction, and an effect of nothing leaves the rest as it was.
    turned = model().fit(table.assign(x1=1 - x1), covariates=["x1"])
    assert turned.log_likelihood_ == pytest.approx(fit.log_likelihood_, abs=1e-6)
    assert turned.params_["dropout_x1"] == pytest.approx(-fit.params_["dropout_x1"], abs=1e-5)


@pytest.mark.parametrize("model", [m for m in TRUTH if m is not BGBB])
def test_a_covariate_without_effect_equals_none(model):
    table = simulated(model, 400, np.random.default_rng(2), 1)[0]
    both = pd.concat([table.assign(x1=0.0), table.assign(x1=1.0)], ignore_index=True)
    plain, fit = model().fit(both), model().fit(both, covariates=["x1"])
    assert fit.params_.iloc[-2:].to_numpy() == pytest.approx([0, 0], abs=1e-6)
    assert fit.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-6)
    assert fit.params_.iloc[:-2].to_numpy() == pytest.approx(plain.params_.to_numpy(), rel=1e-5)
    assert fit.expected_purchases(both, 9).to_numpy() == pytest.approx(plain.expected_purchases(both, 9).to_numpy())
