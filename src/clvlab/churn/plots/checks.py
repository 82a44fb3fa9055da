"""Drawings of how forecasts of leaving did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clvlab.figures import BLUE, GREY, PALETTE, new_axes, state

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.churn.checking.out_of_time import OutOfTime

_GROUPS = 5
_MARKS = "osD^"


def draw_calibration(tested: OutOfTime, ax: Axes | None) -> Axes:
    """Draw expected against observed shares that left, by horizon, from the earliest day of a forecast."""
    ax = ax or new_axes(7.0, 5.0)
    landmark = min(tested.horizons)
    highest = 0.0
    for place, months in enumerate(tested.horizons[landmark]):
        groups = tested.calibration(months, landmark, _GROUPS)
        low, high = groups["observed"] - groups["lower"], groups["upper"] - groups["observed"]
        ax.errorbar(
            100 * groups["expected"],
            100 * groups["observed"],
            yerr=[100 * low.clip(lower=0), 100 * high.clip(lower=0)],
            fmt=_MARKS[place],
            color=PALETTE[place],
            capsize=3,
            linewidth=1.4,
            markersize=7,
            label=f"within {months} months",
        )
        highest = max(highest, 100 * float(groups[["expected", "upper"]].max().max()))
    ax.plot([0, highest], [0, highest], color=GREY, linewidth=1, linestyle="--", zorder=0)
    ax.text(highest, highest, "as expected ", color=GREY, ha="right", va="bottom")
    ax.set(xlabel="expected to leave, % of a fifth of the customers", ylabel="left, % (90% interval)")
    ax.legend(loc="lower right")
    last = max(tested.horizons[landmark])
    scores = tested.to_frame()
    row = scores[(scores["landmark"] == scores["landmark"].min()) & (scores["months"] == last)].iloc[0]
    ratio = row["observed_to_expected"]
    state(ax, f"Within {last} months of {landmark} {ratio:.2f} times as many customers left as were expected to")
    return ax


def draw_attenuation(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw what part of the true effects each definition finds."""
    ax = ax or new_axes(8.0, 1.6 + 0.5 * len(frame))
    part, low, high = (frame[name] for name in ("part", "lower", "upper"))
    ax.errorbar(part, range(len(frame)), xerr=[part - low, high - part], fmt="o", color=BLUE, capsize=3, markersize=7)
    ax.axvline(1.0, color=GREY, linewidth=1, linestyle="--")
    ax.set_yticks(range(len(frame)), frame["definition"])
    ax.set(ylim=(len(frame) - 0.4, -0.6), xlabel="part of the true effects that is found (90% interval; 1: all)")
    ax.set_xlim(left=min(0.0, float(low.min())))
    ax.grid(axis="y", visible=False)
    told = frame.iloc[1:]
    least, most = told["part"].min(), told["part"].max()
    state(ax, f"Of the true effects, definitions of churn let {least:.0%} to {most:.0%} through")
    return ax
