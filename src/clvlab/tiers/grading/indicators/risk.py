"""Risk 风险: credit, industry risk, and how easily the customer could replace us."""

from __future__ import annotations

import pandas as pd

from clvlab.features.panel.standing import GRADES
from clvlab.tiers.grading.indicator import Indicator
from clvlab.tiers.grading.indicators.financial import paid_within
from clvlab.tiers.grading.last_year import LastYear
from clvlab.tiers.grading.measured import Measured, combined, fact, nothing, rating, shrunk_mean, shrunk_rate

_DIMENSION = "risk"
# A bill paid later than so many days after its due date, or not yet, is a serious delay.
_SERIOUS_DAYS = 30
# Stated ends of scales: a quarter of bills seriously late is as bad as it counts, a rival's service three points of ten
# above ours as risky, and at least four services as safe.
_MANY_LATE, _FAR_BETTER, _MANY_SERVICES = 0.25, 0.3, 4


def credit(year: LastYear) -> Measured:
    """Return the mean of credit rating (D to A) and freedom from serious delays (a quarter to none), each 0 to 1."""
    return combined(credit_parts(year))


def credit_parts(year: LastYear) -> list[Measured]:
    """Return credit rating and payment record, each from 0 (worst) to 1."""
    ranks = {letter: float(i) for i, letter in enumerate(GRADES)}
    grade = year.file("credit_rating").map(lambda text: ranks.get(text.strip().lower()), na_action="ignore")
    rank = grade.astype("float64")
    return [
        rating(rank).on_scale(len(GRADES) - 1, 0),
        paid_within(year, _SERIOUS_DAYS).on_scale(1 - _MANY_LATE, 1),
    ]


def industry_risk(year: LastYear) -> Measured:
    """Return the rating of the industry's risk: cycle, policy and competition."""
    return rating(year.file("industry_risk"))


def substitution(year: LastYear) -> Measured:
    """Return the mean of four signs, from 0 to 1, that the customer could replace us."""
    return combined([_spent_elsewhere(year), _rivals_named(year), _rival_better(year), _replaceable_service(year)])


def _spent_elsewhere(year: LastYear) -> Measured:
    """Return the share of the customer's logistics spend that goes to others, 0 where it pays us more than stated."""
    spend = year.file("logistics_spend").astype("float64")
    spend = spend.where(spend > 0)
    if spend.isna().all():
        return nothing(year.customers)
    return Measured((1 - year.revenue.value / spend).clip(0.0, 1.0), year.revenue.error / spend)


def _rivals_named(year: LastYear) -> Measured:
    """Return the share of the year's leads with the customer in which a rival was named."""
    if not year.has("leads", "rival", "customer_id"):
        return nothing(year.customers)
    leads = year.within(year.tables["leads"], "opened_on")
    found = year.rows(leads.select("customer_id", named=leads.rival.notnull().cast("float64")))
    return shrunk_rate(found.total(found["named"]), found.count())


def _rival_better(year: LastYear) -> Measured:
    """Return how much better than ours the customer finds a rival's service (three points of ten worse to better)."""
    if not year.has("surveys", "answered_on", "rival_perception", "perception", "scale_max"):
        return nothing(year.customers)
    answers = year.within(year.tables["surveys"], "answered_on")
    ahead = (answers.rival_perception - answers.perception) / answers.scale_max
    said = year.rows(answers.select("customer_id", ahead=ahead.cast("float64")))
    places = pd.RangeIndex(len(year.customers))
    better = shrunk_mean(pd.Series(said["ahead"]), pd.Series(said.place), places).on_scale(-_FAR_BETTER, _FAR_BETTER)
    return Measured(*(part.set_axis(year.customers) for part in better))


def _replaceable_service(year: LastYear) -> Measured:
    """Return the mean of few services used (four to one) and basic services among orders (none to all)."""
    used = year.total("services")
    return combined([fact(used.where(used > 0)).on_scale(_MANY_SERVICES, 1), fact(1 - year.total("value_added_share"))])


INDICATORS = (
    Indicator(
        "credit", "credit", _DIMENSION, "0 to 1", True,
        "Mean of the credit rating (D: 0, A: 1) and the payment record: share of bills due in the last 365 days that "
        "were paid within 30 days of it (three quarters or fewer: 0, all: 1), drawn towards the common one.",
        "credit_rating in customers, or due_on and paid_on in invoices",
        "rounding of the rating and few bills, after pooling; the spread of the others where unrated", credit,
    ),
    Indicator(
        "industry_risk", "industry risk", _DIMENSION, "rating 1-5", False,
        "Risk of the customer's industry as rated: cycle, policy and competition.", "industry_risk in customers",
        "rounding of the rating", industry_risk,
    ),
    Indicator(
        "substitution", "substitution risk", _DIMENSION, "0 to 1", False,
        "Mean of: share of logistics spend that others get; share of leads in which a rival was named; a rival's "
        "service against ours in surveys (three points of ten worse: 0, better: 1); and single or commodity service "
        "(four services or more: 0, one: 1; and the share of basic services). All of the last 365 days.",
        "logistics_spend in customers, rival in leads, rival_perception in surveys, or service in shipments",
        "few leads and answers, after pooling; the spread of the others where one of the four is not known",
        substitution,
    ),
)  # fmt: skip
