"""What is known of each account for judging other levels of service: its worth, risk, orders, and how it is served."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.panel.voice import ANSWER_DAYS, SLOW_DAYS
from clvlab.periods import DAYS_PER_YEAR, MONTHS_PER_YEAR, parse_date
from clvlab.refusal import Refused
from clvlab.satisfaction.responses.customer_months import CustomerMonths
from clvlab.satisfaction.responses.latent_leaving import LeavingFit
from clvlab.shrinkage import NINETY, pool_rates

_YEAR = round(DAYS_PER_YEAR)
# Months there in the last year below which nothing is told of them.
_LEAST_TIME = 1e-6


def accounts(values: pd.DataFrame, months: CustomerMonths, fit: LeavingFit, groups: pd.Series) -> pd.DataFrame:
    """Return what is known of each account, apart from its service.

    Parameters
    ----------
    values
        By customer_id: ``value``, ``value_lower``, ``value_upper`` (90%) within the horizon.
    months, fit
        Customers by months, and the hazard of leaving fitted to them.
    groups
        Group by customer_id; customers of the values without one are left out.

    Returns
    -------
    DataFrame
        By customer_id: ``group``, ``value`` and ``value_error``; ``there`` (probability to be there today), ``hazard``
        (monthly, of leaving for good, if there: the mean of the customer's last twelve months) and ``orders`` (a month,
        while there, of the same months).

    Raises
    ------
    Refused
        When no valued customer has a group.
    """
    group = groups.dropna().reindex(values.index).dropna()
    if group.empty:
        raise Refused("None of the valued customers belongs to a group; give groups by their customer_id.")
    valued, recent = values.loc[group.index], _last_year(months, fit).reindex(group.index)
    return pd.DataFrame(
        {
            "group": group,
            "value": valued["value"],
            "value_error": (valued["value_upper"] - valued["value_lower"]) / (2 * NINETY),
            "there": fit.there_now.reindex(group.index).fillna(0.0),
            "hazard": recent["hazard"].fillna(recent["hazard"].mean()),
            "orders": recent["orders"].fillna(0.0),
        }
    )


def _last_year(months: CustomerMonths, fit: LeavingFit) -> pd.DataFrame:
    """Return each customer's hazard and orders a month over the last year, of the time it was there."""
    frame = months.frame
    rows = pd.DataFrame(
        {"time": frame["length"] * fit.there, "hazard": fit.hazard * fit.there, "orders": frame["orders"]}
    )
    recent = frame["month"] > frame["month"].max() - MONTHS_PER_YEAR
    total = rows[recent].groupby(frame["customer_id"]).sum()
    return pd.DataFrame(
        {
            "hazard": total["hazard"] / total["time"].clip(lower=_LEAST_TIME),
            "orders": total["orders"] / total["time"].clip(lower=1.0),
        }
    )


def answered_late(tables: Mapping[str, ir.Table], as_of: str | dt.date, kpi: str) -> pd.DataFrame:
    """Return by customer how many complaints or enquiries of the last year there were and how many were late.

    Parameters
    ----------
    tables
        Accepted tables by name: complaints with opened_at and resolved_at, contacts with contacted_at, kind and
        answered_at.
    as_of
        The last day known. What is not yet due on it does not count.
    kpi
        ``"complaints_settled_in_time"`` (within 7 days) or ``"enquiries_answered_in_time"`` (within a day).

    Returns
    -------
    DataFrame
        By customer_id: opportunities, failures, shrunk (share of failures, drawn towards that of all).

    Raises
    ------
    Refused
        When the records do not tell it.
    """
    of_complaints = kpi == "complaints_settled_in_time"
    name, columns, days = (
        ("complaints", ("opened_at", "resolved_at"), SLOW_DAYS)
        if of_complaints
        else ("contacts", ("contacted_at", "answered_at", "kind"), ANSWER_DAYS)
    )
    if name not in tables or not set(columns) <= set(tables[name].columns):
        raise Refused(f"{kpi} needs {', '.join(columns)} in {name}.")
    rows = tables[name] if of_complaints else tables[name].filter(tables[name].kind == "enquiry")
    asked, closed = rows[columns[0]], rows[columns[1]]
    end: Any = ibis.literal(dt.datetime.combine(parse_date(as_of), dt.time()) + dt.timedelta(days=1))
    due = asked + ibis.interval(days=days)
    known = rows.filter((asked > end - ibis.interval(days=_YEAR)) & ((due < end) | closed.notnull()))
    late = ~(closed <= due).fill_null(False)
    counted = known.group_by("customer_id").agg(opportunities=known.count(), failures=late.sum())
    frame = counted.to_pyarrow().to_pandas().set_index("customer_id").astype(float).sort_index()
    if frame.empty:
        raise Refused(f"{kpi}: there was nothing to answer in the year to {as_of}.")
    return frame.assign(shrunk=pool_rates(frame["failures"], frame["opportunities"]).estimate)
