"""What each customer adds up to: orders, weight, money and services over a period, and how often it orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.by_customer import by_customer
from clvlab.features.events import purchases
from clvlab.features.winnable import sales, start_of
from clvlab.periods import DAYS_PER_YEAR, epoch_days, parse_date
from clvlab.refusal import Refused

Tables = Mapping[str, ir.Table]

VALUE_ADDED = "value-added"
_DIGITS = 6  # clears sums of the engine's summing order


def customer_totals(tables: Tables, as_of: str | dt.date, days: int | None = None) -> pd.DataFrame:
    """Return what each customer adds up to over all records or the last days: what classes are cut from.

    Parameters
    ----------
    tables
        Accepted tables by name, as known at the end of ``as_of`` (``study.records.tables``).
    as_of
        The last day that counts.
    days
        How many days up to ``as_of`` the sums cover (365 for the last year); all records when None.

    Returns
    -------
    DataFrame
        One row per customer on file, indexed by customer_id, sorted; a customer without orders in the period has
        sums of 0. Columns are absent where the records lack what they need.

        - of the period: ``orders`` (shipments that were not refused; without shipments, invoices of freight),
          ``revenue`` (less rebate, or the amount invoiced without tax),
          ``margin`` (revenue less direct cost and claims, of what is costed), ``weight`` (kg), ``distance_km`` (mean of
          an order), ``services`` (how many were used), ``main_service_share`` (of orders that name their service),
          ``value_added_share`` (of orders that name their category). Sums leave out orders whose number is not known,
          and are missing where that is so of all a customer's orders; means and shares are missing without an order;
        - of all records: ``first_on`` and ``last_on`` (order days), ``years_of_business`` (from the day of onboarding
          or the first order, whichever is earlier, to ``as_of``; missing without either).

        ``attrs["unknown"]`` counts orders of the period without a known revenue, margin, weight, ... by column.

    Raises
    ------
    Refused
        When ``days`` is not above 0, or there are neither shipments nor invoices.

    Examples
    --------
    >>> customers = ibis.memtable({"customer_id": ["a", "b"]})
    >>> shipments = ibis.memtable({
    ...     "customer_id": ["a", "a"], "booked_at": pd.to_datetime(["2024-01-01", "2025-12-31"]),
    ...     "weight": [700.0, 300.0],
    ... })
    >>> tables = {"customers": customers, "shipments": shipments}
    >>> customer_totals(tables, "2025-12-31", days=365)[["orders", "weight"]]  # doctest: +NORMALIZE_WHITESPACE
                 orders  weight
    customer_id
    a                 1   300.0
    b                 0     0.0
    """
    if days is not None and not days > 0:
        raise Refused(f"days = {days} is no period; give the number of days up to {as_of}, such as 365.")
    until = parse_date(as_of)
    since = dt.date.min if days is None else until - dt.timedelta(days=days)
    customers = tables["customers"]
    file = {"onboarded_on": customers.onboarded_on.cast("date")} if "onboarded_on" in customers.columns else {}
    found = customers.select("customer_id", **file)
    for part in _parts(tables, until, since):
        found = found.left_join(part, "customer_id").drop("customer_id_right")
    return _completed(by_customer(found), until)


def _parts(tables: Tables, until: dt.date, since: dt.date) -> list[ir.Table]:
    """Return days of all orders, and sums of those of the period, by customer."""
    orders = _shipped(tables["shipments"]) if "shipments" in tables else purchases(tables).orders
    orders = orders.filter(orders.date <= ibis.literal(until))
    days = orders.group_by("customer_id").agg(first_on=orders.date.min(), last_on=orders.date.max())
    orders = orders.filter(orders.date > ibis.literal(since))
    measures: dict[str, ir.Value] = {"orders": orders.count()}
    for name in ("revenue", "margin", "weight"):
        if name in orders.columns:
            measures |= {name: orders[name].sum(), f"unknown_{name}": orders[name].isnull().sum()}
    if "distance_km" in orders.columns:
        measures["distance_km"] = orders.distance_km.mean()
    if "service_category" in orders.columns:
        measures["value_added_share"] = (orders.service_category == VALUE_ADDED).mean()
    parts = [orders.group_by("customer_id").agg(**measures)]
    if "revenue" not in orders.columns and "invoices" in tables:
        sold = sales(tables, until)
        sold = sold.filter(sold.date > ibis.literal(since))
        money = {"revenue": sold.revenue.sum(), "unknown_revenue": sold.revenue.isnull().sum()}
        parts.append(sold.group_by("customer_id").agg(**money))
    if "service" in orders.columns:
        used = orders.filter(orders.service.notnull())
        used = used.group_by("customer_id", "service").agg(n=used.count())
        share = used.n.max() / used.n.sum()
        parts.append(used.group_by("customer_id").agg(services=used.count(), main_service_share=share))
    return [*parts, days]


def _shipped(shipments: ir.Table) -> ir.Table:
    """Return shipments that were not refused, with their day and the money of :func:`sales`."""
    if "refused" in shipments.columns:
        shipments = shipments.filter(~shipments.refused.fill_null(False))
    money: dict[str, ir.Value] = {}
    if "revenue" in shipments.columns:
        money["revenue"] = _less(shipments.revenue, shipments, "rebate")
        if "direct_cost" in shipments.columns:
            money["margin"] = _less(money["revenue"] - shipments.direct_cost, shipments, "claim_paid")
    return shipments.mutate(date=shipments.booked_at.date(), **money)


def _less(amount: ir.Value, shipments: ir.Table, name: str) -> ir.Value:
    return amount - shipments[name].fill_null(0) if name in shipments.columns else amount


def _completed(frame: pd.DataFrame, until: dt.date) -> pd.DataFrame:
    """Return the joined sums with zeros where nothing was ordered, and the years of business."""
    unknown = frame.filter(like="unknown_").columns
    none = frame["orders"].fillna(0) == 0
    for name in ("revenue", "margin", "weight", "services"):
        if name in frame.columns:
            frame[name] = frame[name].astype("float64").round(_DIGITS).mask(frame[name].isna() & none, 0.0)
    frame["orders"] = frame["orders"].fillna(0).astype("int64")
    for name in ("first_on", "last_on"):
        frame[name] = frame[name].astype("datetime64[ns]")
    began = frame["first_on"]
    if "onboarded_on" in frame.columns:
        onboarded = frame.pop("onboarded_on").astype("datetime64[ns]")
        began = began.where(~(onboarded < began) & began.notna(), onboarded)
    frame["years_of_business"] = (pd.Timestamp(until) - began).dt.days / DAYS_PER_YEAR
    counts = {name.removeprefix("unknown_"): int(frame[name].sum()) for name in unknown}
    frame = frame.drop(columns=unknown)
    frame.attrs["unknown"] = {name: count for name, count in counts.items() if count}
    return frame


def sold_in_a_year(tables: Tables, as_of: dt.date) -> pd.Series:
    """Return what each customer bought in the 365 days up to a day: revenue, or orders where there is no money.

    Parameters
    ----------
    tables
        Accepted tables by name.
    as_of
        The last day that counts; it may lie before the last day known.

    Returns
    -------
    Series
        ``revenue`` or ``orders`` by customer_id, sorted, of everyone with a sale; the same as in
        :func:`customer_totals`, in a sixth of the time.

    Examples
    --------
    >>> invoices = ibis.memtable({"customer_id": ["a", "a"], "issued_on": ["2024-12-31", "2023-12-31"],
    ...                           "amount": [5.0, 7.0]})
    >>> sold_in_a_year({"invoices": invoices}, dt.date(2024, 12, 31)).to_dict()
    {'a': 5.0}
    """
    sold = sales(tables, as_of)
    sold = sold.filter(sold.date > ibis.literal(start_of(as_of, 0)))
    sums = {"revenue": sold.revenue.sum().fill_null(0.0)} if "revenue" in sold.columns else {"orders": sold.count()}
    return by_customer(sold.group_by("customer_id").agg(**sums)).iloc[:, 0].astype("float64").round(_DIGITS)


def order_gaps(tables: Tables, as_of: str | dt.date) -> pd.DataFrame:
    """Return how often each customer orders by its own order days, and for how long it has been silent.

    Parameters
    ----------
    tables
        Accepted tables by name, as known at the end of ``as_of``.
    as_of
        The last day that counts.

    Returns
    -------
    DataFrame
        Indexed by customer_id, sorted, for everyone who ordered: ``order_days``, ``usual_gap_days`` (median of the days
        from one order day to the next; missing with a single order day) and ``silent_days`` (since the last).

    Notes
    -----
    :func:`clvlab.features.churn_definitions.rhythm.rhythm` gives the same columns by a model, with days on which the
    market stood still left out and short histories leaning on similar customers.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-01", "2025-01-08", "2025-01-08", "2025-01-15", "2025-02-14"])
    >>> shipments = ibis.memtable({"customer_id": "a", "booked_at": days})
    >>> order_gaps({"shipments": shipments}, "2025-02-28")  # doctest: +NORMALIZE_WHITESPACE
                 order_days  usual_gap_days  silent_days
    customer_id
    a                     4             7.0           14
    """
    until = parse_date(as_of)
    orders = purchases(tables).orders
    orders = orders.filter(orders.date <= ibis.literal(until))
    day = orders.select("customer_id", day=epoch_days(orders.date))
    # The second order of a day has a gap of 0: leaving it out here takes half as long as a row per day would.
    gap = day.day - day.day.lag().over(group_by="customer_id", order_by="day")
    gaps = day.mutate(gap=gap)
    another = gaps.gap > 0
    found = gaps.group_by("customer_id").agg(
        order_days=gaps.count(where=another) + 1, usual_gap_days=gaps.gap.median(where=another), last=gaps.day.max()
    )
    frame = by_customer(found)
    frame["usual_gap_days"] = frame["usual_gap_days"].astype("float64")
    frame["silent_days"] = epoch_days(until) - frame.pop("last")
    return frame
