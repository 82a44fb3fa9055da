"""The fifteen indicators, each on tables small enough to work out by hand."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from grading_cases import AS_OF, every, market, measure, shipped, table

from clvlab.assumptions import Assumptions
from clvlab.features.ledger import Ledger
from clvlab.opening import open_study
from clvlab.records.importing import import_files
from clvlab.records.mapping import read_mapping
from clvlab.tiers.grading.fifteen import FIFTEEN, scorecard_indicators
from clvlab.tiers.grading.last_year import LastYear

WEEKLY = every(7)
STEADY = shipped("a", WEEKLY), shipped("b", WEEKLY)


def value(tables, name: str) -> pd.Series:
    return measure(tables).values[name]


def error(tables, name: str) -> pd.Series:
    return measure(tables).errors[name]


# -- the scheme


def test_there_are_fifteen_four_four_four_and_three():
    counts = pd.Series([one.dimension for one in FIFTEEN]).value_counts()
    assert counts.to_dict() == {"financial": 4, "potential": 4, "stability": 4, "risk": 3}
    assert len({one.name for one in FIFTEEN}) == 15


def test_what_the_records_cannot_tell_is_missing_and_no_column():
    found = measure(market(*STEADY))
    assert set(found.values) == {"volume", "growth", "tenure", "order_regularity"}
    assert set(found.missing) | set(found.values) == {one.name for one in FIFTEEN}
    assert found.missing["strategic_fit"].needs == "strategic_fit in customers"
    assert set(found.known.index) == set(found.values) == set(found.errors)


def test_errors_are_missing_where_values_are():
    found = measure(
        market(*STEADY, shipped("c", ["2025-06-01"]), brand_influence=[1, None, 3], strategic_fit=[1, 2, None])
    )
    pd.testing.assert_frame_equal(found.values.isna(), found.errors.isna())


def test_those_asked_for_are_found_by_their_codes():
    tables = market(*STEADY, strategic_fit=[1, 2])
    year = LastYear(Ledger(tables, AS_OF), Assumptions())
    found = scorecard_indicators(year, pd.Series([True, False], ["b", "a"]))
    assert found.values["strategic_fit"].to_dict() == {"b": 2}
    assert found.errors.index.tolist() == ["b"]


def test_ratings_without_a_date_are_named():
    assert "credit_rating" in " ".join(measure(market(*STEADY, credit_rating=["A", "B"])).remarks)


# -- financial


def test_volume_is_the_weight_of_the_last_365_days():
    days = ["2024-12-31", "2025-01-01", "2025-06-01", "2025-12-31"]
    tables = market(shipped("a", days, weight=[1000.0, 1.0, 20.0, 300.0]))
    assert value(tables, "volume").to_dict() == {"a": 321.0}
    assert error(tables, "volume").to_dict() == {"a": 0.0}
    assert measure(tables).known["volume"].unit == "kg a year"


def test_without_weight_volume_is_orders():
    tables = market(shipped("a", ["2024-01-01", "2025-06-01", "2025-06-02"]))
    assert value(tables, "volume")["a"] == 2
    assert measure(tables).known["volume"].unit == "orders a year"


def test_what_was_refused_counts_nowhere():
    assert (
        value(market(shipped("a", ["2024-01-01", "2025-06-01", "2025-06-02"], refused=[False, False, True])), "volume")[
            "a"
        ]
        == 1
    )


def test_no_order_in_the_year_is_a_volume_of_0():
    tables = market(shipped("a", WEEKLY), shipped("b", ["2023-02-01"]))
    assert (value(tables, "volume")["b"], error(tables, "volume")["b"]) == (0, 0)


def test_a_shipment_not_weighed_counts_as_the_customers_mean():
    tables = market(shipped("a", ["2023-01-01", *["2025-06-01"] * 3], weight=[1.0, 100.0, 300.0, None]))
    assert value(tables, "volume")["a"] == 600
    assert error(tables, "volume")["a"] == pytest.approx(np.sqrt((100**2 + 300**2) / 2))


def test_weights_all_unknown_are_not_0():
    tables = market(shipped("a", WEEKLY, weight=np.nan), shipped("b", WEEKLY, weight=5.0))
    assert np.isnan(value(tables, "volume")["a"])


def test_revenue_is_less_rebate():
    tables = market(shipped("a", ["2023-01-01", "2025-02-01", "2025-03-01"], revenue=100.0, rebate=[0.0, 10.0, None]))
    assert value(tables, "revenue")["a"] == 190


def test_a_new_customer_is_brought_to_a_whole_year_and_is_less_sure():
    new = every(7, since="2025-07-06")  # 26 orders in 179 days
    file = {"onboarded_on": [dt.date(2020, 1, 1), new[0].date(), dt.date(2025, 12, 25)]}
    tables = market(shipped("a", WEEKLY), shipped("b", new), shipped("c", ["2025-12-25"]), **file)
    found = measure(tables)
    volume, unsure = found.values["volume"], found.errors["volume"]
    assert volume["a"] == 53
    assert volume["b"] == pytest.approx(53, abs=6)
    assert 1 < volume["c"] < 53
    assert unsure["a"] == 0 < unsure["b"] / volume["b"] < unsure["c"] / volume["c"]
    assert any(remark.startswith("2 customers came within the year") for remark in found.remarks)


def test_a_year_of_a_new_customer_is_right_on_average_and_its_error_holds():
    rng, rates = np.random.default_rng(3), np.random.default_rng(4).gamma(2, 10, 300)
    began = pd.Timestamp("2025-12-31") - pd.to_timedelta(rng.integers(30, 300, 300), "D")
    blocks, whole = [shipped("000", WEEKLY)], {}
    for i, (rate, first) in enumerate(zip(rates, began, strict=True), 1):
        offsets = [0, *sorted(rng.integers(0, 365, rng.poisson(rate)))]
        days = first + pd.to_timedelta(offsets, "D")
        blocks.append(shipped(f"{i:03}", days[days <= "2025-12-31"]))
        whole[f"{i:03}"] = len(days)
    file = {"onboarded_on": [dt.date(2020, 1, 1), *began.date]}
    found = measure(market(*blocks, **file))
    came = pd.Series(whole)
    guessed, unsure = found.values["volume"][came.index], found.errors["volume"][came.index]
    assert guessed.sum() == pytest.approx(came.sum(), rel=0.06)
    assert (abs(guessed - came) <= 1.645 * unsure + 0.5).mean() == pytest.approx(0.9, abs=0.05)


def test_margin_rate_nears_the_customers_own_with_many_orders():
    rich = shipped("a", WEEKLY, revenue=100.0, direct_cost=60.0)
    poor = shipped("b", WEEKLY, revenue=100.0, direct_cost=95.0)
    few = shipped("c", ["2025-06-01"], revenue=100.0, direct_cost=[60.0])
    noise = np.random.default_rng(5).normal(0, 8, len(WEEKLY))
    rich["direct_cost"] += noise
    poor["direct_cost"] -= noise
    found = measure(market(rich, poor, few))
    rate, unsure = found.values["margin_rate"], found.errors["margin_rate"]
    assert rate["a"] == pytest.approx(0.40, abs=0.03)
    assert rate["b"] == pytest.approx(0.05, abs=0.03)
    assert rate["b"] < rate["c"] < 0.4
    assert unsure["c"] > 3 * unsure["a"] > 0


def test_what_serving_costs_comes_off_the_margin_rate():
    blocks = [shipped(name, WEEKLY, revenue=100.0, direct_cost=70.0) for name in "ab"]
    contacts = table(
        contact_id=[str(i) for i in range(50)], customer_id=["b"] * 50, kind=["visit"] * 50,
        contacted_at=list(pd.date_range("2025-01-10", periods=50, freq="7D")),
    )  # fmt: skip
    tables = market(*blocks) | {"contacts": contacts}
    plain, costed = measure(tables).values["margin_rate"], measure(tables, visit=10.6).values["margin_rate"]
    assert plain["a"] == pytest.approx(0.3, abs=0.01)
    assert costed["a"] - costed["b"] == pytest.approx(0.1, abs=0.02)


def invoices(**paid: list[str | None]) -> ibis.Table:
    """Bills due on the first days of 2025, by the day each was paid."""
    rows = [(who, f"2025-02-{i + 1:02}", day) for who, days in paid.items() for i, day in enumerate(days)]
    frame = pd.DataFrame(rows, columns=["customer_id", "due_on", "paid_on"]).assign(amount=5.0, issued_on="2025-01-05")
    days = {name: pd.to_datetime(frame[name]) for name in ("due_on", "paid_on", "issued_on")}
    return ibis.memtable(frame.assign(**days, invoice_id=frame.index.astype(str)))


def test_payment_is_timely_by_the_due_day_and_late_while_unpaid():
    tables = market(*STEADY) | {
        "invoices": invoices(a=["2025-01-20"] * 20, b=["2025-01-20"] * 10 + ["2025-03-09", None] * 5)
    }
    share = value(tables, "payment_timeliness")
    assert share["a"] > 0.9
    assert share["b"] == pytest.approx(0.5, abs=0.06)
    assert error(tables, "payment_timeliness")["b"] == pytest.approx(np.sqrt(0.25 / 20), rel=0.2)


def test_invoices_due_on_one_day_are_one_bill():
    once = invoices(a=["2025-01-20"] * 20, b=["2025-03-09"] * 4)
    twice = once.union(once)
    tables = market(*STEADY)
    assert value(tables | {"invoices": once}, "payment_timeliness").equals(
        value(tables | {"invoices": twice}, "payment_timeliness")
    )


# -- potential


def test_growth_compares_the_last_year_with_the_one_before():
    double = shipped("a", [*every(2, "2025-12-31", "2025-01-01"), *every(4, "2024-12-31", "2024-01-02")])
    tables = market(double, shipped("b", every(2, since="2024-01-01")), shipped("c", ["2023-06-01"]))
    growth = value(tables, "growth")
    assert growth["a"] == pytest.approx(1.0, abs=0.15)
    assert growth["b"] == pytest.approx(0.0, abs=0.05)
    assert np.isnan(growth["c"])


def test_growth_of_few_orders_is_drawn_towards_the_others_and_less_sure():
    steady = [shipped(f"s{i}", every(3 + i, since="2024-01-01")) for i in range(6)]
    tables = market(*steady, shipped("few", ["2023-01-01", "2024-05-01", "2025-03-01", "2025-05-01"]))
    assert 0 < value(tables, "growth")["few"] < 0.3
    assert error(tables, "growth")["few"] > error(tables, "growth")["s0"]


def test_who_came_during_the_year_before_is_compared_over_the_same_days():
    half = every(3, since="2024-07-01")  # as many orders in the second half of both years
    ever = shipped("a", every(3, since="2024-01-01"))
    file = {"onboarded_on": [dt.date(2020, 1, 1), dt.date(2024, 7, 1), dt.date(2024, 11, 1)]}
    tables = market(ever, shipped("b", half), shipped("c", every(3, since="2024-11-01")), **file)
    growth = value(tables, "growth")
    assert growth["b"] == pytest.approx(0.0, abs=0.1)
    assert np.isnan(growth["c"])  # fewer than 91 days of the year before


def test_growth_is_in_revenue_where_there_is_any():
    dearer = shipped("a", every(3), revenue=np.where(every(3) > "2024-12-31", 150.0, 100.0))
    assert value(market(dearer, shipped("b", every(3), revenue=100.0)), "growth")["a"] == pytest.approx(0.5, abs=0.1)


def test_breadth_counts_services_of_the_year():
    services = ["rail", "road", "road", "air"]
    tables = market(shipped("a", ["2024-01-01", "2025-02-01", "2025-03-01", "2025-04-01"], service=services))
    assert value(tables, "breadth")["a"] == 2
    assert error(tables, "breadth")["a"] == 0


def test_standing_is_brand_influence_and_customers_referred():
    tables = market(*STEADY, shipped("c", WEEKLY), brand_influence=[5, 1, None], referred_by=[None, "a", "a"])
    standing = value(tables, "standing")
    assert standing["a"] == pytest.approx((1 + 2 / 3) / 2)
    assert standing["b"] == 0
    assert standing["c"] == pytest.approx((0.5 + 0) / 2)  # unrated: the mean of the others
    assert error(tables, "standing")["c"] > error(tables, "standing")["a"] > 0


def test_strategic_fit_is_as_rated():
    assert value(market(*STEADY, strategic_fit=[4, 2]), "strategic_fit").to_dict() == {"a": 4, "b": 2}


# -- stability


def test_tenure_is_from_onboarding_or_the_first_order():
    file = {"onboarded_on": [dt.date(2020, 12, 31), None]}
    tenure = value(market(shipped("a", WEEKLY), shipped("b", ["2024-12-31"]), **file), "tenure")
    assert tenure["a"] == pytest.approx(5, abs=0.01)
    assert tenure["b"] == pytest.approx(1, abs=0.01)


def test_regular_orders_are_more_regular_than_random_ones_and_those_than_bursts():
    rng = np.random.default_rng(6)
    start = pd.Timestamp("2025-01-02")
    kinds = {"burst": 0.3, "chance": 1.0, "clock": 25.0}
    blocks = [
        shipped(f"{kind}{i}", start + pd.to_timedelta(np.cumsum(rng.gamma(shape, 9 / shape, 39)) // 1, "D"))
        for kind, shape in kinds.items() for i in range(6)
    ]  # fmt: skip
    regular = value(market(*blocks), "order_regularity")
    means = {kind: regular[regular.index.str.startswith(kind)].mean() for kind in kinds}
    assert means["burst"] < means["chance"] < means["clock"]
    assert means["chance"] == pytest.approx(1.0, abs=0.35)
    assert means["clock"] > 3


def test_regularity_takes_three_order_days_and_is_surer_with_more():
    tables = market(shipped("a", every(3)), shipped("b", every(60)), shipped("c", ["2025-03-01", "2025-09-01"]))
    assert np.isnan(value(tables, "order_regularity")["c"])
    errors, values = error(tables, "order_regularity"), value(tables, "order_regularity")
    assert errors["a"] / values["a"] < errors["b"] / values["b"]


def test_complexity_is_special_requirements_and_urgent_orders():
    urgent = [i % 4 == 0 for i in range(len(WEEKLY))]
    blocks = (
        shipped("a", WEEKLY, urgent=urgent),
        shipped("b", WEEKLY, urgent=False),
        shipped("c", WEEKLY, urgent=urgent),
    )
    tables = market(*blocks, requirements=["visibility; packaging;temperature", None, "packaging"])
    complexity = value(tables, "requirement_complexity")
    assert complexity["a"] == pytest.approx((1 + 0.5) / 2, abs=0.05)
    assert complexity["b"] == pytest.approx(0, abs=0.02)
    assert complexity["a"] - complexity["c"] == pytest.approx(1 / 3, abs=0.03)


def complaints(**number: int) -> ibis.Table:
    rows = [who for who, count in number.items() for _ in range(count)]
    return table(complaint_id=[str(i) for i in range(len(rows))], customer_id=rows,
                 opened_at=[pd.Timestamp("2025-05-01")] * len(rows))  # fmt: skip


def surveys(**scores: list[float]) -> ibis.Table:
    rows = [(who, score) for who, given in scores.items() for score in given]
    frame = pd.DataFrame(rows, columns=["customer_id", "overall"])
    return ibis.memtable(frame.assign(answered_on=dt.date(2025, 5, 1), sent_on=dt.date(2025, 4, 1), scale_max=10.0))


def test_complaints_and_satisfaction_count_alike():
    tables = market(*STEADY, shipped("c", WEEKLY)) | {
        "complaints": complaints(a=1, b=40, c=1), "surveys": surveys(a=[9] * 8, b=[9] * 8, c=[3] * 8),
    }  # fmt: skip
    found = value(tables, "complaints_and_satisfaction")
    assert found["a"] == pytest.approx((0.8 + 0.9) / 2, abs=0.06)
    assert found["a"] - found["b"] == pytest.approx(0.4, abs=0.08)  # no freedom from complaints beyond one in ten
    assert found["a"] - found["c"] == pytest.approx(0.3, abs=0.08)


def test_complaints_alone_are_enough_and_a_customer_without_orders_is_not_known():
    tables = market(*STEADY, shipped("c", ["2023-05-01"])) | {"complaints": complaints(a=3, c=1)}
    found = value(tables, "complaints_and_satisfaction")
    assert found["a"] < found["b"]
    assert np.isnan(found["c"])


# -- risk


def test_credit_is_rating_and_payment_record():
    tables = market(*STEADY, shipped("c", WEEKLY), credit_rating=["A", "d", "A"]) | {
        "invoices": invoices(a=["2025-02-28"] * 25, b=["2025-02-28"] * 25, c=[None] * 25)
    }
    credit = value(tables, "credit")
    assert credit["a"] > 0.95
    assert credit["b"] == pytest.approx(0.5, abs=0.05)
    assert credit["c"] == pytest.approx(0.5, abs=0.05)


def test_a_grade_that_is_none_of_a_to_d_is_not_known():
    credit = measure(market(*STEADY, credit_rating=["A", "good"])).values["credit"]
    assert credit.notna().to_dict() == {"a": True, "b": False}


def test_industry_risk_is_as_rated_and_low_is_good():
    found = measure(market(*STEADY, industry_risk=[5, 1]))
    assert found.values["industry_risk"].to_dict() == {"a": 5, "b": 1}
    assert not found.known["industry_risk"].higher_is_better


def test_spend_elsewhere_raises_the_risk_of_substitution():
    paying = [shipped(name, WEEKLY, revenue=100.0) for name in "abc"]
    risk = value(market(*paying, logistics_spend=[5300.0, 53000.0, 1000.0]), "substitution")
    assert risk["a"] == pytest.approx(0.0)
    assert risk["b"] == pytest.approx(0.9)
    assert risk["c"] == 0  # pays more than it says it spends


def test_a_rival_named_a_better_rival_and_a_single_service_raise_the_risk_of_substitution():
    leads = table(lead_id=["1", "2"], customer_id=["a", "b"], opened_on=[dt.date(2025, 5, 1)] * 2, rival=["X", None])
    assert _riskier(market(*STEADY) | {"leads": leads})
    said = surveys(a=[5] * 6, b=[5] * 6).mutate(
        perception=ibis.literal(5.0), rival_perception=ibis.ifelse(ibis._.customer_id == "a", 8.0, 3.0)
    )
    assert _riskier(market(*STEADY) | {"surveys": said})
    several = shipped("b", WEEKLY, service=[["road", "rail", "air"][i % 3] for i in range(len(WEEKLY))])
    assert _riskier(market(shipped("a", WEEKLY, service="road"), several))
    assert _riskier(
        market(shipped("a", WEEKLY, service_category="basic"), shipped("b", WEEKLY, service_category="value-added"))
    )


def _riskier(tables) -> bool:
    risk = value(tables, "substitution")
    return bool(risk["a"] > risk["b"])


# -- as of, degenerate


def test_later_rows_change_nothing():
    until = market(shipped("a", every(5), revenue=100.0, weight=5.0), shipped("b", every(9), revenue=100.0, weight=5.0))
    until |= {"complaints": complaints(a=2), "surveys": surveys(a=[3], b=[5]), "invoices": invoices(a=["2025-02-05"])}
    later = shipped("a", pd.date_range("2026-01-01", periods=50), revenue=900.0, weight=80.0)
    after = until | {"shipments": until["shipments"].union(ibis.memtable(later)[until["shipments"].columns])}
    year = ibis.interval(years=1)
    for name, day in {"complaints": "opened_at", "surveys": "answered_on", "invoices": "due_on"}.items():
        again = until[name].mutate(**{day: (until[name][day] + year).cast(until[name][day].type())})
        after[name] = until[name].union(again)
    pd.testing.assert_frame_equal(measure(until).values, measure(after).values)
    pd.testing.assert_frame_equal(measure(until).errors, measure(after).errors)


def test_the_order_of_rows_and_customers_changes_nothing():
    rows = pd.concat([shipped(name, every(4 + i), revenue=50.0) for i, name in enumerate("abcd")])
    there = measure(market(rows)).values
    back = market(rows.sample(frac=1, random_state=1))
    back["customers"] = ibis.memtable(back["customers"].to_pandas().iloc[::-1])
    pd.testing.assert_frame_equal(measure(back).values, there)


def test_one_customer_with_one_order_is_measured_without_certainty():
    found = measure(
        market(shipped("a", ["2025-12-30"], weight=10.0, revenue=5.0, direct_cost=4.0), onboarded_on=[None])
    )
    assert found.values.loc["a", "volume"] > 10
    assert found.errors.loc["a", "volume"] > 0
    assert found.errors.loc["a", "margin_rate"] > 0
    assert "growth" in found.missing


def test_nobody_ordered_in_the_year():
    found = measure(market(shipped("a", ["2023-01-01"], revenue=5.0, direct_cost=4.0)))
    assert found.values.loc["a", ["volume", "revenue"]].tolist() == [0, 0]
    assert {"margin_rate", "order_regularity"} <= set(found.missing)


def test_invoices_alone_are_enough():
    rows = table(invoice_id=["1", "2"], customer_id=["a", "a"], issued_on=[dt.date(2024, 3, 1), dt.date(2025, 3, 1)],
                 amount=[10.0, 20.0])  # fmt: skip
    found = measure({"invoices": rows, "customers": table(customer_id=["a"])})
    assert found.values.loc["a", ["volume", "revenue"]].tolist() == [1, 20]


def test_an_account_on_file_that_never_ordered_has_no_rates():
    tables = market(*STEADY)
    tables["customers"] = table(customer_id=["a", "b", "z"], strategic_fit=[1, 2, 5])
    found = measure(tables).values.loc["z"]
    assert found["volume"] == 0
    assert found["strategic_fit"] == 5
    assert found[["growth", "tenure", "order_regularity"]].isna().all()


# -- the demo


def test_all_fifteen_are_known_of_the_demo_and_shown(small_study):
    found = measure(small_study.records.tables, small_study.as_of)
    assert not found.missing
    assert len(found.summary().to_frame()) == 15
    assert {"volume", "volume_error"} <= set(found.to_frame())
    assert "Undated" in repr(found)
    assert list(found.summary().to_frame()["indicator"]) == [one.label for one in FIFTEEN]
    assert len(found.rules().to_frame()) == 15
    assert (found.errors.min() >= 0).all()


def test_real_trips_without_money_are_measured_by_orders(shared_data, tmp_path):
    import_files(read_mapping("truck_trips"), [shared_data / "truck_trips.csv"], tmp_path)
    study = open_study(tmp_path)
    found = measure(study.records.tables, study.as_of)
    assert {"volume", "breadth", "tenure", "order_regularity"} <= set(found.values)
    assert {"revenue", "margin_rate", "payment_timeliness"} <= set(found.missing)
    assert found.known["volume"].unit == "orders a year"
    assert found.values["volume"].notna().all()
