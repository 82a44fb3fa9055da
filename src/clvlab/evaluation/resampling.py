"""How sure a score is: customers drawn with replacement, all their rows together."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clvlab.evaluation.censored import Array, predictions
from clvlab.refusal import Refused

Score: TypeAlias = Callable[[Array, Array, Array, float], float]


class Estimate(NamedTuple):
    """A score, its standard error and its interval, over customers."""

    value: float
    error: float
    lower: float
    upper: float


def with_interval(
    score: Score,
    prediction: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    customers: ArrayLike | None = None,
    rival: ArrayLike | None = None,
    confidence: float = 0.9,
    replicates: int = 200,
    seed: int = 1,
) -> Estimate:
    """Return a score with its standard error and interval, from drawing customers with replacement.

    Parameters
    ----------
    score
        A function of :mod:`clvlab.evaluation.censored`, or any other of the same four.
    prediction, time, event, horizon
        What it takes.
    customers
        Whose row it is, when customers have several (over landmark dates): their rows are drawn together.
    rival
        Another prediction for the same rows: the score's difference, ``prediction`` less ``rival``, is returned.
    confidence
        Of the interval between percentiles.
    replicates
        How often customers are drawn.
    seed
        Of the generator that draws them.

    Returns
    -------
    Estimate
        Error and interval are missing with a single customer, and when the score itself is. Draws in which the score
        is missing (nobody left) are left out; where they are half or more, error and interval are missing.

    Examples
    --------
    >>> from clvlab.evaluation.censored import auc
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.random(300)
    >>> found = with_interval(auc, risk, rng.exponential(10 / np.exp(2 * risk)), np.ones(300), horizon=5)
    >>> bool(0.5 < found.lower < found.value < found.upper)
    True
    """
    predicted, until, left = (np.asarray(values, dtype=float) for values in (prediction, time, event))
    other = None if rival is None else predictions(rival, until)
    names = np.arange(len(until)) if customers is None else np.asarray(customers)
    if len(names) != len(until):
        raise Refused(f"There are {len(names):,} customers for {len(until):,} rows; give one per row.")

    def at(rows: NDArray[np.int64]) -> float:
        outcome = until[rows], left[rows], horizon
        value = score(predicted[rows], *outcome)
        return value if other is None else value - score(other[rows], *outcome)

    value = at(np.arange(len(until)))
    codes, count = np.unique(names, return_inverse=True)[1], len(np.unique(names))
    if count == 1 or np.isnan(value):
        return Estimate(value, float("nan"), float("nan"), float("nan"))
    order, ends = np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1]
    rows_of = np.split(order, ends)
    rng = np.random.default_rng(seed)
    drawn = np.array(
        [at(np.concatenate([rows_of[i] for i in rng.integers(count, size=count)])) for _ in range(replicates)]
    )
    drawn = drawn[~np.isnan(drawn)]
    if 2 * len(drawn) <= replicates:
        return Estimate(value, float("nan"), float("nan"), float("nan"))
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(value, float(drawn.std(ddof=1)), float(lower), float(upper))
