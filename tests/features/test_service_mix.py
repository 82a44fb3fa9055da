"""Which services customers use, and how much of it adds value."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from margin_cases import tables

from clvlab.features.service_mix import service_mix
from clvlab.refusal import Refused

AS_OF = dt.date(2025, 12, 31)
ROWS = [
    ("a", "2025-01-01", "road", "basic", 100.0, False),
    ("a", "2025-02-01", "road", "basic", 100.0, False),
    ("a", "2025-03-01", "customs", "value-added", 300.0, False),
    ("a", "2025-03-02", "air", "basic", 900.0, True),
    ("b", "2025-03-02", None, None, 50.0, None),
    ("c", "2024-03-02", "packaging", "value-added", 10.0, False),
    ("c", "2026-03-02", "road", "basic", 10.0, False),
]
FRAME = pd.DataFrame(ROWS, columns=["customer_id", "booked_at", "service", "service_category", "revenue", "refused"])
FRAME["booked_at"] = pd.to_datetime(FRAME["booked_at"])


def mix(frame: pd.DataFrame = FRAME, **options: object):
    return service_mix(tables(shipments=frame), AS_OF, **options)


def test_each_customer_has_its_services_and_share_of_value_added():
    frame = mix().frame
    assert frame.loc["a", ["orders", "services", "basic", "value_added"]].to_list() == [3, 2, 2, 1]
    assert frame.loc["a", ["value_added_share", "value_added_revenue_share"]].to_list() == [1 / 3, 0.6]
    assert frame.loc["c", "value_added_share"] == 1


def test_what_is_not_recorded_is_no_share_of_zero():
    b = mix().frame.loc["b"]
    assert (b["orders"], b["services"]) == (1, 0)
    assert np.isnan(b["value_added_share"])
    assert "not recorded" in mix().services["service"].to_list()


def test_services_and_categories_add_up_to_the_orders():
    found = mix()
    assert found.services["orders"].sum() == found.frame["orders"].sum() == 5
    assert found.categories().to_frame()["share_of_revenue"].sum() == pytest.approx(1)
    assert found.services["service"].iloc[0] == "road"


def test_only_the_time_asked_for_counts():
    assert mix(since=dt.date(2025, 3, 1)).frame.index.to_list() == ["a", "b"]
    with pytest.raises(Refused, match="give a longer one"):
        mix(since=dt.date(2025, 6, 1))


def test_services_without_categories_or_revenue_will_do():
    found = mix(FRAME[["customer_id", "booked_at", "service"]])
    assert found.frame.columns.to_list() == ["services", "orders"]
    assert set(found.services["category"]) == {"not recorded"}


def test_without_services_there_is_no_mix():
    with pytest.raises(Refused, match="needs shipments with service"):
        mix(FRAME[["customer_id", "booked_at"]])
