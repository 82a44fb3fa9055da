"""What each account got: visits and calls, how soon it was answered, and the terms on file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.customer_file.shared import NO_MANAGER, managers_of
from clvlab.features.winnable import YEAR_DAYS

Tables = Mapping[str, ir.Table]

_SECONDS_PER_HOUR = 3600
TIES = ("financial", "social", "structural")
ENQUIRY, COMPLAINT = "answer to an enquiry", "answer to a complaint"
CONTACTS = {"visits": "visit", "calls": "call"}


class Contacts(NamedTuple):
    """Visits and calls by us: by customer_id a column each, the first day that counts, and the mean recorded cost."""

    counts: pd.DataFrame
    since: dt.date
    mean_cost: dict[str, float]


def contacts_by_us(tables: Tables, as_of: dt.date, days: int = YEAR_DAYS) -> Contacts | None:
    """Return the visits and calls that each account got from us.

    Parameters
    ----------
    tables
        Accepted tables by name, as known on the day.
    as_of
        The last day known.
    days
        How many days up to it count; fewer where the contacts on record begin later.

    Returns
    -------
    Contacts or None
        What a customer began is not ours. ``mean_cost`` of one, by kind, where costs are recorded. None when the
        records do not tell kinds of contacts.

    Examples
    --------
    >>> contacts = ibis.memtable({"customer_id": ["a", "a"], "contacted_at": [dt.datetime(2025, 5, 1)] * 2,
    ...                           "kind": ["visit", "enquiry"], "cost": [400.0, 20.0]})
    >>> found = contacts_by_us({"contacts": contacts}, dt.date(2025, 12, 31))
    >>> found.counts.loc["a"].tolist(), found.since.isoformat(), found.mean_cost
    ([1, 0], '2025-05-01', {'visit': 400.0})
    """
    if "contacts" not in tables or "kind" not in tables["contacts"].columns:
        return None
    contacts = tables["contacts"]
    first = contacts.contacted_at.min().execute()
    if pd.isna(first):
        return None
    since = max(as_of - dt.timedelta(days=days - 1), pd.Timestamp(first).date())
    ours = contacts.kind.isin(list(CONTACTS.values()))
    if "initiated_by" in contacts.columns:
        ours = ours & (contacts.initiated_by.lower() != "customer").fill_null(True)
    rows = contacts.filter(ours.fill_null(False), contacts.contacted_at.date() >= ibis.literal(since))
    counts = {name: (rows.kind == kind).sum() for name, kind in CONTACTS.items()}
    found = rows.group_by("customer_id").agg(**counts).order_by("customer_id").execute().set_index("customer_id")
    return Contacts(found, since, _mean_cost(rows))


def _mean_cost(rows: ir.Table) -> dict[str, float]:
    """Return the mean recorded cost of one contact by kind, missing without any."""
    if "cost" not in rows.columns:
        return {}
    means = rows.group_by("kind").agg(cost=rows.cost.mean()).execute().set_index("kind")["cost"]
    return {kind: float(cost) for kind, cost in means.items() if pd.notna(cost)}


def answers(tables: Tables, as_of: dt.date, limits: pd.DataFrame, days: int = YEAR_DAYS) -> pd.DataFrame:
    """Return how many enquiries and complaints of each account were answered later than its limit.

    Parameters
    ----------
    tables
        Accepted tables by name, as known on the day.
    as_of
        The last day known.
    limits
        By customer_id: hours in :data:`ENQUIRY` and :data:`COMPLAINT`.
    days
        How many days up to it count.

    Returns
    -------
    DataFrame
        customer_id, entitlement, asked, late. What is unanswered has waited until now: late when that is beyond the
        limit already, else not counted. No rows for what the records do not hold.

    Examples
    --------
    >>> contacts = ibis.memtable({"customer_id": ["a"], "contacted_at": [dt.datetime(2025, 5, 1, 8)],
    ...                           "kind": ["enquiry"], "answered_at": [dt.datetime(2025, 5, 1, 13)]})
    >>> limits = pd.DataFrame({ENQUIRY: [2.0], COMPLAINT: [4.0]}, index=pd.Index(["a"], name="customer_id"))
    >>> answers({"contacts": contacts}, dt.date(2025, 12, 31), limits)
      customer_id           entitlement  asked  late
    0           a  answer to an enquiry      1     1
    """
    told = []
    if {"kind", "answered_at"} <= set(tables["contacts"].columns if "contacts" in tables else ()):
        contacts = tables["contacts"]
        told.append((ENQUIRY, contacts.filter(contacts.kind == "enquiry"), "contacted_at", "answered_at"))
    if "first_response_at" in (tables["complaints"].columns if "complaints" in tables else ()):
        told.append((COMPLAINT, tables["complaints"], "opened_at", "first_response_at"))
    told = [line for line in told if line[0] in limits.columns]
    frames = [_late(table, asked, answered, name, limits, as_of, days) for name, table, asked, answered in told]
    columns = ["customer_id", "entitlement", "asked", "late"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _late(
    table: ir.Table, asked: str, answered: str, name: str, limits: pd.DataFrame, as_of: dt.date, days: int
) -> pd.DataFrame:
    """Return questions and late answers by account, compared in the engine."""
    now = ibis.literal(dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time()))
    hours = limits[name].rename("hours").rename_axis("customer_id").dropna().reset_index()
    rows = table.filter(table[asked].date() > ibis.literal(as_of - dt.timedelta(days=days)))
    rows = rows.select("customer_id", begin=rows[asked], end=rows[answered]).join(ibis.memtable(hours), "customer_id")
    waited = (rows.end.fill_null(now).epoch_seconds() - rows.begin.epoch_seconds()) / _SECONDS_PER_HOUR
    late = waited > rows.hours
    rows = rows.mutate(late=late).filter(rows.end.notnull() | late)
    found = rows.group_by("customer_id").agg(asked=rows.count(), late=rows.late.sum()).order_by("customer_id")
    return found.execute().assign(entitlement=name)


def on_file(customers: ir.Table, accounts: pd.Index) -> tuple[pd.DataFrame, list[str]]:
    """Return the terms that the customer file gives to each account, in the entitlements' units.

    Parameters
    ----------
    customers
        Accepted customers.
    accounts
        Codes of the accounts asked for; a manager's load counts these.

    Returns
    -------
    tuple
        By customer_id those of ``accounts per manager``, ``priority``, ``payment term``, ``tie`` that the file tells;
        and remarks: how priority classes were ordered, what is not told.

    Examples
    --------
    >>> customers = ibis.memtable({"customer_id": ["a", "b"], "priority_class": ["A", "B"]})
    >>> on_file(customers, pd.Index(["a", "b"]))[0]
       priority
    a       1.0
    b       2.0
    """
    names = ["priority_class", "payment_terms_days", "retention_level"]
    file = customers.select("customer_id", *(name for name in names if name in customers.columns)).execute()
    file, found, remarks = file.set_index("customer_id").reindex(accounts), pd.DataFrame(index=accounts), []
    if "priority_class" in file:
        classes = sorted(file["priority_class"].dropna().unique())
        if all(len(str(name)) == 1 for name in classes):
            found["priority"] = file["priority_class"].map({name: i + 1.0 for i, name in enumerate(classes)})
            remarks.append(f"Priority classes are taken in the order {', '.join(map(str, classes))}.")
        else:
            remarks.append(f"The order of priority classes {', '.join(map(str, classes[:4]))} is not known: no gap in "
                           "priority; use A, B, C or 1, 2, 3.")  # fmt: skip
    if "payment_terms_days" in file:
        found["payment term"] = file["payment_terms_days"].astype(float)
    if "retention_level" in file:
        found["tie"] = file["retention_level"].map({name: i + 1.0 for i, name in enumerate(TIES)})
    if "account_manager" in customers.columns:
        manager = managers_of(customers).reindex(accounts)
        load = manager.map(manager.value_counts()).astype(float)
        found["accounts per manager"] = load.where(manager != NO_MANAGER)
    return found, remarks
