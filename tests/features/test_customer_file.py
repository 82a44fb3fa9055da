"""The customer file: each rule on a table that one can check by hand, and sums that add up."""

import datetime as dt

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features.customer_file import (
    accounts_by_manager,
    missing_fields,
    profile_age,
    profile_contradictions,
    stale_profiles,
)
from clvlab.features.customer_file.contradictions import RULES
from clvlab.features.customer_file.managers import NOT_ON_FILE
from clvlab.features.customer_file.shared import NO_MANAGER
from clvlab.features.events import purchases
from clvlab.refusal import Refused

AS_OF = "2025-12-31"


def tables(customers, shipments=None, invoices=None):
    """Return tables as records hold them: dates typed, one row per event."""
    given = {"customers": customers, "shipments": shipments, "invoices": invoices}
    found = {}
    for name, frame in given.items():
        if frame is not None:
            frame = pd.DataFrame(frame)
            for column in frame.columns:
                if column.endswith(("_on", "_at")):
                    frame[column] = pd.to_datetime(frame[column])
            found[name] = ibis.memtable(frame)
    return found


def contradictions(**given):
    """Return the contradictions found, as (customer, sentence), and what was skipped."""
    made = tables(**given)
    found = profile_contradictions(made, purchases(made), AS_OF)
    pairs = found.to_frame()[["customer_id", "contradiction"]].itertuples(index=False, name=None)
    return list(pairs), found.skipped


def bookings(customer, count=1, day="2025-06-01", **columns):
    """Return shipments of one customer, all alike."""
    made = {
        "shipment_id": [f"{customer}{i}" for i in range(count)],
        "customer_id": customer,
        "booked_at": day,
    }
    return pd.DataFrame(made | columns)


