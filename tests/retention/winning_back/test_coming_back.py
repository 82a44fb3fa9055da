"""Who comes back and what it brings: counted as far as the records tell, and with room where they tell little."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.retention.winning_back.coming_back import (
    chance_to_return,
    discounted_months,
    level_after,
    monthly_margin,
)


def away(*rows: tuple[float, int, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["duration", "event", "cause"])
    return frame.assign(entry=0.0)


def those(months: list[float], cause: str = "price") -> pd.DataFrame:
    return pd.DataFrame({"months": months, "cause": cause}, index=[f"c{i}" for i in range(len(months))])


def simulated(n: int, seed: int, share: float = 0.5, followed: float = 30.0) -> pd.DataFrame:
    """Half never come back; the others at a rate of 0.4 a month; followed for various times."""
    rng = np.random.default_rng(seed)
    back = np.where(rng.random(n) < share, rng.exponential(2.5, n), np.inf)
    until = rng.uniform(0, followed, n)
    return pd.DataFrame({
        "entry": 0.0, "duration": np.minimum(back, until), "event": (back <= until).astype(int), "cause": "price",
    })  # fmt: skip


def true_chance(months: float, share: float = 0.5) -> float:
    stays = 1 - share + share * np.exp(-months / 2.5)
    return 1 - (1 - share + share * np.exp(-(months + 12) / 2.5)) / stays


@pytest.mark.parametrize("months", [0.0, 1.0, 3.0, 6.0])
def test_the_chance_of_those_still_away_is_that_of_the_truth(months):
    found = np.mean([chance_to_return(simulated(600, s), those([months])).value.iloc[0] for s in range(12)])
    assert found == pytest.approx(true_chance(months), abs=0.035)


def test_its_interval_holds_the_truth_nine_times_in_ten():
    held = []
    for seed in range(40):
        found = chance_to_return(simulated(400, seed), those([2.0]))
        held.append(found.lower.iloc[0] <= true_chance(2.0) <= found.upper.iloc[0])
    assert 30 <= sum(held) <= 40


def test_the_longer_away_the_less_likely_back():
    chance = chance_to_return(simulated(800, 1), those([0.0, 1.0, 4.0, 10.0, 20.0])).value
    assert chance.is_monotonic_decreasing


def test_few_leavings_for_a_cause_borrow_from_the_others():
    many = [(1.0, 1, "price")] * 40 + [(20.0, 0, "price")] * 60
    found = chance_to_return(away(*many, (20.0, 0, "rival")), pd.DataFrame(
        {"months": [0.0, 0.0], "cause": ["price", "rival"]}, index=["p", "r"]
    ))  # fmt: skip
    assert 0.2 < found.value["r"] < found.value["p"]
    assert found.upper["r"] - found.lower["r"] > found.upper["p"] - found.lower["p"]


def test_where_nobody_ever_came_back_only_the_upper_end_is_above_nothing():
    found = chance_to_return(away(*[(20.0, 0, "price")] * 30), those([1.0]))
    assert found.value.iloc[0] == pytest.approx(0, abs=1e-6)
    assert 0 < found.upper.iloc[0] < 0.2


def test_margin_a_month_counts_the_days_of_its_span_only():
    values = pd.DataFrame({"customer_id": ["a"] * 3, "date": pd.to_datetime(["2025-01-01", "2025-06-30", "2026-01-01"]),
                           "value": [10.0, 14.0, 1000.0]})  # fmt: skip
    spans = pd.DataFrame({"customer_id": ["a", "b"], "from": pd.Timestamp("2025-01-01"),
                          "until": pd.Timestamp("2025-12-31")}, index=["x", "y"])  # fmt: skip
    found = monthly_margin(values, spans)
    assert found["x"] == pytest.approx(2.0, rel=1e-3)
    assert found["y"] == 0


def test_the_level_after_a_return_is_a_ratio_of_sums():
    before, after = pd.Series(np.full(40, 100.0)), pd.Series(np.tile([0.0, 150.0], 20))
    found = level_after(before, after, seed=1)
    assert found.value == 0.75
    assert found.lower < 0.75 < found.upper
    assert level_after(before[:3], after[:3], 1)[:3] == (1.0, 1.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1), st.floats(0.01, 0.5), st.integers(1, 60))
def test_discounted_months_are_those_of_the_closed_form(leaving, rate, horizon):
    total = leaving + np.log1p(rate) / 12
    assert discounted_months(leaving, rate, horizon) == pytest.approx(-np.expm1(-total * horizon) / total, rel=0.01)
