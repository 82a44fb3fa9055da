"""TOPSIS beside the weighted sum: does another way of adding up rank customers otherwise?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from clvlab.refusal import Refused
from clvlab.results import Note, Result
from clvlab.tiers.grading.cuts import cuts_at, named, tier_places
from clvlab.tiers.grading.scales import FULL
from clvlab.tiers.grading.scorecard import SCORE, TIER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clvlab.tiers.grading.scorecard import Scorecard

CLOSENESS = "closeness"


@dataclass(frozen=True, repr=False, eq=False)
class TopsisRanking(Result):
    """Customers ranked by TOPSIS beside their score.

    Attributes
    ----------
    frame
        One row per customer with a score: customer_id, score, tier, closeness (0 as bad, 1 as good as can be),
        topsis_tier (with tiers of the same sizes).
    rank_correlation
        Spearman's, between closeness and score; missing where either is the same for all.
    same_tier
        Share of customers with the same tier by both.
    """

    frame: pd.DataFrame
    rank_correlation: float
    same_tier: float

    title = "TOPSIS beside the weighted sum"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer: customer_id, score, tier, closeness, topsis_tier."""
        return self.frame

    def __repr__(self) -> str:
        """Return the agreement in a sentence."""
        correlation = "not defined" if np.isnan(self.rank_correlation) else f"{self.rank_correlation:.3f}"
        return f"{self.title}: rank correlation {correlation}; {self.same_tier:.1%} of customers in the same tier."

    def _repr_html_(self) -> str:
        return Note(repr(self))._repr_html_()


def topsis(card: Scorecard) -> TopsisRanking:
    """Rank customers by closeness to the ideal, and compare with the weighted sum.

    The weighted sum lets a strong point make up for any weak one; by distance from the ideal, being uneven costs.

    Parameters
    ----------
    card
        The scorecard.

    Returns
    -------
    TopsisRanking
        Closeness to the ideal by customer, rank correlation with the score, and share of customers in the same tier.

    Raises
    ------
    Refused
        When no customer has a score.

    Notes
    -----
    pymcdm's TOPSIS (Hwang and Yoon 1981) on the frozen points. Ideal and anti-ideal are the scale's ends, 100 and 0 of
    every indicator, not the best and worst customer: the ranking of two customers does not depend on a third. What is
    not known of a customer counts at the level of what is, as in the score.

    References
    ----------
    Hwang, C. L. and Yoon, K. (1981), "Multiple Attribute Decision Making", Springer.

    Examples
    --------
    >>> import pandas as pd
    >>> from types import SimpleNamespace
    >>> from clvlab.tiers.grading.scheme import learn_scheme
    >>> from clvlab.tiers.grading.scorecard import scorecard
    >>> from clvlab.tiers.grading.weights import given_weights
    >>> known = {"margin": SimpleNamespace(dimension="financial", higher_is_better=True)}
    >>> base = pd.DataFrame({"margin": [10.0, 20.0, 30.0, 40.0]}, index=pd.Index(list("abcd"), name="customer_id"))
    >>> scheme = learn_scheme(base, known, given_weights({"financial": 1}, known), [0.25, 0.25, 0.25])
    >>> topsis(scorecard(base, scheme))
    TOPSIS beside the weighted sum: rank correlation 1.000; 100.0% of customers in the same tier.
    """
    from pymcdm.methods import TOPSIS  # here because it draws in matplotlib and takes a second

    scored = card.score.notna().to_numpy()
    if not scored.any():
        raise Refused("No customer has a score, so there is nothing to rank by TOPSIS.")
    weights = card.scheme.weights.values
    counted = weights.index[weights > 0]
    points = card.contributions().loc[scored, counted].to_numpy() / weights[counted].to_numpy()
    ends = np.array([[FULL], [0.0]]) * np.ones(len(counted))
    # Its validation warns of alternatives that dominate all others, which the two ends do by intention.
    method = TOPSIS(normalization_function=_as_it_is)
    closeness = method(np.vstack([points, ends]), weights[counted], np.ones(len(counted), int), validation=False)[:-2]
    score, places = card.score[scored], card.places()[scored]
    sizes = np.cumsum(np.bincount(places, minlength=len(card.scheme.tiers)))[:-1]
    by_topsis = tier_places(closeness, cuts_at(closeness, sizes))
    frame = pd.DataFrame(
        {
            SCORE: score,
            TIER: named(places, card.scheme.tiers),
            CLOSENESS: closeness,
            "topsis_tier": named(by_topsis, card.scheme.tiers),
        },
        index=score.index,
    )
    level = np.ptp(closeness) == 0 or np.ptp(score.to_numpy()) == 0
    correlation = float("nan") if level else float(spearmanr(closeness, score).statistic)
    frame = frame.rename_axis("customer_id").reset_index()
    return TopsisRanking(frame, correlation, float((by_topsis == places).mean()))


def _as_it_is(column: NDArray[np.float64], cost: bool) -> NDArray[np.float64]:
    """Return points as they are: they are on one scale already, and higher is better."""
    return column
