"""What a proposed mapping says about a file, and that importing through it gives the right values."""

import os
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clvlab.records.contracts import TABLES
from clvlab.records.importing import import_files
from clvlab.records.mapping import read_mapping
from clvlab.records.propose import propose
from clvlab.records.synonyms import likeness
from clvlab.refusal import Refused

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CLVLAB_SHARED_DATA", "../shared/data"))
SHARED = SHARED if SHARED.is_absolute() else ROOT / SHARED


def shared(name: str) -> Path:
    if not (SHARED / name).is_file():
        pytest.skip(f"{SHARED / name} is not there; set CLVLAB_SHARED_DATA to the folder of real data")
    return SHARED / name


def written(folder: Path, name: str, header: str, *rows: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return path


def imported(path: Path, folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables that the proposal for a file makes of it."""
    mapping = folder / "mapping.toml"
    mapping.write_text(propose(path), encoding="utf-8")
    import_files(read_mapping(str(mapping)), [path], folder / "out")
    return {csv.stem: pd.read_csv(csv, dtype=str) for csv in (folder / "out").glob("*.csv")}


def doubts(text: str, column: str) -> list[str]:
    """Return the comments that stand directly above a column's line, in its first section."""
    lines = text.splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith(f"{column} = "))
    start = end
    while lines[start - 1].startswith("# doubt: "):
        start -= 1
    return [line.removeprefix("# doubt: ") for line in lines[start:end]]


def columns(text: str, table: str) -> dict[str, str]:
    """Return our columns of a table and the file's columns that they come from."""
    section = tomllib.loads(text)[table]
    return {
        ours: how if isinstance(how, str) else how["column"]
        for ours, how in section.items()
        if ours not in {"one_row_per", "file"} and (isinstance(how, str) or "column" in how)
    }


# Round trips: a file of a kind we never saw comes in with the right values ----------------------------------


def test_a_german_file_with_semicolons_and_decimal_commas_comes_in_right(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "auftraege.csv",
        "Auftragsnummer;Kundennummer;Firma;Auftragsdatum;Zustelldatum;Gewicht (t);Umsatz EUR;Eilig;Telefon",
        "A1;K1;Eins GmbH;31.01.2025 08:30;02.02.2025 17:05;1,25;1.234,50;ja;+49 30 123456",
        "A2;K2;Zwei AG;01.02.2025 09:00;03.02.2025 10:00;0,5;99,90;nein;+49 30 123457",
        "A3;K1;Eins GmbH;13.02.2025 09:00;15.02.2025 10:00;2,0;1.000,00;nein;+49 30 123456",
    )
    tables = imported(path, tmp_path)
    first = tables["shipments"].iloc[0]
    assert first["booked_at"].startswith("2025-01-31 08:30")
    assert first["delivered_at"].startswith("2025-02-02 17:05")
    assert float(first["weight"]) == 1250
    assert float(first["revenue"]) == 1234.5
    assert list(tables["shipments"]["urgent"]) == ["true", "false", "false"]
    assert tables["customers"].set_index("customer_id")["name"].to_dict() == {
        "K1": "Eins GmbH",
        "K2": "Zwei AG",
    }
    assert 'currency = "EUR"' in (tmp_path / "out" / "clvlab.toml").read_text()


def test_a_chinese_waybill_export_in_gb18030_comes_in_right(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "运单.csv",
        "运单号,客户编号,客户名称,下单时间,预计送达时间,签收时间,重量（吨）,件数,运费（元）,始发地,目的地,是否加急",
        "YD1,C1,甲公司,2020年1月5日 9:05,2020年1月7日 20:00,2020年1月6日 18:30,1.5,10,1200.00,上海,北京,是",
        "YD2,C2,乙公司,2020年1月15日 10:00,2020年1月17日 20:00,2020年1月18日 8:00,0.5,3,300.00,上海,广州,否",
        encoding="gb18030",
    )
    shipments = imported(path, tmp_path)["shipments"]
    assert shipments.loc[0, "booked_at"].startswith("2020-01-05 09:05")
    assert shipments.loc[1, "delivered_at"].startswith("2020-01-18 08:00")
    assert shipments.loc[0, "delivery_due_at"].startswith("2020-01-07 20:00")
    assert [float(weight) for weight in shipments["weight"]] == [1500, 500]
    assert list(shipments["urgent"]) == ["true", "false"]
    assert list(shipments["origin"]) == ["上海", "上海"]
    facts = tomllib.loads((tmp_path / "out" / "clvlab.toml").read_text())
    assert facts == {"currency": "CNY", "time_zone": "Asia/Shanghai"}


def test_american_dates_with_am_and_pm_pounds_miles_and_dollars_come_in_right(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "loads.tsv",
        "Load #\tCustomer ID\tCreated On\tPickup Date\tDelivery Date\tGross Wt (lbs)\tMiles\tFreight Charge",
        "90001\tC-1\t1/31/2024 8:00:00 AM\t1/31/2024 9:15:00 AM\t2/1/2024 4:45:30 PM\t1000\t100\t$150.50",
        "90002\tC-2\t2/3/2024 12:30:00 PM\t2/4/2024 9:15:00 AM\t2/5/2024 4:45:30 PM\t2000\t10\t$75.00",
    )
    shipments = imported(path, tmp_path)["shipments"]
    assert shipments.loc[0, "delivered_at"].startswith("2024-02-01 16:45:30")
    assert shipments.loc[1, "booked_at"].startswith("2024-02-03 12:30")
    assert float(shipments.loc[0, "weight"]) == pytest.approx(453.59237)
    assert float(shipments.loc[0, "distance_km"]) == pytest.approx(160.9344)
    assert [float(revenue) for revenue in shipments["revenue"]] == [150.5, 75]


def test_an_excel_sheet_of_tickets_comes_in_as_complaints(tmp_path: Path) -> None:
    path = tmp_path / "tickets.xlsx"
    pd.DataFrame({
        "Ticket No": ["T1", "T2", "T3"], "Client": ["C1", "C2", "C1"],
        "Opened": pd.to_datetime(["2025-01-01 08:00", "2025-01-02 09:30", "2025-01-03 10:00"]),
        "Closed": pd.to_datetime(["2025-01-05 08:00", "2025-01-06 09:30", None]),
        "Severity": [1, 5, 3], "Justified": [True, False, True], "E-mail": ["a@b.com"] * 3,
    }).to_excel(path, index=False)  # fmt: skip
    complaints = imported(path, tmp_path)["complaints"]
    assert complaints.loc[1, "opened_at"] == "2025-01-02 09:30:00"
    assert list(complaints["resolved_at"].isna()) == [False, False, True]
    assert list(complaints["severity"]) == ["1", "5", "3"]
    assert list(complaints["upheld"]) == ["true", "false", "true"]


def test_a_parquet_file_with_typed_columns_comes_in_as_invoices(tmp_path: Path) -> None:
    path = tmp_path / "bills.parquet"
    pd.DataFrame({
        "bill_no": [1, 2, 3], "client_code": ["A", "B", "A"], "net_amount": [10.5, -3.0, 7.25],
        "invoice_date": pd.to_datetime(["2025-01-31", "2025-02-01", "2025-02-13"]),
    }).to_parquet(path)  # fmt: skip
    invoices = imported(path, tmp_path)["invoices"]
    assert list(invoices["invoice_id"]) == ["1", "2", "3"]
    assert [float(amount) for amount in invoices["amount"]] == [10.5, -3.0, 7.25]
    assert invoices.loc[0, "issued_on"].startswith("2025-01-31")


# Dates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["2020-01-31", "2020-02-01"], None),  # ISO needs no format
        (["31/01/2020", "01/02/2020"], ["%d/%m/%Y"]),
        (["1/31/2020", "2/1/2020"], ["%m/%d/%Y"]),
        (["31.1.2020", "1.2.2020"], ["%d.%m.%Y"]),
        (["2020/01/31", "2020/02/01"], ["%Y/%m/%d"]),
        (["20200131", "20200201"], ["%Y%m%d"]),
        (["31/01/20", "01/02/20"], ["%d/%m/%y"]),
        (["31-Jan-2020", "1-Feb-2020"], ["%d-%b-%Y"]),
        (["2020年1月31日", "2020年2月1日"], ["%Y年%m月%d日"]),
        (["31/01/2020 14:05", "01/02/2020 09:00"], ["%d/%m/%Y %H:%M"]),
        (["1/31/2020 2:05:09 PM", "2/1/2020 9:00:00 AM"], ["%m/%d/%Y %I:%M:%S %p"]),
    ],
)
def test_the_format_of_dates_is_found_and_reads_them(
    tmp_path: Path, values: list[str], formats: list[str] | None
) -> None:
    path = written(tmp_path, "bills.csv", "Invoice No;Customer;Invoice Date;Amount",
                   *(f"{i};A;{value};5" for i, value in enumerate(values)))  # fmt: skip
    assert tomllib.loads(propose(path)).get("dates") == formats
    issued = imported(path, tmp_path)["invoices"]["issued_on"]
    assert [day[:10] for day in issued] == ["2020-01-31", "2020-02-01"]


