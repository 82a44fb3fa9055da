"""What hangs on one person: accounts and value by account manager."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.events import Purchases
from clvlab.features.tables import AnyTable
from clvlab.figures import BLUE, GREY, new_axes, state
from clvlab.periods import parse_date
from clvlab.refusal import Refused
from clvlab.results import Remarked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

from clvlab.features.customer_file.shared import DIGITS, MOST_BARS, NO_MANAGER, last_year, managers_of, plural

NOT_ON_FILE = "not in the customer file"


class AccountsByManager(Remarked):
    """What would be orphaned if an account manager left.

    Attributes
    ----------
    measure
        What ``share`` is a share of: the purchases' meaning, or purchases when they carry no money.
    currency
        Currency of the value, blank when not given.
    finding
        The result in one sentence, with its numbers.
    remarks
        What a reader has to know beside the table.
    """

    decimals = 0
    percent = ("share", "largest_share")

    def __init__(self, frame: pd.DataFrame, measure: str, currency: str, remarks: tuple[str, ...]) -> None:
        self._frame = frame
        self.measure = measure
        self.currency = currency
        self.remarks = remarks
        money = f", {currency}" if currency and "value" in frame else ""
        self.title = f"Accounts by manager, {measure} of the last 12 months{money}"
        self.finding = _orphaned(frame, measure, currency)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per manager, the largest share first, accounts without one last.

        account_manager, accounts, active_accounts (a purchase in the last 12 months), purchases, value (when
        purchases carry money), share of the total, largest_account and its largest_share of the manager's
        own; above 1 when the manager's other accounts lose money. A share of a sum that is not positive is
        missing.
        """
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each manager's share of the total, or the value itself where a share has no meaning."""
        special = self._frame.account_manager.isin([NO_MANAGER, NOT_ON_FILE])
        shown = pd.concat([self._frame[~special].head(MOST_BARS), self._frame[special]])
        ax = ax or new_axes(8.0, 0.32 * len(shown) + 1.8)
        shares = shown.share.notna().all()
        column = "value" if "value" in shown else "purchases"
        lengths = 100 * shown.share if shares else shown[column].astype(float)
        at = np.arange(len(shown))[::-1]
        ax.barh(at, lengths, color=np.where(special[shown.index], GREY, BLUE).tolist())
        for height, length, row in zip(at, lengths, shown.itertuples(), strict=True):
            size = f"{length:.0f}%" if shares else f"{length:,.0f}"
            ax.text(
                max(float(length), 0.0),
                height,
                f" {size}, {row.active_accounts:,} active",
                va="center",
                size=9,
            )
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set_yticks(at, shown.account_manager)
        low, high = min(0.0, float(lengths.min())), max(0.0, float(lengths.max()))
        span = (high - low) or 1.0
        ax.set_xlim(low - 0.05 * span * (low < 0), high + 0.35 * span)  # room for the texts
        unit = "%" if shares else self.currency or "number"
        of = f" ({len(shown)} of {len(self._frame)} lines)" if len(self._frame) > len(shown) else ""
        ax.set_xlabel(f"{self.measure} of the last 12 months, {unit}{of}")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.grid(axis="y", visible=False)
        state(ax, self.finding)
        return ax


