"""What each tier gets and costs, who is over- and under-served, and whom to invest in, fix or let go."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.clv.valuing.ranges import Range
from clvlab.features.events import MARGIN, purchases
from clvlab.features.service_mix import ServiceMix, service_mix
from clvlab.features.whale import IN_EXPECTATION
from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines, Result, Table
from clvlab.tiers.base import Base
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.customer_classes import CustomerClasses
from clvlab.tiers.customer_tiers import Tiers
from clvlab.tiers.evidence.account_months import account_months, first_month_with
from clvlab.tiers.evidence.entitlement_effect import EntitlementEffect, entitlement_effect
from clvlab.tiers.playbook.action_lists import action_lists
from clvlab.tiers.playbook.action_result import LISTS, ActionLists, Rules
from clvlab.tiers.playbook.connections import connections
from clvlab.tiers.playbook.entitlements import CULTIVATION, ENTITLEMENTS, TIERS, quantities, yearly_costs
from clvlab.tiers.playbook.gaps import gaps
from clvlab.tiers.playbook.gaps_result import Gaps
from clvlab.tiers.playbook.matrix import EntitlementMatrix, entitlement_matrix
from clvlab.tiers.playbook.tier_costs import TierCosts, cost_by_tier

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Playbook(Result):
    """From tiers and quadrants to what is done, with its money.

    Parameters
    ----------
    base
        What grading is read from.
    tiers, classes
        Of the same base.
    """

    def __init__(self, base: Base, tiers: Tiers, classes: CustomerClasses) -> None:
        self.base, self.tiers, self.classes = base, tiers, classes

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """What the playbook looks at, one row per graded customer who is not called lost.

        Raises
        ------
        Refused
            When the records hold no cost, when too few left for a probability to leave, and for a tier that the
            playbook does not know.
        """
        base, margins = self.base, self.base.margins_last_year
        if margins.meaning != MARGIN:
            raise Refused("The playbook needs revenue and direct_cost in shipments: it weighs margin against cost.")
        if strange := [tier for tier in self.tiers.scheme.tiers if tier not in TIERS]:
            raise Refused(
                f"The playbook is written for {', '.join(TIERS)} customers, not for {strange[0]} ones; give two or"
                " three tier_shares."
            )
        ahead = base.churn().prospects.frame
        here = self.tiers.labels.index.intersection(ahead.index)
        year = margins.frame.reindex(here)
        earned = year["contribution"] - year["cost_to_serve"] - year["credit_cost"]
        by_chance = base.chance_last_year.reindex(here)
        frame = pd.DataFrame(
            {
                "tier": self.tiers.labels.reindex(here),
                "quadrant": self._quadrant.reindex(here),
                "revenue": year["revenue"],
                "contribution": year["contribution"],
                "cost_to_serve": year["cost_to_serve"],
                "margin": year["contribution"] + year["rebate"],
                **Range(earned, earned - by_chance, earned + by_chance).columns("recurring_profit"),
                **self._of("value", base.values().frame, "value"),
                **self._of("could_be_won", base.potential.to_frame().set_index("customer_id"), "could_be_won"),
                **self._of("leave_probability", ahead, "risk_12"),
            },
            index=here.rename("customer_id"),
        )
        entitled = quantities(frame)
        costs = yearly_costs(entitled, base.assumptions, frame["revenue"])
        cultivating = [line.name for line in ENTITLEMENTS if line.group == CULTIVATION]
        return frame.assign(
            at_stake=frame["leave_probability"] * frame["value"], cultivation_cost=costs[cultivating].sum(axis=1)
        )

    @property
    def _quadrant(self) -> pd.Series:
        """Each customer's quadrant; not known where the records allow none, such as where nobody earned anything."""
        with suppress(Refused):
            return self.classes.quadrants.labels
        return pd.Series(NOT_KNOWN, self.tiers.labels.index)

    def _of(self, name: str, frame: pd.DataFrame, column: str) -> dict[str, pd.Series]:
        return self.base.estimated(frame, column).columns(name)

    @cached_property
    def matrix(self) -> EntitlementMatrix:
        """What each tier and quadrant is entitled to."""
        return entitlement_matrix(self.base.assumptions, self.base.records.currency)

    @cached_property
    def costs(self) -> TierCosts:
        """Cost of the entitlements against margin and margin at stake, by tier."""
        base = self.base
        return cost_by_tier(self.accounts, base.assumptions, base.records.currency, base.value_doubts)

    @cached_property
    def gaps(self) -> Gaps:
        """What accounts get against what they are entitled to."""
        base = self.base
        return gaps(base.records.tables, base.as_of, self.accounts, base.assumptions, base.records.currency)

    @cached_property
    def lists(self) -> ActionLists:
        """Whom to invest in, fix and let go."""
        base, accounts = self.base, self.accounts
        below = accounts.index[accounts["recurring_profit_upper"] < 0]
        return action_lists(
            accounts,
            Rules(horizon_months=base.assumptions.horizon_months),
            self.gaps.under().to_frame(),
            connections(base.records.tables, below),
            base.records.currency,
            base.value_doubts,
        )

    @cached_property
    def headlines(self) -> Headlines:
        """What the managing director should remember.

        Raises
        ------
        Refused
            As :attr:`accounts`.
        """
        base, whale, lists = self.base, self.base.margins.whale(), self.lists.to_frame()
        rows = whale.to_frame().set_index("group").loc[IN_EXPECTATION]
        money, year = base.records.currency, base.margins_last_year.total["profit"]
        losing, lower, upper = (100 * rows[end] for end in ("share_of_customers", "lower", "upper"))
        costs = self.costs.to_frame().iloc[-1]
        counts = lists["list"].value_counts()
        told = "; ".join(f"{name}: {counts.get(name, 0):,}" for name in LISTS)
        return Headlines(
            Headline("profit of the last year", year, money, note="after cost to serve, credit and winning customers"),
            Headline("customers who lose us money in expectation", losing, "%", lower, upper, decimals=1,
                     note="by the running business, chance taken out"),
            Headline("what the tiers are entitled to would cost", 100 * costs["cost_share"], "%", decimals=0,
                     note="of a year's margin"),
            Headline("accounts to act on", len(lists), "accounts", note=told),
        )  # fmt: skip

    @cached_property
    def services(self) -> ServiceMix:
        """Basic and value-added services in the mix."""
        return service_mix(self.base.records.tables, self.base.as_of)

    def next_services(self, most: int = 12) -> Table:
        """Return the services that accounts are likely to buy next, with margin, the largest expected margin first."""
        frame = self.base.potential.to_frame().dropna(subset=["next_service"])
        columns = ["customer_id", "next_service"]
        columns += [f"service_{what}{end}" for what in ("probability", "margin") for end in ("", "_lower", "_upper")]
        ranked = frame.sort_values(["service_expected", "customer_id"], ascending=[False, True])
        title = f"Service likely to be bought next, margin in {self.base.records.currency} a year"
        percent = ("service_probability", "service_probability_lower", "service_probability_upper")
        return Table(ranked[columns].reset_index(drop=True), title, 0, percent).first(most)

    @cached_property
    def visits_work(self) -> EntitlementEffect:
        """Whether accounts that began to be visited grew and stayed more than comparable ones not yet visited."""
        base = self.base
        if lacking := base.records.missing(contacts="kind"):
            raise Refused(lacking)

        def effect() -> EntitlementEffect:
            contacts, sold = base.records["contacts"], purchases(base.records.tables).orders
            months = account_months(base.churn().spells, sold, first_month_with(contacts), base.as_of)
            return entitlement_effect(
                months, ["tie"], ["orders_last_year", "tenure_months"], entitlement="visits by the account manager"
            )

        return base.kept("visits_work", effect)

    @property
    def title(self) -> str:  # type: ignore[override]
        """What the lists hold."""
        return self.lists.title

    def to_frame(self) -> pd.DataFrame:
        """Return the accounts on the three lists."""
        return self.lists.to_frame()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the three lists."""
        return self.lists.plot(ax)

    def __repr__(self) -> str:
        """Return the lists as text."""
        return repr(self.lists)

    def _repr_html_(self) -> str:
        return self.lists._repr_html_()
