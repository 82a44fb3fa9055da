"""Between what each account gets and what it is entitled to: who is over-served, who is under-served, in money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy.stats import binom, false_discovery_control, poisson

from clvlab.assumptions import Assumptions
from clvlab.features.customer_file.shared import plural
from clvlab.features.winnable import YEAR_DAYS
from clvlab.periods import parse_date
from clvlab.refusal import Refused
from clvlab.tiers.playbook.entitlements import ENTITLEMENTS, Entitlement, price_per_unit, quantities
from clvlab.tiers.playbook.gaps_result import OVER, UNDER, Gaps
from clvlab.tiers.playbook.received import CONTACTS, Contacts, Tables, answers, contacts_by_us, on_file

# Of answers, as many may come late before the limit counts as broken.
LATE_ALLOWED = 0.1
# Of the gaps that are called clear, as many are to be expected to be chance.
FALSE_ALARMS = 0.1
# What is better when it is less; and of what more than the entitlement is no waste.
_LESS_IS_BETTER = ("priority", "accounts per manager")
_NO_WASTE = ("tie", "accounts per manager", "answer to an enquiry", "answer to a complaint")
_COLUMNS = ["customer_id", "entitlement", "entitled", "received", "chance", "price"]


def gaps(
    tables: Tables,
    as_of: str | dt.date,
    accounts: pd.DataFrame,
    assumptions: Assumptions,
    currency: str = "",
    entitlements: Sequence[Entitlement] = ENTITLEMENTS,
) -> Gaps:
    """Compare what each account got in the last 365 days with what its tier and quadrant entitle it to.

    Parameters
    ----------
    tables
        Accepted tables by name, as known on the day.
    as_of
        The last day known.
    accounts
        By customer_id: ``tier``; where known ``quadrant``, ``revenue`` (a year, for the cost of payment terms) and
        ``at_stake`` (leave probability x value to come, for the order of the under-served).
    assumptions
        Prices per visit and call, and the cost of capital. Where no price is stated, the mean recorded cost counts.
    currency
        Of the money.
    entitlements
        The matrix.

    Raises
    ------
    Refused
        When the records tell nothing that could be compared.

    Notes
    -----
    Visits and calls that are meant to come at a yearly rate are 2 instead of 3 by chance. The chance of a count as far
    off is that of a Poisson count with the entitled number (of the days on which the account was a customer) as its
    mean, two-sided; that of late answers binomial, as 1 in 10 may be late. Over all these comparisons a gap is called
    clear by the rule of Benjamini and Hochberg (1995): of the clear ones, 1 in 10 is expected to be chance at most.
    Planned visits keep time better than chance, so that fewer are; contacts that come in bursts keep it worse. What
    the customer file says of terms is compared as it stands.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995), "Controlling the false discovery rate", Journal of the Royal Statistical
    Society B 57(1).

    Examples
    --------
    >>> import ibis
    >>> customers = ibis.memtable({"customer_id": ["a", "b"], "priority_class": ["A", "B"]})
    >>> accounts = pd.DataFrame({"tier": ["core", "core"]}, index=pd.Index(["a", "b"], name="customer_id"))
    >>> found = gaps({"customers": customers}, "2025-12-31", accounts, Assumptions())
    >>> found.to_frame()[["customer_id", "entitlement", "entitled", "received", "direction"]].tail(1)
      customer_id entitlement  entitled  received direction
    1           b    priority       1.0       2.0     under
    """
    day = parse_date(as_of)
    entitled = quantities(accounts, entitlements).dropna(how="all").rename_axis("customer_id")
    known = accounts.loc[entitled.index]
    contacts = contacts_by_us(tables, day)
    terms, remarks = on_file(tables["customers"], known.index) if "customers" in tables else (pd.DataFrame(), [])
    credit = next((price_per_unit(x, assumptions, known.get("revenue")) for x in entitlements
                   if x.name == "payment term"), np.nan)  # fmt: skip
    parts = [_answers(tables, day, entitled), _terms(terms, entitled, credit)]
    if contacts is not None:
        parts.append(_contacts(contacts, _years(tables, contacts.since, known.index, day), entitled, assumptions))
    rows = pd.concat([part[_COLUMNS] for part in parts if len(part)] or [pd.DataFrame(columns=_COLUMNS)])
    if rows.empty:
        raise Refused("Gaps need a tier, and contacts, complaints or terms in customers to compare with it.")
    rows = rows.sort_values(["customer_id", "entitlement"], ignore_index=True)
    rows.insert(1, "tier", rows["customer_id"].map(known["tier"]))
    _judge(rows)
    at_stake = known.get("at_stake", pd.Series(np.nan, known.index)).rename("at_stake")
    without = len(accounts) - len(known)
    return Gaps(rows, at_stake, (*_remarks(rows, contacts, assumptions, day, without), *remarks), currency)


def _judge(rows: pd.DataFrame) -> None:
    """Add direction, clear and money to rows of entitled and received."""
    more = (rows["received"] > rows["entitled"]) ^ rows["entitlement"].isin(_LESS_IS_BETTER)
    same = (rows["received"] == rows["entitled"]) | (more & rows["entitlement"].isin(_NO_WASTE))
    rows["direction"] = np.where(same, "", np.where(more, OVER, UNDER))
    rows["chance"] = rows["chance"].astype(float)
    tested = rows["chance"].notna()
    rows["clear"] = rows["direction"] != ""
    if tested.any():
        rows.loc[tested, "clear"] &= false_discovery_control(rows.loc[tested, "chance"]) <= FALSE_ALARMS
    rows["money"] = (rows["received"] - rows["entitled"]).abs() * rows.pop("price").astype(float)


def _contacts(contacts: Contacts, years: pd.Series, entitled: pd.DataFrame, assumptions: Assumptions) -> pd.DataFrame:
    """Return visits and calls against those that were due in the account's part of the year."""
    found = []
    for name in [name for name in CONTACTS if name in entitled.columns]:
        due = entitled[name] * years
        got = contacts.counts[name].reindex(entitled.index, fill_value=0)
        tails = np.minimum(poisson.cdf(got, due), poisson.sf(got - 1, due))
        price = _price(CONTACTS[name], contacts, assumptions)
        found.append(_rows(name, due, got, np.minimum(2 * tails, 1.0), price))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _price(kind: str, contacts: Contacts, assumptions: Assumptions) -> float:
    """Return what one contact costs: as assumed, else the mean recorded."""
    return float(assumptions.unit_costs.get(kind, contacts.mean_cost.get(kind, np.nan)))


