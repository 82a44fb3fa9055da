"""What could be won from a customer: the evidence, from what they spend, what they buy, and what similar accounts did.

Nothing here is a model. Years are counted back from the day: year 0 is its last 365 days, year 1 the 365 before.
"Similar" is the same industry and size class; what a customer file leaves blank is a class of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy.stats import norm

from clvlab.periods import DAYS_PER_YEAR, days_per, epoch_days

YEAR_DAYS = int(DAYS_PER_YEAR)
# A day this much after a year's beginning still counts as its beginning.
GRACE = dt.timedelta(days=round(days_per("month")))
# A share has clearly grown when revenue is at least a tenth above what the customer's own growth explains (a year's
# rise in prices alone must not count) and further above it than chance brings about one time in a hundred.
CLEAR_RISE = 0.10
CHANCE = 0.01
SIMILAR = ("industry", "size_class")
UNKNOWN = "unknown"

Tables = Mapping[str, ir.Table]


def sales(tables: Tables, as_of: dt.date) -> ir.Table:
    """Return what was sold up to a day, one row per shipment (refused ones left out) or invoice (without tax).

    Parameters
    ----------
    tables
        Accepted tables by name.
    as_of
        The last day known.

    Returns
    -------
    Table
        customer_id, date, is_order (a credit note is none); revenue (less rebate, or the amount invoiced), margin (less
        direct cost and claims too) and service, as far as the records hold them. Invoices serve only where shipments
        carry no revenue.

    Examples
    --------
    >>> invoices = ibis.memtable({"customer_id": ["a"], "issued_on": ["2025-01-02"], "amount": [5.0]})
    >>> sales({"invoices": invoices}, dt.date(2025, 12, 31)).columns
    ('customer_id', 'date', 'is_order', 'revenue')
    """
    shipments, invoices = tables.get("shipments"), tables.get("invoices")
    priced = shipments is not None and "revenue" in shipments.columns
    if shipments is not None and (priced or invoices is None):
        table = _shipped(shipments)
    elif invoices is not None:
        if "kind" in invoices.columns:
            invoices = invoices.filter((invoices.kind != "tax").fill_null(True))
        billed = (invoices.amount >= 0).fill_null(True)
        date = invoices.issued_on.cast("date")
        table = invoices.select("customer_id", date=date, is_order=billed, revenue=invoices.amount)
    else:
        table = ibis.memtable({"customer_id": [""], "date": [as_of], "is_order": [True]}).limit(0)
    return table.filter(table.date <= ibis.literal(as_of))


def _shipped(shipments: ir.Table) -> ir.Table:
    if "refused" in shipments.columns:
        shipments = shipments.filter(~shipments.refused.fill_null(False))
    columns: dict[str, ir.Value] = {"date": shipments.booked_at.date(), "is_order": ibis.literal(True)}
    if "service" in shipments.columns:
        columns["service"] = shipments.service
    if "revenue" in shipments.columns:
        columns["revenue"] = _less(shipments.revenue, shipments, "rebate")
        if "direct_cost" in shipments.columns:
            columns["margin"] = _less(columns["revenue"] - shipments.direct_cost, shipments, "claim_paid")
    return shipments.select("customer_id", **columns)


def _less(amount: ir.Value, table: ir.Table, name: str) -> ir.Value:
    return amount - table[name].fill_null(0) if name in table.columns else amount


def yearly(sold: ir.Table, as_of: dt.date) -> pd.DataFrame:
    """Add up sales by customer and year counted back from a day.

    Returns
    -------
    DataFrame
        Indexed by customer_id and year (0: the last 365 days): orders, first (day); with revenue: revenue and
        revenue_squares; with margin: margin and margin_squares, and costed, costed_squares and cross (revenue, its
        square, and its product with margin, of what has its margin).
    """
    sums: dict[str, ir.Value] = {"orders": sold.is_order.sum(), "first": sold.date.min()}
    if "revenue" in sold.columns:
        sums |= {"revenue": sold.revenue.sum(), "revenue_squares": (sold.revenue**2).sum()}
    if "margin" in sold.columns:
        costed = ibis.ifelse(sold.margin.isnull(), None, sold.revenue)
        sums |= {"margin": sold.margin.sum(), "margin_squares": (sold.margin**2).sum()}
        sums |= {"costed": costed.sum(), "costed_squares": (costed**2).sum(), "cross": (costed * sold.margin).sum()}
    back = epoch_days(as_of) - epoch_days(sold.date)
    year = (back / YEAR_DAYS).floor().cast("int64")
    frame = sold.group_by("customer_id", year=year).agg(**sums).order_by("customer_id", "year").execute()
    numbers = [name for name in sums if name != "first"]
    frame[numbers] = frame[numbers].astype("float64").fillna(0.0)
    frame["first"] = pd.to_datetime(frame["first"])
    return frame.set_index(["customer_id", "year"])


def profiles(customers: ir.Table, by_year: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Return what the customer file says, and since when each customer is known.

    Returns
    -------
    DataFrame
        Indexed by customer_id, without customers that come only after the day: similar (industry and size class),
        since (onboarding or first sale, whichever is earlier), logistics_spend and own_growth (missing where unknown).
    """
    wanted = [*SIMILAR, "onboarded_on", "logistics_spend", "own_growth"]
    have = [name for name in wanted if name in customers.columns]
    file = customers.select("customer_id", *have).execute().set_index("customer_id").sort_index()
    parts = [file[name].astype("string").fillna(UNKNOWN) for name in SIMILAR if name in have]
    similar = parts[0] if parts else pd.Series("all", index=file.index, dtype="string")
    for part in parts[1:]:
        similar = similar + ", " + part
    first = by_year["first"].groupby("customer_id").min().reindex(file.index)
    onboarded = pd.to_datetime(file["onboarded_on"]) if "onboarded_on" in have else pd.Series(pd.NaT, file.index)
    found = pd.DataFrame({"similar": similar.astype(str), "since": pd.concat([first, onboarded], axis=1).min(axis=1)})
    for name in ("logistics_spend", "own_growth"):
        found[name] = file[name].astype("float64") if name in have else np.nan
    return found[~(first.isna() & (onboarded > pd.Timestamp(as_of)))]


