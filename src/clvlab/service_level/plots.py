"""Drawings of the service level that pays: each title states the finding."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from clvlab.clv.plots.values import Amounts
from clvlab.figures import BLUE, GREY, ORANGE, SKY, new_axes, new_panels, state, state_above
from clvlab.refusal import Refused, nearest
from clvlab.service_level.best_level import LOWER_BOUND, UPPER_BOUND

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.service_level.curves import Curve
    from clvlab.service_level.frontier import Frontier
    from clvlab.service_level.trade_off_result import TradeOff

_COLUMNS = 3
# Far from the best level profit falls steeply: no more of the fall is shown than so many times what is at stake.
_SHOWN_FALL = 1.0
_FOOT = 0.22  # of a panel's height, for the interval of the best level
# Levels that differ by less than this are the same when written.
_SAME = 0.0005
# A shorter arrow, as a part of the axis, is hidden by its own head.
_ARROW = 0.03
_BOUNDS = (LOWER_BOUND, UPPER_BOUND)
LOSS = "loss_from_staying"


def draw_curve(curve: Curve, ax: Axes | None) -> Axes:
    """Draw a curve with the points given."""
    ax = ax or new_axes(6.4, 4.2)
    levels = np.linspace(curve.lower, curve.upper, 301)
    levels = np.union1d(levels, curve.levels)
    ax.plot(levels, curve(levels), color=BLUE)
    ax.plot(curve.levels, curve.values, linestyle="none", marker="o", markerfacecolor="white", color=BLUE)
    ax.set(xlabel="level of service (dots: points given)", ylabel=curve.what)
    last = float(curve.slope(curve.upper) / max(float(curve.slope(curve.lower)), 1e-300))
    rising = curve.convex and last < 1e6
    more = f"the last step is {last:,.3g} times as steep as the first" if rising else f"fitted {curve.way}"
    state(ax, f"{curve.what.capitalize()} by level of service: {more}")
    return ax


def draw_trade_off(found: TradeOff, group: str | None) -> Figure:
    """Draw profit against the level of service, one panel per group, or one group alone."""
    rows = found.to_frame()
    if group is not None:
        if group not in set(rows["group"]):
            raise Refused(f"{group!r} is no group of this figure{nearest(group, rows['group'])}.")
        rows = rows[rows["group"] == group]
    columns = min(len(rows), _COLUMNS)
    lines = ceil(len(rows) / columns)
    several = len(rows) > 1
    panels = new_panels(lines, columns, 9.6 if several else 8.0, 1.3 + (2.8 if several else 3.6) * lines)
    for ax, (_, row) in zip(panels, rows.iterrows(), strict=False):
        _draw_group(ax, found.curves[found.curves["group"] == row["group"]], row, found.currency, several)
        ax.set_xlim(100 * found.curves["level"].min(), 100 * found.curves["level"].max())
    for ax in panels[len(rows) :]:
        ax.remove()
    figure = panels[0].get_figure()
    assert isinstance(figure, Figure)
    own = "; each panel has its own scale" if several else ""
    figure.supxlabel(
        f"{found.subject}, %\n(bar: 90% interval of the best level; shaded: 90% interval of profit{own})", size=10
    )
    figure.supylabel("profit over the horizon, beyond today's", size=10)
    state_above(figure, _finding(found, rows))
    return figure


def _finding(found: TradeOff, rows: pd.DataFrame) -> str:
    """Return what the picture shows in a sentence."""
    if len(rows) > 1:
        money = Amounts(max(abs(amount) for amount in found.each), found.currency)
        brings, low, high = (money.number(amount) for amount in found.each)
        without = int((~found.groups()["effect_shown"]).sum())
        but = f"; in {without} of {len(found.groups())} groups no effect is shown" if without else ""
        unit = f" {money.unit}".rstrip()
        return (
            f"Each group at its own best level of {found.subject} brings {brings}{unit} more than today"
            f" ({low} to {high}){but}"
        )
    row = rows.iloc[0]
    money = Amounts(float(row[[LOSS, f"{LOSS}_upper"]].abs().max()), found.currency)
    begin = f"{found.subject.capitalize()} pays best at {row['best_level']:.1%}"
    begin += f" ({row['best_level_lower']:.1%} to {row['best_level_upper']:.1%})"
    if not row["effect_shown"]:
        return f"{begin}, but no effect is told apart from none"
    if abs(row["best_level"] - row["level_today"]) < _SAME:
        return f"{begin}, which is where it is today"
    return f"{begin}; staying at {row['level_today']:.1%} loses {money.text(row[LOSS]).strip()}"


def _draw_group(ax: Axes, curve: pd.DataFrame, row: pd.Series, currency: str, titled: bool) -> None:
    """Draw profit of one group with its 90% band, today, and the best level with its interval at the foot."""
    from matplotlib.ticker import MaxNLocator

    bottom, top = _window(curve, row)
    money = Amounts(max(abs(bottom), abs(top)), currency)
    x, today, best, brings = 100 * curve["level"], 100 * row["level_today"], 100 * row["best_level"], row[LOSS]
    ax.fill_between(x, curve["profit_lower"], curve["profit_upper"], color=SKY, alpha=0.35, linewidth=0)
    ax.plot(x, curve["profit"], color=BLUE, linestyle="-" if row["effect_shown"] else "--")
    ax.axhline(0, color="black", linewidth=0.8)
    foot = bottom + 0.35 * _FOOT * (top - bottom)
    ax.plot([best, best], [foot, brings], color=ORANGE, linewidth=1.2, linestyle="--", zorder=2.5)
    ends = [100 * row["best_level_lower"], 100 * row["best_level_upper"]]
    ax.plot(ends, [foot, foot], color=ORANGE, linewidth=6, solid_capstyle="butt", clip_on=False)
    ax.plot(ends, [foot, foot], color="black", linewidth=0, marker="|", markersize=9, clip_on=False)
    ax.plot(best, brings, "o", markersize=8, color=ORANGE, markeredgecolor="black", zorder=4, clip_on=False)
    _name(ax, "best", best, best < today if row["best_is"] not in _BOUNDS else row["best_is"] == UPPER_BOUND)
    if x.iloc[0] <= today <= x.iloc[-1]:
        ax.axvline(today, color=GREY, linewidth=1, linestyle=":")
        ax.plot(today, 0, "o", markersize=8, color="black", markerfacecolor="white", zorder=4, clip_on=False)
        _name(ax, "today", today, best >= today)
    ax.set(ylim=(bottom, top), ylabel=money.unit)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    money.on(ax.yaxis)
    if titled:
        ax.set_title(_heading(row), fontsize=10, fontweight="normal", pad=8)


def _name(ax: Axes, name: str, level: float, left: bool) -> None:
    """Write what a level is at the top of a panel, on one side of it."""
    ax.annotate(
        name, (level, 1), xycoords=("data", "axes fraction"), xytext=(-3 if left else 3, 0), va="top", size=9,
        textcoords="offset points", ha="right" if left else "left",
    )  # fmt: skip


def _heading(row: pd.Series) -> str:
    """Return a panel's title: whose, from where to where, and what that brings."""
    group = row["group"] if row["effect_shown"] else f"{row['group']} (no effect shown)"
    if abs(row["best_level"] - row["level_today"]) < _SAME:
        return f"{group}\nbest where it is, {row['level_today']:.1%}"
    limit = {UPPER_BOUND: " or more", LOWER_BOUND: " or less"}.get(row["best_is"], "")
    money = Amounts(row[LOSS], "")
    brings = f"{money.number(row[LOSS], signed=True)} {money.unit}".strip()
    return f"{group}\n{row['level_today']:.1%} → {row['best_level']:.1%}{limit}: {brings}"


