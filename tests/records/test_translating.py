"""Text is translated when it matches the declared notation exactly; all else is left for the check to set aside."""

from __future__ import annotations

import pandas as pd
import pytest
from folders import records_of

from clvlab.records.importing import import_files
from clvlab.records.mapping import read_mapping


def written(folder, columns, rows, top=""):
    """Import invoices with these columns beside the required ones; return the table as it was written."""
    given = {"a": "1", "d": "2025-01-01"}
    mapping = f'{top}\n[invoices]\ninvoice_id = {{ row_number = "I" }}\ncustomer_id = "c"\n'
    for name, how in ({"amount": '"a"', "issued_on": '"d"'} | columns).items():
        mapping += f"{name} = {how}\n"
    mapping += '[customers]\none_row_per = "customer_id"\ncustomer_id = "c"\n'
    (folder / "m.toml").write_text(mapping, encoding="utf-8")
    frame = pd.DataFrame([{"c": "A"} | given | row for row in rows])
    frame.to_csv(folder / "bills.csv", index=False)
    import_files(read_mapping(str(folder / "m.toml")), [folder / "bills.csv"], folder / "out")
    return pd.read_csv(folder / "out" / "invoices.csv", dtype=str, keep_default_na=False)


def amounts(folder, how, *texts):
    """Return what the check reads from these amounts; None where it sets them aside."""
    written(folder, {"amount": f'{{ column = "a", {how} }}'}, [{"a": text} for text in texts])
    records = records_of(folder / "out", folder / "into")
    read = records["invoices"].select("source_row", "amount").execute().set_index("source_row")["amount"].dropna()
    aside = records.quarantine.to_frame().query("column == 'amount'")["source_row"]
    assert set(read.index).isdisjoint(aside)
    assert len(read) + len(aside) == len(texts)
    return [read.get(row) for row in range(2, len(texts) + 2)]


def moments(folder, column, how, *texts, time_zone="UTC"):
    rows = [{"d": text} for text in texts]
    if column == "paid_on":
        rows = [{"p": text} for text in texts]
    table = written(folder, {column: how}, rows, top=f'time_zone = "{time_zone}"')
    return table[column].tolist()


@pytest.mark.parametrize(
    ("how", "texts", "read"),
    [
        ('thousands = ","', ["1,234.5", "1234.5", "1,5", "12,34,5", "1,2345"], [1234.5, 1234.5, None, None, None]),
        ('decimal = ",", thousands = "."', ["1.234,5", "1,5", "1.5", "1.234"], [1234.5, 1.5, None, 1234]),
        ('decimal = ","', ["1,5", "1.5", "-1,5", "+,5", "1,5e3"], [1.5, None, -1.5, 0.5, 1500]),
        ("factor = 1000", ["1.5", "1_000", "inf", "nan", "2e3"], [1500, None, None, None, 2e6]),
        ('strip = ["$", "US$"]', ["US$ 5", "$5", "-$5", "EUR 5"], [5, 5, -5, None]),
        ('thousands = " "', ["1 234", "1 23"], [1234, None]),
    ],
)
def test_a_number_counts_only_as_it_is_declared_to_be_written(tmp_path, how, texts, read):
    assert amounts(tmp_path, how, *texts) == read


def test_a_number_that_says_something_else_than_declared_stands_in_quotation_marks(tmp_path):
    table = written(tmp_path, {"amount": '{ column = "a", decimal = "," }'}, [{"a": "1.5"}, {"a": "heavy"}])
    assert table["amount"].tolist() == ['"1.5"', "heavy"]


def test_numbers_of_a_parquet_file_are_not_read_by_the_notation_of_texts(tmp_path):
    (tmp_path / "m.toml").write_text(
        'decimal = ","\nthousands = "."\n[invoices]\ninvoice_id = "n"\ncustomer_id = "n"\nissued_on = "d"\n'
        'amount = { column = "a", factor = 2 }\n'
    )
    pd.DataFrame({"n": ["1"], "d": ["2025-01-01"], "a": [1.5]}).to_parquet(tmp_path / "bills.parquet")
    import_files(read_mapping(str(tmp_path / "m.toml")), [tmp_path / "bills.parquet"], tmp_path / "out")
    assert pd.read_csv(tmp_path / "out" / "invoices.csv")["amount"].tolist() == [3.0]


