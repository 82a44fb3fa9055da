"""Days on which customers ordered, as arrays: what every definition of churn by silence reads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.features.tables import AnyTable, events_until
from clvlab.periods import epoch_days

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

# Days are counted from 1970-01-01; this one stands for a day that has not come (and is exact as a float).
NEVER = 2**53


@dataclass(frozen=True)
class OrderDays:
    """Days with an order, sorted by customer and day.

    Attributes
    ----------
    customers
        Each customer's identifier, sorted.
    customer
        Which customer ordered: its position in ``customers``.
    day
        When, in days since 1970-01-01; a customer's days differ.
    as_of
        The last day known.
    """

    customers: pd.Index
    customer: Ints
    day: Ints
    as_of: dt.date

    @property
    def today(self) -> int:
        """``as_of`` in days since 1970-01-01."""
        return epoch_days(self.as_of)

    @cached_property
    def first(self) -> Ints:
        """Return the row of each customer's first day."""
        return np.searchsorted(self.customer, np.arange(len(self.customers)))

    @cached_property
    def last(self) -> Ints:
        """Return the row of each customer's last day."""
        return np.append(self.first[1:], len(self.day)) - 1

    @cached_property
    def following(self) -> Ints:
        """Return the customer's next day with an order after each, ``NEVER`` after the last."""
        found = np.append(self.day[1:], NEVER)
        found[self.last] = NEVER
        return found

    @cached_property
    def order_number(self) -> Ints:
        """Return how many days with an order the customer had before each."""
        return np.arange(len(self.day)) - self.first[self.customer]

    def so_far(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return running sums of one value per row, begun anew with each customer."""
        total = np.cumsum(values)
        return total - (total[self.first] - values[self.first])[self.customer]


def order_days(orders: AnyTable, as_of: str | dt.date) -> OrderDays:
    """Return on which days each customer ordered.

    Parameters
    ----------
    orders
        customer_id, date: one row per order; several on a day count as one.
    as_of
        The last day that counts.

    Raises
    ------
    Refused
        For missing columns, missing customers or dates, and no order up to ``as_of``.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["b", "a", "b", "b"], "date": ["2024-01-09", *["2024-01-02"] * 3]})
    >>> found = order_days(orders, "2024-12-31")
    >>> found.customers[found.customer].tolist(), (found.day - found.day[0]).tolist()
    (['a', 'b', 'b'], [0, 0, 7])
    """
    rows, _, until = events_until(orders, "customer_id", "date", as_of)
    days = rows.group_by("customer", day=epoch_days(rows.day)).agg()
    table = days.order_by("customer", "day").to_pyarrow()
    frame = table.select(["customer"]).to_pandas()["customer"]
    codes, customers = pd.factorize(frame)
    return OrderDays(pd.Index(customers, name="customer_id"), codes.astype("int64"), table["day"].to_numpy(), until)
