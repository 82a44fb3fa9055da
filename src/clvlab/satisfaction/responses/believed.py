"""What is believed of effects that the records tell with error, given how far such effects are known to scatter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clvlab.satisfaction.responses.customer_months import Floats
from clvlab.satisfaction.responses.responses import Response

# How far kinds of failure may differ, as shares of the spread around none; half of it is as likely as their prior says.
_APART = np.linspace(0.01, 0.99, 50)
_USUALLY_APART = 0.5


def believed(responses: Sequence[Response], spread: float) -> tuple[Floats, Floats]:
    """Return mean and covariance of effects of one sort (such as of failures of several kinds) once told.

    Parameters
    ----------
    responses
        Estimates and errors, taken to be independent of one another; all told.
    spread
        How far effects scatter around none beforehand.

    Returns
    -------
    tuple
        Mean, of shape (responses,), and covariance, (responses, responses).

    Notes
    -----
    Beforehand effects are normal around none with ``spread``, of which a part is common to all and a part each one's
    own. The part of their own has a half-normal standard deviation of half the spread (cut at the spread), summed over
    with its likelihood: kinds that the records tell to differ stay apart, and one that they hardly tell (damage is
    rare) goes along with the others. Mean and covariance are those of the mixture. A single effect is drawn towards
    none by ``spread**2 / (spread**2 + error**2)``.

    References
    ----------
    Gelman, A. (2006), "Prior distributions for variance parameters in hierarchical models", Bayesian Analysis 1(3).

    Examples
    --------
    >>> mean, covariance = believed([Response(-0.06, 0.01), Response(0.02, 0.05)], spread=0.1)
    >>> mean.round(3).tolist()  # the second is hardly told, and goes along with the first
    [-0.058, -0.019]
    """
    estimates = np.array([one.estimate for one in responses])
    noise = np.diag([one.error**2 for one in responses])
    number = len(responses)
    found = []
    for apart in _APART:
        own = (apart * spread) ** 2
        prior = (spread**2 - own) * np.ones((number, number)) + own * np.eye(number)
        total = prior + noise
        gain = np.linalg.solve(total, prior).T
        likelihood = -(np.linalg.slogdet(total)[1] + estimates @ np.linalg.solve(total, estimates)) / 2
        left = np.eye(number) - gain
        covariance = left @ prior @ left.T + gain @ noise @ gain.T  # exact where errors are 0, too
        found.append((gain @ estimates, covariance, likelihood - (apart / _USUALLY_APART) ** 2 / 2))
    means, covariances, weights = (np.array(part) for part in zip(*found, strict=True))
    weights = np.exp(weights - weights.max())
    weights /= weights.sum()
    mean = weights @ means
    away = means - mean
    return mean, np.einsum("a,aij->ij", weights, covariances) + np.einsum("a,ai,aj->ij", weights, away, away)