def test_where_no_value_tells_day_from_month_the_gap_to_another_date_does(tmp_path: Path) -> None:
    rows = [f"S{i};A;{m:02}/{d:02}/2024;{m:02}/{d + 2:02}/2024" for i, (m, d) in
            enumerate([(1, 9), (2, 3), (3, 8), (5, 1), (7, 6), (11, 10)])]  # fmt: skip
    text = propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date;Delivery Date", *rows))
    assert tomllib.loads(text)["dates"] == ["%m/%d/%Y"]
    assert any("no value tells day from month" in doubt for doubt in doubts(text, "booked_at"))


def test_an_order_no_value_tells_is_taken_from_the_columns_that_tell(tmp_path: Path) -> None:
    rows = [f"S{i};A;0{i}/02/2024;{12 + i}/02/2024" for i in range(1, 7)]
    text = propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date;Delivery Date", *rows))
    assert tomllib.loads(text)["dates"] == ["%d/%m/%Y"]
    assert any("other columns" in doubt for doubt in doubts(text, "booked_at"))
    assert not doubts(text, "delivered_at")


def test_mixed_orders_in_one_column_are_said_loudly_with_counts_and_rows(tmp_path: Path) -> None:
    days = ["13/05/2024", "05/23/2024", "14/05/2024", "15/05/2024", "05/06/2024"]
    rows = [f"S{i};A;{day}" for i, day in enumerate(days)]
    text = propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date", *rows))
    (doubt,) = doubts(text, "booked_at")
    assert doubt.startswith("DAY AND MONTH ARE MIXED: of 5 sampled values 3 can only be day first (rows 2, 4, 5)")
    assert "1 only month first (rows 3), 1 either" in doubt
    assert tomllib.loads(text)["dates"] == ["%d/%m/%Y"]


