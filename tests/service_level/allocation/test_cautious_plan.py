"""The cautious plan has the largest low percentile: exact against trying every plan, by bounds and by programme."""

from __future__ import annotations

import time

import numpy as np
import pytest
from choices import choice, choices, every_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.service_level.allocation import bad_draws
from clvlab.service_level.allocation.bounds import low
from clvlab.service_level.allocation.caution import allocate_cautiously
from clvlab.service_level.allocation.terms import Terms

BUDGETS = st.none() | st.integers(-30, 90).map(float)


@pytest.mark.parametrize("most", [bad_draws._MANY, -1])
@settings(max_examples=15, deadline=None)
@given(options=choices(draws=12), budget=BUDGETS, limit=st.integers(0, 25).map(float))
def test_no_plan_has_a_larger_percentile(most, options, budget, limit):
    """``most`` below 0 leaves the search to the integer programme."""
    plans = every_plan(options, Terms(budget, {"road": limit}))
    if not plans:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bad_draws, "_MANY", most)
        found = allocate_cautiously(options, budget, {"road": limit}, share=0.2)
    best = max(float(low(options.net[:, plan].sum(axis=1), 0.2)) for plan in plans)
    assert float(low(found.cautious.net_draws, 0.2)) == pytest.approx(best, abs=1e-5)
    assert any((found.cautious.chosen == plan).all() for plan in plans)
    assert found.given_up >= -1e-6
    assert found.gained >= -1e-6


@given(st.lists(st.integers(-50, 50).map(float), min_size=10, max_size=60))
def test_the_percentile_is_that_of_numpy(net):
    assert low(np.array(net), 0.1) == np.quantile(net, 0.1, method="inverted_cdf")


def test_caution_takes_the_sure_gain_and_says_what_it_costs():
    """The dear level earns 100 in the mean but loses in a third of draws; the cheap one earns 40 for certain."""
    gains = np.column_stack([np.zeros(30), np.full(30, 50.0), np.repeat([-30.0, 180.0, 180.0], 10)])
    found = allocate_cautiously(choice([[0.0, 10.0, 10.0]], [gains]))
    assert found.average.levels.iloc[0, 0] == pytest.approx(0.92)
    assert found.cautious.levels.iloc[0, 0] == pytest.approx(0.91)
    assert (found.given_up, found.gained) == pytest.approx((60.0, 80.0))
    assert found.finding == "Caution gives up 60 on average for 80 more at the 10th percentile"
    assert found.remarks[0].startswith("Exact")


def test_draws_that_were_left_out_show_what_caution_brings_elsewhere():
    rng = np.random.default_rng(2)
    gains = np.column_stack([np.zeros(300), rng.normal(50, 40, 300), rng.normal(60, 90, 300)])
    frame = allocate_cautiously(choice([[0.0, 1.0, 2.0]], [gains]), draws=100).to_frame()
    assert frame["low_elsewhere"].notna().all()
    assert frame.loc[1, "low_elsewhere"] == np.quantile(gains[100:, 1] - 1.0, 0.1, method="inverted_cdf")


def test_too_few_draws_for_the_percentile_are_refused():
    with pytest.raises(Refused, match="needs 10 draws or more"):
        allocate_cautiously(choice([[0.0, 1.0]], [[0.0, 5.0]]))


def test_five_groups_of_sixty_options_and_150_draws_take_seconds():
    rng = np.random.default_rng(3)
    levels, effect = np.linspace(0, 10, 60), rng.lognormal(np.log(0.05), 0.5, 150)
    sizes = [1e5, 3e5, 1e6, 2e6, 4e6]
    own = [effect * rng.lognormal(0, 0.3, 150) for _ in sizes]
    gains = [size * -np.expm1(-np.outer(each, levels)) for size, each in zip(sizes, own, strict=True)]
    costs = [list(0.1 * size * np.expm1(levels / 6)) for size in sizes]
    began = time.process_time()
    allocate_cautiously(choice(costs, gains), budget=5e5)
    assert time.process_time() - began < 6.0  # 0.5 s where it was written
