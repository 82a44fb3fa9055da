"""The split of a budget: what being off costs, by how much that is sure, and what it says."""

from __future__ import annotations

import pytest

from clvlab.refusal import Refused
from clvlab.retention.winning_and_keeping.customer_equity import CustomerEquity
from clvlab.retention.winning_and_keeping.response_curve import ResponseCurve
from clvlab.retention.winning_and_keeping.split import BEST, FREE, TODAY, winning_or_keeping

CURVES = ResponseCurve(0.4, 0.1), ResponseCurve(0.7, 0.05)
PLAN = CustomerEquity(*CURVES, 50.0, 50.0, 0.1, prospects=1000, customers=800)
DRAWS = [(ResponseCurve(0.4 + d, 0.1), ResponseCurve(0.7 + d, 0.05)) for d in (-0.05, -0.02, 0.0, 0.02, 0.05)]


@pytest.fixture(scope="module")
def found():
    return winning_or_keeping(PLAN, DRAWS, 12_000.0, (2.0, 12.5), "CNY", ("A remark.",))


def test_being_off_never_earns_more_and_being_far_off_costs_more(found):
    loss = found.to_frame().set_index("plan")["loss"]
    assert loss[BEST] == 0
    off = loss[loss.index.str.contains("on keeping")]
    assert (off >= -1e-6).all()
    for word in ("less", "more"):
        assert off[f"25% {word} on keeping"] > off[f"10% {word} on keeping"]


def test_being_a_tenth_off_costs_far_less_than_a_tenth_of_what_the_budget_brings(found):
    rows = found.to_frame().set_index("plan")
    brought = rows.loc[BEST, "equity"] - PLAN.equity(0.0, 0.0)
    assert rows.loc["10% more on keeping", "loss"] < 0.02 * brought


def test_every_split_spends_the_budget_and_no_more(found):
    rows = found.to_frame().set_index("plan").drop(index=[TODAY, FREE])
    assert (rows["winning"] + rows["keeping"]).to_numpy() == pytest.approx(12_000.0)


def test_without_a_limit_nothing_is_lost(found):
    rows = found.to_frame().set_index("plan")
    assert rows.loc[FREE, "loss"] <= 0


def test_texts_headlines_and_figure_say_what_was_found(found):
    assert found.finding in repr(found)
    assert "A remark." in found._repr_html_()
    assert len(found.headlines().to_frame()) == 4
    found.plot().figure.canvas.draw()


@pytest.mark.parametrize("budget", [0.0, -1.0, float("inf")])
def test_a_budget_that_cannot_be_is_refused(budget):
    with pytest.raises(Refused):
        winning_or_keeping(PLAN, DRAWS, budget, (2.0, 12.5), "CNY")


def test_where_contacts_keep_nobody_the_money_goes_into_winning():
    idle = CustomerEquity(CURVES[0], ResponseCurve(0.7, 0.0, 0.7), 50.0, 50.0, 0.1, 1000, 800)
    rows = winning_or_keeping(idle, [], 4_000.0, (2.0, 2.5), "CNY").to_frame().set_index("plan")
    assert rows.loc[BEST, "share_keeping"] == pytest.approx(0.0, abs=1e-6)
