"""How overall satisfaction responds to one point of a KPI's failures: the first link from service to money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvlab.features.tables import AnyTable
from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.satisfaction.answers import Answers, answers
from clvlab.satisfaction.drivers.drivers import DRIVERS, fit_overall
from clvlab.satisfaction.leave_one_out import margin

ALL_FAILURES = ("failures_mean", "failures_worst")


@dataclass(frozen=True, repr=False, eq=False)
class SatisfactionResponse(Result):
    """The change of the expected overall score, in points of ten, per percentage point of failures felt.

    Attributes
    ----------
    estimate
        By covariate.
    covariance
        Of the estimates, by covariate; robust to several answers of one account.
    accounts, number
        How many accounts it is from, and how many answers.
    remarks
        What was left out.
    """

    estimate: pd.Series
    covariance: pd.DataFrame
    accounts: int
    number: int
    remarks: tuple[str, ...]
    title: str = "Overall satisfaction per percentage point of failures felt, points of ten (90% intervals)"
    decimals: int = 4

    @property
    def standard_error(self) -> pd.Series:
        """Of each estimate."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), self.estimate.index)

    def to_frame(self) -> pd.DataFrame:
        """Return driver, estimate, standard_error, estimate_lower, estimate_upper."""
        reach = margin(self.accounts) * self.standard_error
        ends = {"estimate_lower": self.estimate - reach, "estimate_upper": self.estimate + reach}
        columns = {"estimate": self.estimate, "standard_error": self.standard_error, **ends}
        return pd.DataFrame(columns).rename_axis("driver").reset_index()

    def draws(self, number: int = 400, seed: int = 1) -> pd.DataFrame:
        """Return so many draws of all estimates together: one row per draw, one column per covariate."""
        rng = np.random.default_rng(seed)
        drawn = rng.multivariate_normal(self.estimate, self.covariance, size=number, method="cholesky")
        return pd.DataFrame(drawn, columns=self.estimate.index)


def satisfaction_response(
    surveys: AnyTable | Answers,
    known: pd.DataFrame,
    as_of: str | dt.date,
    kpis: Sequence[str] = ("failures_mean",),
    beside: Sequence[str] = DRIVERS,
) -> SatisfactionResponse:
    """Estimate how overall satisfaction responds to one percentage point more of a KPI's failures, as felt.

    Parameters
    ----------
    surveys, known, as_of
        As :func:`clvlab.satisfaction.drivers.drivers.drivers` takes them.
    kpis
        Columns of ``known``: ``failures_mean``, or by KPI ``late_delivery_mean``, ``damaged_mean``,
        ``not_carried_out_mean``, ``late_dispatch_mean``, ``pod_late_mean``, ``counted_failures_mean``.
    beside
        What else is held alike. All failures together are left out of it when KPIs are asked for one by one.

    Returns
    -------
    SatisfactionResponse
        The estimand: the mean over the answers given of the derivative of the expected score by the KPI's failures felt
        over six months, other covariates alike. It holds within the months of an answer, before expectations have
        moved to what is perceived.

    Raises
    ------
    Refused
        When no answers tell it, or one of ``kpis`` is unknown or never varied.

    Examples
    --------
    >>> response = satisfaction_response(tables["surveys"], known.frame, as_of)      # doctest: +SKIP
    >>> response.draws(400, seed=1)["failures_mean"]                                 # doctest: +SKIP
    """
    if not kpis:
        raise Refused("Name at least one KPI, such as 'failures_mean'.")
    others = beside if "failures_mean" in kpis else [name for name in beside if name not in ALL_FAILURES]
    names = list(dict.fromkeys([*kpis, *others]))
    fit, _, remarks = fit_overall(answers(surveys, as_of), known, names)
    missing = [name for name in kpis if name not in fit.params_]
    if missing:
        raise Refused(f"The response to {', '.join(missing)} is not identified. {' '.join(remarks)}")
    effect, covariance = fit.effects()
    wanted = list(kpis)
    return SatisfactionResponse(
        effect[wanted], covariance.loc[wanted, wanted], fit.accounts, fit.answers, tuple(remarks)
    )
