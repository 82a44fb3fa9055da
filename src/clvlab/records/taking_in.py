"""From files or a connection to :class:`Records`: read, check, store, load."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.cache import read_frame
from clvlab.cores import on_all_cores
from clvlab.records import intake
from clvlab.records.checks import Keep
from clvlab.records.contract import ACTIVITY_TABLES
from clvlab.records.contracts import TABLES
from clvlab.records.engine import open_engine
from clvlab.records.importing import read_import
from clvlab.records.quarantine import Quarantine
from clvlab.records.records import Records
from clvlab.records.sources import Source, find_files, read_connection, read_files
from clvlab.refusal import Refused

_INTAKE, _QUARANTINE = "intake.json", "quarantine.parquet"


def take_in_folder(folder: Path, into: Path, assumptions: Assumptions) -> None:
    """Read, check and store the records of ``folder`` in ``into``, for :func:`load`."""

    def keep(table: ir.Table, name: str) -> ir.Table:
        path = into / f"{name}.parquet"
        table.to_parquet(path)
        return table.get_backend().read_parquet(path)

    imported = read_import(folder)
    sources = read_files(find_files(folder), imported.unread, into)
    size = sum(path.stat().st_size for path in into.iterdir())
    judged = _judge(sources, assumptions, keep, lambda codes: ibis.memtable(codes.to_pyarrow()), size)
    quarantine = Quarantine.of(judged, imported.columns)
    quarantine.to_frame().to_parquet(into / _QUARANTINE)
    facts = {
        "columns": {name: list(result.accepted.columns) for name, result in judged.items()},
        "sums": quarantine.sums.to_dict("records"),
        "remarks": {name: list(source.remarks) for name, source in sources.items()},
        "origin": imported.remarks,
        "last_date": _last_date({name: result.accepted for name, result in judged.items()}, quarantine).isoformat(),
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
    return Records(
        tables=tables,
        quarantine=Quarantine(read_frame(folder / _QUARANTINE), pd.DataFrame(facts["sums"])),
        remarks={name: tuple(remarks) for name, remarks in facts["remarks"].items()},
        origin=tuple(facts["origin"]),
        last_date=date.fromisoformat(facts["last_date"]),
        assumptions=assumptions,
    )


def from_connection(engine: ibis.BaseBackend, assumptions: Assumptions) -> Records:
    """Return the checked records of an engine; nothing is written to it."""
    try:
        sources = read_connection(engine)
        judged = _judge(sources, assumptions, lambda table, name: table, lambda codes: codes, 0)
        quarantine = Quarantine.of(judged, {})
    except ibis.common.exceptions.OperationNotDefinedError as error:
        raise Refused(
            f"the {engine.name} engine lacks an operation that the checks need ({error}); use DuckDB, or export the"
            " tables to Parquet."
        ) from error
    remarks = {name: source.remarks for name, source in sources.items()}
    accepted = {name: result.accepted for name, result in judged.items()}
    return Records(accepted, quarantine, remarks, (), _last_date(accepted, quarantine), assumptions)


def _judge(
    sources: Mapping[str, Source],
    assumptions: Assumptions,
    keep: Keep,
    shared: Callable[[ir.Table], ir.Table],
    size: int,
) -> dict[str, intake.Judged]:
    """Judge the customers, then all other tables: several at once where there is much to judge.

    Parameters
    ----------
    sources, assumptions
        The tables as they came, and in which time zone.
    keep
        As for :func:`clvlab.records.intake.judge`.
    shared
        Returns the codes of the customers as a table that the engine of any other table can read.
    size
        Of all tables; 0 where they share an engine, which takes on one at a time.
    """

    def judged(name: str, customers: ir.Table | None = None) -> intake.Judged:
        return intake.judge(
            sources[name].table,
            TABLES[name],
            unread=sources[name].unread,
            partly_read=sources[name].partly_read,
            customers=customers,
            time_zone=assumptions.time_zone,
            keep=keep,
        )

    first = judged("customers")
    codes = shared(first.accepted.select("customer_id"))
    others = [name for name in TABLES if name in sources and name != "customers"]
    found = on_all_cores(lambda name: judged(name, codes), others, size)
    return {"customers": first} | dict(zip(others, found, strict=True))


def _last_date(tables: Mapping[str, ir.Table], quarantine: Quarantine) -> date:
    """Return the day of the last shipment or invoice, outliers being set aside already.

    Deliveries and payments trail behind: a file of settled invoices ends weeks after its last invoice, and taken
    as of that end every customer would seem to have fallen silent.

    Raises
    ------
    Refused
        When not one shipment or invoice was accepted; the most frequent reason is named.
    """
    last = [
        tables[name][event].cast("date").max().execute()
        for name in ACTIVITY_TABLES
        if name in tables and (event := TABLES[name].event)
    ]
    days = [day for day in last if not pd.isna(day)]
    if not days:
        cases = quarantine.summary().to_frame()
        worst = cases[cases["table"].isin(ACTIVITY_TABLES)].nlargest(1, "cases").itertuples()
        why = "; ".join(
            f"{c.cases:,} times {c.says.split(';')[0]}, first in row {c.first_row} ({c.example or 'blank'})"
            for c in worst
        )
        raise Refused(f"not one shipment or invoice could be accepted; {why or 'the tables are empty'}.")
    return pd.Timestamp(max(days)).date()
