"""A past valuation beside what came, and what to do about the values of today."""

import datetime as dt

import numpy as np
import pytest

from clvlab.clv.valuing.advice import to_do
from clvlab.clv.valuing.hindsight import hindsight
from clvlab.opening import open_study
from clvlab.periods import discount_factor
from clvlab.refusal import Refused
from clvlab.simulate import simulate

ON = dt.date(2024, 12, 31)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("market")
    simulate(200, 36, 5).write(folder)
    return open_study(folder)


@pytest.fixture(scope="module")
def past(study):
    return hindsight(study.at(ON).clv, study.records, study.purchases, study.as_of)


def test_what_came_is_margin_less_recorded_costs_discounted_to_the_day(study, past):
    who = past.customers["actual"].abs().idxmax()
    rows = study.purchases.table.execute()
    rows = rows[(rows.customer_id == who) & rows.value.notna()]
    costs = study.records["contacts"].execute()
    costs = costs[costs.customer_id == who]
    campaigns = study.records["campaigns"].execute()
    campaigns = campaigns[campaigns.customer_id == who]

    def worth(dates, amounts):
        days = (np.asarray(dates, dtype="datetime64[D]") - np.datetime64(ON)).astype(int)
        kept = (days > 0) & (days <= 365)
        return float((np.asarray(amounts)[kept] * discount_factor(0.1, days[kept])).sum())

    came = worth(rows.date, rows.value) - worth(costs.contacted_at, costs.cost.fillna(0))
    came -= worth(campaigns.started_on, campaigns.cost.fillna(0))
    assert past.customers.loc[who, "actual"] == pytest.approx(came)


def test_every_customer_of_the_day_is_there_once_and_the_sums_agree(study, past):
    assert set(past.customers.index) == set(past.before.frame.index)
    assert past.customers.index.is_unique
    frame = past.to_frame().set_index("forecaster")
    assert frame.loc["valuation", "total"] == pytest.approx(past.total[0])
    tenths = past.by_tenth()
    assert tenths["actual"].sum() == pytest.approx(past.total[1])
    assert tenths["expected"].is_monotonic_decreasing
    low, high = past.interval
    assert low < past.total[0] < high


def test_the_title_of_the_figure_says_whether_the_interval_held(past):
    drawn = past.plot()
    low, high = past.interval
    word = "inside" if low <= past.total[1] <= high else "outside"
    assert f"{word} the interval" in " ".join(drawn.get_figure().get_suptitle().split())


def test_records_that_do_not_reach_that_far_are_refused(study):
    with pytest.raises(Refused, match="nothing is known after 2025-12-31"):
        hindsight(study.clv, study.records, study.purchases, study.as_of)


def test_what_to_do_names_customers_and_money(study):
    sentences = to_do(study.clv, study.records).to_frame()["sentence"]
    contracts = sentences[sentences.str.contains("ending within half a year")]
    assert len(contracts) == 1
    ends = study.records["contracts"].execute().groupby("customer_id")["ends_on"].max()
    named = [word.strip("(),.") for word in contracts.iloc[0].split() if word.startswith("C0")]
    assert named
    last = ends[named].astype("datetime64[ns]")
    assert last.between(str(study.as_of), "2026-07-03").all()
    assert (study.clv.frame.loc[named, "tie"] == "contract").all()
    assert sentences.str.contains("A hundredth more retention").sum() == 1
    assert sentences.str.contains("CNY").all()


def test_the_headline_says_whether_what_came_lies_in_the_interval_of_the_valuation(past):
    expected, came = past.total
    low, high = past.interval
    (told,) = past.headlines().to_frame().to_dict("records")
    assert (told["value"], told["lower"], told["upper"]) == (expected, low, high)
    assert ("within the interval" in told["note"]) == (low <= came <= high)
    assert f"came: {came:,.0f}" in told["note"]
