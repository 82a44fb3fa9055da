"""Rivals spend the budget by rule: they keep the same terms and never earn more than the best plan."""

from __future__ import annotations

import pandas as pd
import pytest
from choices import KPI, choice, choices, every_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.minimums import Minimum
from clvlab.service_level.allocation.options import Options
from clvlab.service_level.allocation.rivals import even_spread, loudest_first
from clvlab.service_level.allocation.terms import Terms

LADDER = choice([[0.0, 10.0, 30.0], [0.0, 20.0, 60.0]], [[0.0, 50.0, 80.0], [0.0, 45.0, 90.0]])


def test_an_even_spread_gives_each_group_the_same():
    assert even_spread(LADDER, 60.0).levels[KPI].tolist() == pytest.approx([0.92, 0.91])


def test_an_even_spread_gives_each_lever_the_same():
    """10 of 20 for each lever buys the first step of the first and nothing of the second, which costs 15."""
    levels = pd.DataFrame(
        [("A", first, second) for first in (0.90, 0.91, 0.92) for second in (0.8, 0.9)], columns=["group", "x", "y"]
    )
    costs = [
        10 * (first - 0.9) * 100 + (15 if second == 0.9 else 0) for _, first, second in levels.itertuples(index=False)
    ]
    options = Options(levels, pd.DataFrame({"x": [0.9], "y": [0.8]}, index=["A"]), [[0.0] * 6], [costs])
    assert even_spread(options, 20.0).levels.loc["A"].tolist() == [0.91, 0.8]


def test_the_loudest_are_served_first_and_then_the_next():
    loud = loudest_first(LADDER, 60.0, pd.Series({"A": 1, "B": 7}))
    assert loud.levels[KPI].tolist() == pytest.approx([0.90, 0.92])
    loud = loudest_first(LADDER, 60.0, pd.Series({"A": 7}))
    assert loud.levels[KPI].tolist() == pytest.approx([0.92, 0.91])


def test_minimums_are_paid_first():
    asked = [Minimum("contract V1", "B", KPI, 0.92)]
    assert even_spread(LADDER, 80.0, minimums=asked).levels[KPI].tolist() == pytest.approx([0.91, 0.92])
    with pytest.raises(Refused, match="nothing to spread"):
        even_spread(LADDER, 50.0, minimums=asked)


@settings(max_examples=40, deadline=None)
@given(choices(), st.integers(0, 60).map(float), st.integers(0, 25).map(float))
def test_rivals_keep_the_terms_and_earn_no_more(options, budget, limit):
    limits = {"road": limit}
    for rival in (
        lambda: even_spread(options, budget, limits),
        lambda: loudest_first(options, budget, pd.Series({"A": 1.0}), limits),
    ):
        try:
            plan = rival()
        except Refused:
            continue
        assert any((plan.chosen == each).all() for each in every_plan(options, Terms(budget, limits)))
        assert plan.net_worth <= allocate(options, budget, limits).net_worth + 1e-6
