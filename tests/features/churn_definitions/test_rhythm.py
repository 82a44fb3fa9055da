"""Silence beyond the own rhythm: calibrated where the truth is known, blind to what comes later."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features.churn_definitions import rhythm
from clvlab.refusal import Refused

BEGIN, AS_OF = pd.Timestamp("2022-01-01"), dt.date(2024, 12, 31)
DAYS = 1096


def market(seed: int, customers: int, stays_until: np.ndarray | None = None, days: int = DAYS) -> pd.DataFrame:
    """Orders of customers with gamma gaps: one to sixty days on average, from clumpy to regular."""
    rng = np.random.default_rng(seed)
    shape = rng.choice([0.5, 1.0, 4.0], customers)
    mean = np.exp(rng.uniform(np.log(5), np.log(60), customers))
    until = np.full(customers, float(days)) if stays_until is None else stays_until
    rows = []
    for customer in range(customers):
        gaps = rng.gamma(shape[customer], mean[customer] / shape[customer], int(20 + 3 * days / mean[customer]))
        at = np.cumsum(gaps)
        at = at[at < until[customer]]
        rows.append(pd.DataFrame({"customer_id": f"C{customer:04d}", "date": BEGIN + pd.to_timedelta(at // 1, "D")}))
    return pd.concat(rows, ignore_index=True)


def orders_of(*customers: tuple[str, list[str]]) -> pd.DataFrame:
    return pd.concat([pd.DataFrame({"customer_id": who, "date": pd.to_datetime(days)}) for who, days in customers])


def every(days: int, since: str, until: str) -> list[str]:
    return [str(day.date()) for day in pd.date_range(since, until, freq=f"{days}D")]


# Against known truth -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accepted", "times"), [(0.2, 1.5), (0.05, 2.2)])
def test_customers_who_stay_are_called_lost_up_to_twice_as_often_as_was_accepted(accepted, times):
    years = 600 * DAYS / 365.25
    calls = len(rhythm(market(1, 600), AS_OF, accepted).churn_events.events)
    assert accepted < calls / years < times * accepted


def test_who_leaves_is_found_and_the_sooner_the_more_often_it_ordered():
    leaves = np.random.default_rng(2).uniform(300, 700, 400)
    found = rhythm(market(2, 400, leaves), AS_OF)
    customers = found.customers
    lost = customers["calls_on"] <= pd.Timestamp(AS_OF)
    assert lost.mean() > 0.95
    often = customers["usual_gap_days"] < 10
    threshold = customers["threshold_days"]
    assert threshold[often].median() < 0.5 * threshold[~often].median()


def test_the_next_order_comes_when_expected():
    orders, as_of = market(3, 800), pd.Timestamp("2023-12-31")
    customers = rhythm(orders, as_of.date(), 0.001).customers
    later = orders[orders["date"] > as_of].groupby("customer_id")["date"].min()
    known = customers[customers["next_on"].notna()]
    came = {name: (later.reindex(known.index) <= known[name]).mean() for name in ("next_on", "next_to")}
    assert came["next_on"] == pytest.approx(0.5, abs=0.04)
    assert came["next_to"] == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(("probability", "within"), [(0.2, 0.15), (0.05, 0.15), (0.01, 0.5)])
def test_percentiles_of_gaps_are_probabilities(probability, within):
    """Of gaps that ended, 5% had come to the percentile 95 or beyond; the last percent is one and a half."""
    found = rhythm(market(4, 600), AS_OF)
    days = found.days
    ended = (days.following < days.today) & (days.order_number > 2)
    gap = np.where(ended, days.following - days.day, 1)
    longer = found.gaps.exceeds(gap - 0.5)[ended]
    assert np.mean(longer < probability) == pytest.approx(probability, rel=within)


def test_probability_of_silence_is_that_of_the_percentile_and_falls_with_time():
    found = rhythm(market(5, 50), AS_OF)
    customers = found.customers
    longer = found.probability_of_silence(customers["silent_days"].to_numpy())
    assert 1 - longer == pytest.approx(customers["silence_percentile"].to_numpy())
    table = found.probability_of_silence(np.outer([0.0, 1.5, 10.0, 400.0], np.ones(len(customers))))
    assert table.shape == (4, len(customers))
    assert (table[0] == 1).all()
    assert (np.diff(table, axis=0) < 0).all()


def test_a_short_history_leans_on_the_segment():
    weekly = [(f"w{i}", every(7, f"2024-01-{1 + i:02d}", "2024-12-31")) for i in range(25)]
    quarterly = [(f"q{i}", every(91, f"2022-01-{1 + i:02d}", "2024-12-31")) for i in range(25)]
    orders = orders_of(*weekly, *quarterly, ("new-w", ["2024-12-30"]), ("new-q", ["2024-12-30"]))
    kinds = pd.Series({who: who[-1] if who.startswith("new") else who[0] for who in orders["customer_id"].unique()})
    threshold = rhythm(orders, AS_OF, segment=kinds).customers["threshold_days"]
    assert threshold["new-w"] < 60 < 180 < threshold["new-q"]
    alone = rhythm(orders, AS_OF).customers["threshold_days"]
    assert alone["new-w"] == alone["new-q"]


def test_follow_up_ends_before_the_first_order_after_which_leaving_is_not_known_yet():
    found = rhythm(
        orders_of(("a", every(7, "2024-01-01", "2024-12-30")), ("b", every(7, "2024-01-01", "2024-06-30"))), AS_OF
    )
    table = found.order_days().set_index("customer_id")
    undecided = table[table["calls_on"] > pd.Timestamp(AS_OF)]
    assert found.churn_events.known_until["a"] == undecided.loc["a", "ordered_on"].min() - pd.Timedelta(days=1)
    assert found.churn_events.known_until["b"] == pd.Timestamp(AS_OF)


# Pauses --------------------------------------------------------------------------------------------------------


def test_a_holiday_of_the_market_calls_nobody():
    daily = {f"c{i}": pd.date_range("2024-01-01", "2024-12-31") for i in range(30)}
    orders = orders_of(*((who, [str(d.date()) for d in days]) for who, days in daily.items()))
    closed = orders[~orders["date"].between("2024-05-01", "2024-05-14")]
    assert rhythm(closed, AS_OF).churn_events.events.empty
    alone = closed[closed["customer_id"] == "c0"]
    assert rhythm(alone, AS_OF).churn_events.events["last_on"].astype(str).tolist() == ["2024-04-30"]


def season(*years: int) -> list[str]:
    """Orders every four days from March to October."""
    return [day for year in years for day in every(4, f"{year}-03-01", f"{year}-10-31")]


def test_a_pause_of_the_year_before_is_called_the_first_time_only():
    events = rhythm(orders_of(("a", season(2022, 2023, 2024))), "2025-01-15").churn_events.events
    assert events["last_on"].dt.year.tolist() == [2022]


def test_who_does_not_come_back_from_its_usual_pause_is_called_a_month_after():
    found = rhythm(orders_of(("a", season(2022, 2023))), "2024-12-31")
    last = found.churn_events.events.iloc[-1]
    assert (last["last_on"].year, last["called_on"]) == (2023, pd.Timestamp("2024-03-30"))
    assert len(rhythm(orders_of(("a", season(2022, 2023))), "2024-03-29").churn_events.events) == 1


def test_follow_up_of_a_customer_on_its_usual_pause_ends_before_its_last_order():
    churn = rhythm(orders_of(("a", season(2022, 2023))), "2024-03-01").churn_events
    assert churn.known_until["a"] < pd.Timestamp(season(2023)[-1])


def test_a_silence_at_another_time_of_year_is_no_usual_pause():
    days = [day for day in season(2022, 2023) if not "2023-06-01" <= day <= "2023-09-15"]
    events = rhythm(orders_of(("a", days)), "2024-12-31").churn_events.events
    assert events["last_on"].dt.strftime("%Y-%m").tolist()[:2] == ["2022-10", "2023-05"]


# Whatever the records ------------------------------------------------------------------------------------------

CUSTOMER_DAYS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 900)), min_size=2, max_size=60)


def frame_of(rows: list[tuple[str, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    return frame.assign(date=BEGIN + pd.to_timedelta(frame.pop("day"), "D"))


def events_of(orders: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame | str:
    try:
        return rhythm(orders, as_of.date(), 0.3).churn_events.events
    except Refused as refusal:
        return str(refusal)


def same(one: pd.DataFrame | str, other: pd.DataFrame | str) -> bool:
    return one.equals(other) if isinstance(one, pd.DataFrame) else isinstance(other, str)


@settings(max_examples=15, deadline=None)
@given(rows=CUSTOMER_DAYS, later=CUSTOMER_DAYS)
def test_later_orders_change_nothing(rows, later):
    as_of = BEGIN + pd.Timedelta(days=950)
    orders, after = frame_of(rows), frame_of(later)
    after["date"] += pd.Timedelta(days=951)
    assert same(events_of(orders, as_of), events_of(pd.concat([after, orders]), as_of))


@settings(max_examples=15, deadline=None)
@given(rows=CUSTOMER_DAYS, shift=st.integers(-700, 700))
def test_the_calendar_does_not_matter(rows, shift):
    as_of, by = BEGIN + pd.Timedelta(days=950), pd.Timedelta(days=shift)
    orders = frame_of(rows)
    found = events_of(orders, as_of)
    if isinstance(found, pd.DataFrame):
        found = found.assign(**{name: found[name] + by for name in ("last_on", "called_on", "came_back_on")})
    assert same(found, events_of(orders.assign(date=orders["date"] + by), as_of + by))


@settings(max_examples=15, deadline=None)
@given(rows=CUSTOMER_DAYS, seed=st.integers(0, 99))
def test_order_of_rows_and_several_orders_a_day_do_not_matter(rows, seed):
    as_of, orders = BEGIN + pd.Timedelta(days=950), frame_of(rows)
    twice = pd.concat([orders, orders]).sample(frac=1, random_state=seed)
    assert same(events_of(orders, as_of), events_of(twice, as_of))


@settings(max_examples=15, deadline=None)
@given(rows=CUSTOMER_DAYS)
def test_events_are_dated_on_order_days_and_follow_one_another(rows):
    as_of, orders = BEGIN + pd.Timedelta(days=950), frame_of(rows)
    events = events_of(orders, as_of)
    if isinstance(events, str):
        return
    days = set(zip(orders["customer_id"], orders["date"], strict=True))
    assert set(zip(events["customer_id"], events["last_on"], strict=True)) <= days
    back = events.dropna()
    assert set(zip(back["customer_id"], back["came_back_on"], strict=True)) <= days
    assert (events["last_on"] < events["called_on"]).all()
    assert (events["called_on"] <= as_of).all()
    assert not (events["came_back_on"] <= events["called_on"]).any()
    following = events.groupby("customer_id")["last_on"].shift(-1)
    assert not (following < events["came_back_on"]).any()


# Little to go by -----------------------------------------------------------------------------------------------


def test_nobody_who_ordered_twice_is_refused():
    with pytest.raises(Refused, match="no customer ordered on two days"):
        rhythm(orders_of(("a", ["2024-01-01"]), ("b", ["2024-02-01", "2024-02-01"])), AS_OF)


@pytest.mark.parametrize("false_alarms_per_year", [0, -1, float("nan")])
def test_no_false_alarm_at_all_cannot_be_promised(false_alarms_per_year):
    with pytest.raises(Refused, match="above 0"):
        rhythm(orders_of(("a", ["2024-01-01", "2024-01-08"])), AS_OF, false_alarms_per_year)


def test_one_gap_gives_a_wide_rhythm_and_says_so():
    found = rhythm(orders_of(("a", ["2024-12-01", "2024-12-08"])), AS_OF)
    assert "Only 1 customer ordered" in found.remarks[0]
    assert found.customers.loc["a", "threshold_days"] > 60
    assert found.churn_events.events.empty


def test_all_silent_for_years_are_all_called():
    orders = orders_of(*((f"c{i}", every(7, "2020-01-01", "2020-12-31")) for i in range(5)))
    found = rhythm(orders, AS_OF)
    assert found.churn_events.events["came_back_on"].isna().all()
    assert len(found.churn_events.events) == 5
    assert found.customers["next_on"].isna().all()


def test_thresholds_use_only_the_gaps_up_to_each_order():
    days = [*every(7, "2024-01-01", "2024-06-30"), *every(28, "2024-07-28", "2024-12-31")]
    threshold = rhythm(orders_of(("a", days)), AS_OF).order_days().set_index("ordered_on")["threshold_days"]
    before = threshold[threshold.index <= "2024-06-30"]
    assert before.iloc[-1] < before.iloc[5]
    assert threshold.iloc[-1] > 2 * before.iloc[-1]
