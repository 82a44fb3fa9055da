"""Every row is accepted or set aside; a bad value costs the cell, a bad key or date the row."""

from __future__ import annotations

import csv
import io
import tempfile
from decimal import Decimal
from pathlib import Path

import ibis
import pandas as pd
import pytest
from folders import CUSTOMERS, SHIPMENTS, cases, folder, records_of, shipments
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clvlab.assumptions import Assumptions
from clvlab.records.taking_in import from_connection
from clvlab.refusal import Refused


@pytest.fixture
def take(tmp_path):
    """Take in a folder with these tables."""

    def taken(**tables: str):
        return records_of(folder(tmp_path / "data", **tables), tmp_path / "into")

    return taken


def sums(records) -> dict[str, tuple[int, int, int]]:
    frame = records.quarantine.sums
    return {r.table: (r.rows_in, r.accepted, r.set_aside) for r in frame.itertuples()}


def test_sound_tables_are_accepted_whole(take):
    records = take()
    assert sums(records) == {"customers": (3, 3, 0), "shipments": (3, 3, 0)}
    assert records.quarantine.to_frame().empty
    assert records["shipments"].booked_at.type().is_timestamp()


def test_a_bad_optional_value_costs_the_cell_not_the_shipment(take):
    text = shipments("2025-01-02,heavy", "2025-01-03,-5", "2025-01-04,7", columns="booked_at,weight")
    records = take(shipments=text)
    assert sums(records)["shipments"] == (3, 3, 0)
    assert cases(records) == [
        ("shipments", 2, "weight", "unreadable", "heavy"),
        ("shipments", 3, "weight", "out of range", "-5"),
    ]
    weights = records["shipments"].order_by("shipment_id").weight.execute()
    assert weights.isna().tolist() == [True, True, False]


def test_a_blank_key_or_a_date_that_cannot_be_read_costs_the_row(take):
    text = "shipment_id,customer_id,booked_at\n,C1,2025-01-02\nS2,,2025-01-03\nS3,C1,soon\nS4,C1,\nS5,C1,2025-01-05\n"
    records = take(shipments=text)
    assert sums(records)["shipments"] == (5, 1, 4)
    assert sorted(case[1:4] for case in cases(records)) == [
        (2, "shipment_id", "blank key or date"),
        (3, "customer_id", "blank key or date"),
        (4, "booked_at", "unreadable"),
        (5, "booked_at", "blank key or date"),
    ]


def test_the_first_row_keeps_a_repeated_key(take):
    text = SHIPMENTS + "S1,C2,2025-02-01\nS1,C3,2025-03-01\n"
    records = take(shipments=text)
    assert [case[1:4] for case in cases(records)] == [
        (5, "shipment_id", "key used before"),
        (6, "shipment_id", "key used before"),
    ]
    kept = records["shipments"].filter(ibis._.shipment_id == "S1").execute()
    assert kept["customer_id"].tolist() == ["C1"]


def test_a_key_is_not_lost_to_a_row_that_is_itself_set_aside(take):
    text = "shipment_id,customer_id,booked_at\nS1,C1,never\nS1,C1,2025-01-05\n"
    records = take(shipments=text)
    assert records["shipments"].count().execute() == 1
    assert [case[3] for case in cases(records)] == ["unreadable"]


def test_keys_of_several_columns_match_where_a_part_is_blank(take):
    text = "date,service,lane,available\n2025-01-01,truck,,5\n2025-01-01,truck,,6\n2025-01-01,truck,A-B,7\n"
    assert sums(take(capacity=text))["capacity"] == (3, 2, 1)


def test_shipments_of_an_unknown_customer_are_set_aside(take):
    records = take(shipments=SHIPMENTS + "S4,C9,2025-01-05\n")
    assert cases(records) == [("shipments", 5, "customer_id", "unknown customer", "C9")]


def test_a_bad_customer_row_keeps_the_customer_and_its_shipments(take):
    records = take(
        customers="customer_id,name,onboarded_on\nC1,Alpha, Ltd.,2024-01-01\nC2,Beta,31/12/2024\nC3,Gamma,\n"
    )
    assert sums(records) == {"customers": (3, 3, 0), "shipments": (3, 3, 0)}
    assert cases(records) == [
        ("customers", 2, "", "row cannot be read", "C1,Alpha, Ltd.,2024-01-01"),
        ("customers", 3, "onboarded_on", "unreadable", "31/12/2024"),
    ]


