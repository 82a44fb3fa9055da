"""Tiers through time: who moved and why, where customers of a tier are later, and how many moves the band avoided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Note, Result, Table
from clvlab.tiers.grading.cuts import UNSCORED, named, tier_places
from clvlab.tiers.grading.fifteen import FIFTEEN
from clvlab.tiers.grading.held import held_through

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from clvlab.tiers.grading.scorecard import Scorecard

_LABELS = {one.name: one.label for one in FIFTEEN}
PROMOTION, DEMOTION = "promotion", "demotion"
# So many indicators are named as reasons of a move.
_REASONS = 3
# Below so many points a change is not worth naming.
_NO_CHANGE = 0.05


@dataclass(frozen=True, repr=False, eq=False)
class TierHistory(Result):
    """Tiers of customers from quarter to quarter.

    Attributes
    ----------
    tiers
        One row per customer, one column per quarter: the tier, held by the band.
    moves
        One row per move: customer_id, quarter, move (promotion or demotion), from_tier, to_tier, score_before (when
        the account got the tier it leaves), score, and reasons: the indicators that changed most since then, in
        points of the score.
    migration
        Customers by tier in a quarter (rows) and in the next (columns), all pairs of quarters together.
    band
        Points by which a score must pass a cut before the tier changes.
    moves_without_band
        Changes of tier between quarters if the cuts alone decided.
    """

    tiers: pd.DataFrame
    moves: pd.DataFrame
    migration: pd.DataFrame
    band: float
    moves_without_band: int

    @property
    def title(self) -> str:  # type: ignore[override]
        """Say how many moves there were and how many the band avoided."""
        first, last = self.tiers.columns[[0, -1]]
        return (
            f"{len(self.moves):,} moves between tiers from {first} to {last}; {self.moves_without_band:,} without a "
            f"band of {self.band:g} points"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per move: see ``moves``."""
        return self.moves

    def shares(self) -> Table:
        """Return the share of each tier's customers that are in each tier a quarter later: tier, one column each."""
        shares = self.migration.div(self.migration.sum(axis=1).replace(0, np.nan), axis=0)
        title = "Where each tier's customers are a quarter later"
        return Table(shares.reset_index(), title, percent=tuple(self.migration.columns), fold=False)

    def __repr__(self) -> str:
        """Return the migration matrix in shares as text, the count of moves below."""
        return f"{self.shares()!r}\n{self.title}."

    def _repr_html_(self) -> str:
        return self.shares()._repr_html_() + Note(f"{self.title}.")._repr_html_()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the migration matrix in shares."""
        from clvlab.tiers.grading.plots import draw_migration

        return draw_migration(self, ax)


def tier_history(cards: Mapping[str, Scorecard], band: float) -> TierHistory:
    """Follow tiers through quarters under one frozen scheme.

    Parameters
    ----------
    cards
        Scorecards by quarter, in order of time, all of the same scheme.
    band
        Points by which a score must pass a cut before the tier changes, such as ``assumptions.tier_band``.

    Returns
    -------
    TierHistory
        Tiers, moves with reasons, the migration matrix, and the moves without the band. A customer without a score in
        a quarter has no tier then, and starts anew.

    Raises
    ------
    Refused
        For fewer than two quarters, a negative band, and scorecards of different schemes.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from clvlab.tiers.grading.scheme import learn_scheme
    >>> from clvlab.tiers.grading.scorecard import scorecard
    >>> from clvlab.tiers.grading.weights import given_weights
    >>> known = {"margin": SimpleNamespace(dimension="financial", higher_is_better=True)}
    >>> base = pd.DataFrame({"margin": [10.0, 20.0, 30.0, 40.0]}, index=pd.Index(list("abcd"), name="customer_id"))
    >>> scheme = learn_scheme(base, known, given_weights({"financial": 1}, known), [0.25, 0.25, 0.25])
    >>> later = base.assign(margin=[10.0, 26.0, 24.0, 40.0])
    >>> found = tier_history({"2025Q1": scorecard(base, scheme), "2025Q2": scorecard(later, scheme)}, band=3.0)
    >>> found.moves[["customer_id", "move", "reasons"]]
      customer_id       move       reasons
    0           b  promotion  margin +20.0
    1           c   demotion  margin -20.0
    """
    quarters = list(cards)
    if len(quarters) < 2 or not band >= 0:
        raise Refused(f"A history takes two quarters or more ({len(quarters)} given) and a band of 0 or more ({band}).")
    scheme = cards[quarters[0]].scheme
    for quarter, card in cards.items():
        if card.scheme is not scheme and card.scheme.to_dict() != scheme.to_dict():
            raise Refused(f"The scorecard of {quarter} is of another scheme; score every quarter by the same one.")
    held = held_through(cards, band)
    places = held.to_numpy().T  # one row per quarter
    since = np.zeros(len(held), dtype=int)  # the quarter in which each got its tier
    moves = []
    for i, (before, now) in enumerate(pairwise(places), start=1):
        moved = _moved(before, now)
        for start in np.unique(since[moved]):
            who = moved & (since == start)
            then, today = cards[quarters[start]], cards[quarters[i]]
            rows = _moves(then, today, held.index[who], before[who], now[who])
            rows.insert(1, "quarter", quarters[i])
            moves.append(rows)
        since[before != now] = i
    plain = [tier_places(card.score.reindex(held.index).to_numpy(), scheme.cuts) for card in cards.values()]
    columns = ["customer_id", "quarter", "move", "from_tier", "to_tier", "score_before", "score", "reasons"]
    return TierHistory(
        held.apply(lambda quarter: named(quarter.to_numpy(), scheme.tiers)),
        pd.concat(moves, ignore_index=True) if moves else pd.DataFrame(columns=columns),
        _migration(places, scheme.tiers),
        band,
        sum(int(_moved(a, b).sum()) for a, b in pairwise(plain)),
    )


def _moved(before: NDArray[np.int64], now: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return who had a tier before, has one now, and another one."""
    return (before != now) & (before != UNSCORED) & (now != UNSCORED)


