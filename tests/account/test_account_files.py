"""Any account of any base has a file, and what it says is what the other rooms say."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pandas as pd
import pytest

from clvlab.account.account import Account
from clvlab.account.accounts import Accounts
from clvlab.language.speaking import speaking
from clvlab.refusal import Refused
from clvlab.results import Note, or_note

SECTIONS = (
    "headlines", "profile", "timeline", "events", "value", "margin", "score", "moved", "risk", "reasons", "service",
    "satisfaction", "entitlements", "next_steps",
)  # fmt: skip


def written(accounts: Accounts, customer_id: str) -> dict[str, str]:
    """Return every section of a file as it is shown, checked for what no page may hold."""
    account = accounts.of(customer_id)
    found = {}
    for name in SECTIONS:
        result = or_note(lambda name=name: getattr(account, name))
        text, html = repr(result), result._repr_html_()
        assert text, name
        assert "<script" not in html, name
        assert not {"nan", "NaT"} & set(text.split()), (name, text)
        if isinstance(result, Note):
            assert re.fullmatch(r".+\.", text), (name, text)
        found[name] = text
    return found


def kinds(accounts: Accounts) -> dict[str, str]:
    """Return an account of every standing, and those with the fewest and the most orders."""
    orders = accounts.ordered["orders"]
    chosen = {"fewest": str(orders.idxmin()), "most": str(orders.idxmax())}
    with suppress(Refused):
        chosen |= {kind: str(code) for code, kind in accounts.standing["standing"].items()}
    return chosen


# Whose file ------------------------------------------------------------------------------------------------


def test_a_name_of_any_words_stays_a_name_in_chinese(accounts, monkeypatch):
    account = accounts.of()
    monkeypatch.setattr(Account, "name", "Northern lights of the north limited (N1)")
    with speaking("zh"):
        assert ">Northern lights of the north limited (N1)，截至" in account._repr_html_()


def test_a_blank_code_is_the_largest_account(accounts, small_study):
    revenue = small_study.playbook.base.totals["revenue"]
    assert accounts.of().customer_id == revenue.idxmax()


def test_without_money_the_largest_has_most_orders(moved):
    assert moved.ordered.loc[moved.of().customer_id, "orders"] == moved.ordered["orders"].max()


def test_an_unknown_code_is_refused_with_the_nearest(accounts):
    with pytest.raises(Refused, match=r"^There is no customer 'C0001O' in the records \(did you mean 'C\d{5}'\?\)\.$"):
        accounts.of("C0001O")


# Every kind of account reads well --------------------------------------------------------------------------


def test_every_kind_of_account_has_a_file(accounts):
    for customer_id in kinds(accounts).values():
        written(accounts, customer_id)


@pytest.mark.parametrize("base", ["invoiced", "moved", "alone", "strange"])
def test_less_on_record_switches_sections_off_by_one_sentence(base, request):
    accounts = request.getfixturevalue(base)
    for customer_id in kinds(accounts).values():
        written(accounts, customer_id)


def test_a_customer_who_never_ordered_has_a_file(strange):
    told = written(strange, "NEW")
    assert "Nothing is recorded of this account" in told["timeline"]
    assert "2025-12-30, 0.0 years" in told["profile"]


def test_what_is_not_recorded_is_said(invoiced, alone):
    told = written(invoiced, "")
    assert "needs the table surveys" in told["satisfaction"]
    assert "needs revenue and direct_cost" in told["entitlements"]
    assert "Besides orders, the records hold no event" in told["events"]
    assert "order" in written(alone, "")["timeline"]


def test_names_are_text_and_nothing_else(strange):
    account = strange.of("../evil")
    assert account.name == "<script>alert('x')</script> \"Ltd\" =1+1 (../evil)"
    html = account._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert account._repr_mimebundle_()["text/html"] == html


# It says what the other rooms say --------------------------------------------------------------------------


def test_value_is_that_of_every_customer(accounts, small_study):
    frame = small_study.clv.frame
    for customer_id in kinds(accounts).values():
        rows = accounts.of(customer_id).value.to_frame().set_index("what")
        ahead = rows.loc[rows.index.str.startswith("to come in")].iloc[0]
        assert ahead[["amount", "lower", "upper"]].tolist() == frame.loc[
            customer_id, ["value", "value_lower", "value_upper"]
        ].tolist()  # fmt: skip
        assert ahead["share_of_all"] == pytest.approx(frame.loc[customer_id, "value"] / frame["value"].sum())


def test_risk_and_next_order_are_those_of_the_churn_model(accounts, small_study):
    here = small_study.churn.prospects.frame.index
    for customer_id in [code for code in kinds(accounts).values() if code in here]:
        found = accounts.of(customer_id).risk
        wanted = small_study.churn.prospects.frame.loc[customer_id]
        leaves = found.to_frame().set_index("horizon")["leaves"]
        assert leaves["6 months"] == wanted["leave_6"]
        next_on = small_study.churn.base.rhythm.customers.loc[customer_id, "next_on"]
        assert f"The next order is expected on {next_on.date()}" in repr(found)


def test_points_add_up_to_the_score_and_changes_to_its_change(accounts, small_study):
    tiers = small_study.tiers
    for customer_id in tiers.labels.index[:5]:
        frame = accounts.of(customer_id).score.to_frame()
        known = tiers.scorecard.contributions(pd.Index([customer_id])).loc[customer_id]
        assert known.sum() == pytest.approx(tiers.scorecard.score[customer_id])
        assert frame["brings"].sum() == pytest.approx(known.sum(), abs=1e-6)
        assert (frame["brings"] <= frame["at_most"] + 1e-9).all()
        quarter = next(q for q, card in accounts.quarters.items() if customer_id in card.points.index)
        change = tiers.scorecard.score[customer_id] - tiers.quarters[quarter].score[customer_id]
        assert frame[f"change_since_{quarter}"].sum() == pytest.approx(change, abs=0.05 * len(frame))


def tier_tile(account) -> pd.Series:
    return account.headlines.to_frame().set_index("name").loc["tier"]


def test_tile_and_tables_name_the_same_tier_and_points_apart_from_it(accounts, small_study):
    held, by_points = small_study.tiers.labels, small_study.tiers.scorecard.tiers().labels
    apart = [code for code in held.index if held[code] != by_points[code]]
    assert apart
    due = small_study.playbook.accounts.index
    for code in [*apart, *held.index[:10]]:
        account = accounts.of(code)
        tile = tier_tile(account)
        assert tile["value"] == held[code] == account.moved.to_frame()["tier_held"].iloc[-1]
        assert account.score.title.startswith(f"{held[code].capitalize()}: ")
        said = f"by points alone {by_points[code]}"
        assert (said in tile["note"]) == (said in repr(account.score).lower()) == (code in apart)
        if code in due:
            assert f"tier {held[code]}, " in account.entitlements.title


def test_an_account_not_yet_reviewed_has_the_tier_of_its_points_and_says_so(alone):
    tile = tier_tile(alone.of())
    assert (tile["value"], tile["note"]) == ("regular", "50.0 of 100 points; by points until its first review")
    assert "By points until its first review: a tier changes at the end of a quarter" in repr(alone.of().score)


def test_the_margin_ends_at_the_profit(accounts, small_study):
    year = small_study.playbook.base.margins_last_year.frame
    for customer_id in year.index[year["revenue"] > 0][:5]:
        found = accounts.of(customer_id).margin
        steps = found.to_frame().set_index("step")["amount"]
        assert steps["revenue"] == year.loc[customer_id, "revenue"]
        assert steps["profit"] == pytest.approx(year.loc[customer_id, "profit"])
        costs = found.waterfall.to_frame()
        assert costs.loc[~costs["is_sum"], "amount"].sum() == pytest.approx(steps["profit"], abs=0.01)


def test_who_brought_nothing_for_a_year_shows_all_there_was(accounts):
    year = accounts.margins_last_year.frame["revenue"]
    before = accounts.earned["revenue"]
    gone = before.index[(year.reindex(before.index).fillna(0) == 0) & (before > 0)]
    assert len(gone)
    assert "all records" in accounts.of(gone[0]).margin.title


def test_entitlements_are_those_of_the_playbook(accounts, small_study):
    gaps = small_study.playbook.gaps.to_frame()
    customer_id = gaps["customer_id"].iloc[0]
    found = accounts.of(customer_id).entitlements.to_frame().set_index("entitlement")
    wanted = gaps[gaps["customer_id"] == customer_id].set_index("entitlement")
    assert found["received"].to_dict() == pytest.approx(wanted["received"].to_dict())
    assert found["entitled"].to_dict() == pytest.approx(wanted["entitled"].to_dict())


# A further file costs little -------------------------------------------------------------------------------


def test_a_further_file_costs_little(accounts):
    written(accounts, "")
    others = [code for code in accounts.customers.index if code != accounts.largest][:3]
    started = time.process_time()
    for customer_id in others:
        written(accounts, customer_id)
    assert time.process_time() - started < 2.0 * len(others)
