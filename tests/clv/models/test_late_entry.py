"""Customers who were there before the records begin: Pareto/NBD with late entry."""

from functools import partial
from math import exp, lgamma, log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from purchasers import TRUTH
from scipy.integrate import dblquad
from scipy.stats import binomtest, gamma, kstest
from test_likelihoods import assert_derivatives

from clvlab.clv import BGBB, BGNBD, MBGNBD, ParetoNBD
from clvlab.clv.models.covariates import Logs, _objective
from clvlab.clv.models.histories import read_histories
from clvlab.clv.models.late_entry import given_a_purchase
from clvlab.refusal import Refused

HORIZON = 26.0
WINDOW = 104.0
YEARS_BEFORE = 260.0
MODEL = ParetoNBD()
HISTORIES = pd.DataFrame(
    {
        "frequency": [0, 0, 1, 3, 26, 200, 2],
        "recency": [0, 0, 0.0, 30.0, 30.86, 38.0, 5.0],
        "T": [0.0, 39, 39, 31, 31, 40, 39],
        "entry": [0.0, 12, 52, 0, 260, 8.5, 1000],
    }
)
PARAMETERS = [(0.55, 10.58, 0.61, 11.67), (2.0, 0.5, 1.0, 30.0), (0.9, 8.0, 3.0, 0.4)]


def population(rng, n, r, alpha, s, beta) -> pd.DataFrame:
    """Customers won evenly over five years before a window and in it, who are still there when it begins.

    Columns as a fit takes them, whether they are alive at the window's end, and their purchases after it.
    """
    won = rng.uniform(-YEARS_BEFORE, WINDOW, n)
    rate = rng.gamma(r, 1 / alpha, n)
    leaves = won + rng.exponential(1 / rng.gamma(s, 1 / beta, n))
    keep = leaves > 0
    won, rate, leaves = won[keep], rate[keep], leaves[keep]
    first, n = np.maximum(won, 0.0), len(won)
    active = np.minimum(leaves, WINDOW) - first
    frequency = rng.poisson(rate * active)
    recency = np.where(frequency > 0, active * rng.beta(np.maximum(frequency, 1), 1), 0.0)
    return pd.DataFrame(
        {
            "frequency": frequency,
            "recency": recency,
            "T": WINDOW - first,
            "entry": np.maximum(-won, 0.0),
            "alive": leaves > WINDOW,
            "future": rng.poisson(rate * np.clip(leaves - WINDOW, 0.0, HORIZON)),
        }
    )


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return population(np.random.default_rng(5), 12_000, **TRUTH[ParetoNBD])


@pytest.fixture(scope="module")
def fit(customers):
    return MODEL.fit(customers, entry="entry")


def z_scores(fit) -> pd.Series:
    assert fit.diagnostics_["converged"]
    return (fit.params_ - list(TRUTH[ParetoNBD].values())) / fit.standard_errors_


def test_without_late_entry_nothing_changes(customers):
    new = customers[customers.entry == 0].head(800)
    plain, with_zeros = MODEL.fit(new), MODEL.fit(new, entry="entry")
    assert plain.log_likelihood_ == with_zeros.log_likelihood_
    assert np.array_equal(plain.params_, with_zeros.params_)
    assert np.array_equal(plain.covariance_, with_zeros.covariance_)
    assert plain.diagnostics_ == with_zeros.diagnostics_
    assert plain.probability_alive(new).equals(with_zeros.probability_alive(new))
    assert plain.expected_purchases(new, 9).equals(with_zeros.expected_purchases(new, 9))
    assert np.array_equal(plain.draws(new, 9, n=5), with_zeros.draws(new, 9, n=5))


def test_weights_equal_repeated_rows(customers):
    table = customers.sample(300, random_state=1)[["frequency", "recency", "T", "entry"]]
    n = np.random.default_rng(1).integers(1, 4, len(table))
    repeated = table.loc[table.index.repeat(n)].sample(frac=1, random_state=2)
    one, two = MODEL.fit(table.assign(n=n), weights="n", entry="entry"), MODEL.fit(repeated, entry="entry")
    assert one.log_likelihood_ == two.log_likelihood_
    assert np.array_equal(one.params_, two.params_)
    assert one.customers == two.customers == n.sum()


