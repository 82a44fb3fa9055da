"""Every customer is in the state that the rules give, month by month, as counted by hand."""

import datetime as dt
from itertools import pairwise

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features import lifecycle
from clvlab.features.ledger import Ledger
from clvlab.features.lifecycle import (
    BEFORE,
    DORMANT,
    LONG_STANDING,
    LOST,
    NEW,
    POSSIBLE,
    RETAINED,
    RETURNED,
    SATISFIED,
    Stages,
    lifecycle_months,
)
from clvlab.periods import period_index
from clvlab.refusal import Refused

STAGES = Stages(dormant_after=2, lost_after=4, retained_after=3, long_standing_after=6)
AS_OF = dt.date(2024, 3, 31)
LAST = period_index(AS_OF, "month")
EVENTS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.dates(dt.date(2022, 7, 1), AS_OF)), min_size=1, max_size=40
)  # fmt: skip
CAME = st.dictionaries(st.sampled_from("abcd"), st.dates(dt.date(2021, 6, 1), dt.date(2023, 12, 31)), max_size=4)


def ledger_of(events, as_of: dt.date, **others: ibis.Table) -> Ledger:
    orders = pd.DataFrame(events, columns=["customer_id", "booked_at"]).assign(
        booked_at=lambda rows: pd.to_datetime(rows["booked_at"])
    )
    return Ledger({"shipments": ibis.memtable(orders), **others}, as_of)


