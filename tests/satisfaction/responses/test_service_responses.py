"""What one point does, from records: told where it can be, declared where it cannot."""

from __future__ import annotations

import pandas as pd
import pytest

from clvlab.satisfaction.responses.chain import response_to_satisfaction, through_satisfaction
from clvlab.satisfaction.responses.customer_months import CustomerMonths
from clvlab.satisfaction.responses.responses import Response, ServiceResponses, responses_of, service_responses
from clvlab.study import Study


@pytest.fixture(scope="module")
def told(small_study: Study) -> ServiceResponses:
    base = small_study.churn.base
    return service_responses(base.records.tables, base.orders, base.rhythm, base.as_of, base.window_start)


def test_every_indicator_has_a_row_told_or_declared(told: ServiceResponses) -> None:
    frame = told.to_frame().set_index("kpi")
    assert len(frame) == 8
    one = frame.loc["on_time_delivery"]
    assert one["leaving_lower"] < one["leaving"] < one["leaving_upper"]
    assert (frame["needs"].str.len() > 0).equals(frame["identified"] != "leaving and orders")


def test_rows_are_whole_and_chances_are_chances(told: ServiceResponses) -> None:
    frame = told.months.frame
    assert frame["unseen"].between(0, 1).all()
    assert told.months.silent.between(0, 1).all()
    assert (frame["length"] > 0).all()
    assert frame["customer_id"].drop_duplicates().tolist() == told.months.silent.index.tolist()


def test_an_indicator_that_never_varied_is_declared(told: ServiceResponses) -> None:
    constant = CustomerMonths(told.months.frame.assign(late_delivery_mean=0.0), told.months.silent, {})
    row = responses_of(constant).to_frame().set_index("kpi").loc["on_time_delivery"]
    assert row["identified"] == "nothing"
    assert "never varied" in row["needs"]


def test_too_few_leavings_are_declared_and_orders_still_told(told: ServiceResponses) -> None:
    frame = told.months.frame.assign(unseen=0.0)
    found = responses_of(CustomerMonths(frame, pd.Series(1.0, told.months.silent.index), {}))
    assert not found.leaving["on_time_delivery"].told


def test_the_chain_multiplies_and_says_when_it_is_not_told(told: ServiceResponses) -> None:
    response = response_to_satisfaction(told.months)
    chain = through_satisfaction({"on_time_delivery": Response(0.05, 0.0)}, response)["on_time_delivery"]
    if response.leaving.told:
        assert chain[0].estimate == pytest.approx(0.05 * response.leaving.estimate)
    blank = Response(float("nan"), float("nan"), "nobody was asked")
    assert (
        through_satisfaction({"on_time_delivery": blank}, response)["on_time_delivery"][1].needs == "nobody was asked"
    )
