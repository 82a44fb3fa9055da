"""Who an account is, and what was agreed with it: the facts on file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

import pandas as pd

from clvlab.account.reading import Tables, facts_of, one_line, rows_of, running_contract
from clvlab.periods import DAYS_PER_YEAR
from clvlab.results import Table, format_cell

Facts = list[tuple[str, str]]


def name_of(customers: pd.DataFrame, customer_id: str) -> str:
    """Return an account's name with its code, the code alone where it has no name.

    Examples
    --------
    >>> customers = pd.DataFrame({"name": ["Acme\\nLtd", None]}, index=["a", "b"])
    >>> name_of(customers, "a"), name_of(customers, "b")
    ('Acme Ltd (a)', 'b')
    """
    name = one_line(facts_of(customers, customer_id).get("name"))
    code = one_line(customer_id)
    return f"{name} ({code})" if name and name != code else code


def profile(
    tables: Tables, customers: pd.DataFrame, customer_id: str, as_of: dt.date, currency: str, since: pd.Timestamp | None
) -> Table:
    """Say who an account is and how we work together, as the records have it.

    Parameters
    ----------
    tables
        Accepted tables by name, as known on the day.
    customers
        The customer file, by customer_id.
    customer_id
        The account.
    as_of, currency
        The last day known, and the currency of money.
    since
        The day of its first order; None without one.

    Returns
    -------
    Table
        Two facts a row: about the account (``who they are``, ``known``), and about our dealings (``how we work
        together``, ``agreed``). What is not on file has no row.
    """
    file = facts_of(customers, customer_id)
    left = [*_who(file, customers, customer_id, currency), *_came(file, as_of, since)]
    right = [*_dealings(file), *_contract(tables, customer_id, as_of), *_terms(file, currency)]
    rows = [(*one, *other) for one, other in zip_longest(left, right, fillvalue=("", ""))]
    return Table(pd.DataFrame(rows, columns=["who they are", "known", "how we work together", "agreed"]), fold=False)


def _texts(file: Mapping[str, Any], names: Mapping[str, str]) -> Facts:
    """Return the facts that are texts on file, under the words a reader knows them by."""
    return [(label, text) for name, label in names.items() if (text := one_line(file.get(name)))]


def _who(file: Mapping[str, Any], customers: pd.DataFrame, customer_id: str, currency: str) -> Facts:
    found = _texts(
        file,
        {"role": "role", "industry": "industry", "region": "region", "size_class": "size", "requirements": "needs"},
    )
    found += [
        (label, one_line(file[name]))
        for name, label in (("parent_id", "belongs to"), ("bill_to_id", "billed to"))
        if one_line(file.get(name)) not in ("", one_line(customer_id))
    ]
    if "parent_id" in customers and (own := int((customers["parent_id"] == customer_id).sum())):
        found.append(("branches", f"{own:,}"))
    if "logistics_spend" in file:
        found.append(("spends on logistics", f"{file['logistics_spend']:,.0f} {currency} a year"))
    if "own_growth" in file:
        found.append(("their own business grows", f"{file['own_growth']:+.0%} a year"))
    if "profile_updated_on" in file:
        found.append(("last verified on", format_cell(file["profile_updated_on"], 0)))
    return found


def _came(file: Mapping[str, Any], as_of: dt.date, since: pd.Timestamp | None) -> Facts:
    """Return when the account came to us, by the file or else by its first order, and how."""
    began = file.get("onboarded_on", since)
    came = _texts(file, {"acquisition_channel": "won through", "referred_by": "referred by"})
    if began is None:
        return came
    years = (pd.Timestamp(as_of) - pd.Timestamp(began)).days / DAYS_PER_YEAR
    return [("customer since", f"{format_cell(began, 0)}, {years:.1f} years"), *came]


def _dealings(file: Mapping[str, Any]) -> Facts:
    found = _texts(file, {"account_manager": "account manager", "priority_class": "priority class"})
    return found + [(label, f"{level} ties") for label, level in _texts(file, {"retention_level": "tied to us by"})]


def _contract(tables: Tables, customer_id: str, as_of: dt.date) -> Facts:
    """Return the terms of the contract that runs."""
    running = running_contract(rows_of(tables, "contracts", customer_id), as_of)
    if running is None:
        return [("contract", "none running")] if "contracts" in tables else []
    terms = running.dropna()
    found = [("contract runs to", format_cell(terms["ends_on"], 0))]
    if "notice_days" in terms:
        found.append(("notice", f"{terms['notice_days']:.0f} days"))
    if "agreed_on_time_share" in terms:
        found.append(("on time promised", f"{terms['agreed_on_time_share']:.0%}"))
    if "committed_weight" in terms:
        found.append(("weight committed", f"{terms['committed_weight']:,.0f} kg a month"))
    return found


def _terms(file: Mapping[str, Any], currency: str) -> Facts:
    found = []
    if "payment_terms_days" in file:
        found.append(("payment term", f"{file['payment_terms_days']:.0f} days"))
    found += _texts(file, {"credit_rating": "credit rating"})
    if "credit_limit" in file:
        found.append(("credit limit", f"{file['credit_limit']:,.0f} {currency}"))
    return found
