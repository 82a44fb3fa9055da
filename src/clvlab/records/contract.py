"""What a table promises: its columns, when each value becomes known, and the rules its rows must keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import ibis.expr.types as ir

ColumnType = Literal["text", "number", "whole", "date", "time", "flag"]

# Whom the values of a text column give away, by a name or by a code that may be made from one.
Identity = Literal["", "customer", "manager", "rival", "place", "lane", "code of a customer", "code of a carrier"]

# Engine types behind the contract's words. Dates and times are wall-clock in the study's time zone.
ENGINE_TYPES: dict[str, str] = {
    "text": "string",
    "number": "float64",
    "whole": "int64",
    "date": "date",
    "time": "timestamp(6)",
    "flag": "boolean",
}

# The tables that tell what a customer did, day by day; one of them must be there beside the customers.
ACTIVITY_TABLES = ("shipments", "invoices")

WITH_ROW = "row"
UNDATED = "undated"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name, type, meaning
        The column's name, its type in the contract's words, and what it holds.
    unit
        Unit of a number; "currency" is the study's currency.
    required
        Whether the table is refused without this column.
    choices
        The only values allowed (text columns), lower case.
    at_least, at_most
        Range of a number, bounds included.
    known
        When the value becomes known: ``"row"`` with the row's event date; ``"undated"`` when no date tells (it
        is then shown whatever the as-of date, and reported as such); else the names of date columns, the first
        that is filled counting, and the row's event date when none is.
    until_known
        Hidden also where none of those dates is filled: for a value whose very presence tells the outcome.
    identifies
        Whom its values give away, so that a redacted report shows pseudonyms (`clvlab.records.redaction`).
    serves
        The notebooks that read it, by name without number.
    """

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    known: str | tuple[str, ...] = WITH_ROW
    until_known: bool = False
    identifies: Identity = ""
    serves: tuple[str, ...] = ()

    @property
    def dates(self) -> tuple[str, ...]:
        """The date columns that tell when the value became known, in order of preference."""
        return () if isinstance(self.known, str) else self.known


@dataclass(frozen=True)
class Rule:
    """One thing that must hold; ``broken`` is a predicate that the engine evaluates for all rows at once.

    Parameters
    ----------
    name
        The rule's name in the quarantine.
    column
        The column whose value is set aside.
    reads
        The columns the predicate reads; the rule is silent when one is absent.
    broken
        The typed table to a boolean column, true where the rule is broken.
    says
        What is wrong, in words, and what is done about it.
    sets_aside
        ``"cell"`` blanks the value and keeps the row; ``"row"`` keeps the row out.
    """

    name: str
    column: str
    reads: tuple[str, ...]
    broken: Callable[[ir.Table], ir.BooleanValue]
    says: str
    sets_aside: Literal["cell", "row"] = "cell"


@dataclass(frozen=True)
class Contract:
    """A table: what one row is, its key, its event date, its columns and its rules."""

    name: str
    one_row: str
    key: tuple[str, ...]
    event: str | None
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = field(default=())

    def column(self, name: str) -> Column:
        """Return the column called ``name``."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in the contract's order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the columns without which the table is refused."""
        return tuple(column.name for column in self.columns if column.required)
