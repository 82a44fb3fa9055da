"""A handful of dates far beyond the rest is not obeyed; a holiday, a slow week or a small file is."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.records.outliers import robust_ends


def ends(days):
    table = ibis.memtable(pd.DataFrame({"at": pd.to_datetime(days).round("s")}))
    return robust_ends(table, ["at"]).get("at")


BODY = pd.date_range("2024-01-01", "2024-12-31", periods=2000)


def test_bookings_months_after_the_rest_are_outliers():
    found = ends([*BODY, "2025-03-03", "2025-05-01", "2025-08-12"])
    assert found.first is None
    assert str(found.last)[:10] == "2024-12-31"


def test_a_date_of_1899_is_an_outlier_at_the_other_end():
    found = ends([*BODY, "1899-12-30"])
    assert str(found.first)[:10] == "2024-01-01"
    assert found.last is None


def test_a_pause_of_two_weeks_and_a_few_rows_after_it_are_no_outliers():
    assert ends([*BODY, "2025-01-14", "2025-01-15"]) is None


def test_steady_dates_have_no_outliers():
    assert ends(BODY) is None


@pytest.mark.parametrize("rows", [1, 2, 5, 40])
def test_a_small_file_is_believed(rows):
    assert ends(pd.date_range("2020-01-01", "2025-01-01", periods=rows)) is None


def test_sparse_dates_are_believed_whatever_their_gaps():
    random = np.random.default_rng(3)
    days = pd.Timestamp("2015-01-01") + pd.to_timedelta(np.cumsum(random.exponential(20, 120)), "D")
    assert ends(days) is None


def test_missing_dates_do_not_count():
    assert ends([*BODY, pd.NaT]) is None
    assert ends([pd.NaT, pd.NaT]) is None


def test_a_billing_run_that_has_only_begun_is_believed():
    runs = [month for month in pd.date_range("2020-01-01", "2024-12-01", freq="MS") for _ in range(60)]
    assert ends([*runs, *["2025-01-01"] * 6]) is None


def test_a_slow_start_after_the_new_year_holiday_is_believed():
    days = pd.date_range("2023-01-01", "2024-02-06", periods=3000)
    assert ends([*days, "2024-02-22", "2024-02-27", "2024-03-01", "2024-03-05", "2024-03-10"]) is None
