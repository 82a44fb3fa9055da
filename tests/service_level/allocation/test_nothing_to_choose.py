"""Where nothing can be moved, or nothing is at stake, one sentence says so."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from choices import KPI, choice

from clvlab.refusal import Refused
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.caution import allocate_cautiously
from clvlab.service_level.allocation.levers import levers
from clvlab.service_level.allocation.minimums import Minimum
from clvlab.service_level.allocation.options import options
from clvlab.service_level.allocation.worth import worth_of_constraints
from clvlab.service_level.curves import Curve

LOW = Curve([0.5, 0.8], [0.0, 5.0], "cost of an order")
LADDER = choice([[0.0, 10.0, 30.0], [0.0, 20.0, 60.0]], [[0.0, 50.0, 80.0], [0.0, 45.0, 90.0]], [[0.0, 4.0, 8.0]] * 2)


def _nothing(group: str, levels: pd.DataFrame) -> SimpleNamespace:
    zeros = np.zeros((2, max(len(levels), 1)))
    return SimpleNamespace(equity=zeros, orders=zeros)


def test_levels_above_all_costed_ones_leave_nothing_to_choose_and_are_named_once():
    today = pd.DataFrame({KPI: [0.99, 0.95]}, index=["core", "important"])
    value = SimpleNamespace(today=today, groups=("core", "important"), outcomes=_nothing)
    words = r"core \(99\.00%\), important \(95\.00%\): today's level is not between the costed levels 50% and 80%"
    with pytest.raises(Refused, match=f"There is nothing to choose. On time delivery stays as it is for {words}"):
        options(value, {KPI: LOW}, {KPI: [0.5, 0.8]})
    with pytest.raises(Refused, match=f"On time delivery cannot be moved for {words}"):
        levers(value, LOW, KPI)


def test_without_a_bad_draw_bounds_rule_out_every_other_plan():
    found = allocate_cautiously(choice([[0.0, 10.0]], [np.tile([0.0, 1.0], (20, 1))]))
    assert found.remarks == ("Exact: bounds rule out every other plan.",)


@pytest.mark.parametrize(
    ("minimums", "said"),
    [
        ([], "1 constraint changes nothing: the plan keeps it anyway."),
        ([Minimum("contract V1", "A", KPI, 0.90)], "2 constraints change nothing: the plan keeps them anyway."),
    ],
)
def test_constraints_that_change_nothing_are_counted(minimums, said):
    assert worth_of_constraints(allocate(LADDER, None, {"road": 1e6}, minimums)).remarks == (said,)


def test_a_constraint_beside_those_that_matter_is_one_more():
    plan = allocate(LADDER, 70.0, {"road": 1e6})
    found = worth_of_constraints(plan, 20.0)
    assert found.remarks == ("1 constraint more changes nothing: the plan keeps it anyway.",)
    assert list(found.to_frame()["constraint"]) == ["the budget", "road"]
    _, _, budget, _ = repr(found).splitlines()
    assert budget.split()[:2] == ["the", "budget"]
