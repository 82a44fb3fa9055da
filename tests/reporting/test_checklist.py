"""What ``clvlab check`` prints: rows in = accepted + set aside, each kind of case, and what nobody can date."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from clvlab.opening import open_study
from clvlab.reporting.checklist import checklist

FOLDER = Path("data/demo")


@pytest.fixture(scope="module")
def text(small_study) -> str:
    return checklist(small_study, FOLDER)


def number(shown: str) -> int:
    return int(shown.replace(",", ""))


def test_it_begins_with_folder_day_and_currency(text):
    assert text.splitlines()[0] == "data/demo: records as of 2025-12-31, money in CNY"


def test_for_every_table_rows_in_are_those_accepted_and_those_set_aside(text, small_market, small_study):
    rows = re.findall(r"^ *(\w+) +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+)$", text, re.MULTILINE)
    assert [row[0] for row in rows] == list(small_study.records.tables)
    for table, rows_in, accepted, set_aside, _ in rows:
        assert number(rows_in) == number(accepted) + number(set_aside)
        assert number(rows_in) == len((small_market / f"{table}.csv").read_text().splitlines()) - 1
        assert number(accepted) == small_study.records[table].count().execute()


def test_every_case_set_aside_is_counted_under_its_rule(text, small_study):
    cases = re.findall(r"^ +([\d,]+)  (\w+) (\w+): ([^;]+); ", text, re.MULTILINE)
    quarantine = small_study.records.quarantine.to_frame()
    counted = {(table, column, rule): number(count) for count, table, column, rule in cases}
    assert counted == quarantine.groupby(["table", "column", "rule"]).size().to_dict()
    assert sum(counted.values()) == len(quarantine) > 10


def test_each_kind_names_a_row_and_a_value_that_stand_there(text, small_market):
    found = re.findall(r"(\w+) (\w+): .*\(first in row ([\d,]+), e\.g\. '(.*?)'", text)
    assert len(found) >= 5
    for table, column, row, value in found:
        file = pd.read_csv(small_market / f"{table}.csv", dtype=str)
        assert file.loc[number(row) - 2, column] == value


def test_it_says_where_all_cases_are_and_what_has_no_date(text):
    assert f"Every case: {FOLDER / 'quarantine'}/*.parquet" in text
    assert re.search(r"^  customers: name, parent_id, ", text, re.MULTILINE)
    assert "customers: customer_id" not in text
    assert "customers.csv: 60 rows, UTF-8, commas" in text


def test_sound_records_say_that_nothing_was_set_aside(tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id;Town\n007;Qingdao\n")
    (tmp_path / "invoices.csv").write_text("invoice_id;customer_id;issued_on;amount\n1;007;2025-01-15;10\n")
    text = checklist(open_study(tmp_path), tmp_path)
    assert "Nothing was set aside." in text
    assert "Set aside, by rule" not in text
    assert "Every case" not in text
    assert "the column Town is not used" in text
    assert "Undated" not in text
