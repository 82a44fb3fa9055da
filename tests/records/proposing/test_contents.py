"""What is counted over all rows, and what is never shown."""

from __future__ import annotations

from pathlib import Path

from proposals import doubts, written

from clvlab.records.proposing import propose
from clvlab.records.proposing.contents import SAMPLE


def test_repeated_keys_and_blanks_in_required_columns_are_counted(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date",
                           "1;A;2024-01-05", "1;B;2024-01-06", "2;;2024-01-07", "3;A;2024-01-08"))  # fmt: skip
    assert any(doubt.startswith("1 of 4 rows repeat the shipment_id") for doubt in doubts(text, "shipment_id"))
    assert "1 of 4 rows are blank and will be set aside" in doubts(text, "customer_id")


def test_personal_data_is_never_mapped_and_never_shown(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "customers.csv", "Customer No;Name;Phone;Contact",
                           "1;Alpha;+49 30 123456;eve@alpha.example"))  # fmt: skip
    assert "Phone (personal data)" in text
    assert "Contact (personal data)" in text
    assert "123456" not in text
    assert "alpha.example" not in text


def test_repeats_and_blanks_beyond_the_sample_are_counted_too(tmp_path: Path) -> None:
    rows = [[f"S{i}", "A", "2024-01-05"] for i in range(SAMPLE + 10)]
    rows[1] = ["S3", "", "2024-01-05"]  # of two rows the first is looked at
    text = propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date", *(";".join(row) for row in rows)))
    assert f"contents were judged by {SAMPLE // 2 + 5:,} rows" in text
    assert f"1 of {SAMPLE + 10:,} rows repeat the shipment_id of another row and will be set aside" in text
    assert f"1 of {SAMPLE + 10:,} rows are blank and will be set aside" in text
