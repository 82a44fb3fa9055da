"""Gains and losses: a published figure, a known ratio found again through whole scores, and Fieller's interval."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import AS_OF, made_up
from scipy.stats import binomtest, linregress

from clvlab.refusal import Refused
from clvlab.satisfaction import asymmetry, slopes_around
from clvlab.satisfaction.drivers.asymmetry import GAIN, LOSS, RATIO
from clvlab.satisfaction.drivers.rounding import gains_and_losses
from clvlab.satisfaction.drivers.slopes import RATIO as SLOPES_RATIO
from clvlab.satisfaction.regression import Line, ratio


def test_hbat_satisfaction_falls_faster_below_the_mean_delivery_speed_than_it_rises_above(shared_data: Path):
    """A continuous line with a bend at the mean and the usual errors gives the published figures."""
    hbat = pd.read_csv(shared_data / "hbat.csv")
    frame = slopes_around(hbat["delivery_speed"], hbat["satisfaction"]).to_frame().set_index("side").round(2)
    assert frame.loc["below", ["value", "error"]].tolist() == [1.26, 0.24]
    assert frame.loc["above", ["value", "error"]].tolist() == [0.51, 0.29]


def test_without_a_bend_both_slopes_are_that_of_the_line():
    x = np.linspace(0, 10, 40)
    found = slopes_around(x, 2 * x + 1, at=4)
    assert found.to_frame()["value"].to_numpy() == pytest.approx([2, 2, 1])


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(-20, 20))
@settings(max_examples=25, deadline=None)
def test_units_scale_the_slopes_and_leave_their_ratio(of_x: float, of_y: float, shift: float):
    rng = np.random.default_rng(1)
    x = rng.normal(size=80)
    y = np.minimum(x, 0) * 2 + np.maximum(x, 0) + 0.3 * rng.normal(size=80)
    plain = slopes_around(x, y).to_frame().set_index("side")["value"]
    other = slopes_around(of_x * x + shift, of_y * y).to_frame().set_index("side")["value"]
    assert other["below"] == pytest.approx(plain["below"] * of_y / of_x)
    assert other[SLOPES_RATIO] == pytest.approx(plain[SLOPES_RATIO])


def test_several_answers_of_one_account_widen_the_errors():
    rng = np.random.default_rng(2)
    account = np.repeat(np.arange(30), 10)
    x = rng.normal(size=30)[account]
    y = x + rng.normal(size=30)[account] + 0.3 * rng.normal(size=300)
    alone, together = (slopes_around(x, y, accounts=whose).to_frame()["error"][0] for whose in (None, account))
    assert together > 2 * alone


@pytest.mark.parametrize(
    ("x", "at", "said"),
    [
        ([1, 1, 1, 1], "mean", "on one side"), ([1, 2, 3, 4], 9, "on one side"), ([], "mean", "no answer"),
        ([1, 2, 3, 4], "mode", "no point"), ([1, 3], "mean", "cannot tell"),
    ],
)  # fmt: skip
def test_slopes_that_cannot_be_told_are_refused(x: list, at, said: str):
    with pytest.raises(Refused, match=said):
        slopes_around(x, x, at)


def test_fiellers_interval_is_where_the_difference_is_not_told():
    line = Line(np.array([0.0, 2.0, 1.0]), np.array([[1, 0, 0], [0, 0.04, 0.01], [0, 0.01, 0.02]]), 100)
    _, *ends = ratio(1, 2, line, 1.645)
    for end in ends:
        error = np.sqrt(0.04 - 2 * end * 0.01 + end**2 * 0.02)
        assert abs(2 - end) == pytest.approx(1.645 * error)
    assert np.isnan(ratio(1, 2, Line(np.array([0, 2, 0.1]), np.eye(3), 100), 1.645)[1])


def test_losses_that_count_double_are_found_through_whole_scores():
    """Plain differences of whole scores give 1.6 to 1.7 here."""
    found, inside = [], 0
    for seed in range(20):
        row = asymmetry(made_up(seed, 400)[0], AS_OF).to_frame().set_index("effect").loc[RATIO]
        found.append(row["value"])
        inside += row["lower"] < 2 < row["upper"]
    assert np.median(found) == pytest.approx(2, abs=0.12)
    assert binomtest(inside, 20, 0.9).pvalue > 0.001


def test_losses_that_count_alike_are_not_told_apart():
    surveys, _ = made_up(3, 400, aversion=1.0)
    found = asymmetry(surveys, AS_OF)
    assert found.finding.startswith("That falling short costs more than exceeding brings is not told")
    values = found.to_frame().set_index("effect")["value"]
    assert values[GAIN] == pytest.approx(1, abs=0.15)
    assert values[LOSS] == pytest.approx(-1, abs=0.15)
    found.plot()


def test_scores_that_are_no_whole_ones_are_taken_as_they_are():
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"respondent_role": "shipper", "item": "speed", "expectation": rng.uniform(5, 9, 100)})
    rows["perception"] = rng.uniform(5, 9, 100)
    found = gains_and_losses(rows, pd.Series(10, rows.index))
    assert (found["gain"] - found["loss"]).to_numpy() == pytest.approx(rows["perception"] - rows["expectation"])
    assert linregress(found["gain"], np.maximum(rows["perception"] - rows["expectation"], 0)).slope == pytest.approx(1)


@pytest.mark.parametrize("column", ["expectation", "perception"])
def test_without_both_sides_of_the_gap_it_is_refused(column: str):
    with pytest.raises(Refused, match="expectation and perception"):
        asymmetry(made_up(1)[0].drop(columns=column), AS_OF)


def test_answers_that_are_all_the_same_or_of_few_accounts_are_refused():
    surveys, _ = made_up(1)
    with pytest.raises(Refused):
        asymmetry(surveys.assign(perception=surveys["expectation"]), AS_OF)
    with pytest.raises(Refused):
        asymmetry(surveys[surveys["customer_id"] == "c001"], AS_OF)
    with pytest.raises(Refused):
        asymmetry(surveys.assign(overall=surveys["overall"].where(surveys["overall"].isna(), 8.0)), AS_OF)
