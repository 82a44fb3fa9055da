"""Newton's method for a handful of parameters, with exact second derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from clvlab.clv.models.histories import Array

    # Parameters -> log-likelihood, gradient, Hessian
    Objective: TypeAlias = Callable[[Array], tuple[float, Array, Array]]

# Beyond e**16 on its log scale a parameter stands for infinity (or 0): nothing tells such values apart.
EDGE = 16.0
_LONGEST_STEP = 2.0
_STEPS = 200
# Curvature in every direction of a log-likelihood that pins its parameters down: errors of 2 on a log scale.
_PINNED = 0.25
_HALVINGS = 40
# Gain in log-likelihood that the next step promises: below it that step, the last one, is taken as it is. It moves
# the estimate by less than 1/500 of its error, and what then remains is the square of that.
_TOLERANCE = 1e-6
# Below this the step is not worth taking.
_NOTHING = 1e-12


@dataclass(frozen=True)
class Optimum:
    """Where a search ended.

    Attributes
    ----------
    at, log_likelihood, gradient
        Parameters on the scale that was searched, and what the objective gives there.
    information
        Minus the Hessian.
    converged
        Whether no further step promises a gain, inside the edges.
    """

    at: Array
    log_likelihood: float
    gradient: Array
    information: Array
    converged: bool


def maximise(objective: Objective, start: Array) -> Optimum:
    """Return the maximum that Newton steps reach from ``start``.

    Where the Hessian is not negative definite its eigenvalues are taken by size, which still points uphill;
    a step is at most 2 long on the (log) scale searched, ends at the first edge it meets, and is halved until
    the objective rises. A parameter at its edge that would go further stays there while the others move on.

    Examples
    --------
    >>> found = maximise(lambda x: (-float(x @ x), -2 * x, -2 * np.eye(1)), np.array([3.0]))
    >>> found.converged, abs(float(found.at[0])) < 1e-9
    (True, True)
    """
    at = np.clip(np.asarray(start, dtype=float), -EDGE, EDGE)
    value, gradient, hessian = objective(at)
    converged = False
    for _ in range(_STEPS):
        step, promised = _step(at, gradient, hessian)
        if promised < _NOTHING:
            converged = True
            break
        if promised < _TOLERANCE:
            at = at + step
            value, gradient, hessian = objective(at)
            converged = _step(at, gradient, hessian)[1] < _TOLERANCE
            break
        moved = _rise(objective, at, value, step, promised)
        if moved is None:
            break
        at, (value, gradient, hessian) = moved
    inside = bool(np.all(np.abs(at) < EDGE))
    return Optimum(at, value, gradient, -hessian, converged and inside)


def best_of(objective: Objective, starts: Sequence[Array]) -> Optimum:
    """Return the first maximum that the data pin down, else the highest of all points reached.

    Where a likelihood is nearly flat in some direction it can have several maxima, some of them at the edges.
    """
    tried: list[Optimum] = []
    for start in starts:
        tried.append(maximise(objective, start))
        if tried[-1].converged and np.linalg.eigvalsh(tried[-1].information)[0] > _PINNED:
            return tried[-1]
    return max(tried, key=lambda optimum: optimum.log_likelihood)


def _step(at: Array, gradient: Array, hessian: Array) -> tuple[Array, float]:
    """Return an uphill step within the edges, and half the gain that it promises."""
    free = ~((np.abs(at) >= EDGE) & (gradient * at > 0))
    step = np.zeros_like(at)
    if not free.any():
        return step, 0.0
    values, vectors = np.linalg.eigh(-hessian[np.ix_(free, free)])
    size = np.maximum(np.abs(values), 1e-12 * max(float(np.abs(values).max()), 1e-12))
    step[free] = vectors @ ((vectors.T @ gradient[free]) / size)
    length = float(np.linalg.norm(step))
    room = np.divide(EDGE - at * np.sign(step), np.abs(step), out=np.full_like(at, np.inf), where=step != 0)
    step = step * min(1.0, _LONGEST_STEP / max(length, 1e-300), float(room.min()))
    return step, float(gradient @ step) / 2


def _rise(
    objective: Objective, at: Array, value: float, step: Array, promised: float
) -> tuple[Array, tuple[float, Array, Array]] | None:
    """Return the first point along the step that is higher, None when there is none."""
    share = 1.0
    for _ in range(_HALVINGS):
        point = at + share * step
        point = np.where(np.abs(point) > EDGE - 1e-9, np.copysign(EDGE, point), point)
        found = objective(point)
        if np.isfinite(found[0]) and found[0] >= value + 1e-4 * share * promised:
            return point, found
        share /= 2
    return None