def of_year(by_year: pd.DataFrame, year: int, index: pd.Index) -> pd.DataFrame:
    """Return one year's sums by customer, 0 where nothing was sold."""
    there = by_year.index.get_level_values("year") == year
    return by_year[there].droplevel("year").drop(columns="first").reindex(index, fill_value=0.0)


def reaches_back(by_year: pd.DataFrame, as_of: dt.date, years: int) -> bool:
    """Return whether the records hold so many years, within a month."""
    return not by_year.empty and by_year["first"].min() <= pd.Timestamp(start_of(as_of, years - 1) + GRACE)


def start_of(as_of: dt.date, year: int) -> dt.date:
    """Return the day before a year counted back from ``as_of`` begins."""
    return as_of - dt.timedelta(days=YEAR_DAYS * (year + 1))


def share_gained(profile: pd.DataFrame, by_year: pd.DataFrame, growth: pd.Series, as_of: dt.date) -> pd.DataFrame:
    """Return which accounts gave us a clearly larger share of their spend in the last 365 days than in those before.

    Parameters
    ----------
    profile, by_year
        From :func:`profiles` and :func:`yearly`.
    growth
        Yearly growth of each customer's own business, by customer_id.
    as_of
        The last day known.

    Returns
    -------
    DataFrame
        One row per account that was a customer for the whole of year 1 and bought then, those that left since
        included: similar, before, after (revenue of years 1 and 0), gained, and part (of the spend unserved in year 1,
        0 to 1, that a gainer handed over; missing without a stated spend above ``before``).

    Notes
    -----
    Spend is known for one day only, so that a share cannot be followed directly. Revenue that the share would have
    kept is ``before * (1 + growth)``. If shipments come by chance at a steady rate, the sum of their squares estimates
    the variance of a year's revenue: the log of revenue over what was to be expected is compared with 2.33 standard
    errors of that. Accounts that order in bursts pass by chance more often than one in a hundred; an account with
    six orders a year has to multiply its revenue to pass at all.
    """
    whole = profile.index[~is_new(profile, as_of, 1)]
    before, after = of_year(by_year, 1, whole), of_year(by_year, 0, whole)
    bought = before["revenue"] > 0
    before, after, profile = before[bought], after[bought], profile.loc[whole][bought]
    kept = before["revenue"] * (1 + growth.reindex(profile.index).fillna(0.0)).clip(lower=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(sum(year["revenue_squares"] / year["revenue"] ** 2 for year in (before, after)))
        rise = np.log(after["revenue"].clip(lower=0.0) / kept)
    gained = (after["revenue"] > 0) & (rise > np.log1p(CLEAR_RISE)) & (rise > norm.ppf(1 - CHANCE) * spread)
    gap = profile["logistics_spend"] - before["revenue"]
    part = ((after["revenue"] - kept) / gap.where(gap > 0)).clip(0.0, 1.0).where(gained)
    return pd.DataFrame({
        "similar": profile["similar"], "before": before["revenue"], "after": after["revenue"],
        "gained": gained, "part": part,
    })  # fmt: skip


def first_uses(sold: ir.Table) -> pd.DataFrame:
    """Return the day each customer first used each service: one row per customer, one column per service."""
    used = sold.filter(sold.service.notnull())
    first = used.group_by("customer_id", "service").agg(first=used.date.min()).execute()
    first["first"] = pd.to_datetime(first["first"])
    return first.pivot_table(index="customer_id", columns="service", values="first").sort_index(axis=1)


def taken_up(profile: pd.DataFrame, by_year: pd.DataFrame, uses: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Return who took up which service within the last 365 days, among accounts without it before.

    Parameters
    ----------
    profile, by_year, uses
        From :func:`profiles`, :func:`yearly` and :func:`first_uses`.
    as_of
        The last day known.

    Returns
    -------
    DataFrame
        One row per service and account that bought anything in year 1 and had not used the service by its end:
        customer_id, similar, new (with us for less than a year by then), service, taken. An account that left since
        did not take it up.
    """
    began = pd.Timestamp(start_of(as_of, 0))
    buyers = profile.index[of_year(by_year, 1, profile.index)["orders"] > 0]
    uses = uses.reindex(buyers)
    rows = _long(uses.where(uses > began).notna(), "taken")
    without = _long(uses.isna() | (uses > began), "without")["without"]
    return _with_kind(rows, profile, as_of, 1)[without].reset_index(drop=True)


def not_yet_bought(profile: pd.DataFrame, by_year: pd.DataFrame, uses: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Return the services each customer of the last 365 days has never used: customer_id, similar, new, service."""
    buyers = profile.index[of_year(by_year, 0, profile.index)["orders"] > 0]
    rows = _with_kind(_long(uses.reindex(buyers).isna(), "never"), profile, as_of, 0)
    return rows[rows["never"]].drop(columns="never").reset_index(drop=True)


def is_new(profile: pd.DataFrame, as_of: dt.date, year: int) -> pd.Series:
    """Return who became a customer only within a year counted back from the day, so that it shows them in part."""
    return ~(profile["since"] <= pd.Timestamp(start_of(as_of, year) + GRACE))


def _with_kind(rows: pd.DataFrame, profile: pd.DataFrame, as_of: dt.date, year: int) -> pd.DataFrame:
    rows.insert(1, "similar", rows["customer_id"].map(profile["similar"]))
    rows.insert(2, "new", rows["customer_id"].map(is_new(profile, as_of, year)).astype(bool))
    return rows


def _long(flags: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return one row per customer and service."""
    wide = flags.rename_axis(index="customer_id", columns=None).reset_index()
    return wide.melt(id_vars="customer_id", var_name="service", value_name=name).astype({name: bool})


def earned_by_takers(sold: ir.Table, taken: pd.DataFrame, uses: pd.DataFrame) -> pd.DataFrame:
    """Return what takers earned us on the service in its first 365 days, as a share of their revenue in that time.

    Both are counted from the first use as far as the records go (at most 365 days), so that a recent taker counts too.

    Returns
    -------
    DataFrame
        customer_id, service, share (margin on the service over revenue from the account).
    """
    takers = taken[taken["taken"]]
    codes = sorted(set(takers["customer_id"]))
    rows = sold.filter(sold.customer_id.isin(codes)).execute() if codes else pd.DataFrame(columns=sold.columns)
    rows["date"] = pd.to_datetime(rows["date"])
    of_customer = dict(iter(rows.groupby("customer_id")))
    found = []
    for who, service in zip(takers["customer_id"], takers["service"], strict=True):
        began, mine = uses.loc[who, service], of_customer[who]
        mine = mine[(mine["date"] >= began) & (mine["date"] < began + pd.Timedelta(days=YEAR_DAYS))]
        mine = mine[mine["margin"].notna()]
        if mine["revenue"].sum() > 0:
            earned = mine.loc[mine["service"] == service, "margin"].sum()
            found.append((who, service, float(earned / mine["revenue"].sum())))
    return pd.DataFrame(found, columns=["customer_id", "service", "share"]).astype({"share": "float64"})
