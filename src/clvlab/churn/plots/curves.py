"""Drawings of curves over age: who is still there, how the risk adds up, who has left for which cause."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clvlab.churn.curves.remarks import FEW
from clvlab.figures import GREY, PALETTE, new_axes, state
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.churn.curves.cumulative_hazard import CumulativeHazard
    from clvlab.churn.curves.curve import StepCurve
    from clvlab.churn.curves.incidence import CumulativeIncidence
    from clvlab.churn.curves.survival import SurvivalCurve

# More steps than this cannot be told apart on a page.
_STEPS = 4_000
# Of the axis' height: labels nearer to one another would overlap.
_LABEL_HEIGHT = 0.065
# From this age on a title names whole units of time.
_WHOLE = 10
_LARGEST = 3


def draw_survival(curve: SurvivalCurve, ax: Axes | None) -> Axes:
    """Draw survival curves with their intervals and their groups' names at the line ends."""
    ax = ax or new_axes()
    _draw_steps(curve, "survival", ax)
    ax.set(ylim=(0, 1.02), ylabel="share of customers still there")
    _in_percent(ax.yaxis)
    state(ax, _survival_finding(curve))
    return ax


def draw_cumulative_hazard(curve: CumulativeHazard, ax: Axes | None) -> Axes:
    """Draw cumulative hazards with their intervals and their groups' names at the line ends."""
    ax = ax or new_axes()
    _draw_steps(curve, "cumulative_hazard", ax)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("hazard of leaving, added up")
    state(ax, _hazard_finding(curve))
    return ax


def draw_incidence(curve: CumulativeIncidence, ax: Axes | None) -> Axes:
    """Draw incidences by cause: stacked areas over age; with groups, points with intervals at one age."""
    return _draw_areas(curve, ax) if "group" not in curve.to_frame() else _draw_points(curve, ax)


def _draw_steps(curve: StepCurve, name: str, ax: Axes) -> None:
    """Draw one step curve per group."""
    groups = _few(curve)
    ends = []
    for (group, frame), colour in zip(groups.items(), PALETTE, strict=False):
        drawn = frame.iloc[np.unique(np.linspace(0, len(frame) - 1, _STEPS).astype(int))]
        ax.step(drawn["time"], drawn[name], where="post", color=colour, label=str(group))
        # A band reaches up to the age at which its end is no longer known.
        lower, upper = drawn["lower"].ffill(limit=1), drawn["upper"].ffill(limit=1)
        ax.fill_between(drawn["time"], lower, upper, step="post", color=colour, alpha=0.2, linewidth=0)
        ends.append(float(frame[name].iloc[-1]))
    ax.set_xlim(0, max(frame["time"].max() for frame in groups.values()) or 1)
    ax.set_xlabel(f"age, {curve.unit}s (bands: {curve.confidence:.0%} intervals at each age)")
    if None not in groups:
        _label_ends(ax, [str(group) for group in groups], ends, PALETTE)


def _few(curve: StepCurve) -> dict[Hashable, pd.DataFrame]:
    """Return the curve's groups.

    Raises
    ------
    Refused
        When there are more than colours that can be told apart.
    """
    groups = curve.by_group()
    if len(groups) > len(PALETTE):
        raise Refused(f"A figure shows up to {len(PALETTE)} groups, not {len(groups)}; give fewer or read the table.")
    return groups


def _label_ends(ax: Axes, texts: Sequence[str], heights: Sequence[float], colours: Sequence[str]) -> None:
    """Write each line's name right of the axes at the height where it ends, moved up where names would overlap."""
    gap = _LABEL_HEIGHT * (ax.get_ylim()[1] - ax.get_ylim()[0])
    last = -np.inf
    for place in np.argsort(heights, kind="stable"):
        last = max(heights[place], last + gap)
        ax.text(
            1.01,
            last,
            texts[place],
            transform=ax.get_yaxis_transform(),
            va="center",
            color=colours[place],
            weight="bold",
        )


def _in_percent(axis: object) -> None:
    axis.set_major_formatter(lambda share, _: f"{100 * share:.4g}%")  # type: ignore[attr-defined]


def _age_to_compare(groups: dict[Hashable, pd.DataFrame]) -> float:
    """Return the last age at which every group still has some customers at risk, not just one or two."""
    enough = [frame.loc[frame["at_risk"] >= FEW, "time"].max() for frame in groups.values()]
    return float(min(enough if np.isfinite(enough).all() else [frame["time"].max() for frame in groups.values()]))


def _listed(parts: Sequence[str]) -> str:
    """Return a few parts as a list; of many the first and the last."""
    if len(parts) > _LARGEST:
        return f"{parts[0]} down to {parts[-1]}"
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def _between(lower: float, upper: float) -> str:
    """Return an interval in brackets; blank where there is none."""
    return f" ({lower:.0%} to {upper:.0%})" if np.isfinite(lower) else ""


def _survival_finding(curve: SurvivalCurve) -> str:
    groups, unit = curve.by_group(), curve.unit
    age = _age_to_compare(groups)
    age = float(np.floor(age)) if age >= _WHOLE else age
    if None not in groups:
        there = curve.at(age).sort_values("survival", ascending=False)
        parts = [f"{share:.0%} of {group}" for group, share in zip(there["group"], there["survival"], strict=True)]
        return f"At {age:,.4g} {unit}s {_listed(parts)} are still there"
    [half] = curve.median().to_dict("records")
    if np.isfinite(half["time"]):
        upper = f"to {half['upper']:,.4g}" if np.isfinite(half["upper"]) else "or later"
        interval = f" ({half['lower']:,.4g} {upper})" if np.isfinite(half["lower"]) else ""
        return f"Half of the customers have left by {half['time']:,.4g} {unit}s{interval}"
    [there] = curve.at(age).to_dict("records")
    return f"{there['survival']:.0%} are still there at {age:,.4g} {unit}s{_between(there['lower'], there['upper'])}"


