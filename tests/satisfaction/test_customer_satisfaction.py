"""What a study says of satisfaction is what the functions behind it say, and what is missing is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from clvlab.features.contract_spells import window_start
from clvlab.features.winnable import YEAR_DAYS
from clvlab.refusal import Refused
from clvlab.satisfaction.answers import answers
from clvlab.satisfaction.customer_satisfaction import CustomerSatisfaction
from clvlab.satisfaction.drivers.asymmetry import asymmetry
from clvlab.satisfaction.drivers.drivers import drivers
from clvlab.satisfaction.drivers.importance import importance_performance
from clvlab.satisfaction.known_before import known_before
from clvlab.satisfaction.measures.gaps import By, gaps
from clvlab.satisfaction.measures.nonresponse import nonresponse
from clvlab.satisfaction.measures.reliability import reliability
from clvlab.satisfaction.responses.chain import response_to_satisfaction
from clvlab.satisfaction.responses.responses import service_responses
from clvlab.study import Study


@pytest.fixture(scope="module")
def said(small_study: Study) -> CustomerSatisfaction:
    return small_study.satisfaction


@pytest.fixture(scope="module")
def unasked(said: CustomerSatisfaction) -> CustomerSatisfaction:
    """The same customers, nobody asked."""
    tables = {name: table for name, table in said.records.tables.items() if name != "surveys"}
    return replace(said, records=replace(said.records, tables=tables))


@pytest.mark.parametrize("by", ["item", "dimension", "touchpoint"])
def test_gaps_are_those_of_the_surveys(said: CustomerSatisfaction, by: By) -> None:
    found = said.gaps(by).to_frame()
    assert len(found) > 0
    pd.testing.assert_frame_equal(found, gaps(said.records["surveys"], said.as_of, by).to_frame())


@pytest.mark.parametrize(("name", "function"), [
    ("reliability", reliability), ("asymmetry", asymmetry), ("importance", importance_performance),
])  # fmt: skip
def test_what_needs_the_surveys_alone_is_theirs(said: CustomerSatisfaction, name: str, function: Callable) -> None:
    expected = function(said.records["surveys"], said.as_of).to_frame()
    assert len(expected) > 0
    pd.testing.assert_frame_equal(getattr(said, name).to_frame(), expected)


def test_drivers_and_nonresponse_know_what_was_known_before_asking(said: CustomerSatisfaction) -> None:
    surveys = said.records["surveys"]
    known = known_before(said.records.tables, answers(surveys, said.as_of))
    driven = drivers(surveys, known.frame, said.as_of, labels=known.labels, units=known.units)
    pd.testing.assert_frame_equal(said.drivers.to_frame(), driven.to_frame())
    silent = nonresponse(surveys, known.frame, said.as_of)
    pd.testing.assert_frame_equal(said.nonresponse.to_frame(), silent.to_frame())


def test_responses_are_those_of_all_the_records(said: CustomerSatisfaction) -> None:
    orders = said.purchases.orders
    rhythm = said.rhythm()
    assert rhythm is not None
    found = service_responses(said.records.tables, orders, rhythm, said.as_of, window_start(orders))
    pd.testing.assert_frame_equal(said.responses.to_frame(), found.to_frame())


def test_the_way_through_satisfaction_multiplies_its_two_steps(said: CustomerSatisfaction) -> None:
    first, second = said.responses_of_satisfaction, response_to_satisfaction(said.responses.months)
    assert "on_time_delivery" in first
    assert set(said.through_satisfaction) == set(first)
    for kpi, (leaving, orders) in said.through_satisfaction.items():
        assert leaving.estimate == pytest.approx(first[kpi].estimate * second.leaving.estimate)
        assert orders.estimate == pytest.approx(first[kpi].estimate * second.orders.estimate)


def test_indicators_that_move_satisfaction_are_among_those_that_move_leaving(said: CustomerSatisfaction) -> None:
    assert set(said.responses_of_satisfaction) <= {kpi.name for kpi in said.responses.kpis}


def test_a_groups_satisfaction_is_the_mean_of_its_answers_of_the_last_year(
    said: CustomerSatisfaction, small_study: Study
) -> None:
    tiers = small_study.tiers.labels.astype(str)
    given = said.answers.invitations
    recent = given[given["answered_on"] > pd.Timestamp(said.as_of) - pd.Timedelta(days=YEAR_DAYS)]
    found = said.by_group(tiers)
    assert found is not None
    assert set(found.index) <= set(tiers)
    for group, mean in found.items():
        own = recent["customer_id"].isin(tiers.index[tiers == group])
        assert mean == pytest.approx(recent.loc[own, "overall"].mean())


@pytest.mark.parametrize("name", ["answers", "reliability", "nonresponse", "drivers", "asymmetry", "importance"])
def test_without_surveys_one_sentence_says_what_is_needed(unasked: CustomerSatisfaction, name: str) -> None:
    with pytest.raises(Refused, match="needs the table surveys") as refusal:
        getattr(unasked, name)
    assert str(refusal.value).count(". ") == 0


def test_without_surveys_gaps_say_what_they_need(unasked: CustomerSatisfaction) -> None:
    with pytest.raises(Refused, match="needs the table surveys"):
        unasked.gaps()


def test_without_surveys_what_service_does_to_leaving_is_still_told(
    unasked: CustomerSatisfaction, said: CustomerSatisfaction
) -> None:
    assert unasked.responses.leaving["on_time_delivery"].told
    assert unasked.responses.orders["on_time_delivery"].told
    assert unasked.responses.leaving.keys() == said.responses.leaving.keys()
    assert unasked.responses_of_satisfaction == {}
    assert unasked.through_satisfaction == {}
    assert unasked.by_group(pd.Series(dtype=str)) is None


def test_without_a_rhythm_of_orders_silence_tells_nothing(said: CustomerSatisfaction) -> None:
    with pytest.raises(Refused, match="ordered on two days or more"):
        _ = replace(said, rhythm=lambda: None).responses


def test_it_can_be_shown_with_surveys_and_without(said: CustomerSatisfaction, unasked: CustomerSatisfaction) -> None:
    assert "on_time_delivery" in repr(said)
    assert "on_time_delivery" in repr(unasked)
