"""The scorecard: scores, what is missing, tiers, the matrix and TOPSIS."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored import KNOWN, SHARES, WEIGHTS, customers, scheme_of

from clvlab.refusal import Refused
from clvlab.tiers.grading.matrix import MatrixCuts, axes_of, learn_matrix_cuts, matrix_tiers
from clvlab.tiers.grading.scheme import learn_scheme
from clvlab.tiers.grading.scorecard import scorecard
from clvlab.tiers.grading.topsis import topsis
from clvlab.tiers.grading.weights import given_weights

BASE = customers(200, missing=0.2)
SCHEME = scheme_of(BASE)
AMOUNTS = st.one_of(st.none(), st.floats(-10, 50))
ONE = st.fixed_dictionaries(dict.fromkeys(KNOWN, AMOUNTS))


def score_of(**values: float | None) -> float:
    row = pd.DataFrame([values], columns=list(KNOWN), dtype=float)
    return scorecard(row, SCHEME).score.iloc[0]


@given(ONE, st.sampled_from(list(KNOWN)), st.floats(0, 30))
def test_a_better_indicator_never_lowers_the_score(values, name, gain):
    before = 0.0 if values[name] is None else values[name]
    after = before + gain if KNOWN[name].higher_is_better else before - gain
    assert score_of(**{**values, name: after}) >= score_of(**{**values, name: before}) - 1e-9


@given(ONE)
def test_a_score_lies_between_0_and_100_and_is_missing_only_when_all_is(values):
    score = score_of(**values)
    if all(value is None for value in values.values()):
        assert np.isnan(score)
    else:
        assert 0 <= score <= 100


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.randoms())
def test_scores_are_exactly_the_same_in_any_order_of_customers_and_columns(seed, random):
    base = customers(30, missing=0.2, seed=seed)
    rows, columns = list(base.index), list(base.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = base.loc[rows, columns]
    found = scorecard(shuffled, scheme_of(shuffled)).score
    pd.testing.assert_series_equal(found.loc[base.index], scorecard(base, scheme_of(base)).score, check_exact=True)


@settings(deadline=None, max_examples=20)
@given(st.dictionaries(st.sampled_from(list(KNOWN)), st.floats(0.01, 1000), min_size=1), st.integers(0, 100))
def test_scores_do_not_depend_on_units(factors, seed):
    base = customers(30, missing=0.2, seed=seed)
    other = base.assign(**{name: base[name] * factor for name, factor in factors.items()})
    found = scorecard(other, scheme_of(other))
    plain = scorecard(base, scheme_of(base))
    assert found.score.to_numpy() == pytest.approx(plain.score.to_numpy(), nan_ok=True)
    assert found.tiers().labels.equals(plain.tiers().labels)


def test_customers_alike_in_everything_are_tied_wherever_they_stand():
    twins = pd.concat([BASE.iloc[[3]]] * 3 + [BASE] + [BASE.iloc[[3]]] * 5, ignore_index=True)
    same = scorecard(twins, SCHEME).score.to_numpy()[[0, 1, 2, 6, -5, -4, -3, -2, -1]]
    assert (same == same[0]).all()


def test_a_score_is_the_weighted_sum_of_points():
    whole = customers(50)
    card = scorecard(whole, scheme_of(whole))
    weights = given_weights(WEIGHTS, KNOWN).values
    assert card.score.to_numpy() == pytest.approx((card.points * weights).sum(axis=1).to_numpy())
    assert card.known_weight.eq(1).all()


def test_subtotals_and_contributions_add_up_to_the_score_also_where_much_is_missing():
    card = scorecard(BASE, SCHEME)
    for parts in (card.subtotals(), card.contributions()):
        assert parts.sum(axis=1, min_count=1).to_numpy() == pytest.approx(card.score.to_numpy(), nan_ok=True)


def test_a_missing_indicator_is_left_out_and_its_dimension_keeps_its_weight():
    card = scorecard(BASE.assign(days_late=np.nan), SCHEME)
    assert card.levels["financial"].to_numpy() == pytest.approx(card.points["margin"].to_numpy(), nan_ok=True)
    assert card.known_weight.max() == pytest.approx(0.8)


def test_a_dimension_of_which_nothing_is_known_leaves_its_weight_to_the_others():
    row = BASE.dropna().iloc[[0]]
    card = scorecard(row.assign(margin=np.nan, days_late=np.nan), SCHEME)
    levels = scorecard(row, SCHEME).levels.iloc[0]
    others = pd.Series(WEIGHTS).drop("financial")
    assert card.score.iloc[0] == pytest.approx((levels[others.index] * others).sum() / 0.6)
    assert card.known_weight.iloc[0] == pytest.approx(0.6)


def test_what_is_missing_neither_helps_nor_hurts_who_is_the_same_throughout():
    even = {name: SCHEME.scales[name] for name in KNOWN}
    # The value worth 60 points of each indicator.
    at_60 = {
        name: float(np.interp(60, *(x[:: 1 if KNOWN[name].higher_is_better else -1] for x in (s.points, s.values))))
        for name, s in even.items()
    }
    for name in KNOWN:
        assert score_of(**{**at_60, name: None}) == pytest.approx(score_of(**at_60)) == pytest.approx(60)


def test_a_score_on_less_than_half_of_the_weight_is_flagged():
    card = scorecard(BASE.assign(margin=np.nan, days_late=np.nan, growth=np.nan), SCHEME)
    assert card.to_frame()["thin"].all()
    assert any("Less than half of the weight" in remark for remark in card.remarks)


def test_who_is_not_known_at_all_has_no_score_and_no_tier():
    card = scorecard(BASE * np.nan, SCHEME)
    assert card.score.isna().all()
    assert set(card.tiers().labels) == {"not known"}
    assert "of 200 of 200 customers: not scored" in repr(card)


def test_a_column_that_a_later_quarter_lacks_counts_as_missing():
    without = scorecard(BASE.drop(columns="growth"), SCHEME)
    assert without.score.equals(scorecard(BASE.assign(growth=np.nan), SCHEME).score)


def test_a_constant_indicator_tells_nobody_apart_and_the_scheme_says_so():
    base = customers(40).assign(growth=3.0, tenure=np.nan)
    scheme = scheme_of(base)
    assert scorecard(base, scheme).points["growth"].eq(50).all()
    assert scheme.remarks == (
        "Never known, hence left out: tenure.",
        "The same for all of whom it is known, hence 50 points each: growth.",
    )


@pytest.mark.parametrize("number", [1, 2, 40])
def test_small_bases_have_scores_and_tiers(number):
    base = customers(number)
    card = scorecard(base, scheme_of(base))
    assert card.score.notna().all()
    assert card.tiers().summary().to_frame()["customers"].sum() == number


def test_among_customers_who_are_all_the_same_nobody_is_core():
    base = customers(40) * 0 + 1
    card = scorecard(base, scheme_of(base))
    assert set(card.tiers().labels) == {"regular"}
    assert "tiers hold fewer than their shares" in card.remarks[-1]


def test_tiers_say_from_which_points_and_the_number_follows_the_shares():
    classes = scorecard(BASE, scheme_of(BASE, (0.1, 0.2, 0.3, 0.2))).tiers()
    assert list(classes.rules) == ["core", "important", "potential", "regular", "marginal"]
    assert (classes.labels == "core").mean() == pytest.approx(0.1, abs=0.01)
    assert "points or more" in classes.rules["core"]


def test_a_customer_with_two_rows_is_refused():
    with pytest.raises(Refused, match="two rows"):
        scorecard(pd.concat([BASE, BASE.iloc[[0]]]), SCHEME)


def test_no_scheme_is_learnt_from_nothing():
    with pytest.raises(Refused, match="No customer has a score"):
        learn_scheme(BASE * np.nan, KNOWN, given_weights(WEIGHTS, KNOWN), SHARES)


def test_the_figure_states_how_many_are_core():
    figure = scorecard(BASE, SCHEME).plot().get_figure()
    assert "are core" in figure.get_suptitle()


# The matrix.


def test_little_worth_now_with_high_prospects_is_potential():
    base = customers(400)
    card = scorecard(base, scheme_of(base))
    cuts = learn_matrix_cuts(card, SHARES)
    classes = matrix_tiers(card, cuts)
    sides = axes_of(card)
    potential = sides[classes.labels == "potential"]
    assert (potential["current"] < cuts.current).all()
    assert (potential["prospects"] >= cuts.prospects).all()
    assert (classes.labels == "potential").mean() == pytest.approx(0.3, abs=0.01)
    assert (classes.labels == "core").mean() + (classes.labels == "important").mean() == pytest.approx(0.2, abs=0.01)


def test_each_side_of_the_matrix_is_the_weighted_level_of_its_dimensions():
    card = scorecard(BASE.dropna(), SCHEME)
    expected = (0.4 * card.levels["financial"] + 0.2 * card.levels["stability"]) / 0.6
    assert axes_of(card)["current"].to_numpy() == pytest.approx(expected.to_numpy())


def test_a_customer_with_one_side_unknown_has_no_cell():
    card = scorecard(BASE.assign(growth=np.nan, substitution=np.nan), SCHEME)
    assert set(matrix_tiers(card, MatrixCuts(50, 50)).labels) == {"not known"}


def test_the_matrix_needs_both_sides_and_four_cells():
    base = customers(30)
    card = scorecard(base, learn_scheme(base, KNOWN, given_weights({"financial": 1}, KNOWN), SHARES))
    with pytest.raises(Refused, match="potential or risk"):
        axes_of(card)
    with pytest.raises(Refused, match="four cells"):
        learn_matrix_cuts(scorecard(BASE, SCHEME), (0.1, 0.2))
    with pytest.raises(Refused, match="No customer has a score"):
        learn_matrix_cuts(scorecard(BASE * np.nan, SCHEME), SHARES)


# TOPSIS.


def test_topsis_ranks_nearly_as_the_weighted_sum_and_tiers_have_the_same_sizes():
    found = topsis(scorecard(BASE, SCHEME))
    assert found.rank_correlation > 0.95
    counts = found.frame[["tier", "topsis_tier"]].apply(pd.Series.value_counts)
    assert counts["tier"].equals(counts["topsis_tier"].rename("tier"))


@given(ONE, st.sampled_from(list(KNOWN)), st.floats(0, 30))
@settings(deadline=None, max_examples=30)
def test_a_better_indicator_never_lowers_closeness(values, name, gain):
    before = 0.0 if values[name] is None else values[name]
    after = before + gain if KNOWN[name].higher_is_better else before - gain
    rows = pd.DataFrame([{**values, name: before}, {**values, name: after}], columns=list(KNOWN), dtype=float)
    worse, better = topsis(scorecard(rows.fillna(1.0), SCHEME)).frame["closeness"]
    assert better >= worse - 1e-9


def test_closeness_of_two_customers_does_not_depend_on_a_third():
    card = scorecard(BASE.dropna(), SCHEME)
    few = scorecard(BASE.dropna().iloc[:5], SCHEME)
    closeness = topsis(card).frame["closeness"][:5]
    assert topsis(few).frame["closeness"].to_numpy() == pytest.approx(closeness.to_numpy())


def test_topsis_of_one_customer_or_of_equals_has_no_rank_correlation():
    one = topsis(scorecard(BASE.iloc[[0]], SCHEME))
    assert np.isnan(one.rank_correlation)
    assert "not defined" in repr(one)
    with pytest.raises(Refused, match="No customer has a score"):
        topsis(scorecard(BASE * np.nan, SCHEME))
