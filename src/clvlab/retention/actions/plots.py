"""Drawings of whom to act on and of tests by lot: each title states the finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clvlab.clv.plots.values import Amounts
from clvlab.figures import BLUE, GREY, ORANGE, SKY, new_axes, state
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.retention.actions.actions_result import Actions
    from clvlab.retention.actions.hold_out import HoldOut


def draw_actions(found: Actions, ax: Axes | None) -> Axes:
    """Draw the profit of acting on the first accounts, by expected profit and by risk, and how many to act on."""
    ax = ax or new_axes(8.6, 4.6)
    best, by_risk = found.curves["expected profit"], found.curves["risk"]
    money = Amounts(float(best[["lower", "upper"]].abs().to_numpy().max()), found.currency)
    ax.fill_between(best["accounts"], best["lower"], best["upper"], color=SKY, alpha=0.35, linewidth=0)
    ax.plot(best["accounts"], best["profit"], color=BLUE, label="ranked by expected profit")
    ax.plot(by_risk["accounts"], by_risk["profit"], color=ORANGE, linestyle="--", label="ranked by risk")
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xlim(0, len(best) * 1.02)
    chosen = best.iloc[found.number]
    ax.plot([found.number], [chosen["profit"]], "o", color=BLUE, markeredgecolor="black", zorder=4,
            label=f"act on {found.number:,}")  # fmt: skip
    ax.axvline(found.number, color=GREY, linewidth=0.8, linestyle=":")
    # The curves may run anywhere, also along 0: their names stand below, where nothing crosses them.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    ax.set_xlabel("accounts acted on, the first of the ranking first (band: 90% interval)")
    ax.set_ylabel(f"expected profit of acting, {money.unit}")
    money.on(ax.yaxis)
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    state(ax, found.finding)
    return ax


def draw_hold_out(found: HoldOut, ax: Axes | None) -> Axes:
    """Draw the least effect that a test shows against the share held back."""
    frame = found.to_frame().dropna(subset=["detectable"])
    if frame.empty:
        raise Refused(f"{found.finding}, so there is nothing to draw.")
    ax = ax or new_axes(8.0, 4.2)
    ax.plot(100 * frame["held_back_share"], 100 * frame["detectable"], color=BLUE, marker="o")
    _name_line(ax, frame, "detectable", "lots by account", BLUE, -18)
    if frame["detectable_by_manager"].notna().all():
        ax.plot(100 * frame["held_back_share"], 100 * frame["detectable_by_manager"], color=ORANGE, marker="s",
                linestyle="--")  # fmt: skip
        _name_line(ax, frame, "detectable_by_manager", "lots by manager", ORANGE, 8)
    ax.axhline(100 * found.leaves, color=GREY, linewidth=0.8, linestyle=":")
    ax.text(100 * frame["held_back_share"].max(), 100 * found.leaves, "all who would leave", color=GREY, va="bottom",
            ha="right", size=9)  # fmt: skip
    ax.set_ylim(0, None)
    ax.set_xlabel("accounts held back, %")
    ax.set_ylabel(f"least effect shown: fewer\nleaving of 100 within {found.months:g} months")
    state(ax, found.finding)
    return ax


def _name_line(ax: Axes, frame: pd.DataFrame, name: str, label: str, colour: str, lift: int) -> None:
    """Write a line's name beside its last point but one."""
    point = frame.iloc[max(len(frame) - 2, 0)]
    ax.annotate(label, (100 * point["held_back_share"], 100 * point[name]), xytext=(0, lift),
                textcoords="offset points", color=colour, ha="center")  # fmt: skip
