"""Whom to act on, what to test, whom to win back, and whether winning or keeping is the better use of money."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from clvlab.assumptions import FILE, Assumptions
from clvlab.churn.customer_churn import Churn
from clvlab.features.customer_file.shared import present
from clvlab.features.events import Purchases
from clvlab.periods import years_before
from clvlab.refusal import Refused
from clvlab.results import Note, Result, Table
from clvlab.retention.accounts import TIE, effect_of_calling
from clvlab.retention.actions.actions import actions
from clvlab.retention.actions.actions_result import Actions
from clvlab.retention.actions.effect import Effect, assumed_effect, measured_effect
from clvlab.retention.actions.hold_out import HoldOut, hold_out
from clvlab.retention.actions.power import design_effect
from clvlab.retention.campaign_effect import CampaignEffect
from clvlab.retention.channels.contact_channels import ContactChannels, contact_channels
from clvlab.retention.watch_list_result import WatchList
from clvlab.retention.winning_and_keeping.customer_equity import CustomerEquity
from clvlab.retention.winning_and_keeping.from_records import keeping_curve, winning_curve, yearly_margins
from clvlab.retention.winning_and_keeping.split import WinningOrKeeping, winning_or_keeping
from clvlab.retention.winning_back.from_records import win_back_accounts
from clvlab.retention.winning_back.win_back_list import WinBackList

_NAMED = 3


@dataclass(frozen=True, repr=False, eq=False)
class Retention(Result):
    """Whom to act on, by expected profit, and how a budget is spent best.

    Attributes
    ----------
    assumptions, seed
        With the currency of the records; of every random draw.
    bought
        What customers brought.
    churn
        Returns who is leaving, or refuses.
    watched
        Returns the watch list, or refuses.
    """

    assumptions: Assumptions
    seed: int
    bought: Purchases
    churn: Callable[[], Churn]
    watched: Callable[[], WatchList]

    def campaign_by(self, group: str = TIE) -> CampaignEffect:
        """Return what the campaign drawn by lot changed, by groups of customers.

        Parameters
        ----------
        group
            tie (under contract or not), or a column of the customer file, chosen before looking at the outcome.

        Raises
        ------
        Refused
            Without such a campaign.
        """
        return effect_of_calling(self.churn(), group)

    @cached_property
    def campaign(self) -> CampaignEffect:
        """What the campaign drawn by lot changed, under contract and not."""
        return self.campaign_by()

    @cached_property
    def cost(self) -> tuple[float, str]:
        """What acting on one account costs, and the sentence that says where that comes from.

        Raises
        ------
        Refused
            When neither a campaign, nor the assumptions, nor a visit tells.
        """
        currency = self.assumptions.currency
        with suppress(Refused):
            if (cost := self.campaign.cost) > 0:
                return cost, f"Acting on one account costs {cost:,.0f} {currency}, as in the campaign."
        if (cost := self.assumptions.unit_costs.get("visit", 0.0)) > 0:
            return cost, f"Acting on one account is taken to be a visit at {cost:,.0f} {currency} ({FILE})."
        tables = self.churn().base.records.tables
        if "contacts" in tables and {"kind", "cost"} <= set(tables["contacts"].columns):
            visits = tables["contacts"].filter(tables["contacts"].kind == "visit").cost.mean().execute()
            if visits is not None and visits > 0:
                return float(visits), f"Acting on one account is taken to be a visit at {visits:,.0f} {currency}."
        raise Refused(
            f"What acting on an account costs is not known, so that no profit can be told: give visit under"
            f" [unit_costs] in {FILE} beside the data, or record the cost of visits in contacts."
        )

    @cached_property
    def actions(self) -> Actions:
        """Accounts ranked by the expected profit of acting on them, and how many to act on."""
        return self.actions_by()

    def actions_by(self, group: str = TIE) -> Actions:
        """Return the same with the campaign's effect by other groups of customers."""
        watched = self.watched()
        return actions(watched, self._effect(watched, group), *self.cost)

    def called_first(self, most: int = 10) -> Table | None:
        """Return the accounts with the most margin at stake, the order that needs no cost; None without a watch list.

        Parameters
        ----------
        most
            How many of them.
        """
        with suppress(Refused):
            return self.watched().top(most)
        return None

    def _effect(self, watched: WatchList, group: str) -> Effect:
        """Return what acting changes: of the campaign drawn by lot, or as assumed."""
        accounts = watched.frame.set_index("customer_id")
        risk = accounts["probability"].dropna()
        try:
            campaign = self.campaign_by(group)
        except Refused:
            return assumed_effect(risk)
        found = self.churn()
        known = found.prospects.frame if group == TIE else found.base.profiles
        there = 1 - accounts["already_gone"].reindex(risk.index)
        return measured_effect(campaign, risk, there, known[group].dropna().astype(str))

    @cached_property
    def hold_out(self) -> HoldOut:
        """What a test by lot on the accounts of the watch list can show, and the lots for it."""
        watched = self.watched()
        try:
            accounts = self.actions.to_frame()
        except Refused:  # what acting earns is not known; what a test shows is
            group = self._effect(watched, TIE).group
            accounts = watched.to_frame().assign(profit=np.nan, group=lambda ranked: ranked["customer_id"].map(group))
        inflation, alike = design_effect(*self._left_last_year())
        wanted = accounts[["customer_id", "name", "account_manager", "probability", "profit", "group"]]
        return hold_out(wanted, watched.months, watched.currency, inflation, alike)

    def _left_last_year(self) -> tuple[pd.Series, pd.Series]:
        """Return who of a year ago's customers left since, and each one's account manager."""
        found = self.churn()
        then = pd.Timestamp(years_before(found.as_of, 1))
        spells = found.spells
        there = spells[(spells["at_risk_from"] <= then) & (spells["at_risk_to"] > then)]
        left = there.drop_duplicates("customer_id", keep="last").set_index("customer_id")["event"]
        managers = present(found.base.records["customers"], "account_manager").set_index("customer_id")
        if "account_manager" not in managers:
            return left.iloc[:0], pd.Series(dtype=object)
        known = managers["account_manager"].reindex(left.index).dropna()
        return left.reindex(known.index), known

    @cached_property
    def win_back(self) -> WinBackList:
        """Lost accounts by the expected profit of winning them back, before its cost where that is not known."""
        cost = 0.0
        with suppress(Refused):
            cost = self.cost[0]
        return win_back_accounts(self.churn(), self.bought, self.assumptions, cost, self.seed)

    @cached_property
    def winning_or_keeping(self) -> WinningOrKeeping:
        """How to split this year's spending between winning and keeping."""
        return self.split()

    def split(self, budget: float = 0.0, ceiling: float = 0.0) -> WinningOrKeeping:
        """Return how to split a budget between winning and keeping.

        Parameters
        ----------
        budget
            Of a year; 0 for what is spent now.
        ceiling
            Share of leads that no spending exceeds; 0 to learn it from the leads.

        Raises
        ------
        Refused
            Without leads or contacts with their cost, or without money.
        """
        found = self.churn()
        tables = found.base.records.tables
        for name in ("leads", "contacts"):
            if name not in tables:
                raise Refused(f"Winning beside keeping needs {name} with their cost.")
        winning = winning_curve(tables["leads"], found.as_of, ceiling, self.seed)
        keeping = keeping_curve(found.prospects, tables["contacts"], found.as_of, self.seed)
        margins = yearly_margins(found, self.bought, found.prospects.frame.index)
        rate = self.assumptions.annual_discount_rate
        plan = CustomerEquity(winning.curve, keeping.curve, *margins, rate, winning.number, keeping.number)
        return winning_or_keeping(
            plan, list(zip(winning.draws, keeping.draws, strict=False)),
            budget or winning.number * winning.today + keeping.number * keeping.today, (winning.today, keeping.today),
            self.assumptions.currency, (*winning.remarks, *keeping.remarks),
        )  # fmt: skip

    @cached_property
    def channels(self) -> ContactChannels:
        """What each channel of contact costs, and what went with it."""
        found = self.churn()
        if "contacts" not in found.base.records:
            raise Refused("Channels of contact need the table contacts.")
        return contact_channels(
            found.base.records["contacts"], found, self.assumptions.unit_costs, self.assumptions.currency
        )

    def to_do(self, group: str = TIE) -> Note:
        """Return what to do first, one sentence each, as far as the records tell."""
        sentences = []
        with suppress(Refused):
            sentences.append(self._do_first(group))
        with suppress(Refused):
            test = self.hold_out.to_frame().iloc[-1]
            sentences.append(
                f"Draw the next round by lot: {int(test['held_back']):,} accounts held back show an effect of"
                f" {100 * test['detectable']:.1f} of 100 or more."
                if pd.notna(test["detectable"])
                else f"{self.hold_out.finding}: draw several rounds by lot and read them together."
            )
        with suppress(Refused):
            back = self.win_back
            if back.cost and back.number:
                first = "; ".join(back.to_frame()["name"].head(_NAMED))
                sentences.append(f"Try to win back {back.number:,} lost accounts, first {first}.")
        with suppress(Refused):
            sentences.append(f"{self.winning_or_keeping.finding}.")
        return Note(*(sentences or ["The records tell too little to act on; what each part lacks stands there."]))

    def _do_first(self, group: str) -> str:
        """Return whom to act on first; where its cost is not known, whom to call."""
        try:
            found = self.actions_by(group)
        except Refused:
            ranked = self.watched().to_frame()["name"].head(_NAMED)
            if ranked.empty:
                raise
            return (
                f"Call first {'; '.join(ranked)}, who put the most margin at stake; find out what a visit costs, to"
                " know how far down the list calling pays."
            )
        if not found.number:
            return f"{found.finding}: ask what a cheaper contact could do."
        first = "; ".join(found.to_frame()["name"].head(_NAMED))
        return f"Act on {found.number:,} accounts at most, first {first}."

    def to_frame(self) -> pd.DataFrame:
        """Return the accounts to act on: the frame of :attr:`actions`."""
        return self.actions.to_frame()
