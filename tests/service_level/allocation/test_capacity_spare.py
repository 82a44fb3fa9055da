"""Room for more orders is what was left, where it was left; services are used as a group's orders use them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.service_level.allocation.capacity import service_mix_by_group, spare_capacity

AS_OF = dt.date(2025, 12, 31)


def rows(dates, available=10.0, booked=8.0, **columns) -> pd.DataFrame:
    return pd.DataFrame({"date": dates, "service": "road", "available": available, "booked": booked, **columns})


def spare(table: pd.DataFrame) -> float:
    return spare_capacity(table, AS_OF).to_frame()["spare"].item()


@pytest.mark.parametrize("days", [1, 7, 14, 30])
def test_a_year_of_periods_of_any_length_adds_up(days):
    dates = pd.date_range(end="2025-12-31", periods=365 // days, freq=f"{days}D")
    assert spare(rows(dates)) == pytest.approx(2.0 * len(dates))


def test_quarter_months_add_up():
    months = pd.date_range("2025-01-01", periods=12, freq="MS")
    dates = sorted(month + pd.Timedelta(days=d) for month in months for d in (0, 7, 14, 21))
    found = spare_capacity(rows(dates), AS_OF)
    assert found.to_frame()["spare"].item() == pytest.approx(96.0)
    assert not found.remarks


def test_what_is_booked_beyond_capacity_does_not_take_away_what_is_left_elsewhere():
    table = rows(pd.date_range("2025-01-01", periods=365), booked=np.resize([7.0, 15.0], 365))
    assert spare(table) == pytest.approx(3.0 * 183)
    assert spare_capacity(table, AS_OF).to_frame()["full"].item() == pytest.approx(182 / 365)


def test_half_a_year_is_scaled_and_said():
    found = spare_capacity(rows(pd.date_range("2025-07-01", periods=184)), AS_OF)
    assert found.to_frame()["spare"].item() == pytest.approx(2.0 * 365)
    assert found.remarks == ("Capacity is told for 184 of the last 365 days and scaled to a year.",)


def test_what_lies_before_the_year_or_after_the_day_does_not_count():
    dates = pd.date_range("2023-01-01", "2026-12-31")
    assert spare(rows(dates)) == pytest.approx(2.0 * 365)


def test_rows_of_the_whole_service_are_not_counted_with_its_lanes():
    dates = pd.date_range("2025-01-01", periods=365)
    lanes = [rows(dates, lane=lane) for lane in ("north", "south")]
    assert spare(pd.concat(lanes)) == pytest.approx(4.0 * 365)
    assert spare(pd.concat([*lanes, rows(dates, booked=9.0, lane=None)])) == pytest.approx(365.0)


def test_rows_that_lack_a_number_are_left_out_and_said():
    table = rows(pd.date_range("2025-01-01", periods=365), booked=np.r_[np.full(364, 8.0), np.nan])
    found = spare_capacity(table, AS_OF)
    assert found.remarks == ("1 of 365 rows of capacity lack available or booked and are left out.",)
    assert found.to_frame()["spare"].item() == pytest.approx(2.0 * 364)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (rows(pd.to_datetime(["2025-05-01"])), "two dates or more"),
        (rows(pd.date_range("2020-01-01", periods=9)), "two dates or more"),
        (rows(pd.date_range("2025-01-01", periods=9)).drop(columns="booked"), "needs booked in capacity"),
    ],
)
def test_capacity_that_does_not_tell_is_refused(table, sentence):
    with pytest.raises(Refused, match=sentence):
        spare_capacity(table, AS_OF)


def shipments(*orders: tuple[str, str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(orders, columns=["customer_id", "booked_at", "service"])
    return frame.assign(booked_at=pd.to_datetime(frame["booked_at"]))


def test_a_group_uses_services_as_its_orders_of_the_last_year_did():
    table = shipments(
        ("a", "2025-05-01", "road"), ("b", "2025-06-01", "air"), ("b", "2025-06-02", "air"), ("c", "2025-06-02", "air"),
        ("b", "2024-06-01", "sea"), ("b", "2025-06-02", None), ("stranger", "2025-06-02", "sea"),
    )  # fmt: skip
    groups = pd.Series({"a": "core", "b": "core", "c": "regular", "d": "new"})
    mix = service_mix_by_group(table, groups, AS_OF)
    assert mix.loc["core"].to_dict() == pytest.approx({"air": 2 / 3, "road": 1 / 3})
    assert mix.loc["regular"].to_dict() == {"air": 1.0, "road": 0.0}
    assert mix.loc["new"].to_dict() == {"air": 0.75, "road": 0.25}  # nobody's orders: those of all


def test_limits_are_of_the_services_that_are_used():
    mix = pd.DataFrame({"road": [0.5], "customs": [0.5]}, index=["core"])
    found = spare_capacity(pd.concat([rows(pd.date_range("2025-01-01", periods=365), booked=9.0)]), AS_OF)
    assert found.limits(mix) == pytest.approx({"road": 365.0})


@pytest.mark.parametrize(
    "table", [shipments(("a", "2025-05-01", "x")).drop(columns="service"), shipments(("z", "2025-05-01", "x"))]
)
def test_shipments_that_do_not_tell_the_mix_are_refused(table):
    with pytest.raises(Refused):
        service_mix_by_group(table, pd.Series({"a": "core"}), AS_OF)
