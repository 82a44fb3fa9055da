"""Forecasts of earlier days beside the naive rule: what is scored, from a study of records."""

from __future__ import annotations

import datetime as dt

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from clvlab.churn.checking.out_of_time import COVARIATES, DAYS_SILENT, MODEL, OutOfTime
from clvlab.churn.customer_base import check
from clvlab.opening import open_study
from clvlab.simulate import simulate
from clvlab.study import Study

EARLIER, LATER = dt.date(2024, 6, 30), dt.date(2024, 12, 31)
NAIVE = "silent for 90 days"


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("checked") / "demo"
    simulate(customers=200, months=30, seed=3).write(folder)
    return open_study(folder)


@pytest.fixture(scope="module")
def tested(study) -> OutOfTime:
    return study.churn_check


@pytest.fixture(scope="module")
def scores(tested) -> pd.DataFrame:
    return tested.to_frame()


def test_each_day_horizon_and_forecaster_has_its_scores(tested, scores):
    assert tested.horizons == {EARLIER: (3, 6, 12), LATER: (3, 6)}
    assert list(scores["forecaster"]) == [MODEL, COVARIATES, NAIVE, DAYS_SILENT] * 5
    ours = scores[scores["forecaster"] == MODEL]
    assert ours["auc"].between(ours["auc_lower"], ours["auc_upper"]).all()
    assert scores[["auc", "uno_c"]].apply(lambda one: one.between(0, 1)).all(axis=None)
    probable = scores["forecaster"].isin([MODEL, COVARIATES])
    assert (scores["brier"].notna() == probable).all()


def test_forecasts_are_those_that_were_made_then(study, tested):
    then = study.at(EARLIER).churn
    rows = tested.frame[tested.frame["landmark"] == pd.Timestamp(EARLIER)].set_index("customer_id")
    for horizon in (3, 6, 12):
        ours = then.prospects.frame.loc[rows.index]
        np.testing.assert_allclose(rows[(MODEL, horizon)], ours[f"leave_{horizon}"], rtol=1e-9)
        np.testing.assert_allclose(rows[(COVARIATES, horizon)], ours[f"risk_{horizon}"], rtol=1e-9)
        silent = then.accounts.standing["silent_days"].reindex(rows.index).fillna(0)
        assert (rows[(DAYS_SILENT, horizon)] == silent).all()
        assert (rows[(NAIVE, horizon)] == (silent >= 90)).all()


def test_outcomes_are_those_known_today(study, tested):
    spells = study.churn.spells
    for landmark in (EARLIER, LATER):
        rows = tested.frame[tested.frame["landmark"] == pd.Timestamp(landmark)]
        assert rows["customer_id"].is_unique
        for row in rows.itertuples():
            own = spells[(spells["customer_id"] == row.customer_id) & (spells["started_on"] <= row.landmark)]
            last = own.sort_values("started_on").iloc[-1]
            until = last["ended_on"] if last["event"] else last["at_risk_to"]
            assert row.event == last["event"]
            assert row.time == pytest.approx(max((until - row.landmark).days, 0) * 12 / 365.25)


def test_counts_of_those_who_left_grow_with_the_horizon(scores):
    counts = scores.groupby(["landmark", "months"])[["customers", "left"]].agg(["min", "max"])
    assert (counts.xs("min", axis=1, level=1) == counts.xs("max", axis=1, level=1)).all(axis=None)
    for _, rows in scores.groupby("landmark"):
        assert rows.sort_values("months")["left"].is_monotonic_increasing
        assert (rows["left"] < rows["customers"]).all()


def test_calibration_groups_hold_every_customer(tested, scores):
    groups = tested.calibration(12, groups=5)
    rows = scores[(scores["landmark"] == pd.Timestamp(EARLIER)) & (scores["months"] == 12)]
    assert groups["customers"].sum() == rows["customers"].iloc[0]
    assert groups["expected"].is_monotonic_increasing
    assert groups["observed"].between(groups["lower"], groups["upper"]).all()
    assert tested.calibration(12).equals(tested.calibration(12, EARLIER))


def test_the_same_seed_says_the_same(study, tested, scores):
    again = check(study.churn, study.seed)
    pd.testing.assert_frame_equal(again.frame, tested.frame, check_exact=True)
    pd.testing.assert_frame_equal(again.to_frame(), scores, check_exact=True)


def test_the_figure_says_what_it_found(tested):
    ax = tested.plot()
    assert "12 months" in ax.get_figure().get_suptitle()
    assert ax.get_legend_handles_labels()[1] == ["within 3 months", "within 6 months", "within 12 months"]
    plt.close("all")
