"""Fisher's cut is the best of all cuts, keeps equal values together, and does not hang on the unit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.tiers.classes.optimal_cut import optimal_cut

AMOUNTS = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=30)


def within(values: np.ndarray, at: float) -> float:
    """Return the sum of squares within the two classes that a cut makes."""
    classes = values[values < at], values[values >= at]
    return sum(((part - part.mean()) ** 2).sum() for part in classes)


@given(AMOUNTS)
@settings(max_examples=100, deadline=None)
def test_no_other_cut_leaves_less_within_classes(amounts):
    assume(len(set(amounts)) > 1)
    values = np.array(amounts)
    found = optimal_cut(pd.Series(values))
    least = min(within(values, at) for at in sorted(set(amounts))[1:])
    assert within(values, found.at) == pytest.approx(least, abs=1e-9)
    assert found.explained == pytest.approx(1 - least / ((values - values.mean()) ** 2).sum())


@given(AMOUNTS)
@settings(max_examples=50, deadline=None)
def test_equal_values_stay_together_and_counts_add_up(amounts):
    assume(len(set(amounts)) > 1)
    values = np.array(amounts)
    found = optimal_cut(pd.Series(values))
    assert found.above == (values >= found.at).sum() > 0
    assert found.below == (values < found.at).sum() > 0


@given(AMOUNTS, st.floats(0.01, 1000), st.integers(-1000, 1000))
@settings(max_examples=50, deadline=None)
def test_another_unit_or_origin_explains_as_much(amounts, scale, shift):
    assume(len(set(amounts)) > 1)
    values = pd.Series(amounts)
    assert optimal_cut(values * scale + shift).explained == pytest.approx(optimal_cut(values).explained, rel=1e-6)


def test_on_the_log_scale_ratios_count_and_the_cut_is_the_geometric_mean():
    values = pd.Series([1.0, 2.0, 4.0, 1000.0, 2000.0, 100_000.0])
    assert optimal_cut(values).above == 1
    found = optimal_cut(values, log=True)
    assert found.above == 3
    assert found.at == pytest.approx(np.sqrt(4 * 1000))


def test_large_sums_keep_their_digits():
    values = pd.Series([1e12 + 1, 1e12 + 2, 1e12 + 8, 1e12 + 9])
    assert optimal_cut(values).at == 1e12 + 5


def test_neighbouring_numbers_are_parted_too():
    low = 1.0
    high = np.nextafter(low, 2.0)
    assert optimal_cut(pd.Series([low, high]), log=True).at == high


def test_a_bell_curve_is_cut_in_the_middle_and_explained_to_two_thirds():
    found = optimal_cut(pd.Series(np.random.default_rng(1).normal(size=100_000)))
    assert abs(found.at) < 0.02
    assert found.explained == pytest.approx(2 / np.pi, abs=0.01)


@pytest.mark.parametrize(
    ("values", "log", "message"),
    [
        ([1.0], False, "nothing to part"),
        ([], False, "nothing to part"),
        ([3.0, 3.0], False, "nothing to part"),
        ([1.0, np.nan], False, "not known"),
        ([0.0, 1.0], True, "no logarithm"),
    ],
)
def test_what_cannot_be_cut_is_refused(values, log, message):
    with pytest.raises(Refused, match=message):
        optimal_cut(pd.Series(values, dtype=float), log)
