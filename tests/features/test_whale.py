"""Who brings the profit, and who takes it back."""

from __future__ import annotations

import numpy as np
import pytest
from margin_cases import AS_OF, SHIPMENTS, UNIT_COSTS, everything, tables

from clvlab.assumptions import Assumptions
from clvlab.features.ledger import Ledger
from clvlab.features.margins import customer_margins
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
