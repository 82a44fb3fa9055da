"""A curve goes through its points, stays between them, and says when it does not fit them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize

from clvlab.refusal import Refused
from clvlab.service_level.curves import Curve, fitted_curve

LEVELS = [0.80, 0.86, 0.90, 0.93, 0.95, 0.97, 0.98, 0.99]
COST = [0.0, 1.5, 3.5, 7.0, 11.0, 19.0, 28.0, 50.0]
points = st.lists(st.floats(0, 100), min_size=3, max_size=9).map(lambda values: np.round(values, 3))


def test_straight_lines_go_between_neighbours():
    curve = Curve(LEVELS, COST)
    asked = np.linspace(0.80, 0.99, 97)
    assert curve(asked) == pytest.approx(np.interp(asked, LEVELS, COST))
    assert curve.slope([0.91, 0.985, 0.99]) == pytest.approx([3.5 / 0.03, 2200, 2200])
    assert curve.kinks == tuple(LEVELS[1:-1])
    assert curve.convex


def test_levels_on_one_line_are_no_kinks():
    curve = Curve([0, 1, 2, 3], [1, 2, 3, 5])
    assert curve.kinks == (2.0,)
    assert Curve([0, 1, 2], [0, 2, 3]).convex is False


def test_a_monotone_fit_passes_through_rising_points_without_bumps():
    curve = fitted_curve(LEVELS, COST)
    assert curve(LEVELS) == pytest.approx(COST)
    asked = np.linspace(0.80, 0.99, 200)
    assert curve(asked) == pytest.approx(PchipInterpolator(LEVELS, COST)(asked))
    assert curve.kinks == ()
    assert curve.remarks == ()


@settings(max_examples=15, deadline=None)
@given(points)
def test_a_monotone_fit_never_falls_and_is_the_closest_that_does_not(values):
    levels = np.arange(len(values), dtype=float)
    curve = fitted_curve(levels, values)
    assert (np.diff(curve(np.linspace(0, levels[-1], 300))) >= -1e-9).all()
    assert (np.abs(curve(levels) - values).max() > 1e-6) <= bool(curve.remarks)
    # The closest rising values are means of blocks (min-max formula of isotonic regression).
    n = len(values)
    closest = [max(min(values[a : b + 1].mean() for b in range(i, n)) for a in range(i + 1)) for i in range(n)]
    assert curve(levels) == pytest.approx(closest, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(points)
def test_a_convex_fit_is_the_closest_rising_convex_line(values):
    levels = np.arange(len(values), dtype=float)
    curve = fitted_curve(levels, values, convex=True)
    assert curve.convex
    ours = curve(levels)
    assert np.diff(ours, prepend=ours[0]).min() >= -1e-9
    hinges = np.column_stack([np.ones_like(levels), *(np.maximum(levels - at, 0) for at in levels[:-1])])
    other = minimize(
        lambda w: ((hinges @ w - values) ** 2).sum(),
        np.zeros(hinges.shape[1]),
        jac=lambda w: 2 * hinges.T @ (hinges @ w - values),
        bounds=[(None, None)] + [(0, None)] * (len(levels) - 1),
        method="L-BFGS-B",
        options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-10},
    )
    assert ((ours - values) ** 2).sum() <= other.fun * (1 + 1e-9) + 1e-7


def test_a_convex_fit_of_convex_points_is_their_straight_lines():
    curve = fitted_curve(LEVELS, COST, convex=True)
    assert curve(LEVELS) == pytest.approx(COST, abs=1e-9)
    assert curve.remarks == ()


def test_noisy_points_are_said_to_be_missed_and_shown():
    curve = fitted_curve([0.8, 0.9, 0.95, 1.0], [0.0, 3.0, 2.0, 9.0], "cost per order")
    assert curve.to_frame()["given"].tolist() == [0.0, 3.0, 2.0, 9.0]
    assert curve.to_frame()["fitted"].tolist() == [0.0, 2.5, 2.5, 9.0]
    assert "closest rising one and misses them by up to 0.5" in repr(curve)
    dots = curve.plot().get_lines()[1]
    assert dots.get_ydata().tolist() == [0.0, 3.0, 2.0, 9.0]


def test_a_smooth_curve_that_dips_in_slope_is_not_called_convex():
    steps = fitted_curve([0, 1, 2, 3], [0, 1, 5, 6])
    assert not steps.convex
    second = np.diff(steps(np.linspace(0, 3, 400)), 2)
    assert second.min() < 0


@pytest.mark.parametrize("level", [0.79, 0.991, float("nan")])
@pytest.mark.parametrize("make", [Curve, fitted_curve])
def test_nothing_is_said_beyond_the_points(make, level):
    curve = make(LEVELS, COST, "cost per order")
    with pytest.raises(Refused, match=r"At level .* the cost per order is not known: the points go from 0.8 to 0.99"):
        curve([0.9, level])
    with pytest.raises(Refused):
        curve.slope(level)


@pytest.mark.parametrize(
    ("levels", "values", "words"),
    [
        ([0.9, 0.8], [1, 2], "must rise, each given once, but 0.8 follows 0.9"),
        ([0.8, 0.8], [1, 2], "but 0.8 follows 0.8"),
        ([0.8], [1], "two levels or more"),
        ([0.8, 0.9], [1], "2 levels and 1 values"),
        ([-0.1, 0.9], [1, 2], "negative level, -0.1"),
        ([0.8, 0.9], [1, -2], "negative value, -2"),
        ([0.8, 0.9], [1, float("nan")], "not known"),
        ([0.8, 0.9], [1, float("inf")], "not known"),
        ([0.8, "high"], [1, 2], "must be numbers"),
    ],
)
def test_what_is_no_curve_is_refused(levels, values, words):
    with pytest.raises(Refused, match=words):
        Curve(levels, values)
