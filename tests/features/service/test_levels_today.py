"""Levels today are shares that went well; failures by customer are drawn towards those of all."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.features.service import failure_shares, levels_today
from clvlab.refusal import Refused

AS_OF = dt.date(2025, 12, 31)


def test_every_level_is_the_share_that_went_well(tables):
    found = levels_today(tables, AS_OF).set_index("kpi")
    assert set(found.group) == {"all customers"}
    assert found.level["on_time_delivery"] == 0.75
    assert found.level["cargo_damage_frequency"] == 0.75
    assert found.failures["cargo_damage_frequency"] == 1
    assert "complaint_rate" not in found.index
    assert np.all((found.lower <= found.level) & (found.level <= found.upper))
    assert np.allclose(found.level, 1 - found.failures / found.opportunities)


def test_customers_without_a_group_are_left_out(tables):
    found = levels_today(tables, AS_OF, pd.Series({"a": "core", "b": None}))
    assert set(found.group) == {"core"}
    assert found.set_index("kpi").opportunities["order_completion"] == 3


def test_what_lies_over_a_year_back_is_not_today(tables):
    with pytest.raises(Refused, match="no service indicator"):
        levels_today(tables, dt.date(2026, 12, 31))


def test_the_failures_of_customers_are_those_of_the_level(small_study):
    tables, as_of = small_study.records.tables, small_study.as_of
    levels = levels_today(tables, as_of).set_index("kpi")
    for kpi in ("on_time_delivery", "cargo_damage_frequency", "perfect_order", "settlement_accuracy", "satisfaction"):
        found = failure_shares(tables, as_of, kpi)
        assert found.failures.sum() == levels.failures[kpi]
        assert found.opportunities.sum() == levels.opportunities[kpi]
        assert found.index.is_unique
        own = found.failures / found.opportunities
        assert found.shrunk.std() < own.std()
        assert found.shrunk.between(own.min(), own.max()).all()


def test_one_late_of_two_is_not_a_half():
    counts = pd.DataFrame(
        {
            "customer_id": [f"C{i}" for i in range(6)],
            "date": AS_OF,
            "kpi": "cross-dock accuracy",
            "opportunities": [2, 200, 100, 300, 150, 80],
            "failures": [1, 10, 4, 20, 6, 3],
        }
    )
    found = failure_shares({"kpi_counts": ibis.memtable(counts)}, AS_OF, "cross-dock accuracy")
    assert found.shrunk["C0"] < 0.2
    assert found.shrunk["C3"] == pytest.approx(20 / 300, abs=0.02)


def test_a_counted_kpi_serves_where_shipments_do_not_show_it(tables):
    bare = {**tables, "shipments": tables["shipments"].drop("delivered_at")}
    assert failure_shares(bare, AS_OF, "on_time_delivery").failures.to_dict() == {"b": 7.0}


def test_what_has_no_share_of_failures_is_refused(tables):
    with pytest.raises(Refused, match="Complaint rate is no share"):
        failure_shares(tables, AS_OF, "complaint_rate")
    with pytest.raises(Refused, match="needs urgent in shipments"):
        failure_shares(tables, AS_OF, "urgent_order_completion")
    with pytest.raises(Refused, match="Speed is in none of the tables"):
        failure_shares(tables, AS_OF, "speed")
