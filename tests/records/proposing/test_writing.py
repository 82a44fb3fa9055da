"""The text: what is missing is left open, and whatever the file holds it is TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proposals import doubts, written

from clvlab.records.mapping import read_mapping
from clvlab.records.proposing import propose
from clvlab.refusal import Refused


def test_without_an_id_the_rows_are_numbered_and_that_is_a_doubt(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "bills.csv", "Customer;Invoice Date;Amount", "A;2024-01-05;5"))
    assert tomllib.loads(text)["invoices"]["invoice_id"] == {"row_number": "R"}
    assert doubts(text, "invoice_id")


def test_a_required_column_not_found_is_left_open_with_guesses(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv", "Order No;Weight kg;Delivered;Zz", "1;5;2024-01-05;A", "2;6;2024-01-06;B")
    text = propose(path)
    assert "# missing: fill in customer_id, booked_at below before it can be used." in text
    assert '# missing: customer_id, who ordered it; perhaps "Zz"\n# customer_id = ""' in text
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(Refused, match="lacks customer_id"):
        read_mapping(str(tmp_path / "m.toml"))


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), min_size=1, max_size=5),
       st.lists(st.text(max_size=8), min_size=1, max_size=5))  # fmt: skip
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_headers_and_values_the_proposal_is_toml(
    tmp_path: Path, names: list[str], values: list[str]
) -> None:
    path = tmp_path / "any.parquet"
    names = list({name.lower(): name for name in names if "\x00" not in name}.values()) or ["a"]
    pd.DataFrame({name: [value.replace("\x00", "") for value in values] for name in names}).to_parquet(path)
    tomllib.loads(propose(path))
