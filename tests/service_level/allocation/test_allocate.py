"""The plan is the best of all: small instances agree with trying every plan."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from choices import KPI, choice, choices, every_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.minimums import Minimum
from clvlab.service_level.allocation.options import Options
from clvlab.service_level.allocation.terms import Terms

BUDGETS = st.none() | st.integers(-30, 90).map(float)
LIMITS = st.just({}) | st.integers(-10, 25).map(lambda most: {"road": float(most)})
MINIMUMS = st.lists(
    st.sampled_from([0.9, 0.91, 0.92, 0.93]).map(lambda at: Minimum("a floor", "A", KPI, at)), max_size=1
)


@settings(max_examples=80, deadline=None)
@given(choices(), BUDGETS, LIMITS, MINIMUMS)
def test_no_plan_earns_more(options, budget, limits, minimums):
    plans = every_plan(options, Terms(budget, limits, minimums))
    if not plans:
        with pytest.raises(Refused):
            allocate(options, budget, limits, minimums)
        return
    found = allocate(options, budget, limits, minimums)
    assert any((found.chosen == plan).all() for plan in plans)
    assert found.net_worth == pytest.approx(max(options.net[0, plan].sum() for plan in plans), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(choices(), st.lists(st.integers(-30, 90).map(float), min_size=2, max_size=4), LIMITS)
def test_net_worth_never_falls_when_the_budget_grows(options, budgets, limits):
    worth = []
    for budget in sorted(budgets):
        try:
            worth.append(allocate(options, budget, limits).net_worth)
        except Refused:
            assert not worth  # once the terms can be kept, they can be with more
    assert (np.diff(worth) >= -1e-6).all()


@settings(max_examples=40, deadline=None)
@given(choices(), BUDGETS, st.sampled_from([1e-4, 0.01, 7.5, 1e6]))
def test_the_unit_of_money_changes_nothing(options, budget, unit):
    plans = every_plan(options, Terms(budget))
    if plans:
        found = allocate(options, budget)
        in_unit = replace(options, gains=options.gains * unit, costs=options.costs * unit)
        other = allocate(in_unit, None if budget is None else budget * unit)
        assert other.net_worth == pytest.approx(found.net_worth * unit, rel=1e-6, abs=1e-6 * unit)


@settings(max_examples=40, deadline=None)
@given(choices(), BUDGETS, st.randoms(use_true_random=False))
def test_the_order_of_groups_and_options_changes_nothing(options, budget, random):
    if not every_plan(options, Terms(budget)):
        return
    order = list(range(len(options.levels)))
    random.shuffle(order)
    shuffled = Options(
        options.levels.iloc[order].reset_index(drop=True), options.today[::-1], options.gains[:, order],
        options.costs[:, order], options.uses.iloc[order].reset_index(drop=True),
    )  # fmt: skip
    assert allocate(shuffled, budget).net_worth == pytest.approx(allocate(options, budget).net_worth, abs=1e-6)


def test_without_an_effect_the_cheapest_level_is_taken():
    rng = np.random.default_rng(1)
    costs = [np.cumsum(rng.uniform(1, 5, 8)) - 12 for _ in range(3)]
    found = allocate(choice([list(own) for own in costs], [[0.0] * 8] * 3), budget=1000)
    assert found.levels[KPI].tolist() == [0.9] * 3


def test_of_levels_that_earn_the_same_the_cheaper_is_taken():
    found = allocate(choice([[0.0, 10.0, 20.0]], [[0.0, 15.0, 25.0]]))
    assert (found.levels.loc["A", KPI], found.cost, found.net_worth) == (pytest.approx(0.91), 10.0, 5.0)


def test_the_table_says_what_each_group_costs_and_brings():
    gains = np.column_stack([np.zeros(21), np.linspace(0, 100, 21)])
    options = replace(choice([[0.0, 20.0], [0.0, 20.0]], [gains, gains / 10]), years=2.0, currency="CNY")
    frame = allocate(options).to_frame().set_index("group")
    assert frame.loc["A", [f"{KPI}_today", KPI, "cost", "cost_a_year", "gain", "net"]].tolist() == pytest.approx(
        [0.9, 0.91, 20.0, 10.0, 50.0, 30.0]
    )
    assert frame.loc["A", ["gain_lower", "gain_upper", "net_lower", "net_upper"]].tolist() == pytest.approx(
        [5, 95, -15, 75]
    )
    assert frame.loc["B", "cost"] == 0.0
    headlines = allocate(options).headlines().to_frame().set_index("name")["value"]
    assert headlines["net worth of the plan"] == pytest.approx(30)
    assert headlines["chance that it loses money"] == pytest.approx(100 * 4 / 21)


def test_five_groups_of_sixty_options_take_no_time():
    rng = np.random.default_rng(5)
    costs = [np.sort(rng.uniform(0, 1e6, 60)) for _ in range(5)]
    options = choice([list(own) for own in costs], [list(3e4 * np.sqrt(own)) for own in costs])
    allocate(options, 1e6)
    began = time.process_time()
    allocate(options, 1.3e6)
    assert time.process_time() - began < 1.0  # 0.05 s where it was written


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"gains": np.full((1, 4), np.nan)}, "no known gain"),
        ({"costs": np.zeros((1, 3))}, "not draws x options"),
        ({"today": pd.DataFrame({KPI: 0.9}, index=["A", "B", "C"])}, "no option for C"),
    ],
)
def test_options_that_are_not_told_are_refused(change, sentence):
    with pytest.raises(Refused, match=sentence):
        replace(choice([[0.0, 20.0], [0.0, 20.0]], [[0.0, 50.0], [0.0, 30.0]]), **change)


def test_limits_on_what_options_do_not_tell_are_refused():
    with pytest.raises(Refused, match="'sea'"):
        allocate(choice([[0.0]], [[0.0]], [[0.0]]), limits={"sea": 1.0})


def test_a_minimum_for_a_group_without_a_choice_is_refused():
    with pytest.raises(Refused, match="no option moves that"):
        allocate(choice([[0.0]], [[0.0]]), minimums=[Minimum("a floor", "Z", KPI, 0.95)])
