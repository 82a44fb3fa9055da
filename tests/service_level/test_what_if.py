"""What if: each figure is the difference of two valuations, groups add up, and what is not asked stays."""

from __future__ import annotations

import numpy as np
import pytest
from stand_in import KPI, stand_in

from clvlab.refusal import Refused
from clvlab.service_level.curves import Curve
from clvlab.service_level.group_profit import ALL
from clvlab.service_level.trade_off import trade_off
from clvlab.service_level.what_if import what_if

LINES = Curve([0.80, 0.86, 0.90, 0.95, 0.99], [0.0, 1.5, 3.5, 11.0, 50.0], "cost per order")
NUMBER = {"core": 20, "important": 100, "regular": 400}


def rows(found):
    return found.to_frame().set_index(["group", "measure"])


def test_moves_are_those_of_the_closed_form():
    value = stand_in(effect=0.006, sd=0.0, draws=3, more_orders=0.5)
    found = rows(what_if(value, {KPI: LINES}, {"core": {KPI: 0.95}}))
    change = 0.006 * 4
    assert found.loc[("core", "equity"), "change"] == pytest.approx(9e6 * np.expm1(change))
    assert found.loc[("core", "satisfaction"), ["today", "then"]].tolist() == pytest.approx([7, 7 + 20 * change])
    assert found.loc[("core", "leaving"), "change"] == pytest.approx(0.2 * np.expm1(-2 * change))
    # Additional orders pay for the better level only: today's cost of service is in their margin already.
    assert found.loc[("core", "cost"), "change"] == pytest.approx(20_000 * np.exp(0.5 * change) * (11.0 - 5.0))
    assert found.loc[("core", "profit"), "change"] == pytest.approx(
        found.loc[("core", "equity"), "change"] - found.loc[("core", "cost"), "change"]
    )


def test_it_agrees_with_the_trade_off():
    value = stand_in(effect=0.006, sd=0.003)
    best = trade_off(value, KPI, LINES).to_frame().set_index("group").drop(ALL)
    levels = {group: {KPI: level} for group, level in best["best_level"].items()}
    found = rows(what_if(value, {KPI: LINES}, levels, NUMBER))
    for group, row in best.iterrows():
        ours = found.loc[(group, "profit"), ["change", "change_lower", "change_upper"]].tolist()
        theirs = [row[f"loss_from_staying{end}"] for end in ("", "_lower", "_upper")]
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_groups_add_up_in_money_and_are_averaged_over_customers_elsewhere():
    found = rows(what_if(stand_in(), {KPI: LINES}, {"core": {KPI: 0.95}, "regular": {KPI: 0.80}}, NUMBER))
    for measure in ("equity", "cost", "profit"):
        parts = found.xs(measure, level="measure")["change"]
        assert parts[ALL] == pytest.approx(parts.drop(ALL).sum())
    for measure in ("satisfaction", "leaving"):
        parts = found.xs(measure, level="measure")["change"]
        assert parts[ALL] == pytest.approx(np.average(parts[list(NUMBER)], weights=list(NUMBER.values())))


def test_what_is_not_asked_stays_exactly_as_it_is():
    found = rows(what_if(stand_in(), {}, {}, NUMBER))
    assert (found[["change", "change_lower", "change_upper"]].to_numpy() == 0).all()
    assert (found["today"] == found["then"]).all()


def test_what_is_missing_is_said():
    found = what_if(stand_in(surveyed=False), {KPI: LINES}, {"core": {KPI: 0.95}})
    assert "Satisfaction is not known: it needs surveys" in repr(found)
    assert "need the number of customers of each group" in repr(found)
    assert np.isnan(rows(found).loc[(ALL, "leaving"), "change"])
    written = found.written().set_index(["group", "measure"])
    assert written.loc[("core", "satisfaction, points of ten"), "change"] == "–"


def test_shares_are_written_as_percentages_and_money_whole():
    written = what_if(stand_in(), {KPI: LINES}, {"core": {KPI: 0.95}}, currency="CNY").written()
    rows = written.set_index(["group", "measure"])
    assert rows.loc[("core", "leave within 12 months"), "today"] == "20.0%"
    assert rows.loc[("core", "cost of service, beyond today's"), "change"] == "+120,000"
    assert "CNY" in what_if(stand_in(), {KPI: LINES}, {}, currency="CNY")._repr_html_()


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ({"cor": {KPI: 0.95}}, "did you mean 'core'"),
        ({"core": {"on_time_delivry": 0.95}}, "did you mean 'on_time_delivery'"),
        ({"core": {KPI: 0.999}}, "points go from 0.8 to 0.99"),
        ({"regular": {KPI: 0.95}}, "level of on_time_delivery of regular today is not known"),
    ],
)
def test_what_cannot_be_set_is_refused(levels, words):
    value = stand_in((0.91, 0.90, float("nan")))
    with pytest.raises(Refused, match=words):
        what_if(value, {KPI: LINES}, levels)


def test_a_lever_without_costs_is_refused():
    with pytest.raises(Refused, match=r"give \[service_costs.on_time_delivery\]"):
        what_if(stand_in(), {}, {"core": {KPI: 0.95}})
