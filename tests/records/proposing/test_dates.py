"""The formats of dates, and day and month told apart."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from proposals import doubts, imported, written

from clvlab.records.proposing import propose


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