class TestRules:
    def test_buying_before_onboarding_contradicts(self):
        found, _ = contradictions(
            customers={"customer_id": ["a", "b"], "onboarded_on": ["2025-06-02", "2025-06-01"]},
            shipments=pd.concat([bookings("a"), bookings("b")]),
        )
        assert found == [("a", "bought or was invoiced on 2025-06-01, before its onboarding on 2025-06-02")]

    def test_being_invoiced_before_onboarding_contradicts_too(self):
        bills = {"invoice_id": ["1"], "customer_id": ["a"], "issued_on": ["2025-05-01"], "amount": [5.0]}
        found, _ = contradictions(
            customers={"customer_id": ["a"], "onboarded_on": ["2025-06-01"]},
            shipments=bookings("a"),
            invoices=bills,
        )
        assert found == [("a", "bought or was invoiced on 2025-05-01, before its onboarding on 2025-06-01")]

    @staticmethod
    def sized(sizes, first="2024-01-01"):
        """Return 20 customers with a revenue of 1, 2, ... 20 in 12 months."""
        names = [f"c{i:02}" for i in range(1, 21)]
        late = [bookings(name, revenue=float(i)) for i, name in enumerate(names, 1)]
        early = [bookings(name, day=first, revenue=0.0) for name in names]
        customers = {"customer_id": names, "size_class": [sizes.get(name, "medium") for name in names]}
        shipments = pd.concat(late + early, ignore_index=True)
        return {"customers": customers, "shipments": shipments}

    def test_a_small_customer_in_the_top_tenth_and_a_large_one_in_the_lower_half_contradict(self):
        found, _ = contradictions(**self.sized({"c20": "Small ", "c18": "small", "c10": "large", "c11": "大型"}))
        assert found == [
            (
                "c10",
                "filed as large, but its revenue of 10 in 12 months is in the lower half of 20 customers",
            ),
            (
                "c20",
                "filed as Small , but its revenue of 20 in 12 months is in the top tenth of 20 customers",
            ),
        ]

    def test_a_large_customer_known_for_less_than_a_year_is_not_judged(self):
        assert contradictions(**self.sized({"c01": "large"}, first="2025-05-01"))[0] == []

    def test_a_large_customer_that_left_is_judged_by_its_last_active_year(self):
        given = self.sized({"gone": "large"})
        given["customers"]["customer_id"].append("gone")
        given["customers"]["size_class"].append("large")
        gone = [
            bookings("gone", day="2020-01-01", revenue=0.0),
            bookings("gone", day="2022-01-01", revenue=99.0),
        ]
        given["shipments"] = pd.concat([given["shipments"], *gone], ignore_index=True)
        assert contradictions(**given)[0] == []

    @staticmethod
    def homes(regions, roles=None):
        names = [f"c{i}" for i in range(len(regions))]
        customers = {"customer_id": names, "region": regions, "role": roles or ["shipper"] * len(regions)}
        shipments = pd.concat([bookings(n, 3, origin="Wuhan") for n in names], ignore_index=True)
        return {"customers": customers, "shipments": shipments}

    def test_a_region_unlike_that_of_most_others_at_the_same_origin_contradicts(self):
        found, _ = contradictions(**self.homes(["central"] * 5 + ["east", None]))
        sentence = "filed under east, but 5 of 5 other customers loading mainly in Wuhan are filed under central"
        assert found == [("c5", sentence)]

    def test_four_others_or_a_divided_neighbourhood_are_no_evidence(self):
        assert contradictions(**self.homes(["central"] * 4 + ["east"]))[0] == []
        assert contradictions(**self.homes(["central"] * 5 + ["east"] * 3))[0] == []

    def test_a_customer_loading_at_several_places_or_seldom_has_no_main_origin(self):
        for other in (["Wuhan", "Wuhan", "Xiamen"], ["Wuhan", "Wuhan", None]):
            given = self.homes(["central"] * 5 + ["east"])
            given["shipments"].loc[given["shipments"].customer_id == "c5", "origin"] = other
            assert contradictions(**given)[0] == []

    def test_a_consignee_does_not_load_at_home(self):
        given = self.homes(["central"] * 5 + ["east"], ["shipper"] * 5 + ["consignee"])
        assert contradictions(**given)[0] == []

    def test_references_name_other_customers_on_file_but_bill_to_may_be_the_customer(self):
        found, _ = contradictions(
            customers={
                "customer_id": ["a", "b", "c"],
                "parent_id": ["b", "b", None],
                "bill_to_id": ["a", "x", None],
                "referred_by": [None, "a", "y"],
            },
            shipments=bookings("a"),
        )
        assert found == [
            ("b", "parent_id names the customer itself"),
            ("b", "bill_to_id x is not in the customer file"),
            ("c", "referred_by y is not in the customer file"),
        ]

    @staticmethod
    def billed(days, terms=30.0):
        count = len(days)
        issued = pd.Series(pd.date_range("2025-01-01", periods=count, freq="MS"))
        bills = {
            "invoice_id": [str(i) for i in range(count)],
            "customer_id": ["a"] * count,
            "issued_on": issued,
            "amount": [10.0] * count,
            "due_on": issued + pd.to_timedelta(days, unit="D"),
        }
        return {"customers": {"customer_id": ["a"], "payment_terms_days": [terms]}, "invoices": bills}

    def test_invoices_that_fall_due_otherwise_contradict_the_terms(self):
        found, _ = contradictions(**self.billed([30, 60, 60, 60, 60]))
        assert found == [("a", "terms of 30 days, but its last 5 invoices fall due after 60 days (median)")]

    def test_three_days_slack_a_fair_part_as_agreed_or_two_invoices_do_not(self):
        assert contradictions(**self.billed([33, 27, 30]))[0] == []
        assert contradictions(**self.billed([30, 30, 60, 60, 60]))[0] == []
        assert contradictions(**self.billed([60, 60]))[0] == []

    def test_only_the_last_twelve_invoices_count(self):
        assert contradictions(**self.billed([60] * 10 + [30] * 12))[0] == []

    def test_an_active_account_without_manager_contradicts(self):
        found, _ = contradictions(
            customers={"customer_id": ["a", "b", "c"], "account_manager": [None, None, "Ann"]},
            shipments=pd.concat([bookings("a", 2), bookings("b", day="2024-12-31"), bookings("c")]),
        )
        assert found == [("a", "no account manager, but 2 purchases in the last 12 months")]


class TestContradictions:
    def test_rules_without_their_columns_are_skipped_and_named(self):
        found, skipped = contradictions(customers={"customer_id": ["a"]}, shipments=bookings("a"))
        assert found == []
        assert len(skipped) == len(RULES)
        assert "Not checked that region fits origin: needs region in customers and origin in shipments." in skipped

    def test_each_checked_rule_is_counted_even_when_nobody_breaks_it(self):
        made = tables({"customer_id": ["a", "b"], "parent_id": ["b", None], "referred_by": ["a", None]}, bookings("a"))
        counts = profile_contradictions(made, purchases(made)).by_rule().to_frame()
        assert dict(zip(counts.rule, counts.customers, strict=True)) == {
            "parent_id is a customer": 0,
            "referred_by is a customer": 1,
        }


