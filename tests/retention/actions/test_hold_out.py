"""A test by lot: fair lots, and no promise to show what it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.retention.actions.hold_out import draw_lots, hold_out


def accounts(n: int = 400, leaves: float = 0.2) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({
        "customer_id": [f"C{i:04d}" for i in range(n)], "name": "x", "account_manager": "m",
        "probability": leaves, "profit": rng.lognormal(5, 1.5, n) - 100, "group": np.where(np.arange(n) % 3, "a", "b"),
    })  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 0.98), st.integers(2, 300), st.integers(0, 2**20))
def test_as_many_are_held_back_as_wanted_and_all_keep_their_row(share, n, seed):
    drawn = draw_lots(accounts(n), share, seed)
    assert abs((drawn["arm"] == "control").sum() - share * n) < 1 + 1e-9
    assert sorted(drawn["customer_id"]) == sorted(accounts(n)["customer_id"])


def test_every_account_has_the_same_probability_to_be_held_back():
    few = accounts(30)
    held = [draw_lots(few, 0.3, seed).set_index("customer_id")["arm"].eq("control") for seed in range(500)]
    share = pd.concat(held, axis=1).mean(axis=1)
    assert share.between(0.2, 0.4).all()


def test_large_accounts_fall_into_both_arms():
    drawn = draw_lots(accounts(), 0.5, 1)
    large = drawn.nlargest(40, "profit")["arm"].eq("control").mean()
    assert 0.3 < large < 0.7


def test_the_same_seed_draws_the_same_lots():
    pd.testing.assert_frame_equal(draw_lots(accounts(), 0.2, 5), draw_lots(accounts(), 0.2, 5))


def test_holding_more_back_shows_smaller_effects_and_forgoes_more():
    frame = hold_out(accounts(), 6, "CNY", inflation=2.0, alike=0.02).to_frame()
    told = frame[frame["detectable"].notna()]
    assert told["held_back_share"].tolist() == [0.1, 0.2, 0.3, 0.5], "with 20 of 400 held back no effect shows"
    assert (told["detectable"].diff().iloc[1:] < 0).all()
    assert (frame["profit_forgone"].diff().iloc[1:] > 0).all()
    by_manager = told["detectable_by_manager"]
    assert (by_manager.isna() | (by_manager > told["detectable"])).all()
    assert by_manager.notna().any()
    assert (frame["held_back"] + frame["acted_on"] == 400).all()


def test_few_accounts_are_told_that_nothing_will_show():
    found = hold_out(accounts(12), 6, "CNY")
    assert "shows nothing" in found.finding
    with pytest.raises(Refused, match="nothing to draw"):
        found.plot()


def test_texts_and_figure_say_what_was_found():
    found = hold_out(accounts(), 6, "CNY", inflation=1.5, alike=0.01)
    assert found.finding in repr(found)
    assert found.lots(0.2, 1).list_name == "lots"
    found.plot().figure.canvas.draw()


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5])
def test_holding_back_nobody_or_everybody_is_refused(share):
    with pytest.raises(Refused):
        draw_lots(accounts(), share)
    with pytest.raises(Refused):
        hold_out(accounts(), 6, "CNY", shares=(share,))
    with pytest.raises(Refused):
        hold_out(accounts(1), 6, "CNY")
