"""Every figure of retention states its finding, names its axes and draws without warning."""

from __future__ import annotations

import warnings

import pytest
from accounts import AS_OF, NO_DRIVERS, many, named, risk, silence, worth
from campaigns import arm, campaign

from clvlab.refusal import Refused
from clvlab.retention.campaign_effect import campaign_effect
from clvlab.retention.watch_list import watch_list


def check(ax) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.get_figure().canvas.draw()
    assert ax.get_xlabel()
    return " ".join(ax.get_figure().get_suptitle().split())


def test_the_watch_list_says_how_few_hold_half_of_what_is_at_stake():
    found = watch_list(**many(80), as_of=AS_OF, months=6, margin_months=36, currency="CNY")
    at_stake = found.to_frame()["at_stake"].cumsum()
    half = int((at_stake < at_stake.iloc[-1] / 2).sum()) + 1
    assert check(found.plot()).startswith(f"{half} of 80 accounts hold half of the")


@pytest.mark.parametrize("margin", [0.002, 3.0, 5e9])
def test_one_account_of_any_size_can_be_drawn(margin):
    one = (risk(("a", 0.2, 0.1, 0.3, 0.0)), worth(("a", margin, margin / 2, margin * 2)))
    found = watch_list(*one, NO_DRIVERS, silence("a"), named("a"), AS_OF, months=6, margin_months=36)
    assert check(found.plot()).startswith("1 of 1 account holds half")


def test_a_list_without_margin_at_stake_has_no_figure():
    none = (risk(("a", 0.2, 0.1, 0.3, 0.0)), worth(("a", -1.0, -2.0, 0.0)))
    with pytest.raises(Refused, match="nothing to draw"):
        watch_list(*none, NO_DRIVERS, silence("a"), named("a"), AS_OF, months=6, margin_months=36).plot()


def test_the_effect_of_calling_states_its_finding():
    rows, spells = campaign(arm("treatment", 60, 6), arm("control", 60, 7))
    before = rows[["customer_id"]].assign(kind=["a", "b"] * 60)
    found = campaign_effect(rows, spells, before=before, by="kind")
    assert check(found.plot()).startswith("The campaign does not show that calling changes anything")
    assert check(campaign_effect(rows, spells).plot())
