"""The nine criteria 九方面 by which a provider grades its customers, measured."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial

import ibis
import numpy as np
import pandas as pd

from clvlab.features.rows import Rows
from clvlab.periods import epoch_days, to_periods
from clvlab.tiers.grading.fifteen import in_units
from clvlab.tiers.grading.indicator import Indicator, Indicators, measured
from clvlab.tiers.grading.indicators.potential import strategic_fit
from clvlab.tiers.grading.indicators.risk import credit_parts, industry_risk
from clvlab.tiers.grading.last_year import LEAST_DAYS, LastYear
from clvlab.tiers.grading.measured import Measured, combined, fact, nothing, rating

CRITERION = "nine criteria"
# Stated ends of scales: a visit or call a month is as much as it counts, and so are four services.
_MANY_CONTACTS, _MANY_SERVICES = 12, 4
TIES = {"financial": 0.0, "social": 0.5, "structural": 1.0}


def nine_criteria(
    year: LastYear,
    value: Measured | None = None,
    potential: Measured | None = None,
    leave: Measured | None = None,
    whose: pd.Series | None = None,
) -> Indicators:
    """Measure the nine criteria of customers.

    Parameters
    ----------
    year
        The last year of every customer; what it has read or added up for something else is not read again.
    value
        What each customer is worth, by customer_id; contribution margin of a year (without direct costs, revenue) when
        None. :func:`clvlab.tiers.grading.measured.estimated` makes it of ``study.clv.frame``.
    potential
        What could be won from each in a year; spend on logistics that goes to others, in revenue, when None.
    leave
        Probability of leaving; relationship maintenance is told without it when None.
    whose
        Whether to return each customer, by customer_id; everyone in the file when None.

    Returns
    -------
    Indicators
        By the rules of :func:`clvlab.tiers.grading.fifteen.scorecard_indicators`.

    Raises
    ------
    Refused
        When there are neither shipments nor invoices.

    Examples
    --------
    >>> worth = estimated(study.clv.frame, "value")                                            # doctest: +SKIP
    >>> nine_criteria(LastYear(Ledger(study.records.tables, study.as_of), study.assumptions), worth)  # doctest: +SKIP
    """
    given = {
        "value": partial(value_of, given=value),
        "potential": partial(potential_of, given=potential),
        "relationship": partial(relationship, leave=leave),
    }
    criteria = [replace(one, measure=given.get(one.name, one.measure)) for one in in_units(NINE, year)]
    return measured(criteria, year, f"Nine criteria, 365 days to {year.as_of}", whose)


def value_of(year: LastYear, given: Measured | None = None) -> Measured:
    """Return what a model says a customer is worth; without it contribution margin, else revenue, of a year."""
    if given is not None:
        return given.of(year.customers)
    if "margin" in year.sold:
        return year.a_year_of(year.sold_in_year, year.sold_in_year["margin"])
    return year.revenue


def credit_and_commitment(year: LastYear) -> Measured:
    """Return the mean of credit rating, payment record and fulfilment of commitments, each from 0 to 1."""
    return combined([*credit_parts(year), fulfilment(year)])


def fulfilment(year: LastYear) -> Measured:
    """Return the weight shipped under contract in the year over the weight committed, at most 1.

    Only customers who were under contract for at least 91 days of the year.
    """
    if not (year.has("contracts", "committed_weight") and year.has("shipments", "weight")):
        return nothing(year.customers)
    contracts = year.tables["contracts"]
    ends = contracts.ends_on.cast("date")
    if "ended_on" in contracts.columns:
        ends = ibis.least(ends, contracts.ended_on.cast("date").fill_null(ends))
    began = ibis.literal(year.start + dt.timedelta(days=1))
    committed = contracts.filter(contracts.committed_weight > 0).select(
        "customer_id", "committed_weight",
        first=ibis.greatest(contracts.starts_on.cast("date"), began),
        last=ibis.least(ends, ibis.literal(year.as_of)),
    )  # fmt: skip
    terms = year.rows(committed.filter(committed.last >= committed.first))
    days = terms["last"] - terms["first"] + 1
    kept = _shipped_within(year.orders, terms) / terms.total(terms["committed_weight"] * to_periods(days, "month"))
    return fact(kept.clip(upper=1.0).where(terms.total(days) >= LEAST_DAYS))


def _shipped_within(orders: Rows, terms: Rows) -> pd.Series:
    """Return the weight that each customer shipped from the first to the last day of each of its terms.

    What is shipped under two terms at once counts for both, as both were committed to.
    """
    by_customer = np.argsort(terms.place, kind="stable")
    begins = np.searchsorted(terms.place[by_customer], terms.place[by_customer])
    number = np.empty(len(terms), dtype="int64")  # of the term among its customer's
    number[by_customer] = np.arange(len(terms)) - begins
    shipped = pd.Series(0.0, orders.customers)
    for nth in range(number.max(initial=-1) + 1):
        term = terms.where(number == nth)
        orders = orders.where(term.count().to_numpy()[orders.place] > 0)  # of those with so many terms
        first, last = (term.first(name).to_numpy()[orders.place] for name in ("first", "last"))
        within = orders.where((orders["day"] >= first) & (orders["day"] <= last))
        shipped += within.total(within["weight"])
    return shipped


def potential_of(year: LastYear, given: Measured | None = None) -> Measured:
    """Return what a model says could be won; without it, the stated spend on logistics less what we get of it."""
    if given is not None:
        return given.of(year.customers)
    spend = year.file("logistics_spend").astype("float64")
    if spend.isna().all():
        return nothing(year.customers)
    return Measured((spend - year.revenue.value).clip(lower=0.0), year.revenue.error)


def relationship(year: LastYear, leave: Measured | None = None) -> Measured:
    """Return the mean of visits and calls, ties, satisfaction and the probability to stay, each from 0 to 1."""
    ties = fact(year.file("retention_level").map(TIES))
    leaves = nothing(year.customers) if leave is None else leave.of(year.customers)
    stays = Measured(1 - leaves.value, leaves.error)
    return combined([_contacts(year).on_scale(0, _MANY_CONTACTS), ties, year.satisfaction, stays])


def _contacts(year: LastYear) -> Measured:
    """Return how many visits and calls a customer gets in a year."""
    if not year.has("contacts", "contacted_at", "kind"):
        return nothing(year.customers)
    contacts = year.ledger.contacts
    told = contacts.words.get("kind", [])
    counts = np.isin(contacts["kind"], [told.index(kind) for kind in ("visit", "call") if kind in told])
    return year.a_year_of(contacts.where(counts & (contacts["day"] > epoch_days(year.start))))


def location(year: LastYear) -> Measured:
    """Return the mean distance of the year's orders in km."""
    return fact(year.total("distance_km"))


