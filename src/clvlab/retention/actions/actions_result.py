"""Whom to act on, as it is read: the list, how many to act on, and the figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from clvlab.results import Headline, Headlines, Stated, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = [
    "customer_id", "name", "account_manager", "profit", "profit_lower", "profit_upper", "probability", "reduction",
    "margin", "break_even", "likely_cause",
]  # fmt: skip
_READ = ["name", "account_manager", "profit", "profit_lower", "profit_upper", "break_even", "likely_cause"]
_STEPS = (10, 25, 50, 100, 200, 500)


class MaximumProfits(NamedTuple):
    """Expected profit of acting where that pays.

    Attributes
    ----------
    unknown, known
        With the effect as uncertain as it is, and if it were known before choosing whom to act on.
    share
        Expected share of the accounts acted on if it were known.

    Examples
    --------
    >>> found = MaximumProfits(unknown=1000.0, known=1200.0, share=0.3)
    >>> found.known - found.unknown
    200.0
    """

    unknown: float
    known: float
    share: float


class Actions(Stated):
    """Accounts ranked by the expected profit of acting on them.

    Attributes
    ----------
    frame
        See :meth:`to_frame`.
    curves
        By what accounts are ranked ("expected profit", "risk"): the profit of acting on the first 0, 1, 2, ..., from
        :func:`clvlab.retention.actions.effect.cumulated`.
    maximum
        What knowing the effect would add.
    as_of, months, cost, currency
        The last day known, within how many months an account may leave, and what acting on one costs.
    measured, remarks
        Whether a campaign drawn by lot tells the effect, and what a reader has to know.
    """

    percent = ("probability", "reduction", "reduction_lower", "reduction_upper", "break_even")
    decimals = 0

    def __init__(
        self, frame: pd.DataFrame, curves: Mapping[str, pd.DataFrame], maximum: MaximumProfits, as_of: dt.date,
        months: float, cost: float, currency: str, measured: bool, remarks: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.frame, self.curves, self.maximum, self.as_of, self.months = frame, curves, maximum, as_of, months
        self.cost, self.currency, self.measured, self.remarks = cost, currency, measured, remarks
        self.title = f"Whom to act on, {as_of}, by the expected profit of acting, {currency}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per account, where acting earns most first.

        Returns
        -------
        DataFrame
            customer_id, name, account_manager, probability (to leave), margin (if it stays), at_stake, likely_cause,
            group, ``reduction`` (of the probability to leave, by acting), ``profit`` (expected, of acting), both with
            ``_lower`` and ``_upper``, the 90% interval; break_even (reduction at which acting earns its cost) and
            acting (pays, does not pay, not clear: by the interval).
        """
        return self.frame

    @property
    def number(self) -> int:
        """How many accounts to act on: those with an expected profit above 0."""
        return int((self.frame["profit"] > 0).sum())

    @property
    def share(self) -> float:
        """The share of the accounts to act on."""
        return self.number / len(self.frame)

    @property
    def clear(self) -> bool:
        """Whether a campaign drawn by lot shows that acting on them earns more than it costs."""
        return self.measured and bool(self.curves["expected profit"]["lower"].iloc[self.number] > 0)

    @property
    def finding(self) -> str:
        """Whom acting pays for, in one sentence."""
        curve = self.curves["expected profit"].iloc[self.number]
        if not self.number:
            return (
                f"Acting on an account costs {self.cost:,.0f} {self.currency} and is not expected to earn that on any"
                f" of {len(self.frame):,}"
            )
        if not self.clear:
            return (
                f"Acting on {self.number:,} of {len(self.frame):,} accounts may earn {curve['profit']:,.0f}"
                f" {self.currency} ({curve['lower']:,.0f} to {curve['upper']:,.0f}): nothing shows yet that it pays"
            )
        return (
            f"Acting on {self.number:,} of {len(self.frame):,} accounts is expected to earn"
            f" {curve['profit']:,.0f} {self.currency} ({curve['lower']:,.0f} to {curve['upper']:,.0f})"
        )

    def list(self) -> Table:
        """Return the accounts to act on, as the list to take along."""
        wanted = self.frame[self.frame["profit"] > 0].reset_index(drop=True)
        return Table(wanted[_SHOWN], self.title, 0, self.percent, list_name="actions")  # not shown

    def top(self, most: int = 10) -> Table:
        """Return the first accounts to act on, as much as is read before calling."""
        wanted = self.list().to_frame()[_READ]
        return Table(wanted, self.title, 0, self.percent).first(most)

    def steps(self) -> Table:
        """Return what acting on the first accounts earns, by expected profit and by risk."""
        best, by_risk = self.curves["expected profit"], self.curves["risk"]
        rows = sorted({step for step in (*_STEPS, self.number) if 0 < step < len(best)} | {len(best) - 1})
        frame = best.iloc[rows].assign(by_risk=by_risk["profit"].iloc[rows])
        frame = frame.rename(columns={"accounts": "acted_on"}).reset_index(drop=True)
        return Table(
            frame, f"Expected profit of acting on the first accounts, and on as many by risk, {self.currency}", 0
        )

    def headlines(self) -> Headlines:
        """Return how many to act on, what that earns, and what knowing the effect would add."""
        curve = self.curves["expected profit"].iloc[self.number]
        by_risk = float(self.curves["risk"]["profit"].iloc[self.number])
        knowing = max(self.maximum.known - self.maximum.unknown, 0.0)
        return Headlines(
            Headline("accounts to act on", self.number, "accounts", note=f"{self.share:.0%} of {len(self.frame):,}"),
            Headline("expected profit of acting on them", curve["profit"], self.currency, curve["lower"],
                     curve["upper"], note="less the cost of acting"),
            Headline("as many by risk alone would earn", by_risk, self.currency,
                     note="the riskiest are not the ones worth most"),
            Headline("knowing the effect first would add", knowing, self.currency,
                     note="most that a test by lot can be worth on these accounts"),
        )  # fmt: skip

    def _in_short(self) -> Table:
        return self.top()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the profit of acting on the first accounts, ranked by expected profit and by risk."""
        from clvlab.retention.actions.plots import draw_actions

        return draw_actions(self, ax)
