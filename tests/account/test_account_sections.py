"""What stands in the sections of an account's file, on cases small enough to count by hand."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.account.events import events
from clvlab.account.profile import profile
from clvlab.account.risk import cause_in_words, reasons, rhythm_in_words
from clvlab.account.service import failures, satisfaction_gaps, service
from clvlab.account.timeline import contract_events, timeline
from clvlab.features.service import service_kpis
from clvlab.refusal import Refused
from clvlab.satisfaction.answers import answers

TODAY = dt.date(2025, 12, 31)


def days(*texts: str | None) -> pd.Series:
    return pd.to_datetime(pd.Series(texts))


@pytest.fixture(scope="module")
def tables() -> dict[str, ibis.Table]:
    """Account a: three orders, one late and one still under way; a complaint, two contacts, a contract that ended."""
    shipments = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b"],
            "booked_at": days("2025-10-03", "2025-12-01", "2025-12-30", "2025-11-01"),
            "delivery_due_at": days("2025-10-05", "2025-12-03", "2026-01-02", "2025-11-03"),
            "delivered_at": days("2025-10-05", "2025-12-06", None, "2025-11-02"),
        }
    )
    contacts = pd.DataFrame(
        {
            "customer_id": ["a", "a"],
            "contacted_at": days("2025-11-10 09:00", "2025-12-20 10:00"),
            "kind": ["visit", "enquiry"],
            "answered_at": days(None, "2025-12-20 16:30"),
        }
    )
    complaints = pd.DataFrame(
        {
            "customer_id": ["a"],
            "complaint_id": ["k1"],
            "opened_at": days("2025-12-07"),
            "resolved_at": days(None),
            "category": ["late delivery"],
        }
    )
    contracts = pd.DataFrame(
        {
            "contract_id": ["v1", "v2"],
            "customer_id": ["a", "a"],
            "starts_on": days("2024-07-01", "2025-07-01"),
            "ends_on": days("2025-06-30", "2026-06-30"),
            "ended_on": days(None, "2025-11-30"),
            "end_reason": [None, "price"],
            "notice_days": [30.0, 90.0],
        }
    )
    named = {"shipments": shipments, "contacts": contacts, "complaints": complaints, "contracts": contracts}
    return {name: ibis.memtable(frame) for name, frame in named.items()}


# What happened ---------------------------------------------------------------------------------------------


def test_months_count_orders_and_what_failed_of_them(tables):
    frame = timeline(tables, "a", TODAY).to_frame().set_index("month")
    assert frame.index[0] == "2024-07", "the contract's beginning"
    assert frame.loc["2025-10":, "orders"].tolist() == [1, 0, 2]
    assert frame.loc["2025-10":, "failed"].tolist() == [0, 0, 1], "an order under way has not failed yet"
    assert frame.loc["2025-10":, "visits and calls"].tolist() == [0, 1, 0]
    assert frame.loc["2025-12", "complaints"] == 1


def test_what_the_records_do_not_tell_is_no_zero(tables):
    bare = {"shipments": tables["shipments"].select("customer_id", "booked_at")}
    found = timeline(bare, "a", TODAY)
    assert found.to_frame()["failed"].isna().all()
    assert "failed" not in repr(found)
    assert "complaints" not in repr(found)


def test_years_add_up_the_months(tables):
    assert "2025      3      1        33.3%" in repr(timeline(tables, "a", TODAY))


def test_the_picture_shows_lanes_that_there_are(tables):
    ax = timeline(tables, "a", TODAY).plot()
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert {"complaints", "visits and calls", "enquiries and quotes", "contract"} <= set(names)
    bare = {"shipments": tables["shipments"].select("customer_id", "booked_at")}
    assert len(timeline(bare, "b", TODAY).plot().get_yticklabels()) == 3


def test_an_account_without_anything_in_three_years_is_refused(tables):
    with pytest.raises(Refused, match="Nothing is recorded of this account in the 36 months"):
        timeline(tables, "a", dt.date(2030, 1, 1))


def test_a_contract_ends_when_it_was_closed_or_on_its_last_day(tables):
    found = contract_events(tables, "a", TODAY)
    assert [f"{row.day.date()} {row.event}" for row in found.itertuples()] == [
        "2024-07-01 contract v1 begins", "2025-06-30 contract v1 ends", "2025-07-01 contract v2 begins",
        "2025-11-30 contract v2 ends",
    ]  # fmt: skip


def test_the_latest_events_come_first_with_what_came_of_them(tables):
    rows = events(tables, "a", TODAY).to_frame().head(3)
    assert rows["event"].tolist() == ["enquiry", "complaint: late delivery", "contract v2 ends"]
    assert rows["what came of it"].tolist() == ["answered after 6.5 hours", "still open", "price"]


# Who they are ----------------------------------------------------------------------------------------------


def test_of_calls_that_nothing_came_of_the_last_is_told():
    contacts = pd.DataFrame(
        {"customer_id": "a", "kind": "call", "contacted_at": pd.date_range("2025-11-01", periods=9)}
    )
    rows = events({"contacts": ibis.memtable(contacts)}, "a", TODAY).to_frame()
    assert [f"{row.day.date()} {row.event}" for row in rows.itertuples()] == ["2025-11-09 call, the last one"]


def test_facts_that_are_not_on_file_have_no_row(tables):
    customers = pd.DataFrame(
        {"name": ["Acme"], "region": ["south"], "credit_rating": [None], "payment_terms_days": [30.0]}, index=["a"]
    )
    found = profile(tables, customers, "a", TODAY, "CNY", pd.Timestamp("2024-01-01"))
    text = repr(found)
    told = {"region", "30 days", "2024-01-01, 2.0 years", "none running", "credit rating"}
    assert {what for what in told if what in text} == told - {"credit rating"}


def test_branches_are_counted():
    customers = pd.DataFrame({"parent_id": [None, "a", "a"]}, index=["a", "b", "c"])
    assert "branches     2" in repr(profile({}, customers, "a", TODAY, "CNY", None))
    assert "belongs to     a" in repr(profile({}, customers, "b", TODAY, "CNY", None))


# Risk ------------------------------------------------------------------------------------------------------


def test_reasons_stand_with_the_strongest_first_and_what_lowers_last():
    drivers = pd.DataFrame(
        {
            "customer_id": "a", "covariate": list("vwxyz"), "label": list("vwxyz"), "cause": "service",
            "now": 1.0, "own_past": 0.0, "contribution": [0.2, 0.5, -0.3, 0.001, -0.02],
        }
    )  # fmt: skip
    frame = reasons(drivers, "a").to_frame()
    assert frame["what"].tolist() == ["w", "v", "z", "x"]
    assert frame["times_the_risk"].tolist() == pytest.approx(np.exp([0.5, 0.2, -0.02, -0.3]))
    with pytest.raises(Refused, match="Nothing sets the risk"):
        reasons(drivers, "b")


def test_a_lost_account_is_told_with_its_cause_and_without_a_next_order():
    told = rhythm_in_words(
        {"standing": "called lost", "last_on": pd.Timestamp("2025-01-01"), "silent_days": 1}, {}, TODAY
    )
    assert told == ["Called lost; last order on 2025-01-01, 1 day ago."]
    assert cause_in_words(pd.DataFrame({"customer_id": ["a"], "cause": [None]}), "a").startswith(
        "Why this account left"
    )


# Service ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def counted() -> pd.DataFrame:
    """Twenty accounts; a fails in 40 of 200, the others in 10 of 200; c was counted once."""
    codes = ["a", *(f"b{n}" for n in range(19)), "c"]
    opportunities, failed = [200] * 20 + [1], [40] + [10] * 19 + [1]
    counts = pd.DataFrame(
        {"customer_id": codes, "date": dt.date(2025, 11, 30), "kpi": "data entry accuracy",
         "opportunities": opportunities, "failures": failed},
    )  # fmt: skip
    return failures(service_kpis({"kpi_counts": ibis.memtable(counts)}, TODAY, by="customer_id", days=365))


def test_failures_are_counted_and_their_share_drawn_towards_all(counted):
    row = counted.set_index("customer_id").loc["a"]
    assert (row["failures"], row["opportunities"]) == (40, 200)
    assert row["lower"] < row["failed_share"] < 0.2
    once_only = counted.set_index("customer_id").loc["c"]
    assert once_only["failed_share"] < 0.5, "one failure of one tells little"


def test_only_what_is_beyond_doubt_is_called_worse(counted):
    assert service(counted, "a").to_frame()["beside all"].tolist() == ["worse"]
    assert service(counted, "c").to_frame()["beside all"].tolist() == [""]
    with pytest.raises(Refused, match="No service indicator"):
        service(counted, "nobody")


def test_one_answer_says_less_of_an_account_than_many():
    rng = np.random.default_rng(1)
    rows = [("many", 3.0)] * 30 + [("one", 3.0)] + [(f"x{n % 20}", 8.0) for n in range(100)]
    surveys = pd.DataFrame(rows, columns=["customer_id", "perception"])
    surveys["perception"] = (surveys["perception"] + rng.normal(0, 1, len(surveys))).clip(1, 10)
    surveys = surveys.assign(expectation=8.0, item="speed", scale_max=10,
                             sent_on=pd.date_range("2025-02-01", periods=len(surveys)))  # fmt: skip
    found = satisfaction_gaps(answers(surveys, TODAY)).set_index("customer_id")
    assert found.loc[["many", "one"], "answers"].tolist() == [30, 1]
    assert found.loc["many", "gap"] < found.loc["one", "gap"] < found.loc["one", "all_customers"]
    width = found["upper"] - found["lower"]
    assert width["one"] > width["many"]
