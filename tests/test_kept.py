"""Results come back from the cache as they were, and nothing in them is ever run."""

import json
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from clvlab.cache import CACHE_VARIABLE
from clvlab.kept import kept, read, write
from clvlab.results import Headline, Table
from clvlab.shrinkage import pool_rates

plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.datetimes().map(lambda at: at.replace(fold=0))
)
nested = st.recursive(
    plain, lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner)
)


def back(result: object, folder) -> object:
    folder.mkdir()
    write(result, folder)
    return read(folder)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "kept"


@given(nested)
def test_plain_values_and_containers_come_back_as_they_were(tmp_path_factory, value):
    found = back(value, tmp_path_factory.mktemp("kept") / "x")
    assert repr(found) == repr(value)  # a missing number equals nothing, not even itself


@given(arrays.arrays(st.sampled_from(["f8", "i4", "bool", "datetime64[D]", "U5"]), arrays.array_shapes()))
def test_arrays_come_back_to_the_last_bit(tmp_path_factory, array):
    found = back(array, tmp_path_factory.mktemp("kept") / "x")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"n": [1, 2], "x": [0.1, np.nan], "on": pd.to_datetime(["2025-01-01", None])}, index=["a", "b"]),
        pd.DataFrame({"tier": pd.Categorical(["core", "regular"], ["regular", "core"], ordered=True)}),
        pd.DataFrame({"day": [date(2025, 1, 1), None], "whole": pd.Series([1, None], dtype="Int64")}),
        pd.DataFrame(
            {"month": pd.to_datetime(["2025-01-01"]).as_unit("s")}, pd.DatetimeIndex(["2025-02-01"], name="m")
        ),
        pd.DataFrame([[1.0, 2.0]], columns=pd.MultiIndex.from_tuples([("a", 3), ("a", 6)], names=["who", "months"])),
        pd.DataFrame({3: [1], 6: [2]}, pd.MultiIndex.from_tuples([("a", date(2025, 1, 1))], names=["who", "on"])),
        pd.DataFrame(columns=["nothing"]),
    ],
)
def test_frames_come_back_with_their_types_and_names(frame, place):
    pd.testing.assert_frame_equal(back(frame, place), frame, check_exact=True)


def test_series_and_indexes_come_back(place):
    series = pd.Series([1.5, np.nan], pd.Index(["a", "b"], name="customer_id"), name=("value", 12))
    found, index = back((series, series.index), place)
    pd.testing.assert_series_equal(found, series)
    pd.testing.assert_index_equal(index, series.index)


def test_objects_of_the_package_come_back_with_their_fields(place):
    result = {"one": Headline("on time", 91.2, "%", 90.0, 92.0), "pooled": pool_rates(pd.Series([1]), pd.Series([4]))}
    found = back(result, place)
    assert found["one"] == result["one"]
    np.testing.assert_array_equal(found["pooled"].estimate, result["pooled"].estimate)


def test_what_a_result_holds_twice_is_kept_and_comes_back_once(place):
    frame = pd.DataFrame({"x": [1.0]})
    first, second = back([frame, {"again": frame}], place)
    assert first is second["again"]
    assert len(list(place.glob("*.parquet"))) == 1


@dataclass
class Foreign:
    x: int = 1


@pytest.mark.parametrize("held", [Foreign(), lambda: 1, object(), Table(pd.DataFrame(), decimals=print)])
def test_what_is_not_of_the_package_is_not_kept(held, place):
    place.mkdir()
    with pytest.raises(TypeError, match="cannot be kept"):
        write([held], place)


@pytest.mark.parametrize(
    "node",
    [
        {"class": ["os", "system"], "fields": {}},
        {"class": ["clvlab.cache", "os"], "fields": {}},
        {"class": ["clvlab.cache", "cache_folder"], "fields": {}},
        {"call": "anything"},
    ],
)
def test_a_file_that_names_anything_else_is_refused(node, place):
    place.mkdir()
    write(None, place)
    (place / "result.json").write_text(json.dumps(node))
    with pytest.raises(ValueError, match="A kept result"):
        read(place)


def test_a_result_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    made = []

    def make() -> dict[str, object]:
        made.append(1)
        return {"on": datetime(2025, 1, 1), "x": np.float64(0.1)}

    assert kept("key", make) == kept("key", make) == {"on": datetime(2025, 1, 1), "x": 0.1}
    assert len(made) == 1


def test_a_refusal_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))

    def refuse() -> None:
        raise RuntimeError("nothing there")

    with pytest.raises(RuntimeError):
        kept("key", refuse)
    assert kept("key", lambda: 3) == 3
