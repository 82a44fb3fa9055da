"""Orders come at the stated rate, regularity and season."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.simulate.calendar import calendar
from clvlab.simulate.demand import order_times


@given(
    shape=st.sampled_from([0.45, 1.0, 4.0]),
    load=st.lists(st.floats(0, 300), min_size=1, max_size=8),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=60, deadline=None)
def test_orders_lie_within_the_stretch_and_the_next_one_after_it(shape: float, load: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = len(load)
    waiting = rng.exponential(1.0, n)
    customer, at, after = order_times(rng, np.full(n, shape), waiting, np.array(load))
    assert ((at >= 0) & (at < 1 + 1e-12)).all()
    assert (np.diff(customer) >= 0).all()
    same = np.diff(customer) == 0
    assert (np.diff(at)[same] >= 0).all()
    assert (after >= 0).all()
    quiet = ~np.isin(np.arange(n), customer)
    assert after[quiet] == pytest.approx((waiting - np.array(load))[quiet])


@pytest.mark.parametrize(("shape", "dispersion"), [(4.0, 0.25), (1.0, 1.0), (0.45, 1 / 0.45)])
def test_counts_have_the_rate_and_the_dispersion_of_their_renewal_process(shape: float, dispersion: float) -> None:
    rng = np.random.default_rng(3)
    n, months, load = 4000, 30, 8.0
    waiting = rng.gamma(shape, 1 / shape, n)
    total = np.zeros(n)
    for _ in range(months):
        customer, _, waiting = order_times(rng, np.full(n, shape), waiting, np.full(n, load))
        total += np.bincount(customer, minlength=n)
    assert total.mean() == pytest.approx(months * load, rel=0.01)
    assert total.var() / total.mean() == pytest.approx(dispersion, rel=0.12)


def test_an_average_year_is_twelve_average_months() -> None:
    window = calendar(36)
    assert str(window.start) == "2023-01-01"
    assert window.days == 1096
    assert window.month_load()[:36].sum() == pytest.approx(36, rel=0.03)
