"""Drawings of how satisfied customers are: each title states the finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.figures import BLUE, GREY, ORANGE, PALETTE, new_axes, state
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.satisfaction.measures.gaps import Gaps
    from clvlab.satisfaction.measures.nonresponse import Nonresponse
    from clvlab.satisfaction.measures.reliability import Reliability

_MARKERS = "osD^v"
_APART = 0.22


def _by_role(frame: pd.DataFrame, rows: pd.Series, value: str, ax: Axes) -> None:
    """Draw values with intervals across, one line of ``rows`` each, roles beside each other."""
    names, roles = list(dict.fromkeys(rows)), list(dict.fromkeys(frame["respondent_role"]))
    for k, role in enumerate(roles):
        part = frame["respondent_role"] == role
        place = rows[part].map(names.index).to_numpy() + _APART * (k - (len(roles) - 1) / 2)
        shown = frame.loc[part, [value, f"{value}_lower", f"{value}_upper"]].to_numpy()
        spread = np.nan_to_num(np.column_stack([shown[:, 0] - shown[:, 1], shown[:, 2] - shown[:, 0]])).T
        color, marker = PALETTE[k % len(PALETTE)], _MARKERS[k % len(_MARKERS)]
        ax.errorbar(shown[:, 0], place, xerr=spread, fmt=marker, color=color, capsize=3, label=f"{role} answers")
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.axvline(0.0, color=GREY, linewidth=1)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=len(roles))


def draw_gaps(found: Gaps, ax: Axes | None) -> Axes:
    """Draw gaps by what was asked about, roles apart."""
    frame = found.to_frame().dropna(subset=["gap"])
    if frame.empty:
        raise Refused("Without expectation in surveys there is no gap to draw.")
    ax = ax or new_axes(8.0, 2.2 + 0.5 * frame[found.by].nunique())
    _by_role(frame, frame[found.by], "gap", ax)
    ax.set_xlabel("perception less expectation, points of ten (90% intervals)")
    state(ax, found.finding)
    return ax


def draw_reliability(found: Reliability, ax: Axes | None) -> Axes:
    """Draw all measures of reliability, roles apart."""
    from clvlab.satisfaction.measures.reliability import ALPHA, ITEM_TOTAL

    frame = found.to_frame()
    named = frame["measure"].isin([ALPHA, ITEM_TOTAL])
    rows = frame["measure"].where(~named, frame["measure"] + ": " + frame["of"])
    ax = ax or new_axes(9.0, 2.2 + 0.42 * rows.nunique())
    shown = frame.rename(columns={"lower": "value_lower", "upper": "value_upper"})
    _by_role(shown, rows, "value", ax)
    ax.set_xlabel("0: nothing but noise, 1: no noise (90% intervals)")
    state(ax, found.finding)
    return ax


def draw_nonresponse(found: Nonresponse, ax: Axes | None) -> Axes:
    """Draw the score as answered and weighted by wave."""
    ax = ax or new_axes(8.0, 4.2)
    frame = found.to_frame().iloc[:-1]
    kinds = (
        ("score", "as answered", BLUE, "o", -0.08),
        ("weighted", "weighted for who did not answer", ORANGE, "s", 0.08),
    )
    for name, label, color, marker, aside in kinds:
        if frame[name].isna().all():
            continue
        spread = np.nan_to_num([frame[name] - frame[f"{name}_lower"], frame[f"{name}_upper"] - frame[name]])
        place = np.arange(len(frame)) + aside
        ax.errorbar(place, frame[name], yerr=spread, fmt=marker, color=color, capsize=3, label=label)
    ticks = [f"{row.wave}\n{row.answered_share:.0%} of {row.invited:,}" for row in frame.itertuples()]
    ax.set_xticks(range(len(frame)), ticks)
    ax.set_xlim(-0.6, len(frame) - 0.4)
    ax.set_xlabel("wave, and who answered of those asked")
    ax.set_ylabel("overall satisfaction, points of ten")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=2)
    state(ax, found.finding)
    return ax
