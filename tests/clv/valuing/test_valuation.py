"""Values are what the models expect, and come out within their intervals as often as they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from purchasers import TRUTH
from scipy.stats import binomtest, kstest

from clvlab.clv import BGNBD, MBGNBD, ContributionMargin, GammaGamma, ParetoNBD, ShiftedBetaGeometric
from clvlab.clv.models.nbd import NBD
from clvlab.clv.models.outlook import Outlook
from clvlab.clv.valuing import valuation
from clvlab.clv.valuing.contracted import Contracted
from clvlab.clv.valuing.growth import Growth
from clvlab.clv.valuing.spot import Spot
from clvlab.clv.valuing.valuation import Money, draw_values, expected_purchases, expected_values

MODELS = (BGNBD, MBGNBD, ParetoNBD)
MARGIN = {"m": 20.0, "k": 0.5, "a": 3.0, "b": 400.0}
HORIZON, ANNUAL = 52.0, 0.1
_MOST = 400  # purchases of one customer
YEAR = Outlook(ANNUAL, "week", HORIZON)
LIFE = YEAR.over(horizon=float("inf"))


def population(model: type, n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Return histories, what their purchases were worth, and the discounted margins of the year that came."""
    truth, age = TRUTH[model], rng.uniform(26, 104, n)
    rate = rng.gamma(truth["r"], 1 / truth["alpha"], n)
    times = np.cumsum(rng.exponential(1 / rate[:, None], (n, _MOST)), axis=1)
    if model is ParetoNBD:
        leaves = rng.exponential(1 / rng.gamma(truth["s"], 1 / truth["beta"], n))
    else:
        last = rng.geometric(rng.beta(truth["a"], truth["b"], n)) - (model is MBGNBD)
        leaves = np.where(last > 0, times[np.arange(n), np.minimum(last, _MOST) - 1], 0.0)
    bought = times <= leaves[:, None]
    past = bought & (times <= age[:, None])
    ahead = times - age[:, None]
    future = bought & (ahead > 0) & (ahead <= HORIZON)
    variance = MARGIN["b"] / rng.gamma(MARGIN["a"], size=n)
    mean = rng.normal(MARGIN["m"], np.sqrt(variance / MARGIN["k"]))
    margins = rng.normal(mean[:, None], np.sqrt(variance)[:, None], times.shape)
    came = np.where(future, margins * YEAR.factor(np.where(future, ahead, 0.0)), 0.0).sum(axis=1)
    recency = np.where(past, times, 0.0).max(axis=1)
    seen = pd.DataFrame(np.column_stack([rng.normal(mean, np.sqrt(variance)), np.where(past, margins, np.nan)]))
    own = {"mean_value": seen.mean(axis=1), "value_variance": seen.var(axis=1, ddof=0)}
    worth = pd.DataFrame({"valued_purchases": seen.notna().sum(axis=1), **own})
    return pd.DataFrame({"frequency": past.sum(axis=1), "recency": recency, "T": age}), worth, came


def together(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"all": 1.0}, index=table.index)


