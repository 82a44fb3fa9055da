"""The matrix of current worth and prospects: four cells, four tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import Classes
from clvlab.tiers.grading.cuts import CORE, IMPORTANT, POTENTIAL, REGULAR, UNSCORED, learn_cuts, named

if TYPE_CHECKING:
    from clvlab.tiers.grading.scorecard import Scorecard

# What an account is worth today, and what it may come to be.
CURRENT, PROSPECTS = ("financial", "stability"), ("potential", "risk")
_TIERS = (CORE, IMPORTANT, POTENTIAL, REGULAR)


@dataclass(frozen=True)
class MatrixCuts:
    """Points, 0 to 100, from which current worth and prospects count as high; frozen once learnt."""

    current: float
    prospects: float


def axes_of(card: Scorecard) -> pd.DataFrame:
    """Return current worth and prospects by customer, 0 to 100; missing where nothing of either side is known.

    Each is the mean of its two dimensions' levels by the dimensions' weights; of one alone where the other is not
    known.

    Raises
    ------
    Refused
        When the dimensions of one side have no weight.
    """
    weight = card.scheme.weights.of_dimensions()
    sides = {}
    for name, dimensions in (("current", CURRENT), ("prospects", PROSPECTS)):
        there = [dimension for dimension in dimensions if weight.get(dimension, 0.0) > 0]
        if not there:
            raise Refused(f"The matrix needs a weight above 0 for {' or '.join(dimensions)}, its side {name!r}.")
        levels = card.levels[there]
        shares = levels.notna() * weight[there].to_numpy()
        total = shares.sum(axis=1)
        sides[name] = (levels.fillna(0.0) * shares).sum(axis=1) / total.where(total > 0)
    return pd.DataFrame(sides)


def learn_matrix_cuts(card: Scorecard, shares: Sequence[float]) -> MatrixCuts:
    """Set the cuts of the matrix so that its cells hold about the stated shares of customers.

    Parameters
    ----------
    card
        The scorecard of the reference base.
    shares
        Shares of customers in core, important and potential, such as ``assumptions.tier_shares``.

    Returns
    -------
    MatrixCuts
        Current worth is high for the share of core and important together. Among the others, prospects are high for
        the share of potential; the same cut parts core from important, whose sizes follow.

    Raises
    ------
    Refused
        For other than three shares, and when nobody has both sides known.
    """
    if len(shares) != 3:
        raise Refused(f"The matrix has four cells; give three shares (core, important, potential), not {len(shares)}.")
    sides = axes_of(card).dropna()
    high = shares[0] + shares[1]
    (current,) = learn_cuts(sides["current"].to_numpy(), [high])
    rest = sides.loc[sides["current"] < current, "prospects"]
    (prospects,) = learn_cuts(rest.to_numpy(), [shares[2] / (1 - high)])
    return MatrixCuts(current, prospects)


def matrix_tiers(card: Scorecard, cuts: MatrixCuts) -> Classes:
    """Put each customer into a cell of the matrix of current worth and prospects.

    High and high is core; worth much now with low prospects, important; worth little now with high prospects,
    potential; low and low, regular.

    Parameters
    ----------
    card
        The scorecard.
    cuts
        From :func:`learn_matrix_cuts`.

    Returns
    -------
    Classes
        With both sides' points as values. A customer of whom one side is not known has no tier.

    Raises
    ------
    Refused
        When the dimensions of one side have no weight.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from clvlab.tiers.grading.scheme import learn_scheme
    >>> from clvlab.tiers.grading.scorecard import scorecard
    >>> from clvlab.tiers.grading.weights import given_weights
    >>> known = {"margin": SimpleNamespace(dimension="financial", higher_is_better=True),
    ...          "growth": SimpleNamespace(dimension="potential", higher_is_better=True)}
    >>> base = pd.DataFrame({"margin": [4.0, 3.0, 2.0, 1.0], "growth": [0.3, 0.1, 0.2, 0.0]}, index=list("abcd"))
    >>> scheme = learn_scheme(base, known, given_weights({"financial": 1, "potential": 1}, known), [0.25] * 3)
    >>> matrix_tiers(scorecard(base, scheme), MatrixCuts(50.0, 50.0)).labels.to_list()
    ['core', 'important', 'potential', 'regular']
    """
    sides = axes_of(card)
    low_now, low_later = (sides["current"] < cuts.current), (sides["prospects"] < cuts.prospects)
    places = np.where(sides.notna().all(axis=1), 2 * low_now + low_later, UNSCORED)
    now = {False: f"current worth {cuts.current:.1f} points or more", True: f"current worth below {cuts.current:.1f}"}
    later = {False: f"prospects {cuts.prospects:.1f} points or more", True: f"prospects below {cuts.prospects:.1f}"}
    rules = {tier: f"{now[place >= 2]}, {later[place % 2 == 1]}" for place, tier in enumerate(_TIERS)}
    title = f"Tiers by current worth ({' and '.join(CURRENT)}) and prospects ({' and '.join(PROSPECTS)})"
    return Classes(title, pd.Series(named(places, _TIERS), sides.index), rules, sides, remarks=card.remarks)
