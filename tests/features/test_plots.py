"""Every figure states its finding, names its axes and draws without warning."""

import warnings

import numpy as np
import pandas as pd
import pytest

from clvlab.features import (
    activity_by_month,
    cohorts,
    concentration,
    kpis,
    late_by_responsible_party,
    recency_frequency_value,
)
from clvlab.figures import new_axes
from clvlab.refusal import Refused


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    days = pd.to_datetime("2022-01-01") + pd.to_timedelta(rng.integers(0, 900, 400), "D")
    return pd.DataFrame({"customer_id": rng.integers(0, 40, 400), "date": days, "value": rng.lognormal(size=400)})


@pytest.fixture(scope="module")
def shipments(events) -> pd.DataFrame:
    due = events.date + pd.Timedelta(days=2)
    late = pd.to_timedelta(np.random.default_rng(2).integers(0, 4, 400), "D")
    party = np.where(events.customer_id % 2 == 0, "carrier", None)
    table = events.rename(columns={"date": "booked_at"})
    return table.assign(delivery_due_at=due, delivered_at=events.date + late, responsible_party=party)


def check(ax) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.get_figure().canvas.draw()
    assert ax.get_xlabel()
    title = ax.get_figure().get_suptitle()
    assert any(character.isdigit() for character in title)
    legend = ax.get_legend()
    assert legend is None or not legend.get_window_extent().overlaps(ax.get_window_extent())
    return title


def test_results_of_events_draw_their_finding(events):
    assert "top 20%" in check(concentration(events.groupby("customer_id")["value"].sum()).plot())
    assert "customers active" in check(activity_by_month(events).plot())
    assert "quarter after" in check(cohorts(events).plot())
    assert "bring" in check(recency_frequency_value(events, value="value").plot())
    assert "bring" not in check(recency_frequency_value(events).plot())


def test_results_of_shipments_draw_their_finding(shipments):
    assert check(kpis(shipments).plot()).startswith("On-time delivery: ")
    assert "20 largest of 40 groups" in check(kpis(shipments, by="customer_id").plot())
    assert check(kpis(shipments, period="month").plot()).startswith("On-time delivery between ")
    assert "late deliveries" in check(late_by_responsible_party(shipments).plot())


def test_one_cohort_and_one_month_draw_too():
    one = pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-01"]})
    check(cohorts(one).plot())
    check(activity_by_month(one).plot())


def test_a_result_draws_on_given_axes(shipments):
    ax = new_axes()
    assert kpis(shipments).plot(ax) is ax


def test_an_indicator_that_is_off_says_why(shipments):
    with pytest.raises(Refused, match="needs pod_returned_at"):
        kpis(shipments, by="customer_id").plot(kpi="pod_return_on_time")
    with pytest.raises(Refused, match="choose one of on_time_delivery"):
        kpis(shipments, by="customer_id").plot(kpi="speed")
