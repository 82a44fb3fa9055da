"""All classes of a provider's customers: a label each, and a sentence where the records do not allow one."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import ibis
import pandas as pd
import pytest

from clvlab.assumptions import Assumptions
from clvlab.records.quarantine import Quarantine
from clvlab.records.records import Records
from clvlab.refusal import Refused
from clvlab.study import Study
from clvlab.tiers.base import Base
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.customer_classes import AMOUNTS, KINDS, CustomerClasses


@pytest.fixture(scope="module")
def shipped(small_market) -> pd.DataFrame:
    """The small market's shipments that were accepted, as pandas reads them."""
    rows = pd.read_csv(small_market / "shipments.csv", parse_dates=["booked_at"])
    rows = rows.drop_duplicates("shipment_id")
    return rows[rows["customer_id"].isin(pd.read_csv(small_market / "customers.csv")["customer_id"])]


def test_every_classification_is_made_of_a_market_with_everything_on_record(small_study):
    for classes in small_study.classes.every().values():
        assert classes().summary().to_frame()["customers"].sum() > 0


def test_every_customer_has_one_label_of_each_classification_and_every_label_a_rule(small_study):
    frame = small_study.classes.to_frame()
    assert frame["customer_id"].is_unique
    assert len(frame) == 60
    for name, classes in small_study.classes.every().items():
        assert set(frame[name].dropna()) <= {*classes().rules, NOT_KNOWN}


def test_the_overview_counts_every_class(small_study):
    frame = small_study.classes.overview().to_frame()
    assert list(frame["classification"].unique()) == list(small_study.classes.every())
    assert (frame.groupby("classification")["customer_share"].sum().round(9) == 1).all()


def test_classes_are_by_profit_of_those_who_bought_in_the_last_year(small_study, shipped):
    year = shipped[(shipped["booked_at"].dt.date > dt.date(2024, 12, 31)) & ~shipped["refused"]]
    classes = small_study.classes.abc()
    assert classes.title == "ABC classes by profit of the last year"
    assert set(classes.labels.index) == set(year["customer_id"])
    profit = small_study.margins.frame["profit"]
    assert classes.values.iloc[:, 0].sum() < profit[profit > 0].sum()


@pytest.mark.parametrize("by", ["orders", "weight"])
def test_classes_by_what_was_moved_add_up_to_the_files(small_study, shipped, by):
    year = shipped[(shipped["booked_at"].dt.date > dt.date(2024, 12, 31)) & ~shipped["refused"]]
    there = len(year) if by == "orders" else year["weight"].clip(lower=0).sum()
    assert small_study.classes.abc(by).values.iloc[:, 0].sum() == pytest.approx(there)


def test_classes_by_stated_spend_count_every_statement(small_study, small_market):
    stated = pd.read_csv(small_market / "customers.csv")["logistics_spend"]
    assert small_study.classes.abc("spend").values.iloc[:, 0].sum() == pytest.approx(stated.sum())


@pytest.mark.parametrize("by", ["first_on", "distance_km", "profits", ""])
def test_classes_by_what_is_no_amount_are_refused(small_study, by):
    with pytest.raises(Refused, match=f"by '{by}' are not known.*choose orders, weight, revenue, margin"):
        small_study.classes.abc(by)


def test_a_misspelt_amount_is_recognised(small_study):
    with pytest.raises(Refused, match="did you mean 'weight'"):
        small_study.classes.abc("weigth")


def test_an_amount_not_on_record_is_refused_with_those_that_are(invoiced, moved):
    with pytest.raises(
        Refused, match="by weight need it in the records; these hold orders, revenue, years_of_business"
    ):
        invoiced.classes.abc("weight")
    with pytest.raises(Refused, match="by margin need it in the records; these hold orders, weight, years_of_business"):
        moved.classes.abc("margin")
    with pytest.raises(Refused, match="logistics_spend in customers"):
        moved.classes.abc("spend")


def test_a_kind_that_is_none_is_refused(small_study):
    with pytest.raises(Refused, match="by 'name' are not known; choose industry, region, role"):
        small_study.classes.kind("name")