def _migration(held: NDArray[np.int64], tiers: Sequence[str]) -> pd.DataFrame:
    """Count customers by tier before and tier now over all pairs of quarters."""
    counts = np.zeros((len(tiers), len(tiers)), dtype=int)
    for before, now in pairwise(held):
        both = (before != UNSCORED) & (now != UNSCORED)
        np.add.at(counts, (before[both], now[both]), 1)
    return pd.DataFrame(counts, index=pd.Index(tiers, name="tier"), columns=list(tiers))


def _moves(
    then: Scorecard, now: Scorecard, customers: pd.Index, before: NDArray[np.int64], after: NDArray[np.int64]
) -> pd.DataFrame:
    """Return one row per account that moved, with what changed since it got the tier it leaves."""
    change = now.contributions(customers) - then.contributions(customers)
    return pd.DataFrame(
        {
            "customer_id": customers,
            "move": np.where(after < before, PROMOTION, DEMOTION),
            "from_tier": named(before, now.scheme.tiers),
            "to_tier": named(after, now.scheme.tiers),
            "score_before": then.score.loc[customers].to_numpy(),
            "score": now.score.loc[customers].to_numpy(),
            "reasons": _in_words(change),
        }
    )


def _in_words(change: pd.DataFrame) -> NDArray[np.object_]:
    """Return the largest changes of each row as text, largest first: "revenue +4.1, growth -2.0"."""
    names = np.array([f"{_LABELS.get(name, name)} " for name in change.columns], dtype=object)
    amounts = change.to_numpy()
    order = np.argsort(-np.abs(amounts), axis=1, kind="stable")[:, :_REASONS]
    words = np.full(len(change), "", dtype=object)
    for column in order.T:
        amount = amounts[np.arange(len(change)), column]
        said = names[column] + np.char.mod("%+.1f", amount).astype(object)
        said = np.where(words == "", said, ", " + said)
        words = words + np.where(np.abs(amount) >= _NO_CHANGE, said, "")
    return words
