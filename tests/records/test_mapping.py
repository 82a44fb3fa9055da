"""A mapping translates a user's columns; what it cannot translate stays for the intake to set aside."""

from __future__ import annotations

import pandas as pd
import pytest
from folders import records_of

from clvlab.assumptions import read_assumptions
from clvlab.records.importing import import_files
from clvlab.records.mapping import built_in_mappings, read_mapping
from clvlab.refusal import Refused

MAPPING = """
currency = "EUR"
time_zone = "Europe/Berlin"
dates = ["%d.%m.%Y %H:%M", "%d.%m.%Y"]
decimal = ","
thousands = "."
[shipments]
shipment_id = { columns = ["Branch", "No"], joined_by = "-" }
customer_id = "Client"
booked_at = { column = "Ordered", source_time_zone = "UTC" }
weight = { column = "Tonnes", factor = 1000 }
revenue = "Price"
completed = { column = "State", values = { done = "true", lost = false } }
service = { constant = "truck" }
[customers]
one_row_per = "customer_id"
customer_id = "Client"
name = "ClientName"
"""
FILE = """Branch;No;Client;ClientName;Ordered;Tonnes;Price;State;Driver
B;1;007;Alpha;31.12.2024 23:30;1,5;1.234,50;done;x
B;2;007;Alfa;01.01.2025;heavy;10;lost;x
B;3;008;;32.01.2025 00:00;2;9,99;maybe;x
B;4;;Nobody;02.01.2025;2;1;done;x
"""


@pytest.fixture
def imported(tmp_path):
    (tmp_path / "m.toml").write_text(MAPPING)
    (tmp_path / "orders.csv").write_text(FILE)
    out = tmp_path / "out"
    remarks = import_files(read_mapping(str(tmp_path / "m.toml")), [tmp_path / "orders.csv"], out)
    return out, remarks


def test_columns_are_translated_and_keep_their_source_rows(imported):
    table = pd.read_csv(imported[0] / "shipments.csv", dtype=str, keep_default_na=False).set_index("shipment_id")
    assert table.loc["B-1", ["customer_id", "booked_at", "service", "completed"]].tolist() == [
        "007", "2025-01-01 00:30:00", "truck", "true",
    ]  # fmt: skip
    assert float(table.loc["B-1", "weight"]) == 1500
    assert float(table.loc["B-1", "revenue"]) == 1234.5
    assert table.loc["B-3", ["source_file", "source_row"]].tolist() == ["orders.csv", "4"]


def test_what_cannot_be_translated_stays_and_is_set_aside_by_the_check(imported, tmp_path):
    records = records_of(imported[0], tmp_path / "into")
    found = records.quarantine.to_frame()[["file", "source_row", "column", "source_column", "rule", "value"]]
    assert sorted(found.fillna({"value": ""}).itertuples(index=False, name=None)) == [
        ("orders.csv", 3, "weight", "Tonnes", "unreadable", "heavy"),
        ("orders.csv", 4, "booked_at", "Ordered", "unreadable", "32.01.2025 00:00"),
        ("orders.csv", 5, "customer_id", "Client", "blank key or date", ""),
    ]
    assert records.quarantine.sums.set_index("table").loc[
        "shipments", ["rows_in", "accepted", "set_aside"]
    ].tolist() == [4, 2, 2]


def test_customers_are_derived_once_each_and_disagreements_are_said(imported):
    out, remarks = imported
    customers = pd.read_csv(out / "customers.csv", dtype=str)
    assert customers["customer_id"].tolist() == ["007", "008"]
    assert customers["name"].tolist()[0] == "Alpha"
    assert "1 customer_id with more than one name (ClientName); the first is used" in remarks
    assert any("not used: Driver" in remark for remark in remarks)


def test_currency_and_time_zone_go_with_the_tables(imported, tmp_path):
    assert records_of(imported[0], tmp_path / "into").currency == "EUR"


def test_rows_that_cannot_be_read_in_the_users_file_are_still_counted(tmp_path):
    (tmp_path / "m.toml").write_text(MAPPING)
    (tmp_path / "orders.csv").write_text(FILE + "B;5;007;too;few\nB;6;007;Alpha;03.01.2025;1;1;done;x\n")
    import_files(read_mapping(str(tmp_path / "m.toml")), [tmp_path / "orders.csv"], tmp_path / "out")
    records = records_of(tmp_path / "out", tmp_path / "into")
    sums = records.quarantine.sums.set_index("table").loc["shipments"]
    assert sums["rows_in"] == 6
    assert sums["accepted"] + sums["set_aside"] == 6
    unread = records.quarantine.to_frame().query("rule == 'row cannot be read'")
    assert unread[["file", "source_row"]].to_numpy().tolist() == [["orders.csv", 6]]


def test_several_files_are_stacked_or_chosen_by_pattern(tmp_path):
    (tmp_path / "m.toml").write_text(
        '[invoices]\nfile = "bills*"\ninvoice_id = "n"\ncustomer_id = "c"\nissued_on = "d"\namount = "a"\n'
        '[customers]\nfile = "clients*"\ncustomer_id = "c"\n'
    )
    (tmp_path / "bills-1.csv").write_text("n,c,d,a\n1,A,2025-01-01,5\n")
    (tmp_path / "bills-2.csv").write_text("n,c,d,a\n2,A,2025-02-01,6\n")
    (tmp_path / "clients.csv").write_text("c\nA\n")
    files = [tmp_path / name for name in ("bills-1.csv", "bills-2.csv", "clients.csv")]
    import_files(read_mapping(str(tmp_path / "m.toml")), files, tmp_path / "out")
    records = records_of(tmp_path / "out", tmp_path / "into")
    assert records["invoices"].count().execute() == 2
    with pytest.raises(Refused, match=r"none of bills-1.csv is one; give that file too"):
        import_files(read_mapping(str(tmp_path / "m.toml")), files[:1], tmp_path / "other")


