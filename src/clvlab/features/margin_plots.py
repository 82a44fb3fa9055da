"""Drawings of what customers earned: each title states the finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.figures import BLUE, GREEN, GREY, ORANGE, RED, new_axes, state
from clvlab.language import amount_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.features.waterfall import Waterfall
    from clvlab.features.whale import WhaleCurve

_ROOM = 0.14  # of the axis, right of the longest bar for its amount


def draw_waterfall(found: Waterfall, ax: Axes | None) -> Axes:
    """Draw sums as bars from zero and costs as bars that begin where the step before ended."""
    steps = found.to_frame()
    ax = ax or new_axes(8.6, 1.4 + 0.3 * len(steps))
    amounts, sums = steps["amount"].to_numpy(), steps["is_sum"].to_numpy()
    reached = np.where(sums, 0.0, amounts).cumsum()
    starts = np.where(sums, 0.0, reached - amounts)
    rows, scale, unit = np.arange(len(steps)), *_unit(np.abs(reached).max(), found.unit)
    colours = [BLUE if is_sum or row == 0 else ORANGE if amount < 0 else GREEN
               for row, (amount, is_sum) in enumerate(zip(amounts, sums, strict=True))]  # fmt: skip
    ax.barh(rows, amounts / scale, left=starts / scale, color=colours, height=0.7)
    ax.axvline(0.0, color=GREY, linewidth=0.8)
    for row, start, amount in zip(rows, starts, amounts, strict=True):
        ax.annotate(f"{amount:,.0f}", (max(start, start + amount) / scale, row), xytext=(4, 0),
                    textcoords="offset points", va="center", size=9)  # fmt: skip
    low, high = min(reached.min(), 0.0) / scale, max(reached.max(), 0.0) / scale
    ax.set(xlim=(low * (1 + _ROOM), high + _ROOM * (high - low)), xlabel=unit, ylim=(len(steps) - 0.4, -0.6))
    ax.set_yticks(rows, steps["step"])
    ax.grid(visible=False, axis="y")
    share = steps["share_of_revenue"].iloc[-1]
    last, left = steps["step"].iloc[-1], f"{_figure(amounts[-1] / scale)} {unit}"
    of_revenue = f", {share:.1%} of revenue" if share == share else ""
    state(ax, f"{found.whose[0].upper()}{found.whose[1:]}: {left} {last}{of_revenue}")
    return ax


def draw_whale(found: WhaleCurve, ax: Axes | None) -> Axes:
    """Draw cumulative profit with its peak, what is taken back, and the end."""
    ax = ax or new_axes(8.0, 4.6)
    curve = found.curve()
    scale, unit = _unit(curve["profit"].abs().max(), found.unit)
    profit = curve["profit"] / scale
    top = int(profit.to_numpy().argmax())
    peak, end, at = profit.iloc[top], profit.iloc[-1], curve["customers_share"].iloc[top]
    ax.plot(curve["customers_share"], profit, color=BLUE)
    ax.axhline(end, color=GREY, linewidth=1, linestyle="--")
    ax.fill_between(curve["customers_share"], profit, end, where=profit >= end, color=ORANGE, alpha=0.25, linewidth=0)
    ax.plot([at, 1.0], [peak, end], linestyle="none", marker="o", color=BLUE)
    over = f" = {found.peak_share:.0%}" if found.peak_share == found.peak_share else ""
    ax.annotate(f"peak {_figure(peak)}{over}", (at, peak), xytext=(0, 8), textcoords="offset points", ha="center")
    ax.annotate(f"all: {_figure(end)}", (1.0, end), xytext=(0, -16), textcoords="offset points", ha="right", color=RED)
    low, high = min(profit.min(), 0.0), max(peak, 0.0)
    ax.set(xlim=(0, 1.01), ylim=(low - 0.02 * (high - low), high + 0.14 * (high - low)))
    ax.set(xlabel="customers, most profitable first, %", ylabel=f"cumulative profit, {unit}")
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}")
    back = f"{_figure(peak - end)} {unit}"
    expected = f"{found.expected_share:.0%} in expectation by their running business"
    state(ax, f"{found.unprofitable_share:.0%} of customers lost money and took back {back}; {expected}")
    return ax


def _unit(largest: float, currency: str) -> tuple[float, str]:
    """Return by what to divide amounts, and the unit that they then have."""
    scale, word = amount_scale(largest)
    return scale, f"{word} {currency}".strip() or "currency"


def _figure(amount: float) -> str:
    """Return an amount with as many digits after the point as its size leaves room for."""
    digits = next(digits for digits, least in enumerate((100, 10, 0)) if round(abs(amount), 1) >= least)
    return f"{amount:,.{digits}f}"
