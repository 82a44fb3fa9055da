"""What an account has brought, will bring and could bring, each with its interval and its place among all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from clvlab.clv.valuing.doubts import alike
from clvlab.clv.valuing.ranges import Range
from clvlab.refusal import Refused
from clvlab.results import Table


class Amount(NamedTuple):
    """One kind of money of all customers: what it is, by customer_id, with its interval where it is an estimate."""

    what: str
    money: Range


def fact(money: pd.Series) -> Range:
    """Return money that was counted, not estimated: it has no interval."""
    none = pd.Series(float("nan"), money.index)
    return Range(money.astype("float64"), none, none)


def worth(amounts: Iterable[Amount], customer_id: str, currency: str, doubts: Sequence[str] = ()) -> Table:
    """Return an account's money beside that of all customers.

    Parameters
    ----------
    amounts
        Kinds of money, of all customers.
    customer_id
        The account.
    currency
        Of the money.
    doubts
        What speaks against what is expected, in sentences.

    Returns
    -------
    Table
        what, amount, lower, upper (90%), ``share_of_all`` (missing where all together are not above 0) and ``place``
        among the customers of whom it is known, where they differ. Kinds that are not known of the account have no row.

    Raises
    ------
    Refused
        When none is known of it.

    Examples
    --------
    >>> brought = Amount("brought so far", fact(pd.Series({"a": 300.0, "b": 100.0})))
    >>> worth([brought], "b", "CNY")
    What they bring, CNY (90% intervals)
              what amount lower upper share_of_all  place
    brought so far    100     –     –        25.0% 2 of 2
    """
    rows = []
    for what, money in amounts:
        known = money.value.dropna()
        if customer_id not in known.index:
            continue
        amount, total = known[customer_id], known.sum()
        place = "the same for all" if alike(known) else f"{int((known > amount).sum()) + 1:,} of {len(known):,}"
        rows.append(
            {
                "what": what,
                "amount": amount,
                "lower": money.lower[customer_id],
                "upper": money.upper[customer_id],
                "share_of_all": amount / total if total > 0 else float("nan"),
                "place": place,
            }
        )
    if not rows:
        raise Refused("What this account brings is not known: the records hold no money of it.")
    title = "What they bring" + (f", {currency}" if currency else "") + " (90% intervals)"
    return Table(pd.DataFrame(rows), title, 0, ("share_of_all",), fold=False, remarks=doubts)
