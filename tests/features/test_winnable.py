"""What could be won, the evidence: sales by year, who gave us a larger share, who took up a service."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.features.winnable import (
    earned_by_takers,
    first_uses,
    is_new,
    not_yet_bought,
    of_year,
    profiles,
    reaches_back,
    sales,
    share_gained,
    taken_up,
    yearly,
)

AS_OF = dt.date(2025, 12, 31)
YEARS = {0: "2025-01-01", 1: "2024-01-02"}  # the first day of each, counted back


def shipments(*blocks: tuple[str, int, int, str], price: float = 10.0) -> pd.DataFrame:
    """Shipments of one price and a cost of 8, as (customer, year counted back, number, service)."""
    rows = []
    for customer, year, number, service in blocks:
        days = pd.date_range(YEARS[year], periods=365, freq="D")[np.linspace(0, 364, number).astype(int)]
        rows.append(pd.DataFrame({"customer_id": customer, "booked_at": days, "service": service}))
    frame = pd.concat(rows, ignore_index=True)
    return frame.assign(shipment_id=frame.index.astype(str), revenue=price, direct_cost=8.0)


def tables_of(frame: pd.DataFrame, **file: list) -> dict[str, ibis.Table]:
    codes = sorted(set(frame["customer_id"]))
    customers = {"customer_id": codes, "onboarded_on": [dt.date(2020, 1, 1)] * len(codes)} | file
    return {"shipments": ibis.memtable(frame), "customers": ibis.memtable(pd.DataFrame(customers))}


def evidence(tables, as_of=AS_OF):
    sold = sales(tables, as_of)
    by_year = yearly(sold, as_of)
    return sold, by_year, profiles(tables["customers"], by_year, as_of)


@pytest.fixture(scope="module")
def five():
    """Five accounts: one doubles, one rises a little, one grows itself, one leaves, one spends less than it pays us."""
    blocks = [(c, 1, 100, "road") for c in "abcde"]
    after = {"a": 200, "b": 120, "c": 200, "e": 200}
    blocks += [(c, 0, n, "road") for c, n in after.items()]
    spend = [5000.0, 5000.0, 5000.0, 5000.0, 900.0]
    return tables_of(
        shipments(*blocks),
        industry=["food", "food", "food", None, "food"], size_class=["small"] * 5,
        logistics_spend=spend, own_growth=[0.1, 0.0, 1.0, 0.0, 0.0],
    )  # fmt: skip


def test_sales_add_up_by_year_and_margin_is_less_cost_rebate_and_claims():
    frame = shipments(("a", 1, 3, "road"), ("a", 0, 2, "road")).assign(rebate=1.0, claim_paid=[0, 0, 0, 0.5, None])
    _, by_year, profile = evidence(tables_of(frame))
    year = of_year(by_year, 0, profile.index).loc["a"]
    assert (year["orders"], year["revenue"], year["margin"]) == (2, 18.0, 1.5)
    assert of_year(by_year, 1, profile.index).loc["a", "revenue"] == 27.0
    assert of_year(by_year, 2, profile.index).loc["a", "revenue"] == 0.0


def test_refused_shipments_and_what_has_no_cost_yet_are_no_margin():
    frame = shipments(("a", 0, 3, "road")).assign(direct_cost=[8.0, 8.0, None], refused=[True, False, False])
    _, by_year, profile = evidence(tables_of(frame))
    year = of_year(by_year, 0, profile.index).loc["a"]
    assert (year["orders"], year["revenue"], year["costed"], year["margin"]) == (2, 20.0, 10.0, 2.0)


def test_invoices_serve_where_shipments_have_no_revenue_and_tax_is_left_out():
    frame = shipments(("a", 0, 3, "road")).drop(columns="revenue")
    invoices = ibis.memtable({
        "customer_id": ["a", "a"], "issued_on": [dt.date(2025, 3, 1)] * 2, "amount": [50.0, 5.0],
        "kind": [None, "tax"],
    })  # fmt: skip
    sold = sales(tables_of(frame) | {"invoices": invoices}, AS_OF)
    assert sold.revenue.sum().execute() == 50.0
    assert "margin" not in sold.columns


def test_a_larger_share_is_more_than_own_growth_and_chance_explain(five):
    _, by_year, profile = evidence(five)
    found = share_gained(profile, by_year, profile["own_growth"], AS_OF)
    assert found["gained"].to_dict() == {"a": True, "b": False, "c": False, "d": False, "e": True}
    assert found.loc["a", "part"] == pytest.approx((2000 - 1100) / 4000)
    assert found["part"].notna().to_dict() == {"a": True, "b": False, "c": False, "d": False, "e": False}
    assert found.loc["d", "similar"] == "unknown, small"


def test_few_shipments_can_double_by_chance():
    _, by_year, profile = evidence(tables_of(shipments(("a", 1, 4, "road"), ("a", 0, 8, "road"))))
    assert not share_gained(profile, by_year, profile["own_growth"], AS_OF)["gained"].any()


def test_who_was_no_customer_for_the_whole_year_is_no_evidence_of_a_share():
    frame = shipments(("a", 1, 50, "road"), ("a", 0, 200, "road"))
    _, by_year, profile = evidence(tables_of(frame[frame["booked_at"] > "2024-06-01"], onboarded_on=[None]))
    assert share_gained(profile, by_year, profile["own_growth"], AS_OF).empty
    assert is_new(profile, AS_OF, 1).all()
    assert not reaches_back(by_year, AS_OF, 2)


def test_a_service_is_taken_up_by_who_did_not_have_it(five):
    frame = shipments(
        ("a", 1, 10, "road"), ("a", 0, 10, "road"), ("a", 0, 5, "air"),
        ("b", 1, 10, "road"), ("b", 1, 1, "air"), ("b", 0, 10, "air"),
        ("c", 1, 10, "air"), ("d", 0, 10, "air"),
    )  # fmt: skip
    sold, by_year, profile = evidence(tables_of(frame))
    uses = first_uses(sold)
    taken = taken_up(profile, by_year, uses, AS_OF)
    assert {(r.customer_id, r.service): r.taken for r in taken.itertuples()} == {
        ("a", "air"): True, ("c", "road"): False,
    }  # fmt: skip
    open_ = not_yet_bought(profile, by_year, uses, AS_OF)
    assert [(r.customer_id, r.service) for r in open_.itertuples()] == [("d", "road")]  # c bought nothing for a year
    earned = earned_by_takers(sold, taken, uses)
    assert earned["share"].tolist() == [pytest.approx(5 * 2 / (15 * 10))]


def test_rows_after_the_day_change_nothing(five):
    later = shipments(("a", 0, 50, "air"), ("new", 0, 9, "sea"))
    later["booked_at"] += pd.Timedelta(days=400)
    more = ibis.memtable(pd.concat([five["shipments"].execute(), later], ignore_index=True))
    pd.testing.assert_frame_equal(evidence(five)[1], evidence(five | {"shipments": more})[1])


def test_customers_that_come_later_are_not_there_yet(five):
    rows = five["customers"].execute()
    later = rows.head(1).assign(customer_id="z", onboarded_on=pd.Timestamp("2026-05-01"))
    customers = ibis.memtable(pd.concat([rows, later], ignore_index=True))
    assert list(evidence(five | {"customers": customers})[2].index) == list("abcde")


def test_a_shipment_whose_rebate_exceeds_its_price_is_an_order_and_a_credit_note_is_none():
    dear = shipments(("a", 0, 3, "standard")).assign(rebate=12.0)
    _, by_year, _ = evidence(tables_of(dear))
    assert by_year.loc[("a", 0), ["orders", "revenue"]].tolist() == [3, -6]
    bills = pd.DataFrame({"customer_id": ["a"] * 2, "issued_on": [AS_OF] * 2, "amount": [9.0, -4.0]})
    credited = yearly(sales({"invoices": ibis.memtable(bills)}, AS_OF), AS_OF)
    assert credited.loc[("a", 0), ["orders", "revenue"]].tolist() == [1, 5]
