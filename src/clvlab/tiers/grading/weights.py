"""Weights of the scorecard's indicators: as given by the user, and several sets made into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.refusal import Refused, nearest
from clvlab.results import Result

if TYPE_CHECKING:
    from clvlab.tiers.grading.indicator import Indicator

INDICATOR, DIMENSION, WEIGHT = "indicator", "dimension", "weight"
# 财务贡献, 合作潜力, 稳定性, 风险
DIMENSIONS = ("financial", "potential", "stability", "risk")


@dataclass(frozen=True, repr=False, eq=False)
class Weights(Result):
    """What each indicator counts, adding up to 1.

    Attributes
    ----------
    values
        Weight by indicator, 0 or more, adding up to 1.
    dimensions
        Dimension by indicator, in the same order.
    method
        Where the weights come from, e.g. "given".
    remarks
        What a reader must know, in sentences.
    """

    values: pd.Series
    dimensions: pd.Series
    method: str
    remarks: Sequence[str] = ()

    percent = (WEIGHT,)
    fold = False

    @property
    def title(self) -> str:  # type: ignore[override]
        """Name the method."""
        return f"Weights of indicators, {self.method}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per indicator: dimension, indicator, weight."""
        frame = pd.DataFrame({DIMENSION: self.dimensions, WEIGHT: self.values})
        return frame.rename_axis(INDICATOR).reset_index()[[DIMENSION, INDICATOR, WEIGHT]]

    def of_dimensions(self) -> pd.Series:
        """Return the weight of each dimension, in order of appearance."""
        return self.values.groupby(self.dimensions, sort=False).sum().rename(WEIGHT)

    def __repr__(self) -> str:
        """Return the weights as text, remarks below."""
        return "\n".join([super().__repr__(), *self.remarks])


def made_of(amounts: pd.Series, known: Mapping[str, Indicator], method: str, remarks: Sequence[str] = ()) -> Weights:
    """Return amounts by indicator, 0 or more, as weights adding up to 1."""
    dimensions = pd.Series({name: known[name].dimension for name in amounts.index}, dtype=object)
    return Weights(amounts / amounts.sum(), dimensions, method, tuple(remarks))


def given_weights(weights: Mapping[str, float], known: Mapping[str, Indicator]) -> Weights:
    """Share out weights given for dimensions and single indicators.

    An indicator named counts by its own weight. A dimension's weight is shared equally between those of its indicators
    that are not named; what is not named at all counts nothing. All is then scaled to add up to 1.

    Parameters
    ----------
    weights
        Weight by dimension or indicator, 0 or more, such as ``assumptions.tier_weights`` or what
        :func:`~clvlab.tiers.grading.pairwise.judged_weights` returns.
    known
        The indicators by name, each with its dimension.

    Returns
    -------
    Weights
        One weight per indicator. A dimension without indicators is left out, which a remark says.

    Raises
    ------
    Refused
        For names that are neither indicator nor a dimension of the scorecard, weights that are negative or not finite,
        and when no indicator gets any.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> known = {"margin": SimpleNamespace(dimension="financial"), "revenue": SimpleNamespace(dimension="financial"),
    ...          "growth": SimpleNamespace(dimension="potential")}
    >>> given_weights({"financial": 2, "potential": 2}, known)
    Weights of indicators, given
    dimension indicator weight
    financial    margin  25.0%
    financial   revenue  25.0%
    potential    growth  50.0%
    """
    of_dimension: dict[str, list[str]] = {}
    for name, indicator in known.items():
        of_dimension.setdefault(indicator.dimension, []).append(name)
    amounts = pd.Series(0.0, index=pd.Index(known.keys(), name=INDICATOR))
    remarks = []
    for name, weight in weights.items():
        if not (isfinite(weight) and weight >= 0):
            raise Refused(f"The weight of {name} is {weight}; give a number that is 0 or more.")
        if name in amounts.index:
            amounts[name] = weight
            continue
        if name not in of_dimension and name not in DIMENSIONS:
            near = nearest(name, [*DIMENSIONS, *known.keys()])
            raise Refused(f"{name!r} is neither a dimension nor an indicator known here{near}.")
        rest = [indicator for indicator in of_dimension.get(name, []) if indicator not in weights]
        amounts[rest] = weight / max(len(rest), 1)
        if weight > 0 and not rest:
            remarks.append(f"No indicator is left to take the weight of {name}; the others share it.")
    if not amounts.sum() > 0:
        raise Refused("No indicator has a weight above 0; give a dimension with indicators a weight.")
    return made_of(amounts, known, "given", remarks)


def combined_weights(*parts: Weights, how: str = "product") -> Weights:
    """Make several sets of weights into one, such as those of judgement and of the data.

    Parameters
    ----------
    parts
        Two or more sets for the same indicators.
    how
        ``"product"``: multiplied indicator by indicator and scaled to add up to 1, so that an indicator counts much
        only where every set gives it much, and nothing where one gives it nothing. ``"mean"``: the plain average.

    Raises
    ------
    Refused
        For a single set, sets for different indicators, another ``how``, and a product that is 0 throughout.

    Examples
    --------
    >>> names, dimensions = ["margin", "growth"], pd.Series({"margin": "financial", "growth": "potential"})
    >>> judged = Weights(pd.Series([0.6, 0.4], names), dimensions, "given")
    >>> spread = Weights(pd.Series([0.2, 0.8], names), dimensions, "CRITIC")
    >>> combined_weights(judged, spread).values.round(3).to_list()
    [0.273, 0.727]
    >>> combined_weights(judged, spread, how="mean").values.round(3).to_list()
    [0.4, 0.6]
    """
    if len(parts) < 2:
        raise Refused("Combining weights takes two sets of weights or more.")
    first = parts[0].values
    if any(set(part.values.index) != set(first.index) for part in parts):
        raise Refused("Sets of weights are for different indicators; make all of them for the same scorecard.")
    if how not in ("product", "mean"):
        raise Refused(f"how={how!r} is neither 'product' nor 'mean'.")
    table = np.array([part.values.reindex(first.index) for part in parts])
    amounts = pd.Series(table.prod(axis=0) if how == "product" else table.mean(axis=0), index=first.index)
    if not amounts.sum() > 0:
        raise Refused("No indicator has a weight above 0 in every set; combine by how='mean'.")
    method = f"{how} of " + " and ".join(part.method for part in parts)
    remarks = tuple(dict.fromkeys(remark for part in parts for remark in part.remarks))
    return Weights(amounts / amounts.sum(), parts[0].dimensions, method, remarks)
