"""Whom to act on: accounts ranked by what acting is expected to earn, and how many of them to act on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from clvlab.clv.valuing.ranges import Range, product
from clvlab.refusal import Refused
from clvlab.retention.actions.actions_result import Actions, MaximumProfits
from clvlab.retention.actions.effect import Effect, cumulated
from clvlab.retention.actions.maximum_profit import expected_maximum_profit
from clvlab.retention.watch_list_result import WatchList
from clvlab.shrinkage import NINETY

PAYS, HARMS, OPEN = "pays", "does not pay", "not clear"


def actions(watched: WatchList, effect: Effect, cost: float, cost_source: str) -> Actions:
    """Rank accounts by the expected profit of acting on them, and choose how many to act on.

    Parameters
    ----------
    watched
        The watch list: probability to leave, margin if the account stays, chance that it has gone already.
    effect
        What acting changes, for each of its accounts.
    cost
        Of acting on one account.
    cost_source
        Where the cost comes from, in a sentence.

    Raises
    ------
    Refused
        For a cost that is not above 0, and when no account has a margin and a probability to leave.

    Notes
    -----
    Expected profit is the chance that the account is still there, times what acting takes off its probability to leave,
    times its margin over the horizon if it stays, less the cost. Reduction and margin are taken to err independently
    (:func:`clvlab.clv.valuing.ranges.product`). Who would leave within the months looked ahead leaves in their middle
    on average, so that the margin saved is a little less than all of it; who is kept may leave later, as the margin
    allows for. Acting on everyone whose expected profit is above 0 earns most on average; where the effect is not
    clear, what knowing it would add is the difference to the expected maximum profit.

    References
    ----------
    Ascarza, E. (2018), "Retention futility: targeting high-risk customers might be ineffective", Journal of Marketing
    Research 55(1).

    Lemmens, A. and Gupta, S. (2020), "Managing churn to maximize profits", Marketing Science 39(5).
    """
    if not 0 < cost < np.inf:
        raise Refused(f"An action costs {cost}; give an amount above 0, such as unit_costs.visit in clvlab.toml.")
    frame = watched.frame[(watched.frame["apart"] == "")].set_index("customer_id")
    if frame.empty:
        raise Refused("No account has a margin to lose and a probability to leave, so there is none to act on.")
    there = 1 - frame["already_gone"]
    effect = effect._replace(group=effect.group.reindex(frame.index), scale=effect.scale.reindex(frame.index))
    earns = Range(*(frame[f"margin{end}"] for end in ("", "_lower", "_upper"))).times(there)
    gain = product(effect.reduction, earns)
    net = Range(*(part - cost for part in gain))
    acting = pd.Series(OPEN, index=frame.index).mask(net.lower > 0, PAYS).mask(net.upper < 0, HARMS)
    ranked = frame[["name", "account_manager", "probability", "margin", "at_stake", "likely_cause"]].assign(
        group=effect.group, **effect.reduction.columns("reduction"), **net.columns("profit"),
        break_even=cost / earns.value, acting=acting,
    )  # fmt: skip
    ranked = ranked.reset_index().sort_values(["profit", "customer_id"], ascending=[False, True], ignore_index=True)
    place = frame.index.get_indexer(pd.Index(ranked["customer_id"]))
    by_risk = np.argsort(-frame["probability"].to_numpy(), kind="stable")
    curves = {
        "expected profit": cumulated(effect, earns.value.to_numpy(), place, cost),
        "risk": cumulated(effect, earns.value.to_numpy(), by_risk, cost),
    }
    known = _known_effect(effect, earns.value, cost)
    remarks = (
        *watched.doubts, effect.source, cost_source, _said(ranked), *_not_ranked(watched.frame["apart"]),
        "Intervals of one account's profit hold both what acting changes and what the account is worth.",
    )  # fmt: skip
    return Actions(
        ranked, curves, known, watched.as_of, watched.months, cost, watched.currency, effect.measured, remarks
    )


def _known_effect(effect: Effect, worth: pd.Series, cost: float) -> MaximumProfits:
    """Return the expected profit of acting where it pays, with the effect known beforehand and not known."""
    mean = effect.reduction.value * worth - cost
    if not effect.measured:
        found = expected_maximum_profit(mean, effect.scale, worth, 0.0, cost)
        return MaximumProfits(float(mean.clip(lower=0).sum()), found.profit * len(worth), found.share)
    half = (effect.reduction.upper - effect.reduction.lower) / (2 * NINETY)
    error = (half * worth).clip(lower=1e-12)
    # The mean of what is above 0 of a normal, and the probability that it is.
    above = norm.cdf(mean / error)
    best = mean * above + error * norm.pdf(mean / error)
    return MaximumProfits(float(mean.clip(lower=0).sum()), float(best.sum()), float(above.mean()))


def _said(ranked: pd.DataFrame) -> str:
    """Return how clear it is whom acting pays for."""
    clear, against = (int((ranked["acting"] == what).sum()) for what in (PAYS, HARMS))
    return (
        f"Of {len(ranked):,} accounts, acting clearly pays for {clear:,} and clearly does not for {against:,}; of the"
        " others the interval of the profit holds 0."
    )


def _not_ranked(apart: pd.Series) -> list[str]:
    """Return how many customers stand apart, and why; nothing where none does."""
    counts = apart[apart != ""].value_counts()
    if counts.empty:
        return []
    why = "; ".join(f"{reason}: {number:,}" for reason, number in counts.items())
    return [f"Of {len(apart):,} customers, {counts.sum():,} are not among these accounts; {why}."]
