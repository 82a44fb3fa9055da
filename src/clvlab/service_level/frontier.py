"""The satisfaction-cost frontier: the least cost of each satisfaction, and how far above it today lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.clv.plots.values import Amounts
from clvlab.refusal import Refused, nearest
from clvlab.results import Note, Result
from clvlab.service_level.curves import all_not_costed, cost_beyond_today, not_costed
from clvlab.service_level.trade_off import ENDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from clvlab.service_level.curves import Curve
    from clvlab.service_level.value.service_value import ServiceValue

MEASURES = ("satisfaction", "equity")
# Even steps of a level, about how many combinations of levels are valued per group, and of how many indicators.
_STEPS, _COMBINATIONS, _MOST_KPIS = 60, 150, 4
# Costs that differ by less than this part of the largest differ by rounding.
_ROUNDING = 1e-9


class Frontier(Result):
    """The least cost of each satisfaction (or equity), by moving levels of service of all groups.

    Attributes
    ----------
    measure
        ``"satisfaction"``, points of ten in the mean over customers, or ``"equity"``, in currency beyond today's.
    today
        The measure today, at no cost beyond today's.
    saving
        What the same measure would cost less at best; 0 when today lies on the frontier.
    then_lower, then_upper
        90% interval of the measure at that saving: it stays the same on average, not for certain.
    best_for_the_same
        The measure that today's cost would buy at best.
    currency, remarks
        The money, and what a reader has to know.
    """

    decimals = 2

    def __init__(
        self, frame: pd.DataFrame, measure: str, today: float, saving: float, then: tuple[float, float],
        best_for_the_same: float, currency: str, remarks: Sequence[str],
    ) -> None:  # fmt: skip
        self._frame, self.measure, self.today, self.saving, self.currency = frame, measure, today, saving, currency
        self.then_lower, self.then_upper = then
        self.best_for_the_same, self.remarks = best_for_the_same, tuple(remarks)
        money = f" in {currency}" if currency else ""
        self.title = f"The least cost{money} over the horizon, beyond today's, of each {measure} (90% intervals)"

    @property
    def finding(self) -> str:
        """Where today lies, in a sentence."""
        if self.saving == 0:
            return f"Today lies on the frontier: its {self.measure} cannot be had for less"
        if self.measure == "satisfaction":
            best = f"{self.best_for_the_same:.2f} instead of {self.today:.2f}"
        else:
            best = f"{self._money(self.best_for_the_same)} more"
        return f"Today's {self.measure} could be had for {self._money(self.saving)} less, or {best} for today's cost"

    def _money(self, amount: float) -> str:
        return Amounts(amount, self.currency).text(amount).strip()

    def to_frame(self) -> pd.DataFrame:
        """Return the steps along the frontier, the cheapest first.

        Returns
        -------
        DataFrame
            cost (beyond today's), the measure with lower and upper, cost_per_unit (of the measure, of this step; rising
            from step to step), moved (what the step moves, and to which level).
        """
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the measure against its least cost, with today's position."""
        from clvlab.service_level.plots import draw_frontier

        return draw_frontier(self, ax)

    def __repr__(self) -> str:
        """Return finding, table and remarks as text."""
        return "\n".join([f"{self.finding}.", super().__repr__(), *self.remarks])

    def _repr_html_(self) -> str:
        return Note(f"{self.finding}.", *self.remarks)._repr_html_() + super()._repr_html_()


