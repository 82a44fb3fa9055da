"""Whether tiers survive other weights and measurement error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from scored import KNOWN, WEIGHTS, customers, scheme_of

from clvlab.refusal import Refused
from clvlab.tiers.grading.scheme import learn_scheme
from clvlab.tiers.grading.sensitivity import tier_survival
from clvlab.tiers.grading.weights import given_weights

BASE = customers(300, missing=0.1)
SCHEME = scheme_of(BASE)
EXACT = BASE * 0


@pytest.fixture(scope="module")
def found():
    return tier_survival(BASE, BASE * 0.2, SCHEME, draws=100)


def test_without_error_only_other_weights_move_tiers():
    frame = tier_survival(BASE, EXACT, SCHEME, draws=50).frame
    assert frame["by_error"].eq(1).all()
    assert frame["by_weights"].equals(frame["by_both"].rename("by_weights"))
    assert frame["by_weights"].min() < 1


def test_probabilities_lie_between_0_and_1_and_those_of_tiers_add_up(found):
    tiers = found.frame[list(found.tiers)]
    assert tiers.sum(axis=1).to_numpy() == pytest.approx(1)
    ways = found.frame[["by_weights", "by_error", "by_both"]].to_numpy()
    assert ((ways >= 0) & (ways <= 1)).all()
    own = found.frame.apply(lambda row: row[row["tier"]], axis=1)
    assert own.to_numpy() == pytest.approx(found.frame["by_both"].to_numpy())


def test_firm_is_what_survives_nine_times_in_ten(found):
    assert found.frame["firm"].equals((found.frame["by_both"] >= 0.9).rename("firm"))
    assert 0 < found.firm_share == found.frame["firm"].mean() < 1


def test_accounts_near_a_cut_are_less_firm(found):
    distance = np.abs(found.frame["score"].to_numpy()[:, None] - np.array(found.cuts)).min(axis=1)
    near, far = found.frame["by_both"][distance < 1], found.frame["by_both"][distance > 5]
    assert near.mean() < 0.7 < 0.95 < far.mean()


def test_error_alone_gives_the_probability_that_the_normal_distribution_gives():
    known = {"margin": KNOWN["margin"]}
    base = pd.DataFrame({"margin": np.arange(101.0)})
    scheme = learn_scheme(base, known, given_weights({"financial": 1}, known), (0.1, 0.2, 0.3))
    frame = tier_survival(base, EXACT.iloc[:0].reindex(base.index)[["margin"]].fillna(2.0), scheme, draws=1000).frame
    # Points are the margin itself; 91 stands 0.5 above the cut of core, 95 stands 4.5 above.
    assert scheme.cuts[0] == pytest.approx(90.5)
    assert frame["by_error"][[91, 95]].to_list() == pytest.approx([norm.cdf(0.25), norm.cdf(2.25)], abs=0.05)


def test_with_one_indicator_no_weight_matters():
    known = {"margin": KNOWN["margin"]}
    scheme = learn_scheme(BASE, known, given_weights({"financial": 1}, known), (0.1, 0.2, 0.3))
    found = tier_survival(BASE, EXACT, scheme, draws=20)
    assert found.firm_share == 1
    assert found.importance["tiers_changed"].eq(0).all()


def test_the_heaviest_dimension_matters_most(found):
    assert found.importance["weight_of"][0] == "financial"
    assert set(found.importance["weight_of"]) == {*WEIGHTS, *KNOWN}
    assert found.importance["tiers_changed"].is_monotonic_decreasing


def test_larger_changes_of_weights_move_more_tiers():
    small, large = (
        tier_survival(BASE, EXACT, SCHEME, change=x, draws=50).frame["by_weights"].mean() for x in (0.05, 0.5)
    )
    assert large < small


def test_the_same_seed_gives_the_same_answer():
    one, two, other = (tier_survival(BASE, BASE * 0.2, SCHEME, draws=20, seed=s).frame for s in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(other)


def test_a_large_base_is_sampled_and_says_so():
    found = tier_survival(BASE, EXACT, SCHEME, draws=5, most=50)
    assert len(found.frame) == 50
    assert "50 of 300 accounts are drawn at random" in found.remarks[1]


def test_indicators_without_error_are_named():
    found = tier_survival(BASE, EXACT.drop(columns="growth"), SCHEME, draws=2)
    assert any("growth" in remark for remark in found.remarks)


def test_customers_without_a_score_are_left_out():
    base = BASE.copy()
    base.iloc[:10] = np.nan
    assert len(tier_survival(base, EXACT, SCHEME, draws=2).frame) == BASE.iloc[10:].notna().any(axis=1).sum()


@pytest.mark.parametrize("number", [1, 2])
def test_one_or_two_accounts_have_an_answer(number):
    base = customers(number)
    assert len(tier_survival(base, base * 0.1, scheme_of(base), draws=5).frame) == number


@pytest.mark.parametrize(
    ("values", "errors", "options", "sentence"),
    [
        (BASE, EXACT, {"change": 1.0}, "change=1.0"),
        (BASE, EXACT, {"draws": 0}, "draws=0"),
        (BASE, EXACT - 1, {}, "negative standard error"),
        (BASE * np.nan, EXACT, {}, "No customer has a score"),
    ],
)
def test_what_cannot_be_drawn_is_refused(values, errors, options, sentence):
    with pytest.raises(Refused, match=sentence):
        tier_survival(values, errors, SCHEME, **options)


def test_the_figure_states_how_many_are_firm(found):
    assert f"{found.firm_share:.0%} of accounts" in found.plot().get_figure().get_suptitle().replace("\n", " ")
    assert "by weights" in repr(found).replace("_", " ")
