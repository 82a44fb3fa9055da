"""The classes of a provider's customers, each by one rule of the field."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
import pandas as pd

from clvlab.clv.valuing.ranges import Range
from clvlab.features.by_customer import aligned, known_of
from clvlab.features.events import MARGIN
from clvlab.features.loyalty_measures import loyalty_measures, satisfaction
from clvlab.features.totals import order_gaps
from clvlab.features.winnable import GRACE, start_of
from clvlab.refusal import Refused, nearest
from clvlab.results import Result, Table
from clvlab.tiers.base import Base
from clvlab.tiers.classes.abc import abc_classes
from clvlab.tiers.classes.answers import Answers
from clvlab.tiers.classes.eighty_twenty import EightyTwenty, eighty_twenty
from clvlab.tiers.classes.kinds import PRESENT, file_kinds, service_kinds, size_kinds, standing_kinds
from clvlab.tiers.classes.labelled import Classes
from clvlab.tiers.classes.lifecycle import Lifecycle, lifecycle
from clvlab.tiers.classes.loyalty import Loyalty, loyalty, ties
from clvlab.tiers.classes.pyramid import profit_pyramid, pyramid_shares
from clvlab.tiers.classes.quadrants import Quadrants, quadrants
from clvlab.tiers.classes.usage import usage_classes
from clvlab.tiers.classes.value_classes import to_come_above, value_classes
from clvlab.tiers.classes.yearly_questions import yearly_questions

LOST = "called lost"
BEFORE_HANDLING = (
    "History is profit, all costs counted; potential is contribution margin less recorded contacts and campaigns,"
    " before orders and complaints are handled."
)
# What ABC classes may be made by, with its unit; blank for the currency.
AMOUNTS = {"orders": "orders", "weight": "kg", "revenue": "", "margin": "", "years_of_business": "years"}
KINDS = {
    "industry": "Customers by commodity (industry)",
    "region": "Customers by region",
    "role": "Customers by role",
}


class CustomerClasses(Result):
    """Every class that the field sorts customers into.

    Parameters
    ----------
    base
        What grading is read from.
    """

    title = "Customers by class"

    def __init__(self, base: Base) -> None:
        self.base = base

    def abc(self, by: str | None = None) -> Classes:
        """Return ABC classes by an amount of the last 365 days.

        Parameters
        ----------
        by
            ``"orders"``, ``"weight"``, ``"revenue"``, ``"margin"``, ``"years_of_business"``, ``"spend"`` (stated by the
            customer), or what customers are graded by (profit, else revenue, else orders) when None.

        Raises
        ------
        Refused
            When it is none of these, or the records do not hold it.
        """
        base, cuts = self.base, self.base.assumptions.abc_cuts
        if by is None:
            return abc_classes(self.worth_of_buyers, self._last_year(base.worth.name), cuts, base.worth.unit)
        if by == "spend":
            return abc_classes(self._spend, "stated spend on logistics", cuts, base.records.currency)
        if by not in AMOUNTS:
            near = nearest(by, [*AMOUNTS, "spend"])
            raise Refused(f"Classes by {by!r} are not known{near}; choose {', '.join(AMOUNTS)} or spend.")
        if by not in base.totals:
            held = [name for name in AMOUNTS if name in base.totals]
            raise Refused(f"Classes by {by} need it in the records; these hold {', '.join(held)}.")
        what = by.replace("_", " ") if by == "years_of_business" else self._last_year(by)
        return abc_classes(base.totals[by].astype("float64"), what, cuts, AMOUNTS[by] or base.records.currency)

    @staticmethod
    def _last_year(what: str) -> str:
        return f"{what} of the last year"

    @property
    def _spend(self) -> pd.Series:
        if not self.base.ledger.has("customers", "logistics_spend"):
            raise Refused("Classes by spend need logistics_spend in customers.")
        return self.base.ledger.file("logistics_spend")

    @cached_property
    def worth_of_buyers(self) -> pd.Series:
        """What customers with an order in the last 365 days brought in them."""
        orders = self.base.totals["orders"]
        return known_of(aligned(self.base.worth.last_year, orders.index)[orders > 0])

    @cached_property
    def eighty_twenty(self) -> EightyTwenty:
        """Whether a fifth of customers brings four fifths."""
        worth, assumptions = self.base.worth, self.base.assumptions
        return eighty_twenty(self.worth_of_buyers, worth.name, worth.unit, assumptions.top_share, self.base.seed)

    @cached_property
    def pyramid(self) -> Classes:
        """Key, partner and general customers."""
        return profit_pyramid(self.worth_of_buyers, self.base.worth.name, self.base.worth.unit)

    @cached_property
    def pyramid_shares(self) -> Table:
        """What the levels of the pyramid hold, beside what the field says."""
        return pyramid_shares(self.worth_of_buyers, self.base.worth.name, self.base.seed)

    @cached_property
    def quadrants(self) -> Quadrants:
        """Customers by what they brought and what they could bring."""
        worth, doubts = self.base.worth, self.base.value_doubts
        brought = known_of(worth.so_far)
        ahead = Range(*(aligned(part, brought.index) for part in worth.ahead))
        try:
            found = quadrants(Range(brought, brought, brought), ahead, unit=worth.unit)
        except Refused as refusal:
            raise Refused(" ".join([str(refusal), *doubts])) from refusal
        handled = [BEFORE_HANDLING] if worth.name == "profit" else []
        return replace(found, remarks=[*doubts, *found.remarks, *handled])

    @cached_property
    def value_classes(self) -> Classes:
        """Most valuable, second tier and below zero, by the last 365 days and what could be won in a year.

        Raises
        ------
        Refused
            When the records hold no cost: what serving costs is set against margin.
        """
        base, margins = self.base, self.base.margins_last_year
        if margins.meaning != MARGIN:
            raise Refused("Customers below zero need revenue and direct_cost in shipments, and unit_costs.")
        year = margins.frame
        won, chance = base.could_be_won, base.chance_last_year
        down, up = np.hypot(won.value - won.lower, chance), np.hypot(won.upper - won.value, chance)
        ends = pd.DataFrame({"lower": won.value - down, "upper": won.value + up})
        return value_classes(year["contribution"], won.value, year["cost_to_serve"], ends, unit=margins.currency)

    @cached_property
    def to_come_above(self) -> Table:
        """What each account below zero would need to come above."""
        base = self.base
        return to_come_above(
            self.value_classes,
            base.margins_last_year.frame["revenue"],
            base.totals["orders"].astype("float64"),
            base.assumptions.unit_costs.get("order", 0.0),
        )

    @cached_property
    def left(self) -> pd.Series | None:
        """Whether each customer counts as having left; None where the study's definition cannot tell."""
        with suppress(Refused):
            return self.base.churn().accounts.standing["standing"] == LOST
        return None

    @cached_property
    def standing(self) -> Classes:
        """Past, present and future customers."""
        return standing_kinds(self.base.totals["last_on"], self.base.as_of, self.left)

    @cached_property
    def usage(self) -> Classes:
        """Heavy, medium and light users among present customers."""
        gaps = order_gaps(self.base.ledger)
        here = gaps[self.standing.labels == PRESENT]
        return usage_classes(here.astype({"silent_days": "int64"}))  # everyone who is here has ordered

    @cached_property
    def size(self) -> Classes:
        """Large, medium and small customers."""
        worth = self.base.worth
        return size_kinds(self.base.ledger.file("size_class"), worth.last_year, self._last_year(worth.name), worth.unit)

    @cached_property
    def services(self) -> Classes:
        """Customers of one service and of several."""
        return service_kinds(self.base.totals)

    def kind(self, column: str) -> Classes:
        """Return customers by what a column of the customer file says.

        Parameters
        ----------
        column
            One of :data:`KINDS`.

        Raises
        ------
        Refused
            For another column, and when the customer file lacks it.
        """
        if column not in KINDS:
            raise Refused(f"Kinds of customers by {column!r} are not known; choose {', '.join(KINDS)}.")
        if not self.base.ledger.has("customers", column):
            raise Refused(f"{KINDS[column]} needs {column} in customers.")
        return file_kinds(self.base.ledger.file(column), column, KINDS[column])

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """Stages of life today, and how customers moved between them."""
        return lifecycle(self.base.ledger, seed=self.base.seed)

    @cached_property
    def loyalty(self) -> Loyalty:
        """Satisfaction against the probability to leave, and who is held by something else."""
        base, tables = self.base, self.base.records.tables
        if "surveys" not in tables:
            raise Refused("Loyalty needs the table surveys with overall and scale_max.")
        answers = satisfaction(tables["surveys"], base.as_of)
        ahead = base.churn().prospects.frame
        measures, _ = loyalty_measures(base.ledger)
        return loyalty(
            base.estimated(answers, "satisfaction"),
            base.estimated(ahead, "leave_12"),
            ties(ahead["tie"], base.ledger.file("retention_level")),
            measures,
            base.worth.last_year.rename(f"{base.worth.name}_last_year"),
            base.worth.unit,
        )

    @cached_property
    def yearly_questions(self) -> Answers:
        """The questions a business department asks itself once a year, answered."""
        base = self.base
        name = "revenue" if "revenue" in base.totals else "orders"
        year = base.totals[name].fillna(0.0).astype("float64")
        unit = base.records.currency if name == "revenue" else name
        reaches_back = base.totals["first_on"].min() <= pd.Timestamp(start_of(base.as_of, 1) + GRACE)
        before = base.ledger.sold_in_a_year(start_of(base.as_of, 0)) if reaches_back else None

        def classes() -> Classes:
            return abc_classes(year[year > 0], self._last_year(name), base.assumptions.abc_cuts, unit)

        return yearly_questions(base.records.tables, base.as_of, year, before, classes, self._margin_rate, unit)

    @property
    def _margin_rate(self) -> Range | None:
        """Margin over revenue of the base, which turns quoted prices into margin."""
        with suppress(Refused):
            margins = self.base.margins_last_year
            if margins.meaning == MARGIN and margins.total[["revenue", "contribution"]].min() > 0:
                rate = pd.Series([margins.total["contribution"] / margins.total["revenue"]])
                return Range(rate, rate, rate)
        return None

    def every(self) -> dict[str, Callable[[], Classes]]:
        """Return every classification by name; each may refuse what the records do not hold."""
        named: dict[str, Callable[[], Classes]] = {
            "ABC": self.abc,
            "profit pyramid": lambda: self.pyramid,
            "history and potential": lambda: self.quadrants,
            "value and cost to serve": lambda: self.value_classes,
            "past, present, future": lambda: self.standing,
            "usage": lambda: self.usage,
            "lifecycle": lambda: self.lifecycle,
            "size": lambda: self.size,
            "services": lambda: self.services,
            "loyalty": lambda: self.loyalty,
        }
        return named | {column: partial(self.kind, column) for column in KINDS}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer: customer_id, and the label of every classification the records allow."""
        labels = {}
        for name, classes in self.every().items():
            with suppress(Refused):
                labels[name] = classes().labels
        return pd.DataFrame(labels).rename_axis("customer_id").reset_index()

    def overview(self) -> Table:
        """Return one row per classification and class: how many customers, and the rule."""
        parts, off = [], []
        for name, classes in self.every().items():
            try:
                rows = classes().summary().to_frame()
            except Refused as refusal:
                off.append({"classification": name, "class": "–", "rule": str(refusal)})
                continue
            parts.append(rows[["class", "customers", "customer_share", "rule"]].assign(classification=name))
        frame = pd.concat([*parts, pd.DataFrame(off)], ignore_index=True)
        columns = ["classification", "class", "customers", "customer_share", "rule"]
        return Table(frame[columns], self.title, 0, ("customer_share",))

    def __repr__(self) -> str:
        """Return the overview as text."""
        return repr(self.overview())

    def _repr_html_(self) -> str:
        return self.overview()._repr_html_()
