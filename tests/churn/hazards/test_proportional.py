"""The check of proportional hazards, in words."""

import cox_data
import pandas as pd
import pytest
from cox_data import ROSSI

from clvlab.churn.hazards.cox.model import cox
from clvlab.refusal import Refused


def test_what_changes_is_named_with_its_direction_and_a_remedy():
    check = cox(cox_data.rossi(), ["age", "wexp"]).proportional_hazards()
    assert check.advice == (
        "Not proportional: with age the hazard ratio of age falls (p = 0.017), wexp rises (p = 0.036). What stands is"
        " an average; stratify by wexp (strata=) and cut spells at some duration and add age times being beyond it."
    )
    assert check.advice in repr(check)


def test_many_tests_are_allowed_for():
    check = cox(cox_data.rossi(), ROSSI).proportional_hazards()
    assert (check.to_frame()["p_value"] < 0.05).sum() == 3  # age, wexp and all together
    assert check.advice == "Effects change with age (all together p = 0.013), none by itself: fit early and late apart."


def test_stratifying_takes_a_covariate_out_of_the_advice():
    stratified = cox(cox_data.rossi(), [name for name in ROSSI if name != "wexp"], strata="wexp")
    assert "wexp" not in stratified.proportional_hazards().advice


def test_an_effect_that_may_change_once_is_no_longer_found_to_change():
    rows = cox_data.rossi().assign(entry=0.0, age_later=0.0)
    late = rows["duration"] > 25
    after = rows[late].assign(entry=25.0, age_later=rows["age"])
    rows.loc[late, ["duration", "event"]] = [25, 0]
    check = cox(pd.concat([rows, after]), [*ROSSI, "age_later"]).proportional_hazards()
    assert check.to_frame().set_index("covariate")["p_value"].loc[["age", "age_later"]].min() > 0.05


def test_nothing_found_is_said_as_such():
    check = cox(cox_data.heart(), cox_data.HEART).proportional_hazards()
    assert check.advice == "Nothing speaks against proportional hazards (all together p = 0.48)."


def test_an_unknown_scale_of_age_is_refused():
    with pytest.raises(Refused, match="use one of km, identity, log, rank"):
        cox(cox_data.heart(), cox_data.HEART).proportional_hazards("sqrt")


def test_age_zero_has_no_logarithm():
    rows = cox_data.rossi()
    with pytest.raises(Refused, match="age 0, which has no logarithm"):
        cox(rows.assign(duration=rows["duration"] - 1), ROSSI).proportional_hazards("log")


def test_one_age_for_all_events_is_refused():
    rows = cox_data.rossi().assign(duration=lambda frame: 60 - 10 * frame["event"])
    with pytest.raises(Refused, match="at one age"):
        cox(rows, ROSSI).proportional_hazards()
