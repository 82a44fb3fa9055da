"""A grading scheme: weights, scales and cuts, learnt once from a reference base and then frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clvlab.tiers.grading.cuts import learn_cuts, tier_names, wanted
from clvlab.tiers.grading.scales import Scale, learn_scales, to_points
from clvlab.tiers.grading.weights import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clvlab.tiers.grading.indicator import Indicator


@dataclass(frozen=True, eq=False)
class Scheme:
    """What a score and a tier mean, for as long as the scheme holds.

    Attributes
    ----------
    weights
        What each indicator counts.
    scales
        The scale by indicator; an indicator never known in the reference base has none and stays out.
    cuts
        Points from which an account is in each tier but the last, falling.
    remarks
        What a reader must know, in sentences.
    """

    weights: Weights
    scales: Mapping[str, Scale]
    cuts: tuple[float, ...]
    remarks: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse a number of cuts that makes no three to five tiers."""
        tier_names(self.cuts)

    @property
    def tiers(self) -> tuple[str, ...]:
        """Return the names of the tiers, best first."""
        return tier_names(self.cuts)

    def to_dict(self) -> dict[str, Any]:
        """Return the scheme as plain lists, numbers and texts, to be kept and compared."""
        return {
            "weights": self.weights.values.to_dict(),
            "dimensions": self.weights.dimensions.to_dict(),
            "method": self.weights.method,
            "scales": {
                name: {"values": list(scale.values), "points": list(scale.points)}
                for name, scale in self.scales.items()
            },
            "cuts": list(self.cuts),
            "remarks": [*self.remarks],
        }


def learn_scheme(
    values: pd.DataFrame, known: Mapping[str, Indicator], weights: Weights, shares: Sequence[float]
) -> Scheme:
    """Learn scales and cuts from a reference base.

    Parameters
    ----------
    values
        One row per customer, one column per indicator, missing where not known; so is one without a column.
    known
        The indicators by name, each with dimension and higher_is_better: all of the scorecard, also those that these
        records do not tell, so that the weight that is known shows.
    weights
        What each indicator counts.
    shares
        Share of customers in each tier but the last, best first, such as ``assumptions.tier_shares``.

    Returns
    -------
    Scheme
        Frozen: what comes later is scored by it without learning anew.

    Raises
    ------
    Refused
        When nobody can be scored, and for a number of shares that makes no three to five tiers.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from clvlab.tiers.grading.weights import given_weights
    >>> known = {"margin": SimpleNamespace(dimension="financial", higher_is_better=True)}
    >>> base = pd.DataFrame({"margin": [10.0, 20.0, 30.0, 40.0, 50.0]})
    >>> learn_scheme(base, known, given_weights({"financial": 1}, known), [0.2, 0.2, 0.2]).cuts
    (87.5, 62.5, 37.5)
    """
    tier_names(shares)
    scales = learn_scales(values, known)
    scores, _, _ = weigh(to_points(values, scales, list(weights.values.index)).to_numpy(), weights)
    unknown = [one.label for name, one in known.items() if name not in scales]
    level = [known[name].label for name, scale in scales.items() if len(scale.values) == 1]
    cuts = learn_cuts(scores, shares)
    remarks = [*weights.remarks]
    if unknown:
        remarks.append(f"Never known, hence left out: {', '.join(unknown)}.")
    if level:
        remarks.append(f"The same for all of whom it is known, hence 50 points each: {', '.join(level)}.")
    scored = scores[~np.isnan(scores)]
    if (np.sum(scored[:, None] >= cuts, axis=0) < wanted(len(scored), shares)).any():
        remarks.append("Customers with the same score stay below a cut together: tiers hold fewer than their shares.")
    return Scheme(weights, scales, cuts, tuple(remarks))


def weigh(
    points: NDArray[np.float64], weights: Weights, amounts: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Add up points by weight; what is missing is neither 0 nor average but left out.

    Within a dimension, the weights of the indicators known are scaled up to the dimension's weight. The weight of a
    dimension of which nothing is known is shared by the others in proportion to theirs.

    Parameters
    ----------
    points
        One row per customer, one column per indicator in the order of the weights; missing where not known.
    weights
        The indicators' weights and dimensions.
    amounts
        Other weights for the same indicators, 0 or more; those of ``weights`` when None.

    Returns
    -------
    tuple of arrays
        Score of each customer (0 to 100, missing where nothing with a weight is known); share of the weight that is
        known (0 to 1); and the level, one column per dimension in order of appearance, 0 to 100, missing where nothing
        is known of it.

    Notes
    -----
    Adds column by column: a sum by matrix multiplication may differ in its last bits between rows, and part customers
    who are tied.
    """
    amounts = weights.values.to_numpy() if amounts is None else amounts
    codes, dimensions = pd.factorize(weights.dimensions)
    sums, weight = np.zeros((2, len(dimensions), len(points)))
    for column, amount, code in zip(points.T, amounts, codes, strict=True):
        there = ~np.isnan(column)
        sums[code] += np.where(there, column, 0.0) * amount
        weight[code] += there * amount
    levels = np.divide(sums, weight, out=np.full_like(sums, np.nan), where=weight > 0)
    score, counted = np.zeros((2, len(points)))
    for code in range(len(dimensions)):
        full = amounts[codes == code].sum() * (weight[code] > 0)
        score += np.where(weight[code] > 0, levels[code], 0.0) * full
        counted += full
    score = np.divide(score, counted, out=np.full_like(score, np.nan), where=counted > 0)
    return score, weight.sum(axis=0) / amounts.sum(), levels.T
