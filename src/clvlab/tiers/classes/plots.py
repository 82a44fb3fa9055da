"""Drawing of classes: how many customers each holds and how much of the amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.figures import BLUE, GREY, new_axes, state

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.tiers.classes.labelled import Classes

_ROOM = 1.16  # room right of the longest bar for its label


def draw_classes(found: Classes, ax: Axes | None) -> Axes:
    """Draw one pair of bars per class: share of customers, and share of the amount where there is one."""
    rows = found.summary().to_frame()
    ax = ax or new_axes(8.0, 1.6 + 0.55 * len(rows))
    bars = {"share of customers": (rows["customer_share"], GREY)}
    if found.amount is not None:
        bars[f"share of {found.amount.replace('_', ' ')}"] = (rows[f"{found.amount}_share"], BLUE)
    place, height = np.arange(len(rows)), 0.8 / len(bars)
    for i, (name, (shares, color)) in enumerate(bars.items()):
        at = place + (i - (len(bars) - 1) / 2) * height
        ax.barh(at, shares.fillna(0.0), height * 0.92, color=color, label=name)
        for y, share in zip(at, shares, strict=True):
            text = "–" if np.isnan(share) else f"{share:.0%}"
            ax.annotate(text, (max(share, 0) if share == share else 0, y), xytext=(4, 0), textcoords="offset points",
                        va="center", fontsize=9)  # fmt: skip
    shown = np.concatenate([shares.fillna(0.0) for shares, _ in bars.values()])
    ax.set_xlim(min(shown.min(), 0.0), max(shown.max(), 0.1) * _ROOM)
    ax.set_yticks(place, rows["class"])
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.grid(visible=False, axis="y")
    if len(bars) > 1:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
    state(ax, _finding(found, rows))
    return ax


def _finding(found: Classes, rows: pd.DataFrame) -> str:
    """Say what the first class holds."""
    first = rows.iloc[0]
    if found.amount is None or not first[f"{found.amount}_share"] >= 0:
        largest = rows.loc[rows["customer_share"].idxmax()]
        return f"{found.title}: {largest['customer_share']:.0%} of customers are {largest['class']}"
    part = f"{first['customer_share']:.0%} of customers hold {first[f'{found.amount}_share']:.0%}"
    return f"{found.title}: {first['class']}, {part} of {found.amount.replace('_', ' ')}"
