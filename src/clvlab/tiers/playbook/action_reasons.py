"""Why an account stands on a list, in sentences that an account manager can read."""

from __future__ import annotations

import pandas as pd

from clvlab.tiers.playbook.action_result import Rules


def _money(amounts: pd.Series) -> pd.Series:
    return amounts.map("{:,.0f}".format).astype(object)  # also where there are none


def _percent(shares: pd.Series) -> pd.Series:
    return (100 * shares).map("{:.0f}%".format).astype(object)


def _likely(rows: pd.DataFrame) -> pd.Series:
    """Return how likely each account is to leave, where that is known."""
    known = rows["leave_probability"].notna()
    return (_percent(rows["leave_probability"]) + " likely to leave").where(known, "how likely to leave is not known")


def _between(rows: pd.DataFrame, name: str, sign: int = 1) -> pd.Series:
    """Return an estimate with its interval, such as "900 (500 to 1,300)"."""
    low, high = (
        _money(sign * rows[name + end]) for end in (("_lower", "_upper") if sign > 0 else ("_upper", "_lower"))
    )
    return _money(sign * rows[name]) + " (" + low + " to " + high + ")"


def invest_reason(rows: pd.DataFrame) -> pd.Series:
    """Say what an account earns, what more it could give, and what that takes."""
    cost = ", less " + _money(rows["cultivation_cost"]) + " for cultivating it"
    return (
        "Earned " + _money(rows["recurring_profit"]) + " last year; " + _between(rows, "could_be_won")
        + " a year could be won, as similar accounts gave more by themselves"
        + cost.where(rows["cultivation_cost"] > 0, "") + "; " + _likely(rows) + "."
    )  # fmt: skip


def mend_reason(rows: pd.DataFrame, rules: Rules) -> pd.Series:
    """Say what an account below zero needs to come above: by price alone, by cost to serve alone, or by both."""
    return (
        "Lost us " + _between(rows, "recurring_profit", -1) + " last year. " + _needs(rows)
        + f", or by part of both within {rules.price_rise:.0%} and {rules.saving:.0%}."
    )  # fmt: skip


def _needs(rows: pd.DataFrame) -> pd.Series:
    """Return by what price or saving alone a loss would end; a saving beyond all cost to serve is none."""
    loss = -rows["recurring_profit"]
    dearer = ("by " + _percent(loss / rows["revenue"]) + " on the price").where(rows["revenue"] > 0, "by no price")
    saved = " or by " + _percent(loss / rows["cost_to_serve"]) + " less cost to serve"
    return "It comes above zero " + dearer + saved.where(rows["cost_to_serve"] >= loss, "")


def _dearer(rows: pd.DataFrame) -> pd.Series:
    """Return the price at which an account may stay: dearer terms come before the end."""
    offer = " It may stay at " + _percent(-rows["recurring_profit"] / rows["revenue"]) + " on the price."
    return offer.where(rows["revenue"] > 0, "")


def fix_reason(rows: pd.DataFrame) -> pd.Series:
    """Say what an under-served account lacks, what is at stake, and what keeping the entitlement would cost."""
    cost = "keeping the entitlement costs " + _money(rows["cost_to_close"]) + " a year"
    return (
        "Gets less than its tier is entitled to: " + rows["gaps"].fillna("") + ". "
        + _percent(rows["leave_probability"]) + " likely to leave, with " + _money(rows["value"]) + " to come; "
        + cost.where(rows["cost_to_close"].notna(), "what keeping the entitlement costs is not stated") + "."
    )  # fmt: skip


def let_go_reason(rows: pd.DataFrame, rules: Rules) -> pd.Series:
    """Say why an account cannot be fixed, what stays to be covered without it, and who may go along."""
    first = ", so that the first year brings " + _money(rows["first_year"])
    along = " With it may go " + rows["connected_are"].fillna("").astype(str) + "; " + _money(rows["hanging_value"])
    return (
        "Lost us " + _between(rows, "recurring_profit", -1)
        + f" last year; {rules.price_rise:.0%} on the price and {rules.saving:.0%} less cost to serve would not end "
        + "that, nor would what could be won." + _dearer(rows) + " Without it " + _money(rows["left_uncovered"])
        + " of its cost to serve is to be covered by others" + first + "."
        + (along + " of their value hangs on it.").where(rows["connected"] > 0, "")
    )  # fmt: skip
