"""Customer equity by Blattberg and Deighton: their formula, Pfeifer's condition, and the best of all splits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.retention.winning_and_keeping.customer_equity import CustomerEquity
from clvlab.retention.winning_and_keeping.response_curve import ResponseCurve

PLAN = CustomerEquity(ResponseCurve(0.4, 0.1), ResponseCurve(0.7, 0.05), 50.0, 50.0, 0.1)

plans = st.builds(
    lambda a, ka, f, r, kr, won, kept, n, m: CustomerEquity(
        ResponseCurve(a, ka), ResponseCurve(r, kr, f * r), won, kept, 0.1, n, m
    ),
    st.floats(0.05, 0.9), st.floats(0.001, 0.5), st.floats(0, 1), st.floats(0.1, 0.95), st.floats(0.001, 0.5),
    st.floats(1, 300), st.floats(1, 300), st.integers(1, 500), st.integers(1, 500),
)  # fmt: skip


def test_the_formula_is_that_of_blattberg_and_deighton():
    """a m - A + a (m - R / r) r' / (1 - r'), with r' = r / (1 + d)."""
    a, r, win, keep, m = PLAN.winning.rate(6.0), PLAN.keeping.rate(12.0), 6.0, 12.0, 50.0
    discounted = r / 1.1
    assert PLAN.equity(win, keep) == pytest.approx(a * m - win + a * (m - keep / r) * discounted / (1 - discounted))


def test_it_is_the_sum_of_the_years():
    r, keep, m = float(PLAN.keeping.rate(12.0)), 12.0, 50.0
    years = sum(r**t * (r * m - keep) / 1.1 ** (t + 1) for t in range(400))
    assert PLAN.kept_for(m, keep) == pytest.approx(years)


def test_at_the_best_a_customer_costs_as_much_to_win_as_to_keep_and_as_it_is_worth():
    """Pfeifer (2005): marginal cost of acquiring = marginal cost of retaining = customer lifetime value."""
    win, keep = PLAN.best()
    worth = PLAN.margin_won + PLAN.kept_for(PLAN.margin_won, keep)
    assert 1 / PLAN.winning.slope(win) == pytest.approx(worth, rel=1e-6)
    assert 1 / PLAN.keeping.slope(keep) == pytest.approx(worth, rel=1e-5)


def test_the_best_is_the_best_on_a_fine_grid():
    grid = np.linspace(0, 50, 1001)
    equity = PLAN.equity(grid[:, None], grid[None, :])
    assert PLAN.equity(*PLAN.best()) >= equity.max() - 1e-9
    place = np.unravel_index(equity.argmax(), equity.shape)
    assert PLAN.best() == pytest.approx((grid[place[0]], grid[place[1]]), abs=0.06)


@settings(max_examples=40, deadline=None)
@given(plans, st.floats(0, 20_000))
def test_no_split_of_the_budget_beats_the_best_and_none_overspends(plan, budget):
    win, keep = plan.split(budget)
    assert min(win, keep) >= 0
    assert plan.prospects * win + plan.customers * keep <= budget * (1 + 1e-9) + 1e-9
    best = plan.equity(win, keep)
    for share in np.linspace(0, 1, 23):
        for spent in (0.3, 1.0):
            other = plan.equity((1 - share) * spent * budget / plan.prospects, share * spent * budget / plan.customers)
            assert best >= other - 1e-3 * (1 + abs(best))


@settings(max_examples=40, deadline=None)
@given(plans, st.floats(0, 10_000), st.floats(1, 3))
def test_a_larger_budget_never_brings_less(plan, budget, more):
    assert plan.equity(*plan.split(more * budget)) >= plan.equity(*plan.split(budget)) - 1e-3 * (
        1 + abs(plan.equity(*plan.split(budget)))
    )


def test_a_budget_beyond_all_need_hides_no_better_split():
    """Of 366 at most 7 are worth spending on the one customer: steps of a four-hundredth of 366 pass over the best."""
    winning, keeping = ResponseCurve(0.421875, 0.41015625), ResponseCurve(0.890625, 0.421875, 0.0556640625)
    plan = CustomerEquity(winning, keeping, 5.0, 7.0, 0.1, 95, 1)
    grid = np.linspace(0, 8, 801)
    assert plan.equity(*plan.split(366.0)) >= plan.equity(grid[:, None], grid[None, :])[:200].max() - 1e-9


@settings(max_examples=25, deadline=None)
@given(plans, st.floats(0.1, 50))
def test_money_in_another_unit_scales_equity_and_spending(plan, unit):
    scaled = CustomerEquity(
        ResponseCurve(plan.winning.ceiling, plan.winning.steepness / unit),
        ResponseCurve(plan.keeping.ceiling, plan.keeping.steepness / unit, plan.keeping.floor),
        unit * plan.margin_won, unit * plan.margin_kept, plan.discount_rate, plan.prospects, plan.customers,
    )  # fmt: skip
    ours, theirs = plan.equity(*plan.best()), scaled.equity(*scaled.best())
    assert theirs == pytest.approx(unit * ours, rel=1e-5, abs=1e-6 * unit)


def test_what_cannot_be_is_refused():
    with pytest.raises(Refused):
        CustomerEquity(PLAN.winning, PLAN.keeping, 1.0, 1.0, 0.0)
    with pytest.raises(Refused):
        PLAN.split(100.0)  # no customers to keep
