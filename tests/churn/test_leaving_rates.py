"""How many leave: events over time at risk, with Jeffreys' intervals."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.churn.rates import leaving_rates, share_of_today, yearly_shares
from clvlab.refusal import Refused

# R: qgamma(c(.05, .95), 3.5); qgamma(.95, .5)
THREE = (1.0836749546, 7.0335702247)
NONE = 1.9207294103


def shares(left: float, years: float) -> pd.Series:
    return yearly_shares(pd.Series([left]), pd.Series([years])).iloc[0]


def test_three_of_ten_customer_years():
    expected = [1 - np.exp(-rate / 10) for rate in (3.0, *THREE)]
    assert shares(3, 10).tolist() == pytest.approx(expected, rel=1e-8)


def test_nobody_left_still_has_an_upper_bound():
    assert shares(0, 10).tolist() == pytest.approx([0, 0, 1 - np.exp(-NONE / 10)], rel=1e-8)


def test_without_time_at_risk_nothing_is_known():
    assert shares(0, 0).isna().all()


@given(st.integers(0, 500), st.floats(0.01, 1e4))
def test_the_interval_holds_the_share_and_all_lie_within_0_and_1(left, years):
    found = shares(left, years)
    assert 0 <= found["lower"] <= found["yearly_share"] <= found["upper"] <= 1


@given(st.integers(0, 100), st.floats(0.5, 100))
def test_more_events_are_a_larger_share_and_more_time_a_smaller(left, years):
    assert (shares(left + 1, years) >= shares(left, years)).all()
    assert (shares(left, 2 * years) <= shares(left, years)).all()


def test_intervals_hold_the_true_rate_nine_times_in_ten():
    rng = np.random.default_rng(5)
    left = rng.poisson(0.2 * 40, 20_000)
    found = yearly_shares(pd.Series(left), pd.Series(np.full(len(left), 40.0)))
    truth = 1 - np.exp(-0.2)
    held = ((found["lower"] <= truth) & (truth <= found["upper"])).mean()
    assert held == pytest.approx(0.9, abs=0.04)  # a count of 8 comes in steps


MONTHS = pd.DataFrame(
    {
        "month": [657, 659, 660, 660, 661],  # October 2024 to February 2025
        "entry": [0.0, 2.0, 3.0, 5.0, 4.0],
        "duration": [1.0, 3.0, 4.0, 5.5, 5.0],
        "event": [0, 1, 0, 1, 0],
    }
)
TIES = pd.Series(["spot", "spot", "contract", "spot", "contract"], name="tie")


def test_quarters_and_groups_hold_what_belongs_to_them():
    found = leaving_rates(MONTHS, TIES).to_frame()
    assert found[["quarter", "tie", "left"]].values.tolist() == [
        ["2024-Q4", "spot", 1],
        ["2025-Q1", "contract", 0],
        ["2025-Q1", "spot", 1],
    ]
    assert found["customer_years"].tolist() == pytest.approx([2 / 12, 2 / 12, 0.5 / 12])


def test_where_nobody_left_the_share_of_today_is_in_its_interval():
    found = share_of_today(MONTHS.assign(event=0), TIES, pd.Series({"contract": 3, "spot": 1}))
    assert found["yearly_share"] == found["lower"] == 0
    assert 0 < found["upper"] < 1


def test_the_order_of_rows_does_not_matter():
    order = [4, 0, 3, 1, 2]
    shuffled = leaving_rates(MONTHS.iloc[order], TIES.iloc[order]).to_frame()
    pd.testing.assert_frame_equal(shuffled, leaving_rates(MONTHS, TIES).to_frame())


def test_no_month_at_risk_is_refused():
    with pytest.raises(Refused, match="no month at risk"):
        leaving_rates(MONTHS.iloc[:0], TIES.iloc[:0])


def test_many_groups_are_drawn(tmp_path):
    months = pd.concat([MONTHS.iloc[:2]] * 12, ignore_index=True)
    groups = pd.Series([f"group {n // 2}" for n in range(24)], name="region")
    ax = leaving_rates(months, groups).plot()
    ax.get_figure().savefig(tmp_path / "rates.png")
    assert ax.get_figure().get_suptitle()
    plt.close("all")
