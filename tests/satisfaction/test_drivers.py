"""Drivers of satisfaction: a known effect found again, and what answers cannot tell declared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import AS_OF, made_up
from scipy.stats import binomtest

from clvlab.refusal import Refused
from clvlab.satisfaction import (
    answers,
    drivers,
    importance_of_kpis,
    importance_performance,
    known_before,
    satisfaction_response,
)
from clvlab.satisfaction.drivers.drivers import DRIVERS

# A point felt lowers one item of three by 0.05; a loss counts double, and gaps are as often losses as gains.
TRUTH = -0.05 / 3 * 1.5


def test_the_response_to_a_point_felt_is_found_with_its_interval():
    inside = 0
    for seed in range(15):
        row = satisfaction_response(*made_up(seed), AS_OF).to_frame().iloc[0]
        inside += row["estimate_lower"] < TRUTH < row["estimate_upper"]
    assert binomtest(inside, 15, 0.9).pvalue > 0.001


def test_with_many_answers_it_is_the_truth():
    row = satisfaction_response(*made_up(1, 5000), AS_OF).to_frame().iloc[0]
    assert row["estimate"] == pytest.approx(TRUTH, abs=3 * row["standard_error"])
    assert row["standard_error"] < 0.0025


def test_draws_have_the_estimates_mean_and_error_and_follow_the_seed():
    response = satisfaction_response(*made_up(1), AS_OF)
    drawn = response.draws(4000, seed=2)
    assert drawn["failures_mean"].mean() == pytest.approx(response.estimate.item(), abs=0.001)
    assert drawn["failures_mean"].std() == pytest.approx(response.standard_error.item(), rel=0.05)
    pd.testing.assert_frame_equal(drawn, response.draws(4000, seed=2))


def test_what_never_varied_is_declared_not_identified():
    surveys, known = made_up(1)
    found = drivers(surveys, known.assign(neglect=0.0), AS_OF)
    assert "no effect is identified: neglect" in " ".join(found.remarks)
    assert found.to_frame()["driver"].tolist() == ["failures_mean"]
    with pytest.raises(Refused, match="The response to neglect is not identified"):
        satisfaction_response(surveys, known.assign(neglect=0.0), AS_OF, ["neglect", "failures_mean"])


def test_few_accounts_carry_the_first_covariates_only():
    surveys, known = made_up(1, 25)
    rng = np.random.default_rng(9)
    known = known.assign(**{name: rng.normal(size=len(known)) for name in DRIVERS if name != "failures_mean"})
    found = drivers(surveys, known, AS_OF)
    assert set(found.to_frame()["driver"]) == {"failures_mean", "failures_worst"}
    assert any("which are left out: enquiries_late" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("change", "accounts", "said"),
    [
        ({"overall": 8.0}, 200, "All answers are the same"),
        ({"overall": np.nan}, 200, "Nobody gave an overall score"),
        ({}, 5, "at least 10 accounts"),
        ({"customer_id": "c001"}, 200, "at least 10 accounts"),
    ],
)
def test_what_drives_satisfaction_is_refused_where_answers_cannot_tell(change: dict, accounts: int, said: str):
    surveys, known = made_up(1, accounts)
    with pytest.raises(Refused, match=said):
        drivers(surveys.assign(**change), known, AS_OF)


def test_only_consignees_are_enough():
    surveys, known = made_up(1)
    there = surveys.assign(respondent_role="consignee", scale_max=5)
    scores = ["overall", "expectation", "perception"]
    there[scores] = (there[scores] / 2).round().clip(1, 5)
    row = satisfaction_response(there, known, AS_OF).to_frame().iloc[0]
    assert row["estimate_lower"] < TRUTH < row["estimate_upper"]


def test_drivers_are_drawn_and_the_strongest_is_in_the_title():
    surveys, known = made_up(1)
    found = drivers(surveys, known, AS_OF, units={"failures_mean": "point of failures"})
    assert found.finding.startswith("Each point of failures lowers overall satisfaction by 0.0")
    assert found.plot().get_figure().get_suptitle().replace("\n", " ") == found.finding


def test_items_that_count_alike_matter_alike_and_quadrants_follow_the_means():
    surveys, _ = made_up(1, 1000)
    low = surveys["item"] == "speed"
    surveys.loc[low, "perception"] = (surveys.loc[low, "perception"] - 2).clip(lower=1)
    found = importance_performance(surveys, AS_OF)
    frame = found.to_frame().set_index("item")
    assert frame["importance"].to_numpy() == pytest.approx(np.full(3, 0.5), abs=0.1)
    assert frame["performance"].idxmin() == "speed"
    assert frame.loc["speed", "quadrant"] in ("concentrate here", "low priority")
    assert set(frame.drop(index="speed")["quadrant"]) <= {"keep it up", "possible overkill"}
    found.plot()


def test_a_map_needs_items_and_kpis():
    surveys, known = made_up(1)
    with pytest.raises(Refused, match="at least two items"):
        importance_performance(surveys[surveys["item"] == "overall"].assign(perception=surveys["overall"]), AS_OF)
    levels = pd.DataFrame({"driver": ["failures_mean"], "level": 0.9, "level_lower": 0.89, "level_upper": 0.91})
    with pytest.raises(Refused, match="at least two of them"):
        importance_of_kpis(satisfaction_response(surveys, known, AS_OF), levels)


def test_on_a_simulated_market_what_was_known_before_answers_is_found(small_study):
    tables = small_study.records.tables
    asked = answers(tables["surveys"], small_study.as_of)
    known = known_before(tables, asked)
    months = set(map(tuple, known.frame[["customer_id", "month"]].to_numpy()))
    assert len(months) == len(known.frame)
    assert {"failures_mean", "late_delivery_mean", "orders"} <= set(known.covariates)
    assert known.frame["orders"].gt(0).any()
    found = satisfaction_response(tables["surveys"], known.frame, small_study.as_of, beside=())
    assert found.number == len(asked.satisfaction)


def test_items_whose_answers_never_differ_have_no_importance():
    surveys, _ = made_up(1)
    alike = surveys.assign(perception=surveys["perception"].where(surveys["perception"].isna(), 9.0))
    with pytest.raises(Refused, match="All answers to each item are the same"):
        importance_performance(alike, AS_OF)
