"""Sums over months around the one in which an entitlement was got, and the ratio of two sides' ratios."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from clvlab.tiers.evidence.comparable import Floats, Grid, Ints, Sets

_Z = NormalDist().inv_cdf(0.95)


class Ratio(NamedTuple):
    """What became of those who got it, of those compared with them, and the ratio of the two with its 90% interval."""

    given: float
    comparable: float
    ratio: float
    lower: float
    upper: float


def total(grid: Grid, sets: Sets, name: str, start: int, end: int) -> Floats:
    """Return the sum of a column over months ``start`` to before ``end``, counted from the one in which it was got.

    Months in which a compared account had got it itself are left out; with no month left the sum is missing.
    """
    values, last = _window(grid, sets, name, start, end)
    return np.where(last > start, values, np.nan)


def mean(grid: Grid, sets: Sets, name: str, start: int, end: int) -> Floats:
    """Return the mean of a column over such months."""
    values, last = _window(grid, sets, name, start, end)
    return np.divide(values, last - start, out=np.full(len(values), np.nan), where=last > start)


def _window(grid: Grid, sets: Sets, name: str, start: int, end: int) -> tuple[Floats, Ints]:
    """Return each member's sum and the month before which it ends, counted from the one in which it was got."""
    cumulated = np.nan_to_num(grid.of(name)).cumsum(axis=1)
    cumulated = np.hstack([np.zeros((len(cumulated), 1)), cumulated])
    last = np.where(sets.given, end, np.minimum(end, grid.gets[sets.account] - sets.month))
    until = cumulated[sets.account, sets.month + np.maximum(last, start)]
    return until - cumulated[sets.account, sets.month + start], last


def ratio(numerator: Floats, denominator: Floats, sets: Sets) -> Ratio:
    """Return the ratio of sums of those who got it over that of those compared with them.

    Missing members are left out. The interval is that of the log ratio, by two-way clustering: by set, and by account,
    which may be in many sets. All three are missing where a sum is not above 0.

    Examples
    --------
    >>> sets = Sets(np.array([0, 1, 0, 1]), np.arange(4), np.zeros(4, int), np.arange(4) < 2, np.ones(4))
    >>> ratio(np.array([6.0, 6.0, 4.0, 4.0]), np.array([3.0, 3.0, 4.0, 4.0]), sets)[:3]
    (2.0, 1.0, 2.0)
    """
    weight = np.where(np.isnan(numerator) | np.isnan(denominator), 0.0, sets.weight)
    above, below = np.nan_to_num(numerator) * weight, np.nan_to_num(denominator) * weight
    sides, influence = [], np.zeros(len(weight))
    for side, sign in ((sets.given, 1.0), (~sets.given, -1.0)):
        sums = above[side].sum(), below[side].sum()
        sides.append(float(sums[0] / sums[1]) if sums[1] > 0 else float("nan"))
        if not min(sums) > 0:
            continue
        influence[side] = sign * (above[side] - sides[-1] * below[side]) / sums[0]
    given, compared = sides
    if not min(sides) > 0:
        return Ratio(given, compared, *[float("nan")] * 3)
    by_set, by_account = (float((np.bincount(key, weights=influence) ** 2).sum()) for key in (sets.of, sets.account))
    number = int(sets.given.sum())
    variance = max(by_set + by_account - float((influence**2).sum()), by_set, by_account) * number / max(number - 1, 1)
    middle, margin = np.log(given / compared), _Z * np.sqrt(variance)
    return Ratio(given, compared, *(float(np.exp(middle + side * margin)) for side in (0, -1, 1)))
