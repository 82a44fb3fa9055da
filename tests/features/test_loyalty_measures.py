"""How loyalty shows: pooled satisfaction, wallet share, renewals, intentions, referrals, and what is absent."""

import datetime as dt

import ibis
import pandas as pd
import pytest

from clvlab.features.ledger import Ledger
from clvlab.features.loyalty_measures import loyalty_measures, satisfaction
from clvlab.refusal import Refused

AS_OF = dt.date(2025, 12, 31)


def surveys(*rows: tuple[str, str, float | None, float]) -> ibis.Table:
    """Answers as (customer, day, overall, recommend) on a scale of ten."""
    frame = pd.DataFrame(rows, columns=["customer_id", "answered_on", "overall", "recommend"])
    return ibis.memtable(frame.assign(answered_on=pd.to_datetime(frame["answered_on"]), scale_max=10.0))


def test_satisfaction_is_drawn_together_the_more_the_fewer_answers():
    often = [("a", "2025-06-01", 9.0, 9.0), ("a", "2025-06-02", 8.0, 9.0)] * 10
    found = satisfaction(surveys(*often, ("b", "2025-06-01", 2.0, 2.0), ("c", "2025-06-01", 7.0, 7.0)), AS_OF)
    assert found["answers"].to_dict() == {"a": 20, "b": 1, "c": 1}
    assert found.loc["a", "satisfaction"] == pytest.approx(0.85, abs=0.02)
    assert 0.2 < found.loc["b", "satisfaction"] < 0.6
    assert (found["satisfaction_upper"] - found["satisfaction_lower"]).idxmin() == "a"


def test_old_answers_later_ones_and_those_above_the_scale_do_not_count():
    table = surveys(("a", "2024-01-01", 9.0, 9.0), ("b", "2026-01-01", 9.0, 9.0), ("c", "2025-06-01", 88.0, 9.0),
                    ("d", "2025-06-01", None, 9.0), ("e", "2025-06-01", 7.0, 9.0))  # fmt: skip
    assert satisfaction(table, AS_OF).index.tolist() == ["e"]


def test_no_answer_and_no_column_are_refused():
    with pytest.raises(Refused, match="Nobody answered"):
        satisfaction(surveys(("a", "2020-01-01", 9.0, 9.0)), AS_OF)
    with pytest.raises(Refused, match="needs overall"):
        satisfaction(surveys(("a", "2025-01-01", 9.0, 9.0)).drop("overall"), AS_OF)


def test_measures_are_as_counted_by_hand():
    tables = {
        "customers": ibis.memtable(
            {"customer_id": ["a", "b"], "logistics_spend": [100.0, None], "referred_by": [None, "a"]}
        ),
        "invoices": ibis.memtable(
            {"customer_id": ["a", "a", "b"], "issued_on": ["2025-02-01", "2023-02-01", "2025-02-01"],
             "amount": [40.0, 70.0, 5.0]}
        ),
        "contracts": ibis.memtable(
            pd.DataFrame({"customer_id": ["a", "a", "a"], "end_reason": ["renewed", "price", None],
                          "ended_on": pd.to_datetime(["2024-01-31", "2025-01-31", None])})
        ),
        "surveys": surveys(("b", "2025-06-01", 9.0, 6.0), ("b", "2025-07-01", 9.0, 8.0)),
    }  # fmt: skip
    found, lacks = loyalty_measures(Ledger(tables, AS_OF))
    assert lacks == []
    assert found.loc["a", ["wallet_share", "renewed", "renewals", "referrals"]].tolist() == [0.4, 1, 2, 1]
    assert found.loc["b", "recommend"] == pytest.approx(0.7)
    assert found.loc["b", ["wallet_share", "renewals"]].isna().all()


def test_what_is_absent_is_switched_off_by_one_line_each():
    tables = {
        "customers": ibis.memtable({"customer_id": ["a"]}),
        "shipments": ibis.memtable({"customer_id": ["a"], "booked_at": pd.to_datetime(["2025-01-01"])}),
    }
    found, lacks = loyalty_measures(Ledger(tables, AS_OF))
    assert found.index.tolist() == ["a"]
    assert found.columns.empty
    assert [line.split()[0] for line in lacks] == ["Wallet", "Renewal", "Recommendation", "Referral"]