def _window(curve: pd.DataFrame, row: pd.Series) -> tuple[float, float]:
    """Return the part of profit that a panel shows: what is at stake between today and the best level's interval."""
    marked = row[["level_today", "best_level", "best_level_lower", "best_level_upper"]].astype(float)
    levels = np.linspace(marked.min(), marked.max(), 50)
    low = min(0.0, float(np.interp(levels, curve["level"], curve["profit_lower"]).min()))
    high = max(0.0, float(np.interp(levels, curve["level"], curve["profit_upper"]).max()))
    everything = curve[["profit_lower", "profit_upper"]].abs().to_numpy().max()
    stake = (high - low) or everything or 1.0
    bottom = max(float(curve["profit_lower"].min()), low - _SHOWN_FALL * stake, low - everything)
    top = min(max(float(curve["profit_upper"].max()), 0.0), high + _SHOWN_FALL * stake)
    height = (top - bottom) or stake
    return bottom - _FOOT * height, top + 0.14 * height


def draw_frontier(found: Frontier, ax: Axes | None) -> Axes:
    """Draw what each cost buys at best, with its 90% band, and today's position."""
    ax = ax or new_axes(8.0, 4.6)
    frame, measure = found.to_frame(), found.measure
    levels = frame[measure]
    amounts = Amounts(float(frame["cost"].abs().max()), found.currency)
    written = Amounts(float(levels.abs().max()), found.currency) if measure == "equity" else None
    ax.fill_between(frame["cost"], frame[f"{measure}_lower"], frame[f"{measure}_upper"], color=SKY, alpha=0.35, lw=0)
    ax.plot(frame["cost"], levels, color=BLUE, marker=".", markersize=5)
    reach = {"arrowstyle": "-|>", "color": ORANGE, "linewidth": 2, "shrinkA": 6, "shrinkB": 0}
    if found.saving > _ARROW * np.ptp(frame["cost"]):
        ax.annotate("", (-found.saving, found.today), xytext=(0, found.today), arrowprops=reach, zorder=3)
    if found.best_for_the_same - found.today > _ARROW * np.ptp(levels):
        ax.annotate("", (0, found.best_for_the_same), xytext=(0, found.today), arrowprops=reach, zorder=3)
    ax.plot(0, found.today, "o", markersize=9, color="black", markerfacecolor="white", zorder=4)
    ax.annotate("today", (0, found.today), xytext=(8, -6), textcoords="offset points", va="top")
    ax.set_xlabel(f"cost of service over the horizon beyond today's, {amounts.unit}")
    amounts.on(ax.xaxis)
    if written:
        written.on(ax.yaxis)
    ax.set_ylabel(f"equity beyond today's, {written.unit}" if written else "satisfaction, points of ten")
    state(ax, found.finding)
    return ax
