"""What a level of service costs (or sells): a curve through known points, never drawn beyond them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator, PPoly
from scipy.optimize import isotonic_regression, nnls

from clvlab.refusal import Refused
from clvlab.results import Remarked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

STRAIGHT, MONOTONE, CONVEX = "straight lines", "monotone", "convex"
# Slopes that differ by less than this part of the steepest are the same: rounding.
_SAME_SLOPE = 1e-9
# A fit that misses a point by less than this part of the largest value passes through it.
_THROUGH = 1e-9


class Curve(Remarked):
    """A curve over levels of service: straight lines between points, or fitted (see :func:`fitted_curve`).

    A curve has no units of its own: levels may be shares or percentages, values money per order or money in all.
    Between its first and last level it gives a value, beyond them it refuses.

    Parameters
    ----------
    levels
        Levels of service, rising, none twice, 0 or more; two or more of them.
    values
        What each level costs or sells; 0 or more.
    what
        What the values are, in words, for refusals and figures.

    Attributes
    ----------
    levels, values
        The points as given.
    way
        ``"straight lines"``, ``"monotone"`` or ``"convex"``.
    remarks
        What a reader has to know about the fit.

    Raises
    ------
    Refused
        For fewer than two points, levels that do not rise, and values that are unknown or negative.

    Examples
    --------
    >>> cost = Curve([50, 75, 100], [0.0, 3.0, 9.0])
    >>> float(cost(60)), cost.kinks, cost.convex
    (1.2, (75.0,), True)
    """

    title = "Points of the curve"

    def __init__(self, levels: ArrayLike, values: ArrayLike, what: str = "cost") -> None:
        self.levels, self.values = _points(levels, values, what)
        self.what, self.way = what, STRAIGHT
        self.remarks: tuple[str, ...] = ()
        self._pieces = _lines(self.levels, self.values)

    @property
    def lower(self) -> float:
        """The lowest level at which the curve is known."""
        return float(self.levels[0])

    @property
    def upper(self) -> float:
        """The highest level at which the curve is known."""
        return float(self.levels[-1])

    @property
    def kinks(self) -> tuple[float, ...]:
        """Levels at which the slope jumps."""
        jumps = np.abs(self._jumps()) > _SAME_SLOPE * self._steepest()
        return tuple(self.levels[1:-1][jumps].tolist())

    @property
    def convex(self) -> bool:
        """Whether each further step costs at least as much as the one before it."""
        # The slope of a piece is a polynomial of degree two at most: it rises if it does at both ends of the piece.
        ends = np.concatenate([self.levels[:-1], np.nextafter(self.levels[1:], 0)])
        bend = self._pieces(ends, 2) * np.tile(np.diff(self.levels), 2)
        least = -_SAME_SLOPE * self._steepest()
        return bool((bend >= least).all() and (self._jumps() >= least).all())

    def __call__(self, level: ArrayLike) -> NDArray[np.float64]:
        """Return the value at one or more levels.

        Raises
        ------
        Refused
            For a level beyond the first or the last point.
        """
        return self._pieces(self._within(level))

    def slope(self, level: ArrayLike) -> NDArray[np.float64]:
        """Return what one unit more of the level adds to the value; at a kink that of the next piece."""
        return self._pieces(self._within(level), 1)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per point: level, given (its value), fitted (the curve's)."""
        return pd.DataFrame({"level": self.levels, "given": self.values, "fitted": self(self.levels)})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curve with the points given."""
        from clvlab.service_level.plots import draw_curve

        return draw_curve(self, ax)

    def _within(self, level: ArrayLike) -> NDArray[np.float64]:
        asked = np.asarray(level, dtype=float)
        rounding = 1e-12 * self.upper
        outside = ~((asked >= self.lower - rounding) & (asked <= self.upper + rounding))
        if outside.any():
            raise Refused(
                f"At level {asked[outside].flat[0]:g} the {self.what} is not known: the points go from "
                f"{self.lower:g} to {self.upper:g}; add a point there or stay between them."
            )
        return np.clip(asked, self.lower, self.upper)

    def _jumps(self) -> NDArray[np.float64]:
        """Return by how much the slope rises at each inner point."""
        inner = self.levels[1:-1]
        return self._pieces(inner, 1) - self._pieces(np.nextafter(inner, 0), 1)

    def _steepest(self) -> float:
        return float(np.abs(np.diff(self._pieces(self.levels)) / np.diff(self.levels)).max())


def fitted_curve(levels: ArrayLike, values: ArrayLike, what: str = "cost", convex: bool = False) -> Curve:
    """Fit a rising curve to points.

    Parameters
    ----------
    levels, values, what
        As of :class:`Curve`.
    convex
        Whether each further step is to cost at least as much as the one before it.

    Returns
    -------
    Curve
        Through the points where they allow it: smooth and rising (PCHIP), or, if convex, straight lines between them.
        Where they do not, the closest curve (least squares over the points) that does, and ``remarks`` say so.

    Raises
    ------
    Refused
        As :class:`Curve`.

    References
    ----------
    Fritsch, F. N. and Butland, J. (1984), "A method for constructing local monotone piecewise cubic interpolants", SIAM
    Journal on Scientific and Statistical Computing 5(2): PCHIP as in SciPy. Hildreth, C. (1954), "Point estimates of
    ordinates of concave functions", Journal of the American Statistical Association 49(267): least squares under
    convexity.

    Examples
    --------
    >>> cost = fitted_curve([0.8, 0.9, 0.95, 1.0], [0.0, 3.0, 2.0, 9.0])
    >>> cost.to_frame()["fitted"].tolist()
    [0.0, 2.5, 2.5, 9.0]
    >>> print(*cost.remarks)
    The points do not rise throughout; the curve is the closest rising one and misses them by up to 0.5.
    """
    curve = Curve(levels, values, what)
    if convex:
        curve.way, rule, closest = CONVEX, "do not bend upwards throughout", _closest_convex(curve.levels, curve.values)
        curve._pieces = _lines(curve.levels, closest)
    else:
        curve.way, rule, closest = MONOTONE, "do not rise throughout", isotonic_regression(curve.values).x
        curve._pieces = PchipInterpolator(curve.levels, closest)
    missed = float(np.abs(closest - curve.values).max())
    if missed > _THROUGH * curve.values.max():
        kind = "convex" if convex else "rising"
        curve.remarks = (
            f"The points {rule}; the curve is the closest {kind} one and misses them by up to {missed:.3g}.",
        )
    return curve


def cost_beyond_today(curves: Mapping[str, Curve], today: pd.Series, levels: pd.DataFrame) -> NDArray[np.float64]:
    """Return what an order costs more than today.

    Parameters
    ----------
    curves
        What an order costs, by indicator.
    today
        Level today, by indicator.
    levels
        One row per scenario, one column per indicator moved.

    Returns
    -------
    ndarray
        One number per scenario. What service costs today is in the contribution margin already, of additional orders
        too: times the orders at the scenario's levels this is all there is to pay.

    Raises
    ------
    Refused
        For an indicator without a curve, and a level that is not costed.

    Examples
    --------
    >>> curves = {"on_time_delivery": Curve([0.5, 0.75, 1.0], [0.0, 3.0, 9.0])}
    >>> levels = pd.DataFrame({"on_time_delivery": [0.5, 0.875]})
    >>> cost_beyond_today(curves, pd.Series({"on_time_delivery": 0.75}), levels).tolist()
    [-3.0, 3.0]
    """
    for kpi in levels:
        if kpi not in curves:
            raise Refused(f"What {kpi} costs is not known; give [service_costs.{kpi}] in clvlab.toml.")
    return np.sum([curves[kpi](levels[kpi]) - curves[kpi](today[kpi]) for kpi in levels], axis=0)


def not_costed(today: float, curve: Curve) -> str:
    """Return why a group at a level today cannot be weighed; blank when it can.

    Examples
    --------
    >>> not_costed(0.85, Curve([0.8, 1.0], [0.0, 9.0]))
    ''
    >>> not_costed(0.75, Curve([0.8, 1.0], [0.0, 9.0]))
    "today's level is not between the costed levels 80% and 100%; add what it costs there"
    """
    if not np.isfinite(today):
        return "today's level is not known"
    if today == 1:
        return "nothing failed, so that there is nothing to become rarer"
    if not curve.lower <= today <= curve.upper:
        return (
            f"today's level is not between the costed levels {100 * curve.lower:g}% and {100 * curve.upper:g}%; "
            "add what it costs there"
        )
    return ""


def all_not_costed(today: pd.Series, curve: Curve) -> list[str]:
    """Return which groups cannot be weighed, each with its level today, and why; one text per reason.

    Examples
    --------
    >>> all_not_costed(pd.Series({"core": 1.0, "regular": 1.0}), Curve([0.8, 0.9], [0.0, 9.0]))
    ['core (100.00%), regular (100.00%): nothing failed, so that there is nothing to become rarer']
    """
    found: dict[str, list[str]] = {}
    for group, level in today.items():
        if why := not_costed(level, curve):
            found.setdefault(why, []).append(f"{group} ({level:.2%})" if np.isfinite(level) else str(group))
    return [f"{', '.join(groups)}: {why}" for why, groups in found.items()]


def _points(levels: ArrayLike, values: ArrayLike, what: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both as arrays, refusing what is no curve."""
    try:
        x, y = np.array(levels, dtype=float), np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise Refused(f"The points of the {what} curve must be numbers; check levels and values.") from error
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        raise Refused(
            f"The {what} curve has {x.size} levels and {y.size} values; give two levels or more and one value each."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise Refused(f"The {what} curve has a level or value that is not known; leave that point out.")
    for before, after in pairwise(x):
        if not after > before:
            raise Refused(
                f"The levels of the {what} curve must rise, each given once, but {after:g} follows {before:g}; sort "
                "them and keep one value each."
            )
    for name, numbers in (("level", x), ("value", y)):
        if numbers.min() < 0:
            raise Refused(f"The {what} curve has a negative {name}, {numbers.min():g}; give 0 or more.")
    return x, y


def _lines(levels: NDArray[np.float64], values: NDArray[np.float64]) -> PPoly:
    return PPoly(np.vstack([np.diff(values) / np.diff(levels), values[:-1]]), levels)


def _closest_convex(levels: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rising convex values closest to the given ones (least squares).

    A rising convex broken line is a constant plus a hinge of weight 0 or more at each level but the last; the values
    are 0 or more, so that the constant is too.
    """
    x = (levels - levels[0]) / (levels[-1] - levels[0])
    size = values.max() or 1.0
    hinges = np.column_stack([np.ones_like(x), np.maximum(x[:, None] - x[None, :-1], 0.0)])
    weights, _ = nnls(hinges, values / size)
    return size * (hinges @ weights)
