"""Serving is costed by the rule that fits what the records hold, and every rule is said."""

from __future__ import annotations

from collections import Counter

import pytest
from margin_cases import AS_OF, CONTACTS, CUSTOMERS, SHIPMENTS, everything, tables

from clvlab.features.cost_to_serve import AT_RECORDED_COST, AT_UNIT_COST, NOT_RECORDED, WITHOUT_COST, serving
from clvlab.features.ledger import Ledger


def costs(given: dict, unit_costs: dict[str, float]) -> dict[str, float]:
    found: Counter[str] = Counter()
    for rows, lines in serving(Ledger(given, AS_OF), unit_costs).sources.values():
        found.update({name: amounts.sum() for name, amounts in lines(rows).items()})
    return dict(found)


def test_without_unit_costs_only_what_was_recorded_counts():
    found = serving(Ledger(everything(), AS_OF), {})
    recorded = {"call", "contact", "price_notice", "visit", "campaign"}
    assert {name for name, rule in found.rules.items() if rule == AT_RECORDED_COST} == recorded
    assert found.rules["order"] == found.rules["complaint"] == WITHOUT_COST
    assert sum(costs(everything(), {}).values()) == 150 + 33 + 0 + 7 + 25


def test_an_activity_that_the_records_lack_is_named():
    rules = serving(Ledger(everything(), AS_OF), {"quote": 60.0, "visit": 10.0}).rules
    assert (rules["quote"], rules["visit"]) == (NOT_RECORDED, AT_UNIT_COST)


def test_contacts_without_kind_count_at_their_recorded_cost():
    given = everything() | tables(contacts=CONTACTS.drop(columns="kind"))
    assert costs(given, {"visit": 500.0})["serving_contact"] == 190


def test_contacts_of_blank_kind_count_with_those_of_no_other_kind():
    given = everything() | tables(contacts=CONTACTS.assign(kind=["contact", None, "visit", None]))
    assert costs(given, {})["serving_contact"] == 150 + 33 + 7


def test_contacts_without_kind_or_cost_are_said_to_count_as_nothing():
    given = everything() | tables(contacts=CONTACTS[["customer_id", "contacted_at"]])
    assert serving(Ledger(given, AS_OF), {}).rules["contact"] == WITHOUT_COST


@pytest.mark.parametrize(("text", "number"), [("temperature;packaging", 2), (" ; ", 0), ("visibility", 1), (None, 0)])
def test_special_requirements_are_counted_on_every_order(text, number):
    customers = CUSTOMERS.head(1).assign(requirements=text).astype({"requirements": "string"})
    given = tables(customers=customers, shipments=SHIPMENTS.head(2))
    assert costs(given, {"special_requirement": 4.0})["serving_special_requirement"] == 2 * 4 * number


def test_doubling_a_unit_cost_doubles_its_line_alone():
    once, twice = (costs(everything(), {"order": cost, "complaint": 9.0}) for cost in (10.0, 20.0))
    assert twice == once | {"serving_order": 2 * once["serving_order"]}
