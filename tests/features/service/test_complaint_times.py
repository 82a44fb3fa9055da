"""Complaints that are still open count as open; costs, repeat complainers and refusals."""

import datetime as dt
import warnings

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.features.service.complaints import complaint_costs, complaint_times, repeat_complainers
from clvlab.features.waiting_times import Waiting, waiting_times
from clvlab.refusal import Refused
from clvlab.shrinkage import jeffreys_interval

AS_OF = "2025-12-31"
END = pd.Timestamp("2026-01-01")
CASES = Waiting("cases", "closed", "days", 7)


def complaints(days: list[float], open_for: list[float] = (), **columns) -> dict:
    """Return complaints settled after so many days, and complaints open for so many."""
    opened = [pd.Timestamp("2025-06-01")] * len(days) + [END - pd.Timedelta(days=d) for d in open_for]
    resolved = [opened[0] + pd.Timedelta(days=d) for d in days] + [pd.NaT] * len(open_for)
    frame = pd.DataFrame({"opened_at": opened, "resolved_at": resolved}).astype("datetime64[us]")
    frame["customer_id"] = [f"C{i}" for i in range(len(frame))]
    return {"complaints": ibis.memtable(frame.assign(**columns))}


def test_without_open_ones_the_share_is_that_of_the_counts():
    found = complaint_times(complaints([1, 3, 5, 9, 20]), AS_OF).to_frame().iloc[0]
    lower, upper = jeffreys_interval([3], [5])
    assert found["median"] == 5
    assert found.within_7_days == pytest.approx(0.6)
    assert [found.within_7_days_lower, found.within_7_days_upper] == pytest.approx([lower[0], upper[0]])


def test_an_open_complaint_is_not_dropped():
    # 1 of 4 by day 1, then 3 are left of whom one went unseen after 2 days: 3/4 x 1/2 left after day 5.
    found = complaint_times(complaints([1, 5, 10], open_for=[2]), AS_OF).to_frame().iloc[0]
    assert found.still_open == 1
    assert found.within_7_days == pytest.approx(1 - 3 / 4 * 1 / 2)
    old = complaint_times(complaints([1, 5, 10], open_for=[200]), AS_OF).to_frame().iloc[0]
    assert old.within_7_days == pytest.approx(0.5)


def test_what_the_records_do_not_reach_is_missing():
    one = complaint_times(complaints([], open_for=[3]), AS_OF)
    assert one.to_frame()[["median", "within_7_days"]].isna().all(axis=None)
    assert "cannot be told yet" in one.title
    assert "no median" in " ".join(one.remarks)
    long_open = complaint_times(complaints([], open_for=[30]), AS_OF).to_frame().iloc[0]
    assert long_open.within_7_days == 0
    assert 0 < long_open.within_7_days_upper < 1


def test_one_settled_complaint_gives_a_figure_with_a_wide_interval():
    found = complaint_times(complaints([2]), AS_OF).to_frame().iloc[0]
    assert found["median"] == 2
    assert found.within_7_days_lower < 0.3


def test_complaints_of_one_account_say_less_than_those_of_many():
    days = [1.0] * 10 + [20.0] * 10
    many = complaint_times(complaints(days), AS_OF).to_frame().iloc[0]
    few = complaint_times(complaints(days, customer_id=["a"] * 10 + ["b"] * 10), AS_OF).to_frame().iloc[0]
    assert few.within_7_days == many.within_7_days == 0.5
    assert few.within_7_days_upper - few.within_7_days_lower > 2 * (many.within_7_days_upper - many.within_7_days_lower)


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=25))
def test_the_share_agrees_with_lifelines(cases):
    from lifelines import KaplanMeierFitter

    days, done = np.array([d for d, _ in cases]), np.array([b for _, b in cases])
    found = waiting_times(pd.DataFrame({"minutes": days * 1440, "done": done, "n": 1}), [], CASES).to_frame().iloc[0]
    left = KaplanMeierFitter().fit(days, done).predict(7)
    if days.max() >= 7 or left == 0:
        assert found.within_7_days == pytest.approx(1 - left)
        assert found.within_7_days_lower - 1e-9 <= found.within_7_days <= found.within_7_days_upper + 1e-9
    else:
        assert np.isnan(found.within_7_days)