def months(*active: int) -> list[tuple[str, dt.date]]:
    """Orders of one customer in months counted from January 2022, on the second day."""
    return [("a", dt.date(2022 + month // 12, month % 12 + 1, 2)) for month in active]


def states_of(active: list[int], begin: int | None = None, came: int | None = None) -> dict[int, str]:
    """Return a customer's state by month, told step by step; ``begin`` is the records' first month."""
    states, state, since, last, unsure = {}, None, None, None, False
    for month in range(active[0], LAST + 1):
        if month in active:
            if last is None:
                there = begin is not None and month - begin < STAGES.dormant_after
                old = begin is not None and came is not None and came < begin
                since = came if there and old else month
                unsure = there and came is None
                state = SATISFIED if there and old else RETURNED if old else NEW
            elif month - last > STAGES.dormant_after:
                since, state, unsure = month, RETURNED, False
            else:
                state = SATISFIED
            last = month
        if month - last >= STAGES.lost_after:
            state = LOST
        elif month - last >= STAGES.dormant_after:
            state = DORMANT
        elif month - since >= STAGES.long_standing_after:
            state = LONG_STANDING
        elif unsure:
            state = BEFORE
        elif month - since >= STAGES.retained_after and state not in (NEW, RETURNED):
            state = RETAINED
        states[month] = state
    return states


@given(EVENTS, CAME, st.booleans())
@settings(max_examples=30, deadline=None)
def test_states_and_moves_are_as_told_step_by_step(events, came, known_from_the_start):
    first = min(day for _, day in events)
    begin = None if known_from_the_start else period_index(first, "month")
    customers = ibis.memtable({"customer_id": list("abcd"), "onboarded_on": [came.get(who) for who in "abcd"]},
                              schema={"customer_id": "string", "onboarded_on": "date"})  # fmt: skip
    ledger = ledger_of(events, AS_OF, **({} if known_from_the_start else {"customers": customers}))
    found = lifecycle_months(ledger, STAGES, "2000-01-01" if known_from_the_start else None)
    from_month = period_index(first, "month") + int(first.day > 1 and not known_from_the_start)
    moves: dict[tuple[str, str], int] = {}
    for who in sorted({who for who, _ in events}):
        active = sorted({period_index(day, "month") for name, day in events if name == who})
        told = states_of(active, begin, period_index(came[who], "month") if who in came else None)
        assert found.today.loc[who, "state"] == told[LAST]
        for month in range(max(active[0], from_month), LAST):
            move = told[month], told[month + 1]
            if BEFORE not in move:
                moves[move] = moves.get(move, 0) + 1
    counted = found.moves.groupby(["state", "following"])["n"].sum().to_dict()
    assert counted == moves
    assert all(following in POSSIBLE[state] for state, following in moves)


def test_a_life_from_new_to_lost_and_back():
    active = [0, 1, 2, 4, 6, 8, 9, 20, 21]
    found = lifecycle_months(ledger_of(months(*active), dt.date(2024, 1, 31)), STAGES, records_begin="2020-01-01")
    path = [NEW, SATISFIED, SATISFIED, RETAINED, RETAINED, RETAINED]  # January to June
    path += [LONG_STANDING] * 5 + [DORMANT] * 2 + [LOST] * 7 + [RETURNED, SATISFIED, SATISFIED, DORMANT, DORMANT]
    counted = found.moves.groupby(["state", "following"])["n"].sum()
    pairs = pd.Series(list(pairwise(path))).value_counts()
    assert counted.to_dict() == pairs.to_dict()
    assert found.today.loc["a"].tolist() == [DORMANT, 3]


def test_old_records_are_followed_across_the_first_month_of_the_calendar_that_computers_keep():
    events = [("a", dt.date(1969, month, 5)) for month in (10, 11, 12)] + [("a", dt.date(1970, 1, 5))]
    found = lifecycle_months(ledger_of(events, dt.date(1970, 1, 31)), STAGES, records_begin="1960-01-01")
    assert found.today.loc["a"].tolist() == [RETAINED, 3]
    moves = set(zip(found.moves["state"], found.moves["following"], strict=True))
    assert moves == {(NEW, SATISFIED), (SATISFIED, SATISFIED), (SATISFIED, RETAINED)}


def test_many_different_months_are_counted_as_few_are(monkeypatch):
    ledger = ledger_of(
        [(who, day + dt.timedelta(days=31 * place)) for place, who in enumerate("abcab") for _, day in months(0, 1, 8)],
        AS_OF,
    )
    few = lifecycle_months(ledger, STAGES)
    monkeypatch.setattr(lifecycle, "_COUNTERS", 0)
    pd.testing.assert_frame_equal(lifecycle_months(ledger, STAGES).moves, few.moves)


def test_a_month_that_is_not_over_counts_for_those_who_ordered_in_it():
    orders = ledger_of([("a", "2024-01-05"), ("b", "2024-01-05"), ("b", "2024-03-02")], dt.date(2024, 3, 10))
    found = lifecycle_months(orders, STAGES, records_begin="2020-01-01")
    assert found.today["state"].to_dict() == {"a": NEW, "b": SATISFIED}
    assert found.moves["n"].sum() == 2


def test_one_customer_with_one_order_in_a_month_not_over_has_no_moves():
    found = lifecycle_months(ledger_of([("a", "2024-03-05")], dt.date(2024, 3, 10)), records_begin="2020-01-01")
    assert found.moves.empty
    assert found.months == 0
    assert found.today["state"].tolist() == [NEW]


def test_first_customers_are_not_new_unless_onboarding_or_the_start_says_so():
    orders, until = months(0, 1, 2), dt.date(2022, 3, 31)
    assert lifecycle_months(ledger_of(orders, until)).today["state"].tolist() == [BEFORE]
    since = {day: ibis.memtable({"customer_id": ["a"], "onboarded_on": [day]}) for day in ("2010-05-01", "2022-01-02")}
    states = {day: lifecycle_months(ledger_of(orders, until, customers=table)).today["state"].item()
              for day, table in since.items()}  # fmt: skip
    assert states == {"2010-05-01": LONG_STANDING, "2022-01-02": SATISFIED}


@pytest.mark.parametrize(
    "numbers",
    [{"dormant_after": 0}, {"dormant_after": 12}, {"lost_after": 3}, {"retained_after": 36}],
)
def test_stages_out_of_order_are_refused(numbers):
    with pytest.raises(Refused, match="must be"):
        Stages(**numbers)


def test_a_start_after_the_first_order_and_no_order_at_all_are_refused():
    with pytest.raises(Refused, match="earlier day"):
        lifecycle_months(ledger_of(months(0), dt.date(2022, 3, 31)), records_begin="2022-02-01")
    with pytest.raises(Refused, match="no order up to 2021-12-31"):
        lifecycle_months(ledger_of(months(0), dt.date(2021, 12, 31)))
