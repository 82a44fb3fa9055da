"""Dates, periods and discount factors convert into each other without loss."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab import periods
from clvlab.refusal import Refused

DATES = st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31))
PERIODS = st.sampled_from(periods.PERIODS)


def test_a_year_has_twelve_months_and_four_quarters():
    assert 12 * periods.days_per("month") == 365.25
    assert 4 * periods.days_per("quarter") == 365.25
    assert periods.days_per("week") == 7


def test_an_unknown_period_is_refused_with_the_known_ones():
    with pytest.raises(Refused, match=r"'year'.*day, week, month, quarter"):
        periods.days_per("year")


@given(st.floats(0, 1e5), PERIODS)
def test_days_survive_the_way_to_periods_and_back(days, period):
    assert periods.to_days(periods.to_periods(days, period), period) == pytest.approx(days)


@given(DATES, PERIODS)
def test_a_date_lies_in_its_own_period_and_no_other(date, period):
    index = periods.period_index(date, period)
    assert periods.period_start(index, period) <= date < periods.period_start(index + 1, period)


@given(DATES)
def test_weeks_run_from_monday_to_sunday(date):
    start = periods.period_start(periods.period_index(date, "week"), "week")
    assert start.weekday() == 0
    assert (date - start).days == date.weekday()


@given(st.lists(DATES, min_size=1, max_size=20))
@settings(max_examples=30)
def test_periods_are_those_of_pandas(dates):
    series = pd.Series(pd.to_datetime(dates))
    for period, code in (("day", "D"), ("week", "W"), ("month", "M"), ("quarter", "Q")):
        ordinals = series.dt.to_period(code).astype("int64").to_numpy()
        ours = periods.period_index(series, period)
        assert len(set(ours - ordinals)) == 1, period


@given(st.lists(DATES, min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_a_date_a_series_and_the_engine_agree(dates):
    series = pd.Series(pd.to_datetime(dates))
    table = ibis.memtable(pd.DataFrame({"row": range(len(dates)), "date": series}))
    found = table.select("row", **{p: periods.period_index(table.date, p) for p in periods.PERIODS})
    found = found.to_pandas().sort_values("row")
    for period in periods.PERIODS:
        alone = [periods.period_index(date, period) for date in dates]
        assert list(found[period]) == alone
        assert list(periods.period_index(series, period)) == alone


def test_the_time_of_day_does_not_matter():
    late = pd.Series(pd.to_datetime(["2024-03-31 23:59:59"]))
    assert periods.period_index(late, "month")[0] == periods.period_index(dt.date(2024, 3, 1), "month")


def test_labels_read_as_people_write_them():
    day = dt.date(2024, 5, 9)
    labels = [periods.period_label(periods.period_index(day, p), p) for p in periods.PERIODS]
    assert labels == ["2024-05-09", "2024-05-06", "2024-05", "2024-Q2"]


@given(st.floats(-0.5, 2), st.floats(0, 5000), st.floats(0, 5000))
def test_discounting_twice_is_discounting_once_for_the_whole_time(rate, first, second):
    factor = periods.discount_factor
    assert factor(rate, first + second) == pytest.approx(factor(rate, first) * factor(rate, second))


@given(st.floats(0.001, 1), PERIODS)
def test_the_unit_of_time_does_not_change_the_discount(rate, period):
    days = periods.to_days(periods.to_periods(400.0, period), period)
    assert periods.discount_factor(rate, days) == pytest.approx(periods.discount_factor(rate, 400))


def test_the_discount_rate_is_annual_and_effective():
    assert periods.discount_factor(0.1, np.array([0, 365.25])) == pytest.approx([1, 1 / 1.1])


def test_a_rate_of_minus_one_is_refused():
    with pytest.raises(Refused, match="above -1"):
        periods.discount_factor(-1, 10)


@given(DATES)
def test_iso_dates_are_read(date):
    assert periods.parse_date(date.isoformat()) == date
    assert periods.parse_date(date) == date


@pytest.mark.parametrize("text", ["31.12.2024", "12/31/2024", "2024-13-01", "2024-2-1", "20240201", "", None, 5])
def test_anything_else_is_refused(text):
    with pytest.raises(Refused, match="YYYY-MM-DD"):
        periods.parse_date(text)
    with pytest.raises(Refused):
        periods.parse_date(pd.NaT)
