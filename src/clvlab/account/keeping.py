"""What keeps, or wins back, an account: the call, the talk about renewal, asking after one that is silent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from clvlab.account.reading import running_contract
from clvlab.account.steps import Step, money_of
from clvlab.features.customer_file.shared import plural
from clvlab.periods import months_before
from clvlab.results import format_cell
from clvlab.retention.actions.actions import HARMS
from clvlab.retention.in_words import NOT_CLEAR
from clvlab.retention.watch_list_result import LIKELY_GONE, NOTED_LEFT

# The money behind a call.
OF_CALL = "margin at stake"


def watched(
    row: Mapping[str, Any], of: int, cost: float, complaints: int, talks_by: str, acting: Mapping[str, Any]
) -> list[Step]:
    """Return the call that the watch list asks for, where more is at stake than it costs and acting may pay.

    Parameters
    ----------
    row
        The account's row of :attr:`clvlab.account.accounts.Accounts.watched`, with its place.
    of
        How many accounts are ranked.
    cost
        Of one call.
    complaints
        How many complaints are still open.
    talks_by
        The day by which renewal has to be talked about; blank when no term ends soon.
    acting
        The account's row of :attr:`clvlab.account.accounts.Accounts.acting`; empty without a cost of acting.
    """
    if row["at_stake"] <= cost or acting.get("acting") == HARMS:
        return []
    known = [f"Place {row['place']:,.0f} of {of:,} on the watch list"]
    known += [f"likely cause: {row['likely_cause']}"] if row["likely_cause"] != NOT_CLEAR else []
    known += [str(row[name]) for name in ("fact", "first_driver", "second_driver") if name in row]
    for label, name in (("partners lost", "partners_lost"), ("last call", "last_call"), ("our view", "override")):
        known += [f"{label}: {row[name]}"] if name in row else []
    if acting:
        profit, low, high = (format_cell(acting[f"profit{end}"], 0) for end in ("", "_lower", "_upper"))
        known.append(f"acting on it is expected to earn {profit} ({low} to {high})")
    what = _talk(plural(complaints, "open complaints") if complaints else "", talks_by)
    return [Step(what, "; ".join(known) + ".", *money_of(row, "at_stake"), OF_CALL, cost)]


def _talk(complaints: str, talks_by: str) -> str:
    """Return what to talk about, and when."""
    if complaints and talks_by:
        return f"Settle {complaints}, then open renewal talks before {talks_by}"
    if complaints:
        return f"Settle {complaints}, then call"
    return f"Open renewal talks before {talks_by}" if talks_by else "Call before they leave"


def apart(row: Mapping[str, Any], value: Mapping[str, Any]) -> list[Step]:
    """Return the step for an account that stands apart from the watch list's ranking.

    Parameters
    ----------
    row
        As for :func:`watched`; ``apart`` says why it has no place.
    value
        ``value`` with its interval: what it is expected to bring, the chance that it has left counted in.
    """
    if row["apart"] == LIKELY_GONE:
        why = f"{row['already_gone']:.0%} likely to be gone already: {row['silence']}."
        return [Step("Ask whether they are still there", why, *money_of(value, "value"), "expected value to come")]
    if row["apart"] == NOTED_LEFT:
        return [Step("Win back or close the account", "Noted as already left by the last outcome of a call.")]
    return []


def silent(told: Sequence[str]) -> Step:
    """Return the step for an account that is silent, where nothing tells how likely it has left.

    Parameters
    ----------
    told
        How it stands, in sentences.
    """
    return Step("Ask whether they are still there", " ".join(told))


def lost(left_on: object, yearly: float, returns: pd.DataFrame) -> Step:
    """Return the step for an account that is called lost.

    Parameters
    ----------
    left_on
        The day of its last order.
    yearly
        Profit that it brought a year while it ordered; missing where there is no money.
    returns
        Of :class:`clvlab.churn.returns.Returns`, all customers; empty where nothing tells.

    Examples
    --------
    >>> lost(pd.Timestamp("2025-03-01"), -200.0, pd.DataFrame()).what
    'Close the account'
    """
    why = f"Called lost; the last order was on {format_cell(left_on, 0)}."
    if yearly <= 0:
        return Step("Close the account", f"{why} It brought no profit while it ordered.")
    if len(returns):
        last = returns.iloc[-1]
        why += (
            f" Of customers called lost, {last['share']:.0%} ({last['lower']:.0%} to {last['upper']:.0%}) come back"
            f" within {last['months']:.0f} months."
        )
    return Step("Win them back, or close the account", why, yearly, money_is="profit a year while they ordered")


def talks_by(contracts: pd.DataFrame, as_of: dt.date, months: int) -> str:
    """Return the day by which renewal has to be talked about: the last on which notice may be given.

    Parameters
    ----------
    contracts
        The account's contracts.
    as_of, months
        The last day known, and how far ahead a term must end for that.

    Returns
    -------
    str
        Blank where no contract runs, where its term ends later, or where another follows already.

    Examples
    --------
    >>> contracts = pd.DataFrame({"ends_on": pd.to_datetime(["2026-03-31"]), "notice_days": [30.0]})
    >>> talks_by(contracts, dt.date(2025, 12, 31), months=6)
    '2026-03-01'
    """
    running = running_contract(contracts, as_of)
    if running is None or running["ends_on"] > pd.Timestamp(months_before(as_of, -months)):
        return ""
    notice = pd.Timedelta(days=running.dropna().get("notice_days", 0))
    return format_cell(max(running["ends_on"] - notice, pd.Timestamp(as_of)), 0)
