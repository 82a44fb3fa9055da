"""Scores of forecasts and checks of their intervals, shared by all models; nothing here knows a model.

A forecast is a point per customer, or draws of shape (draws, customers). What customers then did is ``actual``:
counts, or money that may be negative and is often exactly 0.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]

# Customers whose draws are sorted at once, so that they stay in the processor's cache.
_AT_ONCE = 2_048
_TOP = 0.1


def mean_absolute_error(expected: ArrayLike, actual: ArrayLike) -> float:
    """Return the mean distance between what was expected and what came.

    Notes
    -----
    It is lowest for the median. Where most customers buy nothing that is 0, and a forecast of 0 for everybody can
    score better than the right means: read it with :func:`relative_bias`.

    Examples
    --------
    >>> mean_absolute_error([1.0, 2.0], [0.0, 4.0])
    1.5
    """
    return float(np.mean(np.abs(_floats(expected) - _floats(actual))))


def root_mean_squared_error(expected: ArrayLike, actual: ArrayLike) -> float:
    """Return the root of the mean squared error, which is lowest for the mean.

    Examples
    --------
    >>> root_mean_squared_error([1.0, 2.0], [0.0, 3.0])
    1.0
    """
    return float(np.sqrt(np.mean((_floats(expected) - _floats(actual)) ** 2)))


def relative_bias(expected: ArrayLike, actual: ArrayLike) -> float:
    """Return by which part the expected total is above (+) or below (-) the actual one; missing where that is 0.

    Examples
    --------
    >>> relative_bias([1.0, 2.0], [0.0, 4.0])
    -0.25
    """
    total = float(_floats(actual).sum())
    return float(_floats(expected).sum() - total) / abs(total) if total else float("nan")


def crps(draws: ArrayLike, actual: ArrayLike) -> Array:
    """Return each customer's continuous ranked probability score; lower is better.

    Parameters
    ----------
    draws
        (draws, customers) from the forecast distribution.
    actual
        One outcome per customer.

    Returns
    -------
    array (customers,)
        In the unit of the outcome. Of a point forecast, one draw, it is the absolute error.

    Notes
    -----
    E|X - y| - E|X - X'| / 2, with the second mean over pairs of different draws, so that few draws are not punished
    (the fair estimator, unbiased). Sorted draws give it without looking at all pairs.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007), "Strictly proper scoring rules, prediction, and estimation", Journal of
    the American Statistical Association 102(477). Ferro, C. A. T. (2014), "Fair scores for ensemble forecasts",
    Quarterly Journal of the Royal Meteorological Society 140(683).

    Examples
    --------
    >>> crps([[0.0, 3.0], [2.0, 3.0]], [1.0, 5.0]).tolist()
    [0.0, 2.0]
    """
    drawn, outcome = np.asarray(draws), _floats(actual)
    n = len(drawn)
    # How often the i-th smallest draw is the larger one of a pair, less how often it is the smaller one.
    larger = 2.0 * np.arange(n) - (n - 1)
    scores = np.empty(len(outcome))
    for start in range(0, len(outcome), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        ordered = np.sort(drawn[:, rows].T, axis=1).astype(float)
        distance = np.abs(ordered - outcome[rows, None]).mean(axis=1)
        scores[rows] = distance - ordered @ larger / (n * max(n - 1, 1))
    return scores


def randomised_pit(draws: ArrayLike, actual: ArrayLike, rng: np.random.Generator) -> Array:
    """Return where each outcome lies within its forecast distribution: uniform on 0..1 when the forecast is right.

    Parameters
    ----------
    draws
        (draws, customers) from the forecast distribution.
    actual
        One outcome per customer.
    rng
        Spreads an outcome that has a probability of its own, such as a count or a value of 0, over that probability.

    Notes
    -----
    The outcome's rank among itself and the draws, equal ones in random order: exactly uniform for any number of draws
    when outcome and draws come from one distribution, whether or not it has atoms.

    References
    ----------
    Czado, C., Gneiting, T. and Held, L. (2009), "Predictive model assessment for count data", Biometrics 65(4).

    Examples
    --------
    >>> randomised_pit([[0, 0], [0, 0], [0, 1]], [5, 0], np.random.default_rng(1)).round(2).tolist()
    [0.88, 0.71]
    """
    drawn, outcome = np.asarray(draws), _floats(actual)
    below, equal = (drawn < outcome).sum(axis=0), (drawn == outcome).sum(axis=0)
    return (below + rng.random(len(outcome)) * (equal + 1)) / (len(drawn) + 1)


class Coverage(NamedTuple):
    """What share of outcomes fell into their intervals, and how likely a share this far off is by chance."""

    share: float
    p_value: float


def coverage(pit: ArrayLike, level: float = 0.9) -> Coverage:
    """Return how often central intervals of this level held, with an exact two-sided binomial test.

    Parameters
    ----------
    pit
        From :func:`randomised_pit`: an interval of 90% holds where it lies within 5..95%. Intervals of counts cannot
        have exactly this level, the randomised ones can.
    level
        What the intervals promise.

    Notes
    -----
    The test takes customers as independent. What all share (one estimate of the parameters, a good or a bad year)
    makes low p-values more common than they should be.

    Examples
    --------
    >>> found = coverage([0.01, 0.5, 0.6, 0.7])
    >>> found.share, round(found.p_value, 3)
    (0.75, 0.344)
    """
    from scipy.stats import binomtest

    inside = np.abs(_floats(pit) - 0.5) < level / 2
    return Coverage(float(inside.mean()), float(binomtest(int(inside.sum()), len(inside), level).pvalue))


def rank_correlation(expected: ArrayLike, actual: ArrayLike) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; missing where all are alike on one side.

    Examples
    --------
    >>> round(rank_correlation([0.1, 0.5, 0.9], [0, 7, 20]), 3)
    1.0
    """
    from scipy.stats import rankdata

    ranks = np.vstack([rankdata(_floats(expected)), rankdata(_floats(actual))])
    if (np.ptp(ranks, axis=1) == 0).any():
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def top_decile_capture(expected: ArrayLike, actual: ArrayLike) -> float:
    """Return how much of what the best tenth of customers brought went to the tenth that was expected to be best.

    Notes
    -----
    The outcome total of the tenth with the highest forecasts over that of the tenth with the highest outcomes: 1 is
    the most that any ranking can reach. The plain share of the whole total would say how concentrated customers are.
    The tenth is rounded up to whole customers; customers with equal forecasts at its edge count with their mean
    outcome, so that their order does not matter. Missing where the best tenth brought nothing.

    Examples
    --------
    >>> top_decile_capture([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], [4, 8, 0, 0, 0, 0, 0, 0, 0, 1])
    0.5
    """
    ranked, outcome = _floats(expected), _floats(actual)
    size = max(int(np.ceil(_TOP * len(outcome) - 1e-9)), 1)
    best = np.sort(outcome)[len(outcome) - size :].sum()
    edge = np.sort(ranked)[len(ranked) - size]
    above, tied = ranked > edge, ranked == edge
    captured = outcome[above].sum() + (size - above.sum()) * outcome[tied].mean()
    return float(captured / best) if best > 0 else float("nan")


