"""Drawings of what drives satisfaction: each title states the finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.figures import BLUE, GREEN, GREY, ORANGE, new_axes, state
from clvlab.satisfaction.leave_one_out import CONFIDENCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.satisfaction.drivers.asymmetry import Asymmetry
    from clvlab.satisfaction.drivers.drivers import Drivers
    from clvlab.satisfaction.drivers.importance import ImportancePerformance
    from clvlab.satisfaction.drivers.slopes import SlopesAround

_WIDEST_GAP = 3.0


def draw_drivers(found: Drivers, ax: Axes | None) -> Axes:
    """Draw the effect of a usual difference in each driver."""
    frame = found.to_frame()
    ax = ax or new_axes(9.0, 1.8 + 0.4 * len(frame))
    told = (frame["usual_effect_lower"] > 0) | (frame["usual_effect_upper"] < 0)
    place = np.arange(len(frame))
    for rows, color, label in ((told, BLUE, "told from none"), (~told, GREY, "not told from none")):
        effect, lower, upper = frame.loc[rows, [f"usual_effect{end}" for end in ("", "_lower", "_upper")]].to_numpy().T
        ends = [effect - lower, upper - effect]
        ax.errorbar(effect, place[rows], xerr=ends, fmt="o", color=color, capsize=3, label=label)
    ax.set_yticks(place, frame["label"])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.axvline(0.0, color=GREY, linewidth=1)
    ax.set_xlabel("points of ten per standard deviation of the driver (90% intervals)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.3, -0.16), ncols=2)
    state(ax, found.finding)
    return ax


def draw_asymmetry(found: Asymmetry, ax: Axes | None) -> Axes:
    """Draw overall satisfaction against the gap, with the line that gains would follow if losses counted alike."""
    from clvlab.satisfaction.drivers.asymmetry import GAIN, LOSS

    ax = ax or new_axes(8.0, 4.4)
    rows = found.to_frame().set_index("effect")
    for name, sign, color in ((LOSS, -1, ORANGE), (GAIN, 1, BLUE)):
        gap = np.array([0.0, _WIDEST_GAP])
        value, lower, upper = rows.loc[name, ["value", "lower", "upper"]]
        ax.plot(
            sign * gap, value * gap, color=color, label=f"{name}: {value:+.2f} a point ({lower:+.2f} to {upper:+.2f})"
        )
        ax.fill_between(sign * gap, lower * gap, upper * gap, color=color, alpha=0.2, linewidth=0)
    mirrored = rows.loc[GAIN, "value"] * np.array([-_WIDEST_GAP, 0.0])
    ax.plot([-_WIDEST_GAP, 0.0], mirrored, color=GREY, linestyle=":", label="if losses counted as gains do")
    ax.axhline(0.0, color=GREY, linewidth=0.8)
    ax.axvline(0.0, color=GREY, linewidth=0.8)
    ax.set_xlabel("perception less expectation, mean over items, points of ten (bands: 90% intervals)")
    ax.set_ylabel("overall satisfaction, change\nin points of ten")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
    state(ax, found.finding)
    return ax


def draw_slopes(found: SlopesAround, ax: Axes | None) -> Axes:
    """Draw answers and the line with its bend."""
    from clvlab.satisfaction.drivers.slopes import SIDES

    ax = ax or new_axes(8.0, 4.4)
    ax.plot(found.x, found.y, "o", color=GREY, alpha=0.5, markersize=4)
    at_bend, below, above = found.line.coefficients
    ends = np.array([found.x.min(), found.at, found.x.max()])
    height = at_bend + below * np.minimum(ends - found.at, 0) + above * np.maximum(ends - found.at, 0)
    ax.plot(ends[:2], height[:2], color=ORANGE)
    ax.plot(ends[1:], height[1:], color=BLUE)
    ax.axvline(found.at, color=GREY, linestyle=":", linewidth=1)
    ax.set_xlabel(found.names[0])
    ax.set_ylabel(found.names[1])
    rows = found.to_frame().set_index("side")
    said = [
        f"{rows.loc[name, 'value']:.2f} {name} {found.at:.1f} (error {rows.loc[name, 'error']:.2f})" for name in SIDES
    ]
    alike = "" if found.p_value < 1 - CONFIDENCE else "; that they differ is not told"
    state(ax, f"{found.names[1].capitalize()} per point of {found.names[0]}: {', '.join(said)}{alike}")
    return ax


def draw_importance(found: ImportancePerformance, ax: Axes | None) -> Axes:
    """Draw the map: performance across, importance up."""
    from clvlab.satisfaction.drivers.importance import CONCENTRATE, KEEP_UP, LOW_PRIORITY, OVERKILL

    ax = ax or new_axes(8.0, 5.0)
    frame, (middle_up, middle_across) = found.to_frame(), found.centre
    colors = {CONCENTRATE: ORANGE, KEEP_UP: GREEN, LOW_PRIORITY: GREY, OVERKILL: BLUE}
    for place, row in enumerate(frame.itertuples()):
        across = [[row.performance - row.performance_lower], [row.performance_upper - row.performance]]
        up = [[row.importance - row.importance_lower], [row.importance_upper - row.importance]]
        color = colors[row.quadrant]
        ax.errorbar(
            row.performance, row.importance, xerr=np.nan_to_num(across), yerr=up, fmt="o", color=color, capsize=3
        )
        ax.annotate(
            row.item,
            (row.performance, row.importance),
            xytext=(6, -14 if place % 2 else 6),
            textcoords="offset points",
            size=10,
        )
    ax.margins(0.25)
    ax.axhline(middle_up, color=GREY, linewidth=1, linestyle=":")
    ax.axvline(middle_across, color=GREY, linewidth=1, linestyle=":")
    corners = ((CONCENTRATE, 0.01, 0.99), (KEEP_UP, 0.99, 0.99), (LOW_PRIORITY, 0.01, 0.01), (OVERKILL, 0.99, 0.01))
    for word, x, y in corners:
        beside, upon = ("left" if x < 0.5 else "right"), ("bottom" if y < 0.5 else "top")
        ax.text(x, y, word, transform=ax.transAxes, color=colors[word], style="italic", ha=beside, va=upon)  # not shown
    ax.set_xlabel(f"performance, {found.performance_unit} (90% intervals)")
    ax.set_ylabel(f"importance, {found.importance_unit}")
    state(ax, found.finding)
    return ax
