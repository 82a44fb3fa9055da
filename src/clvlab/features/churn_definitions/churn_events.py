"""The one shape in which every definition of churn says who left when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvlab.features.churn_definitions.order_days import NEVER, Ints, OrderDays
from clvlab.periods import from_epoch_days

EVENT_COLUMNS = ["customer_id", "last_on", "called_on", "came_back_on"]


@dataclass(frozen=True)
class ChurnEvents:
    """Who was called lost by one definition, up to the as-of date.

    Attributes
    ----------
    events
        One row per event, by customer and date: ``customer_id``; ``last_on``, the event's date, that of the last
        activity; ``called_on``, the day by whose end the definition first says so; ``came_back_on``, when the customer
        was there again (missing while it is not).
    known_until
        By customer_id: the last day up to which follow-up is complete, because an event dated by then would have been
        called by the as-of date.
    patience_days
        By customer_id: how many days after the last activity the definition would call the customer lost, as things
        stand.
    remarks
        What a reader should know.
    """

    events: pd.DataFrame
    known_until: pd.Series
    patience_days: pd.Series
    remarks: tuple[str, ...] = ()


def silences(days: OrderDays, calls_on: Ints, known_until: Ints, remarks: tuple[str, ...] = ()) -> ChurnEvents:
    """Return the silences that were called.

    Parameters
    ----------
    days
        Days with an order.
    calls_on
        For each of them, the day by whose end the customer would be called lost without another order.
    known_until
        For each customer, the last day on which an event would be known by now.
    """
    called = (calls_on <= days.today) & (calls_on < days.following)
    events = pd.DataFrame(
        {
            "customer_id": days.customers[days.customer[called]],
            "last_on": from_epoch_days(days.day[called]),
            "called_on": from_epoch_days(calls_on[called]),
            "came_back_on": dates(days.following[called]),
        }
    )
    return ChurnEvents(
        events,
        pd.Series(from_epoch_days(known_until), days.customers),
        pd.Series(calls_on[days.last] - days.day[days.last], days.customers),
        remarks,
    )


def dates(days: Ints) -> pd.Series:
    """Return days since 1970-01-01 as dates, missing for ``NEVER``."""
    never = days == NEVER
    return pd.Series(from_epoch_days(np.where(never, 0, days))).mask(never)
