"""Customer-months at risk, checked as they are read, and what a first look over all of them tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.churn.hazards.monthly.source import (
    ROWS_AT_ONCE,
    column_names,
    customer_numbers,
    pieces,
    refuse_rows,
)
from clvlab.churn.spells import Floats
from clvlab.periods import period_index, period_start
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from clvlab.churn.hazards.monthly.source import Source

# A panel in memory of up to so many rows is held as arrays from one pass over it to the next.
_ROWS_HELD = 1_000_000
CALENDAR_MONTHS = 12
# Month numbers outside these are dates written in some other way, such as 202501.
_FIRST_MONTH, _LAST_MONTH = (period_index(dt.date(year, 1, 1), "month") for year in (1900, 2200))


@dataclass(frozen=True)
class Months:
    """Customer-months as arrays, one entry per row.

    Attributes
    ----------
    age
        At the beginning of the row's time at risk, in months.
    exposure
        Months, or the part of one, at risk.
    offset
        Known log hazard, 0 without any.
    calendar
        Calendar month, 0 (January) to 11; empty when no season is asked for.
    covariates
        Of shape (covariates, rows).
    event
        Whether the customer left; empty in a panel of months ahead.
    customer
        Number of the row's customer; empty when not asked for.
    """

    age: Floats
    exposure: Floats
    offset: Floats
    calendar: NDArray[np.int64]
    covariates: Floats
    event: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    customer: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.age)

    def every(self, step: int) -> Months:
        """Return every so many rows, copied, so that the others need not be kept."""
        taken = {part.name: getattr(self, part.name)[..., ::step].copy() for part in fields(self)}
        return Months(**taken)


@dataclass(frozen=True)
class Panel:
    """A panel and which of its columns a model reads.

    Attributes
    ----------
    source
        DataFrame, Ibis table, or path of Parquet files.
    covariates
        Columns of covariates.
    offset
        Column of a known log hazard.
    cause
        The one cause that counts as an event; None for all.
    season
        Whether the calendar month is read.
    rows_at_once
        Rows in memory at a time.
    """

    source: Source
    covariates: tuple[str, ...]
    offset: str | None = None
    cause: str | None = None
    season: bool = True
    rows_at_once: int = ROWS_AT_ONCE

    @cached_property
    def _shared(self) -> list[str]:
        """Return the columns of numbers that fitting and predicting both read."""
        exposure = ["exposure"] * ("exposure" in column_names(self.source))
        offset = [self.offset] if self.offset is not None else []
        return ["entry", *["month"] * self.season, *exposure, *offset, *self.covariates]

    @cached_property
    def _outcome(self) -> list[str]:
        """Return the columns of numbers that only fitting reads."""
        return ["event"] if "exposure" in self._shared else ["event", "duration"]

    @cached_property
    def _texts(self) -> list[str]:
        """Return the columns of texts that fitting reads."""
        return [] if self.cause is None else ["cause"]

    def reads(self) -> list[str]:
        """Return the columns that fitting reads."""
        return ["customer_id", *self._outcome, *self._texts, *self._shared]

    @cached_property
    def customers(self) -> NDArray[np.int32]:
        """Return the number of each row's customer, 0 for the first."""
        return customer_numbers(self.source)

    @cached_property
    def _held(self) -> list[Months]:
        """Return all customer-months with their outcome."""
        return list(self._read())

    def observed(self) -> Iterator[Months]:
        """Yield customer-months with their outcome; a frame of moderate size is checked once and held.

        Raises
        ------
        Refused
            As :meth:`_read`.
        """
        small = isinstance(self.source, pd.DataFrame) and len(self.source) <= _ROWS_HELD
        yield from self._held if small else self._read()

    def _read(self) -> Iterator[Months]:
        """Yield customer-months with their outcome, read anew.

        Raises
        ------
        Refused
            For values that cannot be: missing, negative, an event that is neither 0 nor 1, or in no time at risk.
        """
        first = 0
        for piece in pieces(self.source, [*self._shared, *self._outcome], self._texts, self.rows_at_once):
            event = piece["event"]
            refuse_rows((event != 0) & (event != 1), first, "an event that is neither 0 nor 1.")
            exposure = piece["exposure"] if "exposure" in piece else piece["duration"] - piece["entry"]
            refuse_rows(exposure < 0, first, "a duration below its entry; both are ages, in months.")
            event = (event == 1) & self._of_cause(piece)
            idle = event & (exposure == 0)
            refuse_rows(idle, first, "an event but no time at risk; count the day of leaving as a day at risk.")
            yield self._months(piece, first, exposure, event, self.customers[first : first + len(event)])
            first += len(event)

    def ahead(self) -> Iterator[Months]:
        """Yield customer-months without outcome; a row lasts a whole month unless ``exposure`` is given."""
        first = 0
        for piece in pieces(self.source, self._shared, rows_at_once=self.rows_at_once):
            exposure = piece.get("exposure", np.ones(len(piece["entry"])))
            refuse_rows(exposure < 0, first, "a negative exposure.")
            yield self._months(piece, first, exposure)
            first += len(exposure)

    def causes(self) -> list[str]:
        """Return the causes that events have."""
        found: set[str] = set()
        for piece in pieces(self.source, ["event"], ["cause"], self.rows_at_once):
            found.update(str(cause) for cause in piece["cause"].to_pandas()[piece["event"] == 1].dropna().unique())
        return sorted(found)

    def _of_cause(self, piece: dict[str, Any]) -> Any:
        """Return which rows end by the cause that counts."""
        import pyarrow as pa
        import pyarrow.compute as compute

        if self.cause is None:
            return True
        causes = piece["cause"].cast(pa.string())
        return compute.fill_null(compute.equal(causes, self.cause), False).to_numpy(zero_copy_only=False)

    def _months(self, piece: dict[str, Any], first: int, exposure: Floats, *outcome: Any) -> Months:
        """Return a piece as customer-months."""
        age = piece["entry"]
        refuse_rows(age < 0, first, "a negative entry; it is an age, in months.")
        offset = piece[self.offset] if self.offset is not None else np.zeros(len(age))
        calendar = _calendar_months(piece["month"]) if self.season else np.empty(0, dtype=np.int64)
        covariates = np.array([piece[name] for name in self.covariates]).reshape(-1, len(age))
        return Months(age, exposure, offset, calendar, covariates, *outcome)


