"""Drawing of scorecards: how scores are spread, how firm tiers are, and how customers move between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clvlab.figures import BLUE, GREY, ORANGE, PALETTE, new_axes, state
from clvlab.tiers.grading.cuts import UNSCORED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.tiers.grading.scorecard import Scorecard
    from clvlab.tiers.grading.sensitivity import TierSurvival
    from clvlab.tiers.grading.stability import TierHistory

_BINS = [2.0 * step for step in range(51)]
# With more accounts than this, dots become one cloud; every n-th is drawn.
_MOST_DOTS = 3_000


def draw_scores(card: Scorecard, ax: Axes | None) -> Axes:
    """Draw a histogram of scores, each tier in its colour, with the cuts."""
    ax = ax or new_axes()
    places, score = card.places(), card.score.to_numpy()
    tiers = card.scheme.tiers
    groups = [score[places == place] for place in range(len(tiers))]
    colors = PALETTE[: len(tiers)]
    ax.hist(groups, bins=_BINS, stacked=True, color=colors, label=tiers)
    scored = max(int((places != UNSCORED).sum()), 1)
    ax.set_ylim(0, ax.get_ylim()[1] * 1.12)  # room for the cuts' points
    _draw_cuts(ax, card.scheme.cuts)
    ax.set(xlabel="score (points out of 100)", ylabel="customers", xlim=(0, 100))
    ax.grid(visible=False, axis="x")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=len(tiers))
    best = len(groups[0])
    part = f"{best:,} of {scored:,} customers ({best / scored:.0%})"
    state(ax, f"By points, {part} are {tiers[0]}: they score {card.scheme.cuts[0]:.1f} points or more")
    return ax


def _draw_cuts(ax: Axes, cuts: Sequence[float]) -> None:
    """Draw the cuts as dashed lines with their points at the top."""
    for cut in cuts:
        ax.axvline(cut, color=GREY, linewidth=1, linestyle="--")
        ax.annotate(f"{cut:.1f}", (cut, 1), xycoords=("data", "axes fraction"), xytext=(3, -2),
                    textcoords="offset points", va="top", fontsize=9, color=GREY)  # fmt: skip


def draw_survival(found: TierSurvival, ax: Axes | None) -> Axes:
    """Draw each account's probability to keep its tier against its score: by weights alone, and by both."""
    ax = ax or new_axes()
    rows = found.frame.iloc[:: -(-len(found.frame) // _MOST_DOTS)]
    for way, color, label in (("by_weights", ORANGE, "other weights"), ("by_both", BLUE, "other weights and error")):
        ax.scatter(rows["score"], rows[way], s=9, color=color, alpha=0.5, linewidths=0, label=label)
    ax.set(xlabel="score (points out of 100)", ylabel="probability to keep the tier", ylim=(0, 1.12))
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}" if share <= 1 else "")
    _draw_cuts(ax, found.cuts)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, markerscale=2)
    state(
        ax,
        f"{found.firm_share:.0%} of accounts keep their tier in nine of ten draws of weights (±{found.change:.0%}) "
        "and measurement error; those near a cut do not",
    )
    return ax


def draw_migration(history: TierHistory, ax: Axes | None) -> Axes:
    """Draw the shares of each tier's customers by the tier they are in a quarter later."""
    ax = ax or new_axes(6.4, 4.2)
    counts = history.migration
    sums = counts.sum(axis=1)
    shares = counts.div(sums.where(sums > 0), axis=0)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    for (row, column), share in np.ndenumerate(shares.to_numpy()):
        text = "–" if np.isnan(share) else f"{share:.1%}"
        ax.text(column, row, text, ha="center", va="center", color="white" if share > 0.7 else "black")
    ax.set_xticks(range(len(counts)), counts.columns)
    ax.set_yticks(range(len(counts)), counts.index)
    ax.set(xlabel="tier a quarter later", ylabel="tier")
    ax.grid(visible=False)
    stayed = np.diag(counts).sum() / max(counts.to_numpy().sum(), 1)
    avoided = history.moves_without_band - len(history.moves)
    state(ax, f"{stayed:.0%} stay in their tier from quarter to quarter; the band of {history.band:g} points avoided "
              f"{avoided:,} of {history.moves_without_band:,} moves")  # fmt: skip
    return ax
