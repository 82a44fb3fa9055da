"""Rankings of customers on earlier days, beside what the next year brought: measures, and how sure they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from clvlab.evaluation.forecasts import Array
from clvlab.features.by_customer import net_of
from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused

Rows: TypeAlias = NDArray[np.int64]

LEFT = "left"
# Fewer customers say nothing about a ranking.
FEWEST = 10


class Ranked(NamedTuple):
    """Customers as they were ranked on one earlier day, and what the next year brought; one entry per customer.

    Attributes
    ----------
    customers
        Codes from 0, the same on all days.
    tier
        0 for the best.
    rankings
        (rankings, customers), higher first.
    amount, left
        Of the next year; ``left`` is missing where it cannot be told.
    first
        Shares of customers in the first tier, the first two, and so on, without all of them.
    """

    customers: Rows
    tier: Rows
    rankings: Array
    amount: Array
    left: Array
    first: Array

    def rows(self, chosen: Rows) -> Ranked:
        """Return chosen customers, each as often as it is named."""
        return Ranked(
            self.customers[chosen], self.tier[chosen], self.rankings[:, chosen], self.amount[chosen],
            self.left[chosen], self.first,
        )  # fmt: skip


def joined(
    ranks: pd.DataFrame, came: pd.DataFrame, rivals: Sequence[str], amount: str, tiers: Sequence[str], day: dt.date
) -> pd.DataFrame:
    """Return one day's ranked customers with what came: customer_id, tier, the rankings, the amount and left.

    Customers without a tier or without a place in a ranking are left out of all.

    Raises
    ------
    Refused
        For missing columns, customers with two rows or without an outcome, fewer than 10 customers, and an amount
        of which losses leave less than a tenth of the gains.
    """
    need_columns(came.columns, ["customer_id", amount])
    for frame, what in ((ranks, "ranks"), (came, "outcomes")):
        twice = frame["customer_id"].duplicated()
        if twice.any():
            raise Refused(f"The {what} of {day} have {frame['customer_id'][twice].iloc[0]!r} twice; give one row each.")
    outcome = came[["customer_id", amount, *came.columns.intersection([LEFT])]]
    rows = ranks.merge(outcome, on="customer_id", how="left")
    if rows[amount].isna().any():
        who = rows.loc[rows[amount].isna(), "customer_id"].iloc[0]
        raise Refused(f"The outcomes of {day} have no {amount} of {who!r}; give 0 for who bought nothing.")
    ranked = rows[[*rivals, *rows.columns.intersection(["points"])]].notna().all(axis=1) & rows["tier"].isin(tiers)
    rows = rows[ranked].reset_index(drop=True)
    if len(rows) < FEWEST:
        raise Refused(
            f"On {day} only {plural(len(rows), 'customers')} had a tier and a place in every ranking; fewer than"
            f" {FEWEST} say nothing about the next year."
        )
    if np.isnan(net_of(rows[amount])):
        raise Refused(
            f"The {amount} of the year after {day} adds up to {rows[amount].sum():,.0f}, less than a tenth of the"
            " gains: no share of it means anything."
        )
    return rows


def ranked(rows: pd.DataFrame, codes: pd.Index, rivals: Sequence[str], amount: str, tiers: Sequence[str]) -> Ranked:
    """Return one day's rows as arrays; the scorecard ranks by tier, and within a tier by points where there are any."""
    tier = pd.Index(tiers).get_indexer(rows["tier"])
    within = rows["points"].rank(pct=True).to_numpy() / 2 if "points" in rows.columns else 0.0
    left = rows[LEFT].to_numpy(dtype=float) if LEFT in rows.columns else np.full(len(rows), np.nan)
    return Ranked(
        codes.get_indexer(rows["customer_id"]), tier, np.vstack([within - tier, rows[list(rivals)].to_numpy(float).T]),
        rows[amount].to_numpy(float), left, np.bincount(tier, minlength=len(tiers)).cumsum()[:-1] / len(rows),
    )  # fmt: skip