class TestStaleProfiles:
    FILE = pd.DataFrame(
        {
            "customer_id": ["fresh", "old", "never", "unknown", "wrong"],
            "profile_updated_on": ["2025-12-01", "2023-12-31", None, None, "2025-12-01"],
            "onboarded_on": ["2020-01-01", "2020-01-01", "2024-06-30", None, "2020-01-01"],
            "parent_id": [None, None, None, None, "wrong"],
        }
    )

    def scored(self, file=FILE, **given):
        made = tables(file, bookings("fresh"))
        return stale_profiles(made, purchases(made), AS_OF, **given)

    def test_age_is_months_since_verified_and_overdue_beyond_the_limit(self):
        age = profile_age(self.FILE, AS_OF, 12).set_index("customer_id")
        assert age.months_since_verified["old"] == pytest.approx(731 / 30.4375)
        assert age.months_overdue["old"] == pytest.approx(731 / 30.4375 - 12)
        assert age.months_overdue["fresh"] == 0
        assert age.stale.to_dict() == {
            "fresh": False,
            "old": True,
            "never": True,
            "unknown": True,
            "wrong": False,
        }

    def test_never_verified_is_overdue_since_onboarding(self):
        age = profile_age(self.FILE, AS_OF, 12).set_index("customer_id")
        assert age.never_verified["never"]
        assert pd.isna(age.months_since_verified["never"])
        assert age.months_overdue["never"] == pytest.approx(549 / 30.4375 - 12)

    def test_a_verification_after_the_as_of_date_is_not_yet_known(self):
        age = profile_age(self.FILE, "2025-11-30", 12).set_index("customer_id")
        assert age.never_verified["fresh"]

    def test_the_score_is_terms_overdue_up_to_three_plus_contradictions(self):
        score = self.scored().to_frame().set_index("customer_id").score
        assert score["fresh"] == 0
        assert score["wrong"] == 1
        assert score["old"] == pytest.approx((731 / 30.4375 - 12) / 12)
        assert score["unknown"] == 3
        assert self.scored(stale_after_months=1).to_frame().set_index("customer_id").score["old"] == 3

    def test_the_most_doubtful_come_first_and_every_customer_once(self):
        assert self.scored().to_frame().customer_id.tolist() == ["unknown", "old", "wrong", "never", "fresh"]

    def test_among_equal_scores_the_busier_customer_comes_first_then_the_code(self):
        made = tables({"customer_id": ["a", "b", "c"], "parent_id": ["a", "b", "c"]}, bookings("b"))
        order = stale_profiles(made, purchases(made), AS_OF).to_frame().customer_id
        assert order.tolist() == ["b", "a", "c"]

    def test_without_verification_dates_only_contradictions_score_and_it_is_said(self):
        stale = self.scored(self.FILE.drop(columns="profile_updated_on"))
        assert stale.to_frame().score.tolist() == [1, 0, 0, 0, 0]
        assert stale.skipped[0] == "Age not scored: needs profile_updated_on in customers."
        assert stale.skipped[0] in repr(stale)
        assert stale.finding == "Records contradict 1 of 5 profiles"
        assert stale.plot().get_figure().get_suptitle() == stale.finding
        with pytest.raises(Refused, match="need profile_updated_on in customers"):
            stale.by_age()

    def test_a_file_of_codes_only_is_refused(self):
        with pytest.raises(Refused, match="Stale profiles need profile_updated_on in customers, or columns"):
            self.scored(self.FILE[["customer_id"]])

    def test_a_file_that_nothing_can_contradict_says_so(self):
        stale = self.scored(self.FILE[["customer_id", "profile_updated_on"]])
        assert stale.finding == "3 of 5 profiles are older than 12 months; none could be checked"

    def test_a_new_customer_never_verified_is_not_stale(self):
        file = pd.DataFrame({"customer_id": ["new"], "profile_updated_on": [None], "onboarded_on": ["2025-12-01"]})
        age = profile_age(file, AS_OF)
        assert (age.never_verified[0], age.stale[0], age.months_overdue[0]) == (True, False, 0)

    def test_age_bands_hold_every_customer(self):
        bands = self.scored().by_age().to_frame().set_index("verified")
        assert bands.customers.to_dict() == {
            "within 12 months": 2,
            "12-24 months ago": 0,
            "24-36 months ago": 1,
            "over 36 months ago": 0,
            "never": 2,
        }
        assert bands.contradicted.sum() == 1

    def test_the_figure_states_how_many_are_stale_and_contradicted(self):
        title = self.scored().plot().get_figure().get_suptitle().replace("\n", " ")
        assert title == "3 of 5 profiles are older than 12 months; records contradict 1"


