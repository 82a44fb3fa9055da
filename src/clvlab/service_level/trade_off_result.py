"""The trade-off between service and cost as a result: table, curves, headlines, picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.results import Headline, Headlines, Remarked, Table
from clvlab.service_level.allocation.wording import words
from clvlab.service_level.group_profit import ALL

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_PERCENT = ("level_today", "best_level", "best_level_lower", "best_level_upper", "cost_overtakes_at")


class TradeOff(Remarked):
    """Profit against the level of one service indicator, by group and for all.

    Attributes
    ----------
    curves
        DataFrame, one row per group and level: group, level, and against today over the horizon in currency equity,
        cost (of service), profit (means) and profit_lower, profit_upper (90% interval).
    each
        What moving each group to its own best level brings in all, with its 90% interval.
    draws
        By group, the best level of each draw; the interval of the best level is theirs.
    kpi, currency, remarks
        What is moved, the money, and what a reader has to know.
    """

    decimals = 2
    percent = _PERCENT

    def __init__(
        self, frame: pd.DataFrame, curves: pd.DataFrame, each: tuple[float, float, float],
        draws: Mapping[str, NDArray[np.float64]], kpi: str, currency: str, remarks: Sequence[str],
    ) -> None:  # fmt: skip
        self._frame, self.curves, self.each, self.draws = frame, curves, each, draws
        self.kpi, self.currency, self.remarks = kpi, currency, tuple(remarks)
        money = f", {currency}" if currency else ""
        self.title = f"The level of {self.subject} that pays (money over the horizon{money}; 90% intervals)"

    @property
    def subject(self) -> str:
        """The indicator in words."""
        return words(self.kpi)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group, and one for all customers when there are several groups.

        Returns
        -------
        DataFrame
            group, level_today, best_level (of the mean profit) with lower and upper, best_is (``"inside"``, ``"kink"``,
            ``"lower bound"``, ``"upper bound"``), loss_from_staying (profit there less profit today) with lower and
            upper, worth_of_a_point (equity of one percentage point more than today) with lower and upper,
            cost_of_a_point, cost_overtakes_at (the level above today beyond which profit is below today's; missing when
            it is above up to the highest level), effect_shown (whether the effect on equity is told apart from none),
            concave.
        """
        return self._frame

    def show_short(self) -> Table:
        """Return the columns a meeting needs."""
        columns = [
            "group", "level_today", "best_level", "best_level_lower", "best_level_upper", "loss_from_staying",
            "loss_from_staying_lower", "loss_from_staying_upper", "effect_shown",
        ]  # fmt: skip
        return Table(self._frame[columns], self.title, self.decimals, self.percent)

    def headlines(self) -> Headlines:
        """Return the best level of each group, what moving there brings, and what the next point brings and costs."""
        first = [
            Headline(
                f"best {self.subject}, {row.group}", 100 * row.best_level, "%", 100 * row.best_level_lower,
                100 * row.best_level_upper, 1, self._beside(row),
            )
            for row in self.groups().itertuples()
        ]  # fmt: skip
        row = self._frame.iloc[-1]
        of = f", {row['group']}" if len(self._frame) > 1 else ""
        return Headlines(
            *first,
            Headline("loss from staying at today's levels", self.each[0], self.currency, *self.each[1:]),
            Headline(
                f"worth of one more point{of}", row["worth_of_a_point"], self.currency, row["worth_of_a_point_lower"],
                row["worth_of_a_point_upper"], note="of equity over the horizon",
            ),
            Headline(f"cost of one more point{of}", row["cost_of_a_point"], self.currency, note="over the horizon"),
        )  # fmt: skip

    def plot(self, group: str | None = None) -> Figure:  # type: ignore[override]
        """Draw profit against the level, a panel per group: today and the best level with its interval are marked."""
        from clvlab.service_level.plots import draw_trade_off

        return draw_trade_off(self, group)

    def groups(self) -> pd.DataFrame:
        """Return the rows of single groups: the last one of several rows is of all of them."""
        return self._frame[self._frame["group"] != ALL] if len(self._frame) > 1 else self._frame

    def _beside(self, row: object) -> str:
        today = f"today {100 * row.level_today:.1f}%"  # type: ignore[attr-defined]
        return today if row.effect_shown else f"{today}; no effect is told apart from none"  # type: ignore[attr-defined]