def _hazard_finding(curve: CumulativeHazard) -> str:
    groups, unit = curve.by_group(), curve.unit
    age = _age_to_compare(groups)
    age = float(np.floor(age)) if age >= _WHOLE else age
    if not age:
        return "Nobody was observed beyond age 0"
    reached = {group: _reached(frame, age) for group, frame in groups.items()}
    if None not in groups:
        fastest = sorted(reached.items(), key=lambda item: -item[1])
        parts = [f"{amount / age:.1%} of {group}" for group, amount in fastest]
        return f"Each {unit}, up to age {age:,.4g}, {_listed(parts)} leave on average"
    early = _reached(groups[None], age / 2)
    rates = early / (age / 2), (reached[None] - early) / (age / 2)
    return f"Each {unit} {rates[0]:.1%} leave up to age {age / 2:,.4g}, {rates[1]:.1%} from then to {age:,.4g}"


def _reached(frame: pd.DataFrame, age: float) -> float:
    """Return a cumulative hazard at an age."""
    return float(frame.loc[frame["time"] <= age, "cumulative_hazard"].max())


def _draw_areas(curve: CumulativeIncidence, ax: Axes | None) -> Axes:
    """Draw the causes' incidences stacked over age, the largest at the bottom, as far as some are left at risk."""
    ax = ax or new_axes()
    frame, age = curve.to_frame(), _age_to_compare(curve.by_group())
    wide = frame[frame["time"] <= age].pivot_table(
        index="time", columns="cause", values="incidence", aggfunc="last", observed=True
    )
    final = curve.at(age).set_index("cause").sort_values("incidence", ascending=False)
    shown = list(final.index[: len(PALETTE) - (len(final) > len(PALETTE))])
    rest = [cause for cause in final.index if cause not in shown]
    names = [
        f"{cause} {row.incidence:.0%}{_between(row.lower, row.upper)}"
        for cause, row in zip(shown, final.loc[shown].itertuples(), strict=True)
    ]
    heights, colours = [wide[cause] for cause in shown], PALETTE[: len(shown)]
    if rest:
        heights, colours = [*heights, wide[rest].sum(axis=1)], [*colours, GREY]
        names.append(f"{len(rest)} other causes {final.loc[rest, 'incidence'].sum():.0%}")
    ax.stackplot(wide.index, *heights, colors=colours, step="post", edgecolor="white", linewidth=0.6)
    there = float(final["survival"].iloc[0])
    ax.set(xlim=(0, age or 1), ylim=(0, 1), ylabel="share of customers that have left")
    _in_percent(ax.yaxis)
    ends = np.array([float(height.iloc[-1]) for height in heights])
    middles = [*(np.cumsum(ends) - ends / 2), 1 - there / 2]
    _label_ends(ax, [*names, f"still there {there:.0%}"], middles, [*colours, "black"])
    ax.set_xlabel(f"age, {curve.unit}s (in brackets: {curve.confidence:.0%} intervals at age {age:,.4g})")
    largest = ", ".join(f"{cause} {final.loc[cause, 'incidence']:.0%}" for cause in shown[:_LARGEST])
    of_which = f": {largest}" if len(shown) > 1 else f", all for the cause {shown[0]}"
    state(ax, f"By {age:,.3g} {curve.unit}s {1 - there:.0%} have left{of_which}")
    return ax


def _draw_points(curve: CumulativeIncidence, ax: Axes | None) -> Axes:
    """Draw the groups' incidences at one age, a row per cause, with intervals."""
    groups = _few(curve)
    age = _age_to_compare(groups)
    found = curve.at(age)
    order = found.groupby("cause", observed=True)["incidence"].mean().sort_values(ascending=False).index
    ax = ax or new_axes(8.0, 0.5 * len(order) + 2)
    offsets = np.linspace(-0.25, 0.25, len(groups)) if len(groups) > 1 else [0.0]
    for group, offset, colour in zip(groups, offsets, PALETTE, strict=False):
        rows = found[found["group"] == group].set_index("cause").loc[order]
        at = np.arange(len(order)) + offset
        ax.hlines(at, rows["lower"], rows["upper"], color=colour, linewidth=2)
        ax.plot(rows["incidence"], at, "o", color=colour, label=str(group), clip_on=False)
    ax.set_yticks(range(len(order)), [str(cause) for cause in order])
    ax.set(xlim=(0, None), ylim=(len(order) - 0.5, -0.5))
    _in_percent(ax.xaxis)
    ax.set_xlabel(f"share that has left by age {age:,.4g} {curve.unit}s (lines: {curve.confidence:.0%} intervals)")
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    spread = found.groupby("cause", observed=True)["incidence"].agg(np.ptp)
    most = found[found["cause"] == spread.idxmax()].sort_values("incidence", ascending=False)
    parts = [f"{share:.0%} of {group}" for group, share in zip(most["group"], most["incidence"], strict=True)]
    state(ax, f"By {age:,.4g} {curve.unit}s {spread.idxmax()} has taken {_listed(parts)}")
    return ax
