"""What a group of accounts is remembered by, and what to do about it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from clvlab.account.profile import name_of
from clvlab.account.reading import one_line
from clvlab.clv.valuing.ranges import Range, product
from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines, Note
from clvlab.tiers.grading.stability import DEMOTION
from clvlab.tiers.playbook.action_result import LISTS

if TYPE_CHECKING:
    from clvlab.account.accounts import Accounts
    from clvlab.account.group import Group

# So many accounts are named in a sentence.
_NAMED = 3


class Together(NamedTuple):
    """A figure of several customers together, with its 90% interval."""

    value: float
    lower: float
    upper: float


def headlines(everything: Accounts, group: Group) -> Headlines:
    """Return how many accounts there are, what they will bring, how many leave, and what is at stake."""
    return Headlines(
        _customers(everything, group), _value(everything, group), _leaving(everything, group),
        _at_stake(everything, group),
    )  # fmt: skip


def _customers(everything: Accounts, group: Group) -> Headline:
    note = ""
    with suppress(Refused):
        counts = everything.standing["standing"].reindex(group.customers).value_counts()
        note = "; ".join(f"{standing}: {count:,}" for standing, count in counts.items())
    return Headline("customers", len(group.customers), "customers", note=note)


def _value(everything: Accounts, group: Group) -> Headline:
    try:
        value = group.value
    except Refused as refusal:
        return Headline("value to come", None, note=str(refusal))
    name, total = f"value to come, {everything.values.horizon_months} months", everything.worth["value"].sum()
    told = total > 0 and not group.is_everyone
    note = f"{value.value / total:.0%} of what all customers will bring" if told else ""
    return Headline(name, *_figure(value, everything.currency), note=note)


def _leaving(everything: Accounts, group: Group) -> Headline:
    name = f"expected to leave within {group.months} months"
    try:
        leaving = group.leaving
    except Refused as refusal:
        return Headline(name, None, note=str(refusal))
    ahead = everything.churn.prospects
    here = int(ahead.frame.index.isin(group.customers).sum())
    note = f"{leaving.value / here:.0%} of those still there" if here else "nobody is there still"
    if here and not group.is_everyone:
        note += f"; of all customers {_share_leaving(everything, group):.0%}"
    return Headline(name, *_figure(leaving, "customers"), note=note)


def _share_leaving(everything: Accounts, group: Group) -> float:
    """Return which share of all customers who are still there is expected to leave."""
    ahead = everything.churn.prospects
    return float(ahead.totals.loc[group.months, "leave"]) / len(ahead.frame)


def _at_stake(everything: Accounts, group: Group) -> Headline:
    """Return the margin that the group's accounts put at stake together.

    Its interval is that of how many of the ranked leave times what they are worth: both err for all of them alike.
    Where they may bring nothing together, there is none.
    """
    try:
        ranked = group.watch_list.to_frame()
    except Refused as refusal:
        return Headline("margin at stake", None, note=str(refusal))
    total = float(ranked["at_stake"].sum())
    note = f"{plural(len(ranked), 'accounts')} on the watch list"
    customers = pd.Index(ranked["customer_id"])
    leaving, value = group.leaving_of(customers), group.value_of(customers)
    if min(leaving.lower, value.lower) <= 0:
        return Headline("margin at stake", total, everything.currency, note=note)
    both = product(*(Range(*(pd.Series([end]) for end in figure)) for figure in (leaving, value)))
    told = Together(*(float(part.iloc[0]) for part in both.times(total / both.value)))
    return Headline("margin at stake", *_figure(told, everything.currency), note=note)


def _figure(told: Together, unit: str) -> tuple[float, str, float, float]:
    return told.value, unit, told.lower, told.upper


def to_do(everything: Accounts, group: Group) -> Note:
    """Return what to do about the accounts of a group, one sentence each."""
    parts = (_to_call, _leaving_more, _to_act_on, _to_ask, _to_name)
    told = [sentence for part in parts for sentence in part(everything, group)]
    return Note(
        *told
        or ["Nothing in these figures calls for a step of its own: keep what was agreed and look again next month."]
    )


def _to_call(everything: Accounts, group: Group) -> list[str]:
    """Say whom to call first: by what is at stake, or else by how likely they are there still and leave."""
    with suppress(Refused):
        return [
            f"Call first, by the margin at stake: {_names(everything, group.watch_list.to_frame()['customer_id'])}."
        ]
    with suppress(Refused):
        ahead = everything.prospects[everything.prospects.index.isin(group.customers)]
        chance = (1 - ahead["already_gone"]) * ahead[f"risk_{group.months}"]
        first = chance.sort_values(ascending=False, kind="stable").index
        return [f"Call first, by the probability to leave: {_names(everything, first)}."] if len(first) else []
    return []


def _leaving_more(everything: Accounts, group: Group) -> list[str]:
    """Say where more of them leave than of all customers, beyond what the interval leaves open."""
    with suppress(Refused):
        here = everything.prospects.index.isin(group.customers).sum()
        of_all = _share_leaving(everything, group)
        if group.leaving.lower > of_all * here:
            return [
                f"More of these accounts are expected to leave than of all customers, {group.leaving.value / here:.0%}"
                f" against {of_all:.0%}: see whether other accounts or another service make it so."
            ]
    return []


def _to_act_on(everything: Accounts, group: Group) -> list[str]:
    """Say whom the lists ask to invest in, to fix and to let go."""
    told = []
    with suppress(Refused):
        rows = group.lists.to_frame()
        for name in LISTS:
            listed = rows.loc[rows["list"] == name, "customer_id"]
            if len(listed):
                told.append(
                    f"{name.capitalize()}, {plural(len(listed), 'accounts')}, first: {_names(everything, listed)}."
                )
    return told


def _to_ask(everything: Accounts, group: Group) -> list[str]:
    """Say who fell a tier in the last quarter, those with the most points first."""
    with suppress(Refused):
        moves = group.moves.to_frame()
        fell = moves.loc[moves["move"] == DEMOTION, "customer_id"]
        if len(fell):
            return [f"Ask why they fell a tier in the last quarter: {_names(everything, fell)}."]
    return []


def _to_name(everything: Accounts, group: Group) -> list[str]:
    """Say how many of them nobody looks after."""
    file = everything.customers.loc[group.customers]
    without = int((file["account_manager"].map(one_line) == "").sum()) if "account_manager" in file else 0
    return [f"Name an account manager for the accounts that have none: {without:,}."] if without else []


def _names(everything: Accounts, customers: pd.Series | pd.Index) -> str:
    return "; ".join(name_of(everything.customers, customer) for customer in customers[:_NAMED])
