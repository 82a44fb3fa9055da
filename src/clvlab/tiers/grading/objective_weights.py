"""Weights from the data alone: indicators that set customers apart count more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.tiers.grading.weights import INDICATOR, Weights, made_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clvlab.tiers.grading.indicator import Indicator

# Values are drawn in to these quantiles before they are stretched to 0 to 1: one outlier must not set the scale.
_ENDS = (0.05, 0.95)
# Below this many customers the spread of an indicator is mostly chance.
_FEWEST = 10
# Stands for 0 where pymcdm takes a logarithm; x log x is then 0 as the method has it.
_TINY = 1e-12
# Correlations this near to 1 differ from it by rounding only.
_ALIKE = 1e-9


def entropy_weights(values: pd.DataFrame, known: Mapping[str, Indicator]) -> Weights:
    """Weigh indicators by how unevenly they are spread over customers: one minus their entropy.

    An indicator that few customers have much of gets much weight, whether it matters or not; judge the result.

    Parameters
    ----------
    values
        One row per customer, one column per indicator, missing where not known; so is one without a column.
    known
        The indicators by name, each with dimension and higher_is_better.

    Returns
    -------
    Weights
        Learnt from customers with every indicator known. An indicator never known, or the same for all, gets 0.

    Raises
    ------
    Refused
        For fewer than 10 such customers, and when no indicator differs between them.

    Notes
    -----
    Values are drawn in to their 5th and 95th percentile and stretched to 0 to 1, better being higher, so that units,
    negative amounts and outliers do not matter; the weights are then pymcdm's.

    References
    ----------
    Zeleny, M. (1982), "Multiple Criteria Decision Making", McGraw-Hill; as used by Xu, X. (2004), "A note on the
    subjective and objective integrated approach to determine attribute weights", European Journal of Operational
    Research 156(2).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> known = {name: SimpleNamespace(dimension=name, higher_is_better=True) for name in ("financial", "risk")}
    >>> even, few = np.arange(20.0), np.r_[np.zeros(15), np.ones(5)]
    >>> entropy_weights(pd.DataFrame({"financial": even, "risk": few}), known).values.round(2).to_list()
    [0.16, 0.84]
    """
    from pymcdm import weights  # here because it draws in matplotlib and takes a second

    return _learnt(lambda stretched: weights.entropy_weights(np.maximum(stretched, _TINY)), values, known, "entropy")


def critic_weights(values: pd.DataFrame, known: Mapping[str, Indicator]) -> Weights:
    """Weigh indicators by their spread times how little the others already say: the CRITIC method.

    Parameters
    ----------
    values, known
        As for :func:`entropy_weights`.

    Returns
    -------
    Weights
        As for :func:`entropy_weights`.

    Raises
    ------
    Refused
        As for :func:`entropy_weights`; and when all indicators say exactly the same.

    References
    ----------
    Diakoulaki, D., Mavrotas, G. and Papayannakis, L. (1995), "Determining objective weights in multiple criteria
    problems: the CRITIC method", Computers and Operations Research 22(7).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> known = {name: SimpleNamespace(dimension=name, higher_is_better=True) for name in "abc"}
    >>> x = np.arange(20.0)
    >>> critic_weights(pd.DataFrame({"a": x, "b": 2 * x, "c": x[::-1]}), known).values.round(2).to_list()
    [0.25, 0.25, 0.5]
    """
    return _learnt(_critic, values, known, "CRITIC")


def _critic(stretched: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return pymcdm's weights; none where indicators all say the same, from which it makes weights of rounding."""
    from pymcdm import weights

    if stretched.shape[1] == 1:
        return np.ones(1)
    if np.corrcoef(stretched.T).min() > 1 - _ALIKE:
        return np.zeros(stretched.shape[1])
    return weights.critic_weights(stretched)


def _learnt(
    method: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    values: pd.DataFrame,
    known: Mapping[str, Indicator],
    name: str,
) -> Weights:
    """Apply a method to the indicators that differ between customers of whom all of them are known."""
    table = values.reindex(columns=list(known.keys())).astype(float)
    there = table.columns[table.notna().any()]
    complete = table[there].dropna()
    if len(complete) < _FEWEST:
        rare = f"; {table[there].isna().sum().idxmax()} is missing most often" if len(there) else ""
        raise Refused(
            f"{name} weights need {_FEWEST} customers with every indicator known, and there are {len(complete)}{rare}. "
            "Give the weights, or leave that indicator out."
        )
    low, high = np.quantile(complete, _ENDS, axis=0)
    better = np.array([known[column].higher_is_better for column in there])
    differs = high > low
    stretched = (np.clip(complete, low, high) - low).to_numpy()[:, differs] / (high - low)[differs]
    stretched = np.where(better[differs], stretched, 1 - stretched)
    found = method(stretched) if differs.any() else np.array([])
    if not (np.isfinite(found).all() and found.sum() > 0):
        raise Refused(f"{name} weights need indicators that differ between customers and from each other.")
    amounts = pd.Series(0.0, index=pd.Index(known.keys(), name=INDICATOR))
    amounts[there[differs]] = np.maximum(found, 0.0)
    remarks = [f"{name} weights are learnt from {len(complete):,} of {len(values):,} customers, all indicators known."]
    silent = [known[column].label for column in amounts.index if column not in there[differs]]
    if silent:
        remarks.append(f"Never known or (nearly) the same for all, hence without weight: {', '.join(silent)}.")
    return made_of(amounts, known, name, remarks)
