"""Drawings of channels of contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.figures import BLUE, SKY, new_axes, state
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.retention.channels.contact_channels import ContactChannels


def draw_channels(found: ContactChannels, ax: Axes | None) -> Axes:
    """Draw the difference in leaving after each channel of ours, with its 90% interval."""
    frame = found.to_frame().dropna(subset=["left"])
    if frame.empty:
        raise Refused("What followed contacts is not told, so there is nothing to draw.")
    ax = ax or new_axes(8.4, 0.6 * len(frame) + 2.0)
    rows = np.arange(len(frame))
    ax.axvline(0, color="black", linewidth=0.8)
    ax.hlines(rows, 100 * frame["left_lower"], 100 * frame["left_upper"], color=SKY, linewidth=4)
    ax.plot(100 * frame["left"], rows, linestyle="none", marker="o", color=BLUE)
    costs = [f", {cost:,.0f} {found.currency} each" if cost == cost else "" for cost in frame["cost_each"]]
    names = zip(frame["channel"], frame["contacts"], costs, strict=True)
    ax.set_yticks(rows, [f"{channel}\n{number:,}{cost}" for channel, number, cost in names])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.set_xlabel(
        "more or fewer of 100 leave within three months after,\nagainst comparable months without (90% interval)"
    )
    ax.grid(axis="y", visible=False)
    state(ax, found.finding)
    return ax
