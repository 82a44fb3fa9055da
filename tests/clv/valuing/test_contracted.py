"""Contracts: worth by hand, ends drawn as they are expected, and late entry taken into account."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi2, kstest, norm

from clvlab.clv import BetaDiscreteWeibull, ShiftedBetaGeometric
from clvlab.clv.models.estimates import Estimate
from clvlab.clv.models.maximising import Optimum
from clvlab.clv.models.nbd import NBD
from clvlab.clv.models.outlook import Outlook
from clvlab.clv.models.renewals import RenewalFit
from clvlab.clv.valuing.contracted import Contracted, contract_value, fit_contracted
from clvlab.features.contract_spells import months_at_risk
from clvlab.periods import days_per
from clvlab.refusal import Refused

COHORT = [1000, 631, 468, 382, 326, 289, 262, 241]
FREE = Outlook(0.0, "month", horizon=1e6)
PARAMETERS = [(0.7, 1.2), (3.0, 40.0), (0.7, 2.5, 1.4), (2.0, 9.0, 0.6)]


def fit_at(*parameters: float) -> RenewalFit:
    """Return a fit with these parameters, known without error."""
    model = BetaDiscreteWeibull if len(parameters) == 3 else ShiftedBetaGeometric
    known = Optimum(np.log(parameters), 0.0, np.zeros(len(parameters)), 1e12 * np.eye(len(parameters)), True)
    return RenewalFit("known", Estimate(model.parameters, (True,) * len(parameters), known), 100.0, {})


# What a contract is worth --------------------------------------------------------------------------------------


def test_worth_by_hand():
    assert contract_value([1.0, 0.8, 0.64], 100.0, FREE).tolist() == pytest.approx([100 * (0.9 + 0.72)])
    assert contract_value([[1, 1, 1], [1, 0.5, 0]], [10.0, -4.0], FREE).tolist() == pytest.approx([20, -4])
    assert contract_value([1.0], 100.0, FREE).tolist() == [0]


@pytest.mark.parametrize(
    ("horizon", "months"),
    [(0, 0.0), (0.5, 0.475), (1, 0.9), (1.25, 0.9 + 0.25 * (0.8 + 0.76) / 2), (2, 1.62), (9, 1.62)],
)
def test_a_horizon_cuts_within_a_month(horizon, months):
    assert contract_value([1.0, 0.8, 0.64], 1.0, Outlook(0.0, "month", horizon)) == pytest.approx(months)


@settings(max_examples=60, deadline=None)
@given(
    annual=st.floats(0, 0.4),
    horizon=st.floats(0.1, 30),
    growth=st.floats(-0.2, 0.2),
    falls=st.lists(st.floats(0.5, 1), min_size=1, max_size=24),
)
def test_worth_against_quadrature(annual, horizon, growth, falls):
    outlook, curve = Outlook(annual, "month", horizon, growth, 6), np.cumprod([1.0, *falls])

    def worth(time):
        grown = (1 + growth) ** (min(time, 6) / 12)
        return np.interp(time, np.arange(len(curve)), curve) * grown * (1 + annual) ** (-time / 12)

    last = min(horizon, len(falls))
    cuts = [*range(int(np.ceil(last))), last]
    expected = sum(quad(worth, *ends, epsabs=0, epsrel=1e-10)[0] for ends in pairwise(cuts))
    # Within a month discounting and leaving are each taken by their mean.
    assert contract_value(curve, 7.0, outlook)[0] == pytest.approx(7 * expected, rel=2e-3)


def test_chances_far_ahead_are_chances_still():
    """With a shape of 5.5 a century is 1e18 steps: gamma functions of it, subtracted, told nothing."""
    chances = fit_at(0.0448, 90_765.0, 5.54).survival_from([46.0], np.linspace(0, 2_000, 60))[0]
    assert chances[0] == 1
    assert (np.diff(chances) < 0).all()
    assert chances[-1] == pytest.approx(
        (2_046**5.54 / 90_765) ** -0.0448 / (1 + 46**5.54 / 90_765) ** -0.0448, rel=1e-3
    )


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_worth_of_a_fitted_curve_is_the_integral_of_survival(parameters):
    fit, outlook = fit_at(*parameters), Outlook(0.1, "month", 36)
    curve = fit.survival_from([14.0], np.arange(37.0))
    expected = quad(lambda t: fit.survival_from([14.0], [t])[0, 0] * outlook.factor(t), 0, 36)[0]
    assert contract_value(curve, 1.0, outlook)[0] == pytest.approx(expected, rel=5e-4)


def test_discounting_and_leaving_lower_worth():
    curve = fit_at(0.7, 1.2).survival(36)
    worth = [contract_value(curve, 100, Outlook(rate, "month", 36))[0] for rate in (0, 0.05, 0.1, 0.3)]
    assert (np.diff(worth) < 0).all()
    assert contract_value(curve**2, 100, FREE)[0] < worth[0]


@pytest.mark.parametrize(
    ("survival", "sentence"),
    [
        ([0.9, 0.8], "must begin at 1 and never rise; give the chance to be there"),
        ([1.0, 0.8, 0.81], "must begin at 1 and never rise"),
        ([1.0, np.nan], "must begin at 1 and never rise"),
        ([1.0, 0.5, -0.1], "survival is below 0; give chances between 0 and 1"),
        ([[1.0, 0.9], [100.0, 90.0]], "must begin at 1"),
    ],
)
def test_curves_that_cannot_be_are_refused(survival, sentence):
    with pytest.raises(Refused, match=sentence):
        contract_value(survival, 1.0, FREE)


# Survival at any age -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_survival_from_any_age_is_that_of_the_cohort(parameters):
    fit = fit_at(*parameters)
    whole = fit.survival(40).to_numpy()
    assert fit.survival_from([0.0], np.arange(41)) == pytest.approx(whole[None])
    later = fit.survival_from(np.arange(0, 30.0), np.arange(11))
    assert later == pytest.approx(np.stack([whole[age : age + 11] / whole[age] for age in range(30)]))
    assert (later[:, 0] == 1).all()


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_survival_is_smooth_between_renewals(parameters):
    fine = fit_at(*parameters).survival_from([0.0, 3.3], np.linspace(0, 5, 5001))
    steps = -np.diff(fine, axis=1)
    assert (steps > 0).all()
    assert steps[:, 50:].max() < 0.002
    assert np.abs(np.diff(steps[:, 1000:], axis=1)).max() < 1e-6


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("age", [0.0, 0.4, 7.0, 61.5])
def test_ends_are_drawn_as_survival_says(parameters, age):
    fit = fit_at(*parameters)
    ends = fit.draw_ends(np.full(4000, age), np.array(parameters), np.random.default_rng(2))
    assert (ends >= 0).all()
    place = 1 - fit.survival_from([age], ends)[0]
    assert kstest(place, "uniform").pvalue > 0.001


def test_ends_of_contracts_that_hardly_ever_end_are_far_but_no_error():
    fit = fit_at(1e-3, 50.0)
    ends = fit.draw_ends(np.full(1000, 12.0), np.array([1e-3, 50.0]), np.random.default_rng(3))
    assert not np.isnan(ends).any()
    assert np.median(ends) > 1e6
    at_once = fit.draw_ends(np.zeros(1000), np.array([50.0, 1e-3]), np.random.default_rng(3))
    assert (at_once < 1).all()


@pytest.mark.parametrize("model", [ShiftedBetaGeometric, BetaDiscreteWeibull])
def test_contracts_that_are_all_alike_are_drawn_as_such(model):
    """Nothing but the ratio of alpha and beta is told then, and it is told well."""
    n = 400 * 0.97 ** np.arange(25)
    fit = model().fit_at_risk(n[:-1].round(), (0.03 * n[:-1]).round())
    drawn, expected = fit.draws(24, 1000)[:, [1, 12, 24]], fit.survival(24).to_numpy()[[1, 12, 24]]
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    assert expected == pytest.approx(0.97 ** np.array([1, 12, 24]), abs=0.02)
    assert ((low < expected) & (expected < high)).all()
    assert (high - low < 0.25).all(), (low, high)
    assert drawn.mean(axis=0) == pytest.approx(expected, abs=0.02)


# Late entry ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [ShiftedBetaGeometric, BetaDiscreteWeibull])
def test_counts_at_risk_of_one_cohort_are_the_cohort(model):
    survivors = np.array(COHORT)
    one, other = model().fit(survivors), model().fit_at_risk(survivors[:-1], -np.diff(survivors))
    assert other.params_.to_numpy() == pytest.approx(one.params_.to_numpy(), rel=1e-9)
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_)
    assert other.standard_errors_.to_numpy() == pytest.approx(one.standard_errors_.to_numpy(), rel=1e-6)
    assert other.title == one.title
    zeros = [*(0,) * 5]
    padded = model().fit_at_risk([*survivors[:-1], *zeros], [*-np.diff(survivors), *zeros])
    assert padded.params_.equals(other.params_)


def test_contracts_watched_in_parts_count_like_contracts_watched_whole():
    """One contract ended in its fifth month, seen from its third on: chances to outlive 2, and to end in the fifth."""
    fit = ShiftedBetaGeometric().fit_at_risk([100, 80, 61, 50, 41], [20, 20, 10, 10, 11])
    without = ShiftedBetaGeometric().fit_at_risk([100, 80, 60, 49, 40], [20, 20, 10, 10, 10])
    values = without.estimate.values()

    def log_survival(time):
        return np.log(fit_at(*values).survival_from([0.0], [float(time)])[0, 0])

    ended = np.log(np.exp(log_survival(4)) - np.exp(log_survival(5))) - log_survival(2)
    at = ShiftedBetaGeometric()._objective(np.array([100.0, 80, 61, 50, 41]), np.array([20.0, 20, 10, 10, 11]))
    assert at(np.log(values))[0] == pytest.approx(without.log_likelihood_ + ended)
    assert fit.log_likelihood_ > at(np.log(values))[0]


def spells(n: int, parameters, rng, window: float = 30.0) -> pd.DataFrame:
    """Return spells of contracts begun over ten years, seen through a window at the end; ends within a month."""
    alpha, beta, *c = parameters
    stay, power = np.log1p(-rng.beta(alpha, beta, n)), c[0] if c else 1.0
    duration = np.ceil((np.log(rng.random(n)) / stay) ** (1 / power)) - rng.random(n)
    began = rng.uniform(window - 120, window, n)
    seen = began + duration > 0
    until = np.minimum(duration, window - began)
    found = {"entry": np.maximum(-began, 0.0), "duration": until, "event": (until == duration).astype(int)}
    return pd.DataFrame(found)[seen]


@pytest.mark.parametrize("parameters", [(1.2, 25.0), (1.0, 30.0, 1.2)])
def test_late_entry_and_running_contracts_are_taken_into_account(parameters):
    seen = spells(12_000, parameters, np.random.default_rng(4))
    assert min((seen.entry > 0).mean(), (seen.event == 0).mean(), (seen.event == 1).mean()) > 0.1
    model = BetaDiscreteWeibull() if len(parameters) == 3 else ShiftedBetaGeometric()

    def off(entry) -> float:
        counts = months_at_risk(seen.assign(entry=entry))
        fit = model.fit_at_risk(counts.at_risk, counts.ended)
        assert fit.diagnostics_["converged"]
        far = np.log(fit.params_) - np.log(parameters)
        return float(far @ np.linalg.solve(fit.estimate.search_covariance(), far)) ** 0.5

    assert off(seen.entry) < np.sqrt(chi2.isf(2 * norm.sf(4), len(parameters)))
    assert off(0.0) > 8


def test_survival_is_estimated_as_in_the_truth_only_with_late_entry():
    truth, seen = (1.2, 25.0), spells(12_000, (1.2, 25.0), np.random.default_rng(5))
    expected = fit_at(*truth).survival(36)
    fits = [months_at_risk(seen.assign(entry=entry)) for entry in (seen.entry, 0.0)]
    curves = [ShiftedBetaGeometric().fit_at_risk(f.at_risk, f.ended) for f in fits]
    spread = curves[0].draws(36, 300)[:, 36].std()
    assert abs(curves[0].survival(36)[36] - expected[36]) < 4 * spread
    assert curves[1].survival(36)[36] - expected[36] > 4 * spread


@pytest.mark.parametrize(
    ("at_risk", "ended", "sentence"),
    [
        ([10, 5], [3], "at_risk has 2 periods and ended 1; give both for the same periods"),
        ([10, 5], [3, 6], "ended is missing, negative or above at_risk in period 2"),
        ([10, np.nan], [3, 1], "in period 2"),
        ([10, 5], [-1, 1], "in period 1"),
        (["many", 5], [1, 1], "at_risk and ended must be numbers"),
        ([10, 5], [0, 0], "None or all of the contracts ended"),
        ([10, 0, 0], [3, 0, 0], "were watched for 1 periods and Shifted-beta-geometric needs 2"),
        ([], [], "were watched for 0 periods"),
    ],
)
def test_counts_that_cannot_be_are_refused(at_risk, ended, sentence):
    with pytest.raises(Refused, match=sentence):
        ShiftedBetaGeometric().fit_at_risk(at_risk, ended)


# Customers under contract --------------------------------------------------------------------------------------


def under(n: int = 200, seed: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what fit_contracted reads: customers who order at their own rates, a third of whose contracts ended."""
    rng = np.random.default_rng(seed)
    seen = spells(6 * n, (1.2, 25.0), rng).head(n).reset_index(drop=True)
    weeks = (seen.duration - seen.entry) * days_per("month") / 7
    after = rng.uniform(1, 50, n) * seen.event
    rate = rng.gamma(2.0, 0.5, n)
    frame = {"customer_id": [f"k{i:03}" for i in range(n)], "event": seen.event, "age": seen.duration, "weeks": weeks}
    frame |= {"purchases": rng.poisson(rate * weeks), "weeks_after": after, "purchases_after": 0.0}
    return pd.DataFrame(frame), months_at_risk(seen)


