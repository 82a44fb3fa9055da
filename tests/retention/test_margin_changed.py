"""What a call changes in money: a second ranking, given only where the campaign shows that calling changes anything."""

from __future__ import annotations

import pandas as pd
import pytest
from accounts import worth
from campaigns import arm, campaign

from clvlab.results import Note
from clvlab.retention.campaign_effect import CampaignEffect, campaign_effect
from clvlab.retention.margin_changed import MarginChanged, margin_changed


def kept(leavers_called: int = 30, leavers_not: int = 90) -> CampaignEffect:
    return campaign_effect(*campaign(arm("treatment", 300, leavers_called), arm("control", 300, leavers_not)))


WORTH = worth(
    ("c-control-1", 10_000.0, 8_000.0, 12_000.0), ("c-control-2", 1_000.0, 800.0, 1_200.0),
    ("c-control-3", -5_000.0, -6_000.0, -4_000.0), ("elsewhere", 90_000.0, 80_000.0, 99_000.0),
)  # fmt: skip


def test_it_is_the_reduction_times_the_margin_less_the_cost_of_calling():
    found = margin_changed(kept(), WORTH, "CNY")
    assert isinstance(found, MarginChanged)
    rows = found.to_frame().set_index("customer_id")
    assert rows.index.tolist() == ["c-control-1", "c-control-2"]
    assert rows["changed"].tolist() == pytest.approx([0.2 * 10_000 - 400, 0.2 * 1_000 - 400])
    assert rows["calling"].tolist() == ["pays", "does not pay"]
    assert (rows["changed_lower"] < rows["changed"]).all()
    assert (rows["changed"] < rows["changed_upper"]).all()


def test_it_leaves_out_who_was_not_in_the_lot_and_who_has_no_margin_to_lose_and_counts_both():
    remarks = margin_changed(kept(), WORTH, "CNY").remarks
    assert any(r.startswith("598 accounts of the campaign left out: no margin to lose, or none known") for r in remarks)
    assert remarks[-1].startswith("1 account outside the campaign left out")


def test_a_campaign_that_shows_nothing_gives_its_finding_and_no_ranking():
    found = margin_changed(kept(30, 31), WORTH)
    assert isinstance(found, Note)
    assert repr(found).startswith("The campaign does not show that calling changes anything")


def test_who_is_driven_away_by_calls_is_not_worth_calling():
    rows = margin_changed(kept(90, 30), WORTH).to_frame()
    assert rows["calling"].tolist() == ["does not pay", "does not pay"]
    assert rows["customer_id"].tolist() == ["c-control-2", "c-control-1"]


def test_without_a_recorded_cost_it_says_that_it_is_before_cost():
    rows, spells = campaign(arm("treatment", 300, 30), arm("control", 300, 90))
    found = margin_changed(campaign_effect(rows.drop(columns="cost"), spells), WORTH)
    assert found.to_frame()["changed"].iloc[0] == pytest.approx(2_000.0)
    assert "before its cost" in found.remarks[1]


def test_another_currency_scales_it_and_ranks_alike():
    rows, spells = campaign(arm("treatment", 300, 30), arm("control", 300, 90))
    money = ["margin", "lower", "upper"]
    ours = margin_changed(campaign_effect(rows, spells), WORTH).to_frame()
    other = campaign_effect(rows.assign(cost=rows["cost"] * 7.2), spells)
    theirs = margin_changed(other, WORTH.assign(**{name: WORTH[name] * 7.2 for name in money})).to_frame()
    scaled = ours.assign(**{name: ours[name] * 7.2 for name in ours if name.startswith(("margin", "changed"))})
    pd.testing.assert_frame_equal(theirs, scaled)
