"""The log-rank test agrees with R's survdiff, with late entry with coxph's score test; it refuses what never meets."""

import numpy as np
import pandas as pd
import pytest

from clvlab.churn.curves.log_rank import log_rank
from clvlab.refusal import Refused


def test_lung_by_sex_agrees_with_r(lung):
    # R: survdiff(Surv(time, status) ~ sex, lung)
    test = log_rank(lung, "sex")
    assert test.chi_squared == pytest.approx(10.32674195, rel=1e-8)
    assert test.to_frame()["expected"].tolist() == pytest.approx([91.58173903, 73.41826097], rel=1e-8)


def test_telco_by_contract_agrees_with_r(telco):
    # R: survdiff(Surv(tenure, Churn == "Yes") ~ Contract, telco)
    assert log_rank(telco, "Contract").chi_squared == pytest.approx(2352.872538, rel=1e-8)
    # R: survdiff(Surv(tenure, Churn == "Yes") ~ Contract + strata(InternetService), telco)
    within = log_rank(telco, "Contract", strata="InternetService")
    assert within.chi_squared == pytest.approx(1732.853202, rel=1e-8)
    assert within.to_frame()["expected"].tolist() == pytest.approx([843.2453682, 474.0303357, 551.7242961], rel=1e-8)


def test_veteran_by_cell_type_agrees_with_r(veteran):
    # R: survdiff(Surv(time, status) ~ celltype, veteran)
    test = log_rank(veteran, "celltype")
    assert (test.chi_squared, test.degrees_of_freedom) == (pytest.approx(25.40370035, rel=1e-8), 3)
    assert test.to_frame()["events"].tolist() == [26, 26, 45, 31]
    # R: survdiff(Surv(time, status) ~ celltype + strata(trt), veteran)
    assert log_rank(veteran, "celltype", strata="trt").chi_squared == pytest.approx(22.78211994, rel=1e-8)


def test_a_group_of_one_agrees_with_r_and_is_called_rough(lung):
    # R: survdiff(Surv(time, status) ~ ph.ecog + strata(sex), lung)
    test = log_rank(lung.dropna(subset="ph.ecog"), "ph.ecog", strata="sex")
    assert test.chi_squared == pytest.approx(21.59623837, rel=1e-8)
    assert test.remarks == ("Fewer than 5 events are expected in 3.0; the p value is rough.",)


def test_late_entry_and_ties_agree_with_r(each_alone, market):
    # The score test of the exact partial likelihood has the hypergeometric variance; Breslow's and Efron's have not.
    # R: coxph(Surv(late, duration, event) ~ factor(segment), m[1:40, ], ties="exact")$score
    assert log_rank(each_alone[:40], "segment").chi_squared == pytest.approx(0.7956467757, rel=1e-8)
    # R: coxph(Surv(late, duration, event) ~ factor(segment) + strata(customer_id %% 2), m[1:60, ], ties="exact")$score
    halves = each_alone.assign(half=market["customer_id"] % 2)[:60]
    assert log_rank(halves, "segment", strata="half").chi_squared == pytest.approx(0.0530980201, rel=1e-8)


def test_several_spells_per_customer_agree_with_r(market):
    # R: coxph(Surv(late, duration, event) ~ factor(segment), m, cluster=customer_id, ties="breslow")$rscore
    test = log_rank(market, "segment")
    assert test.chi_squared == pytest.approx(0.3946249625, rel=1e-8)
    assert test.robust
    # R: the same with + strata(customer_id %% 2)
    halves = market.assign(half=market["customer_id"] % 2)
    assert log_rank(halves, "segment", strata="half").chi_squared == pytest.approx(0.1927832561, rel=1e-8)


def test_start_stop_rows_are_no_several_spells(lung):
    whole = lung.assign(customer_id=range(len(lung)), entry=0.0)
    first = whole.assign(duration=whole["duration"] / 2, event=0)
    second = whole.assign(entry=first["duration"])
    test = log_rank(pd.concat([first, second]), "sex")
    assert (test.chi_squared, test.robust) == (pytest.approx(10.32674195, rel=1e-8), False)
    assert test.to_frame()["spells"].tolist() == [138, 90]


def test_groups_that_never_meet_are_not_compared():
    frame = pd.DataFrame(
        {
            "duration": np.tile([2.0, 3, 5, 8], 3),
            "event": 1,
            "segment": np.repeat(["a", "b", "c"], 4),
            "region": np.repeat(["north", "north", "south"], 4),
        }
    )
    test = log_rank(frame, "segment", strata="region")
    assert test.degrees_of_freedom == 1
    assert "Some groups were never at risk together when somebody left; they are not compared." in test.remarks


def test_equal_groups_do_not_differ():
    frame = pd.DataFrame({"duration": [1.0, 2, 3] * 2, "event": 1, "segment": ["a"] * 3 + ["b"] * 3})
    test = log_rank(frame, "segment")
    assert (test.chi_squared, test.p_value) == (pytest.approx(0, abs=1e-20), pytest.approx(1))
    assert repr(test).startswith("Log-rank test: chi-squared 0.00 on 1 df, p = 1.000")


def test_what_cannot_be_compared_is_refused(lung):
    with pytest.raises(Refused, match=r"All spells have the same sex \(1\)"):
        log_rank(lung[lung["sex"] == 1], "sex")
    with pytest.raises(Refused, match="Nobody has left so far"):
        log_rank(lung.assign(event=0), "sex")
    apart = pd.DataFrame({"entry": [0, 5], "duration": [4, 9], "event": 1, "segment": ["a", "b"]})
    with pytest.raises(Refused, match="customers of only one segment were at risk"):
        log_rank(apart, "segment")
    at_once = pd.DataFrame({"duration": [5, 5], "event": 1, "segment": ["a", "b"]})
    with pytest.raises(Refused, match="all at risk left at once"):
        log_rank(at_once, "segment")
