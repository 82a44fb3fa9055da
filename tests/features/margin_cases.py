"""Records small enough to add up by hand, for the tests of what customers earn."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd

AS_OF = dt.date(2025, 12, 31)
UNIT_COSTS = {
    "order": 10.0, "urgent_order": 5.0, "special_requirement": 2.0, "claim": 50.0, "complaint": 100.0, "visit": 200.0,
}  # fmt: skip


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


CUSTOMERS = pd.DataFrame({
    "customer_id": ["a", "b", "c", "x"],
    "onboarded_on": [day("2020-05-01"), day("2025-02-01"), day("2025-03-01"), None],
    "acquisition_cost": [900.0, 70.0, None, None],
    "referred_by": [None, "a", "nobody", None],
    "requirements": ["temperature; packaging;", None, "", None],
})  # fmt: skip
# Of a: one carried out, one not costed yet, one refused; of b: one of an earlier year; of x: one, at a loss.
SHIPMENTS = pd.DataFrame({
    "shipment_id": ["1", "2", "3", "4", "5"],
    "customer_id": ["a", "a", "a", "b", "x"],
    "booked_at": [day("2025-03-01 10:00"), day("2025-12-30"), day("2025-06-01"), day("2024-05-05"), day("2025-07-07")],
    "revenue": [1000.0, 500.0, 300.0, 200.0, 80.0],
    "direct_cost": [700.0, None, 200.0, 120.0, 90.0],
    "rebate": [30.0, 15.0, 0.0, None, 0.0],
    "claim_paid": [20.0, None, 0.0, 0.0, 0.0],
    "urgent": [True, False, None, False, True],
    "refused": [False, False, True, None, False],
})  # fmt: skip
COMPLAINTS = pd.DataFrame({"customer_id": ["a", "b"], "opened_at": [day("2025-03-05"), day("2025-01-05")]})
CONTACTS = pd.DataFrame({
    "customer_id": ["a", "b", "c", "c"],
    "contacted_at": [day("2025-03-05"), day("2025-01-05"), day("2025-03-01"), day("2025-03-02")],
    "kind": ["visit", "call", "price notice", None],
    "cost": [150.0, 33.0, None, 7.0],
})  # fmt: skip
CAMPAIGNS = pd.DataFrame({"customer_id": ["b"], "started_on": [day("2025-05-05")], "arm": ["t"], "cost": [25.0]})


def tables(**frames: pd.DataFrame) -> dict[str, ibis.Table]:
    return {name: ibis.memtable(frame) for name, frame in frames.items()}


def everything() -> dict[str, ibis.Table]:
    return tables(
        customers=CUSTOMERS, shipments=SHIPMENTS, complaints=COMPLAINTS, contacts=CONTACTS, campaigns=CAMPAIGNS
    )
