"""Contribution margins: likelihood by quadrature, recovery of known truth, and what holds for any data."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.stats import binomtest

from clvlab.clv import ContributionMargin, GammaGamma
from clvlab.clv.models.margins import _objective
from clvlab.refusal import Refused

TRUTH = {"m": 20.0, "k": 0.5, "a": 3.0, "b": 400.0}
SEEDS = range(8)


def simulated(seed, n=250, m=20.0, k=0.5, a=3.0, b=400.0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return summaries of n customers, some without purchase, and their true means."""
    rng = np.random.default_rng([seed, 14])
    purchases = rng.integers(0, 12, n)
    variance = b / rng.gamma(a, size=n)
    mean = rng.normal(m, np.sqrt(variance / k))
    values = rng.normal(mean[:, None], np.sqrt(variance)[:, None], (n, 11))
    values[np.arange(11) >= purchases[:, None]] = np.nan
    frame = pd.DataFrame(values)
    own = {"mean_value": frame.mean(axis=1), "value_variance": frame.var(axis=1, ddof=0)}
    return pd.DataFrame({"valued_purchases": purchases, **own}), mean


@pytest.fixture(scope="module")
def fitted():
    """One fit, its table and the true means."""
    table, truth = simulated(1)
    return ContributionMargin().fit(table), table, truth


def columns(values) -> tuple[np.ndarray, ...]:
    return tuple(np.array(column, dtype=float) for column in values)


@pytest.mark.parametrize("values", [(-3.0,), (1.0, 4.0), (25.0, 30.0, 21.0), (-8.0, 2.0, 1.0, 3.0)])
def test_likelihood_against_quadrature(values):
    m, k, a, b = 2.0, 0.7, 2.5, 9.0
    centre = (k * m + sum(values)) / (k + len(values))

    def normal(x, mean, variance):
        return math.exp(-((x - mean) ** 2) / variance / 2) / math.sqrt(2 * math.pi * variance)

    def density(z, log_variance):
        variance = math.exp(log_variance)
        width = math.sqrt(variance / (k + len(values)))
        mean = centre + z * width
        own = math.prod(normal(x, mean, variance) for x in values) * normal(mean, m, variance / k)
        scale = b**a / math.gamma(a) * variance ** (-a - 1) * math.exp(-b / variance)
        return own * scale * variance * width

    expected = dblquad(density, -3, 12, -8, 8, epsabs=0, epsrel=1e-7)[0]
    n, mean, squares = columns([[len(values)], [np.mean(values)], [len(values) * np.var(values)]])
    found = _objective(n, mean, squares, np.ones(1))(np.array([m, *np.log([k, a, b])]))[0]
    assert found == pytest.approx(np.log(expected), abs=1e-6)


def test_log_likelihood_is_on_the_scale_of_the_money(fitted):
    fit, table, _ = fitted
    used = table[table.valued_purchases > 0]
    n, mean, variance = columns([used.valued_purchases, used.mean_value, used.value_variance])
    at = np.append(fit.params_["m"], np.log(fit.params_[["k", "a", "b"]]))
    value, gradient, hessian = _objective(n, mean, n * variance, np.ones(len(n)))(at)
    assert fit.log_likelihood_ == pytest.approx(value, abs=0.01)  # prices that hardly vary are moved a little
    assert np.linalg.norm(gradient * [at[0], 1, 1, 1]) < 0.1
    errors = np.sqrt(np.diag(np.linalg.inv(-hessian))) * [1, *np.exp(at[1:])]
    assert fit.standard_errors_.to_numpy() == pytest.approx(errors, rel=1e-3)
    assert np.sqrt(np.diag(fit.covariance_)) == pytest.approx(fit.standard_errors_.to_numpy())


@pytest.mark.parametrize("parameters", [(2.0, 0.7, 2.5, 9.0), (-30.0, 20.0, 0.3, 0.5), (9.0, 0.01, 40.0, 900.0)])
def test_derivatives(parameters):
    table = columns([[1, 2, 9, 400], [-3, 5, 30, 8], [0, 4.5, 90, 2000], [3, 1, 2, 1]])
    objective, at, step = _objective(*table), np.array([parameters[0], *np.log(parameters[1:])]), 1e-5
    _, gradient, hessian = objective(at)
    for i, direction in enumerate(np.eye(4)):
        up, down = objective(at + step * direction), objective(at - step * direction)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / (2 * step), rel=1e-6, abs=1e-5)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / (2 * step), rel=1e-6, abs=1e-5)


