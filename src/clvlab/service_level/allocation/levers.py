"""A lever: one service indicator of one group, with what any level of it brings and costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from clvlab.refusal import Refused
from clvlab.service_level.allocation.wording import words
from clvlab.service_level.curves import Curve, all_not_costed, not_costed

if TYPE_CHECKING:
    from clvlab.service_level.value.service_value import ServiceValue

Function = Callable[[ArrayLike], np.ndarray]

_GRID = 201
_KNOTS = 33  # levels between which what a group brings is drawn
_ROUNDING = 1e-9
_AT_KINK = 1e-11


@dataclass(frozen=True)
class Lever:
    """One indicator of one group, with what any level of it brings and costs beyond today.

    ``gain`` and ``cost`` take levels and return currency within the horizon; ``gain_slope`` and ``cost_slope`` return
    what one unit of level more adds, at one of the ``kinks`` that of the next piece.
    """

    group: str
    kpi: str
    today: float
    lower: float
    upper: float
    gain: Function
    cost: Function
    gain_slope: Function
    cost_slope: Function
    kinks: tuple[float, ...] = ()

    def margin(self, level: float, price: float) -> float:
        """Return what a unit of level more brings net of its cost, when a unit of budget is worth ``price`` more."""
        return float(self.gain_slope(np.array(level)) - (1.0 + price) * self.cost_slope(np.array(level)))

    def best(self, price: float) -> float:
        """Return the best level at a price of the budget."""
        last = float(np.nextafter(self.upper, 0.0))
        if self.lower >= last or self.margin(self.lower, price) <= 0:
            return self.lower
        if self.margin(last, price) >= 0:
            return self.upper
        level = float(brentq(self.margin, self.lower, last, args=(price,), xtol=1e-15, rtol=1e-15))
        return next((kink for kink in self.kinks if abs(kink - level) < _AT_KINK), level)

    def residual(self, level: float, price: float) -> float:
        """Return by how much the condition of optimality is missed, as a share of what a unit of level costs.

        Within the bounds the margin is nil, or falls through nil at a kink; at the lower bound it is not above nil, at
        the upper one not below.
        """
        at, before = np.array(level), np.array(np.nextafter(level, 0.0))
        size = max(abs(float(self.gain_slope(before))), (1.0 + price) * abs(float(self.cost_slope(before)))) or 1.0
        too_low = self.margin(float(at), price) if level < self.upper else 0.0
        too_high = -self.margin(float(before), price) if level > self.lower else 0.0
        return max(too_low, too_high, 0.0) / size

    def bends_down(self) -> bool:
        """Return whether net worth bends downwards throughout and cost upwards."""
        ends = [kink for kink in self.kinks if self.lower < kink < self.upper]
        levels = np.union1d(
            np.linspace(self.lower, np.nextafter(self.upper, 0.0), _GRID), [*ends, *np.nextafter(ends, 0)]
        )
        cost = self.cost_slope(levels)
        net = self.gain_slope(levels) - cost
        size = _ROUNDING * max(np.abs(cost).max(), np.abs(net).max())
        return bool((np.diff(cost) >= -size).all() and (np.diff(net) <= size).all())


def levers(value: ServiceValue, curve: Curve, kpi: str) -> list[Lever]:
    """Return one lever per group, for an indicator whose levels may take any value.

    Effects of several indicators on one group multiply and do not add up: choose among
    :func:`~clvlab.service_level.allocation.options.options` where more than one is moved.

    Parameters
    ----------
    value
        What service is worth.
    curve
        What an order costs at a level of ``kpi``.
    kpi
        The indicator.

    Returns
    -------
    list of Lever
        Expected equity and orders are drawn through 33 levels by cubic splines; the cost at a level is what an order
        costs more there than today, times the orders at that level. A group whose level today is not among the costed
        ones has no lever.

    Raises
    ------
    Refused
        When what ``kpi`` is worth is not known, or no group's level today is costed.
    """
    if kpi not in value.today.columns:
        raise Refused(f"What {kpi} is worth is not known; choose another indicator.")
    costed = [group for group in value.groups if not not_costed(float(value.today.loc[group, kpi]), curve)]
    if not costed:
        who = ". ".join(all_not_costed(value.today.loc[list(value.groups), kpi].astype(float), curve))
        raise Refused(f"{words(kpi).capitalize()} cannot be moved for {who}.")
    return [_of_group(value, curve, kpi, group) for group in costed]


def _of_group(value: ServiceValue, curve: Curve, kpi: str, group: str) -> Lever:
    today = float(value.today.loc[group, kpi])
    knots = np.linspace(curve.lower, curve.upper, _KNOTS)
    found = value.outcomes(group, pd.DataFrame({kpi: [today, *knots]}))
    (equity_today, *equity), orders = found.equity.mean(axis=0), found.orders.mean(axis=0)[1:]
    gain, count = CubicSpline(knots, np.array(equity) - equity_today), CubicSpline(knots, orders)

    def an_order(level: ArrayLike) -> np.ndarray:
        return curve(level) - curve(today)

    return Lever(
        group, kpi, today, curve.lower, curve.upper, gain,
        lambda level: an_order(level) * count(level),
        gain.derivative(),
        lambda level: curve.slope(level) * count(level) + an_order(level) * count(level, 1),
        curve.kinks,
    )  # fmt: skip
