"""The integer programme behind every plan: exactly one option of each group, within what there is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from clvlab.refusal import Refused

TOLERANCE = 1e-9  # share of the largest use by which rounding may pass what there is
# HiGHS keeps constraints and finds the optimum to 1e-6 in its own units: in these, that is 1e-8 of the largest number.
SCALE = 100.0
_INFEASIBLE = 2


class Programme(NamedTuple):
    """Exactly one option of each group, within what there is.

    ``groups`` holds the group of each option, numbered from 0; ``uses`` (resources, options) what each takes of what
    ``available`` (resources,) tells, infinite where nothing limits it; ``allowed`` which options may be taken.
    """

    groups: np.ndarray
    uses: np.ndarray
    available: np.ndarray
    allowed: np.ndarray

    def fits(self, chosen: np.ndarray) -> bool:
        """Return whether a plan, one option per group, keeps all limits."""
        slack = TOLERANCE * np.abs(self.uses).max(axis=1, initial=0.0)
        return bool(self.allowed[chosen].all() and (self.uses[:, chosen].sum(axis=1) <= self.available + slack).all())

    def without_ample(self) -> Programme:
        """Return the same without the resources of which even the plan that uses most leaves some: none can bind."""
        groups = [self.allowed & (self.groups == group) for group in np.unique(self.groups)]
        most = np.array([sum(uses[some].max(initial=-np.inf) for some in groups) for uses in self.uses])
        scarce = ~(most <= self.available)
        return self._replace(uses=self.uses[scarce], available=self.available[scarce])


def best_plan(programme: Programme, worth: np.ndarray) -> np.ndarray | None:
    """Return the options of the plan with the largest sum of ``worth``, one per group; None when there is none.

    Of options of a group that are worth the same, the one that uses less is taken.

    Parameters
    ----------
    programme
        What may be chosen.
    worth
        Array (options,).
    """
    kept = np.flatnonzero(programme.allowed)
    programme = programme.without_ample()
    kept = kept[undominated(programme.groups[kept], worth[None, kept], programme.uses[:, kept])]
    rows = constraints(programme, kept)
    found = None if rows is None else solve(-_scaled(worth[kept]), rows)
    return None if found is None else kept[np.flatnonzero(found > 0.5)]


def constraints(programme: Programme, kept: np.ndarray) -> list[LinearConstraint] | None:
    """Return that each group takes one option of ``kept`` and that limits hold; None when a group has none left."""
    number = int(programme.groups.max()) + 1
    of_group = programme.groups[kept] == np.arange(number)[:, None]
    if not of_group.any(axis=1).all():
        return None
    rows = [LinearConstraint(of_group.astype(float), lb=1.0, ub=1.0)]
    for uses, available in zip(programme.uses, programme.available, strict=True):
        if np.isfinite(available):
            size = np.abs(uses).max() or 1.0
            limit = SCALE * (available / size + TOLERANCE)
            rows.append(LinearConstraint(SCALE * uses[None, kept] / size, ub=limit))
    return rows


def solve(objective: np.ndarray, rows: list[LinearConstraint], continuous: int = 0) -> np.ndarray | None:
    """Return unknowns from 0 to 1, whole but the last ``continuous``, that minimise ``objective``; None if none fit."""
    whole = np.arange(len(objective)) < len(objective) - continuous
    with _silence():
        found = milp(objective, integrality=whole, bounds=Bounds(0.0, 1.0), constraints=rows,
                     options={"mip_rel_gap": 0.0})  # fmt: skip
    if found.status == _INFEASIBLE:
        return None
    if found.x is None:
        raise Refused(f"The solver found no plan: {found.message}")
    return found.x


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what HiGHS prints past Python, a line left in it from debugging, out of reports."""
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)


def _scaled(numbers: np.ndarray) -> np.ndarray:
    """Return numbers in units in which the solver's tolerances are small."""
    return SCALE * numbers / (np.abs(numbers).max(initial=0.0) or 1.0)


def undominated(groups: np.ndarray, worth: np.ndarray, uses: np.ndarray) -> np.ndarray:
    """Return which options no other of their group equals or betters in every row of worth and of uses.

    Leaving the others out is exact: in any plan the better one can stand in for it. Of equals the first stays.

    Parameters
    ----------
    groups
        Group of each option.
    worth, uses
        Arrays (rows, options): more is better, less is better.
    """
    good = np.vstack([worth, -uses])
    keep = np.ones(len(groups), dtype=bool)
    for group in np.unique(groups):
        at = np.flatnonzero(groups == group)
        own = good[:, at]
        as_good = np.ones((len(at), len(at)), dtype=bool)  # [a, b]: a is at least as good as b in every row
        for row in own:
            as_good &= row[:, None] >= row[None, :]
        equal, first = as_good & as_good.T, np.tri(len(at), k=-1, dtype=bool).T
        keep[at] = ~(as_good & (~equal | first)).any(axis=0)
    return keep
