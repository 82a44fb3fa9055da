"""The accounts of a region, or of a manager: how they stand, and which need us now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from clvlab.account.group_told import Together, headlines, to_do
from clvlab.account.profile import name_of
from clvlab.account.reading import one_line
from clvlab.features.customer_file.shared import NO_MANAGER
from clvlab.features.events import purchases
from clvlab.features.overview import year_on_year
from clvlab.refusal import Refused, nearest
from clvlab.results import Headlines, Note, Result, Table
from clvlab.retention.watch_list_result import WatchList
from clvlab.tiers.grading.stability import DEMOTION, PROMOTION
from clvlab.tiers.playbook.action_result import ActionLists

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.account.accounts import Accounts

REGION, MANAGER = "region", "account_manager"
NOT_RECORDED = "not recorded"
# How accounts stand together of which the customer file says nothing.
BLANK = {REGION: NOT_RECORDED, MANAGER: NO_MANAGER}
_ENDS = ("", "_lower", "_upper")
# So many values are named when an unknown one is refused.
_NAMED = 20


class Group(Result):
    """Some of the customers, by what the customer file says of them.

    Models are fitted to all customers; of what they find, a group shows its own part. A section that the records do
    not carry is refused with one sentence.

    Parameters
    ----------
    accounts
        All accounts.
    region, account_manager
        Whose; blank for all.

    Raises
    ------
    Refused
        When the customer file does not say, nobody has the value (the nearest is named), or nobody has both.

    Attributes
    ----------
    customers
        Codes of the group's customers.
    """

    def __init__(self, accounts: Accounts, region: str = "", account_manager: str = "") -> None:
        self._all, self.region, self.manager = accounts, region, account_manager
        everyone = accounts.customers
        member = pd.Series(True, everyone.index)
        for column, wanted in ((REGION, region), (MANAGER, account_manager)):
            if wanted:
                member &= _has(everyone, column, wanted)
        if not member.any():
            raise Refused(f"No customer of the region {region!r} has the account manager {account_manager!r}.")
        self.customers = everyone.index[member]

    @property
    def title(self) -> str:  # type: ignore[override]
        """Whose accounts they are."""
        if self.region and self.manager:
            return f"Accounts of {self.manager} in the region {self.region}"
        if self.region:
            return f"Accounts in the region {self.region}"
        return f"Accounts of {self.manager}" if self.manager else "Accounts of all regions and managers"

    @property
    def is_everyone(self) -> bool:
        """Whether no customer is left out."""
        return len(self.customers) == len(self._all.customers)

    @property
    def remarks(self) -> Note:
        """Whose accounts they are, and what a reader has to know of the figures."""
        everything = self._all
        told = [
            f"{self.title}.",
            f"{len(self.customers):,} of {len(everything.customers):,} customers, as of {everything.as_of}.",
        ]
        if not self.is_everyone:
            told.append(
                "Models are fitted to all customers, and only then cut to these: a few accounts alone would teach no"
                " model."
            )
        with suppress(Refused):
            told += everything.values.doubts
        return Note(*told)

    @property
    def months(self) -> int:
        """How far ahead leaving is looked at."""
        return self._all.base.assumptions.leave_within_months

    @cached_property
    def value(self) -> Together:
        """What they will bring together within the horizon.

        Raises
        ------
        Refused
            When the records hold no money, or none of these customers is valued.
        """
        return self.value_of(self.customers)

    def value_of(self, customers: pd.Index) -> Together:
        """Return what some of them will bring together within the horizon; refused as :attr:`value` is."""
        values = self._all.values
        own = self._all.worth.loc[self._all.worth.index.isin(customers), "value"]
        if own.empty:
            raise Refused("None of these customers is valued.")
        everyone = len(own) == len(values.frame)
        ends = values.interval() if everyone else values.together(own.index, self._all.base.seed)
        return Together(float(own.sum()), *ends)

    @cached_property
    def leaving(self) -> Together:
        """How many of them are expected to leave."""
        return self.leaving_of(self.customers)

    def leaving_of(self, customers: pd.Index) -> Together:
        """Return how many of some of them are expected to leave."""
        return Together(*self._all.churn.prospects.together(customers, self.months, self._all.base.seed))

    @cached_property
    def watch_list(self) -> WatchList:
        """Whom of them to call first.

        Raises
        ------
        Refused
            When none of them is on the list.
        """
        own = self._all.watch_list.of(self.customers)
        if own.to_frame().empty:
            raise Refused("None of these accounts has a place on the watch list.")
        return own

    @property
    def year(self) -> Table:
        """What they bought in the last 365 days against the 365 before.

        Raises
        ------
        Refused
            When none of them ever bought.
        """
        found = purchases(self._all.records.tables)
        own = found.table.semi_join(ibis.memtable({"customer_id": list(self.customers)}), "customer_id")
        if not own.count().execute():
            raise Refused("Nothing is recorded of what these accounts bought.")
        return year_on_year(replace(found, table=own), self._all.as_of)

    @property
    def tiers(self) -> Table:
        """How many of them are in each tier, beside all customers, and what they will bring.

        Raises
        ------
        Refused
            When none of them is graded.
        """
        labels, tiers = self._all.tiers.labels, self._all.tiers.scheme.tiers
        own = labels[labels.index.isin(self.customers)]
        if own.empty:
            raise Refused("None of these accounts has a tier: only customers with an order in the last 365 days do.")
        frame = pd.DataFrame({"tier": tiers, "accounts": own.value_counts().reindex(tiers, fill_value=0).to_numpy()})
        for name, some in (("share", own), ("share_of_all_customers", labels)):
            frame[name] = some.value_counts(normalize=True).reindex(tiers, fill_value=0.0).to_numpy()
        with suppress(Refused):
            moves = self.moves.to_frame()
            counts = pd.crosstab(moves["to_tier"], moves["move"]).reindex(tiers, fill_value=0)
            for move, name in ((PROMOTION, "risen_last_quarter"), (DEMOTION, "fallen_last_quarter")):
                frame[name] = counts.get(move, pd.Series(0, tiers)).to_numpy()
        return Table(frame, "Accounts by tier", 0, ("share", "share_of_all_customers"), fold=False)

    @cached_property
    def moves(self) -> Table:
        """Which of them changed tier at the end of the last quarter, the highest score first, and why.

        Raises
        ------
        Refused
            When the records do not reach back so far.
        """
        history = self._all.tiers.history
        quarter = history.tiers.columns[-1]
        own = history.moves["customer_id"].isin(self.customers) & (history.moves["quarter"] == quarter)
        moves = (
            history.moves[own].drop(columns="quarter").sort_values(["score", "customer_id"], ascending=[False, True])
        )
        if "name" in self._all.customers:
            moves.insert(1, "name", moves["customer_id"].map(self._all.customers["name"]))
        title = f"Who changed tier at the end of {quarter}, and what moved the points"
        return _Moves(moves.reset_index(drop=True), title, 1, fold=False, list_name="tier_moves")  # not shown

    @cached_property
    def lists(self) -> ActionLists:
        """Whom of them to invest in, fix and let go."""
        return self._all.playbook.lists.of(self.customers)

    @property
    def accounts(self) -> Table:
        """All of them with standing, tier, value and risk, those with most at stake first."""
        title = f"The accounts, money in {self._all.currency}" if self._all.currency else "The accounts"
        return Table(self.to_frame(), title, 0, ("leave", "leave_lower", "leave_upper"), list_name="accounts")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per account, those with most at stake first, then by value, then by risk.

        customer_id, name, region, account_manager, standing, tier; value_to_come, leave (probability within the months
        that the watch list looks ahead) and at_stake (margin), each with ``_lower`` and ``_upper``, its 90%
        interval; list (invest, fix, let go). What the records do not tell is missing.
        """
        everything = self._all
        value = {f"value{end}": f"value_to_come{end}" for end in _ENDS}
        leave = {f"leave_{self.months}{end}": f"leave{end}" for end in _ENDS}
        parts: list[Callable[[], pd.DataFrame]] = [
            lambda: everything.standing[["standing"]],
            lambda: everything.tiers.labels.to_frame("tier"),
            lambda: everything.worth[list(value)].rename(columns=value),
            lambda: everything.prospects[list(leave)].rename(columns=leave),
            lambda: self.watch_list.to_frame().set_index("customer_id")[[f"at_stake{end}" for end in _ENDS]],
            lambda: everything.lists[["list"]],
        ]
        frame = everything.customers.loc[self.customers]
        frame = frame[frame.columns.intersection(["name", REGION, MANAGER], sort=False)]
        for part in parts:
            with suppress(Refused):
                frame = frame.join(part())
        order = [name for name in ("at_stake", "value_to_come", "leave") if name in frame]
        if order:
            frame = frame.sort_values(order, ascending=False, kind="stable", na_position="last")
        return frame.rename_axis("customer_id").reset_index()

    @cached_property
    def headlines(self) -> Headlines:
        """The figures to remember."""
        return headlines(self._all, self)

    @property
    def to_do(self) -> Note:
        """What to do about them, one sentence each."""
        return to_do(self._all, self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each account's probability to leave against its margin."""
        return self.watch_list.plot(ax)

    def __repr__(self) -> str:
        """Say whose accounts they are, and the figures to remember, as text."""
        return f"{self.remarks!r}\n{self.headlines!r}"

    def _repr_html_(self) -> str:
        return self.remarks._repr_html_() + self.headlines._repr_html_()

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        figures = self.headlines._repr_mimebundle_()
        return figures | {"text/plain": repr(self), "text/html": self._repr_html_()}


class _Moves(Table):
    """Changes of tier; on a page an account is one column, and the tiers say whether it rose."""

    def _shown(self) -> pd.DataFrame:
        frame = self.to_frame()
        facts = frame.set_index("customer_id")
        named = [name_of(facts, customer) for customer in frame["customer_id"]]
        return (
            frame.assign(customer_id=named)
            .rename(columns={"customer_id": "account"})
            .drop(columns=["move", "name"], errors="ignore")
        )


def _has(customers: pd.DataFrame, column: str, wanted: str) -> pd.Series:
    """Return whose column holds a value; what is blank on file stands under a name of its own.

    Examples
    --------
    >>> customers = pd.DataFrame({"region": ["south", None, " "]}, index=["a", "b", "c"])
    >>> _has(customers, "region", "not recorded").tolist()
    [False, True, True]
    """
    what, wanted = column.replace("_", " "), one_line(wanted)
    if column not in customers:
        raise Refused(
            f"The customers have no column {column}, so none can be chosen by it; leave {column} blank for all, or add"
            " the column."
        )
    values = customers[column].map(one_line).replace("", BLANK[column])
    known = sorted(values.unique())
    if wanted not in known:
        more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
        raise Refused(
            f"No customer has the {what} {wanted!r}{nearest(wanted, known)}; there are"
            f" {', '.join(known[:_NAMED])}{more}."
        )
    return values == wanted
