"""The dwell between arrival at the depot and delivery, and who let goods stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.indicators import DWELL_LIMIT_HOURS
from clvlab.features.kpis import with_labels
from clvlab.features.service.asked import PARTY, Asked, Tables
from clvlab.features.service.sources import NO_PARTY
from clvlab.features.waiting_times import MINUTES, Waiting, WaitingTimes, counted_waits, waiting_times
from clvlab.periods import Period, parse_date
from clvlab.refusal import Refused
from clvlab.results import Table
from clvlab.shrinkage import jeffreys_interval

DWELL = Waiting("shipments", "delivered from the depot", "hours", DWELL_LIMIT_HOURS, "still standing")


def dwell_hours(
    tables: Tables,
    as_of: str | dt.date,
    by: str | Sequence[str] | None = None,
    period: Period | None = None,
    groups: pd.Series | None = None,
    days: int | None = None,
    most: int = 12,
) -> WaitingTimes:
    """Say how long goods stand between arrival at the depot and delivery; what still stands is not dropped.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``: shipments with arrived_at and delivered_at.
    as_of
        The last day known: what stands at its end counts as long as it has stood.
    by, period, groups, days
        As in `clvlab.features.service.service_kpis`; days and periods are those of arrival.
    most
        How many groups are shown, those with the most shipments; periods are all shown.

    Returns
    -------
    WaitingTimes
        [groups...], shipments, still_standing, median, p90 (hours) and within_24_hours, with 90% intervals.

    Raises
    ------
    Refused
        When a column is missing, or no shipment arrived at a depot.

    Notes
    -----
    A shipment that arrived at no depot does not count, nor one that ``completed`` settles without a time of delivery:
    it stands no more, and is said to be left out. Intervals take shipments as independent. Responsible parties are
    recorded for failures only: by them, ask `who_let_it_stand`.

    Examples
    --------
    >>> import ibis
    >>> arrived = dt.datetime(2024, 1, 2, 8)
    >>> shipments = ibis.memtable({
    ...     "customer_id": ["a", "a", "b"], "arrived_at": [arrived] * 3,
    ...     "delivered_at": [dt.datetime(2024, 1, 2, 10), dt.datetime(2024, 1, 2, 20, 30), dt.datetime(2024, 1, 4, 8)],
    ... })
    >>> dwell_hours({"shipments": shipments}, "2024-01-31").to_frame()[["shipments", "still_standing", "median"]]
       shipments  still_standing  median
    0          3               0    12.5
    """
    asked = Asked(parse_date(as_of), days, (by,) if isinstance(by, str) else tuple(by or ()), period, groups)
    waits, remarks = _standing(tables, asked)
    return waiting_times(with_labels(waits, period), asked.keys, DWELL, remarks, None if period else most)


def who_let_it_stand(tables: Tables, as_of: str | dt.date, by: str = PARTY, days: int | None = None) -> Table:
    """Say who let goods stand at the depot for more than 24 hours.

    Parameters
    ----------
    tables, as_of, days
        As in `dwell_hours`.
    by
        Whom to name: ``"responsible_party"``, ``"carrier_id"``, ``"lane"`` or another column of shipments.

    Returns
    -------
    Table
        <by>, shipments (that stood over 24 hours), of them still_standing, share of all that stood with its 90%
        interval (Jeffreys), days_beyond (time beyond the 24 hours, added up); most first.

    Raises
    ------
    Refused
        When a column is missing, no shipment arrived at a depot, or nothing stood so long.

    Notes
    -----
    The party is the one recorded for the order's failure, whatever failed; an order that stood and failed in nothing
    has none. Many shipments make many that stand: for rates by carrier or lane see `dwell_hours`.

    Examples
    --------
    >>> import ibis
    >>> arrived = dt.datetime(2024, 1, 2, 8)
    >>> shipments = ibis.memtable({
    ...     "customer_id": ["a", "a", "b"], "arrived_at": [arrived] * 3,
    ...     "delivered_at": [dt.datetime(2024, 1, 4, 8), dt.datetime(2024, 1, 2, 20), dt.datetime(2024, 1, 6, 8)],
    ...     "responsible_party": ["carrier", None, None],
    ... })
    >>> found = who_let_it_stand({"shipments": shipments}, "2024-01-31").to_frame()
    >>> found[["responsible_party", "shipments", "days_beyond"]]
      responsible_party  shipments  days_beyond
    0           carrier          1          1.0
    1      not recorded          1          3.0
    """
    waits, remarks = _standing(tables, Asked(parse_date(as_of), days, (by,)))
    limit = DWELL_LIMIT_HOURS * MINUTES["hours"]
    long = waits[waits.minutes > limit]
    if long.empty:
        raise Refused(f"Nothing stood at the depot for more than {DWELL_LIMIT_HOURS} hours, so nobody let it stand.")
    beyond = long.n * (long.minutes - limit) / MINUTES["days"]
    named = long.assign(**{by: long[by].fillna(NO_PARTY)}, still_standing=long.n.where(~long.done, 0), beyond=beyond)
    sums = named.groupby(by)[["n", "still_standing", "beyond"]].sum().sort_values("n", ascending=False, kind="stable")
    total = int(sums.n.sum())
    lower, upper = jeffreys_interval(sums.n, np.full(len(sums), total))
    frame = pd.DataFrame({
        "shipments": sums.n, "still_standing": sums.still_standing, "share": sums.n / total,
        "share_lower": lower, "share_upper": upper, "days_beyond": sums.beyond,
    }).reset_index()  # fmt: skip
    title = (
        f"{total:,} of {waits.n.sum():,} shipments stood over {DWELL_LIMIT_HOURS} hours ({total / waits.n.sum():.1%});"
        f" the most with {by.removesuffix('_id').replace('_', ' ')} {frame[by][0]} ({frame.share[0]:.0%})"
    )
    title = ". ".join([title, *(remark.removesuffix(".") for remark in remarks)])
    return Table(frame, title, decimals=1, percent=("share", "share_lower", "share_upper"))


def _standing(tables: Tables, asked: Asked) -> tuple[pd.DataFrame, list[str]]:
    """Return how long goods stood, and what is left out."""
    if "shipments" not in tables:
        raise Refused("The dwell at the depot needs the table shipments.")
    table = tables["shipments"]
    lacking = [name for name in (*asked.columns, "arrived_at", "delivered_at") if name not in table.columns]
    if lacking:
        raise Refused(f"The dwell at the depot asked for needs {' and '.join(lacking)} in shipments.")
    rows, remarks = _really(asked.rows(table, "arrived_at"))
    waits, backwards = counted_waits(rows, asked.keys, "arrived_at", "delivered_at", asked.as_of)
    if waits.empty:
        raise Refused(f"No shipment arrived at a depot{asked.when}; fill arrived_at to see how long goods stand.")
    return waits, remarks + backwards


def _really(rows: ir.Table) -> tuple[ir.Table, list[str]]:
    """Return the rows that were delivered or still stand, and how many are settled without a time of delivery."""
    if "completed" not in rows.columns:
        return rows, []
    settled = rows.delivered_at.isnull() & rows.completed.notnull()
    number = int(rows.filter(settled).count().execute())
    remarks = [f"Left out: {number:,} shipments settled without a time of delivery."] if number else []
    return rows.filter(~settled), remarks
