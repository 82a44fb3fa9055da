"""Who comes before whom, and how much they hold: what classes by rank are cut from."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.features.by_customer import each_once
from clvlab.refusal import Refused

Floats: TypeAlias = NDArray[np.float64]

# Amounts are equal, and a cut is reached, when they differ by less than this part of the whole: an engine adds in any
# order, and the last bits of a sum must not part two customers.
DIGITS = 12
_EDGE = 1e-9
_WHOLE = 100  # from here on an amount is told without decimals


def one_amount_each(amount: pd.Series, what: str) -> pd.Series:
    """Return amounts as floats by customer_id.

    Raises
    ------
    Refused
        When there is no customer, a customer has several amounts, or an amount is no finite number. A missing amount
        is none of these.
    """
    if amount.empty:
        raise Refused(f"Nobody has {what} to be classed by; choose another amount or day.")
    codes = amount.index
    if not each_once(codes):
        raise Refused(f"{what} has several amounts for {codes[codes.duplicated()][0]!r}; give one per customer.")
    if not pd.api.types.is_numeric_dtype(amount) or pd.api.types.is_bool_dtype(amount):
        raise Refused(f"{what} holds {amount.dtype}, not numbers; give one number per customer.")
    numbers = amount.astype("float64")
    if codes.name != "customer_id":
        numbers = numbers.rename_axis("customer_id")
    if np.isinf(numbers.to_numpy()).any():
        raise Refused(f"{what} of {numbers.index[np.isinf(numbers)][0]!r} is infinite; check how it was computed.")
    return numbers


def refuse_nothing_above_zero(numbers: pd.Series, what: str) -> None:
    """Refuse amounts of which none is above zero: no part of nothing can be held by anyone.

    Raises
    ------
    Refused
        When it is so.
    """
    if not (numbers > 0).any():
        raise Refused(f"No customer has {what} above zero; check the column or the period.")


def share_of_larger(amount: Floats, weight: Floats) -> Floats:
    """Return, for each customer, which part of all weight those with a clearly larger amount hold.

    Parameters
    ----------
    amount
        By which customers are ranked; none missing.
    weight
        What is added up, not negative: the amount itself for shares of it, 1 each for shares of customers.

    Examples
    --------
    >>> amount = np.array([50.0, 10.0, 20.0, 20.0])
    >>> share_of_larger(amount, amount).tolist(), share_of_larger(amount, np.ones(4)).tolist()
    ([0.0, 0.9, 0.5, 0.5], [0.0, 0.75, 0.25, 0.25])
    """
    size = np.round(amount / np.abs(amount).max(initial=1e-300), DIGITS)
    order = np.argsort(-size)  # equal ones in any order: none comes before the others
    ranked = size[order]
    smaller = np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)]
    held = np.append(0.0, np.cumsum(weight[order])[:-1])[: len(ranked)][smaller] / weight.sum()
    found = np.empty(len(amount))
    found[order] = held[smaller.cumsum() - 1]
    return found


def cut_at(shares: Floats, cuts: tuple[float, ...]) -> NDArray[np.int64]:
    """Return how many cuts each share has reached.

    Examples
    --------
    >>> cut_at(np.array([0.0, 0.7, 0.95]), (0.7, 0.9)).tolist()
    [0, 1, 2]
    """
    return np.searchsorted(np.asarray(cuts) - _EDGE, shares, side="right")


def in_words(amount: float, unit: str) -> str:
    """Return an amount with its unit, with no more digits than a reader needs.

    Examples
    --------
    >>> in_words(412345.6, "CNY"), in_words(5.25, "years"), in_words(-0.0, "")
    ('412,346 CNY', '5.25 years', '0')
    """
    text = f"{amount:,.0f}" if abs(amount) >= _WHOLE else f"{amount + 0.0:.3g}"
    return f"{text} {unit}".strip()
