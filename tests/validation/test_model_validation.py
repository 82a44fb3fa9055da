"""One line per model, failures first, and nothing that cannot be checked passes for checked."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

from clvlab.churn.checking.out_of_time import COVARIATES, DAYS_SILENT, MODEL, OutOfTime
from clvlab.refusal import Refused
from clvlab.study import Study
from clvlab.validation.check import CALIBRATION, KINDS, LEAVING, MODELS, NO, NOT_CHECKED, YES, Check, decisive, verdict
from clvlab.validation.data_checks import row_checks, set_aside_by_rule
from clvlab.validation.evidence import Evidence
from clvlab.validation.model_validation import ModelValidation
from clvlab.validation.own_records import leaving_checks

DAY = dt.date(2024, 6, 30)


def refuse(*_: object):
    raise Refused("Too short.")


def validation(study: Study, **pieces: object) -> ModelValidation:
    given = {"tested": refuse, "values": refuse, "past": refuse, "prediction": refuse} | pieces
    return ModelValidation(
        study.records, study.purchases, study.as_of, margins=lambda: study.margins,
        by_month=lambda: study.margins_by("month"), evidence=Evidence({}), **given,
    )  # fmt: skip


def forecasts(shift: float = 0.0, customers: int = 400) -> OutOfTime:
    """Return forecasts of leaving that are right, or too high by a shift."""
    rng = np.random.default_rng(1)
    risk = rng.uniform(0.05, 0.6, customers)
    left = rng.random(customers) < risk
    frame = pd.DataFrame(
        {
            "landmark": pd.Timestamp(DAY), "customer_id": range(customers),
            "time": np.where(left, rng.uniform(0, 12, customers), 18.0), "event": left.astype(int),
        }
    )  # fmt: skip
    for name in (MODEL, COVARIATES, "silent for 90 days", DAYS_SILENT):
        frame[(name, 12)] = rng.random(customers) < 0.5 if name not in (MODEL, COVARIATES) else risk + shift
    expected = (risk + shift).sum()
    totals = {(DAY, 12): pd.Series({"leave": expected, "lower": expected - 20, "upper": expected + 20})}
    return OutOfTime(frame, {DAY: (12,)}, (MODEL, COVARIATES, "silent for 90 days", DAYS_SILENT), 1, totals)


def check(within: str) -> Check:
    return Check(LEAVING, "slope", CALIBRATION, "1.0", "1.0", within, "")


@pytest.mark.parametrize(
    ("found", "expected"),
    [((), NOT_CHECKED), ((NOT_CHECKED,), NOT_CHECKED), ((YES, NOT_CHECKED), YES), ((YES, NO, NOT_CHECKED), NO)],
)
def test_one_failure_decides_and_what_is_not_checked_passes_nothing(found, expected):
    checks = [check(within) for within in found]
    assert verdict(checks) == expected
    if checks:
        assert decisive(checks).within == expected


def test_each_model_has_one_line_also_where_no_forecast_can_be_checked(small_study):
    found = validation(small_study)
    frame = found.to_frame()
    assert list(frame["model"]) == list(MODELS)
    assert {own.within for own in found.own} == {NOT_CHECKED}
    assert {own.expected for own in found.own} == {"Too short."}
    assert "Too short." in repr(found.headlines())
    with pytest.raises(Refused, match="No forecast on these records can be checked"):
        found.forecasts.plot()


def test_the_records_of_the_market_add_up(small_study):
    found = validation(small_study)
    assert [one for one in found.data if one.within == NO and one.model == "sums of money"] == []
    rows = found.data[0]
    accepted, aside, rows_in = (int(n.replace(",", "")) for n in re.findall(r"[\d,]+", rows.figure))
    assert accepted + aside == rows_in


def test_every_check_stands_under_one_kind_with_the_first_that_is_outside(small_study):
    found = validation(small_study, tested=lambda: forecasts(shift=0.15))
    frame = found.by_kind.to_frame().set_index("kind")
    assert list(frame.index) == list(KINDS)
    made = [check for check in (*found.own, *found.simulated, *found.published, *found.data)
            if check.within != NOT_CHECKED]  # fmt: skip
    assert sum(int(checks.split(" of ")[1]) for checks in frame["checks"] if checks != "–") == len(made)
    assert frame.loc["published figures", "first_outside"] == ""
    assert frame.loc["backtests on these records", "first_outside"].startswith("probabilities to leave: customers who")


def test_a_model_with_a_check_outside_has_a_reservation_and_no_other_has(small_study):
    verdicts = validation(small_study, tested=lambda: forecasts(shift=0.15)).verdicts.to_frame()
    assert LEAVING in set(verdicts.loc[verdicts["within"] == NO, "model"])
    assert ((verdicts["within"] == NO) == (verdicts["reservation"] != "")).all()


def test_the_line_to_sign_ends_the_first_sheet(small_study):
    assert '<p class="sign-off">Checked by: ' in validation(small_study).sign_off()._repr_html_()


def test_a_table_that_loses_rows_is_found(small_study):
    quarantine = small_study.records.quarantine
    kept = quarantine.sums.copy()
    try:
        quarantine.sums = kept.assign(accepted=kept["accepted"] - 1)
        assert row_checks(quarantine)[0].within == NO
    finally:
        quarantine.sums = kept
    shares = set_aside_by_rule(quarantine).to_frame()["share_of_rows"]
    assert shares.between(0, 1).all()


def test_forecasts_that_are_right_are_within_and_those_too_high_are_not():
    right, high = leaving_checks(forecasts()), leaving_checks(forecasts(shift=0.15))
    assert [one.within for one in right] == [YES] * 4
    assert high[0].within == NO


def test_headlines_say_how_many_models_hold_and_what_came(small_study):
    frame = validation(small_study, tested=forecasts).headlines().to_frame().set_index("name")
    assert frame.loc["models with every check within", "note"] == f"of {len(MODELS)}"
    assert "came: " in frame.loc["past forecast: customers to leave", "note"]
    assert frame.loc["past forecast: value to come", "note"] == "Too short."


def test_forecasts_are_drawn_beside_their_table(small_study):
    found = validation(small_study, tested=forecasts)
    assert found.forecasts.plot().get_xlabel()
    frame = found.forecasts.to_frame()
    assert len(frame) == 5
    assert frame["said"].is_monotonic_increasing
    assert (frame["came_lower"] < frame["came_upper"]).all()


def test_what_to_do_names_each_model_with_a_check_outside(small_study):
    found = validation(small_study, tested=lambda: forecasts(shift=0.15))
    frame = found.to_frame()
    said = " ".join(found.to_do().to_frame()["sentence"]).lower()
    assert all(model in said for model in frame.loc[frame["within"] == NO, "model"])
