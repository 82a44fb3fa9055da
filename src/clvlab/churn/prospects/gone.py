"""Whether a silent customer has left already, and whether it will be called lost though it has not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


def already_gone(silent: ArrayLike, hazard: ArrayLike, gap_exceeds: Callable[[Floats], Floats]) -> Floats:
    """Return the probability that each customer left unnoticed since its last order.

    Parameters
    ----------
    silent
        Time since the last order, shape (customers,).
    hazard
        Of leaving, per the same unit of time: shape (customers,) or (draws, customers).
    gap_exceeds
        From times of shape (n, customers) to the probability that a gap between two orders of the customer, while it
        stays, is longer.

    Returns
    -------
    array
        Of the hazard's shape.

    Notes
    -----
    A customer who is silent for u has left at s < u, having ordered nothing between its last order and s, or is
    still there and in a gap longer than u. With a constant hazard h and G the probability that a gap is longer, Bayes'
    rule gives I / (I + exp(-h u) G(u)) with I the integral of h exp(-h s) G(s) from 0 to u. It is Pareto/NBD's
    reasoning with the customer's own rhythm in place of a Poisson process; 32 Gauss-Legendre nodes.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. and Colombo, R. (1987), "Counting your customers: who are they and what will
    they do next?", Management Science 33(1).

    Examples
    --------
    Purchases at random at rate 1 have gaps that exceed s with probability exp(-s):

    >>> found = already_gone([0.0, 3.0], [0.1, 0.1], lambda s: np.exp(-s))
    >>> [round(float(p), 4) for p in found]
    [0.0, 0.7036]
    """
    time = np.asarray(silent, dtype=float)
    rate = np.asarray(hazard, dtype=float)
    at = time * (1 + _NODES[:, None]) / 2  # (nodes, customers)
    longer = gap_exceeds(at) * (_WEIGHTS[:, None] * time / 2)
    left = sum((rate * np.exp(-rate * s) * g for s, g in zip(at, longer, strict=True)), np.zeros(rate.shape))
    here = np.exp(-rate * time) * gap_exceeds(time[None, :])[0]
    total = left + here
    return np.divide(left, total, out=np.ones_like(total), where=total > 0)


def called_though_there(silent: ArrayLike, patience: ArrayLike, gap_exceeds: Callable[[Floats], Floats]) -> Floats:
    """Return the probability that each customer, still there, is in a gap so long that it will be called lost.

    Parameters
    ----------
    silent
        Time since the last order, shape (customers,).
    patience
        Time since the last order at which the customer will be called lost.
    gap_exceeds
        As for :func:`already_gone`.

    Returns
    -------
    array
        Of shape (customers,): G(patience) / G(silent), with G the probability that a gap is longer.

    Examples
    --------
    >>> [round(float(p), 4) for p in called_though_there([0.0, 3.0], [4.0, 4.0], lambda s: np.exp(-s))]
    [0.0183, 0.3679]
    """
    time = np.asarray(silent, dtype=float)
    longer, so_long = gap_exceeds(np.stack([np.maximum(patience, time), time]))
    return np.divide(longer, so_long, out=np.zeros_like(so_long), where=so_long > 0)
