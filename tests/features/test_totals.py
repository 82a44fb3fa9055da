"""What each customer adds up to: every order counted once, nothing filled in, no column without records."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.features.ledger import Ledger
from clvlab.features.totals import customer_totals, order_gaps
from clvlab.features.winnable import sales
from clvlab.refusal import Refused

AS_OF = dt.date(2025, 12, 31)
CODES = ["a", "b", "c"]


def tables_of(**shipments: list) -> dict[str, ibis.Table]:
    """Three customers on file; two shipments of a this year, one before, and one of b that was refused."""
    days = pd.to_datetime(["2025-03-01 08:00", "2025-03-01 20:00", "2024-06-01 09:00", "2025-05-05 09:00"])
    columns = {"customer_id": ["a", "a", "a", "b"], "booked_at": days, "refused": [False, None, False, True]}
    customers = pd.DataFrame({"customer_id": CODES, "onboarded_on": pd.to_datetime(["2023-12-31", None, None])})
    return {"customers": ibis.memtable(customers), "shipments": ibis.memtable(pd.DataFrame(columns | shipments))}


def test_services_that_are_all_blank_are_none():
    found = customer_totals(Ledger(tables_of(service=[None] * 4), AS_OF), days=365)
    assert found[["services", "main_service_share"]].loc["a"].isna().all()


def test_sums_cover_the_last_days_and_dates_all_records():
    found = customer_totals(Ledger(tables_of(weight=[1.0, 2.0, 4.0, 8.0]), AS_OF), days=365).loc["a"]
    assert (found["orders"], found["weight"]) == (2, 3.0)
    assert (found["first_on"], found["last_on"]) == (pd.Timestamp("2024-06-01"), pd.Timestamp("2025-03-01"))
    assert found["years_of_business"] == pytest.approx(2.0, abs=0.01)


def test_everyone_on_file_has_a_row_and_a_refused_shipment_is_no_order():
    found = customer_totals(Ledger(tables_of(weight=[1.0, 2.0, 4.0, 8.0]), AS_OF))
    assert found.index.tolist() == CODES
    assert found["orders"].tolist() == [3, 0, 0]
    assert found["weight"].tolist() == [7.0, 0.0, 0.0]
    assert found.loc["c", ["first_on", "last_on", "years_of_business"]].isna().all()


def test_columns_are_absent_where_the_records_lack_them():
    found = customer_totals(Ledger(tables_of(), AS_OF))
    assert found.columns.tolist() == ["orders", "first_on", "last_on", "years_of_business"]


def test_what_is_not_known_is_left_out_of_sums_and_counted():
    found = customer_totals(Ledger(tables_of(weight=[None, 2.0, None, 8.0]), AS_OF))
    assert found.loc["a", "weight"] == 2.0
    assert found.attrs["unknown"] == {"weight": 2}
    silent = customer_totals(Ledger(tables_of(weight=[np.nan, np.nan, np.nan, 8.0]), AS_OF))
    assert silent["weight"].isna().tolist() == [True, False, False]


def test_services_are_counted_with_the_share_of_the_main_one():
    services = {"service": ["road", "road", "air", "sea"]}
    found = customer_totals(
        Ledger(tables_of(**services, service_category=["basic", "basic", "value-added", None]), AS_OF)
    )
    assert found.loc["a", ["services", "main_service_share", "value_added_share"]].tolist() == pytest.approx(
        [2, 2 / 3, 1 / 3]
    )
    assert found.loc["b", "services"] == 0
    assert np.isnan(found.loc["b", "main_service_share"])


def test_money_adds_up_to_all_sales(small_study):
    tables, as_of = small_study.records.tables, small_study.as_of
    found, sold = customer_totals(Ledger(tables, as_of)), sales(tables, as_of).execute()
    for column in ("revenue", "margin"):
        assert found[column].sum() == pytest.approx(sold[column].sum(), rel=1e-12)
    assert found["orders"].sum() == small_study.purchases.orders.count().execute()


def test_invoices_alone_give_orders_and_revenue():
    invoices = ibis.memtable({
        "customer_id": ["a", "a", "b"], "issued_on": ["2025-01-02", "2025-01-09", "2025-01-09"],
        "amount": [50.0, -10.0, 7.0], "kind": ["freight", "credit note", "tax"],
    })  # fmt: skip
    found = customer_totals(Ledger({"customers": tables_of()["customers"], "invoices": invoices}, AS_OF))
    assert found["orders"].tolist() == [1, 0, 0]
    assert found["revenue"].tolist() == [40.0, 0.0, 0.0]


def test_no_period_is_refused():
    with pytest.raises(Refused, match="days = 0 is no period"):
        customer_totals(Ledger(tables_of(), AS_OF), days=0)


def test_gaps_are_between_order_days_and_one_day_tells_none():
    shipments = ibis.memtable({
        "customer_id": ["a"] * 4 + ["b"],
        "booked_at": pd.to_datetime(["2025-01-01", "2025-01-04", "2025-01-04", "2025-01-14", "2025-12-31"]),
    })  # fmt: skip
    found = order_gaps(Ledger({"shipments": shipments}, AS_OF))
    assert found["order_days"].tolist() == [3, 1]
    assert found["usual_gap_days"].tolist()[0] == 6.5
    assert np.isnan(found.loc["b", "usual_gap_days"])
    assert found["silent_days"].tolist() == [351, 0]


@pytest.mark.parametrize("gap", [254, 255, 256])
def test_a_single_gap_of_any_length_is_usual(gap):
    days = [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01") + pd.Timedelta(days=gap)]
    shipments = ibis.memtable(pd.DataFrame({"customer_id": "a", "booked_at": days}))
    assert order_gaps(Ledger({"shipments": shipments}, AS_OF)).loc["a", "usual_gap_days"] == gap


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), min_size=1, max_size=40))
def test_usual_gaps_are_medians_customer_by_customer(orders):
    shipments = pd.DataFrame(orders, columns=["customer_id", "day"])
    booked = shipments.assign(booked_at=pd.Timestamp("2025-01-01") + pd.to_timedelta(shipments["day"], unit="D"))
    found = order_gaps(Ledger({"shipments": ibis.memtable(booked.drop(columns="day"))}, AS_OF))
    days = shipments.drop_duplicates().sort_values(["customer_id", "day"]).groupby("customer_id")["day"]
    usual = days.agg(lambda one: one.diff().dropna().median())
    assert found["usual_gap_days"].tolist() == pytest.approx(usual.tolist(), nan_ok=True)


def test_orders_after_the_day_are_not_looked_at():
    early = dt.date(2024, 12, 31)
    assert customer_totals(Ledger(tables_of(), early)).loc["a", "orders"] == 1
    assert order_gaps(Ledger(tables_of(), early)).loc["a", "order_days"] == 1


def test_sales_of_an_earlier_year_are_those_of_its_totals(small_study):
    tables, day = small_study.records.tables, small_study.as_of - dt.timedelta(days=365)
    sold = Ledger(tables, small_study.as_of).sold_in_a_year(day)
    totals = customer_totals(Ledger(tables, day), days=365)
    assert sold.name == "revenue"
    assert sold.index.tolist() == totals.index[totals["orders"] > 0].tolist()
    assert sold.to_numpy() == pytest.approx(totals.loc[sold.index, "revenue"].to_numpy())
    without_money = {"shipments": tables["shipments"].drop("revenue"), "customers": tables["customers"]}
    orders = Ledger(without_money, small_study.as_of).sold_in_a_year(day)
    assert orders.to_dict() == totals.loc[totals["orders"] > 0, "orders"].to_dict()
