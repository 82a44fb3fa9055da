"""Customer equity by what is spent on winning and on keeping, after Blattberg and Deighton."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from clvlab.refusal import Refused
from clvlab.retention.winning_and_keeping.response_curve import ResponseCurve

_GRID = 401


@dataclass(frozen=True)
class CustomerEquity:
    """What prospects and customers are worth under a yearly policy of winning and keeping.

    Attributes
    ----------
    winning
        Share of prospects won, by what is spent on each.
    keeping
        Share of customers kept for another year, by what is spent on each a year.
    margin_won, margin_kept
        Margin a year of a customer that is won, and of one there is already, before what keeping costs.
    discount_rate
        Yearly, effective.
    prospects, customers
        How many there are.

    Notes
    -----
    A prospect is worth a(A) m - A in its first year and a(A) times what keeping is worth afterwards; a customer is
    worth (m - R / r) r' / (1 - r') from its next year on, with r = r(R) and r' = r / (1 + d). With one prospect and no
    customers this is the customer equity of Blattberg and Deighton. One policy holds for all years; spending R falls
    due at the end of the year that it secures, for everyone who was there at its beginning. At its maximum the marginal
    cost of winning a customer equals that of keeping one, and both equal what a customer is worth (Pfeifer 2005).

    References
    ----------
    Blattberg, R. C. and Deighton, J. (1996), "Manage marketing by the customer equity test", Harvard Business Review
    74(4).

    Pfeifer, P. E. (2005), "The optimal ratio of acquisition and retention costs", Journal of Targeting, Measurement and
    Analysis for Marketing 13(2).

    Examples
    --------
    >>> plan = CustomerEquity(ResponseCurve(0.4, 0.1), ResponseCurve(0.7, 0.05), 50.0, 50.0, 0.1)
    >>> best = plan.best()
    >>> bool(plan.equity(*best) >= plan.equity(10.0, 10.0))
    True
    """

    winning: ResponseCurve
    keeping: ResponseCurve
    margin_won: float
    margin_kept: float
    discount_rate: float
    prospects: float = 1.0
    customers: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        if not self.discount_rate > 0 or min(self.prospects, self.customers) < 0:
            raise Refused("The discount rate must be above 0, and prospects and customers 0 or more.")

    def kept_for(self, margin: float, keep: ArrayLike) -> NDArray[np.float64]:
        """Return what one customer is worth from its next year on, at a yearly spending on keeping it.

        Parameters
        ----------
        margin
            A year.
        keep
            Spending on one customer a year.
        """
        spent = np.asarray(keep, dtype=float)
        rate = self.keeping.rate(spent)
        return (rate * margin - spent) / (1 + self.discount_rate - rate)

    def equity(self, win: ArrayLike, keep: ArrayLike) -> NDArray[np.float64]:
        """Return customer equity at a spending on each prospect and, a year, on each customer."""
        spent = np.asarray(win, dtype=float)
        won = self.winning.rate(spent)
        of_prospects = won * (self.margin_won + self.kept_for(self.margin_won, keep)) - spent
        return self.prospects * of_prospects + self.customers * self.kept_for(self.margin_kept, keep)

    def best(self) -> tuple[float, float]:
        """Return the spending on each prospect and on each customer a year that makes equity largest."""

        def at_best_win(keep: float) -> float:
            return -float(self.equity(self._best_win(keep), keep))

        keep = _minimum(at_best_win, self._most)
        return self._best_win(keep), keep

    @property
    def _most(self) -> float:
        """What at most is worth spending on a customer for a year: what it brings."""
        return max(self.margin_won, self.margin_kept, 0.0)

    def _best_win(self, keep: float) -> float:
        """Return the best spending on a prospect: where spending more wins no more than it costs."""
        worth = self.margin_won + float(self.kept_for(self.margin_won, keep))
        first = float(self.winning.slope(0.0)) * worth
        return float(np.log(first) / self.winning.steepness) if first > 1 else 0.0

    def split(self, budget: float) -> tuple[float, float]:
        """Return how to spend at most a year's budget: on each prospect, and on each customer.

        Raises
        ------
        Refused
            For a budget below 0, and without prospects or customers.

        Notes
        -----
        The budget is this year's: prospects x A + customers x R. What keeping the newly won costs falls into later
        years. The best R is searched on a grid and then refined, for equity need not be concave in it.
        """
        if budget < 0 or not self.prospects or not self.customers:
            raise Refused("To split a budget takes one of 0 or more, prospects and customers.")

        def loss(keep: float) -> float:
            return -float(self.equity(self._affordable(budget, keep), keep))

        keep = _minimum(loss, min(budget / self.customers, self._most))
        return self._affordable(budget, keep), keep

    def _affordable(self, budget: float, keep: float) -> float:
        """Return the best spending on a prospect that what keeping leaves of the budget allows."""
        left = max(budget - self.customers * keep, 0.0) / self.prospects
        return min(self._best_win(keep), left)


def _minimum(loss: Callable[[float], float], most: float) -> float:
    """Return where a function of one number from 0 to ``most`` is least."""
    if most <= 0:
        return 0.0
    grid = np.linspace(0.0, most, _GRID)
    values = [loss(point) for point in grid]
    place = int(np.argmin(values))
    around = grid[max(place - 1, 0)], grid[min(place + 1, _GRID - 1)]
    refined = minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-10 * most})
    return float(refined.x) if refined.fun < values[place] else float(grid[place])
