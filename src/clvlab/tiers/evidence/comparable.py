"""Accounts that got an entitlement beside accounts that had not got it by then and were like them before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import rankdata

from clvlab.features.tables import need_columns
from clvlab.periods import period_label
from clvlab.refusal import Refused

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

# Comparable accounts are within so many percentile ranks of each other, in everything compared.
CALIPER = 0.1


class Grid:
    """An account-months frame as arrays of (accounts, months).

    Attributes
    ----------
    accounts
        Their codes.
    first
        The first month's number.
    begins, gets
        Each account's first month and the month in which it got the entitlement, as positions; ``gets`` is the number
        of months for one that never did.
    """

    def __init__(self, months: pd.DataFrame) -> None:
        need_columns(months.columns, ["customer_id", "month", "got", "at_risk", "event"])
        if months.empty:
            raise Refused("There are no account-months; give one row per account and month.")
        self._rows = months
        account, self.accounts = pd.factorize(months["customer_id"], sort=True)
        month = months["month"].to_numpy("int64")
        self.first = int(month.min())
        self._at = account, month - self.first
        self.length = int(month.max()) - self.first + 1
        there = np.zeros((len(self.accounts), self.length), dtype="int64")
        np.add.at(there, self._at, 1)
        self.begins = (there > 0).argmax(axis=1)
        self._refuse_gaps(there)
        got = self.of("got") > 0
        self.gets = np.where(got.any(axis=1), got.argmax(axis=1), self.length)

    def of(self, name: str) -> Floats:
        """Return a column, missing before an account's first month."""
        need_columns(self._rows.columns, [name])
        values = np.full((len(self.accounts), self.length), np.nan)
        values[self._at] = self._rows[name].to_numpy(dtype=float)
        return values

    def codes(self, names: Sequence[str]) -> Ints:
        """Return one code per combination of columns' values; -1 before an account's first month."""
        need_columns(self._rows.columns, names)
        values = np.full((len(self.accounts), self.length), -1, dtype="int64")
        values[self._at] = self._rows.groupby(list(names), dropna=False).ngroup() if names else 0
        return values

    def _refuse_gaps(self, there: Ints) -> None:
        """Refuse an account with a month twice or without one of its months up to the last."""
        wanted = np.arange(self.length) >= self.begins[:, None]
        odd = np.argwhere(there != wanted)
        if len(odd):
            account, month = odd[0]
            number = "twice" if there[account, month] > 1 else "missing"
            raise Refused(
                f"Account {self.accounts[account]!r} has {period_label(self.first + month, 'month')} {number}; give"
                " every month once, from the account's first to the last of all, with 0 after it left."
            )


class Sets(NamedTuple):
    """Accounts that got it, each with its comparable ones: one entry per member of a set.

    Attributes
    ----------
    of, account
        Rows of the grid: the account that got it, by which the set goes, and the member.
    month
        Position of the month in which it got it.
    given
        Whether the member is that account.
    weight
        1 for that account; those compared with it share 1.
    """

    of: Ints
    account: Ints
    month: Ints
    given: NDArray[np.bool_]
    weight: Floats


def comparable(grid: Grid, alike: Sequence[str], near: Sequence[str], before: int, after: int, neighbours: int) -> Sets:
    """Match accounts that got the entitlement with accounts that had not got it by the end of the following month.

    Parameters
    ----------
    grid
        Account-months.
    alike, near
        Columns in which they are the same, and columns in which they are near each other, by percentile rank among the
        accounts of that month; both as known when the ``before`` months began.
    before, after
        Months of history and of follow-up that each account needs; the month in which it got it belongs to neither,
        for who got it on the 20th had not left by the 19th.
    neighbours
        How many of the nearest are compared with each.

    Notes
    -----
    Matched on the very months that serve as baseline, an account would be paired with others that were high or low by
    chance just then; they fall back afterwards, and that passes for an effect (Daw, J. R. and Hatfield, L. A. 2018,
    "Matching and regression to the mean in difference-in-differences analysis", Health Services Research 53(6)).
    """
    kinds, at_risk = grid.codes(alike), np.nan_to_num(grid.of("at_risk")) > 0
    values = np.stack([grid.of(name) for name in near], axis=-1)
    pairs = [np.empty((3, 0), dtype="int64")]
    for month in range(before, grid.length - after):
        known = (
            (grid.begins <= month - before) & at_risk[:, month + 1] & ~np.isnan(values[:, month - before]).any(axis=1)
        )
        got, not_yet = np.flatnonzero(known & (grid.gets == month)), np.flatnonzero(known & (grid.gets > month + 1))
        pool = np.append(got, not_yet)
        ranks = rankdata(values[pool, month - before], axis=0) / max(len(pool), 1)
        for kind in np.unique(kinds[got, month - before]):
            own, others = (kinds[who, month - before] == kind for who in (got, not_yet))
            who, other = _nearest(ranks[: len(got)][own], ranks[len(got) :][others], neighbours)
            pairs.append(np.vstack([got[own][who], not_yet[others][other], np.full(len(who), month)]))
    of, other, month = np.hstack(pairs)
    first, place, count = np.unique(of, return_index=True, return_counts=True)
    return Sets(
        np.append(first, of), np.append(first, other), np.append(month[place], month),
        np.arange(len(first) + len(of)) < len(first),
        np.append(np.ones(len(first)), 1 / count[np.searchsorted(first, of)]),
    )  # fmt: skip


def _nearest(points: Floats, others: Floats, neighbours: int) -> tuple[Ints, Ints]:
    """Return pairs of rows: each point with its nearest others, none of them further in any column than the caliper."""
    if not len(others):
        return np.empty(0, dtype="int64"), np.empty(0, dtype="int64")
    distance, other = cKDTree(others).query(
        points, k=np.arange(1, neighbours + 1), p=np.inf, distance_upper_bound=CALIPER
    )
    near = np.isfinite(distance)
    return np.nonzero(near)[0], other[near]
