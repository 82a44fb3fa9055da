"""The figures that an account's file is remembered by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clvlab.account.standing import in_words
from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines, format_cell

if TYPE_CHECKING:
    from clvlab.account.accounts import Accounts


def headlines(everything: Accounts, customer_id: str) -> Headlines:
    """Return value to come, margin at stake, risk, tier and next order of an account.

    Parameters
    ----------
    everything
        What is known of all accounts.
    customer_id
        The account.
    """
    return Headlines(
        _value(everything, customer_id), _at_stake(everything, customer_id), _leaves(everything, customer_id),
        _tier(everything, customer_id), _next_order(everything, customer_id),
    )  # fmt: skip


def _value(everything: Accounts, customer_id: str) -> Headline:
    try:
        values = everything.values
    except Refused as refusal:
        return Headline("value to come", None, note=str(refusal))
    row = everything.row("worth", customer_id)
    name = f"value to come, {values.horizon_months} months"
    note = f"{values.meaning}, discounted"
    return _money(name, row, "value", everything.currency, f"{note}; doubtful, see below" if values.doubts else note)


def _leaves(everything: Accounts, customer_id: str) -> Headline:
    months = everything.base.assumptions.leave_within_months
    name, stands = f"leaves within {months} months", everything.row("standing", customer_id)
    ahead = everything.row("prospects", customer_id)
    if not ahead:
        return Headline(name, None, note=str(stands.get("standing", "")))
    value, lower, upper = (100 * float(ahead[f"leave_{months}{end}"]) for end in ("", "_lower", "_upper"))
    return Headline(name, value, "%", lower, upper, note=str(stands.get("standing", "")))


def _at_stake(everything: Accounts, customer_id: str) -> Headline:
    row = everything.row("watched", customer_id)
    note = f"place {row['place']:.0f} on the watch list" if "place" in row else str(row.get("apart", ""))
    return _money("margin at stake", row, "at_stake", everything.currency, note)


def _tier(everything: Accounts, customer_id: str) -> Headline:
    try:
        card = everything.tiers.scorecard
    except Refused as refusal:
        return Headline("tier", None, note=str(refusal))
    if customer_id not in card.points.index:
        return Headline("tier", None, note="no order in the last 365 days")
    points, told = f"{card.score[customer_id]:.1f} of 100 points", in_words(everything.tiers.held, customer_id)
    return Headline("tier", str(everything.tiers.labels[customer_id]), note=f"{points}; {told}" if told else points)


def _next_order(everything: Accounts, customer_id: str) -> Headline:
    row = everything.row("rhythms", customer_id)
    if "next_on" not in row:
        return Headline("next order expected", None)
    low, high = (format_cell(row[name], 0) for name in ("next_from", "next_to"))
    note = f"90% interval {low} to {high}"
    return Headline("next order expected", format_cell(row["next_on"], 0), note=note)


def _money(name: str, row: dict[str, Any], column: str, currency: str, note: str) -> Headline:
    """Return an amount with its interval; no figure where the row does not know it."""
    amount, lower, upper = (row.get(column + end) for end in ("", "_lower", "_upper"))
    return Headline(name, amount, currency, lower, upper, note=note)
