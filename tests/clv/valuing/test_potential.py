"""What could be won from each customer: known answers, chances, what is switched off, and a simulated market."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from clvlab.clv.valuing.potential import NEW, SILENT, STALE, potential
from clvlab.clv.valuing.ranges import Range, pooled_means, pooled_rates, product
from clvlab.features.winnable import first_uses, profiles, sales, share_gained, taken_up, yearly
from clvlab.refusal import Refused
from clvlab.results import Note

AS_OF = dt.date(2025, 12, 31)


def base(customers: int = 40) -> dict[str, ibis.Table]:
    """Accounts of 50 road shipments a year at 100 less 80; every fourth triples, every fifth takes up air freight."""
    rows = []
    for i in range(customers):
        for year, number in ((2024, 50), (2025, 150 if i % 4 == 0 else 50)):
            days = pd.date_range(f"{year}-01-03", f"{year}-12-30", periods=number).round("s")
            service = np.where((year == 2025) & (i % 5 == 0) & (np.arange(number) % 10 == 0), "air", "road")
            rows.append(pd.DataFrame({"customer_id": f"c{i:02}", "booked_at": days, "service": service}))
    shipments = pd.concat(rows, ignore_index=True)
    shipments = shipments.assign(shipment_id=shipments.index.astype(str), revenue=100.0, direct_cost=80.0)
    file = pd.DataFrame({
        "customer_id": [f"c{i:02}" for i in range(customers)], "onboarded_on": dt.date(2020, 1, 1),
        "industry": "food", "size_class": "small", "logistics_spend": 25_000.0, "own_growth": 0.1,
    })  # fmt: skip
    return {"shipments": ibis.memtable(shipments), "customers": ibis.memtable(file)}


@pytest.fixture(scope="module")
def tables():
    return base()


@pytest.fixture(scope="module")
def found(tables):
    return potential(tables, AS_OF, "CNY")


def test_known_answers(found):
    row = found.to_frame().set_index("customer_id").loc["c01"]  # 5,000 a year, as the year before
    assert (row["revenue"], row["margin"], row["unserved_spend"]) == (5_000, 1_000, 20_000)
    assert row["margin_rate"] == pytest.approx(0.2)
    assert row["unserved_probability"] == pytest.approx(10 / 40, abs=0.02)
    part = (15_000 - 5_500) / 20_000
    assert row["unserved_margin"] == pytest.approx(part * 20_000 * 0.2, rel=0.05)
    assert row["unserved_expected"] == pytest.approx(row["unserved_probability"] * row["unserved_margin"])
    assert row["growth_expected"] == pytest.approx(100)
    assert row["next_service"] == "air"
    assert row["service_probability"] == pytest.approx(8 / 40, abs=0.03)
    assert row["service_margin"] == pytest.approx(0.1 * 0.2 * 5_000, rel=0.05)
    assert row["could_be_won"] == pytest.approx(row["growth_expected"] + row["unserved_expected"])


def test_one_row_per_customer_with_intervals_around_chances_between_0_and_1(found):
    frame = found.to_frame()
    assert frame["customer_id"].is_unique
    assert len(frame) == 40
    for name in ("unserved_probability", "service_probability", "unserved_expected", "service_margin", "could_be_won"):
        known = frame[frame[name].notna()]
        assert (known[f"{name}_lower"] <= known[name]).all()
        assert (known[name] <= known[f"{name}_upper"]).all()
        if "probability" in name:
            assert (known[f"{name}_lower"] >= 0).all()
            assert (known[f"{name}_upper"] <= 1).all()


def test_who_has_every_service_has_no_next_one(found):
    frame = found.to_frame().set_index("customer_id")
    assert frame.loc[["c00", "c05"], "next_service"].isna().all()
    assert frame.loc["c00", "could_be_won"] > 0


def test_small_groups_are_drawn_towards_all():
    group = pd.Series(["one"] + ["many"] * 100)
    rates = pooled_rates(pd.Series([1.0] + [0.0] * 95 + [1.0] * 5), group, pd.Index(["one", "many", "none"]))
    assert 0.05 < rates.value["one"] < 0.9
    assert rates.value["none"] < rates.value["one"]
    means, _ = pooled_means(pd.Series([9.0] + [1.0, 2.0] * 50), group, pd.Index(["one", "many", "none"]))
    assert means.upper["none"] - means.lower["none"] > means.upper["many"] - means.lower["many"]
    nothing, _ = pooled_means(pd.Series([], dtype=float), pd.Series([], dtype=str), pd.Index(["a"]))
    assert nothing.value.isna().all()


def test_a_product_is_as_uncertain_as_draws_say():
    rng = np.random.default_rng(1)
    a, b = np.exp(rng.normal([[0.0], [1.0]], [[0.3], [0.5]], (2, 100_000)))
    sides = [Range(*(pd.Series([np.quantile(x, q)]) for q in (0.5, 0.05, 0.95))) for x in (a, b)]
    found = product(*sides)
    assert [side[0] for side in found] == pytest.approx(np.quantile(a * b, [0.5, 0.05, 0.95]), rel=0.02)


def test_a_loss_stays_a_loss():
    rate = Range(*(pd.Series([x]) for x in (-0.1, -0.3, 0.1)))
    chance = Range(*(pd.Series([x]) for x in (0.5, 0.2, 0.8)))
    assert [round(side[0], 2) for side in product(chance, rate)] == [-0.05, -0.24, 0.08]


def test_rows_after_the_day_change_nothing(tables, found):
    rows = tables["shipments"].execute()
    later = rows.assign(booked_at=rows["booked_at"] + pd.Timedelta(days=800), service="sea", revenue=1e6)
    again = potential(tables | {"shipments": ibis.memtable(pd.concat([rows, later]))}, AS_OF, "CNY")
    pd.testing.assert_frame_equal(found.to_frame(), again.to_frame())


def test_flags(tables):
    rows, file = tables["shipments"].execute(), tables["customers"].execute()
    file.loc[file.customer_id == "c01", "logistics_spend"] = 10.0
    file.loc[file.customer_id == "c03", "onboarded_on"] = pd.Timestamp("2025-06-01")
    rows = rows[~((rows.customer_id == "c02") & (rows.booked_at > "2025-01-01"))]
    rows = rows[~((rows.customer_id == "c03") & (rows.booked_at < "2025-06-01"))]
    told = potential({"shipments": ibis.memtable(rows), "customers": ibis.memtable(file)}, AS_OF)
    frame = told.to_frame().set_index("customer_id")
    assert frame.loc[["c01", "c02", "c03", "c04"], "flag"].tolist() == [STALE, SILENT, NEW, ""]
    assert frame.loc["c01", "unserved_spend"] == 0
    assert frame.loc["c01", "unserved_expected"] == 0
    assert np.isnan(frame.loc["c02", "could_be_won"])
    assert f"1 of 40 customers: {STALE}." in told.remarks


def test_the_chance_of_staying_bears_on_own_growth_alone(tables, found):
    half = potential(tables, AS_OF, "CNY", pd.Series({"c01": 0.5}))
    one, other = (x.to_frame().set_index("customer_id") for x in (found, half))
    assert other.loc["c01", "growth_expected"] == pytest.approx(one.loc["c01", "growth_expected"] / 2)
    assert other.loc["c03", "growth_expected"] == one.loc["c03", "growth_expected"]
    assert other.loc["c01", "unserved_expected"] == one.loc["c01", "unserved_expected"]
    with pytest.raises(Refused, match="between 0 and 1"):
        potential(tables, AS_OF, "CNY", pd.Series({"c01": 1.5}))


@pytest.mark.parametrize(
    ("table", "column", "off", "line"),
    [
        ("customers", "logistics_spend", "unserved_probability", "Unserved spend: needs logistics_spend in customers."),
        ("customers", "own_growth", "growth_expected", "Own growth: needs own_growth in customers."),
        ("shipments", "service", "next_service", "Next service: needs service in shipments."),
        ("shipments", "direct_cost", "could_be_won", "Margin: needs direct_cost in shipments."),
    ],
)
def test_an_absent_column_switches_its_part_off_with_a_line(tables, table, column, off, line):
    told = potential(tables | {table: tables[table].drop(column)}, AS_OF)
    assert told.to_frame()[off].isna().all()
    assert line in told.remarks
    assert line in repr(told)
    assert line in told._repr_html_()


def test_without_cost_the_chances_are_still_told(tables):
    frame = potential(tables | {"shipments": tables["shipments"].drop("direct_cost")}, AS_OF).to_frame()
    assert frame["unserved_probability"].notna().all()
    assert frame["service_probability"].notna().any()
    assert frame["unserved_margin"].isna().all()


def test_without_industry_and_size_all_accounts_are_alike(tables):
    told = potential(tables | {"customers": tables["customers"].drop("industry", "size_class")}, AS_OF)
    assert told.similar["similar"].tolist() == ["all"]


def test_records_of_one_year_show_nobody_else_do_anything(tables):
    told = potential(tables, dt.date(2024, 12, 31))
    assert "Unserved spend: needs records of two years up to the day." in told.remarks
    assert told.to_frame()["growth_expected"].notna().all()


def test_invoices_only_say_what_is_needed():
    invoices = ibis.memtable({"customer_id": ["a"], "issued_on": [dt.date(2025, 3, 1)], "amount": [50.0]})
    told = potential({"invoices": invoices, "customers": ibis.memtable({"customer_id": ["a", "b"]})}, AS_OF)
    assert told.to_frame()["could_be_won"].isna().all()
    assert len(told.to_frame()) == 2
    assert sum("needs" in remark for remark in told.remarks) == 4
    only = potential({"customers": ibis.memtable({"customer_id": ["a"]})}, AS_OF)
    assert not isinstance(only, Note)
    assert len(only.to_frame()) == 1


def test_chances_are_calibrated_on_a_simulated_market():
    from clvlab.simulate import simulate

    made = simulate(customers=300, months=36, seed=3).tables
    tables = {name: ibis.memtable(made[name]) for name in ("customers", "shipments")}
    before = potential(tables, dt.date(2024, 12, 31))
    sold = sales(tables, AS_OF)
    by_year = yearly(sold, AS_OF)
    profile = profiles(tables["customers"], by_year, AS_OF)
    then = before.to_frame().set_index("customer_id")
    gained = share_gained(profile, by_year, then["own_growth"], AS_OF)["gained"]
    chance = then["unserved_probability"].reindex(gained.index).dropna()
    assert binomtest(int(gained[chance.index].sum()), len(chance), chance.mean()).pvalue > 0.001
    taken = taken_up(profile, by_year, first_uses(sold), AS_OF)
    services = before.services.merge(taken, on=["customer_id", "service"])
    assert len(services) == len(before.services)
    assert binomtest(int(services["taken"].sum()), len(services), services["probability"].mean()).pvalue > 0.001
