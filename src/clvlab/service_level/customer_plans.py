"""What a budget for service should buy: one level for each tier and lever, with and without what contracts promise."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.assumptions import FILE
from clvlab.refusal import Refused, nearest
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.capacity import SpareCapacity, service_mix_by_group, spare_capacity
from clvlab.service_level.allocation.caution import Caution, allocate_cautiously
from clvlab.service_level.allocation.continuous import ContinuousAllocation, allocate_continuously
from clvlab.service_level.allocation.levers import levers
from clvlab.service_level.allocation.minimums import Minimum, contract_minimums, floors
from clvlab.service_level.allocation.options import Options, discounted_years, options, with_halfway
from clvlab.service_level.allocation.worth import BudgetWorth, ConstraintWorth, worth_of_budget, worth_of_constraints
from clvlab.service_level.curves import Curve, fitted_curve
from clvlab.service_level.group_profit import ALL as ALL_CUSTOMERS

if TYPE_CHECKING:
    from clvlab.service_level.allocation.allocation import Allocation
    from clvlab.service_level.customer_service_level import ServiceLevel
    from clvlab.service_level.value.service_value import ServiceValue

ON_TIME = "on_time_delivery"
# Joins a tier and the share of orders on time that a contract promises some of its accounts.
_PROMISED = "{tier}, promised {share:.0%}"


@dataclass(frozen=True, eq=False)
class ServicePlans:
    """What a budget for service should buy.

    Attributes
    ----------
    service
        What service is worth and costs.
    """

    service: ServiceLevel

    def __repr__(self) -> str:
        """Say what to ask for."""
        return "Plans for service: best(budget), cautious(budget), with_promises(budget), ..."  # not shown

    @property
    def years(self) -> float:
        """Discounted years within the horizon: what a yearly amount is multiplied by."""
        return discounted_years(self.service.assumptions.annual_discount_rate, self.service.assumptions.horizon_months)

    @cached_property
    def _agreed(self) -> dict[str, Minimum]:
        """What running contracts promise, by customer."""
        own = pd.Series(self.service.groups.index, self.service.groups.index)
        try:
            agreed = contract_minimums(self.service.records["contracts"], own, self.service.as_of)
        except (Refused, KeyError):
            return {}
        return {one.group: one for one in reversed(agreed)}

    @cached_property
    def promised(self) -> pd.Series:
        """The group by which each customer is planned for: its tier, apart where a contract promises more than today.

        A tier is served alike. One demanding contract would else set the level of all; accounts that are promised the
        same share are a group of their own.
        """
        groups = self.service.groups
        if ON_TIME not in self.service.movable:
            return groups
        today = groups.map(self.service.value.today[ON_TIME])
        named = {
            customer: _PROMISED.format(tier=groups[customer], share=one.level)
            for customer, one in self._agreed.items()
            if one.level > today[customer]
        }
        return pd.Series(named, dtype=object).reindex(groups.index).fillna(groups).rename(groups.name)

    @property
    def _floors(self) -> dict[str, float]:
        """Least shares on time by tier; none where customers have no tiers."""
        given, tiers = self.service.assumptions.service_floors, self.service.customers
        if ALL_CUSTOMERS in tiers:
            return {}
        for tier in given:
            if tier not in tiers:
                raise Refused(f"{FILE}: service_floors.{tier} is no tier of these customers{nearest(tier, tiers)}.")
        return dict(given)

    @cached_property
    def minimums(self) -> list[Minimum]:
        """Least levels: of contracts, and of tiers as the assumptions promise."""
        promised = self.promised
        contracts = [one._replace(group=promised[customer]) for customer, one in self._agreed.items()]
        of_tier = {
            group: self._floors[tier]
            for group, tier in zip(promised, self.service.groups, strict=True)
            if tier in self._floors
        }
        return [*contracts, *floors(of_tier)]

    @cached_property
    def options(self) -> Options:
        """What can be done for each tier, with what it costs and brings."""
        return self._options(self.service.groups, self.service.value, self.service.movable)

    @cached_property
    def options_with_promises(self) -> Options:
        """The same of on-time delivery alone, accounts whose contract promises more apart from their tier."""
        only = {kpi: curve for kpi, curve in self.service.movable.items() if kpi == ON_TIME}
        return self._options(self.promised, self.service.value_of(self.promised), only)

    def _options(self, groups: pd.Series, value: ServiceValue, curves: Mapping[str, Curve]) -> Options:
        steps = {kpi: with_halfway(list(curve.levels)) for kpi, curve in curves.items()}
        mix = None
        with suppress(Refused, KeyError):  # without, capacity sets no limit
            mix = service_mix_by_group(self.service.records["shipments"], groups, self.service.as_of)
        currency = self.service.assumptions.currency
        return options(value, curves, steps, years=self.years, mix=mix, currency=currency)

    @cached_property
    def capacity(self) -> SpareCapacity:
        """Spare capacity by service, which more orders have to fit.

        Raises
        ------
        Refused
            When the records hold no capacity.
        """
        if "capacity" not in self.service.records:
            raise Refused("How many more orders fit is not known: it needs the table capacity.")
        return spare_capacity(self.service.records["capacity"], self.service.as_of)

    def _limits(self, choice: Options) -> dict[str, float] | None:
        """Return how many orders a year beyond today's fit, by service; None where nothing tells."""
        with suppress(Refused):
            return self.capacity.limits(choice.uses)
        return None

    def best(self, budget: float | None = None) -> Allocation:
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
        return allocate(self.options, self._over_horizon(budget), self._limits(self.options), floors(self._floors))

    def with_promises(self, budget: float | None = None) -> Allocation:
        """Return the best levels of on-time delivery that keep every contract's promise, some accounts served apart.

        Parameters and refusals are those of :meth:`best`.
        """
        choice = self.options_with_promises
        return allocate(choice, self._over_horizon(budget), self._limits(choice), self.minimums)

    def continuous(self, budget: float | None = None, kpi: str = ON_TIME) -> ContinuousAllocation:
        """Return the best level of one indicator for each tier, free between the costed points, within a budget a year.

        Contracts, floors and capacity are left aside: this is what they are held against.
        """
        points = self.service.curve(kpi)
        smooth = fitted_curve(points.levels, points.values, points.what)
        return allocate_continuously(
            levers(self.service.value, smooth, kpi),
            self._over_horizon(budget),
            currency=self.service.assumptions.currency,
        )

    def next_money(self, budget: float | None = None, step: float = 100_000.0) -> BudgetWorth:
        """Return what more and less money would bring: the plan chosen again for other budgets.

        Parameters
        ----------
        budget
            As of :meth:`best`.
        step
            How much more and less, over the horizon.
        """
        return worth_of_budget(self.best(budget), step)

    def constraints(self, budget: float | None = None, step: float = 100_000.0) -> ConstraintWorth:
        """Return what each promise, floor and shortage costs: the plan chosen again with it looser and tighter."""
        return worth_of_constraints(self.with_promises(budget), step)

    def cautious(self, budget: float | None = None) -> Caution:
        """Return the plan that is best in bad draws, and the price of that caution."""
        plan = self.best(budget)
        return allocate_cautiously(plan.options, plan.terms.budget, plan.terms.limits, plan.terms.minimums)

    def _over_horizon(self, budget: float | None) -> float | None:
        return None if budget is None else budget * self.years
