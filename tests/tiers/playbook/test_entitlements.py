"""The matrix says what each tier gets, in units, and totals are of what is stated only."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from playbook_cases import accounts

from clvlab.assumptions import Assumptions
from clvlab.refusal import Refused
from clvlab.tiers.classes.quadrants import TREATMENTS, UNDECIDED
from clvlab.tiers.playbook.entitlements import (
    CAPITAL,
    ELSEWHERE,
    ENTITLEMENTS,
    OF_REVENUE,
    QUADRANTS,
    TIERS,
    not_stated,
    quantities,
    stated_total,
    yearly_costs,
)
from clvlab.tiers.playbook.matrix import entitlement_matrix
from clvlab.tiers.playbook.tier_costs import cost_by_tier

PRICES = {line.cost: 1.0 for line in ENTITLEMENTS if line.cost not in (ELSEWHERE, OF_REVENUE, CAPITAL, "visit", "call")}
PRICED = Assumptions(unit_costs={"visit": 460.0, "call": 40.0}, entitlement_costs=PRICES)


def test_every_entitlement_has_a_unit_and_a_group_and_all_four_tiers_and_quadrants_are_there():
    frame = entitlement_matrix(PRICED).to_frame()
    assert (frame["unit"].str.len() > 0).all()
    assert frame["group"].nunique() == 5
    assert {*TIERS, *QUADRANTS} <= set(frame.columns)
    assert set(QUADRANTS) == set(TREATMENTS) - {UNDECIDED}


def test_nothing_that_costs_is_better_in_a_lower_tier_save_for_what_cultivates_the_potential():
    entitled = quantities(accounts(tier=["core", "important", "regular"]))
    for line in ENTITLEMENTS:
        core, important, regular = entitled[line.name]
        if line.cost != ELSEWHERE:
            assert core >= important >= regular


def test_an_account_gets_what_its_tier_gives_and_what_its_quadrant_adds():
    found = quantities(accounts(tier=["core", "core"], quadrant=["high history, high potential", "undecided"]))
    assert found["joint planning"].tolist() == [8.0, 4.0]
    assert quantities(accounts(tier=["regular"], quadrant=["low history, low potential"]))["payment term"].item() == 15


def test_an_account_without_a_tier_is_entitled_to_nothing_known():
    assert quantities(accounts(tier=["not known", None])).isna().all(axis=None)


def test_a_tier_that_the_matrix_does_not_have_is_refused():
    with pytest.raises(Refused, match="tier 'gold' is none of the playbook; use core"):
        quantities(accounts(tier=["gold"]))


def test_cost_is_quantity_times_price_per_unit():
    entitled = quantities(accounts(tier=["core"]))
    costs = yearly_costs(entitled, PRICED, pd.Series({"c1": 365_250.0})).loc["c1"]
    assert costs["visits"] == 12 * 460
    assert costs["discount"] == pytest.approx(0.03 * 365_250)
    assert costs["payment term"] == pytest.approx(0.06 * 60 * 1_000)
    assert costs["priority"] == 0


def test_a_price_that_is_not_stated_is_no_zero():
    entitled = quantities(accounts(tier=["core", "regular"]))
    costs = yearly_costs(entitled, Assumptions(unit_costs={"visit": 460.0}))
    assert math.isnan(costs.loc["c1", "calls"])
    assert costs.loc["c2", "7x24 line"] == 0  # nothing due, so that nothing is missing
    assert {"calls", "discount", "7x24 line"} <= set(not_stated(costs, entitled))
    assert stated_total(costs, entitled).tolist() == [5520.0, 230.0]


def test_a_total_of_nothing_stated_is_missing():
    entitled = quantities(accounts(tier=["core"]))
    assert stated_total(yearly_costs(entitled, Assumptions()), entitled).isna().all()


def test_the_matrix_names_the_prices_it_lacks_and_whose_reading_it_is():
    found = entitlement_matrix(Assumptions(unit_costs={"visit": 460.0}), "CNY")
    told = " ".join(found.remarks)
    assert "our reading" in told
    assert "7x24 line" in told
    assert "line_7x24" in told
    assert "total of the stated" in repr(found.costs)
    assert not any("not stated" in remark for remark in entitlement_matrix(PRICED).remarks)


def stakes(**columns: list) -> pd.DataFrame:
    n = len(columns["tier"])
    ends = {
        "value": 90_000.0, "value_lower": 60_000.0, "value_upper": 130_000.0,
        "leave_probability": 0.2, "leave_probability_lower": 0.1, "leave_probability_upper": 0.4,
    }  # fmt: skip
    return accounts(**{"margin": [50_000.0] * n, **{name: [x] * n for name, x in ends.items()}, **columns})


def test_tiers_add_up_to_all():
    found = cost_by_tier(stakes(tier=["core", "core", "regular"]), PRICED, "CNY").to_frame().set_index("tier")
    for name in ("accounts", "entitlement_cost", "margin", "value", "at_stake"):
        assert found[name].drop("all").sum() == pytest.approx(found.loc["all", name])
    assert found.loc["all", "at_stake"] == pytest.approx(3 * 18_000)


def test_a_total_at_stake_adds_up_errors_of_leaving_and_those_of_values_as_squares():
    found = cost_by_tier(stakes(tier=["core"] * 4), PRICED).to_frame().iloc[0]
    assert found["at_stake_lower"] == pytest.approx(72_000 - math.hypot(4 * 9_000, 2 * 6_000))
    assert found["at_stake_upper"] == pytest.approx(72_000 + math.hypot(4 * 18_000, 2 * 8_000))


def test_a_cost_share_is_missing_where_the_margin_is_not_positive_or_nothing_is_stated():
    assert cost_by_tier(stakes(tier=["core"], margin=[-1.0]), PRICED).to_frame()["cost_share"].isna().all()
    found = cost_by_tier(stakes(tier=["core"]), Assumptions())
    assert found.to_frame()[["entitlement_cost", "cost_share"]].isna().all(axis=None)
    assert "without a price" in found.remarks[0]
    assert "not stated" in found.plot().get_figure().get_suptitle()


def test_accounts_without_tier_or_probability_are_counted_out_loud():
    found = cost_by_tier(stakes(tier=["core", "not known"], leave_probability=[float("nan"), 0.2]), PRICED)
    assert found.to_frame()["accounts"].tolist() == [1, 1]
    assert any(remark.startswith("1 account without a known leave probability") for remark in found.remarks)
    assert any(remark.startswith("1 account without a known tier") for remark in found.remarks)


def test_percentages_for_probabilities_and_accounts_without_any_tier_are_refused():
    with pytest.raises(Refused, match="give shares, not percentages"):
        cost_by_tier(stakes(tier=["core"], leave_probability_upper=[40.0]), PRICED)
    with pytest.raises(Refused, match="No account has a tier"):
        cost_by_tier(stakes(tier=["not known"]), PRICED)


def test_the_figure_states_what_the_entitlements_cost():
    title = cost_by_tier(stakes(tier=["core", "regular"]), PRICED, "CNY").plot().get_figure().get_suptitle()
    assert "of a year's margin" in title
