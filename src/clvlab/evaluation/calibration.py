"""Whether predicted probabilities to leave by a horizon come true, where some customers were not followed so long.

As in :mod:`clvlab.evaluation.censored`: a probability per row made on a landmark date, the time from then until leaving
or the end of follow-up, which it was, and the horizon. Customers with rows on several dates are named by ``customers``:
their rows count as one observation in errors and intervals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clvlab.evaluation.censored import Array, known_by, observed_risk, probabilities
from clvlab.refusal import Refused

# A slope that has not settled by then is told by too little to have a value.
_STEPS = 200
_SETTLED = 1e-9


def observed_to_expected(probability: ArrayLike, time: ArrayLike, event: ArrayLike, horizon: float) -> float:
    """Return how many left for each that was predicted to leave: calibration in the large.

    Returns
    -------
    float
        1 when right on average, above 1 when too few were predicted. Missing when nobody was followed up to the
        horizon and the last one known was still there, and when every probability is 0. For an interval see
        :func:`clvlab.evaluation.resampling.with_interval`.

    Examples
    --------
    >>> observed_to_expected([0.5, 0.25, 0.25], [1, 5, 5], [1, 0, 0], horizon=3)
    1.0
    """
    expected = float(probabilities(probability, time).mean())
    return observed_risk(time, event, horizon) / expected if expected > 0 else float("nan")


class Slope(NamedTuple):
    """A calibration slope with its standard error, and the intercept that belongs to it."""

    value: float
    error: float
    intercept: float


def calibration_slope(
    probability: ArrayLike, time: ArrayLike, event: ArrayLike, horizon: float, customers: ArrayLike | None = None
) -> Slope:
    """Return the slope of what happened on what was predicted, both as complementary log-logs (log cumulative hazards).

    Returns
    -------
    Slope
        1 when predictions spread as much as the truth; below 1 when they are too extreme, as of an overfitted model.
        The curve of what happens is 1 - exp(-exp(intercept + slope x log(-log(1 - probability)))). Missing when
        nobody is known to have left or nobody to have stayed, when all predictions are equal, when they tell exactly
        who left, and when one of them is exactly 0 or 1: certainty has no log hazard. Its error is missing with a
        single customer.

    Notes
    -----
    Binary regression with censoring weights, errors robust and by customer, as if the weights were known. Maximum
    likelihood puts the slope of forecasts that are exactly right 2-3% above 1 where 45 customers left; the bias of
    first order is taken out as in bias-reduced generalised linear models.

    References
    ----------
    Kosmidis, I. and Firth, D. (2009), "Bias reduction in exponential family nonlinear models", Biometrika 96(4).
    Austin, P. C., Harrell, F. E. and van Klaveren, D. (2020), "Graphical calibration curves and the integrated
    calibration index (ICI) for survival models", Statistics in Medicine 39(21). Cox, D. R. (1958), "Two further
    applications of a model for binary regression", Biometrika 45(3-4).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> hazard = np.exp(rng.normal(-2, 1, 4000))
    >>> slope = calibration_slope(1 - np.exp(-hazard), rng.exponential(1 / hazard), np.ones(4000), horizon=1)
    >>> bool(abs(slope.value - 1) < 3 * slope.error)
    True
    """
    expected = probabilities(probability, time)
    known = known_by(time, event, horizon)
    codes = _codes(customers, len(expected))
    seen = known.weight > 0
    left, weight, expected = known.left[seen], known.weight[seen], expected[seen]
    missing = Slope(float("nan"), float("nan"), float("nan"))
    certain = ((expected == 0) | (expected == 1)).any()
    if certain or not 0 < left.sum() < len(left) or np.ptp(expected) == 0 or _told_apart(expected, left):
        return missing
    predicted = np.log(-np.log1p(-expected))
    design = np.column_stack([np.ones(len(left)), predicted])
    at = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        score, bias, inverse = _derivatives(design, left, weight, at)
        step = inverse @ (score.sum(axis=0) + bias)
        at = at + step / max(1.0, np.abs(design @ step).max())  # no further than a factor of e in a hazard
        if np.abs(step).max() < _SETTLED:
            break
    else:
        return missing
    by_customer = np.column_stack([np.bincount(codes[seen], weights=column) for column in score.T])
    count = len(np.unique(codes))
    covariance = inverse @ (by_customer.T @ by_customer) @ inverse
    error = float(np.sqrt(count / (count - 1) * covariance[1, 1])) if count > 1 else float("nan")
    return Slope(float(at[1]), error, float(at[0]))


class CalibrationGroup(NamedTuple):
    """Customers with similar predictions: how many rows, the share predicted to leave, the share that did."""

    rows: int
    expected: float
    observed: float
    lower: float
    upper: float


def calibration_groups(
    probability: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    customers: ArrayLike | None = None,
    groups: int = 10,
    confidence: float = 0.9,
) -> list[CalibrationGroup]:
    """Return what was predicted and what happened, for groups from the lowest probabilities to the highest.

    Parameters
    ----------
    probability, time, event, horizon, customers
        As throughout this module.
    groups
        How many, of as equal size as equal predictions allow: these stay together, so there may be fewer.
    confidence
        Of the intervals.

    Returns
    -------
    list of CalibrationGroup
        ``expected`` is the mean probability, ``observed`` 1 less Kaplan-Meier's survival of the group, missing where
        nobody of it was followed up to the horizon and the last one known was still there.

    Notes
    -----
    The interval is Jeffreys' for as many independent customers, all followed to the horizon, as would give the same
    variance; that variance counts a customer's rows as one. Nobody or everybody leaving still has an interval.

    References
    ----------
    Korn, E. L. and Graubard, B. I. (1998), "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data", Survey Methodology 24(2).

    Examples
    --------
    >>> found = calibration_groups([0.1, 0.1, 0.6, 0.6], [5, 5, 1, 5], [0, 0, 1, 0], horizon=3, groups=2)
    >>> [(group.rows, group.expected, group.observed) for group in found]
    [(2, 0.1, 0.0), (2, 0.6, 0.5)]
    """
    expected = probabilities(probability, time)
    until, left = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    codes = _codes(customers, len(expected))
    edges = np.unique(np.quantile(expected, np.arange(1, groups) / groups, method="inverted_cdf"))
    place = np.searchsorted(edges, expected, side="left")
    found = []
    for group in np.unique(place):
        rows = place == group
        risk = observed_risk(until[rows], left[rows], horizon)
        lower, upper = _interval(risk, until[rows], left[rows], horizon, codes[rows], confidence)
        found.append(CalibrationGroup(int(rows.sum()), float(expected[rows].mean()), risk, lower, upper))
    return found


def _told_apart(expected: Array, left: Array) -> bool:
    """Return whether the predictions tell exactly who left: the higher ones, or the lower ones."""
    gone, here = expected[left == 1], expected[left == 0]
    return bool(gone.min() >= here.max() or gone.max() <= here.min())


def _derivatives(design: Array, left: Array, weight: Array, at: Array) -> tuple[Array, Array, Array]:
    """Return each row's score, shape (rows, 2), what takes out its first-order bias, and the inverse information."""
    hazard = np.exp(design @ at)
    rise = hazard * np.exp(-hazard)  # of the chance to leave with the log hazard
    chance = -np.expm1(-hazard)
    score = weight * np.where(left == 1, rise / chance, -hazard)
    information = weight * hazard * rise / chance
    inverse = np.linalg.inv((design * information[:, None]).T @ design)
    leverage = information * ((design @ inverse) * design).sum(axis=1)
    return design * score[:, None], design.T @ (leverage * (1 - hazard)) / 2, inverse


