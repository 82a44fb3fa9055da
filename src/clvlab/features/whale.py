"""The whale curve: cumulative profit against customers ranked by profit, and how much the unprofitable take back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.by_customer import net_of
from clvlab.features.events import MARGIN
from clvlab.features.unprofitable import has_run, share_unprofitable
from clvlab.refusal import Refused
from clvlab.results import Remarked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.features.margins import Margins

EVERYBODY, PROFITABLE = "all customers", "profitable, all costs counted"
UNPROFITABLE = "unprofitable, all costs counted"
RUNNING_AT_A_LOSS = "unprofitable by the running business"
IN_EXPECTATION = "the same in expectation, chance taken out"


class WhaleCurve(Remarked):
    """Cumulative profit against customers ranked by profit.

    Attributes
    ----------
    unit
        Unit of profit.
    peak_share
        What the profitable earned together, as a share of the profit left in the end; missing where that is less than a
        tenth of it.
    unprofitable_share, expected_share
        Share of customers who lost money, all costs counted; and the estimated share of those who lose money in
        expectation by their running business.
    remarks
        Who lost money without any running business.
    """

    decimals = 0
    percent = ("share_of_customers", "lower", "upper", "share_of_profit")
    fold = False

    def __init__(self, profit: np.ndarray, frame: pd.DataFrame, unit: str, remarks: list[str]) -> None:
        self._profit = profit
        self._frame = frame
        self.unit = unit
        self.remarks = tuple(remarks)
        rows = frame.set_index("group")
        self.peak_share = float(rows.loc[PROFITABLE, "share_of_profit"])
        self.unprofitable_share = float(rows.loc[UNPROFITABLE, "share_of_customers"])
        self.expected_share = float(rows.loc[IN_EXPECTATION, "share_of_customers"])
        self.title = "Who brings the profit" + (f", {unit}" if unit else "")

    def to_frame(self) -> pd.DataFrame:
        """Return group, customers, share_of_customers, lower, upper (90%), profit, share_of_profit.

        Only the share in expectation is an estimate with an interval, of customers of this kind in general, as many of
        whom have running business as here; the rest are facts about these customers.
        """
        return self._frame

    def curve(self) -> pd.DataFrame:
        """Return customers_share (most profitable first) and profit (cumulative, in currency), from 0 to all."""
        cumulated = np.concatenate([[0.0], self._profit.cumsum()])
        return pd.DataFrame({"customers_share": np.linspace(0.0, 1.0, len(cumulated)), "profit": cumulated})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curve with its peak and its end."""
        from clvlab.features.margin_plots import draw_whale

        return draw_whale(self, ax)


def whale_curve(margins: Margins) -> WhaleCurve:
    """Rank customers by profit and add it up.

    Parameters
    ----------
    margins
        From :func:`~clvlab.features.margins.customer_margins`.

    Returns
    -------
    WhaleCurve
        Two shares of unprofitable customers, which answer two questions. *Realised*: profit of this time below zero,
        with all costs, those of winning new customers and of campaigns included. *In expectation*: the running business
        alone (contribution less the cost of orders, complaints and contacts), with chance taken out, by
        :func:`~clvlab.features.unprofitable.share_unprofitable`; beside it stands the realised share by the same lines.

    Raises
    ------
    Refused
        When direct cost is unknown, so that there is no profit.

    References
    ----------
    Kaplan, R. S. and Narayanan, V. G. (2001), "Measuring and managing customer profitability", Journal of Cost
    Management 15(5).
    """
    if margins.meaning != MARGIN:
        raise Refused(f"The whale curve needs direct_cost in shipments; what is known is {margins.meaning}, no profit.")
    profit, running = margins.frame["profit"], margins.running["profit"]
    groups = {
        EVERYBODY: profit,
        PROFITABLE: profit[profit > 0],
        UNPROFITABLE: profit[profit < 0],
        RUNNING_AT_A_LOSS: running[running < 0],
    }
    expected = share_unprofitable(margins.running)
    # Whoever had no running business lost us nothing by it.
    ran = has_run(margins.running)
    missing = float("nan")
    rows: list[tuple[object, ...]] = [
        (name, len(of), len(of) / len(profit), missing, missing, float(of.sum())) for name, of in groups.items()
    ]
    rows.append((IN_EXPECTATION, pd.NA, *(ran.mean() * part for part in expected[:3]), missing))
    frame = pd.DataFrame(rows, columns=["group", "customers", "share_of_customers", "lower", "upper", "profit"])
    frame["customers"] = frame["customers"].astype("Int64")
    frame["share_of_profit"] = frame["profit"] / net_of(profit)
    idle = int(((profit < 0) & ~ran).sum())
    without = (
        f"{idle:,} of the unprofitable customers have no running business so far: what they cost is winning them,"
        " campaigns and credit."
    )
    return WhaleCurve(np.sort(profit.to_numpy())[::-1], frame, margins.currency, [without] if idle else [])
