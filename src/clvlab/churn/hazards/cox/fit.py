"""A fitted Cox model, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clvlab.churn.hazards.cox import prediction, proportional
from clvlab.churn.hazards.hazard_fit import HazardFit

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.churn.hazards.cox.design import Fitted
    from clvlab.churn.spells import Floats


@dataclass(frozen=True, repr=False, eq=False)
class CoxFit(HazardFit):
    """A fitted Cox model.

    Attributes
    ----------
    log_likelihood_null_
        With all coefficients at 0.
    tests_
        Of all coefficients being 0: ``test``, ``statistic``, ``df``, ``p_value``.
    fitted, scaled_covariance
        What was fitted, and the covariance of its scaled coefficients by which intervals go.
    baseline_
        The cumulative hazard where all covariates are 0, at each event time: the strata's columns, ``time``,
        ``at_risk``, ``events``, ``cumulative_hazard``.
    diagnostics_
        ``rows``, ``customers`` (None where the frame does not say), ``events``, ``errors``, ``iterations``,
        ``converged``, ``remarks``.
    """

    log_likelihood_null_: float
    tests_: pd.DataFrame
    fitted: Fitted
    scaled_covariance: Floats

    @property
    def baseline_(self) -> pd.DataFrame:
        """Return the cumulative hazard where all covariates are 0 (Efron's, as survfit in R)."""
        return prediction.baseline(self.fitted)

    def linear_predictor(self, frame: pd.DataFrame) -> pd.Series:
        """Return each row's log hazard against that of a row whose covariates and offset are all 0."""
        return prediction.linear_predictor(self.fitted, frame)

    def survival(self, frame: pd.DataFrame, times: Sequence[float], age: str | None = None) -> pd.DataFrame:
        """Return the probability that customers whose covariates stay as they are will still be there.

        Parameters
        ----------
        frame
            One row per customer, with the columns of covariates, strata and offset.
        times
            How far ahead, in the unit of the spells.
        age
            A column with the age each has reached; everyone is new when None.

        Returns
        -------
        DataFrame
            One row per row of ``frame`` and time: the frame's index (``row`` when it has no name), ``time``,
            ``survival``, ``lower``, ``upper``. Intervals (log-log) hold the uncertainty of coefficients and baseline;
            they are missing where no event was seen in between. All is missing beyond the last age observed.

        Raises
        ------
        Refused
            For missing columns or values, a stratum that the model has not seen, and where a coefficient is infinite.
        """
        return prediction.survival(self.fitted, self.scaled_covariance, frame, times, age, self.confidence)

    def proportional_hazards(self, transform: str = "km") -> proportional.ProportionalHazards:
        """Return the check that effects stay the same over a customer's life, with what to do where they do not.

        Parameters
        ----------
        transform
            The scale of age on which effects might change along a line: ``"km"`` (the share that has left),
            ``"identity"``, ``"log"`` or ``"rank"``.
        """
        return proportional.proportional_hazards(self.fitted, transform, self.confidence)
