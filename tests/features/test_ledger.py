"""Rows by customer hold what the records hold up to the day, each once, for everyone on file."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.features.ledger import Ledger
from clvlab.features.winnable import sales
from clvlab.refusal import Refused

AS_OF = dt.date(2025, 12, 31)
FILE = ibis.memtable({
    "customer_id": ["b", "a", "c"], "region": ["east", None, "west"], "brand_influence": [2.0, 5.0, None],
    "onboarded_on": pd.to_datetime(["2020-05-01", None, "2026-03-01"]),
})  # fmt: skip
SHIPMENTS = pd.DataFrame({
    "customer_id": ["b", "a", "b", "b"],
    "booked_at": pd.to_datetime(["2025-03-01 08:00", "2024-06-01 09:00", "2025-03-01 20:00", "2026-01-01 00:00"]),
    "service": ["road", None, "air", "road"], "revenue": [100.0, 50.0, 30.0, 9.0], "rebate": [5.0, None, 0.0, 0.0],
    "direct_cost": [60.0, None, 10.0, 1.0], "refused": [False, None, True, False],
})  # fmt: skip


def ledger_of(shipments: pd.DataFrame = SHIPMENTS) -> Ledger:
    return Ledger({"customers": FILE, "shipments": ibis.memtable(shipments)}, AS_OF)


def test_shipments_stand_at_their_customers_place_up_to_the_day():
    rows = ledger_of(SHIPMENTS.assign(refused=False)).carried_out
    assert rows.customers.tolist() == ["a", "b", "c"]
    assert rows.count().tolist() == [1, 2, 0]
    assert {rows.words["service"][int(number)] for number in rows["service"][rows.place == 1]} == {"road", "air"}
    assert np.isnan(rows["service"][rows.place == 0]).all()


def test_orders_are_shipments_not_refused_valued_as_sales_are():
    ledger = ledger_of()
    assert ledger.orders.count().tolist() == [1, 1, 0]
    assert ledger.orders.total(ledger.orders["revenue"]).tolist() == [50, 95, 0]
    assert ledger.orders.total(ledger.orders["margin"]).tolist() == [0, 35, 0]
    assert ledger.orders_of_year.count().tolist() == [0, 1, 0]


def test_shipments_are_carried_out_or_refused():
    given = SHIPMENTS.assign(urgent=[True, None, True, False], claim_paid=[None, 2.0, 7.0, 1.0])
    ledger = ledger_of(given)
    assert (ledger.carried_out.count().tolist(), ledger.refused.count().tolist()) == ([1, 1, 0], [0, 1, 0])
    assert (ledger.refused["claim_paid"].tolist(), ledger.refused["urgent"].tolist()) == ([7], [True])
    untold = ledger_of(given.drop(columns="refused"))
    assert (untold.carried_out.count().tolist(), len(untold.refused)) == ([1, 2, 0], 0)


def test_sales_of_a_market_are_those_the_engine_tells(small_study):
    ledger = Ledger(small_study.records.tables, small_study.as_of)
    told = sales(small_study.records.tables, small_study.as_of).execute().groupby("customer_id")["margin"].sum()
    found = ledger.sales.total(ledger.sales["margin"])
    assert found[told.index].to_numpy() == pytest.approx(told.to_numpy())
    assert found.drop(told.index).eq(0).all()


def test_without_shipments_invoices_of_freight_are_orders_and_all_but_tax_is_sold():
    invoices = ibis.memtable({
        "customer_id": ["a", "a", "a"], "issued_on": ["2025-01-02", "2025-01-09", "2025-02-01"],
        "amount": [50.0, -10.0, 6.0], "kind": ["freight", "credit note", "tax"],
    })  # fmt: skip
    ledger = Ledger({"invoices": invoices}, AS_OF)
    assert ledger.customers.tolist() == ["a"]
    assert ledger.orders.count().tolist() == [1]
    assert ledger.sales.total(ledger.sales["revenue"]).tolist() == [40]


def test_a_day_with_two_orders_is_one_order_day():
    ledger = ledger_of(SHIPMENTS.assign(refused=False))
    assert ledger.order_days.count().tolist() == [1, 1, 0]
    nobody = ledger_of(SHIPMENTS.assign(refused=True))
    assert len(nobody.order_days) == 0


def test_the_file_is_read_in_the_order_of_customers():
    ledger = ledger_of()
    assert ledger.file("brand_influence").tolist()[:2] == [5.0, 2.0]
    assert ledger.file("region").astype(object).tolist()[1:] == ["east", "west"]
    assert ledger.file("industry").isna().all()
    assert ledger.onboarded.count().tolist() == [0, 1, 0]  # not who comes after the day


def test_a_file_of_codes_alone_is_blank_in_every_column():
    shipments = ibis.memtable(SHIPMENTS)
    codes = Ledger({"customers": FILE.select("customer_id"), "shipments": shipments}, AS_OF)
    assert codes.file("region").isna().all()
    assert len(codes.referrals) == 0


def test_without_a_file_everyone_shipped_for_or_invoiced_is_a_customer():
    invoices = ibis.memtable({"customer_id": ["d"], "issued_on": ["2025-01-02"], "amount": [9.0], "kind": ["tax"]})
    ledger = Ledger({"shipments": ibis.memtable(SHIPMENTS.assign(refused=True)), "invoices": invoices}, AS_OF)
    assert ledger.customers.tolist() == ["a", "b", "d"]
    assert ledger.invoices.count().tolist() == [0, 0, 1]
    with pytest.raises(Refused, match="neither shipments nor invoices"):
        _ = Ledger({"customers": FILE}, AS_OF).sales


def test_sales_of_a_year_are_clear_of_their_last_bits():
    amounts = SHIPMENTS.assign(
        customer_id=["a", "a", "a", "b"], revenue=[0.1, 0.2, 0.3, 0.6], rebate=0.0, refused=False
    )
    ledger = ledger_of(amounts.assign(booked_at=pd.Timestamp("2025-05-05 08:00")))
    assert ledger.sold_in_a_year(AS_OF).to_dict() == {"a": 0.6, "b": 0.6}


def test_rows_of_a_stranger_are_refused():
    with pytest.raises(Refused, match="The table shipments holds 1 row of customers who are not in the customer file"):
        _ = ledger_of(SHIPMENTS.replace("a", "x")).orders


def test_without_a_file_rows_of_others_than_shippers_are_refused_in_words_that_fit():
    complaints = ibis.memtable({"customer_id": ["x"], "opened_at": pd.to_datetime(["2025-01-02"])})
    ledger = Ledger({"shipments": ibis.memtable(SHIPMENTS), "complaints": complaints}, AS_OF)
    with pytest.raises(Refused, match="1 row of customers who were neither shipped for nor invoiced; give a customer"):
        _ = ledger.complaints


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=9))
def test_a_flag_counts_alike_whether_it_is_missing_somewhere_or_nowhere(flags):
    shipments = pd.DataFrame({"customer_id": "a", "booked_at": pd.Timestamp("2025-05-05"), "weight": range(len(flags))})
    urgent = pd.Series(flags, dtype="boolean")
    rows = ledger_of(shipments.assign(urgent=urgent)).orders
    assert rows.total(rows["urgent"])["a"] == urgent.sum()
    assert rows.count(~np.isnan(rows["urgent"]))["a"] == urgent.count()
    assert rows.filled("urgent")[np.argsort(rows["weight"])].tolist() == urgent.fillna(False).tolist()


def test_requirements_are_told_apart_by_semicolons_and_blank_ones_are_none():
    told = {"customer_id": list("abcd"), "requirements": ["cold; fragile ;", "cold;;fragile", " ; ", None]}
    ledger = Ledger({"customers": ibis.memtable(told), "shipments": ibis.memtable(SHIPMENTS)}, AS_OF)
    assert ledger.requirements.to_dict() == {"a": 2, "b": 2, "c": 0, "d": 0}