def test_a_line_with_too_many_or_too_few_fields_is_set_aside_with_its_row_number(take):
    text = "shipment_id,customer_id,booked_at\nS1,C1,2025-01-02\nS2,C1\nS3,C1,2025-01-03,extra\nS4,C1,bad\n"
    records = take(shipments=text)
    assert sums(records)["shipments"] == (4, 1, 3)
    assert sorted((case[1], case[3]) for case in cases(records)) == [
        (3, "row cannot be read"),
        (4, "row cannot be read"),
        (5, "unreadable"),
    ]


def test_delivered_before_booked_costs_the_delivery(take):
    records = take(shipments=shipments("2025-03-20 10:00,2025-03-19 09:00", columns="booked_at,delivered_at"))
    assert [case[2:4] for case in cases(records)] == [("delivered_at", "delivered_at before booked_at")]


def test_a_date_with_day_and_month_swapped_is_named_as_such_and_not_turned_round(take):
    text = shipments(
        "2025-04-03 10:00,2025-08-04 09:00", "2025-04-05 10:00,2025-04-06 09:00", columns="booked_at,delivered_at"
    )
    records = take(shipments=text)
    assert [case[1:4] for case in cases(records)] == [(2, "delivered_at", "day and month swapped")]
    assert records["shipments"].delivered_at.count().execute() == 1


def test_a_booking_after_its_own_arrival_that_fits_once_swapped_costs_the_row(take):
    text = shipments(
        "2025-12-03 13:10,2025-03-12 16:23", "2025-03-11 08:00,2025-03-12 09:00", columns="booked_at,arrived_at"
    )
    assert [case[1:4] for case in cases(take(shipments=text))] == [(2, "booked_at", "day and month swapped")]


def test_one_wrong_date_does_not_drag_a_later_one_down(take):
    columns = "booked_at,dispatched_at,delivered_at"
    records = take(shipments=shipments("2025-04-03,2025-08-04,2025-04-09", columns=columns))
    assert [case[2] for case in cases(records)] == ["dispatched_at"]


def test_paid_before_issued_and_scores_off_the_scale_cost_the_cell(take):
    records = take(
        invoices="invoice_id,customer_id,issued_on,amount,paid_on\nI1,C1,2025-01-05,10,2025-01-04\nI2,C1,2025-01-05,ten,\n",
        surveys="customer_id,sent_on,overall,scale_max\nC1,2025-01-01,9,10\nC1,2025-01-01,11,10\nC1,2025-01-01,-1,10\n",
    )
    assert [case[:4] for case in cases(records)] == [
        ("invoices", 3, "amount", "unreadable"),
        ("invoices", 2, "paid_on", "paid_on before issued_on"),
        ("surveys", 4, "overall", "out of range"),
        ("surveys", 3, "overall", "score off the scale"),
    ]


def test_a_value_that_is_not_in_the_list_costs_the_cell_and_case_does_not_matter(take):
    records = take(customers="customer_id,role\nC1,Shipper\nC2,pirate\nC3,both\n")
    assert cases(records) == [("customers", 3, "role", "not a known value", "pirate")]


def test_times_with_an_offset_become_wall_clock_times_of_the_study(tmp_path):
    data = folder(
        tmp_path / "data", shipments=shipments("2025-01-02T20:00:00Z", "2025-01-03 08:00", columns="booked_at")
    )
    (data / "clvlab.toml").write_text('time_zone = "Asia/Shanghai"\n')
    booked = records_of(data, tmp_path / "into")["shipments"].order_by("shipment_id").booked_at.execute()
    assert booked.dt.strftime("%d %H:%M").tolist() == ["03 04:00", "03 08:00"]


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "1,5", "0x10", "5 kg"])
def test_what_only_a_program_would_call_a_number_is_unreadable(take, text):
    records = take(shipments=shipments(f'2025-01-02,"{text}"', "2025-01-03,1", columns="booked_at,weight"))
    assert cases(records) == [("shipments", 2, "weight", "unreadable", text)]


@pytest.mark.parametrize("text", ["infinity", "epoch", "20250102", "01/02/2025", "2025-02-30"])
def test_what_only_a_program_would_call_a_date_is_unreadable(take, text):
    records = take(shipments=SHIPMENTS + f"S4,C1,{text}\n")
    assert cases(records) == [("shipments", 5, "booked_at", "unreadable", text)]