def test_parameters_and_own_means_lie_within_their_intervals():
    parameters, own = [], []
    for seed in SEEDS:
        table, truth = simulated(seed)
        fit = ContributionMargin().fit(table)
        assert fit.diagnostics_["converged"]
        frame = fit.to_frame()
        parameters += ((frame.lower <= list(TRUTH.values())) & (frame.upper >= list(TRUTH.values()))).tolist()
        lower, upper = np.quantile(fit.draws(table, n=400, seed=seed), [0.05, 0.95], axis=0)
        own += ((lower <= truth) & (upper >= truth)).tolist()
    for hits in (parameters, own):
        assert binomtest(sum(hits), len(hits), 0.9).pvalue > 0.001, (sum(hits), len(hits))


def test_what_each_customer_is_expected_to_bring(fitted):
    fit, table, truth = fitted
    expected = fit.expected_value(table)
    assert expected.name == "expected_value"
    assert (expected[table.valued_purchases == 0] == fit.params_["m"]).all()
    bought = table.valued_purchases > 0
    between = (expected - table.mean_value) * (fit.params_["m"] - expected)
    assert (between[bought] >= -1e-9).all()
    assert ((expected - truth)[bought] ** 2).mean() < ((table.mean_value - truth)[bought] ** 2).mean()
    drawn = fit.draws(table, n=2000)
    assert drawn.shape == (2000, len(table))
    several = (table.valued_purchases > 2).to_numpy()
    assert np.abs(drawn.mean(axis=0) - expected)[several].max() < 1.5
    assert np.array_equal(drawn, fit.draws(table, n=2000))


@settings(max_examples=20, deadline=None)
@given(mean=st.floats(-200, 200), variance=st.floats(1, 1e4), n=st.integers(2, 500))
def test_a_mean_is_the_surer_the_more_purchases(fitted, mean, variance, n):
    fit, *_ = fitted
    table = pd.DataFrame({"valued_purchases": [n, 4 * n], "mean_value": mean, "value_variance": variance})
    near, nearer = fit.expected_value(table)
    assert min(mean, fit.params_["m"]) - 1e-9 <= near <= max(mean, fit.params_["m"]) + 1e-9
    assert abs(nearer - mean) <= abs(near - mean)
    k, a, b = fit.params_[["k", "a", "b"]]
    size = table.valued_purchases
    scale = b + size * variance / 2 + k * size / (2 * (k + size)) * (mean - fit.params_["m"]) ** 2
    spread = np.sqrt(scale / (a + size / 2 - 1) / (k + size))
    assert spread[1] < spread[0]
    rng, many = np.random.default_rng(1), table.loc[table.index.repeat(4000)]
    means, variances = fit.draw_means(fit.estimate.values(), fit.arrays(many), rng)
    assert (variances > 0).all()
    middle = np.quantile(means.reshape(2, -1), [0.25, 0.75], axis=1)
    assert middle[1, 1] - middle[0, 1] < middle[1, 0] - middle[0, 0]


@settings(max_examples=8, deadline=None)
@given(copies=st.lists(st.integers(0, 3), min_size=250, max_size=250), seed=st.integers(0, 99))
def test_weights_equal_repeated_rows_in_any_order(copies, seed):
    table = simulated(2)[0]
    copies[:100] = [1] * 100
    repeated = table.loc[table.index.repeat(copies)]
    one = ContributionMargin().fit(table.assign(n=copies), weights="n")
    for other in (repeated, repeated.sample(frac=1, random_state=seed)):
        two = ContributionMargin().fit(other)
        assert np.array_equal(one.params_, two.params_)
        assert np.array_equal(one.standard_errors_, two.standard_errors_)
        assert (one.log_likelihood_, one.customers) == (two.log_likelihood_, two.customers)
        assert dict(one.diagnostics_) == dict(two.diagnostics_)


