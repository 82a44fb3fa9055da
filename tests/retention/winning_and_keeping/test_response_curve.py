"""Response curves: as Blattberg and Deighton write them, found again where known, doubted where they misfit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.retention.winning_and_keeping.response_curve import ResponseCurve, fit_response

curves = st.builds(
    lambda ceiling, share, steepness: ResponseCurve(ceiling, steepness, share * ceiling),
    st.floats(0.01, 1), st.floats(0, 1), st.floats(0, 2),
)  # fmt: skip


def trials(curve: ResponseCurve, n: int, seed: int, most: float = 30.0):
    rng = np.random.default_rng(seed)
    spent = rng.uniform(0, most, n)
    return spent, (rng.random(n) < curve.rate(spent)).astype(int)


@settings(max_examples=60, deadline=None)
@given(curves, st.lists(st.floats(0, 1000), min_size=2, max_size=8))
def test_more_spending_never_lowers_the_rate_nor_lifts_it_above_the_ceiling(curve, spending):
    rates = curve.rate(np.sort(spending))
    assert (np.diff(rates) >= -1e-12).all()
    assert (rates >= curve.floor - 1e-12).all()
    assert (rates <= curve.ceiling + 1e-12).all()


def test_the_slope_is_that_of_the_rate():
    curve = ResponseCurve(0.4, 0.1, 0.1)
    assert curve.slope(7.0) == pytest.approx((curve.rate(7.0001) - curve.rate(6.9999)) / 0.0002, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.floats(1, 1e4), st.floats(0.01, 0.9), st.floats(0.05, 0.95))
def test_a_judged_curve_goes_through_its_point(spending, share, ceiling):
    curve = ResponseCurve.through(spending, share * ceiling, ceiling)
    assert curve.rate(spending) == pytest.approx(share * ceiling)


def test_known_curves_are_found_again_and_their_intervals_hold():
    truth, held = ResponseCurve(0.4, 0.1), []
    for seed in range(25):
        found = fit_response(*trials(truth, 1500, seed), "leads", seed=seed, draws=60)
        at = [curve.rate(12.0) for curve in found.draws]
        low, high = np.quantile(at, [0.05, 0.95])
        held.append(low <= truth.rate(12.0) <= high)
    assert sum(held) >= 18  # of 25 at 90%: fewer come in one of 100 cases


def test_a_curve_that_is_one_is_not_called_a_misfit():
    p = [fit_response(*trials(ResponseCurve(0.4, 0.1), 2000, s), "leads", draws=0).p_misfit for s in range(30)]
    assert sum(one < 0.05 for one in p) <= 6


def test_money_in_another_unit_stretches_the_curve():
    spent, won = trials(ResponseCurve(0.4, 0.1), 800, 1)
    ours, theirs = (fit_response(unit * spent, won, "leads", draws=0).curve for unit in (1.0, 7.2))
    assert theirs.rate(7.2 * 10) == pytest.approx(ours.rate(10.0), rel=1e-3)


def test_real_prospects_were_not_won_by_spending_alone(shared_data):
    """Kumar and Petersen's file: the share acquired rises up to 600 dollars and falls to 50% beyond."""
    real = pd.read_csv(shared_data / "smcrm_acquisitionRetention.csv")
    found = fit_response(real["acq_exp"], real["acquisition"], "prospects", draws=5)
    assert found.p_misfit < 1e-4
    assert "does not fit" in found.remarks[0]
    assert found.curve.ceiling == pytest.approx(0.716, abs=0.005)
    assert found.groups["rate"].iloc[-1] < 0.55 < found.groups["rate"].iloc[3]


@pytest.mark.parametrize(
    ("spent", "won", "reason"),
    [
        ([1.0] * 30, [0, 1] * 15, "all cost the same"),
        (list(range(30)), [1] * 30, "all or none"),
        ([1.0, 2.0], [0, 1], "needs 20"),
        ([-1.0] * 30, [0, 1] * 15, "0 or more"),
    ],
)
def test_trials_that_tell_nothing_are_refused(spent, won, reason):
    with pytest.raises(Refused, match=reason):
        fit_response(spent, won, "leads")


@pytest.mark.parametrize("given_", [(1.2, 0.1, 0.0), (0.4, -1.0, 0.0), (0.4, 0.1, 0.5)])
def test_what_is_no_curve_is_refused(given_):
    with pytest.raises(Refused):
        ResponseCurve(*given_)
    with pytest.raises(Refused):
        ResponseCurve.through(5.0, 0.5, 0.4)
