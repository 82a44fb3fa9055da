"""The three lists as they are read, the accounts below zero that stand apart, and the rules that decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused, nearest
from clvlab.results import Note, Result, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INVEST, FIX, LET_GO = "invest", "fix", "let go"
LISTS = (INVEST, FIX, LET_GO)

# What keeps an account that lost us money off the list "let go".
NOT_CLEAR = "lost us money, but its interval holds zero"
MAY_BE_MENDED = "price and saving might end the smallest loss in its interval"
MAY_WIN = "what could be won might end the loss"
LOOKED_AT = "its potential is high, undecided or not known"
CONNECTED = "more hangs on it through connected customers than it loses"

# What the lists had to do without.
POTENTIAL_UNTOLD = "Potential is known of nobody (the quadrants say why), so nobody is let go whatever the loss."
CONNECTIONS_UNTOLD = "Who is connected with whom is not known here: ask before letting anyone go."

_LET_GO_MORE = ["contribution_lost", "left_uncovered", "first_year", "connected", "hanging_value", "connected_value"]


@dataclass(frozen=True)
class Rules:
    """The numbers that decide who stands on which list.

    Parameters
    ----------
    price_rise
        The dearest that a price can become: 0.05 for 5%.
    saving
        The part of the cost to serve that can be saved without losing the account.
    staying
        The part of the cost to serve that stays for the first year when an account goes: people and equipment.
    horizon_months
        For how many months value to come counts.

    Raises
    ------
    Refused
        For a share outside 0 to 1, or a horizon that is not above 0.
    """

    price_rise: float = 0.05
    saving: float = 0.30
    staying: float = 0.50
    horizon_months: float = 36

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        for item in fields(self):
            number = getattr(self, item.name)
            if item.name == "horizon_months" and not number > 0:
                raise Refused(f"horizon_months={number} must be above 0.")
            if item.name != "horizon_months" and not 0 <= number <= 1:
                raise Refused(f"{item.name}={number} is no share; give one between 0 and 1, such as 0.05 for 5%.")


class ActionLists(Result):
    """Whom to invest in, whom to fix, whom to let go.

    Attributes
    ----------
    apart
        DataFrame of accounts that lost us money and stand on no list: customer_id, tier, recurring_profit with its
        interval, why.
    rules
        The numbers that decided.
    currency
        Of all money.
    """

    decimals = 0

    def __init__(
        self, frame: pd.DataFrame, apart: pd.DataFrame, rules: Rules, caveats: Sequence[str], currency: str
    ) -> None:
        self._frame = frame.reset_index(drop=True)
        self.apart, self.rules, self.currency, self._caveats = apart, rules, currency, caveats
        self.title = "Invest, fix, let go" + (f", money in {currency}" if currency else "")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per listed account, by list, the most money first.

        list, customer_id, tier, quadrant; money with _lower and _upper, its 90% interval, and money_is, what it is;
        reason. Of "let go" also contribution_lost, left_uncovered (cost to serve that stays) and first_year (loss ended
        less that), all a year; connected (customers), hanging_value (of theirs, by the share that hangs on the account)
        and connected_value (should all go), both within the horizon.
        """
        return self._frame

    def of(self, customers: pd.Index) -> ActionLists:
        """Return the lists of some customers, by the same rules."""
        own, apart = (frame[frame["customer_id"].isin(customers)] for frame in (self._frame, self.apart))
        return ActionLists(own, apart, self.rules, self._caveats, self.currency)

    def one(self, name: str, most: int = 8) -> Table:
        """Return the first accounts of a list and kind of money, with the totals in the title.

        ``name`` is "invest", "fix" or "let go"; another one is refused.
        """
        if name not in LISTS:
            raise Refused(f"There is no list {name!r}{nearest(name, LISTS)}; choose {', '.join(LISTS)}.")
        rows = self._frame[self._frame["list"] == name]
        shown = rows.groupby("money_is", sort=False).head(most)
        columns = ["customer_id", "tier", "money", "reason", "money_lower", "money_upper", "money_is"]
        columns += _LET_GO_MORE if name == LET_GO and len(rows) else []
        sums = "; ".join(f"{amount:,.0f} {self.currency}".strip() + f" {what}" for what, amount in
                         rows.groupby("money_is")["money"].sum().items())  # fmt: skip
        title = f"{name.capitalize()}: {plural(len(rows), 'accounts')}" + (f", {sums}" if sums else "")
        if len(rows) > len(shown):
            title += f"; the first {len(shown)}"
        return Table(shown[columns].reset_index(drop=True), title, 0, fold=False)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The rules with their numbers, and how many accounts that lost us money stand apart."""
        rules = self.rules
        told = [
            f"Below zero: the whole 90% interval of last year's profit, without the cost of winning the account. Fix: "
            f"{rules.price_rise:.0%} on the price and {rules.saving:.0%} less cost to serve would end the loss; or "
            "under-served beyond chance, with more value at stake than keeping the entitlement costs.",
            "What could be won is what similar accounts gave by themselves, and value at stake is what leaving would "
            "cost: how much of either an effort brings is not known from these.",
            f"Let go: neither that nor the most that could be won would end even the smallest loss, potential is low, "
            f"and less hangs on it through others than it loses in {rules.horizon_months:g} months. Of the cost to "
            f"serve {rules.staying:.0%} is assumed to stay for the first year.",
        ]
        told += self._caveats
        counts = self.apart["why"].value_counts()
        told += [f"{plural(int(number), 'accounts')} apart: {why}." for why, number in counts.items()]
        return tuple(told)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the money of each list, by what it is."""
        from clvlab.tiers.playbook.plots import draw_lists

        return draw_lists(self, ax)

    def __repr__(self) -> str:
        """Return the three lists and the remarks as text."""
        return "\n".join([*(repr(self.one(name)) for name in LISTS), *self.remarks])

    def _repr_html_(self) -> str:
        return "".join(self.one(name)._repr_html_() for name in LISTS) + Note(*self.remarks)._repr_html_()