def frontier(
    value: ServiceValue,
    curves: Mapping[str, Curve],
    measure: str = "satisfaction",
    customers: Mapping[str, float] | None = None,
    levels: Mapping[str, Sequence[float]] | None = None,
    currency: str = "",
) -> Frontier:
    """Find the least cost of each satisfaction, or equity, over all levels of some indicators in every group.

    Parameters
    ----------
    value
        What service is worth.
    curves
        What an order costs at a level, by indicator; these indicators are moved, four at most.
    measure
        ``"satisfaction"`` or ``"equity"``.
    customers
        Number of customers by group; satisfaction is a mean over customers and needs it when there are several groups.
    levels
        Levels to choose from, by indicator, within the costed ones; without, even steps over these (61 and the points
        of the curve for one indicator, fewer for several, so that a group has about 150 combinations). Today's level
        is always among them.
    currency
        Of the money.

    Returns
    -------
    Frontier

    Raises
    ------
    Refused
        For an unknown measure or indicator, more than four indicators, levels asked for that are not costed,
        satisfaction without surveys, several groups without ``customers``, and when no group's levels today are costed;
        a single group without stays as it is, with a remark.

    Notes
    -----
    Within a group every combination of levels is valued (means over draws). Of these only combinations on the lower
    convex hull of cost over the measure matter; steps from one to the next, over all groups, are taken in the order of
    what a unit of the measure costs in them. Each point so reached is the cheapest of its measure among all
    combinations of all groups; between two such points no combination lies below the line. Today's saving is read off
    that line, where a part of one group's orders is served at the level before the step and a part at that after it.

    Examples
    --------
    See ``tests/service_level/test_frontier.py`` for a case counted out by hand.
    """
    _check(value, curves, measure)
    weights = _weights(value, measure, customers)
    groups, levels_today = [], value.today.loc[list(value.groups), list(curves)].astype(float)
    remarks = [
        f"Stays as it is today, as {kpi.replace('_', ' ')} cannot be weighed: {who}."
        for kpi, curve in curves.items()
        for who in all_not_costed(levels_today[kpi], curve)
    ]
    for group, today in levels_today.iterrows():
        stays = any(not_costed(today[kpi], curve) for kpi, curve in curves.items())
        chosen = pd.DataFrame(index=[0]) if stays else _combinations(today, curves, levels or {})
        found = value.outcomes(group, chosen)
        measured = weights[group] * getattr(found, measure)
        if not np.isfinite(measured).all():
            raise Refused(_UNKNOWN[measure].format(group=group))
        costs = found.orders * cost_beyond_today(curves, today, chosen)
        groups.append(_Choices(group, chosen, measured - measured[:, :1], costs, float(measured[:, 0].mean())))
    if all(len(of.levels) == 1 for of in groups):
        raise Refused(f"There is nothing to move. {' '.join(remarks)}")
    return _frontier(groups, measure, currency, remarks)


_UNKNOWN = {
    "satisfaction": "The satisfaction of {group} is not known, it needs surveys; take measure='equity'.",
    "equity": "The equity of {group} is not known at some level; narrow the levels.",
}


@dataclass(frozen=True)
class _Choices:
    """A group's combinations of levels, today's first, with the gain and cost of each, arrays (draws, combinations)."""

    group: str
    levels: pd.DataFrame
    gains: NDArray[np.float64]
    costs: NDArray[np.float64]
    today: float

    def hull(self) -> list[int]:
        """Return the combinations on the lower convex hull of cost over gain, the cheapest first (Andrew's chain)."""
        gain, cost = self.gains.mean(axis=0), self.costs.mean(axis=0)
        hull: list[int] = []
        for i in np.lexsort([cost, gain]):
            # What gains more for no more money replaces what came before; so does what lies below the line.
            while hull and (cost[hull[-1]] >= cost[i] or (len(hull) > 1 and _above(hull[-2], hull[-1], i, gain, cost))):
                hull.pop()
            if not hull or gain[i] > gain[hull[-1]]:
                hull.append(int(i))
        return hull

    def step(self, before: int, after: int) -> str:
        """Return what moves from one combination to the next."""
        moved = [
            f"{kpi.replace('_', ' ')} {level:.1%}"
            for kpi, level in self.levels.loc[after].items()
            if level != self.levels.loc[before, kpi]
        ]
        return f"{self.group}: {', '.join(moved)}"


