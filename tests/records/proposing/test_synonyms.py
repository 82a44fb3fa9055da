"""Names that mean our columns."""

from __future__ import annotations

import pytest

from clvlab.records.contracts import TABLES
from clvlab.records.proposing.synonyms import likeness


@pytest.mark.parametrize(
    ("name", "column"),
    [("ORDERNO", "shipment_id"), ("order_dt", "booked_at"), ("BookingID_Date", "booked_at"),
     ("Delivered", "delivered_at"), ("Planned_ETA", "delivery_due_at"), ("grossWeightKG", "weight"),
     ("实际签收时间", "delivered_at"), ("里程", "distance_km")],
)  # fmt: skip
def test_a_name_means_the_column_it_is_most_like(name: str, column: str) -> None:
    scores = {ours: likeness(name, "shipments", ours)[0] for ours in TABLES["shipments"].names}
    assert max(scores, key=lambda ours: scores[ours]) == column
