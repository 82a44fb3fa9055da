"""Drawing of waiting times: how the share done rises with time, by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.plots import dots, label_periods, percent_axis
from clvlab.figures import BLUE, GREY, PALETTE, new_axes, state
from clvlab.periods import PERIODS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.features.waiting_times import WaitingTimes

_MOST_GROUPS = 20
# Beyond so many times the limit the curves tell a reader little.
_LIMITS_SHOWN = 5


def draw_waiting(times: WaitingTimes, ax: Axes | None) -> Axes:
    """Draw one curve per group, or one dot where there are more groups than colours."""
    if times.keys and times.keys[-1] in PERIODS and len(times.keys) == 1:
        ax = _draw_in_time(times, ax)
    elif len(times.to_frame()) > len(PALETTE):
        ax = _draw_dots(times, ax)
    else:
        ax = _draw_curves(times, ax)
    state(ax, _finding(times))
    return ax


def _draw_curves(times: WaitingTimes, ax: Axes | None) -> Axes:
    ax = ax or new_axes(9.0, 4.4)
    waiting, curves = times.waiting, times.curves()
    groups = curves.groupby(times.keys, dropna=False) if times.keys else [((), curves)]
    sizes = dict(zip(_names(times.to_frame(), times.keys), times.to_frame()[waiting.number], strict=True))
    for colour, (_, curve) in zip(PALETTE, groups, strict=False):
        name = _names(curve.head(1), times.keys)[0]
        ax.step(curve.time, curve.done, where="post", color=colour, label=f"{name} (n = {sizes[name]:,})")
        ax.fill_between(curve.time, curve.lower, curve.upper, step="post", color=colour, alpha=0.15, linewidth=0)
    furthest = max(waiting.limit, min(_LIMITS_SHOWN * waiting.limit, curves.time.max()))
    ax.axvline(waiting.limit, color=GREY, linestyle="--", linewidth=1)
    ax.set(xlim=(0, furthest), ylim=(0, 1.02), ylabel=f"{waiting.done}, % of {waiting.what}")
    ax.set_xlabel(
        f"time, {waiting.unit} (dashed: {waiting.limit} {waiting.unit}; band: 90% interval of independent cases)"
    )
    percent_axis(ax.yaxis)
    if times.keys:
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    return ax


def _draw_dots(times: WaitingTimes, ax: Axes | None) -> Axes:
    waiting, within = times.waiting, times.waiting.within
    shown = times.to_frame().dropna(subset=within).nlargest(_MOST_GROUPS, waiting.number).sort_values(within)
    ax = ax or new_axes(8.0, 0.32 * len(shown) + 1.8)
    counts = zip(_names(shown, times.keys), shown[waiting.number], strict=True)
    dots(
        ax, [f"{name} (n = {n:,})" for name, n in counts],
        shown[within], shown[f"{within}_lower"], shown[f"{within}_upper"],
    )  # fmt: skip
    ax.set_xlabel(f"{waiting.done} within {waiting.limit} {waiting.unit}, % of {waiting.what} (bar: 90% interval)")
    return ax


def _draw_in_time(times: WaitingTimes, ax: Axes | None) -> Axes:
    ax = ax or new_axes(9.0, 4.2)
    frame, within, period = times.to_frame(), times.waiting.within, times.keys[0]
    at = np.arange(len(frame))
    ax.fill_between(at, frame[f"{within}_lower"], frame[f"{within}_upper"], color=BLUE, alpha=0.15, linewidth=0)
    ax.plot(at, frame[within], color=BLUE, marker="o", markersize=4)
    label_periods(ax, frame[period])
    percent_axis(ax.yaxis)
    limit = f"{times.waiting.limit} {times.waiting.unit}"
    ax.set(xlabel=f"{period} (band: 90% interval)", ylabel=f"{times.waiting.done} within {limit}, %")
    return ax


def _names(frame: pd.DataFrame, keys: list[str]) -> list[str]:
    """Return each row's group in words."""
    if not keys:
        return ["all"] * len(frame)
    return [
        " – ".join("not recorded" if pd.isna(part) else str(part) for part in row)
        for row in frame[keys].itertuples(index=False)
    ]


def _finding(times: WaitingTimes) -> str:
    """Return the finding: the share in time over all, and from where to where groups reach."""
    within = times.waiting.within
    known = times.to_frame().dropna(subset=within).sort_values(within)
    if not times.keys or len(known) < 2:
        return times.title
    (worst, best), (low, high) = _names(known.iloc[[0, -1]], times.keys), known[within].iloc[[0, -1]]
    limit = f"{times.waiting.limit} {times.waiting.unit}"
    whole = times.whole[within]
    said = "" if pd.isna(whole) else f"{whole:.0%} of {times.waiting.what} "
    apart = known[f"{within}_upper"].iloc[0] < known[f"{within}_lower"].iloc[-1]
    doubt = "" if apart else ", no further apart than chance may bring about"
    return f"{said}{times.waiting.done} within {limit}: from {low:.0%} ({worst}) to {high:.0%} ({best}){doubt}"
