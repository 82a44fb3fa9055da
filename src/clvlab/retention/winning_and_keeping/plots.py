"""Drawings of the split of a budget between winning and keeping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.plots.values import Amounts
from clvlab.figures import BLUE, GREY, ORANGE, new_axes, state

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.retention.winning_and_keeping.split import WinningOrKeeping


def draw_split(found: WinningOrKeeping, ax: Axes | None) -> Axes:
    """Draw equity against the share of the budget spent on keeping, with the best split and today's."""
    from clvlab.retention.winning_and_keeping.split import BEST, TODAY

    ax = ax or new_axes(8.4, 4.4)
    shares = np.linspace(0, 1, 201)
    equity = found.equity_by_share(shares)
    rows = found.frame.set_index("plan")
    money = Amounts(float(np.abs(equity).max()), found.currency)
    ax.plot(100 * shares, equity, color=BLUE)
    for plan, colour, lift in ((BEST, ORANGE, 12), (TODAY, GREY, -22)):
        row = rows.loc[plan]
        ax.plot([100 * row["share_keeping"]], [row["equity"]], "o", color=colour, markeredgecolor="black", zorder=3)
        ax.annotate(f"{plan}: {row['share_keeping']:.0%}", (100 * row["share_keeping"], row["equity"]),
                    xytext=(0, lift), textcoords="offset points", ha="center")  # fmt: skip
    ax.set_xlabel(f"share of the budget of {found.budget:,.0f} {found.currency} spent on keeping, %")
    ax.set_ylabel(f"customer equity, {money.unit}")
    ax.margins(y=0.2)
    money.on(ax.yaxis)
    state(ax, found.finding)
    return ax
