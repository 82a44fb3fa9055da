"""From churn and customer value to the watch list: what stands in it is what the two say."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import clvlab.retention.accounts as under_test
from clvlab.refusal import Refused
from clvlab.retention.accounts import effect_of_calling, lost_partners, silence, worth
from clvlab.retention.watch_list_result import UNKNOWN, WatchList


@pytest.fixture(scope="module")
def listed(small_study) -> WatchList:
    return small_study.watch_list


def test_each_customer_who_is_not_lost_stands_in_the_list_once(small_study, listed):
    assert sorted(listed.frame["customer_id"]) == sorted(small_study.churn.prospects.frame.index)


def test_it_ranks_by_margin_at_stake(listed):
    assert listed.to_frame()["at_stake"].is_monotonic_decreasing


def test_probabilities_are_those_of_an_account_that_is_still_there(small_study, listed):
    ahead = small_study.churn.prospects.frame
    frame = listed.frame.set_index("customer_id").reindex(ahead.index)
    for ours, theirs in (
        ("probability", "risk_6"),
        ("probability_lower", "risk_6_lower"),
        ("probability_upper", "risk_6_upper"),
        ("already_gone", "already_gone"),
    ):
        np.testing.assert_allclose(frame[ours], ahead[theirs], rtol=1e-12)


def test_margin_at_stake_is_being_there_times_leaving_times_value(small_study, listed):
    """Value over the probability to be there, times that probability by the churn model, is at stake if it leaves."""
    values = small_study.clv.frame
    frame = listed.to_frame().set_index("customer_id")
    known = values.reindex(frame.index)
    told = known["probability_alive"] > 0.01
    assert told.sum() > 20
    margin = (known["value"] / known["probability_alive"])[told]
    np.testing.assert_allclose(frame.loc[told, "margin"], margin, rtol=1e-9)
    at_stake = (1 - frame["already_gone"]) * frame["probability"] * frame["margin"]
    np.testing.assert_allclose(frame["at_stake"], at_stake, rtol=1e-9)
    assert frame["at_stake"].between(frame["at_stake_lower"], frame["at_stake_upper"]).all()


def values_of(**columns: list[float]) -> SimpleNamespace:
    codes = pd.Index([f"c{n}" for n in range(len(columns["value"]))], name="customer_id")
    return SimpleNamespace(frame=pd.DataFrame(columns, index=codes))


def test_worth_is_value_over_the_probability_to_be_there():
    values = values_of(
        value=[50.0, 100.0], value_lower=[10.0, 60.0], value_upper=[80.0, 150.0], probability_alive=[0.5, 1.0]
    )
    found = worth(values, values.frame.index).set_index("customer_id")
    assert found.loc["c0"].tolist() == [100.0, 20.0, 160.0]
    assert found.loc["c1"].tolist() == [100.0, 60.0, 150.0]


def test_worth_of_one_all_but_gone_does_not_run_away_and_has_no_interval():
    values = values_of(value=[0.3], value_lower=[0.0], value_upper=[0.0], probability_alive=[0.0001])
    found = worth(values, values.frame.index).iloc[0]
    assert found["margin"] == pytest.approx(30.0)
    assert np.isnan(found["lower"])
    assert np.isnan(found["upper"])


def test_worth_of_a_customer_without_a_value_is_missing():
    values = values_of(value=[1.0], value_lower=[0.5], value_upper=[2.0], probability_alive=[1.0])
    found = worth(values, pd.Index(["c0", "new"])).set_index("customer_id")
    assert found.loc["new"].isna().all()


def test_an_account_that_one_model_gives_up_stands_apart_and_not_in_the_way(small_study):
    """Its value's mean lies outside its own interval; the list of all others goes on."""
    values = small_study.clv
    frame = values.frame.copy()
    given_up = small_study.churn.prospects.frame["already_gone"].idxmin()
    frame.loc[given_up, ["probability_alive", "value", "value_lower", "value_upper"]] = 0.02, 5.0, 0.0, 0.0
    changed = SimpleNamespace(frame=frame, horizon_months=values.horizon_months, currency=values.currency, doubts=[])
    found = under_test.accounts_to_watch(small_study.churn, changed)
    assert found.frame.set_index("customer_id").loc[given_up, "apart"] == UNKNOWN
    assert len(found.to_frame()) == len(small_study.watch_list.to_frame()) - 1


def test_silences_are_those_of_customers_who_are_not_lost(small_study):
    found = silence(small_study.churn).set_index("customer_id")
    assert set(found.index) == set(small_study.churn.prospects.frame.index)
    days = small_study.churn.accounts.standing["silent_days"].reindex(found.index)
    assert (found["silent_days"] == days).all()
    assert found["silence_percentile"].between(0, 1).all()
    assert (found["next_order_expected_on"] > pd.Timestamp(small_study.as_of)).mean() > 0.9


def test_without_a_rhythm_there_are_no_silences_and_a_list_all_the_same(small_study):
    known = small_study.churn
    found = SimpleNamespace(
        base=SimpleNamespace(rhythm=None, records=known.base.records),
        prospects=known.prospects,
        accounts=known.accounts,
        spells=known.spells,
        drivers=known.drivers,
        as_of=known.as_of,
        within_months=known.within_months,
    )
    assert silence(found).empty
    listed = under_test.accounts_to_watch(found, small_study.clv)
    assert listed.frame["silence"].isna().all()
    assert len(listed.frame) == len(known.prospects.frame)


def test_partners_lost_are_those_called_lost_who_left_within_a_year(monkeypatch):
    standing = pd.DataFrame(
        {
            "standing": ["called lost", "called lost", "active", "called lost"],
            "last_on": pd.to_datetime(["2024-12-31", "2024-12-30", "2025-06-01", "2025-11-30"]),
        },
        index=pd.Index(["just", "long ago", "there", "lately"], name="customer_id"),
    )
    pairs = pd.DataFrame({"customer_id": "us", "partner_id": ["just", "long ago", "there", "lately", "unheard of"]})
    monkeypatch.setattr(under_test, "partners", lambda *_: pairs)
    found = SimpleNamespace(
        base=SimpleNamespace(records=SimpleNamespace(tables={})),
        as_of=dt.date(2025, 12, 31),
        spells=pd.DataFrame({"at_risk_from": [pd.Timestamp("2023-01-01")]}),
        accounts=SimpleNamespace(standing=standing),
    )
    assert lost_partners(found)["partner_id"].tolist() == ["just", "lately"]


def test_records_that_do_not_tell_who_receives_have_no_partners(small_study):
    known = small_study.churn
    tables = {name: known.base.records[name] for name in ("customers", "invoices")}
    found = SimpleNamespace(
        base=SimpleNamespace(records=SimpleNamespace(tables=tables)), as_of=known.as_of, spells=known.spells
    )
    assert lost_partners(found) is None


def test_records_without_a_campaign_show_no_effect_of_calling(small_study):
    known = small_study.churn
    records = small_study.at("2024-01-31").records  # before any campaign began
    found = SimpleNamespace(base=SimpleNamespace(records=records), spells=known.spells)
    with pytest.raises(Refused):
        effect_of_calling(found)
