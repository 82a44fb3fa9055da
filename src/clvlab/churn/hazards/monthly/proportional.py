"""Whether covariates of a monthly hazard have the same effect at every age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from clvlab.churn.hazards.cox.proportional import ProportionalHazards, changing, found_in_words
from clvlab.churn.hazards.monthly.design import Design
from clvlab.churn.hazards.monthly.likelihood import Likelihood, Point, covariance, one_thread_each
from clvlab.churn.hazards.monthly.panel import Months, Panel
from clvlab.churn.spells import Floats
from clvlab.refusal import Refused


@dataclass(frozen=True)
class _WithAge:
    """A design with some of its covariates once more, multiplied by log(1 + age)."""

    design: Design
    places: list[int]

    def columns(self, months: Months) -> Floats:
        """Return the columns of the design, then the products."""
        columns = self.design.columns(months)
        return np.concatenate([columns, columns[self.places] * np.log1p(months.age)])


def proportional_hazards(
    panel: Panel, design: Design, maximum: Point, names: Sequence[str], confidence: float
) -> ProportionalHazards:
    """Return score tests of covariates whose log hazard ratio changes along a line in log(1 + age).

    Parameters
    ----------
    panel
        The customer-months that were fitted; they are read once.
    design, maximum
        The terms, and the likelihood at its maximum.
    names
        The covariates to be tested.
    confidence
        One less the level of the tests.

    References
    ----------
    Rao, C. R. (1948), "Large sample tests of statistical hypotheses concerning several parameters with applications
    to problems of estimation", Mathematical Proceedings of the Cambridge Philosophical Society 44(1).
    """
    if not names:
        raise Refused("No covariate has a finite coefficient whose course over age could be checked.")
    size = len(maximum.at)
    extended = _WithAge(design, [design.names.index(name) for name in names])
    with one_thread_each():
        point = Likelihood(panel.observed, extended, 0).at(np.append(maximum.at, np.zeros(len(names))))
    shared = point.information[size:, :size] @ covariance(point.information[:size, :size])
    own = point.information[size:, size:] - shared @ point.information[:size, size:]
    score = point.gradient[size:] - shared @ point.gradient[:size]
    statistics = [*score**2 / np.diag(own), float(score @ covariance(own) @ score)]
    degrees = [1] * len(names) + [len(names)]
    frame = pd.DataFrame(
        {
            "covariate": [*names, "all together"],
            "statistic": statistics,
            "df": degrees,
            "p_value": chi2.sf(statistics, degrees),
            "over_time": [*np.where(score > 0, "rises", "falls"), ""],
        }
    )
    return ProportionalHazards(frame, _advice(frame, 1 - confidence), "log")


def _advice(frame: pd.DataFrame, level: float) -> str:
    """Return in words what changes with age and what to do about it."""
    found, rows = found_in_words(frame, level), changing(frame, level)
    return found if rows.empty else f"{found} add a column with {' and '.join(rows['covariate'])} times log(1 + entry)."
