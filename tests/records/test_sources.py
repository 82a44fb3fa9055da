"""A folder holds one file per table, or a folder of parts; what is missing is said in one sentence."""

from __future__ import annotations

import pandas as pd
import pytest
from folders import CUSTOMERS, SHIPMENTS, folder, records_of

from clvlab.records.sources import find_files
from clvlab.refusal import Refused


def test_parts_in_a_folder_are_one_table(tmp_path):
    data = folder(tmp_path / "data")
    (data / "shipments.csv").unlink()
    (data / "shipments").mkdir()
    (data / "shipments" / "2025-01.csv").write_text(SHIPMENTS)
    (data / "shipments" / "2025-02.csv").write_text("shipment_id,weight,customer_id,booked_at\nS9,5,C1,2025-02-01\n")
    records = records_of(data, tmp_path / "into")
    table = records["shipments"].execute()
    assert len(table) == 4
    assert table.set_index("shipment_id").loc["S9", ["source_file", "source_row", "weight"]].tolist() == [
        "2025-02.csv",
        2,
        5.0,
    ]


def test_names_of_files_may_be_in_any_case(tmp_path):
    data = folder(tmp_path / "data")
    (data / "shipments.csv").rename(data / "Shipments.CSV")
    assert list(find_files(data)) == ["customers", "shipments"]


@pytest.mark.parametrize(
    ("remove", "says"),
    [("customers.csv", "has no table customers"), ("shipments.csv", "neither shipments nor invoices")],
)
def test_a_missing_required_table_is_refused(tmp_path, remove, says):
    data = folder(tmp_path / "data")
    (data / remove).unlink()
    with pytest.raises(Refused, match=says):
        find_files(data)


def test_a_table_that_lies_there_twice_is_refused(tmp_path):
    data = folder(tmp_path / "data")
    pd.DataFrame({"customer_id": ["C1"]}).to_parquet(data / "customers.parquet")
    with pytest.raises(Refused, match=r"customers.csv and customers.parquet; keep one"):
        find_files(data)


def test_a_missing_required_column_is_refused_with_the_nearest(tmp_path):
    data = folder(tmp_path / "data", shipments="shipment_id,customerid,booked_at\nS1,C1,2025-01-01\n")
    with pytest.raises(Refused, match=r"lacks the column customer_id \(did you mean 'customerid'\?\); rename"):
        records_of(data, tmp_path / "into")


def test_a_required_table_without_rows_is_refused(tmp_path):
    data = folder(tmp_path / "data", shipments=SHIPMENTS.splitlines()[0] + "\n")
    with pytest.raises(Refused, match="has a header but no rows"):
        records_of(data, tmp_path / "into")


def test_a_customer_whose_line_is_broken_and_who_did_nothing_is_set_aside(tmp_path):
    data = folder(tmp_path / "data", customers=CUSTOMERS + "C4,Delta,Ltd\n")
    records = records_of(data, tmp_path / "into")
    assert records["customers"].count().execute() == 3
    assert records.quarantine.to_frame()["treatment"].tolist() == ["row set aside"]
