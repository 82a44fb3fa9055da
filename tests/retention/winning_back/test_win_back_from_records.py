"""What lost accounts bring back is read from what came lately, and leaving again counts once."""

from __future__ import annotations

import pandas as pd
import pytest

from clvlab.retention.winning_back.from_records import _around_returns, _of_last_year

TODAY = pd.Timestamp("2025-12-31")


def test_only_absences_within_the_last_year_tell_of_returns_and_only_that_part_of_them():
    called = pd.to_datetime(["2023-12-31", "2023-12-31", "2025-06-30"])
    away = pd.DataFrame({
        "ended_on": called, "called_on": called, "entry": 0.0, "duration": [24.0, 6.0, 2.0], "event": [0, 1, 1],
    })  # fmt: skip
    found = _of_last_year(away, TODAY)
    assert found.index.tolist() == [0, 2], "who came back in 2024 says nothing of 2025"
    assert found["entry"].tolist() == pytest.approx([12.0, 0.0], abs=0.1)


def test_who_leaves_again_brings_per_month_there_what_it_brought():
    day = pd.to_datetime
    spells = pd.DataFrame({
        "customer_id": ["a", "a", "b", "b"], "spell": [1, 2, 1, 2], "event": [1, 1, 1, 0],
        "at_risk_from": day(["2023-01-01", "2025-01-01", "2023-01-01", "2025-01-01"]),
        "ended_on": day(["2023-12-31", "2025-03-31", "2023-12-31", None]),
        "came_back_on": day(["2025-01-01", None, "2025-01-01", None]),
    })  # fmt: skip
    dates = pd.date_range("2023-01-15", "2025-03-15", freq="MS").union(
        pd.date_range("2025-04-01", "2025-12-01", freq="MS")
    )
    values = pd.concat([
        pd.DataFrame({"customer_id": "a", "date": dates[dates <= "2025-03-31"], "value": 100.0}),
        pd.DataFrame({"customer_id": "b", "date": dates, "value": 100.0}),
    ])  # fmt: skip
    before, after = _around_returns(spells, values, TODAY)
    assert before.tolist() == pytest.approx([100, 100], rel=0.1)
    assert after.tolist() == pytest.approx([100, 100], rel=0.02), "not 25 for the one that left again after 3 months"
