"""What a reader should take away and do: headline figures of the base, and where attention pays first."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.activity import Activity
from clvlab.features.concentration import Concentration
from clvlab.features.customer_file.shared import plural
from clvlab.features.events import Purchases
from clvlab.features.kpi_table import KpiTable
from clvlab.features.kpis import kpis
from clvlab.results import Headline, Headlines, Note, Result, Table

# An account is worth a question when it fell by more than a quarter on the year before, or has been silent for
# more than two months; both are prompts for a person, not predictions (the churn notebook has those).
FALL = -0.25
SILENT_DAYS = 61
NOT_RECORDED = "not recorded"
ONE_ACCOUNT = 0.2  # share of the business from which one account is a risk of its own


def portfolio_headlines(
    year: Table, activity: Activity, spread: Result, service: Result, found: Purchases, currency: str
) -> Headlines:
    """Return the figures the managing director is to remember, all of the last 365 days.

    Parameters
    ----------
    year
        From :func:`clvlab.features.overview.year_on_year`.
    activity
        From :func:`clvlab.features.activity.activity_by_month`.
    spread
        Concentration of the last year's value, or of purchases without money; or the note that says why not.
    service
        Service indicators of the last year, or the note that says why there are none.
    found, currency
        What purchases are, and the unit of their value.
    """
    rows = year.to_frame().set_index("measure")
    figures = [
        Headline("active customers, last 365 days", rows.loc["customers", "last_year"], "customers",
                 note=_change(rows.loc["customers"])),
        Headline(f"{found.source}, last 365 days", rows.loc["purchases", "last_year"], found.source,
                 note=_change(rows.loc["purchases"])),
    ]  # fmt: skip
    if found.value:
        value = rows.loc["value"]
        figures.append(Headline(f"{found.meaning}, last 365 days", value["last_year"], currency, note=_change(value)))
    else:
        figures.append(Headline("margin", None, note="needs revenue and direct_cost in shipments"))
    figures += [on_time_headline(service), _top_headline(spread)]
    last = last_whole_month(activity)
    figures.append(Headline(f"fell dormant in {last['month']}", int(last["lapsed"]), "customers"))
    return Headlines(*figures)


def _top_headline(spread: Result) -> Headline:
    if not isinstance(spread, Concentration):
        return Headline("held by the largest customers", None, note=repr(spread))
    top = spread.to_frame().set_index("measure").loc["top_share"]
    return Headline(
        f"of {spread.what}, held by the top {spread.share:.0%}", 100 * top["value"], "%", 100 * top["lower"],
        100 * top["upper"], 1, note=f"the largest account holds {spread.largest_share:.0%}",
    )  # fmt: skip


def last_whole_month(activity: Activity) -> pd.Series:
    """Return the last complete month of an activity table, the last one when none is complete."""
    months = activity.to_frame()
    return months[months["complete"]].iloc[-1] if months["complete"].any() else months.iloc[-1]


def on_time_headline(service: Result) -> Headline:
    """Return on-time delivery as a headline, with what it would need when it cannot be told."""
    name = "on-time delivery, last 365 days"
    if not isinstance(service, KpiTable):
        return Headline(name, None, note=repr(service))
    row = service.to_frame().query("kpi == 'on_time_delivery'")
    if row.empty:
        return Headline(name, None, note=service.missing.get("on_time_delivery", ""))
    rate = row.iloc[0]
    deliveries = f"{rate['denominator']:,.0f} shipments due"
    return Headline(name, 100 * rate["rate"], "%", 100 * rate["lower"], 100 * rate["upper"], 1, deliveries)


def _change(row: pd.Series) -> str:
    return "no year before to compare" if pd.isna(row["change"]) else f"{row['change']:+.1%} on the year before"


def most_late(shipments: ir.Table, by: str, as_of: dt.date, most: int) -> Table:
    """Return the groups with the most late deliveries.

    Parameters
    ----------
    shipments
        Accepted shipments.
    by
        The column to group by, such as carrier_id.
    as_of
        The last day known.
    most
        How many groups.

    Returns
    -------
    Table
        The group, late, deliveries, share_of_late (of all late deliveries), on_time (its share in time, pooled
        with the other groups', and the bounds of its 90% interval).
    """
    rates = kpis(shipments, by=by, as_of=as_of).of("on_time_delivery").to_frame()
    late = rates["denominator"] - rates["numerator"]
    frame = pd.DataFrame({
        by: rates[by].fillna(NOT_RECORDED), "late": late, "deliveries": rates["denominator"],
        "share_of_late": late / late.sum(),
        "on_time": rates["shrunk"], "lower": rates["shrunk_lower"], "upper": rates["shrunk_upper"],
    })  # fmt: skip
    frame = frame.sort_values(["late", by], ascending=[False, True]).head(most).reset_index(drop=True)
    percent = ("share_of_late", "on_time", "lower", "upper")
    name = by.removesuffix("_id").replace("_", " ")
    return Table(frame, f"Most late deliveries by {name}, last 365 days", percent=percent)


def with_on_time(accounts: pd.DataFrame, shipments: ir.Table | None, as_of: dt.date) -> Table:
    """Return a list of accounts with each one's on-time share, pooled with the other customers'."""
    title = "Largest accounts, last 365 days"
    if shipments is None or not {"delivered_at", "delivery_due_at"} <= set(shipments.columns):
        return Table(accounts, title, decimals=0, percent=("share", "change"))
    rates = kpis(shipments, by="customer_id", as_of=as_of).to_frame().query("kpi == 'on_time_delivery'")
    on_time = rates[["customer_id", "shrunk"]].rename(columns={"shrunk": "on_time"})
    listed = accounts.merge(on_time, how="left", on="customer_id")
    return Table(listed, title, decimals=0, percent=("share", "change", "on_time"))


def to_do(accounts: pd.DataFrame, year: Table, activity: Activity, spread: Result, late: Result) -> Note:
    """Return what to do first, one sentence each, from the figures of the report.

    Parameters
    ----------
    accounts
        From :func:`clvlab.features.overview.largest_customers`.
    year, activity, spread
        As for :func:`portfolio_headlines`.
    late
        From :func:`most_late` by carrier, or the note that says why there is none.
    """
    sentences = []
    for account in accounts[(accounts["change"] < FALL) | (accounts["days_silent"] > SILENT_DAYS)].itertuples():
        name = getattr(account, "name", None)
        label = account.customer_id if name is None or pd.isna(name) else f"{name} ({account.customer_id})"
        reasons = [f"{account.change:+.0%} on the year before"] if account.change < FALL else []
        reasons += [f"silent for {account.days_silent} days"] if account.days_silent > SILENT_DAYS else []
        sentences.append(f"Call {label}, {account.share:.1%} of the business: {' and '.join(reasons)}.")
    measures = year.to_frame().set_index("measure")["change"]
    for measure in measures[measures < 0].index:
        sentences.append(f"Find out why {measure} fell by {-measures[measure]:.0%} on the year before.")
    last = last_whole_month(activity)
    if last["dormant"] > 0:
        sentences.append(
            f"{last['dormant']:,} of {plural(last['known'], 'customers')} dormant, {last['lapsed']:,} of them since"
            f" {last['month']}: the customer base report lists who has gone quiet."
        )
    if isinstance(spread, Concentration) and spread.largest_share > ONE_ACCOUNT:
        sentences.append(
            f"One account holds {spread.largest_share:.0%} of {spread.what}: agree with its management what would"
            " make it leave, and what the business looks like without it."
        )
    if isinstance(late, Table) and len(late.to_frame()):
        frame = late.to_frame()
        worst = frame[frame.iloc[:, 0] != NOT_RECORDED].head(3)
        sentences.append(
            f"Take up late deliveries with {', '.join(worst.iloc[:, 0].astype(str))} first: they stand for"
            f" {worst['share_of_late'].sum():.0%} of all late ones."
        )
    return Note(*(sentences or ["Nothing in these figures calls for action this month."]))


# Silent for three times the usual gap, for more than a month and less than a year: a prompt to look, not a prediction
# of leaving. Who has been silent for longer is lost or returns by themselves; a call this week changes little.
QUIET_GAPS = 3
QUIET_DAYS = (31, 365)
FEWEST_DAYS = 4


def gone_quiet(found: Purchases, customers: ir.Table, as_of: dt.date, most: int) -> Table:
    """Return the customers whose silence is long against their own rhythm, largest first.

    Parameters
    ----------
    found
        From :func:`clvlab.features.events.purchases`.
    customers
        Accepted customers, for their names.
    as_of
        The last day known.
    most
        How many customers.

    Returns
    -------
    Table
        customer_id, name (where known), purchases, value (where known), usual_gap_days (mean days between days with
        an order), days_silent, times_usual. Only customers with orders on at least 4 days, silent for 31 to 365 days
        and for more than 3 times their usual gap.
    """
    table = found.table
    sums = {"value": table.value.sum().fill_null(0)} if found.value else {}
    day = table.date.nullif(ibis.ifelse(table.is_order, None, table.date))
    by_customer = table.group_by("customer_id").agg(
        purchases=table.is_order.sum(), **sums, last=day.max(), first=day.min(), days=day.nunique()
    )
    frame = by_customer.filter(by_customer.days >= FEWEST_DAYS).execute()
    first, last = pd.to_datetime(frame.pop("first")), pd.to_datetime(frame.pop("last"))
    frame["usual_gap_days"] = (last - first).dt.days / (frame.pop("days") - 1)
    frame["days_silent"] = (pd.Timestamp(as_of) - last).dt.days
    frame["times_usual"] = frame["days_silent"] / frame["usual_gap_days"]
    quiet = frame[(frame["times_usual"] > QUIET_GAPS) & frame["days_silent"].between(*QUIET_DAYS)]
    measure = "value" if found.value else "purchases"
    quiet = quiet.sort_values([measure, "customer_id"], ascending=[False, True]).head(most).reset_index(drop=True)
    if "name" in customers.columns:
        quiet = quiet.merge(customers.select("customer_id", "name").execute(), how="left", on="customer_id")
        quiet.insert(1, "name", quiet.pop("name"))
    return Table(quiet, "Silent against their own rhythm, largest first", decimals=1, fold=False)


def base_headlines(spread: Result, activity: Activity) -> Headlines:
    """Return the figures by which a customer base is remembered."""
    last = last_whole_month(activity)
    concentration = [_top_headline(spread)]
    if isinstance(spread, Concentration):
        row = spread.to_frame().set_index("measure").loc["effective_customers"]
        concentration.append(
            Headline("effective number of customers", row["value"], "customers", row["lower"], row["upper"], 1)
        )
    return Headlines(
        *concentration,
        Headline(f"active in {last['month']}", int(last["active"]), "customers", note=f"of {last['known']:,} known"),
        Headline("dormant", int(last["dormant"]), "customers", note=f"{last['dormant'] / last['known']:.0%} of all"),
        Headline(f"came back in {last['month']}", int(last["returned"]), "customers"),
    )


def base_to_do(spread: Result, activity: Activity, quiet: Table) -> Note:
    """Return what to do about the customer base, one sentence each."""
    silent = quiet.to_frame()
    sentences = []
    if len(silent):
        names = silent["name"].fillna(silent["customer_id"]) if "name" in silent.columns else silent["customer_id"]
        sentences.append(
            f"This week, call the largest customers on the list of those gone quiet – {'; '.join(names.head(3))} –"
            " and ask what changed before offering anything."
        )
    if isinstance(spread, Concentration):
        held = f"The top {spread.share:.0%} hold {spread.top_share:.0%} of {spread.what}"
        sentences.append(f"{held}: know by name who looks after each of them, and who does when that person is away.")
    months = activity.to_frame()
    year = months[months["complete"]].tail(12)
    lapsed, back = int(year["lapsed"].sum()), int(year["returned"].sum())
    if lapsed:
        sentences.append(
            f"In the last {len(year)} whole months {plural(lapsed, 'customers')} fell dormant and {back:,} came back:"
            " silence is not yet loss, and a call costs less than a new customer."
        )
    return Note(*(sentences or ["Nothing in these figures calls for action this month."]))
