"""Terms that cannot be kept are named: the set conflicts, and without any one of it the rest can be kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from choices import KPI, choice, choices, every_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.conflicts import conflict
from clvlab.service_level.allocation.minimums import Minimum
from clvlab.service_level.allocation.terms import Terms

LEVELS = st.sampled_from([0.9, 0.91, 0.92, 0.93])


def without_one_each(terms: Terms) -> list[Terms]:
    """The terms less one of them, in every way."""
    less = [replace(terms, minimums=[each for each in terms.minimums if each is not one]) for one in terms.minimums]
    less += [replace(terms, limits={k: v for k, v in terms.limits.items() if k != name}) for name in terms.limits]
    return less + ([] if terms.budget is None else [replace(terms, budget=None)])


@settings(max_examples=80, deadline=None)
@given(choices(), st.integers(-30, 40).map(float), st.integers(-12, 10).map(float), st.lists(LEVELS, max_size=3))
def test_the_named_set_conflicts_and_is_irreducible(options, budget, limit, levels):
    minimums = [
        Minimum(f"m{i}", name, KPI, at) for i, (name, at) in enumerate(zip(options.groups, levels, strict=False))
    ]
    terms = Terms(budget, {"road": limit}, minimums)
    found = conflict(options, terms)
    assert (found is None) == bool(every_plan(options, terms))
    if found:
        assert not every_plan(options, found.terms)
        assert all(every_plan(options, less) for less in without_one_each(found.terms))
        assert all(minimum.name in found.sentence.lower() for minimum in found.terms.minimums)


@pytest.fixture
def two_groups():
    return choice([[0.0, 2e5, 7e5], [0.0, 2e5, 7e5]], [[0.0] * 3] * 2, [[0.0, 10.0, 20.0]] * 2)


def test_a_contract_beyond_the_known_costs_says_how_far_they_are_known(two_groups):
    asked = [Minimum("contract V1 of C12", "A", KPI, 0.99), Minimum("contract V2 of C13", "A", KPI, 0.97)]
    with pytest.raises(Refused) as refusal:
        allocate(two_groups, minimums=asked)
    assert str(refusal.value) == (
        "Contract V1 of C12 asks 99.0% on time delivery for A, the highest level on offer is 92.0% (and 1 other "
        "minimum of A above that): say what 99.0% costs, or agree on less."
    )


def test_minimums_beyond_the_budget_say_what_they_cost(two_groups):
    asked = [Minimum("contract V1 of C12", "A", KPI, 0.92), Minimum("the floor of B", "B", KPI, 0.92)]
    with pytest.raises(Refused) as refusal:
        allocate(replace(two_groups, currency="CNY"), budget=1.2e6, minimums=asked)
    assert str(refusal.value) == (
        "Together contract V1 of C12 (92.0% on time delivery for A) and the floor of B (92.0% on time delivery for B) "
        "need at least 1.40 million CNY; the budget is 1.20 million CNY: find 0.20 million CNY more or give up "
        "one of them."
    )


def test_a_minimum_that_plays_no_part_is_not_named(two_groups):
    asked = [Minimum("contract V1 of C12", "A", KPI, 0.92), Minimum("the floor of B", "B", KPI, 0.90)]
    found = conflict(two_groups, Terms(5e5, minimums=asked))
    assert [each.name for each in found.terms.minimums] == ["contract V1 of C12"]


def test_minimums_beyond_the_capacity_say_how_much_is_missing(two_groups):
    asked = [Minimum("contract V1 of C12", "A", KPI, 0.92)]
    found = conflict(two_groups, Terms(None, {"road": 15.0}, asked))
    assert found.sentence == (
        "Contract V1 of C12 (92.0% on time delivery for A) needs at least 20; available of road are 15: find 5 more or "
        "give up contract V1 of C12 (92.0% on time delivery for A)."
    )


def test_a_budget_that_no_plan_keeps_says_what_the_cheapest_costs(two_groups):
    found = conflict(replace(two_groups, currency="CNY"), Terms(-1e5))
    assert found.sentence.startswith("Every plan needs at least 0 thousand CNY; the budget is -100 thousand CNY")
