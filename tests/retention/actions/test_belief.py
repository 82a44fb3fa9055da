"""What is believed of a campaign: the less, the less certain it is, and groups lend each other strength."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clvlab.retention.actions.belief import believed
from clvlab.retention.campaign_effect import EVERYONE

LEAVES = 0.2


def told(**groups: tuple[float, float]) -> pd.DataFrame:
    """A campaign's frame from each group's effect and its error."""
    rows = [
        (name, 200, 200, LEAVES - effect, LEAVES, effect, effect - 1.6448536 * error, effect + 1.6448536 * error)
        for name, (effect, error) in ({EVERYONE: (0.0, 1.0)} | groups).items()
    ]
    columns = ["group", "called", "not_called", "left_called", "left_not_called", "reduction", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def test_a_certain_effect_is_believed_and_an_uncertain_one_hardly():
    sure, unsure = (believed(told(a=(0.04, error))).by_group.value["a"] for error in (0.001, 0.2))
    assert sure == pytest.approx(0.04, rel=0.01)
    assert 0 < unsure < 0.004


def test_a_group_is_drawn_towards_the_other():
    alone = believed(told(a=(0.04, 0.03))).by_group.value["a"]
    with_bad, with_good = (believed(told(a=(0.04, 0.03), b=(b, 0.03))).by_group.value["a"] for b in (-0.04, 0.04))
    assert with_bad < alone < with_good


def test_over_all_is_the_mean_of_the_groups_by_customers():
    frame = told(a=(0.05, 0.02), b=(-0.01, 0.02))
    frame.loc[frame["group"] == "b", ["called", "not_called"]] = 600
    by_group, correlation = believed(frame)
    assert by_group.value[EVERYONE] == pytest.approx(by_group.value["a"] / 4 + by_group.value["b"] * 3 / 4)
    assert np.diag(correlation) == pytest.approx(1)
    assert correlation[0, 1] > 0


def test_drawn_from_what_is_assumed_it_is_right_on_average_wherever_it_looks_good():
    """The effects that look best are those believed too much, unless belief allows for it."""
    rng, error, spread = np.random.default_rng(11), 0.03, 0.3 / 1.6448536 / np.sqrt(2) * LEAVES
    over, held = {"measured": [], "believed": []}, []
    for _ in range(2000):
        true = rng.normal(0, spread) + rng.normal(0, spread, 2)
        seen = rng.normal(true, error)
        frame = told(a=(seen[0], error), b=(seen[1], error))
        frame[["left_called", "left_not_called"]] = LEAVES
        by_group, _ = believed(frame)
        looks_good = by_group.value["a"] > 0.01
        if looks_good:
            over["measured"].append(seen[0] - true[0])
            over["believed"].append(by_group.value["a"] - true[0])
        held.append(by_group.lower["a"] <= true[0] <= by_group.upper["a"])
    assert np.mean(over["measured"]) > 0.005
    assert abs(np.mean(over["believed"])) < 3 * np.std(over["believed"]) / np.sqrt(len(over["believed"]))
    assert np.mean(held) == pytest.approx(0.9, abs=0.02)
