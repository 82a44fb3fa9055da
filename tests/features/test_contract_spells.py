"""Contracts that follow one another are one spell, seen from when records begin until they end or today."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features.contract_spells import contract_spells, months_at_risk, under_contract, window_start
from clvlab.refusal import Refused

START, AS_OF = dt.date(2023, 1, 1), dt.date(2024, 12, 31)
MONTH = 365.25 / 12
SCHEMA = {
    "customer_id": "string", "starts_on": "date", "ends_on": "date", "ended_on": "date", "end_reason": "string"
}  # fmt: skip


def contracts(*rows) -> ibis.Table:
    """Return contracts of (customer, starts_on, ends_on[, ended_on[, end_reason]])."""
    whole = [(*row, *(None,) * (5 - len(row))) for row in rows]
    frame = pd.DataFrame(whole, columns=list(SCHEMA), dtype=object)
    dates = {name: pd.to_datetime(frame[name]) for name in ("starts_on", "ends_on", "ended_on")}
    return ibis.memtable(frame.assign(**dates), schema=SCHEMA)


def spells(*rows, as_of: dt.date = AS_OF) -> pd.DataFrame:
    return contract_spells(contracts(*rows), as_of, START)


def only(*rows, as_of: dt.date = AS_OF) -> pd.Series:
    """Return the only spell of these contracts."""
    found = spells(*rows, as_of=as_of)
    assert len(found) == 1, found
    return found.iloc[0]


# Spells --------------------------------------------------------------------------------------------------------


def test_a_running_contract():
    one = only(("a", "2023-07-01", "2025-06-30"))
    assert one.event == 0
    assert pd.isna(one.ended_on)
    assert one.started_on == pd.Timestamp("2023-07-01")
    assert (one.entry, one.duration) == pytest.approx((0, 549 / MONTH))


def test_a_contract_that_was_ended_early_or_late_ended_then():
    for ended in ("2023-10-31", "2024-08-15"):
        one = only(("a", "2023-07-01", "2024-06-30", ended, "rival"))
        assert (one.event, one.ended_on) == (1, pd.Timestamp(ended))
        assert one.duration == pytest.approx((pd.Timestamp(ended) - pd.Timestamp("2023-07-01")).days / MONTH)


def test_a_contract_past_its_end_that_nobody_closed_ended_on_its_last_agreed_day():
    one = only(("a", "2023-07-01", "2024-06-30"))
    assert (one.event, one.ended_on) == (1, pd.Timestamp("2024-06-30"))


def test_on_its_last_agreed_day_a_contract_still_runs():
    """Its successor would begin tomorrow, which nobody knows yet."""
    assert only(("a", "2024-01-01", "2024-12-31")).event == 0
    assert only(("a", "2024-01-01", "2024-12-30")).event == 1
    assert only(("a", "2024-01-01", "2025-01-01")).event == 0


def test_renewals_are_one_spell():
    one = only(
        ("a", "2023-01-01", "2023-06-30", "2023-06-30", "renewed"),
        ("a", "2023-07-01", "2023-12-31", "2023-12-31", "renewed"),
        ("a", "2024-01-01", "2025-12-31"),
    )
    assert (one.started_on, one.event) == (pd.Timestamp("2023-01-01"), 0)
    assert one.duration == pytest.approx(730 / MONTH)


@pytest.mark.parametrize(("again", "count"), [("2024-01-30", 1), ("2024-01-31", 2), ("2024-03-01", 2)])
def test_a_break_of_more_than_a_month_begins_a_second_spell(again, count):
    found = spells(("a", "2023-01-01", "2023-12-31", "2023-12-31", "price"), ("a", again, "2025-12-31"))
    assert len(found) == count
    assert found.event.to_list() == [1, 0][-count:]


def test_a_contract_within_another_or_beside_it_changes_nothing():
    outer = ("a", "2023-01-01", "2025-12-31")
    for inner in (("a", "2023-05-01", "2023-08-31"), ("a", "2024-05-01", "2024-08-31", "2024-06-01", "closure")):
        assert only(outer, inner).to_list()[1:] == only(outer).to_list()[1:]


def test_customers_are_apart_and_in_order():
    later, earlier = ("a", "2024-02-01", "2025-01-31"), ("a", "2023-01-01", "2023-06-30")
    found = spells(("b", "2023-02-01", "2025-01-31"), later, earlier)
    assert found.customer_id.to_list() == ["a", "a", "b"]
    assert found.event.to_list() == [1, 0, 0]
    assert found.columns.to_list() == ["customer_id", "started_on", "ended_on", "entry", "duration", "event"]


def test_what_ended_before_the_records_is_left_out_and_what_began_before_enters_late():
    found = spells(
        ("gone", "2020-01-01", "2022-12-31"),
        ("first day", "2020-01-01", "2023-01-01"),
        ("late", "2022-01-01", "2025-12-31"),
    ).set_index("customer_id")
    assert list(found.index) == ["first day", "late"]
    assert found.entry["late"] == pytest.approx(365 / MONTH)
    assert found.entry["first day"] == found.duration["first day"] == pytest.approx(1096 / MONTH)


def test_a_second_spell_is_kept_where_the_first_ended_before_the_records():
    one = only(("a", "2020-01-01", "2021-12-31"), ("a", "2023-06-01", "2025-05-31"))
    assert (one.started_on, one.entry) == (pd.Timestamp("2023-06-01"), 0)


def test_contracts_of_the_future_are_not_known_yet():
    assert spells(("a", "2025-01-01", "2025-12-31")).empty
    assert only(("a", "2024-01-01", "2024-06-30"), ("a", "2025-01-01", "2025-12-31")).event == 1


def test_a_contract_closed_as_renewed_runs_until_its_successor_is_known():
    for reason in ("renewed", "Renewed"):
        one = only(("a", "2024-01-01", "2024-12-15", "2024-12-15", reason))
        assert one.event == 0
        assert one.duration == pytest.approx(365 / MONTH)


def test_a_renewal_that_begins_late_is_the_same_spell():
    """Nobody can be under two contracts at once, and valued twice."""
    found = spells(("a", "2023-01-01", "2023-12-31", "2023-12-31", "renewed"), ("a", "2024-04-01", "2025-03-31"))
    assert found.event.to_list() == [0]
    closed = spells(("a", "2023-01-01", "2023-12-31", "2023-12-31", "renewed"), ("a", "2024-04-01", "2024-09-30"))
    assert closed.event.to_list() in ([1], [1, 1])


def test_a_contract_without_a_last_day_runs():
    one = only(("a", "2023-07-01", None))
    assert (one.event, one.duration) == (0, pytest.approx(549 / MONTH))
    assert only(("a", "2023-07-01", None, "2024-03-31", "price")).event == 1


def test_nothing_breaks_a_contract_without_a_last_day():
    assert only(("a", "2022-01-01", None), ("a", "2023-06-01", "2025-06-01")).event == 0


def test_columns_that_records_may_lack():
    table = contracts(("a", "2023-07-01", "2024-06-30", "2023-09-30", "rival"))
    bare = contract_spells(table.drop("ended_on", "end_reason"), AS_OF, START).iloc[0]
    assert (bare.event, bare.ended_on) == (1, pd.Timestamp("2024-06-30"))
    unexplained = contract_spells(table.drop("end_reason"), AS_OF, START).iloc[0]
    assert unexplained.ended_on == pd.Timestamp("2023-09-30")


def test_without_contracts_there_are_no_spells():
    found = spells()
    assert found.empty
    assert months_at_risk(found).empty


def test_an_earlier_day_knows_no_more_than_was_known_then():
    rows = [("a", "2023-01-01", "2024-12-31"), ("b", "2023-05-01", "2024-04-30")]
    early = spells(*rows, as_of=dt.date(2024, 1, 1))
    assert early.event.to_list() == [0, 0]
    assert early.duration.to_list() == pytest.approx([365 / MONTH, 245 / MONTH])


STARTS = st.dates(dt.date(2021, 1, 1), dt.date(2024, 12, 1))


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("ab"), STARTS, st.integers(10, 900)), min_size=1, max_size=8),
    random=st.randoms(),
)
def test_spells_of_a_customer_do_not_overlap_whatever_the_order_of_rows(rows, random):
    known = [(who, str(start), str(start + dt.timedelta(days=days))) for who, start, days in rows]
    found = spells(*known)
    shuffled = known.copy()
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(spells(*shuffled), found)
    assert (found.duration >= found.entry).all()
    for _, mine in found.groupby("customer_id"):
        gap = mine.started_on.shift(-1) - mine.ended_on
        assert (gap.dropna() > pd.Timedelta(days=30)).all()
        assert (mine.event.iloc[:-1] == 1).all(), "only the last one can be running"
        assert mine.event.eq(mine.ended_on.notna()).all()


# Months at risk ------------------------------------------------------------------------------------------------


def seen(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["entry", "duration", "event"]).astype({"entry": float, "duration": float})


def counts(*rows) -> dict[int, tuple[int, int]]:
    """Return at_risk and ended of the months with any."""
    found = months_at_risk(seen(*rows))
    assert list(found.index) == list(range(1, len(found) + 1))
    return {month: tuple(row) for month, row in zip(found.index, found.to_numpy(), strict=True) if row.any()}


def test_months_of_a_spell_seen_whole():
    assert counts((0, 2.4, 1)) == {1: (1, 0), 2: (1, 0), 3: (1, 1)}
    assert counts((0, 2.4, 0)) == {1: (1, 0), 2: (1, 0)}, "a month that is not over says nothing"
    assert counts((0, 2.0, 0)) == {1: (1, 0), 2: (1, 0)}
    assert counts((0, 0.4, 1)) == {1: (1, 1)}
    assert counts((0, 0.4, 0)) == {}


def test_months_of_a_spell_that_enters_late():
    assert counts((5.0, 7.5, 1)) == {6: (1, 0), 7: (1, 0), 8: (1, 1)}
    assert counts((5.1, 7.5, 1)) == {7: (1, 0), 8: (1, 1)}, "a month that was seen in part says nothing"
    assert counts((5.1, 5.9, 1)) == {}
    assert counts((5.1, 7.0, 0)) == {7: (1, 0)}


def test_spells_are_counted_together():
    assert counts((0, 1.5, 1), (0, 3.0, 0), (1.0, 1.2, 1)) == {1: (2, 0), 2: (3, 2), 3: (1, 0)}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 30), st.floats(0, 30), st.integers(0, 1)).map(lambda t: (t[0], t[0] + t[1], t[2])),
        min_size=1,
        max_size=12,
    )
)
def test_nobody_ends_without_having_been_at_risk_and_only_once(rows):
    found = months_at_risk(seen(*rows))
    assert (found.ended <= found.at_risk).all()
    assert found.ended.sum() <= sum(event for *_, event in rows)
    assert found.at_risk.sum() <= sum(np.floor(until) + 1 - np.ceil(entry) for entry, until, _ in rows)


# Orders under contract -----------------------------------------------------------------------------------------


def orders(*rows) -> ibis.Table:
    frame = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(date=lambda f: pd.to_datetime(f.date))
    return ibis.memtable(frame, schema={"customer_id": "string", "date": "date"})


def test_orders_under_contract_and_after_it():
    found = spells(("a", "2023-03-01", "2023-03-28", "2023-03-28", "price"), ("b", "2024-12-04", "2025-12-31"))
    bought = orders(
        *[("a", day) for day in ("2023-02-28", "2023-03-01", "2023-03-01", "2023-03-28", "2023-03-29", "2024-12-31")],
        *[("b", day) for day in ("2024-12-03", "2024-12-31")],
        ("c", "2024-01-01"),
    )
    one, other = under_contract(bought, found, AS_OF, START).to_dict("records")
    assert (one["customer_id"], one["event"], one["purchases"], one["purchases_after"]) == ("a", 1, 2, 2)
    assert (one["weeks"], one["weeks_after"]) == (4, (dt.date(2024, 12, 31) - dt.date(2023, 3, 28)).days / 7)
    assert (other["customer_id"], other["purchases"], other["purchases_after"]) == ("b", 1, 0)
    assert (other["weeks"], other["weeks_after"]) == (4, 0)
    assert other["age"] == found.duration[1]


def test_time_and_orders_before_the_records_do_not_count():
    found = spells(("a", "2022-01-01", "2025-12-31"))
    row = under_contract(orders(("a", "2023-01-01"), ("a", "2024-05-05")), found, AS_OF, START).iloc[0]
    assert (row.purchases, row.weeks) == (2, 731 / 7)
    assert row.age == pytest.approx(1095 / MONTH)


def test_after_a_contract_means_until_the_next_one():
    found = spells(("a", "2023-03-01", "2023-03-31"), ("a", "2023-07-01", "2025-06-30"))
    bought = orders(("a", "2023-05-01"), ("a", "2023-06-30"), ("a", "2023-07-01"), ("a", "2024-01-01"))
    first, second = under_contract(bought, found, AS_OF, START).to_dict("records")
    assert (first["purchases"], first["purchases_after"], first["weeks_after"]) == (0, 2, 91 / 7)
    assert (second["purchases"], second["purchases_after"]) == (2, 0)


def test_customers_without_orders_have_time_and_no_purchase():
    found = under_contract(orders(("b", "2024-01-01")), spells(("a", "2024-01-01", "2025-06-30")), AS_OF, START)
    assert found[["purchases", "purchases_after"]].to_numpy().tolist() == [[0, 0]]
    assert found.weeks[0] == pytest.approx(366 / 7)


def test_the_records_begin_with_the_first_order():
    assert window_start(orders(("b", "2024-01-01"), ("a", "2023-04-05"))) == dt.date(2023, 4, 5)


def test_without_an_order_the_records_have_no_first_day():
    orders = ibis.memtable({"customer_id": ["a"], "date": [AS_OF]}).limit(0)
    with pytest.raises(Refused, match="no shipment that was carried out and no invoice"):
        window_start(orders)
