"""Customers by month, cohort and band are counted once, and the counts add up."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features import activity_by_month, cohorts, recency_frequency_value
from clvlab.periods import period_index
from clvlab.refusal import Refused

EVENTS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.dates(dt.date(2022, 1, 1), dt.date(2023, 12, 31))),
    min_size=1,
    max_size=30,
)
AS_OF = dt.date(2024, 3, 31)


def table_of(events) -> pd.DataFrame:
    return pd.DataFrame(events, columns=["customer_id", "date"])


def state(months: list[int], month: int, after: int) -> str | None:
    """Return a customer's state in a month by the definitions, given the months with an event."""
    earlier = [m for m in months if m < month]
    if month in months:
        if not earlier:
            return "new"
        return "continuing" if month - earlier[-1] <= after else "returned"
    if not earlier:
        return None
    return "paused" if month - earlier[-1] < after else "dormant"


@given(EVENTS, st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_every_month_is_as_counted_by_hand(events, after):
    found = activity_by_month(
        table_of(events), as_of=AS_OF, dormant_after_months=after, records_begin="2000-01-01"
    ).to_frame()
    start = min(period_index(day, "month") for _, day in events)
    for offset, row in enumerate(found.itertuples()):
        states = [
            state(
                sorted({period_index(day, "month") for who, day in events if who == customer}),
                start + offset,
                after,
            )
            for customer in "abcdef"
        ]
        for name in ("new", "continuing", "returned", "paused", "dormant"):
            assert getattr(row, name) == states.count(name), (row.month, name)


@given(EVENTS, st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_the_counts_add_up(events, after):
    found = activity_by_month(table_of(events), as_of=AS_OF, dormant_after_months=after).to_frame()
    first_time = found.new + found.new_or_known_before
    assert (found.active == first_time + found.continuing + found.returned).all()
    assert (found.known == found.active + found.paused + found.dormant).all()
    assert (found.known.diff().dropna() == first_time[1:]).all()
    assert (found.dormant.diff().dropna() == (found.lapsed - found.returned)[1:]).all()
    assert found.known.iloc[-1] == len({who for who, _ in events})


def test_customers_of_the_first_months_are_not_called_new():
    events = table_of([("a", "2023-01-05"), ("b", "2023-03-05"), ("c", "2023-04-05")])
    found = activity_by_month(events, dormant_after_months=3)
    assert found.truncated_months == 3
    assert found.to_frame().new.tolist() == [0, 0, 0, 1]
    assert found.to_frame().new_or_known_before.tolist() == [1, 0, 1, 0]
    earlier = activity_by_month(events, dormant_after_months=3, records_begin="2022-12-01")
    assert earlier.to_frame().new.tolist() == [0, 0, 1, 1]


def test_months_cut_by_the_records_are_marked():
    events = table_of([("a", "2023-01-05"), ("a", "2023-03-30")])
    assert activity_by_month(events).to_frame().complete.tolist() == [False, True, False]
    whole = activity_by_month(events, as_of="2023-03-31", records_begin="2023-01-01")
    assert whole.to_frame().complete.all()


def test_a_start_after_the_first_event_is_refused():
    with pytest.raises(Refused, match="records_begin is 2023-02-01"):
        activity_by_month(table_of([("a", "2023-01-05")]), records_begin="2023-02-01")
    with pytest.raises(Refused, match="give 1 or more"):
        activity_by_month(table_of([("a", "2023-01-05")]), dormant_after_months=0)


@given(EVENTS)
@settings(max_examples=25, deadline=None)
def test_every_customer_is_in_one_cohort_and_active_in_its_first_quarter(events):
    found = cohorts(table_of(events), as_of=AS_OF).to_frame()
    first = found[found.age == 0]
    assert first.customers.sum() == len({who for who, _ in events})
    assert (first.share == 1).all()
    pairs = {(who, period_index(day, "quarter")) for who, day in events}
    assert found.active.sum() == len(pairs)
    assert found.share.between(0, 1).all()


def test_the_cohort_of_the_first_quarter_is_marked_as_truncated():
    found = cohorts(table_of([("a", "2023-02-05"), ("b", "2023-04-05")])).to_frame()
    assert found[found.truncated].cohort.unique().tolist() == ["2023-Q1"]
    assert not cohorts(table_of([("a", "2023-02-05")]), records_begin="2022-01-01").to_frame().truncated.any()


@given(EVENTS)
@settings(max_examples=25, deadline=None)
def test_every_customer_is_in_one_cell(events):
    found = recency_frequency_value(table_of(events).assign(v=2.0), value="v", as_of=AS_OF).to_frame()
    assert len(found) == 25
    assert found.customers.sum() == len({who for who, _ in events})
    assert found["value"].sum() == 2 * len(events)
    assert found.value_share.sum() == pytest.approx(1)


def test_bands_are_by_last_order_and_days_between_orders():
    weekly = [("a", day) for day in pd.date_range("2023-01-01", "2023-12-27", freq="7D")]
    events = table_of([*weekly, ("b", pd.Timestamp("2022-01-01"))])
    found = recency_frequency_value(events, as_of="2023-12-31").to_frame()
    cells = found[found.customers > 0]
    assert cells.recency.tolist() == ["up to 1 month ago", "over 12 months ago"]
    assert cells.frequency.tolist() == ["weekly or more", "less often"]


def test_one_order_of_last_week_is_not_weekly():
    found = recency_frequency_value(table_of([("a", "2023-12-28")]), as_of="2023-12-31").to_frame()
    assert found[found.customers > 0].frequency.tolist() == ["monthly or more"]


def test_losses_count_as_orders_only_when_values_are_margins():
    events = table_of([("a", "2023-12-01"), ("b", "2023-12-01")]).assign(v=[-5.0, 3.0])
    refunds = recency_frequency_value(events, value="v").to_frame()
    margins = recency_frequency_value(events, value="v", negative="purchase").to_frame()
    assert (refunds.customers.sum(), margins.customers.sum()) == (1, 2)
    assert margins["value"].sum() == -2
    assert np.isnan(margins.value_share).all()


@pytest.mark.parametrize("function", [activity_by_month, cohorts, recency_frequency_value])
def test_rows_without_customer_or_date_are_refused_with_their_count(function):
    with pytest.raises(Refused, match="1 row has no customer in column 'customer_id'"):
        function(table_of([("a", "2023-01-01"), (None, "2023-01-01")]))
    with pytest.raises(Refused, match="2 rows have no date"):
        function(table_of([("a", "2023-01-01"), ("b", "1.2.2023"), ("b", None)]))
    with pytest.raises(Refused, match="its first is on 2023-01-01"):
        function(table_of([("a", "2023-01-01")]), as_of="2022-01-01")
