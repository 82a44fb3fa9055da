"""How many customers lose us money in expectation: realised losses of small customers are partly chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.interpolate import BSpline
from scipy.optimize import minimize

from clvlab.refusal import Refused
from clvlab.shrinkage import jeffreys_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Values that a customer's expected profit, as a share of all gains and costs, may have.
_GRID = np.linspace(-1.0, 1.0, 81)[1:-1]
_BELOW = np.where(_GRID < -1e-9, 1.0, np.where(_GRID > 1e-9, 0.0, 0.5))
# Freedom of the curve over them. With 6 to 10 the estimate moves by half a percentage point.
_BENDS, _DEGREE = 8, 3
# Customers alike to a twentieth in everything the likelihood looks at are fitted as one.
_STEP = 0.05


class ShareUnprofitable(NamedTuple):
    """Share of customers who lose money in expectation, with its 90% interval, and how many were looked at."""

    share: float
    lower: float
    upper: float
    customers: int


def share_unprofitable(running: pd.DataFrame) -> ShareUnprofitable:
    """Estimate which share of customers has an expected profit below zero.

    Parameters
    ----------
    running
        One row per customer: gained and lost (all single gains, and all single costs, added up), gained_squares and
        lost_squares (their squares added up). Customers without any are left out.

    Returns
    -------
    ShareUnprofitable
        Of customers of this kind in general: those at hand are taken for a sample.

    Raises
    ------
    Refused
        When no customer has any gain or cost.

    Notes
    -----
    Estimand: the expected profit of the running business over this time, at the prices, costs and rates of orders and
    contacts that ruled in it. Orders that earn, and visits, complaints and orders at a loss that cost, are taken to
    come by chance at steady rates. The sum of squares over the sum is the size of a customer's typical gain or cost,
    and the sum over that size how many there were (matching a compound Poisson sum to a plain one). Given their number
    together, how many are gains is binomial, and its probability follows from the expected profit as a share of
    expected gains and costs. A customer without a cost so far may have one yet: costs are sized with one of the median
    size added. How the expected shares are spread over customers is estimated by a smooth curve on a grid from -1 to 1
    (Efron's g-modelling), and each customer's chance to lie below zero follows by Bayes. Their mean is the estimate.

    Its error has three parts: the curve's (delta method), what is not known of each customer, and that of a sample of
    customers; together they say how many customers known for certain the estimate is worth, and the interval is
    Jeffreys' for as many.

    Measured on 40 simulated markets of 300 to 600 customers over 24 or 36 months, with the lines whose expectation the
    simulator knows: the error against the share of these customers whose expected profit was below zero is 0.1 points
    in the mean and 1.2 around it, and without the sampling of customers the intervals covered 90%. Where costs are few
    and large against the gains (two visits in all, each worth three orders) it is 2 points too low.

    The truth that a simulated market writes down, ``unprofitable_in_expectation``, is another estimand: at the prices
    and rates of orders with which the window (or the customer) begins, and without complaints, quotes and price
    notices. The first makes it 1.8 points higher, the second 2.4 lower; over these markets the estimate lies 0.7 points
    above it, and the intervals cover it in 39 of 40.

    References
    ----------
    Efron, B. (2016), "Empirical Bayes deconvolution estimates", Biometrika 103(1).

    Examples
    --------
    >>> gains, costs = np.array([20, 30, 4, 2, 40]), np.array([3, 2, 3, 5, 0])  # so many of 50 each
    >>> sums = {"gained": 50 * gains, "lost": 50 * costs, "gained_squares": 2500 * gains, "lost_squares": 2500 * costs}
    >>> found = share_unprofitable(pd.DataFrame(sums))
    >>> bool(0.1 < found.share < 0.4), bool(found.lower < 0.2 < found.upper)
    (True, True)
    """
    known = running[has_run(running)]
    if known.empty:
        raise Refused("No customer has brought or cost anything, so nobody can be called unprofitable.")
    gained, lost = known["gained"].to_numpy(), known["lost"].to_numpy()
    gain = _sizes(gained, known["gained_squares"].to_numpy(), added=0.0)
    cost = _sizes(lost, known["lost_squares"].to_numpy(), added=1.0, otherwise=float(np.median(gain)))
    looked_at = np.log(np.column_stack([1 + gained / gain, 1 + lost / cost, gain / cost]))
    cells, number = np.unique(np.round(looked_at / _STEP), axis=0, return_counts=True)
    mean, variance = _share_below(_likelihood(np.exp(_STEP * cells)), number.astype(float))
    worth = 1 / (1 / len(known) + variance / max(mean * (1 - mean), 1e-12))
    (lower,), (upper,) = jeffreys_interval([mean * worth], [worth])
    lower, upper = min(lower, mean), max(upper, mean)  # of a customer or two the interval begins above none
    return ShareUnprofitable(mean, float(lower), float(upper), len(known))


def has_run(running: pd.DataFrame) -> pd.Series:
    """Return which customers have brought or cost anything by their running business."""
    return running["gained"] + running["lost"] > 0


def _sizes(sums: Array, squares: Array, added: float, otherwise: float = 1.0) -> Array:
    """Return the size of each customer's typical gain (or cost), so many of the median size added."""
    any_ = sums > 0
    median = float(np.median(squares[any_] / sums[any_])) if any_.any() else otherwise
    own = np.where(any_, squares, median**2) + added * median**2
    found: Array = own / (np.where(any_, sums, median) + added * median)
    return found


def _likelihood(cells: Array) -> Array:
    """Return the likelihood on the grid, one row per cell: 1 + gains, 1 + costs, and size of a gain over a cost's."""
    gains, costs, ratio = cells.T[:, :, None]
    gains, costs = gains - 1, costs - 1
    odds = np.log1p(_GRID) - np.log1p(-_GRID) - np.log(ratio)  # of a gain against a cost
    logs = -gains * np.logaddexp(0, -odds) - costs * np.logaddexp(0, odds)
    found: Array = np.exp(logs - logs.max(axis=1, keepdims=True))
    return found


def _share_below(likelihood: Array, number: Array) -> tuple[float, float]:
    """Return the mean chance to lie below zero and its variance, given each customer's likelihood on the grid."""
    bends = _bends()

    def weights(height: Array) -> Array:
        curve = bends @ height
        raised = np.exp(curve - curve.max())
        return raised / raised.sum()

    def misfit(height: Array) -> tuple[float, Array]:
        joint = likelihood * weights(height)
        each = joint.sum(axis=1)
        expected = (number / each) @ joint - number.sum() * weights(height)
        return 0.5 * height @ height - number @ np.log(each), height - bends.T @ expected

    def chances(height: Array) -> Array:
        joint = likelihood * weights(height)
        below: Array = joint @ _BELOW / joint.sum(axis=1)
        return below

    best = minimize(misfit, np.zeros(bends.shape[1]), jac=True, method="BFGS").x
    steps = 1e-4 * np.eye(len(best))
    curvature = np.array([(misfit(best + step)[1] - misfit(best - step)[1]) / 2e-4 for step in steps])
    customers = number.sum()
    slope = np.array([number @ (chances(best + step) - chances(best - step)) / 2e-4 / customers for step in steps])
    below = chances(best)
    mean = float(number @ below / customers)
    of_each = number @ (below * (1 - below)) / customers**2
    return mean, float(slope @ np.linalg.solve((curvature + curvature.T) / 2, slope) + of_each)


def _bends() -> Array:
    """Return orthogonal columns of cubic splines over the grid, of mean 0."""
    inner = np.linspace(0, 1, _BENDS - _DEGREE + 2)[1:-1]
    knots = np.concatenate([np.zeros(_DEGREE + 1), inner, np.ones(_DEGREE + 1)])
    within = np.clip((_GRID + 1) / 2, 0, 1 - 1e-9)
    columns = BSpline.design_matrix(within, knots, _DEGREE).toarray()
    left, sizes, _ = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    found: Array = left[:, sizes > 1e-8] * np.sqrt(len(_GRID))
    return found
