"""What is asked for: which days count, and by what rows of any table are grouped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.tables import day_of
from clvlab.periods import Period, period_index
from clvlab.refusal import Refused

Tables = Mapping[str, ir.Table]

LANE = "lane"
LANE_ENDS = ("origin", "destination")
PARTY = "responsible_party"
GROUP = "group"


@dataclass(frozen=True)
class Asked:
    """Which rows count and how they are grouped.

    Parameters
    ----------
    as_of
        The last day known.
    days
        How many days up to it count; None for all.
    by
        Columns to group by; ``"lane"`` is origin and destination.
    period
        Calendar period to group by as well.
    groups
        A group per customer_id, its name the column's name ("group" without one).
    """

    as_of: dt.date
    days: int | None = None
    by: tuple[str, ...] = ()
    period: Period | None = None
    groups: pd.Series | None = None

    def __post_init__(self) -> None:
        """Refuse a grouping asked for twice, and customers in two groups."""
        if len(set(self.keys)) < len(self.keys):
            raise Refused(f"The groupings {', '.join(self.keys)} name one column twice; leave one out.")
        if self.groups is not None and self.groups.index.has_duplicates:
            twice = self.groups.index[self.groups.index.duplicated()][0]
            raise Refused(f"Customer {twice} has two rows in groups; give one group per customer.")

    @property
    def group_name(self) -> str:
        """The name of the column that holds the groups handed in."""
        return GROUP if self.groups is None or self.groups.name is None else str(self.groups.name)

    @property
    def keys(self) -> list[str]:
        """The grouping columns."""
        handed_in = [] if self.groups is None else [self.group_name]
        return [*self.by, *handed_in, *([self.period] if self.period else [])]

    @property
    def columns(self) -> list[str]:
        """The columns that a table must have to be grouped like this."""
        return [column for name in self.by for column in (LANE_ENDS if name == LANE else (name,))]

    @property
    def when(self) -> str:
        """The time asked for, in words that end a sentence."""
        return f" up to {self.as_of}" if self.days is None else f" in the {self.days} days to {self.as_of}"

    def lacking(self, columns: Sequence[str]) -> list[str]:
        """Return the columns asked for that are not among these."""
        return [name for name in self.columns if name not in columns]

    def rows(self, table: ir.Table, date: str) -> ir.Table:
        """Return the rows of a table that count, with every key as a column.

        Parameters
        ----------
        table
            With customer_id, ``date`` and the columns asked for.
        date
            The column that places a row in time.
        """
        day = day_of(table, date)
        rows = table.filter(day <= ibis.literal(self.as_of))
        if self.days is not None:
            rows = rows.filter(day_of(rows, date) > ibis.literal(self.as_of - dt.timedelta(days=self.days)))
        if LANE in self.by:
            rows = rows.mutate(**{LANE: rows.origin.cast("string") + " – " + rows.destination.cast("string")})
        if self.period:
            rows = rows.mutate(**{self.period: period_index(day_of(rows, date), self.period)})
        if self.groups is None:
            return rows
        # pandas' categories and numbers of customers are texts here, as in the records.
        named = pd.DataFrame(
            {"customer_id": self.groups.index.astype(str), self.group_name: self.groups.astype(object).to_numpy()}
        )
        rows = rows.drop(self.group_name) if self.group_name in rows.columns else rows
        return rows.left_join(ibis.memtable(named), "customer_id").drop("customer_id_right")
