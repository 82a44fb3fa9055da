"""How much an action takes off the probability to leave: from a campaign drawn by lot, or assumed without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from clvlab.clv.valuing.ranges import Range
from clvlab.retention.actions.belief import believed
from clvlab.retention.actions.maximum_profit import ACCEPTANCE
from clvlab.retention.campaign_effect import EVERYONE

if TYPE_CHECKING:
    from clvlab.retention.campaign_effect import CampaignEffect

ASSUMED = "assumed"


class Effect(NamedTuple):
    """What acting changes, for each account.

    Attributes
    ----------
    by_group
        Of the chance to leave of an account whose ``scale`` is 1, what acting takes off; one entry per group.
    correlation
        Between the groups' errors.
    group, scale
        Each account's group, and how much more or less it changes there; in proportion to the account's risk.
    source
        Where it comes from, in a sentence.
    measured
        Whether a campaign drawn by lot tells it.

    Examples
    --------
    >>> effect = Effect(Range(*(pd.Series([part], ["all"]) for part in (0.3, 0.1, 0.5))), np.eye(1),
    ...                 pd.Series("all", ["a", "b"]), pd.Series([0.2, 0.1], ["a", "b"]), "Assumed.", False)
    >>> effect.reduction.value.round(2).to_dict()
    {'a': 0.06, 'b': 0.03}
    """

    by_group: Range
    correlation: NDArray[np.float64]
    group: pd.Series
    scale: pd.Series
    source: str
    measured: bool

    @property
    def reduction(self) -> Range:
        """What acting takes off each account's probability to leave, with its 90% interval."""
        return self.by_group.of(self.group).times(self.scale)


def measured_effect(campaign: CampaignEffect, risk: pd.Series, there: pd.Series, group: pd.Series) -> Effect:
    """Return what to believe of the effect that a campaign drawn by lot showed, shared out in proportion to risk.

    Parameters
    ----------
    campaign
        Of the campaign, by the same groups.
    risk
        Probability to leave of every account, by customer_id.
    there
        The chance that it is still there: the campaign's mean counts those who had left unnoticed, whom acting changes
        nothing for.
    group
        Each account's group by customer_id; an account of none, or of one that the campaign does not tell of, gets
        the effect over all.

    Notes
    -----
    The campaign tells a mean per group, of which :func:`~clvlab.retention.actions.belief.believed` takes as much as its
    error allows. Within a group, acting is taken to keep the same share of those who would leave, as all
    proportional-hazards models and :func:`~clvlab.retention.actions.maximum_profit.expected_maximum_profit` do, so that
    an account with twice the risk loses twice as much of it. Accounts are taken to respond as those of their group did
    then.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> frame = pd.DataFrame({"group": [EVERYONE], "called": [4000], "not_called": [4000], "left_called": [0.16],
    ...                       "left_not_called": [0.20], "reduction": [0.04], "lower": [0.03], "upper": [0.05]})
    >>> campaign = SimpleNamespace(to_frame=lambda: frame, months=9)
    >>> risk = pd.Series([0.3, 0.1], ["a", "b"])
    >>> measured_effect(campaign, risk, risk * 0 + 1, pd.Series(dtype=str)).reduction.value.round(3).to_dict()
    {'a': 0.058, 'b': 0.019}
    """
    by_group, correlation = believed(campaign.to_frame())
    group = group.reindex(risk.index).where(lambda known: known.isin(by_group.value.index), EVERYONE)
    mean = (risk * there).groupby(group).transform("mean")
    source = (
        f"What acting changes is what the campaign drawn by lot showed within {campaign.months:g} months, by group,"
        " drawn towards none as far as it is uncertain, and shared out within a group in proportion to risk."
    )
    return Effect(by_group, correlation, group, (risk / mean.where(mean > 0)).fillna(0.0), source, True)


def assumed_effect(risk: pd.Series) -> Effect:
    """Return the effect that is assumed where no campaign was drawn by lot: a share of would-be leavers stays.

    Parameters
    ----------
    risk
        Probability to leave of every account, by customer_id.

    Examples
    --------
    >>> assumed_effect(pd.Series([0.2, 0.1], ["a", "b"])).reduction.value.round(2).to_dict()
    {'a': 0.06, 'b': 0.03}
    """
    a, b = ACCEPTANCE
    ends = [a / (a + b), *beta.ppf([0.05, 0.95], a, b)]
    by_group = Range(*(pd.Series([float(end)], index=[ASSUMED]) for end in ends))
    source = (
        "No campaign drawn by lot tells what acting changes. Here it is assumed to keep"
        f" {ends[0]:.0%} of those who would leave ({ends[1]:.0%} to {ends[2]:.0%}), as studies of telephone companies"
        " do; hold some accounts back this time, and next time it is known."
    )
    return Effect(by_group, np.eye(1), pd.Series(ASSUMED, index=risk.index), risk.astype(float), source, False)


def cumulated(effect: Effect, worth: np.ndarray, order: np.ndarray, cost: float) -> pd.DataFrame:
    """Return the profit of acting on the first accounts of an order, with its 90% interval.

    Parameters
    ----------
    effect
        Of the accounts.
    worth
        What each account is worth if it stays, times the chance that it is still there.
    order
        Positions of the accounts, the first to act on first.
    cost
        Of acting on one account.

    Returns
    -------
    DataFrame
        ``accounts`` (0, 1, 2, ...), ``profit``, ``lower``, ``upper``. Accounts of a group share its error, and groups'
        errors go together as the effect says; what accounts are worth is taken as known.

    Examples
    --------
    >>> effect = assumed_effect(pd.Series([0.2, 0.1], ["a", "b"]))
    >>> cumulated(effect, np.array([1000.0, 500.0]), np.array([0, 1]), 20.0)["profit"].round(6).tolist()
    [0.0, 40.0, 35.0]
    """
    names = effect.by_group.value.index
    gain = np.asarray(effect.scale * worth, dtype=float)[order]
    member = effect.group.to_numpy()[order][:, None] == names.to_numpy()[None, :]
    sums = np.vstack([np.zeros(len(names)), np.cumsum(gain[:, None] * member, axis=0)])
    value, lower, upper = (part.to_numpy() for part in effect.by_group)
    profit = sums @ value - cost * np.arange(len(sums))
    down, up = value - lower, upper - value  # a sum below 0 turns the ends around
    low, high = (
        np.sqrt(np.einsum("ki,ij,kj->k", reach, effect.correlation, reach))
        for reach in (np.where(sums >= 0, sums * down, sums * up), np.where(sums >= 0, sums * up, sums * down))
    )
    return pd.DataFrame(
        {"accounts": np.arange(len(sums)), "profit": profit, "lower": profit - low, "upper": profit + high}
    )
