"""Credit costs the capital tied up until customers pay, and what some will never pay."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.features.credit_cost import Credit, credit
from clvlab.features.ledger import Ledger

AS_OF = dt.date(2025, 12, 31)


def back(days: int) -> dt.date:
    return AS_OF - dt.timedelta(days=days)


def invoices(*rows: tuple, **columns: list) -> ibis.Table:
    """Invoices of (customer, issued, due and paid so many days ago or None)."""
    days = [[None if ago is None else back(ago) for ago in row[1:]] for row in rows]
    frame = pd.DataFrame(days, columns=["issued_on", "due_on", "paid_on"])
    frame = frame.assign(customer_id=[row[0] for row in rows], amount=1000.0, **columns)
    kinds = {"customer_id": "string", "amount": "float64", "issued_on": "date", "due_on": "date", "paid_on": "date"}
    return ibis.memtable(frame, schema=kinds | ({"kind": "string"} if "kind" in columns else {}))


def credit_of(table: ibis.Table, rate: float = 0.06) -> Credit:
    return credit(Ledger({"invoices": table}, AS_OF).invoices, AS_OF, rate)


def costs(table: ibis.Table, rate: float = 0.06) -> pd.DataFrame:
    source = credit_of(table, rate).source
    return pd.DataFrame({name: source.total(source[name]) for name in ("capital_cost", "expected_loss")})


def payers(customer: str, paid: int, lost: int) -> list[tuple]:
    """Old invoices, a month's credit each: paid on the due day, or never."""
    return [(customer, 730, 700, 700)] * paid + [(customer, 730, 700, None)] * lost


def test_capital_is_tied_up_from_issue_to_payment_or_until_now():
    found = costs(invoices(("a", 130, 100, 65), ("b", 65, 35, None), ("c", 130, 100, 130)))
    daily = 1.06 ** (1 / 365.25) - 1
    np.testing.assert_allclose(found["capital_cost"], [65_000 * daily, 65_000 * daily, 0.0])


def test_tax_is_owed_too_and_credit_notes_free_nothing():
    table = invoices(("a", 30, 0, 0), ("a", 30, 0, 0), kind=["freight", "tax"])
    assert costs(table)["capital_cost"].sum() == pytest.approx(
        2 * costs(invoices(("a", 30, 0, 0)))["capital_cost"].sum()
    )
    credit_note = table.mutate(amount=-table.amount)
    assert len(credit_of(credit_note).source) == 0


def test_an_open_tax_invoice_may_be_lost_like_any_other():
    record = payers("a", 50, 50)
    table = invoices(*record, ("b", 30, 0, None), kind=["freight"] * len(record) + ["tax"])
    assert 0 < costs(table).loc["b", "expected_loss"] < 1000


def test_what_is_paid_is_no_loss_and_what_is_half_a_year_overdue_is_lost_in_full():
    found = costs(invoices(*payers("a", 50, 0), *payers("b", 49, 1)))
    assert found["expected_loss"].to_list() == [0.0, 1000.0]


def test_the_longer_overdue_the_likelier_lost():
    record = payers("a", 200, 3) + [("a", 730, 700, 700 - late) for late in (20, 40, 50, 70, 80, 120)]
    ages = [-10, 10, 40, 70, 100, 200]
    losses = [costs(invoices(*record, ("z", 300, age, None))).loc["z", "expected_loss"] for age in ages]
    assert losses == sorted(losses)
    assert losses[-1] == 1000.0


def test_a_short_record_borrows_and_a_long_one_speaks_for_itself():
    rest = [row for i in range(30) for row in payers(f"r{i}", 20, i % 3 == 0)]
    record = [*rest, *payers("long", 60, 40), *payers("short", 1, 1)]
    now = [(customer, 20, -10, None) for customer in ("long", "short", "new")]
    found = costs(invoices(*record, *now))["expected_loss"]
    due = found[["long", "short", "new"]] - [40_000, 1_000, 0]
    assert 0.3 < due["long"] / 1000 < 0.45
    assert due["new"] < due["short"] < 0.5 * 1000


def test_records_that_do_not_follow_payment_say_so():
    table = invoices(("a", 30, 0, 0))
    assert credit(None, AS_OF, 0.06).source is None
    assert credit_of(table.drop("paid_on")).source is None
    assert credit_of(table.drop("due_on")).remarks == ["Expected loss needs due_on in invoices; none is counted."]
    assert "due 180 days ago or longer" in credit_of(table).remarks[0]
    untold = credit_of(invoices(*payers("a", 5, 1), ("a", 30, None, None)))
    assert untold.remarks == [
        "Of 6 invoices due 180 days ago or longer, 1 stayed unpaid for 180 days.",
        "1 invoices of 1,000 in all carry neither a due nor a payment date: no credit is counted for them.",
    ]


def test_free_capital_costs_nothing():
    assert costs(invoices(("a", 130, 100, 65)), rate=0.0)["capital_cost"].sum() == 0
