"""Likelihoods by hand, by quadrature, and their derivatives by differences."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import betaln, gammaln

from clvlab.clv import BGBB, BGNBD, MBGNBD, ParetoNBD
from clvlab.clv.models.covariates import Logs, MeanDropout, _objective
from clvlab.clv.models.histories import read_histories
from clvlab.clv.models.never_dies import never_dies
from clvlab.clv.models.renewals import _log_survival
from clvlab.clv.models.spend import _objective as spend_objective

HISTORIES = pd.DataFrame(
    {
        "frequency": [0, 0, 1, 3, 26, 200, 1000],
        "recency": [0, 0, 5.0, 30.0, 30.86, 38.0, 0.0],
        "T": [0.0, 39, 39, 31, 31, 40, 60],
    }
)
MODELS = [
    (BGNBD, (0.25, 4.0, 0.8, 2.5)),
    (MBGNBD, (0.5, 6.2, 0.9, 1.6)),
    (ParetoNBD, (0.55, 10.58, 0.61, 11.67)),
    (ParetoNBD, (2.0, 0.5, 1.0, 30.0)),
]


def of(frequency, recency, age):
    return read_histories(pd.DataFrame({"frequency": [frequency], "recency": [recency], "T": [age]}))


@pytest.mark.parametrize(("frequency", "recency", "value"), [(0, 0, -0.59947382), (200, 38, 100.7957)])
def test_bg_nbd_at_the_numerical_edges(frequency, recency, value):
    found = BGNBD().log_likelihood(of(frequency, recency, 40), (0.25, 4.0, 0.8, 2.5)).value[0]
    assert found == pytest.approx(value, abs=5e-5 if frequency else 5e-9)


def by_quadrature(x, recency, age, r, alpha, s, beta):
    """Return log-likelihood and probability alive of Pareto/NBD, integrating piece by piece."""

    def gone_at(time):
        return np.exp(-(r + x) * np.log((alpha + time) / (alpha + recency)) - (s + 1) * np.log(beta + time))

    pieces = np.unique(recency + np.append(0, np.geomspace(1e-8, 1, 60)) * (age - recency))
    gone = sum(quad(gone_at, *ends, epsabs=0, epsrel=1e-12)[0] for ends in pairwise(pieces))
    alive = np.exp(-(r + x) * np.log((alpha + age) / (alpha + recency)) - s * np.log(beta + age))
    constant = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) - (r + x) * np.log(alpha + recency)
    return constant + np.log(s * gone + alive), alive / (s * gone + alive)


def test_pareto_nbd_where_the_hypergeometric_form_fails():
    found = ParetoNBD().log_likelihood(of(1000, 0, 10_000.0), (0.55, 10.58, 0.606, 11.67)).value[0]
    assert found == pytest.approx(3542.066, abs=5e-4)


@pytest.mark.parametrize(
    "parameters",
    [
        (0.5533, 10.578, 0.6062, 11.668),
        (0.5, 10.0, 0.6, 0.01),
        (0.5, 0.01, 0.6, 10.0),
        (5.0, 500.0, 0.05, 0.001),
        (200.0, 2000.0, 0.6, 5.0),
        (2.0, 20.0, 50.0, 3000.0),
    ],
)
@pytest.mark.parametrize(
    "history",
    [(0, 0, 39.0), (26, 30.86, 31.0), (1000, 0, 10_000.0), (1000, 0, 0.01), (1000, 5_000.0, 10_000.0), (0, 0, 1e4)],
)
def test_pareto_nbd_against_adaptive_quadrature(history, parameters):
    model, one = ParetoNBD(), of(*history)
    value, alive = by_quadrature(*history, *parameters)
    assert model.log_likelihood(one, parameters).value[0] == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert model.probability_alive(one, parameters)[0] == pytest.approx(alive, rel=1e-8, abs=1e-15)


def test_bg_bb_by_hand():
    alpha, beta, gamma, delta = 1.2, 0.75, 0.66, 2.8
    likely = sum(
        np.exp(betaln(alpha + 1, beta + last - 1) - betaln(alpha, beta) + betaln(gamma + left, delta + last))
        for last, left in ((4, 0), (2, 1), (3, 1))
    )
    found = BGBB().log_likelihood(of(1, 2, 4), (alpha, beta, gamma, delta)).value[0]
    assert found == pytest.approx(np.log(likely) - betaln(gamma, delta), abs=1e-12)


def assert_derivatives(objective, at) -> None:
    """Fail unless gradient and Hessian agree with central differences of value and gradient."""
    _, gradient, hessian = objective(at)
    step = 1e-5
    for i, direction in enumerate(np.eye(len(at))):
        up, down = objective(at + step * direction), objective(at - step * direction)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / (2 * step), rel=1e-6, abs=1e-5)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / (2 * step), rel=1e-6, abs=1e-5)


@pytest.mark.parametrize(("model", "parameters"), MODELS)
def test_derivatives(model, parameters):
    histories = read_histories(HISTORIES)
    assert_derivatives(_objective(model().log_likelihood, Logs(()), histories, 4), np.log(parameters))


@pytest.mark.parametrize(("model", "parameters"), MODELS)
def test_derivatives_with_covariates(model, parameters):
    table = HISTORIES.assign(x1=[0, 1, 0.5, -1, 0.2, 0.1, 0], x2=[1, 0, 0, 1, 1, 0, 0.5])
    histories = read_histories(table, covariates=["x1", "x2"])
    link = model.link
    at = np.concatenate([link.inward(np.array(parameters)), [0.3, -0.2, 0.1, 0.4]])
    assert_derivatives(_objective(model().log_likelihood, link, histories, 3), at)


def test_derivatives_of_the_rest():
    counts = pd.DataFrame({"frequency": [0, 1, 0, 2, 4], "recency": [0, 1, 0, 4, 5], "T": [5, 5, 2, 6, 5]})
    assert_derivatives(
        _objective(BGBB().log_likelihood, Logs(()), read_histories(counts), 9), np.log([1.2, 0.7, 0.6, 3])
    )
    assert_derivatives(_objective(never_dies, Logs(()), read_histories(HISTORIES), 9), np.log([0.5, 9]))
    x, mean = np.array([1.0, 2, 9]), np.array([12.0, 30, 25])
    assert_derivatives(spend_objective(x, mean, np.array([3.0, 1, 2])), np.log([6, 3.7, 15]))


@pytest.mark.parametrize("parameters", [(0.7, 1.2), (0.2, 1.4, 1.7)])
def test_derivatives_of_survival(parameters):
    time = np.arange(6.0)

    def objective(at):
        rows = _log_survival(at, time)
        return rows.value.sum(), rows.gradient.sum(axis=1), rows.hessian.sum(axis=2)

    assert_derivatives(objective, np.array(parameters))


def test_mean_dropout_moves_the_mean_and_keeps_the_size():
    link = MeanDropout(((2, 1.0),))
    inner = link.inward(np.array([0.2, 4.0, 0.8, 2.4]))
    assert np.allclose(link.outward(inner), (0.2, 4.0, 0.8, 2.4))
    _, _, a, b = link.outward(inner + np.array([0, 0, 1.0, 0]))
    assert (a + b, np.log(a / b)) == pytest.approx((3.2, np.log(0.8 / 2.4) + 1))