@dataclass(frozen=True)
class Overview:
    """What one pass over a panel tells before anything is fitted.

    Attributes
    ----------
    rows, idle
        Customer-months, and those of them without time at risk.
    exposure, weighted
        Months at risk, plain and multiplied by the known hazard.
    low, high, mean, spread
        Of each covariate over all rows: the spread is the standard deviation.
    event_ages
        Age at which the month of each event began, ascending.
    months_by_calendar, events_by_calendar
        Rows and events by calendar month; 0 when no season is asked for.
    customers
        How many there are.
    """

    rows: int
    idle: int
    exposure: float
    weighted: float
    low: Floats
    high: Floats
    mean: Floats
    spread: Floats
    event_ages: Floats
    months_by_calendar: NDArray[np.int64]
    events_by_calendar: NDArray[np.int64]
    customers: int

    @property
    def events(self) -> int:
        """Return how many customer-months ended by leaving."""
        return len(self.event_ages)


def overview(panel: Panel) -> Overview:
    """Return what one pass over a panel tells.

    Raises
    ------
    Refused
        As :meth:`Panel.observed`, and when the panel has no rows.
    """
    rows = idle = 0
    exposure = weighted = 0.0
    k = len(panel.covariates)
    low, high = np.full(k, np.inf), np.full(k, -np.inf)
    shift, total, squares = np.zeros(k), np.zeros(k), np.zeros(k)
    ages = [np.empty(0)]
    calendar = np.zeros((2, CALENDAR_MONTHS), dtype=np.int64)
    for months in panel.observed():
        if not rows:
            shift = months.covariates[:, 0].copy()  # sums of squares about 0 would lose digits of, say, a date
        rows += len(months)
        idle += int((months.exposure == 0).sum())
        exposure += float(months.exposure.sum())
        weighted += float(months.exposure @ np.exp(months.offset))
        low, high = np.minimum(low, months.covariates.min(axis=1)), np.maximum(high, months.covariates.max(axis=1))
        shifted = months.covariates - shift[:, None]
        total, squares = total + shifted.sum(axis=1), squares + (shifted**2).sum(axis=1)
        ages.append(months.age[months.event])
        for place, counted in enumerate((months.calendar, months.calendar[months.event[: len(months.calendar)]])):
            calendar[place] += np.bincount(counted, minlength=CALENDAR_MONTHS)
    if not rows:
        raise Refused("The panel has no rows; give at least one customer's months at risk.")
    mean = total / rows
    return Overview(
        rows=rows,
        idle=idle,
        exposure=exposure,
        weighted=weighted,
        low=low,
        high=high,
        mean=mean + shift,
        spread=np.sqrt(np.maximum(squares / rows - mean**2, 0.0)),
        event_ages=np.sort(np.concatenate(ages)),
        months_by_calendar=calendar[0],
        events_by_calendar=calendar[1],
        customers=int(panel.customers.max()) + 1,
    )


def _calendar_months(numbers: Floats) -> NDArray[np.int64]:
    """Return the calendar months, 0 to 11, of month numbers."""
    months = numbers.astype(np.int64)
    first, last = int(months.min()), int(months.max())
    if (months != numbers).any() or first < _FIRST_MONTH or last > _LAST_MONTH:
        raise Refused(
            "Column 'month' must hold month numbers as clvlab.periods.period_index gives them (660: 2025-01)."
        )
    table = np.array([period_start(month, "month").month - 1 for month in range(first, last + 1)])
    return table[months - first]
