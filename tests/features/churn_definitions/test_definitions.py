"""Silence of a fixed length, a fall in volume, the end of a contract: what each calls, and when."""

import datetime as dt

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features.churn_definitions import ChurnEvents, contract_ends, fixed_silence, volume_fall
from clvlab.refusal import Refused

AS_OF = dt.date(2024, 12, 31)
COLUMNS = ["customer_id", "last_on", "called_on", "came_back_on"]


def orders(*days: str, customer: str = "a") -> pd.DataFrame:
    return pd.DataFrame({"customer_id": customer, "date": pd.to_datetime(list(days))})


def every(days: int, since: str, until: str) -> list[str]:
    return [str(day.date()) for day in pd.date_range(since, until, freq=f"{days}D")]


def events(churn: ChurnEvents) -> list[tuple[str, ...]]:
    """Dates of events as text: last, called, back."""
    return [tuple(row) for row in churn.events[COLUMNS[1:]].astype(str).to_numpy()]


# Silence of a fixed length -------------------------------------------------------------------------------------


def test_a_silence_is_called_when_it_is_that_long_and_not_a_day_before():
    days = ["2024-01-01", "2024-03-31", "2024-06-29"]  # 90 days each
    assert events(fixed_silence(orders(*days), "2024-07-01", 90)) == []
    assert events(fixed_silence(orders(*days), "2024-07-01", 89)) == [
        ("2024-01-01", "2024-03-30", "2024-03-31"),
        ("2024-03-31", "2024-06-28", "2024-06-29"),
    ]
    last = ("2024-06-29", "2024-09-27", "NaT")
    assert events(fixed_silence(orders(*days), "2024-09-26", 90)) == []
    assert events(fixed_silence(orders(*days), "2024-09-27", 90)) == [last]


def test_its_follow_up_is_complete_up_to_that_long_ago():
    churn = fixed_silence(orders("2024-01-01", "2024-12-30"), AS_OF, 90)
    assert churn.known_until["a"] == pd.Timestamp("2024-10-02")
    assert churn.patience_days["a"] == 90


def test_a_silence_of_no_days_is_refused():
    with pytest.raises(Refused, match="give 1 or more"):
        fixed_silence(orders("2024-01-01"), AS_OF, 0)


# A fall in volume ----------------------------------------------------------------------------------------------


def test_a_customer_whose_orders_stop_is_called_after_three_months():
    days = every(3, "2023-01-01", "2023-12-31")
    assert events(volume_fall(orders(*days), AS_OF)) == [("2023-12-30", "2024-03-31", "NaT")]


def test_a_customer_who_goes_on_at_a_tenth_is_called_and_its_last_normal_month_dates_it():
    days = [*every(3, "2023-01-01", "2023-12-31"), *every(30, "2024-01-10", "2024-12-31")]
    found = events(volume_fall(orders(*days), AS_OF))
    assert found == [("2023-12-30", "2024-03-31", "NaT")]
    assert events(fixed_silence(orders(*days), AS_OF, 90)) == []


def test_it_comes_back_with_the_month_that_reaches_a_fifth_of_its_level():
    days = [*every(3, "2023-01-01", "2023-12-31"), "2024-05-20", *every(10, "2024-08-05", "2024-12-31")]
    assert events(volume_fall(orders(*days), AS_OF))[0] == ("2023-12-30", "2024-03-31", "2024-08-05")


def test_a_smaller_fall_is_no_churn_unless_asked_for():
    days = [*every(3, "2023-01-01", "2023-12-31"), *every(10, "2024-01-03", "2024-12-31")]
    assert events(volume_fall(orders(*days), AS_OF)) == []
    assert len(events(volume_fall(orders(*days), AS_OF, fall=0.6))) == 1


def test_growing_and_steady_customers_are_never_called():
    growing = [day for month in range(24) for day in every(1, "2023-01-01", "2023-01-31")[: month + 1]]
    frame = pd.DataFrame({"customer_id": "a", "date": pd.to_datetime(growing)})
    starts = [0] + [sum(range(1, n + 1)) for n in range(1, 24)]
    for month, start in enumerate(starts):
        rows = frame.index[start : start + month + 1]
        frame.loc[rows, "date"] = frame.loc[rows, "date"] + pd.DateOffset(months=month)
    assert events(volume_fall(frame, AS_OF)) == []
    assert events(volume_fall(orders(*every(30, "2022-01-01", "2024-12-31")), AS_OF)) == []


