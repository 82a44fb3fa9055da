"""From what service is worth and costs to options: joint over a group's levers, beyond today, draw by draw."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.continuous import allocate_continuously
from clvlab.service_level.allocation.levers import levers
from clvlab.service_level.allocation.options import discounted_years, options
from clvlab.service_level.curves import Curve, fitted_curve

CURVES = {"on_time": Curve([0.8, 0.9, 1.0], [0.0, 2.0, 12.0]), "whole": Curve([0.9, 1.0], [0.0, 4.0])}
LEVELS = {"on_time": [0.8, 0.9, 0.95], "whole": [0.95, 1.0]}


class Market:
    """Two groups; a point of an indicator raises equity and orders by factors that multiply."""

    groups = ("A", "B")
    today = pd.DataFrame({"on_time": [0.85, 0.9], "whole": [0.95, 0.95]}, index=["A", "B"])
    effects = np.array([[0.02], [0.04]])

    def outcomes(self, group: str, levels: pd.DataFrame) -> SimpleNamespace:
        points = sum((100 * (levels[kpi] - self.today.loc[group, kpi]) for kpi in levels), np.zeros(len(levels)))
        grown = np.exp(self.effects * np.asarray(points)[None, :])
        return SimpleNamespace(equity=1000.0 * grown, orders=10.0 * grown)


def test_each_combination_with_today_is_an_option():
    found = options(Market(), CURVES, LEVELS)
    assert found.levels.groupby("group").size().to_dict() == {"A": 4 * 2, "B": 3 * 2}
    today = (found.levels["group"] == "A") & (found.levels["on_time"] == 0.85) & (found.levels["whole"] == 0.95)
    assert found.gains[:, today].tolist() == found.costs[:, today].tolist() == [[0.0], [0.0]]


def test_costs_are_paid_on_the_orders_of_the_better_served_group():
    found = options(Market(), CURVES, LEVELS, years=2.5, mix=pd.DataFrame({"road": [1.0, 1.0]}, index=["A", "B"]))
    at = (found.levels["group"] == "A") & (found.levels["on_time"] == 0.95) & (found.levels["whole"] == 1.0)
    grown = np.exp([0.02 * 15, 0.04 * 15])
    assert found.gains[:, at].ravel() == pytest.approx(1000 * (grown - 1))
    assert found.costs[:, at].ravel() == pytest.approx(10 * grown * ((7.0 - 1.0) + (4.0 - 2.0)))
    assert found.use("road")[at] == pytest.approx(10 * (grown.mean() - 1) / 2.5)


def test_a_lever_whose_level_today_is_not_costed_stays_and_is_said():
    curves = CURVES | {"on_time": Curve([0.88, 1.0], [0.0, 12.0])}
    found = options(Market(), curves, LEVELS | {"on_time": [0.9, 0.95]})
    assert found.levels.loc[found.levels["group"] == "A", "on_time"].unique().tolist() == [0.85]
    assert found.remarks[0].startswith("On time stays as it is for A (85.00%): today's level is not between")
    assert found.remarks == allocate(found).remarks


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"curves": {}}, "What on_time costs is not known"),
        ({"levels": {"whole": [1.0]}, "mix": pd.DataFrame({"road": [1.0, 1.0]}, index=["A", "B"])}, "give years"),
        ({"levels": {"on_time": [0.5]}}, "not known"),
        ({"curves": CURVES | {"weight": Curve([0.0, 1.0], [0.0, 1.0])}, "levels": {"weight": [1.0]}}, "leave it out"),
    ],
)
def test_what_is_not_told_is_refused(change, sentence):
    with pytest.raises(Refused, match=sentence):
        options(**{"value": Market(), "curves": CURVES, "levels": LEVELS} | change)


def test_a_steady_payment_over_the_horizon_counts_its_discounted_years():
    middles = (np.arange(36) + 0.5) / 12  # of months, in years
    assert discounted_years(0.1, 36) == pytest.approx((1.1**-middles).sum() / 12, rel=1e-5)


class Saturating(Market):
    """A market in which each further point brings less."""

    def outcomes(self, group: str, levels: pd.DataFrame) -> SimpleNamespace:
        raised = levels["on_time"].to_numpy() - self.today.loc[group, "on_time"]
        equity = 1000.0 * (1 - np.exp(-20 * raised))
        return SimpleNamespace(equity=np.vstack([equity, equity]), orders=np.full((2, len(raised)), 10.0))


def test_any_level_agrees_with_a_fine_choice_of_levels():
    curve = fitted_curve([0.8, 0.9, 0.96, 1.0], [0.0, 4.0, 10.0, 30.0])
    found = allocate_continuously(levers(Saturating(), curve, "on_time"), budget=60.0)
    grid = options(Saturating(), {"on_time": curve}, {"on_time": np.linspace(0.8, 1.0, 401)})
    best = allocate(grid, budget=60.0)
    assert found.residual < 1e-6
    assert found.to_frame()["net"].sum() >= best.net_worth - 1e-6
    assert found.to_frame()["net"].sum() == pytest.approx(best.net_worth, rel=2e-3)
    assert found.to_frame()["level"].to_numpy() == pytest.approx(best.levels["on_time"].to_numpy(), abs=2e-3)


def test_a_group_whose_level_is_not_costed_has_no_lever():
    assert [lever.group for lever in levers(Saturating(), Curve([0.88, 1.0], [0.0, 9.0]), "on_time")] == ["B"]
