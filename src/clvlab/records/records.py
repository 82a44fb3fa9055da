"""``Records``: the accepted tables of one provider, what was set aside, and the as-of cut."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.cache import read_frame
from clvlab.records import intake
from clvlab.records.asof import cut, undated
from clvlab.records.contracts import ACTIVITY_TABLES, TABLES
from clvlab.records.currency import in_one_currency
from clvlab.records.engine import open_engine
from clvlab.records.importing import read_import
from clvlab.records.quarantine import Quarantine
from clvlab.records.sources import Source, find_files, read_connection, read_files
from clvlab.refusal import Refused

_INTAKE, _QUARANTINE = "intake.json", "quarantine.parquet"


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
    currency
        Currency of all amounts.

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
    currency: str

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
                lacking += [f"{name} in {table}" for name in absent]
        return f"Needs {' and '.join(lacking)}." if lacking else ""

    @property
    def events(self) -> dict[str, str]:
        """The date column of each table that has one."""
        return {name: event for name in self.tables if (event := TABLES[name].event)}

    @property
    def undated(self) -> dict[str, list[str]]:
        """Columns by table whose values carry no date: no as-of cut can hide later changes to them."""
        return {name: columns for name, table in self.tables.items() if (columns := undated(table, TABLES[name]))}

    def at(self, as_of: date) -> Records:
        """Return the records as they were known at the end of the day ``as_of``."""
        tables = {name: cut(table, TABLES[name], as_of) for name, table in self.tables.items()}
        return replace(self, tables=tables)


def take_in_folder(folder: Path, into: Path, assumptions: Assumptions) -> None:
    """Read, check and store the records of ``folder`` in ``into``, for :func:`load`."""
    engine = open_engine()

    def keep(table: ir.Table, name: str) -> ir.Table:
        path = into / f"{name}.parquet"
        table.to_parquet(path)
        return engine.read_parquet(path)

    imported = read_import(folder)
    sources = read_files(find_files(folder), imported.unread, into, engine)
    judged = _judge(sources, assumptions, keep)
    quarantine = Quarantine.of(judged, imported.columns)
    quarantine.to_frame().to_parquet(into / _QUARANTINE)
    facts = {
        "columns": {name: list(result.accepted.columns) for name, result in judged.items()},
        "sums": quarantine.sums.to_dict("records"),
        "remarks": {name: list(source.remarks) for name, source in sources.items()},
        "origin": imported.remarks,
        "last_date": _last_date({name: result.accepted for name, result in judged.items()}).isoformat(),
    }
    (into / _INTAKE).write_text(json.dumps(facts, ensure_ascii=False, indent=1))
    for leftover in into.iterdir():
        if leftover.name.startswith(("staged-", "typed-", "repeated-", "rescued-")):
            leftover.unlink()


def load(folder: Path, assumptions: Assumptions) -> Records:
    """Return the records stored by :func:`take_in_folder`."""
    facts: dict[str, Any] = json.loads((folder / _INTAKE).read_text())
    engine = open_engine()
    tables = {
        name: engine.read_parquet(folder / f"checked-{name}.parquet").select(columns)
        for name, columns in facts["columns"].items()
    }
    tables, currency = in_one_currency(tables, assumptions)
    return Records(
        tables=tables,
        quarantine=Quarantine(read_frame(folder / _QUARANTINE), pd.DataFrame(facts["sums"])),
        remarks={name: tuple(remarks) for name, remarks in facts["remarks"].items()},
        origin=tuple(facts["origin"]),
        last_date=date.fromisoformat(facts["last_date"]),
        currency=currency,
    )


def from_connection(engine: ibis.BaseBackend, assumptions: Assumptions) -> Records:
    """Return the checked records of an engine; nothing is written to it."""
    sources = read_connection(engine)
    judged = _judge(sources, assumptions, lambda table, name: table)
    accepted, currency = in_one_currency({n: result.accepted for n, result in judged.items()}, assumptions)
    remarks = {name: source.remarks for name, source in sources.items()}
    return Records(accepted, Quarantine.of(judged, {}), remarks, (), _last_date(accepted), currency)


def _judge(
    sources: dict[str, Source], assumptions: Assumptions, keep: Callable[[ir.Table, str], ir.Table]
) -> dict[str, intake.Judged]:
    judged: dict[str, intake.Judged] = {}
    for name, contract in TABLES.items():
        if name in sources:
            judged[name] = intake.judge(
                sources[name].table,
                contract,
                unread=sources[name].unread,
                partly_read=sources[name].partly_read,
                customers=judged["customers"].accepted if name != "customers" else None,
                time_zone=assumptions.time_zone,
                keep=keep,
            )
    return judged


def _last_date(tables: Mapping[str, ir.Table]) -> date:
    """Return the day of the last shipment or invoice, outliers being set aside already.

    Deliveries and payments trail behind: a file of settled invoices ends weeks after its last invoice, and taken
    as of that end every customer would seem to have fallen silent.
    """
    last = [
        tables[name][event].cast("date").max().execute()
        for name in ACTIVITY_TABLES
        if name in tables and (event := TABLES[name].event)
    ]
    return pd.Timestamp(max(day for day in last if not pd.isna(day))).date()
