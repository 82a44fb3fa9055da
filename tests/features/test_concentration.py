"""Concentration figures are those of the textbook, and their intervals hold in heavy tails."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from clvlab.features import concentration
from clvlab.features.concentration_intervals import intervals
from clvlab.refusal import Refused

VALUES = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=60)


def test_equal_customers_are_not_concentrated():
    found = concentration(pd.Series([5.0] * 20))
    assert found.gini == pytest.approx(0, abs=1e-12)
    assert found.top_share == pytest.approx(0.2)
    assert found.effective_customers == pytest.approx(20)
    assert np.isfinite(found.to_frame().lower[:3]).all()


def test_one_customer_with_everything_is_all_concentration():
    found = concentration(pd.Series([0.0] * 9 + [7.0]))
    assert found.gini == pytest.approx(0.9)
    assert (found.top_share, found.effective_customers, found.largest_share) == (1, 1, 1)


@given(VALUES)
@settings(max_examples=50, deadline=None)
def test_the_gini_is_half_the_mean_difference_over_the_mean(values):
    x = np.array(values)
    by_hand = np.abs(x[:, None] - x).mean() / (2 * x.mean())
    assert concentration(pd.Series(x), replicates=19).gini == pytest.approx(by_hand, abs=1e-9)


@given(VALUES, st.floats(0.001, 1000), st.floats(0.05, 0.95))
@settings(max_examples=30, deadline=None)
def test_currency_and_order_do_not_matter(values, rate, share):
    first = concentration(pd.Series(values), share, replicates=39).to_frame()
    again = concentration(pd.Series(values[::-1]) * rate, share, replicates=39).to_frame()
    for column in ("value", "lower", "upper"):
        np.testing.assert_allclose(first[column], again[column], rtol=1e-6, atol=1e-7)


@given(VALUES, st.floats(0.05, 0.95))
@settings(max_examples=30, deadline=None)
def test_the_top_share_is_read_off_the_lorenz_curve(values, share):
    found = concentration(pd.Series(values), share, replicates=19)
    curve = found.lorenz()
    assert found.top_share == pytest.approx(
        1 - np.interp(1 - share, curve.customers_share, curve.value_share), abs=1e-9
    )
    assert curve.iloc[0].tolist() == [0, 0]
    assert curve.iloc[-1].tolist() == pytest.approx([1, 1])


def test_the_same_seed_gives_the_same_interval():
    values = pd.Series(np.random.default_rng(1).lognormal(0, 1, 50))
    assert concentration(values, seed=3).to_frame().equals(concentration(values, seed=3).to_frame())
    assert not concentration(values, seed=3).to_frame().equals(concentration(values, seed=4).to_frame())


def test_forty_customers_with_one_at_59_percent_tell_little_about_such_customers_in_general():
    rest = np.random.default_rng(1).lognormal(2, 1, 39)
    found = concentration(pd.Series([*(rest / rest.sum() * 0.41), 0.59])).to_frame().set_index("measure")
    assert found["value"]["largest_share"] == pytest.approx(0.59)
    assert found.upper["top_share"] - found.lower["top_share"] > 0.3
    assert np.isnan(found.lower["largest_share"])


def test_a_handful_of_customers_gets_no_interval():
    found = concentration(pd.Series([1.0, 2, 3])).to_frame()
    assert found.lower.isna().all()
    assert found.interval_for[0] == "none: fewer than 10 customers"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, -2, 3], "1 of 3 customers have a negative value"),
        ([1.0, np.nan], "1 of 2 customers have no known value"),
        ([0.0, 0.0], "No customer has a value above zero"),
        ([], "No customer has a value above zero"),
    ],
)
def test_values_without_a_lorenz_curve_are_refused(values, message):
    with pytest.raises(Refused, match=message):
        concentration(pd.Series(values, dtype=float))


def test_a_share_of_twenty_is_refused():
    with pytest.raises(Refused, match="between 0 and 1"):
        concentration(pd.Series([1.0]), share=20)


@pytest.mark.parametrize("size", [40, 200])
def test_intervals_hold_in_a_heavy_tail(size):
    """A Pareto tail of index 1.5, where the percentile bootstrap covers 43 to 61%."""
    rng = np.random.default_rng(size)
    hits = np.zeros(2, dtype=int)
    for seed in range(120):
        found = intervals(np.sort(1 + rng.pareto(1.5, size)), 0.2, 0.9, 199, seed)
        hits += [found.gini[0] <= 0.5 <= found.gini[1], found.top[0] <= 0.2 ** (1 / 3) <= found.top[1]]
    for count in hits:
        assert binomtest(int(count), 120, 0.9, alternative="less").pvalue > 0.001