def test_deliveries_before_their_booking_are_counted_at_the_delivery(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date;Delivery Date",
                           "1;A;2024-01-05;2024-01-04", "2;B;2024-01-20;2024-01-22"))  # fmt: skip
    assert doubts(text, "delivered_at") == ["in 1 of 2 sampled rows its day lies before booked_at (row 2)"]


# Numbers, units, words --------------------------------------------------------------------------------------


def test_a_weight_without_a_unit_is_a_doubt_and_one_with_a_unit_is_not(tmp_path: Path) -> None:
    silent = propose(written(tmp_path, "a.csv", "Order No;Customer;Order Date;Weight", "1;A;2024-01-05;7"))
    stated = propose(written(tmp_path, "b.csv", "Order No;Customer;Order Date;Weight kg", "1;A;2024-01-05;7"))
    assert doubts(silent, "weight") == ["its unit is not stated; it is taken for kg"]
    assert doubts(stated, "weight") == []


def test_a_mark_before_three_digits_only_is_a_doubt(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "bills.csv", "Invoice No;Customer;Invoice Date;Amount",
                           "1;A;2024-01-05;1,250", "2;B;2024-01-06;2,500"))  # fmt: skip
    assert any("in the thousands?" in doubt for doubt in doubts(text, "amount"))


def test_words_not_understood_are_listed(tmp_path: Path) -> None:
    rows = ["1;A;2024-01-05;5;Fracht", "2;A;2024-01-06;5;VAT", "3;A;2024-01-07;5;Maut"]
    path = written(tmp_path, "bills.csv", "Invoice No;Customer;Invoice Date;Amount;Charge Type", *rows)
    text = propose(path)
    assert tomllib.loads(text)["invoices"]["kind"]["values"] == {"Fracht": "freight", "VAT": "tax"}
    assert "not understood: Maut (should say freight, surcharge, tax, credit note)" in doubts(text, "kind")


def test_flags_the_intake_reads_anyway_need_no_translation(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "a.csv", "Order No;Customer;Order Date;Urgent", "1;A;2024-01-05;Yes"))
    assert tomllib.loads(text)["shipments"]["urgent"] == "Urgent"


# Keys, blanks, what is missing, what is left out ------------------------------------------------------------


def test_without_an_id_the_rows_are_numbered_and_that_is_a_doubt(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "bills.csv", "Customer;Invoice Date;Amount", "A;2024-01-05;5"))
    assert tomllib.loads(text)["invoices"]["invoice_id"] == {"row_number": "R"}
    assert doubts(text, "invoice_id")


def test_repeated_keys_and_blanks_in_required_columns_are_counted(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date",
                           "1;A;2024-01-05", "1;B;2024-01-06", "2;;2024-01-07", "3;A;2024-01-08"))  # fmt: skip
    assert any(doubt.startswith("1 of 4 rows repeat the shipment_id") for doubt in doubts(text, "shipment_id"))
    assert "1 of 4 rows are blank and will be set aside" in doubts(text, "customer_id")


