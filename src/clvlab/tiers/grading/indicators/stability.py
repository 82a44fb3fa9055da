"""Stability 稳定性: tenure, order regularity, requirement complexity, complaints and satisfaction."""

from __future__ import annotations

import numpy as np

from clvlab.features.churn_definitions.gaps import History, gamma_shape
from clvlab.features.rows import Rows
from clvlab.periods import epoch_days
from clvlab.shrinkage import pool_means
from clvlab.tiers.grading.indicator import Indicator
from clvlab.tiers.grading.last_year import LastYear
from clvlab.tiers.grading.measured import (
    WIDTH,
    Measured,
    combined,
    fact,
    nothing,
    shrunk_count,
    shrunk_rate,
)

_DIMENSION = "stability"
# So much stands for full complexity, and for complaints as bad as they count: stated ends, not learnt from the data.
_MANY_REQUIREMENTS, _MANY_URGENT, _MANY_COMPLAINTS = 3, 0.5, 0.1
# The spread of gaps that are all alike, to the day.
_LEAST_SPREAD = 1e-3


def tenure(year: LastYear) -> Measured:
    """Return the years since onboarding or the first order, whichever is earlier."""
    return fact(year.total("years_of_business"))


def order_regularity(year: LastYear) -> Measured:
    """Return the mean of the days between order days of the year over their standard deviation.

    Notes
    -----
    Gaps are taken to be gamma, and the root of their shape is their mean over their standard deviation. The shape comes
    from log(mean gap) - mean(log gap), which for n gaps is nearly a chi-squared number with n - 1 degrees of freedom;
    its logarithm is drawn towards the usual one by the error that this implies. It takes three order days to tell.
    With several orders on most days, gaps of a day hide how regular they are.
    """
    days = year.order_days
    gap = np.diff(days["day"])
    same = days.place[1:] == days.place[:-1]
    between = Rows(year.customers, days.place[1:][same], {"gap": gap[same]})
    gaps = between.count()
    measured, told = nothing(year.customers), gaps.to_numpy() > 1
    if told.any():
        sums = (gaps, between.total(between["gap"]), between.total(np.log(between["gap"])))
        history = History(*(part.to_numpy()[told] for part in sums))
        for part, figures in zip(measured, _regularity(history), strict=True):
            part[told] = figures
    return measured


def _regularity(history: History) -> tuple[np.ndarray, np.ndarray]:
    """Return the root of each gamma shape and its standard error, from two gaps or more each."""
    from scipy.special import polygamma, psi

    half = (history.gaps - 1) / 2
    spread = np.maximum(history.spread * history.gaps / (history.gaps - 1), _LEAST_SPREAD)
    pooled = pool_means(np.log(spread) - psi(half) + np.log(half), np.sqrt(polygamma(1, half)))
    regularity = np.sqrt(gamma_shape(np.exp(pooled.estimate)))
    return regularity, regularity / 2 * (pooled.upper - pooled.lower) / WIDTH


def requirement_complexity(year: LastYear) -> Measured:
    """Return the mean of special requirements (none to three) and urgent orders (none to half), each from 0 to 1."""
    return combined([
        _requirements(year).on_scale(0, _MANY_REQUIREMENTS), _urgent_share(year).on_scale(0, _MANY_URGENT)
    ])  # fmt: skip


def _requirements(year: LastYear) -> Measured:
    """Return how many special requirements are on file; a blank says that there is none."""
    if not year.has("customers", "requirements"):
        return nothing(year.customers)
    return fact(year.ledger.requirements)


def _urgent_share(year: LastYear) -> Measured:
    """Return the share of urgent orders among those of which that is known, drawn towards the common one."""
    if not year.has("shipments", "urgent"):
        return nothing(year.customers)
    urgent = year.orders["urgent"]
    return shrunk_rate(year.orders.total(urgent), year.orders.count(~np.isnan(urgent)))


def complaints_and_satisfaction(year: LastYear) -> Measured:
    """Return the mean of freedom from complaints (one order in ten to none) and satisfaction, each from 0 to 1."""
    return combined([_complaints_per_order(year).on_scale(_MANY_COMPLAINTS, 0), year.satisfaction])


def _complaints_per_order(year: LastYear) -> Measured:
    """Return complaints per order of the year, drawn towards the common rate."""
    if "complaints" not in year.tables:
        return nothing(year.customers)
    opened = year.ledger.complaints
    return shrunk_count(opened.count(opened["day"] > epoch_days(year.start)), year.total("orders"))


INDICATORS = (
    Indicator(
        "tenure", "tenure", _DIMENSION, "years", True,
        "Years since onboarding or the first order, whichever is earlier.", "onboarded_on in customers, or orders",
        "none: counted", tenure,
    ),
    Indicator(
        "order_regularity", "order regularity", _DIMENSION, "1 as by chance", True,
        "Mean of the days between order days of the last 365 days over their standard deviation, drawn towards the "
        "usual ratio: 1 as by chance, 3 nearly like clockwork, below 1 in bursts.",
        "three order days of a customer", "few gaps, after pooling", order_regularity,
    ),
    Indicator(
        "requirement_complexity", "requirement complexity", _DIMENSION, "0 to 1", False,
        "Mean of special requirements on file (none: 0, three: 1) and share of urgent orders (none: 0, half: 1). More "
        "makes failing likelier (our reading: it may also tie a customer; turn higher_is_better around for that).",
        "requirements in customers or urgent in shipments", "few orders, after pooling", requirement_complexity,
    ),
    Indicator(
        "complaints_and_satisfaction", "complaints and satisfaction", _DIMENSION, "0 to 1", True,
        "Mean of freedom from complaints (one per ten orders or more: 0, none: 1) and overall satisfaction as a share "
        "of its scale, both of the last 365 days and drawn towards the common ones.",
        "complaints, or overall and scale_max in surveys",
        "few orders and answers, after pooling; the spread of the others where nobody answered",
        complaints_and_satisfaction,
    ),
)  # fmt: skip
