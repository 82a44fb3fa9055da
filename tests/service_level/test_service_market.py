"""The benchmark asks a study what it compares with the truth, and its tables tell good intervals and plans from bad."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from benchmarks.service_market import (
    CHOICES,
    MEASURES,
    best_levels,
    complaints,
    estimated_effects,
    place_among,
    recommended,
)
from benchmarks.service_market_rows import coverage_rows, earned_of_best, plan_rows, unlikely
from benchmarks.true_service import ALL

from clvlab.study import Study


def test_effects_and_best_levels_are_those_of_the_study(small_study: Study) -> None:
    groups = {*small_study.service_level.value.groups, ALL}
    effects, levels = estimated_effects(small_study), best_levels(small_study)
    assert set(effects.index) == {(group, measure) for group in groups for measure in MEASURES}
    assert set(levels.index) == groups
    for table in (effects, levels):
        assert (table["lower"] <= table["upper"]).all()


def test_the_recommended_plan_chooses_from_the_levels_given(small_study: Study) -> None:
    plan = recommended(small_study, budget=20_000.0)
    today = small_study.service_level.value.today
    for kpi, levels in CHOICES.items():
        for group, level in plan[kpi].items():
            assert np.isclose(level, [*levels, today.loc[group, kpi]]).any()


def test_complaints_are_those_of_the_last_year(small_study: Study) -> None:
    table = small_study.records["complaints"].execute()
    recent = table["opened_at"] > pd.Timestamp(small_study.as_of) - pd.Timedelta(days=365)
    assert complaints(small_study).sum() == recent.sum() > 0


@pytest.mark.parametrize(("held", "wanted"), [(90, 0), (60, 1)])
def test_intervals_that_hold_too_rarely_are_named(held: int, wanted: int) -> None:
    true = np.where(np.arange(100) < held, 0.5, 2.0)
    found = pd.DataFrame({"group": ALL, "measure": "worth", "value": 0.5, "lower": 0.0, "upper": 1.0, "true": true})
    rows = coverage_rows(found)
    assert rows["inside"].tolist() == [held]
    assert len(unlikely(rows)) == wanted


def test_what_is_not_identified_counts_for_no_interval() -> None:
    found = pd.DataFrame(
        {"group": ALL, "measure": "worth", "value": np.nan, "lower": np.nan, "upper": np.nan, "true": [1.0]}
    )
    row = coverage_rows(found).iloc[0]
    assert (row["markets"], row["not identified"]) == (0, 1)


def test_a_plan_is_held_against_the_best_of_its_own_market() -> None:
    rows = [("best", 1, 10.0), ("other", 1, 5.0), ("best", 2, 20.0), ("other", 2, 20.0)]
    plans = pd.DataFrame(rows, columns=["plan", "market", "net"]).assign(worth=1.0, cost=1.0, budget=2.0)
    assert earned_of_best(plans, "other", "best").tolist() == [0.5, 1.0]
    assert plan_rows(plans, "best").set_index("plan").loc["other", "worst market"] == "50.0%"


def test_the_place_of_the_truth_among_equal_draws_is_drawn_by_lot_between_those_below_and_above() -> None:
    rng = np.random.default_rng(1)
    draws = np.array([0.92, 0.95, 0.95, 0.95, 0.97])
    places = np.array([place_among(draws, 0.95, rng) for _ in range(200)])
    assert places.min() >= 0.2
    assert places.max() <= 0.8
    assert places.mean() == pytest.approx(0.5, abs=0.05)
    assert place_among(draws, 0.96, rng) == pytest.approx(0.8)


def test_a_quantity_of_few_values_is_also_judged_by_its_place_among_the_draws() -> None:
    found = pd.DataFrame(
        {"group": ALL, "measure": "best level", "value": 0.5, "lower": 0.0, "upper": 1.0, "true": 0.5,
         "place": [0.5] * 90 + [0.99] * 10}
    )  # fmt: skip
    row = coverage_rows(found).iloc[0]
    assert (row["inside"], row["inside by lot"]) == (100, "90")
