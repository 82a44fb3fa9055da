"""Sums and means over the months before each month opens; arrays of shape (customers, months) throughout."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def lagged(values: Floats, months: int, nothing: float = 0.0) -> Floats:
    """Return what stood so many months earlier, ``nothing`` before the first.

    Examples
    --------
    >>> lagged(np.array([[1.0, 2.0, 3.0]]), 1).tolist()
    [[0.0, 1.0, 2.0]]
    """
    earlier = np.full_like(values, nothing)
    earlier[:, months:] = values[:, : values.shape[1] - months]
    return earlier


def last(values: Floats, length: int, skip: int = 0) -> Floats:
    """Return the sum over ``length`` months before each month opens, the last ``skip`` of them left out.

    Examples
    --------
    >>> last(np.array([[1.0, 2.0, 4.0, 8.0]]), 2).tolist()
    [[0.0, 1.0, 3.0, 6.0]]
    """
    running = np.cumsum(values, axis=1)
    return lagged(running, min(skip + 1, values.shape[1])) - lagged(running, min(skip + length + 1, values.shape[1]))


def so_far(values: Floats) -> Floats:
    """Return the sum over all months before each month opens."""
    return lagged(np.cumsum(values, axis=1), 1)


def mean_of(amount: Floats, number: Floats, nothing: float = np.nan) -> Floats:
    """Return the mean, ``nothing`` where there is nothing to average."""
    return np.divide(amount, number, out=np.full_like(amount, nothing), where=number > 0)


def carried_on(values: Floats) -> Floats:
    """Return the last value before each month opens, missing before the first.

    Examples
    --------
    >>> carried_on(np.array([[np.nan, 5.0, np.nan, 7.0]])).tolist()
    [[nan, nan, 5.0, 5.0]]
    """
    position = np.where(np.isnan(values), -1, np.arange(values.shape[1]))
    newest = np.maximum.accumulate(position, axis=1)
    filled = np.where(newest >= 0, np.take_along_axis(values, np.maximum(newest, 0), axis=1), np.nan)
    return lagged(filled, 1, np.nan)


def usual(amount: Floats, number: Floats) -> Floats:
    """Return the mean over all customers and months before each month opens, shape (months,); 0 while there is none."""
    return mean_of(so_far(amount.sum(axis=0, keepdims=True)), so_far(number.sum(axis=0, keepdims=True)), 0.0)[0]


def above_usual(amount: Floats, number: Floats, length: int, weight: float) -> Floats:
    """Return each customer's mean over the last months above the usual mean of all customers.

    Parameters
    ----------
    amount, number
        What is averaged, and over how many.
    length
        Months looked back.
    weight
        How many observations the usual mean weighs against a customer's own: one bad delivery of two is no 50%.
    """
    n = last(number, length)
    return (last(amount, length) - n * usual(amount, number)) / (n + weight)


def against_own(amount: Floats, number: Floats, recent: int, before: int, weight: float) -> Floats:
    """Return each customer's mean over the ``recent`` months against their own over the months ``before`` those.

    Each mean is drawn by ``weight`` observations towards what it is compared with: the recent one towards the
    customer's own, that towards the usual mean of all customers.
    """
    own = (last(amount, before, recent) + weight * usual(amount, number)) / (last(number, before, recent) + weight)
    n = last(number, recent)
    return (last(amount, recent) - n * own) / (n + weight)
