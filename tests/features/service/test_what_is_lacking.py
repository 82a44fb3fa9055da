"""What service measures need and the records do not hold is said in one sentence, not shown as nothing."""

from __future__ import annotations

import datetime as dt

import ibis
import pytest

from clvlab.features.service import (
    complaint_costs,
    complaint_times,
    satisfaction_after_recovery,
    service_kpis,
    who_let_it_stand,
)
from clvlab.refusal import Refused

AS_OF = "2025-12-31"
NOON = dt.datetime(2025, 6, 1, 12)
COMPLAINTS = ibis.memtable({"customer_id": ["a", "b"], "opened_at": [NOON] * 2, "shipment_id": ["S1", "S2"]})
SHIPMENTS = ibis.memtable(
    {"shipment_id": ["S1"], "customer_id": ["a"], "claim_paid": [100.0], "arrived_at": [NOON], "delivered_at": [NOON]}
)


def test_who_let_goods_stand_names_the_column_and_its_table():
    with pytest.raises(Refused, match=r"needs responsible_party in shipments\.$"):
        who_let_it_stand({"shipments": SHIPMENTS}, AS_OF)


def test_complaints_without_a_time_of_settling_and_surveys_without_answers_are_refused_by_table():
    with pytest.raises(Refused, match="needs resolved_at in the table complaints"):
        complaint_times({"complaints": COMPLAINTS}, AS_OF)
    surveys = ibis.memtable({"customer_id": ["a"], "sent_on": [NOON], "scale_max": [10]})
    with pytest.raises(Refused, match="needs answered_on and overall in surveys"):
        satisfaction_after_recovery({"complaints": COMPLAINTS, "surveys": surveys}, AS_OF)


def test_without_any_table_a_split_is_refused_by_the_tables_that_are_needed():
    with pytest.raises(Refused, match="needs the table shipments"):
        service_kpis({}, AS_OF, by="carrier_id")


@pytest.mark.parametrize(
    ("unit_costs", "tables", "shown", "title"),
    [
        ({}, {"shipments": SHIPMENTS}, "claims", "A complaint costs 50 CNY: 50 in claims; 2 cost 100 CNY; handling is"),
        ({"complaint": 300.0}, {}, "handling", "A complaint costs 300 CNY: 300 to handle; 2 cost 600 CNY; claims are"),
    ],
)
def test_a_cost_that_is_not_known_is_no_column_of_zeros(unit_costs, tables, shown, title):
    found = complaint_costs({"complaints": COMPLAINTS} | tables, AS_OF, unit_costs, "CNY")
    assert list(found.to_frame()) == ["complaints", shown, "cost_each"]
    assert found.title.startswith(title)
