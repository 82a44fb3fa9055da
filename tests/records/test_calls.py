"""Notes on calls and people's own judgement come in, and come back when their day has come."""

from __future__ import annotations

from datetime import date

import pytest
from folders import cases, folder, records_of

HEADER = "customer_id,noted_on,noted_by,outcome,probability,valid_until,reason\n"


@pytest.fixture
def take(tmp_path):
    return lambda **tables: records_of(folder(tmp_path / "in", **tables), tmp_path / "out")


def test_a_note_is_known_from_its_day_on(take):
    records = take(calls=HEADER + "C1,2025-01-05,Li,stays,0.1,2025-02-01,new contract\nC1,2025-01-09,Li,leaves,,,\n")
    assert records["calls"].count().execute() == 2
    assert records.at(date(2025, 1, 5))["calls"].execute()["outcome"].tolist() == ["stays"]
    assert records.at(date(2025, 1, 4))["calls"].count().execute() == 0


def test_a_note_needs_no_more_than_who_when_and_what(take):
    records = take(calls="customer_id,noted_on,outcome\nC1,2025-01-05,Not Reached\nC2,2025-01-05,stays\n")
    assert cases(records) == []
    assert records["calls"].execute()["outcome"].tolist() == ["not reached", "stays"]


def test_two_people_may_note_on_one_day_and_one_person_once(take):
    rows = "C1,2025-01-05,Li,stays,,,\nC1,2025-01-05,Wu,leaves,,,\nC1,2025-01-05,Li,undecided,,,\n"
    assert [case[1:4] for case in cases(take(calls=HEADER + rows))] == [(4, "customer_id", "key used before")]


def test_percentages_unknown_outcomes_and_ends_before_the_note_are_set_aside(take):
    rows = "C1,2025-01-05,Li,gone fishing,,,\nC2,2025-01-05,Li,,40,,\nC3,2025-01-05,Li,,0.4,2025-01-01,\n"
    records = take(calls=HEADER + rows)
    assert sorted(case[1:4] for case in cases(records)) == [
        (2, "outcome", "not a known value"),
        (3, "probability", "out of range"),
        (4, "valid_until", "valid_until before noted_on"),
    ]
    assert records["calls"].count().execute() == 3
