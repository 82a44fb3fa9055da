"""How many customers have left by each age for each cause: Aalen-Johansen."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clvlab.churn.curves.curve import StepCurve, looked_up, stacked, steps
from clvlab.churn.curves.influence import Influence
from clvlab.churn.curves.intervals import of_share
from clvlab.churn.curves.remarks import remarks_on
from clvlab.churn.curves.risk_sets import RiskSets, counts_at, risk_sets
from clvlab.churn.curves.samples import Sample, samples
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNKNOWN = "unknown"


class CumulativeIncidence(StepCurve):
    """Shares of customers that have left by age and cause, from :func:`cumulative_incidence`."""

    percent = ("incidence", "standard_error", "lower", "upper", "survival")

    def at(self, times: ArrayLike) -> pd.DataFrame:
        """Return incidences at given ages.

        Parameters
        ----------
        times
            Ages, in the spells' unit.

        Returns
        -------
        DataFrame
            [``group``,] ``time``, ``cause``, ``incidence``, ``standard_error``, ``lower``, ``upper``, ``survival``:
            one row per group, cause and age. Missing before the first age observed, and beyond the last unless nobody
            was left.
        """
        columns = ["time", "cause", "incidence", "standard_error", "lower", "upper", "survival"]
        return stacked(
            {
                group: pd.concat(
                    [
                        looked_up(curve[columns], times, final=bool(curve["survival"].iloc[-1] == 0))
                        for _, curve in rows.groupby("cause", sort=False, observed=True)
                    ],
                    ignore_index=True,
                )
                for group, rows in self.by_group().items()
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw who has left, by cause: areas over age, or bars by group at one age."""
        from clvlab.churn.plots.curves import draw_incidence

        return draw_incidence(self, ax)


def cumulative_incidence(
    spells: pd.DataFrame, by: str | None = None, confidence: float = 0.95, unit: str = "month"
) -> CumulativeIncidence:
    """Estimate how many customers have left by each age for each cause, all causes at work (Aalen-Johansen).

    One minus a survival curve that takes other causes for the end of follow-up would overstate every cause: who left
    over a price can no longer leave over service.

    Parameters
    ----------
    spells
        As in :func:`clvlab.churn.curves.survival.survival_curve`, with ``cause`` where ``event`` is 1; events without
        one count as "unknown".
    by, confidence, unit
        As in :func:`clvlab.churn.curves.survival.survival_curve`.

    Returns
    -------
    CumulativeIncidence
        ``to_frame()``: [``group``,] ``time``, ``cause``, ``incidence``, ``standard_error``, ``lower``, ``upper``,
        ``at_risk``, ``events`` (of the cause), ``survival`` (still there; with the incidences of all causes it gives
        1). Causes in order, each from the first age observed on. Every group has every cause.

    Raises
    ------
    Refused
        When spells cannot be used, there is no column ``cause``, or nobody left.

    Notes
    -----
    Variances are infinitesimal jackknives by customer, which hold with late entry, ties and several spells per
    customer; with one spell per customer and no late entry they equal Greenwood's. Intervals are symmetric for
    log(-log(incidence)), and missing at 0 and 1.

    References
    ----------
    Aalen, O. O. and Johansen, S. (1978), "An empirical transition matrix for non-homogeneous Markov chains based on
    censored observations", Scandinavian Journal of Statistics 5(3).

    Examples
    --------
    >>> found = cumulative_incidence(pd.DataFrame({
    ...     "duration": [2, 3, 3, 5, 8], "event": [1, 1, 0, 1, 0], "cause": ["price", "service", None, "price", None],
    ... }))
    >>> found.at(5)[["cause", "incidence", "survival"]].round(2).values.tolist()
    [['price', 0.5, 0.3], ['service', 0.2, 0.3]]
    """
    need_columns(spells.columns, ["cause"])
    groups = samples(spells, by)
    code, causes, without = _causes(spells)
    remarks = (
        [f"{without:,} of {(code >= 0).sum():,} events have no cause; they count as {UNKNOWN}."] if without else []
    )
    frames = {}
    for sample in groups:
        sets = risk_sets(sample)
        frames[sample.group] = _by_cause(sample, sets, code[sample.rows], causes, confidence)
        remarks += remarks_on(sample, sets, unit)
    title = f"Share of customers that have left, by cause, with {confidence:.0%} intervals (ages in {unit}s)"
    return CumulativeIncidence(stacked(frames), title, remarks, confidence, unit)


def _causes(spells: pd.DataFrame) -> tuple[NDArray[np.int64], list[Hashable], int]:
    """Return the number of each row's cause (-1 without an event), the causes, and how many events lack one."""
    left = spells["event"].to_numpy(dtype=float) == 1
    if not left.any():
        raise Refused("Nobody has left so far, so no cause can be told from another.")
    given = spells["cause"].astype(object)
    missing = (given.isna() | (given == "")).to_numpy()
    found = pd.Categorical(given.where(~missing, UNKNOWN)[left])
    code = np.full(len(spells), -1, dtype=np.int64)
    code[left] = found.codes
    return code, list(found.categories), int((missing & left).sum())


def _by_cause(
    sample: Sample, sets: RiskSets, code: NDArray[np.int64], causes: list[Hashable], confidence: float
) -> pd.DataFrame:
    """Return one group's table.

    A customer's share in an incidence is what their own leaving adds, less that of all others at each age, and less
    what they take from, or leave to, survival before it. The latter grows with the incidence F that is still to come:
    at an age, it is an integral up to then of (F there - F before), which is taken apart into one integral that holds
    F before and F there times one that does not.
    """
    before = np.append(1.0, sets.survival[:-1])
    influence = Influence(sample, sets.time)
    on_survival = influence.contribution(sets.per_survivor, sets.hazard)
    survivals = influence.squares(on_survival, on_survival)
    frames = []
    for number, cause in enumerate(causes):
        own = code == number
        events = counts_at(sets.time, sample.spells.exit[own])
        hazard = events / sets.at_risk
        incidence = np.cumsum(before * hazard)
        part = influence.contribution(before / sets.at_risk, hazard, own)
        part += influence.contribution(incidence * sets.per_survivor, sets.hazard)
        crossed = influence.squares(part, on_survival)
        variance = influence.squares(part, part) - 2 * incidence * crossed + incidence**2 * survivals
        error = np.sqrt(np.maximum(variance, 0.0))  # rounding can leave it just below 0
        lower, upper = of_share(incidence, error, confidence)
        known = np.where(np.isnan(lower), np.nan, error)
        frame = steps(sets, 0.0, incidence=incidence, standard_error=known, lower=lower, upper=upper)
        frame.insert(1, "cause", cause)
        frames.append(frame.assign(events=np.append(0, events), survival=np.append(1.0, sets.survival)))
    return pd.concat(frames, ignore_index=True)