def test_values_are_exceptions_and_all_else_is_translated_as_usual(tmp_path):
    how = 'decimal = ",", factor = 10, values = { free = 0 }'
    assert amounts(tmp_path, how, "free", "1,5") == [0, 15]


def test_values_of_a_date_leave_the_other_dates_to_their_format(tmp_path):
    how = '{ column = "p", dates = ["%d.%m.%Y"], values = { open = "" } }'
    assert moments(tmp_path, "paid_on", how, "open", "05.02.2025") == ["", "2025-02-05"]


TIMES = '{ column = "d", source_time_zone = "Asia/Shanghai" }'


def times(folder, how, *texts):
    """Return moments of a column of kind time, brought to UTC."""
    (folder / "m.toml").write_text(
        f'[shipments]\nshipment_id = {{ row_number = "S" }}\ncustomer_id = "c"\nbooked_at = {how}\n', encoding="utf-8"
    )
    pd.DataFrame({"c": "A", "d": texts}).to_csv(folder / "trips.csv", index=False)
    import_files(read_mapping(str(folder / "m.toml")), [folder / "trips.csv"], folder / "out")
    return pd.read_csv(folder / "out" / "shipments.csv", dtype=str)["booked_at"].tolist()


def test_a_wall_clock_time_is_brought_from_its_zone_to_ours_and_a_day_alone_is_not(tmp_path):
    found = times(tmp_path, TIMES, "2025-01-02 03:00:00", "2025-01-02T03:00", "2025-01-02")
    assert found == ["2025-01-01 19:00:00", "2025-01-01 19:00:00", "2025-01-02 00:00:00"]


@pytest.mark.parametrize(
    "text", ["2025-01-02T01:00:00Z", "2025-01-02T09:00:00+08:00", "2025-01-02 09:00:00+08", "2025-01-01T20:00:00-0500"]
)
def test_a_text_with_an_offset_is_an_instant_whatever_zone_is_declared(tmp_path, text):
    assert times(tmp_path, TIMES, text) == ["2025-01-02 01:00:00"]
    assert times(tmp_path, TIMES.replace("Shanghai", "Tokyo"), text) == ["2025-01-02 01:00:00"]


def test_a_format_that_reads_an_offset_gives_an_instant_beside_formats_that_do_not(tmp_path):
    how = TIMES.replace(" }", ', dates = ["%d.%m.%Y %H:%M %z", "%d.%m.%Y %H:%M"] }')
    found = times(tmp_path, how, "02.01.2025 09:00 +0800", "02.01.2025 01:00 +0000", "02.01.2025 09:00")
    assert found == ["2025-01-02 01:00:00"] * 3


def test_a_zone_spelled_out_is_not_taken_for_the_declared_one(tmp_path):
    assert times(tmp_path, TIMES, "2025-01-02 03:00:00 UTC") == ['"2025-01-02 03:00:00 UTC"']


def test_a_date_with_a_time_of_day_is_brought_to_our_zone_before_it_is_cut(tmp_path):
    texts = ["2025-01-02 03:00:00", "2025-01-02 09:00:00", "2025-01-02", "2025-01-02 00:00:00", "2025-01-02T03:00:00Z"]
    found = moments(tmp_path, "issued_on", TIMES, *texts)
    assert found == ["2025-01-01", "2025-01-02", "2025-01-02", "2025-01-02", "2025-01-02"]


def test_a_year_cut_short_is_left_to_the_check(tmp_path):
    how = '{ column = "d", dates = ["%d/%m/%Y"] }'
    assert moments(tmp_path, "issued_on", how, "5/2/24", "5/2/2024") == ["5/2/24", "2024-02-05"]


def test_iso_beside_a_format_counts_as_iso_unless_that_format_puts_the_day_before_the_month(tmp_path):
    assert times(tmp_path, '{ column = "d", dates = ["%d.%m.%Y"] }', "2025-01-05") == ["2025-01-05 00:00:00"]
    found = times(tmp_path, '{ column = "d", dates = ["%Y-%d-%m"] }', "2025-13-05", "2025-01-13")
    assert found == ["2025-05-13 00:00:00", '"2025-01-13"']
