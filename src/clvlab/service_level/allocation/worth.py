"""What more budget and each constraint are worth: the plan is chosen again a step up and a step down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.results import Remarked, Result
from clvlab.service_level.allocation.allocate import best_allocation
from clvlab.service_level.allocation.allocation import Allocation, interval
from clvlab.service_level.allocation.minimums import Minimum, strictest
from clvlab.service_level.allocation.options import SAME
from clvlab.service_level.allocation.terms import Terms
from clvlab.service_level.allocation.wording import amounts, listed, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEP = 0.1  # share of what is available of a resource
# Groups that are named where many move.
_NAMED = 3
_POINTS = 16


class BudgetWorth(Result):
    """Net worth of the best plan against the budget.

    Attributes
    ----------
    allocation
        The plan at today's budget.
    step
        The step of budget, in currency over the horizon.
    steps
        One row per budget, a step down, today's, a step up: budget, cost, net with its 90% interval, change (of net
        against today's), moves (which groups go from which to which level). Missing where no plan keeps the terms.
    """

    decimals = 0

    def __init__(self, allocation: Allocation, step: float, steps: pd.DataFrame, curve: pd.DataFrame) -> None:
        self.allocation, self.step, self.steps, self._curve = allocation, step, steps, curve
        self.title = "Net worth against the budget" + (
            f", {allocation.options.currency}" if allocation.options.currency else ""
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the curve: budget, cost (what is spent of it), net (expected net worth) with its 90% interval."""
        return self._curve

    @property
    def finding(self) -> str:
        """What a step more of budget buys, in a sentence."""
        more = self.steps.iloc[-1]
        text = amounts(max(self.step, abs(more["change"])), self.allocation.options.currency)
        if not more["moves"]:
            return f"The next {text(self.step)} of budget would change nothing"
        return f"The next {text(self.step)} of budget brings {text(more['change'])} net: {more['moves']}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw net worth against the budget, today's marked."""
        from clvlab.service_level.allocation.plots import draw_budget

        return draw_budget(self, ax)


def worth_of_budget(allocation: Allocation, step: float = 100_000.0) -> BudgetWorth:
    """Choose the plan again for other budgets, all other terms kept.

    Parameters
    ----------
    allocation
        A plan by :func:`~clvlab.service_level.allocation.allocate.allocate`.
    step
        How much more and less, in currency over the horizon.

    Returns
    -------
    BudgetWorth
        Where the plan has no budget, that which it costs counts as today's.
    """
    if not step > 0:
        raise Refused(f"The step of budget is {step:,.0f}; give an amount above 0.")
    options, terms = allocation.options, allocation.terms

    def at(budget: float | None) -> Allocation | None:
        return best_allocation(options, replace(terms, budget=budget))

    today = allocation.cost if terms.budget is None else terms.budget
    stepped, plan_today = (today - step, today, today + step), at(today)
    rows = [
        _row(budget, plan) | {"change": _change(plan_today, plan), "moves": moves(plan_today, plan)}
        for budget, plan in ((budget, at(budget)) for budget in stepped)
    ]
    least, most = replace(terms, budget=None).least(options, options.cost), at(None)
    assert least is not None  # the plan keeps the terms
    assert most is not None
    ends = float(options.cost[least].sum()), max(most.cost, today + step)
    budgets = np.union1d(np.linspace(*ends, _POINTS), np.maximum(stepped, ends[0]))
    curve = pd.DataFrame([_row(budget, at(budget)) for budget in budgets])
    return BudgetWorth(allocation, step, pd.DataFrame(rows), curve)


def _row(budget: float, plan: Allocation | None) -> dict[str, float]:
    if plan is None:
        return {"budget": float(budget)} | dict.fromkeys(["cost", "net", "net_lower", "net_upper"], float("nan"))
    lower, upper = (float(end) for end in interval(plan.net_draws))
    return {"budget": float(budget), "cost": plan.cost, "net": plan.net_worth, "net_lower": lower, "net_upper": upper}


def _change(before: Allocation | None, after: Allocation | None) -> float:
    return after.net_worth - before.net_worth if before and after else float("nan")


def moves(before: Allocation | None, after: Allocation | None) -> str:
    """Return which groups go from which to which level, three by name; blank when none does, or there is no plan."""
    if before is None or after is None:
        return ""
    every = [
        f"{group} {words(kpi)} {before.levels.loc[group, kpi]:.1%} to {after.levels.loc[group, kpi]:.1%}"
        for kpi in after.levels for group in after.levels.index
        if abs(before.levels.loc[group, kpi] - after.levels.loc[group, kpi]) > SAME
    ]  # fmt: skip
    named, others = every[:_NAMED], len(every) - _NAMED
    return listed([*named, f"{others} more"] if others > 0 else named)