class TestMissingFields:
    FILE = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d"],
            "account_manager": ["Ann", "Ann", "Bob", None],
            "region": ["east", None, " ", None],
            "credit_limit": [1.0, None, 2.0, 3.0],
            "parent_id": [None, None, None, "a"],
        }
    )

    def test_gaps_are_counted_by_field_the_worst_first(self):
        table = missing_fields(self.FILE).to_frame()
        assert table[["field", "missing", "share"]].to_numpy().tolist() == [
            ["region", 3, 0.75],
            ["account_manager", 1, 0.25],
            ["credit_limit", 1, 0.25],
        ]
        assert table[["most_with", "missing_there"]].to_numpy().tolist() == [
            ["Ann", 1],
            [NO_MANAGER, 1],
            ["Ann", 1],
        ]

    def test_gaps_are_counted_by_who_owns_the_account(self):
        people = missing_fields(self.FILE).by_manager().to_frame()
        assert people[["account_manager", "accounts", "missing"]].to_numpy().tolist() == [
            [NO_MANAGER, 1, 2],
            ["Ann", 2, 2],
            ["Bob", 1, 1],
        ]
        assert people.mostly[1] == "credit_limit 1, region 1"

    def test_a_blank_that_means_none_is_no_gap_and_that_is_said(self):
        assert missing_fields(self.FILE).remarks == ("Not counted, as a blank there means none: parent_id.",)

    def test_a_field_asked_for_that_the_file_lacks_is_missing_for_everybody(self):
        table = missing_fields(self.FILE, ("industry", "parent_id")).to_frame()
        assert table[["field", "missing"]].to_numpy().tolist() == [["industry", 4], ["parent_id", 3]]

    def test_a_complete_file_says_so(self):
        found = missing_fields(pd.DataFrame({"customer_id": ["a"], "name": ["A"]}))
        assert found.remarks == ("Nowhere missing: name.",)
        assert "index" not in repr(found)

    def test_a_file_of_codes_only_is_refused(self):
        with pytest.raises(Refused, match="no optional fields"):
            missing_fields(pd.DataFrame({"customer_id": ["a"]}))

    def test_cells_add_up_to_fields_and_people(self):
        found = missing_fields(self.FILE)
        cells = found.cells()
        assert cells.missing.sum() == found.to_frame().missing.sum() == found.by_manager().to_frame().missing.sum()
        assert (cells.groupby("field").customers.sum() == 4).all()


FILE = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "account_manager": ["Ann", "Ann", "Bob", None]})


def valued(rows):
    """Return purchases by invoice: (customer, day, amount)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "issued_on", "amount"])
    frame["issued_on"] = pd.to_datetime(frame.issued_on)
    return purchases({"invoices": ibis.memtable(frame)})


def margins(rows):
    """Return purchases by shipment: (customer, day, margin)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "booked_at", "revenue"])
    frame["booked_at"] = pd.to_datetime(frame.booked_at)
    return purchases({"shipments": ibis.memtable(frame.assign(direct_cost=0.0))})


