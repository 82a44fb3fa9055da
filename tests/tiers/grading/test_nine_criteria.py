"""The nine criteria: those of the scorecard again, and value, commitments, relationship, location and frequency."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from grading_cases import AS_OF, every, market, shipped, table

from clvlab.assumptions import Assumptions
from clvlab.features.ledger import Ledger
from clvlab.tiers.grading.indicator import Indicators
from clvlab.tiers.grading.last_year import LastYear
from clvlab.tiers.grading.measured import Measured
from clvlab.tiers.grading.nine_criteria import NINE, nine_criteria

WEEKLY = every(7)


def measure(tables, **given: Measured) -> Indicators:
    return nine_criteria(LastYear(Ledger(tables, AS_OF), Assumptions()), **given)


def given(**values: float) -> Measured:
    return Measured(pd.Series(values), pd.Series(0.05, list(values)))


def two(**columns: list):
    return market(shipped("a", WEEKLY, weight=100.0), shipped("b", WEEKLY, weight=100.0), **columns)


def test_there_are_nine():
    assert len({one.name for one in NINE}) == 9


def test_value_is_the_models_else_margin_else_revenue():
    priced = market(shipped("a", WEEKLY, revenue=10.0, direct_cost=8.0))
    assert measure(priced).values.loc["a", "value"] == pytest.approx(53 * 2)
    assert measure(priced, value=given(a=7.0)).values.loc["a", "value"] == 7
    assert measure(priced, value=given(a=7.0)).errors.loc["a", "value"] == 0.05
    assert measure(market(shipped("a", WEEKLY, revenue=10.0))).values.loc["a", "value"] == pytest.approx(530)
    assert "value" in measure(two()).missing


def test_a_model_that_does_not_know_a_customer_leaves_it_missing():
    assert np.isnan(measure(two(), value=given(a=7.0)).values.loc["b", "value"])


def test_potential_is_the_models_else_the_spend_that_goes_to_others():
    tables = market(shipped("a", WEEKLY, revenue=10.0), logistics_spend=[1000.0])
    assert measure(tables).values.loc["a", "potential"] == pytest.approx(470)
    assert measure(tables, potential=given(a=3.0)).values.loc["a", "potential"] == 3


def contract(customer: str, starts: str, ends: str, committed: float, ended: str | None = None) -> pd.DataFrame:
    days = {"starts_on": starts, "ends_on": ends, "ended_on": ended}
    return pd.DataFrame({"customer_id": [customer], "committed_weight": [committed]}).assign(
        **{name: pd.to_datetime(day) if day else pd.NaT for name, day in days.items()}
    )


def kept(*contracts: pd.DataFrame) -> pd.Series:
    """Credit of customers who ship 100 kg a week, of commitments alone."""
    tables = two() | {"contracts": ibis.memtable(pd.concat(contracts, ignore_index=True))}
    return measure(tables).values["credit"]


def test_commitments_are_kept_as_far_as_the_weight_was_shipped():
    found = kept(contract("a", "2024-01-01", "2026-12-31", 883.3), contract("b", "2024-01-01", "2026-12-31", 200.0))
    assert found["a"] == pytest.approx(5300 / (883.3 * 365 / 30.4375), rel=1e-6)
    assert found["b"] == 1


def test_commitments_of_part_of_a_year_are_compared_with_the_weight_of_that_part():
    found = kept(
        contract("a", "2025-01-01", "2025-12-31", 869.7, ended="2025-06-30"),
        contract("b", "2025-11-15", "2026-11-14", 1.0),
    )
    assert found["a"] == pytest.approx(0.5, abs=0.02)  # 26 weeks of 100 kg, six months of 869.7 kg
    assert "b" not in found or np.isnan(found["b"])  # fewer than 91 days


def test_a_contract_renewed_counts_on():
    halves = contract("a", "2024-07-01", "2025-06-30", 434.8), contract("a", "2025-07-01", "2026-06-30", 869.7)
    assert kept(*halves)["a"] == pytest.approx(5300 / (6 * 434.8 + 6 * 869.7), abs=0.02)


def test_relationship_is_contacts_ties_satisfaction_and_staying():
    days = list(pd.date_range("2025-01-15", periods=12, freq="28D"))
    contacts = table(contact_id=[str(i) for i in range(24)], customer_id=["a"] * 12 + ["b"] * 12,
                     kind=["visit"] * 12 + ["enquiry"] * 12, contacted_at=days * 2)  # fmt: skip
    tables = two(retention_level=["structural", "social"]) | {"contacts": contacts}
    relation = measure(tables).values["relationship"]
    assert relation["a"] == 1
    assert relation["b"] == pytest.approx((0 + 0.5) / 2)
    staying = measure(tables, leave=given(a=0.4, b=0.1))
    assert staying.values.loc["a", "relationship"] == pytest.approx((1 + 1 + 0.6) / 3)
    assert staying.errors.loc["a", "relationship"] == pytest.approx(0.05 / 3)


def test_location_is_the_mean_distance_of_the_year_and_near_is_good():
    days = ["2023-05-01", "2025-05-01", "2025-06-01"]
    found = measure(market(shipped("a", days, distance_km=[9000.0, 100.0, 200.0])))
    assert found.values.loc["a", "location"] == 150
    assert not found.known["location"].higher_is_better


def test_frequency_counts_order_days():
    assert (
        measure(market(shipped("a", ["2023-01-01", "2025-05-01", "2025-05-01", "2025-06-01"]))).values.loc[
            "a", "frequency"
        ]
        == 2
    )


def test_service_fit_is_strategic_fit_and_services_used():
    mixed = [["road", "rail"][i % 2] for i in range(len(WEEKLY))]
    fit = measure(market(shipped("a", WEEKLY, service=mixed), strategic_fit=[3])).values["service_fit"]
    assert fit["a"] == pytest.approx((0.5 + 1 / 3) / 2)


def test_industry_and_brand_are_as_rated():
    found = measure(two(industry_risk=[2, 4], brand_influence=[5, 1])).values
    assert found["industry"].to_dict() == {"a": 2, "b": 4}
    assert found["brand_influence"].to_dict() == {"a": 5, "b": 1}


def test_all_nine_are_known_of_the_demo(small_study):
    found = nine_criteria(LastYear(Ledger(small_study.records.tables, small_study.as_of), small_study.assumptions))
    assert not found.missing
    pd.testing.assert_frame_equal(found.values.isna(), found.errors.isna())
    assert (found.errors.min() >= 0).all()
