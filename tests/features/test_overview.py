"""The base at a glance: months, this year against last, the largest accounts, how they pay, what to do."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.features.activity import activity_by_month
from clvlab.features.attention import (
    base_to_do,
    gone_quiet,
    most_late,
    on_time_headline,
    portfolio_headlines,
    to_do,
    with_on_time,
)
from clvlab.features.coverage import rows_by_month, share_filled
from clvlab.features.events import purchases
from clvlab.features.overview import (
    concentration_of,
    largest_customers,
    month_totals,
    not_yet_valued,
    of_last_year,
    year_on_year,
)
from clvlab.features.payments import payments
from clvlab.refusal import Refused
from clvlab.results import Note

AS_OF = dt.date(2025, 12, 31)


def market(days: pd.DatetimeIndex, customers, margins) -> dict[str, ibis.Table]:
    frame = pd.DataFrame({
        "shipment_id": [f"S{i}" for i in range(len(days))], "customer_id": customers, "booked_at": days,
        "revenue": np.asarray(margins) + 50.0, "direct_cost": 50.0,
        "carrier_id": np.where(np.arange(len(days)) % 2 == 0, "K1", None),
        "delivery_due_at": days + pd.Timedelta(days=2),
        "delivered_at": days + pd.to_timedelta(np.where(np.arange(len(days)) % 2 == 0, 3, 1), "D"),
    })  # fmt: skip
    codes = sorted(set(customers))
    names = ibis.memtable({"customer_id": codes, "name": [f"Name {code}" for code in codes]})
    return {"shipments": ibis.memtable(frame), "customers": names}


@pytest.fixture(scope="module")
def tables():
    days = pd.date_range("2023-06-01", "2025-12-30", periods=620).round("s")
    customers = np.where(np.arange(620) % 3 == 0, "a", np.where(np.arange(620) % 3 == 1, "b", "c"))
    margins = np.where(customers == "a", 30.0, np.where(customers == "b", 10.0, -5.0))
    keep = ~((customers == "b") & (days > "2025-08-01"))  # b falls silent
    return market(days[keep], customers[keep], margins[keep])


@pytest.fixture(scope="module")
def found(tables):
    return purchases(tables)


def test_months_add_up_to_the_table_and_months_without_purchases_are_there(found, tables):
    frame = month_totals(found, AS_OF, "CNY").to_frame()
    assert frame["purchases"].sum() == tables["shipments"].count().execute()
    assert frame["value"].sum() == pytest.approx(found.table.value.sum().execute())
    assert len(frame) == 31
    assert frame["complete"].all()


def test_a_month_with_purchases_not_costed_yet_is_not_complete(tables):
    late = tables["shipments"].mutate(
        direct_cost=ibis.ifelse(tables["shipments"].booked_at > pd.Timestamp("2025-12-15"), None, 50.0)
    )
    found = purchases({"shipments": late})
    frame = month_totals(found, AS_OF, "CNY").to_frame().set_index("month")
    assert not frame.loc["2025-12", "complete"]
    assert frame.loc["2025-12", "without_value"] > 0
    assert "no contribution margin yet" in repr(not_yet_valued(found))


def test_years_are_compared_only_when_the_records_reach_back(found):
    frame = year_on_year(found, AS_OF).to_frame().set_index("measure")
    assert frame.loc["purchases", "last_year"] + frame.loc["purchases", "year_before"] < found.table.count().execute()
    assert frame["change"].notna().all()
    assert year_on_year(found, dt.date(2024, 6, 30)).to_frame()["change"].isna().all()


def test_the_largest_accounts_stand_by_margin_with_silence_and_change(found, tables):
    frame = largest_customers(found, tables["customers"], AS_OF, 3).set_index("customer_id")
    assert frame.index.tolist() == ["a", "b", "c"]
    assert frame.loc["a", "name"] == "Name a"
    assert frame["share"].sum() == pytest.approx(1)
    assert frame.loc["b", "days_silent"] > 140
    assert frame.loc["b", "change"] < -0.3


def test_customers_below_zero_are_left_out_of_the_concentration_and_counted(found):
    spread = concentration_of(found, AS_OF, 0.5, seed=1)
    assert spread.customers == 2
    assert "without 1 customer below zero" in spread.what


def test_who_fell_silent_is_found_against_their_own_rhythm(found, tables):
    quiet = gone_quiet(found, tables["customers"], AS_OF, 5).to_frame()
    assert quiet["customer_id"].tolist() == ["b"]
    assert quiet["times_usual"].iloc[0] > 3
    assert gone_quiet(found, tables["customers"], dt.date(2027, 6, 30), 5).to_frame().empty  # too long ago to call


def test_late_deliveries_are_counted_by_carrier_and_unrecorded_ones_are_named(tables):
    recent = of_last_year(tables["shipments"], "booked_at", AS_OF)
    frame = most_late(recent, "carrier_id", AS_OF, 5).to_frame().set_index("carrier_id")
    assert frame.loc["K1", "late"] == frame.loc["K1", "deliveries"]
    assert frame.loc["not recorded", "late"] == 0
    assert with_on_time(pd.DataFrame({"customer_id": ["a"]}), recent, AS_OF).to_frame()["on_time"].between(0, 1).all()


def test_what_to_do_names_accounts_carriers_and_dormant_customers(found, tables):
    year, activity = year_on_year(found, AS_OF), activity_by_month(found.orders, as_of=AS_OF)
    spread, late = concentration_of(found, AS_OF, 0.5, 1), most_late(tables["shipments"], "carrier_id", AS_OF, 5)
    text = repr(to_do(largest_customers(found, tables["customers"], AS_OF), year, activity, spread, late))
    assert "Call Name b (b)" in text
    assert "late deliveries with K1 first" in text
    assert "not recorded" not in text
    assert "1 of 3 customers dormant" in text
    assert "gone quiet – Name b –" in repr(
        base_to_do(spread, activity, gone_quiet(found, tables["customers"], AS_OF, 5))
    )


def test_headlines_say_what_they_lack(found):
    year, activity = year_on_year(found, AS_OF), activity_by_month(found.orders, as_of=AS_OF)
    lacking = Note("Needs the table shipments.")
    frame = portfolio_headlines(year, activity, lacking, lacking, found, "CNY").to_frame().set_index("name")
    assert frame.loc["on-time delivery, last 365 days", "note"] == "Needs the table shipments."
    assert on_time_headline(lacking).value is None


def test_payments_add_up_and_what_is_due_today_is_not_late():
    invoices = ibis.memtable(pd.DataFrame({
        "invoice_id": ["1", "2", "3", "4", "5"], "customer_id": ["a"] * 5, "amount": [100.0, 50.0, 30.0, 20.0, -10.0],
        "due_on": pd.to_datetime(["2025-01-10", "2025-01-10", "2025-01-20", "2025-01-31", None]).date,
        "paid_on": pd.to_datetime(["2025-01-09", "2025-01-15", None, None, None]).date,
    }))  # fmt: skip
    found = payments(invoices, dt.date(2025, 1, 31), "CNY")
    table = found.to_frame().set_index("measure")["value"]
    assert "exceed what is invoiced by 10 CNY of credit notes" in found.remarks[0]
    assert not payments(invoices.filter(invoices.amount > 0), dt.date(2025, 1, 31), "CNY").remarks
    assert table["invoiced, less credit notes, CNY"] == "190"
    assert (table["paid, CNY"], table["open, CNY"], table["overdue, CNY"]) == ("150", "50", "30")
    assert (table["invoices due"], table["late invoices"]) == ("3", "2")
    assert table["days late, median of those paid"] == "5"
    with pytest.raises(Refused, match="No invoice has fallen due yet"):
        payments(invoices, dt.date(2025, 1, 1), "CNY")
    with pytest.raises(Refused, match="Payments need due_on and paid_on"):
        payments(invoices.drop("due_on", "paid_on"), dt.date(2025, 1, 31), "CNY")


def test_coverage_counts_every_row_from_the_first_shipment_on(tables):
    frame = rows_by_month(tables, {"shipments": "booked_at"}, AS_OF).to_frame()
    assert frame["shipments"].sum() == tables["shipments"].count().execute()
    assert frame["month"].iloc[0] == "2023-06"
    filled = share_filled(tables).to_frame().set_index("table")
    assert "carrier_id" in filled.loc["shipments", "filled_in_part"]
    assert filled.loc["customers", "filled_in_part"] == "–"
