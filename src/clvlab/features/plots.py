"""Drawings of the features: each title states the finding, axes carry units, no legend covers data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.figures import BLUE, GREEN, GREY, ORANGE, RED, SKY, new_axes, state

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.features.concentration import Concentration

_FEWEST_FOR_A_FINDING = 10
_DARK = 0.55  # where white text reads better on the colour map


def percent_axis(axis: object) -> None:
    """Label an axis of shares in percent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0))  # type: ignore[attr-defined]


def label_periods(ax: Axes, labels: pd.Series) -> None:
    """Label the positions 0, 1, 2, ... by period, as many as an axis has room for."""
    step = next(every for every in (1, 2, 3, 6, 12, 24, 120) if len(labels) <= 8 * every or every == 120)
    ax.set_xticks(np.arange(len(labels))[::step], labels.iloc[::step])


def draw_lorenz(found: Concentration, ax: Axes | None) -> Axes:
    """Draw the Lorenz curve, the line of equality and the top customers' part."""
    ax = ax or new_axes(6.4, 5.2)
    curve = found.lorenz()
    share, top = found.share, found.top_share
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    ax.plot(curve.customers_share, curve.value_share, color=BLUE)
    ax.plot([1 - share] * 2, [1 - top, 1], color=ORANGE)
    ax.annotate(
        f"top {share:.0%}:\n{top:.0%}",
        (1 - share, 1),
        xytext=(-8, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        color="#8A5A00",
    )
    ax.annotate(
        "all alike",
        (0.3, 0.3),
        xytext=(-4, 6),
        textcoords="offset points",
        color=GREY,
        ha="right",
        va="bottom",
    )
    ax.set(
        xlim=(0, 1),
        ylim=(0, 1.01),
        xlabel="customers, smallest first, %",
        ylabel="cumulated share, %",
    )
    percent_axis(ax.xaxis)
    percent_axis(ax.yaxis)
    state(ax, f"The top {share:.0%} of customers bring {top:.0%} of {found.what} (Gini {found.gini:.2f})")
    return ax


def draw_late(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw each party's share of late deliveries."""
    ax = ax or new_axes(8.0, 0.5 * len(frame) + 1.8)
    shown = frame.iloc[::-1]
    names = [f"{party} ({late:,})" for party, late in zip(shown.responsible_party, shown.late, strict=True)]
    dots(ax, names, shown.share, shown.lower, shown.upper)
    first = frame.iloc[0]
    ax.set(xlabel="share of late deliveries, %", xlim=(0, 1.0))
    party = first.responsible_party
    whose = "have no party recorded" if party == "not recorded" else f"are put down to: {party}"
    state(ax, f"{first.share:.0%} of {frame.late.sum():,} late deliveries {whose}")
    return ax


def dots(ax: Axes, names: list[str], rate: pd.Series, lower: pd.Series, upper: pd.Series) -> None:
    """Draw horizontal intervals with dots, one row per name."""
    rows = np.arange(len(names))
    ax.hlines(rows, lower, upper, color=SKY, linewidth=4)
    ax.plot(rate, rows, linestyle="none", marker="o", color=BLUE)
    ax.set_yticks(rows, names)
    ax.grid(axis="y", visible=False)
    ax.set_ylim(-0.6, len(names) - 0.4)
    percent_axis(ax.xaxis)


def draw_months(frame: pd.DataFrame, what: str, unit: str, ax: Axes | None) -> Axes:
    """Draw a measure by month as bars, months that are not complete hollow."""
    ax = ax or new_axes(9.0, 4.2)
    measure = "value" if "value" in frame.columns else "purchases"
    whole = frame.complete.to_numpy()
    colours = [BLUE if complete else "white" for complete in whole]
    ax.bar(frame.month, frame[measure], color=colours, edgecolor=BLUE, width=0.8)
    label_periods(ax, frame.month)
    ax.yaxis.set_major_formatter(lambda y, _: f"{y / 1e6:,.4g} m" if abs(y) >= 1e6 else f"{y:,.0f}")
    ax.set(ylabel=unit, xlabel="month" + ("" if whole.all() else " (hollow: not complete)"))
    ax.grid(axis="x", visible=False)
    best = frame.nlargest(1, measure).iloc[0]
    last = frame[frame.complete].iloc[-1] if whole.any() else frame.iloc[-1]
    state(
        ax,
        f"{what.capitalize()} in {last.month}: {last[measure]:,.0f} {unit if unit != what else ''}".rstrip()
        + ("; the highest month so far" if best.month == last.month else f"; highest in {best.month}"),
    )
    return ax


def draw_coverage(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw rows by table and month as shades of each table's own busiest month."""
    names = [name for name in frame.columns if name != "month"]
    ax = ax or new_axes(9.0, 1.6 + 0.32 * len(names))
    counts = frame[names].to_numpy(dtype="float64").T
    busiest = np.maximum(counts.max(axis=1, keepdims=True), 1)
    ax.imshow(np.where(counts > 0, 0.15 + 0.85 * counts / busiest, 0), aspect="auto", cmap="Blues", vmin=0, vmax=1)
    ax.set_yticks(range(len(names)), names)
    label_periods(ax, frame.month)
    ax.set_xlabel("month (white: no rows; darkest: the table's busiest month)")
    ax.grid(visible=False)
    empty = int((counts.sum(axis=0) == 0).sum())
    gaps = f"{empty} of them without any row" if empty else "none without rows"
    state(ax, f"The records cover {len(frame)} months, {frame.month.iloc[0]} to {frame.month.iloc[-1]}, {gaps}")
    return ax


def draw_activity(frame: pd.DataFrame, dormant_after: int, ax: Axes | None) -> Axes:
    """Draw active customers by state above zero and those who fell dormant below it."""
    ax = ax or new_axes(9.0, 4.6)
    at = np.arange(len(frame))
    bottom = np.zeros(len(frame))
    bars = [
        ("continuing", "continuing", BLUE),
        ("returned", "returned", SKY),
        ("new", "new", GREEN),
        ("new_or_known_before", "new or known before", GREY),
    ]
    for column, label, colour in bars:
        heights = frame[column].to_numpy()
        if heights.any():
            ax.bar(at, heights, bottom=bottom, color=colour, label=label, width=0.85)
            bottom = bottom + heights
    ax.bar(at, -frame.lapsed.to_numpy(), color=RED, label="fell dormant", width=0.85)
    ax.axhline(0, color="black", linewidth=0.8)
    label_periods(ax, frame.month)
    ax.yaxis.set_major_formatter(lambda y, _: f"{abs(y):,.0f}")
    ax.set(ylabel="customers", xlabel=f"month (dormant: {dormant_after} months without an order)")
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    whole = frame[frame.complete] if frame.complete.any() else frame
    last = whole.iloc[-1]
    state(ax, f"{last.month}: {last.active:,} customers active, {last.dormant:,} of {last.known:,} dormant")
    return ax


def draw_cohorts(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw the share of each cohort active, by quarters since its first."""
    wide = frame.pivot_table(index="cohort", columns="age", values="share")
    sizes = frame.groupby("cohort").customers.first()
    ax = ax or new_axes(max(8.5, 0.62 * wide.shape[1] + 2.6), max(2.6, 0.4 * wide.shape[0] + 1.7))
    shares = wide.to_numpy(dtype=float)
    _heat(ax, shares, lambda row, column: f"{100 * shares[row, column]:.0f}")
    first = frame.groupby("cohort").truncated.first()
    names = [f"{c}{'*' if first[c] else ''} (n = {sizes[c]:,})" for c in wide.index]
    ax.set_yticks(np.arange(len(names)), names)
    ax.set_xticks(np.arange(wide.shape[1]), wide.columns)
    note = "; * mostly older customers" if first.any() else ""
    partial = "" if frame.complete.iloc[-1] else "; last quarter incomplete"
    ax.set_xlabel(f"quarters since the first order (cells: % active{note}{partial})")
    later = frame[(frame.age == 1) & frame.complete & ~frame.truncated]
    later = later if len(later) else frame[frame.age == 1]
    if later.customers.sum() >= _FEWEST_FOR_A_FINDING:
        again, size = later.active.sum() / later.customers.sum(), later.customers.sum()
        state(ax, f"{again:.0%} of {size:,} customers order in the quarter after their first")
    else:
        state(ax, f"{sizes.sum():,} customers, too few seen twice for a finding")
    return ax


def draw_rfv(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw customers, and their share of value, by last order and frequency."""
    ax = ax or new_axes(9.0, 4.4)
    rows, columns = list(dict.fromkeys(frame.frequency)), list(dict.fromkeys(frame.recency))
    customers = frame.pivot_table(index="frequency", columns="recency", values="customers").loc[rows, columns]
    valued = "value_share" in frame and frame.value_share.notna().all()
    shade = customers / customers.to_numpy().sum()
    if valued:
        shade = frame.pivot_table(index="frequency", columns="recency", values="value_share").loc[rows, columns]

    counts, parts = customers.to_numpy(dtype="int64"), shade.to_numpy(dtype=float)

    def text(row: int, column: int) -> str:
        count = counts[row, column]
        if count == 0:
            return "–"
        return f"{count:,}\n{parts[row, column]:.1%}" if valued else f"{count:,}"

    _heat(ax, np.clip(parts, 0, None), text)
    ax.set_yticks(np.arange(len(rows)), rows)
    ax.set_xticks(np.arange(len(columns)), [c.replace(" ago", "") for c in columns])
    ax.set_xlabel("last order, ago (cells: customers" + (", % of value)" if valued else ")"))
    ax.set_ylabel("orders on average")
    recent = frame[frame.recency.isin(columns[:2])]
    total = frame.customers.sum()
    part = recent.customers.sum() / total if total else 0.0
    value = f" and bring {recent.value_share.sum():.0%} of value" if valued else ""
    state(ax, f"{part:.0%} of {total:,} customers ordered in the last 3 months{value}")
    return ax


def _heat(ax: Axes, shade: np.ndarray, text: Callable[[int, int], str]) -> None:
    """Draw a heat map with a text in every cell that has a number."""
    highest = np.nanmax(shade) or 1.0
    ax.imshow(shade, cmap="Blues", vmin=0, vmax=highest, aspect="auto")
    for row, column in np.argwhere(~np.isnan(shade)):
        dark = shade[row, column] > _DARK * highest
        ax.text(
            column,
            row,
            text(row, column),
            ha="center",
            va="center",
            color="white" if dark else "black",
            size=9,
        )
    ax.grid(visible=False)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
