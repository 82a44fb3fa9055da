"""Which plan has the largest low percentile over draws: every plan that bounds leave over, or an integer programme."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.optimize import LinearConstraint

from clvlab.service_level.allocation.bounds import Bounds, draws_below, low
from clvlab.service_level.allocation.programme import SCALE, TOLERANCE, Programme, constraints, solve, undominated

_MANY = 50_000  # plans so far, above which an integer programme is solved
_AT_ONCE = 4_000


def best_in_bad_draws(programme: Programme, net: np.ndarray, share: float, start: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the plan with the largest low percentile of its sum over draws, and how it was found.

    Parameters
    ----------
    programme
        What may be chosen.
    net
        Net worth, array (draws, options).
    share
        Share of draws that may lie below the percentile.
    start
        A plan that keeps all limits: one option of each group, in their order.
    """
    kept = np.flatnonzero(programme.allowed)
    kept = kept[undominated(programme.groups[kept], net[:, kept], programme.uses[:, kept])]
    best = _improved(programme, net, share, start, kept)
    best_low = float(low(net[:, best].sum(axis=1), share))
    bounds = Bounds(programme, net, share, kept)
    kept = kept[bounds.of_options(kept) > best_low]
    plans = _left_over(programme.groups, kept, bounds, best_low, len(start))
    if plans is None:
        way = f"Exact: an integer programme over {len(kept):,} options and {len(net):,} draws, solved to the end."
        plans = _by_programme(programme, net, share, best_low, kept)
    else:
        tried = f"all plans but {len(plans):,}, which were tried one by one" if len(plans) else "every other plan"
        way = f"Exact: bounds rule out {tried}."
    return _best(programme, net, share, np.vstack([best, plans])), way


def _best(programme: Programme, net: np.ndarray, share: float, plans: np.ndarray) -> np.ndarray:
    """Return that of the plans (rows) that keeps all limits and has the largest low percentile; of equals the first."""
    slack = TOLERANCE * np.abs(programme.uses).max(axis=1)
    fits = (programme.uses[:, plans].sum(axis=2) <= (programme.available + slack)[:, None]).all(axis=0)
    plans = plans[fits]
    parts = [plans[first : first + _AT_ONCE] for first in range(0, len(plans), _AT_ONCE)]
    lows = np.concatenate([low(net[:, part].sum(axis=2), share) for part in parts])
    return plans[lows.argmax()]


def _each_with(plans: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return every plan so far (rows) with each further option."""
    return np.column_stack([np.repeat(plans, len(own), axis=0), np.tile(own, len(plans))])


def _improved(programme: Programme, net: np.ndarray, share: float, start: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return a plan that no other choice for any two groups improves: a good one to begin with."""
    best, groups = start, programme.groups[kept]
    moved = True
    while moved:
        moved = False
        for pair in combinations(range(len(best)), min(2, len(best))):
            others = np.empty((1, 0), dtype=int)
            for group in pair:
                others = _each_with(others, kept[groups == group])
            plans = np.tile(best, (len(others) + 1, 1))
            plans[1:, list(pair)] = others
            better = _best(programme, net, share, plans)
            moved |= bool((better != best).any())
            best = better
    return best


def _left_over(groups: np.ndarray, kept: np.ndarray, bounds: Bounds, best_low: float, number: int) -> np.ndarray | None:
    """Return the plans whose bound lies above ``best_low``, built group by group; None when they become too many."""
    plans = np.empty((1, 0), dtype=int)
    for group in range(number):
        plans = _each_with(plans, kept[groups[kept] == group])
        if not len(plans):
            return np.empty((0, number), dtype=int)
        plans = plans[bounds.may_beat(plans, best_low)]
        if len(plans) > _MANY:
            return None
    return plans


def _by_programme(programme: Programme, net: np.ndarray, share: float, best_low: float, kept: np.ndarray) -> np.ndarray:
    """Return the plan of an integer programme (one row), no row where no plan is better than ``best_low``.

    A draw either earns at least the percentile or counts as bad, and no more draws may count as bad than may lie below
    the percentile. The unknowns are the options, the bad draws, and how far the percentile lies between ``best_low``
    and its upper bound; a bad draw is let off by no more than it can fall short of that bound.
    """
    number = int(programme.groups.max()) + 1
    draws, groups, net = len(net), programme.groups[kept], net[:, kept]
    each = [net[:, groups == group] for group in range(number)]
    if not all(own.size for own in each):
        return np.empty((0, number), dtype=int)
    least, most = sum(own.min(axis=1) for own in each), sum(own.max(axis=1) for own in each)
    span = float(low(most, share)) - best_low
    size = np.abs(net).max() / SCALE
    let_off = np.diag(np.maximum(best_low + span - least, 0.0))
    earns = np.hstack([net, let_off, np.full((draws, 1), -span)]) / size
    bad = np.concatenate([np.zeros(len(kept)), np.ones(draws), [0.0]])
    rows = [LinearConstraint(earns, lb=best_low / size), LinearConstraint(bad, ub=draws_below(draws, share))]
    for row in constraints(programme, kept) or []:
        rows.append(LinearConstraint(np.hstack([row.A, np.zeros((len(row.A), draws + 1))]), row.lb, row.ub))
    found = solve(np.append(np.zeros(len(kept) + draws), -1.0), rows, continuous=1)
    if found is None:
        return np.empty((0, number), dtype=int)
    return kept[np.flatnonzero(found[: len(kept)] > 0.5)][None, :]
