"""Spells as the estimators take them: checked once, then plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.features.tables import need_columns
from clvlab.refusal import Refused

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Spells:
    """Time at risk, in the order of the rows given.

    Attributes
    ----------
    entry
        Age at which a spell came under observation; -inf for those observed from their beginning, which are at risk
        at age 0 too.
    exit
        Age at its end.
    event
        Whether it ended by the event, not by the end of follow-up.
    """

    entry: Floats
    exit: Floats
    event: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of spells."""
        return len(self.exit)


def arrange(spells: pd.DataFrame) -> Spells:
    """Check spells and return them as arrays.

    Parameters
    ----------
    spells
        ``duration`` (age at exit), ``event`` (0 or 1) and, when some came under observation late, ``entry`` (age at
        entry); any unit of time, the same for both. A customer may have several rows, whose time at risk must not
        overlap.

    Raises
    ------
    Refused
        When there is no row, a column is missing, a value is missing, negative or no number, ``event`` is neither 0
        nor 1, or a spell ends when or before it enters.

    Examples
    --------
    >>> arranged = arrange(pd.DataFrame({"entry": [0.0, 3.0], "duration": [0.0, 7.5], "event": [0, 1]}))
    >>> arranged.entry.tolist(), arranged.event.tolist()
    ([-inf, 3.0], [False, True])
    """
    need_columns(spells.columns, ["duration", "event"])
    if not len(spells):
        raise Refused("Nobody could be seen to leave or stay; give records over more months, or of more customers.")
    exit_ = numbers(spells, "duration")
    late = numbers(spells, "entry") if "entry" in spells.columns else np.zeros(len(spells))
    for name, values in (("duration", exit_), ("entry", late)):
        if (values < 0).any():
            raise Refused(f"{_rows(values < 0)} a negative {name}; time at risk counts from 0.")
    event = numbers(spells, "event")
    odd = ~np.isin(event, (0, 1))
    if odd.any():
        raise Refused(f"{_rows(odd)} an event of {event[odd][0]:g}; give 1 where the customer left, else 0.")
    backwards = (late > 0) & (exit_ <= late)
    if backwards.any():
        raise Refused(
            f"{_rows(backwards)} a duration at or below its entry; duration is the age at the end, not the time since"
            " entry. Leave out spells that ended before they were observed."
        )
    return Spells(np.where(late > 0, late, -np.inf), exit_, event == 1)


def numbers(frame: pd.DataFrame, name: str) -> Floats:
    """Return a column as floats.

    Raises
    ------
    Refused
        When it is missing, holds something else, or has missing or infinite values.
    """
    need_columns(frame.columns, [name])
    column = frame[name]
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise Refused(f"Column {name!r} holds {column.dtype}, not numbers; give numbers (a 0/1 column per category).")
    values = column.to_numpy(dtype=float, na_value=np.nan)
    unknown = ~np.isfinite(values)
    if unknown.any():
        raise Refused(f"{_rows(unknown)} no finite number in column {name!r}; fill or remove them first.")
    return values


def matrix(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Return columns as a matrix of floats of shape (rows, columns); refuses like :func:`numbers`."""
    return np.column_stack([numbers(frame, name) for name in names]) if len(names) else np.empty((len(frame), 0))


def _rows(chosen: NDArray[np.bool_]) -> str:
    """Return how many rows, and the first, as the beginning of a sentence."""
    count, first = int(chosen.sum()), int(np.flatnonzero(chosen)[0])
    return f"Row {first} (counted from 0) has" if count == 1 else f"{count:,} rows (the first: {first}) have"
