"""What a covariate is: its words, its unit, the reason it speaks for, and what it needs of the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import ibis.expr.types as ir

from clvlab.features.panel.grid import Grid
from clvlab.features.panel.windows import Floats

Reason: TypeAlias = Literal[
    "service", "neglect", "price", "rival", "network", "standing", "satisfaction", "volume", "payment", "campaign"
]
Tables: TypeAlias = Mapping[str, ir.Table]

UNDATED = "undated: taken as it stands in the file, whatever the month"


@dataclass(frozen=True)
class Covariate:
    """One covariate of the panel.

    Attributes
    ----------
    name
        Its column.
    label
        What it is, as the subject of a sentence.
    unit
        What one more of it is ("each additional ..."); blank for what only holds or does not.
    reason
        The reason for leaving that it speaks for.
    raises
        Whether more of it should raise the risk of leaving (False: lower it).
    note
        What a reader must know, such as that no date tells when it was known.
    """

    name: str
    label: str
    unit: str
    reason: Reason
    raises: bool
    note: str = ""


@dataclass(frozen=True)
class Family:
    """Covariates that come from the same rows.

    Attributes
    ----------
    covariates
        In the order in which ``values`` returns them.
    needs
        Columns needed, by table.
    values
        From tables and grid to one array of shape (customers, months) per covariate.
    known_ahead
        Whether the values for months to come follow from what is known today (a contract's term, age); else they
        stay as they are.
    detail
        Whether it breaks down by KPI what all failures together say; a model takes the one or the other.
    """

    covariates: tuple[Covariate, ...]
    needs: Mapping[str, tuple[str, ...]]
    values: Callable[[Tables, Grid], tuple[Floats, ...]]
    known_ahead: bool = False
    detail: bool = False

    @property
    def need(self) -> str:
        """What it needs, in words."""
        return "; ".join(f"{', '.join(columns)} in {table}" for table, columns in self.needs.items())

    def lacking(self, tables: Tables) -> str:
        """Return what of it the records lack, in words; blank when all is there."""
        absent = []
        for table, columns in self.needs.items():
            there = tables[table].columns if table in tables else ()
            missing = [name for name in columns if name not in there]
            if missing:
                absent.append(f"{' and '.join(missing)} in {table}")
        return f"needs {'; '.join(absent)}" if absent else ""
