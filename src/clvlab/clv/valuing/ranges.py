"""Figures with the ends of their intervals, pooled over groups and multiplied."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from clvlab.shrinkage import pool_means, pool_rates

# A mean with so many times the others' largest error says nothing itself and gets the common figure.
_SAYS_NOTHING = 1000.0


class Range(NamedTuple):
    """Figures with the ends of their 90% intervals."""

    value: pd.Series
    lower: pd.Series
    upper: pd.Series

    def times(self, factor: pd.Series) -> Range:
        """Return it times a known factor of any sign."""
        ends = self.lower * factor, self.upper * factor
        return Range(self.value * factor, np.minimum(*ends), np.maximum(*ends))

    def of(self, keys: pd.Series) -> Range:
        """Return each key's figures, on the index of ``keys``."""
        return Range(*(keys.map(part) for part in self))

    def columns(self, name: str) -> dict[str, pd.Series]:
        """Return it as columns: name, name_lower, name_upper."""
        return {name: self.value, f"{name}_lower": self.lower, f"{name}_upper": self.upper}


def product(a: Range, b: Range) -> Range:
    """Multiply two independent figures.

    Where neither can be negative, distances on the log scale add up as squares (Donner and Zou 2012); else the
    interval spans the products of the ends, which is wider than need be.
    """
    value = a.value * b.value
    corners = pd.concat([x * y for x in (a.lower, a.upper) for y in (b.lower, b.upper)], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        down = np.hypot(*(np.log(x.value / x.lower) for x in (a, b)))
        up = np.hypot(*(np.log(x.upper / x.value) for x in (a, b)))
        positive = (a.lower >= 0) & (b.lower >= 0) & (value > 0)
        lower, upper = value * np.exp(-down), value * np.exp(up)
    return Range(
        value,
        lower.where(positive, corners.min(axis=1, skipna=False)),
        upper.where(positive, corners.max(axis=1, skipna=False)),
    )


def pooled_rates(succeeded: pd.Series, group: pd.Series, every: pd.Index) -> Range:
    """Return the rate of each group (1 and 0, or parts between), drawn towards the common one.

    Examples
    --------
    >>> rates = pooled_rates(pd.Series([1.0, 0.0]), pd.Series(["a", "a"]), pd.Index(["a", "b"]))
    >>> bool(rates.value.between(0, 1).all())
    True
    """
    by_group = succeeded.astype(float).groupby(group).agg(["sum", "count"]).reindex(every, fill_value=0.0)
    found = pool_rates(by_group["sum"].clip(upper=by_group["count"]), by_group["count"])
    return Range(*(pd.Series(x, every) for x in (found.estimate, found.lower, found.upper)))


def pooled_means(values: pd.Series, group: pd.Series, every: pd.Index) -> tuple[Range, float]:
    """Return the mean of each group, drawn towards the common one, and the spread within groups.

    A group without a value gets the common mean, as uncertain as groups differ. All missing without any value.
    """
    values, group = values[values.notna()], group[values.notna()]
    if values.empty:
        nothing = pd.Series(np.nan, every)
        return Range(nothing, nothing, nothing), float("nan")
    by_group = values.groupby(group).agg(["mean", "count"])
    left = ((values - group.map(by_group["mean"])) ** 2).sum()
    free = len(values) - len(by_group)
    spread = float(np.sqrt(left / free)) if free else float(values.std(ddof=0))
    spread = max(spread, 1e-3 * abs(float(values.mean())), 1e-9) if len(values) > 1 else abs(float(values.iloc[0]))
    by_group = by_group.reindex(every)
    pooled = _pool(by_group["mean"], spread / np.sqrt(by_group["count"]))
    return pooled, spread


def _pool(means: pd.Series, errors: pd.Series) -> Range:
    """Pool means, those that are missing at the common mean."""
    known = means.notna().to_numpy()
    ours, certain = means.to_numpy()[known], np.maximum(errors.to_numpy()[known], 1e-9)
    found = pool_means(np.append(ours, ours.mean()), np.append(certain, _SAYS_NOTHING * certain.max()))
    figures = []
    for pooled in (found.estimate, found.lower, found.upper):
        figure = np.full(len(means), pooled[-1])
        figure[known] = pooled[:-1]
        figures.append(pd.Series(figure, means.index))
    return Range(*figures)


def margin_rates(year: pd.DataFrame, similar: pd.Series) -> Range:
    """Return margin over revenue of each customer in a year, drawn towards that of similar accounts.

    Parameters
    ----------
    year
        One year's sums by customer, from :func:`clvlab.features.winnable.of_year`.
    similar
        Each customer's group.

    Notes
    -----
    A customer's own rate is the ratio of sums. Its error comes from the scatter of shipments around it, as large
    relative to revenue for all customers. Groups are averaged over rates drawn towards the common one first, so that
    one claim on one shipment moves no group.
    """
    known = year.where(year["costed"] > 0)
    if known["costed"].isna().all():
        nothing = pd.Series(np.nan, year.index)
        return Range(nothing, nothing, nothing)
    rate = known["margin"] / known["costed"]
    left = known["margin_squares"] - 2 * rate * known["cross"] + rate**2 * known["costed_squares"]
    free = ((1 - 1 / known["orders"].clip(lower=1)) * known["costed_squares"]).sum()
    scatter = np.sqrt(max(left.sum() / free, 1e-9)) if free > 0 else 1.0
    error = scatter * np.sqrt(known["costed_squares"]) / known["costed"]
    towards_all = _pool(rate, error).value.where(rate.notna())
    common = pooled_means(towards_all, similar, pd.Index(similar.unique()))[0].of(similar).value
    return Range(*(common + part for part in _pool(rate - common, error)))
