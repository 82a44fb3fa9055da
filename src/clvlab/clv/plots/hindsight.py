"""The drawing of a past valuation beside what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.plots.values import Amounts
from clvlab.figures import BLUE, GREY, ORANGE, new_axes, state

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.clv.valuing.hindsight import Hindsight


def draw_hindsight(past: Hindsight, ax: Axes | None) -> Axes:
    """Draw what each tenth of customers was expected to bring, and what it brought."""
    ax = ax or new_axes(9.0, 4.2)
    frame = past.by_tenth()
    amounts = Amounts(float(frame[["expected", "actual"]].abs().to_numpy().max()), past.unit)
    at = np.arange(len(frame))
    ax.bar(at - 0.2, frame["expected"], width=0.4, color=ORANGE, hatch="//", edgecolor="white", label="expected")
    ax.bar(at + 0.2, frame["actual"], width=0.4, color=BLUE, label="came")
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.set_xticks(at, frame["tenth"].astype(str))
    ax.set(xlabel="tenths of customers, those of whom most was expected first", ylabel=amounts.unit)
    amounts.on(ax.yaxis)
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    expected, actual = past.total
    low, high = past.interval
    total = Amounts(expected, past.unit)
    inside = "inside" if low <= actual <= high else "outside"
    state(
        ax,
        f"Expected {total.text(expected)} ({total.number(low)} to {total.number(high)}), came {total.text(actual)}: "
        f"{inside} the interval",
    )
    return ax
