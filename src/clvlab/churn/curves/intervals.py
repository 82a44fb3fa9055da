"""Intervals that stay within an estimate's range, and none where the data give no error."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from clvlab.churn.spells import Floats
from clvlab.refusal import Refused

# What the last digits of a sum of many shares can be off by.
_ROUNDING = 1e-10


def margin_of(confidence: float) -> float:
    """Return how many standard errors an interval reaches to each side.

    Raises
    ------
    Refused
        When ``confidence`` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise Refused(f"confidence={confidence} is no share between 0 and 1; give 0.95 for intervals of 95%.")
    return float(norm.ppf((1 + confidence) / 2))


def of_share(share: Floats, error: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return intervals of shares, symmetric for log(-log(share)); missing at 0 and 1 and without an error.

    References
    ----------
    Kalbfleisch, J. D. and Prentice, R. L. (2002), "The Statistical Analysis of Failure Time Data", section 1.4.
    """
    inside = (share > _ROUNDING) & (share < 1 - _ROUNDING) & (error > _ROUNDING)
    p = np.where(inside, share, np.nan)
    reach = np.exp(margin_of(confidence) * error / np.abs(p * np.log(p)))
    return p**reach, p ** (1 / reach)


def of_amount(amount: Floats, error: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return intervals of amounts above 0, symmetric for log(amount); missing at 0 and without an error."""
    known = np.where((amount > 0) & (error > 0), amount, np.nan)
    reach = np.exp(margin_of(confidence) * error / known)
    return known / reach, known * reach
