"""What holds for every set of spells: units, order and cuts do not matter, and shares stay shares."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.churn.curves.cumulative_hazard import cumulative_hazard
from clvlab.churn.curves.incidence import cumulative_incidence
from clvlab.churn.curves.log_rank import log_rank
from clvlab.churn.curves.restricted_mean import restricted_mean
from clvlab.churn.curves.survival import survival_curve
from clvlab.refusal import Refused

DAYS = 30.4375
FEW = settings(max_examples=25, deadline=None)


@st.composite
def spells(draw: st.DrawFn) -> pd.DataFrame:
    """Up to 25 spells of up to 10 customers, in whole periods: ties, late entry, durations of 0, returns."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 9), st.integers(0, 4), st.integers(0, 8), st.integers(0, 1), st.sampled_from("xyz")
            ),
            min_size=1,
            max_size=25,
        )
    )
    frame = pd.DataFrame(rows, columns=["customer_id", "entry", "length", "event", "cause"]).astype({"entry": float})
    frame["duration"] = frame["entry"] + frame["length"].where(frame["entry"] == 0, frame["length"] + 1)
    return frame.drop(columns="length").assign(segment=np.where(frame["customer_id"] % 2, "odd", "even"))


def results(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the tables of all estimates that can be had from spells."""
    found = []
    for estimate in (
        survival_curve,
        cumulative_hazard,
        cumulative_incidence,
        lambda f: restricted_mean(f, f["duration"].max()) if f["duration"].max() else survival_curve(f),
        lambda f: log_rank(f, "segment"),
    ):
        try:
            result = estimate(frame)
        except Refused:
            continue
        table = result.to_frame()
        found.append(table.assign(p_value=result.p_value) if hasattr(result, "p_value") else table)
    return found


def assert_alike(found: list[pd.DataFrame], expected: list[pd.DataFrame]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=1e-7, atol=1e-9)


@FEW
@given(spells())
def test_survival_never_rises_and_stays_within_its_interval(frame):
    curve = survival_curve(frame).to_frame()
    assert curve["survival"].iloc[0] == 1
    assert (curve["survival"].diff().dropna() <= 0).all()
    assert curve["survival"].between(0, 1).all()
    known = curve.dropna()
    assert (known["lower"] <= known["survival"]).all()
    assert (known["survival"] <= known["upper"]).all()


@FEW
@given(spells())
def test_incidences_and_survival_sum_to_one(frame):
    if not frame["event"].any():
        return
    found = cumulative_incidence(frame).to_frame()
    wide = found.assign(row=found.groupby("cause").cumcount()).pivot_table(
        index="row", columns="cause", values="incidence"
    )
    survival = found.loc[found["cause"] == found["cause"].iloc[0], "survival"].to_numpy()
    np.testing.assert_allclose(wide.sum(axis=1) + survival, 1, rtol=0, atol=1e-12)
    assert (wide.diff().dropna() >= 0).all(axis=None)


@FEW
@given(spells())
def test_the_unit_of_time_does_not_matter(frame):
    in_days = frame.assign(entry=frame["entry"] * DAYS, duration=frame["duration"] * DAYS)
    scaled = [
        table.assign(**{name: table[name] * DAYS for name in table.columns if name == "time"})
        for table in results(frame)
    ]
    for one, other in zip(results(in_days), scaled, strict=True):
        if "restricted_mean" in one:
            other = other * DAYS
        pd.testing.assert_frame_equal(one, other, rtol=1e-7, atol=1e-7)


@FEW
@given(spells(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(frame, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    assert_alike(results(frame.iloc[order]), results(frame))


@FEW
@given(spells(), st.floats(0.1, 0.9))
def test_cutting_a_spell_into_pieces_changes_nothing(frame, share):
    alone = frame.assign(customer_id=range(len(frame)))
    cut = frame["entry"] + share * (frame["duration"] - frame["entry"])
    long = frame["duration"] > frame["entry"]
    pieces = pd.concat([alone.assign(duration=cut, event=0)[long], alone.assign(entry=cut)[long], alone[~long]])
    assert_alike(results(pieces), results(alone))


@FEW
@given(spells(), st.floats(0.1, 0.9))
def test_cutting_spells_of_customers_who_return_changes_no_estimate(frame, share):
    cut = frame["entry"] + share * (frame["duration"] - frame["entry"])
    long = frame["duration"] > frame["entry"]
    pieces = pd.concat([frame.assign(duration=cut, event=0)[long], frame.assign(entry=cut)[long], frame[~long]])
    times = frame["duration"].unique()
    pd.testing.assert_frame_equal(survival_curve(pieces).at(times), survival_curve(frame).at(times))


@FEW
@given(spells())
def test_one_group_is_the_whole(frame):
    whole, grouped = survival_curve(frame).to_frame(), survival_curve(frame.assign(all="all"), by="all").to_frame()
    pd.testing.assert_frame_equal(whole, grouped.drop(columns="group"))


@FEW
@given(spells())
def test_the_restricted_mean_is_the_mean_when_nobody_is_censored(frame):
    complete = frame.assign(entry=0.0, event=1, duration=frame["duration"] + 1)
    found = restricted_mean(complete, 40).to_frame()["restricted_mean"].iloc[0]
    assert found == pytest.approx(complete["duration"].mean())


@FEW
@given(spells())
def test_a_second_copy_of_every_spell_under_the_same_customer_makes_nothing_more_certain(frame):
    once = survival_curve(frame.assign(entry=0.0, customer_id=range(len(frame)))).to_frame()
    twice = survival_curve(pd.concat([frame, frame]).assign(entry=0.0, customer_id=[*range(len(frame))] * 2)).to_frame()
    np.testing.assert_allclose(twice["standard_error"], once["standard_error"], rtol=1e-6, atol=1e-9)
