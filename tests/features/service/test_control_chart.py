"""Control limits flag a month that chance does not explain, and hardly any other."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features.kpi_table import KpiTable
from clvlab.features.service import control_chart, out_of_limits
from clvlab.periods import period_label
from clvlab.refusal import Refused

JANUARY_2023 = 636  # months since January 1970


def monthly(numerator, denominator, kpi="on_time_delivery", as_of=None) -> KpiTable:
    labels = [period_label(JANUARY_2023 + i, "month") for i in range(len(numerator))]
    frame = pd.DataFrame({"month": labels, "kpi": kpi, "numerator": numerator, "denominator": denominator})
    return KpiTable(frame, ["month"], {}, as_of)


def test_many_orders_without_extra_scatter_have_shewharts_limits():
    n = np.full(24, 100_000)
    x = 90_000 + np.tile([30, -30, 20, -20], 6)
    chart = control_chart(monthly(x, n))
    assert chart.scatter < 1
    three = 3 * np.sqrt(0.9 * 0.1 / n)
    frame = chart.to_frame()
    assert np.allclose(frame.lower_limit, 0.9 - three, atol=3e-5)
    assert np.allclose(frame.upper_limit, 0.9 + three, atol=3e-5)


def test_the_scatter_is_the_median_range_between_neighbours():
    n, x = np.array([400] * 5 + [900] * 5), np.array([350, 370, 340, 365, 355, 820, 790, 835, 800, 810])
    center = x.sum() / n.sum()
    z = (x / n - center) / np.sqrt(center * (1 - center) / n)
    assert control_chart(monthly(x, n)).scatter == pytest.approx(np.median(np.abs(np.diff(z))) / 0.953873, rel=1e-5)


def test_a_bad_month_is_found_also_when_it_comes_every_year():
    rng = np.random.default_rng(5)
    n = np.full(36, 4000)
    rates = rng.beta(0.92 * 2000, 0.08 * 2000, 36)
    rates[[10, 22, 34]] -= 0.07
    chart = control_chart(monthly(rng.binomial(n, rates), n))
    assert chart.worse == ["2023-11", "2024-11", "2025-11"]
    assert chart.better == []
    assert chart.scatter > 1


def test_the_verdict_follows_from_limits_and_from_probability_alike():
    rng = np.random.default_rng(6)
    x = rng.binomial(500, np.where(np.arange(36) % 12 == 9, 0.8, 0.95))
    frame = control_chart(monthly(x, np.full(36, 500))).to_frame()
    out = frame.verdict.isin(["worse", "better"])
    assert out.any()
    assert (out == ((frame.rate < frame.lower_limit) | (frame.rate > frame.upper_limit))).all()
    assert (out == (frame.probability < 0.0027)).all()


@pytest.mark.parametrize(
    ("orders", "rate", "correlation", "most"),
    [(50, 0.98, 0.0, 0.0027), (500, 0.9, 0.0, 0.0027), (5000, 0.98, 0.0, 0.0027), (5000, 0.9, 0.002, 0.005),
     (500, 0.9, 0.02, 0.008)],
)  # fmt: skip
def test_false_alarms_are_as_rare_as_the_limits_promise(orders, rate, correlation, most):
    rng = np.random.default_rng(7)
    charts, months, alarms = 80, 24, 0
    for _ in range(charts):
        n = np.maximum(rng.poisson(orders * np.exp(rng.normal(0, 0.3, months))), 1)
        size = 1 / correlation - 1 if correlation else np.inf
        p = rng.beta(rate * size, (1 - rate) * size, months) if correlation else rate
        chart = control_chart(monthly(rng.binomial(n, p), n))
        alarms += len(chart.worse) + len(chart.better)
    # Up to three standard errors of a Poisson count above the share that is promised or was measured.
    expected = most * charts * months
    assert alarms <= expected + 3 * np.sqrt(expected)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 99), min_size=8, max_size=30).filter(lambda x: len(set(x)) > 1))
def test_counting_failures_instead_of_what_went_well_changes_no_verdict(well):
    x, n = np.array(well), np.full(len(well), 100)
    by_success = control_chart(monthly(x, n)).to_frame()
    by_failure = control_chart(monthly(n - x, n, "cargo_damage_frequency"), "cargo_damage_frequency").to_frame()
    assert by_success.verdict.tolist() == by_failure.verdict.tolist()
    assert np.allclose(by_success.probability, by_failure.probability)
    assert np.allclose(by_success.lower_limit, 1 - by_failure.upper_limit)


def test_more_complaints_are_worse_and_may_exceed_the_orders():
    n = np.full(12, 1000)
    x = np.array([20, 22, 18, 21, 19, 20, 23, 17, 20, 21, 60, 19])
    chart = control_chart(monthly(x, n, "complaint_rate"), "complaint_rate")
    assert chart.worse == ["2023-11"]
    assert control_chart(monthly(60 * x, n, "complaint_rate"), "complaint_rate").center > 1


def test_a_month_that_is_not_over_is_not_judged():
    x = [905, 898, 902, 893, 907, 899, 904, 896, 901, 300]
    open_month = control_chart(monthly(x, [1000] * 10, as_of=dt.date(2023, 10, 20)))
    assert open_month.to_frame().verdict.tolist()[-1] == "not over"
    assert open_month.center == pytest.approx(sum(x[:-1]) / 9000)
    assert any("not over" in remark for remark in open_month.remarks)
    assert control_chart(monthly(x, [1000] * 10, as_of=dt.date(2023, 10, 31))).worse == ["2023-10"]


def test_all_indicators_are_listed_with_what_chance_would_give():
    x = np.array([905, 898, 902, 893, 907, 780, 899, 904, 896, 901])
    first, second = (monthly(x[::step], [1000] * 10, kpi).to_frame() for step, kpi in ((1, "a"), (-1, "b")))
    flat = monthly([0] * 10, [1000] * 10, "c").to_frame()
    found = out_of_limits(KpiTable(pd.concat([first, second, flat]), ["month"], {}, None))
    assert set(zip(found.to_frame().kpi, found.to_frame().month, strict=True)) == {("a", "2023-06"), ("b", "2023-05")}
    assert found.title.startswith("2 of 20 months of 2 indicators are out of their limits, 0.1 would be by chance")


def test_what_has_no_limits_is_refused_in_a_sentence():
    with pytest.raises(Refused, match="has 7 periods that are over"):
        control_chart(monthly([9] * 7, [10] * 7))
    with pytest.raises(Refused, match="is 100% in all 12 periods"):
        control_chart(monthly([10] * 12, [10] * 12))
    with pytest.raises(Refused, match="by one calendar period"):
        control_chart(KpiTable(pd.DataFrame(), ["customer_id"], {}, None))
    with pytest.raises(Refused, match="use shorter periods"):
        out_of_limits(monthly([9] * 7, [10] * 7))
