"""The drawing of definitions of churn side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clvlab.figures import PALETTE, new_axes, state

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def draw_definitions(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw the share of customers called lost who came back against the days from the last activity to the call."""
    from matplotlib.ticker import PercentFormatter

    ax = ax or new_axes(8.0, 4.6)
    shown = frame[frame["followed"] > 0]
    for row, colour in zip(shown.itertuples(), PALETTE * len(shown), strict=False):
        ax.vlines(row.days_late, row.lower, row.upper, color=colour)
        ax.plot(row.days_late, row.false_alarms, marker="o", linestyle="none", color=colour)
        ax.annotate(
            str(row.definition),
            (row.days_late, row.false_alarms),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
        )
    ax.set(
        ylim=(0, 1),
        xlabel="days from the last activity to the call (median)",
        ylabel="back within half a year, % of calls",
    )
    ax.margins(x=0.18)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    state(ax, _finding(shown))
    return ax


def _finding(shown: pd.DataFrame) -> str:
    if shown.empty:
        return "0 calls are half a year old: no definition can be judged yet"
    calmest, wildest = shown.loc[shown["false_alarms"].idxmin()], shown.loc[shown["false_alarms"].idxmax()]
    least, most = f"{calmest.false_alarms:.0%}", f"{wildest.false_alarms:.0%}"
    share = least if least == most else f"{least} (by {calmest.definition}) to {most} (by {wildest.definition})"
    return f"{share} of customers called lost are back within half a year"
