"""Stages of life as classes: who never ordered is a prospect, leads are followed, and thin records say so."""

import datetime as dt

import ibis
import pandas as pd
import pytest

from clvlab.features.ledger import Ledger
from clvlab.features.lifecycle import DORMANT, NEW, NOT_WON, POSSIBLE, PROSPECT
from clvlab.refusal import Refused
from clvlab.tiers.classes.lifecycle import lifecycle

FEBRUARY = dt.date(2025, 2, 28)


@pytest.fixture(scope="module")
def market(small_study):
    return lifecycle(Ledger(small_study.records.tables, small_study.as_of))


def ledger_of(orders: pd.DataFrame, as_of: dt.date, **others: ibis.Table) -> Ledger:
    shipments = orders.assign(booked_at=pd.to_datetime(orders["date"]))[["customer_id", "booked_at"]]
    return Ledger({"shipments": ibis.memtable(shipments), **others}, as_of)


def test_every_customer_has_one_stage_and_prospects_never_ordered(market, small_study):
    customers = small_study.records["customers"].customer_id.to_pandas()
    assert set(market.labels.index) == set(customers)
    assert market.labels.index.is_unique
    ordered = set(small_study.purchases.orders.customer_id.to_pandas())
    assert set(market.labels[market.labels == PROSPECT].index) == set(customers) - ordered
    assert market.summary().to_frame()["customers"].sum() == len(customers)


def test_moves_start_and_end_where_stages_allow_and_leads_are_among_them(market):
    moves = market.transitions().to_frame().set_index(["state", "following"])["count"]
    assert moves.sum() == market.moves["n"].sum()
    assert moves[PROSPECT, NEW] > 0
    assert moves[PROSPECT, NOT_WON] > moves[PROSPECT, NEW]


def test_a_stay_through_all_states_sums_up_and_intervals_hold_the_figure(market):
    frame = market.months_until_lost().to_frame()
    parts = frame.filter(like="in ").sum(axis=1)
    assert parts.to_numpy() == pytest.approx(frame["months"].to_numpy(), rel=0.1)  # medians do not add up exactly
    assert ((frame["lower"] < frame["months"]) & (frame["months"] < frame["upper"])).all()
    back = market.returning().to_frame().set_index("state")
    assert 0 < back.loc[DORMANT, "before_lost"] < 1


def test_the_same_seed_gives_the_same_times(market):
    assert market.months_until_lost().to_frame().equals(market.months_until_lost().to_frame())


def test_the_table_of_moves_is_drawn_with_a_cell_for_each_possible_move(market):
    ax = market.plot()
    seen = market.moves["state"].unique()
    assert len(ax.texts) == sum(len(following) for state, following in POSSIBLE.items() if state in seen)


def test_one_customer_has_a_stage_and_what_it_cannot_tell_is_refused():
    orders = pd.DataFrame({"customer_id": ["a", "a"], "date": ["2025-01-05", "2025-02-05"]})
    found = lifecycle(ledger_of(orders, FEBRUARY))
    assert found.labels.tolist() == ["known before"]
    assert "needs the table leads" in repr(found)
    with pytest.raises(Refused, match="become lost"):
        found.months_until_lost()
    with pytest.raises(Refused, match="seen dormant"):
        found.returning()
    assert found.time_matters().to_frame().empty
    with pytest.raises(Refused, match="No move"):
        found.plot()


def test_forty_customers_who_all_order_alike_share_a_stage():
    rows = [(f"c{i}", f"2025-{month:02}-03") for i in range(40) for month in range(1, 7)]
    orders = pd.DataFrame(rows, columns=["customer_id", "date"])
    found = lifecycle(ledger_of(orders, dt.date(2025, 6, 30)), records_begin="2020-01-01")
    assert found.summary().to_frame().set_index("class")["customers"]["satisfied"] == 40


def test_leads_that_were_never_won_are_not_followed_and_it_is_said():
    leads = ibis.memtable(pd.DataFrame({"lead_id": ["l"], "opened_on": pd.to_datetime(["2025-01-01"]),
                                        "won_on": pd.to_datetime([None]), "kind": "new"}))  # fmt: skip
    orders = pd.DataFrame({"customer_id": ["a"], "date": ["2025-01-05"]})
    assert "ever won" in " ".join(lifecycle(ledger_of(orders, FEBRUARY, leads=leads)).remarks)


def test_time_to_come_back_in_is_a_month_or_more(market):
    with pytest.raises(Refused, match="months = -3 is no time"):
        market.returning(-3)
