"""Potential for cooperation 合作潜力: growth, breadth, standing in the industry with referrals, strategic fit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.features.winnable import YEAR_DAYS, start_of
from clvlab.periods import days_since_1970, epoch_days
from clvlab.tiers.grading.indicator import Indicator
from clvlab.tiers.grading.last_year import LEAST_DAYS, LastYear
from clvlab.tiers.grading.measured import Measured, combined, fact, nothing, rating, shrunk_rate

_DIMENSION = "potential"
# So many customers referred count in full.
_MANY_REFERRED = 3


def growth(year: LastYear) -> Measured:
    """Return the growth of revenue (or orders) on the year before, comparing the same days of both years.

    Notes
    -----
    The year before begins with the day after the first order, or after the records begin, when those are later; at
    least 91 of its days must be seen, and of the last year only the same days count.

    Of what both years brought together, the share of the last one is drawn towards the common share, as a share of as
    many orders as come by chance with that scatter (the squared sum of orders over the sum of their squares). Those who
    have left are among the customers, and make growth look more different from one to the other than it is of those
    who stay. Where orders come in bursts, growth is less certain than its error says.
    """
    begins = year.since.clip(lower=year.records_from).clip(lower=pd.Timestamp(start_of(year.as_of, 1)))
    seen = begins <= pd.Timestamp(year.start) - pd.Timedelta(days=LEAST_DAYS)
    if not seen.any():
        return nothing(year.customers)
    begins = days_since_1970(begins.where(seen))
    sums = np.zeros((3, len(year.customers)))
    for sold in year.sold.blocks():
        before = sold["day"] <= epoch_days(year.start)
        compared = sold["day"] - np.where(before, 0, YEAR_DAYS) > begins[sold.place]
        amounts = np.where(compared, sold.filled("revenue") if "revenue" in sold else 1.0, 0.0)
        for total, some in zip(sums, (amounts * ~before, amounts * before, amounts**2), strict=True):
            np.add.at(total, sold.place, some)
    return _grown(*(pd.Series(total, year.customers) for total in sums))


def _grown(now: pd.Series, before: pd.Series, squares: pd.Series) -> Measured:
    """Return growth rates from what both years brought and the sum of its squares."""
    now, before = now.clip(lower=0.0), before.clip(lower=0.0)
    both = (now + before).where(lambda sums: sums > 0)
    # Rounded beyond what matters, so that many customers are alike and pooled as one case.
    orders = _two_digits(both**2 / squares).fillna(0.0)
    of_last_year = (now / both).fillna(0.0).round(3) * orders
    share = shrunk_rate(of_last_year, orders)
    rest = 1 - share.value
    growth_rate = (share.value / rest - 1).round(9)  # what remains beyond are the last bits of pooling
    return Measured(growth_rate, share.error / rest**2)


def _two_digits(numbers: pd.Series) -> pd.Series:
    """Return positive numbers rounded to two significant digits."""
    step = 10.0 ** (np.floor(np.log10(numbers)) - 1)
    return (numbers / step).round() * step


def breadth(year: LastYear) -> Measured:
    """Return how many services a customer used in the year."""
    return fact(year.total("services"))


def standing(year: LastYear) -> Measured:
    """Return the mean of brand influence (1 to 5) and customers referred (none to three), each from 0 to 1."""
    brand = rating(year.file("brand_influence")).on_scale(1, 5)
    return combined([brand, _referred(year).on_scale(0, _MANY_REFERRED)])


def _referred(year: LastYear) -> Measured:
    """Return how many customers each has ever referred to us."""
    if not year.has("customers", "referred_by"):
        return nothing(year.customers)
    return fact(year.ledger.referrals.count())


def strategic_fit(year: LastYear) -> Measured:
    """Return the rating of the fit with our strategy."""
    return rating(year.file("strategic_fit"))


INDICATORS = (
    Indicator(
        "growth", "growth", _DIMENSION, "share of the year before", True,
        "Revenue (without it, orders) of the last 365 days over the same days of the year before, less 1, drawn "
        "towards the common growth. A customer of less than two years is compared over the days it was there in the "
        "year before, if these are 91 or more.",
        "shipments or invoices over a year and a quarter", "chance in orders of both years, after pooling", growth,
    ),
    Indicator(
        "breadth", "breadth", _DIMENSION, "services", True,
        "Different services used in the last 365 days.", "service in shipments", "none: counted", breadth,
    ),
    Indicator(
        "standing", "industry standing and referrals", _DIMENSION, "0 to 1", True,
        "Mean of brand influence (1: 0, 5: 1) and customers ever referred to us (none: 0, three: 1).",
        "brand_influence or referred_by in customers", "rounding of the rating; the spread of ratings where unrated",
        standing,
    ),
    Indicator(
        "strategic_fit", "strategic fit", _DIMENSION, "rating 1-5", True,
        "Fit with our strategy as rated.", "strategic_fit in customers", "rounding of the rating", strategic_fit,
    ),
)  # fmt: skip
