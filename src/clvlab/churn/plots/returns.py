"""The drawing of who comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.figures import GREY, PALETTE, new_axes, state

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.churn.returns import Returns

# Of the time up to the latest return: so much of the level part is shown.
_BEYOND = 2.0


def draw_returns(found: Returns, ax: Axes | None = None) -> Axes:
    """Draw the share that has come back by months since leaving, of all and of the groups with most returns."""
    ax = ax or new_axes()
    whole = found.curve.to_frame()
    latest = float(whole["time"][whole["events"] > 0].max()) if whole["events"].sum() else float(whole["time"].max())
    end = min(_BEYOND * latest, float(whole["time"].max()))
    curves: dict[Hashable, pd.DataFrame] = {"all": whole}
    if found.curves is not None:
        by_group = found.curves.by_group()
        most = sorted(by_group, key=lambda group: -by_group[group]["events"].sum())
        curves |= {str(group): by_group[group] for group in most[: len(PALETTE)] if by_group[group]["events"].sum()}
    for (name, curve), colour in zip(curves.items(), ["black", *PALETTE], strict=False):
        shown = curve[curve["time"] <= end]
        time, back = np.append(shown["time"], end), 1 - np.append(shown["survival"], shown["survival"].iloc[-1])
        width = 2.5 if name == "all" else 1.6
        ax.step(time, back, where="post", color=colour, linewidth=width, label=str(name))
    frame = found.to_frame()
    every = frame[(frame["group"] == "all") & frame["months"].le(end)]
    for row in every.itertuples():
        ax.errorbar(
            row.months, row.share, yerr=[[row.share - row.lower], [row.upper - row.share]], color=GREY, capsize=3
        )
    ax.set(
        xlim=(0, end), ylim=(0, None), xlabel=f"months since leaving (whiskers: {found.curve.confidence:.0%} intervals)"
    )
    ax.set(ylabel="share that has come back")
    if len(curves) > 1:
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    last = frame[frame["group"] == "all"].iloc[-1]
    state(ax, _finding(last))
    return ax


def _finding(last: pd.Series) -> str:
    """Return the title."""
    if np.isnan(last["share"]):
        return f"{last['came_back']:,} of {last['left']:,} have come back; {last['months']:g} months lie ahead"
    between = f"{last['lower']:.0%} to {last['upper']:.0%}"
    return f"{last['share']:.0%} of those called lost come back within {last['months']:g} months ({between})"
