"""Lists made from the records: "the 20 largest", "every region", "the watch list's top 30".

A batch file names them where one report is wanted for each. They are read strictly, and the same records always give
the same list in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from clvlab.refusal import Refused, nearest

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.study import Study

ALLOWED = '"the 20 largest", "the watch list\'s top 30", "every region" (any column of customers), "every tier"'


def reader(selection: str) -> Callable[[Study], list[str]]:
    """Return what picks a selection's values from a study.

    Parameters
    ----------
    selection
        "the N largest" (customers by revenue of the last 365 days, see
        :attr:`~clvlab.account.accounts.Accounts.by_size`), "the watch list's top N", "every C" (values of a column C of
        customers, or every tier).

    Returns
    -------
    callable
        From a study to the values, as texts; none when nothing in the records answers.

    Raises
    ------
    Refused
        When the text is no such selection.

    Examples
    --------
    >>> reader("the biggest 20")
    Traceback (most recent call last):
    ...
    clvlab.refusal.Refused: 'the biggest 20' is no selection; write "the 20 largest", "the watch list's top 30", \
"every region" (any column of customers), "every tier", or a list of values in brackets.
    """
    for pattern, read in _READERS:
        if found := re.fullmatch(pattern, selection):
            return read(found[1])
    raise Refused(f"{selection!r} is no selection; write {ALLOWED}, or a list of values in brackets.")


def _largest(count: str) -> Callable[[Study], list[str]]:
    return lambda study: _codes(study.accounts.by_size.index, int(count))


def _watched(count: str) -> Callable[[Study], list[str]]:
    return lambda study: _codes(study.watch_list.to_frame()["customer_id"], int(count))


def _every(column: str) -> Callable[[Study], list[str]]:
    return lambda study: _tiers(study) if column == "tier" else _values(study, column)


def _tiers(study: Study) -> list[str]:
    return sorted(study.tiers.labels.dropna().astype(str).unique())


def _values(study: Study, column: str) -> list[str]:
    from clvlab.account.group import BLANK
    from clvlab.records.staged import SOURCE_FILE, SOURCE_ROW

    customers = study.records["customers"].drop(SOURCE_FILE, SOURCE_ROW)
    if column not in customers.columns:
        raise Refused(
            f"customers have no column {column!r} to make one report for each of{nearest(column, customers.columns)};"
            f" there are {', '.join(customers.columns)} and tier."
        )
    values = customers[column].cast("string").execute()
    # Whose region or manager is blank is a group of its own; in other columns a blank is no value to report on.
    apart = [BLANK[column]] if column in BLANK and values.isna().any() else []
    return [*sorted(values.dropna().unique()), *apart]


def _codes(customers: pd.Index | pd.Series, count: int) -> list[str]:
    return [str(code) for code in customers[:count]]


_READERS: tuple[tuple[str, Callable[[str], Callable[[Study], list[str]]]], ...] = (
    (r"the ([1-9]\d{0,5}) largest", _largest),
    (r"the watch list's top ([1-9]\d{0,5})", _watched),
    (r"every ([a-z_]+)", _every),
)
