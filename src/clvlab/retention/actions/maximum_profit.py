"""The expected maximum profit of contacting customers, when only a range is known of how many accept an offer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from clvlab.refusal import Refused

# Of would-be leavers, the share that stays when contacted: Verbraken et al. (2013) take it to be Beta(6, 14), whose
# mean is 0.3, for telephone companies. An assumption, until a campaign drawn by lot tells.
ACCEPTANCE = (6.0, 14.0)


class MaximumProfit(NamedTuple):
    """The expected maximum profit, and whom to contact for it.

    Attributes
    ----------
    profit
        Per customer, in the unit of the values.
    share
        Expected share of customers to contact, those with the highest scores.

    Examples
    --------
    >>> MaximumProfit(profit=12.5, share=0.3).share
    0.3
    """

    profit: float
    share: float


def expected_maximum_profit(
    scores: ArrayLike, leaves: ArrayLike, value: ArrayLike, offer_cost: float, contact_cost: float,
    acceptance: tuple[float, float] = ACCEPTANCE,
) -> MaximumProfit:  # fmt: skip
    """Return the profit of contacting the best share of customers, expected over how many accept.

    Parameters
    ----------
    scores
        One per customer; the highest are contacted first, those with equal scores together.
    leaves
        Whether the customer left (1 or 0), or, looking ahead, the probability that it does.
    value
        What a customer is worth if it stays: one number, or one for each.
    offer_cost
        What the offer costs for each customer who accepts it: all who would have stayed anyway do.
    contact_cost
        What contacting one customer costs.
    acceptance
        Parameters of the beta distribution of the share of would-be leavers who accept, and stay.

    Raises
    ------
    Refused
        For arrays of different lengths, missing numbers, and parameters or costs out of range.

    Notes
    -----
    Contacting the first k customers brings ``g * B_k - C_k`` for a share g that accepts, with ``B_k`` the sum of leaves
    x (value - offer_cost) and ``C_k`` that of contact_cost + (1 - leaves) x offer_cost. The best k for each g lies on
    the convex hull of the points (C_k, B_k); between two neighbouring slopes the integral over the beta distribution
    is a difference of incomplete beta functions. With one value for all and outcomes for ``leaves`` this is the
    measure of Verbraken et al.; it says what a ranking is worth at its best share for each g, so that it exceeds the
    profit of any share fixed before g is known.

    References
    ----------
    Verbraken, T., Verbeke, W. and Baesens, B. (2013), "A novel profit maximizing metric for measuring classification
    performance of customer churn prediction models", IEEE Transactions on Knowledge and Data Engineering 25(5).

    Verbeke, W., Dejaeger, K., Martens, D., Hur, J. and Baesens, B. (2012), "New insights into churn prediction in the
    telecommunication sector: a profit driven data mining approach", European Journal of Operational Research 218(1).

    Examples
    --------
    >>> found = expected_maximum_profit([0.9, 0.7, 0.4, 0.1], [1, 0, 1, 0], 200.0, offer_cost=10, contact_cost=1)
    >>> round(found.profit, 2), round(found.share, 2)
    (25.25, 0.75)
    """
    a, b = acceptance
    score, left, worth = _checked(scores, leaves, value)
    if not (a > 0 and b > 0 and 0 <= offer_cost < np.inf and 0 <= contact_cost < np.inf):
        raise Refused("The parameters of acceptance must be above 0, and costs must be amounts of 0 or more.")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)  # customers with equal scores are contacted together
    benefit = np.append(0.0, np.cumsum((left * (worth - offer_cost))[order])[last])
    cost = np.append(0.0, np.cumsum((contact_cost + (1 - left) * offer_cost)[order])[last])
    contacted = np.append(0.0, (np.flatnonzero(last) + 1.0))
    corners = _upper_hull(cost, benefit)
    benefit, cost, contacted = benefit[corners], cost[corners], contacted[corners]
    rises, runs = np.diff(benefit), np.diff(cost)
    # Beyond g = run / rise the next corner is better than the one before.
    turns = np.clip(np.concatenate([[0.0], runs / rises, [1.0]]), 0.0, 1.0)
    probability = np.diff(betainc(a, b, turns))
    mean = a / (a + b) * np.diff(betainc(a + 1, b, turns))
    profit = float(benefit @ mean - cost @ probability)
    return MaximumProfit(profit / len(score), float(contacted @ probability) / len(score))


def _checked(scores: ArrayLike, leaves: ArrayLike, value: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Return the arrays, refusing what cannot be."""
    score, left = (np.asarray(given, dtype=float) for given in (scores, leaves))
    worth = np.asarray(value, dtype=float)
    if score.ndim != 1 or not len(score) or left.shape != score.shape or worth.shape not in ((), score.shape):
        raise Refused("Scores, leaves and value need one number for each customer; value may be one for all.")
    if not (np.isfinite(score).all() and np.isfinite(worth).all() and ((left >= 0) & (left <= 1)).all()):
        raise Refused("Scores and values must be known, and leaves must lie between 0 and 1.")
    return score, left, np.broadcast_to(worth, score.shape)


def _upper_hull(cost: NDArray[np.float64], benefit: NDArray[np.float64]) -> list[int]:
    """Return the corners of the upper hull from the first point on, as long as benefit rises along it."""
    corners = [0]
    for point in range(1, len(cost)):
        if benefit[point] <= benefit[corners[-1]]:
            continue  # it costs as much or more and brings no more
        while len(corners) > 1 and _below(cost, benefit, corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    return corners


def _below(cost: NDArray[np.float64], benefit: NDArray[np.float64], first: int, middle: int, last: int) -> bool:
    """Return whether the middle point lies on or below the line from the first to the last."""
    return bool(
        (benefit[middle] - benefit[first]) * (cost[last] - cost[first])
        <= (benefit[last] - benefit[first]) * (cost[middle] - cost[first])
    )
