"""A selection names customers, or the values of a column, from the records; the same records give the same list."""

from __future__ import annotations

import pytest
from tiny_project import make_project

from clvlab import open_study
from clvlab.refusal import Refused
from clvlab.reporting.selections import reader
from clvlab.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    root = make_project(tmp_path_factory.mktemp("selections"))
    data = root / "data" / "tiny"
    (data / "customers.csv").write_text("customer_id,region,name\n007,south,<b>\nb,north,=1+1\nc,south,\nd,,../x\n")
    return open_study(data)


def test_the_largest_come_by_last_year_s_revenue_the_codes_in_order_where_it_is_equal(study):
    assert reader("the 1 largest")(study) == ["b"]
    assert reader("the 3 largest")(study)[:2] == ["b", "007"]
    assert reader("the 1 largest")(study) == [study.accounts.largest]


def test_every_value_of_a_column_is_named_once_in_order_and_a_missing_region_is_a_group_of_its_own(study):
    assert reader("every region")(study) == ["north", "south", "not recorded"]
    assert reader("every name")(study) == ["../x", "<b>", "=1+1"]
    assert reader("every customer_id")(study) == ["007", "b", "c", "d"]


def test_a_column_that_is_not_there_is_refused_with_those_that_are(study):
    with pytest.raises(
        Refused, match=r"no column 'regoin' to make one report for each of \(did you mean 'region'\?\); there are "
    ):
        reader("every regoin")(study)
    with pytest.raises(Refused, match=r"there are customer_id, .*region.* and tier\."):
        reader("every xyz")(study)


def test_the_watch_list_refuses_as_the_study_does(study):
    with pytest.raises(Refused, match="needs 12 weeks"):
        reader("the watch list's top 3")(study)


@pytest.mark.parametrize(
    "text",
    ["", "20 largest", "the largest", "the 0 largest", "the 1e9 largest", "the -1 largest", "the 5 largest ", "every",
     "every  region", "every region; drop table", "The 5 largest", "the watch lists top 3", "the 9999999 largest"],
)  # fmt: skip
def test_anything_else_is_no_selection(text):
    with pytest.raises(Refused, match="is no selection; write"):
        reader(text)
