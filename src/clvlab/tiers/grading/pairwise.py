"""Weights from judgements in pairs: the analytic hierarchy process, with its check of consistency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Result

# Saaty's limit: judgements further from consistency than a tenth of random ones are no basis for weights.
CONSISTENT = 0.1
# Random indices are known up to this many things to compare.
_MOST = 15
# Saaty's scale: 1 equal, 3 moderately, 5 strongly, 7 very strongly, 9 extremely more important, and what is between.
_SCALE = np.array([1 / step for step in range(9, 1, -1)] + [float(step) for step in range(1, 10)])


@dataclass(frozen=True, repr=False, eq=False)
class JudgedWeights(Result):
    """Weights from judgements in pairs.

    Attributes
    ----------
    weights
        Weight by name, adding up to 1: what :func:`~clvlab.tiers.grading.weights.given_weights` takes.
    consistency_ratio
        How far the judgements are from consistency, compared with random ones: 0 is consistent, 1 random.
    """

    weights: Mapping[str, float]
    consistency_ratio: float

    percent = ("weight",)

    @property
    def title(self) -> str:  # type: ignore[override]
        """Say how consistent the judgements are."""
        return f"Weights from judgements in pairs (consistency ratio {self.consistency_ratio:.3f})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per name: name, weight."""
        return pd.DataFrame({"name": list(self.weights), "weight": list(self.weights.values())})


def judged_weights(judgements: Mapping[tuple[str, str], float]) -> JudgedWeights:
    """Turn judgements of importance in pairs into weights.

    Parameters
    ----------
    judgements
        By pair of names (dimensions, or indicators): how many times more important the first is than the second, on
        Saaty's scale from 1 (equally) over 3 (moderately), 5 (strongly), 7 (very strongly) to 9 (extremely), or one
        part of it (1/3) when the second is the more important. Each pair once.

    Returns
    -------
    JudgedWeights
        The principal eigenvector, adding up to 1, and the consistency ratio.

    Raises
    ------
    Refused
        When a pair is missing, twice there or off the scale, for more than 15 names, and when the consistency ratio is
        above 0.1; the sentence then names the judgement least consistent with the others.

    Notes
    -----
    Eigenvector and ratio are pymcdm's (its random indices from Tummala and Ling 1998). The least consistent judgement
    is the one furthest, by ratio, from the weights that all together give (Saaty 2003).

    References
    ----------
    Saaty, T. L. (1990), "How to make a decision: the analytic hierarchy process", European Journal of Operational
    Research 48(1).

    Saaty, T. L. (2003), "Decision-making with the AHP: why is the principal eigenvector necessary", European Journal
    of Operational Research 145(1).

    Examples
    --------
    >>> judged_weights({("financial", "potential"): 2, ("financial", "risk"): 4, ("potential", "risk"): 2})
    Weights from judgements in pairs (consistency ratio 0.000)
         name weight
    financial  57.1%
    potential  28.6%
         risk  14.3%
    """
    from pymcdm.weights.subjective import AHP  # here because it draws in matplotlib and takes a second

    names, matrix = _matrix(judgements)
    process = AHP(matrix=matrix)
    weights, ratio = process(), max(float(process.get_cr()), 0.0)
    if ratio > CONSISTENT:
        raise Refused(
            f"The judgements contradict each other: consistency ratio {ratio:.2f}, above {CONSISTENT}. "
            f"{_least_consistent(names, matrix, weights)}"
        )
    return JudgedWeights(dict(zip(names, weights.tolist(), strict=True)), ratio)


def _matrix(judgements: Mapping[tuple[str, str], float]) -> tuple[list[str], np.ndarray]:
    """Return the names and the matrix of judgements, refusing what is incomplete or off the scale."""
    names = list(dict.fromkeys(name for pair in judgements for name in pair))
    if not 2 <= len(names) <= _MOST:
        raise Refused(f"{len(names)} names to compare; judgements in pairs take 2 to {_MOST}.")
    place = {name: i for i, name in enumerate(names)}
    matrix = np.full((len(names), len(names)), np.nan)
    np.fill_diagonal(matrix, 1.0)
    for (first, second), judgement in judgements.items():
        i, j = place[first], place[second]
        if not np.isnan(matrix[i, j]):
            raise Refused(f"{first} and {second} are compared twice, or with themselves; give each pair once.")
        step = _SCALE[np.argmin(np.abs(np.log(_SCALE / judgement)))] if judgement > 0 else np.nan
        if not np.isclose(step, judgement, rtol=0.03):
            raise Refused(f"{first} against {second} is judged {judgement}; give 1 to 9, or 1/2 to 1/9.")
        matrix[i, j], matrix[j, i] = step, 1 / step
    for i, j in combinations(range(len(names)), 2):
        if np.isnan(matrix[i, j]):
            raise Refused(f"{names[i]} and {names[j]} are not compared; judge every pair.")
    return names, matrix


def _least_consistent(names: list[str], matrix: np.ndarray, weights: np.ndarray) -> str:
    """Say which judgement is furthest from the weights that all judgements together give."""
    together = weights[:, None] / weights
    far = np.abs(np.log(matrix / together))
    i, j = np.unravel_index(np.argmax(far), far.shape)
    i, j = (i, j) if matrix[i, j] >= 1 else (j, i)
    return (
        f"Think again about {names[i]} against {names[j]}, judged {matrix[i, j]:.0f} where all judgements together "
        f"say {together[i, j]:.1f}."
    )
