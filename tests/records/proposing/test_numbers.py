"""Marks within numbers and signs beside them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from proposals import doubts, imported, written

from clvlab.records.mapping import read_mapping
from clvlab.records.proposing import propose
from clvlab.refusal import Refused


def test_a_mark_before_three_digits_only_is_a_doubt(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "bills.csv", "Invoice No;Customer;Invoice Date;Amount",
                           "1;A;2024-01-05;1,250", "2;B;2024-01-06;2,500"))  # fmt: skip
    assert any("in the thousands?" in doubt for doubt in doubts(text, "amount"))


def test_a_currency_sign_and_thousands_marks_are_taken_off(tmp_path: Path) -> None:
    path = written(tmp_path, "bills.csv", "Invoice No;Customer;Invoice Date;Amount",
                   "1;A;2024-01-05;$1,234.50", "2;B;2024-01-06;-$75.00", "3;B;2024-01-07;$ 8.25")  # fmt: skip
    text = propose(path)
    assert {"currency": "USD", "thousands": ",", "strip": ["$"]}.items() <= tomllib.loads(text).items()
    assert doubts(text, "amount") == []
    amounts = imported(path, tmp_path)["invoices"]["amount"]
    assert [float(amount) for amount in amounts] == [1234.5, -75, 8.25]


def test_several_signs_are_all_taken_off_and_a_doubt(tmp_path: Path) -> None:
    path = written(tmp_path, "bills.csv", "Invoice No;Customer;Invoice Date;Amount",
                   "1;A;2024-01-05;US$5", "2;B;2024-01-06;US$6", "3;B;2024-01-07;$7", "4;B;2024-01-08;¥80",
                   "5;B;2024-01-09;9,50\u00a0€")  # fmt: skip
    text = propose(path)
    assert doubts(text, "amount") == [
        "several signs stand beside the numbers (US$, $, ¥, €); all are taken off alike",
    ]
    assert "# doubt: several currencies occur (USD, CNY, EUR)" in text
    amounts = imported(path, tmp_path)["invoices"]["amount"]
    assert [float(amount) for amount in amounts] == [5, 6, 7, 80, 9.5]


def test_percents_are_shares_without_their_sign(tmp_path: Path) -> None:
    path = written(tmp_path, "contracts.csv", "Contract No;Customer;Start Date;End Date;On time target",
                   "1;A;2024-01-05;2024-12-31;95%", "2;B;2024-01-06;2024-12-31;97.5 %")  # fmt: skip
    shares = imported(path, tmp_path)["contracts"]["agreed_on_time_share"]
    assert [float(share) for share in shares] == pytest.approx([0.95, 0.975])


@pytest.mark.parametrize("setting", ['strip = "$"', "strip = [1]"])
def test_signs_to_strip_are_a_list_of_texts(tmp_path: Path, setting: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(f"{setting}\n[customers]\ncustomer_id = 'No'\n")
    with pytest.raises(Refused, match="must be a list of texts"):
        read_mapping(str(path))
