"""An import writes its own files whole or not at all, loses no row, and leaves the user's files alone."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from folders import records_of

from clvlab.records.importing import import_files, read_import
from clvlab.records.mapping import read_mapping
from clvlab.refusal import Refused

MAPPING = (
    'time_zone = "Asia/Shanghai"\n[invoices]\ninvoice_id = "n"\ncustomer_id = "c"\nissued_on = "d"\namount = "a"\n'
    '[customers]\none_row_per = "customer_id"\ncustomer_id = "c"\n'
)
BILLS = "n,c,d,a\n1,A,2025-01-01,5\n2,B,2025-02-01,6\n"


def take(folder, *names, mapping=MAPPING, out="out"):
    (folder / "m.toml").write_text(mapping, encoding="utf-8")
    return import_files(read_mapping(str(folder / "m.toml")), [folder / name for name in names], folder / out)


def write(folder, name="bills.csv", text=BILLS):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return name


# The folder written to ------------------------------------------------------------------------------------


def test_a_second_import_keeps_every_file_that_no_import_wrote(tmp_path):
    take(tmp_path, write(tmp_path))
    write(tmp_path / "out", "notes/thesis.txt", "precious")
    write(tmp_path / "out", "complaints.csv", "mine")
    take(tmp_path, write(tmp_path, text=BILLS + "3,A,2025-03-01,7\n"))
    assert (tmp_path / "out" / "notes" / "thesis.txt").read_text() == "precious"
    assert (tmp_path / "out" / "complaints.csv").read_text() == "mine"
    assert len(pd.read_csv(tmp_path / "out" / "invoices.csv")) == 3
    assert not list(tmp_path.glob(".out*"))


def test_a_second_import_takes_away_what_only_the_first_one_wrote(tmp_path):
    take(tmp_path, write(tmp_path))
    write(tmp_path / "out", "quarantine/invoices.parquet", "stale")
    take(tmp_path, "bills.csv", mapping=MAPPING.split("[customers]")[0])
    assert not (tmp_path / "out" / "customers.csv").exists()
    assert not (tmp_path / "out" / "quarantine" / "invoices.parquet").exists()


def test_a_file_in_the_folder_written_to_is_no_input(tmp_path):
    take(tmp_path, write(tmp_path))
    write(tmp_path / "out", "more/bills.csv")
    for name in ("out/invoices.csv", "out/more/bills.csv", "out/more/../more/bills.csv"):
        with pytest.raises(Refused, match="lies in the folder the tables are written to"):
            take(tmp_path, name)
    assert (tmp_path / "out" / "more" / "bills.csv").read_text() == BILLS


def test_the_users_own_table_is_not_written_over(tmp_path):
    take(tmp_path, write(tmp_path), mapping=MAPPING.split("[customers]")[0])
    write(tmp_path / "out", "customers.csv", "mine")
    with pytest.raises(Refused, match=r"customers.csv was written by no import"):
        take(tmp_path, "bills.csv")
    assert (tmp_path / "out" / "customers.csv").read_text() == "mine"


def test_a_failed_import_leaves_the_earlier_tables_whole(tmp_path):
    take(tmp_path, write(tmp_path))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    write(tmp_path, text="n,c,d\n1,A,2025-01-01\n")
    with pytest.raises(Refused, match="has no column 'a'"):
        take(tmp_path, "bills.csv")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_assumptions_that_were_edited_are_kept_and_that_is_said(tmp_path):
    take(tmp_path, write(tmp_path))
    toml = tmp_path / "out" / "clvlab.toml"
    take(tmp_path, "bills.csv", mapping='currency = "EUR"\n' + MAPPING)
    assert 'currency = "EUR"' in toml.read_text()  # nobody had edited it
    toml.write_text('time_zone = "Asia/Tokyo"\ndormant_after_months = 6\n')
    for _ in range(2):
        remarks = take(tmp_path, "bills.csv", mapping='currency = "USD"\n' + MAPPING)
        assert "dormant_after_months" in toml.read_text()
        said = "clvlab.toml was edited and is kept as it is; the mapping says currency = USD, time_zone = Asia/Shanghai"
        assert said in remarks
        assert said in json.loads((tmp_path / "out" / "import.json").read_text())["remarks"]


@pytest.mark.parametrize("text", ["[]", "{}", '{"columns": {"../thesis": {}}}', "not json"])
def test_another_programs_import_json_does_not_make_a_folder_ours(tmp_path, text):
    write(tmp_path, "out/import.json", text)
    with pytest.raises(Refused, match="already holds files that no import wrote"):
        take(tmp_path, write(tmp_path))


@pytest.mark.parametrize("out", ["taken", "taken/deeper"])
def test_out_cannot_be_a_file(tmp_path, out):
    write(tmp_path, "taken", "x")
    with pytest.raises(Refused, match="taken is a file; give --out a folder"):
        take(tmp_path, write(tmp_path), out=out)


# The files given ------------------------------------------------------------------------------------------


def test_a_file_given_twice_is_refused(tmp_path):
    write(tmp_path)
    write(tmp_path, "sub/x.csv")
    with pytest.raises(Refused, match="is given twice"):
        take(tmp_path, "bills.csv", "sub/../bills.csv")


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    write(tmp_path, "a/2024/bills.csv")
    write(tmp_path, "b/2024/bills.csv", "n,c,d,a\n3,A,2025-01-01,x\n4,A,too,many,fields\n")
    write(tmp_path, "other.csv", "n,c,d,a\n5,A,2025-01-01,1\n")
    remarks = take(tmp_path, "a/2024/bills.csv", "b/2024/bills.csv", "other.csv")
    table = pd.read_csv(tmp_path / "out" / "invoices.csv", dtype=str)
    assert table["source_file"].tolist() == ["a/2024/bills.csv"] * 2 + ["b/2024/bills.csv", "other.csv"]
    assert "b/2024/bills.csv: 2 rows, UTF-8, commas" in remarks
    facts = json.loads((tmp_path / "out" / "import.json").read_text())
    assert list(facts["files"]) == ["a/2024/bills.csv", "b/2024/bills.csv", "other.csv"]
    aside = records_of(tmp_path / "out", tmp_path / "into").quarantine.to_frame()
    assert sorted(zip(aside["file"], aside["source_row"], strict=True)) == [
        ("b/2024/bills.csv", 2), ("b/2024/bills.csv", 3),
    ]  # fmt: skip


# One row per key ------------------------------------------------------------------------------------------

CONTRACTS = MAPPING + (
    '[contracts]\none_row_per = "contract_id"\ncontract_id = "k"\ncustomer_id = "c"\nstarts_on = "d"\nends_on = "e"\n'
)
ORDERS = "n,c,d,a,k,e\n1,A,2025-01-01,5,K1,2026-01-01\n2,A,2025-01-01,5,,2026-01-01\n3,A,2025-01-01,5,,2026-01-01\n"


def test_rows_without_a_key_and_lines_that_cannot_be_read_are_counted_in_every_table_but_derived_customers(tmp_path):
    remarks = take(tmp_path, write(tmp_path, text=ORDERS + "4,,2025-01-01,5,K1,2026-01-01\n5,B\n"), mapping=CONTRACTS)
    sums = records_of(tmp_path / "out", tmp_path / "into").quarantine.sums.set_index("table")
    assert sums.loc["contracts", ["rows_in", "accepted", "set_aside"]].tolist() == [4, 1, 3]
    assert sums.loc["invoices", ["rows_in", "accepted", "set_aside"]].tolist() == [5, 3, 2]
    assert sums.loc["customers", ["rows_in", "accepted", "set_aside"]].tolist() == [1, 1, 0]
    assert "rows without customer_id (c): 1; they make no customer and count in the other tables" in remarks


def test_customers_with_a_file_of_their_own_keep_every_row_to_be_counted(tmp_path):
    mapping = MAPPING.replace("[invoices]", '[invoices]\nfile = "bills*"').replace(
        "[customers]", '[customers]\nfile = "clients*"'
    )
    write(tmp_path, "clients.csv", "c,name\nA,x\nA,y\n,z\nB,too,many\n")
    take(tmp_path, write(tmp_path), "clients.csv", mapping=mapping)
    assert pd.read_csv(tmp_path / "out" / "customers.csv", dtype=str)["source_row"].tolist() == ["2", "4"]
    unread = pd.read_csv(tmp_path / "out" / "unread.csv", dtype=str)
    assert unread[["table", "file", "source_row"]].to_numpy().tolist() == [["customers", "clients.csv", "5"]]


def test_a_key_that_is_blank_has_no_names_to_disagree(tmp_path):
    write(tmp_path, text="n,c,d,a,m\n1,,2025-01-01,5,x\n2,,2025-01-01,5,y\n3,A,2025-01-01,5,z\n")
    remarks = take(tmp_path, "bills.csv", mapping=MAPPING + 'name = "m"\n')
    assert not any("more than one" in remark for remark in remarks)


def test_a_mapping_that_derives_every_table_is_no_error(tmp_path):
    mapping = '[customers]\none_row_per = "customer_id"\ncustomer_id = "c"\n'
    take(tmp_path, write(tmp_path), mapping=mapping)
    assert pd.read_csv(tmp_path / "out" / "customers.csv")["customer_id"].tolist() == ["A", "B"]
    assert pd.read_csv(tmp_path / "out" / "unread.csv").empty


def test_a_line_that_cannot_be_read_stays_text(tmp_path):
    take(tmp_path, write(tmp_path, text=BILLS + "007\n"))
    assert read_import(tmp_path / "out").unread["value"].tolist() == ["007"]
