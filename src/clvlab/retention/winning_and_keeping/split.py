"""How to split a budget between winning and keeping, and what a wrong split costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines, Stated
from clvlab.retention.winning_and_keeping.customer_equity import CustomerEquity
from clvlab.retention.winning_and_keeping.response_curve import ResponseCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OFF = (0.10, 0.25)
BEST, TODAY, FREE = "best split", "today", "without a limit"
_TAILS = (0.05, 0.95)


class WinningOrKeeping(Stated):
    """Ways to spend a year's budget on winning and on keeping, and what each is worth.

    Attributes
    ----------
    frame
        See :meth:`to_frame`.
    plan
        The equity by what is spent.
    budget
        Of the year.
    currency, remarks
        Of all money, and what a reader has to know.

    Examples
    --------
    >>> plan = CustomerEquity(ResponseCurve(0.4, 0.1), ResponseCurve(0.7, 0.05), 50.0, 50.0, 0.1, 100, 100)
    >>> found = winning_or_keeping(plan, [], 2000.0, (5.0, 15.0), "CNY")
    >>> found.to_frame()["plan"].tolist()[:3]
    ['best split', 'today', '10% less on keeping']
    """

    percent = ("share_keeping",)
    decimals = 0

    def __init__(
        self, frame: pd.DataFrame, plan: CustomerEquity, budget: float, currency: str, remarks: tuple[str, ...]
    ) -> None:
        self.frame, self.plan, self.budget, self.currency, self.remarks = frame, plan, budget, currency, remarks
        self.title = f"A year's budget of {budget:,.0f} {currency} between winning and keeping"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per plan.

        Returns
        -------
        DataFrame
            plan, ``win`` (spent on each prospect), ``keep`` (on each customer, a year), ``winning`` and ``keeping``
            (spent this year on all), share_keeping, ``equity``, and ``loss`` against the best split, with its 90%
            interval ``loss_lower``, ``loss_upper``; below 0 where the plan earns more.
        """
        return self.frame

    @property
    def finding(self) -> str:
        """Where the budget does most, in one sentence."""
        rows = self.frame.set_index("plan")
        best, today = rows.loc[BEST], rows.loc[TODAY]
        return (
            f"If no spending wins more than {self.plan.winning.ceiling:.0%} of the leads, {best['share_keeping']:.0%}"
            f" of the budget belongs into keeping; today's {today['share_keeping']:.0%} costs"
            f" {today['loss']:,.0f} {self.currency} ({today['loss_lower']:,.0f} to {today['loss_upper']:,.0f})"
        )

    def headlines(self) -> Headlines:
        """Return the best share of keeping, and what today's split and a wrong one cost."""
        rows = self.frame.set_index("plan")
        far = self.frame[self.frame["plan"].str.startswith(f"{OFF[-1]:.0%}")]
        worst = far.loc[far["loss"].idxmax()]
        return Headlines(
            Headline("best share of the budget for keeping", 100 * rows.loc[BEST, "share_keeping"], "%"),
            Headline("today", 100 * rows.loc[TODAY, "share_keeping"], "%"),
            Headline("what today's split costs", rows.loc[TODAY, "loss"], self.currency,
                     rows.loc[TODAY, "loss_lower"], rows.loc[TODAY, "loss_upper"], note="of customer equity"),
            Headline(f"being {OFF[-1]:.0%} off the best costs", worst["loss"], self.currency,
                     worst["loss_lower"], worst["loss_upper"], note=worst["plan"]),
        )  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw customer equity against the share of the budget spent on keeping."""
        from clvlab.retention.winning_and_keeping.plots import draw_split

        return draw_split(self, ax)

    def equity_by_share(self, shares: ArrayLike) -> np.ndarray:
        """Return customer equity when some shares of the budget go into keeping and the rest into winning."""
        part = np.asarray(shares, dtype=float) * self.budget
        return self.plan.equity((self.budget - part) / self.plan.prospects, part / self.plan.customers)


def winning_or_keeping(
    plan: CustomerEquity, draws: Sequence[tuple[ResponseCurve, ResponseCurve]], budget: float,
    today: tuple[float, float], currency: str, remarks: tuple[str, ...] = (),
) -> WinningOrKeeping:  # fmt: skip
    """Split a year's budget between winning and keeping, and say what splitting it otherwise costs.

    Parameters
    ----------
    plan
        The equity by what is spent on each prospect and each customer.
    draws
        Curves of winning and of keeping that the records allow as well, for the intervals.
    budget
        Of the year; all of it, or the part that pays, is spent.
    today
        What is spent on each prospect, and a year on each customer.
    currency, remarks
        Of all money, and more that a reader has to know.

    Raises
    ------
    Refused
        For a budget that is not above 0, and without prospects or customers.

    Notes
    -----
    Being off spends 10 or 25% less or more on keeping than is best, and as much more or less on winning.
    Intervals are those of the difference in equity between two plans, both held as they are while the curves vary.

    Examples
    --------
    >>> plan = CustomerEquity(ResponseCurve(0.4, 0.1), ResponseCurve(0.7, 0.05), 50.0, 50.0, 0.1, 100, 100)
    >>> found = winning_or_keeping(plan, [], 2000.0, (5.0, 15.0), "CNY")
    >>> found.to_frame().set_index("plan").loc[[BEST, TODAY], "loss"].round(1).tolist()
    [0.0, 57.8]
    """
    if not 0 < budget < np.inf or not plan.prospects or not plan.customers:
        raise Refused("Splitting a budget between winning and keeping takes a budget above 0, leads and customers.")
    best = plan.split(budget)
    plans = {BEST: best, TODAY: today}
    step = best[1] or budget / plan.customers  # where nothing belongs into keeping, of the budget
    for off in OFF:
        for word, keep in (("less", best[1] - off * step), ("more", best[1] + off * step)):
            kept = min(max(keep, 0.0), budget / plan.customers)
            plans[f"{off:.0%} {word} on keeping"] = (best[0] + (best[1] - kept) * plan.customers / plan.prospects, kept)
    plans[FREE] = plan.best()
    varied = [replace(plan, winning=winning, keeping=keeping) for winning, keeping in draws]
    rows = []
    for name, (win, keep) in plans.items():
        loss = float(plan.equity(*best) - plan.equity(win, keep))
        drawn = [float(one.equity(*best) - one.equity(win, keep)) for one in varied]
        low, high = np.quantile(drawn, _TAILS) if drawn else (np.nan, np.nan)
        winning, keeping = plan.prospects * win, plan.customers * keep
        rows.append((name, win, keep, winning, keeping, keeping / max(winning + keeping, 1e-9),
                     float(plan.equity(win, keep)), loss, low, high))  # fmt: skip
    columns = [
        "plan",
        "win",
        "keep",
        "winning",
        "keeping",
        "share_keeping",
        "equity",
        "loss",
        "loss_lower",
        "loss_upper",
    ]
    return WinningOrKeeping(pd.DataFrame(rows, columns=columns), plan, budget, currency, remarks)