def test_customers_whose_contract_runs_are_valued_and_all_contracts_are_fitted_to():
    frame, at_risk = under()
    found = fit_contracted(frame, at_risk)
    assert list(found.table.index) == list(frame.customer_id[frame.event == 0])
    assert found.rates.customers == len(frame)
    assert (found.probability_alive() == 1).all()
    r, alpha = found.rates.params_
    outlook = Outlook(0.1, "week", 52)
    bought, error = found.discounted_purchases(outlook)
    own = (r + found.table.frequency) / (alpha + found.table["T"])
    alone = [
        quad(lambda week, age=age: found.renewals.survival_from([age], [week * 7 / days_per("month")])[0, 0]
             * outlook.factor(week), 0, 52)[0]
        for age in found.table.age[:5]
    ]  # fmt: skip
    assert bought[:5].to_numpy() == pytest.approx((own[:5] * alone).to_numpy(), rel=error + 1e-8)


def test_purchases_after_the_end_are_relative_to_those_before():
    frame, at_risk = under()
    ended = frame.event == 1
    rate = frame.purchases / frame.weeks
    after = frame.assign(purchases_after=(0.3 * rate * frame.weeks_after).where(ended, 0.0))
    assert fit_contracted(after, at_risk).afterwards == pytest.approx(0.3)
    assert fit_contracted(frame, at_risk).afterwards == 0
    more = Outlook(0.1, "week", 300)
    with_, without = (fit_contracted(each, at_risk).discounted_purchases(more)[0] for each in (after, frame))
    assert (with_ > without).all()


