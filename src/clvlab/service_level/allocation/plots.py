"""Drawings of plans: each title states the finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.plots.values import Amounts
from clvlab.features.customer_file.shared import plural
from clvlab.figures import BLUE, GREEN, GREY, ORANGE, SKY, new_axes, state
from clvlab.service_level.allocation.options import SAME
from clvlab.service_level.allocation.wording import amounts, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.service_level.allocation.allocation import Allocation
    from clvlab.service_level.allocation.worth import BudgetWorth


def draw_allocation(found: Allocation, ax: Axes | None) -> Axes:
    """Draw each group's levels today and under the plan, with the group's net worth beside them."""
    frame, kpis = found.to_frame(), found.options.kpis
    rows = [(row, kpi) for row in frame.to_dict("records") for kpi in kpis]
    ax = ax or new_axes(8.6, 1.9 + 0.42 * len(rows))
    today = 100 * np.array([row[f"{kpi}_today"] for row, kpi in rows])
    planned = 100 * np.array([row[kpi] for row, kpi in rows])
    at = np.arange(len(rows))
    up = planned > today + 100 * SAME
    down = planned < today - 100 * SAME
    ax.hlines(at, today, planned, color=np.where(down, ORANGE, SKY), linewidth=3)
    ax.plot(today, at, linestyle="none", marker="o", markerfacecolor="white", color=GREY, label="today")
    for moved, colour, label in ((up, BLUE, "raised to"), (down, ORANGE, "lowered to")):
        if moved.any():
            ax.plot(planned[moved], at[moved], linestyle="none", marker="o", color=colour, label=label)
    money = Amounts(float(frame["net"].abs().max()), found.options.currency)
    ax.text(
        1.02, -0.9, f"net worth,\n{money.unit}", transform=ax.get_yaxis_transform(), va="center", size=9, color=GREY
    )
    for i, row in enumerate(frame.to_dict("records")):
        between = (
            ""
            if np.isnan(row["net_lower"])
            else f"\n({money.number(row['net_lower'])} to {money.number(row['net_upper'])})"
        )
        ax.text(1.02, (i + 0.5) * len(kpis) - 0.5, f"{money.number(row['net'], signed=True)}{between}",
                transform=ax.get_yaxis_transform(), va="center", size=9)  # fmt: skip
    ax.set_yticks(at, [str(row["group"]) if len(kpis) == 1 else f"{row['group']}: {words(kpi)}" for row, kpi in rows])
    ax.set_ylim(len(rows) - 0.5, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"{words(kpis[0])}, %" if len(kpis) == 1 else "level of service, % that goes well")
    ax.legend(ncols=3, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.14 - 0.6 / len(rows)))
    if not (up | down).any():
        state(ax, f"For {found.aim}, every group stays at today's level")
        return ax
    text = amounts(max(abs(found.cost), abs(found.net_worth)), found.options.currency)
    spend = f"Spending {text(found.cost)}" if found.cost >= 0 else f"Saving {text(-found.cost)}"
    better, worse = (plural(int(moved.reshape(len(frame), -1).any(axis=1).sum()), "groups") for moved in (up, down))
    less = f" and {worse} less well" if down.any() else ""
    verb = "earns" if found.net_worth >= 0 else "loses"
    state(ax, f"{spend} to serve {better} better{less} {verb} {text(abs(found.net_worth))} net")
    return ax


def draw_budget(found: BudgetWorth, ax: Axes | None) -> Axes:
    """Draw the best plan's net worth against the budget, today's budget and the steps beside it marked."""
    curve, steps = found.to_frame(), found.steps
    ax = ax or new_axes(8.4, 4.2)
    currency = found.allocation.options.currency
    across, up = (
        Amounts(float(curve["budget"].abs().max()), currency),
        Amounts(float(curve[["net", "net_upper"]].abs().max().max()), currency),
    )
    ax.fill_between(curve["budget"], curve["net_lower"], curve["net_upper"], color=SKY, alpha=0.25, linewidth=0)
    ax.plot(curve["budget"], curve["net"], color=BLUE)
    today = steps.iloc[1]
    ax.axvline(today["budget"], color=GREY, linestyle="--", linewidth=1)
    ax.plot(steps["budget"], steps["net"], linestyle="none", marker="o", color=GREEN)
    budget = f"budget: {across.text(today['budget']).strip()}"
    ax.annotate(budget, (today["budget"], 0.04), xycoords=ax.get_xaxis_transform(),
                xytext=(6, 0), textcoords="offset points", color=GREY, size=9)  # fmt: skip
    across.on(ax.xaxis)
    up.on(ax.yaxis)
    ax.set_xlabel(f"budget beyond today, over the horizon, {across.unit}")
    ax.set_ylabel(f"net worth of the best plan,\n{up.unit} (band: 90% interval)")
    state(ax, found.finding.split(":")[0])
    return ax
