"""Enquiries: how fast they are answered, through how many hands, and how many tracking should have made needless."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.features.indicators import end_of
from clvlab.features.kpis import with_labels
from clvlab.features.service.asked import Asked, Tables
from clvlab.features.tables import need_columns
from clvlab.features.waiting_times import ACCOUNT, Waiting, WaitingTimes, counted_waits, waiting_times
from clvlab.periods import Period, parse_date
from clvlab.refusal import Refused
from clvlab.results import Table
from clvlab.shrinkage import NINETY, jeffreys_interval

ENQUIRY = "enquiry"
ANSWERED = Waiting("enquiries", "answered", "hours", 24, "still open")
MANY_HANDS = 2
# The same hour of the same weekday four weeks before and after: what chance would make of an enquiry's time.
_APART = pd.Timedelta(weeks=4)


def enquiry_times(
    tables: Tables,
    as_of: str | dt.date,
    by: str | Sequence[str] | None = None,
    period: Period | None = None,
    groups: pd.Series | None = None,
    days: int | None = None,
) -> WaitingTimes:
    """Say how fast enquiries are answered; open ones count as open.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``: contacts with kind and answered_at.
    as_of
        The last day known: an enquiry open at its end has waited until then.
    by, period, groups, days
        As in `clvlab.features.service.service_kpis`, such as ``by="channel"``; of contacts.

    Returns
    -------
    WaitingTimes
        [groups...], enquiries, still_open, median, p90 (hours) and within_24_hours, with 90% intervals (that of the
        share robust to accounts).

    Raises
    ------
    Refused
        When there is no enquiry, or a column is missing.

    Examples
    --------
    >>> asked = dt.datetime(2025, 12, 30)
    >>> contacts = ibis.memtable({
    ...     "customer_id": ["a", "a", "b"], "kind": ["enquiry"] * 3, "contacted_at": [asked] * 3,
    ...     "answered_at": [dt.datetime(2025, 12, 30, 2), dt.datetime(2025, 12, 30, 6), None],
    ... })
    >>> enquiry_times({"contacts": contacts}, "2025-12-31").to_frame()[["enquiries", "still_open", "median"]]
       enquiries  still_open  median
    0          3           1     6.0
    """
    asked = Asked(parse_date(as_of), days, (by,) if isinstance(by, str) else tuple(by or ()), period, groups)
    rows = _enquiries(tables, asked, ["answered_at"])
    waits, remarks = counted_waits(rows, [ACCOUNT, *asked.keys], "contacted_at", "answered_at", asked.as_of)
    if waits.empty:
        raise Refused(f"There is no enquiry in contacts{asked.when}.")
    return waiting_times(with_labels(waits, period), asked.keys, ANSWERED, remarks)


def hand_offs(
    tables: Tables, as_of: str | dt.date, by: str | Sequence[str] | None = None, days: int | None = None
) -> Table:
    """Say through how many hands enquiries go before they are answered.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``: contacts with kind and hand_offs.
    as_of, by, days
        As in `enquiry_times`.

    Returns
    -------
    Table
        [by...], enquiries (with hand_offs recorded), hand_offs (mean), two_or_more (share) with its 90% interval
        (Jeffreys, enquiries taken as independent).

    Raises
    ------
    Refused
        When no enquiry has hand_offs, or a column is missing.

    Examples
    --------
    >>> contacts = ibis.memtable({
    ...     "customer_id": ["a", "a", "b"], "kind": ["enquiry"] * 3, "contacted_at": [dt.date(2025, 12, 1)] * 3,
    ...     "hand_offs": [0, 3, None],
    ... })
    >>> hand_offs({"contacts": contacts}, "2025-12-31").to_frame()[["enquiries", "hand_offs", "two_or_more"]]
       enquiries  hand_offs  two_or_more
    0          2        1.5          0.5
    """
    asked = Asked(parse_date(as_of), days, (by,) if isinstance(by, str) else tuple(by or ()))
    rows = _enquiries(tables, asked, ["hand_offs"])
    rows = rows.filter(rows.hand_offs.notnull())
    sums = {
        "enquiries": rows.count(),
        "total": rows.hand_offs.cast("float64").sum(),
        "many": (rows.hand_offs.cast("float64") >= MANY_HANDS).sum(),
    }
    found = (rows.group_by(asked.keys).agg(**sums).order_by(asked.keys) if asked.keys else rows.agg(**sums)).to_pandas()
    number = int(found.enquiries.sum())
    if not number:
        raise Refused(f"No enquiry has hand_offs{asked.when}; fill it in contacts.")
    lower, upper = jeffreys_interval(found.many, found.enquiries)
    frame = found[asked.keys].assign(
        enquiries=found.enquiries, hand_offs=found.total / found.enquiries, two_or_more=found.many / found.enquiries,
        two_or_more_lower=lower, two_or_more_upper=upper,
    )  # fmt: skip
    title = (
        f"{found.many.sum() / number:.1%} of {number:,} enquiries went through two hands or more after the first;"
        f" {found.total.sum() / number:.2f} hand-offs in the mean"
    )
    return Table(frame, title, decimals=2, percent=("two_or_more", "two_or_more_lower", "two_or_more_upper"))


def needless_enquiries(tables: Tables, as_of: str | dt.date, by: str | None = None, days: int | None = None) -> Table:
    """Say how many enquiries came while a dispatched order was under way, whose status tracking could have told.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``: contacts, and shipments with dispatched_at and delivered_at.
    as_of, days
        As in `enquiry_times`.
    by
        A column of contacts to group by, such as ``"channel"``.

    Returns
    -------
    Table
        [by], enquiries, under_way (share asked while an order was under way), overdue (share asked while one was past
        its due time, part of under_way), by_chance (the share under way at the same hour four weeks before and after),
        beyond_chance (the difference) with its 90% interval, robust to accounts.

    Raises
    ------
    Refused
        When a table or column is missing, or no enquiry lies between four weeks after the first order and four weeks
        before the day.

    Notes
    -----
    Contacts do not name a shipment, so that it is assumed, not known, that who asks while an order is under way asks
    about it: ``under_way`` is the most that tracking could have spared. An account that ships every day always has one
    under way; ``by_chance`` is what two times that have nothing to do with the order show. What goes beyond it has to
    do with orders under way, or with weeks that are busy in both. Under way means dispatched and not yet delivered;
    refused orders, and orders settled without a time of delivery, never are.

    Examples
    --------
    >>> sent = dt.datetime(2025, 6, 1)
    >>> shipments = ibis.memtable({
    ...     "customer_id": ["a", "b", "b"], "dispatched_at": [sent, sent, dt.datetime(2025, 1, 1)],
    ...     "delivered_at": [dt.datetime(2025, 6, 5)] * 2 + [dt.datetime(2025, 1, 2)],
    ... })
    >>> contacts = ibis.memtable({
    ...     "customer_id": ["a", "b"], "kind": ["enquiry"] * 2,
    ...     "contacted_at": [dt.datetime(2025, 6, 2), dt.datetime(2025, 6, 9)],
    ... })
    >>> found = needless_enquiries({"shipments": shipments, "contacts": contacts}, "2025-12-31").to_frame()
    >>> found[["enquiries", "under_way", "by_chance"]]
       enquiries  under_way  by_chance
    0          2        0.5        0.0
    """
    asked = Asked(parse_date(as_of), days, (by,) if by else ())
    orders, end = _under_way(tables, asked.as_of), pd.Timestamp(end_of(asked.as_of))
    rows = _enquiries(tables, asked, [])
    at = rows.select(ACCOUNT, *asked.keys, at=rows.contacted_at.cast("timestamp")).to_pandas()
    at = at[at["at"].between(orders.begun.min() + _APART, end - _APART)].reset_index(drop=True)
    if at.empty:
        raise Refused(
            f"No enquiry{asked.when} lies between four weeks after the first order and four weeks before {asked.as_of}."
        )
    asked_while = _Held(orders, "begun", "ended")
    at["under_way"] = asked_while.when(at[ACCOUNT], at["at"])
    at["by_chance"] = sum(asked_while.when(at[ACCOUNT], at["at"] + apart) for apart in (-_APART, _APART)) / 2.0
    at["overdue"] = _Held(orders[orders.overdue < orders.ended], "overdue", "ended").when(at[ACCOUNT], at["at"])
    parts = at.groupby(asked.keys, dropna=False) if by else [((), at)]
    frame = pd.DataFrame([dict(zip(asked.keys, key, strict=True)) | _shares(part) for key, part in parts])
    whole = _shares(at)
    title = (
        f"Tracking could have spared at most {whole['under_way']:.0%} of {len(at):,} enquiries, asked while an order"
        f" was under way; {whole['by_chance']:.0%} would be by chance"
    )
    columns = ("under_way", "overdue", "by_chance", "beyond_chance", "beyond_chance_lower", "beyond_chance_upper")
    return Table(frame, title, percent=columns)


def _enquiries(tables: Tables, asked: Asked, columns: Sequence[str]) -> ir.Table:
    """Return the enquiries that count."""
    if "contacts" not in tables:
        raise Refused("Enquiries need the table contacts.")
    contacts = tables["contacts"]
    need_columns(contacts.columns, ["kind", *columns, *asked.columns])
    return asked.rows(contacts.filter(contacts.kind.cast("string").lower() == ENQUIRY), "contacted_at")


def _under_way(tables: Tables, as_of: dt.date) -> pd.DataFrame:
    """Return customer_id, begun, overdue (from when; the last moment without a due time) and ended of orders."""
    if "shipments" not in tables:
        raise Refused("Whether an order was under way needs the table shipments.")
    table = tables["shipments"]
    if lacking := [name for name in ("dispatched_at", "delivered_at") if name not in table.columns]:
        raise Refused(f"Whether an order was under way needs {' and '.join(lacking)} in shipments.")
    rows = table.filter(table.dispatched_at.notnull())
    if "refused" in rows.columns:
        rows = rows.filter(~rows.refused.fill_null(False))
    if "completed" in rows.columns:
        rows = rows.filter(rows.delivered_at.notnull() | rows.completed.isnull())
    end = ibis.literal(end_of(as_of))
    due = rows.delivery_due_at.cast("timestamp") if "delivery_due_at" in rows.columns else end
    frame = rows.select(
        ACCOUNT, begun=rows.dispatched_at.cast("timestamp"), overdue=due.fill_null(end),
        ended=rows.delivered_at.cast("timestamp").fill_null(end),
    ).to_pyarrow().to_pandas()  # fmt: skip
    if frame.empty:
        raise Refused(f"No order was dispatched up to {as_of}.")
    return frame[frame.begun <= frame.ended]


class _Held:
    """Whether a customer had an order in a state at some time: as many began by then as ended, or more."""

    def __init__(self, orders: pd.DataFrame, begins: str, ends: str) -> None:
        self._customers = pd.Index(orders[ACCOUNT].unique())
        self._begun = self._ranked(orders[ACCOUNT], orders[begins])
        self._ended = self._ranked(orders[ACCOUNT], orders[ends])

    def _ranked(self, customers: pd.Series, times: pd.Series) -> NDArray[np.int64]:
        return np.sort(self._keys(customers, times))

    def _keys(self, customers: pd.Series, times: pd.Series) -> NDArray[np.int64]:
        """Return one number per row that sorts by customer, then by second."""
        second = times.to_numpy("datetime64[s]").astype("int64")
        return (self._customers.get_indexer(customers).astype("int64") + 1) * 2**36 + second

    def when(self, customers: pd.Series, times: pd.Series) -> NDArray[np.bool_]:
        """Return which customers had one at that time."""
        keys = self._keys(customers, times)
        began, ended = (np.searchsorted(of, keys, side="right") for of in (self._begun, self._ended))
        return began > ended


def _shares(part: pd.DataFrame) -> dict[str, float]:
    """Return the shares of one group of enquiries."""
    beyond = part.under_way - part.by_chance
    mean = float(beyond.mean())
    by_account = (beyond - mean).groupby(part[ACCOUNT]).sum()
    number = len(by_account)
    error = np.sqrt((by_account**2).sum() * number / (number - 1)) / len(part) if number > 1 else float("nan")
    return {
        "enquiries": len(part), "under_way": float(part.under_way.mean()), "overdue": float(part.overdue.mean()),
        "by_chance": float(part.by_chance.mean()), "beyond_chance": mean,
        "beyond_chance_lower": mean - NINETY * error, "beyond_chance_upper": mean + NINETY * error,
    }  # fmt: skip