def known(afterwards: float, parameters, n: int, age: float) -> Contracted:
    table = pd.DataFrame({"frequency": 40, "recency": 50.0, "T": 50.0, "age": np.full(n, age)})
    rates, _ = under()
    fit = fit_contracted(rates, months_at_risk(spells(2000, (1.2, 25.0), np.random.default_rng(7)))).rates
    return Contracted(fit, fit_at(*parameters), table, afterwards)


@pytest.mark.parametrize("afterwards", [0.0, 0.5])
@pytest.mark.parametrize("parameters", [(1.2, 25.0), (0.7, 8.5, 1.4)])
@pytest.mark.parametrize("age", [0.0, 30.0])
def test_draws_of_stays_have_the_purchases_that_are_expected(afterwards, parameters, age):
    stream, outlook = known(afterwards, parameters, 40_000, age), Outlook(0.1, "week", 300)
    rng = np.random.default_rng(8)
    values = stream.rates.estimate.values(), np.array(parameters)
    ones, worth = np.ones(len(stream.table)), np.zeros(len(stream.table))
    for stays in stream.prepared(slice(None))(values, rng):
        worth += stays.worth(ones, ones, 0 * ones, 0.0, outlook, rng)
    expected, error = stream.discounted_purchases(outlook)
    assert worth.mean() == pytest.approx(expected.iloc[0], abs=4.5 * worth.std() / 200 + error * worth.mean())


