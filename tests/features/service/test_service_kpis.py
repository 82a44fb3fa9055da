"""The field's indicators over all tables count what their definitions say, however they are split."""

import re
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.features.indicators import INDICATORS, definitions, indicator_named
from clvlab.features.service import service_kpis
from clvlab.refusal import Refused

AS_OF = "2025-06-30"


def counted(table) -> dict[str, tuple[int, int]]:
    frame = table.to_frame()
    return {kpi: (x, n) for kpi, x, n in zip(frame.kpi, frame.numerator, frame.denominator, strict=True)}


def test_all_nineteen_indicators_of_the_field_are_there_under_their_chinese_names():
    domain = Path(__file__).parents[3] / "../shared/DOMAIN.md"
    if not domain.is_file():
        pytest.skip("the field's vocabulary is not at hand")
    section = domain.read_text(encoding="utf-8").split("## Service indicators (19)")[1].split(".")[0]
    terms = re.findall(r"[\u4e00-\u9fff]+", section)
    assert len(terms) == 19
    assert set(terms) <= {one.zh for one in INDICATORS}


def test_every_indicator_says_what_it_counts_and_at_which_stage():
    frame = definitions().to_frame()
    assert frame.notna().all(axis=None)
    assert frame.kpi.is_unique
    assert set(frame.stage) == {"before", "during", "after", "throughout"}
    assert set(frame.kpi[~frame.high_is_good]) == {
        "dwell_over_24_hours", "cargo_damage_frequency", "storage_damage_rate", "complaint_rate",
    }  # fmt: skip


@pytest.mark.parametrize("one", INDICATORS, ids=lambda one: one.name)
def test_an_indicator_is_known_by_every_name_it_has(one):
    for text in (one.name, one.label.upper(), one.zh, *one.also):
        assert indicator_named(text) == one.name


def test_five_orders_are_counted_by_hand(tables):
    assert counted(service_kpis(tables, AS_OF)) == {
        "on_time_delivery": (3, 4),
        "cargo_damage_frequency": (1, 4),
        "order_completion": (4, 5),
        "inventory_accuracy": (97, 100),
        "pod_return_on_time": (1, 2),
        "complaint_rate": (3, 5),
        "satisfaction": (2, 3),
        "perfect_order": (1, 5),
        "cross-dock accuracy": (6, 10),
    }


def test_only_the_last_days_count_when_asked(tables):
    assert counted(service_kpis(tables, AS_OF, days=90)) == {
        "on_time_delivery": (1, 1),
        "cargo_damage_frequency": (1, 1),
        "order_completion": (1, 1),
        "complaint_rate": (0, 1),
        "perfect_order": (0, 1),
    }


def test_what_was_counted_twice_or_is_not_the_fields_is_said(tables):
    found = service_kpis(tables, AS_OF)
    said = " ".join(found.remarks)
    assert "On-time delivery is shown from shipments" in said
    assert "'cross-dock accuracy', none of the field's" in said
    assert "cannot be tied to an order" in said
    assert "80% of the scale" in said
    assert found.to_frame().set_index("kpi").stage["cross-dock accuracy"] == "not known"
    assert "Switched off: urgent order completion (needs urgent in shipments)." in repr(found.notes())


def test_a_counted_kpi_stands_in_for_shipments_that_do_not_show_it(tables):
    bare = {**tables, "shipments": tables["shipments"].drop("delivered_at")}
    found = service_kpis(bare, AS_OF)
    assert counted(found)["on_time_delivery"] == (0, 7)
    assert "on_time_delivery" not in found.missing
    assert found.missing["perfect_order"] == "needs delivered_at in shipments"


@pytest.mark.parametrize(
    ("by", "period"), [("customer_id", None), ("lane", None), (["origin", "customer_id"], None), (None, "month")]
)
def test_groups_add_up_to_the_whole(tables, by, period):
    whole = counted(service_kpis(tables, AS_OF))
    parts = service_kpis(tables, AS_OF, by=by, period=period).to_frame()
    sums = parts.groupby("kpi")[["numerator", "denominator"]].sum()
    for kpi, row in sums.iterrows():
        assert tuple(row) == whole[kpi]


