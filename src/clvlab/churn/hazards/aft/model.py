"""Accelerated failure time: covariates stretch or shorten lifetimes, whose distribution is chosen out of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from clvlab.churn.hazards.aft.choosing import compare_distributions
from clvlab.churn.hazards.aft.distributions import DISTRIBUTIONS
from clvlab.churn.hazards.aft.fit import AFTFit, fitted
from clvlab.refusal import Refused


def aft(
    spells: pd.DataFrame,
    covariates: str | Sequence[str] = (),
    distribution: str | None = None,
    train_until: dt.date | str | None = None,
    confidence: float = 0.95,
) -> AFTFit:
    """Fit an accelerated failure time model: by which factor do covariates stretch or shorten lifetimes?

    Parameters
    ----------
    spells
        As :func:`clvlab.churn.spells.arrange` takes them, with ``customer_id`` where customers have several rows.
        Covariates are numbers that were known when the row entered.
    covariates
        Their columns.
    distribution
        ``"weibull"``, ``"log-normal"`` or ``"log-logistic"``. When None, the one that, fitted to what was known
        on a date, gives what followed the highest likelihood; it is then fitted to all spells.
    train_until
        The last day known, for :func:`~clvlab.churn.hazards.aft.choosing.compare_distributions`.
    confidence
        Of the intervals.

    Raises
    ------
    Refused
        For spells that cannot be, neither or both of ``distribution`` and ``train_until``, fewer events than
        parameters, and events that all happened at one age.

    Notes
    -----
    Fitted by lifelines; spells that came under observation late count from there. A lifetime of 0 has no logarithm:
    customers who left at age 0 count as leaving at half the smallest age above it, and :attr:`AFTFit.remarks` says how
    many; those whose follow-up ended at 0 say nothing and are left out.

    References
    ----------
    Kalbfleisch, J. D. and Prentice, R. L. (2002), "The Statistical Analysis of Failure Time Data", 2nd edition,
    chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> spells = pd.DataFrame({"late": rng.normal(size=400), "event": 1})
    >>> spells["duration"] = 20 * np.exp(-0.5 * spells["late"]) * rng.weibull(1.5, 400)
    >>> fit = aft(spells, ["late"], "weibull")
    >>> bool(0.55 < fit.time_ratios_["time_ratio"][0] < 0.67)
    True
    """
    names = [covariates] if isinstance(covariates, str) else list(covariates)
    if (distribution is None) == (train_until is None):
        raise Refused(
            f"Give either distribution (one of {', '.join(DISTRIBUTIONS)}) or train_until, a date: then the"
            " distribution is chosen that best foretold what followed."
        )
    if train_until is None:
        if distribution not in DISTRIBUTIONS:
            raise Refused(f"distribution={distribution!r} is not known; choose one of {', '.join(DISTRIBUTIONS)}.")
        return fitted(spells, names, DISTRIBUTIONS[distribution], confidence)
    comparison = compare_distributions(spells, names, train_until)
    best = comparison.to_frame()["distribution"][0]
    return replace(fitted(spells, names, DISTRIBUTIONS[best], confidence), comparison=comparison)
