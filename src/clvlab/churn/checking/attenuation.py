"""How much of an effect a definition of churn lets through, where the truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.features.churn_definitions import ChurnEvents
from clvlab.periods import period_index
from clvlab.refusal import Refused
from clvlab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRUE_LEAVINGS = "true leavings"
_NORMAL = 1.6448536269514722  # 95% quantile
# Fewer events than this tell nothing, and intervals of so few would not say so.
_FEWEST = 10


class Attenuation(Result):
    """What part of the true log hazard ratios is found, by definition of churn; see :func:`attenuation`."""

    title = "Part of the true effects that each definition of churn finds (1: all; 90% interval)"
    decimals = 2

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per definition: definition, events, part, lower, upper; missing with fewer than ten events."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the parts with their intervals."""
        from clvlab.churn.plots.checks import draw_attenuation

        return draw_attenuation(self._frame, ax)


def attenuation(
    months: pd.DataFrame | None, effects: pd.DataFrame | None, definitions: Mapping[str, ChurnEvents]
) -> Attenuation:
    """Return what is left of true effects when leaving is told by each definition.

    Parameters
    ----------
    months
        The truth of a simulated market, one row per customer and month at risk: customer_id, month (its first day),
        left, and the true covariates.
    effects
        The true effects: ``name`` of the covariate, ``log_hazard_ratio``.
    definitions
        Whom each called lost.

    Raises
    ------
    Refused
        When there is no truth (the records are those of real customers), no covariate of ``effects`` in ``months``, or
        no definition that calls ten customers lost.

    Notes
    -----
    The same model is fitted to the same true covariates, with the month of leaving told once by the truth and once by
    each definition (by the day on which it dates the event; months after it are not at risk, nor are those for which
    it could not have spoken yet). The estimates b of the true effects t, with covariance V, are summed up by the
    generalised least-squares slope t'V^-1 b / t'V^-1 t. Even true leavings need not give 1: effects hold for the
    customers' own decision, given what no record shows, and leavings of other causes and unseen differences between
    customers dilute them.

    References
    ----------
    Meier, A. S., Richardson, B. A. and Hughes, J. P. (2003), "Discrete proportional hazards models for mismeasured
    outcomes", Biometrics 59(4).
    """
    if months is None or effects is None:
        raise Refused("How far a definition waters effects down is known in simulated markets alone (clvlab demo).")
    true = effects.set_index("name")["log_hazard_ratio"]
    names = [name for name in true.index if name in months.columns and months[name].std() > 0]
    if not names:
        raise Refused("None of the effects has a covariate of its name; give true effects and true covariates alike.")
    number = period_index(months["month"], "month")
    base = months[["customer_id", *names]].assign(month=number, duration=1.0, entry=0.0)
    told = {TRUE_LEAVINGS: base.assign(event=months["left"].astype(int))}
    told |= {name: _as_told(base, found) for name, found in definitions.items()}
    frame = pd.DataFrame([_part(name, rows, true[names]) for name, rows in told.items()])
    if frame["part"].iloc[1:].isna().all():
        raise Refused(f"No definition called {_FEWEST} customers lost: too few to find effects; give a longer history.")
    return Attenuation(frame)


def _as_told(base: pd.DataFrame, found: ChurnEvents) -> pd.DataFrame:
    """Return customer-months with the event of a definition, up to the first one and to the end of its follow-up.

    Customers of whom it does not speak (a contract's end of those without one) have no follow-up.
    """
    first = found.events.groupby("customer_id")["last_on"].min()
    event_month = _months(base["customer_id"].map(first))
    known = _months(base["customer_id"].map(found.known_until))
    rows = base.assign(event=(base["month"] == event_month).astype(int))
    at_risk = (base["month"] <= np.where(np.isnan(event_month), np.inf, event_month)) & (base["month"] <= known)
    return rows[at_risk]


def _months(days: pd.Series) -> np.ndarray:
    """Return the calendar month's number of days, missing where they are."""
    number = np.full(len(days), np.nan)
    there = days.notna().to_numpy()
    number[there] = period_index(pd.to_datetime(days[there]), "month")
    return number


def _part(name: str, rows: pd.DataFrame, effects: pd.Series) -> dict[str, object]:
    """Return the slope of estimated on true effects with its interval."""
    events = int(rows["event"].sum())
    if events < _FEWEST:
        return {"definition": name, "events": events, "part": np.nan, "lower": np.nan, "upper": np.nan}
    fit = monthly_hazard(rows, list(effects.index), season=False, age_knots=())
    told = [covariate for covariate in effects.index if np.isfinite(fit.params_[covariate])]
    true = effects[told].to_numpy()
    weighted = np.linalg.solve(fit.covariance_.loc[told, told].to_numpy(), true)
    part, error = float(weighted @ fit.params_[told]) / (weighted @ true), (weighted @ true) ** -0.5
    return {
        "definition": name,
        "events": events,
        "part": part,
        "lower": part - _NORMAL * error,
        "upper": part + _NORMAL * error,
    }
