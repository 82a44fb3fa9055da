"""From a frame's columns to what a Cox model computes with: scaled covariates, known log hazards, strata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.churn.hazards.cox.maximum import Maximum
from clvlab.churn.hazards.cox.partial_likelihood import Integers, PartialLikelihood
from clvlab.churn.spells import Floats, Spells, matrix, numbers
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused

# A covariate that varies by less than this share of its size varies by rounding only.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Design:
    """What a model takes from a frame.

    Attributes
    ----------
    covariates
        Columns with coefficients.
    centre, scale
        Mean and standard deviation of each, between which and 0 and 1 the model computes.
    offset
        The column with the known part of the log hazard; None without one.
    strata
        Columns whose combinations have baseline hazards of their own.
    combinations
        The combinations that there are, in order.
    """

    covariates: tuple[str, ...]
    centre: Floats
    scale: Floats
    offset: str | None
    strata: tuple[str, ...]
    combinations: pd.MultiIndex | None

    @classmethod
    def of(cls, frame: pd.DataFrame, covariates: Sequence[str], offset: str | None, strata: Sequence[str]) -> Design:
        """Return the design that a frame's rows lead to."""
        values = matrix(frame, covariates)
        centre, scale = values.mean(axis=0), values.std(axis=0)
        scale = np.where(scale > _ROUNDING * np.abs(values).max(axis=0), scale, 0.0)
        combinations = None
        if strata:
            need_columns(frame.columns, strata)
            for name in strata:
                if frame[name].isna().any():
                    raise Refused(f"Column {name!r} of the strata has missing values; give them a name or remove them.")
            combinations = pd.MultiIndex.from_frame(frame[list(strata)].drop_duplicates()).sort_values()
        return cls(tuple(covariates), centre, scale, offset, tuple(strata), combinations)

    def scaled(self, frame: pd.DataFrame) -> Floats:
        """Return the covariates (rows, covariates) less their centre, over their scale; 0 where it has none."""
        centred = matrix(frame, self.covariates) - self.centre
        return np.divide(centred, self.scale, out=np.zeros_like(centred), where=self.scale > 0)

    def known(self, frame: pd.DataFrame) -> Floats:
        """Return the known part of each row's log hazard."""
        return numbers(frame, self.offset) if self.offset else np.zeros(len(frame))

    def stratum(self, frame: pd.DataFrame) -> Integers:
        """Return each row's stratum, counted from 0.

        Raises
        ------
        Refused
            For one that the model has not seen.
        """
        if self.combinations is None:
            return np.zeros(len(frame), dtype=np.int64)
        need_columns(frame.columns, self.strata)
        given = pd.MultiIndex.from_frame(frame[list(self.strata)])
        found = self.combinations.get_indexer(given)
        if (found < 0).any():
            unseen = ", ".join(f"{name} {value}" for name, value in zip(self.strata, given[found < 0][0], strict=True))
            raise Refused(f"The model has seen no customer with {unseen}; it has no baseline hazard there.")
        return found.astype(np.int64)


@dataclass(frozen=True)
class Fitted:
    """What was fitted to which rows, in the design's scaled covariates.

    Attributes
    ----------
    kept
        Which covariates have a coefficient of their own: those of ``likelihood`` and ``maximum``.
    """

    design: Design
    spells: Spells
    kept: NDArray[np.bool_]
    likelihood: PartialLikelihood
    maximum: Maximum

    @property
    def scale(self) -> Floats:
        """Return the scale of the covariates kept."""
        return self.design.scale[self.kept]

    def names(self) -> list[str]:
        """Return the covariates kept."""
        return [name for name, kept in zip(self.design.covariates, self.kept, strict=True) if kept]
