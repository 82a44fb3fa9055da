"""Whom to act on, from a market's records: all parts agree, and each says what it lacks."""

from __future__ import annotations

from dataclasses import replace

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
