"""Levels of service today, by group of customers, and each customer's share of failures."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from clvlab.features.indicators import BY_NAME, label_of
from clvlab.features.kpi_table import is_share, well_is_high
from clvlab.features.service.asked import GROUP, Asked, Tables
from clvlab.features.service.service_kpis import service_kpis
from clvlab.features.service.sources import SOURCES
from clvlab.periods import DAYS_PER_YEAR, parse_date
from clvlab.refusal import Refused
from clvlab.shrinkage import pool_rates

YEAR_DAYS = int(DAYS_PER_YEAR)
EVERYBODY = "all customers"


def levels_today(tables: Tables, as_of: str | dt.date, groups: pd.Series | None = None) -> pd.DataFrame:
    """Return the level of every indicator in every group: the share that went well in the last 365 days.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``.
    as_of
        The last day known.
    groups
        A group per customer_id, such as its tier; customers that it does not name are left out. None puts all
        customers into one group, "all customers".

    Returns
    -------
    DataFrame
        group, kpi, level (0 to 1), lower, upper (90%), opportunities, failures. Pooled over the group's orders, so that
        a large account weighs more. The complaint rate is no share and has no level.

    Raises
    ------
    Refused
        When no indicator can be told.

    Examples
    --------
    >>> import ibis
    >>> counts = ibis.memtable({
    ...     "customer_id": ["a", "b"], "date": [dt.date(2025, 11, 30)] * 2, "kpi": ["storage damage rate"] * 2,
    ...     "opportunities": [40, 60], "failures": [1, 0],
    ... })
    >>> levels_today({"kpi_counts": counts}, "2025-12-31")[["group", "kpi", "level"]]
               group                  kpi  level
    0  all customers  storage_damage_rate   0.99
    """
    named = None if groups is None else groups.dropna().rename(GROUP)
    rows = service_kpis(tables, as_of, groups=named, days=YEAR_DAYS).to_frame()
    if named is None:
        rows = rows.assign(**{GROUP: EVERYBODY})
    rows = rows[rows[GROUP].notna() & rows.kpi.map(is_share).astype(bool)]
    high = rows.kpi.map(well_is_high).to_numpy(dtype=bool)
    rate, lower, upper = (rows[name].to_numpy() for name in ("rate", "lower", "upper"))
    well = np.where(high, rows.numerator, rows.denominator - rows.numerator)
    return pd.DataFrame({
        "group": rows[GROUP].to_numpy(), "kpi": rows.kpi.to_numpy(),
        "level": np.where(high, rate, 1 - rate),
        "lower": np.where(high, lower, 1 - upper), "upper": np.where(high, upper, 1 - lower),
        "opportunities": rows.denominator.to_numpy(), "failures": rows.denominator.to_numpy() - well,
    })  # fmt: skip


def failure_shares(tables: Tables, as_of: str | dt.date, kpi: str) -> pd.DataFrame:
    """Return each customer's share of failures of one indicator in the last 365 days, drawn towards that of all.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``.
    as_of
        The last day known.
    kpi
        The indicator's field name, such as ``"on_time_delivery"``, or the provider's own name for a KPI it counts.

    Returns
    -------
    DataFrame
        By customer_id: opportunities, failures, shrunk, shrunk_lower, shrunk_upper (90%; see
        `clvlab.shrinkage.pool_rates`). Customers without an opportunity are absent: it need not
        concern them.

    Raises
    ------
    Refused
        When the indicator can't be told, and for the complaint rate, which is no share.

    Examples
    --------
    >>> import ibis
    >>> counts = ibis.memtable({
    ...     "customer_id": ["a", "b"], "date": [dt.date(2025, 11, 30)] * 2, "kpi": ["data entry accuracy"] * 2,
    ...     "opportunities": [2, 200], "failures": [1, 4],
    ... })
    >>> found = failure_shares({"kpi_counts": counts}, "2025-12-31", "data_entry_accuracy")
    >>> found.failures.tolist(), bool(found.shrunk["a"] < 0.5)
    ([1.0, 4.0], True)
    """
    if not is_share(kpi):
        raise Refused(f"{label_of(kpi)} is no share of opportunities; choose another indicator.")
    asked = Asked(parse_date(as_of), YEAR_DAYS, ("customer_id",))
    source = BY_NAME[kpi].source if kpi in BY_NAME else "kpi_counts"
    counts = SOURCES[source](tables, asked)
    reason = counts.missing.get(kpi, "is in none of the tables")
    if kpi not in set(counts.frame.kpi):
        counts = SOURCES["kpi_counts"](tables, asked)
    rows = counts.frame[(counts.frame.kpi == kpi) & (counts.frame.denominator > 0)]
    if rows.empty:
        raise Refused(f"{label_of(kpi)} {reason}.")
    rows = rows.sort_values("customer_id").set_index("customer_id")
    failures = rows.denominator - rows.numerator if well_is_high(kpi) else rows.numerator
    pooled = pool_rates(failures, rows.denominator)
    return pd.DataFrame(
        {"opportunities": rows.denominator, "failures": failures, "shrunk": pooled.estimate,
         "shrunk_lower": pooled.lower, "shrunk_upper": pooled.upper},
    )  # fmt: skip
