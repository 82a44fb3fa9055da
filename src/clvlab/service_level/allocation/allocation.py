"""A plan: one option of each group, with what it costs and brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.results import Headline, Headlines, Remarked
from clvlab.service_level.allocation.options import Options
from clvlab.service_level.allocation.terms import Terms

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Allocation(Remarked):
    """Which level of service each group gets, what it costs and what it brings.

    Attributes
    ----------
    options
        What there was to choose from.
    chosen
        The option of each group, by its row in ``options``, in the order of the groups.
    terms
        What the plan keeps.
    aim
        What the plan was chosen for.
    remarks
        What a reader should know beside it.
    """

    decimals = 0
    fold = False

    def __init__(
        self, options: Options, chosen: np.ndarray, terms: Terms, aim: str, remarks: tuple[str, ...] = ()
    ) -> None:
        self.options, self.terms, self.aim = options, terms, aim
        self.remarks = options.remarks + remarks
        self.chosen = chosen[np.argsort(options.code[chosen])]
        self.percent = tuple(name for kpi in options.kpis for name in (f"{kpi}_today", kpi))
        self.title = f"Service by group for {aim}" + (f", {options.currency}" if options.currency else "")

    @property
    def levels(self) -> pd.DataFrame:
        """Level of each indicator (columns) by group."""
        return self.options.levels.iloc[self.chosen].set_index("group")[self.options.kpis]

    @property
    def cost(self) -> float:
        """Expected cost beyond today, within the horizon and discounted."""
        return float(self.options.cost[self.chosen].sum())

    @property
    def net_worth(self) -> float:
        """Expected net worth: gain less cost."""
        return float(self.net_draws.mean())

    @property
    def net_draws(self) -> np.ndarray:
        """Net worth of the whole plan by draw."""
        return self.options.net[:, self.chosen].sum(axis=1)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group: group, levels today and recommended, cost, gain and net with 90% intervals.

        Money is that of the horizon, discounted; cost_a_year stands beside it where the horizon is known.
        """
        options, chosen = self.options, self.chosen
        frame = pd.DataFrame({"group": options.groups})
        for kpi in options.kpis:
            frame[f"{kpi}_today"] = options.today[kpi].to_numpy()
            frame[kpi] = self.levels[kpi].to_numpy()
        if options.years == options.years:
            frame["cost_a_year"] = options.cost[chosen] / options.years
        frame["cost"] = options.cost[chosen]
        for name, draws in (("gain", options.gains[:, chosen]), ("net", options.net[:, chosen])):
            frame[name] = draws.mean(axis=0)
            frame[f"{name}_lower"], frame[f"{name}_upper"] = interval(draws)
        return frame

    def headlines(self) -> Headlines:
        """Return net worth, cost and gain of the plan, and how likely it is to lose money."""
        gain, net = self.options.gains[:, self.chosen].sum(axis=1), self.net_draws
        (gain_low, gain_high), (net_low, net_high) = (tuple(map(float, interval(draws))) for draws in (gain, net))
        unit, budget = self.options.currency, self.terms.budget
        within = "" if budget is None else f"of a budget of {budget:,.0f}"
        return Headlines(
            Headline("net worth of the plan", self.net_worth, unit, net_low, net_high, note="within the horizon"),
            Headline("its cost beyond today", self.cost, unit, note=within),
            Headline("its gain", float(gain.mean()), unit, gain_low, gain_high),
            Headline("chance that it loses money", 100 * float((net < 0).mean()), "%"),
        )  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each group's levels, today and recommended."""
        from clvlab.service_level.allocation.plots import draw_allocation

        return draw_allocation(self, ax)


def interval(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 90% interval over draws (first axis); missing when there is but one."""
    if len(draws) < 2:
        return np.full(draws.shape[1:], np.nan), np.full(draws.shape[1:], np.nan)
    lower, upper = np.quantile(draws, [0.05, 0.95], axis=0)
    return lower, upper
