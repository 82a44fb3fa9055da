"""The market's clock stands still over its holidays, and for nothing that one customer does."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from clvlab.features.churn_definitions.market_clock import MarketClock, market_clock
from clvlab.features.churn_definitions.order_days import order_days
from clvlab.periods import epoch_days

AS_OF = dt.date(2024, 12, 31)


def clock(customers: int, closed: tuple[str, str] | None = None, as_of: dt.date = AS_OF, seed: int = 1) -> MarketClock:
    """The clock of a market in which everyone orders every third day, at random, but over a holiday."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2023-01-01", "2024-12-31")
    orders = pd.DataFrame({"customer_id": np.repeat(np.arange(customers), len(days)), "date": np.tile(days, customers)})
    orders = orders[rng.random(len(orders)) < 1 / 3]
    if closed:
        orders = orders[~orders["date"].between(*closed)]
    return market_clock(order_days(orders, as_of))


def test_a_market_without_holidays_never_pauses():
    assert clock(40).paused == 0


@pytest.mark.parametrize("starts", ["2023-06-03", "2024-02-09", "2024-11-20"])
@pytest.mark.parametrize("days", [7, 12, 20])
def test_a_holiday_does_not_count_wherever_it_lies(starts, days):
    ends = pd.Timestamp(starts) + pd.Timedelta(days=days - 1)
    found = clock(40, (starts, str(ends.date())))
    assert days - 2 <= found.paused <= days + 2


def test_a_fall_that_stays_stops_being_a_pause():
    found = clock(40, ("2024-01-01", "2024-12-31"))
    assert 30 < found.paused < 60


def test_few_customers_make_no_market():
    assert clock(2, ("2024-02-09", "2024-02-29")).paused == 0


def test_what_is_known_of_a_day_does_not_change_later():
    closed = ("2024-02-09", "2024-02-22")
    whole = clock(40, closed)
    for as_of in (dt.date(2024, 2, 12), dt.date(2024, 2, 24), dt.date(2024, 5, 1)):
        early = clock(40, closed, as_of)
        assert early.working.tolist() == whole.working[: len(early.working)].tolist()


def test_time_and_day_are_inverse_on_working_days_and_go_on_after_the_records():
    found = clock(40, ("2024-02-09", "2024-02-22"))
    begins, until = found.begins, epoch_days(AS_OF)
    days = np.arange(begins, until + 400)
    there = found.day(found.time(days))
    worked = np.diff(found.time(days), prepend=0) == 1
    assert (there[worked] == days[worked]).all()
    assert (there[~worked] < days[~worked]).all()
    assert found.time(until + 100) - found.time(until) == 100
    assert found.time(until + 0.5) - found.time(until) == 0.5
