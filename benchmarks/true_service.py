"""What service is truly worth in a simulated market, by running it forward: of a point, a level, a plan, a rival plan.

Levels are shares that go well. What an order costs more is the difference of its cost curve against today's level;
times the expected orders at the new level, discounted, it is the cost of the new level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from clvlab.simulate.columns import customer_codes
from clvlab.simulate.future import PATHS
from clvlab.simulate.levers import Outlook, future_under

if TYPE_CHECKING:
    from clvlab.simulate.calendar import Floats
    from clvlab.simulate.world import World

# The factor and today's share of failures behind each indicator.
LEVERS = {
    "on_time_delivery": ("late_factor", "late_share"),
    "cargo_damage_frequency": ("damage_factor", "damaged_share"),
}
ALL = "all customers"
YEAR = 12
POINT = 0.01
FINE = 0.0005  # between levels looked at when the best one is sought

Curves = Mapping[str, Mapping[str, Sequence[float]]]


class TrueService:
    """A market and groups of its customers, whose service can be moved.

    Parameters
    ----------
    world
        The market, its records played.
    groups
        Group by customer_id; who is in none stays as served today and counts for none.
    curves
        ``service_costs`` of the assumptions.
    horizon
        Months over which margin and orders are discounted.

    Attributes
    ----------
    today
        Expected level of each group (index) and indicator (columns), pooled over the last year's orders.
    """

    def __init__(
        self, world: World, groups: pd.Series, curves: Curves, horizon: int = 36, paths: int = PATHS
    ) -> None:  # fmt: skip
        self.world, self.curves, self._horizon, self._paths = world, curves, horizon, paths
        self.customers = pd.Index(customer_codes(np.arange(len(world))).to_pylist(), name="customer_id")
        self._of, names = pd.factorize(groups.reindex(self.customers), sort=True)
        self.groups = pd.Index(names, name="group")
        self._base = future_under(world, horizon_months=horizon, paths=paths)
        ordered = world.history.counts["orders"][:, -YEAR:].sum(axis=1)
        failing = {kpi: getattr(self._base, share) for kpi, (_, share) in LEVERS.items()}
        self.today = pd.DataFrame(
            {kpi: 1 - self._sum(ordered * share) / self._sum(ordered) for kpi, share in failing.items()}, self.groups
        )

    def _sum(self, values: Floats) -> Floats:
        """Return sums by group; nan is nobody's."""
        inside = (self._of >= 0) & ~np.isnan(values)
        return np.bincount(self._of[inside], weights=values[inside], minlength=len(self.groups))

    def _mean(self, values: Floats) -> Floats:
        """Return means by group of those for whom the value is known."""
        return self._sum(values) / self._sum(np.where(np.isnan(values), np.nan, 1.0))

    def _outlook(self, levels: pd.DataFrame) -> Outlook:
        """Return the market run forward with groups at these levels."""
        factors = (1 - levels) / (1 - self.today)
        each = np.ones((len(self.world), len(factors.columns)))
        each[self._of >= 0] = factors.to_numpy()[self._of[self._of >= 0]]
        given = {LEVERS[kpi][0]: each[:, place] for place, kpi in enumerate(factors)}
        return future_under(self.world, **given, horizon_months=self._horizon, paths=self._paths)

    def changes(self, plan: pd.DataFrame) -> pd.DataFrame:
        """Return what a plan changes against today, by group.

        Parameters
        ----------
        plan
            Levels, index group, one column per indicator; blank, or left out, for as it is.

        Returns
        -------
        DataFrame
            ``worth`` (discounted margin less the cost of contacts), ``cost``, ``net``, ``orders``, ``leaving``
            (percentage points of the group's customers who leave within a year) and ``satisfaction`` (points of ten,
            settled), by group.
        """
        levels = plan.reindex(index=self.groups, columns=self.today.columns).astype(float).fillna(self.today)
        after, before = self._outlook(levels), self._base
        dearer = sum(
            self._cost(kpi, levels[kpi].to_numpy()) - self._cost(kpi, self.today[kpi].to_numpy())
            for kpi in levels
            if kpi in self.curves
        )
        # Less contacts, as the values of a study are less what the records know of serving a customer.
        net = (after.margin - after.contacts) - (before.margin - before.contacts)
        worth, cost = self._sum(net), dearer * self._sum(after.orders)
        return pd.DataFrame(
            {
                "worth": worth, "cost": cost, "net": worth - cost, "orders": self._sum(after.orders - before.orders),
                "leaving": 100 * self._mean(after.leaving_12 - before.leaving_12),
                "satisfaction": self._mean(after.satisfaction_settled - before.satisfaction_settled),
            },
            self.groups,
        )  # fmt: skip

    def _cost(self, kpi: str, level: Floats) -> Floats:
        """Return what an order costs at a level, on straight lines between the points."""
        return np.interp(level, self.curves[kpi]["levels"], self.curves[kpi]["cost"])

    def together(self, kpi: str, level: float) -> pd.DataFrame:
        """Return the plan by which all groups' orders are at a level: every failure rarer by the same factor."""
        return pd.DataFrame({kpi: 1 - (1 - self.today[kpi]) * (1 - level) / (1 - self.level_of_all(kpi))})

    def level_of_all(self, kpi: str) -> float:
        """Return today's level of all groups' orders."""
        return float(np.average(self.today[kpi], weights=self._sum(self._base.orders)))

    def effects(self, kpi: str) -> pd.DataFrame:
        """Return what one percentage point more changes: of each group, every group raised by a point; and of all.

        Where less than two points are left to 100%, half of what is left is taken, and scaled up to a point.
        """
        steps = np.minimum(POINT, (1 - self.today[kpi]) / 2)
        single = self.changes((self.today[kpi] + steps).to_frame()).mul(POINT / steps, axis=0)
        of_all = self.level_of_all(kpi)
        step = min(POINT, (1 - of_all) / 2)
        both = self.changes(self.together(kpi, of_all + step)) * POINT / step
        people = self._sum(np.where(np.isnan(self._base.leaving_12), np.nan, 1.0))
        total = both.sum()
        for name in ("leaving", "satisfaction"):
            total[name] = np.average(both[name], weights=people)
        return pd.concat([single, total.to_frame(ALL).T.rename_axis("group")])

    def best_levels(self, kpi: str, looked_at: Sequence[float]) -> pd.DataFrame:
        """Return the level at which each group's profit is largest, and that of all moved together.

        Margin and orders at the levels looked at follow a cubic spline in between, costs the curve's straight lines.

        Returns
        -------
        DataFrame
            ``level``, ``net`` (profit beyond today's), ``today``, by group and for all customers; levels beyond those
            looked at are not considered.
        """
        levels = np.asarray(looked_at)
        fine = np.unique(np.concatenate([np.arange(levels[0], levels[-1], FINE), levels, self.curves[kpi]["levels"]]))
        fine = fine[(fine >= levels[0]) & (fine <= levels[-1])]
        found = [self.changes(pd.DataFrame({kpi: np.full(len(self.groups), one)}, self.groups)) for one in levels]
        worth, orders = (CubicSpline(levels, np.array([one[name] for one in found])) for name in ("worth", "orders"))
        ordered = self._sum(self._base.orders)

        def profit(at: Floats) -> Floats:
            """Return profit by level (rows; of each group its own, in columns)."""
            own = np.broadcast_to(at.reshape(len(at), -1), (len(at), len(self.groups)))
            dearer = self._cost(kpi, own) - self._cost(kpi, self.today[kpi].to_numpy())
            of = np.arange(len(self.groups))
            each = [(worth(own[:, g])[:, g], orders(own[:, g])[:, g] + ordered[g]) for g in of]
            return np.stack([gain - dearer[:, g] * n for g, (gain, n) in zip(of, each, strict=True)], axis=1)

        single = profit(fine)
        rows = {
            group: (fine[single[:, g].argmax()], single[:, g].max(), self.today.loc[group, kpi])
            for g, group in enumerate(self.groups)
        }
        apart = np.array([self.together(kpi, level)[kpi] for level in fine])
        inside = ((apart >= levels[0]) & (apart <= levels[-1])).all(axis=1)
        total = profit(apart[inside]).sum(axis=1)
        rows[ALL] = fine[inside][total.argmax()], total.max(), self.level_of_all(kpi)
        return pd.DataFrame(rows, ["level", "net", "today"]).T.rename_axis("group")

    def best_plan(self, choices: Mapping[str, Sequence[float]], budget: float) -> pd.DataFrame:
        """Return the plan of largest true profit within a budget among all combinations of the levels given.

        Each group may stay as it is. A group's gain is taken with all groups at the same option, which leaves aside
        who loses a partner of another group; every combination of options is tried that none of its group's outdoes.
        """
        stay = float("nan")
        options = [
            dict(zip(choices, levels, strict=True)) for levels in product(*([stay, *c] for c in choices.values()))
        ]
        found = [self.changes(pd.DataFrame([option] * len(self.groups), self.groups)) for option in options]
        net, cost = (np.array([one[name] for one in found]).T for name in ("net", "cost"))
        chosen = best_combination(net, cost, budget)
        return pd.DataFrame([options[one] for one in chosen], self.groups)

    def spread_evenly(self, budget: float) -> pd.DataFrame:
        """Return the plan that spends the same on every order, alike on each lever, to within 1% of the budget."""

        def plan(each: float) -> pd.DataFrame:
            return pd.DataFrame(
                {
                    kpi: np.interp(self._cost(kpi, self.today[kpi].to_numpy()) + each, curve["cost"], curve["levels"])
                    for kpi, curve in self.curves.items()
                },
                self.groups,
            )

        def over(each: float) -> float:
            return float(self.changes(plan(each))["cost"].sum()) - budget

        most = max(curve["cost"][-1] for curve in self.curves.values())
        if over(most) <= 0:
            return plan(most)
        return plan(brentq(over, 0.0, most, rtol=0.005, xtol=0.005 * budget / self._sum(self._base.orders).sum()))

    def loudest_first(self, complaints: pd.Series, levels: Mapping[str, float], budget: float) -> TrueService:
        """Return the customers who complained most, as one group: as many as the budget raises to these levels.

        Parameters
        ----------
        complaints
            Complaints by customer_id; those without any are not served.
        levels
            Level of each indicator to which they are raised.
        """
        loud = complaints[complaints > 0].sort_values(ascending=False, kind="stable").index
        low, high = 0, len(loud)
        while low < high:  # the most customers whose cost keeps the budget
            middle = (low + high + 1) // 2
            service = self._of_these(loud[:middle])
            low, high = (middle, high) if service.raised(levels)["cost"].sum() <= budget else (low, middle - 1)
        return self._of_these(loud[:low])

    def raised(self, levels: Mapping[str, float]) -> pd.DataFrame:
        """Return what it changes to raise every group to these levels; who is above them stays."""
        return self.changes(self.today[list(levels)].clip(lower=pd.Series(levels), axis=1))

    def _of_these(self, customers: pd.Index) -> TrueService:
        return TrueService(self.world, pd.Series("loudest", customers), self.curves, self._horizon, self._paths)


def best_combination(net: Floats, cost: Floats, budget: float) -> list[int]:
    """Return the option of each group (rows) with which the sum of ``net`` is largest and that of ``cost`` in budget.

    All combinations of options are tried, but for options that cost no less than another and bring no more.
    """
    kept = [_undominated(gain, spent) for gain, spent in zip(net, cost, strict=True)]
    totals = [
        reduce(np.add.outer, [row[some] for row, some in zip(values, kept, strict=True)]) for values in (net, cost)
    ]
    allowed = np.where(totals[1] <= budget, totals[0], -np.inf)
    place = np.unravel_index(int(allowed.argmax()), allowed.shape)
    return [int(some[one]) for some, one in zip(kept, place, strict=True)]


def _undominated(net: Floats, cost: Floats) -> np.ndarray:
    """Return the options that bring more than all that cost no more."""
    order = np.lexsort((-net, cost))
    best = np.concatenate([[-np.inf], np.maximum.accumulate(net[order])[:-1]])
    return order[net[order] > best]
