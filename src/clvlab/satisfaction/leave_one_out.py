"""How sure a figure is when one account gives several answers: each account left out in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Statistic: TypeAlias = Callable[[Floats], Floats]

CONFIDENCE = 0.9
# Less scatter than this between accounts is rounding: everybody answered the same.
_NO_SCATTER = 1e-9


class Estimate(NamedTuple):
    """A figure with its standard error and 90% interval; error and interval are missing where they are not known."""

    value: float
    error: float
    lower: float
    upper: float


def margin(accounts: float) -> float:
    """Return how many standard errors a 90% interval reaches to each side, given how many accounts it is from.

    Examples
    --------
    >>> round(margin(11), 2), round(margin(1000), 2)
    (1.81, 1.65)
    """
    from scipy.stats import t

    return float(t.ppf((1 + CONFIDENCE) / 2, accounts - 1)) if accounts > 1 else float("nan")


def leave_one_out(accounts: pd.Series, sums: Floats, statistic: Statistic, shown: Statistic = np.asarray) -> Estimate:
    """Estimate a figure that follows from sums over answers, with an interval that respects whose answers they are.

    Parameters
    ----------
    accounts
        Whose answer each row is.
    sums
        Shape (answers, summands): what each answer adds.
    statistic
        From sums, shape (..., summands), to the figure on the scale on which it is nearly normal, shape (...).
    shown
        From that scale to the one shown, rising.

    Returns
    -------
    Estimate
        The error is that of the statistic's own scale. It is missing with one account, and where leaving out no account
        changes anything: answers that are all alike do not tell how far the next one may lie.

    Notes
    -----
    The jackknife over accounts, with Student's t on their effective number less one: answers squared over the sum of
    squared answers per account, so that one account that gives a third of all answers counts for what it is.

    References
    ----------
    MacKinnon, J. G., Nielsen, M. Ø. and Webb, M. D. (2023), "Fast and reliable jackknife and bootstrap methods for
    cluster-robust inference", Journal of Applied Econometrics 38(5).

    Examples
    --------
    >>> scores = np.array([8.0, 7.0, 6.0, 9.0])
    >>> found = leave_one_out(pd.Series(["a", "a", "b", "c"]), np.column_stack([scores, np.ones(4)]), mean)
    >>> round(found.value, 2), round(found.lower, 2), round(found.upper, 2)
    (7.5, 5.56, 9.44)
    """
    codes, names = pd.factorize(accounts)
    count = len(names)
    by_account = np.zeros((count, sums.shape[1]))
    np.add.at(by_account, codes, sums)
    total = by_account.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, left = float(statistic(total)), statistic(total - by_account)
    left = left[np.isfinite(left)]  # one account may hold all there is to tell a figure from
    error = float(np.sqrt((count - 1) / count * ((left - value) ** 2).sum())) if len(left) == count > 1 else np.nan
    if not error > _NO_SCATTER:
        return Estimate(float(shown(np.array(value))), *[float("nan")] * 3)
    answers = np.bincount(codes)
    reach = margin(len(codes) ** 2 / float((answers**2).sum())) * error
    ends = np.array([value, value - reach, value + reach])
    at, lower, upper = (float(end) for end in shown(ends))
    return Estimate(at, error, lower, upper)


def mean(sums: Floats) -> Floats:
    """Return the mean from sums of (weighted) values and of weights."""
    return sums[..., 0] / sums[..., 1]
