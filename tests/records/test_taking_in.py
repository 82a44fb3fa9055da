"""What comes of a folder does not hang on how many cores there are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.records.folders import cases, folder, records_of

BOOKED = [f"S{n},C{n % 5},2025-0{n % 9 + 1}-1{n % 10}" for n in range(400)]
SHIPMENTS = "\n".join(["shipment_id,customer_id,booked_at", *BOOKED, "S1,C1,2025-02-11", "S900,C1,no day", ""])
INVOICES = "invoice_id,customer_id,issued_on,amount\nI1,C1,2025-03-01,5\nI2,C9,2025-03-01,7\nI3,C2,2025-03-02,x\n"
CONTACTS = "contact_id,customer_id,contacted_at\nK1,C3,2025-04-01\nK2,C4,2025-04-02 25:00\n"


def many_files(path: Path) -> Path:
    """Write tables with faults, the shipments in two parts."""
    lines = SHIPMENTS.splitlines(keepends=True)
    whole = folder(path, invoices=INVOICES, contacts=CONTACTS)
    (whole / "shipments.csv").unlink()
    (whole / "shipments").mkdir()
    (whole / "shipments" / "2025a.csv").write_text("".join(lines[:201]))
    (whole / "shipments" / "2025b.csv").write_text("".join(lines[:1] + lines[201:]))
    return whole


def test_tables_judged_at_once_come_out_as_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = many_files(tmp_path / "market")
    one_by_one = records_of(path, tmp_path / "one")
    monkeypatch.setattr("clvlab.cores._MUCH", 1)
    at_once = records_of(path, tmp_path / "many")
    assert cases(at_once) == cases(one_by_one)
    assert len(cases(one_by_one)) > 3
    assert list(at_once.tables) == list(one_by_one.tables)
    assert at_once.remarks == one_by_one.remarks
    for name, table in one_by_one.tables.items():
        pd.testing.assert_frame_equal(at_once[name].to_pandas(), table.to_pandas())


def test_rows_of_a_table_in_parts_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("clvlab.cores._MUCH", 1)
    found = records_of(many_files(tmp_path / "market"), tmp_path / "into")["shipments"].to_pandas()
    known = [row.split(",")[0] for row in BOOKED if row.split(",")[1] in ("C1", "C2", "C3")]
    assert found["shipment_id"].tolist() == known
