"""Cuts in points between tiers: set once for stated shares of customers, then frozen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

CORE, IMPORTANT, POTENTIAL, REGULAR, MARGINAL = "core", "important", "potential", "regular", "marginal"
# 核心, 重要, 潜力, 常规. The field names four tiers; the fifth's name is ours.
_NAMES = {
    3: (CORE, IMPORTANT, REGULAR),
    4: (CORE, IMPORTANT, POTENTIAL, REGULAR),
    5: (CORE, IMPORTANT, POTENTIAL, REGULAR, MARGINAL),
}
# Where no account is to reach a tier, its cut stands this many points above the best.
_ABOVE_ALL = 1.0
UNSCORED = -1


def tier_names(cuts: Sequence[float]) -> tuple[str, ...]:
    """Return the names of the tiers that cuts (or shares) make, best first.

    Raises
    ------
    Refused
        Unless there are two to four, which make three to five tiers.

    Examples
    --------
    >>> tier_names([0.05, 0.15, 0.3])
    ('core', 'important', 'potential', 'regular')
    """
    if len(cuts) + 1 not in _NAMES:
        raise Refused(f"{len(cuts)} shares make {len(cuts) + 1} tiers; give two to four for three to five tiers.")
    return _NAMES[len(cuts) + 1]


def learn_cuts(scores: NDArray[np.float64], shares: Sequence[float]) -> tuple[float, ...]:
    """Set cuts so that the best customers, by stated shares, are above them.

    Parameters
    ----------
    scores
        One per customer, from 0 to 100; missing ones are passed over.
    shares
        Share of customers in each tier but the last, best first.

    Returns
    -------
    tuple
        One cut per share, falling, each midway between two scores. Customers with the same score are never parted:
        a cut that would do so moves up, and its tier holds fewer than its share.

    Raises
    ------
    Refused
        When no customer has a score.

    Examples
    --------
    >>> learn_cuts(np.array([90.0, 80.0, 70.0, 70.0, 50.0]), [0.2, 0.4])
    (85.0, 75.0)
    """
    known = scores[~np.isnan(scores)]
    if len(known) == 0:
        raise Refused("No customer has a score, so no tiers can be cut; measure an indicator that has a weight.")
    return cuts_at(known, wanted(len(known), shares))


def wanted(customers: int, shares: Sequence[float]) -> NDArray[np.int64]:
    """Return how many customers are to be above each cut.

    Examples
    --------
    >>> wanted(40, [0.05, 0.15, 0.3]).tolist()
    [2, 8, 20]
    """
    return np.round(np.cumsum(shares) * customers).astype(int)


def cuts_at(scores: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[float, ...]:
    """Return the cuts above which so many customers are, or fewer where customers are tied."""
    falling = np.sort(scores)[::-1]
    padded = np.concatenate([[falling[0] + 2 * _ABOVE_ALL], falling, [0.0]])
    # Only those above the first who stays below: whoever is tied with it stays below too.
    above = np.searchsorted(-falling, -padded[counts + 1], side="left")
    return tuple(((padded[above] + padded[above + 1]) / 2).tolist())


def tier_places(scores: NDArray[np.float64], cuts: Sequence[float]) -> NDArray[np.int64]:
    """Return each customer's tier as a number, 0 the best, :data:`UNSCORED` where the score is missing.

    Examples
    --------
    >>> tier_places(np.array([90.0, 60.0, np.nan]), (85.0, 75.0)).tolist()
    [0, 2, -1]
    """
    places = len(cuts) - np.searchsorted(np.sort(cuts), scores, side="right")
    return np.where(np.isnan(scores), UNSCORED, places)


def named(places: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.object_]:
    """Return tiers by name, :data:`~clvlab.tiers.classes.labelled.NOT_KNOWN` where there is no score."""
    return np.array([*names, NOT_KNOWN], dtype=object)[places]
