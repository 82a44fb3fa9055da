"""The dates of a column: the formats they are written in, and whether the day or the month comes first."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import pandas as pd

_SHAPES = [
    re.compile(shape)
    for shape in (
        r"(?P<a>\d{1,4})(?P<s>[-/.年])(?P<b>\d{1,2})(?P<t>[-/.月])(?P<c>\d{1,4})(?P<e>日?)(?P<clock>(?:\D.*)?)",
        r"(?P<a>(?:19|20)\d{2})(?P<s>)(?P<b>[01]\d)(?P<t>)(?P<c>[0-3]\d)(?P<e>)"
        r"(?P<clock>(?:[ T]?[0-2]\d[0-5]\d(?:[0-5]\d)?)?)",
        r"(?P<a>\d{1,2})(?P<s>[- .]{1,2})(?P<b>[A-Za-z]{3,9})(?P<t>[- .,]{1,2})(?P<c>\d{2,4})(?P<e>)"
        r"(?P<clock>(?:\D.*)?)",
    )
]
_CLOCK = re.compile(
    r"(?P<gap>[T ]*)(?P<time>9:9(?::9)?|9时9分(?:9秒)?|)(?P<part>[.,]9)?(?P<noon> ?[AP]M)?"
    r"(?P<zone> ?(?:Z|[+-]9(?::?9)?))?"
)
_COMPACT_CLOCK = {0: "", 4: "%H%M", 6: "%H%M%S"}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


@dataclass(eq=False)
class Dates:
    """The dates of a column and how they are written.

    Parameters
    ----------
    parts
        By row, each sampled date's ``year``, ``first`` and ``second`` number and its ``layout``: a strptime
        format in which two ``@`` stand for day and month where either may come first. Elsewhere ``first`` is the day.
    share
        Of the sampled values, how many are dates.
    order
        "dm" or "md": what comes first where either may.
    doubts
        What is not sure about them.
    """

    parts: pd.DataFrame
    share: float
    order: str = "dm"
    doubts: list[str] = field(default_factory=list)

    @cached_property
    def open(self) -> pd.DataFrame:
        """The values in which day and month may stand either way."""
        layouts = [layout for layout in self.parts["layout"].unique() if "@" in layout]
        return self.parts[self.parts["layout"].isin(layouts)]

    @property
    def formats(self) -> list[str]:
        """The formats for the mapping, the most frequent first."""
        filled = [self.filled(layout) for layout in self.parts["layout"].value_counts().index]
        return list(dict.fromkeys("iso" if _engine_reads(form) else form for form in filled))

    def filled(self, layout: str, order: str = "") -> str:
        """Return a layout with day and month filled in."""
        for mark in order or self.order:
            layout = layout.replace("@", f"%{mark}", 1)
        return layout

    def days(self, order: str = "") -> pd.Series:
        """Return the sampled values as days."""
        day, month = self.parts["first"], self.parts["second"]
        if (order or self.order) == "md":
            swapped = day.index.isin(self.open.index)
            day, month = day.where(~swapped, month), month.where(~swapped, day)
        return pd.to_datetime({"year": self.parts["year"], "month": month, "day": day}, errors="coerce")


def _engine_reads(form: str) -> bool:
    """Return whether the intake reads such dates without being told how."""
    return (form.startswith("%Y-%m-%d") and "%p" not in form and "时" not in form) or form.endswith("%z")


# Reading ---------------------------------------------------------------------------------------------------


def read_dates(values: pd.Series) -> Dates | None:
    """Return the dates in a column's sampled texts, None when fewer than half of them are dates."""
    few = values.iloc[:: max(1, len(values) // 300)]
    if sum(_matched(value) is not None for value in few) < len(few) / 2:
        return None
    read = {value: found for value in values.unique() if (found := _date(value))}
    known = values[values.isin(read)]
    if len(known) < len(values) / 2:
        return None
    parts = pd.DataFrame(
        [read[value] for value in known], columns=["year", "first", "second", "layout"], index=known.index
    )
    return Dates(parts, len(parts) / len(values))


def _matched(text: str) -> re.Match[str] | None:
    return next((found for shape in _SHAPES if (found := shape.fullmatch(text))), None)


def _date(text: str) -> tuple[int, int, int, str] | None:
    """Return a date's year, day and month (or the month and the day, where that is open) and its layout."""
    found = _matched(text)
    if not found:
        return None
    first, s, second, t, last, e, clock = found.groups()
    named = not second.isdecimal()
    if named and second[:3].lower() not in _MONTHS:
        return None
    number = _MONTHS.index(second[:3].lower()) + 1 if named else int(second)
    year_first = len(first) == 4
    year, day = (int(first), int(last)) if year_first else (int(last), int(first))
    if len(last) <= 2 and not year_first:
        year += 2000
    sound = 1900 <= year <= 2100 and 1 <= min(day, number) <= 12 and max(day, number) <= 31
    if not sound or (number > 12 and (year_first or named)):
        return None
    time = _clock_format(clock) if s else _compact_clock_format(clock)
    if time is None:
        return None
    short_year = "%y" if len(last) <= 2 else "%Y"
    if named:
        date = f"%d{s}{'%b' if len(second) == 3 else '%B'}{t}{short_year}"
    else:
        date = f"%Y{s}%m{t}%d{e}" if year_first else f"@{s}@{t}{short_year}{e}"
    return year, day, number, date + time


@lru_cache(maxsize=10_000)
def _clock_format(clock: str) -> str | None:
    """Return the strptime format of what follows a date; None when it is no time."""
    found = _CLOCK.fullmatch(re.sub(r"\d+", "9", clock).upper())
    if not found:
        return None
    parts = found["time"].split("9")
    marks = ["%I" if found["noon"] else "%H", "%M", "%S"][: len(parts) - 1]
    time = "".join(text + mark for text, mark in zip(parts, [*marks, ""], strict=True))
    fraction = found["part"][0] + "%f" if found["part"] else ""
    noon = (" " if found["noon"].startswith(" ") else "") + "%p" if found["noon"] else ""
    return found["gap"] + time + fraction + noon + ("%z" if found["zone"] else "")


def _compact_clock_format(clock: str) -> str:
    digits = clock.strip(" T")
    return clock[: len(clock) - len(digits)] + _COMPACT_CLOCK[len(digits)]


# Day and month ---------------------------------------------------------------------------------------------


def settle_orders(every: list[Dates]) -> None:
    """Decide for each of a file's columns of dates whether day or month comes first, and say how sure that is."""
    undecided = []
    for dates in every:
        if dates.open.empty:
            continue
        day_first, month_first = dates.open[dates.open["first"] > 12], dates.open[dates.open["second"] > 12]
        dates.order = "md" if len(month_first) > len(day_first) else "dm"
        if day_first.empty and month_first.empty:
            undecided.append(dates)
        elif len(day_first) and len(month_first):
            dates.doubts.append(_mixed(dates, day_first, month_first))
        if any("%y" in layout for layout in dates.open["layout"].unique()):
            dates.doubts.append("the year has two digits and is taken to come last")
    if undecided:
        _settle_undecided(undecided, [dates for dates in every if dates not in undecided])


def _mixed(dates: Dates, day_first: pd.DataFrame, month_first: pd.DataFrame) -> str:
    """Return the doubt about a column with dates that can only be day first and others only month first."""
    other = dates.filled(dates.open["layout"].value_counts().index[0], dates.order[::-1])
    both = len(dates.open) - len(day_first) - len(month_first)
    return (
        f"DAY AND MONTH ARE MIXED: of {len(dates.open):,} sampled values {len(day_first):,} can only be day"
        f" first ({_rows(day_first)}), {len(month_first):,} only month first ({_rows(month_first)}), {both:,}"
        f" either. The more frequent order is taken, the rest is set aside; to read the rest, too, add"
        f' "{other}" to its dates, but nothing then tells which of the {both:,} are read the wrong way'
    )


def _rows(parts: pd.DataFrame) -> str:
    return "rows " + ", ".join(str(row) for row in parts.index[:3])


def _settle_undecided(undecided: list[Dates], decided: list[Dates]) -> None:
    """Choose an order for dates of which no value tells it: that of other columns, else what fits best."""
    orders = {dates.order for dates in decided if len(dates.open)}
    said = "no value tells day from month"
    if len(orders) == 1:
        order, why = orders.pop(), f"{said}; the order is taken from the file's other columns of dates"
    else:
        apart = {order: _apart(undecided, decided, order) for order in ("dm", "md")}
        order = min(apart, key=lambda one: apart[one])
        other = order[::-1]
        if apart[order] < 0.8 * apart[other]:
            why = (f"{said}; in this order the dates of a row and of its neighbours lie {apart[order]:.0f}"
                   f" days apart on average, in the other {apart[other]:.0f}")  # fmt: skip
        else:
            order, why = "dm", f"{said}, nor does their sequence; the day is taken to come first"
    for dates in undecided:
        dates.order = order
        dates.doubts.append(why)


def _apart(undecided: list[Dates], decided: list[Dates], order: str) -> float:
    """Return how many days the dates of a row, and those of neighbouring rows, lie apart on average."""
    days = pd.concat([dates.days(order) for dates in undecided] + [dates.days() for dates in decided], axis=1)
    across = (days.max(axis=1) - days.min(axis=1)).dt.days
    along = days.iloc[:, 0].dropna().diff().abs().dt.days
    # Beyond half a year a gap says no more about the order.
    return float(across.clip(upper=180).mean() + along.clip(upper=180).fillna(0).mean())
