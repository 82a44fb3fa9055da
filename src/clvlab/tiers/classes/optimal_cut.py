"""Where a number parts customers into two classes best: Fisher's cut, found exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvlab.refusal import Refused


@dataclass(frozen=True)
class Cut:
    """The best cut of a number into two classes.

    Attributes
    ----------
    at
        The cut: values from here on are high. It lies halfway between its neighbours, on the scale of the search.
    below, above
        Customers in each class.
    explained
        Share of the sum of squares that lies between the classes, on the scale of the search: 1 when each class is a
        single value. A cut through a bell curve still explains 64%, through a uniform one 75%: it always finds two
        classes, whether or not the customers form any.
    """

    at: float
    below: int
    above: int
    explained: float


def optimal_cut(values: pd.Series, log: bool = False) -> Cut:
    """Cut values into two classes so that those within each class are as alike as can be.

    Parameters
    ----------
    values
        One number per customer.
    log
        Compare values by their ratios (logarithms) rather than by their differences. Money and volume of customers
        are skewed: without, the cut parts the few largest from all others.

    Returns
    -------
    Cut
        With the least sum of squares within the classes; equal values are never parted. Of cuts that are equally good
        the lowest.

    Raises
    ------
    Refused
        For missing or infinite values; when all are the same, so that there is nothing to part; with ``log``, for
        values of 0 or below.

    Notes
    -----
    In one dimension the best classes are intervals, so that one pass over the sorted values finds them: the sum of
    squares between classes, ``(sum below)**2 * n / (n_below * n_above)`` of values less their mean, is greatest where
    that within is least.

    References
    ----------
    Fisher, W. D. (1958), "On grouping for maximum homogeneity", Journal of the American Statistical Association
    53(284).

    Examples
    --------
    >>> found = optimal_cut(pd.Series([1.0, 2.0, 3.0, 11.0, 12.0]))
    >>> found.at, found.below, found.above, round(found.explained, 3)
    (7.0, 3, 2, 0.977)
    """
    numbers = np.sort(values.to_numpy(dtype=float))
    if not np.isfinite(numbers).all():
        raise Refused(
            f"{int((~np.isfinite(numbers)).sum()):,} of {len(numbers):,} values are not known; leave them out."
        )
    if len(numbers) == 0 or numbers[0] == numbers[-1]:
        raise Refused(f"All {len(numbers):,} customers have the same value: there is nothing to part; give a cut.")
    if log and numbers[0] <= 0:
        raise Refused(f"{int((numbers <= 0).sum()):,} values are 0 or below and have no logarithm; leave them out.")
    scaled = np.log(numbers) if log else numbers
    # Less the mean and over the range: sums of squares of large or close numbers would lose their digits.
    centred = (scaled - scaled.mean()) / (scaled[-1] - scaled[0])
    below = np.flatnonzero(np.diff(numbers) > 0) + 1
    between = centred.cumsum()[below - 1] ** 2 * len(numbers) / (below * (len(numbers) - below))
    best = int(below[between.argmax()])
    halfway = (scaled[best - 1] + scaled[best]) / 2
    # Rounding must not put the cut on the value below it.
    at = min(max(np.exp(halfway) if log else halfway, np.nextafter(numbers[best - 1], np.inf)), numbers[best])
    return Cut(float(at), best, len(numbers) - best, float(between.max() / (centred**2).sum()))