@settings(max_examples=15, deadline=None)
@given(unit=st.sampled_from([1e-2, 1.0, 7.0, 1e6]), sign=st.sampled_from([-1, 1]), shift=st.integers(-300, 300))
def test_another_currency_zero_or_sign_changes_the_money_only(fitted, unit, sign, shift):
    fit, table, _ = fitted
    factor = sign * unit
    mean = (table.mean_value + shift) * factor
    other = table.assign(mean_value=mean, value_variance=table.value_variance * factor**2)
    again = ContributionMargin().fit(other)
    moved = fit.params_ * [factor, 1, 1, factor**2] + [shift * factor, 0, 0, 0]
    assert again.params_.to_numpy() == pytest.approx(moved.to_numpy(), rel=1e-5, abs=1e-5 * unit)
    errors = fit.standard_errors_ * [unit, 1, 1, unit**2]
    assert again.standard_errors_.to_numpy() == pytest.approx(errors.to_numpy(), rel=1e-4)
    density = fit.log_likelihood_ - table.valued_purchases.sum() * np.log(unit)
    assert again.log_likelihood_ == pytest.approx(density, abs=1e-5)
    expected = (fit.expected_value(table) + shift) * factor
    assert again.expected_value(other).to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-5, abs=1e-4 * unit)
    spread = fit.draws(table, n=300).std(axis=0) * unit
    assert np.median(again.draws(other, n=300).std(axis=0) / spread) == pytest.approx(1, abs=0.1)
    assert again.diagnostics_["flat_direction"] == ""


def test_positive_values_give_what_gamma_gamma_gives():
    rng = np.random.default_rng(4)
    n = rng.integers(2, 15, 500)
    scale = 60 / rng.gamma(4.0, size=500)
    values = rng.gamma(6.0, scale[:, None], (500, 14))
    values[np.arange(14) >= n[:, None]] = np.nan
    frame = pd.DataFrame(values)
    own = {"mean_value": frame.mean(axis=1), "value_variance": frame.var(axis=1, ddof=0)}
    table = pd.DataFrame({"valued_purchases": n, "frequency": n, "monetary_value": own["mean_value"], **own})
    margin, gamma = ContributionMargin().fit(table), GammaGamma().fit(table)
    assert np.corrcoef(margin.expected_value(table), gamma.expected_value(table))[0, 1] > 0.98
    for fit in (margin, gamma):  # one table, one call: a valuation takes either
        rng = np.random.default_rng(5)
        block = tuple(column[100:200] for column in fit.arrays(table))
        drawn = [fit.draw_means(parameters, block, rng) for parameters in fit.estimate.draws(300, rng)]
        means, variances = np.mean(drawn, axis=0)
        assert means == pytest.approx(fit.expected_value(table)[100:200].to_numpy(), rel=0.2)
        assert np.median(variances / (6 * scale**2)[100:200]) == pytest.approx(1, abs=0.35)
    one = gamma.draw_means(np.array([6.0, 4.0, 60.0]), gamma.arrays(table), np.random.default_rng(5))
    assert one[1] == pytest.approx(one[0] ** 2 / 6)


def test_extremes_are_fitted_or_said():
    table = simulated(3)[0]
    plain = ContributionMargin().fit(table)
    huge = pd.concat([table, pd.DataFrame({"valued_purchases": [1], "mean_value": 1e7, "value_variance": np.nan})])
    robust = ContributionMargin().fit(huge)
    assert robust.diagnostics_["converged"]
    assert abs(robust.params_["m"] - plain.params_["m"]) < plain.standard_errors_["m"]
    flat = ContributionMargin().fit(table.assign(value_variance=table.value_variance.where(table.index > 50, 0.0)))
    assert flat.diagnostics_["converged"]
    alike = ContributionMargin().fit(table.assign(mean_value=20.0))
    assert "k not identified" in alike.diagnostics_["flat_direction"]
    assert "k not identified" in repr(alike)
    few = ContributionMargin().fit(table[table.valued_purchases > 1].head(10))
    assert np.isfinite(few.draws(table, n=20)).all()
    assert plain.diagnostics_["left_out"] == (table.valued_purchases == 0).sum()
    assert plain.diagnostics_["within_ninety"] == pytest.approx(0.9, abs=0.06)
    assert abs(plain.diagnostics_["correlation_with_frequency"]) < 0.3


