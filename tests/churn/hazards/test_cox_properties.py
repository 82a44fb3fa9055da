"""What must not change a Cox model."""

import cox_data
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.churn.hazards.cox.model import cox

NAMES = ["late", "small"]


@st.composite
def spells(draw) -> pd.DataFrame:
    """60 spells of 25 customers with late entry and ties, in one of two regions."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    frame = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 25, 60),
            "region": rng.choice(["north", "south"], 60),
            "entry": np.where(rng.random(60) < 0.4, rng.integers(0, 8, 60), 0),
            "event": (rng.random(60) < 0.7).astype(int),
            "late": rng.normal(3, 2, 60),
            "small": (rng.random(60) < 0.5).astype(int),
            "known": rng.normal(0, 0.3, 60),
        }
    )
    return frame.assign(duration=frame["entry"] + rng.integers(1, 15, 60))


def fitted(frame: pd.DataFrame, names=NAMES):
    return cox(frame, names, strata="region", offset="known")


def assert_same(one, other, names=NAMES) -> None:
    for figures in ("params_", "standard_errors_", "robust_standard_errors_"):
        np.testing.assert_allclose(getattr(one, figures)[names], getattr(other, figures)[names], rtol=1e-6, atol=1e-9)
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(frame=spells(), factor=st.sampled_from([7 / (365.25 / 12), 12, 1 / 3, 1e-4, 1e5]))
def test_the_unit_of_time(frame, factor):
    other = frame.assign(entry=frame["entry"] * factor, duration=frame["duration"] * factor)
    assert_same(fitted(frame), fitted(other))
    ours, theirs = (
        fitted(rows).survival(frame, times)["survival"] for rows, times in ((frame, [6]), (other, [6 * factor]))
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(frame=spells())
def test_a_covariate_of_zeros(frame):
    with_zeros = fitted(frame.assign(nothing=0), ["nothing", *NAMES])
    assert_same(fitted(frame), with_zeros)
    assert np.isnan(with_zeros.params_["nothing"])
    ours, theirs = fitted(frame).linear_predictor(frame), with_zeros.linear_predictor(frame.assign(nothing=0))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(frame=spells(), shift=st.floats(-1e4, 1e4), scale=st.floats(1e-3, 1e3))
def test_where_a_covariate_begins_and_its_unit(frame, shift, scale):
    one, other = fitted(frame), fitted(frame.assign(late=shift + scale * frame["late"]))
    for figures in ("params_", "standard_errors_", "robust_standard_errors_"):
        assert getattr(other, figures)["late"] * scale == pytest.approx(
            getattr(one, figures)["late"], rel=1e-5, abs=1e-8
        )
        assert getattr(other, figures)["small"] == pytest.approx(getattr(one, figures)["small"], rel=1e-5, abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(frame=spells(), cut=st.floats(0.5, 14.5))
def test_cutting_spells_in_pieces(frame, cut):
    across = (frame["entry"] < cut) & (cut < frame["duration"])
    pieces = [frame[~across], frame[across].assign(duration=cut, event=0), frame[across].assign(entry=cut)]
    one, other = fitted(frame), fitted(pd.concat(pieces))
    assert_same(one, other)
    assert one.diagnostics_["errors"] == other.diagnostics_["errors"]
    pd.testing.assert_frame_equal(one.hazard_ratios_, other.hazard_ratios_, rtol=1e-6)
    pd.testing.assert_frame_equal(one.baseline_, other.baseline_, rtol=1e-6)
    tests = [fit.proportional_hazards().to_frame()["statistic"] for fit in (one, other)]
    np.testing.assert_allclose(*tests, rtol=1e-5, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(frame=spells(), seed=st.integers(0, 100))
def test_the_order_of_rows(frame, seed):
    one, other = fitted(frame), fitted(frame.sample(frac=1, random_state=seed))
    assert_same(one, other)
    pd.testing.assert_frame_equal(one.baseline_, other.baseline_, rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(frame=spells())
def test_the_same_customers_once_more_in_other_strata(frame):
    twice = pd.concat([frame, frame.assign(region=frame["region"] + " again")])
    one, other = fitted(frame), fitted(twice)
    np.testing.assert_allclose(one.params_, other.params_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(one.standard_errors_, other.standard_errors_ * np.sqrt(2), rtol=1e-6)
    # A customer's second copy says nothing new: its robust errors stay.
    np.testing.assert_allclose(one.robust_standard_errors_, other.robust_standard_errors_, rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(frame=spells())
def test_survival_never_rises(frame):
    found = fitted(frame).survival(frame, [0, 1, 3, 6, 9, 12])
    by_row = found["survival"].to_numpy().reshape(len(frame), -1)
    assert (np.diff(by_row, axis=1)[np.isfinite(np.diff(by_row, axis=1))] <= 0).all()
    known = found.dropna()
    assert ((known["lower"] <= known["survival"]) & (known["survival"] <= known["upper"])).all()


def test_an_effect_known_beforehand_goes_in_as_an_offset():
    rows = cox_data.made()
    fit = cox(rows, ["late", "small"], strata="region")
    known = cox(rows.assign(known=fit.params_["small"] * rows["small"]), ["late"], strata="region", offset="known")
    assert known.params_["late"] == pytest.approx(fit.params_["late"], rel=1e-6)
    assert known.log_likelihood_ == pytest.approx(fit.log_likelihood_, rel=1e-10)