class ConstraintWorth(Remarked):
    """What each constraint costs or would bring: net worth of the plan with it looser, tighter and left out.

    Attributes
    ----------
    remarks
        How many constraints change nothing.
    """

    decimals = 0
    fold = False

    def __init__(self, frame: pd.DataFrame, currency: str) -> None:
        self._frame = frame
        free = (frame[["looser", "tighter", "without"]].fillna(1.0) == 0).all(axis=1)
        self._binding = frame[~free].reset_index(drop=True)
        more = " more" if len(self._binding) else ""
        verb, them = ("changes", "it") if free.sum() == 1 else ("change", "them")
        number = plural(int(free.sum()), "constraints")
        self.remarks = (f"{number}{more} {verb} nothing: the plan keeps {them} anyway.",) if free.any() else ()
        self.title = "What each constraint is worth" + (f", change of net worth in {currency}" if currency else "")

    def to_frame(self) -> pd.DataFrame:
        """Return constraint, at, moved_by, looser, tighter, without (changes of net worth), moves (when a step looser).

        Missing where no plan keeps the terms.
        """
        return self._frame

    def _shown(self) -> pd.DataFrame:
        return self._binding


def worth_of_constraints(allocation: Allocation, step: float = 100_000.0) -> ConstraintWorth:
    """Choose the plan again with each constraint a step looser, a step tighter, and without it.

    Parameters
    ----------
    allocation
        A plan by :func:`~clvlab.service_level.allocation.allocate.allocate`.
    step
        Step of the budget, in currency over the horizon. The step of a resource is a tenth of what is available, at
        least 1; of a minimum the next level on offer. All minimums of one group and indicator move together, for
        while one stays the others' going changes nothing.
    """
    terms = allocation.terms
    rows = []
    if terms.budget is not None:
        variants = [replace(terms, budget=budget) for budget in (terms.budget + step, terms.budget - step, None)]
        rows.append(_worth(allocation, "the budget", f"{terms.budget:,.0f}", f"{step:,.0f}", variants))
    for name, available in terms.limits.items():
        tenth = max(_STEP * available, 1.0)
        limits = [{**terms.limits, name: available + tenth}, {**terms.limits, name: available - tenth},
                  {other: most for other, most in terms.limits.items() if other != name}]  # fmt: skip
        variants = [replace(terms, limits=each) for each in limits]
        rows.append(_worth(allocation, name, f"{available:,.0f}", f"{tenth:,.0f}", variants))
    for asked in strictest(terms.minimums).values():
        rows.append(_worth_of_minimum(allocation, asked))
    columns = ["constraint", "at", "moved_by", "looser", "tighter", "without", "moves"]
    return ConstraintWorth(pd.DataFrame(rows, columns=columns), allocation.options.currency)


def _worth_of_minimum(allocation: Allocation, asked: Sequence[Minimum]) -> tuple[object, ...]:
    """Return the row of all minimums of one group and indicator, the strictest first."""
    terms, first = allocation.terms, asked[0]
    levels = allocation.options.levels
    offered = np.unique(levels.loc[levels["group"] == first.group, first.kpi])
    below, above = offered[offered < first.level - SAME], offered[offered > first.level + SAME]
    others = [each for each in terms.minimums if each not in asked]
    lower = [each._replace(level=min(each.level, below[-1])) for each in asked] if len(below) else []
    # Without a higher level on offer a tighter minimum cannot be kept.
    higher = [first._replace(level=above[0] if len(above) else 1.0 + first.level)]
    variants = [replace(terms, minimums=[*others, *changed]) for changed in (lower, higher, [])]
    name = f"{len(asked):,} promises" if len(asked) > 1 else first.name
    what = f"{name}: {words(first.kpi)} of {first.group}"
    return _worth(allocation, what, f"{first.level:.1%}", "a level", variants)


def _worth(allocation: Allocation, name: str, at: str, step: str, variants: Sequence[Terms]) -> tuple[object, ...]:
    """Return the row of a constraint, from the terms with it looser, tighter and left out.

    Plans under tighter terms are among those under looser ones, so that what changes nothing need not be solved.
    """
    looser, tighter, without = variants
    options, chosen = allocation.options, allocation.chosen
    free = best_allocation(options, without)
    loose = free if free is not None and np.array_equal(free.chosen, chosen) else best_allocation(options, looser)
    kept = tighter.programme(options).fits(chosen)
    tight = allocation if kept else best_allocation(options, tighter)
    changes = (_change(allocation, plan) for plan in (loose, tight, free))
    return (name, at, step, *changes, moves(allocation, loose))
