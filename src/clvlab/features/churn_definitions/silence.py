"""Churn by silence of a fixed length."""

from __future__ import annotations

import datetime as dt

import numpy as np

from clvlab.features.churn_definitions.churn_events import ChurnEvents, silences
from clvlab.features.churn_definitions.order_days import order_days
from clvlab.features.tables import AnyTable
from clvlab.refusal import Refused


def fixed_silence(orders: AnyTable, as_of: str | dt.date, silent_days: int = 90) -> ChurnEvents:
    """Return who went without an order for a fixed number of days.

    Parameters
    ----------
    orders
        customer_id, date: one row per order.
    as_of
        The last day that counts.
    silent_days
        Days without an order after which a customer counts as lost, 1 or more.

    Returns
    -------
    ChurnEvents
        An event is dated on the day of the last order, called ``silent_days`` later and over with the next order.
        Follow-up is complete up to ``silent_days`` before ``as_of``.

    Raises
    ------
    Refused
        When ``silent_days`` is below 1; for missing columns, customers or dates; without an order up to ``as_of``.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": "a", "date": ["2024-01-01", "2024-03-01", "2024-09-01"]})
    >>> fixed_silence(orders, "2024-12-31", 90).events.astype(str)
      customer_id     last_on   called_on came_back_on
    0           a  2024-03-01  2024-05-30   2024-09-01
    1           a  2024-09-01  2024-11-30          NaT
    """
    if silent_days < 1:
        raise Refused(f"silent_days = {silent_days} is no silence; give 1 or more.")
    days = order_days(orders, as_of)
    known_until = np.full(len(days.customers), days.today - silent_days)
    return silences(days, days.day + silent_days, known_until)
