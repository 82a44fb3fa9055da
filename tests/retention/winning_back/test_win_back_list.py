"""The win-back list: ranked by money, with what an attempt must add to pay."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from clvlab.clv.valuing.ranges import Range
from clvlab.refusal import Refused
from clvlab.retention.winning_back.coming_back import Level
from clvlab.retention.winning_back.win_back_list import win_back_list


def listed(margins: list[float], chances: list[float], cost: float = 100.0):
    codes = [f"c{i}" for i in range(len(margins))]
    lost = pd.DataFrame({
        "name": codes, "account_manager": "m", "cause": "price", "left_on": pd.Timestamp("2025-06-30"),
        "months_away": 5.0, "margin": margins,
    }, index=pd.Index(codes, name="customer_id"))  # fmt: skip
    chance = Range(*(pd.Series(chances, codes) * part for part in (1.0, 0.8, 1.2)))
    kept = Range(*(pd.Series([months]) for months in (20.0, 15.0, 25.0)))
    return win_back_list(lost, chance, Level(0.5, 0.4, 0.6, 30), kept, as_of=dt.date(2025, 12, 31), months=12.0,
                         cost=cost, currency="CNY")  # fmt: skip


def test_expected_profit_is_chance_times_value_less_cost():
    row = listed([100.0], [0.3]).to_frame().iloc[0]
    assert row["value_if_back"] == pytest.approx(100 * 0.5 * 20)
    assert row["profit"] == pytest.approx(0.3 * 1000 - 100)
    assert row["break_even"] == pytest.approx(0.1)
    assert row["profit_lower"] < row["profit"] < row["profit_upper"]


def test_the_likeliest_back_is_not_the_first_when_it_brings_little():
    found = listed([10.0, 500.0], [0.9, 0.2])
    assert found.to_frame()["customer_id"].tolist() == ["c1", "c0"]


def test_who_brought_losses_is_not_won_back():
    found = listed([-50.0, 200.0], [0.5, 0.5])
    assert found.number == 1
    assert pd.isna(found.to_frame().set_index("customer_id").loc["c0", "break_even"])
    assert found.list().to_frame()["customer_id"].tolist() == ["c1"]


def test_texts_and_figure_say_what_was_found():
    found = listed([50.0, 500.0], [0.1, 0.2])
    assert found.finding in repr(found)
    assert "offers made by lot" in found._repr_html_()
    assert found.list().list_name == "win_back"
    found.plot().figure.canvas.draw()


def test_nothing_is_drawn_of_accounts_that_would_bring_nothing():
    with pytest.raises(Refused):
        listed([-1.0], [0.5]).plot()
