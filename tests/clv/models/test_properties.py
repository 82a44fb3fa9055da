"""What holds for any data: weights, order, units, extremes, what each customer is told."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from purchasers import TRUTH, simulated
from scipy.integrate import quad
from scipy.special import betaln, hyp2f1

from clvlab.clv import BGBB, BGNBD, MBGNBD, GammaGamma, ParetoNBD
from clvlab.clv.models.histories import distinct, read_histories
from clvlab.clv.models.leaving import purchases_before_leaving
from clvlab.refusal import Refused

IN_TIME = [BGNBD, MBGNBD, ParetoNBD]
ALL = [*IN_TIME, BGBB]
EXTREMES = pd.DataFrame(
    [(x, recency, age) for age in (0.01, 10_000.0) for x, recency in ((0, 0), (1, age), (1000, 0), (1000, age))],
    columns=["frequency", "recency", "T"],
)


@pytest.fixture(scope="module")
def fits():
    """One fit per model, to 500 customers."""
    rng = np.random.default_rng(3)
    return {model: model().fit(simulated(model, 500, rng, 10)[0]) for model in ALL}


def tables(model):
    """Small tables of whole numbers with at least ten repeat buyers, some of them alike."""
    rows = st.tuples(st.integers(0, 6), st.integers(0, 10), st.integers(0, 10)).map(
        lambda row: (min(row[0], row[1]), row[1] if min(row[:2]) else 0, row[1] + row[2])
    )
    return st.lists(rows, min_size=1, max_size=8).map(
        lambda rows: pd.DataFrame(
            [*rows, *[(1, 3, 10)] * 5, *[(3, 9, 12)] * 4, (6, 10, 12), *[(0, 0, 12)] * 9],
            columns=["frequency", "recency", "T"],
        )
    )


@pytest.mark.parametrize("model", ALL)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_weights_equal_repeated_rows_in_any_order(model, data):
    table = data.draw(tables(model))
    counted = table.value_counts().rename("n").reset_index()
    shuffled = table.sample(frac=1, random_state=data.draw(st.integers(0, 99)))
    one, two, three = model().fit(table), model().fit(counted, weights="n"), model().fit(shuffled)
    for other in (two, three):
        # To the last bit, so also where the data leave parameters open.
        assert other.log_likelihood_ == one.log_likelihood_
        assert np.array_equal(other.params_, one.params_)
        assert np.array_equal(other.standard_errors_, one.standard_errors_, equal_nan=True)
    assert one.customers == two.customers == len(table)


@pytest.mark.parametrize("model", IN_TIME)
@settings(max_examples=5, deadline=None)
@given(factor=st.sampled_from([7.0, 1 / 7, 7 / 30.4375, 365.25]))
def test_another_time_unit_changes_units_only(model, factor):
    table, _ = simulated(model, 300, np.random.default_rng(5), 1)
    other = table.assign(recency=table.recency * factor, T=table["T"] * factor)
    one, two = model().fit(table), model().fit(other)
    scale = pd.Series({"alpha": factor, "beta": factor}).reindex(one.params_.index).fillna(1.0)
    assert (two.params_ / scale).to_numpy() == pytest.approx(one.params_.to_numpy(), rel=1e-5)
    assert (two.standard_errors_ / scale).to_numpy() == pytest.approx(one.standard_errors_.to_numpy(), rel=1e-5)
    ahead = one.expected_purchases(table, 26), two.expected_purchases(other, 26 * factor)
    assert ahead[1].to_numpy() == pytest.approx(ahead[0].to_numpy(), rel=1e-5)


@pytest.mark.parametrize("model", IN_TIME)
def test_extreme_histories_give_finite_monotone_answers(fits, model):
    fit = fits[model]
    assert fit.probability_alive(EXTREMES).between(0, 1).all()
    ahead = np.array([fit.expected_purchases(EXTREMES, horizon) for horizon in (0, 0.01, 1, 52, 1e4, 1e6)])
    assert np.all(np.isfinite(ahead))
    assert np.all(np.diff(ahead, axis=0) >= 0)
    assert np.all(ahead[0] == 0)
    assert np.isfinite(model().log_likelihood(read_histories(EXTREMES), tuple(fit.params_)).value).all()


@pytest.mark.parametrize("model", ALL)
@settings(max_examples=20, deadline=None)
@given(x=st.integers(0, 60), since=st.integers(0, 200), more=st.integers(0, 200), horizon=st.integers(0, 300))
def test_every_customer_is_told_something_possible(fits, model, x, since, more, horizon):
    recency = since + x if x else 0
    table = pd.DataFrame({"frequency": [x], "recency": [recency], "T": [recency + more]}, index=["k"])
    alive, ahead = fits[model].probability_alive(table), fits[model].expected_purchases(table, horizon)
    assert list(alive.index) == list(ahead.index) == ["k"]
    assert 0 <= alive["k"] <= 1
    assert fits[model].expected_purchases(table, horizon + 1)["k"] >= ahead["k"] >= 0
    silent = table.assign(T=table["T"] + 5)
    assert fits[model].probability_alive(silent)["k"] <= alive["k"] + 1e-12


@pytest.mark.parametrize("model", ALL)
def test_a_new_customer_and_one_without_repeat(fits, model):
    table = pd.DataFrame({"frequency": [0, 0], "recency": [0, 0], "T": [0, 30]}, index=["new", "once"])
    ahead = fits[model].expected_purchases(table, 20)
    assert ahead["new"] > ahead["once"] > 0
    if model is BGNBD:
        assert fits[model].probability_alive(table)["once"] == 1


def test_expected_purchases_of_bg_nbd_against_the_closed_form():
    table = pd.DataFrame({"frequency": [0, 2, 9, 40], "recency": [0, 30.0, 20.0, 38.0], "T": [39.0, 39, 39, 40]})
    r, alpha, a, b = 0.25, 4.4, 0.8, 2.4
    x, age = table.frequency.to_numpy(), table["T"].to_numpy()
    for horizon in (0.5, 39.0, 400.0):
        left = (alpha + age) / (alpha + age + horizon)
        closed = (
            (a + b + x - 1)
            / (a - 1)
            * (1 - left ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + age + horizon)))
        )
        found = BGNBD().purchases_if_alive(read_histories(table), (r, alpha, a, b), horizon)
        assert found == pytest.approx(closed, rel=1e-9)


@pytest.mark.parametrize(("r", "alpha", "a", "b"), [(0.25, 4.4, 0.8, 2.4), (1.0, 1.0, 0.2, 0.5), (0.3, 0.01, 1.0, 3.0)])
@pytest.mark.parametrize(("x", "age"), [(0, 0.0), (2, 39.0), (1000, 0.01)])
@pytest.mark.parametrize("horizon", [0.5, 52.0, 1e5])
def test_expected_purchases_of_bg_nbd_against_adaptive_quadrature(x, age, horizon, r, alpha, a, b):
    shape, ratio = r + x, horizon / (alpha + age)

    def bought(log_p):  # the chance to leave on its log scale
        p = np.exp(log_p)
        return np.exp((a - 1) * log_p + (b + x - 1) * np.log1p(-p)) * -np.expm1(-shape * np.log1p(ratio * p))

    ends = np.concatenate([np.linspace(-60 / min(a, 1), -1, 60), -np.geomspace(1, 1e-12, 30)[1:]])
    expected = sum(quad(bought, *piece, epsrel=1e-10)[0] for piece in pairwise(ends)) / np.exp(betaln(a, b + x))
    found = purchases_before_leaving(np.array([shape]), np.array([ratio]), np.array(a), np.array(b + x))
    assert found[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("model", ALL)
def test_draws_have_the_expected_mean_and_the_table_s_order(fits, model):
    table = simulated(model, 60, np.random.default_rng(8), 1)[0]
    drawn = fits[model].draws(table, horizon=20, n=3000, seed=2)
    assert drawn.shape == (3000, 60)
    assert drawn.dtype == np.int32
    assert drawn.min() >= 0
    expected = fits[model].expected_purchases(table, horizon=20)
    assert drawn.mean(axis=0).sum() == pytest.approx(expected.sum(), rel=0.06)
    assert np.corrcoef(drawn.mean(axis=0), expected)[0, 1] > 0.99
    again = fits[model].draws(table, horizon=20, n=3000, seed=2)
    assert np.array_equal(drawn, again)


def test_units_are_not_mixed():
    table = simulated(BGNBD, 200, np.random.default_rng(1), 1)[0]
    table.attrs["period"] = "week"
    fit = BGNBD().fit(table)
    days = table.copy()
    days.attrs["period"] = "day"
    with pytest.raises(Refused, match="days and the fit in weeks"):
        fit.probability_alive(days)


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from([0.0, -0.0, 1.0, 2.5]), st.integers(0, 2)), min_size=1, max_size=30))
def test_distinct_rows(rows):
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    first, inverse = distinct(columns)
    assert all(np.array_equal(column[first][inverse], column) for column in columns)
    assert len(first) == len(set(rows))


def test_what_cannot_be_told_is_named():
    alike = pd.DataFrame({"frequency": [1, 1], "recency": [20.0, 30.0], "T": [40.0, 40.0], "n": [30, 30]})
    for model in IN_TIME:
        fit = model().fit(alike, weights="n")
        said = fit.diagnostics_["flat_direction"]
        assert "too few" in said
        assert said in fit.title
        assert said in repr(fit)


def test_without_dropout_the_nbd_is_as_good():
    rng = np.random.default_rng(4)
    frequency = rng.poisson(rng.gamma(1.0, 0.1, 800) * 52)
    recency = np.where(frequency > 0, 52 * rng.beta(np.maximum(frequency, 1), 1), 0.0)
    fit = ParetoNBD().fit(pd.DataFrame({"frequency": frequency, "recency": recency, "T": 52.0}))
    assert fit.diagnostics_["never_dies_aic_gain"] < 2
    gone, _ = simulated(ParetoNBD, 800, rng, 1)
    assert ParetoNBD().fit(gone).diagnostics_["never_dies_aic_gain"] > 10


def test_a_fit_is_frozen_and_shows_itself(fits):
    fit = fits[BGNBD]
    with pytest.raises(AttributeError):
        fit.customers = 3
    assert list(fit.to_frame().columns) == ["parameter", "estimate", "standard_error", "lower", "upper"]
    assert fit.aic_ == pytest.approx(8 - 2 * fit.log_likelihood_)
    assert fit.bic_ == pytest.approx(4 * np.log(500) - 2 * fit.log_likelihood_)
    assert np.sqrt(np.diag(fit.covariance_)) == pytest.approx(fit.standard_errors_.to_numpy())
    assert repr(fit).startswith("BG/NBD, 500 customers")
    assert list(TRUTH[BGNBD]) == list(fit.params_.index)


def test_spend_of_each_customer():
    rng = np.random.default_rng(2)
    frequency = rng.integers(0, 6, 400)
    value = rng.gamma(5.0 * np.maximum(frequency, 1)) / np.maximum(frequency, 1) * 20 / rng.gamma(4.0, size=400)
    table = pd.DataFrame({"frequency": frequency, "monetary_value": np.where(frequency > 0, value, 0.0)})
    fit = GammaGamma().fit(table)
    p, q, v = fit.params_
    expected = fit.expected_value(table)
    assert expected[frequency == 0].to_numpy() == pytest.approx(p * v / (q - 1))
    drawn = fit.draws(table, n=2000)
    assert drawn.mean(axis=0)[frequency > 2] == pytest.approx(expected[frequency > 2].to_numpy(), rel=0.2)
    pounds = GammaGamma().fit(table.assign(monetary_value=table.monetary_value * 0.8))
    assert pounds.params_["v"] == pytest.approx(0.8 * v, rel=1e-5)
    assert pounds.params_["q"] == pytest.approx(q, rel=1e-5)
