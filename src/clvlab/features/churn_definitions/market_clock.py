"""Days on which the market works: a silence over Chinese New Year says nothing about a customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clvlab.features.churn_definitions.order_days import Flags, Ints, OrderDays
from clvlab.periods import days_per

_WEEK, _QUARTER = round(days_per("week")), round(days_per("quarter"))
# A week is a pause when fewer than this share of a usual week's orders come in,
_PAUSE = 0.5
# and a usual week is known when at least so many came in, over at least four weeks.
_ENOUGH_ORDERS, _ENOUGH_DAYS = 10, 4 * _WEEK


@dataclass(frozen=True)
class MarketClock:
    """Time that stands still while the market pauses.

    Attributes
    ----------
    begins
        The first day of the records, in days since 1970-01-01.
    working
        Days on which the market worked, from ``begins`` through each day up to the last one known. Later days count
        as working: nobody knows yet.
    """

    begins: int
    working: Ints

    @property
    def paused(self) -> int:
        """How many days the market paused."""
        return len(self.working) - int(self.working[-1])

    def time(self, day: ArrayLike) -> NDArray[np.float64]:
        """Return how many days the market had worked by the end of each day, parts of days in proportion."""
        at = np.asarray(day, dtype=float) - self.begins
        last = len(self.working) - 1
        return np.interp(at, np.arange(last + 1), self.working) + np.maximum(at - last, 0)

    def day(self, time: ArrayLike) -> Ints:
        """Return the first day by whose end the market had worked so many days."""
        wanted = np.asarray(time, dtype=float)
        later = np.maximum(np.ceil(wanted) - self.working[-1], 0).astype(np.int64)
        return self.begins + np.searchsorted(self.working, np.minimum(wanted, self.working[-1])) + later


def market_clock(days: OrderDays) -> MarketClock:
    """Return the clock of the market that these customers make up.

    A day belongs to a pause when in the seven days up to it customers came back to order on less than half as many
    days, all customers together, as in a usual week: the median of the thirteen weeks up to it. (First orders are left
    out: they tell of sales campaigns, not of rhythm.) Nothing but the records is asked, so that a holiday that moves
    (Chinese New Year) is found where it lies; and only days up to a day are, so that a day once counted stays so. A
    fall that stays becomes the usual week after half of these thirteen. Where a usual week has fewer than ten such
    days, one customer's silence would look like the market's: no pause is found there.

    Examples
    --------
    >>> from clvlab.features.churn_definitions.order_days import order_days
    >>> dates = pd.date_range("2024-01-01", "2024-06-30")
    >>> open_days = dates[(dates < "2024-05-01") | (dates > "2024-05-10")]
    >>> orders = pd.DataFrame([(c, day) for c in "abcd" for day in open_days], columns=["customer_id", "date"])
    >>> market_clock(order_days(orders, "2024-06-30")).paused
    10
    """
    begins = int(days.day.min())
    repeated = days.day[days.order_number > 0]
    active = np.bincount(repeated - begins, minlength=days.today - begins + 1)
    week = pd.Series(active).rolling(_WEEK, min_periods=1).sum()
    usual = week.rolling(_QUARTER, min_periods=_ENOUGH_DAYS).median()
    pause: Flags = ((week < _PAUSE * usual) & (usual >= _ENOUGH_ORDERS)).to_numpy()
    return MarketClock(begins, np.cumsum(~pause))
