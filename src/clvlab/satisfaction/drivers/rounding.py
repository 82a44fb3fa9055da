"""Gains and losses behind whole scores: what a gap may have been, given that both its scores were rounded."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.satisfaction.answers import POINTS
from clvlab.satisfaction.leave_one_out import Floats

# Points within a step of the scale at which a gap is looked at.
_POINTS_PER_STEP = 20
# Fewer answers do not tell how scores scatter.
_FEWEST = 30


def gains_and_losses(rows: pd.DataFrame, scale_max: pd.Series) -> pd.DataFrame:
    """Return each answer's expected gain and loss against expectation.

    On a scale of whole scores "as expected" hides small gains and small losses alike, so that the plain difference
    understates how losses differ from gains (regression calibration corrects that).

    Parameters
    ----------
    rows
        respondent_role, item, expectation, perception, in points of ten, none missing.
    scale_max
        Highest score of the scale of each row.

    Returns
    -------
    DataFrame
        On the index of ``rows``: gain, loss, 0 or more, in points of ten. Where scores are no whole ones, or fewer than
        30 answers tell how they scatter, they are those of the plain difference.

    Notes
    -----
    Expectation and perception of an item are taken as jointly normal within role and scale, with the variance that
    rounding adds taken out (Sheppard 1898: a step squared over 12); given the rounded scores, gain and loss are
    averaged over the cell of scores that round to them.

    References
    ----------
    Carroll, R. J., Ruppert, D., Stefanski, L. A. and Crainiceanu, C. M. (2006), *Measurement Error in Nonlinear
    Models*, 2nd ed., chapter 4.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = pd.DataFrame({"respondent_role": "shipper", "item": "speed", "expectation": rng.integers(6, 10, 200)})
    >>> rows["perception"] = rng.integers(6, 10, 200)
    >>> same = rows["expectation"] == rows["perception"]
    >>> gains_and_losses(rows, pd.Series(10, rows.index))[same].mean().round(1).tolist()
    [0.2, 0.2]
    """
    gap = rows["perception"] - rows["expectation"]
    found = pd.DataFrame({"gain": gap.clip(lower=0), "loss": (-gap).clip(lower=0)}, rows.index, dtype=float)
    groups = rows.assign(scale_max=scale_max).groupby(["respondent_role", "scale_max", "item"])
    for (_, top, _), part in groups:
        scores = part[["expectation", "perception"]].to_numpy()
        step = POINTS / top
        whole = np.allclose(scores / step, np.round(scores / step))
        covariance = np.cov(scores.T) - np.eye(2) * step**2 / 12 if len(part) >= _FEWEST else np.zeros((2, 2))
        if whole and (np.linalg.eigvalsh(covariance) > 0).all():
            found.loc[part.index] = _within_cells(scores, covariance, step)
    return found


def _within_cells(scores: Floats, covariance: Floats, step: float) -> Floats:
    """Return mean gain and loss over what rounds to each pair of scores, shape (answers, 2)."""
    pairs, which = np.unique(scores, axis=0, return_inverse=True)
    inside = step * ((np.arange(_POINTS_PER_STEP) + 0.5) / _POINTS_PER_STEP - 0.5)
    cell = np.stack(np.meshgrid(inside, inside, indexing="ij"), axis=-1).reshape(-1, 2)
    behind = pairs[:, None, :] + cell
    away = behind - scores.mean(axis=0)
    log_density = -0.5 * np.einsum("pci,ij,pcj->pc", away, np.linalg.inv(covariance), away)
    weight = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    gap = behind[..., 1] - behind[..., 0]
    gain, loss = (weight * np.maximum(gap, 0)).sum(axis=1), (weight * np.maximum(-gap, 0)).sum(axis=1)
    return np.column_stack([gain, loss])[which.ravel()]
