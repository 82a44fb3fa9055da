"""What purchase models read: frequency, recency and T per customer, checked, with identical rows counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused, nearest

if TYPE_CHECKING:
    import pandas as pd

Array: TypeAlias = NDArray[np.float64]

# Fewer repeat buyers than this say next to nothing about how customers differ: two shapes and two scales.
LEAST_REPEAT_BUYERS = 10
_ROWS_NAMED = 3
_ROUNDING = 1e-9
# With more distinct histories than this nothing is flat, and sorting them takes as long as a fit.
_SORTED = 50_000


@dataclass(frozen=True)
class Histories:
    """Distinct histories and how often each occurs.

    Attributes
    ----------
    frequency, recency, age
        One entry per distinct history; ``age`` is T. Recency and age in one time unit, the table's.
    count
        Customers with this history (the sum of their weights).
    entry
        How long each had been a customer when the records began; 0 for those who came later.
    covariates
        (histories, covariates); no columns without any.
    inverse
        For each row of the table, the position of its history.
    index
        The table's index.
    period
        The name of the time unit, where the table says it in ``attrs["period"]``.
    """

    frequency: Array
    recency: Array
    age: Array
    count: Array
    entry: Array
    covariates: Array
    inverse: NDArray[np.intp]
    index: pd.Index
    period: str | None

    def rows(self, rows: slice | NDArray[np.intp]) -> Histories:
        """Return some of the distinct histories."""
        columns = ("frequency", "recency", "age", "count", "entry", "covariates")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def __len__(self) -> int:
        """Return the number of distinct histories."""
        return len(self.frequency)


def read_histories(
    table: pd.DataFrame,
    weights: str | None = None,
    covariates: Sequence[str] = (),
    opportunities: bool = False,
    entry: str | None = None,
) -> Histories:
    """Return the table's histories, each distinct one once.

    Parameters
    ----------
    table
        Columns ``frequency``, ``recency``, ``T``, one row per customer.
    weights
        A column that says how many customers a row stands for.
    covariates
        Numeric columns that belong to the history.
    opportunities
        Whether recency and T count opportunities (whole numbers, at most one purchase in each).
    entry
        A column with how long each had been a customer when the records began, in the unit of T.

    Raises
    ------
    Refused
        For a missing, empty or non-numeric column, missing or negative values, a recency above T, a frequency
        that is not whole, purchases without opportunity.
    """
    never_negative = ["frequency", "recency", "T", *([weights] if weights else []), *([entry] if entry else [])]
    names = [*never_negative, *covariates]
    columns = numeric_columns(table, names)
    index = table.index
    frequency, recency, age = (columns[name] for name in ("frequency", "recency", "T"))
    for name in never_negative:
        refuse_rows(columns[name] < 0, index, name, "is negative", "correct them or leave them out")
    late = recency > age * (1 + _ROUNDING) + _ROUNDING
    refuse_rows(late, index, "recency", "is above T", "measure both from the first purchase, up to one as-of date")
    whole = "give the number of purchases after the first"
    refuse_rows(frequency != np.floor(frequency), index, "frequency", "is no whole number", whole)
    lone = (frequency == 0) & (recency > 0)
    refuse_rows(lone, index, "recency", "is above 0 where frequency is 0", "give 0 for a single purchase")
    if opportunities:
        for name in ("recency", "T"):
            broken = columns[name] != np.floor(columns[name])
            refuse_rows(broken, index, name, "is no whole number", "count it in purchase opportunities")
        crowded = frequency > recency
        refuse_rows(crowded, index, "frequency", "is above recency", "count at most one purchase per opportunity")
    count = columns[weights] if weights else np.ones(len(table))
    recency = np.minimum(recency, age)
    beside = [columns[name] for name in (*([entry] if entry else []), *covariates)]
    first, inverse = in_order([frequency, recency, age, *beside])
    return Histories(
        frequency=frequency[first],
        recency=recency[first],
        age=age[first],
        count=np.bincount(inverse, weights=count, minlength=len(first)).astype(float),
        entry=columns[entry][first] if entry else np.zeros(len(first)),
        covariates=np.column_stack([columns[name][first] for name in covariates] or [np.empty((len(first), 0))]),
        inverse=inverse,
        index=index,
        period=table.attrs.get("period"),
    )


def refuse_few_repeat_buyers(repeat_buyers: float) -> None:
    """Refuse a table with fewer than ten customers who bought again."""
    if repeat_buyers < LEAST_REPEAT_BUYERS:
        raise Refused(
            f"Only {plural(int(repeat_buyers), 'customers')} bought again and a fit needs {LEAST_REPEAT_BUYERS} repeat "
            "buyers; give a longer window or more customers."
        )


def numeric_columns(table: pd.DataFrame, names: Sequence[str]) -> dict[str, Array]:
    """Return columns as finite floats, or refuse with the rows and the column at fault."""
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise Refused(f"Give a pandas DataFrame with the columns {', '.join(names)}, not a {type(table).__name__}.")
    for name in names:
        if name not in table.columns:
            near = nearest(name, [str(column) for column in table.columns])
            raise Refused(f"The table has no column {name!r}{near}; it needs {', '.join(names)}.")
    if table.empty:
        raise Refused(f"The table has no rows; give one row per customer with {', '.join(names)}.")
    return {name: _numbers(table[name], name) for name in names}


def _numbers(values: pd.Series, name: str) -> Array:
    """Return a column as finite floats."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
    else:
        texts = np.array([isinstance(value, (str, bytes)) for value in values])
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        wrong = texts | (np.isnan(numbers) & values.notna().to_numpy())
        refuse_rows(wrong, values.index, name, "is not numeric", "give numbers, without units or separators")
    refuse_rows(~np.isfinite(numbers), values.index, name, "is missing", "fill them in or leave these customers out")
    return numbers


def refuse_rows(wrong: NDArray[np.bool_], index: pd.Index, column: str, fault: str, remedy: str) -> None:
    """Refuse when some rows are ``wrong``, naming the first of them, the column, and what to do."""
    if not wrong.any():
        return
    labels = [repr(label) for label in index[np.flatnonzero(wrong)[:_ROWS_NAMED]].tolist()]
    more = int(wrong.sum()) - len(labels)
    rows = f"row{'s' if len(labels) + more > 1 else ''} {', '.join(labels)}{f' and {more:,} more' if more else ''}"
    raise Refused(f"{column} {fault} in {rows}; {remedy}.")


def in_order(columns: Sequence[Array]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the same as :func:`distinct`, sorted unless there are many.

    A sum's last bits depend on its order, and where a likelihood is flat they decide where a search ends.
    """
    first, inverse = distinct(columns)
    if len(first) > _SORTED:
        return first, inverse
    order = np.lexsort([column[first] for column in reversed(columns)])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[inverse]


def distinct(columns: Sequence[Array]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first position of each distinct row, in order of appearance, and each row's place among them.

    Rows are told apart by a 64-bit hash, which is then verified; sorting a million rows takes several times as
    long.
    """
    import pandas as pd

    columns = [np.ascontiguousarray(column) + 0.0 for column in columns]  # + 0.0 turns -0.0 into 0.0
    key = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        key = (key ^ column.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    inverse, _ = pd.factorize(key)
    first = _first_of(inverse)
    if not all(np.array_equal(column, column[first[inverse]]) for column in columns):
        _, inverse = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
        first = _first_of(inverse)
    return first, inverse


def _first_of(inverse: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the first position of every code from 0 to the highest."""
    first = np.empty(int(inverse.max()) + 1, dtype=np.intp)
    first[inverse[::-1]] = np.arange(len(inverse))[::-1]
    return first
