"""What to do next follows from the lists and the watch list, and never goes against them."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from clvlab.account.keeping import lost, talks_by, watched
from clvlab.account.steps import NONE, Step, listed, on_file, overdue, ranked
from clvlab.results import Note
from clvlab.retention.in_words import NOT_CLEAR

TODAY = dt.date(2025, 12, 31)
WATCHED = {
    "place": 3.0,
    "at_stake": 900.0,
    "at_stake_lower": 100.0,
    "at_stake_upper": 2000.0,
    "likely_cause": NOT_CLEAR,
}


def doing(result) -> list[str]:
    return [] if isinstance(result, Note) else result.to_frame()["do"].tolist()


# One step at a time ----------------------------------------------------------------------------------------


def test_the_most_money_comes_first_and_what_has_none_last():
    found = ranked(
        [Step("verify", "old"), Step("collect", "late", 10.0), Step("keep", "risk", 90.0, 5.0, 200.0)], "CNY"
    )
    assert doing(found) == ["keep", "collect", "verify"]
    assert "90 (5 to 200)" in repr(found)


@pytest.mark.parametrize(
    ("name", "money_is", "wanted", "cost"),
    [
        ("invest", "could be won, a year", "Invest", 70.0),
        ("fix", "value at stake", "Fix the service", 30.0),
        ("fix", "loss ended, a year", "Fix the loss", NONE),
        ("let go", "loss ended, a year", "Let go", NONE),
    ],
)
def test_each_list_asks_for_its_step_with_its_money(name, money_is, wanted, cost):
    row = {
        "list": name,
        "money_is": money_is,
        "reason": "Because.",
        "money": 5.0,
        "money_lower": 1.0,
        "money_upper": 9.0,
    }
    step = listed(row, {"cultivation_cost": 70.0, "cost_to_close": 30.0})
    assert step.what.startswith(wanted)
    assert (step.money, step.lower, step.upper, step.why) == (5.0, 1.0, 9.0, "Because.")
    assert step.cost == pytest.approx(cost, nan_ok=True)


def test_a_call_is_asked_for_where_more_is_at_stake_than_it_costs():
    [step] = watched(WATCHED, 40, 40.0, 0, "", {})
    assert (step.what, step.money, step.cost) == ("Call before they leave", 900.0, 40.0)
    assert step.why == "Place 3 of 40 on the watch list."
    assert watched(WATCHED | {"at_stake": 30.0}, 40, 40.0, 0, "", {}) == []


def test_a_call_where_acting_clearly_does_not_pay_is_not_asked_for():
    acting = {"acting": "does not pay", "profit": -80.0, "profit_lower": -120.0, "profit_upper": -10.0}
    assert watched(WATCHED, 40, 40.0, 0, "", acting) == []
    [step] = watched(WATCHED, 40, 40.0, 0, "", acting | {"acting": "not clear", "profit": 50.0, "profit_upper": 90.0})
    assert "acting on it is expected to earn 50 (-120 to 90)" in step.why


def test_complaints_are_settled_before_talking():
    assert [
        watched(WATCHED, 40, NONE, n, by, {})[0].what for n, by in [(1, ""), (2, "2026-02-01"), (0, "2026-02-01")]
    ] == [
        "Settle 1 open complaint, then call",
        "Settle 2 open complaints, then open renewal talks before 2026-02-01",
        "Open renewal talks before 2026-02-01",
    ]


@pytest.mark.parametrize(
    ("ends", "ended", "notice", "wanted"),
    [
        ("2026-03-31", None, 30.0, "2026-03-01"),
        ("2026-01-10", None, 30.0, "2025-12-31"),
        ("2026-03-31", None, None, "2026-03-31"),
        ("2027-03-31", None, 30.0, ""),
        ("2026-03-31", "2025-11-30", 30.0, ""),
        ("2025-11-30", None, 30.0, ""),
    ],
)
def test_renewal_is_talked_about_before_notice_may_be_given(ends, ended, notice, wanted):
    contracts = pd.DataFrame({
        "starts_on": pd.to_datetime(["2025-01-01"]), "ends_on": pd.to_datetime([ends]),
        "ended_on": pd.to_datetime([ended]), "notice_days": [notice],
    })  # fmt: skip
    assert talks_by(contracts, TODAY, 6) == wanted


def test_overdue_invoices_are_collected():
    invoices = pd.DataFrame({
        "amount": [100.0, 50.0, -20.0, 70.0],
        "due_on": pd.to_datetime(["2025-12-01", "2025-12-20", "2025-12-01", "2026-02-01"]),
        "paid_on": pd.to_datetime([None] * 4), "disputed": [True, False, False, False],
    })  # fmt: skip
    [step] = overdue(invoices, TODAY)
    assert (step.what, step.money) == ("Collect 2 overdue invoices", 150.0)
    assert step.why == "The oldest is 30 days past its due day. Disputed, to be settled first: 1."
    assert overdue(invoices.assign(paid_on=pd.Timestamp("2025-12-02")), TODAY) == []
    assert overdue(pd.DataFrame(), TODAY) == []


def test_who_brought_no_profit_is_not_won_back():
    assert lost(pd.Timestamp("2025-01-01"), -5.0, pd.DataFrame()).what == "Close the account"
    returns = pd.DataFrame({"months": [6, 12], "share": [0.1, 0.3], "lower": [0.05, 0.2], "upper": [0.2, 0.4]})
    assert "30% (20% to 40%) come back within 12 months" in lost(pd.Timestamp("2025-01-01"), 50.0, returns).why


def test_what_is_missing_on_file_is_asked_for():
    assert [step.what for step in on_file({}, True, True)] == [
        "Name an account manager",
        "Ask for today's logistics spend",
    ]
    assert on_file({}, False, False) == on_file({"account_manager": "Li"}, True, False) == []


# All accounts of a market ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def steps_of(accounts) -> dict[str, list[str]]:
    return {code: doing(accounts.of(code).next_steps) for code in accounts.customers.index}


def test_nobody_to_be_let_go_is_called_or_invested_in(accounts, steps_of):
    lists = accounts.lists["list"]
    for code, steps in steps_of.items():
        kinds = {step.split()[0] for step in steps}
        if lists.get(code) == "let go":
            assert not kinds & {"Call", "Settle", "Open", "Invest:", "Win"}
        assert ("Let" in kinds) == (lists.get(code) == "let go")
        assert ("Invest:" in kinds) == (lists.get(code) == "invest")
        assert ("Fix" in kinds) == (lists.get(code) == "fix")


def test_the_money_is_that_of_the_lists_and_the_watch_list(accounts, small_study, steps_of):
    watch = small_study.watch_list.to_frame().set_index("customer_id")
    lists = small_study.playbook.lists.to_frame().set_index("customer_id")
    called = 0
    for code in watch.index:
        rows = accounts.of(code).next_steps
        if isinstance(rows, Note):
            continue
        frame = rows.to_frame()
        at_stake = frame[frame["money_is"] == "margin at stake"]
        called += len(at_stake)
        assert (at_stake["money"] == watch.loc[code, "at_stake"]).all()
        if code in lists.index:
            assert lists.loc[code, "money"] in frame["money"].tolist()
    assert called > 10


def test_a_lost_account_is_won_back_or_closed(accounts, steps_of):
    gone = accounts.standing.index[accounts.standing["standing"] == "called lost"]
    assert len(gone)
    for code in gone:
        assert {"Win", "Close"} & {step.split()[0] for step in steps_of[code]}
        assert "Call before they leave" not in steps_of[code]


def test_the_steps_are_a_list_beside_the_report(accounts):
    found = next(one for code in accounts.customers.index if not isinstance(one := accounts.of(code).next_steps, Note))
    assert found.list_name == "next_steps"
