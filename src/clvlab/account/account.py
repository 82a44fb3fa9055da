"""One account's file, section by section."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.account.entitlements import entitled
from clvlab.account.events import events
from clvlab.account.headlines import headlines
from clvlab.account.margin import AccountMargin, account_margin
from clvlab.account.next_steps import next_steps
from clvlab.account.profile import name_of, profile
from clvlab.account.reading import facts_of, rows_of
from clvlab.account.risk import LOST, cause_in_words, reasons, rhythm_in_words, risk
from clvlab.account.service import promised_on_time, satisfaction, service
from clvlab.account.standing import beside_points, by_indicator, firmness, moved, need_grade
from clvlab.account.timeline import Timeline, timeline
from clvlab.account.value import Amount, fact, worth
from clvlab.language import say, say_name
from clvlab.refusal import Refused
from clvlab.results import Headlines, Result, Table

if TYPE_CHECKING:
    from clvlab.account.accounts import Accounts


class Account(Result):
    """Everything known of one customer. Made by :meth:`clvlab.account.accounts.Accounts.of`.

    A section that the records do not carry is refused with one sentence.

    Attributes
    ----------
    customer_id
        The customer's code.
    """

    def __init__(self, accounts: Accounts, customer_id: str) -> None:
        self._all, self.customer_id = accounts, customer_id

    @property
    def name(self) -> str:
        """The customer's name with its code."""
        return name_of(self._all.customers, self.customer_id)

    @property
    def title(self) -> str:  # type: ignore[override]
        """Whose file it is."""
        return f"{self.name}, as of {self._all.as_of}"

    @property
    def _heading(self) -> str:
        """The title in the language of display; the name, whatever its words, is in none."""
        name, bracket, code = self.name.partition(" (")
        return say_name(name) + bracket + code + say(f", as of {self._all.as_of}")

    # Who they are, and what happened ------------------------------------------------------------------------

    @property
    def profile(self) -> Table:
        """Who they are, and what was agreed."""
        everything = self._all
        return profile(
            everything.records.tables, everything.customers, self.customer_id, everything.as_of, everything.currency,
            self._first_on,
        )  # fmt: skip

    @property
    def _first_on(self) -> pd.Timestamp | None:
        """The day of the first order; None without one."""
        return facts_of(self._all.base.totals, self.customer_id).get("first_on")

    @cached_property
    def timeline(self) -> Timeline:
        """Orders, failures, complaints, contacts and contract events by month."""
        return timeline(self._all.records.tables, self.customer_id, self._all.as_of)

    @property
    def events(self) -> Table:
        """The latest events."""
        return events(self._all.records.tables, self.customer_id, self._all.as_of)

    # Money --------------------------------------------------------------------------------------------------

    @property
    def value(self) -> Table:
        """What they have brought, will bring and could bring.

        Raises
        ------
        Refused
            When the records hold no money of the account.
        """
        return worth(self._amounts(), self.customer_id, self._all.currency, self._all.base.value_doubts)

    def _amounts(self) -> list[Amount]:
        """Return the kinds of money that the records tell of."""
        everything, found = self._all, []
        with suppress(Refused):
            year = everything.margins_last_year
            found.append(Amount(f"{year.meaning} of the last 365 days", fact(year.frame["contribution"])))
        with suppress(Refused):
            earned = everything.base.estimated(everything.playbook_accounts, "recurring_profit")
            found.append(Amount("profit of the last 365 days, without the cost of winning them", earned))
        with suppress(Refused):
            values, estimated = everything.values, everything.base.estimated
            found += [
                Amount("brought so far", fact(values.frame["historical_value"])),
                Amount(f"to come in {values.horizon_months} months, discounted", estimated(values.frame, "value")),
                Amount("to come for life, discounted", estimated(values.frame, "life_value")),
            ]
        with suppress(Refused):
            won = everything.base.estimated(everything.potential, "could_be_won")
            found.append(Amount("could be won beside it, a year", won))
        return found

    @property
    def margin(self) -> AccountMargin:
        """The steps from revenue to profit.

        Raises
        ------
        Refused
            When the records hold no revenue.
        """
        return account_margin(self._all.margins_last_year, self._all.margins, self.customer_id)

    # Standing and risk --------------------------------------------------------------------------------------

    @property
    def score(self) -> Table:
        """The score by indicator, and how firm the tier is.

        Raises
        ------
        Refused
            When the account is not graded.
        """
        tiers, code = self._all.tiers, self.customer_id
        need_grade(tiers.scorecard, code)
        told = beside_points(tiers.held, tiers.base.assumptions.tier_band, code)
        with suppress(Refused):  # one customer alone
            told += firmness(tiers.survival, code)
        return by_indicator(tiers.scorecard, tiers.labels[code], tiers.indicators, self._all.quarters, code, told)

    @property
    def moved(self) -> Table:
        """How the tier moved through the last quarters.

        Raises
        ------
        Refused
            When there are no two quarters to compare, or the account was graded in none.
        """
        return moved(self._all.tiers.history, self._all.quarters, self.customer_id)

    @property
    def risk(self) -> Table:
        """The probability to leave, silence against their own rhythm, and the next order.

        Raises
        ------
        Refused
            When the account is called lost, or nothing tells who leaves; with how it stands.
        """
        churn, stands = self._all.churn, self._all.row("standing", self.customer_id)
        told = rhythm_in_words(stands, self._all.row("rhythms", self.customer_id), self._all.as_of)
        if stands.get("standing") == LOST:
            raise Refused(" ".join(told))
        try:
            ahead = self._all.prospects
        except Refused as refusal:
            raise Refused(" ".join([*told, str(refusal)])) from refusal
        return risk(ahead, churn.horizons, self.customer_id, told)

    @property
    def reasons(self) -> Table:
        """What raises and lowers the risk against their own past.

        Raises
        ------
        Refused
            When nothing does; of an account called lost, with the cause on record.
        """
        if self._all.row("standing", self.customer_id).get("standing") == LOST:
            raise Refused(cause_in_words(self._all.churn.spells, self.customer_id))
        return reasons(self._all.drivers, self.customer_id)

    # Service ------------------------------------------------------------------------------------------------

    @property
    def service(self) -> Table:
        """How often service failed, beside all customers.

        Raises
        ------
        Refused
            When nothing was counted.
        """
        contracts = rows_of(self._all.records.tables, "contracts", self.customer_id)
        return service(self._all.failures, self.customer_id, promised_on_time(contracts))

    @property
    def satisfaction(self) -> Table:
        """Where they find us short of what they expect.

        Raises
        ------
        Refused
            When nobody was asked, or they did not answer.
        """
        return satisfaction(self._all.satisfaction_gaps, self._all.answers, self.customer_id)

    @property
    def entitlements(self) -> Table:
        """What they are entitled to and get.

        Raises
        ------
        Refused
            When nothing is due, and without margins or tiers.
        """
        return entitled(self._all.playbook_accounts, self._all.gaps, self.customer_id)

    # In short -----------------------------------------------------------------------------------------------

    @property
    def headlines(self) -> Headlines:
        """The figures to remember: value to come, risk, margin at stake, tier, next order."""
        return headlines(self._all, self.customer_id)

    @property
    def next_steps(self) -> Result:
        """What to do next, the most money behind it first; never against the lists or the watch list."""
        return next_steps(self._all, self.customer_id)

    def to_frame(self) -> pd.DataFrame:
        """Return the headlines, one row each."""
        return self.headlines.to_frame()

    def __repr__(self) -> str:
        """Return name and headlines as text."""
        return f"{self._heading}\n{self.headlines!r}"

    def _repr_html_(self) -> str:
        # The class is what the page's style knows an account's file by: printed, it is set to fit three pages.
        return f'<p class="account-file">{escape(self._heading)}</p>{self.headlines._repr_html_()}'

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        found = self.headlines._repr_mimebundle_()
        return found | {"text/plain": repr(self), "text/html": self._repr_html_()}
