"""The yearly round: every question has its answer in a sentence, or says in one line what it needs."""

import datetime as dt

import ibis
import pandas as pd
import pytest

from clvlab.clv.valuing.ranges import Range
from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import Classes
from clvlab.tiers.classes.yearly_questions import (
    complained_again,
    largest_back,
    most_wanted,
    to_consult,
    who_are,
    yearly_questions,
)

AS_OF = dt.date(2025, 12, 31)
CODES = pd.Index([f"c{i}" for i in range(5)], name="customer_id")
REVENUE = pd.Series([100.0, 80.0, 60.0, 0.0, 10.0], CODES, name="revenue")
BEFORE = pd.Series([50.0, 0.0, 60.0, 90.0, 10.0], CODES, name="revenue")
CUSTOMERS = ibis.memtable({"customer_id": [*CODES], "name": ["Ann", "Ben", "Cem", "Dan", None]})
ABC = Classes("ABC by revenue", pd.Series(["A", "B", "B", "C", "C"], CODES), {"A": "", "B": "", "C": ""},
              pd.DataFrame({"revenue": REVENUE}))  # fmt: skip


def complaints(*rows: tuple[str, str]) -> ibis.Table:
    frame = pd.DataFrame(rows, columns=["customer_id", "opened_at"])
    return ibis.memtable(frame.assign(opened_at=pd.to_datetime(frame["opened_at"]), resolved_at=pd.NaT))


def leads(won: int, lost: int, *still: tuple[str, float, str]) -> ibis.Table:
    """Older leads for new customers won after 40 and 60 days or lost, and open ones as (opened, price, kind)."""
    rows = [("2024-01-01", f"2024-{'02-10' if i % 2 else '03-01'}", 1.0, "new") for i in range(won)]
    rows += [("2024-01-01", None, 1.0, "new")] * lost + [(day, None, price, kind) for day, price, kind in still]
    rows.append(("2025-01-01", "2025-01-31", 1.0, "renewal"))
    frame = pd.DataFrame(rows, columns=["opened_on", "won_on", "quoted_price", "kind"])
    for name in ("opened_on", "won_on"):
        frame[name] = pd.to_datetime(frame[name])
    return ibis.memtable(frame.assign(lead_id=[f"l{i:03}" for i in range(len(frame))]))


def test_leads_are_ranked_by_price_times_chance_and_renewals_are_not_won():
    table = leads(20, 60, ("2025-12-30", 1000.0, "new"), ("2025-12-30", 3000.0, "new"), ("2025-12-30", 9e9, "renewal"))
    sentence, rows = most_wanted({"leads": table}, AS_OF)
    frame = rows.to_frame()
    assert frame["quoted_price"].tolist() == [3000.0, 1000.0]
    assert frame["chance"].tolist() == pytest.approx([0.25, 0.25], abs=0.02)
    assert sentence.startswith("Lead l081: ")


def test_a_lead_open_for_longer_than_half_of_the_winners_took_has_less_of_a_chance():
    table = leads(20, 60, ("2025-12-30", 1.0, "new"), ("2025-11-11", 1.0, "new"))
    frame = most_wanted({"leads": table}, AS_OF)[1].to_frame().set_index("open_days")
    fresh, old = frame.loc[1, "chance"], frame.loc[50, "chance"]
    assert old == pytest.approx(fresh * 0.5 / (1 - fresh * 0.5))


def test_expected_margin_is_revenue_times_the_rate_with_its_error():
    table, one = leads(20, 60, ("2025-12-30", 1000.0, "new")), pd.Series([0.2])
    revenue = most_wanted({"leads": table}, AS_OF)[1].to_frame().iloc[0]
    margin = most_wanted({"leads": table}, AS_OF, Range(one, one / 2, one * 2))[1].to_frame().iloc[0]
    assert margin["expected"] == pytest.approx(0.2 * revenue["expected"])
    assert margin["expected_upper"] / margin["expected"] > revenue["expected_upper"] / revenue["expected"]


