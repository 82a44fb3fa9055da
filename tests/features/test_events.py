"""What counts as a purchase, and what it is worth."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from clvlab.features.events import INVOICED, MARGIN, REVENUE, purchases
from clvlab.refusal import Refused


def shipments(**columns) -> ibis.Table:
    rows = max(len(values) for values in columns.values()) if columns else 1
    base = {"customer_id": ["a"] * rows, "booked_at": [pd.Timestamp("2025-01-02 23:00")] * rows}
    return ibis.memtable(pd.DataFrame(base | columns))


def values(found) -> list:
    return [None if pd.isna(value) else value for value in found.table.execute()["value"]]


def test_margin_is_revenue_less_rebate_direct_cost_and_claims():
    table = shipments(revenue=[100.0], direct_cost=[60.0], rebate=[5.0], claim_paid=[45.0])
    found = purchases({"shipments": table})
    assert (found.meaning, values(found)) == (MARGIN, [-10.0])


def test_a_shipment_not_costed_yet_has_no_value_rather_than_its_revenue():
    found = purchases({"shipments": shipments(revenue=[100.0, 100.0], direct_cost=[60.0, None])})
    assert values(found) == [40.0, None]
    assert found.orders.count().execute() == 2


def test_without_direct_cost_the_value_is_revenue_and_without_revenue_there_is_none():
    assert purchases({"shipments": shipments(revenue=[100.0])}).meaning == REVENUE
    found = purchases({"shipments": shipments(weight=[5.0])})
    assert (found.meaning, found.value) == ("", None)


def test_a_shipment_the_provider_turned_down_is_no_purchase():
    found = purchases({"shipments": shipments(refused=[True, False, None])})
    assert found.table.count().execute() == 2


def test_invoices_count_without_tax_and_only_freight_is_an_order():
    table = ibis.memtable({
        "customer_id": ["a"] * 5, "issued_on": ["2025-01-02"] * 5, "amount": [100.0, 6.0, 3.0, -20.0, 7.0],
        "kind": ["freight", "tax", "surcharge", "credit note", None],
    })  # fmt: skip
    found = purchases({"invoices": table})
    assert found.meaning == INVOICED
    assert sorted(values(found)) == [-20.0, 3.0, 7.0, 100.0]
    assert found.orders.count().execute() == 2
    assert found.negative == "refund"


def test_a_negative_invoice_is_no_order_but_a_shipment_at_a_loss_is_one():
    invoices = ibis.memtable({"customer_id": ["a"], "issued_on": ["2025-01-02"], "amount": [-5.0]})
    assert purchases({"invoices": invoices}).orders.count().execute() == 0
    loss = purchases({"shipments": shipments(revenue=[1.0], direct_cost=[5.0])})
    assert loss.orders.count().execute() == 1
    assert loss.negative == "purchase"


def test_shipments_come_before_invoices_and_nothing_is_refused():
    invoices = ibis.memtable({"customer_id": ["a"], "issued_on": ["2025-01-02"], "amount": [5.0]})
    assert purchases({"invoices": invoices, "shipments": shipments(revenue=[1.0])}).source == "shipments"
    with pytest.raises(Refused, match="neither shipments nor invoices"):
        purchases({})
