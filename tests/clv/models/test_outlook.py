"""Time ahead counts as integrals say, in any unit, and nobody stays with a chance above 1."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln, hyperu

from clvlab.clv import BGNBD, MBGNBD, ParetoNBD
from clvlab.clv.models.estimates import Estimate
from clvlab.clv.models.histories import read_histories
from clvlab.clv.models.maximising import Optimum
from clvlab.clv.models.outlook import Outlook
from clvlab.clv.models.purchases import PurchaseFit
from clvlab.features import transaction_summary
from clvlab.periods import DAYS_PER_YEAR, PERIODS, days_per, discount_factor
from clvlab.refusal import Refused

TRUTH = {
    BGNBD: (0.8, 6.0, 1.2, 4.0),
    MBGNBD: (0.9, 6.0, 1.0, 4.0),
    ParetoNBD: (0.55, 10.58, 0.61, 11.67),
}
HISTORIES = pd.DataFrame(
    {"frequency": [0, 1, 3, 26, 400], "recency": [0, 5.0, 30.0, 30.86, 38.0], "T": [39.0, 39, 31, 31, 40]}
)
RATES = st.floats(0.005, 0.6)
GROWTHS = st.floats(-0.3, 0.4)
UNITS = st.sampled_from(PERIODS)


def fit_at(model, parameters, period=None) -> PurchaseFit:
    """Return a fit with these parameters, known without error."""
    optimum = Optimum(np.log(parameters), 0.0, np.zeros(4), 1e12 * np.eye(4), True)
    estimate = Estimate(model.parameters, (True,) * 4, optimum)
    return PurchaseFit("known", estimate, 100.0, {}, model(), (), period, None)


def years(periods: float, period: str) -> float:
    return periods * days_per(period) / DAYS_PER_YEAR


def by_pieces(function, end: float, *bends: float) -> float:
    """Return the integral from 0, on pieces that double in length."""
    cuts = [0.0, *(end * 2.0 ** np.arange(-24, 0)), *(bend for bend in bends if 0 < bend < end), end]
    return sum(quad(function, *ends, epsabs=0, epsrel=1e-11)[0] for ends in pairwise(np.unique(cuts)))


# Time ----------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    annual=RATES,
    period=UNITS,
    horizon=st.floats(0, 900),
    growth=GROWTHS,
    lasts=st.floats(0, 500),
    stay=st.tuples(st.floats(0, 1000), st.floats(0, 1000)).map(sorted),
    power=st.sampled_from([1, 2]),
)
def test_time_is_an_integral(annual, period, horizon, growth, lasts, stay, power):
    outlook = Outlook(annual, period, horizon, growth, lasts)

    def weight(time):
        return (1 + growth) ** years(min(time, lasts), period) * (1 + annual) ** (-power * years(time, period))

    begin, end = np.minimum(stay, outlook.end)
    cuts = np.unique([begin, *(cut for cut in (lasts, *range(50, 900, 50)) if begin < cut < end), end])
    expected = sum(quad(weight, *ends, epsabs=0, epsrel=1e-10)[0] for ends in pairwise(cuts))
    found = outlook.time(np.array(stay[:1]), np.array(stay[1:]), power)[0]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(annual=RATES, growth=GROWTHS, lasts=st.floats(0, 500), cuts=st.lists(st.floats(0, 2000), min_size=3, max_size=3))
def test_time_adds_up(annual, growth, lasts, cuts):
    outlook = Outlook(annual, "week", 800, growth, lasts)
    one, two, three = np.sort(cuts)[:, None]
    apart = outlook.time(one, two, 1) + outlook.time(two, three, 1)
    assert apart == pytest.approx(outlook.time(one, three, 1), rel=1e-9, abs=1e-9)


def test_time_of_whoever_stays_for_ever_ends_with_the_horizon_or_with_life():
    begin, forever = np.zeros(1), np.full(1, np.inf)
    assert Outlook(0.0, "week", 10).time(begin, forever, 1)[0] == 10
    life = Outlook(0.1, "week")
    assert life.factor(life.end) == pytest.approx(1e-6)
    assert life.time(begin, forever, 1)[0] == pytest.approx(1 / life.force, rel=2e-6)
    assert life.time(forever, forever, 1)[0] == 0


def test_a_year_costs_the_annual_rate():
    for period in PERIODS:
        year = DAYS_PER_YEAR / days_per(period)
        assert Outlook(0.1, period).factor(year) == pytest.approx(1 / 1.1)
        assert Outlook(0.1, period).factor(7 * year) == pytest.approx(discount_factor(0.1, 7 * DAYS_PER_YEAR))


def test_growth_that_discounting_cancels_leaves_the_length():
    outlook = Outlook(0.1, "week", 100, growth=0.1, growth_lasts=200)
    assert outlook.time(np.array([5.0]), np.array([300.0]), 1)[0] == pytest.approx(95)


def test_growth_may_last_for_ever():
    ends = np.array([52.0])
    ever, long = (Outlook(0.1, "week", 100, 0.05, lasts) for lasts in (np.inf, 1e5))
    assert ever.purchases(lambda _: np.ones(1))[0] == pytest.approx(long.purchases(lambda _: np.ones(1))[0])
    assert ever.time(np.zeros(1), ends, 1) == pytest.approx(long.time(np.zeros(1), ends, 1))


@settings(max_examples=50, deadline=None)
@given(growth=GROWTHS, span=st.floats(0, 1000), period=UNITS)
def test_today_relative_to_the_average_so_far(growth, span, period):
    assume(span == 0 or span > 1e-6)

    def level(ago):
        return (1 + growth) ** -years(ago, period)

    average = quad(level, 0, span, epsabs=0, epsrel=1e-10)[0] / span if span else 1.0
    assert Outlook(0.1, period, growth=growth).level(np.array([span]))[0] == pytest.approx(1 / average, rel=1e-8)


# Purchases -----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    annual=RATES,
    horizon=st.floats(0.5, 1000) | st.just(float("inf")),
    growth=GROWTHS,
    lasts=st.floats(0, 200),
    shape=st.floats(0.02, 4),
    scale=st.floats(1.0, 3000),
)
def test_purchases_are_an_integral_and_the_stated_error_bounds_the_true_one(
    annual, horizon, growth, lasts, shape, scale
):
    outlook = Outlook(annual, "week", horizon, growth, lasts)

    def rate(time):
        return (scale / (scale + time)) ** shape

    def worth(time):
        grown = (1 + growth) ** years(min(time, lasts), "week")
        return rate(time) * grown * (1 + annual) ** -years(time, "week")

    expected = by_pieces(worth, outlook.end, lasts)
    found, error = outlook.purchases(lambda time: np.array([rate(time)]))
    assert error < 1e-4
    assert found[0] == pytest.approx(expected, rel=error + 1e-10)


@settings(max_examples=40, deadline=None)
@given(annual=RATES, leaves=st.floats(1e-4, 0.5), retention=st.floats(0.8, 1.3), horizon=st.floats(1, 600))
def test_a_retention_factor_multiplies_the_yearly_rate_up_to_1(annual, leaves, retention, horizon):
    outlook = Outlook(annual, "week", horizon, retention=retention)
    force = outlook.force + max(leaves - np.log(retention) * years(1, "week"), 0.0)
    found, error = outlook.purchases(lambda time: np.array([3 * np.exp(-leaves * time)]))
    assert found[0] == pytest.approx(-3 * np.expm1(-force * horizon) / force, rel=error + 1e-9)


def test_of_those_who_leave_slowly_no_more_are_there_later():
    """Chances to stay approach 1 with time: a hundredth more would lift them above it.

    Each length has nodes of its own, and the bend where the chance reaches 1 costs them some digits.
    """

    def until(year: float) -> float:
        outlook = Outlook(0.0, "week", year * DAYS_PER_YEAR / 7, retention=1.01)
        return float(outlook.purchases(lambda time: np.array([(12 / (12 + time)) ** 0.6]))[0][0])

    by_decade = np.diff([until(year) for year in range(0, 161, 20)])
    assert (np.diff(by_decade) <= 0.01 * by_decade[:-1]).all(), by_decade


def test_the_error_is_the_largest_of_all_customers():
    outlook = Outlook(0.1, "week", 500)
    sharp, flat = (lambda time: np.array([(0.01 / (0.01 + time)) ** 5])), (lambda _: np.ones(1))
    both = outlook.purchases(lambda time: np.append(sharp(time), flat(time)))[1]
    assert both == outlook.purchases(sharp)[1] > 1e-3 > outlook.purchases(flat)[1]


def test_without_time_or_purchases_nothing_is_bought():
    assert Outlook(0.1, "week", 0).purchases(lambda _: np.ones(2))[0].tolist() == [0, 0]
    found, error = Outlook(0.1, "week").purchases(lambda _: np.zeros(2))
    assert (found.tolist(), error) == ([0, 0], 0)
    assert Outlook(0.1, "week").purchases(lambda _: np.zeros(0))[0].shape == (0,)


# Customers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("annual", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("parameters", [(0.5533, 10.578, 0.6062, 11.668), (2.0, 5.0, 1.7, 80.0), (0.9, 8.0, 1.0, 25.0)])
def test_pareto_nbd_for_life_is_the_closed_form(parameters, annual):
    """DERT of Fader, Hardie and Lee (2005), "RFM and CLV: using iso-value curves for customer base analysis"."""
    outlook, histories = Outlook(annual, "week"), read_histories(HISTORIES)
    r, alpha, s, beta = parameters
    x, age, delta = histories.frequency, histories.age, outlook.force
    likelihood = ParetoNBD().log_likelihood(histories, parameters).value
    log = r * np.log(alpha) + s * np.log(beta) + (s - 1) * np.log(delta) + gammaln(r + x + 1) - gammaln(r)
    tricomi = hyperu(s, s, delta * (beta + age))
    dert = np.exp(log - (r + x + 1) * np.log(alpha + age) - likelihood) * tricomi
    found, error = fit_at(ParetoNBD, parameters).discounted_purchases(HISTORIES, outlook)
    assert error < 1e-5
    assert found.to_numpy() == pytest.approx(dert[histories.inverse], rel=2e-6 + error)


@pytest.mark.parametrize("model", TRUTH)
def test_undiscounted_purchases_are_those_that_are_expected(model):
    fit = fit_at(model, TRUTH[model])
    found, error = fit.discounted_purchases(HISTORIES, Outlook(0.0, "week", 52))
    assert error < 1e-5
    assert found.to_numpy() == pytest.approx(fit.expected_purchases(HISTORIES, 52).to_numpy(), rel=1e-6)


@pytest.mark.parametrize("model", TRUTH)
def test_discounted_purchases_add_up_expected_ones_by_week(model):
    fit, outlook = fit_at(model, TRUTH[model]), Outlook(0.1, "week", 104)
    so_far = np.stack([fit.expected_purchases(HISTORIES, week) for week in np.arange(0, 104.25, 0.25)])
    expected = outlook.factor(np.arange(0.125, 104, 0.25)) @ np.diff(so_far, axis=0)
    assert fit.discounted_purchases(HISTORIES, outlook)[0].to_numpy() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("model", TRUTH)
@pytest.mark.parametrize("horizon_days", [500.0, float("inf")])
def test_days_weeks_months_and_quarters_give_the_same_money(model, horizon_days):
    rng, rows = np.random.default_rng(3), []
    for who in range(250):
        first, gaps = rng.integers(0, 300), rng.exponential(1 / rng.gamma(0.9, 1 / 40), 300)
        leaves = min(first + rng.exponential(1 / rng.gamma(0.9, 1 / 200)), 731)
        later = first + np.cumsum(gaps)
        rows += [(who, int(day)) for day in (first, *later[later < leaves])]
    log = pd.DataFrame(rows, columns=["customer_id", "day"])
    log["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(log.pop("day"), unit="D")
    found = []
    for period in PERIODS:
        days = days_per(period)
        outlook = Outlook(0.1, period, horizon_days / days, growth=0.07, growth_lasts=400 / days, retention=1.005)
        summary = transaction_summary(log, as_of="2025-12-31", period=period, merge="day")
        purchases, error = model().fit(summary).discounted_purchases(summary, outlook)
        assert error < 1e-4
        found.append(purchases * outlook.level(summary["T"]))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-5)


# Refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "sentence"),
    [
        ({"annual_rate": -1.0}, r"-1.0 is no yearly rate; give one such as 0.1"),
        ({"annual_rate": float("nan")}, "is no yearly rate"),
        ({"growth": -1.5}, "-1.5 is no yearly rate"),
        ({"horizon": -0.5}, "horizon=-0.5 is no length of time; give a number of weeks"),
        ({"horizon": float("nan")}, "horizon=nan is no length of time"),
        ({"annual_rate": 0.0, "horizon": float("inf")}, "for life needs a discount rate above 0; give one, or a"),
        ({"annual_rate": -0.1, "horizon": float("inf")}, "for life needs a discount rate above 0"),
    ],
)
def test_what_is_no_outlook_is_refused(given_, sentence):
    with pytest.raises(Refused, match=sentence):
        Outlook(**{"annual_rate": 0.1, "period": "week", "horizon": 52} | given_)
    with pytest.raises(Refused, match=sentence):
        Outlook(0.1, "week", 52).over(**given_)


def test_an_unknown_unit_is_refused():
    with pytest.raises(Refused, match="period='year' is not known; choose one of day, week"):
        Outlook(0.1, "year", 3).purchases(lambda _: np.ones(1))


def test_an_outlook_in_another_unit_than_the_table_is_refused():
    table = HISTORIES.copy()
    table.attrs["period"] = "week"
    fit = fit_at(ParetoNBD, TRUTH[ParetoNBD], "week")
    with pytest.raises(Refused, match="table is in weeks; discount in weeks too"):
        fit.discounted_purchases(table, Outlook(0.1, "month"))


def test_below_zero_rates_make_later_money_worth_more():
    outlook = Outlook(-0.05, "week", 520)
    assert outlook.time(np.zeros(1), np.full(1, 520.0), 1)[0] > 520
    assert outlook.purchases(lambda _: np.ones(1))[0][0] == pytest.approx(
        outlook.time(np.zeros(1), np.full(1, 520.0), 1)[0]
    )
