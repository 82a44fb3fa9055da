"""Frozen scales from indicators to points, and cuts from scores to tiers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scored import KNOWN, customers

from clvlab.refusal import Refused
from clvlab.tiers.grading.cuts import learn_cuts, tier_names, tier_places
from clvlab.tiers.grading.scales import Scale, learn_scale, learn_scales, to_points

AMOUNTS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
BASES = st.lists(AMOUNTS, min_size=1, max_size=60)
SCORES = st.lists(st.floats(0, 100), min_size=1, max_size=60).map(np.array)
SHARES = st.sampled_from([(0.05, 0.15), (0.05, 0.15, 0.30), (0.1, 0.2, 0.3, 0.3)])


@given(BASES, AMOUNTS, AMOUNTS, st.booleans())
def test_points_never_fall_as_the_indicator_gets_better(base, one, other, higher):
    scale = learn_scale(base, higher)
    worse, better = sorted((one, other), reverse=not higher)
    assert scale.of(worse) <= scale.of(better) + 1e-9
    assert 0 <= scale.of(one) <= 100


@given(BASES, st.floats(0.001, 1000), st.floats(-1000, 1000), st.booleans())
def test_points_do_not_depend_on_the_unit(base, factor, shift, higher):
    numbers = np.array(base)
    # Rounded: amounts that the change of unit makes one (1 + 1e-17) are one in both units.
    numbers = np.round(numbers / max(np.abs(numbers).max(), 1), 6)
    points = learn_scale(numbers, higher).of(numbers)
    moved = numbers * factor + shift
    assert learn_scale(moved, higher).of(moved) == pytest.approx(points, abs=0.01)
    assert learn_scale(-moved, not higher).of(-moved) == pytest.approx(points, abs=0.01)


@given(BASES, st.randoms())
def test_a_scale_does_not_depend_on_the_order_of_customers(base, random):
    shuffled = base.copy()
    random.shuffle(shuffled)
    assert learn_scale(shuffled, True) == learn_scale(base, True)


def test_points_are_the_per_cent_of_the_base_that_is_no_better():
    scale = learn_scale(np.arange(101.0), higher_is_better=True)
    assert scale.of([0, 25, 50, 97, 100]) == pytest.approx([0, 25, 50, 97, 100])
    assert scale.of([-10, 1000]).tolist() == [0, 100]


def test_customers_who_are_tied_get_the_middle_of_the_places_they_hold():
    scale = learn_scale([0] * 60 + list(range(1, 41)), higher_is_better=False)
    assert scale.of(0) == pytest.approx(72.5)  # the knots at 0, 5, ... 55% are theirs
    assert scale.of(40) == 0


def test_what_all_share_or_one_customer_alone_has_is_worth_50_points():
    assert learn_scale([7.0, 7.0, np.nan], True).of([7, 6, 1000]).tolist() == [50, 50, 50]
    assert learn_scale([7.0], False).of(7) == 50


def test_what_is_missing_has_no_points():
    base = customers(20).assign(growth=np.nan)
    scales = learn_scales(base, KNOWN)
    assert "growth" not in scales
    points = to_points(base, scales, list(KNOWN))
    assert points["growth"].isna().all()
    assert points.drop(columns="growth").notna().all(axis=None)


@pytest.mark.parametrize(
    ("values", "points"),
    [((), ()), ((1,), (50, 60)), ((1, 1), (0, 100)), ((2, 1), (0, 100)), ((1, 2, 3), (0, 100, 50)),
     ((1, 2), (0, 101)), ((1, 2), (-1, 50)), ((1, np.inf), (0, 100)), ((1, 2), (0, np.nan))],
)  # fmt: skip
def test_a_scale_that_does_not_hold_is_refused(values, points):
    with pytest.raises(Refused, match="does not hold"):
        Scale(values, points)


def test_an_indicator_that_is_infinite_is_refused_and_one_without_a_column_is_not_known():
    with pytest.raises(Refused, match="'growth' is infinite"):
        learn_scales(customers(5).assign(growth=np.inf), KNOWN)
    assert "growth" not in learn_scales(customers(5).drop(columns="growth"), KNOWN)
    with pytest.raises(Refused, match="at least one value"):
        learn_scale([np.nan], True)


def test_cuts_give_tiers_their_shares():
    scores = np.random.default_rng(0).uniform(0, 100, 1000)
    places = tier_places(scores, learn_cuts(scores, (0.05, 0.15, 0.30)))
    assert np.bincount(places).tolist() == [50, 150, 300, 500]


@given(SCORES, SHARES)
def test_customers_with_one_score_share_a_tier_and_tiers_hold_no_more_than_their_shares(scores, shares):
    cuts = learn_cuts(scores, shares)
    assert list(cuts) == sorted(cuts, reverse=True)
    places = tier_places(scores, cuts)
    for score in np.unique(scores):
        assert len(set(places[scores == score])) == 1
    most = np.round(np.cumsum(shares) * len(scores))
    assert ((places[:, None] <= np.arange(len(shares))).sum(axis=0) <= most).all() or (scores == 0).any()


@given(SCORES, SHARES)
def test_a_higher_score_is_never_in_a_lower_tier(scores, shares):
    cuts = learn_cuts(scores, shares)
    ordered = tier_places(np.sort(scores), cuts)
    assert (np.diff(ordered) <= 0).all()


def test_nobody_stands_out_among_equals_or_alone():
    assert set(tier_places(np.full(40, 50.0), learn_cuts(np.full(40, 50.0), (0.05, 0.15, 0.30)))) == {3}
    assert tier_places(np.array([50.0]), learn_cuts(np.array([50.0]), (0.05, 0.15, 0.30))).tolist() == [3]


def test_without_a_score_there_is_no_tier_and_without_any_no_cuts():
    assert tier_places(np.array([np.nan, 100.0]), (50.0, 40.0)).tolist() == [-1, 0]
    with pytest.raises(Refused, match="No customer has a score"):
        learn_cuts(np.array([np.nan]), (0.05, 0.15, 0.30))


def test_shares_make_three_to_five_tiers():
    assert tier_names((0.1, 0.2)) == ("core", "important", "regular")
    assert tier_names((0.1, 0.2, 0.3, 0.2))[-1] == "marginal"
    for shares in ((), (0.1,), (0.1,) * 5):
        with pytest.raises(Refused, match="three to five tiers"):
            tier_names(shares)
