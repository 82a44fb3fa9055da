"""The three real files come in through their mappings, with every row accounted for."""

from __future__ import annotations

import pytest
from folders import records_of

from clvlab.records.importing import import_files
from clvlab.records.mapping import read_mapping


@pytest.fixture
def take(shared_data, tmp_path):
    def taken(name: str):
        import_files(read_mapping(name), [shared_data / f"{name}.csv"], tmp_path / "out")
        return records_of(tmp_path / "out", tmp_path / "into")

    return taken


def test_truck_trips_are_dated_by_the_bulk_of_the_file_and_swapped_dates_are_found(take):
    records = take("truck_trips")
    sums = records.quarantine.sums.set_index("table")
    assert sums.loc["shipments", "rows_in"] == 6880
    assert sums.loc["shipments", "accepted"] + sums.loc["shipments", "set_aside"] == 6880
    assert sums.loc["customers", "accepted"] == 39
    assert records.last_date.isoformat() == "2020-08-28"
    swapped = records.quarantine.to_frame().query("rule == 'day and month swapped'")
    assert {"Planned_ETA", "trip_end_date", "BookingID_Date"} <= set(swapped["source_column"])
    # The six bookings from September on are among them: their trips had ended in March.
    late = swapped[(swapped["source_column"] == "BookingID_Date") & (swapped["value"] >= "2020-09")]
    assert len(late) == 6
    assert late["also"].str.contains("far from the rest of the file").all()


def test_truck_trips_were_booked_by_321_carriers_and_hold_no_money(take):
    shipments = take("truck_trips")["shipments"]
    assert shipments.carrier_id.nunique().execute() >= 319
    assert "revenue" not in shipments.columns


def test_every_cdnow_purchase_is_an_invoice(take):
    records = take("cdnow")
    assert records["invoices"].count().execute() == 69_659
    assert records["customers"].count().execute() == 23_570
    assert records.quarantine.to_frame().empty
    assert records["invoices"].customer_id.min().execute() == "00001"


def test_receivables_keep_their_dates_and_amounts(take):
    invoices = take("receivables")["invoices"]
    first = invoices.filter(invoices.invoice_id == "611365").execute().iloc[0]
    assert (str(first["issued_on"])[:10], str(first["paid_on"])[:10], first["amount"]) == (
        "2013-01-02",
        "2013-01-15",
        55.94,
    )
    assert invoices.count().execute() == 2466
