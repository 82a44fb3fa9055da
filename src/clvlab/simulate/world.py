"""Everything the tables and the truth are read from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from clvlab.simulate.calendar import Calendar, Floats, Ints
from clvlab.simulate.customers import Population
from clvlab.simulate.history import History
from clvlab.simulate.network import Links
from clvlab.simulate.prices import Expected, Prices
from clvlab.simulate.service import Environment
from clvlab.simulate.shipments import Shipments
from clvlab.simulate.surveys import Surveys


@dataclass(frozen=True)
class Spell:
    """A stretch of being a customer: first day, first day gone (None: still here), position of the cause."""

    first: int
    gone: int | None
    cause: int | None


@dataclass(frozen=True)
class World:
    """A market's parameters and its history."""

    rng: dict[str, np.random.Generator]
    calendar: Calendar
    population: Population
    standing: Links
    network: csr_matrix
    surroundings: Environment
    prices: Prices
    expected: Expected
    history: History
    made: Shipments
    surveys: Surveys

    def __len__(self) -> int:
        return len(self.population)

    @property
    def end(self) -> int:
        """The day number after the window's last day."""
        return self.calendar.days

    @cached_property
    def spells(self) -> list[list[Spell]]:
        """Each customer's spells, in order."""
        leavings = self.history.leavings
        spells: list[list[Spell]] = [[] for _ in range(len(self))]
        first = [int(day) for day in self.population.onboard_day]
        here = [True] * len(self)
        for who, day, cause, back in zip(
            leavings.customer, leavings.day, leavings.cause, leavings.return_month, strict=True
        ):
            spells[who].append(Spell(first[who], int(day), int(cause)))
            here[who] = 0 <= back < self.calendar.months
            if here[who]:
                first[who] = int(self.history.opens[who, back])
        for who in range(len(self)):
            if here[who]:
                spells[who].append(Spell(first[who], None, None))
        return spells

    def per_customer(self, values: Floats | None = None) -> Floats:
        """Sums over each customer's orders; counts when no values are given."""
        return np.bincount(self.made.orders.customer, weights=values, minlength=len(self)).astype(np.float64)

    def order_month(self) -> Ints:
        """The month of the window in which each order was booked."""
        return np.searchsorted(self.calendar.first_day, np.floor(self.made.orders.day), side="right") - 1
