"""Drawings of customer value: each title states the finding, money stands in millions or thousands, with its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.figures import BLUE, GREEN, GREY, ORANGE, RED, SKY, new_axes, state
from clvlab.language import amount_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.clv.valuing.customer_values import CustomerValues

_MILLION = 1e6
_MOST_SEGMENTS = 20
_TOP = 0.2
# A part of a bar narrower than this share of the axis has no room for its name.
_NARROW = 0.11
_BELOW = 0.36  # whiskers stand below their bar
_ROOM = 0.02  # of the axis, between a bar's end and its label


class Amounts:
    """How amounts of one figure are written: in millions, thousands or units, with the currency.

    Examples
    --------
    >>> Amounts(43_818_299.0, "CNY").text(39_553_238.0)
    '39.6 million CNY'
    >>> Amounts(618.0, "EUR").text(618.0)
    '618 EUR'
    """

    def __init__(self, largest: float, currency: str) -> None:
        size = abs(largest)
        self.size, word = amount_scale(largest)
        self.unit = f"{word} {currency}".strip()
        # Three digits of the largest amount, and never fewer than one after the point in millions.
        before = len(f"{size / self.size:.0f}")
        self._digits = 0 if self.size == 1.0 else max(3 - before, int(self.size >= _MILLION))

    def number(self, amount: float, signed: bool = False) -> str:
        """Return an amount without its unit."""
        rounded = round(amount / self.size, self._digits) + 0.0
        return f"{rounded:{'+' if signed else ''},.{self._digits}f}"

    def text(self, amount: float) -> str:
        """Return an amount with its unit."""
        return f"{self.number(amount)} {self.unit}"

    def on(self, axis: object) -> None:
        """Write an axis' numbers in this unit."""
        axis.set_major_formatter(lambda x, _: f"{x / self.size + 0.0:,.4g}")  # type: ignore[attr-defined]


def draw_equity(values: CustomerValues, ax: Axes | None) -> Axes:
    """Draw what customers have brought, will bring within the horizon, by tie, and for life, with 90% intervals."""
    ax = ax or new_axes(8.6, 3.6)
    frame, months = values.frame, values.horizon_months
    so_far, equity, life = (float(frame[name].sum()) for name in ("historical_value", "value", "life_value"))
    ends = {"value": values.interval("value"), "life_value": values.interval("life_value")}
    money = Amounts(max(abs(equity), abs(life)), values.currency)
    lowest = min(0.0, so_far, *(end[0] for end in ends.values()))
    highest = max(0.0, so_far, *(end[1] for end in ends.values()))
    span = (highest - lowest) or 1.0
    ax.set_xlim(lowest - (0.02 * span if lowest < 0 else 0.0), highest + 0.36 * span)
    ax.barh(0, so_far, height=0.55, color=GREY, alpha=0.6)
    beside = _ties(ax, frame.groupby("tie")["value"].sum(), equity, span)
    ax.barh(2, life, height=0.55, color="white", edgecolor=GREY, hatch="//", linewidth=1)
    texts = [(0, so_far, None), (1, equity, ends["value"]), (2, life, ends["life_value"])]
    for row, amount, between in texts:
        label = money.number(amount)
        if between:
            ax.errorbar(amount, row + _BELOW, xerr=_whiskers(amount, between), color="black", capsize=3, linewidth=1.6)
            label += f" ({money.number(between[0])} to {money.number(between[1])})"
        at = max(0.0, amount, between[1] if between else amount)
        ax.text(at + _ROOM * span, row, label, va="center", fontweight="bold" if row == 1 else "normal")
    ax.set_yticks(range(3), ["brought so far", f"next {months} months{beside}", "for life\n(extrapolates)"])
    ax.set(ylim=(2.6, -0.6), xlabel=f"{values.meaning}, {money.unit}, discounted ahead (whiskers: 90% interval)")
    ax.grid(axis="y", visible=False)
    money.on(ax.xaxis)
    low, high = (money.number(end) for end in ends["value"])
    state(ax, f"Customer equity over {months} months: {money.text(equity)} ({low} to {high})")
    return ax


def _ties(ax: Axes, parts: pd.Series, equity: float, span: float) -> str:
    """Draw the parts of the equity side by side with their names; return those that have no room in the bar."""
    if not ((parts > 0).all() and len(parts) > 1):
        ax.barh(1, equity, height=0.55, color=BLUE)
        return ""
    begin = 0.0
    for (tie, amount), colour, ink in zip(parts.items(), (BLUE, SKY), ("white", "black"), strict=False):
        ax.barh(1, amount, left=begin, height=0.55, color=colour)
        if parts.min() > _NARROW * span:
            text = f"{tie}\n{amount / equity:.0%}"
            ax.text(begin + amount / 2, 1, text, ha="center", va="center", color=ink, size=9)
        begin += amount
    if parts.min() > _NARROW * span:
        return ""
    return "\n(" + ", ".join(f"{amount / equity:.0%} {tie}" for tie, amount in parts.items()) + ")"


