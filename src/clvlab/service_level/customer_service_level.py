"""Which service level pays, for whom: from the records and the models to the levels, the budget and the plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.assumptions import FILE, Assumptions
from clvlab.clv.valuing.customer_values import EVERYONE, CustomerValues
from clvlab.features.known_costs import known_costs
from clvlab.features.service.levels import failure_shares
from clvlab.records.records import Records
from clvlab.refusal import Refused, nearest
from clvlab.results import Result, Table
from clvlab.satisfaction.customer_satisfaction import CustomerSatisfaction
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.capacity import SpareCapacity, service_mix_by_group, spare_capacity
from clvlab.service_level.allocation.caution import Caution, allocate_cautiously
from clvlab.service_level.allocation.continuous import ContinuousAllocation, allocate_continuously
from clvlab.service_level.allocation.levers import levers
from clvlab.service_level.allocation.minimums import Minimum, contract_minimums, floors
from clvlab.service_level.allocation.options import Options, discounted_years, options
from clvlab.service_level.allocation.worth import BudgetWorth, ConstraintWorth, worth_of_budget, worth_of_constraints
from clvlab.service_level.curves import Curve, fitted_curve
from clvlab.service_level.frontier import Frontier, frontier
from clvlab.service_level.trade_off import trade_off
from clvlab.service_level.value.accounts import answered_late
from clvlab.service_level.value.cells import Ahead
from clvlab.service_level.value.effects import EffectPerPoint, two_estimands
from clvlab.service_level.value.valuing import service_value
from clvlab.service_level.what_if import WhatIf, what_if

if TYPE_CHECKING:
    from clvlab.service_level.allocation.allocation import Allocation
    from clvlab.service_level.trade_off_result import TradeOff
    from clvlab.service_level.value.service_value import ServiceValue

ON_TIME = "on_time_delivery"
ALL_CUSTOMERS = "all customers"
# Of complaints and enquiries, what counts is whether they were answered in time; the other indicators are of shipments.
_ANSWERED = ("complaints_settled_in_time", "enquiries_answered_in_time")
# Joins a tier and the share of orders on time that a contract promises some of its accounts.
_PROMISED = "{tier}, promised {share:.0%}"


@dataclass(frozen=True, repr=False, eq=False)
class ServiceLevel(Result):
    """Which service level pays, for whom.

    Attributes
    ----------
    records
        Accepted tables, as known on the day.
    as_of, assumptions, seed
        The last day known; with the currency of the records; of every random draw.
    satisfaction
        What service does to what customers think and do.
    values, tiers
        Return what customers are worth, and each customer's tier, or refuse.
    """

    records: Records
    as_of: dt.date
    assumptions: Assumptions
    seed: int
    satisfaction: CustomerSatisfaction
    values: Callable[[], CustomerValues]
    tiers: Callable[[], pd.Series]

    @cached_property
    def groups(self) -> pd.Series:
        """The tier of each customer; one group of all where customers cannot be graded."""
        with suppress(Refused):
            return self.tiers().astype(str).rename("tier")
        return pd.Series(ALL_CUSTOMERS, self.values().frame.index, name="tier")

    @property
    def customers(self) -> dict[str, int]:
        """How many customers each group has."""
        return {str(group): int(number) for group, number in self.groups.value_counts().items()}

    @cached_property
    def value(self) -> ServiceValue:
        """What customers of each tier are worth, order and risk under other levels of service.

        Raises
        ------
        Refused
            Without money or too few leavings and orders for any effect of service.
        """
        return self._value_of(self.groups)

    def _value_of(self, groups: pd.Series) -> ServiceValue:
        values, said = self.values(), self.satisfaction
        ahead = Ahead(
            values.horizon_months, values.annual_rate, values.growth.value, self.assumptions.growth_lasts_months
        )
        return service_value(
            said.responses, values.frame, values.totals[EVERYONE, EVERYONE, "value"].to_numpy(), self._failures, groups,
            ahead, said.responses_of_satisfaction, said.by_group(groups), self._fixed, seed=self.seed,
        )  # fmt: skip

    @cached_property
    def _fixed(self) -> float:
        """What the records know of serving customers, as a share of what they brought beyond that."""
        brought = float(self.values().frame["historical_value"].sum())
        serving = float(known_costs(self.records.tables)["serving"].sum())
        return serving / brought if brought > 0 else 0.0

    @cached_property
    def _failures(self) -> dict[str, pd.DataFrame]:
        """Opportunities and failures of the last year by indicator and customer, as far as the records tell."""
        found, tables = {}, self.records.tables
        for kpi in self.satisfaction.responses.kpis:
            with suppress(Refused):
                count = answered_late if kpi.name in _ANSWERED else failure_shares
                found[kpi.name] = count(tables, self.as_of, kpi.name)
        return found

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """What an order costs at each level, by indicator.

        Raises
        ------
        Refused
            When the assumptions name no cost of service.
        """
        given = self.assumptions.service_costs
        if not given:
            raise Refused(
                f"What service costs is not known: give [service_costs.{ON_TIME}] in {FILE}, with levels (shares of "
                "orders on time) and what an order costs at each."
            )
        what = f"cost of an order, {self.assumptions.currency}"
        return {kpi: Curve(points["levels"], points["cost"], what) for kpi, points in given.items()}

    def curve(self, kpi: str) -> Curve:
        """Return what an order costs at each level of an indicator."""
        if kpi not in self.curves:
            raise Refused(f"What {kpi!r} costs is not known{nearest(kpi, self.curves)}; give it in {FILE}.")
        return self.curves[kpi]

    @cached_property
    def effects(self) -> EffectPerPoint:
        """What one point more of each indicator changes in each tier, and what it costs."""
        costs: Mapping[str, Curve] = self.curves if self.assumptions.service_costs else {}
        return EffectPerPoint(self.value, costs)

    @cached_property
    def two_ways(self) -> Table:
        """The direct effect of each indicator beside the one through satisfaction: two estimands."""
        said = self.satisfaction
        frame = two_estimands(said.responses, said.through_satisfaction)
        return Table(
            frame, "Change of log hazard and log order rate per point felt: direct, and through satisfaction", 3
        )

    def trade_off(self, kpi: str = ON_TIME) -> TradeOff:
        """Return profit against the level of an indicator, by tier and for all."""
        return trade_off(self.value, kpi, self.curve(kpi), currency=self.assumptions.currency)

    @cached_property
    def on_time(self) -> TradeOff:
        """Profit against on-time delivery: the picture to take into a meeting."""
        return self.trade_off()

    @cached_property
    def frontier(self) -> Frontier:
        """The least cost of each satisfaction, and where today lies."""
        return frontier(self.value, self.movable, customers=self.customers, currency=self.assumptions.currency)

    @property
    def movable(self) -> dict[str, Curve]:
        """The indicators that can be moved: their cost and their effect are known."""
        return {kpi: curve for kpi, curve in self.curves.items() if kpi in self.value.kpis}

    def what_if(self, levels: Mapping[str, Mapping[str, float]]) -> WhatIf:
        """Return what moves when tiers are served at other levels, e.g. ``{"core": {"on_time_delivery": 0.97}}``."""
        return what_if(self.value, self.curves, levels, self.customers, self.assumptions.currency)

    @property
    def years(self) -> float:
        """Discounted years within the horizon: what a yearly amount is multiplied by."""
        return discounted_years(self.assumptions.annual_discount_rate, self.assumptions.horizon_months)

    @cached_property
    def _agreed(self) -> dict[str, Minimum]:
        """What running contracts promise beyond today's level of the customer's tier, by customer."""
        own = pd.Series(self.groups.index, self.groups.index)
        try:
            agreed = contract_minimums(self.records["contracts"], own, self.as_of)
        except (Refused, KeyError):
            return {}
        today = self.groups.map(self.value.today[ON_TIME])
        return {one.group: one for one in reversed(agreed) if one.level > today[one.group]}

    @cached_property
    def promised(self) -> pd.Series:
        """The group by which each customer is planned for: its tier, apart where a contract promises more than today.

        A tier is served alike. One demanding contract would else set the level of all; accounts that are promised the
        same share are a group of their own.
        """
        named = {
            customer: _PROMISED.format(tier=self.groups[customer], share=one.level)
            for customer, one in self._agreed.items()
        }
        return pd.Series(named, dtype=object).reindex(self.groups.index).fillna(self.groups).rename(self.groups.name)

    @cached_property
    def minimums(self) -> list[Minimum]:
        """Least levels: of contracts, and of tiers as the assumptions promise."""
        promised = self.promised
        contracts = [one._replace(group=promised[customer]) for customer, one in self._agreed.items()]
        of_tier = {
            group: self.assumptions.service_floors[tier]
            for group, tier in zip(promised, self.groups, strict=True)
            if tier in self.assumptions.service_floors
        }
        return [*contracts, *floors(of_tier)]

    @cached_property
    def options(self) -> Options:
        """What can be done for each tier, with what it costs and brings."""
        return self._options(self.groups, self.value)

    @cached_property
    def options_with_promises(self) -> Options:
        """The same with accounts whose contract promises more apart from their tier."""
        return self._options(self.promised, self._value_of(self.promised))

    def _options(self, groups: pd.Series, value: ServiceValue) -> Options:
        steps = {kpi: list(curve.levels) for kpi, curve in self.movable.items()}
        mix = None
        with suppress(Refused, KeyError):  # without, capacity sets no limit
            mix = service_mix_by_group(self.records["shipments"], groups, self.as_of)
        currency = self.assumptions.currency
        return options(value, self.movable, steps, years=self.years, mix=mix, currency=currency)

    @cached_property
    def capacity(self) -> SpareCapacity:
        """Spare capacity by service, which more orders have to fit.

        Raises
        ------
        Refused
            When the records hold no capacity.
        """
        if "capacity" not in self.records:
            raise Refused("How many more orders fit is not known: it needs the table capacity.")
        return spare_capacity(self.records["capacity"], self.as_of)

    def _limits(self, choice: Options) -> dict[str, float] | None:
        """Return how many orders a year beyond today's fit, by service; None where nothing tells."""
        with suppress(Refused):
            return self.capacity.limits(choice.uses)
        return None

    def plan(self, budget: float | None = None) -> Allocation:
        """Return the level of each tier that earns most, given floors and capacity, promises to accounts left aside.

        Parameters
        ----------
        budget
            Most that may be spent a year beyond today; None for as much as pays.

        Raises
        ------
        Refused
            When no plan keeps all terms; the sentence names those that conflict.
        """
        floor = {tier: level for tier, level in self.assumptions.service_floors.items() if tier in self.customers}
        return allocate(self.options, self._over_horizon(budget), self._limits(self.options), floors(floor))

    def plan_with_promises(self, budget: float | None = None) -> Allocation:
        """Return the same with every contract's promise kept; accounts promised more are served apart from their tier.

        Parameters and refusals are those of :meth:`plan`.
        """
        choice = self.options_with_promises
        return allocate(choice, self._over_horizon(budget), self._limits(choice), self.minimums)

    def continuous_plan(self, budget: float | None = None, kpi: str = ON_TIME) -> ContinuousAllocation:
        """Return the best level of one indicator for each tier, free between the costed points, within a budget a year.

        Contracts, floors and capacity are left aside: this is what they are held against.
        """
        points = self.curve(kpi)
        smooth = fitted_curve(points.levels, points.values, points.what)
        return allocate_continuously(levers(self.value, smooth, kpi), self._over_horizon(budget))

    def next_money(self, budget: float | None = None, step: float = 100_000.0) -> BudgetWorth:
        """Return what more and less money would bring: the plan chosen again for other budgets.

        Parameters
        ----------
        budget
            As of :meth:`plan`.
        step
            How much more and less, over the horizon.
        """
        return worth_of_budget(self.plan(budget), step)

    def constraints(self, budget: float | None = None, step: float = 100_000.0) -> ConstraintWorth:
        """Return what each promise, floor and shortage costs: the plan chosen again with it looser and tighter."""
        return worth_of_constraints(self.plan_with_promises(budget), step)

    def cautious(self, budget: float | None = None) -> Caution:
        """Return the plan that is best in bad draws, and the price of that caution."""
        plan = self.plan(budget)
        return allocate_cautiously(plan.options, plan.terms.budget, plan.terms.limits, plan.terms.minimums)

    def _over_horizon(self, budget: float | None) -> float | None:
        return None if budget is None else budget * self.years
