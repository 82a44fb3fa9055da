"""Kinds of customers are what the file or a count says, and what neither says is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from class_cases import by_customer, everyone_has_one_label

from clvlab.features.ledger import Ledger
from clvlab.features.totals import customer_totals
from clvlab.refusal import Refused
from clvlab.tiers.classes.kinds import file_kinds, service_kinds, size_kinds, standing_kinds
from clvlab.tiers.classes.labelled import NOT_KNOWN

FILE = pd.DataFrame({
    "customer_id": ["a", "b", "c", "d"], "size_class": ["small", None, "large", "small"],
    "role": ["shipper", "both", " ", "agent"],
}).set_index("customer_id")  # fmt: skip
VOLUME = pd.Series([10.0, 80.0, 8.0, 2.0], list("abcd"))


def test_a_year_of_silence_is_past_and_no_order_yet_is_future():
    last_on = pd.Series(pd.to_datetime(["2025-12-31", "2025-01-01", "2024-12-31", None]), list("abcd"))
    found = standing_kinds(last_on, "2025-12-31")
    assert found.labels.tolist() == ["present", "present", "past", "future"]


def test_the_studys_churn_comes_before_silence():
    last_on = pd.Series(pd.to_datetime(["2025-12-01", "2024-01-01", None]), list("abc"))
    found = standing_kinds(last_on, "2025-12-31", left=pd.Series([True, False], ["a", "c"]))
    assert found.labels.tolist() == ["past", "present", "future"]
    assert "definition of churn" in found.rules["past"]


def test_sizes_on_file_come_before_volume():
    found = size_kinds(FILE["size_class"], VOLUME, "weight", "kg")
    assert found.labels.to_dict() == {"a": "small", "b": NOT_KNOWN, "c": "large", "d": "small"}
    assert list(found.rules) == ["large", "small"]
    assert found.remarks == ("1 customer without size_class on file.",)


@pytest.mark.parametrize("blank", [None, np.nan, " "])
def test_without_any_size_on_file_volume_stands_in_and_that_is_said(blank):
    found = size_kinds(pd.Series(blank, VOLUME.index), VOLUME, "weight", "kg")
    assert found.labels.tolist() == ["medium", "large", "small", "small"]
    assert found.remarks[0].startswith("The file holds no size_class: sizes are by weight")
    assert found.amount == "weight"


def test_roles_are_told_in_words_and_blanks_are_not_known():
    found = file_kinds(FILE["role"], "role", "Customers by role")
    assert found.labels.tolist() == ["shipper", "both", NOT_KNOWN, "agent"]
    assert (found.rules["both"], found.rules["agent"]) == ("sends and receives goods", "role 'agent' on file")


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(Refused, match="needs service in shipments"):
        service_kinds(pd.DataFrame({"orders": by_customer([1.0])}))


def test_a_stray_order_makes_no_integrated_demand_and_one_order_tells_nothing():
    totals = pd.DataFrame({
        "orders": [100, 100, 1, 0], "services": [2, 2, 1, 0], "main_service_share": [0.95, 0.94, 1.0, None],
    })  # fmt: skip
    found = service_kinds(totals)
    assert found.labels.tolist() == ["single", "integrated", NOT_KNOWN, NOT_KNOWN]


def test_every_kind_gives_everyone_in_a_market_one_label(small_study):
    ledger, as_of = Ledger(small_study.records.tables, small_study.as_of), small_study.as_of
    totals = customer_totals(ledger)
    for found in (
        standing_kinds(totals["last_on"], as_of),
        size_kinds(ledger.file("size_class"), totals["weight"], "weight"),
        file_kinds(ledger.file("industry"), "industry", "Customers by commodity"),
        file_kinds(ledger.file("region"), "region", "Customers by region"),
        file_kinds(ledger.file("role"), "role", "Customers by role"),
        service_kinds(totals),
    ):
        assert everyone_has_one_label(found, found.labels.index)
        assert set(found.labels.index) == set(totals.index)
        assert found.summary().to_frame()["customers"].sum() == len(totals)
