"""The only code that converts between dates, periods and discount factors.

A day, a week of 7 days, a month of 365.25/12 days and a quarter of three such months are lengths. Calendar
periods are numbered: weeks run from Monday to Sunday (as pandas' ``W``), the others as in the calendar.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd

Period: TypeAlias = Literal["day", "week", "month", "quarter"]
PERIODS: tuple[str, ...] = get_args(Period)

DAYS_PER_YEAR = 365.25
MONTHS_PER_YEAR = 12
_DAYS: dict[str, float] = {
    "day": 1.0,
    "week": 7.0,
    "month": DAYS_PER_YEAR / 12,
    "quarter": DAYS_PER_YEAR / 4,
}
_EPOCH = dt.date(1970, 1, 1)
_EPOCH_YEAR = 1970
_THURSDAY = 3  # 1970-01-01 was a Thursday: three days after the Monday that opens week 0


def days_per(period: str) -> float:
    """Return the length of ``period`` in days.

    Parameters
    ----------
    period
        ``"day"``, ``"week"``, ``"month"`` or ``"quarter"``.

    Raises
    ------
    Refused
        When ``period`` is none of these.

    Examples
    --------
    >>> days_per("week"), days_per("month")
    (7.0, 30.4375)
    """
    if period not in _DAYS:
        raise Refused(f"period={period!r} is not known; choose one of {', '.join(PERIODS)}.")
    return _DAYS[period]


def to_periods(days: Any, period: str) -> Any:
    """Return a length in days as a number of periods (a number, an array, a Series or an Ibis expression).

    Examples
    --------
    >>> to_periods(21, "week")
    3.0
    """
    return days / days_per(period)


def to_days(periods: Any, period: str) -> Any:
    """Return a number of periods as days: the inverse of :func:`to_periods`.

    Examples
    --------
    >>> to_days(12, "month")
    365.25
    """
    return periods * days_per(period)


def epoch_days(date: Any) -> Any:
    """Return the days since 1970-01-01 as integers.

    Parameters
    ----------
    date
        A date, a Series of datetimes, or an Ibis date or timestamp expression. Times of day are cut off.

    Examples
    --------
    >>> epoch_days(dt.date(1970, 1, 11))
    10
    """
    if isinstance(date, dt.datetime):
        date = date.date()
    if isinstance(date, dt.date):
        return (date - _EPOCH).days
    if hasattr(date, "dt"):  # a pandas Series
        return date.to_numpy("datetime64[D]").astype("int64")
    if hasattr(date, "date") and callable(date.date):  # an Ibis timestamp
        date = date.date()
    return date.epoch_days()


def from_epoch_days(days: Any) -> Any:
    """Return whole days since 1970-01-01 as an array of datetimes: the inverse of :func:`epoch_days` on a Series.

    Examples
    --------
    >>> from_epoch_days([10])
    array(['1970-01-11T00:00:00.000000000'], dtype='datetime64[ns]')
    """
    return np.asarray(days, dtype="int64").astype("datetime64[D]").astype("datetime64[ns]")


def days_since_1970(dates: Any) -> Any:
    """Return the days of a Series of datetimes as floats, NaN where one is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> days_since_1970(pd.Series(pd.to_datetime(["1970-01-11", None]))).tolist()
    [10.0, nan]
    """
    days = dates.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype("int64"))


def epoch_months(days: Any) -> Any:
    """Return the number of the month of each whole day since 1970-01-01, as :func:`period_index` counts months.

    Of few days there are many, so each is looked up.

    Examples
    --------
    >>> epoch_months(np.array([10.0, 31.0])).tolist()
    [0, 1]
    """
    days = np.asarray(days).astype("int64")
    first, last = days.min(initial=0), days.max(initial=0)
    every = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype("int64")
    days -= first
    return every[days]


def epoch_date(days: float) -> dt.date:
    """Return one day since 1970-01-01 as a date: the inverse of :func:`epoch_days` on a date.

    Examples
    --------
    >>> epoch_date(10)
    datetime.date(1970, 1, 11)
    """
    return _EPOCH + dt.timedelta(days=int(days))


def _year_month(date: Any) -> tuple[Any, Any]:
    """Return year and month of a date, a Series or an Ibis expression."""
    if isinstance(date, dt.date):
        return date.year, date.month
    if hasattr(date, "dt"):
        return date.dt.year.to_numpy("int64"), date.dt.month.to_numpy("int64")
    return date.year(), date.month()


def period_index(date: Any, period: str) -> Any:
    """Return the number of the calendar period that a date lies in; consecutive periods differ by one.

    Days count from 1970-01-01, weeks (Monday to Sunday) from the one that holds that day, months and quarters
    from January 1970. Subtracting two numbers gives whole calendar periods.

    Parameters
    ----------
    date
        A date, a Series of datetimes without missing values, or an Ibis date or timestamp expression.
    period
        ``"day"``, ``"week"``, ``"month"`` or ``"quarter"``.

    Returns
    -------
    int, array of int64, or Ibis integer expression
        One number per date.

    Examples
    --------
    >>> sunday, monday = dt.date(1998, 6, 28), dt.date(1998, 6, 29)
    >>> period_index(monday, "week") - period_index(sunday, "week")
    1
    """
    days_per(period)
    if period == "day":
        return epoch_days(date)
    if period == "week":
        return (epoch_days(date) + _THURSDAY) // 7
    year, month = _year_month(date)
    months = (year - _EPOCH_YEAR) * 12 + month - 1
    return months if period == "month" else months // 3


def period_start(index: int, period: str) -> dt.date:
    """Return the first day of a calendar period: the inverse of :func:`period_index`.

    Examples
    --------
    >>> period_start(period_index(dt.date(2024, 2, 29), "month"), "month")
    datetime.date(2024, 2, 1)
    """
    days_per(period)
    index = int(index)
    if period == "day":
        return _EPOCH + dt.timedelta(days=index)
    if period == "week":
        return _EPOCH + dt.timedelta(days=7 * index - _THURSDAY)
    year, month = divmod(index * (3 if period == "quarter" else 1), 12)
    return dt.date(_EPOCH_YEAR + year, month + 1, 1)


def period_label(index: int, period: str) -> str:
    """Return a period's number as text: a day or a week's Monday as ISO date, ``2024-02``, ``2024-Q1``.

    Examples
    --------
    >>> period_label(period_index(dt.date(2024, 2, 29), "quarter"), "quarter")
    '2024-Q1'
    """
    start = period_start(index, period)
    if period == "month":
        return f"{start:%Y-%m}"
    if period == "quarter":
        return f"{start.year}-Q{(start.month + 2) // 3}"
    return start.isoformat()


def months_before(date: dt.date, months: int) -> dt.date:
    """Return the same day some months before; the month's last day where it has no such day.

    Examples
    --------
    >>> months_before(dt.date(2025, 8, 31), 18)
    datetime.date(2024, 2, 29)
    """
    first = period_start(period_index(date, "month") - months, "month")
    following = period_start(period_index(first, "month") + 1, "month")
    return first + dt.timedelta(days=min(date.day, (following - first).days) - 1)


def years_before(date: dt.date, years: int) -> dt.date:
    """Return the same day some years before; 28 February for the 29th.

    Examples
    --------
    >>> years_before(dt.date(2024, 2, 29), 1)
    datetime.date(2023, 2, 28)
    """
    return months_before(date, 12 * years)


def discount_factor(annual_rate: float, days: Any) -> Any:
    """Return what one unit of money paid ``days`` from now is worth today.

    Parameters
    ----------
    annual_rate
        The effective rate per year of 365.25 days (0.1 for 10%); above -1.
    days
        Days until payment: a number or an array.

    Raises
    ------
    Refused
        When the rate is -1 or below.

    Examples
    --------
    >>> round(float(discount_factor(0.10, 365.25)), 6)
    0.909091
    """
    if not annual_rate > -1:
        raise Refused(f"The annual discount rate is {annual_rate}; give a rate above -1, such as 0.10 for 10%.")
    return np.power(1 + annual_rate, -np.asarray(days, dtype=float) / DAYS_PER_YEAR)[()]


def parse_date(text: str | dt.date | pd.Timestamp) -> dt.date:
    """Return an ISO date, ``YYYY-MM-DD``; a date or timestamp gives its day.

    Raises
    ------
    Refused
        When the text is anything else: 03/04/2024 is two different days.

    Examples
    --------
    >>> parse_date("1998-06-30")
    datetime.date(1998, 6, 30)
    """
    if isinstance(text, dt.datetime) and text == text:  # NaT is a datetime that does not equal itself
        return text.date()
    if isinstance(text, dt.date) and text == text:
        return text
    if isinstance(text, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip(), re.ASCII):
        try:
            return dt.date.fromisoformat(text.strip())
        except ValueError:
            pass
    raise Refused(f"{text!r} is not a date; write it as YYYY-MM-DD, for example 2025-12-31.")