def _interval(
    risk: float, time: Array, event: Array, horizon: float, codes: NDArray[np.int64], confidence: float
) -> tuple[float, float]:
    """Return the interval of a share that left by the horizon."""
    from scipy.stats import beta

    if np.isnan(risk):
        return float("nan"), float("nan")
    variance = _variance(1 - risk, time, event, horizon, codes)
    size = (
        risk * (1 - risk) / variance
        if variance > 0
        else len(np.unique(codes[known_by(time, event, horizon).weight > 0]))
    )
    tail = (1 - confidence) / 2
    left, stayed = size * risk + 0.5, size * (1 - risk) + 0.5
    lower = 0.0 if risk == 0 else float(beta.ppf(tail, left, stayed))
    upper = 1.0 if risk == 1 else float(beta.ppf(1 - tail, left, stayed))
    return lower, upper


def _variance(survival: float, time: Array, event: Array, horizon: float, codes: NDArray[np.int64]) -> float:
    """Return the variance of Kaplan-Meier's survival at the horizon over customers, from each row's influence on it.

    Without censoring and with one row per customer it is the binomial one.
    """
    times, place = np.unique(time, return_inverse=True)
    leaving = np.bincount(place, weights=event) * (times <= horizon)
    at_risk = len(time) - np.cumsum(np.bincount(place)) + np.bincount(place)
    # Greenwood's denominator: a row's share in the hazard of those who outlive it.
    stay = at_risk - leaving
    per_row = np.divide(1.0, stay, out=np.zeros_like(stay), where=stay > 0)
    hazard = np.cumsum(np.divide(leaving, at_risk * stay, out=np.zeros_like(stay), where=stay > 0))
    influence = survival * (event * (time <= horizon) * per_row[place] - hazard[place])
    return float((np.bincount(codes, weights=influence) ** 2).sum())


def _codes(customers: ArrayLike | None, rows: int) -> NDArray[np.int64]:
    """Return customers as codes from 0, each row its own when they are not named."""
    if customers is None:
        return np.arange(rows)
    names = np.asarray(customers)
    if names.shape != (rows,):
        raise Refused(f"There are {names.size:,} customers for {rows:,} rows; give one per row.")
    return np.unique(names, return_inverse=True)[1]
