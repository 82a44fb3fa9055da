"""The NBD that never dies: the yardstick by which dropout earns its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.derivatives import Derivatives, rising

if TYPE_CHECKING:
    from clvlab.clv.models.histories import Array, Histories


def never_dies(histories: Histories, parameters: tuple[Array, ...]) -> Derivatives:
    """Return the log-likelihood of histories when nobody ever leaves: gamma rates, Poisson purchases.

    Parameters
    ----------
    histories
        Frequency and T; when the last purchase was does not matter here.
    parameters
        r, alpha.

    Notes
    -----
    On the scale of the models with dropout (times of purchases, not counts), within which it is the limit of
    no dropout; so their log-likelihoods compare.

    References
    ----------
    Ehrenberg, A. S. C. (1959), "The pattern of consumer purchases", Applied Statistics 8(1).
    """
    r, alpha = parameters
    x, age = histories.frequency, histories.age
    value, first, second = rising(r, x)
    last = alpha + age
    rows = Derivatives(np.zeros(len(x)), np.zeros((2, len(x))), np.zeros((2, 2, len(x))))
    rows.value = value + r * np.log(alpha) - (r + x) * np.log(last)
    rows.add(
        {0: first + np.log(alpha) - np.log(last), 1: r / alpha - (r + x) / last},
        {(0, 0): second, (0, 1): 1 / alpha - 1 / last, (1, 1): -r / alpha**2 + (r + x) / last**2},
    )
    return rows
