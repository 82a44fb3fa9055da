"""Drawings of lost accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.plots.values import Amounts
from clvlab.figures import BLUE, GREY, SKY, new_axes, state
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.retention.winning_back.win_back_list import WinBackList

_NAMED = 5
_LETTERS = 22


def draw_win_back(found: WinBackList, ax: Axes | None) -> Axes:
    """Draw the chance to come back against the value, with the line on which an attempt earns its cost."""
    frame = found.to_frame()
    frame = frame[frame["value_if_back"] > 0]
    if frame.empty:
        raise Refused("No lost account would bring anything, so there is nothing to draw.")
    ax = ax or new_axes(8.6, 4.6)
    money = Amounts(float(frame["value_if_back"].quantile(0.9)), found.currency)
    pays = frame["profit"] > 0
    ax.scatter(frame["value_if_back"], 100 * frame["chance"], s=18, color=np.where(pays, BLUE, SKY), linewidth=0)
    low, high = float(frame["value_if_back"].quantile(0.02)) / 1.3, float(frame["value_if_back"].max()) * 3
    ax.set(xscale="log", xlim=(low, high), ylim=(0, 125 * float(frame["chance"].max())))
    if found.cost:
        line = np.geomspace(low, high, 200)
        ax.plot(line, 100 * found.cost / line, color=GREY, linestyle="--", linewidth=1)
        ax.text(0.99, 0.97, "dashed: an attempt earns its cost", transform=ax.transAxes, ha="right", va="top",
                color=GREY, size=9)  # fmt: skip
    for row in frame.head(_NAMED).itertuples():
        name = row.name if len(row.name) <= _LETTERS else f"{row.name[: _LETTERS - 1]}…"
        ax.annotate(name, (row.value_if_back, 100 * row.chance), xytext=(6, 0), textcoords="offset points", size=9,
                    va="center")  # fmt: skip
    ax.set_xlabel(f"value if back, {money.unit}")
    ax.set_ylabel(f"chance to come back\nwithin {found.months:g} months, %")
    ax.xaxis.set_major_formatter(lambda x, _: f"{x / money.size:,.4g}")
    ax.xaxis.set_minor_formatter(lambda x, _: "")
    state(ax, found.finding)
    return ax