def test_a_column_that_is_blank_throughout_is_as_good_as_absent(take):
    records = take(shipments=shipments("2025-01-02,", "2025-01-03,", columns="booked_at,revenue"))
    assert not records.has("shipments", "revenue")
    assert records.missing(shipments="revenue") == "Needs revenue in shipments."


def test_templates_with_a_header_only_are_absent_tables(take):
    assert "contracts" not in take(contracts="contract_id,customer_id,starts_on,ends_on\n")


def test_columns_nobody_reads_are_named_with_the_nearest_of_ours(take):
    remarks = take(shipments=shipments("2025-01-02,5", columns="booked_at,revenu")).remarks["shipments"]
    assert any("revenu is not used (did you mean 'revenue'?)" in remark for remark in remarks)


def test_currencies_are_not_mixed_without_rates(tmp_path):
    invoices = "invoice_id,customer_id,issued_on,amount,currency\nI1,C1,2025-01-05,10,CNY\nI2,C1,2025-01-06,10,USD\n"
    data = folder(tmp_path / "data", invoices=invoices)
    with pytest.raises(Refused, match="CNY, USD"):
        records_of(data, tmp_path / "a")
    (data / "clvlab.toml").write_text('currency = "CNY"\n')
    with pytest.raises(Refused, match="USD stand beside the study's CNY"):
        records_of(data, tmp_path / "b")
    (data / "clvlab.toml").write_text('currency = "CNY"\n[exchange_rates]\nUSD = 7.0\n')
    records = records_of(data, tmp_path / "c")
    assert sorted(records["invoices"].amount.execute()) == [10.0, 70.0]
    assert records.currency == "CNY"


def test_a_connection_is_checked_like_files_and_nothing_is_written_to_it():
    engine = ibis.duckdb.connect()
    engine.create_table("customers", pd.DataFrame({"customer_id": ["C1", "C2"]}))
    engine.create_table(
        "shipments",
        pd.DataFrame({
            "shipment_id": ["S1", "S2", "S2"], "customer_id": ["C1", "C9", "C1"], "weight": [5.0, 1.0, -1.0],
            "booked_at": pd.to_datetime(["2025-01-02", "2025-01-03", "2025-01-04"]),
        }),
    )  # fmt: skip
    records = from_connection(engine, Assumptions())
    assert sums(records)["shipments"] == (3, 2, 1)
    assert sorted(case[3] for case in cases(records)) == ["out of range", "unknown customer"]
    assert sorted(engine.list_tables()) == ["customers", "shipments"]


# Whatever comes in, in = accepted + set aside, and every case can be found again -------------------

cell = st.one_of(
    st.sampled_from(
        ["", "C1", "C2", "C9", "S1", "S2", "2025-01-02", "2025-13-01", "1899-12-30", "-5", "7", "true", '"', "é客"]
    ),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r\n"), max_size=6),
)
COLUMNS = ["shipment_id", "customer_id", "booked_at", "delivered_at", "weight", "completed"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(cell, min_size=6, max_size=6), min_size=1, max_size=12))
def test_whatever_comes_in_rows_in_are_accepted_or_set_aside(rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *rows, ["S-sound", "C1", "2025-01-02", "", "", ""]])
    with tempfile.TemporaryDirectory() as place:
        data = folder(Path(place) / "data", customers=CUSTOMERS, shipments=text.getvalue())
        records = records_of(data, Path(place) / "into")
        total = len(rows) + 1
        table = records["shipments"].execute()
        quarantine = records.quarantine.to_frame()
        aside = quarantine[quarantine["treatment"] == "row set aside"]
        assert len(table) + len(aside) == total
        assert sorted([*table["source_row"], *aside["source_row"]]) == list(range(2, total + 2))
        assert set(quarantine[quarantine["treatment"] == "value set aside"]["source_row"]) <= set(table["source_row"])


# Typed sources, and what an attack found ------------------------------------------------------------


def typed(tmp_path, **columns):
    """Take in shipments from Parquet with these columns."""
    frame = pd.DataFrame({"shipment_id": ["S1", "S2"], "customer_id": ["C1", "C2"]} | columns)
    data = folder(tmp_path / "data")
    (data / "shipments.csv").unlink()
    frame.to_parquet(data / "shipments.parquet")
    (data / "clvlab.toml").write_text('time_zone = "Asia/Shanghai"\n')
    return records_of(data, tmp_path / "into")


