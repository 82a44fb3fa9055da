"""How many customers are still there at each age: Kaplan-Meier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clvlab.churn.curves.curve import StepCurve, estimated, looked_up, stacked, steps
from clvlab.churn.curves.influence import Influence
from clvlab.churn.curves.intervals import of_share
from clvlab.churn.curves.risk_sets import RiskSets
from clvlab.churn.curves.samples import Sample
from clvlab.churn.spells import Floats
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Survival of exactly a half comes out a little above or below it.
_ROUNDING = 1e-9


class SurvivalCurve(StepCurve):
    """Shares of customers still there by age, from :func:`survival_curve`."""

    percent = ("survival", "standard_error", "lower", "upper")

    def at(self, times: ArrayLike) -> pd.DataFrame:
        """Return survival at given ages.

        Parameters
        ----------
        times
            Ages, in the spells' unit.

        Returns
        -------
        DataFrame
            [``group``,] ``time``, ``survival``, ``standard_error``, ``lower``, ``upper``: one row per group and age.
            Missing before the first age observed, and beyond the last unless nobody was left.
        """
        columns = ["time", "survival", "standard_error", "lower", "upper"]
        return stacked(
            {
                group: looked_up(curve[columns], times, final=bool(curve["survival"].iloc[-1] == 0))
                for group, curve in self.by_group().items()
            }
        )

    def quantile(self, left: float = 0.5) -> pd.DataFrame:
        """Return the age by which a share of customers has left.

        Parameters
        ----------
        left
            The share, between 0 and 1.

        Returns
        -------
        DataFrame
            [``group``,] ``left``, ``time``, ``lower``, ``upper``: one row per group, missing where the curve, or an
            end of its interval, does not come down that far.

        Raises
        ------
        Refused
            When ``left`` is not between 0 and 1.

        Notes
        -----
        Where the curve lies at that height exactly, the middle of the flat piece. The interval holds the ages at
        which the height lies within the curve's own interval (Brookmeyer and Crowley, 1982, Biometrics 38).
        """
        if not 0 < left < 1:
            raise Refused(f"left={left} is no share between 0 and 1; give 0.5 for the age by which half have left.")
        rows = {}
        for group, curve in self.by_group().items():
            ages = {
                name: _crossing(curve["time"].to_numpy(), curve[height].to_numpy(), 1 - left)
                for name, height in (("time", "survival"), ("lower", "lower"), ("upper", "upper"))
            }
            rows[group] = pd.DataFrame([{"left": left, **ages}])
        return stacked(rows)

    def median(self) -> pd.DataFrame:
        """Return the age by which half of the customers have left, as :meth:`quantile`."""
        return self.quantile(0.5)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curves with their intervals; refused for more groups than there are colours."""
        from clvlab.churn.plots.curves import draw_survival

        return draw_survival(self, ax)


def survival_curve(
    spells: pd.DataFrame, by: str | None = None, confidence: float = 0.95, unit: str = "month"
) -> SurvivalCurve:
    """Estimate how many customers are still there at each age (Kaplan-Meier).

    Parameters
    ----------
    spells
        ``duration`` (age at exit), ``event`` (0 or 1) and, where there are, ``entry`` (age at which the spell came
        under observation; 0 for the beginning) and ``customer_id``. Start-stop rows of one spell count as that spell.
    by
        A column with few values: one curve for each.
    confidence
        What the intervals promise at each age.
    unit
        The unit of ages, for labels.

    Returns
    -------
    SurvivalCurve
        ``to_frame()``: [``group``,] ``time``, ``survival``, ``standard_error``, ``lower``, ``upper``, ``at_risk``,
        ``events``. A first row at the first age observed (0 as a rule), where survival is 1; then one per age at
        which spells ended, at 0 too when customers left at 0. ``remarks`` says where the curve is conditional, stuck
        at 0, interrupted or resting on few.

    Raises
    ------
    Refused
        For spells that cannot be used (see :func:`clvlab.churn.spells.arrange`), a customer or group missing, more
        than 50 groups, or a confidence that is no share.

    Notes
    -----
    Intervals are symmetric for log(-log(survival)), with Greenwood's variance; where customers have several spells,
    with the infinitesimal jackknife by customer. They are missing while nobody has left, and once nobody is left:
    the data then give no error.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), "Nonparametric estimation from incomplete observations", Journal of the
    American Statistical Association 53(282). Kalbfleisch, J. D. and Prentice, R. L. (2002), "The Statistical Analysis
    of Failure Time Data", section 1.4.

    Examples
    --------
    >>> curve = survival_curve(pd.DataFrame({"duration": [2, 3, 3, 5, 8], "event": [1, 1, 0, 1, 0]}))
    >>> curve.to_frame()[["time", "survival", "at_risk", "events"]].round(2).values.tolist()
    [[0.0, 1.0, 5.0, 0.0], [2.0, 0.8, 5.0, 1.0], [3.0, 0.6, 4.0, 1.0], [5.0, 0.3, 2.0, 1.0], [8.0, 0.3, 1.0, 0.0]]
    >>> float(curve.median()["time"].iloc[0])
    5.0
    """
    frame, remarks = estimated(spells, by, unit, lambda sample, sets: _steps(sample, sets, confidence))
    title = f"Share of customers still there, with {confidence:.0%} intervals (ages in {unit}s)"
    return SurvivalCurve(frame, title, remarks, confidence, unit)


def _steps(sample: Sample, sets: RiskSets, confidence: float) -> pd.DataFrame:
    """Return the table of one curve."""
    survival = sets.survival
    error = survival * np.sqrt(_relative_variance(sample, sets))
    lower, upper = of_share(survival, error, confidence)
    known = np.where(np.isnan(lower), np.nan, error)
    return steps(sets, 1.0, survival=survival, standard_error=known, lower=lower, upper=upper)


def _relative_variance(sample: Sample, sets: RiskSets) -> Floats:
    """Return the variance of survival over its square."""
    if not sample.clustered:
        return np.cumsum(sets.greenwood)
    influence = Influence(sample, sets.time)
    part = influence.contribution(sets.per_survivor, sets.hazard)
    return influence.variance(part)


def _crossing(time: Floats, height: Floats, wanted: float) -> float:
    """Return the first time at which a falling curve is at or below a height; the middle of a piece at it."""
    below = np.flatnonzero(height <= wanted + _ROUNDING)
    if not below.size:
        return float("nan")
    first = below[0]
    further = np.flatnonzero(height < wanted - _ROUNDING)
    if height[first] < wanted - _ROUNDING or not further.size:
        return float(time[first])
    return float((time[first] + time[further[0]]) / 2)
