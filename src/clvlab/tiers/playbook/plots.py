"""Drawings of the playbook: each title states the finding, money stands in millions or thousands, with its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.plots.values import Amounts
from clvlab.features.customer_file.shared import plural
from clvlab.figures import BLUE, GREEN, GREY, ORANGE, RED, SKY, new_axes, state
from clvlab.refusal import Refused
from clvlab.tiers.playbook.action_result import FIX, INVEST, LET_GO, LISTS
from clvlab.tiers.playbook.tier_costs import ALL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.tiers.playbook.action_result import ActionLists
    from clvlab.tiers.playbook.gaps_result import Gaps
    from clvlab.tiers.playbook.tier_costs import TierCosts

_ROOM = 0.24  # of the axis, right of the longest bar for its label


def draw_tier_costs(found: TierCosts, ax: Axes | None) -> Axes:
    """Draw by tier the entitlements' cost, the margin of a year, and the margin at stake with its interval."""
    frame = found.to_frame().set_index("tier")
    tiers = frame.drop(index=ALL)
    ax = ax or new_axes(8.4, 1.8 + 0.75 * len(tiers))
    money = Amounts(float(tiers[["entitlement_cost", "margin", "at_stake_upper"]].abs().max().max()), found.currency)
    bars = {"entitlement_cost": (ORANGE, "entitlements cost a year"), "margin": (BLUE, "margin a year"),
            "at_stake": (SKY, "margin at stake (90% interval)")}  # fmt: skip
    at = _draw_bars(ax, tiers, bars, money)
    low, high = (tiers["at_stake"] - tiers["at_stake_lower"], tiers["at_stake_upper"] - tiers["at_stake"])
    ax.errorbar(tiers["at_stake"], at + 0.27, xerr=np.maximum([low, high], 0.0), fmt="none", ecolor=GREY,
                linewidth=1.2, capsize=2)  # fmt: skip
    _widen(ax, float(tiers[["entitlement_cost", "margin", "at_stake_upper"]].max().max()))
    state(ax, _dearest(frame))
    return ax


def _dearest(frame: pd.DataFrame) -> str:
    """Say what part of the margin the entitlements cost, and in which tier the largest."""
    if np.isnan(frame.loc[ALL, "entitlement_cost"]):
        return f"{frame.loc[ALL, 'at_stake']:,.0f} is at stake; what the entitlements cost is not stated"
    shares = frame["cost_share"].dropna()
    if ALL not in shares.index:
        return "The entitlements cost more than the margin brings"
    part = f"Keeping the entitlements would cost {shares.pop(ALL):.0%} of a year's margin"
    return part + (f", the largest part in tier {shares.idxmax()}: {shares.max():.0%}" if len(shares) > 1 else "")


def draw_gaps(found: Gaps, ax: Axes | None) -> Axes:
    """Draw by tier what is spent beyond the entitlements and what keeping them would cost."""
    frame = found.by_tier().to_frame().set_index("tier")
    if not frame[["costs_beyond", "cost_to_close"]].max().max() > 0:
        raise Refused("No gap has a price, so there is no money to draw; give unit_costs for visit and call.")
    ax = ax or new_axes(8.4, 1.8 + 0.6 * len(frame))
    money = Amounts(float(frame[["costs_beyond", "cost_to_close"]].max().max()), found.currency)
    bars = {"costs_beyond": (ORANGE, "spent beyond the entitlement, a year"),
            "cost_to_close": (BLUE, "cost of keeping what is due, a year")}  # fmt: skip
    at = _draw_bars(ax, frame, bars, money)
    counts = [f"{tier}\n{over:,} over, {under:,} under" for tier, over, under in
              zip(frame.index, frame["over_served"], frame["under_served"], strict=True)]  # fmt: skip
    ax.set_yticks(at, counts)
    _widen(ax, float(frame[["costs_beyond", "cost_to_close"]].max().max()))
    beyond, due = frame["costs_beyond"].sum(), frame["cost_to_close"].sum()
    over = f"{plural(int(frame['over_served'].sum()), 'accounts')} cost {money.text(beyond)} a year beyond their tier"
    state(ax, f"{over}; what {int(frame['under_served'].sum()):,} are owed would cost {money.text(due)}")
    return ax


def draw_lists(found: ActionLists, ax: Axes | None) -> Axes:
    """Draw every listed account by its money on a log scale, a row for each list and kind of money."""
    frame = found.to_frame()
    if frame.empty:
        raise Refused("No account stands on a list, so there is nothing to draw.")
    rows = [(name, what, part["money"]) for name in LISTS
            for what, part in frame[frame["list"] == name].groupby("money_is", sort=False)]  # fmt: skip
    ax = ax or new_axes(8.6, 1.5 + 0.75 * len(rows))
    colors = {INVEST: GREEN, FIX: BLUE, LET_GO: RED}
    for y, (name, _, money) in enumerate(rows):
        spread = np.resize([0.0, 0.12, -0.12, 0.24, -0.24], len(money))  # so that dots of like money do not hide
        ax.scatter(money, y + spread, s=16, color=colors[name], alpha=0.7, linewidth=0)
        total = f"{plural(len(money), 'accounts')},\n{Amounts(money.sum(), found.currency).text(money.sum())}"
        ax.text(1.02, y, total, transform=ax.get_yaxis_transform(), va="center", size=9)
    ax.set_xscale("log")
    ax.set_xlim(frame["money"].min() / 1.5, frame["money"].max() * 1.5)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_yticks(range(len(rows)), [f"{name}:\n{what}" for name, what, _ in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"money of one account{f', {found.currency}' if found.currency else ''} (log scale)")
    counts = frame["list"].value_counts()
    said = ", ".join(f"{name} {int(counts.get(name, 0)):,}" for name in LISTS)
    largest = frame.loc[frame["money"].idxmax()]
    money = Amounts(largest["money"], found.currency).text(largest["money"])
    state(ax, f"Of the accounts: {said}; the most for one is {money} ({largest['money_is']}, {largest['customer_id']})")
    return ax


def _draw_bars(ax: Axes, frame: pd.DataFrame, bars: dict[str, tuple[str, str]], money: Amounts) -> np.ndarray:
    """Draw bars side by side for each row, labelled, and return the rows' places."""
    at = np.arange(len(frame), dtype=float)
    height = 0.8 / len(bars)
    for i, (name, (color, label)) in enumerate(bars.items()):
        place = at + (i - (len(bars) - 1) / 2) * height
        ax.barh(place, frame[name], height * 0.92, color=color, label=label)
        for y, amount in zip(place, frame[name], strict=True):
            end = frame.get(f"{name}_upper", frame[name]).iloc[round(y)]
            _label(ax, end, y, "not stated" if np.isnan(amount) else money.number(amount))
    ax.set_yticks(at, list(frame.index))
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(money.unit)
    money.on(ax.xaxis)
    ax.legend(ncols=len(bars), fontsize=9, loc="upper center", bbox_to_anchor=(0.45, -0.18))
    return at


def _label(ax: Axes, x: float, y: float, text: str) -> None:
    ax.annotate(
        text, (max(np.nan_to_num(x), 0.0), y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9
    )


def _widen(ax: Axes, largest: float) -> None:
    left = min(ax.get_xlim()[0], 0.0)
    ax.set_xlim(left, (largest or 1.0) * (1 + _ROOM))
