"""Gaps are what lies beyond chance, in money, and what the records do not tell is said."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from playbook_cases import AS_OF, accounts, contacts

from clvlab.assumptions import Assumptions
from clvlab.refusal import Refused
from clvlab.tiers.playbook.gaps import gaps
from clvlab.tiers.playbook.received import contacts_by_us

PRICED = Assumptions(unit_costs={"visit": 460.0, "call": 40.0})


def found_of(tables, frame, assumptions=PRICED):
    return gaps(tables, AS_OF, frame, assumptions, "CNY")


def one(found, customer, entitlement):
    frame = found.to_frame()
    return frame[(frame["customer_id"] == customer) & (frame["entitlement"] == entitlement)].iloc[0]


def test_two_visits_instead_of_four_are_no_gap_and_none_instead_of_twelve_are():
    found = found_of(
        {"contacts": contacts(("c1", "visit", 2), ("c2", "call", 24))}, accounts(tier=["important", "core"])
    )
    near, far = one(found, "c1", "visits"), one(found, "c2", "visits")
    assert near["direction"] == "under"
    assert not near["clear"]
    assert far["clear"]
    assert far["chance"] < 1e-4
    assert found.under().to_frame()["customer_id"].tolist()[:1] == ["c2"]


def test_money_is_the_visits_beyond_the_entitlement_at_their_price():
    found = found_of({"contacts": contacts(("c1", "visit", 30), ("c1", "call", 12))}, accounts(tier=["important"]))
    over = found.over().to_frame().iloc[0]
    assert over["costs_beyond"] == pytest.approx(26 * 460)
    assert over["gaps"] == "visits 30 (due 4)"


def test_without_a_price_the_recorded_cost_counts_and_the_remark_says_so():
    found = found_of({"contacts": contacts(("c1", "visit", 30))}, accounts(tier=["important"]), Assumptions())
    assert one(found, "c1", "visits")["money"] == pytest.approx(26 * 400)
    assert "One visit costs 400 (mean of those recorded)." in found.remarks


def test_without_any_price_money_is_missing_and_the_account_still_listed():
    table = contacts(("c1", "visit", 30)).drop("cost")
    found = found_of({"contacts": table}, accounts(tier=["important"]), Assumptions())
    assert found.over().to_frame()["costs_beyond"].isna().all()
    assert found.by_tier().to_frame()["costs_beyond"].isna().all()
    assert any("neither assumed nor recorded" in remark for remark in found.remarks)
    with pytest.raises(Refused, match="No gap has a price"):
        found.plot()


def test_a_customer_of_half_a_year_is_owed_half_of_the_visits():
    customers = ibis.memtable(pd.DataFrame({"customer_id": ["c1"], "onboarded_on": [dt.date(2025, 7, 2)]}))
    found = found_of({"contacts": contacts(("c0", "visit", 2)), "customers": customers}, accounts(tier=["core"]))
    assert one(found, "c1", "visits")["entitled"] == pytest.approx(12 * 183 / 365)


def test_what_the_customer_began_or_lies_over_a_year_back_is_none_of_our_contacts():
    began = contacts(("c1", "visit", 3)).mutate(initiated_by=ibis.literal("customer"))
    assert contacts_by_us({"contacts": began}, AS_OF).counts.empty
    assert contacts_by_us({"contacts": contacts(("c1", "visit", 3))}, dt.date(2027, 12, 31)).counts.empty


def test_few_of_the_gaps_called_clear_are_chance_when_all_get_what_they_are_entitled_to():
    rng = np.random.default_rng(1)
    frame = accounts(tier=["core"] * 150)
    rows = [(who, kind, int(n)) for kind, mean in (("visit", 12), ("call", 24))
            for who, n in zip(frame.index, rng.poisson(mean, 150), strict=True)]  # fmt: skip
    found = found_of({"contacts": contacts(*rows)}, frame).to_frame()
    assert found["clear"].sum() <= 3  # with a 5% test each there would be about 15
    assert (found["direction"] != "").mean() > 0.8


def enquiries(hours: list[float]) -> ibis.Table:
    begin = pd.Timestamp("2025-05-05 09:00")
    answered = [begin + pd.Timedelta(hours=h) if h == h else None for h in hours]
    frame = pd.DataFrame({"customer_id": "c1", "kind": "enquiry", "contacted_at": begin, "answered_at": answered})
    return ibis.memtable(frame.astype({"contacted_at": "datetime64[us]", "answered_at": "datetime64[us]"}))


def test_late_answers_count_against_the_tiers_own_limit():
    table = {"contacts": enquiries([3.0] * 10)}
    core, regular = (found_of(table, accounts(tier=[tier])) for tier in ("core", "regular"))
    assert one(core, "c1", "answer to an enquiry")["received"] == 0
    assert one(core, "c1", "answer to an enquiry")["clear"]
    assert one(regular, "c1", "answer to an enquiry")["direction"] == ""


def test_an_unanswered_enquiry_is_late_and_one_late_answer_of_two_is_chance():
    late = one(found_of({"contacts": enquiries([1.0, float("nan")])}, accounts(tier=["core"])), "c1",
               "answer to an enquiry")  # fmt: skip
    assert late["received"] == 50
    assert not late["clear"]


def test_complaints_are_answered_by_their_first_response():
    begin = pd.Timestamp("2025-05-05 09:00")
    frame = pd.DataFrame({"customer_id": "c1", "opened_at": [begin] * 6,
                          "first_response_at": [begin + pd.Timedelta(hours=30)] * 6})  # fmt: skip
    frame = frame.astype({"opened_at": "datetime64[us]", "first_response_at": "datetime64[us]"})
    found = found_of({"complaints": ibis.memtable(frame)}, accounts(tier=["important"]))
    assert one(found, "c1", "answer to a complaint")["clear"]


def file(**columns: list) -> dict[str, ibis.Table]:
    frame = pd.DataFrame(columns)
    return {"customers": ibis.memtable(frame.assign(customer_id=[f"c{i + 1}" for i in range(len(frame))]))}


def test_terms_on_file_are_compared_as_they_stand():
    tables = file(priority_class=["C", "A", "B"], payment_terms_days=[30, 90, 30], retention_level=["financial"] * 3)
    frame = accounts(tier=["core", "regular", "important"], revenue=[365_250.0] * 3)
    found = found_of(tables, frame)
    assert one(found, "c1", "priority")["direction"] == "under"
    assert one(found, "c2", "priority")["direction"] == "over"
    assert one(found, "c2", "payment term")["money"] == pytest.approx(0.06 * 60 * 1_000)
    assert one(found, "c3", "tie")["direction"] == "under"
    assert found.to_frame()["chance"].isna().all()


def test_a_closer_tie_or_a_manager_with_few_accounts_is_no_waste_and_neither_lack_alone_lists_an_account():
    tables = file(retention_level=["structural", "financial"], account_manager=["Li", "Li"])
    found = found_of(tables, accounts(tier=["regular", "core"]))
    assert found.over().to_frame().empty
    assert found.under().to_frame().empty
    assert one(found, "c2", "tie")["clear"]


def test_priority_classes_in_words_have_no_known_order():
    tables = file(priority_class=["high", "low"], payment_terms_days=[30, 30])
    found = found_of(tables, accounts(tier=["core", "core"]))
    assert "priority" not in set(found.to_frame()["entitlement"])
    assert any("high, low is not known" in remark for remark in found.remarks)


def test_the_under_served_with_most_at_stake_come_first():
    table = {"contacts": contacts(("c9", "visit", 2))}
    found = found_of(table, accounts(tier=["core", "core"], at_stake=[10.0, 900.0])).under().to_frame()
    assert found["customer_id"].tolist() == ["c2", "c1"]
    assert found["at_stake"].tolist() == [900.0, 10.0]


def test_one_customer_is_compared_and_none_to_compare_is_refused():
    assert len(found_of({"contacts": contacts(("c1", "visit", 1))}, accounts(tier=["core"])).to_frame()) == 2
    with pytest.raises(Refused, match="Gaps need a tier, and contacts, complaints or terms"):
        found_of(file(name=["A"]), accounts(tier=["core"]))
    with pytest.raises(Refused, match="Gaps need a tier"):
        found_of({"contacts": contacts(("c1", "visit", 1))}, accounts(tier=["not known"]))


def test_accounts_without_a_tier_and_tables_that_are_absent_are_said():
    told = " ".join(found_of(file(payment_terms_days=[30, 30]), accounts(tier=["core", "not known"])).remarks)
    assert "1 account without a known tier" in told
    assert "Visits and calls need the table contacts" in told
    assert "do not tell of any answer to an enquiry" in told


def test_the_figure_states_both_sums():
    table = {"contacts": contacts(("c1", "visit", 30), ("c1", "call", 12))}
    title = found_of(table, accounts(tier=["important", "core"])).plot().get_figure().get_suptitle()
    assert title.startswith("1 account cost")
    assert "would cost" in title
