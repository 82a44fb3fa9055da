"""The tables keep the design's columns, their keys, their words and the window."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from clvlab.records.contracts import TABLES
from clvlab.simulate import Market, simulate

END = pd.Timestamp("2025-12-31 23:59:59")
START = pd.Timestamp("2023-01-01")
Frames = dict[str, pd.DataFrame]
# Planned, not happened: these may lie after the window.
PLANNED = {"due_on", "ends_on", "dispatch_due_at", "delivery_due_at", "pod_due_at"}
# Older customers and their running contracts began before the records did.
OLDER = {("customers", "onboarded_on"), ("customers", "profile_updated_on"), ("contracts", "starts_on")}


def test_columns_are_the_contracts(market: Market) -> None:
    # What came of calls that a watch list asks for is noted by people who have one.
    assert set(market.tables) == set(TABLES) - {"calls"}
    for name, table in market.tables.items():
        assert tuple(table.column_names) == TABLES[name].names


def test_nothing_lies_outside_the_window(clean: Frames) -> None:
    for name, frame in clean.items():
        for column in TABLES[name].columns:
            if column.type not in ("date", "time") or column.name in PLANNED:
                continue
            values = pd.to_datetime(frame[column.name]).dropna()
            assert values.max() <= END, (name, column.name)
            if (name, column.name) not in OLDER:
                assert values.min() >= START, (name, column.name)


def test_keys_are_unique_and_known(clean: Frames) -> None:
    customers = set(clean["customers"]["customer_id"])
    for name, frame in clean.items():
        key = list(TABLES[name].key)
        if key:
            assert not frame.duplicated(key).any(), name
        assert frame["customer_id"].dropna().isin(customers).all() if "customer_id" in frame else True, name
    for column in ("parent_id", "bill_to_id", "referred_by"):
        assert clean["customers"][column].dropna().isin(customers).all()
    consignees = clean["shipments"]["consignee_id"].dropna()
    assert consignees[~consignees.str.startswith("R")].isin(customers).all()
    shipments = clean["complaints"].merge(clean["shipments"], on="shipment_id", suffixes=("", "_s"))
    assert (shipments["customer_id"] == shipments["customer_id_s"]).all()
    assert (pd.to_datetime(shipments["opened_at"]) > shipments["booked_at"]).all()


def test_words_and_ranges_are_the_contracts(clean: Frames) -> None:
    for name, frame in clean.items():
        for column in TABLES[name].columns:
            values = frame[column.name].dropna()
            if column.choices:
                assert set(values) <= set(column.choices), (name, column.name)
            if column.at_least is not None:
                assert values.min() >= column.at_least, (name, column.name)
            if column.at_most is not None:
                assert values.max() <= column.at_most, (name, column.name)


def test_times_of_a_shipment_follow_each_other(clean: Frames) -> None:
    s = clean["shipments"]
    order = ["booked_at", "dispatched_at", "arrived_at", "delivered_at", "pod_returned_at"]
    for earlier, later in pairwise(order):
        both = s[[earlier, later]].dropna()
        assert (both[earlier] <= both[later]).all(), (earlier, later)
    assert (s["delivered_at"].dropna() - s.loc[s["delivered_at"].notna(), "booked_at"]).max() < pd.Timedelta(days=45)
    nothing = s["refused"] | (s["completed"] == False)  # noqa: E712 - blank is neither
    assert s.loc[nothing, "delivered_at"].isna().all()
    assert (s.loc[s["refused"], "revenue"] == 0).all()
    assert (s["damaged_pieces"].dropna() <= s.loc[s["damaged_pieces"].notna(), "pieces"]).all()


def test_what_is_not_known_at_the_end_is_blank(clean: Frames) -> None:
    s = clean["shipments"]
    under_way = s["delivered_at"].isna() & s["completed"].isna()
    assert under_way.sum() > 50
    assert s.loc[under_way, ["direct_cost", "rebate", "claim_paid", "damaged_pieces"]].isna().all().all()
    assert clean["complaints"]["resolved_at"].isna().any()
    assert clean["invoices"]["paid_on"].isna().any()
    assert clean["contracts"]["ended_on"].isna().any()


def test_planted_faults_are_in_the_files_and_nowhere_else(tables: Frames, truth: Frames) -> None:
    listed = truth["planted_faults"].groupby("fault").size().to_dict()
    s, i, v = tables["shipments"], tables["invoices"], tables["surveys"]
    known = set(tables["customers"]["customer_id"])
    found = {
        "delivered before booked": (s["delivered_at"] < s["booked_at"]).sum(),
        "negative weight": (s["weight"] < 0).sum(),
        "unknown customer": (~s["customer_id"].isin(known)).sum(),
        "row twice": s.duplicated().sum(),
        "paid before issued": (i["paid_on"] < i["issued_on"]).sum(),
        "score off the scale": (v["overall"] > v["scale_max"]).sum(),
    }
    assert listed == found
    assert listed == {
        "delivered before booked": 10, "negative weight": 5, "unknown customer": 3, "row twice": 4,
        "paid before issued": 4, "score off the scale": 5,
    }  # fmt: skip
    assert s.duplicated("shipment_id").sum() == 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "market"
    simulate(customers=300, months=36, seed=2).write(path)
    return path


def test_files_read_back_as_the_tables(folder: Path) -> None:
    market = simulate(customers=300, months=36, seed=2)
    for name, table in market.tables.items():
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == table.column_names
        assert len(rows) == table.num_rows
    names = market.tables["customers"]["name"].to_pylist()
    with (folder / "customers.csv").open(encoding="utf-8", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == names
    assert any('"' in name and "," in name for name in names)


def test_dates_times_and_flags_are_written_plainly(folder: Path) -> None:
    with (folder / "shipments.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(len(row["booked_at"]) == 19 and row["booked_at"][10] == " " for row in rows)
    assert {row["urgent"] for row in rows} == {"true", "false"}
    assert {row["completed"] for row in rows} == {"true", "false", ""}
    with (folder / "customers.csv").open(encoding="utf-8", newline="") as file:
        assert all(len(row["onboarded_on"]) == 10 for row in csv.DictReader(file))