def _above(a: int, b: int, c: int, x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether point b lies on or above the line from a to c, up to rounding."""
    through, beyond = (y[c] - y[a]) * (x[b] - x[a]), (y[b] - y[a]) * (x[c] - x[a])
    return bool(beyond >= through - _ROUNDING * abs(through))


def _frontier(groups: Sequence[_Choices], measure: str, currency: str, remarks: Sequence[str]) -> Frontier:
    """Put the groups' hulls together: the cheapest of all, then the steps by what a unit of the measure costs."""
    gain, cost = np.zeros(len(groups[0].gains)), np.zeros(len(groups[0].costs))
    cheapest, steps = [], []
    for of in groups:
        hull = of.hull()
        gain, cost = gain + of.gains[:, hull[0]], cost + of.costs[:, hull[0]]
        cheapest.append(of.step(0, hull[0]) if hull[0] else f"{of.group}: as today")
        for before, after in pairwise(hull):
            gained, paid = of.gains[:, after] - of.gains[:, before], of.costs[:, after] - of.costs[:, before]
            steps.append((float(paid.mean() / gained.mean()), of.step(before, after), gained, paid))
    steps.sort(key=lambda step: step[0])
    gains = np.cumsum([gain, *(step[2] for step in steps)], axis=0)
    costs = np.cumsum([cost, *(step[3] for step in steps)], axis=0)
    start = 0.0 if measure == "equity" else sum(of.today for of in groups)
    lower, upper = start + np.quantile(gains, ENDS, axis=1)
    frame = pd.DataFrame({
        "cost": costs.mean(axis=1), measure: start + gains.mean(axis=1), f"{measure}_lower": lower,
        f"{measure}_upper": upper, "cost_per_unit": [np.nan, *(step[0] for step in steps)],
        "moved": ["; ".join(cheapest), *(step[1] for step in steps)],
    })  # fmt: skip
    at = frame[measure].to_numpy()
    saving = -float(np.interp(start, at, frame["cost"]))
    if saving <= _ROUNDING * np.abs(costs).max():
        return Frontier(frame, measure, start, 0.0, (start, start), start, currency, remarks)
    # On average the mix of the two points around it has today's measure; each draw has its own.
    mix = start + np.array([np.interp(start, at, gain) for gain in gains.T])
    low, high = (float(end) for end in np.quantile(mix, ENDS))
    best = float(np.interp(0.0, frame["cost"], at))
    return Frontier(frame, measure, start, saving, (low, high), best, currency, remarks)


def _check(value: ServiceValue, curves: Mapping[str, Curve], measure: str) -> None:
    if measure not in MEASURES:
        raise Refused(f"measure={measure!r} has no frontier; take one of {', '.join(MEASURES)}.")
    if not 1 <= len(curves) <= _MOST_KPIS:
        raise Refused(f"{len(curves)} indicators are to be moved together; give the costs of one to {_MOST_KPIS}.")
    for kpi in curves:
        if kpi not in value.kpis:
            raise Refused(f"What {kpi!r} is worth is not known{nearest(kpi, value.kpis)}.")


def _weights(value: ServiceValue, measure: str, customers: Mapping[str, float] | None) -> dict[str, float]:
    """Return what a group's measure counts in that of all: its share of customers, or as it is where groups add up."""
    if measure == "equity" or len(value.groups) == 1:
        return dict.fromkeys(value.groups, 1.0)
    if customers is None:
        raise Refused("Satisfaction is a mean over customers; give the number of customers of each group.")
    total = sum(customers[group] for group in value.groups)
    return {group: customers[group] / total for group in value.groups}


def _combinations(today: pd.Series, curves: Mapping[str, Curve], levels: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Return all combinations of levels of a group, today's first."""
    each = min(_STEPS + 1, int(_COMBINATIONS ** (1 / len(curves))))
    choices = []
    for kpi, curve in curves.items():
        even = np.linspace(curve.lower, curve.upper, each)
        asked = levels.get(kpi, np.union1d(even, curve.kinks) if len(curves) == 1 else even)
        choices.append([today[kpi], *(float(level) for level in asked if level != today[kpi])])
    return pd.DataFrame(list(product(*choices)), columns=list(curves))
