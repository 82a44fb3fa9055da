"""Tiers through time: moves with reasons, and the migration matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scored import customers, scheme_of

from clvlab.refusal import Refused
from clvlab.tiers.grading.scorecard import scorecard
from clvlab.tiers.grading.stability import tier_history

BASE = customers(300, missing=0.1)
SCHEME = scheme_of(BASE)


def quarters(number: int, noise: float = 0.2) -> dict:
    generator = np.random.default_rng(1)
    values, cards = BASE, {}
    for i in range(number):
        cards[f"2025Q{i + 1}"] = scorecard(values, SCHEME)
        values = values * np.exp(generator.normal(scale=noise, size=values.shape))
    return cards


@pytest.fixture(scope="module")
def history():
    return tier_history(quarters(4), band=3.0)


def test_the_band_avoids_moves(history):
    assert 0 < len(history.moves) < history.moves_without_band
    assert len(tier_history(quarters(4), band=0.0).moves) == history.moves_without_band


def test_the_migration_matrix_counts_every_customer_and_every_move(history):
    counts = history.migration.to_numpy()
    assert counts.sum() == 3 * BASE.notna().any(axis=1).sum()
    assert counts.sum() - np.trace(counts) == len(history.moves)
    assert history.shares().to_frame().iloc[:, 1:].sum(axis=1).to_numpy() == pytest.approx(1)


def test_moves_say_which_way(history):
    order = {tier: i for i, tier in enumerate(SCHEME.tiers)}
    up = history.moves["to_tier"].map(order) < history.moves["from_tier"].map(order)
    assert (history.moves["move"] == np.where(up, "promotion", "demotion")).all()
    rises = history.moves["score"] > history.moves["score_before"]
    assert (rises == up).all()


def test_reasons_are_the_changes_since_the_account_got_its_tier():
    first = BASE.dropna().iloc[:40]
    cards = [scorecard(first, SCHEME)]
    # Growth rises twice by half of what takes the whole account over a cut: the reason is both rises together.
    for step in (1, 2):
        cards.append(scorecard(first.assign(growth=first["growth"] + step * 0.8), SCHEME))
    found = tier_history(dict(zip(("Q1", "Q2", "Q3"), cards, strict=True)), band=3.0)
    third = found.moves[found.moves["quarter"] == "Q3"].set_index("customer_id")
    stayed = third.index[[found.tiers.loc[c, "Q1"] == found.tiers.loc[c, "Q2"] for c in third.index]]
    assert len(stayed) > 0
    for customer in stayed:
        gained = cards[2].score[customer] - cards[0].score[customer]
        assert third.loc[customer, "reasons"] == f"growth {gained:+.1f}"
        assert third.loc[customer, "score_before"] == cards[0].score[customer]


def test_who_comes_or_has_no_score_for_a_quarter_starts_anew():
    cards = list(quarters(3).values())
    half = scorecard(BASE.iloc[:150], SCHEME)
    found = tier_history({"Q1": half, "Q2": cards[0], "Q3": half}, band=3.0)
    assert (found.tiers.loc[BASE.index[150:], ["Q1", "Q3"]] == "not known").all(axis=None)
    assert found.tiers.loc[BASE.index, "Q2"].eq(cards[0].tiers().labels).all()
    assert found.moves.empty
    assert "0 moves" in found.title


def test_a_history_of_one_customer():
    base = customers(1)
    card = scorecard(base, scheme_of(base))
    found = tier_history({"Q1": card, "Q2": card}, band=3.0)
    assert found.migration.loc["regular", "regular"] == 1
    assert found.moves.columns[0] == "customer_id"


def test_what_is_no_history_is_refused():
    card = scorecard(BASE, SCHEME)
    other = scorecard(BASE, scheme_of(BASE, (0.1, 0.2)))
    with pytest.raises(Refused, match="two quarters or more"):
        tier_history({"Q1": card}, band=3.0)
    with pytest.raises(Refused, match="band of 0 or more"):
        tier_history({"Q1": card, "Q2": card}, band=-1.0)
    with pytest.raises(Refused, match="Q2 is of another scheme"):
        tier_history({"Q1": card, "Q2": other}, band=3.0)


def test_the_figure_states_how_many_stay(history):
    assert "stay in their tier" in history.plot().get_figure().get_suptitle()
    assert isinstance(history.to_frame(), pd.DataFrame)
    assert "moves between tiers" in repr(history)
