"""How a budget is spent without knowing what service is worth: evenly, or on who complains loudest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.service_level.allocation.allocation import Allocation
from clvlab.service_level.allocation.minimums import Minimum
from clvlab.service_level.allocation.options import SAME, Options
from clvlab.service_level.allocation.programme import TOLERANCE, Programme
from clvlab.service_level.allocation.terms import Terms
from clvlab.service_level.allocation.wording import amounts


def even_spread(
    options: Options,
    budget: float,
    limits: Mapping[str, float] | None = None,
    minimums: Sequence[Minimum] = (),
) -> Allocation:
    """Return the plan that gives each group, and each lever within it, the same part of the budget.

    Parameters
    ----------
    options, budget, limits, minimums
        As of :func:`~clvlab.service_level.allocation.allocate.allocate`. What the minimums cost is spent first.

    Returns
    -------
    Allocation
        Each lever is raised from today as far as its part goes; what a part leaves over is not spent.

    Raises
    ------
    Refused
        When today's levels, raised to the minimums, do not keep the budget and the limits.
    """
    terms = Terms(budget, limits or {}, tuple(minimums))
    programme, plan = terms.programme(options), _start(options, terms)
    part = (budget - float(options.cost[plan].sum())) / len(plan)
    for group in range(len(plan)):
        within = _within_parts(options, plan[group], part / len(options.kpis))
        plan = _dearest(options, programme, plan, group, part, within)
    return Allocation(options, plan, terms, "an even spread of the budget")


def loudest_first(
    options: Options,
    budget: float,
    complaints: pd.Series,
    limits: Mapping[str, float] | None = None,
    minimums: Sequence[Minimum] = (),
) -> Allocation:
    """Return the plan that serves the group with the most complaints as well as the budget allows, then the next.

    Parameters
    ----------
    options, budget, limits, minimums
        As of :func:`~clvlab.service_level.allocation.allocate.allocate`. What the minimums cost is spent first.
    complaints
        Complaints by group (of accounts: added up by the caller); a group without a number comes last.

    Returns
    -------
    Allocation
        The loudest group gets the dearest option that the budget allows, and so on with what is left.

    Raises
    ------
    Refused
        As :func:`even_spread`.
    """
    terms = Terms(budget, limits or {}, tuple(minimums))
    programme, plan = terms.programme(options), _start(options, terms)
    heard = complaints.reindex(options.groups).fillna(0.0).to_numpy(dtype=float)
    for group in np.argsort(-heard, kind="stable"):
        left = budget - float(options.cost[plan].sum())
        plan = _dearest(options, programme, plan, group, left, np.ones(len(options.levels), dtype=bool))
    return Allocation(options, plan, terms, "serving the loudest complainers first")


def _start(options: Options, terms: Terms) -> np.ndarray:
    """Return of each group's options that keep its minimums the one nearest to today."""
    programme = terms.programme(options)
    today = options.today.to_numpy()[options.code]
    away = np.abs(options.levels[options.kpis].to_numpy() - today).sum(axis=1)
    plan = np.zeros(len(options.groups), dtype=int)
    for group, name in enumerate(options.groups):
        own = np.flatnonzero((options.code == group) & programme.allowed)
        if not len(own):
            raise Refused(f"No option of {name} keeps its minimums; agree on less or say what more costs.")
        plan[group] = own[np.lexsort([options.cost[own], away[own]])[0]]
    if not programme.fits(plan):
        cost = float(options.cost[plan].sum())
        text = amounts(max(abs(cost), abs(terms.budget or 0.0)), options.currency)
        raise Refused(
            f"Today's levels, raised to the minimums, cost {text(cost)} and do not keep the budget of "
            f"{text(terms.budget or 0.0)} and the limits: there is nothing to spread."
        )
    return plan


def _within_parts(options: Options, start: int, part: float) -> np.ndarray:
    """Return which options raise no lever further than its part of the budget goes when it is moved alone."""
    levels, begin = options.levels[options.kpis].to_numpy(), options.levels[options.kpis].to_numpy()[start]
    most = options.cost[start] + part + TOLERANCE * np.abs(options.cost).max()
    affordable = (options.code == options.code[start]) & (options.cost <= most)
    within = np.ones(len(levels), dtype=bool)
    for lever in range(levels.shape[1]):
        others_stay = np.delete(np.abs(levels - begin) <= SAME, lever, axis=1).all(axis=1)
        within &= levels[:, lever] <= levels[affordable & others_stay, lever].max(initial=begin[lever]) + SAME
    return within


def _dearest(
    options: Options, programme: Programme, plan: np.ndarray, group: int, money: float, among: np.ndarray
) -> np.ndarray:
    """Return the plan with the dearest option for one group that lowers no level, has the money and fits the limits."""
    levels = options.levels[options.kpis].to_numpy()
    no_lower = (levels >= levels[plan[group]] - SAME).all(axis=1)
    most = options.cost[plan[group]] + money + TOLERANCE * np.abs(options.cost).max()
    may = among & no_lower & (options.code == group) & (options.cost <= most)
    for option in sorted(np.flatnonzero(may), key=lambda each: -options.cost[each]):
        changed = plan.copy()
        changed[group] = option
        if programme.fits(changed):
            return changed
    return plan
