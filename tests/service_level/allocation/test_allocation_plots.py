"""The figures of a plan state what it comes to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from choices import choice

from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.worth import worth_of_budget

GAINS = np.column_stack([np.zeros(20), np.linspace(20, 60, 20), np.linspace(30, 70, 20)])
OPTIONS = replace(choice([[0.0, 10.0, 60.0], [0.0, -30.0, 60.0]], [GAINS, 0 * GAINS]), currency="CNY")


def title(ax) -> str:
    return " ".join(ax.get_figure().get_suptitle().split())


def test_the_plan_says_what_it_spends_and_earns():
    found = allocate(OPTIONS)
    assert title(found.plot()) == "Saving 20 CNY to serve 2 groups better earns 60 CNY net"
    assert [text.get_text() for text in found.plot().get_yticklabels()] == ["A", "B"]


def test_the_curve_says_what_more_budget_brings():
    ax = worth_of_budget(allocate(OPTIONS, budget=-30.0), step=20.0).plot()
    assert title(ax) == "The next 20 CNY of budget brings 30 CNY net"
    assert "90% interval" in ax.get_ylabel()


def test_a_plan_that_changes_nothing_says_so():
    found = allocate(choice([[0.0, 10.0]], [[0.0, 5.0]]))
    assert title(found.plot()) == "For the largest expected net worth, every group stays at today's level"
