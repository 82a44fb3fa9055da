"""What each tier and quadrant is entitled to, in quantities with units, and what that costs a year.

The practice is written out for core and important customers (one-stop solutions, a dedicated manager, 7x24 response,
priority, flexible settlement, visits between executives, a fast lane for complaints). Quantities, and everything for
potential and regular customers, are our reading of it: a starting point to be replaced by the provider's own figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.periods import DAYS_PER_YEAR
from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.classes.quadrants import BUILD_UP, KEEP, KEEP_AND_EXTEND, TIGHTEN

TIERS = ("core", "important", "potential", "regular")
QUADRANTS = (KEEP_AND_EXTEND, KEEP, BUILD_UP, TIGHTEN)

SERVICE, CAPACITY, TERMS = "service", "capacity and warehouse", "price and credit terms"
RETENTION, CULTIVATION = "retention level", "cultivation"

# What a line costs where no price per unit does: nothing of its own, or a part of the account's own revenue.
ELSEWHERE = ""
OF_REVENUE = "1% of the account's revenue"
CAPITAL = "capital for one day's revenue"


@dataclass(frozen=True)
class Entitlement:
    """One thing that customers of a tier or quadrant are entitled to.

    Parameters
    ----------
    name, group, unit
        What it is, which part of the playbook it belongs to, and what is counted.
    cost
        Name of the price per unit: of ``assumptions.unit_costs`` or ``assumptions.entitlement_costs``;
        :data:`OF_REVENUE`, :data:`CAPITAL`, or :data:`ELSEWHERE` for a limit whose cost other lines carry.
    by_tier
        Quantity of each tier, in the order of :data:`TIERS`.
    by_quadrant
        What a quadrant adds to the tier's quantity.
    """

    name: str
    group: str
    unit: str
    cost: str
    by_tier: tuple[float, float, float, float]
    by_quadrant: Mapping[str, float] = field(default_factory=dict)


ENTITLEMENTS = (
    Entitlement("visits", SERVICE, "visits a year", "visit", (12, 4, 6, 0.5)),
    Entitlement("calls", SERVICE, "calls by us a year", "call", (24, 12, 12, 2)),
    Entitlement("executive visits", SERVICE, "visits a year", "executive_visit", (2, 0.5, 0, 0), {KEEP_AND_EXTEND: 1}),
    Entitlement("account team", SERVICE, "named persons", "team_person", (3, 1, 1, 0)),
    Entitlement("dedicated manager", SERVICE, "hours a year beside visits and calls", "manager_hour", (60, 0, 12, 0)),
    Entitlement("accounts per manager", SERVICE, "accounts at most", ELSEWHERE, (20, 50, 50, 200)),
    Entitlement("answer to an enquiry", SERVICE, "hours at most", ELSEWHERE, (2, 8, 8, 24)),
    Entitlement("answer to a complaint", SERVICE, "hours at most", ELSEWHERE, (4, 12, 24, 48)),
    Entitlement("7x24 line", SERVICE, "lines", "line_7x24", (1, 0, 0, 0)),
    Entitlement("priority", CAPACITY, "class, 1 goes first", ELSEWHERE, (1, 2, 2, 3)),
    Entitlement("place in the peak", CAPACITY, "% of orders guaranteed", "guaranteed_percent", (100, 50, 25, 0)),
    Entitlement("discount", TERMS, "% off the list price", OF_REVENUE, (3, 1, 1, 0)),
    Entitlement("dearer terms", TERMS, "% on the list price", ELSEWHERE, (0, 0, 0, 0), {TIGHTEN: 5}),
    Entitlement("payment term", TERMS, "days", CAPITAL, (60, 45, 30, 30), {TIGHTEN: -15}),
    Entitlement("tie", RETENTION, "1 financial, 2 social, 3 structural", ELSEWHERE, (3, 2, 2, 1)),
    Entitlement("system interfaces", RETENTION, "interfaces kept", "system_interface", (2, 0, 0, 0),
                {KEEP_AND_EXTEND: 1}),
    Entitlement("joint planning", CULTIVATION, "days a year", "planning_day", (4, 1, 0, 0), {KEEP_AND_EXTEND: 4}),
    Entitlement("pilot projects", CULTIVATION, "projects a year", "pilot_project", (0, 0, 0.5, 0), {BUILD_UP: 0.5}),
    Entitlement("review of what limits growth", CULTIVATION, "reviews a year", "growth_review", (0, 0, 1, 0),
                {KEEP: 1}),
)  # fmt: skip


def quantities(accounts: pd.DataFrame, entitlements: Sequence[Entitlement] = ENTITLEMENTS) -> pd.DataFrame:
    """Return what each account is entitled to a year: its tier's quantity and what its quadrant adds.

    Parameters
    ----------
    accounts
        By customer_id: ``tier`` and, where known, ``quadrant``.
    entitlements
        The matrix.

    Returns
    -------
    DataFrame
        One row per account, one column per entitlement, in the entitlement's unit; missing without a known tier. A
        quadrant that is undecided or not known adds nothing.

    Raises
    ------
    Refused
        For a tier that the matrix does not have.

    Examples
    --------
    >>> accounts = pd.DataFrame({"tier": ["core", "regular"]}, index=["c1", "c2"])
    >>> quantities(accounts)[["visits", "payment term"]]
        visits  payment term
    c1    12.0          60.0
    c2     0.5          30.0
    """
    strange = sorted(set(accounts["tier"].dropna()) - {*TIERS, NOT_KNOWN})
    if strange:
        raise Refused(f"tier {strange[0]!r} is none of the playbook; use {', '.join(TIERS)}.")
    names = [line.name for line in entitlements]
    by_tier = pd.DataFrame([line.by_tier for line in entitlements], index=names, columns=list(TIERS), dtype=float)
    found = by_tier.T.reindex(accounts["tier"]).to_numpy()
    if "quadrant" in accounts.columns:
        added = {line.name: pd.Series(line.by_quadrant, dtype=float) for line in entitlements}
        by_quadrant = pd.DataFrame(added).reindex(QUADRANTS)
        found = found + by_quadrant.reindex(accounts["quadrant"]).fillna(0.0).to_numpy()
    return pd.DataFrame(found, index=accounts.index, columns=names)


def price_per_unit(line: Entitlement, assumptions: Assumptions, revenue: pd.Series | None = None) -> float | pd.Series:
    """Return what one unit of an entitlement costs a year, for all accounts alike or by account.

    Parameters
    ----------
    line
        The entitlement.
    assumptions
        Its ``unit_costs``, ``entitlement_costs`` and ``cost_of_capital``.
    revenue
        Revenue a year by customer_id, for discounts and payment terms.

    Returns
    -------
    float or Series
        In the records' currency; missing where it is not stated, 0 for a limit whose cost other lines carry.
    """
    if line.cost == ELSEWHERE:
        return 0.0
    if line.cost in (OF_REVENUE, CAPITAL):
        share = 0.01 if line.cost == OF_REVENUE else assumptions.cost_of_capital / DAYS_PER_YEAR
        return float("nan") if revenue is None else share * revenue
    prices = {**assumptions.entitlement_costs, **assumptions.unit_costs}
    return float(prices.get(line.cost, float("nan")))


def yearly_costs(
    entitled: pd.DataFrame,
    assumptions: Assumptions,
    revenue: pd.Series | None = None,
    entitlements: Sequence[Entitlement] = ENTITLEMENTS,
) -> pd.DataFrame:
    """Return what the entitlements of each account cost a year.

    Parameters
    ----------
    entitled
        From :func:`quantities`.
    assumptions
        Prices per unit and the cost of capital.
    revenue
        Revenue a year by customer_id; without it, discounts and payment terms are not stated.
    entitlements
        The matrix that ``entitled`` was made of.

    Returns
    -------
    DataFrame
        One row per account, one column per entitlement, in the records' currency a year. Missing where the price per
        unit is not stated and the account is entitled to some: sums are of the stated only.

    Examples
    --------
    >>> entitled = quantities(pd.DataFrame({"tier": ["core"]}, index=["c1"]))
    >>> yearly_costs(entitled, Assumptions(unit_costs={"visit": 460.0}))[["visits", "calls"]]
        visits  calls
    c1  5520.0    NaN
    """
    known = None if revenue is None else revenue.reindex(entitled.index)
    costs = {line.name: entitled[line.name] * price_per_unit(line, assumptions, known) for line in entitlements}
    return pd.DataFrame(costs, index=entitled.index).mask(entitled == 0, 0.0)


def stated_total(
    costs: pd.DataFrame, entitled: pd.DataFrame, entitlements: Sequence[Entitlement] = ENTITLEMENTS
) -> pd.Series:
    """Return each account's sum of the stated costs; missing where it is entitled to something and nothing is stated.

    Parameters
    ----------
    costs, entitled, entitlements
        From :func:`yearly_costs`, :func:`quantities`, and the matrix of both.
    """
    priced = [line.name for line in entitlements if line.cost != ELSEWHERE]
    due = entitled[priced] != 0
    total = costs[priced].where(due).sum(axis=1, min_count=1)
    return total.where(due.any(axis=1), 0.0)


def not_stated(costs: pd.DataFrame, entitled: pd.DataFrame) -> list[str]:
    """Return the entitlements whose cost is not stated for some account that is entitled to them."""
    return [name for name in costs.columns if (costs[name].isna() & entitled[name].notna()).any()]