def test_the_interval_is_greenwoods_in_large_samples():
    from lifelines import KaplanMeierFitter

    rng = np.random.default_rng(1)
    days, seen = rng.exponential(6, 4000), rng.uniform(0, 20, 4000)
    waits = pd.DataFrame({"minutes": np.minimum(days, seen) * 1440, "done": days <= seen, "n": 1})
    found = waiting_times(waits, [], CASES).to_frame().iloc[0]
    fit = KaplanMeierFitter(alpha=0.1).fit(waits.minutes / 1440, waits.done)
    lower, upper = 1 - fit.confidence_interval_.loc[:7].iloc[-1].to_numpy()[::-1]
    assert [found.within_7_days_lower, found.within_7_days_upper] == pytest.approx([lower, upper], abs=0.002)


def test_open_complaints_without_a_party_stand_apart_and_are_said():
    tables = complaints([1, 2], open_for=[9], responsible_party=["own", "carrier", None])
    found = complaint_times(tables, AS_OF, by="responsible_party")
    assert found.to_frame().still_open.sum() == 1
    assert "1 open complaints have no responsible party yet" in found.remarks[0]


def test_settled_before_opened_is_left_out_and_said():
    found = complaint_times(complaints([2, -3]), AS_OF)
    assert found.whole.complaints == 1
    assert "Left out: 1 with resolved_at before opened_at" in found.remarks[0]


def test_refusals_say_what_is_missing():
    with pytest.raises(Refused, match="need the table complaints"):
        complaint_times({}, AS_OF)
    with pytest.raises(Refused, match="no complaint up to 2020-01-01"):
        complaint_times(complaints([1]), "2020-01-01")
    with pytest.raises(Refused, match="needs category in the table complaints"):
        complaint_times(complaints([1]), AS_OF, by="category")


def test_a_claim_is_shared_by_the_complaints_about_its_shipment():
    tables = complaints([1, 2, 3], shipment_id=["S1", "S1", None], category=["damage", "late", "late"])
    tables["shipments"] = ibis.memtable({"shipment_id": ["S1", "S2"], "claim_paid": [100.0, 70.0]})
    found = complaint_costs(tables, AS_OF, {"complaint": 10.0}, "CNY", by="category").to_frame().set_index("category")
    assert found.claims.to_dict() == {"damage": 50.0, "late": 50.0}
    assert found.cost_each["late"] == 35.0
    assert "handling is not costed" in complaint_costs(tables, AS_OF, {}, "CNY").title
    with pytest.raises(Refused, match=r"Needs unit_costs\.complaint"):
        complaint_costs(complaints([1]), AS_OF, {}, "CNY")


def test_only_large_customers_with_two_complaints_are_named():
    orders = ["a"] * 50 + ["b"] * 5 + ["c"] * 40
    sold = {"customer_id": orders, "issued_on": [dt.date(2025, 7, 1)] * 95, "amount": [10.0] * 95}
    tables = complaints([1] * 6, open_for=[3], customer_id=["a", "b", "b", "b", "c", "stranger", "a"])
    tables["invoices"] = ibis.memtable(sold)
    found = repeat_complainers(tables, AS_OF, top_share=0.67)
    assert found.to_frame().customer_id.tolist() == ["a"]
    assert found.to_frame().still_open.tolist() == [1]
    assert found.title.startswith("1 of 2 large customers")


def test_the_curves_of_the_demo_are_drawn(small_study):
    tables = small_study.records.tables
    for options in ({}, {"by": "category"}, {"by": "customer_id"}, {"period": "quarter"}):
        times = complaint_times(tables, small_study.as_of, **options)
        ax = times.plot()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ax.get_figure().canvas.draw()
        assert "within 7 days" in ax.get_figure().get_suptitle()
        assert repr(times)
