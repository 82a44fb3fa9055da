"""Covariates that know the future are found, named and refused; what they do to the C-index is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clvlab.churn.checking.leakage import check_leakage, concordance, leakage_effect
from clvlab.churn.spells import arrange
from clvlab.refusal import Refused


def lives(n: int = 400, seed: int = 1) -> pd.DataFrame:
    """Customers who leave at a rate that lateness raises; orders come every month for as long as they are seen."""
    rng = np.random.default_rng(seed)
    late = rng.normal(size=n)
    leaves = rng.exponential(20 * np.exp(-0.5 * late))
    until = rng.uniform(1, 36, n)
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{k}" for k in range(n)],
            "from": pd.Timestamp("2023-01-01"),
            "duration": np.minimum(leaves, until),
            "event": (leaves <= until).astype(int),
            "late": late,
            "known": pd.Timestamp("2022-12-31"),
            "size": rng.gamma(2.0, 10.0, n),
        }
    )
    return frame.assign(orders=1 + rng.poisson(4 * frame["duration"]))


def verdicts(found: pd.DataFrame) -> dict[str, str]:
    return dict(zip(found["covariate"], found["verdict"], strict=True))


def test_values_known_the_day_before_are_sound_and_those_of_the_day_are_not() -> None:
    rows = lives(50)
    assert check_leakage(rows, ["late"], {"late": "known"}).sound == ["late"]
    rows.loc[7, "known"] = rows.loc[7, "from"]
    found = check_leakage(rows, ["late"], "known")
    assert found.leaking == ["late"]
    assert found.to_frame()[["verdict", "rows", "leaking"]].iloc[0].tolist() == ["known too late", 50, 1]
    assert found.late_rows["customer_id"].tolist() == ["C7"]
    with pytest.raises(
        Refused, match=r"late was known too late in 1 of 50 rows: customer C7 is predicted from 2023-01-01"
    ):
        found.refuse()


def test_a_value_of_the_day_on_which_the_customer_left_is_too_late() -> None:
    rows = lives(50)
    rows["left"] = rows["from"] + pd.to_timedelta(30 * rows["duration"], unit="D")
    assert verdicts(check_leakage(rows, ["orders"], {"orders": "left"}).to_frame()) == {"orders": "known too late"}


def test_a_total_over_the_life_is_found_without_its_date_and_a_trait_is_not() -> None:
    found = check_leakage(lives(), ["orders", "size", "late"], {"late": "known"}).to_frame()
    assert verdicts(found) == {"orders": "accumulates", "size": "no date tells", "late": "known in time"}
    assert "in spells seen twice as long it is" in found["says"].iloc[0]


@pytest.mark.parametrize("name", ["total_freq", "lifetime_orders", "cum_spend", "orders_to_date", "TotalCharges_sum"])
def test_a_total_is_known_by_its_name_where_its_growth_does_not_show(name: str) -> None:
    rows = lives().rename(columns={"size": name})
    assert verdicts(check_leakage(rows, [name]).to_frame()) == {name: "accumulates"}


def test_running_totals_of_customer_months_are_no_totals_over_the_life() -> None:
    months = pd.concat(
        [lives(40).assign(entry=float(m), duration=m + 1.0, event=0, orders=m + 1) for m in range(5)], ignore_index=True
    )
    assert verdicts(check_leakage(months, ["orders"]).to_frame()) == {"orders": "no date tells"}
    whole_life = months.assign(orders=months["customer_id"].str.len())
    assert verdicts(check_leakage(whole_life, ["orders"], fixed=["orders"]).to_frame()) == {"orders": "fixed"}


def test_text_without_a_date_is_judged_by_nothing() -> None:
    assert verdicts(check_leakage(lives(30).assign(trade="food"), ["trade"]).to_frame()) == {"trade": "no date tells"}


def test_what_is_declared_fixed_may_not_change() -> None:
    rows = pd.concat([lives(5), lives(5).assign(size=1.0)], ignore_index=True)
    found = check_leakage(rows, ["size"], fixed=["size"]).to_frame()
    assert found[["verdict", "leaking"]].iloc[0].tolist() == ["not fixed", 10]


def test_values_without_a_date_are_counted() -> None:
    rows = lives(20)
    rows.loc[:2, "known"] = pd.NaT
    found = check_leakage(rows, ["late"], "known").to_frame()
    assert found[["verdict", "leaking"]].iloc[0].tolist() == ["no date tells", 3]


def test_columns_that_are_missing_or_hold_no_dates_are_refused() -> None:
    with pytest.raises(Refused, match=r"no column 'laet' \(did you mean 'late'"):
        check_leakage(lives(5), ["laet"])
    with pytest.raises(Refused, match="no column 'knwon'"):
        check_leakage(lives(5), ["late"], "knwon")
    with pytest.raises(Refused, match="'known' holds no dates"):
        check_leakage(lives(5).assign(known="soon"), ["late"], "known")
    with pytest.raises(Refused, match="Nobody could be seen to leave or stay"):
        check_leakage(lives(5).iloc[:0], ["late"])


def test_totals_of_the_teaching_data_are_caught_undated_and_dated(shared_data: Path) -> None:
    rows = pd.read_csv(shared_data / "smcrm_customerChurn.csv").rename(columns={"customer": "customer_id"})
    rows["event"] = 1 - rows["censor"]
    totals = ["total_crossbuy", "total_freq", "total_freq_sq"]
    assert set(verdicts(check_leakage(rows, totals).to_frame()).values()) == {"accumulates"}
    rows["from"] = pd.Timestamp("2010-01-01")
    rows["counted_on"] = rows["from"] + pd.to_timedelta(rows["duration"], unit="D")
    dated = check_leakage(rows, [*totals, "industry"], dict.fromkeys(totals, "counted_on"), fixed=["industry"])
    assert dated.leaking == totals
    assert dated.to_frame()["leaking"].tolist() == [500, 500, 500, 0]


def test_charges_over_the_life_are_caught_and_monthly_ones_are_not(shared_data: Path) -> None:
    rows = pd.read_csv(shared_data / "telco.csv").rename(columns={"customerID": "customer_id", "tenure": "duration"})
    rows["event"] = (rows["Churn"] == "Yes").astype(int)
    rows["charged"] = pd.to_numeric(rows["TotalCharges"], errors="coerce")
    found = check_leakage(rows, ["charged", "MonthlyCharges"]).to_frame()
    assert verdicts(found) == {"charged": "accumulates", "MonthlyCharges": "no date tells"}


def test_concordance_agrees_with_r_with_late_entry_ties_and_several_rows() -> None:
    # R 4.2, survival: concordance(Surv(entry, duration, event) ~ risk, d, reverse = TRUE)$concordance
    rows = pd.DataFrame(
        {
            "entry": [0, 0, 1, 2, 0, 3, 2, 5],
            "duration": [3, 5, 4, 5, 2, 7, 5, 9],
            "event": [1, 1, 0, 1, 0, 1, 0, 1],
            "risk": [2.0, 1.0, 2.0, 0.5, 3.0, 1.0, 0.2, 0.7],
        }
    )
    assert concordance(rows, rows["risk"]) == pytest.approx(0.7777777778, abs=1e-10)


def test_concordance_needs_somebody_who_stayed() -> None:
    with pytest.raises(Refused, match="Nobody stayed where another left"):
        concordance(pd.DataFrame({"duration": [1.0], "event": [1]}), pd.Series([1.0]))


def test_a_covariate_that_knows_the_future_flatters_the_model() -> None:
    rows = lives()
    assert arrange(rows).event.sum() > 100
    effect = leakage_effect(rows, ["late"], ["orders"]).to_frame().set_index("model")["concordance"]
    assert effect["known in time"] < 0.7
    assert effect["with orders"] > 0.9
