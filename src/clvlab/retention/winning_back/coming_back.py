"""What is known of customers who left: how likely each is to come back, and what it would bring."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import gamma

from clvlab.clv.valuing.ranges import Range, product
from clvlab.features.tables import need_columns
from clvlab.periods import discount_factor, epoch_days, to_days, to_periods
from clvlab.shrinkage import pool_counts

# Months since a customer was called lost at which the rate of coming back is taken to change: a silence that was called
# too soon is over within weeks, so that the rate falls fast at first.
BANDS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 9.0, 12.0)
_AHEAD = 12.0  # months within which a return counts
_STEPS = 4  # in a month, of the sum over months to come
# Of fewer who came back the level after their return is not told.
_ENOUGH = 10
_REPLICATES = 400


def chance_to_return(absences: pd.DataFrame, away: pd.DataFrame, ahead: float = _AHEAD) -> Range:
    """Return the probability that customers who left come back within the months ahead, of themselves.

    Parameters
    ----------
    absences
        From :func:`clvlab.churn.returns.absences`: entry, duration (months since called lost), event (1: came back) and
        ``cause`` of leaving.
    away
        Those still away, indexed by customer_id: ``months`` since called lost, and ``cause``.
    ahead
        Months.

    Returns
    -------
    Range
        By customer_id, with 90% intervals.

    Notes
    -----
    Returns per month are counted in bands of months since the customer was called lost, and taken to be constant within
    a band. Each cause multiplies them all: by its returns over those to be expected of it if causes did not matter,
    drawn towards 1 where it had few leavings (:func:`clvlab.shrinkage.pool_counts`).

    Examples
    --------
    >>> absences = pd.DataFrame({"entry": 0.0, "duration": [2.0] * 5 + [12.0] * 15, "event": [1] * 5 + [0] * 15})
    >>> away = pd.DataFrame({"months": [0.0], "cause": ["price"]}, ["a"])
    >>> chance_to_return(absences.assign(cause="price"), away, 12.0).value.round(2).to_dict()
    {'a': 0.24}
    """
    need_columns(absences.columns, ["entry", "duration", "event", "cause"])
    hazard, variance = pd.Series(0.0, index=away.index), pd.Series(0.0, index=away.index)
    expected = pd.Series(0.0, index=absences.index)
    for begin, end in zip(BANDS, [*BANDS[1:], np.inf], strict=True):
        inside = _overlap(absences["entry"], absences["duration"], begin, end)
        exposure = float(inside.sum())
        back = (absences["event"] == 1) & (absences["duration"] > begin) & (absences["duration"] <= end)
        if exposure == 0:
            continue
        rate, spent = float(back.sum()) / exposure, _overlap(away["months"], away["months"] + ahead, begin, end)
        expected += rate * inside
        hazard += rate * spent
        variance += (back.sum() + 0.5) / exposure**2 * spent**2
    return _returning(hazard, variance, _by_cause(absences, expected).of(away["cause"]))


def _overlap(start: pd.Series, stop: pd.Series, begin: float, end: float) -> pd.Series:
    """Return how much of each span lies within a band."""
    return (stop.clip(upper=end) - start.clip(lower=begin)).clip(lower=0.0)


def _by_cause(absences: pd.DataFrame, expected: pd.Series) -> Range:
    """Return by how much more, or less, customers who left for a cause come back than all do."""
    back, due = ((one.groupby(absences["cause"]).sum()) for one in (absences["event"], expected))
    if not back.sum():
        return Range(*(pd.Series(1.0, index=back.index) for _ in range(3)))
    ratios = pool_counts(back.where(due > 0, 0), due)
    return Range(*(pd.Series(part, back.index) for part in (ratios.estimate, ratios.lower, ratios.upper)))


def _returning(hazard: pd.Series, variance: pd.Series, ratio: Range) -> Range:
    """Return probabilities from what all do and how much the cause multiplies it."""
    mean = hazard.clip(lower=1e-9)
    shape = mean**2 / variance.clip(lower=1e-18)
    all_do = Range(mean, *(pd.Series(gamma.ppf(q, shape, scale=mean / shape), mean.index) for q in (0.05, 0.95)))
    # Where nobody came back so late, the median of what may be lies above 0, and so does the upper end only.
    all_do = Range(all_do.value, np.minimum(all_do.lower, all_do.value), np.maximum(all_do.upper, all_do.value))
    return Range(*(1 - np.exp(-part) for part in product(all_do, ratio)))


class Level(NamedTuple):
    """Margin a month of those who came back, after their return over before they left, with its 90% interval.

    Examples
    --------
    >>> Level(0.8, 0.6, 1.0, 25).value
    0.8
    """

    value: float
    lower: float
    upper: float
    customers: int


def monthly_margin(values: pd.DataFrame, spans: pd.DataFrame) -> pd.Series:
    """Return what customers brought a month within a span of days each.

    Parameters
    ----------
    values
        customer_id, date, value: one row per purchase.
    spans
        Indexed by anything: customer_id, ``from`` and ``until``, both days included.

    Examples
    --------
    >>> values = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2025-06-15"]), "value": [120.0]})
    >>> first, last = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-12-31")
    >>> spans = pd.DataFrame({"customer_id": ["a"], "from": [first], "until": [last]})
    >>> monthly_margin(values, spans).round(1).tolist()
    [10.0]
    """
    rows = spans.rename_axis("span").reset_index().merge(values, on="customer_id", how="left")
    inside = (rows["date"] >= rows["from"]) & (rows["date"] <= rows["until"])
    total = rows["value"].where(inside, 0.0).fillna(0.0).groupby(rows["span"]).sum().reindex(spans.index)
    months = to_periods((epoch_days(spans["until"]) - epoch_days(spans["from"]) + 1).astype(float), "month")
    return total / np.maximum(months, 1.0)


def level_after(before: pd.Series, after: pd.Series, seed: int) -> Level:
    """Return the margin after a return over that before the leaving, as a ratio of sums.

    Parameters
    ----------
    before, after
        Margin a month of each customer that came back.
    seed
        Of the bootstrap over customers, from which the interval is taken.

    Notes
    -----
    With fewer than ten returns, or nothing earned before, the level is 1 and nothing is known of its error.

    Examples
    --------
    >>> level_after(pd.Series([10.0] * 20), pd.Series([8.0] * 20), seed=1)
    Level(value=0.8, lower=0.8, upper=0.8, customers=20)
    """
    x, y = before.to_numpy(dtype=float), after.to_numpy(dtype=float)
    if len(x) < _ENOUGH or x.sum() <= 0:
        return Level(1.0, 1.0, 1.0, len(x))
    drawn = np.random.default_rng(seed).integers(0, len(x), (_REPLICATES, len(x)))
    sums = x[drawn].sum(axis=1)
    ratios = np.where(sums > 0, y[drawn].sum(axis=1) / np.where(sums > 0, sums, 1.0), np.nan)
    low, high = np.nanquantile(ratios, [0.05, 0.95])
    return Level(float(y.sum() / x.sum()), float(low), float(high), len(x))


def discounted_months(leaving: float, annual_rate: float, horizon_months: float) -> float:
    """Return the discounted months that a customer stays within the horizon.

    Parameters
    ----------
    leaving
        Rate a month of leaving.
    annual_rate
        Discount rate, effective.
    horizon_months
        How far ahead months count.

    Examples
    --------
    >>> round(discounted_months(0.0, 0.0, 36), 6)
    36.0
    """
    steps = max(1, round(horizon_months * _STEPS))
    middle = (np.arange(steps) + 0.5) * horizon_months / steps
    weights = discount_factor(annual_rate, to_days(middle, "month")) * np.exp(-leaving * middle)
    return float(weights.sum() * horizon_months / steps)
