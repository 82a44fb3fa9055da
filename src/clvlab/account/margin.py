"""From an account's revenue to its profit, beside what the same steps are of all customers' revenue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from clvlab.features.cost_to_serve import SERVING
from clvlab.features.margins import Margins
from clvlab.features.waterfall import Waterfall, waterfall
from clvlab.refusal import Refused
from clvlab.results import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SERVING, _CREDIT = "cost to serve", "cost of credit"
_WIDTH, _HEIGHT, _STEP = 6.0, 1.1, 0.22  # inches


class AccountMargin(Table):
    """The steps from revenue to profit of one account.

    Attributes
    ----------
    waterfall
        The steps, the costs of serving and of credit each added up to one. The frame has step, amount,
        share_of_revenue, and share_of_all_revenue: the same step of all customers'.
    """

    def __init__(self, steps: Waterfall, everybody: pd.Series, title: str) -> None:
        frame = steps.to_frame().drop(columns="is_sum")
        frame = frame.assign(share_of_all_revenue=frame["step"].map(everybody))
        super().__init__(frame, title, 0, ("share_of_revenue", "share_of_all_revenue"), fold=False)
        self.waterfall = steps

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every step as a bar that begins where the one before ended."""
        from clvlab.figures import new_axes

        return self.waterfall.plot(ax or new_axes(_WIDTH, _HEIGHT + _STEP * len(self.waterfall.to_frame())))


def account_margin(last_year: Margins, so_far: Margins, customer_id: str) -> AccountMargin:
    """Return an account's steps from revenue to profit, of the last 365 days where it brought anything in them.

    Parameters
    ----------
    last_year, so_far
        What all customers earned, in the last 365 days and over all records.
    customer_id
        The account.

    Raises
    ------
    Refused
        When it never brought revenue, and where there is no cost on record.

    Examples
    --------
    >>> account_margin(study.margins_last_year, study.margins, "C00001")  # doctest: +SKIP
    """
    for margins, when in ((last_year, f"365 days to {last_year.last}"), (so_far, f"all records to {so_far.last}")):
        if customer_id in margins.frame.index and margins.frame.loc[customer_id, "revenue"] != 0:
            steps, everybody = _in_short(waterfall(margins, customer_id)), _in_short(waterfall(margins))
            shares = everybody.to_frame().set_index("step")["share_of_revenue"]
            first, last = steps.to_frame()["step"].iloc[[0, -1]]
            if first == last:
                raise Refused(f"The records hold no cost of this account: its {first} is all there is.")
            unit = f", {margins.currency}" if margins.currency else ""
            return AccountMargin(steps, shares, f"From {first} to {last}, {when}{unit}")
    raise Refused("The records hold no revenue of this account.")


def _in_short(found: Waterfall) -> Waterfall:
    """Return a waterfall whose costs of serving are one step, and whose costs of credit are one."""
    frame = found.to_frame()
    serving = SERVING.replace("_", " ").strip()
    named = frame["step"].where(~frame["step"].str.startswith(f"{serving}:"), _SERVING)
    named = named.replace({"capital cost": _CREDIT, "expected loss": _CREDIT})
    place = frame.groupby(named.rename("step"), sort=False)
    steps = place.agg({"amount": "sum", "is_sum": "first", "share_of_revenue": lambda share: share.sum(min_count=1)})
    return Waterfall(steps.reset_index(), found.whose, found.unit, found.referred_value)
