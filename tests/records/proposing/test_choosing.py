"""The table a file is taken for, and the customers drawn from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from proposals import columns, written

from clvlab.records.contracts import TABLES
from clvlab.records.proposing import propose


@pytest.mark.parametrize("table", sorted(TABLES))
def test_our_own_templates_are_recognised_column_by_column(tmp_path: Path, table: str) -> None:
    contract = TABLES[table]
    samples = {"text": "x1", "number": "1", "whole": "1", "date": "2024-01-05", "time": "2024-01-05 10:00:00",
               "flag": "true"}  # fmt: skip
    values = [column.choices[0] if column.choices else samples[column.type] for column in contract.columns]
    path = written(tmp_path, f"{table}.csv", ",".join(contract.names), ",".join(values))
    assert columns(propose(path), table) == {name: name for name in contract.names}


def test_columns_that_differ_within_a_customer_are_not_the_customers(tmp_path: Path) -> None:
    rows = [f"{i};C{i % 2};2024-01-05;Land{i % 2};Branch{i}" for i in range(8)]
    path = written(tmp_path, "orders.csv", "Order No;Customer;Order Date;Country;Industry", *rows)
    assert columns(propose(path), "customers") == {"customer_id": "Customer", "region": "Country"}