def test_a_second_import_replaces_the_first_but_nothing_else(imported, tmp_path):
    mapping = read_mapping(str(tmp_path / "m.toml"))
    import_files(mapping, [tmp_path / "orders.csv"], imported[0])
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("precious")
    with pytest.raises(Refused, match="already holds files that no import wrote"):
        import_files(mapping, [tmp_path / "orders.csv"], mine)
    assert (mine / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[shipment]\n", r"is no table of ours \(did you mean 'shipments'"),
        ('[invoices]\ninvoice_idd = "n"\n', r"'invoice_idd' is no column of invoices \(did you mean 'invoice_id'"),
        ('[invoices]\ninvoice_id = "n"\n', "lacks customer_id"),
        ('time_zone = "Asia/Shanghi"\n', r"is no time zone \(did you mean 'Asia/Shanghai'"),
        ('datess = ["%d"]\n', r"'datess' is no setting \(did you mean 'dates'"),
        ('[customers]\ncustomer_id = { column = "c", constant = "x" }\n', "by exactly one of"),
        ("[customers]\ncustomer_id = 5\n", "must be a column name or braces"),
        ('[customers]\ncustomer_id = "c"\none_row_per = "name"\n', "must be one of its own columns"),
        ('dates = ["%Q"]\n[customers]\ncustomer_id = "c"\n', "dates has '%Q'; a format reads like"),
        ('dates = ["dd.mm.yyyy"]\n[customers]\ncustomer_id = "c"\n', "dates has 'dd.mm.yyyy'"),
        ("dates = [1]\n", "must be a list of texts"),
        ("[customers]\ncustomer_id = { columns = [] }\n", "names no column"),
        ("[customers]\ncustomer_id = { columns = [1] }\n", "must be a list of texts"),
        ('[customers]\ncustomer_id = { column = "c", source_time_zone = "UTX" }\n', "is no time zone"),
        ('source_time_zone = "UTX"\n[customers]\ncustomer_id = "c"\n', "is no time zone"),
        ('currency = "eur"\n', "must be a three-letter code"),
        ('decimal = ""\n[customers]\ncustomer_id = "c"\n', "must be one character"),
        ('[customers]\ncustomer_id = { column = "c", factor = nan }\n', "must be a number other than 0"),
        ('[customers]\ncustomer_id = { column = "c", values = { a = [1] } }\n', "must be one text or number"),
        ("not toml", "is not valid TOML"),
        ("", "makes no table"),
    ],
)
def test_a_wrong_mapping_is_refused_in_one_sentence(tmp_path, text, says):
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(Refused, match=says):
        read_mapping(str(path))


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_a_mapping_in_another_encoding_is_refused(tmp_path, encoding):
    (tmp_path / "m.toml").write_text('about = "客户"\n', encoding=encoding)
    with pytest.raises(Refused, match="is not UTF-8; save it again"):
        read_mapping(str(tmp_path / "m.toml"))


def test_a_mapping_and_assumptions_saved_by_notepad_are_read(tmp_path):
    (tmp_path / "m.toml").write_text('[customers]\ncustomer_id = "客户"\n', encoding="utf-8-sig")
    assert read_mapping(str(tmp_path / "m.toml")).tables[0].columns["customer_id"].columns == ("客户",)
    (tmp_path / "clvlab.toml").write_text('currency = "EUR"\n', encoding="utf-8-sig")
    assert read_assumptions(tmp_path).currency == "EUR"


def test_a_column_the_file_lacks_is_named_with_the_nearest(tmp_path):
    (tmp_path / "m.toml").write_text('[customers]\ncustomer_id = "Cliend"\n')
    (tmp_path / "f.csv").write_text("Client\nA\n")
    with pytest.raises(Refused, match=r"f.csv has no column 'Cliend'.*did you mean 'Client'"):
        import_files(read_mapping(str(tmp_path / "m.toml")), [tmp_path / "f.csv"], tmp_path / "out")


@pytest.mark.parametrize("name", built_in_mappings())
def test_mappings_that_come_with_clvlab_are_sound(name):
    assert read_mapping(name).tables


def test_an_unknown_mapping_is_refused_with_the_nearest():
    with pytest.raises(Refused, match="did you mean 'truck_trips'"):
        read_mapping("truck_trip")


def test_a_columns_own_decimal_mark_is_not_taken_off_as_the_files_mark_for_thousands(tmp_path):
    (tmp_path / "m.toml").write_text(
        'decimal = ","\nthousands = "."\n[invoices]\ninvoice_id = "n"\ncustomer_id = "c"\nissued_on = "d"\n'
        'amount = { column = "a", decimal = "." }\n[customers]\none_row_per = "customer_id"\ncustomer_id = "c"\n'
    )
    (tmp_path / "bills.csv").write_text("n,c,d,a\n1,A,2025-01-01,1.5\n")
    import_files(read_mapping(str(tmp_path / "m.toml")), [tmp_path / "bills.csv"], tmp_path / "out")
    assert records_of(tmp_path / "out", tmp_path / "into")["invoices"].amount.execute().tolist() == [1.5]


def test_one_mark_cannot_stand_for_thousands_and_decimals(tmp_path):
    (tmp_path / "m.toml").write_text('thousands = "."\n[customers]\ncustomer_id = "c"\n')
    with pytest.raises(Refused, match="cannot mark both thousands and decimals"):
        read_mapping(str(tmp_path / "m.toml"))
