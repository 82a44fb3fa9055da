"""The level of service at which gain exceeds cost by most."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from clvlab.refusal import Refused
from clvlab.service_level.curves import Curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]

LOWER_BOUND, UPPER_BOUND, KINK, INSIDE = "lower bound", "upper bound", "kink", "inside"
# Between two kinks so many steps are looked at before the best is refined.
_STEPS = 24
# Profits that differ by less than this part of gain and cost differ by rounding only.
_ROUNDING = 64 * float(np.finfo(float).eps)
# Slopes may rise by this part of the steepest and the profit still counts as concave.
_SAME_SLOPE = 1e-7


@dataclass(frozen=True)
class BestLevel:
    """The best level of service.

    Attributes
    ----------
    level
        The level, in the unit of the bounds.
    profit
        Gain less cost there.
    where
        ``"lower bound"``, ``"upper bound"``, ``"kink"`` (of the gain or the cost), or ``"inside"``, where the slopes of
        gain and cost are equal.
    concave
        Whether profit bends downwards throughout, so that nothing else can be best.
    """

    level: float
    profit: float
    where: str
    concave: bool


def best_level(gain: Function, cost: Function, lower: float, upper: float, kinks: Iterable[float] = ()) -> BestLevel:
    """Return the level from ``lower`` to ``upper`` at which gain less cost is largest.

    Parameters
    ----------
    gain, cost
        Functions of an array of levels, continuous, in the same unit; a :class:`~clvlab.service_level.curves.Curve`
        is one. Between kinks they are taken to be smooth.
    lower, upper
        Bounds of the level.
    kinks
        Levels at which slopes jump; those of curves are known.

    Returns
    -------
    BestLevel
        With straight lines exact: profit is then largest at a bound or a kink. Between kinks 24 steps are looked at,
        and around each best one the level where profit's slope is 0 is found by bounded minimisation (Brent) and then
        root finding. A hump narrower than a step can be missed where the profit is not concave. Of levels that are
        equally good the cheapest is returned, and of those the lowest.

    Raises
    ------
    Refused
        For bounds that are not in order, and a gain or cost that is not known at some level.

    References
    ----------
    Brent, R. P. (1973), "Algorithms for Minimization without Derivatives", Prentice-Hall, chapters 4 and 5.

    Examples
    --------
    Ballou, "Business Logistics Management", chapter 4:

    >>> best = best_level(lambda s: 0.5 * s**0.5, lambda s: 0.00055 * s**2, 0, 100)
    >>> round(best.level, 1), best.where
    (37.2, 'inside')
    """
    if not (np.isfinite([lower, upper]).all() and lower <= upper):
        raise Refused(f"The best level is looked for from {lower:g} to {upper:g}; give bounds in order.")
    known = [*kinks, *(kink for part in (gain, cost) if isinstance(part, Curve) for kink in part.kinks)]
    corners = np.unique([lower, upper, *(kink for kink in known if lower < kink < upper)])
    grids = [np.linspace(a, b, _STEPS + 1) for a, b in pairwise(corners)]
    levels = np.unique(np.concatenate([corners, *grids]))
    gains, costs = gain(levels), cost(levels)
    if not (np.isfinite(gains).all() and np.isfinite(costs).all()):
        raise Refused(f"Gain or cost is not known at some level from {lower:g} to {upper:g}; narrow the bounds.")
    rounding = _ROUNDING * float((np.abs(gains) + np.abs(costs)).max())

    def profit(level: float) -> float:
        at = np.array([level])
        return float((gain(at) - cost(at))[0])

    best = _cheapest(corners, gain, cost, rounding)
    inside = [peak for grid in grids for peak in _peaks(profit, grid, gain(grid) - cost(grid))]
    if inside:
        peak = _cheapest(np.array(inside), gain, cost, rounding)
        if profit(peak) > profit(best) + rounding:
            best = peak
    return BestLevel(best, profit(best), _where(best, corners), _concave(levels, gains - costs, rounding))


def _cheapest(levels: NDArray[np.float64], gain: Function, cost: Function, rounding: float) -> float:
    """Return the best of some levels; of those equally good the cheapest, and of those the lowest."""
    costs = cost(levels)
    profits = gain(levels) - costs
    good = profits >= profits.max() - rounding
    cheap = good & (costs <= costs[good].min() + rounding)
    return float(levels[cheap].min())


def _peaks(profit: Callable[[float], float], grid: NDArray[np.float64], values: NDArray[np.float64]) -> list[float]:
    """Return the levels at which a smooth profit is locally largest, between the ends of a grid."""
    # A peak next to an end shows by profit just inside being above that at the end.
    near = 1e-4 * (grid[1] - grid[0])
    just_inside = {0: profit(grid[0] + near), _STEPS: profit(grid[-1] - near)}
    around = np.concatenate([[-np.inf], values, [-np.inf]])
    high = np.flatnonzero((values > around[:-2]) & (values >= around[2:])).tolist()
    kept = [i for i in high if just_inside.get(i, np.inf) > values[i]]
    return [_refined(profit, grid[max(i - 1, 0)], grid[min(i + 1, _STEPS)]) for i in kept]


def _refined(profit: Callable[[float], float], lower: float, upper: float) -> float:
    """Return where profit is largest between two levels.

    Profit itself tells levels apart only to the root of the machine's precision, its slope (by central differences)
    far better: the root of the slope is taken where it changes its sign.
    """
    width = upper - lower
    found = minimize_scalar(lambda level: -profit(level), bounds=(lower, upper), method="bounded",
                            options={"xatol": 1e-9 * width})  # fmt: skip
    step = 1e-5 * width

    def slope(level: float) -> float:
        return profit(level + step) - profit(level - step)

    low, high = max(lower + step, found.x - 100 * step), min(upper - step, found.x + 100 * step)
    return float(brentq(slope, low, high, xtol=1e-12 * width) if slope(low) > 0 > slope(high) else found.x)


def _where(level: float, corners: NDArray[np.float64]) -> str:
    if level == corners[0]:
        return LOWER_BOUND
    if level == corners[-1]:
        return UPPER_BOUND
    return KINK if level in corners else INSIDE


def _concave(levels: NDArray[np.float64], profits: NDArray[np.float64], rounding: float) -> bool:
    """Return whether profit bends downwards throughout, as far as the levels looked at show."""
    steps = np.diff(levels)
    slopes = np.diff(profits) / steps
    if len(slopes) < 2:
        return True
    return bool((np.diff(slopes) <= _SAME_SLOPE * np.abs(slopes).max() + 4 * rounding / steps.min()).all())
