"""The gaps as they are read: accounts over-served and under-served, what each got, and what it comes to by tier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from clvlab.results import Remarked, Table
from clvlab.tiers.playbook.entitlements import TIERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OVER, UNDER = "over", "under"
_SHOWN = 15
# An aim of the account's work, a fact of our own staffing, and a right that nobody need use: none of them alone makes
# an account under-served.
_NOT_ALONE = {OVER: (), UNDER: ("tie", "accounts per manager", "payment term")}
_WORDS = {
    "payment term": "days to pay",
    "priority": "priority class",
    "tie": "tie of level",
    "accounts per manager": "accounts of its manager",
    "answer to an enquiry": "enquiries answered in time, %:",
    "answer to a complaint": "complaints answered in time, %:",
}


class Gaps(Remarked):
    """What each account gets against what it is entitled to.

    Attributes
    ----------
    currency
        Of the money.
    remarks
        What was compared, at which prices, and how sure it is.
    """

    decimals = 0

    def __init__(self, frame: pd.DataFrame, at_stake: pd.Series, remarks: tuple[str, ...], currency: str) -> None:
        self._frame, self._at_stake, self.remarks, self.currency = frame, at_stake, remarks, currency
        self._money = f", {currency} a year" if currency else ""
        self.title = f"Served beyond and below the entitlement, by tier: clear gaps{self._money}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per account and entitlement that the records tell about.

        customer_id, tier, entitlement, entitled, received (of visits and calls those due and made in the last 365
        days; of answers the percentage in time), chance (of a gap as large if the entitlement is kept; missing for
        terms on file, which are no matter of chance), direction (over, under or blank), clear (beyond chance), money
        (what the gap costs, or would cost to close, a year; missing without a price).
        """
        return self._frame

    def over(self) -> Table:
        """Return the over-served accounts, those with the largest cost first: what they get beyond the entitlement."""
        frame = self._accounts(OVER).drop(columns="at_stake").rename(columns={"money": "costs_beyond"})
        return Table(frame, f"Over-served: what is spent beyond the entitlement{self._money}", 0)

    def under(self) -> Table:
        """Return the under-served accounts, those with most at stake first, else with the largest cost of closing."""
        frame = self._accounts(UNDER).rename(columns={"money": "cost_to_close"})
        if frame["at_stake"].isna().all():
            frame = frame.drop(columns="at_stake")
        return Table(frame, f"Under-served: what keeping the entitlement would cost{self._money}", 0)

    def _accounts(self, direction: str) -> pd.DataFrame:
        """Return one row per account with clear gaps in one direction: its money, and the gaps in words."""
        rows = self._frame[self._frame["clear"] & (self._frame["direction"] == direction)]
        alone = rows["entitlement"].isin(_NOT_ALONE[direction]).groupby(rows["customer_id"]).transform("all")
        rows = rows[~alone.astype(bool)]
        by_account = rows.groupby("customer_id")
        found = by_account.agg(tier=("tier", "first"))
        found["at_stake"] = self._at_stake.reindex(found.index)
        found["money"] = by_account["money"].sum(min_count=1)
        surest = rows.sort_values("chance", kind="stable")  # terms on file come last
        found["gaps"] = (_in_words(surest) + "; ").groupby(surest["customer_id"]).sum().str.removesuffix("; ")
        found = found.reset_index()
        first = ["money"] if direction == OVER else ["at_stake", "money"]
        ascending = [False] * len(first) + [True]
        return found.sort_values([*first, "customer_id"], ascending=ascending, ignore_index=True)

    def by_tier(self) -> Table:
        """Return one row per tier: accounts, how many are over- and under-served, and the money of both."""
        return Table(self._shown(), self.title, 0)

    def _shown(self) -> pd.DataFrame:
        tiers = [tier for tier in TIERS if (self._frame["tier"] == tier).any()]
        found = pd.DataFrame({"accounts": self._frame.groupby("tier")["customer_id"].nunique()}).reindex(tiers)
        for direction, money in ((OVER, "costs_beyond"), (UNDER, "cost_to_close")):
            by_tier = self._accounts(direction).groupby("tier")
            found[f"{direction}_served"] = by_tier.size().reindex(tiers, fill_value=0)
            found[money] = by_tier["money"].sum(min_count=1).reindex(tiers, fill_value=0.0)
        return found.rename_axis("tier").reset_index()

    def _repr_html_(self) -> str:
        lists = "".join(
            Table(table.to_frame().head(_SHOWN), table.title, 0)._repr_html_() for table in (self.over(), self.under())
        )
        return super()._repr_html_() + lists

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw by tier what is spent beyond the entitlements and what keeping them would cost."""
        from clvlab.tiers.playbook.plots import draw_gaps

        return draw_gaps(self, ax)


def _in_words(rows: pd.DataFrame) -> pd.Series:
    """Return each gap in words, such as "visits 9 (due 4)"."""
    received, entitled = (rows[name].round(1).map("{:g}".format).astype(object) for name in ("received", "entitled"))
    return rows["entitlement"].replace(_WORDS) + " " + received + " (due " + entitled + ")"
