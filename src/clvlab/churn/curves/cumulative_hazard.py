"""How much risk to leave adds up by each age: Nelson-Aalen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.churn.curves.curve import StepCurve, estimated, steps
from clvlab.churn.curves.influence import Influence
from clvlab.churn.curves.intervals import of_amount
from clvlab.churn.curves.risk_sets import RiskSets
from clvlab.churn.curves.samples import Sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class CumulativeHazard(StepCurve):
    """Risk to leave, added up by age, from :func:`cumulative_hazard`; its slope is the hazard."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curves with their intervals; refused for more groups than there are colours."""
        from clvlab.churn.plots.curves import draw_cumulative_hazard

        return draw_cumulative_hazard(self, ax)


def cumulative_hazard(
    spells: pd.DataFrame, by: str | None = None, confidence: float = 0.95, unit: str = "month"
) -> CumulativeHazard:
    """Estimate the hazard of leaving, added up by age (Nelson-Aalen).

    Where the curve is straight, the risk does not change with age; where it flattens, who has stayed that long is
    safer.

    Parameters
    ----------
    spells, by, confidence, unit
        As in :func:`clvlab.churn.curves.survival.survival_curve`.

    Returns
    -------
    CumulativeHazard
        ``to_frame()``: [``group``,] ``time``, ``cumulative_hazard``, ``standard_error``, ``lower``, ``upper``,
        ``at_risk``, ``events``, from the first age observed, where it is 0.

    Raises
    ------
    Refused
        As :func:`clvlab.churn.curves.survival.survival_curve`.

    Notes
    -----
    Each age adds events / at risk, and its variance events / at risk squared (Aalen's); where customers have several
    spells the variance is the infinitesimal jackknife by customer. Intervals are symmetric for the logarithm and
    missing while nobody has left.

    References
    ----------
    Aalen, O. O. (1978), "Nonparametric inference for a family of counting processes", Annals of Statistics 6(4).

    Examples
    --------
    >>> found = cumulative_hazard(pd.DataFrame({"duration": [2, 3, 3, 5, 8], "event": [1, 1, 0, 1, 0]}))
    >>> found.to_frame()["cumulative_hazard"].round(2).tolist()
    [0.0, 0.2, 0.45, 0.95, 0.95]
    """
    frame, remarks = estimated(spells, by, unit, lambda sample, sets: _steps(sample, sets, confidence))
    title = f"Hazard of leaving added up by age, with {confidence:.0%} intervals (ages in {unit}s)"
    return CumulativeHazard(frame, title, remarks, confidence, unit)


def _steps(sample: Sample, sets: RiskSets, confidence: float) -> pd.DataFrame:
    """Return the table of one curve."""
    amount = np.cumsum(sets.hazard)
    if sample.clustered:
        influence = Influence(sample, sets.time)
        part = influence.contribution(1 / sets.at_risk, sets.hazard)
        error = np.sqrt(influence.variance(part))
    else:
        error = np.sqrt(np.cumsum(sets.events / sets.at_risk**2.0))
    lower, upper = of_amount(amount, error, confidence)
    known = np.where(np.isnan(lower), np.nan, error)
    return steps(sets, 0.0, cumulative_hazard=amount, standard_error=known, lower=lower, upper=upper)