def test_means_on_one_side_are_said():
    table, truth = simulated(5)
    assert ContributionMargin().fit(table).diagnostics_["lopsided"] == ""
    deviation = np.exp(np.random.default_rng(6).normal(3, 1.5, len(table)))
    large = table.assign(mean_value=deviation * 2 + truth / 20, value_variance=deviation**2)
    large["value_variance"] = large.value_variance.where(large.valued_purchases > 1)
    fit = ContributionMargin().fit(large)
    assert "lie above m, where the model expects half: it is too low" in fit.diagnostics_["lopsided"]
    assert fit.diagnostics_["lopsided"] in fit.title
    assert "lie below m" in ContributionMargin().fit(large.assign(mean_value=-large.mean_value)).title


def test_a_start_is_taken_and_leads_to_the_same(fitted):
    fit, table, _ = fitted
    again = ContributionMargin().fit(table, start={"m": -5, "k": 2, "a": 1, "b": 50})
    assert again.params_.to_numpy() == pytest.approx(fit.params_.to_numpy(), rel=1e-4)
    with pytest.raises(Refused, match="start needs a value for m"):
        ContributionMargin().fit(table, start={"k": 2, "a": 1, "b": 50})
    with pytest.raises(Refused, match="start needs a value above 0 for a"):
        ContributionMargin().fit(table, start={"m": -5, "k": 2, "b": 50})


GOOD = pd.DataFrame(
    {"valued_purchases": [1, 2, 3, 0] * 5, "mean_value": np.arange(20.0) - 8, "value_variance": [0, 4, 5, 0] * 5},
    index=[f"k{i}" for i in range(20)],
)


def broken(column, row, value) -> pd.DataFrame:
    table = GOOD.astype({column: object})
    table.loc[row, column] = value
    return table if isinstance(value, str) else table.astype({column: float})


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (broken("valued_purchases", "k1", -2), "valued_purchases is negative in row 'k1'; correct"),
        (broken("valued_purchases", "k1", 1.5), "valued_purchases is no whole number in row 'k1'"),
        (broken("valued_purchases", "k1", np.nan), "valued_purchases is missing in row 'k1'"),
        (broken("value_variance", "k2", -0.1), "value_variance is negative in row 'k2'"),
        (broken("value_variance", "k2", np.nan), "value_variance is missing in row 'k2'"),
        (broken("value_variance", "k0", 3), "value_variance is above 0 for a single purchase in row 'k0'"),
        (broken("mean_value", "k2", "9 EUR"), "mean_value is not numeric in row 'k2'"),
        (broken("mean_value", "k0", np.inf), "mean_value is missing in row 'k0'"),
        (GOOD.drop(columns="mean_value"), "no column 'mean_value'"),
        (GOOD.head(0), "no rows"),
        (GOOD.head(12), "Only 6 rows have valued_purchases above 1 .* needs 10"),
        (GOOD.assign(value_variance=0), "value_variance is 0 in all rows"),
        ([1, 2], "Give a pandas DataFrame"),
    ],
)
def test_tables_that_cannot_be(table, sentence):
    with pytest.raises(Refused, match=sentence):
        ContributionMargin().fit(table)


def test_what_need_not_be_known_may_be_missing():
    known = ContributionMargin().fit(GOOD)
    table = GOOD.assign(
        mean_value=GOOD.mean_value.where(GOOD.valued_purchases > 0),
        value_variance=GOOD.value_variance.where(GOOD.valued_purchases > 1),
    )
    assert np.array_equal(ContributionMargin().fit(table).params_, known.params_)
    assert known.expected_value(table).index.equals(table.index)
    with pytest.raises(Refused, match="n is negative in row 'k0'"):
        ContributionMargin().fit(GOOD.assign(n=[-1.0] + [1.0] * 19), weights="n")
