"""What customers are worth, order and risk under other levels of service, in draws that can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from clvlab.periods import MONTHS_PER_YEAR
from clvlab.refusal import Refused, nearest
from clvlab.satisfaction.responses.customer_months import Floats
from clvlab.satisfaction.responses.kpis import BY_NAME, FELT_MONTHS
from clvlab.service_level.value.cells import Cells

_POINTS = 100
# Once all is felt, months are taken by the quarter.
_QUARTER = 3
_LEAST = 1e-12
# Rows of what accounts respond.
_LEAVING, _ORDERS, _SATISFACTION = range(3)


class Outcomes(NamedTuple):
    """Draws of what comes of scenarios: arrays of shape (draws, scenarios).

    Attributes
    ----------
    equity
        Discounted contribution margin within the horizon, in the currency.
    orders
        Discounted number of orders to be expected within it.
    leaving
        Share of the group's customers there today who leave within twelve months.
    satisfaction
        Mean overall satisfaction, points of ten; nan where it is not known.
    """

    equity: Floats
    orders: Floats
    leaving: Floats
    satisfaction: Floats


@dataclass(frozen=True, repr=False, eq=False)
class ServiceValue:
    """What customers are worth, order and risk under other levels of service.

    Made by :func:`clvlab.service_level.value.valuing.service_value`.

    Attributes
    ----------
    groups
        Names of the groups of customers.
    kpis
        Indicators whose effect is told.
    today
        Level of each indicator (share that goes well, of the last 365 days), a row per group.
    draws
        How many draws of what is uncertain; all groups and scenarios share them, so that differences hold draw by draw.
    leaving, ordering
        By indicator, draws of what one point felt does to the log hazard of leaving and the log order rate.
    risk
        Draws of the level of risk, as a factor on all hazards.
    satisfaction
        By indicator, draws of what one point felt does to overall satisfaction; empty where nobody was asked.
    satisfaction_today
        Mean overall satisfaction by group, points of ten; empty where nobody was asked.
    cells
        The groups' accounts.
    fixed
        What serving a customer costs however much it orders (visits, calls), as a share of what it is worth.
    remarks
        What is left out, and why.
    """

    groups: tuple[str, ...]
    kpis: tuple[str, ...]
    today: pd.DataFrame
    draws: int
    leaving: Mapping[str, Floats]
    ordering: Mapping[str, Floats]
    risk: Floats
    satisfaction: Mapping[str, Floats]
    satisfaction_today: Mapping[str, float]
    cells: Mapping[str, Cells]
    fixed: float
    remarks: tuple[str, ...]

    def __repr__(self) -> str:
        """Say for whom it is known."""
        return f"What service is worth to {', '.join(self.groups)}, by {', '.join(self.kpis)}"  # not shown

    def outcomes(self, group: str, levels: pd.DataFrame) -> Outcomes:
        """Return what comes of levels of service for a group of customers.

        Parameters
        ----------
        group
            One of ``groups``.
        levels
            One row per scenario; columns are the indicators moved (shares that go well, 0 to 1), all others stay at
            today's level.

        Raises
        ------
        Refused
            For a group or indicator that is not there, and levels that are no shares.

        Notes
        -----
        Raising a group from level s to L makes every failure of it rarer by (1 - L) / (1 - s), so that an account with
        a share f of failures gains 100 f (L - s) / (1 - s) points. Of these n / (n + 4) are felt, n being its orders in
        six months, in equal steps over the six months that are remembered. With b and g the changes of log hazard and
        log order rate per point felt, h the monthly hazard, w the weights of the months ahead and k the part ``fixed``,
        an account worth V is worth V times the sum over months t of
        w_t ((1 + k) exp(g felt_t) - k) exp(-h (sum up to t of exp(b felt) - 1)): better service brings orders, and
        visits and calls for as long as the customer stays.
        """
        if group not in self.groups:
            raise Refused(
                f"There is no group {group!r}{nearest(group, self.groups)}; choose of {', '.join(self.groups)}."
            )
        for name in levels.columns:
            if name not in self.kpis:
                raise Refused(f"What {name!r} does is not told{nearest(str(name), self.kpis)}; see the remarks.")
        if not ((levels >= 0) & (levels <= 1)).to_numpy().all():
            raise Refused("Levels are shares that go well; give numbers from 0 to 1.")
        cells = self.cells[group]
        points = {name: self._points(group, name, levels[name].to_numpy(float)) for name in levels.columns}
        worth, orders, stays = self._followed(cells, points, len(levels))
        there = cells.there / max(float(cells.there.sum()), _LEAST)
        satisfaction = np.full((self.draws, len(levels)), self.satisfaction_today.get(group, np.nan))
        for name, gained in points.items():
            told = self.satisfaction.get(name, np.full(self.draws, np.nan)) * cells.responds[_SATISFACTION]
            satisfaction += told[:, None] * (there @ gained)
        return Outcomes(
            np.einsum("cd,cds->ds", cells.value, worth),
            np.einsum("c,cds->ds", cells.orders, orders),
            np.einsum("c,cds->ds", there, 1 - stays),
            satisfaction,
        )

    def _points(self, group: str, kpi: str, level: Floats) -> Floats:
        """Return the points gained as felt once all of it is, of shape (cells, scenarios)."""
        cells, today = self.cells[group], float(self.today.loc[group, kpi])
        share = cells.share[kpi][:, None]
        # No account fails more than always.
        rarer = np.maximum((level - today) / max(1 - today, _LEAST), 1 - 1 / np.maximum(share, _LEAST))
        return _POINTS * share * rarer * cells.felt[kpi][:, None]

    def _followed(self, cells: Cells, points: Mapping[str, Floats], scenarios: int) -> tuple[Floats, Floats, Floats]:
        """Return worth and orders against today's, and the chance to stay a year: (cells, draws, scenarios)."""
        shape = len(cells.hazard), self.draws, scenarios
        hazard = cells.hazard[:, None, None] * self.risk[:, None]
        stayed, orders, more = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        stays = np.exp(-MONTHS_PER_YEAR * hazard) * np.ones(shape)

        def felt(responses: Mapping[str, Floats], own: Floats, month: int) -> Floats:
            reached = {name: min(month / BY_NAME[name].months, 1.0) for name in points}
            steps = (reached[name] * (own * responses[name])[:, None] * points[name][:, None, :] for name in points)
            return sum(steps, np.zeros(shape))

        for begin, end in _stretches(cells.weights.shape[1]):
            if begin < FELT_MONTHS:
                ordering = felt(self.ordering, cells.responds[_ORDERS], begin + 1)
                rises = hazard * np.expm1(felt(self.leaving, cells.responds[_LEAVING], begin + 1))
            half = rises * (end - begin) / 2
            more += half
            present = cells.weights[:, begin:end].sum(axis=1)[:, None, None] * np.exp(-more)
            stayed += present
            orders += present * np.exp(ordering)
            more += half
            if end == MONTHS_PER_YEAR:
                stays *= np.exp(-more)
        return (1 + self.fixed) * orders - self.fixed * stayed, orders, stays


def _stretches(months: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches by which months are followed: one by one until all is felt, then by the quarter."""
    yield from ((month, month + 1) for month in range(FELT_MONTHS))
    yield from ((month, min(month + _QUARTER, months)) for month in range(FELT_MONTHS, months, _QUARTER))
