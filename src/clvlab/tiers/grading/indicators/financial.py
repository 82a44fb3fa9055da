"""Financial contribution 财务贡献: volume, revenue, margin rate and payment timeliness of the last 365 days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.clv.valuing.ranges import margin_rates
from clvlab.cores import on_all_cores
from clvlab.features.rows import Rows
from clvlab.periods import epoch_days
from clvlab.tiers.grading.indicator import Indicator
from clvlab.tiers.grading.last_year import LastYear
from clvlab.tiers.grading.measured import Measured, from_range, nothing, shrunk_rate

_DIMENSION = "financial"
_CHANCE_OF_THE_REST = "none for a whole year; for a newer customer, the chance in the part that is still to come"


def volume(year: LastYear) -> Measured:
    """Return the weight shipped in a year, in kg; where no weight is recorded, the number of orders."""
    return year.a_year_of(year.orders, year.orders.columns.get("weight"))


def revenue(year: LastYear) -> Measured:
    """Return revenue less rebate of a year, or the amount invoiced without tax."""
    return year.revenue


def margin_rate(year: LastYear) -> Measured:
    """Return contribution margin less cost to serve and of credit, over revenue, drawn towards similar customers'.

    Complaints and visits come by chance, whatever the revenue: how much they scatter (the sum of the squares of all
    costs one by one) widens the error.
    """
    if "margin" not in year.sold:
        return nothing(year.customers)
    sums = _margin_sums(year.sold_in_year)
    earned = year.margins.frame
    sums["margin"] -= earned["cost_to_serve"] + earned["credit_cost"]
    rates = from_range(margin_rates(sums, year.similar))
    by_chance = np.sqrt(year.margins.running["lost_squares"])
    costed = sums["costed"] > 0
    error = np.hypot(rates.error, by_chance / sums["costed"])
    return Measured(rates.value.where(costed), error.where(costed))


def _margin_sums(sold: Rows) -> pd.DataFrame:
    """Return what margin rates are made of by customer, as :func:`clvlab.features.winnable.yearly` names it."""
    revenue, margin = sold["revenue"], sold["margin"]
    costed = np.where(np.isnan(margin), np.nan, revenue)
    sums = {"margin": margin, "margin_squares": margin**2, "costed": costed, "costed_squares": costed**2}
    sums["cross"] = costed * margin
    totals = zip(sums, on_all_cores(sold.total, sums.values(), len(sold)), strict=True)
    return pd.DataFrame({"orders": sold.count(~(revenue < 0)), **dict(totals)}, copy=False)


def payment_timeliness(year: LastYear) -> Measured:
    """Return the share of bills that fell due in the year and were paid by then, drawn towards the common one."""
    return paid_within(year, 0)


def paid_within(year: LastYear, days: int) -> Measured:
    """Return the share of bills paid no later than so many days after their due date, among those so long past it."""
    if not year.has("invoices", "due_on", "paid_on"):
        return nothing(year.customers)
    owed = year.bills.where(year.bills["due"] + days < epoch_days(year.as_of))
    return shrunk_rate(owed.count(owed["paid"] <= owed["due"] + days), owed.count())


INDICATORS = (
    Indicator(
        "volume", "volume", _DIMENSION, "kg a year", True,
        "Weight shipped in the last 365 days; without weight in the records, the number of orders. To a customer of "
        "less than a year the rest is added, at its own pace drawn towards that of other new ones.",
        "shipments or invoices", _CHANCE_OF_THE_REST, volume,
    ),
    Indicator(
        "revenue", "revenue", _DIMENSION, "a year", True,
        "Revenue less rebate of the last 365 days (or invoiced without tax), brought to a year like volume; its share "
        "of all revenue ranks customers alike.",
        "revenue in shipments, or invoices", _CHANCE_OF_THE_REST, revenue,
    ),
    Indicator(
        "margin_rate", "margin rate", _DIMENSION, "share of revenue", True,
        "Contribution margin over revenue of the last 365 days, less what serving the customer (complexity) and its "
        "credit (payment term) cost, drawn towards that of customers of the same industry and size.",
        "revenue and direct_cost in shipments", "scatter of margins between shipments, after pooling", margin_rate,
    ),
    Indicator(
        "payment_timeliness", "payment timeliness", _DIMENSION, "share of bills", True,
        "Share of the bills due in the last 365 days that were paid by their due date, drawn towards the common one.",
        "due_on and paid_on in invoices", "few bills, after pooling", payment_timeliness,
    ),
)  # fmt: skip
