"""Growth is what stayers show, drawn towards none, and straying is what goes beyond chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from clvlab.clv.valuing.growth import USUAL, Growth, estimate_growth

PAIRS = pd.DataFrame({"purchases_before": [50] * 40, "purchases": [55] * 40})


def stayers(n=200, rate=60.0, growth=0.1, spread=0.0, price=20.0, deviation=5.0, seed=1):
    """Return two years of customers whose rates stray from growth, and how the values of their purchases vary."""
    rng = np.random.default_rng(seed)
    strays = rng.gamma(1 / spread, spread, n) if spread else np.ones(n)
    before, after = rng.poisson(rate, n) + 1, rng.poisson(rate * (1 + growth) * strays) + 1
    worth = [price * years + deviation * np.sqrt(years) * rng.standard_normal(n) for years in (before, after)]
    pairs = {"purchases_before": before, "purchases": after, "value_before": worth[0], "value": worth[1]}
    values = pd.DataFrame({"mean_value": price, "value_variance": deviation**2}, index=range(n))
    return pd.DataFrame(pairs), values


# Growth --------------------------------------------------------------------------------------------------------


def test_growth_that_all_share_is_found_whole():
    found = estimate_growth(PAIRS)
    assert (found.value, found.purchases, found.error, found.spread, found.customers) == pytest.approx(
        (0.1, 0.1, 0, 0, 40)
    )


def test_growth_of_value_and_of_purchases_are_two_things():
    pairs = PAIRS.assign(value_before=1000.0, value=900.0)
    found = estimate_growth(pairs)
    assert (found.value, found.purchases) == pytest.approx((-0.1, 0.1))


def test_it_is_the_growth_of_the_total_and_not_the_mean_of_growths():
    pairs = pd.DataFrame({"purchases_before": [1000] * 10 + [10] * 10, "purchases": [1000] * 10 + [20] * 10})
    found = estimate_growth(pairs)
    ratio, n = 10_200 / 10_100, 20
    left = ((pairs.purchases - ratio * pairs.purchases_before) ** 2).sum()
    error = np.sqrt(left * n / (n - 1)) / 10_200
    weight = 0.01 / (0.01 + error**2)
    assert found.value == pytest.approx(ratio**weight - 1)
    assert found.error == pytest.approx(error * np.sqrt(weight))


def test_a_few_customers_good_year_is_drawn_towards_none():
    lucky = PAIRS.head(12).assign(purchases=[50] * 11 + [400])
    raw = lucky.purchases.sum() / lucky.purchases_before.sum() - 1
    found = estimate_growth(lucky)
    assert 0 < found.value < 0.3 * raw
    assert found.error < 0.1
    same_for_more = estimate_growth(pd.concat([lucky] * 40, ignore_index=True))
    assert found.value < same_for_more.value < raw


@pytest.mark.parametrize("n", [0, 1, 9])
def test_of_fewer_than_ten_none_is_assumed(n):
    assert estimate_growth(PAIRS.head(n)) == Growth(error=USUAL, customers=n)
    assert estimate_growth(PAIRS.head(10)).value == pytest.approx(0.1)


def test_where_a_year_brought_nothing_there_is_no_growth():
    for before, after in ((0.0, 100.0), (100.0, 0.0), (100.0, -20.0), (-50.0, 30.0)):
        found = estimate_growth(PAIRS.assign(value_before=before, value=after))
        assert (found.value, found.error) == (0, USUAL)
        assert found.purchases == pytest.approx(0.1)


def test_one_customer_of_unknown_value_does_not_hide_the_growth_of_all():
    pairs = PAIRS.assign(value_before=500.0, value=600.0)
    pairs.loc[7, "value"] = np.nan
    assert estimate_growth(pairs).value == pytest.approx(0.2, abs=0.03)


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(0.01, 1000), seed=st.integers(0, 50))
def test_currency_does_not_matter(factor, seed):
    pairs, values = stayers(40, seed=seed, spread=0.1)
    money = ["value_before", "value"]
    other = pairs.assign(**(pairs[money] * factor))
    scaled = values.assign(mean_value=values.mean_value * factor, value_variance=values.value_variance * factor**2)
    one, two = estimate_growth(pairs, values), estimate_growth(other, scaled)
    assert (one.value, one.error, one.spread) == pytest.approx((two.value, two.error, two.spread), rel=1e-6)


def test_the_true_growth_lies_within_its_error_as_often_as_it_should():
    inside, seeds = 0, 200
    for seed in range(seeds):
        found = estimate_growth(*stayers(100, growth=0.05, spread=0.05, seed=seed))
        inside += abs(np.log1p(found.value) - np.log(1.05)) < 1.645 * found.error
    assert binomtest(inside, seeds, 0.9).pvalue > 0.001


# Straying ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [15.0, 30.0, 100.0])
def test_random_purchases_show_next_to_no_spread(rate):
    found = [estimate_growth(*stayers(150, rate=rate, seed=seed)).spread for seed in range(40)]
    chance = (1 + 5.0**2 / 20.0**2) * (1 + 1 / 1.1) / rate
    assert np.mean(found) < 0.2 * chance


@pytest.mark.parametrize("spread", [0.05, 0.2])
@pytest.mark.parametrize("rate", [40.0, 150.0])
def test_a_spread_is_recovered(spread, rate):
    found = np.array([estimate_growth(*stayers(200, rate=rate, spread=spread, seed=seed)).spread for seed in range(40)])
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - spread) < 4 * error + 0.1 * spread


def test_values_that_vary_are_chance_too():
    for deviation in (1.0, 25.0):
        found = [estimate_growth(*stayers(100, rate=50, deviation=deviation, seed=seed)).spread for seed in range(30)]
        chance = (1 + deviation**2 / 20.0**2) * 2 / 50
        assert np.mean(found) < 0.2 * chance


def test_a_year_that_brought_next_to_nothing_by_chance_does_not_make_the_next_look_wild():
    pairs, values = stayers(100, seed=3)
    calm = estimate_growth(pairs, values).spread
    pairs.loc[0, "value_before"] = 0.1
    assert estimate_growth(pairs, values).spread < calm + 0.05


def test_who_buys_seldom_says_nothing_of_straying():
    pairs, values = stayers(100, rate=3.0, spread=0.5)
    seldom = pairs.purchases_before < 12
    assert estimate_growth(pairs[seldom], values).spread == 0
    busy, known = stayers(9, rate=200.0, spread=0.5)
    together = pd.concat([pairs[seldom], busy], ignore_index=True)
    assert estimate_growth(together, pd.concat([values[seldom], known], ignore_index=True)).spread == 0


def test_of_customers_at_a_loss_straying_is_not_told():
    pairs, values = stayers(100, spread=0.3)
    losses = pairs.assign(value_before=-pairs.value_before, value=-pairs.value)
    found = estimate_growth(losses, values.assign(mean_value=-values.mean_value))
    assert found == Growth(error=USUAL, purchases=found.purchases, customers=100)
    single = values.assign(mean_value=np.nan, value_variance=np.nan)
    assert estimate_growth(pairs, single).spread == 0


def test_losses_of_all_together_do_not_turn_straying_around():
    """Half the value is lost by one customer: the others strayed no further for that."""
    pairs, values = stayers(100, spread=0.0)
    whole = pairs.value_before.sum()
    pairs.loc[0, ["value_before", "value"]] = [-1.2 * whole, -1.5 * whole]
    values.loc[0, "mean_value"] = -1000.0
    assert estimate_growth(pairs, values).spread < 0.05


# Draws ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [0.01, 0.3, 4.0])
def test_scales_have_mean_1_and_the_spread_as_variance(spread):
    drawn = Growth(spread=spread).draw_scale(200_000, np.random.default_rng(1))
    assert (drawn >= 0).all()
    assert drawn.mean() == pytest.approx(1, abs=4.5 * np.sqrt(spread / 200_000))
    assert drawn.var() == pytest.approx(spread, rel=0.1)


def test_without_spread_nobody_strays():
    assert (Growth(value=0.3).draw_scale(5, np.random.default_rng(1)) == 1).all()


def test_rates_are_drawn_around_the_estimate():
    rates = Growth(value=0.2, error=0.05).draw_rates(100_000, np.random.default_rng(1))
    assert np.log1p(rates).mean() == pytest.approx(np.log(1.2), abs=4.5 * 0.05 / np.sqrt(100_000))
    assert np.log1p(rates).std() == pytest.approx(0.05, rel=0.02)
    assert np.allclose(Growth(value=0.2).draw_rates(3, np.random.default_rng(1)), 0.2)