def test_rows_that_differ_in_entry_only_are_distinct():
    alike = HISTORIES.assign(frequency=1, recency=3.0, T=40.0)
    assert len(read_histories(alike)) == 1
    assert len(read_histories(alike, entry="entry")) == alike.entry.nunique() == 6
    assert read_histories(alike, entry="entry").rows(slice(2, 4)).entry.tolist() == [12.0, 52.0]


def log_density(log_rate, shape, scale) -> float:
    """Return the log density of the log of a gamma variable."""
    return shape * (log(scale) + log_rate) - scale * exp(log_rate) - lgamma(shape)


@pytest.mark.parametrize("history", [(0, 0.0, 39.0, 52.0), (1, 0.0, 39.0, 8.0), (7, 30.0, 40.0, 260.0)])
@pytest.mark.parametrize("parameters", PARAMETERS)
def test_likelihood_is_that_of_customers_still_there(history, parameters):
    x, recency, age, entry = history
    r, alpha, s, beta = parameters

    def given_rates(log_mu, log_rate, lived_on):
        rate, mu = exp(log_rate), exp(log_mu)
        alive = exp(-(rate + mu) * age)
        gone = mu / (rate + mu) * (exp(-(rate + mu) * recency) - alive)
        density = log_density(log_rate, r, alpha) + log_density(log_mu, s, beta + entry)
        return exp(x * log_rate + density) * (alive if lived_on else alive + gone)

    ends = [log(dist.ppf(1e-9)) for dist in (gamma(r + x, scale=1 / (alpha + age)), gamma(s, scale=1 / (beta + 300)))]
    ends += [log(dist.isf(1e-9)) for dist in (gamma(r + x, scale=1 / alpha), gamma(s, scale=1 / beta))]
    total, alive = (
        dblquad(given_rates, ends[0], ends[2], ends[1], ends[3], args=(lived_on,), epsabs=0, epsrel=1e-5)[0]
        for lived_on in (False, True)
    )
    one = read_histories(pd.DataFrame([history], columns=["frequency", "recency", "T", "entry"]), entry="entry")
    assert MODEL.log_likelihood(one, parameters).value[0] == pytest.approx(log(total), abs=1e-5)
    assert MODEL.probability_alive(one, parameters)[0] == pytest.approx(alive / total, rel=1e-5)


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("covariates", [[], ["x1"]])
def test_derivatives(parameters, covariates):
    table = HISTORIES.assign(x1=[0, 1, 0.5, -1, 0.2, 0.1, 0])
    histories = read_histories(table, covariates=covariates, entry="entry")
    link = MODEL.link if covariates else Logs(())
    at = np.append(np.log(parameters), [0.3, -0.2][: 2 * len(covariates)])
    assert_derivatives(_objective(MODEL.log_likelihood, link, histories, 4), at)


def test_parameters_are_recovered(fit):
    assert fit.entry == "entry"
    assert (z_scores(fit).abs() < 4).all(), z_scores(fit)
    assert fit.diagnostics_["never_dies_aic_gain"] > 10


def test_silent_customers_left_out(customers):
    seen = customers[(customers.entry == 0) | (customers.frequency > 0)]
    assert z_scores(MODEL.fit(seen, entry="entry")).abs().max() > 6
    fit = MODEL.fit(seen, entry="entry", silent_left_out=True)
    assert (z_scores(fit).abs() < 4).all(), z_scores(fit)
    assert fit.diagnostics_["never_dies_aic_gain"] > 10
    with pytest.raises(Refused, match="frequency is 0 where entry is above 0 in rows"):
        MODEL.fit(customers, entry="entry", silent_left_out=True)


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_derivatives_given_a_purchase(parameters):
    histories = read_histories(HISTORIES[(HISTORIES.entry == 0) | (HISTORIES.frequency > 0)], entry="entry")
    likelihood = given_a_purchase(MODEL.log_likelihood)
    assert_derivatives(_objective(likelihood, Logs(()), histories, 4), np.log(parameters))


