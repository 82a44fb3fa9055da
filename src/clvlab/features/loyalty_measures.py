"""How loyalty shows in the records: satisfaction, share of wallet, renewals, intentions and referrals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.by_customer import by_customer
from clvlab.features.winnable import YEAR_DAYS, sales, start_of
from clvlab.refusal import Refused
from clvlab.shrinkage import pool_means

Tables = Mapping[str, ir.Table]

INTENTIONS = ("renew_intention", "recommend")
MEASURES = ("wallet_share", "renewed", "renewals", *INTENTIONS, "referrals")
# The scatter of answers on a scale is never nothing: half a step of a scale of ten at the least.
_LEAST_SCATTER = 0.05


def satisfaction(surveys: ir.Table, as_of: dt.date, days: int = YEAR_DAYS) -> pd.DataFrame:
    """Return each customer's satisfaction from its answers of the last days, drawn towards that of all.

    Parameters
    ----------
    surveys
        customer_id, answered_on, overall, scale_max.
    as_of, days
        The last day known, and how many days count.

    Returns
    -------
    DataFrame
        By customer_id, who answered: answers, satisfaction (share of the scale, 0 to 1) with the ends of its 90%
        interval, satisfaction_lower and satisfaction_upper.

    Raises
    ------
    Refused
        Without these columns, and without an answer.

    Notes
    -----
    One answer of one person is no opinion of an account: means are pooled (:func:`clvlab.shrinkage.pool_means`) with
    the scatter of answers within customers; where nobody answered twice, with that between them. Answers above the
    scale are left out.

    Examples
    --------
    >>> surveys = ibis.memtable({
    ...     "customer_id": ["a", "a", "b"], "answered_on": [dt.date(2025, 3, 1)] * 3, "overall": [9, 8, 2],
    ...     "scale_max": [10, 10, 10],
    ... })
    >>> satisfaction(surveys, dt.date(2025, 12, 31))["answers"].tolist()
    [2, 1]
    """
    missing = [name for name in ("answered_on", "overall", "scale_max") if name not in surveys.columns]
    if missing:
        raise Refused(f"Satisfaction needs {' and '.join(missing)} in surveys.")
    given = _answered(surveys, as_of, days)
    given = given.filter(given.overall.notnull(), given.overall <= given.scale_max)
    score = given.overall / given.scale_max
    found = given.group_by("customer_id").agg(answers=score.count(), mean=score.mean(), squares=(score**2).sum())
    frame = by_customer(found)
    if frame.empty:
        raise Refused(f"Nobody answered a survey in the {days} days to {as_of}.")
    n, mean = frame["answers"].to_numpy(dtype=float), frame["mean"].to_numpy(dtype=float)
    left = float((frame["squares"].to_numpy(dtype=float) - n * mean**2).sum())
    free = float((n - 1).sum())
    scatter = np.sqrt(max(left / free, 0.0)) if free else float(np.std(mean))
    pooled = pool_means(mean, max(scatter, _LEAST_SCATTER) / np.sqrt(n))
    ends = {"satisfaction": pooled.estimate, "satisfaction_lower": pooled.lower, "satisfaction_upper": pooled.upper}
    return frame[["answers"]].assign(**{name: np.clip(values, 0.0, 1.0) for name, values in ends.items()})


def loyalty_measures(tables: Tables, as_of: dt.date) -> tuple[pd.DataFrame, list[str]]:
    """Return the behaviour and the intentions by which loyalty shows, and what is switched off.

    Parameters
    ----------
    tables
        Accepted tables by name.
    as_of
        The last day known.

    Returns
    -------
    DataFrame
        By customer_id: wallet_share (revenue of the last 365 days over logistics_spend, above 1 where the stated spend
        is out of date), renewed of renewals (contracts that came to an end so far), renew_intention and recommend (mean
        answer of the last 365 days, share of the scale), referrals (customers that name it as who referred them). A
        column is absent where the records lack what it needs.
    list of str
        What is absent, and what it needs.
    """
    customers, lacks = tables["customers"].select("customer_id"), []
    found = customers.filter(customers.customer_id.notnull())
    parts: dict[str, Callable[[Tables, dt.date], ir.Table]] = {
        "Wallet share": _wallet_share,
        "Renewal": _renewals,
        "Recommendation": _intentions,
        "Referral": _referrals,
    }
    for name, part in parts.items():
        try:
            found = found.left_join(part(tables, as_of), "customer_id").drop("customer_id_right")
        except Refused as refusal:
            lacks.append(f"{name} {refusal}")
    frame = by_customer(found)
    if "referrals" in frame:
        frame["referrals"] = frame["referrals"].fillna(0.0)
    return frame, lacks


def _wallet_share(tables: Tables, as_of: dt.date) -> ir.Table:
    sold, customers = sales(tables, as_of), tables["customers"]
    stated = customers.filter(customers.logistics_spend > 0) if "logistics_spend" in customers.columns else None
    if stated is None or "revenue" not in sold.columns or not stated.count().execute():
        raise Refused("needs logistics_spend in customers, and revenue in shipments or amounts in invoices.")
    recent = sold.filter(sold.date > ibis.literal(start_of(as_of, 0)))
    revenue = recent.group_by("customer_id").agg(revenue=recent.revenue.sum())
    both = stated.select("customer_id", "logistics_spend").left_join(revenue, "customer_id")
    return both.select("customer_id", wallet_share=both.revenue.fill_null(0) / both.logistics_spend)


def _renewals(tables: Tables, as_of: dt.date) -> ir.Table:
    contracts = tables.get("contracts")
    if contracts is None or not {"ended_on", "end_reason"} <= set(contracts.columns):
        raise Refused("needs ended_on and end_reason in contracts.")
    over = contracts.filter(contracts.ended_on <= ibis.literal(as_of))
    renewed = (over.end_reason.lower() == "renewed").fill_null(False)
    return over.group_by("customer_id").agg(renewed=renewed.sum(), renewals=over.count())


def _intentions(tables: Tables, as_of: dt.date) -> ir.Table:
    surveys = tables.get("surveys")
    asked = [] if surveys is None else [name for name in INTENTIONS if name in surveys.columns]
    if surveys is None or not asked or not {"answered_on", "scale_max"} <= set(surveys.columns):
        raise Refused("needs recommend or renew_intention, answered_on and scale_max in surveys.")
    given = _answered(surveys, as_of, YEAR_DAYS)
    means = {name: (given[name] / given.scale_max).mean(where=given[name] <= given.scale_max) for name in asked}
    return given.group_by("customer_id").agg(**means)


def _referrals(tables: Tables, as_of: dt.date) -> ir.Table:
    customers = tables["customers"]
    if "referred_by" not in customers.columns:
        raise Refused("needs referred_by in customers.")
    named = customers.filter(customers.referred_by.notnull())
    return named.group_by(customer_id=named.referred_by).agg(referrals=named.count())


def _answered(surveys: ir.Table, as_of: dt.date, days: int) -> ir.Table:
    """Return the answers of so many days up to the day, on a scale that is known."""
    day = surveys.answered_on.cast("date")
    recent = (day <= ibis.literal(as_of)) & (day > ibis.literal(as_of - dt.timedelta(days=days)))
    return surveys.filter(recent, surveys.scale_max > 0)
