"""What each customer earned adds up, line by line, to what the records hold."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from margin_cases import AS_OF, CUSTOMERS, SHIPMENTS, UNIT_COSTS, everything, tables

from clvlab.assumptions import Assumptions
from clvlab.features.events import purchases
from clvlab.features.ledger import Ledger
from clvlab.features.margins import customer_margins, margins_by_period
from clvlab.refusal import Refused

ASSUMED = Assumptions(currency="CNY", unit_costs=UNIT_COSTS)


@pytest.fixture(scope="module")
def margins():
    return customer_margins(Ledger(everything(), AS_OF), ASSUMED)


def test_a_customer_earned_revenue_less_every_cost(margins):
    a = margins.frame.loc["a"]
    assert a[["revenue", "rebate", "direct_cost", "claims_paid", "contribution"]].to_list() == [1000, 30, 700, 20, 250]
    assert a["serving_order"] == 30  # the refused and the not yet costed were booked, too
    assert a["serving_special_requirement"] == 12
    assert (a["serving_urgent_order"], a["serving_claim"], a["serving_complaint"]) == (5, 50, 100)
    assert a["serving_visit"] == 200  # the unit cost goes before the recorded 150
    assert a["cost_to_serve"] == 397
    assert a["acquisition_cost"] == 0  # onboarded before the records begin
    assert a["profit"] == 250 - 397


def test_a_recorded_cost_counts_where_there_is_no_unit_cost(margins):
    b, c = margins.frame.loc["b"], margins.frame.loc["c"]
    assert (b["serving_call"], b["serving_campaign"], b["acquisition_cost"]) == (33, 25, 70)
    assert (c["serving_price_notice"], c["serving_contact"]) == (0, 7)


def test_whoever_is_in_the_file_has_a_line(margins):
    assert margins.frame.index.to_list() == ["a", "b", "c", "x"]
    assert margins.frame.loc["x", "contribution"] == -10
    assert margins.frame.loc["c", "revenue"] == 0


def test_rows_of_a_stranger_are_refused():
    known = everything() | tables(customers=CUSTOMERS.head(2))
    with pytest.raises(
        Refused, match="The table shipments holds 1 row of customers who are not in the customer file; add"
    ):
        customer_margins(Ledger(known, AS_OF), ASSUMED)


def test_profit_of_the_referred_stands_beside_and_is_in_no_sum(margins):
    frame = margins.frame
    assert frame["referred_value"].to_dict() == {"a": frame.loc["b", "profit"], "b": 0, "c": 0, "x": 0}
    costs = frame[["cost_to_serve", "credit_cost", "acquisition_cost"]].sum(axis=1)
    np.testing.assert_allclose(frame["profit"], frame["contribution"] - costs)


def test_remarks_say_what_is_left_out_and_which_rule_held(margins):
    said = " ".join(margins.remarks)
    assert "1 shipments have no contribution margin yet" in said
    assert "assumed unit cost: order, urgent order, special requirement, claim, complaint, visit." in said
    assert "cost recorded with each: call, contact, price notice, campaign." in said
    assert "The cost of credit needs invoices with paid_on" in said
    assert "2 customers onboarded since 2024-05-05; 1 of them without a recorded cost" in said
    assert "1 customers were referred by someone who is not in the records." in said


def test_only_what_happened_within_the_time_counts():
    year = customer_margins(Ledger(everything(), AS_OF), ASSUMED, since=dt.date(2025, 2, 2)).frame
    assert year.loc["b", "revenue"] == 0
    assert year.loc["b", "serving_complaint"] == 0
    assert year.loc["b", "acquisition_cost"] == 0
    assert year.loc["a", "revenue"] == 1000
    assert customer_margins(Ledger(everything(), dt.date(2024, 12, 31)), ASSUMED).total["revenue"] == 200


@pytest.mark.parametrize(("by", "periods"), [("month", 6), ("year", 2)])
def test_periods_add_up_to_the_whole(margins, by, periods):
    found = margins_by_period(Ledger(everything(), AS_OF), ASSUMED, by=by)
    whole = margins.frame.drop(columns="referred_value")
    np.testing.assert_allclose(found.groupby("customer_id").sum()[whole.columns], whole, atol=1e-5)
    assert found.index.get_level_values("period").nunique() >= periods
    assert set(found.loc["b"].index.str[:4]) == {"2024", "2025"}


def test_no_other_period_is_known():
    with pytest.raises(Refused, match="choose one of month, year"):
        margins_by_period(Ledger(everything(), AS_OF), ASSUMED, by="fortnight")


def test_without_revenue_there_is_nothing_to_say():
    trips = SHIPMENTS[["shipment_id", "customer_id", "booked_at"]]
    with pytest.raises(Refused, match="needs revenue in shipments, or invoices"):
        customer_margins(Ledger(tables(customers=CUSTOMERS, shipments=trips), AS_OF), ASSUMED)


def test_invoices_alone_are_revenue_and_not_margin():
    invoices = pd.DataFrame({
        "customer_id": ["a", "a", "a"], "issued_on": [dt.date(2025, 1, 1)] * 3, "amount": [100.0, -20.0, 6.0],
        "kind": ["freight", "credit note", "tax"],
    })  # fmt: skip
    found = customer_margins(Ledger(tables(customers=CUSTOMERS[["customer_id"]], invoices=invoices), AS_OF), ASSUMED)
    assert found.frame.loc["a", ["revenue", "contribution", "serving_order"]].to_list() == [80, 80, 10]
    assert found.meaning == "amount invoiced"
    assert "revenue (amount invoiced), not margin" in found.remarks[0]
    with pytest.raises(Refused, match="needs direct_cost"):
        found.whale()


def test_direct_cost_of_shipments_without_revenue_is_not_set_against_invoices():
    unpriced = SHIPMENTS.drop(columns="revenue")
    invoices = pd.DataFrame({"customer_id": ["a"], "issued_on": [dt.date(2025, 1, 1)], "amount": [100.0]})
    found = customer_margins(Ledger(tables(customers=CUSTOMERS, shipments=unpriced, invoices=invoices), AS_OF), ASSUMED)
    assert found.total[["revenue", "direct_cost", "rebate"]].to_list() == [100, 0, 0]
    assert found.total["serving_order"] == 50


def test_one_customer_is_enough():
    one = SHIPMENTS.head(1)
    found = customer_margins(Ledger(tables(customers=CUSTOMERS.head(1), shipments=one), AS_OF), ASSUMED)
    assert len(found.frame) == 1
    assert "A" not in found.waterfall("a").title
    assert 0 <= found.whale().to_frame()["lower"].iloc[-1] <= found.whale().to_frame()["upper"].iloc[-1] <= 1


def test_nothing_but_refused_shipments_earns_nothing():
    refused = SHIPMENTS.assign(refused=True)
    found = customer_margins(Ledger(tables(customers=CUSTOMERS, shipments=refused), AS_OF), ASSUMED)
    assert found.total["contribution"] == 0
    assert found.total["serving_order"] == 50


DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2026, 6, 1)).map(pd.Timestamp)
WHO = st.sampled_from(["a", "b", "c", "x"])
MONEY = st.none() | st.floats(0, 1e6).map(lambda amount: round(amount, 2))
FLAGS = st.none() | st.booleans()
ORDERS = st.lists(st.tuples(WHO, DAYS, MONEY, MONEY, MONEY, MONEY, FLAGS, FLAGS), min_size=1, max_size=30)
COSTS = st.lists(st.tuples(WHO, DAYS, MONEY, st.sampled_from(["visit", "call", None])), max_size=20)
KINDS = {"customer_id": "string", "kind": "string", "urgent": "boolean", "refused": "boolean"}


def frame_of(rows: list, *columns: str) -> pd.DataFrame:
    types = {name: KINDS.get(name, "datetime64[us]" if name.endswith("_at") else "float64") for name in columns}
    return pd.DataFrame(rows, columns=columns).astype(types)


@given(ORDERS, COSTS)
@settings(max_examples=15, deadline=None)
def test_the_sum_over_customers_is_the_total_of_the_records(orders, costs):
    shipments = frame_of(
        orders, "customer_id", "booked_at", "revenue", "direct_cost", "rebate", "claim_paid", "urgent", "refused"
    )
    contacts = frame_of(costs, "customer_id", "contacted_at", "cost", "kind")
    given_tables = tables(customers=CUSTOMERS, shipments=shipments, contacts=contacts)
    total = customer_margins(Ledger(given_tables, AS_OF), ASSUMED).total

    known = shipments[shipments["booked_at"] <= pd.Timestamp(AS_OF)]
    carried = known[~known["refused"].fillna(False) & known["revenue"].notna() & known["direct_cost"].notna()]
    for line, column in {"revenue": "revenue", "direct_cost": "direct_cost", "claims_paid": "claim_paid"}.items():
        assert total[line] == pytest.approx(carried[column].sum(), abs=1e-4)
    assert total["serving_order"] == 10 * len(known)
    assert total["serving_urgent_order"] == 5 * known["urgent"].fillna(False).sum()
    assert total["serving_claim"] == 50 * (known["claim_paid"] > 0).sum()
    assert total["serving_special_requirement"] == 2 * 2 * (known["customer_id"] == "a").sum()
    talks = contacts[contacts["contacted_at"] <= pd.Timestamp(AS_OF)]
    assert total.get("serving_visit", 0) == 200 * (talks["kind"] == "visit").sum()
    recorded = talks.loc[talks["kind"].fillna("contact") != "visit", "cost"].sum()
    assert total.get("serving_call", 0) + total.get("serving_contact", 0) == pytest.approx(recorded, abs=1e-4)
    valued = purchases(given_tables).table
    of_house = valued.filter(valued.date <= AS_OF).value.sum().execute()
    assert total["contribution"] == pytest.approx(0 if pd.isna(of_house) else of_house, abs=1e-4)


def test_a_simulated_market_adds_up_and_agrees_with_its_truth(small_study):
    found = customer_margins(Ledger(small_study.records.tables, small_study.as_of), small_study.assumptions)
    assert found.total["contribution"] == pytest.approx(small_study.purchases.table.value.sum().execute(), rel=1e-9)
    truth = small_study.truth("customers").set_index("customer_id")
    serving = found.frame["cost_to_serve"] - found.frame["serving_campaign"]
    pairs = [("margin", found.frame["contribution"]), ("cost_to_serve", serving)]
    for name, amount in pairs:
        true = truth[f"{name}_in_window"]
        assert np.corrcoef(amount, true)[0, 1] > 0.99
        assert amount.sum() == pytest.approx(true.sum(), rel=0.06)
