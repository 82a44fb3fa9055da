"""The expected maximum profit is that of the literature, and no profit fixed beforehand exceeds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from clvlab.refusal import Refused
from clvlab.retention.actions.maximum_profit import expected_maximum_profit

TEN = [0.1, 0.15, 0.8, 0.3, 0.35, 0.9, 0.5, 0.2, 0.6, 0.7], [0, 0, 1, 0, 1, 1, 0, 0, 0, 1]
# empulse 0.13.1 (the authors' own package): empc_score(y, s, alpha, beta, clv, incentive_cost, contact_cost) and its
# optimal_rate.
PUBLISHED = [
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9], [0, 1, 0, 1, 0, 1, 0, 1], (6, 14), 200, 10, 1,
     23.875593418348124, 0.8743700763487141),
    ([0.9, 0.7, 0.4, 0.1], [1, 0, 1, 0], (6, 14), 200, 10, 1, 25.25039561224513, 0.7495800508085078),
    (*TEN, (6, 14), 200, 10, 1, 20.208387989900114, 0.5936879170049371),
    (*TEN, (3, 9), 50, 5, 4, 2.207939391669216, 0.291320483706651),
]  # fmt: skip

customers = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(-50, 500)), min_size=1, max_size=12
)  # fmt: skip
costs = st.tuples(st.floats(0, 20), st.floats(0.01, 20))


def split(rows):
    return tuple(np.array(column) for column in zip(*rows, strict=True))


@pytest.mark.parametrize(("scores", "left", "acceptance", "value", "offer", "contact", "profit", "share"), PUBLISHED)
def test_it_is_the_measure_of_verbraken_verbeke_and_baesens(
    scores, left, acceptance, value, offer, contact, profit, share
):
    found = expected_maximum_profit(scores, left, value, offer, contact, acceptance)
    assert found.profit == pytest.approx(profit, rel=1e-12)
    assert found.share == pytest.approx(share, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(customers, costs)
def test_it_is_the_mean_of_the_best_profit_over_how_many_accept(rows, cost):
    score, leaves, value = split(rows)
    found = expected_maximum_profit(score, leaves, value, *cost)
    accepted = beta.ppf((np.arange(4000) + 0.5) / 4000, 6, 14)
    levels = [np.inf, *np.unique(score)[::-1]]
    each = [
        (accepted[:, None] * (leaves * (value - cost[0])) - (cost[1] + (1 - leaves) * cost[0]))[:, score >= level].sum(
            1
        )
        for level in levels
    ]
    assert found.profit == pytest.approx(np.max(each, axis=0).mean() / len(rows), abs=0.02 + 1e-3 * abs(value).max())


@settings(max_examples=40, deadline=None)
@given(customers, costs)
def test_it_earns_no_less_than_contacting_none_or_all(rows, cost):
    score, leaves, value = split(rows)
    found = expected_maximum_profit(score, leaves, value, *cost)
    everyone = (0.3 * leaves * (value - cost[0]) - cost[1] - (1 - leaves) * cost[0]).mean()
    assert found.profit >= max(0.0, everyone) - 1e-9 * max(1.0, abs(value).max())
    assert 0 <= found.share <= 1


@settings(max_examples=30, deadline=None)
@given(customers, costs, st.floats(0.1, 50))
def test_money_in_another_unit_scales_the_profit_and_moves_nobody(rows, cost, unit):
    score, leaves, value = split(rows)
    ours = expected_maximum_profit(score, leaves, value, *cost)
    theirs = expected_maximum_profit(score, leaves, unit * value, unit * cost[0], unit * cost[1])
    assert theirs.profit == pytest.approx(unit * ours.profit, rel=1e-6, abs=1e-6 * unit)
    assert theirs.share == pytest.approx(ours.share, abs=1e-6)


def test_a_ranking_that_knows_more_earns_more():
    left = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    right, wrong = (expected_maximum_profit(s, left, 100.0, 5, 2).profit for s in (left, 1 - left))
    assert right > wrong


@pytest.mark.parametrize(
    ("scores", "leaves", "value", "cost"),
    [([], [], 1.0, 1), ([0.5], [2], 1.0, 1), ([0.5], [1, 0], 1.0, 1), ([np.nan], [1], 1.0, 1), ([0.5], [1], 1.0, -1)],
)
def test_what_cannot_be_is_refused(scores, leaves, value, cost):
    with pytest.raises(Refused):
        expected_maximum_profit(scores, leaves, value, 0.0, cost)
