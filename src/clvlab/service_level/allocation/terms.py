"""What a plan must keep: a budget, what is scarce, and least levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

from clvlab.refusal import Refused
from clvlab.service_level.allocation.minimums import Minimum, strictest
from clvlab.service_level.allocation.options import SAME, Options
from clvlab.service_level.allocation.programme import Programme, best_plan


@dataclass(frozen=True)
class Terms:
    """What a plan must keep.

    Parameters
    ----------
    budget
        Most that may be spent within the horizon beyond today, discounted; without end when None.
    limits
        By resource, how much of it may be used beyond today.
    minimums
        Least levels.
    """

    budget: float | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    minimums: Sequence[Minimum] = ()

    def programme(self, options: Options) -> Programme:
        """Return the choice among options under these terms; money comes first among the uses."""
        uses = np.vstack([options.cost, *(options.use(name) for name in self.limits)])
        available = np.array([inf if self.budget is None else self.budget, *self.limits.values()], dtype=float)
        if np.isnan(available).any():
            raise Refused("The budget and what is available of each resource must be numbers.")
        return Programme(options.code, uses, available, self.allowed(options))

    def allowed(self, options: Options) -> np.ndarray:
        """Return which options keep the least levels of their group.

        Raises
        ------
        Refused
            When a minimum is for a group or an indicator that there is no choice of.
        """
        kept = np.ones(len(options.levels), dtype=bool)
        for (group, kpi), asked in strictest(self.minimums).items():
            if group not in options.today.index or kpi not in options.today:
                raise Refused(f"{asked[0].name} asks {kpi} for {group!r}, but no option moves that; leave it out.")
            kept &= (options.levels["group"] != group) | (options.levels[kpi] >= asked[0].level - SAME).to_numpy()
        return kept

    def least(self, options: Options, use: np.ndarray) -> np.ndarray | None:
        """Return the plan within the terms that uses least of something, an array over options; None if none fits."""
        return best_plan(self.programme(options), -use)
