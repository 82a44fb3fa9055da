"""The as-of cut: nothing that came later is seen, and later changes change nothing."""

from __future__ import annotations

from datetime import date

import ibis
import pandas as pd
from folders import folder, records_of
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.records.asof import cut, cut_all, undated
from clvlab.records.contracts import TABLES

days = st.dates(date(2025, 1, 1), date(2025, 1, 20))
moments = st.one_of(st.none(), days.map(pd.Timestamp))


def table(rows) -> ibis.Table:
    frame = pd.DataFrame(rows, columns=["booked_at", "delivered_at", "damaged_pieces"])
    frame.insert(0, "shipment_id", [f"S{i}" for i in range(len(frame))])
    frame["delivered_at"] = pd.to_datetime(frame["delivered_at"])
    return ibis.memtable(frame.astype({"damaged_pieces": "Int64"}))


def seen(rows, as_of: date) -> pd.DataFrame:
    return cut(table(rows), TABLES["shipments"], as_of).order_by("shipment_id").execute()


def test_rows_and_values_after_the_day_are_hidden():
    rows = [
        (pd.Timestamp("2025-01-05 23:59"), pd.Timestamp("2025-01-06"), 1),
        (pd.Timestamp("2025-01-04"), pd.Timestamp("2025-01-05 12:00"), 2),
        (pd.Timestamp("2025-01-06"), None, 3),
    ]
    found = seen(rows, date(2025, 1, 5))
    assert found["shipment_id"].tolist() == ["S0", "S1"]
    assert found["damaged_pieces"].isna().tolist() == [True, False]
    assert found["delivered_at"].isna().tolist() == [True, False]


def test_a_customer_of_unknown_onboarding_is_always_there():
    customers = ibis.memtable(
        {"customer_id": ["a", "b"], "onboarded_on": [None, date(2025, 2, 1)]},
        schema={"customer_id": "string", "onboarded_on": "date"},
    )
    assert cut(customers, TABLES["customers"], date(2025, 1, 1)).execute()["customer_id"].tolist() == ["a"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(days.map(pd.Timestamp), moments, st.integers(0, 5)), min_size=1, max_size=6),
    days,
    st.integers(6, 9),
)
def test_altering_every_later_value_changes_nothing(rows, as_of, other):
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    altered = [
        (
            booked if booked < end else booked + pd.Timedelta(days=other),
            done + pd.Timedelta(days=other) if done is not None and done >= end else done,
            other if done is not None and done >= end else damaged,
        )
        for booked, done, damaged in rows
    ]
    later = (pd.Timestamp(as_of) + pd.Timedelta(days=3), None, other)
    pd.testing.assert_frame_equal(seen(rows, as_of), seen([*altered, later], as_of))


def test_ratings_without_a_date_are_named():
    customers = ibis.memtable({"customer_id": ["a"], "credit_rating": ["A"], "onboarded_on": [date(2025, 1, 1)]})
    assert undated(customers, TABLES["customers"]) == ["credit_rating"]


def test_a_customer_onboarded_later_on_paper_stays_with_what_they_shipped():
    tables = {
        "customers": ibis.memtable(
            {"customer_id": ["a"], "name": ["Alpha"], "onboarded_on": [date(2025, 6, 1)], "acquisition_cost": [5.0]}
        ),
        "shipments": ibis.memtable(
            {"shipment_id": ["S"], "customer_id": ["a"], "booked_at": [pd.Timestamp("2025-01-02")]}
        ),
    }
    found = cut_all(tables, date(2025, 3, 1))["customers"].execute()
    assert found["name"].tolist() == ["Alpha"]
    assert found[["onboarded_on", "acquisition_cost"]].isna().all().all()


def test_a_customer_visited_before_onboarding_is_there_without_what_came_later():
    tables = {
        "customers": ibis.memtable(
            {"customer_id": ["a", "b"], "onboarded_on": [date(2025, 6, 1)] * 2, "acquisition_cost": [5.0, 7.0]}
        ),
        "contacts": ibis.memtable({"customer_id": ["a", "b"], "contacted_at": [date(2025, 1, 2), date(2025, 5, 2)]}),
    }
    found = cut_all(tables, date(2025, 3, 1))["customers"].execute()
    assert found["customer_id"].tolist() == ["a"]
    assert found[["onboarded_on", "acquisition_cost"]].isna().all().all()


def test_a_column_first_filled_later_is_not_there_before(tmp_path):
    text = "shipment_id,customer_id,booked_at,revenue\nS1,C1,2025-01-02,\nS2,C1,2025-02-02,5\n"
    records = records_of(folder(tmp_path / "data", shipments=text), tmp_path / "into")
    assert not records.at(date(2025, 1, 5)).has("shipments", "revenue")
    assert records.has("shipments", "revenue")


def test_whether_a_lead_names_its_customer_does_not_tell_that_it_was_won():
    leads = ibis.memtable(
        {"lead_id": ["won", "open"], "opened_on": [date(2025, 1, 1)] * 2, "won_on": [date(2025, 3, 1), None],
         "customer_id": ["a", "b"]},
        schema={"lead_id": "string", "opened_on": "date", "won_on": "date", "customer_id": "string"},
    )  # fmt: skip
    found = cut(leads, TABLES["leads"], date(2025, 2, 1)).execute()
    assert found["customer_id"].isna().all()
    assert cut(leads, TABLES["leads"], date(2025, 3, 1)).execute().set_index("lead_id")["customer_id"]["won"] == "a"