def test_a_required_column_not_found_is_left_open_with_guesses(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv", "Order No;Weight kg;Delivered;Zz", "1;5;2024-01-05;A", "2;6;2024-01-06;B")
    text = propose(path)
    assert "# missing: fill in customer_id, booked_at below before it can be used." in text
    assert '# missing: customer_id, who ordered it; perhaps "Zz"\n# customer_id = ""' in text
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(Refused, match="lacks customer_id"):
        read_mapping(str(tmp_path / "m.toml"))


def test_personal_data_is_never_mapped_and_never_shown(tmp_path: Path) -> None:
    text = propose(written(tmp_path, "customers.csv", "Customer No;Name;Phone;Contact",
                           "1;Alpha;+49 30 123456;eve@alpha.example"))  # fmt: skip
    assert "Phone (personal data)" in text
    assert "Contact (personal data)" in text
    assert "123456" not in text
    assert "alpha.example" not in text


def test_columns_that_differ_within_a_customer_are_not_the_customers(tmp_path: Path) -> None:
    rows = [f"{i};C{i % 2};2024-01-05;Land{i % 2};Branch{i}" for i in range(8)]
    path = written(tmp_path, "orders.csv", "Order No;Customer;Order Date;Country;Industry", *rows)
    assert columns(propose(path), "customers") == {"customer_id": "Customer", "region": "Country"}


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no rows"):
        propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date"))


@pytest.mark.parametrize("table", sorted(TABLES))
def test_our_own_templates_are_recognised_column_by_column(tmp_path: Path, table: str) -> None:
    contract = TABLES[table]
    samples = {"text": "x1", "number": "1", "whole": "1", "date": "2024-01-05", "time": "2024-01-05 10:00:00",
               "flag": "true"}  # fmt: skip
    values = [column.choices[0] if column.choices else samples[column.type] for column in contract.columns]
    path = written(tmp_path, f"{table}.csv", ",".join(contract.names), ",".join(values))
    assert columns(propose(path), table) == {name: name for name in contract.names}


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), min_size=1, max_size=5),
       st.lists(st.text(max_size=8), min_size=1, max_size=5))  # fmt: skip
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_headers_and_values_the_proposal_is_toml(
    tmp_path: Path, names: list[str], values: list[str]
) -> None:
    path = tmp_path / "any.parquet"
    names = list({name.lower(): name for name in names if "\x00" not in name}.values()) or ["a"]
    pd.DataFrame({name: [value.replace("\x00", "") for value in values] for name in names}).to_parquet(path)
    tomllib.loads(propose(path))


# Names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "column"),
    [("ORDERNO", "shipment_id"), ("order_dt", "booked_at"), ("BookingID_Date", "booked_at"),
     ("Delivered", "delivered_at"), ("Planned_ETA", "delivery_due_at"), ("grossWeightKG", "weight"),
     ("实际签收时间", "delivered_at"), ("里程", "distance_km")],
)  # fmt: skip
def test_a_name_means_the_column_it_is_most_like(name: str, column: str) -> None:
    scores = {ours: likeness(name, "shipments", ours)[0] for ours in TABLES["shipments"].names}
    assert max(scores, key=lambda ours: scores[ours]) == column


# Real files -------------------------------------------------------------------------------------------------


def test_receivables_gets_the_columns_of_the_built_in_mapping() -> None:
    text = propose(shared("receivables.csv"))
    built_in = read_mapping("receivables")
    for table in built_in.tables:
        assert columns(text, table.name) == {name: how.origin for name, how in table.columns.items()}
    assert tomllib.loads(text)["dates"] == ["%m/%d/%Y"]


def test_truck_trips_are_shipments_with_the_columns_the_built_in_mapping_found() -> None:
    text = propose(shared("truck_trips.csv"))
    found = columns(text, "shipments")
    built_in = {name: how.origin for name, how in read_mapping("truck_trips").tables[0].columns.items()}
    assert found == {name: origin for name, origin in built_in.items() if name != "service"}
    assert any("before booked_at" in doubt for doubt in doubts(text, "delivery_due_at"))
    assert doubts(text, "arrived_at")


def test_cdnow_purchases_are_invoices_without_a_number() -> None:
    text = propose(shared("cdnow.csv"))
    assert columns(text, "invoices") == {
        "customer_id": "customer_id",
        "issued_on": "date",
        "amount": "amount",
    }
    assert tomllib.loads(text)["invoices"]["invoice_id"] == {"row_number": "R"}
