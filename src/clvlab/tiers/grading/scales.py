"""From an indicator to points from 0 to 100, by a scale learnt once and then frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.cores import on_all_cores
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from clvlab.tiers.grading.indicator import Indicator

FULL = 100.0
# Per cent of the reference base at which a learnt scale has its knots.
_LEVELS = np.arange(0.0, 101.0, 5.0)


@dataclass(frozen=True)
class Scale:
    """Points between knots, straight lines in between, and the end's points beyond the ends.

    Attributes
    ----------
    values
        The indicator at the knots, in its own unit, rising.
    points
        Points at the knots, from 0 to 100, all rising or all falling (or level).

    Raises
    ------
    Refused
        For knots that are no such scale.

    Examples
    --------
    >>> Scale((0, 10, 100), (0, 50, 100)).of([-5, 5, 55, 400, float("nan")]).tolist()
    [0.0, 25.0, 75.0, 100.0, nan]
    """

    values: tuple[float, ...]
    points: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse knots out of order."""
        steps = np.diff(self.points)
        fits = len(self.values) == len(self.points) > 0 and np.isfinite([*self.values, *self.points]).all()
        one_way = (steps >= 0).all() or (steps <= 0).all()
        within = min(self.points, default=-1) >= 0 and max(self.points, default=-1) <= FULL
        if not (fits and one_way and within and (np.diff(self.values) > 0).all()):
            raise Refused(
                f"A scale with values {list(self.values)} and points {list(self.points)} does not hold: give as many "
                "points as values, values rising, points from 0 to 100 and never turning."
            )

    def of(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the points of values, missing where a value is."""
        return np.interp(np.asarray(values, dtype=float), self.values, self.points)


def learn_scale(values: ArrayLike, higher_is_better: bool) -> Scale:
    """Learn a scale from a reference base: points are the per cent of the base that is no better.

    Parameters
    ----------
    values
        One per customer, in any unit; missing ones are passed over.
    higher_is_better
        Whether points rise or fall with the value.

    Returns
    -------
    Scale
        With a knot at every fifth percentile, or fewer where customers are tied: those get the middle of the
        percentiles they hold, so that a value which all share is worth 50 points.

    Raises
    ------
    Refused
        When no value is known, or one is infinite.

    Examples
    --------
    >>> scale = learn_scale([0, 0, 0, 10, 20], higher_is_better=False)
    >>> scale.of([0, 10, 15, 20]).tolist()
    [75.0, 25.0, 12.5, 0.0]
    """
    numbers = np.asarray(values, dtype=float)
    numbers = np.sort(numbers[~np.isnan(numbers)])
    if len(numbers) == 0 or not np.isfinite(numbers).all():
        raise Refused("A scale is learnt from at least one value, all of them finite.")
    at = _LEVELS / 100 * (len(numbers) - 1)  # the percentiles; np.quantile takes four times as long
    knots, place = np.unique(np.interp(at, np.arange(len(numbers)), numbers), return_inverse=True)
    points = np.bincount(place, _LEVELS) / np.bincount(place)
    return Scale(tuple(knots.tolist()), tuple((points if higher_is_better else FULL - points).tolist()))


def learn_scales(values: pd.DataFrame, known: Mapping[str, Indicator]) -> dict[str, Scale]:
    """Learn a scale for every indicator of which some value is known.

    Parameters
    ----------
    values
        One row per customer of the reference base, one column per indicator; one without a column is not known.
    known
        The indicators by name, each with higher_is_better.

    Raises
    ------
    Refused
        For infinite values.
    """
    columns = {name: values[name].to_numpy(dtype=float) for name, _ in known.items() if name in values.columns}
    for name, numbers in columns.items():
        if np.isinf(numbers).any():
            raise Refused(f"The indicator {name!r} is infinite for a customer; give a number or leave it blank.")
    told = {name: numbers for name, numbers in columns.items() if not np.isnan(numbers).all()}
    scales = on_all_cores(lambda name: learn_scale(told[name], known[name].higher_is_better), told, len(values))
    return dict(zip(told, scales, strict=True))


def to_points(values: pd.DataFrame, scales: Mapping[str, Scale], columns: list[str]) -> pd.DataFrame:
    """Return points by customer and indicator; missing where the value is, or where there is no scale."""
    points = np.empty((len(columns), len(values)))

    def fill(place: int) -> None:
        name = columns[place]
        there = name in scales and name in values.columns
        points[place] = scales[name].of(values[name].to_numpy()) if there else np.nan

    on_all_cores(fill, range(len(columns)), len(values))
    return pd.DataFrame(points.T, index=values.index, columns=columns)
