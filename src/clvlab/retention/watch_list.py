"""Whom to call first: what each account puts at stake, why, and what is known of it already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from clvlab.clv.valuing.ranges import product
from clvlab.features.customer_file.shared import NO_MANAGER, present
from clvlab.features.tables import AnyTable
from clvlab.periods import parse_date
from clvlab.refusal import Refused
from clvlab.retention.estimates import estimate, one_each
from clvlab.retention.in_words import (
    NOT_CLEAR,
    drivers_in_words,
    likely_cause,
    partners_in_words,
    plain_text,
    silence_in_words,
)
from clvlab.retention.notes import last_notes
from clvlab.retention.watch_list_result import LIKELY_GONE, NO_LOSS, NOTED_LEFT, UNKNOWN, WatchList

# From here on it is more likely than not that the account has left unnoticed.
_GONE = 0.5


def watch_list(
    risk: pd.DataFrame,
    worth: pd.DataFrame,
    drivers: pd.DataFrame,
    silence: pd.DataFrame,
    customers: AnyTable,
    as_of: str | dt.date,
    *,
    months: float,
    margin_months: float,
    currency: str = "",
    facts: pd.DataFrame | None = None,
    partners: pd.DataFrame | None = None,
    calls: AnyTable | None = None,
    doubts: Sequence[str] = (),
) -> WatchList:
    """Rank accounts by the margin they put at stake, and say what to know before calling them.

    Parameters
    ----------
    risk
        One row per account: customer_id, probability (to leave within ``months``, of an account that is still there),
        lower, upper (its 90% interval), already_gone (probability that it has left unnoticed; 0 where missing).
    worth
        One row per account: customer_id, margin (expected over ``margin_months`` of an account still there), lower,
        upper (its 90% interval).
    drivers
        One row per account and covariate: customer_id, covariate, label, unit, now, own_past, contribution (to the log
        hazard: now less own past) and cause (of leaving for which it speaks; blank for none).
    silence
        One row per account: customer_id, silent_days, usual_gap_days, silence_percentile (share of its gaps that are
        shorter, from 0 to 1), next_order_expected_on.
    customers
        Accepted customers: customer_id and, where known, name and account_manager.
    as_of
        The last day known.
    months
        Within how many months an account may leave.
    margin_months
        Over how many months its margin counts: who leaves takes more than the next few months along.
    currency
        Of the margin.
    facts
        What to know of an account besides: customer_id, fact (a few words); one row per account at most.
    partners
        Who on the other side of an account's lanes has left: customer_id, partner_id, left_on.
    calls
        The table ``calls``: what came of earlier calls, and judgements of people who know the account.
    doubts
        What speaks against the margins, in sentences.

    Returns
    -------
    WatchList
        Ranked by margin at stake; accounts without a place in the ranking stand apart, each with the reason.

    Raises
    ------
    Refused
        For missing columns, an account with several rows where there is one each, probabilities outside 0 to 1, and
        an estimate outside its own interval.

    Notes
    -----
    Margin at stake is the chance that the account is still there, times the probability to leave, times the margin if
    it stays. The last two are taken to be independent; the interval of their product is that of
    :func:`clvlab.clv.valuing.ranges.product`. A judgement that a person noted stands beside the model's probability
    and moves no account.

    Examples
    --------
    >>> risk = pd.DataFrame({"customer_id": ["a"], "probability": [0.2], "lower": [0.1], "upper": [0.3]})
    >>> worth = pd.DataFrame({"customer_id": ["a"], "margin": [5000.0], "lower": [4000.0], "upper": [7000.0]})
    >>> silence = pd.DataFrame({"customer_id": ["a"], "silent_days": [41], "usual_gap_days": [9.2]})
    >>> silence = silence.assign(silence_percentile=0.98, next_order_expected_on=pd.Timestamp("2026-01-05"))
    >>> names = ["customer_id", "covariate", "label", "unit", "now", "own_past", "contribution", "cause"]
    >>> drivers, customers = pd.DataFrame(columns=names), pd.DataFrame({"customer_id": ["a"], "name": ["A Ltd"]})
    >>> found = watch_list(
    ...     risk.assign(already_gone=0.0), worth, drivers, silence, customers, "2025-12-31", months=6, margin_months=36
    ... )
    >>> round(found.to_frame().loc[0, "at_stake"])
    1000
    """
    day = parse_date(as_of)
    chance = one_each(risk, "risk", ["probability", "lower", "upper", "already_gone"])
    if ((chance < 0) | (chance > 1)).any(axis=None):
        raise Refused("risk has a probability or a bound outside 0 to 1; give shares, not percentages.")
    accounts = chance.index.union(one_each(worth, "worth", ["margin"]).index).rename("customer_id")
    leaves, earns = estimate(risk, "risk", "probability", accounts), estimate(worth, "worth", "margin", accounts)
    gone = chance["already_gone"].reindex(accounts).fillna(0.0)
    frame = pd.DataFrame(
        {
            **_names(customers, accounts),
            **leaves.columns("probability"),
            "already_gone": gone,
            **earns.columns("margin"),
            **product(leaves, earns).times(1 - gone).columns("at_stake"),
        },
        index=accounts,
    )
    expected = one_each(silence, "silence", ["next_order_expected_on"])
    frame = frame.join([drivers_in_words(drivers), likely_cause(drivers).rename("likely_cause")])
    frame = frame.join([silence_in_words(silence).rename("silence"), expected])
    frame["likely_cause"] = frame["likely_cause"].fillna(NOT_CLEAR)
    frame["fact"] = None if facts is None else facts.set_index("customer_id")["fact"]
    frame["partners_lost"] = None if partners is None else partners_in_words(partners)
    frame = frame.join(last_notes(calls, day))
    frame["apart"] = _apart(frame)
    ranked = frame.reset_index().sort_values(["at_stake", "customer_id"], ascending=[False, True], ignore_index=True)
    return WatchList(ranked.drop(columns="noted_left"), day, months, margin_months, currency, doubts)


def _names(customers: AnyTable, accounts: pd.Index) -> dict[str, pd.Series]:
    """Return each account's name and manager as texts, the code and "no manager" where they are missing."""
    known = present(customers, "name", "account_manager").set_index("customer_id").reindex(accounts)
    known = known.reindex(columns=["name", "account_manager"]).map(plain_text)
    codes = accounts.to_series().map(plain_text)
    return {
        "name": known["name"].where(known["name"] != "", codes),
        "account_manager": known["account_manager"].where(known["account_manager"] != "", NO_MANAGER),
    }


def _apart(frame: pd.DataFrame) -> pd.Series:
    """Return why an account has no place in the ranking, blank for one that has; the first reason counts."""
    why = pd.Series("", index=frame.index)
    for reason, holds in (
        (NO_LOSS, frame["margin"] <= 0),
        (LIKELY_GONE, frame["already_gone"] > _GONE),
        (NOTED_LEFT, frame["noted_left"].eq(True)),
        (UNKNOWN, frame["at_stake"].isna()),
    ):
        why = why.mask(holds, reason)
    return why
