"""Drawing of how many customers leave, quarter by quarter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clvlab.churn.rates import yearly_shares
from clvlab.figures import PALETTE, new_axes, state

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MARKS = "osD^v"
_APART = 0.12


def draw_rates(frame: pd.DataFrame, by: str, ax: Axes | None) -> Axes:
    """Draw yearly shares with intervals by quarter, one mark per group, named at its last quarter."""
    ax = ax or new_axes(8.6, 4.2)
    quarters = sorted(frame["quarter"].unique())
    place = {quarter: number for number, quarter in enumerate(quarters)}
    groups = list(frame[by].unique())
    for number, group in enumerate(groups):
        colour = PALETTE[number % len(PALETTE)]
        rows = frame[(frame[by] == group) & frame["yearly_share"].notna()]
        at = rows["quarter"].map(place).to_numpy() + _APART * (number - (len(groups) - 1) / 2)
        share, low, high = (100 * rows[name].to_numpy() for name in ("yearly_share", "lower", "upper"))
        ax.errorbar(
            at, share, yerr=[(share - low).clip(min=0), high - share], fmt=_MARKS[number % len(_MARKS)],
            color=colour, capsize=2, linewidth=1.2, linestyle="-", markersize=5,
        )  # fmt: skip
        if len(rows):
            ax.text(at[-1] + 0.2, share[-1], group, color=colour, va="center", fontweight="bold")
    ax.set_xticks(range(len(quarters)), quarters, rotation=45, ha="right")
    ax.set(ylabel="leave within a year, % (90% interval)", xlabel="quarter", xlim=(-0.5, len(quarters) + 1.2))
    ax.set_ylim(bottom=0)
    totals = frame.groupby(by)[["left", "customer_years"]].sum()
    shares = yearly_shares(totals["left"], totals["customer_years"]).set_index(totals.index)["yearly_share"]
    said = ", ".join(f"{share:.0%} of {group}" for group, share in shares.sort_values(ascending=False).items())
    state(ax, f"Within a year {said} customers leave")
    return ax
