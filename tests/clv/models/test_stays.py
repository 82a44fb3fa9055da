"""Draws of stays have the mean and the variance that theory gives, in one stretch or in two."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from clvlab.clv import BGNBD, MBGNBD, ParetoNBD
from clvlab.clv.models.histories import read_histories
from clvlab.clv.models.nbd import NBD
from clvlab.clv.models.outlook import Outlook
from clvlab.clv.models.stays import Stays

N = 200_000
MEAN, DEVIATION = 30.0, 20.0
LIFE = float("inf")
STAYS = {
    "for ever": (0.0, np.inf, False),
    "for a while": (0.0, 30.0, False),
    "with a parting purchase": (0.0, 30.0, True),
    "parting after the horizon": (0.0, 90.0, True),
    "begins later": (20.0, 70.0, False),
    "begins after the horizon": (60.0, 70.0, False),
}
OUTLOOKS = {
    "a year": Outlook(0.1, "week", 52),
    "growing": Outlook(0.25, "week", 52, growth=0.15, growth_lasts=26),
    "shrinking": Outlook(0.1, "week", 52, growth=-0.2, growth_lasts=100),
    "for life": Outlook(0.9, "week"),
}


def alike(rate: float, begin: float, end: float, parting: bool, n: int = N) -> Stays:
    """Return the stays of n customers who do the same."""
    return Stays(np.full(n, rate), np.full(n, begin), np.full(n, end), np.full(n, True) if parting else None)


def drawn(stays: Stays, outlook: Outlook, rng, begin=0.0, scale=1.0, mean=MEAN, deviation=DEVIATION) -> np.ndarray:
    several = [np.full(len(stays.rate), float(value)) for value in (scale, mean, deviation**2)]
    return stays.worth(*several, begin, outlook, rng)


def theory(rate, begin, end, parting, outlook, since=0.0) -> tuple[float, float]:
    """Return mean and variance of the sum of discounted values of random purchases."""
    years = 7 / 365.25

    def weight(time, power):
        grown = (1 + outlook.growth) ** (min(time, outlook.growth_lasts) * years)
        return grown * (1 + outlook.annual_rate) ** (-power * time * years)

    first, last = max(begin, since), min(end, outlook.end)
    bends = [outlook.growth_lasts] if first < outlook.growth_lasts < last else None
    sums = [quad(weight, first, max(first, last), args=(power,), points=bends)[0] for power in (1, 2)]
    mean, variance = rate * sums[0] * MEAN, rate * sums[1] * (MEAN**2 + DEVIATION**2)
    if parting and since < end <= outlook.end:
        factor = (1 + outlook.annual_rate) ** (-end * years)
        grown = (1 + outlook.growth) ** (min(end, outlook.growth_lasts) * years)
        mean, variance = mean + grown * factor * MEAN, variance + (grown * factor * DEVIATION) ** 2
    return mean, variance


def assert_moments(values, mean, variance) -> None:
    """Fail unless mean and variance of draws are those, but for chance."""
    far = np.abs(values - values.mean())
    assert abs(values.mean() - mean) <= 4.5 * values.std() / np.sqrt(len(values)) + 1e-9
    error = np.sqrt(((far**4).mean() - values.var() ** 2) / len(values))
    assert abs(values.var() - variance) <= 4.5 * error + 1e-9


@pytest.mark.parametrize("stay", STAYS)
@pytest.mark.parametrize("outlook", ["a year", "for life"])
@pytest.mark.parametrize("rate", [0.02, 0.8])
def test_worth_has_the_mean_and_variance_of_random_purchases(stay, outlook, rate):
    outlook = OUTLOOKS[outlook]
    values = drawn(alike(rate, *STAYS[stay]), outlook, np.random.default_rng(1))
    assert_moments(values, *theory(rate, *STAYS[stay], outlook))


@pytest.mark.parametrize("stay", ["for ever", "for a while", "begins later"])
@pytest.mark.parametrize("outlook", ["growing", "shrinking"])
def test_growth_multiplies_purchases_and_not_what_they_vary(stay, outlook):
    outlook = OUTLOOKS[outlook]
    values = drawn(alike(0.5, *STAYS[stay]), outlook, np.random.default_rng(2))
    assert_moments(values, *theory(0.5, *STAYS[stay], outlook))


@pytest.mark.parametrize("outlook", ["growing", "shrinking"])
def test_parting_purchases_grow_like_all_others(outlook):
    outlook = OUTLOOKS[outlook]
    values = drawn(alike(0.05, 0.0, 30.0, True), outlook, np.random.default_rng(2))
    mean = theory(0.05, 0.0, 30.0, True, outlook)[0]
    assert abs(values.mean() - mean) < 4.5 * values.std() / np.sqrt(N)


def test_a_scale_moves_parting_purchases_like_all_others():
    parting, rng = alike(0.05, 0.0, 30.0, True), np.random.default_rng(2)
    as_is, more = (drawn(parting, OUTLOOKS["a year"], rng, scale=scale) for scale in (1.0, 1.5))
    assert abs(more.mean() - 1.5 * as_is.mean()) < 4.5 * np.hypot(more.std(), 1.5 * as_is.std()) / np.sqrt(N)


@pytest.mark.parametrize("scale", [0.4, 2.5])
def test_a_scale_is_a_factor_on_the_rate(scale):
    values = drawn(alike(0.2, 0.0, 30.0, False), OUTLOOKS["a year"], np.random.default_rng(3), scale=scale)
    assert_moments(values, *theory(0.2 * scale, 0.0, 30.0, False, OUTLOOKS["a year"]))


def test_a_mean_below_0_gives_values_below_0():
    stays, rng = alike(0.5, 0.0, np.inf, False), np.random.default_rng(4)
    loss = drawn(stays, OUTLOOKS["a year"], rng, mean=-MEAN)
    expected, variance = theory(0.5, 0.0, np.inf, False, OUTLOOKS["a year"])
    assert_moments(loss, -expected, variance)
    certain = drawn(stays, OUTLOOKS["a year"], rng, mean=-MEAN, deviation=0)
    assert (certain <= 0).all()
    assert certain.min() < 2 * certain.mean()


@pytest.mark.parametrize("stay", [*STAYS, "parting on the boundary"])
@pytest.mark.parametrize("growth", [0.0, 0.1])
def test_a_horizon_split_in_two_adds_up(stay, growth):
    begin, end, parting = STAYS.get(stay, (0.0, 40.0, True))
    short = Outlook(0.2, "week", 40, growth, 30)
    long, rng = short.over(horizon=120), np.random.default_rng(5)
    stays = alike(0.3, begin, end, parting)
    first, second = drawn(stays, short, rng), drawn(stays, long, rng, begin=short.end)
    assert_moments(first, *theory(0.3, begin, end, parting, short))
    assert_moments(second, *theory(0.3, begin, end, parting, long, since=40.0))
    assert_moments(first + second, *theory(0.3, begin, end, parting, long))


def test_a_stay_of_no_length_is_worth_nothing():
    rng = np.random.default_rng(6)
    for stays in (alike(3.0, 5.0, 5.0, False, 9), alike(0.0, 0.0, 40.0, False, 9), alike(3.0, 60.0, 80.0, False, 9)):
        assert (drawn(stays, OUTLOOKS["a year"], rng) == 0).all()
    assert (drawn(alike(3.0, 0.0, 50.0, True, 9), Outlook(0.1, "week", 0), rng) == 0).all()


def test_whoever_is_not_there_neither_buys_nor_parts():
    there = np.arange(1000) % 2 == 0
    stays, rng = alike(2.0, 0.0, 20.0, True, 1000).only(there), np.random.default_rng(7)
    for values in (drawn(stays, OUTLOOKS["a year"], rng), stays.purchases(52.0, rng)):
        assert (values[~there] == 0).all()
        assert (values[there] != 0).all()


# Purchases -----------------------------------------------------------------------------------------------------

HISTORIES = pd.DataFrame({"frequency": [0, 1, 4, 30], "recency": [0, 5.0, 30.0, 38.0], "T": [39.0, 39, 31, 40]})
MODELS = {
    BGNBD: (0.8, 6.0, 1.2, 4.0),
    MBGNBD: (0.9, 6.0, 1.0, 4.0),
    ParetoNBD: (0.9, 8.0, 0.9, 25.0),
    NBD: (0.9, 8.0),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("horizon", [3.0, 52.0, 500.0])
def test_draws_of_purchases_have_the_mean_that_is_expected(model, horizon):
    one, rng, several = read_histories(HISTORIES), np.random.default_rng(8), 40_000
    expected = model().purchases_if_alive(one, MODELS[model], horizon)
    many = one.rows(np.repeat(np.arange(len(one)), several))
    bought = model().draw_purchases(many, MODELS[model], horizon, rng).reshape(len(one), several)
    assert (bought == np.floor(bought)).all()
    assert (bought >= 0).all()
    error = bought.std(axis=1) / np.sqrt(several)
    assert (np.abs(bought.mean(axis=1) - expected) < 4.5 * error).all()


@pytest.mark.parametrize("model", [BGNBD, MBGNBD])
def test_who_leaves_after_a_purchase_is_gone_after_geometrically_many(model):
    """Without an end of time the number of purchases is geometric, with a chance from Beta(a, b + chances)."""
    a, b = 3.0, 4.0
    one, rng = read_histories(HISTORIES.iloc[[0]]), np.random.default_rng(9)
    many = one.rows(np.zeros(40_000, dtype=int))
    bought = model().draw_purchases(many, (2.0, 1.0, a, b), 1e9, rng)
    chances = model.early_chances
    assert bought.min() == 1
    share, expected = (bought == 1).mean(), a / (a + b + chances)
    assert abs(share - expected) < 4.5 * np.sqrt(expected * (1 - expected) / len(bought))


def test_purchases_of_an_interval_are_those_between_begin_and_end():
    rng = np.random.default_rng(10)
    bought = alike(0.4, 10.0, 25.0, False).purchases(20.0, rng)
    assert_moments(bought, 4.0, 4.0)
    parted = alike(0.4, 10.0, 25.0, True).purchases(np.where(np.arange(N) % 2, 24.9, 25.0), rng)
    assert parted[::2].min() == 1
    assert parted[1::2].min() == 0
