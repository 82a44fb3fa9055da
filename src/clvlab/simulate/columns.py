"""From numpy arrays to Arrow columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clvlab.simulate.calendar import Calendar, Floats, Ints
from clvlab.simulate.customers import Flags

HOURS = 24.0


def codes(prefix: str, numbers: Ints, width: int) -> Any:
    """Identifiers such as C00042; blank for negative numbers."""
    text = pc.utf8_lpad(pa.array(np.maximum(numbers, 0)).cast(pa.string()), width, "0")
    named = pc.binary_join_element_wise(prefix, text, "")
    return pc.if_else(pa.array(numbers >= 0), named, pa.scalar(None, pa.string()))


def customer_codes(numbers: Ints) -> Any:
    """Customer identifiers: C00001 is the first."""
    return codes("C", np.where(np.asarray(numbers) >= 0, np.asarray(numbers) + 1, -1), 5)


def words(names: Sequence[str], chosen: Ints) -> Any:
    """Names by position; blank for negative positions."""
    return pa.array(list(names)).take(pa.array(np.maximum(chosen, 0), mask=np.asarray(chosen) < 0))


def texts(values: Sequence[str | None]) -> Any:
    """Text as it is; None is blank."""
    return pa.array(values, pa.string())


def dates(calendar: Calendar, day: Ints | Floats, blank: Flags | None = None) -> Any:
    """Dates of day numbers."""
    return pa.array(calendar.date(np.asarray(day, dtype=np.float64)), pa.date32(), mask=blank)


def times(calendar: Calendar, hour: Floats, blank: Flags | None = None) -> Any:
    """Times of hours counted from the window's start, to the second."""
    seconds = np.round(np.asarray(hour) * 3600).astype("m8[s]")
    return pa.array(calendar.start.astype("M8[s]") + seconds, pa.timestamp("s"), mask=blank)


def numbers(values: Floats, digits: int = 2, blank: Flags | None = None) -> Any:
    """Rounded numbers."""
    return pa.array(np.round(np.asarray(values, dtype=np.float64), digits) + 0.0, mask=blank)


def wholes(values: Ints | Floats, blank: Flags | None = None) -> Any:
    """Whole numbers."""
    return pa.array(np.asarray(values).astype(np.int64), mask=blank)


def flags(values: Flags, blank: Flags | None = None) -> Any:
    """True and false."""
    return pa.array(np.asarray(values, dtype=bool), mask=blank)
