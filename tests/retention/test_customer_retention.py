"""Whom to act on, from a market's records: all parts agree, and each says what it lacks."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.results import Note
from clvlab.retention.customer_retention import Retention
from clvlab.study import Study


@pytest.fixture(scope="module")
def retention(small_study: Study) -> Retention:
    return Retention(
        replace(small_study.assumptions, currency=small_study.currency), 1, small_study._bought,
        lambda: small_study.churn, lambda: small_study.watch_list,
    )  # fmt: skip


def test_the_parts_speak_of_the_same_accounts_and_the_same_cost(retention):
    listed = retention.actions.to_frame()
    assert retention.actions.cost == retention.win_back.cost == retention.cost[0]
    assert set(retention.hold_out.accounts["customer_id"]) == set(listed["customer_id"])
    assert not set(retention.win_back.to_frame()["customer_id"]) & set(listed["customer_id"])
    assert retention.to_frame() is listed


@pytest.mark.parametrize("group", ["tie", "size_class"])
def test_the_effect_is_told_by_the_groups_asked_for(retention, group):
    assert len(retention.campaign_by(group).to_frame()) > 1
    assert set(retention.actions_by(group).to_frame()["group"]) <= {
        "all customers",
        *retention.campaign_by(group).group_of,
    }


def test_without_a_campaign_the_effect_is_assumed_and_the_cost_is_that_of_a_visit(retention, monkeypatch):
    bare = replace(retention)
    monkeypatch.setattr(Retention, "campaign_by", lambda *_: (_ for _ in ()).throw(Refused("no campaign")))
    assert bare.cost[0] == retention.assumptions.unit_costs["visit"]
    assert not bare.actions.measured


def test_to_do_says_something_to_do(retention):
    assert isinstance(retention.to_do(), Note)
    assert "lot" in repr(retention.to_do())
    assert "nan" not in repr(retention.to_do())


def test_channels_come_with_their_cost(retention):
    found = retention.channels
    assert (found.to_frame()["contacts"] > 0).all()
    assert found.finding in repr(found)


def test_what_is_missing_is_said(retention, small_study, monkeypatch):
    records = small_study.churn.base.records
    fewer = replace(
        records, tables={k: v for k, v in records.tables.items() if k not in ("leads", "contacts", "campaigns")}
    )
    found = replace(small_study.churn, base=replace(small_study.churn.base, records=fewer))
    poor = replace(retention, churn=lambda: found)
    for part, need in (("winning_or_keeping", "leads"), ("channels", "contacts"), ("campaign", "campaigns")):
        with pytest.raises(Refused, match=need):
            getattr(poor, part)


@pytest.fixture
def costless(retention, monkeypatch) -> Retention:
    """The same where nothing tells what acting costs."""

    def refused(*_: object) -> None:
        raise Refused("What acting on an account costs is not known")

    monkeypatch.setattr(Retention, "cost", property(refused))
    return replace(retention)


def test_without_a_cost_nothing_is_said_of_profit_but_whom_to_call_and_what_a_test_shows(costless):
    with pytest.raises(Refused, match="costs is not known"):
        _ = costless.actions
    assert costless.called_first(3).to_frame()["account"].size == 3
    test = costless.hold_out
    assert set(test.accounts["customer_id"]) == set(costless.watched().to_frame()["customer_id"])
    assert test.to_frame()["profit_forgone"].isna().all()
    assert test.finding in repr(costless.to_do()), "so few accounts show nothing, which is said"
    first = costless.watched().to_frame()["name"].iloc[0]
    assert f"Call first {first}" in repr(costless.to_do())
    assert "win back" not in repr(costless.to_do())


def test_without_a_cost_lost_accounts_stand_by_what_they_would_bring(costless, retention):
    found = costless.win_back
    assert "not known" in found.finding
    assert "before its cost" in found.title
    assert found.to_frame()["break_even"].isna().all()
    known = retention.win_back.to_frame().set_index("customer_id")["profit"] + retention.win_back.cost
    pd.testing.assert_series_equal(found.to_frame().set_index("customer_id")["profit"].reindex(known.index), known)


def test_without_a_watch_list_nobody_is_named(retention):
    def refused() -> None:
        raise Refused("A value needs money.")

    poor = replace(retention, watched=refused)
    assert poor.called_first() is None
    assert "Call first" not in repr(poor.to_do())


def test_the_missing_cost_is_named_with_its_key_and_place(retention, small_study):
    records = small_study.churn.base.records
    fewer = replace(records, tables={k: v for k, v in records.tables.items() if k not in ("contacts", "campaigns")})
    found = replace(small_study.churn, base=replace(small_study.churn.base, records=fewer))
    poor = replace(retention, churn=lambda: found, assumptions=replace(retention.assumptions, unit_costs={}))
    with pytest.raises(Refused, match=r"give visit under \[unit_costs\] in clvlab.toml beside the data"):
        _ = poor.cost