def test_groups_of_customers_are_handed_in(tables):
    tiers = pd.Series({"a": "core", "b": "regular"}, name="tier")
    found = service_kpis(tables, AS_OF, groups=tiers)
    by_customer = service_kpis(tables, AS_OF, by="customer_id").to_frame()
    assert found.by == ["tier"]
    pd.testing.assert_frame_equal(
        found.to_frame().drop(columns="tier"), by_customer.drop(columns="customer_id"), check_exact=True
    )
    part = service_kpis(tables, AS_OF, groups=tiers.head(1)).of("order_completion").to_frame()
    assert dict(zip(part.tier.fillna("none"), part.denominator, strict=True)) == {"core": 3, "none": 2}


def test_a_complaint_is_put_to_the_lane_of_its_shipment(tables):
    found = service_kpis(tables, AS_OF, by="lane")
    rows = found.of("complaint_rate").to_frame().set_index("lane")
    assert rows.numerator.to_dict() == {"Ningbo – Wuhan": 2, "Wuhan – Ningbo": 1}
    assert rows.rate["Ningbo – Wuhan"] == 1.0
    assert any("through their shipment" in remark for remark in found.remarks)


def test_what_a_table_cannot_be_split_by_is_switched_off_with_the_reason(tables):
    lanes = service_kpis(tables, AS_OF, by="lane").missing
    assert lanes["inventory_accuracy"] == "cannot be split by origin and destination, which kpi_counts does not hold"
    roles = service_kpis(tables, AS_OF, by="respondent_role")
    assert set(roles.to_frame().kpi) == {"satisfaction"}
    assert "which shipments does not hold" in roles.missing["on_time_delivery"]
    with pytest.raises(Refused, match=r"Inventory accuracy cannot be split by"):
        service_kpis(tables, AS_OF, by="lane").of("inventory_accuracy")


def test_by_party_every_order_counts_and_the_failures_add_up(tables):
    whole = service_kpis(tables, AS_OF).to_frame().set_index("kpi")
    found = service_kpis(tables, AS_OF, by="responsible_party").to_frame()
    delivery = found[found.kpi == "on_time_delivery"].set_index("responsible_party")
    assert delivery.denominator.tolist() == [4, 4, 4]
    assert delivery.rate.to_dict() == {"carrier": 0.75, "not recorded": 1.0, "own": 1.0}
    for kpi in ("on_time_delivery", "order_completion", "perfect_order", "pod_return_on_time"):
        assert (1 - found.rate[found.kpi == kpi]).sum() == pytest.approx(1 - whole.rate[kpi])
    damage = found[found.kpi == "cargo_damage_frequency"].set_index("responsible_party")
    assert damage.rate.to_dict() == {"carrier": 0.0, "not recorded": 0.0, "own": 0.25}
    complaints = found[found.kpi == "complaint_rate"].set_index("responsible_party").rate
    assert complaints.to_dict() == {"carrier": 0.4, "not recorded": 0.2}


def test_the_perfect_order_is_that_of_a_reading_row_by_row():
    rng = np.random.default_rng(3)
    n, start, end = 400, pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-10")
    booked = start + pd.to_timedelta(rng.integers(0, 40, n), "D")
    due = booked + pd.Timedelta(days=3)
    delivered = booked + pd.to_timedelta(rng.integers(1, 6, n), "D")
    returned = delivered + pd.to_timedelta(rng.integers(1, 8, n), "D")
    completed = rng.choice(np.array([True, True, True, False, None], dtype=object), n)
    orders = pd.DataFrame(
        {
            "customer_id": "a",
            "booked_at": booked,
            "delivery_due_at": due,
            "delivered_at": delivered.where((delivered < end) & (rng.random(n) > 0.05)),
            "pod_due_at": pd.Series(due + pd.Timedelta(days=4)).where(rng.random(n) > 0.3),
            "pod_returned_at": returned.where(returned < end),
            "pieces": pd.Series(rng.choice([3.0, np.nan], n)).astype("Int64"),
            "damaged_pieces": pd.Series(rng.choice([0.0, 0.0, 1.0, np.nan], n)).astype("Int64"),
            "completed": pd.array(completed, dtype="boolean"),
        }
    )
    outcomes = [perfect(order, end) for order in orders.to_dict("records")]
    known = [outcome for outcome in outcomes if outcome is not None]
    found = service_kpis({"shipments": ibis.memtable(orders)}, "2025-02-09")
    assert counted(found)["perfect_order"] == (sum(known), len(known))
    assert 0 < sum(known) < len(known) < n


