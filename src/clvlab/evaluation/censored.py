"""Scores of predicted leaving where some customers were not followed to the horizon; nothing here knows a model.

Every score takes the same four: a prediction per row made on a landmark date, the time from then until the customer
left or follow-up ended, whether it left, and the horizon; any unit of time, the same for both. What happened is known
of who left by the horizon or was followed up to it. Each of these is weighted by the inverse of the chance to be
followed so long (inverse probability of censoring weighting, IPCW), so that it speaks for those who were not, too. That
chance is estimated for all rows alike: follow-up must not end earlier for customers at higher risk, and landmark dates
with different follow-up are scored apart.

A score that the outcomes cannot tell is missing (NaN); each function says when. One event counts: leaving, for any
cause.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clvlab.refusal import Refused

Array: TypeAlias = NDArray[np.float64]

# Pairs of customers compared at once.
_PAIRS_AT_ONCE = 4_000_000


class Known(NamedTuple):
    """What is known at the horizon: whether each customer had left (0 or 1), and its weight, 0 where unknown."""

    left: Array
    weight: Array


def censoring_survival(time: ArrayLike, event: ArrayLike, at: ArrayLike) -> Array:
    """Return the chance that follow-up of a customer still ran just before these times.

    Parameters
    ----------
    time, event
        Time until leaving or the end of follow-up, and which it was (1 or 0), one per row.
    at
        Times to look at.

    Notes
    -----
    Kaplan-Meier of the end of follow-up ("reverse"), as left limits. Where customers leave and others' follow-up ends
    at the same time, leaving came first: who left is no longer among those whose follow-up could end.

    Examples
    --------
    >>> censoring_survival([1, 2, 2, 3], [1, 1, 0, 1], [2, 2.5]).tolist()
    [1.0, 0.5]
    """
    until, left = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    times, place = np.unique(until, return_inverse=True)
    leaving, rows = np.bincount(place, weights=left), np.bincount(place)
    at_risk = len(until) - np.cumsum(rows) + rows - leaving
    ended = rows - leaving
    survival = np.cumprod(1 - np.divide(ended, at_risk, out=np.zeros_like(at_risk), where=ended > 0))
    return np.append(1.0, survival)[np.searchsorted(times, np.asarray(at, dtype=float), side="left")]


def known_by(time: ArrayLike, event: ArrayLike, horizon: float) -> Known:
    """Return who is known to have left by the horizon or to have stayed, with censoring weights.

    Notes
    -----
    Weight 1 / G(t-) for who left at t up to the horizon h, 1 / G(h-) for who was followed to h, with G the chance to be
    followed. A customer whose follow-up ends exactly at h is known to have stayed. Weights add up to the number of
    rows, and the weighted share of those who left is 1 less Kaplan-Meier's survival.

    References
    ----------
    Graf, E., Schmoor, C., Sauerbrei, W. and Schumacher, M. (1999), "Assessment and comparison of prognostic
    classification schemes for survival data", Statistics in Medicine 18(17-18).

    Examples
    --------
    >>> known = known_by([1, 2, 3, 5], [1, 0, 1, 0], horizon=4)
    >>> known.left.tolist(), known.weight.round(3).tolist()
    ([1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.5, 1.5])
    """
    until, left = _outcomes(time, event, horizon)
    by_then = left * (until <= horizon)
    known = (by_then == 1) | (until >= horizon)
    followed = censoring_survival(until, left, np.minimum(until, horizon))
    return Known(by_then, np.divide(1.0, followed, out=np.zeros_like(followed), where=known))


def observed_risk(time: ArrayLike, event: ArrayLike, horizon: float) -> float:
    """Return the share of customers who left by the horizon (1 less Kaplan-Meier's survival).

    Missing when nobody was followed up to the horizon and the last one known was still there.

    Examples
    --------
    >>> round(observed_risk([1, 2, 3, 5], [1, 0, 1, 0], horizon=4), 3)
    0.625
    """
    known = known_by(time, event, horizon)
    return _told(known, float(np.mean(known.weight * known.left)))


def auc(risk: ArrayLike, time: ArrayLike, event: ArrayLike, horizon: float) -> float:
    """Return the chance that of one customer who left by the horizon and one who stayed, the first had the higher risk.

    Parameters
    ----------
    risk
        Predictions, higher for who is expected to leave sooner, on any scale; equal ones count half.
    time, event, horizon
        As throughout this module.

    Returns
    -------
    float
        0.5 for a prediction that knows nothing. Missing when nobody is known to have left, or nobody to have stayed.

    Notes
    -----
    Cumulative cases against dynamic controls, cases with censoring weights; without censoring the ordinary AUC.

    References
    ----------
    Uno, H., Cai, T., Tian, L. and Wei, L. J. (2007), "Evaluating prediction rules for t-year survivors with censored
    regression models", Journal of the American Statistical Association 102(478). Blanche, P., Dartigues, J.-F. and
    Jacqmin-Gadda, H. (2013), "Review and comparison of ROC curve estimators for a time-dependent outcome with
    marker-dependent censoring", Biometrical Journal 55(5).

    Examples
    --------
    >>> auc([0.9, 0.1, 0.2, 0.4], [1, 2, 5, 5], [1, 1, 0, 0], horizon=3)
    0.5
    """
    ranked = predictions(risk, time)
    known = known_by(time, event, horizon)
    stayed = np.sort(ranked[(known.weight > 0) & (known.left == 0)])
    cases = known.left == 1
    if not (len(stayed) and cases.any()):
        return float("nan")
    below, up_to = (np.searchsorted(stayed, ranked[cases], side=side) for side in ("left", "right"))
    return float(np.average((below + up_to) / (2 * len(stayed)), weights=known.weight[cases]))


def brier(probability: ArrayLike, time: ArrayLike, event: ArrayLike, horizon: float) -> float:
    """Return the mean squared distance between the probability to leave by the horizon and what happened (0 or 1).

    Parameters
    ----------
    probability
        Predicted, between 0 and 1.
    time, event, horizon
        As throughout this module.

    Returns
    -------
    float
        Lower is better. Missing when nobody was followed up to the horizon and the last one known was still there.

    References
    ----------
    Graf et al. (1999), as in :func:`known_by`. Gerds, T. A. and Schumacher, M. (2006), "Consistent estimation of the
    expected Brier score in general survival models with right-censored event times", Biometrical Journal 48(6).

    Examples
    --------
    >>> brier([1.0, 0.5, 0.0], [1, 2, 5], [1, 1, 0], horizon=3)
    0.08333333333333333
    """
    expected = probabilities(probability, time)
    known = known_by(time, event, horizon)
    return _told(known, float(np.mean(known.weight * (known.left - expected) ** 2)))


def prediction_accuracy(probability: ArrayLike, time: ArrayLike, event: ArrayLike, horizon: float) -> float:
    """Return by which part the Brier score is below that of the same observed rate for everybody.

    Returns
    -------
    float
        1 for certainty that comes true, 0 for no better than the rate, negative for worse. Missing where the Brier
        score is, and when all or none left.

    References
    ----------
    Kattan, M. W. and Gerds, T. A. (2018), "The index of prediction accuracy: an intuitive measure useful for
    evaluating risk prediction models", Diagnostic and Prognostic Research 2:7.

    Examples
    --------
    >>> prediction_accuracy([1.0, 0.5, 0.0, 0.0], [1, 2, 5, 5], [1, 1, 0, 0], horizon=3)
    0.75
    """
    rate = observed_risk(time, event, horizon)
    by_rate = rate * (1 - rate)
    score = brier(probability, time, event, horizon)
    return 1 - score / by_rate if by_rate > 0 else float("nan")


def uno_c(risk: ArrayLike, time: ArrayLike, event: ArrayLike, horizon: float) -> float:
    """Return the chance that of two customers, the one who left first, by the horizon, had the higher risk.

    Parameters
    ----------
    risk
        Predictions, higher for who is expected to leave sooner, on any scale; equal ones count half.
    time, event, horizon
        As throughout this module; ``horizon`` is the truncation time tau.

    Returns
    -------
    float
        0.5 for a prediction that knows nothing. Missing when nobody left while another was still there.

    Notes
    -----
    A pair has weight 1 / G(t-)**2 at the time t of the first leaving, which makes the estimand free of the follow-up.
    Customers who left at the same time make no pair; one whose follow-up ended then stayed longer.

    References
    ----------
    Uno, H., Cai, T., Pencina, M. J., D'Agostino, R. B. and Wei, L. J. (2011), "On the C-statistics for evaluating
    overall adequacy of risk prediction procedures with censored survival data", Statistics in Medicine 30(10).

    Examples
    --------
    >>> round(uno_c([0.9, 0.1, 0.2, 0.4], [1, 2, 5, 5], [1, 1, 0, 0], horizon=3), 3)
    0.6
    """
    ranked = predictions(risk, time)
    until, left = _outcomes(time, event, horizon)
    cases = np.flatnonzero((left == 1) & (until <= horizon))
    weight = censoring_survival(until, left, until[cases]) ** -2.0
    at_once = max(_PAIRS_AT_ONCE // len(until), 1)
    pairs = concordant = 0.0
    for start in range(0, len(cases), at_once):
        first = cases[start : start + at_once, None]
        longer = (until > until[first]) | ((until == until[first]) & (left == 0))
        won = (longer & (ranked < ranked[first])).sum(axis=1) + (longer & (ranked == ranked[first])).sum(axis=1) / 2
        pairs += float(weight[start : start + at_once] @ longer.sum(axis=1))
        concordant += float(weight[start : start + at_once] @ won)
    return concordant / pairs if pairs else float("nan")


def probabilities(values: ArrayLike, time: ArrayLike) -> Array:
    """Return predicted probabilities as floats, one per row.

    Raises
    ------
    Refused
        When one is missing or not between 0 and 1, or there are not as many as rows.
    """
    found = predictions(values, time)
    if ((found < 0) | (found > 1)).any():
        raise Refused(f"A predicted probability is {found[(found < 0) | (found > 1)][0]:g}; give shares from 0 to 1.")
    return found


def predictions(values: ArrayLike, time: ArrayLike) -> Array:
    """Return predictions as floats, refusing missing ones and another number than there are rows."""
    found = np.asarray(values, dtype=float)
    if found.shape != np.shape(time):
        raise Refused(f"There are {found.size:,} predictions for {np.size(time):,} rows; give one per row.")
    if np.isnan(found).any():
        raise Refused(f"{int(np.isnan(found).sum()):,} predictions are missing; leave those rows out of all columns.")
    return found


def _outcomes(time: ArrayLike, event: ArrayLike, horizon: float) -> tuple[Array, Array]:
    """Return times and events as floats, refusing what cannot be."""
    until, left = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    if until.ndim != 1 or until.shape != left.shape or not len(until):
        raise Refused("time and event must be two columns of the same length, with at least one row.")
    if not (until >= 0).all():
        raise Refused("A time is missing or negative; times count from the landmark date.")
    if not np.isin(left, (0, 1)).all():
        raise Refused("An event is neither 0 nor 1; give 1 where the customer left, else 0.")
    if not horizon > 0:
        raise Refused(f"horizon={horizon} is no time ahead; give one above 0.")
    return until, left


def _told(known: Known, value: float) -> float:
    """Return a mean over weighted rows, missing when those known do not speak for all rows."""
    return value if np.isclose(known.weight.sum(), len(known.weight)) else float("nan")
