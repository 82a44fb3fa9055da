"""What fitted models of the hazard have in common: hazard ratios, their sentences and their figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.churn.hazards.words import words
from clvlab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False, eq=False)
class HazardFit(Result):
    """A fitted model of the hazard.

    Attributes
    ----------
    title
        What was fitted, to how much, and what makes the fit doubtful.
    params_
        Log hazard ratio per unit of each covariate, with whatever else the model estimates. Missing for a covariate
        without a coefficient of its own, infinite where the likelihood rises without end.
    covariance_, standard_errors_
        Model-based, from the information.
    robust_covariance_, robust_standard_errors_
        From the scores' sums by customer: right also where a customer's rows depend on each other.
    log_likelihood_
        At the estimates.
    hazard_ratios_
        ``covariate``, ``hazard_ratio``, ``lower``, ``upper``, ``p_value``, by the errors that
        ``diagnostics_["errors"]`` names.
    diagnostics_
        ``rows``, ``customers``, ``events``, ``errors``, ``converged``, ``remarks``, and what else a model checks.
    confidence
        Coverage of all intervals.
    """

    title: str = field()  # no default, unlike the base class
    params_: pd.Series
    covariance_: pd.DataFrame
    robust_covariance_: pd.DataFrame
    log_likelihood_: float
    hazard_ratios_: pd.DataFrame
    diagnostics_: Mapping[str, object]
    confidence: float

    @property
    def standard_errors_(self) -> pd.Series:
        """Return model-based standard errors."""
        return _errors(self.covariance_)

    @property
    def robust_standard_errors_(self) -> pd.Series:
        """Return robust standard errors."""
        return _errors(self.robust_covariance_)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what a reader should know before the numbers."""
        return self.diagnostics_["remarks"]  # type: ignore[return-value]

    def to_frame(self) -> pd.DataFrame:
        """Return the hazard ratios."""
        return self.hazard_ratios_

    def words(
        self,
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        hazard: str = "hazard",
    ) -> pd.Series:
        """Return a sentence per covariate.

        Parameters
        ----------
        labels
            What a covariate is called, such as ``{"monthly": "a contract by the month"}``.
        units
            What one more of it is called, such as ``{"late_share": "late percentage point"}``.
        hazard
            How the hazard is called, such as "monthly hazard".
        """
        labels, units = labels or {}, units or {}
        sentences = {}
        for row in self.hazard_ratios_.itertuples():
            name = str(row.covariate)
            with np.errstate(divide="ignore"):
                middle, lower, upper = np.log([row.hazard_ratio, row.lower, row.upper]).tolist()
            label = labels.get(name, f"one more of {name}")
            sentences[name] = words(label, middle, lower, upper, units.get(name, ""), hazard)
        return pd.Series(sentences, name="words")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the hazard ratios and their intervals on a log scale."""
        from clvlab.churn.plots.hazard_ratios import draw_hazard_ratios

        return draw_hazard_ratios(self.hazard_ratios_, ax, self.confidence)


def _errors(covariance: pd.DataFrame) -> pd.Series:
    return pd.Series(np.sqrt(np.diag(covariance)), index=covariance.index, name="standard_error")
