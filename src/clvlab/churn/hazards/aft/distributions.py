"""Distributions of lifetimes whose logarithm is a sum of covariates and a scaled error, and their comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import log_expit
from scipy.stats import norm

from clvlab.churn.spells import Floats, Spells


class Distribution(NamedTuple):
    """The error's distribution in log T = location + scale x error, by functions of the standardised error.

    Attributes
    ----------
    name
        Of the lifetime.
    cumulative_hazard, log_hazard
        Of the error.
    quantile
        The error that a share outlives.
    """

    name: str
    cumulative_hazard: Callable[[Floats], Floats]
    log_hazard: Callable[[Floats], Floats]
    quantile: Callable[[float], float]


DISTRIBUTIONS: dict[str, Distribution] = {
    each.name: each
    for each in (
        Distribution("weibull", np.exp, lambda z: z, lambda share: float(np.log(-np.log(share)))),
        Distribution(
            "log-normal",
            lambda z: -norm.logsf(z),
            lambda z: norm.logpdf(z) - norm.logsf(z),
            lambda share: float(norm.isf(share)),
        ),
        Distribution(
            "log-logistic",
            lambda z: -log_expit(-z),
            log_expit,
            lambda share: float(np.log((1 - share) / share)),
        ),
    )
}


def cumulative_hazard(distribution: Distribution, time: Floats, location: Floats, scale: float) -> Floats:
    """Return the cumulative hazard of lifetimes at ages ``time``; 0 at age 0 and before."""
    started = time > 0
    z = (np.log(np.where(started, time, 1.0)) - location) / scale
    with np.errstate(over="ignore"):
        return np.where(started, distribution.cumulative_hazard(z), 0.0)


def log_likelihood(distribution: Distribution, spells: Spells, location: Floats, scale: float) -> Floats:
    """Return each spell's log-likelihood given that it ran when it came under observation; durations above 0."""
    z = (np.log(spells.exit) - location) / scale
    ended = np.where(spells.event, distribution.log_hazard(z) - np.log(scale * spells.exit), 0.0)
    lasted, before = (cumulative_hazard(distribution, age, location, scale) for age in (spells.exit, spells.entry))
    return ended - (lasted - before)
