"""Groups of spells that an estimate is made from, and who they belong to."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.churn.spells import Spells, arrange
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused

_MOST_GROUPS = 50


@dataclass(frozen=True)
class Sample:
    """One group's spells.

    Attributes
    ----------
    group
        The group's value; None when spells are not grouped.
    rows
        Which rows of the frame they are, counted from 0.
    spells
        Their time at risk.
    customer
        A number per row, the same for rows of one customer, in all groups.
    continued
        Whether a row ends only because the customer's next row begins there: a piece of a spell, no end of one.
    """

    group: Hashable
    rows: NDArray[np.int64]
    spells: Spells
    customer: NDArray[np.int64]
    continued: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Return the number of spells, pieces of one taken together."""
        return int((~self.continued).sum())

    @property
    def customers(self) -> int:
        """Return the number of customers."""
        return _different(self.customer)

    @property
    def clustered(self) -> bool:
        """Return whether some customer has several spells."""
        return self.customers < self.count


def samples(spells: pd.DataFrame, by: str | None = None) -> list[Sample]:
    """Check spells and return them by group, groups in order of their values (or categories).

    Raises
    ------
    Refused
        As :func:`clvlab.churn.spells.arrange`; when ``by`` is no column, has a missing value or too many values, or a
        customer is missing.

    Examples
    --------
    >>> frame = pd.DataFrame({"duration": [3.0, 5.0, 7.0], "event": [1, 0, 1], "segment": ["b", "a", "b"]})
    >>> [(sample.group, sample.rows.tolist()) for sample in samples(frame, "segment")]
    [('a', [1]), ('b', [0, 2])]
    """
    arranged, customer = arrange(spells), _customers(spells)
    if by is None:
        return [_sample(None, np.arange(len(spells)), arranged, customer)]
    need_columns(spells.columns, [by])
    _need_values(spells, by)
    column = pd.Categorical(spells[by])
    groups = [(value, np.flatnonzero(column.codes == code)) for code, value in _used(column)]
    return [_sample(value, rows, arranged, customer) for value, rows in groups]


def several_spells(groups: Sequence[Sample]) -> bool:
    """Return whether some customer has several spells, in one group or in different ones."""
    return _different(np.concatenate([sample.customer for sample in groups])) < sum(sample.count for sample in groups)


def _sample(group: Hashable, rows: NDArray[np.int64], spells: Spells, customer: NDArray[np.int64]) -> Sample:
    own = Spells(spells.entry[rows], spells.exit[rows], spells.event[rows])
    return Sample(group, rows, own, customer[rows], _continued(own, customer[rows]))


def _used(column: pd.Categorical) -> list[tuple[int, Hashable]]:
    """Return code and value of the categories that have rows."""
    codes = np.unique(column.codes)
    if len(codes) > _MOST_GROUPS:
        raise Refused(
            f"There are {len(codes):,} groups, more than can be compared ({_MOST_GROUPS}); give a column with few"
            " values, such as a number cut into bands."
        )
    return [(int(code), column.categories[code]) for code in codes]


def _different(customer: NDArray[np.int64]) -> int:
    """Return how many different customers there are."""
    return int(np.count_nonzero(np.bincount(customer)))


def _customers(spells: pd.DataFrame) -> NDArray[np.int64]:
    """Return a number per row that is the same for rows of one customer; without customers each row is one."""
    if "customer_id" not in spells.columns:
        return np.arange(len(spells))
    _need_values(spells, "customer_id")
    return pd.factorize(spells["customer_id"])[0].astype(np.int64)


def _need_values(spells: pd.DataFrame, name: str) -> None:
    missing = int(spells[name].isna().sum())
    if missing:
        raise Refused(f"{missing:,} of {len(spells):,} rows have no {name}; fill or remove them first.")


def _continued(spells: Spells, customer: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows end without the event exactly where another row of the same customer begins."""
    if _different(customer) == len(customer):
        return np.zeros(len(customer), dtype=bool)
    places = pd.DataFrame(
        {"customer": np.tile(customer, 2), "age": np.concatenate([spells.entry, spells.exit])}
    ).groupby(["customer", "age"], sort=False)
    place = places.ngroup().to_numpy()
    begins, ends = place[: len(customer)], place[len(customer) :]
    return ~spells.event & np.isin(ends, begins)