def test_typed_times_with_a_zone_become_wall_clock_times_of_the_study(tmp_path):
    booked = pd.to_datetime(["2024-01-31 23:30", "2024-02-01 00:00"]).tz_localize("UTC")
    table = typed(tmp_path, booked_at=booked)["shipments"].order_by("shipment_id").execute()
    assert str(table["booked_at"].iloc[0]) == "2024-02-01 07:30:00"


def test_typed_numbers_are_not_rounded_into_whole_ones(tmp_path):
    pieces = [Decimal("1.50"), Decimal("2.00")]
    records = typed(tmp_path, booked_at=pd.to_datetime(["2024-01-31", "2024-02-01"]), pieces=pieces)
    assert cases(records) == [("shipments", 1, "pieces", "unreadable", "1.50")]


def test_codes_that_came_through_a_program_as_floats_are_still_codes(tmp_path):
    data = folder(tmp_path / "data", customers="customer_id\n7\n8\n")
    (data / "shipments.csv").unlink()
    frame = {
        "shipment_id": [1.0, 2.0],
        "customer_id": [7.0, 8.0],
        "booked_at": pd.to_datetime(["2024-01-31", "2024-02-01"]),
    }
    pd.DataFrame(frame).to_parquet(data / "shipments.parquet")
    records = records_of(data, tmp_path / "into")
    assert records["shipments"].execute()["customer_id"].tolist() == ["7", "8"]


@pytest.mark.parametrize("year", ["0024", "1899", "9999"])
def test_a_year_outside_business_is_unreadable(take, year):
    records = take(shipments=SHIPMENTS + f"S4,C1,{year}-12-30\n")
    assert [case[1:4] for case in cases(records)] == [(5, "booked_at", "unreadable")]


def test_an_offset_may_follow_minutes(take):
    records = take(shipments=SHIPMENTS + "S4,C1,2025-01-05 10:00+08:00\nS5,C1,2025-01-05T10:00z\n")
    assert cases(records) == []
    assert (
        str(records["shipments"].filter(ibis._.shipment_id == "S4").execute()["booked_at"][0]) == "2025-01-05 02:00:00"
    )


def test_a_number_too_large_to_be_whole_is_unreadable(take):
    text = shipments("2025-01-02,1e20", "2025-01-03,5", columns="booked_at,pieces")
    assert [case[2:] for case in cases(take(shipments=text))] == [("pieces", "unreadable", "1e20")]


def test_parts_of_the_same_name_do_not_mix_their_cases(tmp_path):
    data = folder(tmp_path / "data", shipments=SHIPMENTS + "S4,XX,2025-01-05\n")
    (data / "shipments").mkdir()
    (data / "shipments" / "shipments.csv").write_text(
        "shipment_id,customer_id,booked_at\nT1,C1,2025-01-02\nT2,C1,2025-01-02\nT3,C1,2025-01-02\nT4,YY,2025-01-05\n"
    )
    records = records_of(data, tmp_path / "into")
    assert sums(records)["shipments"] == (8, 6, 2)
    assert sorted(case[4] for case in cases(records)) == ["XX", "YY"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_a_customer_is_kept_whatever_separates_the_fields(tmp_path, mark):
    text = "parent_id,customer_id,name\nC1,C2,Beta,Ltd\n,C1,Alpha\n,C3,Gamma\n".replace(",", mark)
    records = records_of(folder(tmp_path / "data", customers=text), tmp_path / "into")
    assert sums(records) == {"customers": (3, 3, 0), "shipments": (3, 3, 0)}


def test_nothing_accepted_is_refused_with_the_reason(tmp_path):
    data = folder(tmp_path / "data", customers="customer_id\nZ\n")
    with pytest.raises(Refused, match=r"3 times customer_id is not among the customers, first in row 2 .C1."):
        records_of(data, tmp_path / "into")


def test_scores_below_zero_are_off_any_scale(take):
    records = take(surveys="customer_id,sent_on,overall\nC1,2025-01-01,-5\nC2,2025-01-01,9\n")
    assert [case[2:4] for case in cases(records)] == [("overall", "out of range")]
