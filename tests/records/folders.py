"""Small folders of tables for the tests of the intake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from clvlab.assumptions import Assumptions, read_assumptions
from clvlab.records.records import Records
from clvlab.records.taking_in import load, take_in_folder

CUSTOMERS = "customer_id,name\nC1,Alpha\nC2,Beta\nC3,Gamma\n"
SHIPMENTS = "shipment_id,customer_id,booked_at\nS1,C1,2025-01-02\nS2,C2,2025-01-03\nS3,C3,2025-01-04\n"


def folder(path: Path, **tables: str) -> Path:
    """Write one CSV per table; customers and shipments are there unless given otherwise."""
    path.mkdir(parents=True, exist_ok=True)
    for name, text in ({"customers": CUSTOMERS, "shipments": SHIPMENTS} | tables).items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def records_of(path: Path, into: Path, assumptions: Assumptions | None = None) -> Records:
    """Take in a folder and load it, without any cache."""
    assumed = assumptions or read_assumptions(path)
    into.mkdir(parents=True, exist_ok=True)
    take_in_folder(path, into, assumed)
    records = load(into, assumed)
    return records.at(date(2199, 12, 31))


def shipments(*rows: str, columns: str) -> str:
    """Return a CSV of shipments S1, S2, ... of customer C1 with these further columns."""
    lines = [f"S{number},C1,{row}" for number, row in enumerate(rows, start=1)]
    return "\n".join([f"shipment_id,customer_id,{columns}", *lines, ""])


def cases(records: Records) -> list[tuple[str, int, str, str, str]]:
    """Return table, source row, column, rule and value of every case."""
    frame = records.quarantine.to_frame().fillna({"value": ""})
    columns = ["table", "source_row", "column", "rule", "value"]
    return list(frame[columns].itertuples(index=False, name=None))