def each_alone(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(np.eye(len(table)), index=table.index)


class Known(Spot):
    """Customers under a model whose parameters are known without error."""

    def parameter_draws(self, n, rng):
        return [self.fit.estimate.values()] * n


class KnownContracted(Contracted):
    """Customers under contract, with parameters known without error."""

    def parameter_draws(self, n, rng):
        return [(self.rates.estimate.values(), self.renewals.estimate.values())] * n


class Priced:
    """Purchases of a known mean and variance: what ``Money`` takes as a fit."""

    def __init__(self, mean: float = 30.0, variance: float = 100.0) -> None:
        self.mean, self.variance = mean, variance

    def expected_value(self, table):
        return pd.Series(self.mean, index=table.index)

    def arrays(self, table):
        return (np.full(len(table), self.mean),)

    def draw_means(self, parameters, arrays, rng):
        return arrays[0], np.full(len(arrays[0]), self.variance)

    def parameter_draws(self, n, rng):
        return [None] * n


@pytest.fixture(scope="module")
def fits():
    """Each model with its fit, histories and values of 400 customers."""
    found = {}
    for model in MODELS:
        table, worth, _ = population(model, 400, np.random.default_rng([1, 21]))
        found[model] = model().fit(table), table, Money(ContributionMargin().fit(worth), worth)
    return found


# What came -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def places():
    """Where realised values lie among 199 draws, of five populations per model: of customers, and of all together."""
    found, rng = {}, np.random.default_rng(22)
    for model in MODELS:
        customers, totals, chosen, width = [], [], [], []
        for seed in range(5):
            table, worth, came = population(model, 300, np.random.default_rng([seed, 99]))
            stream, money = Spot(model().fit(table), table), Money(ContributionMargin().fit(worth), worth)
            (drawn,) = draw_values([stream], money, [YEAR], Growth(), each_alone(table), seed, draws=199)
            values = drawn.totals[:, 0]
            below, same = (values < came).sum(axis=0), (values == came).sum(axis=0)
            customers.append((below + rng.random(len(came)) * (same + 1)) / 200)
            totals.append(((values.sum(axis=1) < came.sum()).sum() + rng.random()) / 200)
            one = rng.integers(len(came))
            chosen.append(drawn.lower[one, 0] <= came[one] <= drawn.upper[one, 0])
            width.append(((drawn.lower[:, 0] <= came) & (came <= drawn.upper[:, 0])).mean())
        found[model] = np.array(customers), totals, chosen, width
    return found


@pytest.mark.parametrize("model", MODELS)
def test_realised_values_are_uniform_among_the_draws(places, model):
    place = places[model][0]
    assert kstest(place.ravel(), "uniform").pvalue > 0.001
    inside = int(((place > 0.05) & (place < 0.95)).sum())
    assert binomtest(inside, place.size, 0.9).pvalue > 0.001


def test_totals_lie_where_they_should(places):
    totals = [place for _, several, _, _ in places.values() for place in several]
    assert kstest(totals, "uniform").pvalue > 0.001
    inside = sum(0.05 < place < 0.95 for place in totals)
    assert binomtest(inside, len(totals), 0.9).pvalue > 0.001


def test_intervals_hold_realised_values_as_often_as_they_say_or_more(places):
    """More, because many outcomes are exactly 0, which is the end of an interval."""
    for _, _, chosen, width in places.values():
        assert binomtest(sum(chosen), 5, 0.9, alternative="less").pvalue > 0.001
        assert 0.88 < np.mean(width) < 0.99


# Expected, and drawn -------------------------------------------------------------------------------------------

FEW = pd.DataFrame(
    {"frequency": [0, 1, 4, 30], "recency": [0, 5.0, 60.0, 98.0], "T": [99.0, 39, 71, 100]}, index=["a", "b", "c", "d"]
)
COPIES = 1000
OUTLOOKS = {
    "steady": YEAR,
    "growing": Outlook(ANNUAL, "week", 156, growth=0.2, growth_lasts=104),
    "shrinking": Outlook(ANNUAL, "week", 156, growth=-0.15, growth_lasts=40),
}


def many(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return each row many times, and groups of those that are copies of one another."""
    copies = table.loc[np.repeat(table.index, COPIES)]
    whose = copies.index
    copies = copies.set_axis(pd.RangeIndex(len(copies)))
    return copies, pd.get_dummies(pd.Series(whose, index=copies.index)).astype(float)


def assert_means(stream, money, outlook, groups, growth=None) -> None:
    """Fail unless draws have the expected means, for the horizon and for life."""
    outlooks = [outlook, outlook.over(horizon=float("inf"))]
    growth = growth or Growth(value=outlook.growth)
    (drawn,) = draw_values([stream], money, outlooks, growth, groups, seed=1, draws=199)
    for place, each in enumerate(outlooks):
        expected, error = expected_values(stream, money, each)
        expected = expected.to_numpy() @ groups.to_numpy()
        totals = drawn.totals[:, place]
        chance = totals.std(axis=0) / np.sqrt(len(totals))
        assert (np.abs(totals.mean(axis=0) - expected) < 4.5 * chance + error * np.abs(expected)).all(), (
            totals.mean(axis=0) / expected
        )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("outlook", OUTLOOKS)
def test_expected_values_are_the_means_of_the_draws(fits, model, outlook):
    table, groups = many(FEW)
    assert_means(Known(fits[model][0], table), Money(Priced(), table), OUTLOOKS[outlook], groups)


@pytest.mark.parametrize("afterwards", [0.0, 0.4])
def test_expected_values_of_contracts_are_the_means_of_the_draws(fits, afterwards):
    table, groups = many(FEW.assign(age=[0.0, 12.0, 40.0, 150.0]))
    rates = NBD().fit(fits[ParetoNBD][1])
    renewals = ShiftedBetaGeometric().fit([1000, 950, 910, 880, 840, 815, 790, 770, 741])
    stream = KnownContracted(rates, renewals, table, afterwards)
    assert_means(stream, Money(Priced(), table), YEAR.over(horizon=156), groups)


def test_straying_from_the_common_growth_widens_and_moves_no_mean(fits):
    table, groups = many(FEW)
    stream, money = Known(fits[ParetoNBD][0], table), Money(Priced(variance=0.0), table)
    strays = Growth(spread=0.3)
    assert_means(stream, money, YEAR, groups, strays)
    often, width = table.frequency == 30, []
    for growth in (strays, Growth()):
        (drawn,) = draw_values([stream], money, [YEAR], growth, groups, 1, draws=199)
        width.append(np.median((drawn.upper - drawn.lower)[often]))
    assert width[0] > 1.3 * width[1]


def test_what_backtests_missed_widens_totals_and_moves_no_mean(fits):
    table, groups = many(FEW)
    stream, money = Known(fits[ParetoNBD][0], table), Money(Priced(), table)
    (drawn,) = draw_values([stream], money, [YEAR], Growth(), groups, 1, missed=0.2, draws=499)
    totals, expected = drawn.totals[:, 0].sum(axis=1), expected_values(stream, money, YEAR)[0].sum()
    assert totals.std() / totals.mean() == pytest.approx(0.2, rel=0.15)
    assert abs(totals.mean() - expected) < 4.5 * totals.std() / np.sqrt(len(totals))


def test_the_error_of_growth_widens_totals(fits):
    table, groups = many(FEW)
    stream, money = Known(fits[ParetoNBD][0], table), Money(Priced(), table)
    outlook = OUTLOOKS["growing"]
    spread = []
    for error in (0.0, 0.1):
        growth = Growth(value=outlook.growth, error=error)
        (drawn,) = draw_values([stream], money, [outlook], growth, groups, 1, draws=199)
        spread.append(drawn.totals[:, 0].sum(axis=1).std())
    assert spread[1] > 5 * spread[0]


@pytest.mark.parametrize("model", MODELS)
def test_a_longer_horizon_adds_to_the_same_draws(fits, model):
    fit, table, money = fits[model]
    outlooks = [YEAR.over(horizon=13), YEAR, LIFE]
    gains = Money(Priced(30.0, 0.0), table)
    (drawn,) = draw_values([Spot(fit, table)], gains, outlooks, Growth(), each_alone(table), 1, draws=199)
    assert (np.diff(drawn.totals, axis=1) >= 0).all()
    (first,) = draw_values([Spot(fit, table)], money, outlooks[:1], Growth(), together(table), 1, draws=199)
    (whole,) = draw_values([Spot(fit, table)], money, outlooks, Growth(), together(table), 1, draws=199)
    assert first.lower.shape == (len(table), 1)
    assert whole.totals.shape == (199, 3, 1)
    assert (whole.lower <= whole.upper).all()


def test_expected_values_are_purchases_times_their_worth(fits):
    fit, table, money = fits[BGNBD]
    outlook = OUTLOOKS["growing"]
    purchases, error = expected_purchases(Spot(fit, table), outlook)
    values, again = expected_values(Spot(fit, table), money, outlook)
    worth = money.fit.expected_value(money.table)
    assert values.to_numpy() == pytest.approx((purchases * worth).to_numpy())
    assert error == again < 1e-5
    assert (values < 0).equals(worth < 0)
    assert (values < 0).any(), "margins below 0 are not clipped"


# The same numbers ----------------------------------------------------------------------------------------------


def results(stream, money, **changes):
    given_ = {"outlooks": [YEAR, LIFE], "growth": Growth(), "groups": together(stream.table), "seed": 5, "draws": 199}
    (drawn,) = draw_values([stream], money, **given_ | changes)
    return drawn


def assert_same(one, other) -> None:
    for name in ("lower", "upper"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(one.totals, other.totals, rtol=1e-12)


@pytest.mark.parametrize("processors", [1, 2, 7])
def test_any_number_of_processors_gives_the_same_numbers(fits, monkeypatch, processors):
    fit, table, money = fits[MBGNBD]
    some = Spot(fit, table.head(90))
    monkeypatch.setattr(valuation, "_CUSTOMERS_AT_ONCE", 37)
    alone = results(some, money)
    monkeypatch.setattr("clvlab.cores._MUCH", 0)
    monkeypatch.setattr("clvlab.cores.AT_ONCE", processors)
    assert_same(results(some, money), alone)


@pytest.mark.parametrize("model", MODELS)
def test_shuffled_records_give_the_same_numbers(fits, model):
    fit, table, money = fits[model]
    shuffle = table.sample(frac=1, random_state=1).index
    in_order = ["frequency", "recency", "T"]
    one, other = table.sort_values(in_order), table.loc[shuffle].sort_values(in_order)
    shuffled = Money(money.fit, money.table.loc[shuffle])
    groups = together(table).loc[shuffle]
    distinct = ~table.duplicated(keep=False).loc[one.index].to_numpy()
    first, second = results(Spot(fit, one), money), results(Spot(fit, other), shuffled, groups=groups)
    np.testing.assert_array_equal(first.lower[distinct], second.lower[distinct])
    assert distinct.mean() > 0.5
    expected, _ = expected_values(Spot(fit, table), money, LIFE)
    again, _ = expected_values(Spot(fit, other), shuffled, LIFE)
    np.testing.assert_allclose(again.loc[expected.index], expected, rtol=1e-12)


def test_another_seed_gives_other_numbers_and_the_same_seed_the_same(fits):
    fit, table, money = fits[ParetoNBD]
    one = results(Spot(fit, table), money)
    assert_same(results(Spot(fit, table), money), one)
    assert not np.array_equal(results(Spot(fit, table), money, seed=6).totals, one.totals)


def test_few_customers_get_499_draws_and_many_199(fits, monkeypatch):
    fit, table, money = fits[ParetoNBD]
    assert len(results(Spot(fit, table), money, draws=None).totals) == 499
    monkeypatch.setattr(valuation, "_MANY_CUSTOMERS", 100)
    assert len(results(Spot(fit, table), money, draws=None).totals) == 199


def test_streams_are_drawn_together_and_keep_their_order(fits):
    fit, table, money = fits[ParetoNBD]
    parts = [Spot(fit, table.iloc[:150]), Spot(fit, table.iloc[150:])]
    first, second = draw_values(parts, money, [YEAR], Growth(), together(table), 5, missed=0.5, draws=199)
    assert (len(first.lower), len(second.lower)) == (150, 250)
    both, whole = first.totals + second.totals, results(Spot(fit, table), money, outlooks=[YEAR], missed=0.5).totals
    assert both.mean() == pytest.approx(whole.mean(), rel=0.15)
    assert both.std() == pytest.approx(whole.std(), rel=0.3)
    alike = np.corrcoef(first.totals.ravel(), second.totals.ravel())[0, 1]
    assert alike > 0.7, "what all share moves both alike"


def test_groups_add_up_to_all(fits):
    fit, table, money = fits[BGNBD]
    kind = pd.Series(np.arange(len(table)) % 3, index=table.index)
    groups = pd.get_dummies(kind).astype(float).assign(all=1.0)
    drawn = results(Spot(fit, table), money, groups=groups)
    np.testing.assert_allclose(drawn.totals[:, :, :3].sum(axis=2), drawn.totals[:, :, 3], rtol=1e-9)
    np.testing.assert_allclose(results(Spot(fit, table), money).totals[:, :, 0], drawn.totals[:, :, 3], rtol=1e-9)


# Extremes ------------------------------------------------------------------------------------------------------

EXTREMES = pd.DataFrame(
    [
        (0, 0.0, 0.0), (0, 0.0, 0.01), (0, 0.0, 10_000.0), (1, 0.0, 0.01), (1, 0.01, 0.01), (1, 0.0, 10_000.0),
        (1, 9_999.0, 10_000.0), (1_000, 0.0, 0.01), (1_000, 0.01, 0.01), (1_000, 0.0, 10_000.0),
        (1_000, 5_000.0, 10_000.0), (1_000, 10_000.0, 10_000.0), (1_000, 700.0, 700.0),
    ],
    columns=["frequency", "recency", "T"],
)  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_extreme_histories_have_finite_values_that_rise_with_recency_and_horizon(fits, model):
    stream = Spot(fits[model][0], EXTREMES)
    money = Money(Priced(), EXTREMES)
    growing = OUTLOOKS["growing"]
    outlooks = [growing.over(horizon=horizon) for horizon in (0.01, 52, 520, float("inf"))]
    values = pd.DataFrame({i: expected_values(stream, money, each)[0] for i, each in enumerate(outlooks)})
    assert np.isfinite(values).all(axis=None)
    assert (values >= 0).all(axis=None)
    assert (values.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    alike = EXTREMES.assign(value=values[3]).query("frequency > 0").sort_values("recency")
    assert (alike.groupby(["frequency", "T"])["value"].diff().dropna() >= 0).all()
    growths = Growth(value=0.1, error=0.1, spread=0.2)
    (drawn,) = draw_values([stream], money, outlooks, growths, together(EXTREMES), 1, draws=199)
    for found in (drawn.lower, drawn.upper, drawn.totals):
        assert np.isfinite(found).all()
    assert (drawn.lower <= drawn.upper).all()


@pytest.mark.parametrize("order", [1e9, -1e9])
def test_one_huge_order_stays_its_own_customers(fits, order):
    fit, table, money = fits[ParetoNBD]
    worth = money.table.copy()
    worth.loc[0] = [1, order, 0.0]
    other = Money(money.fit, worth)
    calm, wild = (results(Spot(fit, table), each, groups=each_alone(table)) for each in (money, other))
    np.testing.assert_array_equal(calm.lower[1:], wild.lower[1:])
    before, after = (expected_values(Spot(fit, table), each, LIFE)[0] for each in (money, other))
    assert before.iloc[1:].equals(after.iloc[1:])
    assert np.sign(after[0]) == np.sign(order)
    assert np.isfinite(wild.totals).all()


@settings(max_examples=40, deadline=None)
@given(
    model=st.sampled_from(MODELS),
    x=st.integers(1, 300),
    age=st.floats(1, 500),
    parts=st.lists(st.floats(0, 1), min_size=2, max_size=6),
)
def test_value_rises_with_recency(fits, model, x, age, parts):
    recency = np.sort(np.array(parts)) * age
    table = pd.DataFrame({"frequency": x, "recency": recency, "T": age})
    value, _ = expected_values(Spot(fits[model][0], table), Money(Priced(), table), YEAR)
    assert (value.diff().dropna() >= -1e-9 * value.max()).all()


@pytest.mark.parametrize("model", MODELS)
def test_histories_do_not_depend_on_who_else_is_in_the_table(fits, model):
    fit, table, money = fits[model]
    whole, _ = expected_values(Spot(fit, table), money, LIFE)
    for rows in (slice(0, 1), slice(7, 30)):
        alone, _ = expected_values(Spot(fit, table.iloc[rows]), money, LIFE)
        np.testing.assert_allclose(alone, whole.iloc[rows], rtol=1e-9)


def test_amounts_above_0_are_valued_by_gamma_gamma(fits):
    fit, table, _ = fits[ParetoNBD]
    rng = np.random.default_rng(3)
    spend = table.assign(monetary_value=np.where(table.frequency > 0, rng.gamma(5, 8, len(table)), 0.0))
    money = Money(GammaGamma().fit(spend), spend)
    drawn = results(Spot(fit, table), money, outlooks=[YEAR])
    expected, _ = expected_values(Spot(fit, table), money, YEAR)
    totals = drawn.totals[:, 0, 0]
    assert (expected >= 0).all()
    assert np.isfinite(totals).all()
    assert totals.mean() == pytest.approx(expected.sum(), rel=0.1)


def test_newcomers_are_those_who_have_just_bought(fits):
    fit, table, _ = fits[MBGNBD]
    stream = Spot(fit, table)
    new = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [0.0]})
    assert stream.newcomer(LIFE) == pytest.approx(fit.discounted_purchases(new, LIFE)[0].iloc[0])
    waits = stream.next_purchase(0.5)
    assert (waits > 0).all()
    assert (stream.next_purchase(0.95) > waits).all()
    r, alpha = fit.params_[["r", "alpha"]]
    chance = 1 - (1 + waits / (alpha + table["T"])) ** -(r + table.frequency)
    assert chance.to_numpy() == pytest.approx(0.5)
