"""What a test by lot can show: power, least effect, customers needed, and lots drawn by cluster."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binom, norm

from clvlab.refusal import Refused

CONFIDENCE, POWER = 0.9, 0.8
_NEVER = 1e-9


def power(leaves: float, reduction: float, acted: int, held_back: int, confidence: float = CONFIDENCE) -> float:
    """Return the probability that a test by lot shows an effect, in the interval by which campaigns are told.

    Parameters
    ----------
    leaves
        Share of those held back that leaves.
    reduction
        What acting takes off it.
    acted, held_back
        Customers in each arm.
    confidence
        Of the interval that must lie above 0.

    Notes
    -----
    Exact: the probabilities of all numbers of leavers whose interval (:func:`clvlab.retention.arms.left_within`) lies
    above 0 are added up. Where few are held back, the usual normal approximation promises far too much: with 20 of 200
    it says 80% where 40% is true.

    Examples
    --------
    >>> round(power(0.75, 0.25, 50, 50, confidence=0.95), 2)  # R: power.prop.test(n = 50, p1 = .50, p2 = .75) says 0.74
    0.76
    """
    z = norm.ppf((1 + confidence) / 2)
    left_acted, left_held = (_likely(*arm) for arm in ((acted, leaves - reduction), (held_back, leaves)))
    spread = np.sqrt(_variance(left_acted, acted)[:, None] + _variance(left_held, held_back)[None, :])
    shown = left_held / held_back - (left_acted / acted)[:, None] > z * spread
    return float(binom.pmf(left_acted, acted, leaves - reduction) @ shown @ binom.pmf(left_held, held_back, leaves))


def _likely(customers: int, rate: float) -> NDArray[np.intp]:
    """Return all numbers of leavers but those that as good as never come."""
    low, high = binom.ppf([_NEVER, 1 - _NEVER], customers, rate)
    return np.arange(max(int(low), 0), int(high) + 1)


def _variance(left: NDArray[np.intp], customers: int) -> NDArray[np.float64]:
    """Return the variance of a share as it is told, with one leaver and one stayer added."""
    share = (left + 1) / (customers + 2)
    return share * (1 - share) / (customers + 2)


def detectable(
    leaves: float, acted: int, held_back: int, confidence: float = CONFIDENCE, wanted: float = POWER
) -> float:
    """Return the least reduction that a test shows with the probability wanted; missing where none is.

    Examples
    --------
    >>> round(detectable(0.2746984, 400, 400), 3)  # R: power.prop.test(n = 400, p1 = .2, power = .8, sig.level = .1)
    0.074
    """
    if not 0 < leaves < 1 or min(acted, held_back) <= 0:
        return float("nan")

    def short(reduction: float) -> float:
        return power(leaves, reduction, acted, held_back, confidence) - wanted

    return float(brentq(short, 0.0, leaves)) if short(leaves) > 0 else float("nan")


def customers_needed(
    leaves: float, reduction: float, share: float = 0.5, confidence: float = CONFIDENCE, wanted: float = POWER
) -> int:
    """Return how many customers in all a test needs to show a reduction, with a share of them held back.

    Raises
    ------
    Refused
        For a reduction that is not above 0 and at most all who leave.

    Notes
    -----
    The normal approximation to the comparison of two shares, with the common share under the test, which is near enough
    for arms of hundreds (Fleiss, Levin and Paik 2003, "Statistical Methods for Rates and Proportions", section 4.4).

    Examples
    --------
    >>> customers_needed(0.75, 0.25, confidence=0.95, wanted=0.9)  # R: 76.7 in each group
    154
    """
    if not 0 < reduction <= leaves < 1 or not 0 < share < 1:
        raise Refused("The reduction must be above 0 and at most the share that leaves, and the share between 0 and 1.")
    acted, stays_less = 1 - share, leaves - reduction
    common = acted * stays_less + share * leaves
    under_none = np.sqrt(common * (1 - common) * (1 / acted + 1 / share))
    under_it = np.sqrt(stays_less * (1 - stays_less) / acted + leaves * (1 - leaves) / share)
    reach = norm.ppf((1 + confidence) / 2) * under_none + norm.ppf(wanted) * under_it
    return int(np.ceil((reach / reduction) ** 2))


def design_effect(left: pd.Series, cluster: pd.Series) -> tuple[float, float]:
    """Return by how much lots drawn by cluster inflate the variance, and how alike customers of a cluster are.

    Parameters
    ----------
    left
        Whether each customer left (1 or 0) within a period like that of the test, by customer.
    cluster
        Each customer's cluster, such as its account manager.

    Returns
    -------
    tuple
        The factor on the variance (1 or more), and the intra-cluster correlation, from the analysis of variance and
        not below 0. Both are missing with fewer than two clusters.

    References
    ----------
    Eldridge, S. M., Ashby, D. and Kerry, S. (2006), "Sample size for cluster randomized trials: effect of coefficient
    of variation of cluster size and analysis method", International Journal of Epidemiology 35(5).

    Examples
    --------
    >>> left = pd.Series([1, 1, 0, 0, 1, 0])
    >>> managers = pd.Series(["Li", "Li", "Wu", "Wu", "Xu", "Xu"])
    >>> [round(found, 2) for found in design_effect(left, managers)]
    [1.5, 0.5]
    """
    groups = left.astype(float).groupby(cluster)
    size, mean = groups.size(), groups.mean()
    n, k = int(size.sum()), len(size)
    if k < 2 or n <= k:
        return float("nan"), float("nan")
    between = float((size * (mean - left.mean()) ** 2).sum()) / (k - 1)
    within = float(((left - cluster.map(mean)) ** 2).sum()) / (n - k)
    typical = (n - float((size**2).sum()) / n) / (k - 1)
    spread = between + (typical - 1) * within
    alike = max((between - within) / spread, 0.0) if spread > 0 else 0.0
    variation = float(size.std(ddof=0) / size.mean())
    return 1 + ((1 + variation**2) * float(size.mean()) - 1) * alike, alike
