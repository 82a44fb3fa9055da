"""Who is leaving, from records to probabilities: what holds whatever the records, and records with little in them."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import ibis
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from clvlab.assumptions import Assumptions
from clvlab.churn.advice import to_do
from clvlab.churn.by_kpi import effects_by_kpi
from clvlab.churn.checking.leakage import check_leakage
from clvlab.churn.checking.lifetime_orders import KNOWN_ON, LIFETIME_ORDERS, with_lifetime_orders
from clvlab.churn.customer_base import assess, check
from clvlab.churn.customer_churn import Churn
from clvlab.churn.effects import Effects
from clvlab.features.events import purchases
from clvlab.opening import open_study
from clvlab.refusal import Refused
from clvlab.study import Study


@pytest.fixture(scope="module")
def found(small_study) -> Churn:
    return small_study.churn


def assessed(study: Study, change=lambda tables: tables, **assumptions) -> Churn:
    """Return who is leaving by records whose tables were changed, or under other assumptions."""
    records = replace(study.records, tables=change(dict(study.records.tables)))
    return assess(records, purchases(records.tables), study.as_of, Assumptions(**assumptions), study.seed)


def figure(found: Churn, place: int) -> pd.Series:
    return found.headlines().to_frame().iloc[place]


# Whatever the records --------------------------------------------------------------------------------------


def test_each_customer_who_is_not_lost_stands_there_once(found):
    standing = found.accounts.standing["standing"]
    here = standing.index[standing != "called lost"]
    assert sorted(found.to_frame()["customer_id"]) == sorted(here)
    assert figure(found, 0)["value"] == len(here)


def test_customers_stand_by_their_probability_and_within_its_interval(found):
    frame = found.to_frame()
    assert frame["leave"].is_monotonic_decreasing
    assert frame["leave"].between(frame["lower"], frame["upper"]).all()
    assert frame["lower"].min() >= 0
    assert frame["upper"].max() <= 1


def test_the_headline_is_the_sum_of_the_customers_probabilities(found):
    expected = figure(found, 2)
    assert expected["value"] == pytest.approx(found.to_frame()["leave"].sum())
    assert expected["lower"] < expected["value"] < expected["upper"]


def test_the_share_of_a_year_weighs_rates_by_todays_customers(found):
    months = found.panel.frame
    recent = months[months["month"] > months["month"].max() - 12]
    under = (recent[["contract_running", "contract_term_ends"]] == 1).any(axis=1)
    here = found.accounts.standing.query("standing != 'called lost'")["standing"]
    share = 0.0
    for rows, customers in ((recent[under], here == "under contract"), (recent[~under], here != "under contract")):
        years = (rows["duration"] - rows["entry"]).sum() / 12
        share += -np.expm1(-rows["event"].sum() / years) * customers.mean()
    assert figure(found, 1)["value"] == pytest.approx(100 * share)


def test_quarters_hold_every_event_and_all_time_at_risk(found):
    rates, months = found.by_quarter.to_frame(), found.panel.frame
    assert rates["left"].sum() == months["event"].sum() == found.spells["event"].sum()
    assert rates["customer_years"].sum() == pytest.approx((months["duration"] - months["entry"]).sum() / 12)
    assert set(rates["tie"]) == {"contract", "spot"}


def test_spells_by_a_profile_are_of_customers_of_whom_it_is_known(found):
    spells = found.spells_by("size_class")
    assert spells["size_class"].notna().all()
    known = found.base.profiles["size_class"].dropna()
    assert len(spells) == found.spells["customer_id"].isin(known.index).sum()
    with pytest.raises(Refused, match="Needs shoe_size in customers"):
        found.spells_by("shoe_size")


def test_the_same_seed_says_the_same_and_another_no_more_than_chance(small_study, found):
    again = assess(small_study.records, small_study.purchases, small_study.as_of, Assumptions(), small_study.seed)
    other = assess(small_study.records, small_study.purchases, small_study.as_of, Assumptions(), seed=9)
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame(), check_exact=True)
    ours, theirs = found.prospects.frame, other.prospects.frame
    assert not ours["leave_6"].equals(theirs["leave_6"])
    width = ours["leave_6_upper"] - ours["leave_6_lower"]
    # A mean of 400 draws errs by a twentieth of their deviation, and the interval is three deviations wide.
    assert ((ours["leave_6"] - theirs["leave_6"]).abs() < 0.1 * width).all()


def test_the_order_of_rows_does_not_matter(small_study, found):
    def reversed_(tables):
        return {name: table.order_by(ibis.desc("source_row")).cache() for name, table in tables.items()}

    ours = assessed(small_study, reversed_)
    assert ours.base.records["invoices"].source_row.to_pyarrow()[0].as_py() > 2
    pd.testing.assert_frame_equal(ours.prospects.frame, found.prospects.frame, rtol=1e-6, atol=1e-9)


MONEY = {"amount", "revenue", "direct_cost", "rebate", "claim_paid", "logistics_spend", "credit_limit", "quoted_price"}


def test_the_currency_does_not_matter(small_study, found):
    changed = []

    def in_cents(tables):
        for name, table in tables.items():
            money = [column for column in table.columns if column in MONEY]
            tables[name] = table.mutate(**{column: 100 * table[column] for column in money})
            changed.extend(money)
        return tables

    ours = assessed(small_study, in_cents)
    assert {"amount", "revenue", "quoted_price"} <= set(changed)
    pd.testing.assert_frame_equal(ours.prospects.frame, found.prospects.frame, rtol=1e-6, atol=1e-9)


def test_effects_stand_surest_first_with_what_they_mean(found):
    effects = found.effects.to_frame()
    told = effects["p_value"].dropna()
    assert told.is_monotonic_increasing
    assert effects["p_value"].isna().to_numpy()[: len(told)].sum() == 0
    assert set(effects["covariate"]) == set(found.prospects.covariates)
    assert (effects["in words"].str.len() > 0).all()
    beside = found.prospects.fit.hazard_ratios_.set_index("covariate")["hazard_ratio"]
    assert effects.set_index("covariate")["hazard_ratio"].equals(beside[effects["covariate"]])


def test_effects_without_end_stand_last_and_warn_of_nothing(found):
    fit = found.prospects.fit
    ratios = fit.hazard_ratios_.copy()
    ratios.loc[0, ["hazard_ratio", "lower", "upper", "p_value"]] = 0.0, 0.0, np.inf, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        effects = Effects(replace(fit, hazard_ratios_=ratios), found.panel).to_frame()
    assert effects["covariate"].iloc[-1] == ratios["covariate"].iloc[0]


def test_everything_can_be_read_and_drawn(found):
    text, page = repr(found), found._repr_html_()
    for remark in found.remarks:
        assert remark in text
    assert "customers today" in text
    assert "customers today" in page
    for drawn in (found.plot(), found.effects.plot(), found.returns.plot(), found.compare().plot()):
        assert drawn.get_figure().get_suptitle()
    plt.close("all")


def test_the_customer_most_likely_gone_is_asked_first(found):
    likeliest = found.prospects.frame["already_gone"].idxmax()
    assert f"first {likeliest}" in repr(to_do(found)).replace("\n", " ")


def test_beside_cox_stands_every_covariate(found):
    beside = found.beside_cox.to_frame()
    assert list(beside["covariate"]) == list(found.prospects.fit.hazard_ratios_["covariate"])
    assert beside["errors_apart"].median() < 2


def test_each_kind_of_failure_stands_with_its_three_ways_of_failing(found):
    frame = effects_by_kpi(found).to_frame()
    assert frame["kpi"].iloc[0] == "all failures"
    assert (frame.groupby("kpi")["failing"].agg(list).map(tuple) == ("sustained", "worst month", "last month")).all()
    told = frame.dropna()
    assert ((told["lower"] <= told["hazard_ratio"]) & (told["hazard_ratio"] <= told["upper"])).all()


def test_orders_of_a_whole_life_are_known_too_late(found):
    rows = with_lifetime_orders(found)
    counted = found.base.orders.to_pyarrow().to_pandas().groupby("customer_id").size()
    assert (rows["orders_in_life"] == rows["customer_id"].map(counted).fillna(0)).all()
    assert (rows["opened_on"] < rows["from"]).all()
    checked = check_leakage(rows, ["tenure_years", LIFETIME_ORDERS], known_on=KNOWN_ON).to_frame()
    assert checked["verdict"].tolist() == ["known in time", "known too late"]
    assert checked["leaking"].tolist()[0] == 0


# How far ahead, and by which definition --------------------------------------------------------------------


@pytest.mark.parametrize("months", [1, 24])
def test_any_horizon_will_do(small_study, months):
    ours = assessed(small_study, leave_within_months=months)
    frame = ours.prospects.frame
    leave = frame[[f"leave_{horizon}" for horizon in sorted({3, 6, 12, months})]].to_numpy()
    assert (np.diff(leave, axis=1) >= 0).all()
    assert ours.to_frame()["leave"].sum() == pytest.approx(frame[f"leave_{months}"].sum())
    assert f"within {months} months" in repr(ours.likeliest())


@pytest.mark.parametrize("definition", ["silence", "volume"])
def test_another_definition_tells_other_events(small_study, found, definition):
    ours = assessed(small_study, churn_definition=definition)
    assert ours.base.lost is ours.base.definitions[definition]
    assert len(ours.spells) != len(found.spells) or ours.spells["event"].sum() != found.spells["event"].sum()


def test_a_day_within_a_month_is_a_day_like_others(small_study):
    ours = small_study.at("2025-11-15").churn
    assert (ours.panel.frame["until"] <= pd.Timestamp("2025-11-15")).all()
    assert (ours.prospects.coming.groupby("customer_id").size() == 12).all()
    assert ours.prospects.frame.drop(columns="tie").notna().all().all()


# Records with little in them -------------------------------------------------------------------------------


def test_invoices_and_names_of_customers_are_enough(small_study):
    def bare(tables):
        return {"customers": tables["customers"].select("customer_id"), "invoices": tables["invoices"]}

    ours = assessed(small_study, bare)
    frame = ours.prospects.frame
    assert (frame["tie"] == "spot").all()
    assert (frame["already_gone"] > 0).any()
    assert set(ours.by_quarter.to_frame()["tie"]) == {"spot"}
    assert "contract" not in ours.base.definitions
    with pytest.raises(Refused, match="Needs size_class in customers"):
        ours.spells_by("size_class")
    assert "renewal" not in repr(to_do(ours))
    ours.plot()
    plt.close("all")


def invoices(folder: Path, *rows: tuple[str, str]) -> Path:
    """Write invoices of customers on days."""
    folder.mkdir()
    (folder / "customers.csv").write_text("customer_id\n" + "".join(f"{c}\n" for c in sorted({c for c, _ in rows})))
    lines = (f"{number},{customer},{day},100" for number, (customer, day) in enumerate(rows))
    (folder / "invoices.csv").write_text("invoice_id,customer_id,issued_on,amount\n" + "\n".join(lines) + "\n")
    return folder


def every(days: int, first: str, last: str) -> list[str]:
    return [str(day.date()) for day in pd.date_range(first, last, freq=f"{days}D")]


def without_forecasts(study: Study, why: str, **assumptions) -> Churn:
    """Return who is leaving of records that allow no forecast, and say so wherever one would stand."""
    found = assessed(study, **assumptions)
    with pytest.raises(Refused, match=why) as first:
        _ = found.prospects
    with pytest.raises(Refused) as again:
        _ = found.prospects
    assert again.value is first.value  # found out once
    assert figure(found, 2).isna()["value"]
    assert why in figure(found, 2)["note"]
    assert why in " ".join(found.remarks)
    assert why in repr(found)
    return found


def test_nobody_left_and_how_many_are_there_is_known_all_the_same(tmp_path):
    rows = [(f"c{n}", day) for n in range(8) for day in every(10 + n, "2023-01-01", "2024-12-31")]
    study = open_study(invoices(tmp_path / "loyal", *rows), as_of="2024-12-31")
    found = without_forecasts(study, "Nobody left")
    assert figure(found, 0)["value"] == 8
    assert figure(found, 1)["value"] == 0
    assert 0 < figure(found, 1)["upper"] < 50


def test_everybody_left(tmp_path):
    rows = [(f"c{n}", day) for n in range(8) for day in every(7 + n, "2023-01-01", f"2023-0{n + 1}-28")]
    study = open_study(invoices(tmp_path / "gone", *rows), as_of="2024-12-31")
    assert figure(without_forecasts(study, "No customer is left"), 0)["value"] == 0


def test_one_customer(tmp_path):
    study = open_study(
        invoices(tmp_path / "one", *(("only", day) for day in every(9, "2023-01-01", "2024-12-31"))),
        as_of="2024-12-31",
    )
    assert figure(without_forecasts(study, "Nobody left"), 0)["value"] == 1


def test_customers_who_ordered_once_have_no_rhythm_and_all_end_at_once(tmp_path):
    once = [(f"c{n}", day) for n, day in enumerate(every(9, "2024-01-01", "2024-12-31"))]
    study = open_study(invoices(tmp_path / "once", *once), as_of="2024-12-31")
    with pytest.raises(Refused, match="no rhythm to learn"):
        _ = study.churn
    without_forecasts(study, "Every row ends with leaving", churn_definition="silence")


def test_without_a_rhythm_nobody_counts_as_gone_already(small_study):
    """All have a contract, which tells who left; of orders there is one each."""

    def first_orders(tables):
        kept = tables["invoices"].filter(tables["invoices"].customer_id.isin(tables["contracts"].customer_id))
        first = ibis.row_number().over(group_by=kept.customer_id, order_by=kept.issued_on) == 0
        return {name: tables[name] for name in ("customers", "contracts")} | {"invoices": kept.filter(first)}

    ours = assessed(small_study, first_orders, churn_definition="silence")
    assert ours.base.rhythm is None
    assert "rhythm" not in ours.base.definitions
    assert len(ours.prospects.frame) > 10
    assert (ours.prospects.frame["already_gone"] == 0).all()


def test_forecasts_of_days_before_the_records_are_refused(small_study):
    early = small_study.at("2025-06-30").churn  # a year and a half before lies before the first record
    with pytest.raises(Refused, match="cannot be checked"):
        check(early)
