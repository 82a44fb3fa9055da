"""ABC classes: the few customers who make most of an amount, and volume classes by fixed thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from clvlab.features.by_customer import first_label, known_of
from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes
from clvlab.tiers.classes.shares import (
    cut_at,
    in_words,
    one_amount_each,
    refuse_nothing_above_zero,
    share_of_larger,
)

_LETTERS = "ABCDEFGH"
_KG_PER_TONNE = 1000.0
_MILLION = 1e6


def abc_classes(amount: pd.Series, what: str, cuts: Sequence[float] = (0.7, 0.9), unit: str = "") -> Classes:
    """Class customers by the cumulative share that they hold of an amount, the largest first.

    Parameters
    ----------
    amount
        One number per customer, by customer_id: weight, spend, revenue, margin, years of business. A missing one
        leaves the customer not known.
    what
        What the amount is, for titles and rules.
    cuts
        Cumulative shares at which the classes A, B, ... end; three cuts make A to D.
    unit
        Unit of the amount.

    Returns
    -------
    Classes
        ``values`` holds the amount and ``held_by_larger``, the share held by customers with more.

    Raises
    ------
    Refused
        When nobody has an amount above zero, a customer has two, an amount is no finite number, and for cuts that are
        no rising shares between 0 and 1.

    Notes
    -----
    A customer is in A when those with more than it hold less than the first cut: who passes the cut still belongs to
    the class, so that A is never empty, even when one customer holds all. Customers with equal amounts are never
    parted; all of them are in the class of the first.

    An amount such as margin can be below zero. Shares are then of what the customers above zero bring together, since
    a share of what is left after the losses would pass 1 and come back. Who is at or below zero is in the last class.

    Examples
    --------
    >>> revenue = pd.Series({"c1": 500.0, "c2": 300.0, "c3": 150.0, "c4": 50.0})
    >>> abc_classes(revenue, "revenue", unit="CNY").labels.to_dict()
    {'c1': 'A', 'c2': 'A', 'c3': 'B', 'c4': 'C'}
    """
    numbers = one_amount_each(amount, what)
    refuse_nothing_above_zero(numbers, what)
    borders = _checked(cuts)
    known = known_of(numbers)
    held = share_of_larger(known.to_numpy(), known.clip(lower=0.0).to_numpy())
    letters = np.array(list(_LETTERS[: len(borders) + 1]), dtype=object)
    classed = pd.Series(letters[cut_at(held, borders)], index=known.index)
    rules = _rules(known.groupby(classed), known, borders, letters, unit)
    column = what.replace(" ", "_")
    values = pd.DataFrame({column: numbers, "held_by_larger": pd.Series(held, index=known.index)}, index=numbers.index)
    labels = classed.reindex(numbers.index, fill_value=NOT_KNOWN)
    name = "ABC" if len(letters) == len("ABC") else f"A to {letters[-1]}"
    return Classes(
        f"{name} classes by {what}", labels, rules, values, column, unit, _remarks(numbers, what, unit, letters[-1])
    )


def _checked(cuts: Sequence[float]) -> tuple[float, ...]:
    borders = tuple(cuts)
    if not 0 < len(borders) < len(_LETTERS) or list(borders) != sorted({cut for cut in borders if 0 < cut < 1}):
        raise Refused(f"cuts = {list(borders)} are no cumulative shares; give rising ones such as [0.7, 0.9].")
    return borders


def _rules(
    groups: pd.core.groupby.SeriesGroupBy, known: pd.Series, cuts: tuple[float, ...], letters: np.ndarray, unit: str
) -> dict[str, str]:
    """Say in words who is in each class."""
    sizes, least = groups.size(), groups.min()
    rules: dict[str, str] = {}
    for i, (letter, cut) in enumerate(zip(letters, cuts, strict=False)):
        if letter not in sizes:
            rules[letter] = f"nobody: those before pass {cut:.0%} already"
            continue
        order, part = ("the largest", "who hold the first") if i == 0 else ("the next", "who go on to")
        rules[letter] = (
            f"{order} {plural(sizes[letter], 'customers')}, from {in_words(least[letter], unit)} up, {part} {cut:.0%}"
        )
    last = letters[-1]
    rest = int(sizes.get(last, 0))
    nothing, below = int((known == 0).sum()), int((known < 0).sum())
    told = [f"{count:,} of them {where}" for count, where in ((nothing, "at 0"), (below, "below 0")) if count]
    rules[last] = "; ".join([f"the other {plural(rest, 'customers')}", *told]) if rest else "nobody is left"
    return rules


def _remarks(numbers: pd.Series, what: str, unit: str, last: str) -> tuple[str, ...]:
    remarks = []
    amounts = pd.Series(numbers.to_numpy())  # without the codes, which a mask would hash
    above, below = amounts[amounts > 0], amounts[amounts < 0]
    if len(below):
        remarks.append(
            f"{plural(len(below), 'customers')} below 0: {in_words(-below.sum(), unit)} lost. The cuts are shares of "
            f"the {in_words(above.sum(), unit)} that the others bring, before those losses; whoever is at or below 0 "
            f"is in {last}."
        )
    if len(above) > 1 and above.min() == above.max():
        remarks.append(f"All customers above 0 have the same {what}, and equal amounts are never parted: no class tells"
                       " them apart.")  # fmt: skip
    elif above.duplicated().any():
        remarks.append(f"Customers with equal {what} are in one class: that of the first of them.")
    if numbers.isna().any():
        remarks.append(f"{plural(int(numbers.isna().sum()), 'customers')} without a known {what}: not classed.")
    return tuple(remarks)


def volume_classes(weight: pd.Series, tonnes: Sequence[float] = (10e6, 5e6, 1e6)) -> Classes:
    """Class customers by fixed thresholds of the weight they ship in a year.

    Parameters
    ----------
    weight
        Weight of a year in kg, by customer_id (``customer_totals(ledger, 365)["weight"]``).
    tonnes
        Least weights of the classes A, B, ... a year, falling; what is below the last is one class more. 10, 5 and 1
        million tonnes are those of railway freight: a road or parcel provider gives its own.

    Raises
    ------
    Refused
        When there is no customer, a customer has two weights, a weight is negative or no finite number, and for
        thresholds that do not fall or are not above zero.

    Examples
    --------
    >>> volume_classes(pd.Series({"mine": 6e9, "shop": 2e4})).labels.to_dict()
    {'mine': 'B', 'shop': 'D'}
    """
    shipped = one_amount_each(weight, "weight") / _KG_PER_TONNE
    if (shipped < 0).any():
        raise Refused(f"weight of {shipped.index[shipped < 0][0]!r} is below 0; check the column.")
    least = tuple(tonnes)
    if not 0 < len(least) < len(_LETTERS) or list(least) != sorted({t for t in least if t > 0}, reverse=True):
        raise Refused(f"tonnes = {list(least)} are no thresholds that fall; give such as [10e6, 5e6, 1e6].")
    letters = list(_LETTERS[: len(least) + 1])
    chosen = [shipped.isna(), *(shipped >= threshold for threshold in least)]
    labels = pd.Series(first_label(chosen, [NOT_KNOWN, *letters[:-1]], letters[-1]), shipped.index)
    told = [f"{threshold / _MILLION:g} million" if threshold >= _MILLION else f"{threshold:,g}" for threshold in least]
    between = [f"{low} to below {high} tonnes a year" for high, low in pairwise(told)]
    rules = [f"{told[0]} tonnes a year and more", *between, f"below {told[-1]} tonnes a year"]
    remarks = []
    if (labels == letters[-1]).all():
        remarks.append(f"Nobody ships {told[-1]} tonnes a year (the largest: {shipped.max():,.0f}); give thresholds of"
                       " your own.")  # fmt: skip
    if shipped.isna().any():
        remarks.append(f"{plural(int(shipped.isna().sum()), 'customers')} without a known weight: not classed.")
    return Classes(
        "Volume classes", labels, dict(zip(letters, rules, strict=True)), shipped.to_frame("tonnes"), "tonnes", "t",
        tuple(remarks),
    )  # fmt: skip
