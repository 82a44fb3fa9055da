"""What to believe of an effect that a campaign measured: less than it measured, the less certain it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.clv.valuing.ranges import Range
from clvlab.retention.actions.maximum_profit import ACCEPTANCE
from clvlab.retention.campaign_effect import EVERYONE
from clvlab.shrinkage import NINETY

# Of would-be leavers, the share that acting keeps: as likely to be below 0 as above, and above the share that is hoped
# for with a probability of 5%.
_SPREAD = ACCEPTANCE[0] / sum(ACCEPTANCE) / NINETY
# Half the variance of that share is common to all groups, half each group's own.
_ALIKE = 0.5


class Belief(NamedTuple):
    """What acting takes off the probability to leave.

    Attributes
    ----------
    by_group
        One entry per group, and one over all: the mean of the groups, by their customers.
    correlation
        Between their errors, in that order.

    Examples
    --------
    >>> Belief(Range(*(pd.Series([part], ["spot"]) for part in (0.04, 0.01, 0.07))), np.eye(1)).by_group.value.to_dict()
    {'spot': 0.04}
    """

    by_group: Range
    correlation: NDArray[np.float64]


def believed(measured: pd.DataFrame) -> Belief:
    """Return a campaign's effects drawn towards none, and groups' effects towards each other.

    Parameters
    ----------
    measured
        The frame of a :class:`clvlab.retention.campaign_effect.CampaignEffect`.

    Notes
    -----
    We act where the effect looks good, and of effects that are measured with large errors those look good whose errors
    are: taken as they are measured, they promise profits that do not come. The share kept of those who would leave gets
    a sceptical prior (Spiegelhalter et al. 1994): normal around 0, above the share hoped for, which is the mean of
    :data:`~clvlab.retention.actions.maximum_profit.ACCEPTANCE`, with a probability of 5%. With errors taken as known
    the mean and the covariance of the groups' effects follow in closed form.

    References
    ----------
    Spiegelhalter, D. J., Freedman, L. S. and Parmar, M. K. B. (1994), "Bayesian approaches to randomized trials",
    Journal of the Royal Statistical Society A 157(3).

    Examples
    --------
    >>> few = {"group": [EVERYONE], "called": [400], "not_called": [400], "left_called": [0.16],
    ...        "left_not_called": [0.20], "reduction": [0.04], "lower": [-0.005], "upper": [0.085]}
    >>> many = few | {"called": [40_000], "not_called": [40_000], "lower": [0.0355], "upper": [0.0445]}
    >>> [round(float(believed(pd.DataFrame(frame)).by_group.value.iloc[0]), 3) for frame in (few, many)]
    [0.024, 0.04]
    """
    rows = measured.set_index("group")
    groups = rows if len(rows) == 1 else rows.drop(index=EVERYONE)
    customers = (groups["called"] + groups["not_called"]).to_numpy(dtype=float)
    left = (groups["called"] * groups["left_called"] + groups["not_called"] * groups["left_not_called"]).to_numpy()
    leaving = (left + 1) / (customers + 2)  # a group without leavers is not taken to be without risk
    spread = _SPREAD * leaving
    prior = np.outer(spread, spread) * (_ALIKE + (1 - _ALIKE) * np.eye(len(groups)))
    errors = (groups["upper"] - groups["lower"]).to_numpy() / (2 * NINETY)
    weight = prior @ np.linalg.inv(prior + np.diag(errors**2))
    mean, covariance = weight @ groups["reduction"].to_numpy(), prior - weight @ prior
    names = list(groups.index)
    if EVERYONE not in names:
        over_all = np.vstack([np.eye(len(groups)), customers / customers.sum()])
        mean, covariance, names = over_all @ mean, over_all @ covariance @ over_all.T, [*names, EVERYONE]
    error = np.sqrt(np.diag(covariance))
    value, half = pd.Series(mean, names), NINETY * error
    return Belief(Range(value, value - half, value + half), covariance / np.outer(error, error))