def frequency(year: LastYear) -> Measured:
    """Return days with an order in a year."""
    return year.a_year_of(year.order_days)


def service_fit(year: LastYear) -> Measured:
    """Return the mean of strategic fit (1 to 5) and services used (one to four), each from 0 to 1."""
    used = year.total("services")
    return combined([
        strategic_fit(year).on_scale(1, 5), fact(used.where(used > 0)).on_scale(1, _MANY_SERVICES)
    ])  # fmt: skip


def brand_influence(year: LastYear) -> Measured:
    """Return the rating of the pull of the customer's name."""
    return rating(year.file("brand_influence"))


NINE: tuple[Indicator, ...] = (
    Indicator(
        "value", "value", CRITERION, "money", True,
        "What the customer is worth by the model given; without one, contribution margin (else revenue) of a year.",
        "revenue in shipments, or invoices", "of the model; without one, the chance in what is still to come of a year",
        value_of,
    ),
    Indicator(
        "credit", "credit", CRITERION, "0 to 1", True,
        "Mean of the credit rating (D: 0, A: 1), the share of bills paid within 30 days of their due date (three "
        "quarters or fewer: 0, all: 1), and weight shipped over weight committed under contracts (at most 1).",
        "credit_rating in customers, due_on and paid_on in invoices, or committed_weight in contracts",
        "rounding of the rating and few bills, after pooling; the spread of the others where a part is not known",
        credit_and_commitment,
    ),
    Indicator(
        "potential", "potential", CRITERION, "money a year", True,
        "What could be won in a year by the model given; without one, logistics spend that goes to others.",
        "a model of what could be won, or logistics_spend in customers and revenue", "of the model", potential_of,
    ),
    Indicator(
        "relationship", "relationship maintenance", CRITERION, "0 to 1", True,
        "Mean of visits and calls in a year (none: 0, twelve: 1), ties (financial: 0, social: 0.5, structural: 1), "
        "satisfaction as a share of its scale, and the probability to stay by the model given.",
        "contacts, retention_level in customers, overall in surveys, or a model of leaving",
        "few answers, after pooling, and of the model; the spread of the others where a part is not known",
        relationship,
    ),
    Indicator(
        "location", "location", CRITERION, "km", False,
        "Mean distance of an order in the last 365 days: it costs money and time.", "distance_km in shipments",
        "none: counted", location,
    ),
    Indicator(
        "frequency", "purchase frequency", CRITERION, "order days a year", True,
        "Days with an order in the last 365, brought to a year for a newer customer.", "shipments or invoices",
        "none for a whole year; for a newer customer, the chance in the part that is still to come", frequency,
    ),
    Indicator(
        "industry", "industry", CRITERION, "risk rating 1-5", False,
        "Risk of the customer's industry as rated: cycle, policy and competition.", "industry_risk in customers",
        "rounding of the rating", industry_risk,
    ),
    Indicator(
        "service_fit", "service fit", CRITERION, "0 to 1", True,
        "Mean of strategic fit as rated (1: 0, 5: 1) and services used in the last 365 days (one: 0, four: 1).",
        "strategic_fit in customers, or service in shipments",
        "rounding of the rating; the spread of the others where a part is not known", service_fit,
    ),
    Indicator(
        "brand_influence", "brand influence", CRITERION, "rating 1-5", True,
        "Pull of the customer's name as rated.", "brand_influence in customers", "rounding of the rating",
        brand_influence,
    ),
)  # fmt: skip