def perfect(order: dict, end: pd.Timestamp) -> bool | None:
    """Return whether an order was perfect, None while that is not known."""
    if order["completed"] is False:
        return False
    for done, due in (("delivered_at", "delivery_due_at"), ("pod_returned_at", "pod_due_at")):
        if pd.notna(order[due]) and pd.isna(order[done]) and order[due] >= end:
            return None
    if pd.isna(order["delivered_at"]) or order["delivered_at"] > order["delivery_due_at"]:
        return False
    if pd.notna(order["pod_due_at"]) and not order["pod_returned_at"] <= order["pod_due_at"]:
        return False
    return not (pd.notna(order["pieces"]) and pd.notna(order["damaged_pieces"]) and order["damaged_pieces"] > 0)


def test_an_order_is_perfect_no_oftener_than_each_of_its_parts(small_study):
    rate = service_kpis(small_study.records.tables, small_study.as_of).to_frame().set_index("kpi").rate
    assert len(rate) == 21
    assert rate["perfect_order"] < min(rate["on_time_delivery"], rate["order_completion"], rate["pod_return_on_time"])


def test_counts_of_a_market_are_those_of_its_files(small_study, small_market):
    raw = pd.read_csv(small_market / "kpi_counts.csv").groupby("kpi")[["opportunities", "failures"]].sum()
    found = service_kpis(small_study.records.tables, small_study.as_of).to_frame().set_index("kpi")
    for kpi, row in raw.iterrows():
        one = found.loc[kpi.replace(" ", "_")]
        failures = one.numerator if kpi == "storage damage rate" else one.denominator - one.numerator
        assert (one.denominator, failures) == tuple(row)


def test_complaints_per_order_have_the_interval_of_a_poisson_rate(tables):
    row = service_kpis(tables, AS_OF).of("complaint_rate").to_frame().iloc[0]
    # Chi-squared quantiles with 7 degrees of freedom: 2.167 and 14.067.
    assert [5 * row.lower, 5 * row.upper] == pytest.approx([2.167 / 2, 14.067 / 2], abs=1e-3)


def test_one_customer_without_surveys_and_counts_is_enough(tables):
    one = {"shipments": tables["shipments"].filter(ibis._.customer_id == "a")}
    found = service_kpis(one, AS_OF, by="customer_id")
    assert found.to_frame().customer_id.unique().tolist() == ["a"]
    assert found.missing["satisfaction"] == "needs the table surveys"
    assert found.missing["complaint_rate"] == "needs the table complaints"


def test_what_cannot_be_is_refused_in_a_sentence(tables):
    with pytest.raises(Refused, match="no service indicator: needs the table kpi_counts"):
        service_kpis({"invoices": tables["surveys"]}, AS_OF)
    with pytest.raises(Refused, match="did you mean 'customer_id'"):
        service_kpis(tables, AS_OF, by="customer")
    with pytest.raises(Refused, match="Customer a has two rows in groups"):
        service_kpis(tables, AS_OF, groups=pd.Series(["x", "y"], index=["a", "a"]))
    with pytest.raises(Refused, match="name one column twice"):
        service_kpis(tables, AS_OF, by="customer_id", groups=pd.Series({"a": "x"}, name="customer_id"))
    with pytest.raises(Refused, match="is not a date"):
        service_kpis(tables, "30.6.2025")
