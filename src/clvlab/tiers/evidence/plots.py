"""Drawings of the evidence on tiers: each title states the finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.figures import BLUE, GREEN, GREY, ORANGE, PINK, RED, SKY, new_axes, state

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.tiers.evidence.entitlement_effect import EntitlementEffect
    from clvlab.tiers.evidence.prediction import Prediction

_RIVALS = (ORANGE, GREEN, PINK, SKY, RED)
_STYLES = ("--", "-.", ":")


def draw_prediction(found: Prediction, ax: Axes | None) -> Axes:
    """Draw what part of next year's amount the first customers of each ranking held, with the tiers' cuts marked."""
    from clvlab.tiers.evidence.prediction import BEST, SCORECARD

    ax = ax or new_axes(8.0, 4.8)
    curves, cuts = found.curves, found.cuts
    what = found.amount.replace("_", " ")
    ax.plot(100 * curves.index, 100 * curves[BEST], color=GREY, linewidth=1, label=BEST)
    rivals = [name for name in curves.columns if name not in (SCORECARD, BEST)]
    for i, name in enumerate(rivals):
        color, style = _RIVALS[i % len(_RIVALS)], _STYLES[i % len(_STYLES)]
        ax.plot(100 * curves.index, 100 * curves[name], color=color, linestyle=style, label=name.replace("_", " "))
    ax.plot(100 * curves.index, 100 * curves[SCORECARD], color=BLUE, label=SCORECARD)
    held = found.to_frame()
    own = held[held["ranking"] == SCORECARD].head(len(cuts))
    down, up = own["value"] - own["lower"], own["upper"] - own["value"]
    ax.errorbar(100 * cuts, 100 * own["value"], yerr=100 * np.array([down, up]), fmt="o", color=BLUE, capsize=3)
    ax.plot([0, 100], [0, 100], color=GREY, linewidth=0.8, linestyle=":")
    ax.annotate("any order", (80, 80), xytext=(4, -12), textcoords="offset points", color=GREY, size=9)
    ax.set_xlim(0, 100)
    ax.set_xlabel("first customers of the ranking, % of all (dots: tiers, with 90% intervals)")
    ax.set_ylabel(f"next year's {what} held, %")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2 + len(rivals))
    rows = held[held["measure"] == own["measure"].iloc[0]].set_index("ranking")
    others = ", ".join(f"by {name.replace('_', ' ')} {rows.loc[name, 'value']:.0%}" for name in rivals)
    state(
        ax, f"The first {cuts[0]:.0%} by tier held {rows.loc[SCORECARD, 'value']:.0%} of next year's {what}, {others}"
    )
    return ax


def draw_effect(found: EntitlementEffect, ax: Axes | None) -> Axes:
    """Draw the outcome of those who got it over that of comparable accounts, by month from the one in which it was."""
    from matplotlib.ticker import MaxNLocator

    ax = ax or new_axes(8.0, 4.2)
    rows = found.by_month.dropna()
    spread = pd.DataFrame({"down": rows["ratio"] - rows["lower"], "up": rows["upper"] - rows["ratio"]})
    for side, color in ((rows.index < 0, GREY), (rows.index >= 0, BLUE)):
        ax.errorbar(
            rows.index[side], rows.loc[side, "ratio"], yerr=spread[side].to_numpy().T, fmt="o", color=color, capsize=3
        )
    ax.axhline(1.0, color=GREY, linewidth=1)
    ax.axvline(-0.5, color=GREY, linewidth=1, linestyle=":")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("months from the first one with it (grey: before; 90% intervals)")
    ax.set_ylabel(f"{found.outcome.replace('_', ' ')}, against comparable (before = 1)")
    growth = found.to_frame().set_index("measure").loc["growth"]
    finding = f"After {found.entitlement}: {growth['ratio']:.2f} times the growth of comparable accounts"
    finding += f" ({growth['lower']:.2f} to {growth['upper']:.2f})"
    state(ax, f"{finding}, chosen among accounts that differed before" if found.differed_before else finding)
    return ax