def test_large_customers_who_complained_again_are_listed_with_what_is_open():
    tables = {
        "customers": CUSTOMERS,
        "complaints": complaints(
            ("c0", "2025-03-01"), ("c0", "2025-04-01"), ("c1", "2025-03-01"), ("c1", "2023-03-01"),
            ("c4", "2025-03-01"), ("c4", "2025-03-02"),
        ),
    }  # fmt: skip
    sentence, rows = complained_again(tables, AS_OF, REVENUE, share=0.5)
    assert rows.to_frame()[["name", "complaints", "open"]].to_numpy().tolist() == [["Ann", 2, 2]]
    assert sentence.startswith("1 of the 2 largest")


def test_the_largest_of_the_year_before_came_back_or_did_not():
    sentence, rows = largest_back({"customers": CUSTOMERS}, REVENUE, BEFORE, most=3)
    frame = rows.to_frame()
    assert frame["name"].tolist() == ["Dan", "Cem", "Ann"]
    assert frame["came_back"].tolist() == [False, True, True]
    assert "Dan, did not come back; 2 of the first 3" in sentence


def test_classes_add_up_and_name_their_largest():
    sentence, rows = who_are({"customers": CUSTOMERS}, ABC, REVENUE)
    frame = rows.to_frame().set_index("class")
    assert frame["revenue"].sum() == REVENUE.sum()
    assert frame["largest"].to_dict() == {"A": "Ann", "B": "Ben; Cem", "C": "c4"}
    assert sentence == "A: 1 customer, B: 2 customers, C: 2 customers."


def test_equal_amounts_are_ranked_by_customer_however_they_come():
    amount = pd.Series(1.0, CODES[::-1], name="revenue")
    assert to_consult({"customers": CUSTOMERS}, amount, most=2)[1].to_frame()["customer_id"].tolist() == ["c0", "c1"]


def test_every_question_is_answered_or_says_what_it_needs():
    found = yearly_questions({"customers": CUSTOMERS.drop("name")}, AS_OF, REVENUE, None, lambda: ABC).answers
    assert [answer.table is None for answer in found] == [True, True, True, False, False]
    assert [answer.sentence.startswith("It needs") for answer in found[:3]] == [True] * 3
    assert found[4].to_frame()["name"].tolist() == ["c0", "c1", "c2", "c4"]
    for answer in found:
        assert answer.question in repr(answer)
        assert answer._repr_html_()


@pytest.mark.parametrize("number", [1, 40])
def test_a_few_customers_are_answered_too(number):
    codes = pd.Index([f"c{i}" for i in range(number)], name="customer_id")
    alike = pd.Series(5.0, codes, name="orders")
    abc = Classes("ABC", pd.Series("A", codes), {"A": ""}, pd.DataFrame(index=codes))
    tables = {"customers": ibis.memtable({"customer_id": [*codes]}), "complaints": complaints(("c0", "2025-03-01"))}
    found = yearly_questions(tables, AS_OF, alike, alike, lambda: abc).answers
    assert [len(answer.to_frame()) for answer in found] == [0, 0, min(number, 10), 1, min(number, 10)]


def test_nothing_above_0_and_no_open_lead_are_refused():
    with pytest.raises(Refused, match="Nobody has revenue above 0"):
        to_consult({"customers": CUSTOMERS}, REVENUE * 0)
    with pytest.raises(Refused, match="open leads"):
        most_wanted({"leads": leads(3, 3)}, AS_OF)
    with pytest.raises(Refused, match="needs the table leads"):
        most_wanted({"leads": leads(3, 3).drop("quoted_price")}, AS_OF)


def test_leads_that_promise_nothing_are_no_answer():
    free = leads(3, 3, ("2025-12-01", 0.0, "new"))
    with pytest.raises(Refused, match="none is expected to bring anything"):
        most_wanted({"leads": free}, AS_OF)


def test_a_class_that_cannot_be_made_leaves_the_other_questions_their_answers():
    def nobody() -> Classes:
        raise Refused("Nobody has revenue to be classed by.")

    found = yearly_questions({"customers": CUSTOMERS}, AS_OF, REVENUE, None, nobody).answers
    assert found[3].sentence == "Nobody has revenue to be classed by."
    assert found[4].table is not None
