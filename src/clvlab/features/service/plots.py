"""Drawings of the service indicators: by stage of the transaction, by group, over time, and with control limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.indicators import label_of
from clvlab.features.kpi_table import NOT_ONE_OF_THE_FIELD, well_is_high
from clvlab.features.plots import dots, label_periods, percent_axis
from clvlab.figures import BLUE, GREEN, GREY, ORANGE, RED, SKY, new_axes, state
from clvlab.periods import PERIODS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.features.service.control_chart import ControlChart

_MOST_GROUPS = 20
_MOST_NAMED = 4
_STAGES = {
    "before": "BEFORE THE TRANSACTION",
    "during": "DURING",
    "after": "AFTER",
    "throughout": "ALL OF IT",
    NOT_ONE_OF_THE_FIELD: "THE PROVIDER'S OWN",
}
# The left end of the axis: one failure in 2,000.
_RAREST = 0.0005
_TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def draw_by_stage(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw how often each indicator fails as a dot with its interval, stage by stage; its rate stands at its name."""
    from matplotlib.ticker import NullFormatter

    names: list[str] = []
    rows: list[int] = []
    heads: list[int] = []
    for stage, part in frame.groupby("stage", sort=False):
        heads.append(len(names))
        rows += range(len(names) + 1, len(names) + 1 + len(part))
        shown = [f"{label_of(kpi)}: {rate:.1%}" for kpi, rate in zip(part.kpi, part.rate, strict=True)]
        names += [_STAGES[str(stage)], *shown]
    ax = ax or new_axes(8.6, 0.27 * len(names) + 1.6)
    high = frame.kpi.map(well_is_high).to_numpy(dtype=bool)
    failed = np.where(high, 1 - frame.rate, frame.rate)
    fewest, most = np.where(high, 1 - frame.upper, frame.lower), np.where(high, 1 - frame.lower, frame.upper)
    ax.hlines(rows, np.maximum(fewest, _RAREST), np.maximum(most, _RAREST), color=SKY, linewidth=5)
    ax.plot(np.maximum(failed, _RAREST), rows, linestyle="none", marker="o", color=BLUE)
    ax.set_yticks(range(len(names)), names)
    for head in heads:
        ax.get_yticklabels()[head].set(fontweight="bold", fontsize=9)
    ax.set(xscale="log", xlim=(_RAREST, max(0.01, 1.3 * most.max())), ylim=(len(names) - 0.4, -0.6))
    ticks = np.array([tick for tick in _TICKS if tick < ax.get_xlim()[1]])
    ax.set_xticks(ticks, [f"{tick:.3g}" for tick in 100 * ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("went wrong, of 100 (ratio scale; bar: 90% interval)")
    ax.grid(axis="y", visible=False)
    told = frame[frame.kpi.isin(["on_time_delivery", "perfect_order"])]
    told = told if len(told) else frame.head(1)
    findings = [
        f"{label_of(kpi)}: {rate:.1%} (of {n:,.0f})"
        for kpi, rate, n in zip(told.kpi, told.rate, told.denominator, strict=True)
    ]
    state(ax, ". ".join(findings))
    return ax


def draw_by_group(frame: pd.DataFrame, by: list[str], label: str, ax: Axes | None) -> Axes:
    """Draw one indicator by group: the pooled rate with its interval, and the raw rate."""
    if len(by) == 1 and by[0] in PERIODS:
        return _draw_in_time(frame, by[0], label, ax)
    shown = frame.nlargest(_MOST_GROUPS, "denominator").sort_values("shrunk", ascending=False)
    ax = ax or new_axes(8.0, 0.32 * len(shown) + 1.8)
    names = [f"{' – '.join(key)} (n = {n:,.0f})" for key, n in zip(_keys(shown, by), shown.denominator, strict=True)]
    dots(ax, names, shown.shrunk, shown.shrunk_lower, shown.shrunk_upper)
    ax.plot(shown.rate, np.arange(len(shown)), linestyle="none", marker="|", markersize=11, color=ORANGE)
    ax.set_xlabel("share, %: pooled rate with 90% interval (dot), own rate (bar)")
    digits = 0 if shown.shrunk.max() - shown.shrunk.min() > 0.02 else 1
    low, high = f"{shown.shrunk.min():.{digits}%}", f"{shown.shrunk.max():.{digits}%}"
    what = f"{len(shown)} largest of {len(frame):,} groups" if len(frame) > len(shown) else f"{len(shown)} groups"
    state(ax, f"{label}: {low} to {high} over {what}")
    return ax


def _draw_in_time(frame: pd.DataFrame, period: str, label: str, ax: Axes | None) -> Axes:
    """Draw one indicator over time with its own interval at each point."""
    ax = ax or new_axes(9.0, 4.2)
    shown = frame.sort_values(period)
    at = np.arange(len(shown))
    ax.fill_between(at, shown.lower, shown.upper, color=SKY, alpha=0.5, linewidth=0)
    ax.plot(at, shown.rate, color=BLUE, marker="o", markersize=4)
    label_periods(ax, shown[period])
    percent_axis(ax.yaxis)
    ax.set(xlabel=f"{period} (band: 90% interval)", ylabel="share, %")
    least, most = shown.loc[shown.rate.idxmin()], shown.loc[shown.rate.idxmax()]
    state(ax, f"{label} between {least.rate:.0%} ({least[period]}) and {most.rate:.0%} ({most[period]})")
    return ax


def _keys(frame: pd.DataFrame, by: list[str]) -> list[tuple[str, ...]]:
    """Return each row's group as texts."""
    texts = frame[by].astype("object").where(frame[by].notna(), "not recorded").astype(str)
    return list(texts.itertuples(index=False, name=None))


def draw_control_chart(chart: ControlChart, ax: Axes | None) -> Axes:
    """Draw an indicator by period, its limits as steps, and the periods out of them in colour."""
    ax = ax or new_axes(9.0, 4.4)
    frame, period, at = chart.to_frame(), chart.period, np.arange(len(chart.to_frame()))
    ax.fill_between(at, frame.lower_limit, frame.upper_limit, step="mid", color=SKY, alpha=0.35, linewidth=0)
    ax.axhline(chart.center, color=GREY, linewidth=1)
    ax.plot(at, frame.rate, color=BLUE, marker="o", markersize=4, linewidth=1.2)
    named = {
        "worse": ("worse than chance explains", RED, "v"),
        "better": ("better", GREEN, "^"),
        "not over": ("not over, not judged", GREY, "o"),
    }
    for verdict, (text, colour, marker) in named.items():
        out = (frame.verdict == verdict).to_numpy()
        if out.any():
            ax.plot(at[out], frame.rate[out], linestyle="none", marker=marker, markersize=9, color=colour, label=text)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    label_periods(ax, frame[period])
    percent_axis(ax.yaxis)
    ax.set(xlabel=f"{period} (band: control limits; line: mean of all)", ylabel="share, %")
    judged = int((frame.verdict != "not over").sum())
    if chart.worse:
        named_worse = ", ".join(chart.worse[:_MOST_NAMED]) + (", ..." if len(chart.worse) > _MOST_NAMED else "")
        finding = f"{len(chart.worse)} of {judged} {period}s worse than chance explains ({named_worse})"
    else:
        finding = f"none of {judged} {period}s is worse than chance explains"
    state(ax, f"{label_of(chart.kpi)}: {finding}; {chart.center:.1%} in all")
    return ax
