"""The estimates of a monthly hazard on the scale of its columns as they are: errors and hazard ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from clvlab.churn.hazards.monthly.design import Design
from clvlab.churn.hazards.monthly.likelihood import Point, covariance
from clvlab.churn.spells import Floats


@dataclass(frozen=True)
class Estimates:
    """The maximum of a likelihood, with errors.

    Attributes
    ----------
    design, point
        The terms, and the likelihood at its maximum, with customers' scores.
    endless
        Which columns of the design have a coefficient without end.
    covariates
        As they were asked for, those without a coefficient included.
    """

    design: Design
    point: Point
    endless: NDArray[np.bool_]
    covariates: list[str]

    @property
    def names(self) -> list[str]:
        """Return the names of all parameters, those without an estimate included."""
        return [*(name for name in self.design.names if name not in self.covariates), *self.covariates]

    def params(self) -> pd.Series:
        """Return the estimates; missing for columns without a coefficient, infinite for endless ones."""
        values = self.design.natural() @ self.point.at
        values = np.where(self.endless, np.copysign(np.inf, values), values)
        return pd.Series(values, index=self.design.names, name="estimate").reindex(self.names)

    def model_covariance(self) -> Floats:
        """Return the inverse of the information, on the scale of the design."""
        return covariance(self.point.information)

    def robust_covariance(self) -> Floats:
        """Return the covariance by what each customer moves the estimates by, on the scale of the design."""
        moves = self.model_covariance() @ self.point.scores
        return moves @ moves.T

    def natural(self, scaled: Floats) -> pd.DataFrame:
        """Return a covariance on the scale of the columns as they are; missing where an estimate is not finite."""
        matrix = self.design.natural() @ scaled @ self.design.natural().T
        matrix = np.where(self.endless | self.endless[:, None], np.nan, matrix)
        frame = pd.DataFrame(matrix, index=self.design.names, columns=self.design.names)
        return frame.reindex(index=self.names, columns=self.names)


def hazard_ratios(params: pd.Series, variance: pd.Series, covariates: list[str], confidence: float) -> pd.DataFrame:
    """Return ``covariate``, ``hazard_ratio``, ``lower``, ``upper``, ``p_value``, by Wald's intervals and tests.

    An infinite estimate is bounded by nothing: its interval goes from 0 to infinity.
    """
    estimate = params[covariates].to_numpy(dtype=float)
    error = np.sqrt(variance[covariates].to_numpy(dtype=float))
    margin = norm.ppf((1 + confidence) / 2) * error
    lower = np.where(np.isinf(estimate), -np.inf, estimate - margin)
    upper = np.where(np.isinf(estimate), np.inf, estimate + margin)
    with np.errstate(over="ignore"):
        return pd.DataFrame(
            {
                "covariate": covariates,
                "hazard_ratio": np.exp(estimate),
                "lower": np.exp(lower),
                "upper": np.exp(upper),
                "p_value": 2 * norm.sf(np.abs(estimate) / error),
            }
        )