def test_older_contracts_are_the_safer_ones_where_chances_to_end_differ():
    frame = known(0.0, (1.2, 25.0), 4, 0.0).table.assign(age=[0.0, 12.0, 60.0, 240.0])
    stream = known(0.0, (1.2, 25.0), 4, 0.0)
    found, _ = Contracted(stream.rates, stream.renewals, frame, 0.0).discounted_purchases(Outlook(0.1, "week"))
    assert (np.diff(found) > 0).all()


def test_without_a_running_contract_there_is_nobody_to_value():
    frame, at_risk = under()
    with pytest.raises(Refused, match="No contract is running, so there is nobody to value by renewals"):
        fit_contracted(frame[frame.event == 1], at_risk)


def test_where_no_contract_ended_nothing_tells_how_long_they_last():
    frame, at_risk = under()
    with pytest.raises(Refused, match="None or all of the contracts ended"):
        fit_contracted(frame.assign(event=0), at_risk.assign(ended=0))


def test_too_few_who_order_are_refused():
    frame, at_risk = under()
    with pytest.raises(Refused, match="Only 9 customers bought again"):
        fit_contracted(frame.assign(purchases=(frame.index < 9) * 3), at_risk)


def test_rates_are_those_of_the_nbd():
    frame, at_risk = under()
    table = pd.DataFrame({"frequency": frame.purchases, "recency": 0.0, "T": frame.weeks})
    assert fit_contracted(frame, at_risk).rates.params_.to_numpy() == pytest.approx(NBD().fit(table).params_.to_numpy())
