"""Which steps an account calls for, read from the lists, the watch list, its contract and what it owes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from clvlab.account import keeping, steps
from clvlab.account.reading import facts_of, rows_of
from clvlab.account.risk import LOST, SILENT, rhythm_in_words
from clvlab.clv.valuing.potential import STALE
from clvlab.periods import DAYS_PER_YEAR
from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.tiers.playbook.action_result import FIX, LET_GO

if TYPE_CHECKING:
    from clvlab.account.accounts import Accounts


def next_steps(everything: Accounts, customer_id: str) -> Result:
    """Return what to do next with an account, the most money behind it first.

    Parameters
    ----------
    everything
        What is known of all accounts.
    customer_id
        The account.

    Notes
    -----
    The lists invest, fix and let go come first, and nothing contradicts them. Whoever is to be let go is neither called
    to stay nor offered anything. Whoever loses us money is talked to about price and cost to serve, which is the call,
    and gets no more than is due. A missing entitlement is a step only where the list says that closing it pays.
    """
    row = everything.row("lists", customer_id)
    losing = row.get("list") == LET_GO or (row.get("list") == FIX and row["money_is"] != steps.AT_STAKE)
    found = _listed(everything, customer_id, row) if row else []
    found += steps.beyond(everything.row("over_served", customer_id)) if losing else _keeping(everything, customer_id)
    found += steps.overdue(rows_of(everything.records.tables, "invoices", customer_id), everything.as_of)
    stale = everything.row("potential", customer_id).get("flag") == STALE
    file = facts_of(everything.customers, customer_id)
    found += steps.on_file(file, "account_manager" in everything.customers, stale)
    calls = any(step.money_is == keeping.OF_CALL for step in found)
    return steps.ranked(found, everything.currency, _shown_by_campaign(everything) if calls else ())


def _listed(everything: Accounts, customer_id: str, row: dict[str, Any]) -> list[steps.Step]:
    """Return what the list asks for on which the account stands."""
    costs = everything.row("playbook_accounts", customer_id) | everything.row("under_served", customer_id)
    return [steps.listed(row, costs)]


def _keeping(everything: Accounts, customer_id: str) -> list[steps.Step]:
    """Return what keeps, or wins back, an account that does not lose us money."""
    tables, stands = everything.records.tables, everything.row("standing", customer_id)
    if stands.get("standing") == LOST:
        return [keeping.lost(stands["last_on"], _yearly(everything, customer_id), _returns(everything))]
    months = everything.base.assumptions.leave_within_months
    talks_by = keeping.talks_by(rows_of(tables, "contracts", customer_id), everything.as_of, months)
    watched = everything.row("watched", customer_id)
    if "place" in watched:
        complaints = rows_of(tables, "complaints", customer_id)
        unsettled = int(complaints["resolved_at"].isna().sum()) if "resolved_at" in complaints else 0
        cost = everything.base.assumptions.unit_costs.get("call", steps.NONE)
        acting, of = everything.row("acting", customer_id), int(everything.watched["place"].max())
        return keeping.watched(watched, of, cost, unsettled, talks_by, acting)
    if watched:
        return keeping.apart(watched, everything.row("worth", customer_id))
    if stands.get("standing") == SILENT:
        told = rhythm_in_words(stands, everything.row("rhythms", customer_id), everything.as_of)
        return [keeping.silent(told)]
    return []


def _yearly(everything: Accounts, customer_id: str) -> float:
    """Return the profit of a lost account, a year from its first order to its last; missing where there is no money."""
    earned, days = everything.row("earned", customer_id), everything.row("ordered", customer_id)
    if not earned or "first_on" not in days:
        return steps.NONE
    years = (days["last_on"] - days["first_on"]).days / DAYS_PER_YEAR
    running = earned["contribution"] - earned["cost_to_serve"] - earned["credit_cost"]
    return float(running) / max(years, 1.0)


def _returns(everything: Accounts) -> pd.DataFrame:
    try:
        return everything.returns
    except Refused:
        return pd.DataFrame()


def _shown_by_campaign(everything: Accounts) -> tuple[str, ...]:
    """Return what the last randomised campaign shows of calling; nothing where there was none."""
    try:
        return (everything.campaign.finding,)
    except Refused:
        return ()