def test_an_unfinished_month_says_nothing():
    days = every(3, "2023-01-01", "2023-12-31")
    assert events(volume_fall(orders(*days), "2024-03-30")) == []
    assert len(events(volume_fall(orders(*days), "2024-03-31"))) == 1


def test_follow_up_of_volume_begins_when_there_is_an_earlier_level():
    days = every(3, "2024-01-01", "2024-12-31")
    assert volume_fall(orders(*days), "2024-05-31").known_until["a"] == pd.Timestamp("2023-12-31")
    assert volume_fall(orders(*days), "2024-06-30").known_until["a"] == pd.Timestamp("2024-03-31")
    assert volume_fall(orders(*days), "2024-07-30").known_until["a"] == pd.Timestamp("2024-03-31")


@pytest.mark.parametrize("fall", [0, 1, 80])
def test_a_fall_that_is_no_share_is_refused(fall):
    with pytest.raises(Refused, match="between 0 and 1"):
        volume_fall(orders("2024-01-01"), AS_OF, fall)


def test_one_order_is_no_fall():
    for as_of in ("2024-01-01", "2024-01-31", "2026-12-31"):
        found = events(volume_fall(orders("2024-01-01"), as_of))
        assert found in ([], [("2024-01-01", "2024-06-30", "NaT")])


# The end of a contract -----------------------------------------------------------------------------------------


def contracts(*rows: tuple) -> ibis.Table:
    names = ["customer_id", "starts_on", "ends_on", "ended_on", "end_reason"]
    frame = pd.DataFrame([(*row, *(None,) * (5 - len(row))) for row in rows], columns=names, dtype=object)
    dates = {name: pd.to_datetime(frame[name]) for name in names[1:4]}
    schema = {"customer_id": "string"} | dict.fromkeys(names[1:4], "date") | {"end_reason": "string"}
    return ibis.memtable(frame.assign(**dates), schema=schema)


def test_a_contract_that_ends_is_called_the_day_after():
    table = contracts(("a", "2023-01-01", "2023-12-31"))
    assert events(contract_ends(table, orders("2023-06-01"), AS_OF)) == [("2023-12-31", "2024-01-01", "NaT")]


def test_the_next_order_or_contract_brings_the_customer_back():
    first, second = ("a", "2023-01-01", "2023-12-31"), ("a", "2024-05-01", "2025-04-30")
    one = contracts(first, second)
    assert events(contract_ends(one, orders("2023-06-01"), AS_OF))[0][2] == "2024-05-01"
    assert events(contract_ends(one, orders("2023-12-31", "2024-02-10"), AS_OF))[0][2] == "2024-02-10"
    renewed = contracts(first, ("a", "2024-01-15", "2025-04-30"))
    assert events(contract_ends(renewed, orders("2023-06-01"), AS_OF)) == []


def test_it_speaks_of_customers_with_contracts_only():
    table = contracts(("a", "2023-01-01", "2025-12-31"))
    churn = contract_ends(table, pd.concat([orders("2023-06-01"), orders("2023-06-01", customer="b")]), AS_OF)
    assert churn.known_until.index.tolist() == ["a"]
    assert churn.events.empty


# All of them ---------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 900)), min_size=1, max_size=80),
    later=st.lists(st.tuples(st.sampled_from("abc"), st.integers(951, 1500)), max_size=10),
)
def test_later_orders_change_no_definition_and_events_follow_one_another(rows, later):
    begin, as_of = pd.Timestamp("2022-01-01"), pd.Timestamp("2022-01-01") + pd.Timedelta(days=950)
    table = contracts(("a", "2022-02-01", "2022-12-31"), ("b", "2021-02-01", "2023-06-30", "2023-02-01", "price"))

    def frame(days: list[tuple[str, int]]) -> pd.DataFrame:
        found = pd.DataFrame(days, columns=["customer_id", "day"])
        return found.assign(date=begin + pd.to_timedelta(found.pop("day").astype(int), "D"))

    for definition in (fixed_silence, volume_fall, lambda orders, as_of: contract_ends(table, orders, as_of)):
        known, whole = (definition(frame(days), as_of.date()) for days in (rows, rows + later))
        pd.testing.assert_frame_equal(known.events, whole.events)
        found = known.events
        assert (found["last_on"] < found["called_on"]).all()
        assert (found["called_on"] <= as_of).all()
        assert not (found.groupby("customer_id")["last_on"].shift(-1) < found["came_back_on"]).any()
