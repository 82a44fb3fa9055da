"""The transaction summary gives lifetimes' numbers, whatever the table looks like."""

import datetime as dt
import os
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features import transaction_summary
from clvlab.periods import PERIODS, days_per, period_index
from clvlab.refusal import Refused

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CLVLAB_SHARED_DATA", ROOT / ".." / "shared" / "data"))
needs_shared = pytest.mark.skipif(
    not (SHARED / "cdnow.csv").exists(), reason=f"needs cdnow.csv in {SHARED} (set CLVLAB_SHARED_DATA)"
)

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["001", "01", "a", "b"]),
        st.dates(dt.date(2023, 1, 1), dt.date(2023, 6, 30)),
        st.integers(-2, 20),
    ),
    min_size=1,
    max_size=25,
)


def table_of(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "date", "value"])


def by_hand(rows, until: dt.date, period: str, merge: str) -> dict[str, tuple]:
    """Return the summary as its definition says, customer by customer."""
    unit = period if merge == "period" else "day"
    length = 1 if merge == "period" else days_per(period)
    found = {}
    for customer in sorted({row[0] for row in rows}):
        mine = [(period_index(day, unit), value) for who, day, value in rows if who == customer and day <= until]
        bought = sorted({at for at, value in mine if value >= 0})
        if bought:
            repeat = sum(value for at, value in mine if at != bought[0])
            found[customer] = (
                len(bought) - 1,
                (bought[-1] - bought[0]) / length,
                (period_index(until, unit) - bought[0]) / length,
                repeat / (len(bought) - 1) if len(bought) > 1 else 0.0,
            )
    return found


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    return pd.read_csv(SHARED / "cdnow.csv", dtype={"customer_id": str})


@needs_shared
def test_weekly_cdnow_is_that_of_lifetimes_for_every_customer(cdnow):
    theirs = pd.read_csv(SHARED.parent / "reference" / "cdnow_weekly.csv", dtype={"customer_id": str})
    ours = transaction_summary(cdnow, value="amount", as_of="1998-06-30")
    pd.testing.assert_frame_equal(ours, theirs.set_index("customer_id"), rtol=0, atol=5.1e-7)


@needs_shared
def test_the_papers_sample_is_reproduced_to_its_two_decimals(cdnow):
    ids = pd.read_csv(SHARED / "cdnow_sample_ids.csv", dtype=str)
    theirs = pd.read_csv(SHARED / "cdnow_sample_summary.csv").set_index("ID").sort_index()
    mine = cdnow[cdnow.customer_id.isin(ids.customer_id)]
    ours = transaction_summary(mine, as_of="1997-09-30", merge="day")
    ours.index = ours.index.map(ids.set_index("customer_id").sample_id.astype(int))
    assert len(ours) == 2357
    pd.testing.assert_frame_equal(
        ours.sort_index().round(2), theirs, check_dtype=False, check_names=False, rtol=0, atol=1e-9
    )


@needs_shared
def test_days_weeks_and_months_of_cdnow_hold_the_same_time(cdnow):
    in_days = transaction_summary(cdnow, period="day", merge="day")
    for period in PERIODS:
        other = transaction_summary(cdnow, period=period, merge="day")
        np.testing.assert_allclose(other["T"] * days_per(period), in_days["T"])
        np.testing.assert_allclose(other.recency * days_per(period), in_days.recency)
        assert other.frequency.equals(in_days.frequency)


@given(ROWS, st.sampled_from(PERIODS), st.sampled_from(["period", "day"]))
@settings(max_examples=40, deadline=None)
def test_every_customer_is_as_counted_by_hand(rows, period, merge):
    until = dt.date(2023, 5, 15)
    expected = by_hand(rows, until, period, merge)
    if not expected:
        with pytest.raises(Refused):
            transaction_summary(table_of(rows), value="value", as_of=until, period=period, merge=merge)
        return
    ours = transaction_summary(table_of(rows), value="value", as_of=until, period=period, merge=merge)
    assert list(ours.index) == list(expected)
    np.testing.assert_allclose(ours.to_numpy(float), np.array(list(expected.values())), atol=1e-9)


@given(ROWS, st.randoms())
@settings(max_examples=20, deadline=None)
def test_shuffled_rows_extra_columns_and_other_names_change_nothing(rows, random):
    table = table_of([(c, d, abs(v) / 7) for c, d, v in rows])
    ours = transaction_summary(table, value="value")
    random.shuffle(rows)
    other = table_of([(c, d, abs(v) / 7) for c, d, v in rows]).assign(purchases=1, unit="x", extra=[{}] * len(rows))
    other = other.rename(columns={"customer_id": "value", "date": "day", "value": "customer"})
    again = transaction_summary(other, customer="value", date="day", value="customer")
    pd.testing.assert_frame_equal(again.rename_axis("customer_id"), ours, check_exact=True)


def test_a_frame_an_ibis_table_parquet_and_text_dates_agree(tmp_path):
    rng = np.random.default_rng(1)
    days = pd.Series(pd.to_datetime("2023-01-02") + pd.to_timedelta(rng.integers(0, 400, 500), "D"))
    customers = pd.Series(rng.integers(0, 60, 500)).map("{:05d}".format)
    table = pd.DataFrame({"customer_id": customers, "date": days, "value": rng.lognormal(size=500)})
    table.to_parquet(tmp_path / "t.parquet")
    engine = ibis.duckdb.connect()
    ours = transaction_summary(table, value="value")
    assert ours.index[0] == "00000"
    for other in (
        ibis.memtable(table),
        engine.read_parquet(tmp_path / "t.parquet"),
        engine.create_table("own", table),
        table.assign(date=days.dt.strftime("%Y-%m-%d")),
        table.assign(date=days.dt.date),
        table.assign(date=days + pd.Timedelta(hours=23)),
        table.assign(date=(days + pd.Timedelta(hours=23)).dt.tz_localize("Asia/Shanghai")),
        table.assign(customer_id=customers.astype("category")),
    ):
        pd.testing.assert_frame_equal(transaction_summary(other, value="value"), ours, check_exact=True)


