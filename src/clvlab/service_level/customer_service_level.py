"""Which service level pays, for whom: from the records and the models to the levels, the budget and the plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
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
from clvlab.satisfaction.responses.kpis import BY_NAME, in_words
from clvlab.service_level.curves import Curve
from clvlab.service_level.customer_plans import ON_TIME, ServicePlans
from clvlab.service_level.frontier import Frontier, frontier
from clvlab.service_level.group_profit import ALL as ALL_CUSTOMERS
from clvlab.service_level.trade_off import trade_off
from clvlab.service_level.value.accounts import answered_late
from clvlab.service_level.value.cells import Ahead
from clvlab.service_level.value.effects import EffectPerPoint, two_estimands
from clvlab.service_level.value.valuing import service_value
from clvlab.service_level.what_if import WhatIf, what_if

if TYPE_CHECKING:
    from clvlab.service_level.trade_off_result import TradeOff
    from clvlab.service_level.value.service_value import ServiceValue

# Of complaints and enquiries, what counts is whether they were answered in time; the other indicators are of shipments.
_ANSWERED = ("complaints_settled_in_time", "enquiries_answered_in_time")


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
        return self.value_of(self.groups)

    def value_of(self, groups: pd.Series) -> ServiceValue:
        """Return the same for other groups of customers."""
        values, said = self.values(), self.satisfaction
        ahead = Ahead(
            values.horizon_months, values.annual_rate, values.growth.value, self.assumptions.growth_lasts_months
        )
        found = service_value(
            said.responses, values.frame, values.totals[EVERYONE, EVERYONE, "value"].to_numpy(), self._failures, groups,
            ahead, said.responses_of_satisfaction, said.by_group(groups), self._fixed, seed=self.seed,
        )  # fmt: skip
        return replace(found, remarks=(*values.doubts, *found.remarks))

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
        for kpi in given:
            if kpi not in BY_NAME:
                raise Refused(f"{FILE}: service_costs.{kpi} is no service indicator{nearest(kpi, BY_NAME)}.")
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
        chain = said.through_satisfaction
        if not chain:
            raise Refused("What service does by way of satisfaction is not told: it needs answers to surveys.")
        frame = two_estimands(said.responses, chain)
        return Table(
            in_words(frame),
            "Change of log hazard and log order rate per point felt: direct, and through satisfaction",
            3,
        )

    def trade_off(self, kpi: str = ON_TIME) -> TradeOff:
        """Return profit against the level of an indicator, by tier and for all."""
        if kpi not in self.value.kpis and kpi in BY_NAME:
            raise Refused(f"What {BY_NAME[kpi].label} is worth is not told. {' '.join(self.value.remarks)}")
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

    @cached_property
    def plans(self) -> ServicePlans:
        """What a budget should buy."""
        return ServicePlans(self)

    def to_frame(self) -> pd.DataFrame:
        """Return what one point more of each indicator changes in each tier: the frame of :attr:`effects`."""
        return self.effects.to_frame()
