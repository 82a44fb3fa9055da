"""A figure per customer with its standard error: facts, ratings, shrunk rates and means, and how parts make one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from clvlab.clv.valuing.ranges import Range, pooled_means
from clvlab.features.by_customer import aligned
from clvlab.features.rows import Floats
from clvlab.shrinkage import NINETY, Pooled, pool_counts, pool_rates

# Standard deviation of what rounding to whole steps takes off, in steps; also of a place anywhere from 0 to 1.
ROUNDING = 1 / np.sqrt(12)
# A 90% interval is so many standard errors wide.
WIDTH = 2 * NINETY


class Measured(NamedTuple):
    """One figure per customer and its standard error, both by customer_id; missing where it is not known."""

    value: pd.Series
    error: pd.Series

    def of(self, customers: pd.Index) -> Measured:
        """Return it of these customers, missing where it says nothing of one."""
        if self.value.index is customers and self.error.index is customers:
            return self
        both = aligned(pd.DataFrame(self._asdict(), copy=False), customers)
        return Measured(both["value"], both["error"])

    def on_scale(self, zero: float, one: float) -> Measured:
        """Return its place between two stated values, from 0 (at ``zero`` or beyond) to 1 (at ``one`` or beyond)."""
        return Measured(((self.value - zero) / (one - zero)).clip(0.0, 1.0), self.error / abs(one - zero))


def nothing(customers: pd.Index) -> Measured:
    """Return a figure that is known of nobody."""
    return Measured(pd.Series(np.nan, customers), pd.Series(np.nan, customers))


def fact(value: pd.Series) -> Measured:
    """Return what was counted or is taken at its word: without error."""
    value = value.astype("float64")
    return Measured(value, value.where(value.isna(), 0.0))


def rating(value: pd.Series) -> Measured:
    """Return a rating given in whole steps: taken at its word, but for rounding (0.29 of a step)."""
    value = value.astype("float64")
    return Measured(value, value.where(value.isna(), ROUNDING))


def estimated(frame: pd.DataFrame, name: str) -> Measured:
    """Return a model's estimates with the ends of their 90% intervals: ``name``, ``<name>_lower``, ``<name>_upper``.

    Parameters
    ----------
    frame
        One row per customer, indexed by customer_id.
    name
        Of the estimate.
    """
    return from_range(Range(*(frame[name + end].astype("float64") for end in ("", "_lower", "_upper"))))


def from_range(figures: Range) -> Measured:
    """Return figures with 90% intervals; half an interval's width over 1.645 stands for the standard error.

    Examples
    --------
    >>> one = pd.Series([1.0], ["a"])
    >>> from_range(Range(one, one - 1.645, one + 1.645)).error.round(3).tolist()
    [1.0]
    """
    return Measured(figures.value, (figures.upper - figures.lower) / WIDTH)


def shrunk_rate(happened: pd.Series, trials: pd.Series) -> Measured:
    """Return each customer's rate drawn towards the common one; missing without a trial.

    Examples
    --------
    >>> late = shrunk_rate(pd.Series([0, 5, 0], list("abc")), pd.Series([2, 50, 0], list("abc")))
    >>> bool(0 < late.value["a"] < 0.1), bool(late.error["a"] > late.error["b"]), bool(np.isnan(late.value["c"]))
    (True, True, True)
    """
    return _shrunk(pool_rates, happened, trials)


def shrunk_count(events: pd.Series, exposure: pd.Series) -> Measured:
    """Return each customer's events per unit of exposure drawn towards the common one; missing without exposure."""
    return _shrunk(pool_counts, events, exposure)


def _shrunk(pool: Callable[[Floats, Floats], Pooled], happened: pd.Series, among: pd.Series) -> Measured:
    """Return what pooling makes of the customers with a trial or exposure, missing for the others."""
    found, known = nothing(among.index), among.to_numpy() > 0
    if known.any():
        pooled = pool(happened.to_numpy()[known], among.to_numpy()[known])
        found.value[known] = pooled.estimate
        found.error[known] = (pooled.upper - pooled.lower) / WIDTH
    return found


def shrunk_mean(values: pd.Series, customer: pd.Series, customers: pd.Index) -> Measured:
    """Return the mean of each customer's answers drawn towards the common one; missing without an answer.

    Parameters
    ----------
    values, customer
        One row per answer: what it says, and who gave it.
    customers
        Everyone.
    """
    found = from_range(pooled_means(values, customer, customers)[0])
    answered = customers.isin(customer[values.notna()])
    return Measured(found.value.where(answered), found.error.where(answered))


def combined(parts: Sequence[Measured]) -> Measured:
    """Return the mean of parts that lie between 0 and 1, each weighing the same.

    A part that is known of nobody is left out. One that is not known of this customer counts as the mean of the
    others, with their spread as its error; a customer of whom fewer than half of the parts are known has no figure.

    Examples
    --------
    >>> a = fact(pd.Series([0.2, 0.4, 0.6, np.nan], list("abcd")))
    >>> b = fact(pd.Series([0.0, 1.0, np.nan, np.nan], list("abcd")))
    >>> combined([a, b]).value.round(2).tolist(), combined([a, b]).error.round(2).tolist()
    ([0.1, 0.7, 0.55, nan], [0.0, 0.0, 0.35, nan])
    """
    there = [part for part in parts if part.value.notna().any()]
    if not there:
        return nothing(parts[0].value.index)
    customers = there[0].value.index
    value, variance, known = np.zeros((3, len(customers)))
    for part in there:
        value += _told(part.value, pd.Series.mean, part.value)
        variance += _told(part.error, _spread, part.value) ** 2
        known += part.value.notna().to_numpy()
    few = known * 2 < len(there)
    value[few] = variance[few] = np.nan
    return Measured(pd.Series(value / len(there), customers), pd.Series(np.sqrt(variance / len(there) ** 2), customers))


def _told(column: pd.Series, of_all: Callable[[pd.Series], float], values: pd.Series) -> Floats:
    """Return a column with what is told of all values where it is missing."""
    numbers = column.to_numpy()
    missing = np.isnan(numbers)
    return np.where(missing, of_all(values), numbers) if missing.any() else numbers


def _spread(value: pd.Series) -> float:
    """Return how much customers differ; one customer alone may lie anywhere from 0 to 1."""
    return float(value.std()) if value.count() > 1 else ROUNDING
