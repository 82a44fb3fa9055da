"""Forecasts on the provider's own records, drawn beside what came."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.churn.plots.checks import draw_calibration
from clvlab.clv.plots.hindsight import draw_hindsight
from clvlab.figures import new_axes, new_panels, state_above
from clvlab.refusal import Refused
from clvlab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.churn.checking.out_of_time import OutOfTime
    from clvlab.clv.valuing.hindsight import Hindsight

_WIDTH, _HEIGHT = 10.0, 3.8
_FIFTHS = 5
_NONE = "No forecast on these records can be checked yet; the checks below say what each would need."


class Forecasts(Result):
    """What was said on earlier days, and what came, by group of customers.

    Parameters
    ----------
    tested
        How forecasts of leaving did; None where they cannot be checked.
    past
        Last year's valuation beside what came; None where there is none.
    within
        How many checks of forecasts are within, in words, for the figure's title.

    Examples
    --------
    >>> Forecasts(None, None, "0 of 0").to_frame().empty
    True
    """

    title = "What was said and what came, by group of customers (leaving: lowest risk first; value: highest first)"
    decimals = 1

    def __init__(self, tested: OutOfTime | None, past: Hindsight | None, within: str) -> None:
        self._tested, self._past, self._within = tested, past, within

    def to_frame(self) -> pd.DataFrame:
        """Return one row per forecast and group: forecast, group, said, came, and of leaving came_lower, came_upper."""
        parts = []
        if self._tested is not None:
            day = min(self._tested.horizons)
            for months in self._tested.horizons[day]:
                found = 100 * self._tested.calibration(months, day, _FIFTHS)
                parts.append(
                    pd.DataFrame(
                        {
                            "forecast": f"leave within {months} months of {day}, %", "group": range(1, len(found) + 1),
                            "said": found["expected"], "came": found["observed"],
                            "came_lower": found["lower"], "came_upper": found["upper"],
                        }
                    )
                )  # fmt: skip
        if self._past is not None:
            found = self._past.by_tenth()
            forecast = f"bring from {self._past.on} to {self._past.until}, {self._past.unit}"
            named = {"tenth": "group", "expected": "said", "actual": "came"}
            parts.append(found.drop(columns="again").rename(columns=named).assign(forecast=forecast))
        columns = ["forecast", "group", "said", "came", "came_lower", "came_upper"]
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        return frame.reindex(columns=columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw leaving and value, said and come; on ``ax`` the first there is.

        Raises
        ------
        Refused
            When neither can be checked.
        """
        drawings = [partial(draw_calibration, self._tested)] if self._tested is not None else []
        drawings += [partial(draw_hindsight, self._past)] if self._past is not None else []
        if not drawings:
            raise Refused(_NONE)
        if ax is not None or len(drawings) == 1:
            return drawings[0](ax or new_axes(_WIDTH * 0.7, _HEIGHT))
        return self._side_by_side(drawings)

    def _side_by_side(self, drawings: list[partial[Axes]]) -> Axes:
        """Draw both in one figure, each with a title of its own."""
        from matplotlib.figure import Figure

        leaving, value = new_panels(1, 2, _WIDTH, _HEIGHT)
        for draw, panel in zip(drawings, (leaving, value), strict=True):
            draw(panel)
        leaving.set_title("Customers who leave", fontsize=11)
        leaving.set_xlabel("expected to leave, % of a fifth")
        value.set_title("What customers bring", fontsize=11)
        value.set_xlabel("tenths of customers, most expected first")
        value.legend(loc="upper right")
        figure = leaving.get_figure()
        assert isinstance(figure, Figure)
        state_above(figure, f"Of the checks of forecasts on these records {self._within} came out as expected")
        return leaving
