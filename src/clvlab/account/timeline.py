"""What has happened with an account, month by month and event by event."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.account.reading import Tables, rows_of
from clvlab.features.customer_file.shared import plural
from clvlab.features.events import purchases
from clvlab.features.indicators import BY_NAME, end_of
from clvlab.periods import period_index, period_label, period_start
from clvlab.refusal import Refused
from clvlab.results import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MONTHS = 36
# Any of these makes an order a failed one; what was not recorded is no failure.
_FAILING = ("on_time_delivery", "cargo_damage_frequency", "order_completion")
# What happened besides orders: a lane of the picture, the table, its date, and which kinds of contact belong to it.
_LANES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("complaints", "complaints", "opened_at", ()),
    ("visits and calls", "contacts", "contacted_at", ("visit", "call")),
    ("enquiries and quotes", "contacts", "contacted_at", ("enquiry", "quote")),
    ("price notices", "contacts", "contacted_at", ("price notice",)),
)
LANES = tuple(lane for lane, *_ in _LANES)


class Timeline(Table):
    """An account's orders, failures, complaints, contacts and contract events by month.

    Attributes
    ----------
    contract_events
        day and event (begins, ended, term ends), in order of time.
    """

    def __init__(self, frame: pd.DataFrame, contract_events: pd.DataFrame) -> None:
        super().__init__(frame, "What happened, by year", 0, ("failed_share",), fold=False)
        self.contract_events = contract_events

    def to_frame(self) -> pd.DataFrame:
        """Return one row per month of the last three years: month, orders, failed, and a column for each lane.

        ``failed`` (late, damaged or not carried out) is missing where the shipments do not tell it.
        """
        return self._frame

    def _shown(self) -> pd.DataFrame:
        """Return the months added up by calendar year, with ``failed_share`` of the orders."""
        counts = self._frame.drop(columns="month").astype(float)
        found = counts.groupby(self._frame["month"].str[:4].rename("year")).sum(min_count=1)
        share = (found["failed"] / found["orders"]).where(found["orders"] > 0)
        found.insert(2, "failed_share", share)
        return found.dropna(axis=1, how="all").reset_index()

    @property
    def finding(self) -> str:
        """How the last twelve months compare with the twelve before."""
        orders = self._frame["orders"]
        now, before = int(orders.iloc[-12:].sum()), int(orders.iloc[-24:-12].sum())
        if len(orders) < 24:
            return f"{plural(now, 'orders')} in the last 12 months"
        return f"{plural(now, 'orders')} in the last 12 months, {before:,} in the 12 before"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw months across: orders as bars, their failed part marked, and a lane for everything else."""
        from clvlab.account.plots import draw_timeline

        return draw_timeline(self, ax)


def timeline(tables: Tables, customer_id: str, as_of: dt.date) -> Timeline:
    """Count what happened with an account in each of the last 36 months.

    Parameters
    ----------
    tables
        Accepted tables by name, as known on the day.
    customer_id
        The account.
    as_of
        The last day known.

    Raises
    ------
    Refused
        When nothing happened in that time.

    Notes
    -----
    An order counts in the month it was booked (without shipments: invoiced). It failed when it was delivered late or is
    overdue, arrived with damage, or was not completed, as far as the records tell.

    Examples
    --------
    >>> booked = pd.to_datetime(["2025-10-03", "2025-12-01"])
    >>> shipments = ibis.memtable({"customer_id": ["a", "a"], "booked_at": booked})
    >>> timeline({"shipments": shipments}, "a", dt.date(2025, 12, 31)).to_frame()[["month", "orders"]]
         month  orders
    0  2025-10       1
    1  2025-11       0
    2  2025-12       1
    """
    last = int(period_index(as_of, "month"))
    first = last - MONTHS + 1
    counts = {"orders": _orders(tables, customer_id), "failed": _failed(tables, customer_id, as_of)}
    counts |= {lane: _in_lane(tables, customer_id, table, date, kinds) for lane, table, date, kinds in _LANES}
    events = contract_events(tables, customer_id, as_of)
    events = events[events["day"] >= pd.Timestamp(period_start(first, "month"))].reset_index(drop=True)
    months = [int(number) for found in counts.values() if found is not None for number in found.index]
    months += [int(number) for number in period_index(events["day"], "month")] if len(events) else []
    within = [number for number in months if first <= number <= last]
    if not within:
        raise Refused(f"Nothing is recorded of this account in the {MONTHS} months to {as_of}.")
    every = range(min(within), last + 1)
    frame = pd.DataFrame({"month": [period_label(number, "month") for number in every]})
    for column, found in counts.items():
        frame[column] = float("nan") if found is None else found.reindex(every, fill_value=0).to_numpy()
    return Timeline(frame, events)


def _by_month(rows: ir.Table, day: ir.DateValue) -> pd.Series:
    """Return the number of rows in each month that has any, by the month's number."""
    numbered = rows.select(number=period_index(day, "month"))
    return numbered.group_by("number").agg(n=numbered.count()).execute().set_index("number")["n"].sort_index()


def _orders(tables: Tables, customer_id: str) -> pd.Series:
    orders = purchases(tables).orders
    orders = orders.filter(orders.customer_id == ibis.literal(customer_id))
    return _by_month(orders, orders.date)


def _failed(tables: Tables, customer_id: str, as_of: dt.date) -> pd.Series | None:
    """Return failed orders by month of booking; None where no kind of failure can be told."""
    if "shipments" not in tables:
        return None
    shipments = tables["shipments"].filter(tables["shipments"].customer_id == ibis.literal(customer_id))
    told = [BY_NAME[name] for name in _FAILING if set(BY_NAME[name].columns) <= set(shipments.columns)]
    if not told:
        return None
    failed = ibis.literal(False)
    for one in told:
        assert one.counts is not None
        counted, numerator = one.counts(shipments, end_of(as_of))
        bad = counted & (~numerator if one.high_is_good else numerator)
        failed = failed | bad.fill_null(False)
    if "refused" in shipments.columns:  # no purchase either
        failed = failed & ~shipments.refused.fill_null(False)
    return _by_month(shipments.filter(failed), shipments.filter(failed).booked_at.date())


def _in_lane(tables: Tables, customer_id: str, name: str, date: str, kinds: tuple[str, ...]) -> pd.Series | None:
    """Return a lane's events by month; None where the records do not hold them."""
    if name not in tables or (kinds and "kind" not in tables[name].columns):
        return None
    rows = tables[name].filter(tables[name].customer_id == ibis.literal(customer_id))
    if kinds:
        rows = rows.filter(rows.kind.isin(kinds))
    return _by_month(rows, rows[date].date())


def contract_events(tables: Tables, customer_id: str, as_of: dt.date) -> pd.DataFrame:
    """Return when an account's contracts began and ended, by the day: day, event, and ``detail`` (why it ended).

    A contract past its last agreed day that nobody closed ended on that day.
    """
    rows = rows_of(tables, "contracts", customer_id)
    found = []
    for contract in rows.to_dict("records"):
        code = contract["contract_id"]
        found.append((contract["starts_on"], f"contract {code} begins", None))
        closed = contract.get("ended_on")
        over = contract["ends_on"] if closed is None or pd.isna(closed) else closed
        if over <= pd.Timestamp(as_of):
            found.append((over, f"contract {code} ends", contract.get("end_reason")))
    events = pd.DataFrame(found, columns=["day", "event", "detail"]).astype({"day": "datetime64[ns]"})
    return events.sort_values(["day", "event"], ignore_index=True)
