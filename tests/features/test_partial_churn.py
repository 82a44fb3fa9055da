"""A service or a lane that stops while the account goes on is found, and nothing else."""

import datetime as dt

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features.churn_definitions import rhythm
from clvlab.features.partial_churn import partial_churn
from clvlab.refusal import Refused

AS_OF = dt.date(2024, 12, 31)


def shipments(*uses: tuple[str, str, int, str, str], value: float | None = None) -> pd.DataFrame:
    """Shipments of (customer, service, every so many days, since, until)."""
    rows = [
        pd.DataFrame({"customer_id": who, "service": what, "booked_at": pd.date_range(since, until, freq=f"{gap}D")})
        for who, what, gap, since, until in uses
    ]
    frame = pd.concat(rows, ignore_index=True)
    frame["origin"], frame["destination"] = "Wuhan", frame["service"].map({"road": "Xi'an", "air": "Lhasa"})
    return frame if value is None else frame.assign(revenue=frame["service"].map({"road": value, "air": 3 * value}))


def stopped(frame: pd.DataFrame, by=("service",), as_of=AS_OF) -> pd.DataFrame:
    accounts = frame[["customer_id", "booked_at"]].rename(columns={"booked_at": "date"})
    return partial_churn(ibis.memtable(frame), as_of, rhythm(accounts, as_of).churn_events, by).to_frame()


ROAD, AIR = ("a", "road", 7, "2024-01-01", "2024-12-30"), ("a", "air", 7, "2024-01-01", "2024-06-30")


def test_a_service_given_up_is_found_with_what_it_was_to_the_account():
    found = stopped(shipments(ROAD, AIR, value=10.0))
    one = found.iloc[0]
    assert len(found) == 1
    assert (one["customer_id"], one["service"], one["orders"]) == ("a", "air", 26)
    assert (one["orders_share"], one["value"], one["value_share"]) == (0.5, 780, 0.75)
    assert one["last_on"] == pd.Timestamp("2024-06-24")
    assert one["last_on"] < one["called_on"] <= pd.Timestamp("2024-09-30")
    assert one["account_last_on"] == pd.Timestamp("2024-12-30")


def test_a_lane_is_found_by_both_its_ends():
    found = stopped(shipments(ROAD, AIR), ("origin", "destination"))
    assert found[["origin", "destination"]].to_numpy().tolist() == [["Wuhan", "Lhasa"]]
    assert "value" not in found


def test_an_account_that_stopped_altogether_has_no_partial_churn():
    assert stopped(
        shipments(("a", "road", 7, "2024-01-01", "2024-03-30"), ("a", "air", 7, "2024-01-01", "2024-02-28"))
    ).empty


def test_what_goes_on_and_what_was_tried_twice_is_not_listed():
    assert stopped(shipments(ROAD, ("a", "air", 7, "2024-01-01", "2024-12-24"))).empty
    assert stopped(shipments(ROAD, ("a", "air", 7, "2024-01-01", "2024-01-08"))).empty


def test_only_the_year_before_it_stopped_counts():
    old = ("a", "road", 1, "2022-01-01", "2022-12-31")
    assert stopped(shipments(old, ROAD, AIR))["orders_share"].tolist() == [0.5]


def test_shipments_that_name_no_service_are_left_out():
    frame = shipments(ROAD, AIR)
    frame["service"] = frame["service"].astype("string")
    some = frame.copy()
    some.loc[some.index[:3], "service"] = pd.NA
    assert stopped(some)["service"].tolist() == ["air"]
    with pytest.raises(Refused, match="No shipment names its service"):
        stopped(frame.assign(service=pd.Series(pd.NA, frame.index, dtype="string")))


def test_a_missing_column_is_named():
    with pytest.raises(Refused, match="Needs lane in shipments"):
        stopped(shipments(ROAD, AIR), ("lane",))


@settings(max_examples=5, deadline=None)
@given(
    later=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["road", "air"]), st.integers(1, 300)), max_size=8)
)
def test_later_shipments_change_nothing(later):
    frame = shipments(ROAD, AIR, ("b", "road", 14, "2024-02-01", "2024-12-30"))
    days = pd.Timestamp(AS_OF) + pd.to_timedelta([day for *_, day in later], "D")
    more = pd.DataFrame({"customer_id": [w for w, *_ in later], "service": [s for _, s, _ in later], "booked_at": days})
    pd.testing.assert_frame_equal(stopped(frame), stopped(pd.concat([frame, more], ignore_index=True)))


def test_a_simulated_market_gives_few_for_nobody_stops_in_part(small_study):
    orders, table = small_study.purchases.orders, small_study.records.tables["shipments"]
    churn = rhythm(orders, small_study.as_of).churn_events
    found = partial_churn(table, small_study.as_of, churn).to_frame()
    assert len(found) <= 3


def test_shipments_without_services_say_what_is_missing():
    with pytest.raises(Refused, match=r"^Needs service in shipments\.$"):
        stopped(shipments(ROAD).drop(columns="service"))
