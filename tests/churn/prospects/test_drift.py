"""What is out of the ordinary today fades towards the customer's own past."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.churn.prospects.drift import drifted, own_past, persistence


def histories(part: float, customers: int = 400, months: int = 40, seed: int = 5) -> pd.DataFrame:
    """Customers with levels of their own around which a covariate swings."""
    rng = np.random.default_rng(seed)
    level = rng.normal(10, 5, customers)
    swing = np.zeros((customers, months))
    for month in range(1, months):
        swing[:, month] = part * swing[:, month - 1] + rng.normal(0, 1, customers)
    who, when = np.indices(swing.shape)
    return pd.DataFrame({"customer_id": who.ravel(), "month": when.ravel(), "late": (level[:, None] + swing).ravel()})


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_known_persistence_is_found(part):
    panel = histories(part, customers=60, months=400)
    assert persistence(panel, ["late"])["late"] ** 3 == pytest.approx(part**3, abs=0.04)


def test_months_that_are_missing_are_not_taken_for_the_next():
    panel = histories(0.6, customers=60, months=400)
    gaps = panel[panel["month"] % 5 != 0]
    assert persistence(gaps, ["late"])["late"] ** 3 == pytest.approx(0.6**3, abs=0.04)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_it_forecasts_better_than_todays_value_and_than_the_past(part):
    """Three months ahead, for customers other than those it was measured on."""
    remains = persistence(histories(part), ["late"])
    unseen = histories(part, seed=6)
    known = unseen[unseen["month"] <= 36]
    now = known[known["month"] == 36].reset_index(drop=True)
    actual = unseen.loc[unseen["month"] == 39, "late"].to_numpy()
    past = own_past(known, ["late"])

    def error(forecast) -> float:
        return float(np.mean((np.asarray(forecast) - actual) ** 2))

    ours = error(drifted(now, past, remains, np.full(len(now), 3))["late"])
    assert ours < min(error(now["late"]), error(past.loc[now["customer_id"], "late"]))


def test_a_panel_too_short_to_tell_keeps_todays_values():
    assert persistence(histories(0.5, months=3), ["late"])["late"] == 1.0


def test_a_covariate_that_never_changes_stays():
    assert persistence(histories(0.5).assign(late=2.0), ["late"])["late"] == 1.0


@given(st.floats(-50, 50), st.floats(0.1, 100))
def test_level_and_unit_do_not_matter(shift, scale):
    panel = histories(0.6, customers=20)
    moved = panel.assign(late=shift + scale * panel["late"])
    assert persistence(moved, ["late"])["late"] == pytest.approx(persistence(panel, ["late"])["late"], rel=1e-6)


def test_the_own_past_leaves_the_last_month_out():
    panel = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "month": [3, 1, 2, 9], "late": [9.0, 2.0, 4.0, 5.0]})
    assert own_past(panel, ["late"])["late"].to_dict() == {"a": 3.0, "b": 5.0}


def test_months_ahead_come_back_to_the_own_past():
    ahead = pd.DataFrame({"customer_id": ["a"] * 3 + ["new"], "late": [10.0, 10.0, 10.0, 7.0], "term": [1, 2, 3, 4]})
    past = pd.DataFrame({"late": [2.0]}, index=["a"])
    found = drifted(ahead, past, pd.Series({"late": 0.5}), np.array([0, 1, 60, 5]))
    assert found["late"].tolist() == pytest.approx([10.0, 6.0, 2.0, 7.0])
    assert found["term"].tolist() == [1, 2, 3, 4]
