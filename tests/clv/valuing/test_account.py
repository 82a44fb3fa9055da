"""One customer is explained by what the records and the models say of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from studies import check, late_entry

from clvlab.clv.valuing.account import account, five_to_explain, worth_explaining
from clvlab.features.histories import purchase_histories
from clvlab.features.transactions import transaction_summary
from clvlab.refusal import Refused


@pytest.fixture(scope="module")
def values(small_study):
    return small_study.clv


def of_tie(values, tie):
    return values.frame.index[values.frame.tie == tie]


def test_the_last_row_is_what_the_base_says(values, small_study):
    for customer in values.frame.index:
        frame = account(values, small_study.purchases, customer).to_frame()
        assert frame.probability_alive.iloc[-1] == pytest.approx(values.frame.probability_alive[customer], rel=1e-9)
        assert frame.date.iloc[-1] == pd.Timestamp(values.as_of)
        assert frame.date.is_monotonic_increasing
        assert (frame.date.diff().dropna() <= pd.Timedelta(days=7)).all()


def test_the_chance_of_being_there_is_that_of_the_history_as_it_stood(values, small_study):
    spot = next(stream for stream in values.streams if stream.tie == "spot")
    rows = replace(small_study.purchases, meaning="").orders.select("customer_id", "date")
    came_later = spot.table.get("entry", spot.table.frequency * 0) == 0
    customers = spot.table[(spot.table.frequency > 5) & came_later].index[-4:]
    frames = {customer: account(values, small_study.purchases, customer).to_frame() for customer in customers}
    for customer, frame in frames.items():
        at = frame.iloc[len(frame) // 2]
        table = transaction_summary(rows, as_of=at.date.date(), period="week", merge="day").assign(entry=0.0)
        assert at.purchases == table.frequency[customer] + 1
        assert at.probability_alive == pytest.approx(spot.fit.probability_alive(table)[customer], rel=1e-9)


def test_the_same_holds_for_customers_known_before_the_records_begin(small_study):
    values = late_entry(small_study)
    (spot,) = values.streams
    before = spot.table[(spot.table.entry > 0) & (spot.table.frequency > 5)].index[:4]
    purchases = replace(small_study.purchases, meaning="")
    for customer in before:
        found = account(values, small_study.purchases, customer)
        frame = found.to_frame()
        assert frame.probability_alive.iloc[-1] == pytest.approx(spot.fit.probability_alive(spot.table)[customer])
        at = frame.iloc[len(frame) // 2]
        table = purchase_histories(purchases, small_study.records.tables["customers"], at.date.date())
        assert at.purchases == table.frequency[customer]
        assert at.probability_alive == pytest.approx(spot.fit.probability_alive(table)[customer], rel=1e-9)
        assert "before the records begin" in found.sentences[0]


def test_under_contract_a_customer_is_there_and_before_it_nothing_is_said(values, small_study):
    for customer in of_tie(values, "contract"):
        found = account(values, small_study.purchases, customer)
        alive = found.to_frame().probability_alive
        assert set(alive.dropna()) == {1.0}
        assert alive.isna().to_numpy().argmin() == alive.isna().sum()  # missing only at the beginning
        assert found.sentences[0].startswith("Under contract since ")


def test_purchases_are_counted_by_day(values, small_study):
    customer = values.frame.index[0]
    found = account(values, small_study.purchases, customer)
    frame = small_study.purchases.orders.to_pandas()
    days = frame.loc[frame.customer_id == customer, "date"].nunique()
    assert found.to_frame().purchases.iloc[-1] == len(found.days) == days
    assert f"Bought on {days:,} days" in " ".join(found.sentences)


def test_sentences_state_the_numbers(values, small_study):
    for customer in (*of_tie(values, "spot")[:3], *of_tie(values, "contract")[:2]):
        row = values.frame.loc[customer]
        said = repr(account(values, small_study.purchases, customer))
        assert said.startswith(f"Customer {customer} as of 2025-12-31\n")
        assert f"worth {row.value:,.0f} (90% interval {row.value_lower:,.0f} to {row.value_upper:,.0f})" in said
        assert f"Brought {row.historical_value:,.0f} CNY so far" in said
        assert f"{row.purchase_value:,.0f} CNY" in said
        assert f" of {len(values.frame)} by value" in said
        if pd.notna(row.next_purchase):
            assert f"by {row.next_purchase.date()} as likely as not" in said
            assert f"by {row.next_purchase_by.date()} with a chance of 95%" in said


def test_a_customer_who_has_likely_left_is_said_to(values, small_study):
    left = values.frame.index[values.frame.probability_alive < 0.2][0]
    found = account(values, small_study.purchases, left)
    assert "more likely left than not" in repr(found)
    assert "times the usual gap" in repr(found) or len(found.days) < 2
    check(found.plot())


def test_an_unknown_customer_is_refused(values, small_study):
    with pytest.raises(Refused, match="There is no customer 'C99999'"):
        account(values, small_study.purchases, "C99999")


def test_five_are_different_and_each_says_why(values):
    frame = worth_explaining(values).to_frame()
    assert frame.customer_id.tolist() == five_to_explain(values)
    assert frame.customer_id.is_unique
    assert len(frame) == 5
    assert frame.because.iloc[0] == "the most valuable"
    assert frame.customer_id.iloc[0] == values.frame.value.idxmax()
    of = frame.set_index("because")
    if "large, and perhaps gone" in of.index:
        assert 0.2 <= of.loc["large, and perhaps gone", "probability_alive"] <= 0.8
    if "below 0 although it buys" in of.index:
        assert of.loc["below 0 although it buys", "value"] < 0


def test_where_a_kind_is_missing_the_most_valuable_stand_in(values):
    contract = values.frame[values.frame.tie == "contract"]
    few = worth_explaining(replace(values, frame=contract.head(3))).to_frame()
    assert set(few.customer_id) == set(contract.index[:3])
    assert len(worth_explaining(replace(values, frame=contract)).to_frame()) == 5
    alone = worth_explaining(replace(values, frame=contract.head(1))).to_frame()
    assert alone.because.tolist() == ["the most valuable"]


def test_an_account_is_drawn_with_its_purchases_and_chance(values, small_study):
    for customer in five_to_explain(values):
        found = account(values, small_study.purchases, customer)
        ax = found.plot()
        assert check(ax).startswith(f"{customer}: ")
        frame = found.to_frame()
        line, ticks = ax.get_lines()[:2]
        assert np.array_equal(line.get_ydata(), frame.probability_alive, equal_nan=True)
        assert len(ticks.get_xdata()) == len(found.days)
        assert ax.get_ylabel() == "chance of still being a customer, %"
