"""The skeleton of the panel, what it says of itself, and months ahead."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panel_cases import BEGIN, TODAY, shipments, spell, spells, table

from clvlab.churn.spells import arrange
from clvlab.features.panel import panel, panel_ahead
from clvlab.features.panel.months import rows_at_risk
from clvlab.features.panel.panel import FAMILIES
from clvlab.periods import epoch_days, period_index, to_periods
from clvlab.refusal import Refused

ORDERS = {"shipments": shipments([("2024-01-02", "2024-01-05", "2024-01-04")])}
FIRST_MONTH = period_index(pd.Timestamp(BEGIN), "month")


def month(label: str) -> int:
    return period_index(pd.Timestamp(label), "month")


@given(st.integers(-900, 300), st.integers(0, 400), st.booleans())
def test_rows_divide_the_time_at_risk_of_a_spell(start: int, length: int, event: bool) -> None:
    began = pd.Timestamp(BEGIN) + pd.Timedelta(days=start)
    until = max(began, pd.Timestamp(BEGIN)) + pd.Timedelta(days=length)
    one = spells(spell(since=str(began.date()), until=str(until.date()), event=int(event), cause="price"))
    rows = rows_at_risk(one)
    assert (rows["duration"] - rows["entry"]).sum() == pytest.approx(one["duration"][0] - one["entry"][0])
    assert rows["entry"].iloc[1:].to_numpy() == pytest.approx(rows["duration"].iloc[:-1].to_numpy())
    assert rows["event"].sum() == int(event)
    assert rows["event"].iloc[-1] == int(event)
    assert rows["month"].is_unique
    assert len(arrange(rows)) == len(rows)


def test_an_event_on_the_first_of_a_month_falls_into_that_month() -> None:
    rows = rows_at_risk(spells(spell(until="2024-03-01", event=1, cause="price")))
    assert rows[["month", "event", "cause"]].iloc[-1].tolist() == [month("2024-03"), 1, "price"]
    assert rows["cause"].iloc[:-1].isna().all()


def test_a_customer_who_returns_has_rows_of_both_spells_and_none_between() -> None:
    rows = rows_at_risk(spells(spell(until="2024-02-10", event=1), spell(since="2024-06-15", number=2)))
    assert rows["month"].tolist() == [month(f"2024-{m:02}") for m in (1, 2, 6, 7, 8, 9, 10, 11, 12)]
    assert rows["entry"].iloc[2] == 0


def test_absent_tables_and_columns_switch_their_covariates_off_with_what_they_need() -> None:
    found = panel(ORDERS, spells(), TODAY, BEGIN, FAMILIES)
    assert found.missing["neglect"] == "needs contacted_at and kind in contacts"
    assert found.missing["damaged_mean"] == "needs damaged_pieces in shipments"
    assert "late_delivery_mean" in found.frame
    assert set(found.covariates).isdisjoint(found.missing)


def test_invoices_alone_give_a_panel() -> None:
    invoices = table(customer_id=["a"], issued_on=["2024-01-05"], amount=[10.0])
    found = panel({"invoices": invoices}, spells(), TODAY, BEGIN)
    assert {"tenure_years", "volume_trend"} <= set(found.frame)


def test_every_covariate_is_a_number_in_every_row(small_study) -> None:
    made = spells(*(spell(f"C{n:05}", since="2023-06-01", until="2025-12-31") for n in range(1, 40)))
    found = panel(small_study.records.tables, made, "2025-12-31", "2024-01-01")
    assert found.frame[found.names()].notna().all().all()
    assert not found.missing


def test_covariates_are_told_by_the_reason_they_speak_for() -> None:
    found = panel(ORDERS, spells(), TODAY, BEGIN, FAMILIES)
    assert found.names("volume") == ["volume_trend"]
    with pytest.raises(Refused, match="did you mean 'service'"):
        found.names("servce")
    assert found.units["late_delivery_mean"] == "percentage point of late deliveries"
    assert found.to_frame()["covariate"].tolist() == found.names()


def test_undated_ratings_are_reported_as_such() -> None:
    customers = table(customer_id=["a"], industry_risk=[5.0], referred_by=["b"])
    found = panel(ORDERS | {"customers": customers}, spells(), TODAY, BEGIN)
    assert found.frame["industry_risk"].unique().tolist() == [2.0]
    assert found.covariates["industry_risk"].note.startswith("undated")
    assert found.covariates["referred"].note == ""


def test_rows_say_how_many_months_of_records_lie_before_them() -> None:
    assert panel(ORDERS, spells(), TODAY, BEGIN).frame["months_recorded"].tolist() == list(range(12))


def test_spells_beyond_the_day_and_no_spells_are_refused() -> None:
    with pytest.raises(Refused, match=r"until 2024-12-31, after 2024-06-30; make them as of that day"):
        panel(ORDERS, spells(), "2024-06-30", BEGIN)
    with pytest.raises(Refused, match="Nobody could be seen to leave or stay"):
        panel(ORDERS, spells().iloc[:0], TODAY, BEGIN)
    with pytest.raises(Refused, match="no column 'at_risk_to'"):
        panel(ORDERS, spells().drop(columns="at_risk_to"), TODAY, BEGIN)


def test_months_ahead_go_on_from_the_day_after() -> None:
    made = spells(spell(until="2024-06-30"))
    ahead = panel_ahead(ORDERS, made, made, "2024-06-30", BEGIN, months=3).frame
    assert ahead["month"].tolist() == [month("2024-07"), month("2024-08"), month("2024-09")]
    assert ahead["entry"].iloc[0] == to_periods(
        epoch_days(pd.Timestamp("2024-07-01")) - epoch_days(pd.Timestamp(BEGIN)), "month"
    )
    assert (ahead["entry"].iloc[1:].to_numpy() == ahead["duration"].iloc[:-1].to_numpy()).all()


def test_months_ahead_within_a_month_know_all_up_to_the_day() -> None:
    late = {"shipments": shipments([("2024-06-01", "2024-06-05", "2024-06-09")])}
    until = spells(spell(until="2024-06-15"))
    ahead = panel_ahead(late, until, until, "2024-06-15", BEGIN, months=2).frame
    assert ahead["from"].astype(str).tolist() == ["2024-06-16", "2024-07-16"]
    assert (ahead["failures_worst"] == 0).all()
    assert (panel(late, until, "2024-06-15", BEGIN).frame["failures_recent"] == 0).all()
    other = {"shipments": shipments([("2024-05-01", "2024-05-09", "2024-05-09"), ("2024-06-01", "2024-06-05", None)])}
    assert (panel_ahead(other, until, until, "2024-06-15", BEGIN, months=2).frame["failures_recent"] > 0).all()
    sooner = spells(spell(until="2024-06-04"))
    assert (panel_ahead(other, sooner, sooner, "2024-06-04", BEGIN).frame["failures_recent"] == 0).all()


def test_a_contract_is_renewed_by_its_term_in_the_months_ahead_and_a_campaign_runs_out() -> None:
    tables = ORDERS | {
        "contracts": table(customer_id=["a"], starts_on=["2024-01-01"], ends_on=["2024-08-31"]),
        "campaigns": table(customer_id=["a"], started_on=["2024-01-10"], arm=["treatment"]),
    }
    made = spells(spell(until="2024-06-30"))
    ahead = panel_ahead(tables, made, made, "2024-06-30", BEGIN, months=12).frame
    ends = ahead.loc[ahead["contract_term_ends"] == 1, "month"].tolist()
    assert ends == [month("2024-08"), month("2025-04")]
    assert (ahead["contract_running"] == 1 - ahead["contract_term_ends"]).all()
    assert ahead.loc[ahead["campaign"] == 1, "month"].tolist() == [month(f"2024-{m:02}") for m in (7, 8, 9, 10)]


def test_nobody_left_and_no_months_ahead_are_refused() -> None:
    with pytest.raises(Refused, match="nobody to look ahead for"):
        panel_ahead(ORDERS, spells(spell(until="2024-03-01", event=1)), spells().iloc[:0], TODAY, BEGIN)
    with pytest.raises(Refused, match="months = 0 looks nowhere ahead"):
        panel_ahead(ORDERS, spells(), spells(), TODAY, BEGIN, months=0)