class Skill(NamedTuple):
    """By which part a loss is lower than a rival's, and the standard error of that part."""

    value: float
    error: float


def skill(loss: ArrayLike, rival: ArrayLike, customers: ArrayLike) -> Skill:
    """Return by which part a forecast's losses are below a rival's for the same customers and dates.

    Parameters
    ----------
    loss, rival
        One loss per forecast, such as its squared error, of both.
    customers
        Whose forecast it was, as codes from 0: what is compared is paired by customer, and a customer's errors at
        several dates count as one observation.

    Returns
    -------
    Skill
        ``value``: 0.2 for losses that are 20% lower, negative for higher ones; missing where the rival has no loss.
        ``error``: its standard error over customers, as of a ratio of two sums; missing for a single customer.

    Examples
    --------
    >>> found = skill([1.0, 1.0, 4.0], [2.0, 2.0, 4.0], [0, 1, 2])
    >>> found.value, round(found.error, 3)
    (0.25, 0.188)
    """
    codes = np.asarray(customers)
    theirs = np.bincount(codes, weights=_floats(rival))
    gain = theirs - np.bincount(codes, weights=_floats(loss))
    n, total = len(np.unique(codes)), theirs.sum()
    if not total:
        return Skill(float("nan"), float("nan"))
    value = gain.sum() / total
    error = np.sqrt(n / (n - 1) * ((gain - value * theirs) ** 2).sum()) / total if n > 1 else float("nan")
    return Skill(float(value), float(error))


def _floats(values: ArrayLike) -> Array:
    """Return values as an array of floats."""
    return np.asarray(values, dtype=float)
