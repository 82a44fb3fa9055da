"""Customer equity taken apart adds up to the whole."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from clvlab.clv.valuing.customer_base import value_base
from clvlab.clv.valuing.equity import Sensitivity, Waterfall
from clvlab.refusal import Refused


@pytest.fixture(scope="module")
def values(small_study):
    return small_study.clv


def test_segments_add_up_to_the_base(values):
    for name in values.segmentations():
        frame = values.by_segment(name).to_frame()
        assert frame.value.sum() == pytest.approx(values.frame.value.sum())
        assert frame.customers.sum() == len(values.frame)
        assert frame.share.sum() == pytest.approx(1)
        assert (frame.lower < frame.upper).all()
        assert frame.value.is_monotonic_decreasing
        drawn = values.totals[name].xs("value", axis=1, level=1).sum(axis=1)
        whole = values.totals["all customers", "all customers", "value"]
        assert drawn.to_numpy() == pytest.approx(whole.to_numpy())


def test_an_unknown_segmentation_is_refused(values):
    with pytest.raises(Refused, match="did you mean 'industry'"):
        values.by_segment("industri")


def test_sensitivities_have_the_right_signs(values):
    assert isinstance(values.sensitivity, Sensitivity)
    frame = values.sensitivity.to_frame().set_index("a_hundredth_more")
    for name in ("equity", "life_equity"):
        assert frame.loc["margin", name] == pytest.approx(1.0, abs=1e-12)
        assert frame.loc["retention", name] > 0 > frame.loc["discount rate", name]
    assert frame.loc["acquisition cost", "equity"] == 0
    assert frame.loc["acquisition cost", "with_intake"] < 0
    assert frame.loc["margin", "with_intake"] > 1
    assert frame.loc["retention", "life_equity"] > frame.loc["retention", "equity"]
    assert repr(values.sensitivity).startswith("Change of customer equity, in percent of it")


def test_the_sensitivity_to_the_discount_rate_is_that_of_the_base_valued_anew(small_study, values):
    rate = small_study.assumptions.annual_discount_rate * 1.01
    dearer = value_base(
        small_study.records,
        small_study.purchases,
        small_study.as_of,
        replace(small_study.assumptions, annual_discount_rate=rate),
    )
    frame = values.sensitivity.to_frame().set_index("a_hundredth_more")
    for name, column in (("equity", "value"), ("life_equity", "life_value")):
        change = 100 * (dearer.frame[column].sum() / values.frame[column].sum() - 1)
        assert frame.loc["discount rate", name] == pytest.approx(change, rel=1e-4)


def one_year_before(values):
    """The base as another day's: some customers not there yet, others likely there then, others with other values."""
    frame = values.frame.drop(values.frame.index[::7]).copy()
    frame["value"] = frame["value"] * 0.8 + 100
    frame["probability_alive"] = 1.0
    return replace(values, frame=frame, as_of=values.as_of - dt.timedelta(days=365))


def test_the_waterfall_adds_up_exactly(values):
    before = one_year_before(values)
    frame = Waterfall(before, values).to_frame()
    assert frame.amount.iloc[:-1].sum() == pytest.approx(frame.amount.iloc[-1], rel=1e-12)
    assert frame.amount.iloc[0] == before.frame.value.sum()
    assert frame.amount.iloc[-1] == values.frame.value.sum()
    assert frame.customers.iloc[1] == len(values.frame) - len(before.frame)
    assert frame.customers.iloc[[0, 1]].sum() == frame.customers.iloc[-1]
    assert frame.customers.iloc[2:5].sum() == frame.customers.iloc[0]
    gone = before.frame.index[values.frame.loc[before.frame.index, "probability_alive"] < 0.5]
    assert frame.customers.iloc[2] == len(gone) > 0
    changed = values.frame.value[gone] - before.frame.value[gone]
    assert frame.amount.iloc[2] == pytest.approx(changed.sum())
    assert frame.amount.iloc[3] < 0 <= frame.amount.iloc[4]


def test_customers_who_are_no_longer_in_the_records_are_lost_with_all_their_value(values):
    before = one_year_before(values)
    after = replace(values, frame=values.frame.drop(before.frame.index[:2]))
    frame = Waterfall(before, after).to_frame()
    assert frame.amount.iloc[:-1].sum() == pytest.approx(frame.amount.iloc[-1], rel=1e-12)


def test_a_waterfall_refuses_what_does_not_compare(values):
    before = one_year_before(values)
    with pytest.raises(Refused, match="give the earlier day first"):
        Waterfall(values, before)
    with pytest.raises(Refused, match="horizon_months is 12"):
        Waterfall(replace(before, horizon_months=12), values)


def test_without_segments_there_is_still_the_base(values):
    assert "all customers" not in values.segmentations()
    low, high = values.interval()
    assert low < values.frame.value.sum() < high
    assert isinstance(values.frame.index, pd.Index)
