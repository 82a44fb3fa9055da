"""The steps from revenue to profit, of one customer or of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from clvlab.features.cost_to_serve import SERVING
from clvlab.features.events import INVOICED, MARGIN
from clvlab.refusal import Refused, nearest
from clvlab.results import Result, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.features.margins import Margins

_DEDUCTIONS = ("rebate", "direct_cost", "claims_paid")
_LATER = ("capital_cost", "expected_loss", "acquisition_cost")
_SUMS = ("revenue", "contribution", "cost_to_serve", "credit_cost", "acquisition_cost", "profit")


class Waterfall(Result):
    """The steps from revenue to profit.

    Attributes
    ----------
    whose
        The customer, or how many.
    unit
        Unit of the amounts.
    referred_value
        What those earned whom these customers referred; in no step.
    """

    decimals = 0
    percent = ("share_of_revenue",)
    fold = False

    def __init__(self, frame: pd.DataFrame, whose: str, unit: str, referred_value: float) -> None:
        self._frame = frame
        self.whose, self.unit, self.referred_value = whose, unit, referred_value
        first, last = frame["step"].iloc[0], frame["step"].iloc[-1]
        steps = f"From {first} to {last}" if len(frame) > 1 else first.capitalize()
        self.title = f"{steps}, {whose}" + (f", {unit}" if unit else "")

    def to_frame(self) -> pd.DataFrame:
        """Return step, amount (costs below zero), is_sum (of all steps above it) and share_of_revenue."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every step as a bar that begins where the one before ended."""
        from clvlab.features.margin_plots import draw_waterfall

        return draw_waterfall(self, ax)


def waterfall(margins: Margins, customer_id: str | None = None) -> Waterfall:
    """Return the steps from revenue to profit.

    Parameters
    ----------
    margins
        From :func:`~clvlab.features.margins.customer_margins`.
    customer_id
        Of one customer; all together when None.

    Returns
    -------
    Waterfall
        Costs of exactly zero are left out.

    Raises
    ------
    Refused
        For a customer who is not in the records.
    """
    frame = margins.frame
    if customer_id is not None and customer_id not in frame.index:
        raise Refused(f"{customer_id!r} is no customer in the records{nearest(str(customer_id), frame.index)}.")
    lines = margins.total if customer_id is None else frame.loc[customer_id]
    serving = [name for name in frame.columns if name.startswith(SERVING)]
    first, profit = _ends(margins.meaning)
    steps = [
        (first, lines["revenue"], False),
        *((name.replace("_", " "), -lines[name], False) for name in _DEDUCTIONS),
        (margins.meaning, lines["contribution"], True),
        *(("serving: " + name.removeprefix(SERVING).replace("_", " "), -lines[name], False) for name in serving),
        *((name.replace("_", " "), -lines[name], False) for name in _LATER),
        (profit, lines["profit"], True),
    ]
    found = pd.DataFrame(steps, columns=["step", "amount", "is_sum"])
    found = found[found["is_sum"] | (found["amount"] != 0) | (found.index == 0)].reset_index(drop=True)
    if margins.meaning != MARGIN:  # a sum of the row above it alone says nothing
        repeated = found["is_sum"].shift(fill_value=False) | (found.index == 1)
        found = found[~(found["is_sum"] & repeated)].reset_index(drop=True)
    found["share_of_revenue"] = found["amount"] / lines["revenue"] if lines["revenue"] > 0 else float("nan")
    whose = f"all {len(frame):,} customers" if customer_id is None else str(customer_id)
    return Waterfall(found, whose, margins.currency, float(lines["referred_value"]))


def earned_by_year(years: pd.DataFrame, meaning: str) -> Table:
    """Return what all customers together earned in each year, from revenue to profit.

    Parameters
    ----------
    years
        From :func:`~clvlab.features.margins.margins_by_period`, by year.
    meaning
        What the contribution is (``Margins.meaning``). Where it is no margin, nothing is called profit.

    Examples
    --------
    >>> a_year = pd.MultiIndex.from_tuples([("a", "2025")], names=["customer_id", "period"])
    >>> years = pd.DataFrame([[9.0, 9.0, 2.0, 0.0, 0.0, 7.0]], a_year, _SUMS)
    >>> earned_by_year(years, INVOICED).to_frame().columns[[0, -1]].tolist()
    ['amount invoiced', 'amount invoiced less these costs']
    """
    first, profit = _ends(meaning)
    middle = "contribution" if meaning == MARGIN else "revenue less rebates and claims"
    # Of invoices the contribution is the amount once more; of revenue, what rebates and claims leave.
    shown = [name for name in _SUMS if meaning != INVOICED or name != "contribution"]
    names = {"revenue": first, "contribution": middle, "profit": profit}
    return Table(years[shown].groupby("period").sum().rename(columns=names), "What was earned by calendar year", 0)


def _ends(meaning: str) -> tuple[str, str]:
    """Return what the first and the last line are called."""
    first = INVOICED if meaning == INVOICED else "revenue"
    return first, "profit" if meaning == MARGIN else f"{meaning} less these costs"
