"""Churn by silence beyond the customer's own rhythm."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clvlab.features.churn_definitions.churn_events import ChurnEvents, dates, silences
from clvlab.features.churn_definitions.gaps import Floats, History, NextGap, Usual, learn_usual, next_gap
from clvlab.features.churn_definitions.market_clock import MarketClock, market_clock
from clvlab.features.churn_definitions.order_days import NEVER, Flags, Ints, OrderDays, order_days
from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import AnyTable
from clvlab.periods import DAYS_PER_YEAR, days_per, from_epoch_days
from clvlab.refusal import Refused

# However slow and unknown a customer's rhythm, it is called lost once only this share of its gaps would be longer.
_MOST_SURPRISE = 0.05
# Nothing shorter is called: weekends and odd holidays, and the days it takes to see that the whole market pauses.
_LEAST_DAYS = round(days_per("week"))
# A kind of customers has a rhythm of its own when at least so many of them ordered twice.
_ENOUGH = 20
# A pause of last year's may begin so much earlier this year, and last so much longer.
_TOLERANCE = round(days_per("month"))
_YEAR = round(DAYS_PER_YEAR)


@dataclass(frozen=True)
class Rhythm:
    """How often each customer orders, and when its silence says that it has left. Made by :func:`rhythm`.

    Attributes
    ----------
    days
        Days with an order.
    clock
        Days on which the market worked; gaps are counted in them.
    gaps
        What was known of the next gap at the end of each of ``days``.
    calls_on
        For each of ``days``, the day by whose end the customer would be called lost without another order.
    remarks
        What a reader should know.
    """

    days: OrderDays
    clock: MarketClock
    gaps: NextGap
    calls_on: Ints
    remarks: tuple[str, ...]

    @cached_property
    def churn_events(self) -> ChurnEvents:
        """Who was called lost: an event is dated on the day of the last order and over with the next one.

        Follow-up of a customer is complete up to the eve of the first order after which its leaving could not be known
        yet, whether it ordered again or not: following up only those who did would make customers seem to stay longer.
        """
        days = self.days
        undecided = self.calls_on > days.today
        until = np.minimum.reduceat(np.where(undecided, days.day - 1, days.today), days.first)
        return silences(days, self.calls_on, until, self.remarks)

    @property
    def customers(self) -> pd.DataFrame:
        """Where each customer stands at the as-of date.

        Indexed by customer_id: ``last_on`` (the last order), ``order_days``, ``silent_days`` since then,
        ``usual_gap_days`` (half of its gaps are longer), ``silence_percentile`` (the probability that a gap is shorter
        than the silence), ``calls_on`` (when it is or was called lost without another order), ``threshold_days`` (from
        the last order to then), and, for those not called lost, when the next order is expected: ``next_on`` (as likely
        before as after), ``next_from`` and ``next_to`` (the middle 90%), at most ten years on.
        """
        last, now = self.days.last, self.gaps.of(self.days.last)
        ordered_on = self.days.day[last]
        silence = self.clock.time(self.days.today) - self.clock.time(ordered_on)
        longer = now.exceeds(silence)
        lost = self.calls_on[last] <= self.days.today

        def next_order(share: float) -> np.ndarray:
            due = self.clock.day(self.clock.time(ordered_on) + np.minimum(now.exceeded_with(share * longer), 1e6))
            return dates(np.where(lost, NEVER, np.minimum(due, self.days.today + 10 * _YEAR))).to_numpy()

        return pd.DataFrame(
            {
                "last_on": from_epoch_days(ordered_on),
                "order_days": self.days.order_number[last] + 1,
                "silent_days": self.days.today - ordered_on,
                "usual_gap_days": now.exceeded_with(0.5),
                "silence_percentile": 1 - longer,
                "calls_on": from_epoch_days(self.calls_on[last]),
                "threshold_days": self.calls_on[last] - ordered_on,
                "next_on": next_order(0.5),
                "next_from": next_order(0.95),
                "next_to": next_order(0.05),
            },
            index=self.days.customers,
        )

    def order_days(self) -> pd.DataFrame:
        """Return one row per day with an order, with what was known on it.

        ``customer_id``, ``ordered_on``, ``calls_on`` and ``threshold_days``, the days from one to the other.
        """
        return pd.DataFrame(
            {
                "customer_id": self.days.customers[self.days.customer],
                "ordered_on": from_epoch_days(self.days.day),
                "calls_on": dates(self.calls_on),
                "threshold_days": self.calls_on - self.days.day,
            }
        )

    def probability_of_silence(self, days: ArrayLike) -> Floats:
        """Return the probability that a customer who stays is silent for longer than ``days`` after its last order.

        Parameters
        ----------
        days
            Calendar days since the last order, of shape (..., customers), the customers in the order of
            ``customers``.
        """
        ordered_on = self.days.day[self.days.last]
        silence = self.clock.time(ordered_on + np.asarray(days, dtype=float)) - self.clock.time(ordered_on)
        return self.gaps.of(self.days.last).exceeds(silence)


def rhythm(
    orders: AnyTable, as_of: str | dt.date, false_alarms_per_year: float = 0.05, segment: pd.Series | None = None
) -> Rhythm:
    """Return each customer's rhythm of ordering, and what silence is too long for it.

    Parameters
    ----------
    orders
        customer_id, date: one row per order; several on a day count as one.
    as_of
        The last day that counts; nothing later is looked at.
    false_alarms_per_year
        How often a customer who stays may be called lost, per year, above 0. The quantile of its gaps that calls it
        follows: with 0.05, 1 in 1,040 gaps of a customer that orders every week, 1 in 80 of one that orders every
        quarter. One quantile for all would cry wolf over those who order daily and be deaf for those who rarely do.
    segment
        By customer_id: the kind of customer whose rhythm stands in for a short history (a size class). Customers
        without one, and kinds in which fewer than 20 ordered twice, lean on all customers.

    Returns
    -------
    Rhythm

    Raises
    ------
    Refused
        When nobody ordered on two days; when ``false_alarms_per_year`` is not above 0; for missing columns, customers
        or dates; without an order up to ``as_of``.

    Notes
    -----
    A customer's gaps between days with an order are gamma distributed with a shape and a rate of its own; rates are
    gamma distributed within a segment, so that the next gap, given those so far, has a closed form
    (:mod:`clvlab.features.churn_definitions.gaps`). After each order only the gaps up to it are used. What is usual
    in the segment is learnt from all gaps up to ``as_of``; they have ended, so that slow customers with a short
    history are taken to be a little faster than they are.

    The silence is called when the probability of a longer gap falls to ``false_alarms_per_year`` times the expected
    gap in years, at most 5%, and no sooner than after a week. Two kinds of pauses do not count:

    - the market's: gaps are counted in days on which the market worked
      (:func:`~clvlab.features.churn_definitions.market_clock.market_clock`);
    - the customer's own of the year before: a silence that began around the time of year (from a month before) of one
      that was too long and ended by an order is called no earlier than a month after the day on which that one ended.

    Measured, customers who stay are called more often than was accepted, since the shape of their gaps is taken as
    known: with simulated gamma gaps 1.2 times (at 0.2 a year) to twice (at 0.05), on the demo market, where business
    rises and falls as well, twice.

    Examples
    --------
    >>> weekly = pd.date_range("2024-01-01", "2024-09-30", freq="7D")
    >>> orders = pd.DataFrame({"customer_id": "a", "date": weekly})
    >>> found = rhythm(orders, "2024-12-31")
    >>> found.churn_events.events.astype(str)
      customer_id     last_on   called_on came_back_on
    0           a  2024-09-30  2024-10-20          NaT
    """
    if not false_alarms_per_year > 0:
        raise Refused(
            f"false_alarms_per_year = {false_alarms_per_year} can't be kept; give a rate above 0, such as 0.05 a year."
        )
    days = order_days(orders, as_of)
    if len(days.day) == len(days.customers):
        raise Refused(
            f"Up to {days.as_of} no customer ordered on two days, so that there is no rhythm to learn; call customers "
            "lost by a fixed silence instead."
        )
    clock = market_clock(days)
    time = clock.time(days.day)
    gap = np.maximum(np.diff(time, prepend=0), 1)
    gap[days.first] = 0
    known = History(
        days.order_number.astype(float),
        days.so_far(gap),
        days.so_far(np.log(gap, out=np.zeros(len(gap)), where=gap > 0)),
    )
    following = next_gap(_usual(days, known.of(days.last), segment), known)
    surprise = np.minimum(false_alarms_per_year * following.mean / DAYS_PER_YEAR, _MOST_SURPRISE)
    threshold = np.maximum(np.ceil(following.exceeded_with(surprise)), _LEAST_DAYS)
    calls_on = clock.day(time + threshold)
    calls_on = _after_own_pauses(days, calls_on)
    repeated = int((days.order_number[days.last] > 0).sum())
    remarks = []
    if repeated < _ENOUGH:
        remarks.append(
            f"Only {plural(repeated, 'customers')} ordered on two days or more: what is usual rests on little."
        )
    if clock.paused:
        remarks.append(
            f"The market paused on {plural(clock.paused, 'days')} of the records: no silence is counted there."
        )
    return Rhythm(days, clock, following, calls_on, tuple(remarks))


def _usual(days: OrderDays, history: History, segment: pd.Series | None) -> Usual:
    """Return what is usual among each customer's like, one entry per day with an order."""
    repeated = history.gaps > 0

    def learnt(members: Flags) -> list[float]:
        usual = learn_usual(history.of(members & repeated))
        return [float(usual.spread), float(usual.shape), float(usual.rate)]

    each = np.tile(learnt(np.ones(len(repeated), dtype=bool)), (len(repeated), 1))
    if segment is not None:
        kinds = segment.reindex(days.customers).reset_index(drop=True)
        sizes = kinds[repeated].value_counts()
        for kind in sizes.index[sizes >= _ENOUGH]:
            members = (kinds == kind).to_numpy()
            each[members] = learnt(members)
    return Usual(*each[days.customer].T)


def _after_own_pauses(days: OrderDays, calls_on: Ints) -> Ints:
    """Return ``calls_on``, put off where the customer made a pause at that time of the year before."""
    too_long = np.flatnonzero(calls_on < days.following)
    frame = pd.DataFrame({"row": too_long, "customer": days.customer[too_long], "day": days.day[too_long]})
    frame["back"] = days.following[too_long]
    pauses = frame[frame["back"] <= days.today].drop(columns="row")
    pairs = frame.merge(pauses, on="customer", suffixes=("", "_then"))
    since, until = pairs["day_then"] + _YEAR - _TOLERANCE, pairs["back_then"] + _YEAR
    again = pairs[(pairs["day"] >= since) & (pairs["day"] <= until)]
    expected = (again["back_then"] + _YEAR + _TOLERANCE).groupby(again["row"]).max()
    found = calls_on.copy()
    found[expected.index] = np.maximum(found[expected.index], expected.to_numpy())
    return found
