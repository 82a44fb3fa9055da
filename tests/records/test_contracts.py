"""The contracts hold together, and what is generated from them is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from clvlab.records.contract import UNDATED, WITH_ROW
from clvlab.records.contracts import TABLES
from clvlab.records.dictionary import templates
from clvlab.records.rules import rules_of

CONTRACTS = list(TABLES.values())


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_keys_events_and_known_dates_are_columns_of_the_table(contract):
    assert set(contract.key) <= set(contract.names)
    assert contract.event in contract.names
    assert len(set(contract.names)) == len(contract.names)
    for column in contract.columns:
        assert column.known in (WITH_ROW, UNDATED) or set(column.dates) <= set(contract.names)
        for name in column.dates:
            assert contract.column(name).type in ("date", "time")


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_column_says_what_it_holds_and_what_it_serves(contract):
    for column in contract.columns:
        assert column.meaning
        assert column.serves
        assert column.unit or column.type != "number", column.name


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_rules_read_columns_of_the_table_and_say_what_happens(contract):
    for rule in rules_of(contract):
        assert {rule.column, *rule.reads} <= set(contract.names)
        assert "set aside" in rule.says


def test_templates_have_every_column_of_their_table(pytestconfig):
    folder = Path(pytestconfig.rootpath) / "data" / "templates"
    assert {path.name: path.read_text() for path in folder.glob("*.csv")} == templates()
