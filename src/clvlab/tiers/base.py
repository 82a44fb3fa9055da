"""What grading is read from: the records of one day, what customers earned, and what the models say of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.churn.customer_base import assess
from clvlab.churn.customer_churn import Churn
from clvlab.clv.valuing.customer_base import value_base
from clvlab.clv.valuing.customer_values import CustomerValues
from clvlab.clv.valuing.potential import Potential, potential
from clvlab.clv.valuing.ranges import Range
from clvlab.features.by_customer import aligned
from clvlab.features.events import MARGIN, purchases
from clvlab.features.ledger import Ledger
from clvlab.features.margins import Margins
from clvlab.features.totals import customer_totals
from clvlab.periods import DAYS_PER_YEAR, MONTHS_PER_YEAR
from clvlab.records.contract import ACTIVITY_TABLES
from clvlab.records.records import Records
from clvlab.refusal import Refused
from clvlab.shrinkage import NINETY, pool_counts
from clvlab.tiers.classes.quadrants import potential_value
from clvlab.tiers.grading.last_year import LastYear

Found = TypeVar("Found")
_ENDS = ("", "_lower", "_upper")


class Worth(NamedTuple):
    """What customers are graded by: what they brought, by customer_id, and what they will bring.

    ``name`` is profit where the records hold cost, revenue where they hold no cost, and orders where they hold no
    money; ``unit`` belongs to it. ``so_far`` is of all records, ``last_year`` of the last 365 days, ``ahead`` an
    estimate with its 90% interval, missing where nothing tells.
    """

    name: str
    unit: str
    so_far: pd.Series
    last_year: pd.Series
    ahead: Range


@dataclass(frozen=True)
class Base:
    """A provider's customers as they were known on one day.

    Attributes
    ----------
    records
        Accepted tables, as known on the day.
    as_of
        The last day known.
    assumptions
        With the currency of the records.
    seed
        Of every random draw.
    values, churn
        Return what the models say, or refuse.
    """

    records: Records
    as_of: dt.date
    assumptions: Assumptions
    seed: int
    values: Callable[[], CustomerValues]
    churn: Callable[[], Churn]

    @cached_property
    def ledger(self) -> Ledger:
        """The records row by row, by customer."""
        return Ledger(self.records.tables, self.as_of)

    @property
    def margins(self) -> Margins:
        """What customers earned, over all records."""
        return self.last_year.margins_so_far

    @cached_property
    def last_year(self) -> LastYear:
        """The records of the last 365 days, by customer."""
        return LastYear(self.ledger, self.assumptions)

    @property
    def margins_last_year(self) -> Margins:
        """What customers earned in the last 365 days."""
        return self.last_year.margins

    @property
    def chance_last_year(self) -> pd.Series:
        """By how much chance moved what each earned in the last 365 days: half a 90% interval.

        Gains and costs come at random times, so that the variance of their sum is the sum of their squares. On
        simulated markets the interval held 87% of accounts, 80% of those whose orders come in bursts.
        """
        running = self.margins_last_year.running
        return NINETY * np.sqrt(running["gained_squares"] + running["lost_squares"])

    @cached_property
    def potential(self) -> Potential:
        """What could be won from each customer."""
        there = None
        with suppress(Refused):  # what could be won needs no model of purchases
            there = self.values().frame["probability_alive"]
        return potential(self.records.tables, self.as_of, self.records.currency, there)

    @property
    def value_doubts(self) -> list[str]:
        """What speaks against the values ahead; nothing where there are none."""
        with suppress(Refused):
            return self.values().doubts
        return []

    @property
    def totals(self) -> pd.DataFrame:
        """What customers add up to in the last 365 days."""
        return self.last_year.totals

    @cached_property
    def worth(self) -> Worth:
        """What customers are graded by."""
        try:
            margins = self.margins
        except Refused:
            return self._by_orders()
        line, name = ("profit", "profit") if margins.meaning == MARGIN else ("contribution", "revenue")
        so_far, year = margins.frame[line], self.margins_last_year.frame[line]
        return Worth(name, margins.currency, so_far, year, self._ahead(so_far.index))

    def _ahead(self, customers: pd.Index) -> Range:
        """Return value to come at today's share of the customers' spend and what could be won beside it."""
        blank = pd.Series(np.nan, customers)
        value = Range(blank, blank, blank)
        with suppress(Refused):
            value = self.value_ahead
        with suppress(Refused):
            # Told by the year; with values that reach further ahead it counts for each of their years.
            years = self.assumptions.horizon_months / MONTHS_PER_YEAR
            value = potential_value(value, Range(*(part * years for part in self.could_be_won)))
        return Range(*(aligned(part, customers) for part in value))

    @cached_property
    def value_ahead(self) -> Range:
        """The value ahead by the model, of everyone in the customer file."""
        return self._of_file(self.values().frame, "value")

    @cached_property
    def could_be_won(self) -> Range:
        """What could be won in a year, of everyone in the customer file."""
        return self._of_file(self.potential.to_frame().set_index("customer_id"), "could_be_won")

    def _of_file(self, frame: pd.DataFrame, name: str) -> Range:
        return self.estimated(aligned(frame[[name + end for end in _ENDS]], self.ledger.customers), name)

    @staticmethod
    def estimated(frame: pd.DataFrame, name: str) -> Range:
        """Return a column of a frame with the ends of its interval."""
        return Range(*(frame[name + end].astype("float64", copy=False) for end in _ENDS))

    def _by_orders(self) -> Worth:
        """Return orders so far, and those of a year ahead at the pace so far, drawn towards that of all."""
        every = customer_totals(self.ledger)
        seen = (pd.Timestamp(self.as_of) - every["first_on"]).dt.days + 1
        came = every.index[every["orders"] > 0]
        pooled = pool_counts(every.loc[came, "orders"], seen[came] / DAYS_PER_YEAR)
        ends = (pooled.estimate, pooled.lower, pooled.upper)
        ahead = Range(*(pd.Series(end, came).reindex(every.index) for end in ends))
        orders = every["orders"].astype("float64")
        return Worth("orders", "orders", orders, self.totals["orders"].astype("float64"), ahead)

    def kept(self, stage: str, make: Callable[[], Found]) -> Found:
        """Return what is made of this base, from the cache where it was made before."""
        return self.records.kept(stage, make, asdict(self.assumptions), self.seed)

    def at(self, day: dt.date) -> Base:
        """Return the same as it was known on an earlier day; models are fitted anew, when asked for.

        Raises
        ------
        Refused
            When nothing had happened by then.
        """
        records = self.records.at(day)
        if not any(name in records for name in ACTIVITY_TABLES):
            raise Refused(f"The records hold no shipment or invoice up to {day}: they do not reach back so far.")
        bought = purchases(records.tables)
        return Base(
            records, day, self.assumptions, self.seed,
            cache(lambda: value_base(records, bought, day, self.assumptions, self.seed)),
            cache(lambda: assess(records, bought, day, self.assumptions, self.seed)),
        )  # fmt: skip

    @property
    def graded(self) -> pd.Series:
        """Whether each customer is graded: those with an order in the last 365 days are."""
        return self.totals["orders"] > 0
