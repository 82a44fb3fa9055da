"""The relation-profit pyramid: key, partner and general customers, and what each level really brings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.features.by_customer import known_of
from clvlab.features.customer_file.shared import plural
from clvlab.results import Table
from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes
from clvlab.tiers.classes.shares import (
    cut_at,
    in_words,
    one_amount_each,
    refuse_nothing_above_zero,
    share_of_larger,
)
from clvlab.tiers.classes.top_profit import Share, top_profit

KEY, PARTNER, GENERAL = "key", "partner", "general"
# What the textbook states, by level: share of customers, share of profit. The figures for partner and key customers
# are partly reconstructed.
STATED = {KEY: (0.05, 0.80), PARTNER: (0.15, 0.15), GENERAL: (0.80, 0.05)}
AIMS = {KEY: "financial benefit", PARTNER: "value", GENERAL: "satisfaction"}
_TOP, _UPPER = STATED[KEY][0], STATED[KEY][0] + STATED[PARTNER][0]
RECONSTRUCTED = "The stated shares of partner (15% / 15%) and key customers (5% / 80%) are partly reconstructed."


def profit_pyramid(profit: pd.Series, what: str = "profit", unit: str = "") -> Classes:
    """Class customers by their place in the pyramid: the top 5% by profit, the next 15%, the other 80%.

    Parameters
    ----------
    profit
        One number per customer, by customer_id. A missing one leaves the customer not known.
    what, unit
        What the profit is, and its unit.

    Returns
    -------
    Classes
        Labels ``"key"``, ``"partner"``, ``"general"`` (关键, 合适或伙伴, 一般).

    Raises
    ------
    Refused
        When nobody has a profit above zero, a customer has two, or one is no finite number.

    Notes
    -----
    A customer is key when less than 5% of the customers have more profit, a partner when less than 20% have: who passes
    the cut still belongs to the level, and equal profits are never parted. Whoever has no profit is general, however
    few have one.

    Examples
    --------
    >>> profit = pd.Series(range(1, 21), dtype=float)
    >>> profit_pyramid(profit).labels.value_counts().to_dict()
    {'general': 16, 'partner': 3, 'key': 1}
    """
    numbers = one_amount_each(profit, what)
    refuse_nothing_above_zero(numbers, what)
    known = known_of(numbers)
    place = share_of_larger(known.to_numpy(), np.ones(len(known)))
    level = np.where(known.to_numpy() > 0, cut_at(place, (_TOP, _UPPER)), len(STATED) - 1)
    labels = pd.Series(np.array(list(STATED), dtype=object)[level], index=known.index)
    sizes, least = labels.value_counts(), known.groupby(labels).min()
    rules = {}
    for name, (customers, share) in STATED.items():
        here = f"{plural(sizes.get(name, 0), 'customers')}"
        if name != GENERAL and name in sizes:
            here += f" from {in_words(least[name], unit)} up"
        rules[name] = f"{here}; stated: {customers:.0%} of customers with {share:.0%} of profit; aim: {AIMS[name]}"
    remarks = [RECONSTRUCTED]
    if numbers.isna().any():
        remarks.append(f"{plural(int(numbers.isna().sum()), 'customers')} without a known {what}: not classed.")
    column = what.replace(" ", "_")
    return Classes(
        f"Pyramid of customers by {what}", labels.reindex(numbers.index, fill_value=NOT_KNOWN), rules,
        numbers.to_frame(column), column, unit, tuple(remarks),
    )  # fmt: skip


def pyramid_shares(profit: pd.Series, what: str = "profit", seed: int = 0) -> Table:
    """Set the shares of profit that the levels of the pyramid really hold beside the stated ones.

    Parameters
    ----------
    profit, what
        As for :func:`profit_pyramid`.
    seed
        Of the bootstrap.

    Returns
    -------
    Table
        One row per level: class, customer_share (exactly 5, 15 and 80%: a customer on the cut counts in part),
        stated_share, profit_share (of net profit; the levels add up to 1), lower, upper (90%, for customers of this
        kind in general). Missing where losses leave less than a tenth of the gains.

    Raises
    ------
    Refused
        As :func:`profit_pyramid` does.

    Notes
    -----
    Intervals of the top 5% and the top 20% come from :func:`clvlab.tiers.classes.top_profit.top_profit`; the general
    level is what the top 20% leave. That of the partners, in between, spans all that both intervals allow: it holds at
    least as surely, and is wide.

    Examples
    --------
    >>> pyramid_shares(pd.Series(range(1, 21), dtype=float)).to_frame()[["class", "profit_share"]].round(3)
         class  profit_share
    0      key         0.095
    1  partner         0.257
    2  general         0.648
    """
    top, upper = (top_profit(profit, share, what, seed).of_net for share in (_TOP, _UPPER))
    held = {
        KEY: top,
        PARTNER: Share(upper.value - top.value, max(upper.lower - top.upper, 0.0), upper.upper - top.lower),
        GENERAL: Share(1 - upper.value, 1 - upper.upper, 1 - upper.lower),
    }
    rows = [(name, *STATED[name], *held[name]) for name in STATED]
    columns = ["class", "customer_share", "stated_share", "profit_share", "lower", "upper"]
    frame = pd.DataFrame(rows, columns=columns)
    return Table(frame, f"The pyramid's stated shares of profit and those of {what} here", percent=tuple(columns[1:]))