class TestAccountsByManager:
    ROWS = (
        ("a", "2025-01-01", 60.0),
        ("b", "2025-12-31", 20.0),
        ("c", "2025-06-01", 15.0),
        ("c", "2024-12-31", 900.0),
        ("d", "2025-06-01", 5.0),
    )

    def by_manager(self, found, file=FILE, currency="CNY"):
        return accounts_by_manager(file, found, AS_OF, currency)

    def test_each_manager_has_accounts_value_share_and_largest_account_of_12_months(self):
        table = self.by_manager(valued(self.ROWS)).to_frame()
        assert table.to_numpy().tolist() == [
            ["Ann", 2, 2, 2, 80.0, 0.8, "a", 0.75],
            ["Bob", 1, 1, 1, 15.0, 0.15, "c", 1.0],
            [NO_MANAGER, 1, 1, 1, 5.0, 0.05, "d", 1.0],
        ]

    def test_the_finding_says_what_hangs_on_whom(self):
        found = self.by_manager(valued(self.ROWS))
        assert found.finding == ("80% of the last 12 months' amount invoiced hangs on Ann (80 CNY, 2 active accounts)")
        assert found.plot().get_figure().get_suptitle().replace("\n", " ") == found.finding

    def test_accounts_without_a_manager_come_last_however_large(self):
        table = self.by_manager(valued([("d", "2025-06-01", 500.0), ("a", "2025-06-01", 1.0)])).to_frame()
        assert table.account_manager.tolist() == ["Ann", "Bob", NO_MANAGER]

    def test_purchases_of_customers_not_on_file_have_a_line(self):
        table = self.by_manager(valued([*self.ROWS, ("z", "2025-02-01", 100.0)])).to_frame()
        last = table.iloc[-1]
        assert (last.account_manager, last.accounts, last.active_accounts, last.share) == (
            NOT_ON_FILE,
            0,
            1,
            0.5,
        )

    def test_a_credit_note_lowers_the_value_but_makes_no_account_active(self):
        table = self.by_manager(valued([("a", "2025-02-01", 50.0), ("c", "2025-02-01", -10.0)])).to_frame()
        assert table.active_accounts.tolist() == [1, 0, 0]
        assert table.value.tolist() == [50.0, -10.0, 0.0]

    def test_a_negative_margin_is_a_purchase_and_shares_are_of_the_sum(self):
        found = self.by_manager(
            margins([("a", "2025-02-01", 100.0), ("b", "2025-02-01", -40.0), ("c", "2025-02-01", -10.0)])
        )
        table = found.to_frame()
        assert table.active_accounts.tolist() == [2, 1, 0]
        assert table.share.tolist() == pytest.approx([1.2, -0.2, 0.0])
        assert table.largest_share[0] == pytest.approx(100 / 60)
        assert pd.isna(table.largest_share[1])
        assert found.remarks == ("A largest account above 100% is more than its manager's sum: others lose money.",)

    def test_a_total_that_is_not_positive_has_no_shares_and_says_so(self):
        found = self.by_manager(margins([("a", "2025-02-01", -100.0), ("c", "2025-02-01", 30.0)]))
        assert found.to_frame().share.isna().all()
        assert found.remarks[0] == (
            "The contribution margin of the last 12 months sums to -70: shares of that mean nothing."
        )
        assert found.finding == "Bob looks after 1 active account; contribution margin in total is not positive"
        assert found.plot().get_xlabel() == "contribution margin of the last 12 months, CNY"

    def test_without_money_shares_are_of_purchases_and_that_is_said(self):
        made = tables({"customer_id": []}, pd.concat([bookings("a", 3), bookings("c", 1)]))
        found = self.by_manager(purchases(made))
        assert "value" not in found.to_frame()
        assert found.to_frame().share.tolist() == [0.75, 0.25, 0.0]
        assert found.remarks == ("The records carry no money: shares are of the number of purchases.",)

    def test_a_file_without_managers_is_refused(self):
        with pytest.raises(Refused, match="need account_manager in customers"):
            self.by_manager(valued(self.ROWS), FILE[["customer_id"]])

    def test_the_text_is_rounded(self):
        text = repr(self.by_manager(valued(self.ROWS))).splitlines()
        assert text[0] == "Accounts by manager, amount invoiced of the last 12 months, CNY"
        assert text[2].split() == ["Ann", "2", "2", "2", "80", "80.0%", "a", "75.0%"]


@settings(max_examples=30, deadline=None)
@given(
    managers=st.lists(st.sampled_from(["Ann", "Bob", "Cy", None]), min_size=1, max_size=6),
    rows=st.lists(
        st.tuples(st.integers(0, 7), st.dates(dt.date(2024, 11, 1), dt.date(2025, 12, 31))),
        min_size=1,
        max_size=12,
    ),
    cents=st.lists(st.integers(-(10**6), 10**6), min_size=12, max_size=12),
)
def test_sums_over_managers_are_the_totals(managers, rows, cents):
    file = pd.DataFrame({"customer_id": [f"c{i}" for i in range(len(managers))]})
    file["account_manager"] = pd.Series(managers, dtype="string")
    bought = [(f"c{who}", pd.Timestamp(day), cents[i] / 100) for i, (who, day) in enumerate(rows)]
    table = accounts_by_manager(file, margins(bought), AS_OF).to_frame()

    last_year = [row for row in bought if row[1] > pd.Timestamp("2024-12-31")]
    assert table.accounts.sum() == len(managers)
    assert table.purchases.sum() == len(last_year)
    assert table.active_accounts.sum() == len({row[0] for row in last_year})
    assert table.value.sum() == pytest.approx(sum(row[2] for row in last_year), abs=1e-4)
    if table.share.notna().all():
        assert table.share.sum() == pytest.approx(1)
    else:
        assert table.value.sum() <= 0