def held_by_first(ranking: ArrayLike, amount: ArrayLike, shares: ArrayLike) -> Array:
    """Return the part of the total amount that the first customers of a ranking hold, by share of customers.

    Customers that the ranking puts level count with their mean, so that their order does not matter.

    Examples
    --------
    >>> held_by_first([3, 2, 1, 1], [10, 50, 40, 0], [0.25, 0.5, 0.75]).tolist()
    [0.1, 0.6, 0.8]
    """
    level = np.unique(-np.asarray(ranking, dtype=float), return_inverse=True)[1]
    customers, amounts = np.bincount(level), np.bincount(level, weights=np.asarray(amount, dtype=float))
    held = np.append(0.0, amounts.cumsum()) / amounts.sum()
    return np.interp(np.asarray(shares, dtype=float), np.append(0, customers.cumsum()) / len(level), held)


def scores(days: Sequence[Ranked]) -> Array:
    """Return every ranking's measures, the mean over days: (rankings, measures).

    The measures are what the first of the ranking hold, for as many as are in the first tier, the first two and so on;
    the rank correlation with the amount; and the chance that of one who left and one who stayed, the first ranked
    lower (AUC; missing where nobody is known to have left, or nobody to have stayed).
    """
    return np.mean([_scores(day) for day in days], axis=0)


def _scores(day: Ranked) -> Array:
    """Return one day's measures of every ranking; the amount is ranked once for all, since intervals ask 200 times."""
    held = np.full((len(day.rankings), len(day.first)), np.nan)
    if not np.isnan(net_of(day.amount)):
        held[:] = [held_by_first(ranking, day.amount, day.first) for ranking in day.rankings]
    ranks = rankdata(np.vstack([day.rankings, day.amount]), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):  # all alike on one side: missing
        correlations = np.corrcoef(ranks)[-1, :-1]
    return np.column_stack([held, correlations, _leavers_lower(day)])


def _leavers_lower(day: Ranked) -> Array:
    """Return every ranking's AUC, from the sum of the leavers' ranks (Mann and Whitney)."""
    known = ~np.isnan(day.left)
    left = day.left[known] == 1
    pairs = left.sum() * (~left).sum()
    if not pairs:
        return np.full(len(day.rankings), np.nan)
    ranks = rankdata(-day.rankings[:, known], axis=1)[:, left]
    return (ranks - np.arange(1, left.sum() + 1)).sum(axis=1) / pairs


def drawn(days: Sequence[Ranked], replicates: int, seed: int) -> Iterator[list[Ranked]]:
    """Yield the days with customers drawn with replacement, all days of a customer together."""
    count = 1 + max(int(day.customers.max()) for day in days)
    rng = np.random.default_rng(seed)
    for _ in range(replicates):
        times = np.bincount(rng.integers(count, size=count), minlength=count)
        yield [day.rows(np.repeat(np.arange(len(day.tier)), times[day.customers])) for day in days]


def amount_by_tier(days: Sequence[Ranked], tiers: int) -> Array:
    """Return the mean amount of the next year a customer of each tier, all days together; missing for an empty tier."""
    tier, amount = np.concatenate([day.tier for day in days]), np.concatenate([day.amount for day in days])
    with np.errstate(invalid="ignore"):
        return np.bincount(tier, weights=amount, minlength=tiers) / np.bincount(tier, minlength=tiers)


def interval(draws: Array) -> tuple[Array, Array]:
    """Return the 90% interval over draws, the first axis; missing where half of them or more tell nothing."""
    told = ~np.isnan(draws)
    enough = 2 * told.sum(axis=0) > len(draws)
    lower, upper = (np.full(draws.shape[1:], np.nan) for _ in range(2))
    if enough.any():
        lower[enough], upper[enough] = np.nanquantile(draws[:, enough], [0.05, 0.95], axis=0)
    return lower, upper
