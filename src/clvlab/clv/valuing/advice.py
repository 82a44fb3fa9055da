"""What a reader should do with customer values: whom to keep, whom to ask, whose terms to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import to_date
from clvlab.results import Note

if TYPE_CHECKING:
    from clvlab.clv.valuing.customer_values import CustomerValues
    from clvlab.records.records import Records

_MOST = 3
# Between these chances of still being there a call can tell: below, the customer is lost, above, there is no doubt.
_DOUBT = (0.2, 0.9)
# Less than this part of what margin moves is no leaving at all.
_NOTHING = 0.001
_SOON = pd.Timedelta(days=183)


def to_do(values: CustomerValues, records: Records) -> Note:
    """Return what to do first, one sentence each, with the money behind it.

    Parameters
    ----------
    values
        From ``study.clv``.
    records
        Of the same study: the dates on which contracts end.
    """
    sentences = [*_contracts(values, records), *_in_doubt(values), *_below_zero(values), *_levers(values)]
    return Note(*(sentences or ["Nothing in these figures calls for action this month."]))


def _contracts(values: CustomerValues, records: Records) -> list[str]:
    """Return which valuable contracts end soon."""
    under = values.frame[values.frame["tie"] == "contract"]
    if under.empty:
        return []
    table = records["contracts"]
    ends = table.group_by("customer_id").agg(ends=table.ends_on.max()).execute().set_index("customer_id")["ends"]
    ends = pd.to_datetime(ends).reindex(under.index)
    today = pd.Timestamp(values.as_of)
    soon = under[ends.between(today, today + _SOON) & (under["value"] > 0)]
    if soon.empty:
        return []
    named = ", ".join(f"{who} ({to_date(ends[who])})" for who in soon.index[:_MOST])
    return [
        f"{plural(len(soon), 'contracts')} worth {_money(values, soon['value'].sum())} ending within half a year: "
        f"talk to the largest first: {named}."
    ]


def _in_doubt(values: CustomerValues) -> list[str]:
    """Return which customers are worth a call because nobody knows whether they are still there."""
    low, high = _DOUBT
    there = values.frame["probability_alive"]
    doubted = values.frame[there.between(low, high)]
    at_stake = (doubted["value"] / doubted["probability_alive"] * (1 - doubted["probability_alive"])).clip(lower=0)
    if not at_stake.sum() > 0:
        return []
    first = at_stake.sort_values(ascending=False, kind="stable").index[:_MOST]
    named = ", ".join(f"{who} ({there[who]:.0%} likely to be there)" for who in first)
    return [
        f"Call {named}: of {plural(len(doubted), 'customers')} in doubt, {_money(values, at_stake.sum())} is at stake, "
        f"and theirs is {_money(values, at_stake[first].sum())} of it."
    ]


def _below_zero(values: CustomerValues) -> list[str]:
    """Return whose terms do not cover their cost."""
    below = values.frame[values.frame["value_upper"] < 0]
    if below.empty:
        return []
    named = ", ".join(str(who) for who in below.sort_values("value", kind="stable").index[:_MOST])
    return [
        f"{plural(len(below), 'customers')} very likely at a cost above what they bring, "
        f"{_money(values, -below['value'].sum())} together: review their prices and what they order, {named} first."
    ]


def _levers(values: CustomerValues) -> list[str]:
    """Return what a hundredth more of retention and of margin is worth."""
    moved = values.sensitivity.to_frame().set_index("a_hundredth_more")["equity"] / 100 * values.frame["value"].sum()
    margin = _money(values, moved["margin"])
    if abs(moved["retention"]) < _NOTHING * moved["margin"]:
        return [
            f"A hundredth more margin is worth {margin} in {values.horizon_months} months: spend no more than that on"
            " it. What retention is worth cannot be told, as the value model sees nobody leave."
        ]
    if not (moved["retention"] > 0 and moved["margin"] > 0):
        return ["The customers together bring less than they cost: keeping more of them as they are makes it worse."]
    return [
        f"A hundredth more retention is worth {_money(values, moved['retention'])} in {values.horizon_months} months, "
        f"a hundredth more margin {margin}: spend no more than that on either."
    ]


def _money(values: CustomerValues, amount: float) -> str:
    """Return an amount as text."""
    return f"{amount:,.0f} {values.currency}".strip()
