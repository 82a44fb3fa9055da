"""The 80:20 check on profit: do the top 20% of customers hold 80% of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.results import Remarked
from clvlab.tiers.classes.shares import in_words
from clvlab.tiers.classes.top_profit import Share, TopProfit, top_profit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STATED = 0.8  # of profit, by the rule


class EightyTwenty(Remarked):
    """How much of the profit the top customers hold.

    Attributes
    ----------
    top
        The shares with their intervals, and the concentration of the gains.
    remarks
        What the figures say about the rule, and what a reader should know.
    """

    def __init__(self, top: TopProfit, frame: pd.DataFrame, title: str, remarks: list[str]) -> None:
        self._frame = frame
        self.top = top
        self.title = title
        self.remarks = tuple(remarks)

    def to_frame(self) -> pd.DataFrame:
        """Return measure, value, lower and upper (its 90% interval); shares as parts of 1."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the Lorenz curve of what the customers above zero bring."""
        return self.top.gains.plot(ax)


def eighty_twenty(
    profit: pd.Series, what: str = "profit", unit: str = "", share: float = 0.2, seed: int = 0
) -> EightyTwenty:
    """Check the rule that 20% of customers bring 80% of profit, when some customers lose money.

    Parameters
    ----------
    profit
        One number per customer, by customer_id, of those that count as customers: whoever bought nothing in the period
        makes the top 20% more people. Missing ones are left out.
    what, unit
        What the profit is, and its unit.
    share
        Which part of the customers is the top.
    seed
        Of the bootstrap.

    Returns
    -------
    EightyTwenty
        The top's share of gains and of net profit, what the others take back of the gains, and the effective number of
        customers (as many equal ones would be as concentrated in gains). Intervals are for customers of this kind in
        general (:func:`clvlab.tiers.classes.top_profit.top_profit`); of these customers in this period the figures are
        facts.

    Raises
    ------
    Refused
        When no customer has a profit above zero, a customer has two, or one is no finite number.

    Examples
    --------
    >>> eighty_twenty(pd.Series([60.0, 40.0, 0.0, 0.0, -20.0]))
    80:20 check: the top 20% of 5 customers by profit
                                    measure value lower upper
         share of gains held by the top 20% 0.600     –     –
    share of net profit held by the top 20% 0.750     –     –
             losses as a share of the gains 0.200     –     –
     effective number of customers in gains 1.923     –     –
    So few customers tell nothing about the rule.
    1 customer below 0: 20 taken back of the 100 that the others bring.
    """
    top = top_profit(profit, share, what, seed)
    customers = int(profit.notna().sum())
    named = {
        f"share of {what} held by the top {share:.0%}": top.of_gains,
        "effective number of customers": top.effective,
    }
    if top.taken_back > 0:
        named = {
            f"share of gains held by the top {share:.0%}": top.of_gains,
            f"share of net {what} held by the top {share:.0%}": top.of_net,
            "losses as a share of the gains": Share(top.taken_back, np.nan, np.nan),
            "effective number of customers in gains": top.effective,
        }
    frame = pd.DataFrame(named.values(), index=list(named)).rename_axis("measure").reset_index()
    title = f"80:20 check: the top {share:.0%} of {plural(customers, 'customers')} by {what}"
    return EightyTwenty(top, frame, title, _remarks(top, profit, what, unit))


def _remarks(top: TopProfit, profit: pd.Series, what: str, unit: str) -> list[str]:
    remarks = [_verdict(top.of_gains)]
    losers = profit.to_numpy()[profit.to_numpy() < 0]
    if len(losers):
        gains = in_words(profit.clip(lower=0).sum(), unit)
        remarks.append(f"{plural(len(losers), 'customers')} below 0: {in_words(-losers.sum(), unit)} taken back of the"
                       f" {gains} that the others bring.")  # fmt: skip
    if np.isnan(top.of_net.value):
        remarks.append(f"Losses leave less than a tenth of the gains: too little net {what} to hold a share of.")
    if profit.isna().any():
        remarks.append(f"{plural(int(profit.isna().sum()), 'customers')} without a known {what}: left out.")
    if top.gains.customers < profit.notna().sum():
        remarks.append(f"Intervals are from {top.gains.customers:,} customers drawn at random, and wider than all would"
                       " give.")  # fmt: skip
    return remarks


def _verdict(held: Share) -> str:
    """Say whether the rule can hold for customers of this kind."""
    if np.isnan(held.lower):
        return "So few customers tell nothing about the rule."
    ends = f"{held.lower:.0%} to {held.upper:.0%}"
    if held.lower <= _STATED <= held.upper:
        return f"The rule's {_STATED:.0%} lies within what customers of this kind may hold: {ends}."
    side = "above" if held.upper < _STATED else "below"
    return f"The rule's {_STATED:.0%} lies {side} what customers of this kind hold: {ends}."
