"""A stand-in for what service is worth, in closed form: equity = worth x exp(effect x points more), orders constant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd


class Outcomes(NamedTuple):
    """Arrays (draws, scenarios)."""

    equity: np.ndarray
    orders: np.ndarray
    leaving: np.ndarray
    satisfaction: np.ndarray


@dataclass
class StandIn:
    """Groups with a worth and orders today, and effects in log equity per point, one per draw and KPI."""

    today: pd.DataFrame
    worth: pd.Series
    orders: pd.Series
    effects: dict[str, np.ndarray]
    more_orders: float = 0.0
    surveyed: bool = True
    asked: list = field(default_factory=list)

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(self.today.index)

    @property
    def kpis(self) -> tuple[str, ...]:
        return tuple(self.today.columns)

    @property
    def draws(self) -> int:
        return len(next(iter(self.effects.values())))

    def outcomes(self, group: str, levels: pd.DataFrame) -> Outcomes:
        self.asked.append((group, len(levels)))
        points = 100 * (levels - self.today.loc[group, levels.columns])
        change = np.zeros((self.draws, len(levels)))
        for kpi in levels:
            change += np.outer(self.effects[kpi], points[kpi])
        satisfaction = 7 + 20 * change if self.surveyed else np.full(change.shape, np.nan)
        return Outcomes(
            self.worth[group] * np.exp(change),
            self.orders[group] * np.exp(self.more_orders * change),
            0.2 * np.exp(-2 * change),
            satisfaction,
        )


KPI = "on_time_delivery"


def stand_in(today=(0.91, 0.90, 0.88), worth=(9e6, 2e6, 5e5), orders=(20_000, 9_000, 6_000), effect=0.02, sd=0.005,
             draws=400, seed=1, **more):  # fmt: skip
    groups = ["core", "important", "regular", "potential", "lost"][: len(today)]
    effects = {KPI: np.random.default_rng(seed).normal(effect, sd, draws) if sd else np.full(draws, effect)}
    return StandIn(
        pd.DataFrame({KPI: today}, index=groups),
        pd.Series(worth, groups, dtype=float),
        pd.Series(orders, groups, dtype=float),
        effects,
        **more,
    )
