"""How loyalty shows in the records: satisfaction, share of wallet, renewals, intentions and referrals."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.by_customer import by_customer
from clvlab.features.ledger import Ledger
from clvlab.features.winnable import YEAR_DAYS
from clvlab.refusal import Refused
from clvlab.shrinkage import pool_means

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


def loyalty_measures(ledger: Ledger) -> tuple[pd.DataFrame, list[str]]:
    """Return the behaviour and the intentions by which loyalty shows, and what is switched off.

    Parameters
    ----------
    ledger
        The records up to a day.

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
    parts = {
        "Wallet share": _wallet_share,
        "Renewal": _renewals,
        "Recommendation": _intentions,
        "Referral": _referrals,
    }
    columns: dict[str, pd.Series] = {}
    lacks = []
    for name, part in parts.items():
        try:
            columns |= part(ledger)
        except Refused as refusal:
            lacks.append(f"{name} {refusal}")
    return pd.DataFrame(columns, ledger.customers, copy=False), lacks


def _wallet_share(ledger: Ledger) -> dict[str, pd.Series]:
    spend = ledger.file("logistics_spend").astype("float64")
    sold = ledger.sold_of_year
    if "revenue" not in sold or not (spend > 0).any():
        raise Refused("needs logistics_spend in customers, and revenue in shipments or amounts in invoices.")
    return {"wallet_share": sold.total(sold["revenue"]) / spend.where(spend > 0)}


def _renewals(ledger: Ledger) -> dict[str, pd.Series]:
    if not ledger.has("contracts", "ended_on", "end_reason"):
        raise Refused("needs ended_on and end_reason in contracts.")
    renewed = (ledger.tables["contracts"].end_reason.lower() == "renewed").fill_null(False)
    over = ledger.rows("contracts", "ended_on", renewed=renewed.cast("float64"))
    count = over.count()
    return {"renewed": over.total(over["renewed"]).where(count > 0), "renewals": count.where(count > 0)}


def _intentions(ledger: Ledger) -> dict[str, pd.Series]:
    surveys = ledger.tables.get("surveys")
    asked = [name for name in INTENTIONS if ledger.has("surveys", name)]
    if surveys is None or not asked or not ledger.has("surveys", "answered_on", "scale_max"):
        raise Refused("needs recommend or renew_intention, answered_on and scale_max in surveys.")
    given = _answered(surveys, ledger.as_of, YEAR_DAYS)
    shares = {name: given[name] / given.scale_max for name in asked}
    rows = ledger.places.rows(
        given.select("customer_id", **{name: ibis.ifelse(share <= 1, share, None) for name, share in shares.items()})
    )
    known = {name: rows.count(~np.isnan(rows[name])) for name in asked}
    return {name: rows.total(rows[name]) / count.where(count > 0) for name, count in known.items()}


def _referrals(ledger: Ledger) -> dict[str, pd.Series]:
    if not ledger.has("customers", "referred_by"):
        raise Refused("needs referred_by in customers.")
    return {"referrals": ledger.referrals.count()}


def _answered(surveys: ir.Table, as_of: dt.date, days: int) -> ir.Table:
    """Return the answers of so many days up to the day, on a scale that is known."""
    day = surveys.answered_on.cast("date")
    recent = (day <= ibis.literal(as_of)) & (day > ibis.literal(as_of - dt.timedelta(days=days)))
    return surveys.filter(recent, surveys.scale_max > 0)
