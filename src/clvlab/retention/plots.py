"""Drawings of whom to act on: each title states the finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.plots.values import Amounts
from clvlab.features.customer_file.shared import plural
from clvlab.figures import BLUE, GREY, SKY, new_axes, state
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.retention.campaign_effect import CampaignEffect
    from clvlab.retention.watch_list_result import WatchList

_NAMED = 8
_LETTERS = 24
_LINES = 4
_ROUND = (0.01, 0.1, 1, 2, 5, 10, 20, 50, 100)  # chances to leave, %
_FEW = 0.02  # of the accounts may lie beyond the left and the lower edge


def draw_at_stake(found: WatchList, ax: Axes | None) -> Axes:
    """Draw probability to leave against margin on log scales, where equal margins at stake lie on straight lines."""
    frame = found.to_frame()
    frame = frame[frame["at_stake"] > 0]
    if frame.empty:
        raise Refused("No account puts any margin at stake, so there is nothing to draw.")
    ax = ax or new_axes(8.6, 4.8)
    money, chance = Amounts(float(frame["margin"].max()), found.currency), 100 * frame["at_stake"] / frame["margin"]
    ax.scatter(chance, frame["margin"], s=16, color=SKY, linewidth=0)
    ax.set(xscale="log", yscale="log", xlim=(chance.quantile(_FEW) / 1.5, min(1.6 * chance.max(), 100)))
    ax.set_ylim(float(frame["margin"].quantile(_FEW)) / 1.5, float(frame["margin"].max()) * 2)
    _draw_equal_stakes(ax, float(frame["at_stake"].iloc[0]), found.currency)
    _draw_first(ax, frame.head(_NAMED), chance.head(_NAMED), found.currency)
    ax.set_xlabel(f"chance that it is still there and leaves within {found.months:g} months, %")
    ax.set_ylabel(f"margin over {found.margin_months:g} months if it stays,\n{money.unit}")
    left, right = ax.get_xlim()
    ticks = [tick for tick in _ROUND if left <= tick <= right]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.set_minor_formatter(lambda x, _: "")
    money.on(ax.yaxis)
    total = float(frame["at_stake"].sum())
    half = int(np.searchsorted(frame["at_stake"].cumsum(), total / 2)) + 1
    verb = "holds" if half == 1 else "hold"
    what = f"{Amounts(total, found.currency).text(total)} at stake within {found.months:g} months"
    state(ax, f"{half:,} of {plural(len(frame), 'accounts')} {verb} half of the {what}")
    return ax


def _draw_equal_stakes(ax: Axes, largest: float, currency: str) -> None:
    """Draw lines on which the margin at stake is the same, a power of ten each."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    highest = int(np.floor(np.log10(largest)))
    for level in 10.0 ** np.arange(highest, highest - _LINES, -1):
        ax.plot([left, right], [100 * level / left, 100 * level / right], color=GREY, linewidth=0.8, linestyle="--")
        enters = max(left, 100 * level / top)  # at the upper edge, else at the left one
        if bottom < 100 * level / enters and enters < right:
            label = f"{level:,.10g} {currency}".strip() + " at stake"
            ax.annotate(label, (enters, 100 * level / enters), xytext=(22, -1), textcoords="offset points", color=GREY,
                        size=8, va="top", zorder=2,
                        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})  # fmt: skip


def _draw_first(ax: Axes, first: pd.DataFrame, chance: pd.Series, currency: str) -> None:
    """Number the accounts with most at stake, and list them beside the axes."""
    ax.scatter(chance, first["margin"], s=150, color=BLUE, edgecolor="white", linewidth=0.8, zorder=3)
    money = Amounts(float(first["at_stake"].max()), currency)
    ax.text(1.02, 1.0, f"at stake, {money.unit}", transform=ax.transAxes, va="top", size=9, color=GREY)
    for rank, (row, x) in enumerate(zip(first.itertuples(), chance, strict=True), start=1):
        ax.annotate(str(rank), (x, row.margin), ha="center", va="center", color="white", size=8, fontweight="bold",
                    zorder=3)  # fmt: skip
        name = row.name if len(row.name) <= _LETTERS else f"{row.name[: _LETTERS - 1]}…"
        ax.text(1.02, 1.0 - 0.075 * rank, f"{rank}  {name}: {money.number(row.at_stake)}", transform=ax.transAxes,
                va="top", size=9)  # fmt: skip


def draw_effect(found: CampaignEffect, ax: Axes | None) -> Axes:
    """Draw how many of 100 customers calling kept, over all and by group, with 90% intervals."""
    frame = found.to_frame()
    ax = ax or new_axes(8.0, 0.6 * len(frame) + 1.9)
    rows = np.arange(len(frame))
    ax.axvline(0, color="black", linewidth=0.8)
    ax.hlines(rows, 100 * frame["pooled_lower"], 100 * frame["pooled_upper"], color=SKY, linewidth=4)
    ax.plot(100 * frame["pooled"], rows, linestyle="none", marker="o", color=BLUE)
    ax.plot(100 * frame["reduction"].iloc[1:], rows[1:], linestyle="none", marker="x", color=GREY)
    ax.set_yticks(rows, [f"{row.group}\n{row.called:,} called, {row.not_called:,} not" for row in frame.itertuples()])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    crosses = "; cross: the group by itself, before pooling" if len(frame) > 1 else ""
    ax.set_xlabel(f"customers of 100 kept by calling, within {found.months:g} months\n(bar: 90% interval{crosses})")
    ax.grid(axis="y", visible=False)
    state(ax, found.finding.split(". ")[0])
    return ax