def accounts_by_manager(
    customers: AnyTable, purchases: Purchases, as_of: str | dt.date, currency: str = ""
) -> AccountsByManager:
    """Sum up per account manager what hangs on that person.

    Parameters
    ----------
    customers
        customer_id and account_manager.
    purchases
        From :func:`clvlab.features.events.purchases`.
    as_of
        The last day of the 12 months that count.
    currency
        Currency of the purchases' value, for titles.

    Returns
    -------
    AccountsByManager
        Sums over managers equal the totals: accounts without a manager, and purchases of customers who are
        not on file, have lines of their own.

    Raises
    ------
    Refused
        When the customer file names no account managers.

    Examples
    --------
    >>> from clvlab.features.events import purchases
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "account_manager": ["Ann", None]})
    >>> import ibis
    >>> invoices = ibis.memtable(
    ...     {"customer_id": ["a", "b"], "issued_on": ["2025-03-01", "2025-04-01"], "amount": [30.0, 10.0]}
    ... )
    >>> found = accounts_by_manager(customers, purchases({"invoices": invoices}), "2025-12-31")
    >>> found.to_frame()[["account_manager", "active_accounts", "value", "share"]]
      account_manager  active_accounts  value  share
    0             Ann                1   30.0   0.75
    1      no manager                1   10.0   0.25
    """
    if "account_manager" not in customers.columns:
        raise Refused("Accounts by manager need account_manager in customers; map that column, or fill it in.")
    measure = "value" if purchases.value else "purchases"
    accounts = _accounts(customers, purchases, parse_date(as_of), measure)
    sums = ["purchases", *(["value"] if purchases.value else [])]
    frame = accounts.groupby("account_manager").agg(
        accounts=("on_file", "sum"),
        active_accounts=("active", "sum"),
        **{name: (name, "sum") for name in sums},
    )
    frame = frame.round(DIGITS)
    total = frame[measure].sum()
    frame["share"] = frame[measure] / total if total > 0 else np.nan
    largest = accounts.drop_duplicates("account_manager").set_index("account_manager")
    own = frame[measure].where(frame[measure] > 0)
    frame["largest_account"] = largest.customer_id.where(largest[measure] > 0).reindex(frame.index)
    frame["largest_share"] = largest[measure].where(largest[measure] > 0).reindex(frame.index) / own
    frame = frame.reset_index()
    frame["last"] = frame.account_manager.map({NO_MANAGER: 1, NOT_ON_FILE: 2}).fillna(0)
    frame = frame.sort_values(["last", measure, "account_manager"], ascending=[True, False, True], ignore_index=True)
    meaning = purchases.meaning or "purchases"
    remarks = _share_remarks(frame, purchases.meaning, float(total))
    return AccountsByManager(frame.drop(columns="last"), meaning, currency, remarks)


def _accounts(customers: AnyTable, purchases: Purchases, as_of: dt.date, measure: str) -> pd.DataFrame:
    """Return one row per account with its manager and what it bought, the largest first."""
    on_file = managers_of(customers).rename("account_manager").reset_index().assign(on_file=1)
    accounts = on_file.merge(last_year(purchases, as_of), on="customer_id", how="outer", validate="one_to_one")
    accounts["account_manager"] = accounts.account_manager.fillna(NOT_ON_FILE)
    accounts = accounts.fillna({"on_file": 0, "purchases": 0, **({measure: 0.0} if measure == "value" else {})})
    accounts = accounts.astype({"on_file": "int64", "purchases": "int64"})
    accounts["active"] = (accounts.purchases > 0).astype("int64")
    return accounts.sort_values([measure, "customer_id"], ascending=[False, True], ignore_index=True)


def _share_remarks(frame: pd.DataFrame, meaning: str, total: float) -> tuple[str, ...]:
    what = meaning or "number of purchases"
    remarks = []
    if not meaning:
        remarks.append("The records carry no money: shares are of the number of purchases.")
    if total <= 0:
        remarks.append(f"The {what} of the last 12 months sums to {total:,.0f}: shares of that mean nothing.")
    if (frame.largest_share > 1).any():
        remarks.append("A largest account above 100% is more than its manager's sum: others lose money.")
    return tuple(remarks)


def _orphaned(frame: pd.DataFrame, measure: str, currency: str) -> str:
    """Return what is orphaned when the manager with the most leaves."""
    people = frame[~frame.account_manager.isin([NO_MANAGER, NOT_ON_FILE])]
    if people.empty:
        return f"None of {plural(int(frame.accounts.sum()), 'accounts')} has an account manager"
    first = people.iloc[0]
    active = plural(int(first.active_accounts), "active accounts")
    if pd.isna(first.share):
        return f"{first.account_manager} looks after {active}; {measure} in total is not positive"
    money = f"{first['value']:,.0f} {currency}".strip() + ", " if "value" in frame else ""
    what = f"the last 12 months' {measure}"
    return f"{first.share:.0%} of {what} hangs on {first.account_manager} ({money}{active})"
