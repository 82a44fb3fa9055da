"""Lost accounts by what winning them back is expected to earn."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.clv.valuing.ranges import Range, product
from clvlab.results import Stated, Table
from clvlab.retention.winning_back.coming_back import Level

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = [
    "customer_id", "name", "account_manager", "cause", "left_on", "profit", "profit_lower", "profit_upper", "chance",
    "value_if_back", "break_even",
]  # fmt: skip
_READ = [
    "name",
    "account_manager",
    "cause",
    "left_on",
    "profit",
    "profit_lower",
    "profit_upper",
    "chance",
    "break_even",
]


class WinBackList(Stated):
    """Lost accounts, ranked by the expected profit of winning them back.

    Attributes
    ----------
    frame
        See :meth:`to_frame`.
    as_of, months, cost, currency
        The last day known, within how many months a return counts, what an attempt costs (0 where that is not known).
    remarks
        What a reader has to know.

    Examples
    --------
    >>> lost = pd.DataFrame({"name": "A Ltd", "account_manager": "Li", "cause": "price", "months_away": 5.0,
    ...                      "left_on": pd.Timestamp("2025-06-30"), "margin": 100.0},
    ...                     pd.Index(["a"], name="customer_id"))
    >>> chance, kept = Range(*([pd.Series([0.3], ["a"])] * 3)), Range(*([pd.Series([20.0])] * 3))
    >>> found = win_back_list(lost, chance, Level(0.5, 0.4, 0.6, 30), kept, as_of=dt.date(2025, 12, 31), months=12,
    ...                       cost=100.0, currency="CNY")
    >>> found.finding
    'At most 1 of 1 lost accounts are worth an attempt; the first 1 hold 100% of the profit'
    """

    percent = ("chance", "chance_lower", "chance_upper", "break_even")
    decimals = 0

    def __init__(
        self, frame: pd.DataFrame, as_of: dt.date, months: float, cost: float, currency: str, remarks: tuple[str, ...]
    ) -> None:
        self.frame, self.as_of, self.months, self.cost = frame, as_of, months, cost
        self.currency, self.remarks = currency, remarks
        self.title = (
            f"Lost accounts, {as_of}, by the expected profit of winning them back, {currency}"
            if cost
            else f"Lost accounts, {as_of}, by what winning them back is expected to bring before its cost, {currency}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per lost account, the highest expected profit first.

        Returns
        -------
        DataFrame
            customer_id, name, account_manager, cause, left_on, months_away (since it was called lost), ``chance`` (to
            come back within the months ahead), ``value_if_back`` (margin over the horizon of one that is back), both
            with ``_lower`` and ``_upper``, ``profit`` (chance x value if back, less the cost of the attempt) with its
            interval, and ``break_even`` (what an attempt must add to the chance to earn its cost; missing where a
            return brings nothing, or the cost is not known).
        """
        return self.frame

    @property
    def number(self) -> int:
        """How many lost accounts have an expected profit above 0."""
        return int((self.frame["profit"] > 0).sum())

    @property
    def finding(self) -> str:
        """Which lost accounts are worth an attempt, in one sentence."""
        wanted = self.frame[self.frame["profit"] > 0]
        if wanted.empty:
            of_all = f"None of {len(self.frame):,} lost accounts is expected to"
            return (
                f"{of_all} earn the cost of winning it back" if self.cost else f"{of_all} bring anything if it returns"
            )
        if not self.cost:
            return (
                f"{len(wanted):,} of {len(self.frame):,} lost accounts would bring something; what an attempt costs is"
                " not known, and so not which of them are worth one"
            )
        return (
            f"At most {len(wanted):,} of {len(self.frame):,} lost accounts are worth an attempt; the first"
            f" {min(10, len(wanted))} hold {wanted['profit'].head(10).sum() / wanted['profit'].sum():.0%} of the profit"
        )

    def list(self) -> Table:
        """Return the accounts worth an attempt, as the list to take along."""
        wanted = self.frame[self.frame["profit"] > 0].reset_index(drop=True)
        return Table(wanted[_SHOWN], self.title, 0, self.percent, list_name="win_back")  # not shown

    def top(self, most: int = 10) -> Table:
        """Return the first accounts worth an attempt, as much as is read before calling."""
        wanted = self.list().to_frame()[_READ]
        return Table(wanted, self.title, 0, self.percent).first(most)

    def _in_short(self) -> Table:
        return self.top()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each lost account's chance to come back against what it would bring."""
        from clvlab.retention.winning_back.plots import draw_win_back

        return draw_win_back(self, ax)


