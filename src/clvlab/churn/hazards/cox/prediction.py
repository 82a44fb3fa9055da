"""What a Cox model expects of customers: their hazard beside each other, and how long they stay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from clvlab.churn.hazards.cox.design import Fitted
from clvlab.churn.hazards.cox.partial_likelihood import between
from clvlab.churn.spells import Floats, numbers
from clvlab.refusal import Refused


def linear_predictor(fitted: Fitted, frame: pd.DataFrame) -> pd.Series:
    """Return each row's log hazard against that of a row whose covariates and offset are all 0."""
    at_zero = _log_hazard(fitted, -(fitted.design.centre / np.where(fitted.design.scale > 0, fitted.design.scale, 1.0)))
    values = _log_hazard(fitted, fitted.design.scaled(frame)) + fitted.design.known(frame) - at_zero
    return pd.Series(values, index=frame.index, name="linear_predictor")


def baseline(fitted: Fitted) -> pd.DataFrame:
    """Return the cumulative hazard where all covariates are 0, at each event time of each stratum."""
    design, risk, evaluation = fitted.design, fitted.likelihood.risk, fitted.maximum.evaluation
    at_zero = fitted.maximum.coefficients @ (-design.centre[fitted.kept] / fitted.scale)
    increments = risk.by_position(evaluation.hazards())
    begin = np.searchsorted(risk.stratum, risk.stratum)
    with np.errstate(over="ignore"):
        level = np.exp(at_zero - evaluation.highest[risk.stratum])
    frame = pd.DataFrame(
        {
            "time": risk.time,
            "at_risk": risk.at_risk(np.ones(len(risk.first))).round().astype(int),
            "events": risk.events,
            "cumulative_hazard": between(increments, begin, np.arange(1, len(begin) + 1)) * level,
        }
    )
    if design.combinations is not None:
        strata = design.combinations[risk.stratum].to_frame(index=False)
        frame = pd.concat([strata, frame], axis=1)
    return frame


def survival(
    fitted: Fitted,
    covariance: Floats,
    frame: pd.DataFrame,
    times: Sequence[float],
    age: str | None,
    confidence: float,
) -> pd.DataFrame:
    """Return the probability to be there still, row by row and time by time, with log-log intervals.

    The variance of the cumulative hazard is that of the baseline's increments (Efron's) plus what the coefficients'
    covariance adds: Tsiatis, A. A. (1981), "A large sample study of Cox's regression model", Annals of Statistics 9.
    """
    design, risk, evaluation = fitted.design, fitted.likelihood.risk, fitted.maximum.evaluation
    ahead = np.asarray(times, dtype=float)
    begin = numbers(frame, age) if age else np.zeros(len(frame))
    if not (np.isfinite(ahead).all() and (ahead >= 0).all() and (begin >= 0).all()):
        raise Refused("Times ahead and ages must be numbers from 0 up.")
    x, stratum = design.scaled(frame), design.stratum(frame)
    hazard = np.exp(_log_hazard(fitted, x) + design.known(frame) - evaluation.highest[stratum])
    ends = np.full(len(evaluation.highest), -np.inf)
    np.maximum.at(ends, fitted.likelihood.stratum, fitted.spells.exit)

    each = evaluation.hazards()[:, None]
    increments = risk.by_position(np.hstack([each, each**2, evaluation.mean * each]))
    quantile = norm.ppf((1 + confidence) / 2)
    entry = np.where(begin > 0, begin, -np.inf)
    columns = []
    for time in ahead:
        sums = between(increments, *risk.span(entry, begin + time, stratum))
        apart = sums[:, 2:] - x[:, fitted.kept] * sums[:, :1]
        variance = sums[:, 1] + np.einsum("ij,jk,ik->i", apart, covariance, apart)
        with np.errstate(divide="ignore", invalid="ignore"):
            cumulative = hazard * sums[:, 0]
            factor = np.exp(quantile * np.sqrt(variance) / sums[:, 0])
            bounds = np.exp([-cumulative, -cumulative * factor, -cumulative / factor])
        columns.append(np.where(begin + time <= ends[stratum], bounds, np.nan))
    values = np.stack(columns, axis=2).reshape(3, -1)
    row = np.repeat(frame.index, len(ahead))
    found = {"time": np.tile(ahead, len(frame)), "survival": values[0], "lower": values[1], "upper": values[2]}
    return pd.DataFrame({frame.index.name or "row": row} | found)


def _log_hazard(fitted: Fitted, scaled: Floats) -> Floats:
    """Return the coefficients' part of the log hazard of rows of scaled covariates, redundant ones included."""
    if fitted.maximum.endless.any():
        endless = [name for name, way in zip(fitted.names(), fitted.maximum.endless, strict=True) if way]
        raise Refused(
            f"The coefficient of {', '.join(endless)} is infinite, so nothing can be predicted; leave it out or merge"
            " its groups."
        )
    return scaled[..., fitted.kept] @ fitted.maximum.coefficients