def _years(tables: Tables, since: dt.date, accounts: pd.Index, as_of: dt.date) -> pd.Series:
    """Return the part of the year in which each account was a customer and contacts were recorded."""
    began = pd.Series(pd.Timestamp(since), accounts)
    customers: ir.Table | None = tables.get("customers")
    if customers is not None and "onboarded_on" in customers.columns:
        onboarded = customers.select("customer_id", "onboarded_on").execute().set_index("customer_id")["onboarded_on"]
        began = began.clip(lower=pd.to_datetime(onboarded).reindex(accounts).fillna(pd.Timestamp(since)))
    return ((pd.Timestamp(as_of) - began).dt.days + 1).clip(lower=0) / YEAR_DAYS


def _answers(tables: Tables, as_of: dt.date, entitled: pd.DataFrame) -> pd.DataFrame:
    """Return the share of answers in time, in %, against the share that must be."""
    found = answers(tables, as_of, entitled)
    if found.empty:
        return found
    asked, late = found["asked"].astype(float), found["late"].astype(float)
    return found.assign(
        entitled=100 * (1 - LATE_ALLOWED), received=100 * (1 - late / asked),
        chance=binom.sf(late - 1, asked, LATE_ALLOWED), price=np.nan,
    )  # fmt: skip


def _terms(terms: pd.DataFrame, entitled: pd.DataFrame, credit: float | pd.Series) -> pd.DataFrame:
    """Return what the customer file grants; a fact, so that chance has no part in it."""
    found = [
        _rows(name, entitled[name], terms[name], np.nan, credit if name == "payment term" else np.nan)
        for name in terms.columns.intersection(entitled.columns)
    ]
    return pd.concat(found).dropna(subset="received") if found else pd.DataFrame()


def _rows(name: str, entitled: pd.Series, received: pd.Series, chance: object, price: object) -> pd.DataFrame:
    """Return one row per account of one entitlement."""
    columns = {"entitled": entitled, "received": received, "chance": chance, "price": price}
    return pd.DataFrame(columns, index=entitled.index).reset_index().assign(entitlement=name)


def _remarks(
    rows: pd.DataFrame, contacts: Contacts | None, assumptions: Assumptions, as_of: dt.date, without: int
) -> list[str]:
    """Say what was compared, at which prices, how sure it is, and what could not be."""
    told = ["Priority, tie, managers' load and answers have no price per unit: their gaps are in no sum of money."]
    if contacts is None:
        told.append("Visits and calls need the table contacts with kind: not compared.")
    else:
        days = (as_of - contacts.since).days + 1
        prices = {kind: _price(kind, contacts, assumptions) for kind in CONTACTS.values()}
        told.append(f"Visits and calls of the last {days} days count, those due for as long as the account was a "
                    "customer.")  # fmt: skip
        for kind, price in prices.items():
            source = "assumed" if kind in assumptions.unit_costs else "mean of those recorded"
            unknown = f"What a {kind} costs is neither assumed nor recorded: its gaps are in no sum of money."
            told.append(unknown if np.isnan(price) else f"One {kind} costs {price:,.0f} ({source}).")
    for name in ("answer to an enquiry", "answer to a complaint"):
        if not (rows["entitlement"] == name).any():
            told.append(f"The records do not tell of any {name}: not compared.")
    tested = rows["chance"].notna() & rows["clear"]
    told.append(
        f"{plural(int(tested.sum()), 'gaps')} in contacts and answers are beyond chance, up to 1 in "
        f"{1 / FALSE_ALARMS:.0f} of them by chance all the same; terms on file are compared as they stand."
    )
    if without:
        told.append(f"{plural(without, 'accounts')} without a known tier are not compared.")
    return told
