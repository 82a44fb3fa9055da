"""A silent customer may have left already: Bayes' rule with the customer's own rhythm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaincc
from scipy.stats import binomtest

from clvlab.churn.prospects.gone import already_gone, called_though_there


def poisson(rate):
    return lambda time: np.exp(-rate * time)


def test_purchases_at_random_give_the_closed_form():
    silent, hazard, rate = np.array([0.5, 2.0, 9.0]), np.array([0.01, 0.3, 1.2]), 1.7
    left = hazard / (hazard + rate) * -np.expm1(-(hazard + rate) * silent)
    expected = left / (left + np.exp(-(hazard + rate) * silent))
    assert already_gone(silent, hazard, poisson(rate)) == pytest.approx(expected, rel=1e-9)


def test_who_ordered_today_or_cannot_leave_is_there():
    assert already_gone([0.0, 5.0], [0.4, 0.0], poisson(1.0)).tolist() == [0.0, 0.0]


def test_a_silence_that_no_gap_explains_means_gone():
    assert already_gone([50.0], [0.1], lambda time: (time < 10).astype(float)).tolist() == [1.0]


def test_a_row_per_draw_of_the_hazard():
    hazards = np.array([[0.1, 0.2], [0.3, 0.4]])
    rows = [already_gone([1.0, 2.0], row, poisson(1.0)) for row in hazards]
    assert already_gone([1.0, 2.0], hazards, poisson(1.0)) == pytest.approx(np.stack(rows))


@given(st.floats(0.01, 30), st.floats(0.001, 2), st.floats(0.5, 5), st.floats(0.01, 100))
def test_the_unit_of_time_does_not_matter(silent, hazard, rate, unit):
    here = already_gone([silent], [hazard], poisson(rate))
    there = already_gone([silent * unit], [hazard / unit], poisson(rate / unit))
    assert there == pytest.approx(here, rel=1e-9)


@given(st.floats(0.01, 2), st.floats(0.2, 6))
def test_longer_silence_and_a_higher_hazard_never_lower_it(hazard, shape):
    def longer(time):
        return gammaincc(shape, shape * time)

    silent = np.linspace(0, 6, 13)
    found = already_gone(silent, np.full(13, hazard), longer)
    assert (np.diff(found) >= -1e-12).all()
    assert (already_gone(silent, np.full(13, 2 * hazard), longer) >= found - 1e-12).all()


def test_as_many_have_left_as_it_says():
    """Customers with regular gaps who leave at random, looked at on one day: in each fifth the share is right."""
    rng, n, day = np.random.default_rng(3), 40_000, 8.0
    leaves = rng.exponential(6.0, n)
    orders = np.cumsum(rng.gamma(3.0, 1 / 3, (n, 40)), axis=1)
    before = np.where(orders <= np.minimum(leaves, day)[:, None], orders, 0.0)
    silent = day - before.max(axis=1)
    found = already_gone(silent, np.full(n, 1 / 6), lambda time: gammaincc(3.0, 3.0 * time))
    for fifth in np.array_split(np.argsort(found), 5):
        gone = int((leaves[fifth] < day).sum())
        assert binomtest(gone, len(fifth), float(found[fifth].mean())).pvalue > 0.001


def test_gaps_of_stayers_that_outlast_the_silence_are_called_at_this_rate():
    """Gamma gaps of shape 2 drawn: of those longer than the silence, the share that reaches the patience."""

    def exceeds(time):
        return gammaincc(2.0, time)

    gaps = np.random.default_rng(5).gamma(2.0, size=200_000)
    silent, patience = 2.5, 4.0
    (expected,) = called_though_there([silent], [patience], exceeds)
    called, there = int((gaps > patience).sum()), int((gaps > silent).sum())
    assert binomtest(called, there, expected).pvalue > 0.001


def test_a_silence_beyond_the_patience_is_called_and_one_without_end_is_not():
    assert called_though_there([6.0, 1.0], [4.0, np.inf], poisson(1.0)).tolist() == [1.0, 0.0]
