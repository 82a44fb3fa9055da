"""Whether the probabilities to leave hold on months the model has not seen, beside the rule "silent for so long"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.churn.prospects.prospects import Prospects
from clvlab.evaluation.calibration import calibration_groups, calibration_slope, observed_to_expected
from clvlab.evaluation.censored import auc, brier, prediction_accuracy, uno_c
from clvlab.evaluation.resampling import with_interval
from clvlab.periods import to_periods
from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MODEL, COVARIATES, DAYS_SILENT = "the model", "covariates alone", "days silent"
# Fewer leavers than this tell no forecaster from another.
_FEWEST = 10
_REPLICATES = 200


@dataclass(frozen=True, repr=False, eq=False)
class OutOfTime(Result):
    """Forecasts made on earlier days with what was known then, and what became of the customers.

    Attributes
    ----------
    frame
        One row per customer and landmark: ``landmark`` (the day of the forecast), ``customer_id``, ``time`` (months
        from then until the customer left or follow-up ended), ``event``, ``horizons`` scored from that day, and for
        each horizon the forecasts of every forecaster as ``(forecaster, horizon)`` columns.
    horizons
        In months, by landmark: those whose outcome is known by now.
    forecasters
        Names, the model first; of those after the first two only the ranking can be scored.
    seed
        Of the draws behind the intervals.
    totals
        How many customers the model expected to leave, by landmark and horizon: leave, lower, upper (90% interval).
    """

    frame: pd.DataFrame
    horizons: Mapping[dt.date, tuple[int, ...]]
    forecasters: tuple[str, ...]
    seed: int
    totals: Mapping[tuple[dt.date, int], pd.Series]
    title: str = "Forecasts of leaving against what came, by day of the forecast and months ahead"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per landmark, horizon and forecaster.

        Returns
        -------
        DataFrame
            ``landmark``, ``months`` ahead, ``forecaster``, ``customers``, ``left`` (customers known to have left by
            then), ``auc`` (the model's with its 90% interval) and ``uno_c`` (0.5 to 1, higher is better), and for
            forecasters that give probabilities ``brier`` (lower is better), ``accuracy`` (the part by which it is
            below that of one rate for all), ``observed_to_expected`` and ``slope`` (1 for neither too extreme nor too
            tame) with ``slope_error``.
        """
        return self._table

    @cached_property
    def _table(self) -> pd.DataFrame:
        rows = [
            self._scores(landmark, months, forecaster)
            for landmark, horizons in self.horizons.items()
            for months in horizons
            for forecaster in self.forecasters
        ]
        return pd.DataFrame(rows)

    def headlines(self) -> Headlines:
        """Return how many were expected to leave by the longest forecast, and whether what came lies in its interval.

        Notes
        -----
        Those not followed to the end count as those who were: what came is the share observed of those expected, which
        allows for that, of the number expected.
        """
        months, landmark = max((months, day) for day, horizons in self.horizons.items() for months in horizons)
        expected, rows = self.totals[landmark, months], self._rows(landmark)
        outcome = rows["time"].to_numpy(), rows["event"].to_numpy(), months
        came = observed_to_expected(rows[(MODEL, months)].to_numpy(), *outcome) * expected["leave"]
        low, high = expected["lower"], expected["upper"]
        where = "within the interval" if low <= came <= high else "above it" if came > high else "below it"
        note = f"made on {landmark} for {months} months; came: {came:,.0f}, {where}"
        return Headlines(
            Headline("past forecast: customers to leave", expected["leave"], "customers", low, high, note=note)
        )

    def calibration(self, months: int, landmark: dt.date | None = None, groups: int = 10) -> pd.DataFrame:
        """Return what the model expected and what came, by groups of customers from the lowest risk to the highest.

        Parameters
        ----------
        months
            The horizon.
        landmark
            The day of the forecast; the earliest when None.
        groups
            How many.

        Returns
        -------
        DataFrame
            ``customers``, ``expected``, ``observed``, ``lower``, ``upper`` (90% interval).
        """
        rows = self._rows(landmark or min(self.horizons))
        found = calibration_groups(
            rows[(MODEL, months)], rows["time"], rows["event"], months, groups=groups, confidence=0.9
        )
        return pd.DataFrame(found).rename(columns={"rows": "customers"})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the calibration of the model at every horizon scored from the earliest day."""
        from clvlab.churn.plots.checks import draw_calibration

        return draw_calibration(self, ax)

    def _rows(self, landmark: dt.date) -> pd.DataFrame:
        return self.frame[self.frame["landmark"] == pd.Timestamp(landmark)]

    def _scores(self, landmark: dt.date, months: int, forecaster: str) -> dict[str, object]:
        rows = self._rows(landmark)
        outcome = rows["time"].to_numpy(), rows["event"].to_numpy(), months
        forecast = rows[(forecaster, months)].to_numpy()
        scores: dict[str, object] = {
            "landmark": pd.Timestamp(landmark),
            "months": months,
            "forecaster": forecaster,
            "customers": len(rows),
            "left": int(((rows["event"] == 1) & (rows["time"] <= months)).sum()),
            "auc": auc(forecast, *outcome),
            "auc_lower": float("nan"),
            "auc_upper": float("nan"),
            "uno_c": uno_c(forecast, *outcome),
        }
        if forecaster == MODEL:
            ranked = with_interval(auc, forecast, *outcome, replicates=_REPLICATES, seed=self.seed)
            scores |= {"auc_lower": ranked.lower, "auc_upper": ranked.upper}
        if forecaster in (MODEL, COVARIATES):
            slope = calibration_slope(forecast, *outcome)
            scores |= {
                "brier": brier(forecast, *outcome),
                "accuracy": prediction_accuracy(forecast, *outcome),
                "observed_to_expected": observed_to_expected(forecast, *outcome),
                "slope": slope.value,
                "slope_error": slope.error,
            }
        return scores


def out_of_time(
    forecast: Callable[[dt.date], tuple[Prospects, pd.Series]],
    spells: pd.DataFrame,
    horizons: Mapping[dt.date, Sequence[int]],
    silent_for: int,
    seed: int = 1,
) -> OutOfTime:
    """Forecast from earlier days and score against what came.

    Parameters
    ----------
    forecast
        From a day to the prospects as they would have been then, and each customer's days of silence.
    spells
        Account spells as known today: what came.
    horizons
        Months ahead to score, by day of the forecast.
    silent_for
        Days of the naive rule "silent for so many days".
    seed
        Of the draws behind the intervals.

    Raises
    ------
    Refused
        When fewer than ten customers left after every day.

    Notes
    -----
    Those are scored who were not called lost on the day. Who had left unnoticed by then leaves at time 0. Customers
    whose leaving could not be known yet by today are left out where follow-up ends before the day of the forecast.
    """
    naive = f"silent for {silent_for} days"
    parts, scored, totals = [], {}, {}
    for landmark, months in horizons.items():
        try:
            ahead, silent = forecast(landmark)
        except Refused:  # too little was known then
            continue
        rows = _outcomes(ahead, spells, landmark)
        if rows["event"].sum() < _FEWEST:
            continue
        quiet = silent.reindex(rows["customer_id"]).fillna(0).to_numpy(dtype=float)
        known = ahead.frame.loc[rows["customer_id"]]
        for horizon in months:
            rows[(MODEL, horizon)] = known[f"leave_{horizon}"].to_numpy()
            rows[(COVARIATES, horizon)] = known[f"risk_{horizon}"].to_numpy()
            rows[(naive, horizon)] = (quiet >= silent_for).astype(float)
            rows[(DAYS_SILENT, horizon)] = quiet
            totals[landmark, horizon] = ahead.totals.loc[horizon]
        parts.append(rows)
        scored[landmark] = tuple(months)
    if not parts:
        raise Refused(
            f"Fewer than {_FEWEST} customers left after each of {', '.join(map(str, horizons))}: forecasts cannot be "
            "checked; give a longer history."
        )
    forecasters = (MODEL, COVARIATES, naive, DAYS_SILENT)
    return OutOfTime(pd.concat(parts, ignore_index=True), scored, forecasters, seed, totals)


def _outcomes(ahead: Prospects, spells: pd.DataFrame, landmark: dt.date) -> pd.DataFrame:
    """Return when each customer of a forecast left, or until when it was followed, in months after the landmark."""
    day = pd.Timestamp(landmark)
    # Who came back before the day has begun another spell; while too young to be followed, it is not among these.
    over = spells["came_back_on"] <= day
    begun = spells[(spells["started_on"] <= day) & ~over].set_index("customer_id")
    found = begun.reindex(ahead.frame.index).dropna(subset=["at_risk_to"])
    left = found["event"] == 1
    until = found["ended_on"].where(left, found["at_risk_to"])
    time = to_periods((until - day).dt.days.to_numpy(), "month")
    followed = left.to_numpy() | (time > 0)
    rows = pd.DataFrame(
        {
            "landmark": day,
            "customer_id": found.index,
            "time": np.maximum(time, 0.0),
            "event": left.astype(int).to_numpy(),
        }
    )
    return rows[followed].reset_index(drop=True)
