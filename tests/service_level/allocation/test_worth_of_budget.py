"""What more budget and each constraint are worth is what choosing again brings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from choices import KPI, choice, choices, every_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.minimums import Minimum
from clvlab.service_level.allocation.terms import Terms
from clvlab.service_level.allocation.worth import worth_of_budget, worth_of_constraints

LADDER = choice([[0.0, 10.0, 30.0], [0.0, 20.0, 60.0]], [[0.0, 50.0, 80.0], [0.0, 45.0, 90.0]], [[0.0, 4.0, 8.0]] * 2)


def test_the_next_step_says_who_moves_and_what_it_brings():
    found = worth_of_budget(allocate(replace(LADDER, currency="CNY"), budget=10.0), step=20.0)
    steps = found.steps.set_index("budget")
    assert steps.loc[30.0, "change"] == 25.0
    assert steps.loc[30.0, "moves"] == "B on time delivery 90.0% to 91.0%"
    assert np.isnan(steps.loc[-10.0, "net"])  # nothing can be saved
    assert found.finding == "The next 20 CNY of budget brings 25 CNY net: B on time delivery 90.0% to 91.0%"


def test_more_budget_than_pays_changes_nothing():
    found = worth_of_budget(allocate(LADDER), step=100.0)
    assert found.finding == "The next 100 of budget would change nothing"


@settings(max_examples=10, deadline=None)
@given(choices(), st.integers(0, 40).map(float))
def test_the_curve_never_falls_and_each_point_is_the_best_plan(options, budget):
    if not every_plan(options, Terms(budget)):
        return
    curve = worth_of_budget(allocate(options, budget), step=7.0).to_frame()
    assert (np.diff(curve["net"]) >= -1e-6).all()
    assert (curve["cost"] <= curve["budget"] + 1e-6).all()
    for row in curve.iloc[::9].itertuples():
        best = max(options.net[0, plan].sum() for plan in every_plan(options, Terms(row.budget)))
        assert row.net == pytest.approx(best, abs=1e-6)


def test_each_constraint_is_worth_what_choosing_without_it_brings():
    minimums = [Minimum("contract V1", "B", KPI, 0.92), Minimum("contract V2", "B", KPI, 0.91)]
    plan = allocate(LADDER, 70.0, {"road": 12.0}, minimums)
    frame = worth_of_constraints(plan, step=20.0).to_frame().set_index("constraint")
    assert frame.index.tolist() == ["the budget", "road", "2 promises: on time delivery of B"]
    without = allocate(LADDER, 70.0, {"road": 12.0}).net_worth - plan.net_worth
    assert frame.loc["2 promises: on time delivery of B", "without"] == pytest.approx(without)
    assert frame.loc["the budget", "without"] == pytest.approx(
        allocate(LADDER, None, {"road": 12.0}, minimums).net_worth - plan.net_worth
    )
    assert (frame[["looser", "without"]] >= -1e-9).all().all()
    assert not (frame["tighter"] > 1e-9).any()


def test_a_step_of_nothing_is_refused():
    with pytest.raises(Refused, match="above 0"):
        worth_of_budget(allocate(LADDER), step=0.0)
