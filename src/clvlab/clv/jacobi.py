"""Means over a beta distribution by Gauss-Jacobi nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clvlab.clv.histories import Array

_BLOCK = 20_000
# Nodes for functions that change on the scale 1 / ratio: enough for 12 digits up to the ratio beside them.
_NODES = ((1.0, 16), (10.0, 40), (1_000.0, 300), (np.inf, 800))


def beta_nodes(a: Array, b: Array, ratio: Array) -> Iterator[tuple[NDArray[np.intp], Array, Array]]:
    """Yield rows with nodes and weights for means over Beta(a, b).

    Parameters
    ----------
    a, b
        Numbers above 0, per row or one for all.
    ratio
        Per row: how sharply the function bends near 0; it is analytic up to -1 / ratio.

    Yields
    ------
    rows
        Positions that share nodes, at most 20,000 at a time.
    nodes, weights
        Within 0 and 1; weights sum to 1.

    Examples
    --------
    >>> for rows, nodes, weights in beta_nodes(np.array(2.0), np.array([3.0]), np.array([1.0])):
    ...     print(round(float(weights @ nodes), 12))  # the mean a / (a + b)
    0.4
    """
    from clvlab.clv.histories import distinct

    size = np.searchsorted([limit for limit, _ in _NODES[:-1]], ratio)
    one, two = (np.broadcast_to(np.asarray(value, dtype=float), ratio.shape) for value in (a, b))
    first, inverse = distinct([one, two, size.astype(float)])
    order = np.argsort(inverse, kind="stable")
    bounds = np.searchsorted(inverse[order], np.arange(len(first) + 1))
    for group, at in enumerate(first):
        nodes, weights = _gauss_jacobi(float(one[at]), float(two[at]), _NODES[size[at]][1])
        rows = order[bounds[group] : bounds[group + 1]]
        for start in range(0, len(rows), _BLOCK):
            yield rows[start : start + _BLOCK], nodes, weights


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
