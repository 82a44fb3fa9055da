"""The predicates that contracts are built from: one Ibis expression per rule, evaluated in the engine."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

from clvlab.records.contract import Column, Contract, Rule


def not_before(column: str, reference: str, *, days: int = 0) -> Rule:
    """Return the rule that ``column`` is not more than ``days`` before ``reference``.

    A date is compared by calendar day, two times to the second.
    """

    def broken(table: ir.Table) -> ir.BooleanValue:
        value, limit = table[column], table[reference]
        if value.type().is_date() or limit.type().is_date():
            value, limit = value.cast("date"), limit.cast("date")
        return value < (limit - ibis.interval(days=days) if days else limit)

    allowed = f" by more than {days} day{'s' if days > 1 else ''}" if days else ""
    return Rule(
        name=f"{column} before {reference}",
        column=column,
        reads=(column, reference),
        broken=broken,
        says=f"{column} lies before {reference}{allowed}; the value is set aside, the row stays",
    )


def not_above(column: str, reference: str) -> Rule:
    """Return the rule that ``column`` does not exceed ``reference`` in the same row."""
    return Rule(
        name=f"{column} above {reference}",
        column=column,
        reads=(column, reference),
        broken=lambda table: table[column] > table[reference],
        says=f"{column} exceeds {reference}; the value is set aside, the row stays",
    )


# A date that contradicts the others in its row but fits once day and month trade places was most likely typed
# the other way round. "Fits" is within this many days; "contradicts" is before it should be, or later than that.
SWAP_WINDOW_DAYS = 45
SWAP_GAIN = 3  # and the swapped date lies at least this many times closer: a day early is early, not swapped


def day_and_month_in_order(column: str, event: str) -> Rule:
    """Return the rule that ``column`` is not better explained by day and month having traded places."""

    def broken(table: ir.Table) -> ir.BooleanValue:
        value = table[column].cast("timestamp")
        booked = table[event].truncate("D").cast("timestamp")
        after, after_swapped = _days_between(booked, value), _days_between(booked, _swapped(value))
        contradicts = ~after.between(0, SWAP_WINDOW_DAYS)
        fits = after_swapped.between(0, SWAP_WINDOW_DAYS) & (after_swapped * SWAP_GAIN < after.abs())
        # The engine turns round only those dates that come through the first condition: hardly any.
        return ibis.ifelse(contradicts & _swappable(value), fits, False)

    return Rule(
        name="day and month swapped",
        column=column,
        reads=(column, event),
        broken=broken,
        says=f"{column} contradicts {event} but fits within {SWAP_WINDOW_DAYS} days of it once day and month"
        " trade places; the value is set aside, not turned round",
    )


def event_day_and_month_in_order(event: str, later: str) -> Rule:
    """Return the rule that the event is not after ``later`` only because its day and month traded places."""

    def broken(table: ir.Table) -> ir.BooleanValue:
        booked, end = table[event].cast("timestamp"), table[later].cast("timestamp")
        before, before_swapped = _days_between(booked, end), _days_between(_swapped(booked), end)
        fits = before_swapped.between(0, SWAP_WINDOW_DAYS) & (before_swapped * SWAP_GAIN < before.abs())
        return ibis.ifelse((before < 0) & _swappable(booked), fits, False)

    return Rule(
        name="day and month swapped",
        column=event,
        reads=(event, later),
        broken=broken,
        says=f"{event} lies after {later} but fits within {SWAP_WINDOW_DAYS} days before it once day and month"
        " trade places; the row is set aside, not turned round",
        sets_aside="row",
    )


def _swappable(value: ir.TimestampValue) -> ir.BooleanValue:
    return (value.day() <= 12) & (value.day() != value.month())


def _swapped(value: ir.TimestampValue) -> ir.TimestampValue:
    """Return the same year and time of day with month and day exchanged (where the day is 12 at the most)."""
    start = ibis.literal(0)
    for month, days_before in enumerate([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], start=1):
        start = ibis.ifelse(value.day() == month, days_before, start)
    year = value.year()
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    day_of_year = start + ibis.ifelse(leap & (value.day() > 2), 1, 0) + value.month() - 1
    time_of_day = value - value.truncate("D")
    return value.truncate("Y") + day_of_year.as_interval("D") + time_of_day


def _days_between(earlier: ir.TimestampValue, later: ir.TimestampValue) -> ir.FloatingValue:
    return (later.epoch_seconds() - earlier.epoch_seconds()) / 86_400


def within_scale(column: str) -> Rule:
    """Return the rule that a survey score does not exceed the row's scale_max."""
    return Rule(
        name="score off the scale",
        column=column,
        reads=(column, "scale_max"),
        broken=lambda table: table[column] > table["scale_max"],
        says=f"{column} lies above scale_max; the score is set aside, the answer stays",
    )


def in_range(column: Column) -> Rule:
    """Return the rule that a number lies within the contract's range."""

    def broken(table: ir.Table) -> ir.BooleanValue:
        value = table[column.name]
        outside = ibis.literal(False)
        if column.at_least is not None:
            outside = outside | (value < column.at_least)
        if column.at_most is not None:
            outside = outside | (value > column.at_most)
        return outside

    if column.at_most is None:
        bounds = f"below {column.at_least:g}"
    elif column.at_least is None:
        bounds = f"above {column.at_most:g}"
    else:
        bounds = f"outside {column.at_least:g} to {column.at_most:g}"
    return Rule(
        name="out of range",
        column=column.name,
        reads=(column.name,),
        broken=broken,
        says=f"{column.name} is {bounds}; the value is set aside, the row stays",
    )


def one_of(column: Column) -> Rule:
    """Return the rule that a text is one of the contract's choices."""
    return Rule(
        name="not a known value",
        column=column.name,
        reads=(column.name,),
        broken=lambda table: table[column.name].notin(column.choices),
        says=f"{column.name} is none of {', '.join(column.choices)}; the value is set aside, the row stays",
    )


def filled(column: str) -> Rule:
    """Return the rule that a key or event date is filled; the row cannot be placed without it."""
    return Rule(
        name="blank key or date",
        column=column,
        reads=(column,),
        broken=lambda table: table[column].isnull(),
        says=f"{column} is blank, and the row cannot be placed without it; the row is set aside",
        sets_aside="row",
    )


def near_the_rest(column: str, first: date | None, last: date | None, *, row: bool) -> Rule:
    """Return the rule that a date does not lie far from all the others in its column.

    ``first`` and ``last`` are the robust ends of the column (see :mod:`clvlab.records.outliers`).
    """

    def broken(table: ir.Table) -> ir.BooleanValue:
        day, far = table[column].cast("date"), ibis.literal(False)
        if first is not None:
            far = far | (day < ibis.literal(first))
        if last is not None:
            far = far | (day > ibis.literal(last))
        return far

    return Rule(
        name="far from the rest of the file",
        column=column,
        reads=(column,),
        broken=broken,
        says=f"{column} lies far outside the dates of the rest of the file; "
        + ("the row is set aside" if row else "the value is set aside, the row stays"),
        sets_aside="row" if row else "cell",
    )


def rules_of(contract: Contract) -> list[Rule]:
    """Return all rules of a contract that one row alone can break: filled, known values, ranges, its own."""
    places_the_row = dict.fromkeys([*contract.key, "customer_id", contract.event])
    return [
        *(filled(name) for name in places_the_row if name in contract.required),
        *(one_of(column) for column in contract.columns if column.choices),
        *(in_range(column) for column in contract.columns if column.at_least is not None or column.at_most is not None),
        *contract.rules,
    ]
