"""What drives an account, its silence and what people noted, in words."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from accounts import drivers

from clvlab.retention.in_words import (
    NOT_CLEAR,
    drivers_in_words,
    likely_cause,
    partners_in_words,
    plain_text,
    silence_in_words,
)
from clvlab.retention.notes import last_notes


def test_the_two_that_raise_the_risk_most_are_named_and_none_that_lowers_it():
    moved = drivers(
        ("a", "late deliveries", 14.0, 6.0, 0.5, "service"), ("a", "price rise", 5.0, 0.0, 0.7, "price"),
        ("a", "damage", 2.0, 1.0, 0.1, "service"), ("b", "late deliveries", 1.0, 6.0, -0.5, "service"),
    )  # fmt: skip
    found = drivers_in_words(moved)
    assert found.loc["a"].tolist() == [
        "price rise, %: 5 (own past 0)",
        "late deliveries, %: 14 (own past 6)",
    ]
    assert "b" not in found.index


def test_a_number_without_a_past_or_a_unit_says_so():
    new = drivers(("a", "late deliveries", 14.0, np.nan, 0.5, "service"))
    assert drivers_in_words(new).loc["a", "first_driver"] == "late deliveries, %: 14 (no past of its own yet)"
    flag = drivers(("a", "open complaint", 1.0, 0.25, 0.5, "service")).assign(unit="", label="a complaint still open")
    assert drivers_in_words(flag).loc["a", "first_driver"] == "a complaint still open"


@pytest.mark.parametrize(
    ("contributions", "cause"),
    [
        ({"service": 0.7, "price": 0.1}, "service (risk 2.0 times its own past)"),
        ({"service": 0.3, "price": 0.3, "neglect": 0.3}, NOT_CLEAR),  # none stands for half
        ({"service": 0.09}, NOT_CLEAR),  # a tenth more hazard is 0.095
        ({"service": 0.3, "": 0.6}, NOT_CLEAR),  # what speaks for no cause counts against a clear one
        ({"service": -0.5, "price": -0.1}, NOT_CLEAR),
    ],
)
def test_a_cause_is_named_only_when_it_stands_out(contributions, cause):
    moved = drivers(*(("a", name, 1.0, 0.0, size, name) for name, size in contributions.items()))
    assert likely_cause(moved).to_dict() == {"a": cause}


def test_covariates_of_one_cause_count_together():
    moved = drivers(("a", "late", 1.0, 0.0, 0.2, "service"), ("a", "lost", 1.0, 0.0, 0.2, "service"),
                    ("a", "price", 1.0, 0.0, 0.3, "price"))  # fmt: skip
    assert likely_cause(moved)["a"].startswith("service")


@pytest.mark.parametrize(
    ("days", "usual", "share", "text"),
    [
        (41, 9.2, 0.982, "silent for 41 days, usually 9 days between orders; longer than 98% of its gaps"),
        (41, 9.2, 0.996, "silent for 41 days, usually 9 days between orders; longer than 99% of its gaps"),
        (2, 1.5, 0.62, "silent for 2 days, usually 1.5 days between orders; longer than 62% of its gaps"),
        (1, 1.5, 0.29, "ordered 1 day ago, within its rhythm (usually 1.5 days between orders)"),
        (0, 4.0, 0.0, "ordered today, within its rhythm (usually 4 days between orders)"),
        (41, np.nan, np.nan, "silent for 41 days, too few orders to tell its rhythm"),
        (np.nan, np.nan, np.nan, "no order yet"),
    ],
)
def test_silence_is_told_against_the_own_rhythm(days, usual, share, text):
    frame = pd.DataFrame(
        {"customer_id": ["a"], "silent_days": [days], "usual_gap_days": [usual], "silence_percentile": [share]}
    )
    assert silence_in_words(frame)["a"] == text


def test_the_latest_three_partners_are_named_and_the_rest_counted():
    lost = pd.DataFrame(
        {"customer_id": "a", "partner_id": list("pqrst"), "left_on": pd.date_range("2025-01-31", periods=5, freq="ME")}
    )
    assert partners_in_words(lost)["a"] == "t (2025-05-31), s (2025-04-30), r (2025-03-31), 2 more"


@pytest.mark.parametrize(
    ("text", "plain"), [("@x", "'@x"), ("-1", "'-1"), (" a\r\n b", "a b"), (None, ""), (np.nan, "")]
)
def test_texts_are_plain(text, plain):
    assert plain_text(text) == plain


def notes(*rows: tuple[str, str, str | None, float | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["noted_on", "noted_by", "outcome", "probability", "valid_until"])
    days = {name: pd.to_datetime(frame[name]) for name in ("noted_on", "valid_until")}
    return frame.assign(customer_id="a", reason="why", **days)


def test_the_last_outcome_and_the_last_judgement_that_still_counts_come_back():
    found = last_notes(
        notes(("2025-11-01", "Li", "stays", 0.1, "2026-03-01"), ("2025-12-01", "Wu", "not reached", None, None)),
        dt.date(2025, 12, 31),
    ).loc["a"]
    assert found["last_call"] == "not reached (2025-12-01, Wu): why"
    assert found["override"] == "10% to leave (2025-11-01, Li): why"
    assert found["override_probability"] == 0.1
    assert not found["noted_left"]


def test_a_judgement_ends_with_its_last_day_and_with_the_next_one():
    until = notes(("2025-11-01", "Li", None, 0.1, "2025-12-01"))
    assert last_notes(until, dt.date(2025, 12, 1)).loc["a", "override_probability"] == 0.1
    assert last_notes(until, dt.date(2025, 12, 2)).empty
    revised = notes(("2025-10-01", "Li", None, 0.1, None), ("2025-11-01", "Li", None, 0.8, "2025-11-30"))
    assert last_notes(revised, dt.date(2025, 12, 31)).empty


def test_a_note_after_the_day_is_not_known():
    assert last_notes(notes(("2026-01-01", "Li", "stays", 0.1, None)), dt.date(2025, 12, 31)).empty


def test_a_table_of_outcomes_alone_will_do():
    given = pd.DataFrame({"customer_id": ["a"], "noted_on": [pd.Timestamp("2025-12-01")], "outcome": ["stays"]})
    assert last_notes(given, dt.date(2025, 12, 31)).loc["a", "last_call"] == "stays (2025-12-01)"
    assert last_notes(None, dt.date(2025, 12, 31)).empty
