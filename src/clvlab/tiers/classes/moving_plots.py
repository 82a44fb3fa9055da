"""Drawings of classes that move: the month-by-month table of the lifecycle, and attitude against behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.features.lifecycle import DORMANT, POSSIBLE, RETURNED, SATISFIED
from clvlab.figures import BLUE, GREEN, GREY, ORANGE, RED, new_axes, state
from clvlab.refusal import Refused
from clvlab.tiers.classes.loyalty import CAPTIVE, INERT, LEAVING, LEAVING_SATISFIED, LOYAL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.tiers.classes.lifecycle import Lifecycle
from clvlab.tiers.classes.loyalty import Loyalty

_COLOURS = {LOYAL: BLUE, LEAVING_SATISFIED: RED, CAPTIVE: ORANGE, INERT: GREY, LEAVING: GREEN}
_DARK = 0.55  # where white text reads better on the colour map


def draw_transitions(found: Lifecycle, ax: Axes | None) -> Axes:
    """Draw the probability of each possible move as a cell, the customer-months counted beside each state."""
    if found.moves.empty:
        raise Refused("No move from one whole month to the next was seen; it needs longer records.")
    ax = ax or new_axes(9.0, 4.8)
    table = found.transitions().to_frame()
    seen = table.groupby("state")["count"].sum()
    rows = [name for name in POSSIBLE if seen[name] > 0]
    shown = table[table["state"].isin(rows)]
    columns = [name for name in dict.fromkeys([*POSSIBLE, *shown["following"]]) if name in set(shown["following"])]
    cells = shown.pivot_table(index="state", columns="following", values="probability")
    cells = cells.reindex(index=rows, columns=columns)
    ax.imshow(cells.to_numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, j in zip(*np.nonzero(cells.notna().to_numpy()), strict=True):
        chance = cells.iloc[i, j]
        ax.text(j, i, f"{chance:.1%}", ha="center", va="center", color="white" if chance > _DARK else "black", size=10)
    ax.set_xticks(range(len(columns)), [name.replace("-", "-\n").replace(" ", "\n") for name in columns])
    ax.set_yticks(range(len(rows)), [f"{name} (n = {seen[name]:,})" for name in rows])
    ax.grid(visible=False)
    ax.set(xlabel="state a month later: share of those in the state, %", ylabel="state (customer-months)")
    state(ax, _finding(cells, found.months))
    return ax


def _finding(cells: pd.DataFrame, months: int) -> str:
    """Say how many fall dormant a month, and how many of the dormant come back."""
    parts = [
        f"{cells.loc[name, following]:.1%} of the {name} {words}"
        for name, following, words in ((SATISFIED, DORMANT, "fall dormant"), (DORMANT, RETURNED, "come back"))
        if name in cells.index and following in cells.columns
    ]
    return f"In a month, {' and '.join(parts)}" if parts else f"Moves between stages of life over {months} months"


def draw_loyalty(found: Loyalty, ax: Axes | None) -> Axes:
    """Draw satisfaction across and the probability to leave up; those not clear of both cuts are hollow."""
    from matplotlib.ticker import PercentFormatter

    ax = ax or new_axes(8.4, 5.4)
    sure = found.values["sure"]
    for label, colour in _COLOURS.items():
        mine = found.labels == label
        for which, face in ((mine & sure, colour), (mine & ~sure, "none")):
            points = found.values[which]
            ax.scatter(points["satisfaction"], points["leaving"], s=18, facecolors=face, edgecolors=colour,
                       linewidths=0.8, alpha=0.8)  # fmt: skip
        ax.scatter([], [], s=30, color=colour, label=f"{label} ({int(mine.sum()):,})")
    ax.axvline(found.satisfied_from, color="black", linewidth=1)
    ax.axhline(found.leaving_from, color="black", linewidth=1)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    ax.set(xlabel="satisfaction, share of the scale (hollow: not clear of both cuts)", ylabel="probability to leave, %")
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.13), ncols=2)
    leaving, captive = (int((found.labels == label).sum()) for label in (LEAVING_SATISFIED, CAPTIVE))
    finding = f"{leaving:,} customers are satisfied but leaving, {captive:,} dissatisfied but captive"
    state(ax, f"{finding}; {int(sure.sum()):,} of all are clear of both cuts")
    return ax
