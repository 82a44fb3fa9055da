"""The accounts of a region, or of a manager: a part of what all rooms say of all customers."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pandas as pd
import pytest

from clvlab.account.accounts import Accounts
from clvlab.account.group import Group
from clvlab.language.speaking import speaking
from clvlab.refusal import Refused
from clvlab.results import Note, or_note

SECTIONS = ("remarks", "headlines", "watch_list", "tiers", "moves", "year", "lists", "accounts", "to_do")


def told(group: Group) -> dict[str, str]:
    """Return every section as it is shown."""
    shown = {name: repr(or_note(lambda name=name: getattr(group, name))) for name in SECTIONS}
    for name, text in shown.items():
        assert text, name
        assert not re.search(r"\b(nan|NaT)\b", text), (name, text)
    return shown


@pytest.fixture(scope="module")
def regions(accounts: Accounts) -> list[str]:
    return sorted(accounts.customers["region"].dropna().unique())


@pytest.fixture(scope="module")
def manager(accounts: Accounts) -> str:
    return str(accounts.customers["account_manager"].value_counts().index[0])


# Whose accounts --------------------------------------------------------------------------------------------


def test_blank_stands_for_all_customers(accounts, small_study):
    group = small_study.accounts_of()
    assert len(group.customers) == len(accounts.customers)
    assert "Accounts of all regions and managers" in group.title


def test_every_customer_is_in_one_region_or_in_none_recorded(accounts, regions):
    parts = [Group(accounts, region).customers for region in regions]
    if accounts.customers["region"].isna().any():
        parts.append(Group(accounts, "not recorded").customers)
    assert sorted(code for part in parts for code in part) == sorted(accounts.customers.index)


def test_a_manager_s_accounts_in_a_region_are_those_of_both(accounts, manager):
    region = accounts.customers.loc[accounts.customers["account_manager"] == manager, "region"].mode()[0]
    both = set(Group(accounts, region, manager).customers)
    assert both == set(Group(accounts, region).customers) & set(Group(accounts, account_manager=manager).customers)


def test_an_unknown_region_is_refused_with_the_nearest_and_with_what_there_is(accounts, regions):
    wrong = regions[0][:-1] + "x"
    with pytest.raises(Refused, match=rf"^No customer has the region '{wrong}' \(did you mean '{regions[0]}'\?\); "):
        Group(accounts, wrong)
    with pytest.raises(Refused, match=", ".join(regions[:2])):
        Group(accounts, "?")


def test_an_unknown_manager_is_refused(accounts, manager):
    with pytest.raises(Refused, match=rf"No customer has the account manager '{manager}x' \(did you mean "):
        Group(accounts, account_manager=f"{manager}x")


def test_a_column_that_is_not_there_is_refused_and_blank_is_not(moved):
    assert len(Group(moved).customers) == len(moved.customers)
    with pytest.raises(Refused, match="have no column region, so none can be chosen by it; leave region blank"):
        Group(moved, "east")


def test_a_region_and_a_manager_without_a_common_customer_are_refused():
    file = pd.DataFrame({"region": ["south", "north"], "account_manager": ["Bob", "Ann"]}, index=["a", "b"])
    with pytest.raises(Refused, match="No customer of the region 'north' has the account manager 'Bob'"):
        Group(SimpleNamespace(customers=file), "north", "Bob")


# What they are worth, and who leaves -----------------------------------------------------------------------


def test_a_region_has_the_value_and_the_interval_of_its_segment(accounts, regions):
    segments = accounts.values.by_segment("region").to_frame().set_index("segment")
    for region in regions[:2]:
        found = tuple(Group(accounts, region).value)
        assert found == pytest.approx(tuple(segments.loc[region, ["value", "lower", "upper"]]))


def test_all_customers_have_the_figures_of_the_base(accounts):
    group = Group(accounts)
    assert tuple(group.value)[1:] == accounts.values.interval()
    assert tuple(group.leaving) == tuple(accounts.churn.prospects.totals.loc[group.months])


def test_the_leavings_of_regions_add_up_to_those_of_all(accounts, regions):
    parts = [Group(accounts, region).leaving for region in regions]
    if accounts.customers["region"].isna().any():
        parts.append(Group(accounts, "not recorded").leaving)
    everyone = Group(accounts).leaving
    assert sum(part.value for part in parts) == pytest.approx(everyone.value)
    assert all(part.lower <= part.value <= part.upper for part in parts)
    assert sum(part.upper for part in parts) > everyone.upper, "a part is less certain than the whole"


def test_models_are_not_fitted_to_the_group(accounts, regions):
    group = Group(accounts, regions[0])
    assert "Models are fitted to all customers" in repr(group)
    frame = group.to_frame().set_index("customer_id")
    assert (
        frame["value_to_come"]
        .dropna()
        .equals(accounts.worth["value"].reindex(frame.index).dropna().rename("value_to_come"))
    )


# What needs doing ------------------------------------------------------------------------------------------


def test_lists_are_the_group_s_part_of_the_lists_of_all(accounts, regions):
    group = Group(accounts, regions[0])
    for own, every in (
        (group.watch_list.to_frame(), accounts.watch_list.to_frame()),
        (group.lists.to_frame(), accounts.playbook.lists.to_frame()),
    ):
        assert own["customer_id"].tolist() == [code for code in every["customer_id"] if code in set(group.customers)]


def test_tiers_are_counted_and_set_beside_those_of_all(accounts, regions):
    rows = Group(accounts, regions[0]).tiers.to_frame()
    graded = accounts.tiers.labels.index.intersection(Group(accounts, regions[0]).customers)
    assert rows["accounts"].sum() == len(graded)
    assert rows[["share", "share_of_all_customers"]].sum().tolist() == pytest.approx([1, 1])


def test_it_ends_in_whom_to_call(accounts, regions):
    group = Group(accounts, regions[0])
    first = group.watch_list.to_frame()["customer_id"].iloc[0]
    sentence = repr(group.to_do).splitlines()[0]
    assert sentence.startswith("Call first, by the margin at stake: ")
    assert f"({first})" in sentence


def test_accounts_without_a_manager_are_counted(accounts):
    without = int(accounts.customers["account_manager"].isna().sum())
    assert f"Name an account manager for the accounts that have none: {without:,}." in repr(Group(accounts).to_do)
    assert len(Group(accounts, account_manager="no manager").customers) == without


def test_the_largest_comes_first_in_the_list_of_all(accounts):
    frame = Group(accounts).to_frame()
    assert frame["at_stake"].dropna().is_monotonic_decreasing
    assert len(frame) == len(accounts.customers)


@pytest.mark.parametrize("base", ["invoiced", "moved", "alone", "strange"])
def test_less_on_record_switches_sections_off_by_one_sentence(base, request):
    shown = told(Group(request.getfixturevalue(base)))
    assert "customers:" in shown["headlines"]
    assert shown["to_do"].endswith(".")


def test_without_money_the_likeliest_to_leave_are_called_first(moved):
    group = Group(moved)
    assert isinstance(or_note(lambda: group.watch_list), Note)
    ahead = moved.prospects
    likeliest = ((1 - ahead["already_gone"]) * ahead[f"risk_{group.months}"]).idxmax()  # who is gone cannot be called
    assert repr(group.to_do).startswith(f"Call first, by the probability to leave: {likeliest}")


def test_it_reads_in_chinese_and_names_stay(accounts, regions, manager):
    with speaking("zh"):
        text = repr(Group(accounts, regions[0], manager))
        first = repr(Group(accounts, regions[0]).to_do).splitlines()[0]
    assert f"{manager}负责的" in text
    assert first.startswith("按面临风险的毛利，优先致电：")
