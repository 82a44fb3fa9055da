"""The playbook of a provider's customers: its money is that of the margins, its accounts those of the tiers."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.customer_classes import CustomerClasses
from clvlab.tiers.customer_playbook import Playbook
from clvlab.tiers.customer_tiers import Tiers
from clvlab.tiers.playbook.action_result import LET_GO


def made(base) -> Playbook:
    return Playbook(base, Tiers(base), CustomerClasses(base))


@pytest.fixture
def assuming(small_study):
    """Return the small market's playbook under changed assumptions."""
    base = small_study.playbook.base
    return lambda **changed: made(replace(base, assumptions=replace(base.assumptions, **changed)))


@pytest.fixture(scope="module")
def losing(opened) -> Playbook:
    """The playbook of a provider that every shipment costs half as much again as it brings, without contacts."""

    def dearer(files):
        shipments = files["shipments"]
        cost = (pd.to_numeric(shipments["revenue"]) * 1.5).map(lambda x: "" if math.isnan(x) else f"{x:.2f}")
        kept = {name: frame for name, frame in files.items() if name != "contacts"}
        return kept | {"shipments": shipments.assign(direct_cost=cost)}

    return opened(dearer).playbook


def test_accounts_are_the_graded_customers_who_are_not_called_lost(small_study):
    accounts, standing = small_study.playbook.accounts, small_study.classes.standing.labels
    assert list(accounts.index) == [x for x in small_study.tiers.labels.index if standing[x] == "present"]
    assert accounts["tier"].equals(small_study.tiers.labels.reindex(accounts.index).rename("tier"))


def test_what_an_account_earned_is_the_last_years_margin_less_what_serving_and_credit_cost(small_study):
    accounts = small_study.playbook.accounts
    year = small_study.playbook.base.margins_last_year.frame.reindex(accounts.index)
    earned = year["profit"] + year["acquisition_cost"]
    np.testing.assert_allclose(accounts["recurring_profit"], earned, atol=1e-4)
    np.testing.assert_allclose(accounts["margin"], year["contribution"] + year["rebate"])
    assert (accounts["recurring_profit_lower"] < accounts["recurring_profit"]).all()
    np.testing.assert_allclose(accounts["at_stake"], accounts["leave_probability"] * accounts["value"])


def test_the_headlines_are_the_numbers_behind_them(small_study):
    book = small_study.playbook
    told = book.headlines.to_frame().set_index("name")["value"]
    assert told["profit of the last year"] == pytest.approx(book.base.margins_last_year.frame["profit"].sum())
    costs = book.costs.to_frame().set_index("tier")
    assert told["what the tiers are entitled to would cost"] == pytest.approx(100 * costs.loc["all", "cost_share"])
    assert told["accounts to act on"] == len(book.to_frame())


def test_every_account_stands_on_one_list_at_most_and_only_accounts_do(small_study):
    listed = small_study.playbook.to_frame()["customer_id"]
    assert listed.is_unique
    assert set(listed) <= set(small_study.playbook.accounts.index)


def test_services_to_come_are_ranked_by_expected_margin(small_study):
    few, all_of_them = small_study.playbook.next_services(3), small_study.playbook.next_services(1000)
    whole = small_study.potential.to_frame().set_index("customer_id")["service_expected"]
    expected = whole[all_of_them.to_frame()["customer_id"]]
    assert expected.is_monotonic_decreasing
    assert len(expected) == whole.notna().sum()
    assert list(few.to_frame()["customer_id"]) == list(expected.index[:3])
    assert few.title.endswith(f"; the first 3 of {len(expected)}")


# Other assumptions -----------------------------------------------------------------------------------------


def test_a_fifth_tier_is_refused_by_name(assuming):
    with pytest.raises(Refused, match="core, important, potential, regular customers, not for marginal ones"):
        _ = assuming(tier_shares=(0.1, 0.1, 0.2, 0.3)).accounts


def test_three_tiers_do(assuming):
    book = assuming(tier_shares=(0.1, 0.3))
    assert set(book.accounts["tier"]) == {"core", "important", "regular"}
    assert list(book.costs.to_frame()["tier"]) == ["core", "important", "regular", "all"]


def test_without_prices_it_says_that_none_are_stated(assuming):
    book = assuming(unit_costs={}, entitlement_costs={})
    assert "Cost of the stated entitlements only; without a price: visits, calls" in repr(book.costs)
    # What is left has its price in the account's own revenue: discounts and payment terms.
    costs = book.costs.to_frame().set_index("tier")["entitlement_cost"]
    assert 0 < costs["all"] < book.accounts["revenue"].sum() * 0.04


# Where less is on record -----------------------------------------------------------------------------------


def test_a_provider_who_loses_on_every_customer_is_told_so(losing):
    accounts = losing.accounts
    assert (accounts["quadrant"] == NOT_KNOWN).all(), "nobody brought anything, so that nothing can be cut"
    assert (accounts["recurring_profit"] < 0).all()
    told = losing.headlines.to_frame().set_index("name")
    assert told.loc["profit of the last year", "value"] < 0
    assert told.loc["customers who lose us money in expectation", "value"] > 90
    assert pd.isna(told.loc["what the tiers are entitled to would cost", "value"]), "a share of a loss says nothing"
    assert losing.costs.to_frame()["cost_share"].isna().all()
    assert LET_GO not in set(losing.to_frame()["list"]), "whose potential is not known is looked at first"
    assert "potential is high, undecided or not known" in losing.lists._repr_html_()
    with pytest.raises(Refused, match="Needs the table contacts"):
        _ = losing.visits_work


@pytest.mark.parametrize(("name", "lacks"), [("invoiced", "needs .*direct_cost"), ("moved", "needs revenue in ship")])
def test_without_margin_there_is_no_playbook_but_its_entitlements(name, lacks, request):
    book = request.getfixturevalue(name).playbook
    for question in (lambda: book.headlines, lambda: book.lists, lambda: book.costs, lambda: book.gaps, book.to_frame):
        with pytest.raises(Refused, match=lacks):
            question()
    assert len(book.matrix.to_frame()) > 10


def test_a_day_with_too_little_behind_it_is_refused_in_a_sentence(small_study):
    with pytest.raises(Refused) as refusal:
        _ = small_study.at(dt.date(2024, 1, 20)).playbook.headlines
    assert str(refusal.value).endswith(".")
