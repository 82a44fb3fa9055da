"""The best levels where any value will do: one price of the budget, and at it each level's net margin is nil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from clvlab.refusal import Refused
from clvlab.results import Remarked
from clvlab.satisfaction.responses.kpis import in_words
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.levers import Lever
from clvlab.service_level.allocation.minimums import Minimum, strictest
from clvlab.service_level.allocation.options import SAME, Options
from clvlab.service_level.allocation.wording import amounts, sentence, words

_GRID = 201
_DEAREST = 1e12  # price of a unit of budget beyond which only cost counts
OPTIMAL = 1e-6


class ContinuousAllocation(Remarked):
    """The best level of each lever, any value allowed.

    Attributes
    ----------
    price
        What a unit of budget more would bring net (the multiplier); 0 where the budget does not bind, missing where
        levels were chosen from a grid.
    residual
        By how much the conditions of optimality (Karush, Kuhn and Tucker) are missed at most, as a share of marginal
        cost and of the budget; missing where levels were chosen from a grid.
    remarks
        How it was solved.
    """

    decimals = 0
    percent = ("today", "level")
    fold = False

    def __init__(self, frame: pd.DataFrame, price: float, residual: float, remark: str, currency: str) -> None:
        self._frame, self.price, self.residual, self.remarks = frame, price, residual, (remark,)
        self.title = "Best levels, any value allowed" + (f", {currency}" if currency else "")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per lever: group, kpi, today, level, cost, gain, net, at (a bound, or within them)."""
        return self._frame

    def _shown(self) -> pd.DataFrame:
        return in_words(self._frame)


def allocate_continuously(
    levers: Sequence[Lever], budget: float | None = None, minimums: Sequence[Minimum] = (), currency: str = ""
) -> ContinuousAllocation:
    """Return the levels with the largest net worth under a budget, where effects of levers add up.

    Parameters
    ----------
    levers
        What may be moved; gains and costs of different levers add up.
    budget
        Most that may be spent beyond today within the horizon; None for as much as pays.
    minimums
        Least levels.
    currency
        Of the money.

    Returns
    -------
    ContinuousAllocation
        Where net worth bends downwards and cost upwards everywhere, the optimum by Lagrange's multiplier; where not,
        the best of a fine grid of levels by integer programme. The remark says which.

    Raises
    ------
    Refused
        When a minimum lies above a lever's highest level, or the least levels cost more than the budget.

    References
    ----------
    Everett, H. (1963), "Generalized Lagrange multiplier method for solving problems of optimum allocation of
    resources", Operations Research 11(3).
    """
    levers = _raised(levers, minimums)
    bent = [lever for lever in levers if not lever.bends_down()]
    if bent:
        which = f"{words(bent[0].kpi)} of {bent[0].group}"
        return _on_grid(levers, budget, currency, f"Net worth does not bend downwards throughout ({which})")
    price = _price(levers, budget, currency)
    levels = np.array([lever.best(price) for lever in levers])
    residual = max(lever.residual(level, price) for lever, level in zip(levers, levels, strict=True))
    if budget is not None:
        cost, size = _cost(levers, levels), max(abs(budget), *(abs(float(lever.cost(lever.upper))) for lever in levers))
        residual = max(residual, max(cost - budget, min(price, 1.0) * abs(cost - budget)) / (size or 1.0))
    if residual > OPTIMAL:
        return _on_grid(levers, budget, currency, f"The conditions of optimality are missed by {residual:.1g}")
    remark = f"Exact: net worth bends downwards throughout; conditions of optimality hold to {OPTIMAL:g}."
    return ContinuousAllocation(_frame(levers, levels), price, float(residual), remark, currency)


def _raised(levers: Sequence[Lever], minimums: Sequence[Minimum]) -> list[Lever]:
    """Return the levers with their lower bounds raised to the minimums."""
    least = {key: asked[0] for key, asked in strictest(minimums).items()}
    raised = []
    for lever in levers:
        asked = least.get((lever.group, lever.kpi))
        if asked and asked.level > lever.upper + SAME:
            raise Refused(
                f"{sentence(asked.name)} asks {asked.level:.1%} {words(lever.kpi)} for {lever.group}, costs are known "
                f"up to {lever.upper:.1%}: say what {asked.level:.1%} costs, or agree on less."
            )
        raised.append(replace(lever, lower=min(max(lever.lower, asked.level), lever.upper)) if asked else lever)
    return raised


def _cost(levers: Sequence[Lever], levels: np.ndarray) -> float:
    return sum(float(lever.cost(level)) for lever, level in zip(levers, levels, strict=True))


def _price(levers: Sequence[Lever], budget: float | None, currency: str) -> float:
    """Return the price of the budget at which the best levels spend it; 0 where they spend less without one."""

    def over(price: float) -> float:
        return _cost(levers, np.array([lever.best(price) for lever in levers])) - (budget or 0.0)

    if budget is None or over(0.0) <= 0:
        return 0.0
    dear = 1.0
    while over(dear) > 0:
        dear *= 4.0
        if dear > _DEAREST:
            text = amounts(max(abs(budget), abs(over(dear) + budget)), currency)
            raise Refused(f"The least levels cost {text(over(dear) + budget)}; the budget is {text(budget)}: raise it.")
    return float(brentq(over, 0.0, dear, xtol=1e-15, rtol=1e-15, maxiter=500))


def _frame(levers: Sequence[Lever], levels: np.ndarray) -> pd.DataFrame:
    rows = []
    for lever, level in zip(levers, levels, strict=True):
        cost, gain = float(lever.cost(level)), float(lever.gain(level))
        at = "lowest" if level <= lever.lower + SAME else "highest" if level >= lever.upper - SAME else "within"
        rows.append((lever.group, lever.kpi, lever.today, float(level), cost, gain, gain - cost, at))
    return pd.DataFrame(rows, columns=["group", "kpi", "today", "level", "cost", "gain", "net", "at"])


def _on_grid(levers: Sequence[Lever], budget: float | None, currency: str, why: str) -> ContinuousAllocation:
    """Return the best of a fine grid of levels; each lever counts as a group of its own."""
    names = [f"{lever.group}, {lever.kpi}" for lever in levers]
    grids = [
        np.union1d(np.linspace(lever.lower, lever.upper, _GRID), lever.kinks).clip(lever.lower, lever.upper)
        for lever in levers
    ]
    levels = pd.DataFrame({"group": np.repeat(names, [len(grid) for grid in grids]), "level": np.concatenate(grids)})
    gains, costs = (
        [getattr(lever, what)(grid) for lever, grid in zip(levers, grids, strict=True)] for what in ("gain", "cost")
    )
    today = pd.DataFrame({"level": [lever.today for lever in levers]}, index=names)
    found = allocate(Options(levels, today, np.concatenate(gains), np.concatenate(costs), currency=currency), budget)
    missing = float("nan")
    remark = f"{why}: the best of {_GRID} levels of each lever, by integer programme."
    return ContinuousAllocation(_frame(levers, found.levels["level"].to_numpy()), missing, missing, remark, currency)
