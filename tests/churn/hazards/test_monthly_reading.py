"""Where a panel may lie, and which panels are refused."""

import ibis
import numpy as np
import pandas as pd
import pytest
from monthly_data import NAMES, customer_months

from clvlab.churn.hazards.monthly import model as monthly
from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.churn.hazards.monthly.source import customer_numbers, pieces
from clvlab.refusal import Refused


@pytest.fixture(scope="module")
def months():
    return customer_months()


@pytest.fixture(scope="module")
def fit(months):
    return monthly_hazard(months, NAMES)


def same(found, expected):
    pd.testing.assert_series_equal(found.params_, expected.params_)
    pd.testing.assert_frame_equal(found.robust_covariance_, expected.robust_covariance_)
    assert found.diagnostics_ == expected.diagnostics_


def test_a_parquet_file_gives_what_the_frame_gives(months, fit, tmp_path):
    months.to_parquet(tmp_path / "panel.parquet", row_group_size=700)
    found = monthly_hazard(tmp_path / "panel.parquet", NAMES)
    same(found, fit)
    np.testing.assert_allclose(found.hazard(str(tmp_path / "panel.parquet")), fit.hazard(months))
    np.testing.assert_allclose(found.survival(tmp_path / "panel.parquet"), fit.survival(months))
    pd.testing.assert_frame_equal(
        found.proportional_hazards(tmp_path / "panel.parquet").frame, fit.proportional_hazards(months).frame
    )


def test_a_folder_of_parquet_files_is_one_panel(months, fit, tmp_path):
    for number, start in enumerate(range(0, len(months), 1_000)):
        months.iloc[start : start + 1_000].to_parquet(tmp_path / f"{number:02d}.parquet")
    same(monthly_hazard(tmp_path, NAMES), fit)


def test_an_ibis_table_is_read_as_it_is_asked_for(months, fit):
    table = ibis.memtable(months.assign(unused="x"))
    same(monthly_hazard(table.mutate(event=table.event.cast("boolean").cast("int8")), NAMES), fit)
    np.testing.assert_allclose(fit.survival(table), fit.survival(months))


@pytest.mark.parametrize("rows", [2_500, 50])
def test_where_the_search_begins_does_not_change_where_it_ends(months, fit, monkeypatch, rows):
    """A part of a large panel is fitted first, unless too few left in it."""
    monkeypatch.setattr(monthly, "_SAMPLE", rows)
    found = monthly_hazard(months, NAMES)
    np.testing.assert_allclose(found.params_, fit.params_, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found.robust_covariance_, fit.robust_covariance_, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("kind", ["category", "integer"])
def test_customers_may_be_named_in_any_way(months, fit, kind):
    names = months["customer_id"].astype("category")
    same(monthly_hazard(months.assign(customer_id=names if kind == "category" else names.cat.codes), NAMES), fit)


def test_rows_come_in_pieces_of_the_size_asked_for(months):
    read = list(pieces(months, ["entry", "late"], rows_at_once=1_000))
    assert {len(piece["entry"]) for piece in read[:-1]} == {1_000}
    np.testing.assert_array_equal(np.concatenate([piece["late"] for piece in read]), months["late"])


def test_customers_are_numbered_in_the_order_of_their_first_row():
    assert customer_numbers(pd.DataFrame({"customer_id": ["b", "a", "b", "c"]})).tolist() == [0, 1, 0, 2]


def test_columns_of_booleans_and_decimals_are_numbers(months, fit, tmp_path):
    same(monthly_hazard(months.assign(event=months["event"] == 1, late=months["late"].astype(object)), NAMES), fit)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"late": np.nan}, r"Row 0 \(counted from 0\) has no finite number in column 'late'; fill or remove"),
        ({"late": np.inf}, "has no finite number in column 'late'"),
        ({"late": "much"}, "Column 'late' holds .*string, not numbers; give numbers"),
        ({"event": 2}, "Row 0 .* has an event that is neither 0 nor 1"),
        ({"entry": -1.0}, "Row 0 .* has a negative entry"),
        ({"duration": -1.0}, "Row 0 .* has a duration below its entry"),
        ({"exposure": -1.0}, "Row 0 .* has a duration below its entry"),
        ({"month": 202501}, "Column 'month' must hold month numbers as clvlab.periods.period_index gives them"),
        ({"month": 600.5}, "Column 'month' must hold month numbers"),
        ({"customer_id": None}, "Row 0 .* has no customer_id"),
    ],
)
def test_values_that_cannot_be_are_refused(months, change, sentence):
    with pytest.raises(Refused, match=sentence):
        monthly_hazard(months.assign(**change), NAMES)


def test_the_row_named_is_that_of_the_whole_panel(months):
    late = months["late"].where(np.arange(len(months)) != 3_210)
    with pytest.raises(Refused, match=r"Row 3,210 \(counted from 0\) has no finite number"):
        list(pieces(months.assign(late=late), ["late"], rows_at_once=1_000))


def test_columns_that_are_missing_are_named(months):
    for missing in ("customer_id", "month", "entry", "duration", "event", "late"):
        with pytest.raises(Refused, match=f"The table has no column '{missing}'"):
            monthly_hazard(months.drop(columns=missing), NAMES)
    with pytest.raises(Refused, match="The table has no column 'cause'"):
        monthly_hazard(months, NAMES, cause="price")
    with pytest.raises(Refused, match="The table has no column 'known'"):
        monthly_hazard(months, NAMES, offset="known")


def test_a_prediction_names_the_column_it_lacks(months, fit):
    with pytest.raises(Refused, match="The table has no column 'price'"):
        fit.hazard(months.drop(columns="price"))


def test_files_that_are_no_panel_are_refused(tmp_path):
    with pytest.raises(Refused, match="There is no file or folder"):
        monthly_hazard(tmp_path / "panel.parquet", NAMES)
    (tmp_path / "panel.csv").write_text("customer_id,month\n")
    with pytest.raises(Refused, match="holds something else than Parquet files"):
        monthly_hazard(tmp_path / "panel.csv", NAMES)
    with pytest.raises(Refused, match="Give a DataFrame, an Ibis table or the path of Parquet files, not list"):
        monthly_hazard([1, 2], NAMES)


def test_columns_that_mix_kinds_of_values_are_refused(months):
    mixed = months["late"].astype(object)
    mixed.iloc[1] = "much"
    with pytest.raises(Refused, match=r"mixes kinds of values within a column: .*late"):
        monthly_hazard(months.assign(late=mixed), NAMES)


def test_covariates_are_named_once_and_intervals_have_a_coverage(months):
    with pytest.raises(Refused, match="name each once"):
        monthly_hazard(months, ["late", "late"])
    with pytest.raises(Refused, match="confidence is 95"):
        monthly_hazard(months, NAMES, confidence=95)
    for knots in [(5.0,), (5.0, 3.0), (-1.0, 3.0)]:
        with pytest.raises(Refused, match="age_knots must be two or more ages in months"):
            monthly_hazard(months, NAMES, age_knots=knots)
