"""Who brings the profit, and who takes it back."""

from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest
from margin_cases import AS_OF, COMPLAINTS, CUSTOMERS, SHIPMENTS, UNIT_COSTS, day, everything, tables

from clvlab.assumptions import Assumptions
from clvlab.features.ledger import Ledger
from clvlab.features.margins import customer_margins
from clvlab.features.whale import whale_curve
from clvlab.refusal import Refused

MARGINS = customer_margins(Ledger(everything(), AS_OF), Assumptions(currency="CNY", unit_costs=UNIT_COSTS))


def test_the_curve_rises_to_what_the_profitable_earned_and_ends_at_the_profit():
    profit = MARGINS.frame["profit"]
    curve = MARGINS.whale().curve()
    assert curve["profit"].iloc[-1] == pytest.approx(profit.sum())
    assert curve["profit"].max() == pytest.approx(profit[profit > 0].sum())
    assert curve["customers_share"].to_list() == [0, 0.25, 0.5, 0.75, 1]


def test_groups_add_up_and_only_the_expectation_has_an_interval():
    rows = MARGINS.whale().to_frame().set_index("group")
    parts = rows.loc[["profitable, all costs counted", "unprofitable, all costs counted"], "profit"]
    assert parts.sum() == pytest.approx(rows.loc["all customers", "profit"])
    assert rows["lower"].notna().sum() == 1


def test_a_peak_share_of_a_loss_means_nothing():
    assert MARGINS.total["profit"] < 0
    assert np.isnan(MARGINS.whale().peak_share)


def test_what_is_not_costed_yet_makes_nobody_unprofitable():
    waiting = SHIPMENTS.assign(direct_cost=np.nan)
    given = tables(customers=SHIPMENTS[["customer_id"]].drop_duplicates(), shipments=waiting)
    found = customer_margins(Ledger(given, AS_OF), Assumptions())
    assert (found.frame["profit"] == 0).all()
    with pytest.raises(Refused, match="nobody can be called unprofitable"):
        found.whale()


MONEY = ("revenue", "direct_cost", "rebate", "claim_paid")


@pytest.mark.parametrize("unit", [1e3, 1e4, 1e6])
def test_the_unit_of_money_changes_nothing_but_amounts(unit):
    counted = SHIPMENTS.assign(**{name: SHIPMENTS[name] / unit for name in MONEY})
    costs = {name: cost / unit for name, cost in UNIT_COSTS.items()}
    given = tables(customers=CUSTOMERS[["customer_id"]], shipments=counted, complaints=COMPLAINTS)
    plain = tables(customers=CUSTOMERS[["customer_id"]], shipments=SHIPMENTS, complaints=COMPLAINTS)
    found = customer_margins(Ledger(given, AS_OF), Assumptions(unit_costs=costs)).whale().to_frame()
    expected = customer_margins(Ledger(plain, AS_OF), Assumptions(unit_costs=UNIT_COSTS)).whale().to_frame()
    expected["profit"] /= unit
    pd.testing.assert_frame_equal(found, expected, rtol=1e-4)


def test_customers_on_file_without_business_lose_nothing_by_it():
    """Forty who were won at a cost and never came make nobody else less profitable."""
    idle = pd.DataFrame({"customer_id": [f"z{i:02}" for i in range(40)], "onboarded_on": day("2025-03-01"),
                         "acquisition_cost": 50.0})  # fmt: skip
    more = everything() | {"customers": ibis.memtable(pd.concat([CUSTOMERS, idle], ignore_index=True))}
    found = customer_margins(Ledger(more, AS_OF), Assumptions(unit_costs=UNIT_COSTS)).whale()
    before, after = (one.to_frame().set_index("group") for one in (MARGINS.whale(), found))
    shares = ["share_of_customers", "lower", "upper"]
    name = "the same in expectation, chance taken out"
    assert after.loc[name, shares].astype(float).to_numpy() == pytest.approx(
        before.loc[name, shares].astype(float).to_numpy() * 4 / 44
    )
    assert found.remarks[0].startswith("40 of the unprofitable customers have no running business so far")
    assert not MARGINS.whale().remarks


def test_of_next_to_nothing_nobody_holds_a_share():
    found = whale_curve(replace(MARGINS, frame=MARGINS.frame.assign(profit=[5.0, 3.0, -7.99, 0.0])))
    assert found.to_frame()["share_of_profit"].isna().all()