def win_back_list(
    lost: pd.DataFrame, chance: Range, level: Level, months_kept: Range, *, as_of: dt.date, months: float,
    cost: float, currency: str, remarks: tuple[str, ...] = (),
) -> WinBackList:  # fmt: skip
    """Rank lost accounts by the expected profit of winning them back.

    Parameters
    ----------
    lost
        Indexed by customer_id: name, account_manager, cause, left_on, months_away, margin (a month, of the year before
        it left).
    chance
        To come back within the months ahead, by customer_id.
    level
        What those who came back bring, against before they left.
    months_kept
        Discounted months that one who is back stays within the horizon, one entry.
    as_of, months, cost, currency
        The last day known, within how many months a return counts, what an attempt costs; 0 where that is not known.
    remarks
        More that a reader has to know.

    Notes
    -----
    The chance is that of coming back as lost accounts do in the records. Records without offers made by lot do not
    tell what an attempt adds to it; ``break_even`` says what it has to add.

    Examples
    --------
    >>> lost = pd.DataFrame({"name": "A Ltd", "account_manager": "Li", "cause": "price", "months_away": 5.0,
    ...                      "left_on": pd.Timestamp("2025-06-30"), "margin": 100.0},
    ...                     pd.Index(["a"], name="customer_id"))
    >>> chance, kept = Range(*([pd.Series([0.3], ["a"])] * 3)), Range(*([pd.Series([20.0])] * 3))
    >>> found = win_back_list(lost, chance, Level(0.5, 0.4, 0.6, 30), kept, as_of=dt.date(2025, 12, 31), months=12,
    ...                       cost=100.0, currency="CNY")
    >>> found.to_frame()[["profit", "break_even"]].round(2)
       profit  break_even
    0   200.0         0.1
    """
    ones = pd.Series(1.0, index=lost.index)
    kept = product(Range(*(ones * part for part in level[:3])), Range(*(ones * part.iloc[0] for part in months_kept)))
    value = kept.times(lost["margin"])
    profit = Range(*(part - cost for part in product(chance, value)))
    frame = lost.assign(
        **chance.columns("chance"), **value.columns("value_if_back"), **profit.columns("profit"),
        break_even=(cost / value.value).where(value.value > 0),
    )  # fmt: skip
    frame["break_even"] = frame["break_even"].where(frame["break_even"].between(0, 1, "right"), np.nan)
    ranked = frame.reset_index().sort_values(["profit", "customer_id"], ascending=[False, True], ignore_index=True)
    told = (
        f"The chance is that of accounts that came back of themselves within {months:g} months: an attempt is credited"
        " with the whole return, so that the profit is the most it can be. To pay it must raise the chance by the"
        " break-even; what it really adds only offers made by lot tell.",
        f"Those who came back ({level.customers:,}) bring {level.value:.0%} ({level.lower:.0%} to {level.upper:.0%}) of"
        " what they brought before they left."
        if level.value != 1
        else "Too few came back to tell what they bring then; it is taken to be what they brought before.",
        *([f"An attempt is taken to cost {cost:,.0f} {currency}."] if cost else []),
    )
    return WinBackList(ranked, as_of, months, cost, currency, (*told, *remarks))
