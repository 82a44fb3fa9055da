"""Two customers' records, small enough to count by hand."""

import ibis
import pandas as pd
import pytest


@pytest.fixture
def tables() -> dict:
    """Five orders of a and b on two lanes, with counts, complaints and answers."""
    day = pd.Timestamp("2025-03-03")
    due = day + pd.Timedelta(days=2)
    shipments = pd.DataFrame(
        {
            "shipment_id": ["S1", "S2", "S3", "S4", "S5"],
            "customer_id": ["a", "a", "a", "b", "b"],
            "booked_at": [day, day, day + pd.Timedelta(days=40), day, day],
            "origin": ["Ningbo", "Ningbo", "Wuhan", "Wuhan", "Wuhan"],
            "destination": ["Wuhan", "Wuhan", "Ningbo", "Ningbo", "Ningbo"],
            "delivery_due_at": [due, due, due + pd.Timedelta(days=40), due, due],
            "delivered_at": [due, due + pd.Timedelta(days=1), due + pd.Timedelta(days=40), due, pd.NaT],
            "pod_due_at": [due + pd.Timedelta(days=5), pd.NaT, pd.NaT, due + pd.Timedelta(days=5), pd.NaT],
            "pod_returned_at": [due + pd.Timedelta(days=3), pd.NaT, pd.NaT, due + pd.Timedelta(days=9), pd.NaT],
            "pieces": [2, 2, 2, 2, 2],
            "damaged_pieces": pd.array([0, 0, 1, 0, None], dtype="Int64"),
            "completed": [True, True, True, True, False],
            "refused": [False, False, False, False, True],
            "responsible_party": [None, "carrier", "own", "carrier", "own"],
        }
    )
    end_of_month = [pd.Timestamp("2025-03-31").date()] * 4
    counts = pd.DataFrame(
        {
            "customer_id": ["a", "b", "a", "b"],
            "date": end_of_month,
            "kpi": ["Inventory accuracy rate", "库存准确率", "cross-dock accuracy", "on-time arrival"],
            "opportunities": [40, 60, 10, 7],
            "failures": [1, 2, 4, 7],
        }
    )
    complaints = pd.DataFrame(
        {
            "complaint_id": ["Q1", "Q2", "Q3"],
            "customer_id": ["a", "a", "b"],
            "opened_at": [due] * 3,
            "shipment_id": ["S2", "S2", "S4"],
            "responsible_party": ["carrier", "carrier", None],
        }
    )
    surveys = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b"],
            "answered_on": [day, day, day, pd.NaT],
            "respondent_role": ["shipper", "consignee", "shipper", "shipper"],
            "overall": [8, 4, 7, None],
            "scale_max": [10, 5, 10, 10],
        }
    )
    frames = {"shipments": shipments, "kpi_counts": counts, "complaints": complaints, "surveys": surveys}
    return {name: ibis.memtable(frame) for name, frame in frames.items()}
