"""Estimates against a cut: whose interval holds it, and how likely each is to lie above."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from clvlab.clv.valuing.ranges import Range
from clvlab.features.by_customer import aligned
from clvlab.refusal import Refused
from clvlab.shrinkage import NINETY


def with_ends(figures: Range, customers: pd.Index) -> Range:
    """Return the figures of these customers with an interval that holds each value.

    A missing end is the value itself, and a value outside its own interval (the mean of a skewed figure) stands for
    that end.

    Raises
    ------
    Refused
        For the end of an interval without a value in it.
    """
    sides = aligned(pd.DataFrame(figures._asdict(), copy=False), customers)
    value, lower, upper = (sides[name].astype(float, copy=False) for name in figures._fields)
    if (value.isna() & (lower.notna() | upper.notna())).any():
        raise Refused("Some customers have the end of an interval but no value in it; give both or neither.")
    return Range(value.copy(), np.minimum(lower.fillna(value), value), np.maximum(upper.fillna(value), value))


def straddles(figures: Range, cut: float) -> pd.Series:
    """Return whose 90% interval holds the cut, so that it is not clear on which side the figure lies."""
    return (figures.lower < cut) & (figures.upper >= cut)


def probability_above(figures: Range, cut: float) -> pd.Series:
    """Return the probability that each figure is at least the cut; missing where the figure is.

    On either side of its value a figure is taken as normal, with half of the probability, of which 5% (of the whole)
    lie beyond the interval's end.

    Examples
    --------
    >>> one = pd.Series([10.0])
    >>> float(probability_above(Range(one, one - 4, one + 9), 6.0).round(3).iloc[0])
    0.95
    """
    away = figures.value - cut
    spread = (figures.value - figures.lower).where(away >= 0, figures.upper - figures.value) / NINETY
    sure = pd.Series(np.where(away >= 0, 1.0, 0.0), away.index)
    chance = pd.Series(ndtr(away / spread.where(spread > 0)), away.index).where(spread > 0, sure)
    return chance.where(figures.value.notna())