def _whiskers(amount: float, between: tuple[float, float]) -> np.ndarray:
    """Return how far an interval reaches to both sides; never below 0, as an error bar takes it."""
    return np.maximum([[amount - between[0]], [between[1] - amount]], 0.0)


def draw_holders(values: CustomerValues, ax: Axes | None) -> Axes:
    """Draw the cumulated value of customers, the most valuable first, with the top fifth and those below 0."""
    from matplotlib.ticker import MaxNLocator

    ax = ax or new_axes(8.0, 4.4)
    ranked = np.sort(values.frame["value"].to_numpy())[::-1]
    n, positive = len(ranked), ranked[ranked > 0].sum()
    money, sums = Amounts(float(positive), values.currency), np.concatenate([[0.0], ranked.cumsum()])
    top, below = max(1, round(n * _TOP)), int((ranked < 0).sum())
    share = sums[top] / positive if positive > 0 else 0.0
    ax.fill_between(np.arange(top + 1), sums[: top + 1], color=SKY, alpha=0.5, linewidth=0)
    ax.plot(np.arange(n + 1), sums, color=BLUE)
    if below:
        ax.plot(np.arange(n - below, n + 1), sums[n - below :], color=RED, linewidth=4)
    if positive > 0:
        half = int(np.searchsorted(sums[: n - below + 1], positive / 2))
        for count, label in ((half, f"{half:,} {_customers(half)} hold half"), (top, f"the top fifth: {share:.0%}")):
            ax.plot([count], [sums[count]], "o", color=ORANGE, markeredgecolor="black", zorder=3)
            ax.annotate(label, (count, sums[count]), xytext=(12, -14), textcoords="offset points", va="top")
    lost = f"{below:,} {_customers(below)} below 0" if below else "none below 0"
    if below:
        lose = float(-ranked[ranked < 0].sum())
        text = f"{below:,} below 0 take {Amounts(lose, values.currency).text(lose)}"
        ax.annotate(text, (n, sums[-1]), xytext=(0, -22), textcoords="offset points", ha="right", va="top", color=RED)
    ax.set(xlim=(0, n), xlabel="customers, the most valuable first", ylim=(min(0.0, sums.min()), None))
    ax.set_ylabel(f"cumulated value, {money.unit},\nnext {values.horizon_months} months")
    ax.margins(y=0.06)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    money.on(ax.yaxis)
    what = f"The most valuable fifth ({top:,} of {n:,} customers) holds {share:.0%} of the value"
    state(ax, f"{what}; {lost}")
    return ax


def _customers(n: int) -> str:
    return "customer" if n == 1 else "customers"


def draw_segments(frame: pd.DataFrame, segmentation: str, values: CustomerValues, ax: Axes | None) -> Axes:
    """Draw what each segment is worth as a dot with its 90% interval."""
    shown = frame.head(_MOST_SEGMENTS)
    ax = ax or new_axes(8.0, 0.36 * len(shown) + 1.9)
    money, rows = Amounts(float(shown["upper"].abs().max()), values.currency), np.arange(len(shown))
    ax.hlines(rows, shown["lower"], shown["upper"], color=SKY, linewidth=4)
    ax.plot(shown["value"], rows, linestyle="none", marker="o", color=BLUE)
    names = zip(shown["segment"], shown["customers"], shown["share"], strict=True)
    ax.set_yticks(rows, [f"{segment} (n = {n:,}): {share:.0%}" for segment, n, share in names])
    ax.set(ylim=(len(shown) - 0.4, -0.6), xlim=(min(0.0, float(shown["lower"].min()) * 1.05), None))
    ax.set_xlabel(f"value, {money.unit}, next {values.horizon_months} months (bar: 90% interval; %: of all)")
    ax.grid(axis="y", visible=False)
    money.on(ax.xaxis)
    what, first = segmentation.replace("_", " "), frame.iloc[0]
    rest = "" if len(shown) == len(frame) else f" ({len(shown)} largest of {len(frame)} shown)"
    found = f"By {what}, {first['segment']} holds the most: {money.text(first['value'])}, {first['share']:.0%} of all"
    state(ax, found + rest)
    return ax


