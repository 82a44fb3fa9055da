"""What churn is read from: the records of one day, and whom each definition of churn calls lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import ibis.expr.types as ir
import pandas as pd

from clvlab.assumptions import CHURN_DEFINITIONS, Assumptions
from clvlab.features.churn_definitions import (
    ChurnEvents,
    Rhythm,
    contract_ends,
    fixed_silence,
    rhythm,
    volume_fall,
)
from clvlab.features.contract_spells import window_start
from clvlab.records.records import Records
from clvlab.refusal import Refused

PROFILE = ("size_class", "industry", "region", "acquisition_channel", "priority_class")


@dataclass(frozen=True)
class Base:
    """A provider's customers as they were known on one day.

    Attributes
    ----------
    records
        Tables read once.
    orders
        customer_id, date: one row per order.
    as_of
        The last day known.
    assumptions
        What counts as churn, and how far ahead to look.
    """

    records: Records
    orders: ir.Table
    as_of: dt.date
    assumptions: Assumptions

    @property
    def definition(self) -> str:
        """The definition by which customers without a running contract count as lost."""
        return self.assumptions.churn_definition

    @cached_property
    def window_start(self) -> dt.date:
        """The records' first day."""
        return window_start(self.orders)

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """What the customer file says of each customer's kind, as far as it does, by customer_id."""
        if "customers" not in self.records:
            return pd.DataFrame(index=pd.Index([], name="customer_id"))
        table = self.records["customers"]
        known = [name for name in PROFILE if name in table.columns]
        return table.select("customer_id", *known).to_pyarrow().to_pandas().set_index("customer_id")

    @cached_property
    def rhythm(self) -> Rhythm | None:
        """How often customers order; None where nobody ordered on two days and another definition is used.

        Raises
        ------
        Refused
            Where there is none and churn is defined by it.
        """
        try:
            return rhythm(
                self.orders, self.as_of, self.assumptions.false_alarms_per_year, self.profiles.get("size_class")
            )
        except Refused:
            if self.definition == "rhythm":
                raise
            return None

    @cached_property
    def lost(self) -> ChurnEvents:
        """Whom the definition in use called lost."""
        return self._told_by(self.definition)

    @cached_property
    def definitions(self) -> Mapping[str, ChurnEvents]:
        """Whom each definition called lost, by name."""
        names = [name for name in CHURN_DEFINITIONS if name != "rhythm" or self.rhythm is not None]
        found = {name: self.lost if name == self.definition else self._told_by(name) for name in names}
        if "contracts" in self.records:
            found["contract"] = contract_ends(self.records["contracts"], self.orders, self.as_of)
        return found

    def _told_by(self, definition: str) -> ChurnEvents:
        """Return whom a definition called lost."""
        if definition == "rhythm" and self.rhythm is not None:
            return self.rhythm.churn_events
        if definition == "silence":
            return fixed_silence(self.orders, self.as_of, self.assumptions.silent_days)
        return volume_fall(self.orders, self.as_of, self.assumptions.volume_fall)
