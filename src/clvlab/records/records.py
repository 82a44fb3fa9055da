"""``Records``: the accepted tables of one provider, what was set aside, and the as-of cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

import ibis
import ibis.expr.types as ir

from clvlab.assumptions import Assumptions
from clvlab.cache import fingerprint
from clvlab.kept import kept
from clvlab.records.asof import cut_all, undated
from clvlab.records.contracts import TABLES
from clvlab.records.currency import in_one_currency
from clvlab.records.quarantine import Quarantine
from clvlab.records.redaction import Pseudonyms, pseudonyms_for, redacted
from clvlab.refusal import Refused

Found = TypeVar("Found")


@dataclass(frozen=True)
class Records:
    """A provider's records, checked.

    Parameters
    ----------
    tables
        Accepted rows by table name, typed, with set-aside values blank and blank columns left out.
    quarantine
        Every row and value set aside.
    remarks
        By table: how its files were read, and columns that nobody uses.
    origin
        What the import that made the folder said; empty when there was none.
    last_date
        The day of the last shipment or invoice, outliers not obeyed.
    assumptions
        What the analyst assumes about currency.
    currency
        Currency of all amounts; blank until :meth:`at` has brought them into one.
    pseudonyms
        Who is called what here; None where everybody stands under their own name.

    Examples
    --------
    >>> records = study.records                                    # doctest: +SKIP
    >>> records["shipments"].count().execute()                     # doctest: +SKIP
    """

    tables: Mapping[str, ir.Table]
    quarantine: Quarantine
    remarks: Mapping[str, tuple[str, ...]]
    origin: tuple[str, ...]
    last_date: date
    assumptions: Assumptions
    currency: str = ""
    pseudonyms: Pseudonyms | None = None
    # Of the content, for results kept in the cache; whoever replaces a field by another loses it.
    key: str | None = field(default=None, init=False)

    def __getitem__(self, name: str) -> ir.Table:
        """Return a table by name; an absent one is refused with what would be needed."""
        if name not in self.tables:
            raise Refused(f"Needs the table {name}.")
        return self.tables[name]

    def __contains__(self, name: str) -> bool:
        return name in self.tables

    def has(self, table: str, *columns: str) -> bool:
        """Return whether the table is there with all these columns holding some value."""
        return table in self.tables and set(columns) <= set(self.tables[table].columns)

    def missing(self, **needs: str | Iterable[str]) -> str:
        """Return one line naming what a section would need and the records lack; blank when all is there.

        Parameters
        ----------
        needs
            By table, the column or columns needed: ``missing(shipments=["revenue", "direct_cost"])``.
        """
        lacking = []
        for table, columns in needs.items():
            wanted = [columns] if isinstance(columns, str) else list(columns)
            if table not in self.tables:
                lacking.append(f"the table {table} ({', '.join(wanted)})")
            else:
                absent = [name for name in wanted if name not in self.tables[table].columns]
                lacking += [f"{' and '.join(absent)} in {table}"] if absent else []
        return f"Needs {' and '.join(lacking)}." if lacking else ""

    def __repr__(self) -> str:
        """Say what there is, in rows."""
        counts = ", ".join(f"{table.count().execute():,} {name}" for name, table in self.tables.items())
        return f"Records to {self.last_date}: {counts}"  # not shown

    @property
    def events(self) -> dict[str, str]:
        """The date column of each table that has one."""
        return {name: event for name in self.tables if (event := TABLES[name].event)}

    @property
    def undated(self) -> dict[str, list[str]]:
        """Columns by table whose values carry no date: no as-of cut can hide later changes to them."""
        return {name: columns for name, table in self.tables.items() if (columns := undated(table, TABLES[name]))}

    def read(self) -> Records:
        """Return the same with every table read into memory: each further query would go back through all cuts."""
        return replace(self, tables={name: table.cache() for name, table in self.tables.items()}).keyed(self.key)

    def redacted(self) -> Records:
        """Return the same with pseudonyms for customers, managers and whoever else is named; before any as-of cut."""
        pseudonyms = pseudonyms_for(self.tables)
        tables = redacted(self.tables, pseudonyms)
        found = replace(self, tables=tables, quarantine=self.quarantine.redacted(), pseudonyms=pseudonyms)
        return found.keyed(self.key and fingerprint(self.key, "redacted"))

    def at(self, as_of: date) -> Records:
        """Return the records as they were known at the end of the day ``as_of``, money in one currency.

        Those of an earlier day are read into memory.
        """
        tables = cut_all(self.tables, as_of)
        if as_of < self.last_date:
            tables = _with_values(tables)
        tables, currency = in_one_currency(tables, self.assumptions)
        found = replace(self, tables=tables, currency=currency)
        return found.keyed(self.key and fingerprint(self.key, as_of.isoformat()))

    def keyed(self, key: str | None) -> Records:
        """Return the same under a key of its content; None keeps nothing."""
        found = replace(self)
        object.__setattr__(found, "key", key)
        return found

    def kept(self, stage: str, make: Callable[[], Found], *asked: object) -> Found:
        """Return a result made of these records, from the cache where it was made before.

        Parameters
        ----------
        stage
            What it is, in a word.
        make
            Makes it; what it may be made of says :func:`clvlab.kept.kept`.
        asked
            What it depends on besides the records: assumptions, seed.
        """
        return make() if self.key is None else kept(f"{stage}-{fingerprint(self.key, stage, *asked)}", make)


def _with_values(tables: Mapping[str, ir.Table]) -> dict[str, ir.Table]:
    """Return the tables less those without rows and columns without values: a later value must not show.

    To know them each table must be gone through as a whole: it is kept as it was read.
    """
    found = {}
    for name, table in tables.items():
        rows = table.to_pyarrow()
        kept = [c for c in rows.column_names if rows[c].null_count < len(rows) or c in TABLES[name].required]
        if len(rows):
            found[name] = ibis.memtable(rows.select(kept))
    return found
