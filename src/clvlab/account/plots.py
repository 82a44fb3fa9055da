"""Drawings of an account's file: each title states the finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.account.timeline import LANES
from clvlab.figures import BLUE, GREEN, GREY, ORANGE, PINK, RED, new_axes, state
from clvlab.periods import parse_date, period_index, to_periods

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.account.timeline import Timeline

_COLOURS = (RED, GREEN, BLUE, ORANGE)
_MARKERS = ("X", "o", "s", "^")
CONTRACT = "contract"
# The bars take so many times the height of a lane.
_BARS = 4.0
_MOST_LABELS = 8


def draw_timeline(found: Timeline, ax: Axes | None) -> Axes:
    """Draw orders as bars with their failed part dark, and below a lane for each other kind of event.

    One axes holds both: the bars stand on 0, lanes lie below it, so that a month is one column from top to bottom.
    """
    frame = found.to_frame()
    lanes = [lane for lane in LANES if frame[lane].notna().any()]
    lanes += [CONTRACT] if len(found.contract_events) else []
    ax = ax or new_axes(8.0, 1.9 + 0.28 * len(lanes))
    across = np.arange(len(frame))
    top = max(float(frame["orders"].max()), 1.0)
    ax.bar(across, frame["orders"] / top * _BARS, color=BLUE, alpha=0.45, width=0.8)
    if frame["failed"].notna().any():
        ax.bar(across, frame["failed"] / top * _BARS, color=RED, width=0.8, hatch="///", edgecolor="white", linewidth=0)
    for depth, lane in enumerate(lanes, start=1):
        ax.axhline(-depth, color="#E5E7EB", linewidth=0.8, zorder=0)
        if lane == CONTRACT:
            _draw_contracts(found, ax, -depth)
        else:
            _draw_lane(ax, across, frame[lane].fillna(0).to_numpy(), -depth, LANES.index(lane))
    ax.axhline(0, color=GREY, linewidth=0.8)
    orders = "orders, failed hatched" if frame["failed"].notna().any() else "orders"
    ax.set_yticks([*range(-len(lanes), 0), 0, _BARS / 2, _BARS], [*reversed(lanes), "0", orders, f"{top:,.0f}"])
    ax.set(ylim=(-len(lanes) - 0.6, _BARS + 0.4), xlim=(-0.7, len(frame) - 0.3), xlabel="month")
    step = max(1, -(-len(frame) // _MOST_LABELS))
    shown = across[::-1][::step]
    ax.set_xticks(shown, [frame["month"].iloc[i] for i in shown], size=9)
    ax.grid(visible=False, axis="y")
    state(ax, found.finding)
    return ax


def _draw_lane(ax: Axes, across: np.ndarray, counts: np.ndarray, height: float, place: int) -> None:
    """Draw a mark in each month in which something happened, with the number where it was more than once."""
    there = counts > 0
    ax.plot(across[there], np.full(there.sum(), height), linestyle="none", marker=_MARKERS[place], markersize=6,
            color=_COLOURS[place])  # fmt: skip
    for month, count in zip(across[there], counts[there], strict=True):
        if count > 1:
            ax.annotate(f"{count:.0f}", (month, height), xytext=(4, 3), textcoords="offset points", size=7)


def _draw_contracts(found: Timeline, ax: Axes, height: float) -> None:
    """Draw the days on which contracts begin (pointing right) and end (a bar)."""
    first = int(period_index(parse_date(f"{found.to_frame()['month'].iloc[0]}-01"), "month"))
    day = found.contract_events["day"]
    at = period_index(day, "month") - first + to_periods(day.dt.day.to_numpy() - 1, "month") - 0.5
    begins = found.contract_events["event"].str.endswith("begins").to_numpy()
    ax.plot(at[begins], np.full(begins.sum(), height), linestyle="none", marker=">", markersize=6, color=PINK)
    ax.plot(at[~begins], np.full((~begins).sum(), height), linestyle="none", marker="|", markersize=11,
            markeredgewidth=2.5, color=GREY)  # fmt: skip
