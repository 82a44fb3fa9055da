"""What is said about the values of a column: sequence, units, words, blanks."""

from __future__ import annotations

import tomllib
from pathlib import Path

from proposals import doubts, written

from clvlab.records.proposing import propose


def test_deliveries_before_their_booking_are_counted_at_the_delivery(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date;Delivery Date",
                           "1;A;2024-01-05;2024-01-04", "2;B;2024-01-20;2024-01-22"))  # fmt: skip
    assert doubts(text, "delivered_at") == ["in 1 of 2 sampled rows its day lies before booked_at (row 2)"]


def test_a_weight_without_a_unit_is_a_doubt_and_one_with_a_unit_is_not(tmp_path: Path) -> None:
    silent = propose(written(tmp_path, "a.csv", "Order No;Customer;Order Date;Weight", "1;A;2024-01-05;7"))
    stated = propose(written(tmp_path, "b.csv", "Order No;Customer;Order Date;Weight kg", "1;A;2024-01-05;7"))
    assert doubts(silent, "weight") == ["its unit is not stated; it is taken for kg"]
    assert doubts(stated, "weight") == []


def test_words_not_understood_are_listed(tmp_path: Path) -> None:
    rows = ["1;A;2024-01-05;5;Fracht", "2;A;2024-01-06;5;VAT", "3;A;2024-01-07;5;Maut"]
    path = written(tmp_path, "bills.csv", "Invoice No;Customer;Invoice Date;Amount;Charge Type", *rows)
    text = propose(path)
    assert tomllib.loads(text)["invoices"]["kind"]["values"] == {"Fracht": "freight", "VAT": "tax"}
    assert "not understood: Maut (should say freight, surcharge, tax, credit note)" in doubts(text, "kind")


def test_flags_the_intake_reads_anyway_need_no_translation(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "a.csv", "Order No;Customer;Order Date;Urgent", "1;A;2024-01-05;Yes"))
    assert tomllib.loads(text)["shipments"]["urgent"] == "Urgent"
