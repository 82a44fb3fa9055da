"""The drawing of hazard ratios, of any model that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.figures import BLUE, GREY, ORANGE, new_axes, state

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# The axis reaches this many times beyond the furthest hazard ratio; longer intervals end in an arrow.
_BEYOND = 4.0
# How far it reaches at least, to either side of no effect.
_LEAST = 1.1
_ROUND = np.array([0.001, 0.01, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10, 100, 1000])
# So many covariates are named in the title, of those that raise the hazard and of those that lower it.
_NAMED = 2
# Ticks stand at least this share of the axis apart.
_APART = 0.07
_READS_ONE = 0.005
_LARGE = 1e6


def draw_hazard_ratios(frame: pd.DataFrame, ax: Axes | None = None, confidence: float = 0.95) -> Axes:
    """Draw hazard ratios with their intervals on a log scale; the title says what raises the hazard and what lowers it.

    Parameters
    ----------
    frame
        One row per covariate: ``hazard_ratio``, ``lower``, ``upper``, and its name in ``label`` where there is such a
        column, else in ``covariate``.
    ax
        Where to draw; a new figure when None.
    confidence
        Coverage of the intervals.
    """
    ax = ax or new_axes(8.6, 1.7 + 0.4 * len(frame))
    names = frame["label" if "label" in frame.columns else "covariate"].astype(str)
    ratios, lower, upper = (frame[name].to_numpy(dtype=float) for name in ("hazard_ratio", "lower", "upper"))
    left, right = _limits(ratios, lower, upper)
    ax.set_xscale("log")
    ax.set_xlim(left, right)
    ax.axvline(1.0, color=GREY, linewidth=1)
    for row, (ratio, low, high) in enumerate(zip(ratios, lower, upper, strict=True)):
        colour = ORANGE if low > 1 else BLUE if high < 1 else GREY
        ax.text(1.02, row, _written(ratio, low, high), transform=ax.get_yaxis_transform(), va="center", fontsize=10)
        if np.isnan(low):
            continue
        ax.plot([max(low, left), min(high, right)], [row, row], color=colour, solid_capstyle="butt")
        for outside, end, arrow in ((low < left, left, "<"), (high > right, right, ">")):
            if outside:
                ax.plot(end, row, arrow, color=colour, clip_on=False)
        if left < ratio < right:
            ax.plot(ratio, row, "o", color=colour, markersize=7)
    ax.set_yticks(range(len(frame)), names)
    ax.set_ylim(len(frame) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"hazard ratio with {100 * confidence:g}% interval (log scale; 1 is no effect)")
    _ticks(ax, left, right)
    state(ax, _finding(names.to_numpy(), lower, upper))
    return ax


def _limits(ratios: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> tuple[float, float]:
    """Return where the axis begins and ends: with the intervals, but not far beyond the estimates."""
    estimates = ratios[np.isfinite(ratios) & (ratios > 0)]
    ends = np.concatenate([lower, upper])
    ends = ends[np.isfinite(ends) & (ends > 0)]
    least, most = min(estimates, default=1.0), max(estimates, default=1.0)
    left = max(min(ends, default=1.0), min(least, 1.0) / _BEYOND)
    right = min(max(ends, default=1.0), max(most, 1.0) * _BEYOND)
    return min(left, 1 / _LEAST) / 1.05, max(right, _LEAST) * 1.05


def _ticks(ax: Axes, left: float, right: float) -> None:
    """Mark round hazard ratios, those nearest to 1 first, where there is room."""
    at = [1.0]
    inside = _ROUND[(left <= _ROUND) & (right >= _ROUND)]
    for tick in sorted(inside, key=lambda tick: abs(np.log(tick))):
        if np.abs(np.log(tick / np.array(at))).min() > _APART * np.log(right / left):
            at.append(float(tick))
    ax.set_xticks(at, [f"{tick:g}" for tick in at])
    ax.set_xticks([], minor=True)


def _written(ratio: float, lower: float, upper: float) -> str:
    """Return a hazard ratio with its interval as text; what is not 1 does not read 1.00."""
    if np.isnan(lower):
        return "not estimated"
    digits = 3 if min(abs(lower - 1), abs(upper - 1)) < _READS_ONE else 2
    low, middle, high = (_number(end, digits) for end in (lower, ratio, upper))
    return f"{middle} ({low} to {high})"


def _number(ratio: float, digits: int) -> str:
    if np.isinf(ratio):
        return "no limit"
    return f"{ratio:,.{digits}f}" if ratio < _LARGE else f"{ratio:.0e}"


def _finding(names: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> str:
    """Return what raises and what lowers the hazard, and of how many covariates no effect can be told."""
    raises, lowers = names[lower > 1], names[upper < 1]
    parts = [f"Raising the hazard: {_first(raises)}"] if len(raises) else []
    if len(lowers):
        parts.append(f"{'lowering it' if parts else 'Lowering the hazard'}: {_first(lowers)}")
    unclear = len(names) - len(raises) - len(lowers)
    if unclear:
        parts.append(
            f"no effect can be told of {unclear} other{'s' if unclear > 1 else ''}"
            if parts
            else "No effect on the hazard can be told"
        )
    return "; ".join(parts)


def _first(names: np.ndarray) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
