"""The latest events of an account: what happened on which day, and what came of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from clvlab.account.reading import Tables, one_line, rows_of
from clvlab.account.timeline import contract_events
from clvlab.refusal import Refused
from clvlab.results import Table

Rows = list[tuple[pd.Timestamp, str, str]]

_MOST = 6
_HOUR = pd.Timedelta(hours=1)
_DAYS_FROM = 48  # hours; from here on a time is told in days


def events(tables: Tables, customer_id: str, as_of: dt.date) -> Table:
    """Return what happened last with an account, besides orders.

    Parameters
    ----------
    tables
        Accepted tables by name, as known on the day.
    customer_id
        The account.
    as_of
        The last day known.

    Returns
    -------
    Table
        day, event, ``what came of it``; the latest first.

    Raises
    ------
    Refused
        When the records hold no complaint, contact, contract, survey, campaign or note of the account.

    Examples
    --------
    >>> import ibis
    >>> complaints = ibis.memtable({"customer_id": ["a"], "complaint_id": ["1"], "category": ["damage"],
    ...     "opened_at": pd.to_datetime(["2025-11-03 08:00"]), "resolved_at": pd.to_datetime(["2025-11-03 20:00"])})
    >>> events({"complaints": complaints}, "a", dt.date(2025, 12, 31))
    The latest events
           day             event          what came of it
    2025-11-03 complaint: damage settled after 12.0 hours
    """
    found = [
        *_complaints(tables, customer_id), *_contacts(tables, customer_id), *_contracts(tables, customer_id, as_of),
        *_surveys(tables, customer_id), *_campaigns(tables, customer_id), *_notes(tables, customer_id),
    ]  # fmt: skip
    if not found:
        raise Refused("Besides orders, the records hold no event of this account.")
    ranked = sorted(found, key=lambda one: (one[0], one[1], one[2]), reverse=True)
    frame = pd.DataFrame(ranked, columns=["day", "event", "what came of it"])
    frame["day"] = frame["day"].dt.normalize()
    return Table(frame, "The latest events").first(_MOST)


def _records(tables: Tables, name: str, customer_id: str, date: str) -> list[dict[str, Any]]:
    """Return an account's rows without their blanks; the day of each under ``date``."""
    rows = rows_of(tables, name, customer_id)
    if rows.empty:
        return []
    return [
        {key: value for key, value in row.items() if not pd.isna(value)}
        for row in rows.sort_values(date, kind="stable").to_dict("records")
    ]


def _after(begin: object, end: object) -> str:
    """Return the time from one moment to another in words."""
    hours = (pd.Timestamp(end) - pd.Timestamp(begin)) / _HOUR
    return f"{hours:.1f} hours" if hours < _DAYS_FROM else f"{hours / 24:.0f} days"


def _complaints(tables: Tables, customer_id: str) -> Rows:
    found = []
    for row in _records(tables, "complaints", customer_id, "opened_at"):
        about = one_line(row.get("category"))
        if "resolved_at" not in row:
            outcome = "still open"
        elif row.get("upheld"):
            outcome = f"upheld, settled after {_after(row['opened_at'], row['resolved_at'])}"
        else:
            outcome = f"settled after {_after(row['opened_at'], row['resolved_at'])}"
        found.append((pd.Timestamp(row["opened_at"]), f"complaint: {about}" if about else "complaint", outcome))
    return found


def _contacts(tables: Tables, customer_id: str) -> Rows:
    """Return contacts with what came of them; of those that nothing came of, such as calls, the last of each kind."""
    found, plain = [], {}
    for row in _records(tables, "contacts", customer_id, "contacted_at"):
        kind, at = one_line(row.get("kind")) or "contact", pd.Timestamp(row["contacted_at"])
        if "answered_at" in row:
            found.append((at, kind, f"answered after {_after(row['contacted_at'], row['answered_at'])}"))
        elif kind == "enquiry":
            found.append((at, kind, "no answer on record"))
        else:
            plain[kind] = (at, f"{kind}, the last one", "")
    return [*found, *plain.values()]


def _contracts(tables: Tables, customer_id: str, as_of: dt.date) -> Rows:
    rows = contract_events(tables, customer_id, as_of)
    return [(row.day, row.event, one_line(row.detail)) for row in rows.itertuples()]


def _surveys(tables: Tables, customer_id: str) -> Rows:
    """Return answers once, however many questions they had; what nobody answered is no event."""
    rows = rows_of(tables, "surveys", customer_id)
    if "answered_on" not in rows or "overall" not in rows:
        return []
    given = rows.dropna(subset=["answered_on"])
    each = given.groupby(["answered_on", "respondent_role"] if "respondent_role" in given else ["answered_on"])
    found = []
    for key, part in each[["overall", "scale_max"]].mean().iterrows():
        day, *who = key if isinstance(key, tuple) else (key,)
        text = f"survey answered by the {who[0]}" if who else "survey answered"
        told = pd.notna(part["overall"])
        outcome = f"overall {part['overall']:.0f} of {part['scale_max']:.0f} points" if told else ""
        found.append((pd.Timestamp(day), text, outcome))
    return found


def _campaigns(tables: Tables, customer_id: str) -> Rows:
    found = []
    for row in _records(tables, "campaigns", customer_id, "started_on"):
        offer = one_line(row.get("offer")) or one_line(row["arm"])
        found.append(
            (pd.Timestamp(row["started_on"]), f"campaign: {offer}", "accepted" if "accepted_on" in row else "")
        )
    return found


def _notes(tables: Tables, customer_id: str) -> Rows:
    return [
        (
            pd.Timestamp(row["noted_on"]),
            "noted after a call",
            one_line(row.get("outcome")) or one_line(row.get("reason")),
        )
        for row in _records(tables, "calls", customer_id, "noted_on")
    ]