def test_three_cuts_make_four_classes(small_study):
    base = small_study.classes.base
    finer = replace(base, assumptions=replace(base.assumptions, abc_cuts=(0.5, 0.8, 0.95)))
    labels = CustomerClasses(finer).abc("revenue").labels
    assert sorted(labels.unique()) == ["A", "B", "C", "D"]
    # A class is filled until its share is passed, so that lower cuts put nobody higher.
    assert (labels >= small_study.classes.abc("revenue").labels.reindex(labels.index)).all()


# Where less is on record -----------------------------------------------------------------------------------


def test_with_invoices_alone_customers_are_classed_by_revenue(invoiced):
    assert invoiced.classes.abc().title == "ABC classes by revenue of the last year"
    assert invoiced.classes.eighty_twenty.title.endswith("by revenue")
    with pytest.raises(Refused, match="need revenue and direct_cost in shipments"):
        _ = invoiced.classes.value_classes


def test_without_money_customers_are_classed_by_orders(moved, shipped):
    assert moved.classes.abc().title == "ABC classes by orders of the last year"
    worth = moved.classes.base.worth
    assert (worth.name, worth.unit) == ("orders", "orders")
    assert worth.so_far.sum() == len(shipped)  # which of them were refused is not on record here
    assert (worth.ahead.lower <= worth.ahead.value).all()
    assert (worth.ahead.value <= worth.ahead.upper).all()


@pytest.mark.parametrize("name", ["invoiced", "moved"])
def test_the_overview_says_in_a_sentence_what_each_classification_lacks(name, request):
    study: Study = request.getfixturevalue(name)
    frame = study.classes.overview().to_frame()
    assert set(frame["classification"]) == set(study.classes.every())
    refused = frame[frame["class"] == "–"]
    assert len(refused) > 0
    assert refused["rule"].str.endswith(".").all()
    shown = repr(study.classes) + study.classes._repr_html_()
    assert not re.search(r"\bnan\b", shown)
    assert set(study.classes.to_frame()) == {"customer_id", *study.classes.every()} - set(refused["classification"])


@pytest.mark.parametrize("column", KINDS)
def test_a_column_that_is_not_on_file_is_named(invoiced, column):
    with pytest.raises(Refused, match=f"needs {column} in customers"):
        invoiced.classes.kind(column)


def test_codes_of_any_form_are_kept_and_shown_as_text(moved):
    codes = pd.read_csv(moved._folder / "customers.csv", dtype=str, keep_default_na=False)["customer_id"]
    assert {"=1+1", "<script>alert(1)</script>", "007", "7", "客户甲"} <= set(codes)
    assert set(moved.classes.to_frame()["customer_id"]) == set(codes)
    pages = [moved.classes.yearly_questions, moved.tiers.survival, moved.classes.lifecycle, moved.classes.quadrants]
    shown = "".join(page._repr_html_() for page in pages)
    assert "<script" not in shown
    assert "=1+1" in shown


def test_amounts_are_those_that_totals_name(small_study):
    assert set(AMOUNTS) <= set(small_study.classes.base.totals)


def test_a_customer_who_got_back_more_than_it_bought_is_told_with_what_it_got_back():
    days = [dt.date(2023, 12, 1), dt.date(2025, 5, 1), dt.date(2024, 3, 1), dt.date(2025, 4, 1)]
    bills = {"customer_id": ["a", "a", "b", "b"], "issued_on": days, "amount": [10.0, 500.0, 900.0, -250.0]}
    tables = {"customers": ibis.memtable({"customer_id": ["a", "b"]}), "invoices": ibis.memtable(bills)}
    as_of, assumptions = dt.date(2025, 12, 31), Assumptions(currency="CNY")
    records = Records(tables, Quarantine(pd.DataFrame(), pd.DataFrame()), {}, (), as_of, assumptions)
    base = Base(records, as_of, assumptions, 0, lambda: None, lambda: None)
    [back] = [one for one in CustomerClasses(base).yearly_questions.answers if "come back" in one.question]
    assert back.table.to_frame().loc[0, ["customer_id", "year_before", "last_year"]].tolist() == ["b", 900.0, -250.0]
