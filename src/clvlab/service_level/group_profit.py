"""What customers bring and cost at any level of one service indicator, draw by draw, against today."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import CubicSpline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clvlab.service_level.curves import Curve

ALL = "all customers"


class Profit:
    """Profit by level: equity less cost of service, arrays (draws, levels), as changes against today.

    Attributes
    ----------
    group
        Whose.
    today, lower, upper
        The level today, and the levels from which and to which profit is known.
    kinks
        Levels between them at which the slope of the cost jumps.
    mean
        The same with means over draws. Profit is linear in equity and orders: this is the mean profit.
    """

    group: str
    today: float
    lower: float
    upper: float
    kinks: tuple[float, ...]
    mean: Profit

    def equity(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change of equity against today."""
        raise NotImplementedError

    def cost(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change of the cost of service over the horizon against today."""
        raise NotImplementedError

    def profit(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change of equity less that of cost."""
        return self.equity(levels) - self.cost(levels)


class GroupProfit(Profit):
    """One group.

    Parameters
    ----------
    group, today
        Its name and its level today.
    curve
        What an order costs by level.
    levels
        Levels at which the group was valued, rising; between them a cubic spline follows.
    gains, orders
        Arrays (draws, levels): equity less today's, and discounted expected orders within the horizon.
    orders_today
        Mean of the discounted orders at today's level.
    """

    def __init__(
        self, group: str, today: float, curve: Curve, levels: NDArray[np.float64], gains: NDArray[np.float64],
        orders: NDArray[np.float64], orders_today: float,
    ) -> None:  # fmt: skip
        self.group, self.today, self.lower, self.upper = group, today, float(levels[0]), float(levels[-1])
        self.kinks = tuple(kink for kink in curve.kinks if self.lower < kink < self.upper)
        self.orders_today = orders_today
        self._curve, self._levels, self._given = curve, levels, (gains, orders)
        self._gains, self._orders = (CubicSpline(levels, values, axis=1) for values in (gains, orders))

    @cached_property
    def mean(self) -> GroupProfit:  # type: ignore[override]
        """The same with means over draws."""
        gains, orders = (values.mean(axis=0, keepdims=True) for values in self._given)
        return GroupProfit(self.group, self.today, self._curve, self._levels, gains, orders, self.orders_today)

    def equity(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change of equity against today."""
        return self._gains(levels)

    def cost(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change of the cost of service: what an order costs more, times the orders at that level.

        What service costs today is in the contribution margin already, of additional orders too: only the difference
        against today's level is to be paid, and where the curve has its zero does not matter.
        """
        return (self._curve(levels) - self._curve(self.today)) * self._orders(levels)


class BaseProfit(Profit):
    """All groups moved together: failures of every group become rarer, or more frequent, by the same factor.

    The level is that of all orders together; at today's nothing changes.
    """

    group = ALL

    def __init__(self, parts: Sequence[GroupProfit]) -> None:
        self._parts = tuple(parts)
        orders = np.array([part.orders_today for part in parts])
        self.today = float(orders @ [part.today for part in parts] / orders.sum())
        self.lower = max(self._together(part, part.lower) for part in parts)
        self.upper = min(self._together(part, part.upper) for part in parts)
        kinks = {self._together(part, kink) for part in parts for kink in part.kinks}
        self.kinks = tuple(sorted(kink for kink in kinks if self.lower < kink < self.upper))

    @cached_property
    def mean(self) -> BaseProfit:  # type: ignore[override]
        """The same with means over draws."""
        return BaseProfit([part.mean for part in self._parts])

    def equity(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change of equity against today."""
        return np.sum([part.equity(self._apart(part, levels)) for part in self._parts], axis=0)

    def cost(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change of the cost of service over the horizon against today."""
        return np.sum([part.cost(self._apart(part, levels)) for part in self._parts], axis=0)

    def _apart(self, part: GroupProfit, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a group's levels when all customers are at ``levels``; rounding does not lead beyond its ends."""
        failures = (1 - levels) / (1 - self.today)
        return np.clip(1 - (1 - part.today) * failures, part.lower, part.upper)

    def _together(self, part: GroupProfit, level: float) -> float:
        """Return the level of all customers when a group is at ``level``."""
        return 1 - (1 - self.today) * (1 - level) / (1 - part.today)
