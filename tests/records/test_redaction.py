"""Redaction: whom the records name is nowhere in them, and every figure stays."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest
from folders import folder, records_of
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.records.contracts import TABLES
from clvlab.records.records import Records
from clvlab.records.redaction import pseudonyms_for, redacted

CUSTOMERS = """\
customer_id,name,account_manager,parent_id,acquisition_channel
C1,Alpha Freight Ltd,Ann Smith,,referral by Beta Trading
C2,Beta Trading,Bo Chen,C1,fair
ACME-HK,Acme Hong Kong,Ann Smith,ACME-HK,field sales
C4,Beta Trading,,OLD ACME,
"""
SHIPMENTS = """\
shipment_id,customer_id,booked_at,consignee_id,carrier_id,origin,destination
S1,C1,2025-01-02,ACME-HK,K1,Alpha Freight Plant 1,Ningbo
S2,ACME-HK,2025-01-03,Corner Shop,FASTLINE,Ningbo,Hong Kong
S3,Unknown Ltd,2025-01-04,,,,
S4,C2,Ann Smith said Tuesday,,,,
"""
CALLS = """\
customer_id,noted_on,noted_by,outcome,reason
C1,2025-02-01,Bo Chen,leaves,"Ann Smith heard: off to Rival Logistics, as alpha freight ltd told ACME-HK"
C2,2025-02-02,Cy Jones,stays,Annex built; ann smithson visited
"""
LEADS = "lead_id,opened_on,referred_by,rival,trigger\nL1,2025-01-05,ACME-HK,Rival Logistics,Acme Hong Kong moved\n"
REAL = [
    "Alpha Freight", "Beta Trading", "Acme", "ACME-HK", "Ann Smith ", "Bo Chen", "Cy Jones", "Corner Shop", "FASTLINE",
    "Rival Logistics", "Unknown Ltd", "Ningbo",
]  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Records:
    place = tmp_path_factory.mktemp("named")
    texts = {"customers": CUSTOMERS, "shipments": SHIPMENTS, "calls": CALLS, "leads": LEADS}
    return records_of(folder(place / "files", **texts), place / "taken")


@pytest.fixture(scope="module")
def hidden(plain) -> Records:
    return plain.redacted()


def values(records: Records, table: str, column: str) -> list:
    frame = records[table].order_by("source_row").execute()
    return frame[column].where(frame[column].notna(), None).tolist()


def everything(records: Records) -> str:
    tables = [table.execute().to_csv() for table in records.tables.values()]
    return "\n".join([*tables, records.quarantine.to_frame().to_csv(), records.quarantine.examples()._repr_html_()])


def test_no_real_name_is_left_anywhere(plain, hidden):
    before, after = everything(plain).lower(), everything(hidden).lower()
    assert [name for name in REAL if name.lower() not in before] == []
    assert [name for name in REAL if name.lower() in after] == []


def test_customers_and_managers_stand_under_numbers(hidden):
    names, managers = values(hidden, "customers", "name"), values(hidden, "customers", "account_manager")
    assert all(name.startswith("Customer ") for name in names)
    assert managers[0] == managers[2] != managers[1]
    assert managers[3] is None
    assert {managers[0][:8], managers[1][:8]} == {"Manager "}


def test_customers_of_one_name_share_a_pseudonym(hidden):
    names = values(hidden, "customers", "name")
    assert names[1] == names[3]
    assert len(set(names)) == 3


def test_a_person_has_one_pseudonym_in_every_table(hidden):
    assert values(hidden, "calls", "noted_by")[0] == values(hidden, "customers", "account_manager")[1]


def test_a_bare_code_stays_and_one_that_spells_a_name_is_the_customers_pseudonym(hidden):
    codes, names = values(hidden, "customers", "customer_id"), values(hidden, "customers", "name")
    assert codes == ["C1", "C2", names[2], "C4"]
    assert values(hidden, "shipments", "carrier_id")[0] == "K1"
    assert values(hidden, "shipments", "carrier_id")[1].startswith("Carrier ")


def test_a_replaced_code_is_the_same_wherever_it_is_referred_to(hidden):
    acme = hidden.pseudonyms.customer_id("ACME-HK")
    assert hidden.pseudonyms.customer_id("C1") == "C1"
    parents = values(hidden, "customers", "parent_id")
    assert parents[:3] == [None, "C1", acme]
    assert parents[3].startswith("Company ")  # in nobody's list of customers
    assert values(hidden, "shipments", "consignee_id")[0] == values(hidden, "shipments", "customer_id")[1] == acme
    assert values(hidden, "leads", "referred_by") == [acme]
    assert values(hidden, "shipments", "consignee_id")[1].startswith("Company ")


def test_names_within_a_text_are_replaced_and_its_other_words_stay(hidden):
    first, second = values(hidden, "calls", "reason")
    manager, rival = values(hidden, "customers", "account_manager")[0], values(hidden, "leads", "rival")[0]
    customer, acme = values(hidden, "customers", "name")[0], hidden.pseudonyms.customer_id("ACME-HK")
    assert first == f"{manager} heard: off to {rival}, as {customer} told {acme}"
    assert second == "Annex built; ann smithson visited"


def test_a_value_set_aside_shows_only_where_it_could_name_nobody(plain, hidden):
    shown = dict(zip(plain.quarantine.to_frame()["value"], hidden.quarantine.to_frame()["value"], strict=True))
    assert shown == {"Unknown Ltd": "withheld", "Ann Smith said Tuesday": "withheld"}


def test_nothing_else_changes(plain, hidden):
    assert hidden.quarantine.sums.equals(plain.quarantine.sums)
    for name, table in plain.tables.items():
        kept = [c.name for c in TABLES[name].columns if c.name in table.columns and c.type != "text"]
        kept += ["source_file", "source_row"]
        assert hidden[name].columns == table.columns
        pd.testing.assert_frame_equal(hidden[name].select(kept).execute(), table.select(kept).execute())


def test_the_same_records_give_the_same_pseudonyms(plain, hidden):
    assert everything(plain.redacted()) == everything(hidden)


def test_the_order_of_pseudonyms_is_not_that_of_the_names():
    names = [f"Firm {number:03}" for number in range(200)]
    customers = ibis.memtable({"customer_id": [f"C{number}" for number in range(200)], "name": names})
    shown = pseudonyms_for({"customers": customers}).by_kind["customer"]
    order = [int(shown[name].split()[1]) for name in names]
    assert sorted(order) == list(range(1, 201))
    assert abs(pd.Series(order).corr(pd.Series(range(200)))) < 0.3


def test_one_customer_without_a_name():
    customers = ibis.memtable({"customer_id": ["Solo"], "source_file": ["c.csv"], "source_row": [2]})
    found = redacted({"customers": customers}, pseudonyms_for({"customers": customers}))
    assert found["customers"].execute()["customer_id"].tolist() == ["Customer 01"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, unique=True))
def test_whatever_the_names_customers_stay_apart_and_orders_stay_theirs(codes):
    rows = {"source_file": ["f"] * len(codes), "source_row": list(range(len(codes)))}
    customers = ibis.memtable({"customer_id": codes, "name": codes, **rows})
    shipments = ibis.memtable({"shipment_id": [str(i) for i in range(len(codes))], "customer_id": codes, **rows})
    tables = {"customers": customers, "shipments": shipments}
    found = {name: table.execute() for name, table in redacted(tables, pseudonyms_for(tables)).items()}
    assert found["customers"]["customer_id"].is_unique
    assert found["shipments"]["customer_id"].equals(found["customers"]["customer_id"])
    assert found["customers"]["name"].str.startswith("Customer ").all()
