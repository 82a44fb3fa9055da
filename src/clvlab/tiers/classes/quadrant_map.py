"""The quadrant map: every account by what it brought and could bring, with counts and money in each quadrant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.plots.values import Amounts
from clvlab.figures import BLUE, GREEN, GREY, ORANGE, new_axes, state
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.classes.quadrants import BUILD_UP, KEEP, KEEP_AND_EXTEND, TIGHTEN, UNDECIDED

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.tiers.classes.quadrants import Quadrants

_COLOURS = {KEEP_AND_EXTEND: BLUE, KEEP: GREEN, BUILD_UP: ORANGE, TIGHTEN: GREY}
# Corner of the map that belongs to each quadrant: share of the width and of the height, alignments, aim in a word.
_CORNERS = {
    KEEP_AND_EXTEND: (0.99, 0.99, "right", "top", "keep and extend"),
    KEEP: (0.01, 0.99, "left", "top", "keep"),
    BUILD_UP: (0.99, 0.01, "right", "bottom", "grow"),
    TIGHTEN: (0.01, 0.01, "left", "bottom", "tighten terms"),
}
# Decades shown on either side of 0, and strips above and below the points for the quadrants' texts.
_DECADES = 4
_STRIP = 0.9


def draw_quadrants(found: Quadrants, ax: Axes | None) -> Axes:
    """Draw potential across and historical value up on signed logarithmic axes; undecided accounts are hollow."""
    ax = ax or new_axes(8.8, 6.4)
    known = found.values[found.labels != NOT_KNOWN]
    undecided = (found.labels[known.index] == UNDECIDED).to_numpy()
    for name, (x, y, across, up, aim) in _CORNERS.items():
        mine = (known["quadrant"] == name).to_numpy()
        for which, face in ((mine & undecided, "none"), (mine & ~undecided, _COLOURS[name])):
            points = known[which]
            ax.scatter(points["potential"], points["historical"], s=16, facecolors=face, edgecolors=_COLOURS[name],
                       linewidths=0.8, alpha=0.75)  # fmt: skip
        text = f"{aim}: {_counted(mine, undecided)}\n{_money(known[mine], found.unit)}"
        ax.text(x, y, text, transform=ax.transAxes, ha=across, va=up, size=9.5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip
    for axis, column, cut in (("x", "potential", found.potential_cut), ("y", "historical", found.history_cut)):
        _signed_log(ax, axis, known[column], cut)
    ax.axvline(found.potential_cut, color="black", linewidth=1)
    ax.axhline(found.history_cut, color="black", linewidth=1)
    unit = f", {found.unit}" if found.unit else ""
    ax.set_xlabel(f"potential: value ahead and what could be won{unit} (signed logarithm; hollow: undecided)")
    ax.set_ylabel(f"historical value{unit} (signed logarithm)")
    state(ax, _finding(known, undecided))
    return ax


def _signed_log(ax: Axes, axis: str, values: pd.Series, cut: float) -> None:
    """Give an axis a logarithmic scale on both sides of 0, with room beyond the points."""
    sizes = np.abs(np.append(values.to_numpy(dtype=float), cut))
    largest = sizes.max() if sizes.max() > 0 else 1.0
    smallest = 10.0 ** (np.floor(np.log10(largest)) - _DECADES + 1)
    scale = {"linthresh": smallest, "linscale": 0.5}
    low, high = min(values.min(), cut), max(values.max(), cut)
    getattr(ax, f"set_{axis}scale")("symlog", **scale)
    strip = 10**_STRIP if axis == "y" else 2.0
    beyond = (
        low * strip if low < -smallest else -smallest * strip,
        high * strip if high > smallest else smallest * strip,
    )
    getattr(ax, f"set_{axis}lim")(*beyond)
    decades = smallest * 10.0 ** np.arange(_DECADES + 1)
    ticks = [t for t in (*-decades[::-1], 0.0, *decades) if beyond[0] <= t <= beyond[1]]
    getattr(ax, f"set_{axis}ticks")(ticks, [f"{t:,.4g}" if abs(t) < 1e4 else f"{t:,.0f}" for t in ticks])
    getattr(ax, f"{axis}axis").minorticks_off()


def _counted(mine: np.ndarray, undecided: np.ndarray) -> str:
    customers = "customer" if mine.sum() == 1 else "customers"
    return f"{int(mine.sum()):,} {customers}, {int((mine & undecided).sum()):,} undecided"


def _money(rows: pd.DataFrame, unit: str) -> str:
    brought, ahead = float(rows["historical"].sum()), float(rows["potential"].sum())
    amounts = Amounts(max(abs(brought), abs(ahead)), unit)
    return f"brought {amounts.number(brought)}, could bring {amounts.text(ahead)}".rstrip()


def _finding(known: pd.DataFrame, undecided: np.ndarray) -> str:
    """Say what the accounts to keep hold of all that lies ahead, and how many accounts are undecided."""
    keep = known["quadrant"].isin([KEEP_AND_EXTEND, KEEP])
    ahead = known["potential"]
    finding = f"{keep.mean():.0%} of customers brought much"
    if ahead.sum() > 0:
        finding = f"The {keep.mean():.0%} of customers that brought much hold {ahead[keep].sum() / ahead.sum():.0%} of"
        finding += " what lies ahead"
    return f"{finding}; {undecided.mean():.0%} of all are undecided"
