"""Each covariate counts from the moment it was known, and counts what its name says."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from panel_cases import BEGIN, TODAY, shipments, spell, spells, table

from clvlab.features.panel import panel, partners
from clvlab.features.panel.panel import FAMILIES

QUIET = {"shipments": shipments([("2024-01-02", "2024-01-05", "2024-01-04")])}


def months_of(tables: dict, name: str, one: pd.DataFrame | None = None) -> list[float]:
    """The values of customer a in January to December 2024."""
    frame = panel(tables, spells() if one is None else one, TODAY, BEGIN, FAMILIES).frame
    return frame.loc[frame["customer_id"] == "a", name].tolist()


def nonzero(values: list[float]) -> list[int]:
    """The months, 1 to 12, in which something is not 0."""
    return [number for number, value in enumerate(values, 1) if value != 0]


def test_a_late_delivery_counts_from_its_due_time_for_six_months() -> None:
    others = shipments([("2024-01-02", "2024-01-05", "2024-01-04")] * 9, "b")
    late = shipments([("2024-03-20", "2024-03-30", "2024-05-05")])
    values = months_of({"shipments": others.union(late)}, "late_delivery_mean", spells(spell("a"), spell("b")))
    assert nonzero(values) == [4, 5, 6, 7, 8, 9]


def test_shares_are_drawn_towards_the_usual_one_by_four_orders() -> None:
    rows = [("2024-01-02", "2024-01-05", "2024-01-04")] * 8 + [("2024-02-02", "2024-02-05", "2024-02-09")] * 2
    values = months_of({"shipments": shipments(rows)}, "late_delivery_mean")
    usual = 2 / 10
    assert values[2] == pytest.approx(100 * ((2 + 4 * usual) / (10 + 4) - usual))
    recent = months_of({"shipments": shipments(rows)}, "late_delivery_recent")
    assert recent[2] == pytest.approx(100 * ((2 + 4 * usual) / (2 + 4) - (2 + 4 * usual) / (10 + 4)))


def test_an_order_turned_down_fails_at_once_and_is_never_late() -> None:
    table_ = table(
        customer_id=["a"] * 5, booked_at=["2024-01-02"] * 4 + ["2024-03-30"],
        delivery_due_at=["2024-01-05"] * 4 + ["2024-04-20"],
        delivered_at=["2024-01-04"] * 4 + [None], refused=[False] * 4 + [True], completed=[True] * 4 + [False],
    )  # fmt: skip
    assert nonzero(months_of({"shipments": table_}, "not_carried_out_worst"))[0] == 4
    assert nonzero(months_of({"shipments": table_}, "failures_worst"))[0] == 4
    assert nonzero(months_of({"shipments": table_}, "late_delivery_worst")) == []


def test_damage_is_known_on_delivery() -> None:
    rows = [("2024-01-02", "2024-01-05", "2024-01-04")] * 4 + [("2024-02-20", "2024-06-30", "2024-05-10")]
    damaged = shipments(rows).mutate(damaged_pieces=0)
    damaged = damaged.mutate(damaged_pieces=(damaged.booked_at > pd.Timestamp("2024-02-01")).cast("int64"))
    assert nonzero(months_of({"shipments": damaged}, "damaged_worst"))[0] == 6


def test_counted_kpis_count_by_their_date() -> None:
    counts = table(
        customer_id=["a", "a", "b"], date=["2024-01-31", "2024-02-29", "2024-01-31"], opportunities=[20.0, 20.0, 100.0],
        failures=[0.0, 10.0, 0.0],
    )  # fmt: skip
    customers = table(customer_id=["a", "b"], name=["A", "B"])
    recent = months_of(QUIET | {"kpi_counts": counts, "customers": customers}, "counted_failures_recent")
    assert recent[1] == 0
    assert recent[2] > 10
    assert recent[3] < 0  # a month without counts is drawn to the usual share, below the customer's own mean


def test_a_complaint_is_slow_once_it_has_been_open_for_a_week() -> None:
    complaints = table(
        customer_id=["a", "a"], opened_at=["2024-02-25", "2024-02-25"], resolved_at=["2024-04-10", "2024-02-27"],
        first_response_at=["2024-03-02", "2024-02-26"],
    )  # fmt: skip
    tables = QUIET | {"complaints": complaints}
    assert months_of(tables, "complaints")[1:6] == [0, 2, 2, 2, 0]
    assert months_of(tables, "complaints_open")[1:6] == [0, 1, 1, 0, 0]
    assert months_of(tables, "complaints_slow")[1:8] == [0, 0, 1, 1, 1, 0, 0]


def test_slow_answers_to_complaints_stand_out_from_the_usual() -> None:
    opened = ["2024-01-02"] * 4 + ["2024-03-02"]
    answered = ["2024-01-03"] * 4 + ["2024-03-12"]
    complaints = table(customer_id=["b"] * 4 + ["a"], opened_at=opened, first_response_at=answered)
    customers = table(customer_id=["a", "b"], name=["A", "B"])
    hours = months_of(QUIET | {"complaints": complaints, "customers": customers}, "response_hours")
    usual = (4 * 24 + 240) / 5
    assert hours[3] == pytest.approx((240 - usual) / (1 + 2))


def test_an_enquiry_is_late_a_day_after_it_was_asked() -> None:
    contacts = table(
        customer_id=["a"] * 3, contacted_at=["2024-02-29 18:00", "2024-02-10 09:00", "2024-02-10 09:00"],
        kind=["enquiry"] * 3, answered_at=["2024-03-05 09:00", "2024-02-10 17:00", None],
    )  # fmt: skip
    assert months_of(QUIET | {"contacts": contacts}, "enquiries_late")[1:8] == [0, 1, 2, 2, 1, 0, 0]


def test_gains_and_losses_of_satisfaction_count_from_the_answer() -> None:
    surveys = table(
        customer_id=["a", "a", "a"], sent_on=["2024-01-10", "2024-03-10", "2024-06-10"],
        answered_on=["2024-02-03", None, "2024-06-20"], overall=[4.0, None, 9.0], expectation=[3.0, None, 10.0],
        scale_max=[5.0, 5.0, 10.0],
    )  # fmt: skip
    tables = QUIET | {"surveys": surveys}
    assert months_of(tables, "survey_answered") == [0, 0, *[1] * 10]
    assert months_of(tables, "satisfaction_gain") == [0, 0, 2, 2, 2, 2, *[0] * 6]
    assert months_of(tables, "satisfaction_loss") == [0] * 6 + [1] * 6


def test_without_expectations_satisfaction_is_held_against_the_customers_own() -> None:
    surveys = table(
        customer_id=["a", "a"], answered_on=["2024-02-03", "2024-05-03"], overall=[8.0, 5.0], scale_max=[10.0, 10.0]
    )
    assert months_of(QUIET | {"surveys": surveys}, "satisfaction_loss") == [0] * 5 + [3] * 7


def test_neglect_counts_months_beyond_three_since_the_last_visit_or_call() -> None:
    contacts = table(
        customer_id=["a"] * 3, contacted_at=["2024-02-15", "2024-04-01", "2024-05-01"],
        kind=["visit", "price notice", "call"], initiated_by=["provider", "provider", "customer"],
    )  # fmt: skip
    values = months_of(QUIET | {"contacts": contacts}, "neglect")
    assert nonzero(values) == [6, 7, 8, 9, 10, 11, 12]
    assert values[11] - values[10] == pytest.approx(30 / 30.4375)


def test_a_price_notice_is_felt_for_four_months() -> None:
    contacts = table(customer_id=["a"], contacted_at=["2024-03-15"], kind=["price notice"])
    assert nonzero(months_of(QUIET | {"contacts": contacts}, "price_notices")) == [4, 5, 6, 7]


def test_prices_rise_only_where_the_same_lane_costs_more() -> None:
    months = [f"2024-{number:02}-10" for number in range(1, 13)]

    def priced(prices: list[float], origin: list[str]) -> dict:
        return {
            "shipments": table(
                customer_id=["a"] * 12, booked_at=months, revenue=prices, weight=[10.0] * 12, origin=origin
            )
        }

    dearer = months_of(priced([100.0] * 6 + [110.0] * 6, ["X"] * 12), "price_change")
    assert nonzero(dearer) == [8, 9, 10, 11]
    assert dearer[9] == pytest.approx(100 * math.log(1.1) * 9 / 10)
    other_lane = months_of(priced([100.0] * 6 + [200.0] * 6, ["X"] * 6 + ["Y"] * 6), "price_change")
    assert nonzero(other_lane) == []


def test_an_unpaid_invoice_gets_later_by_the_month_and_one_paid_early_is_not_late() -> None:
    invoices = table(
        customer_id=["a", "b"], issued_on=["2024-01-10", "2024-01-10"], amount=[10.0, 10.0],
        due_on=["2024-02-10", "2024-02-10"], paid_on=["2024-04-20", "2024-02-01"],
    )  # fmt: skip
    both = spells(spell("a"), spell("b"))
    frame = panel({"invoices": invoices}, both, TODAY, BEGIN).frame
    late = frame.pivot_table(index="month", columns="customer_id", values="payment_delay")
    # Days late by 1 March, 1 April and at payment; the usual is half, and the usual weighs four invoices.
    assert late["a"].tolist()[1:6] == pytest.approx([0, 20 / 2 / 5, 51 / 2 / 5, 70 / 2 / 5, 70 / 2 / 5])
    assert late["b"].tolist() == pytest.approx((-late["a"]).tolist())


def test_a_contract_runs_until_its_end_is_known() -> None:
    contracts = table(
        customer_id=["a", "a"], starts_on=["2024-01-01", "2024-05-01"], ends_on=["2024-04-30", "2024-12-31"],
        ended_on=["2024-04-30", "2024-09-15"], end_reason=["renewed", "price"],
    )  # fmt: skip
    tables = QUIET | {"contracts": contracts}
    # The successor starts on 1 May: the renewal is known on 30 April.
    assert nonzero(months_of(tables, "contract_running")) == [2, 3, 5, 6, 7, 8, 9]
    assert nonzero(months_of(tables, "contract_term_ends")) == [4]


def test_only_who_was_treated_counts_as_treated_for_nine_months() -> None:
    campaigns = table(customer_id=["a", "b"], started_on=["2024-02-01", "2024-02-01"], arm=["treatment", "Control"])
    frame = panel(QUIET | {"campaigns": campaigns}, spells(spell("a"), spell("b")), TODAY, BEGIN).frame
    treated = frame[frame["campaign"] == 1]
    assert treated["customer_id"].unique().tolist() == ["a"]
    assert len(treated) == 9


def test_volume_is_held_against_the_nine_months_before() -> None:
    booked = [f"2024-{number:02}-{day:02}" for number in range(1, 10) for day in (5, 15)] + ["2024-10-05"]
    tables = {"shipments": table(customer_id=["a"] * len(booked), booked_at=booked)}
    values = months_of(tables, "volume_trend")
    assert values[:6] == [0] * 6
    assert values[11] == pytest.approx(math.log((2 + 1 + 2) / (2 * 3 + 2)), abs=0.02)


def test_a_partner_is_lost_when_its_contract_ends_or_it_is_silent_beyond_its_rate() -> None:
    weekly = pd.date_range("2024-01-02", "2024-04-30", freq="7D").astype(str).tolist()
    ships = table(
        customer_id=["a"] + ["b"] * len(weekly) + ["c"] * len(weekly),
        booked_at=["2024-01-02", *weekly, *weekly],
        consignee_id=["b"] + [None] * len(weekly) + ["a"] * len(weekly),
    )
    customers = table(customer_id=["a", "b", "c"], name=["A", "B", "C"])
    contracts = table(
        customer_id=["c"],
        starts_on=["2024-01-01"],
        ends_on=["2024-12-31"],
        ended_on=["2024-05-31"],
        end_reason=["rival"],
    )
    tables = {"shipments": ships, "customers": customers, "contracts": contracts}
    values = months_of(tables, "partners_lost")
    # c's contract ended in May; b, who ordered weekly until the end of April, has been silent for three months.
    assert values == [0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 1]
    lost = partners(tables, "2024-12-31", BEGIN)
    found = lost[lost["customer_id"] == "a"]
    assert found[["partner_id", "side"]].to_numpy().tolist() == [["b", "ships to"], ["c", "receives from"]]
    assert found["shipments"].tolist() == [1, len(weekly)]


def test_rivals_are_seen_in_lost_contracts_and_ratings_of_the_region() -> None:
    customers = table(customer_id=["a", "b", "c"], region=["east", "east", "west"])
    contracts = table(
        customer_id=["a", "b"], starts_on=["2024-01-01"] * 2, ends_on=["2025-12-31"] * 2, ended_on=[None, "2024-03-10"],
        end_reason=[None, "lost to a rival"],
    )  # fmt: skip
    surveys = table(
        customer_id=["b", "c"], answered_on=["2024-02-10"] * 2, rival_perception=[9.0, 5.0], scale_max=[10.0] * 2
    )
    tables = QUIET | {"customers": customers, "contracts": contracts, "surveys": surveys}
    assert months_of(tables, "lost_to_rivals")[2:10] == [0, 50, 50, 50, 50, 50, 50, 0]
    assert months_of(tables, "rivals_rated")[2] == pytest.approx((9 - 7) / (1 + 10))
    assert nonzero(months_of(tables, "rivals_rated")) == [3, 4, 5, 6, 7, 8]
