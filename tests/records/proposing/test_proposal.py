"""Files of kinds we never saw, and real ones, come in with the right values through what is proposed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from proposals import columns, doubts, imported, written

from clvlab.records.mapping import read_mapping
from clvlab.records.proposing import propose
from clvlab.refusal import Refused


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


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no rows"):
        propose(written(tmp_path, "orders.csv", "Order No;Customer;Order Date"))


def test_receivables_gets_the_columns_of_the_built_in_mapping(shared_data: Path) -> None:
    text = propose(shared_data / "receivables.csv")
    built_in = read_mapping("receivables")
    for table in built_in.tables:
        assert columns(text, table.name) == {name: how.origin for name, how in table.columns.items()}
    assert tomllib.loads(text)["dates"] == ["%m/%d/%Y"]


def test_truck_trips_are_shipments_with_the_columns_the_built_in_mapping_found(shared_data: Path) -> None:
    text = propose(shared_data / "truck_trips.csv")
    found = columns(text, "shipments")
    built_in = {name: how.origin for name, how in read_mapping("truck_trips").tables[0].columns.items()}
    assert found == {name: origin for name, origin in built_in.items() if name != "service"}
    assert any("before booked_at" in doubt for doubt in doubts(text, "delivery_due_at"))
    assert doubts(text, "arrived_at")


def test_cdnow_purchases_are_invoices_without_a_number(shared_data: Path) -> None:
    text = propose(shared_data / "cdnow.csv")
    assert columns(text, "invoices") == {
        "customer_id": "customer_id",
        "issued_on": "date",
        "amount": "amount",
    }
    assert tomllib.loads(text)["invoices"]["invoice_id"] == {"row_number": "R"}
