"""Figures of the service indicators state their finding and draw without warning."""

import warnings

import numpy as np
import pandas as pd
import pytest

from clvlab.features.service import control_chart, service_kpis


def title(ax) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.get_figure().canvas.draw()
    assert ax.get_xlabel()
    assert ax.get_legend() is None or not ax.get_legend().get_window_extent().overlaps(ax.get_window_extent())
    return ax.get_figure().get_suptitle()


def test_indicators_are_drawn_by_stage(small_study):
    ax = service_kpis(small_study.records.tables, small_study.as_of).plot()
    said = title(ax)
    assert said.startswith("On-time delivery: ")
    assert "Perfect order: " in said
    names = [label.get_text() for label in ax.get_yticklabels()]
    stages = [name for name in names if ":" not in name]
    assert stages == ["BEFORE THE TRANSACTION", "DURING", "AFTER", "ALL OF IT"]
    assert len(names) == 21 + len(stages)


def test_a_provider_with_its_own_kpi_and_no_failure_is_drawn_too(tables):
    own = {"kpi_counts": tables["kpi_counts"].mutate(failures=0)}
    assert title(service_kpis(own, "2025-06-30").plot()) == "On-time delivery: 100.0% (of 7)"


def test_one_indicator_is_drawn_by_group_and_in_time(small_study):
    tables, as_of = small_study.records.tables, small_study.as_of
    ids = tables["customers"].customer_id.execute()
    tiers = pd.Series(np.where(np.arange(len(ids)) % 3, "regular", "core"), index=ids, name="tier")
    assert "2 groups" in title(service_kpis(tables, as_of, groups=tiers).plot(kpi="data_entry_accuracy"))
    assert "20 largest of" in title(service_kpis(tables, as_of, by="lane").plot())
    assert "Complaint rate between" in title(service_kpis(tables, as_of, period="quarter").plot(kpi="complaint_rate"))


@pytest.mark.parametrize("kpi", ["on_time_delivery", "complaint_rate"])
def test_a_control_chart_says_how_many_months_are_out(small_study, kpi):
    chart = control_chart(service_kpis(small_study.records.tables, small_study.as_of, period="month"), kpi)
    said = title(chart.plot())
    assert "24 months" in said
    assert (f"{len(chart.worse)} of" if chart.worse else "none of") in said