def test_ignoring_entry_does_not_recover_dropout(customers, fit):
    ignored = MODEL.fit(customers)
    assert z_scores(ignored)["s"] < -6
    new = (customers.entry == 0).to_numpy()
    seen, error = customers.alive[new].mean(), customers.alive[new].std() / np.sqrt(new.sum())
    assert abs(fit.probability_alive(customers)[new].mean() - seen) < 4 * error
    assert ignored.probability_alive(customers)[new].mean() - seen > 4 * error


def test_probability_alive_is_calibrated(customers, fit):
    frame = customers.assign(said=fit.probability_alive(customers))
    frame["tenth"] = pd.qcut(frame.said, 10, labels=False)
    for early in (True, False):
        for _, group in frame[(frame.entry > 0) == early].groupby("tenth"):
            error = np.sqrt((group.said * (1 - group.said)).sum()) / len(group)
            assert abs(group.alive.mean() - group.said.mean()) < 4 * error + 0.01


def test_future_counts_are_uniform_among_the_draws(customers, fit):
    drawn = fit.draws(customers, HORIZON, n=80, seed=3)
    future = customers.future.to_numpy()
    below, same = (drawn < future).sum(axis=0), (drawn == future).sum(axis=0)
    place = (below + np.random.default_rng(6).random(len(future)) * (same + 1)) / (len(drawn) + 1)
    for group in (customers.entry > 0, customers.entry == 0):
        inside = int(((place[group] > 0.05) & (place[group] < 0.95)).sum())
        assert binomtest(inside, int(group.sum()), 0.9).pvalue > 0.001
        assert kstest(place[group], "uniform").pvalue > 0.001
    expected = fit.expected_purchases(customers, HORIZON)
    assert drawn.mean(axis=0).sum() == pytest.approx(expected.sum(), rel=0.05)


@settings(max_examples=30, deadline=None)
@given(
    x=st.integers(0, 60),
    since=st.floats(0, 200),
    more=st.floats(0.1, 200),
    entries=st.lists(st.floats(0, 2000), min_size=2, max_size=5).map(sorted),
)
def test_the_longer_known_the_likelier_alive(fit, x, since, more, entries):
    recency = since if x else 0.0
    table = pd.DataFrame({"frequency": x, "recency": recency, "T": recency + more, "entry": entries})
    alive, ahead = fit.probability_alive(table), fit.expected_purchases(table, 52)
    assert alive.between(0, 1).all()
    assert (alive.diff().dropna() >= -1e-12).all()
    assert (ahead.diff().dropna() >= -1e-9).all()


@pytest.mark.parametrize("model", [BGNBD, MBGNBD, BGBB])
def test_models_without_a_form_refuse(model, customers):
    with pytest.raises(Refused, match=rf"{model.name} has no form for customers .* use ParetoNBD or leave those"):
        model().fit(customers, entry="entry")


def test_tables_that_cannot_be(customers, fit):
    table = customers.head(50).set_axis([f"k{i}" for i in range(50)])
    for value, sentence in ((-1.0, "is negative in row 'k3'; correct"), (np.nan, "is missing in row 'k3'; fill")):
        broken = table.assign(entry=table.entry.where(table.index != "k3", value))
        with pytest.raises(Refused, match=f"entry {sentence}"):
            MODEL.fit(broken, entry="entry")
        with pytest.raises(Refused, match=f"entry {sentence}"):
            fit.probability_alive(broken)
    with pytest.raises(Refused, match="entry is not numeric in rows 'k0'"):
        MODEL.fit(table.assign(entry="long"), entry="entry")
    for ask in (fit.probability_alive, partial(fit.expected_purchases, horizon=9), partial(fit.draws, horizon=9)):
        with pytest.raises(Refused, match="no column 'entry'"):
            ask(table.drop(columns="entry"))
    with pytest.raises(Refused, match="recency is above 0 where frequency is 0 in row 'k3'"):
        MODEL.fit(table.assign(recency=table["T"] / 2, frequency=(table.index != "k3") * 1), entry="entry")