def draw_sensitivity(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw by how much equity moves, within the horizon and for life, when one thing is a hundredth higher."""
    whole = "with_intake" in frame
    near, far = ("with_intake", "life_with_intake") if whole else ("equity", "life_equity")
    shown = frame.loc[frame[[near, far]].abs().max(axis=1).sort_values(ascending=False, kind="stable").index]
    ax = ax or new_axes(8.0, 0.62 * len(shown) + 1.7)
    span = float(shown[[near, far]].to_numpy().max() - min(0.0, shown[[near, far]].to_numpy().min())) or 1.0
    for column, shift, colour, words in ((near, -0.19, BLUE, "within the horizon"), (far, 0.19, SKY, "for life")):
        ax.barh(np.arange(len(shown)) + shift, shown[column], height=0.36, color=colour)
        for row, change in enumerate(shown[column]):
            text = f"{change + 0.0:+.2f}%" + ("" if row else f" {words}")  # named once, in the first row
            side, way = ("left", 1) if change >= 0 else ("right", -1)
            ax.text(change + way * 0.012 * span, row + shift, text, ha=side, va="center", size=10)
    ax.axvline(0, color="black", linewidth=0.8)
    low, high = float(shown[[near, far]].min().min()), float(shown[[near, far]].max().max())
    ax.set_xlim(min(low, 0.0) - 0.14 * span, max(high, 0.0) + 0.34 * span)
    ax.set_yticks(range(len(shown)), shown["a_hundredth_more"])
    ax.set_ylim(len(shown) - 0.45, -0.55)
    whose = "today's and next year's new customers" if whole else "today's customers"
    ax.set_xlabel(f"change of customer equity, % ({whose})")
    ax.grid(axis="y", visible=False)
    first = frame.loc[frame[near].abs().idxmax()]
    moves = "raises" if first[near] > 0 else "lowers"
    state(
        ax,
        f"A hundredth more of {first['a_hundredth_more']} {moves} customer equity the most: by {abs(first[near]):.2f}%,"
        f" for life by {abs(first[far]):.2f}%",
    )
    return ax


def draw_waterfall(frame: pd.DataFrame, currency: str, ax: Axes | None) -> Axes:
    """Draw the steps from one day's equity to another's; the first and last rows are totals."""
    ax = ax or new_axes(8.6, 0.5 * len(frame) + 1.6)
    amounts = frame["amount"].to_numpy(dtype=float)
    begins = np.concatenate([[0.0], amounts[:-1].cumsum()])
    begins[-1] = 0.0
    ends = begins + amounts
    money = Amounts(float(np.abs(ends).max()), currency)
    span = max(ends.max(), 0.0) - min(ends.min(), 0.0) or 1.0
    last = len(frame) - 1
    for row, (begin, amount) in enumerate(zip(begins, amounts, strict=True)):
        total, colour = row in (0, last), GREEN if amount >= 0 else ORANGE
        bar = ax.barh(row, amount, left=begin, height=0.6, color=BLUE if total else colour)
        if amount < 0 and not total:  # apart from a rise in grey print too
            bar.patches[0].set(hatch="//", edgecolor="black", linewidth=0.6)
        at = max(begin, begin + amount)
        ax.text(at + 0.012 * span, row, money.number(amount, signed=not total), va="center")
    _joints(ax, ends)
    names = [f"{step} ({n:,})" for step, n in zip(frame["step"], frame["customers"], strict=True)]
    ax.set_yticks(range(len(frame)), names)
    ax.set(ylim=(len(frame) - 0.45, -0.55), xlabel=f"value, {money.unit} (in brackets: customers)")
    ax.set_xlim(min(0.0, ends.min() - 0.02 * span), max(0.0, ends.max()) + 0.14 * span)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.grid(axis="y", visible=False)
    money.on(ax.xaxis)
    state(ax, _moved(amounts, money))
    return ax


def _joints(ax: Axes, ends: Sequence[float]) -> None:
    """Draw thin lines from each step's end to the next step's beginning."""
    for row in range(len(ends) - 1):
        ax.plot([ends[row]] * 2, [row, row + 1], color=GREY, linewidth=0.8, zorder=0)


def _moved(amounts: np.ndarray, money: Amounts) -> str:
    """Return how equity moved, in one sentence."""
    before, after = float(amounts[0]), float(amounts[-1])
    verb = "rose" if after > before else "fell" if after < before else "stayed"
    change = f" ({after / before - 1:+.0%})" if before > 0 else ""
    return f"Customer equity {verb} from {money.text(before)} to {money.text(after)}{change}"
