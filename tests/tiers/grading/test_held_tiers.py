"""The tier held: changed only at a review, and only beyond a band around the cuts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scored import customers, scheme_of

from clvlab.tiers.grading.cuts import UNSCORED, tier_places
from clvlab.tiers.grading.held import held_places, held_through, held_tiers
from clvlab.tiers.grading.scorecard import Scorecard, scorecard
from clvlab.tiers.grading.stability import tier_history

CUTS = (80.0, 60.0, 40.0)
PATHS = st.lists(st.floats(0, 100), min_size=2, max_size=30)


def path_of(scores: list[float], band: float) -> np.ndarray:
    places = [tier_places(np.array(scores[:1]), CUTS)]
    for score in scores[1:]:
        places.append(held_places(places[-1], np.array([score]), CUTS, band))
    return np.concatenate(places)


@given(PATHS)
def test_without_a_band_the_cuts_alone_decide(scores):
    assert path_of(scores, 0.0).tolist() == tier_places(np.array(scores), CUTS).tolist()


@given(PATHS, st.floats(0, 20))
def test_a_band_never_makes_tiers_move_further_in_all(scores, band):
    plain = np.abs(np.diff(tier_places(np.array(scores), CUTS))).sum()
    assert np.abs(np.diff(path_of(scores, band))).sum() <= plain


@given(PATHS, st.floats(0, 9))
def test_a_tier_held_is_never_further_from_the_score_than_the_band(scores, band):
    for place, score in zip(path_of(scores, band), scores, strict=True):
        low, high = [100.0, *CUTS, 0.0][place + 1], [100.0, *CUTS, 0.0][place]
        assert low - band - 1e-9 <= score <= high + band + 1e-9


@given(PATHS, st.floats(0, 9))
def test_who_moves_has_passed_the_cut_of_the_tier_it_leaves_by_the_band(scores, band):
    path = path_of(scores, band)
    for before, now, score in zip(path[:-1], path[1:], scores[1:], strict=True):
        if now < before:
            assert score >= CUTS[before - 1] + band - 1e-9
        if now > before:
            assert score <= CUTS[before] - band + 1e-9


@given(st.integers(0, 3), st.floats(0, 100), st.floats(0, 100), st.floats(0, 9))
def test_with_the_same_past_a_higher_score_is_never_in_a_lower_tier(before, one, other, band):
    low, high = sorted((one, other))
    place = [held_places(np.array([before]), np.array([score]), CUTS, band)[0] for score in (low, high)]
    assert place[1] <= place[0]


BASE = customers(300, missing=0.1)
SCHEME = scheme_of(BASE)


def cards(number: int) -> dict[str, Scorecard]:
    generator = np.random.default_rng(1)
    values, found = BASE, {}
    for i in range(number):
        found[f"2025-Q{i + 1}"] = scorecard(values, SCHEME)
        values = values * np.exp(generator.normal(scale=0.5, size=values.shape))
    return found


@pytest.fixture(scope="module")
def reviews() -> dict[str, Scorecard]:
    return cards(3)


@pytest.fixture(scope="module")
def today() -> Scorecard:
    return cards(4)["2025-Q4"]


def test_the_tier_held_is_that_of_the_last_review_whatever_the_points_of_today(reviews, today):
    held = held_tiers(today, reviews, 3.0)
    assert held.labels.equals(tier_history(reviews, 3.0).tiers["2025-Q3"].rename(None))
    differ = held.labels != today.tiers().labels
    assert differ.any()
    assert held.values["tier_by_points"].equals(today.tiers().labels)
    assert "last in 2025-Q3, and change only" in held.remarks[-1]
    assert f"more than 3 points: {differ.sum()} are in another tier" in held.remarks[-1]


def test_it_says_since_when_and_with_which_points(reviews, today):
    values, places = held_tiers(today, reviews, 3.0).values, held_through(reviews, 3.0)
    assert set(values["since"]) == set(reviews)
    for customer, facts in values.head(40).iterrows():
        path = places.loc[customer]
        assert path.iloc[-1] == path[facts["since"]]
        assert facts["score_then"] == reviews[facts["since"]].score[customer]
        assert (path[facts["since"] :] == path.iloc[-1]).all()


def test_who_was_in_no_review_has_the_tier_of_its_points(reviews, today):
    new = BASE.index[:5]
    before = {quarter: scorecard(BASE.drop(new), SCHEME) for quarter in reviews}
    held = held_tiers(today, before, 3.0)
    assert held.labels[new].equals(today.tiers().labels[new])
    assert held.values.loc[new, ["since", "score_then"]].isna().all(axis=None)
    assert held.remarks[-1] == "Graded since, by points until the next review: 5."


def test_where_no_quarter_is_over_points_decide_and_the_page_says_so(today):
    held = held_tiers(today, {}, 3.0)
    assert held.labels.equals(today.tiers().labels)
    assert "no quarter with a year of records behind it is over yet" in repr(held)


def test_who_had_no_score_in_the_last_review_starts_anew(reviews, today):
    gone = BASE.index[0]
    last = scorecard(BASE.drop(gone), SCHEME)
    places = held_through({**reviews, "2025-Q4": last}, 3.0)
    assert places.loc[gone, "2025-Q4"] == UNSCORED
    held = held_tiers(today, {**reviews, "2025-Q4": last}, 3.0)
    assert held.labels[gone] == today.tiers().labels[gone]