def test_rows_after_the_as_of_date_are_ignored():
    table = table_of([("a", "2023-01-01", 1), ("a", "2023-02-01", 5), ("b", "2023-02-02", 5)])
    ours = transaction_summary(table, value="value", as_of="2023-01-31")
    assert ours.index.tolist() == ["a"]
    assert ours.frequency.tolist() == [0]


def test_without_an_as_of_date_the_last_date_counts():
    table = table_of([("a", "2023-01-02", 1), ("b", "2023-01-16", 1)])
    ours = transaction_summary(table)
    assert ours["T"].tolist() == [2, 0]
    assert ours.attrs["as_of"] == "2023-01-16"
    assert list(ours.columns) == ["frequency", "recency", "T"]


def test_a_purchase_of_nothing_is_a_purchase():
    ours = transaction_summary(table_of([("a", "2023-01-01", 0), ("a", "2023-02-01", 0)]), value="value")
    assert ours.frequency.tolist() == [1]
    assert ours.monetary_value.tolist() == [0]


def test_a_refund_is_no_purchase_but_lowers_the_value():
    table = table_of([("a", "2023-01-01", 9), ("a", "2023-02-01", 8), ("a", "2023-03-01", -2), ("b", "2023-03-01", -1)])
    ours = transaction_summary(table, value="value", period="day")
    assert ours.loc["a"].tolist() == [1, 31, 59, 6]
    assert "b" not in ours.index
    assert (ours.attrs["refunds"], ours.attrs["refund_only_customers"]) == (2, 1)


def test_a_margin_below_zero_is_a_purchase_when_said_so():
    table = table_of([("a", "2023-01-01", -9), ("a", "2023-02-01", -8), ("b", "2023-03-01", None)])
    ours = transaction_summary(table, value="value", negative="purchase")
    assert ours.frequency.tolist() == [1, 0]
    assert ours.monetary_value.tolist() == [-8, 0]
    assert ours.attrs["refunds"] == 0


def test_a_purchase_without_value_counts_but_has_no_part_in_the_mean():
    table = table_of(
        [
            ("a", "2023-01-01", 9),
            ("a", "2023-02-01", None),
            ("a", "2023-03-01", 4),
            ("b", "2023-01-01", 1),
            ("b", "2023-02-01", float("nan")),
        ]
    )
    ours = transaction_summary(table, value="value")
    assert ours.frequency.tolist() == [2, 1]
    assert ours.monetary_value.iloc[0] == 4
    assert np.isnan(ours.monetary_value.iloc[1])
    assert ours.attrs["purchases_without_value"] == 2


def test_the_attributes_survive_comparison_and_copy():
    ours = transaction_summary(table_of([("a", "2023-01-01", 1)]), value="value")
    assert ours.copy().attrs == ours.attrs
    assert pd.concat([ours, ours]).attrs == ours.attrs
    assert ours.attrs["period"] == "week"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"customer": "customer"}, r"no column 'customer' \(did you mean 'customer_id'"),
        ({"value": "valeu"}, "did you mean 'value'"),
        ({"as_of": "31/12/2023"}, "YYYY-MM-DD"),
        ({"as_of": "2020-01-01"}, "up to 2020-01-01: its first is on 2023-01-01"),
        ({"period": "fortnight"}, "fortnight"),
        ({"merge": "week"}, "merge='week'"),
        ({"negative": "loss"}, "negative='loss'"),
        ({"value": "customer_id"}, "not numbers"),
        ({"date": "value"}, "holds int64"),
    ],
)
def test_wrong_arguments_are_refused_with_what_to_do(arguments, message):
    with pytest.raises(Refused, match=message):
        transaction_summary(table_of([("a", "2023-01-01", 1)]), **arguments)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "2023-01-01", 1), (None, "2023-01-01", 1)], "1 row has no customer in column 'customer_id'"),
        ([("a", "2023-01-01", 1), ("b", None, 1), ("c", None, 1)], "2 rows have no date .* in column 'date'"),
        ([("a", "01.02.2023", 1)], "no date .*ISO"),
        ([("a", "2023-02-30", 1)], "no date .*ISO"),
        ([("a", "2023-02-20", -1)], "refunds but no purchase"),
        ([("a", "2023-02-20", 1), (5, "2023-02-20", 1)], "mixes types"),
        ([], "no rows"),
    ],
)
def test_bad_rows_are_refused_with_their_count(rows, message):
    with pytest.raises(Refused, match=message):
        transaction_summary(table_of(rows), value="value" if rows else None)


def test_an_engines_time_zone_is_refused_as_ambiguous():
    zoned = ibis.memtable({"customer_id": ["a"], "date": ["2023-01-01 23:00"]})
    zoned = zoned.mutate(date=zoned.date.cast("timestamp('UTC')"))
    with pytest.raises(Refused, match="time zone UTC"):
        transaction_summary(zoned)


def test_something_that_is_no_table_is_refused():
    with pytest.raises(Refused, match="not list"):
        transaction_summary([("a", "2023-01-01")])
