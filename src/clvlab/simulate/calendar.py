"""The window's calendar: months, Chinese New Year, and how busy each day is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clvlab.periods import days_per

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW_END = np.datetime64("2025-12-31", "D")

# Public dates of Chinese New Year's Day.
NEW_YEAR = np.array(
    ["2015-02-19", "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25", "2021-02-12",
     "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26",
     "2029-02-13", "2030-02-03", "2031-01-23"],
    dtype="M8[D]",
)  # fmt: skip

HORIZON = 60  # months looked ahead for true future margin


@dataclass(frozen=True)
class Calendar:
    """Months of the window and of the horizon after it.

    Attributes
    ----------
    months : months in the window.
    starts : first day of every month, window and horizon, one more than there are months.
    first_day : day number of every month's start, counted from the window's start.
    busy : how busy each day is, window and horizon; 1 is an average day.
    busy_sum : running sum of `busy`, starting with 0, in average months.
    """

    months: int
    starts: NDArray[np.datetime64]
    first_day: Ints
    busy: Floats
    busy_sum: Floats

    @property
    def start(self) -> np.datetime64:
        return self.starts[0]

    @property
    def days(self) -> int:
        """Days in the window."""
        return int(self.first_day[self.months])

    def month_of_year(self, month: int) -> int:
        """January is 1."""
        return int(self.starts[month].astype("M8[M]").astype(int) % 12) + 1

    def year(self, month: int) -> int:
        """The calendar year."""
        return int(self.starts[month].astype("M8[Y]").astype(int)) + 1970

    def date(self, day: Floats | Ints) -> NDArray[np.datetime64]:
        """The date of a day number counted from the window's start."""
        return self.start + np.floor(day).astype("m8[D]")

    def month_load(self) -> Floats:
        """How busy each month is, in average months."""
        return np.diff(self.busy_sum[self.first_day])


def calendar(months: int) -> Calendar:
    """The calendar of a window of so many months that ends on 2025-12-31."""
    end_month = (WINDOW_END + 1).astype("M8[M]")
    months_axis = np.arange(end_month - months, end_month + HORIZON + 1)
    starts = months_axis.astype("M8[D]")
    first_day = (starts - starts[0]).astype(np.int64)
    days = starts[0] + np.arange(first_day[-1])
    busy = _busy(days)
    busy_sum = np.concatenate([[0.0], np.cumsum(busy)]) / days_per("month")
    return Calendar(months, starts, first_day, busy, busy_sum)


def days_to_new_year(days: NDArray[np.datetime64]) -> Ints:
    """Days from the nearest Chinese New Year's Day; negative before it."""
    later = np.searchsorted(NEW_YEAR, days).clip(1, len(NEW_YEAR) - 1)
    after = (days - NEW_YEAR[later - 1]).astype(np.int64)
    before = (days - NEW_YEAR[later]).astype(np.int64)
    return np.where(after < -before, after, before)


def is_peak(days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """November's sales and the three weeks before Chinese New Year's pause."""
    month = days.astype("M8[M]").astype(int) % 12 + 1
    gap = days_to_new_year(days)
    return (month == 11) | ((gap >= -24) & (gap < -3))


def _busy(days: NDArray[np.datetime64]) -> Floats:
    weekday = (days.astype(np.int64) + 3) % 7  # Monday is 0
    month = days.astype("M8[M]").astype(int) % 12 + 1
    day = (days - days.astype("M8[M]").astype("M8[D]")).astype(int) + 1
    gap = days_to_new_year(days)
    level = np.where(weekday == 6, 0.35, np.where(weekday == 5, 0.75, 1.18))
    level = level * np.array([1.0, 0.95, 1.02, 1.0, 1.0, 1.0, 0.95, 0.96, 1.04, 0.98, 1.12, 1.06])[month - 1]
    level = level * np.where((gap >= -24) & (gap < -3), 1.35, 1.0)  # stocks are filled before the pause
    level = level * np.where((gap >= -3) & (gap <= 9), 0.08, 1.0)  # the holiday
    level = level * np.where((gap > 9) & (gap <= 16), 0.65, 1.0)  # slow return to work
    level = level * np.where((month == 10) & (day <= 7), 0.30, 1.0)  # national holiday
    level = level * np.where((month == 11) & (day >= 8) & (day <= 16), 1.45, 1.0)  # around 11.11
    return level.astype(np.float64)
