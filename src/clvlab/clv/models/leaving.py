"""Purchases before leaving, averaged over a beta-distributed chance to leave."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from clvlab.clv.models.histories import Array

    # Shapes, ratios (rows, 1) and chances (points,) -> (rows, points)
    Given: TypeAlias = Callable[[Array, Array, Array], Array]

_BLOCK = 2_000
# Gauss-Jacobi nodes that give 10 digits up to shape times ratio, and up to ratio. Beyond: the trapezoidal rule.
_NODES = ((2.0, 1.0, 20), (40.0, 8.0, 48), (200.0, 30.0, 100))
_POINTS = 500
_VANISHED = 45.0
_DEVIATIONS = 10.0


def purchases_before_leaving(shape: Array, ratio: Array, a: Array, b: Array) -> Array:
    """Return the mean of (1 - (1 + ratio p)**-shape) / p over p distributed as Beta(a, b), row by row.

    That is how often a customer buys whose rate is Gamma(shape, 1) and who leaves after each purchase with
    chance p, within a time of ``ratio``.

    Parameters
    ----------
    shape, ratio
        Per row.
    a, b
        Per row, or one for all.

    Notes
    -----
    The closed form has a Gaussian hypergeometric function, which loses all digits near a = 1 and overflows for
    large shapes. Gauss-Jacobi nodes are fixed for a and b; where the function bends too sharply for them, the
    trapezoidal rule on the log odds of p, stretched so that both tails vanish, takes their place.

    Examples
    --------
    >>> found = purchases_before_leaving(np.array([2.0]), np.array([1.0]), np.array(1e7), np.array(1e7))
    >>> round(float(found[0]), 4)  # p is 0.5 for all: (1 - 1.5**-2) / 0.5
    1.1111
    """
    return _averaged(lambda k, q, p: -np.expm1(-k * np.log1p(q * p)) / p, shape, ratio, a, b)


def rate_before_leaving(shape: Array, ratio: Array, a: Array, b: Array) -> Array:
    """Return the mean of shape (1 + ratio p)**-(shape + 1) over p distributed as Beta(a, b), row by row.

    That is how fast such a customer, who may have left by then, buys after a time of ``ratio``: the derivative of
    :func:`purchases_before_leaving`.

    Examples
    --------
    >>> found = rate_before_leaving(np.array([2.0]), np.array([1.0]), np.array(1e7), np.array(1e7))
    >>> round(float(found[0]), 4)  # p is 0.5 for all: 2 * 1.5**-3
    0.5926
    """
    return _averaged(lambda k, q, p: k * np.exp(-(k + 1) * np.log1p(q * p)), shape, ratio, a, b)


def _averaged(given: Given, shape: Array, ratio: Array, a: Array, b: Array) -> Array:
    """Return the mean of a function of shape, ratio and p over p distributed as Beta(a, b), row by row."""
    from clvlab.clv.models.histories import distinct

    a, b = (np.broadcast_to(np.asarray(value, dtype=float), ratio.shape) for value in (a, b))
    size = np.full(len(ratio), float(len(_NODES)))
    for place, (steepest, widest, _) in reversed(list(enumerate(_NODES))):
        size[(shape * ratio <= steepest) & (ratio <= widest)] = place
    first, inverse = distinct([a, b, size])
    order = np.argsort(inverse, kind="stable")
    bounds = np.searchsorted(inverse[order], np.arange(len(first) + 1))
    result = np.empty(len(ratio))
    for group, at in enumerate(first):
        mine = order[bounds[group] : bounds[group + 1]]
        fixed = None if size[at] == len(_NODES) else _gauss_jacobi(float(a[at]), float(b[at]), _NODES[int(size[at])][2])
        for start in range(0, len(mine), _BLOCK):
            rows = mine[start : start + _BLOCK]
            p, weights = fixed or _trapezoidal(float(a[at]), float(b[at]), float((shape[rows] * ratio[rows]).max()))
            result[rows] = given(shape[rows, None], ratio[rows, None], p) @ weights
    return result


def _trapezoidal(a: float, b: float, steepness: float) -> tuple[Array, Array]:
    """Return points and weights for Beta(a, b): equal steps of t, where the log odds are mean + deviation sinh(t)."""
    from scipy.special import digamma, expit, polygamma

    mean, deviation = digamma(a) - digamma(b), np.sqrt(polygamma(1, a) + polygamma(1, b))
    left = max(_DEVIATIONS * deviation, (_VANISHED + np.log1p(steepness)) / a)
    right = max(_DEVIATIONS * deviation, _VANISHED / b)
    t = np.linspace(-np.arcsinh(left / deviation), np.arcsinh(right / deviation), _POINTS)
    odds = mean + deviation * np.sinh(t)
    density = -a * np.logaddexp(0, -odds) - b * np.logaddexp(0, odds) + np.log(np.cosh(t))
    weights = np.exp(density - density.max())
    return np.maximum(expit(odds), 1e-300), weights / weights.sum()


@lru_cache(maxsize=20_000)
def _gauss_jacobi(a: float, b: float, n: int) -> tuple[Array, Array]:
    """Return nodes and weights for Beta(a, b), from the eigenvectors of its Jacobi matrix (Golub-Welsch 1969)."""
    from scipy.linalg import eigh_tridiagonal

    # Jacobi weight (1 - t)^(b-1) (1 + t)^(a-1) on -1..1, with t = 2 p - 1.
    k = np.arange(1.0, n)
    total = a + b - 2
    middle = np.concatenate(
        [[(a - b) / (a + b)], ((a - 1) ** 2 - (b - 1) ** 2) / ((2 * k + total) * (2 * k + total + 2))]
    )
    first = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    k = k[1:]
    rest = 4 * k * (k + a - 1) * (k + b - 1) * (k + total) / ((2 * k + total) ** 2 * ((2 * k + total) ** 2 - 1))
    nodes, vectors = eigh_tridiagonal(middle, np.sqrt(np.concatenate([[first], rest])))
    nodes = np.clip((1 + nodes) / 2, 1e-300, 1.0)
    weights = vectors[0] ** 2
    return nodes, weights / weights.sum()
