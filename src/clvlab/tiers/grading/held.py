"""The tier that an account holds: reviewed at the ends of quarters, and changed only beyond a band around the cuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.tiers.grading.cuts import UNSCORED, named, tier_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clvlab.tiers.classes.labelled import Classes
    from clvlab.tiers.grading.scorecard import Scorecard

BY_POINTS, SINCE, SCORE_THEN, LEFT, SCORE_LEFT = "tier_by_points", "since", "score_then", "tier_left", "score_left"


def held_places(
    before: NDArray[np.int64], scores: NDArray[np.float64], cuts: Sequence[float], band: float
) -> NDArray[np.int64]:
    """Return tiers as numbers (0 the best), changed only where a score passes a cut by more than the band.

    Parameters
    ----------
    before
        The tiers so far; -1 where there is none, which gets the tier that the cuts give.
    scores
        Today's scores; missing ones give -1.
    cuts
        Points from which an account is in each tier but the last, falling.
    band
        In points.

    Returns
    -------
    array
        An account goes up no further than where it would stand with the band taken off its score, and down no further
        than where it would stand with the band added.

    Examples
    --------
    >>> held_places(np.array([1, 1, 0, 0, -1]), np.array([82, 84, 78, 76, 81.0]), (80.0,), 3.0).tolist()
    [1, 0, 0, 1, 0]
    """
    safely, at_best = tier_places(scores - band, cuts), tier_places(scores + band, cuts)
    plain = tier_places(scores, cuts)
    return np.where((before == UNSCORED) | (plain == UNSCORED), plain, np.clip(before, at_best, safely))


def held_through(reviews: Mapping[str, Scorecard], band: float) -> pd.DataFrame:
    """Follow tiers through reviews.

    Parameters
    ----------
    reviews
        Scorecards by quarter, in order of time, all of the same scheme.
    band
        Points by which a score must pass a cut before the tier changes.

    Returns
    -------
    DataFrame
        One row per customer, one column per quarter: the tier held as a number, 0 the best. A customer without a score
        in a quarter has -1 then, and starts anew.
    """
    every = (card.points.index for card in reviews.values())
    customers = reduce(pd.Index.union, every, pd.Index([], dtype=object)).rename("customer_id")
    held, found = np.full(len(customers), UNSCORED), {}
    for quarter, card in reviews.items():
        held = found[quarter] = held_places(held, card.score.reindex(customers).to_numpy(), card.scheme.cuts, band)
    return pd.DataFrame(found, index=customers)


def held_tiers(card: Scorecard, reviews: Mapping[str, Scorecard], band: float) -> Classes:
    """Return the tier that each account holds today: that of the last review; of its points where it had none then.

    Parameters
    ----------
    card
        Today's scorecard.
    reviews
        Scorecards at the ends of past quarters by the same scheme, in order of time; none where no quarter is over.
    band
        Points by which a score must pass a cut before the tier changes, such as ``assumptions.tier_band``.

    Returns
    -------
    Classes
        Beside each label: today's score, ``tier_by_points``, the quarter ``since`` which the tier is held,
        ``score_then``, ``tier_left`` for it, and ``score_left``, with which that one had been got. All are missing for
        who was not in the last review, the last two also for who has held no other tier.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from clvlab.tiers.grading.scheme import learn_scheme
    >>> from clvlab.tiers.grading.scorecard import scorecard
    >>> from clvlab.tiers.grading.weights import given_weights
    >>> known = {"margin": SimpleNamespace(dimension="financial", higher_is_better=True)}
    >>> base = pd.DataFrame({"margin": [10.0, 20.0, 30.0, 40.0]}, index=pd.Index(list("abcd"), name="customer_id"))
    >>> scheme = learn_scheme(base, known, given_weights({"financial": 1}, known), [0.25, 0.25, 0.25])
    >>> today = scorecard(base.assign(margin=[10.0, 20.0, 24.5, 40.0]), scheme)
    >>> held_tiers(today, {"2025-Q1": scorecard(base, scheme)}, band=3.0).to_frame().iloc[:, :6].round(1)
      customer_id      class  score tier_by_points    since  score_then
    0           a    regular    0.0        regular  2025-Q1         0.0
    1           b  potential   33.3      potential  2025-Q1        33.3
    2           c  important   48.3      potential  2025-Q1        66.7
    3           d       core  100.0           core  2025-Q1       100.0
    """
    plain = card.tiers()
    held = held_through(reviews, band).reindex(plain.labels.index, fill_value=UNSCORED)
    got = pd.DataFrame({SINCE: None, SCORE_THEN: np.nan, LEFT: None, SCORE_LEFT: np.nan}, index=held.index)
    places = pd.Series(UNSCORED, index=held.index)
    for quarter, now in held.items():
        moved = now != places
        left = moved & (places != UNSCORED)
        got.loc[left, LEFT] = named(places[left].to_numpy(), card.scheme.tiers)
        got.loc[left, SCORE_LEFT] = got[SCORE_THEN]
        got.loc[moved, SINCE] = quarter
        got.loc[moved, SCORE_THEN] = reviews[str(quarter)].score.reindex(held.index)[moved]
        places = now
    reviewed = places != UNSCORED
    labels = plain.labels.where(~reviewed, named(places.to_numpy(), card.scheme.tiers))
    values = plain.values[["score"]].assign(**{BY_POINTS: plain.labels}).join(got.where(reviewed))
    return replace(
        plain, title=f"{plain.title}, held by a band", labels=labels, values=values,
        remarks=(*plain.remarks, *_in_words(labels != plain.labels, reviewed, list(reviews), band)),
    )  # fmt: skip


def _in_words(differ: pd.Series, reviewed: pd.Series, quarters: Sequence[str], band: float) -> tuple[str, ...]:
    """Say how tiers come to be held, and of how many points alone decide."""
    if not quarters:
        return ("Tiers are those of today's points: no quarter with a year of records behind it is over yet.",)
    said = (
        f"Tiers are reviewed at the end of a quarter, last in {quarters[-1]}, and change only when the score passes a "
        f"cut by more than {band:g} points: {int(differ.sum()):,} are in another tier than today's points alone would "
        "give."
    )
    new = int((~reviewed).sum())
    return (said, f"Graded since, by points until the next review: {new:,}.") if new else (said,)
