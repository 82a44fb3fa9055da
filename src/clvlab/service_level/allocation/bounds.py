"""How high the low percentile of a plan can lie at most, by its options so far: what can't be best isn't tried."""

from __future__ import annotations

from math import ceil

import numpy as np

from clvlab.service_level.allocation.programme import Programme

_PRICES = 12  # of a unit of budget, at which bounds are taken
_AT_ONCE = 4_000


def low(net: np.ndarray, share: float) -> np.ndarray:
    """Return the low percentile over draws (first axis): the ceil(share x draws)-th smallest.

    Examples
    --------
    >>> float(low(np.arange(100.0), 0.1))
    9.0
    """
    bad = draws_below(len(net), share)
    return np.partition(net, bad, axis=0)[bad]


def draws_below(draws: int, share: float) -> int:
    """Return how many draws may lie below the percentile."""
    return ceil(share * draws - 1e-9) - 1


class Bounds:
    """Upper bounds of the low percentile of net worth over draws.

    In each draw a plan is worth no more than its options so far and the best options of all other groups, at any
    price of the budget, plus what the budget is worth at that price (weak duality).

    Parameters
    ----------
    programme
        What may be chosen.
    net
        Net worth, array (draws, options).
    share
        Share of draws that may lie below the percentile.
    kept
        Options that may still be in the best plan.
    """

    def __init__(self, programme: Programme, net: np.ndarray, share: float, kept: np.ndarray) -> None:
        self._groups, self._share = programme.groups, share
        cost, budget = programme.uses[0], float(programme.available[0])
        of_group = [kept[programme.groups[kept] == group] for group in range(int(programme.groups.max()) + 1)]
        self._at: list[tuple[np.ndarray, np.ndarray, float]] = []
        for price in _prices(net.mean(axis=0), of_group, cost, budget):
            worth = net - price * cost
            best = np.stack([worth[:, own].max(axis=1) for own in of_group], axis=1)
            self._at.append((worth, best, price * budget if price else 0.0))

    def of_options(self, kept: np.ndarray) -> np.ndarray:
        """Return the bound of plans with each option."""
        group = self._groups[kept]
        above = [best.sum(axis=1)[:, None] - best[:, group] + worth[:, kept] + free for worth, best, free in self._at]
        return low(np.min(above, axis=0), self._share)

    def may_beat(self, plans: np.ndarray, least: float) -> np.ndarray:
        """Return which plans (rows), with options of the first groups so far, may have a percentile above ``least``."""
        firsts = range(0, len(plans), _AT_ONCE)
        return np.concatenate([self._some_may_beat(plans[first : first + _AT_ONCE], least) for first in firsts])

    def _some_may_beat(self, plans: np.ndarray, least: float) -> np.ndarray:
        so_far = plans.shape[1]
        left, above = np.arange(len(plans)), np.array(np.inf)
        for worth, best, free in self._at:
            rest = best[:, so_far:].sum(axis=1) + free
            at_price = rest[:, None] + sum(worth[:, plans[left, group]] for group in range(so_far))
            above = np.minimum(above, at_price)
            higher = low(above, self._share) > least
            left, above = left[higher], above[:, higher]
            if not len(left):
                break
        return np.isin(np.arange(len(plans)), left)


def _prices(worth: np.ndarray, of_group: list[np.ndarray], cost: np.ndarray, budget: float) -> list[float]:
    """Return prices of a unit of budget around that at which the budget is just spent on average."""
    if not np.isfinite(budget):
        return [0.0]
    grid = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 61)])
    duals = [sum((worth - price * cost)[own].max() for own in of_group) + price * budget for price in grid]
    best = float(grid[np.argmin(duals)])
    return [0.0, *(best or 0.1) * np.geomspace(0.2, 5.0, _PRICES)]
