"""Kaplan-Meier agrees with R's survival 3.5, and says where it knows nothing."""

import numpy as np
import pandas as pd
import pytest

from clvlab.churn.curves.survival import survival_curve
from clvlab.refusal import Refused

ESTIMATES = ["survival", "standard_error", "lower", "upper"]


def spells(duration, event, entry=0.0) -> pd.DataFrame:
    return pd.DataFrame({"entry": entry, "duration": np.asarray(duration, dtype=float), "event": event})


# R: summary(survfit(Surv(time, status) ~ sex, lung, conf.type="log-log"), times=c(180, 365, 700))
LUNG = [
    [0.64446500154, 0.04078642509, 0.55841247301, 0.7180135982],
    [0.33608783464, 0.04342358884, 0.25272914333, 0.4213021682],
    [0.08928467573, 0.02925794540, 0.04278106111, 0.1569318847],
    [0.84240170559, 0.03868095893, 0.74838091615, 0.9035043043],
    [0.52646303019, 0.05973685399, 0.40357982327, 0.6353162328],
    [0.24964333054, 0.06520746352, 0.13440886893, 0.3830496721],
]

# R: summary(survfit(Surv(tenure, Churn == "Yes") ~ Contract, telco, conf.type="log-log"), times=c(12, 24, 48))
TELCO = [
    [0.7030966363, 0.007919369125, 0.6872593576, 0.7183040754],
    [0.5859154739, 0.009245408377, 0.5675542366, 0.6037891389],
    [0.3972637790, 0.011858729776, 0.3739790448, 0.4204358753],
    [0.9908082041, 0.002538500964, 0.9842195308, 0.9946534315],
    [0.9782723764, 0.003998735892, 0.9688606057, 0.9848616818],
    [0.9165468042, 0.008979689733, 0.8970671554, 0.9324793627],
    [1.0, np.nan, np.nan, np.nan],
    [1.0, np.nan, np.nan, np.nan],
    [0.9957189310, 0.001747275059, 0.9904815992, 0.9980773065],
]

# R: survfit(Surv(late, duration, event) ~ 1, m, conf.type="log-log"), first twelve rows: time, n.risk, n.event, surv,
# lower, upper
MARKET = [
    [0.5, 185, 14, 0.9243243243, 0.8755636362, 0.9544696962],
    [1.0, 188, 18, 0.8358251869, 0.7759824316, 0.8809041874],
    [1.5, 190, 18, 0.7566417481, 0.6921333456, 0.8095038035],
    [2.0, 183, 13, 0.7028912414, 0.6367723861, 0.7592787388],
    [2.5, 171, 12, 0.6535655403, 0.5865906930, 0.7124041828],
    [3.0, 158, 9, 0.6163371234, 0.5490426243, 0.6766250380],
    [3.5, 148, 15, 0.5538705231, 0.4866814626, 0.6158657773],
    [4.0, 136, 8, 0.5212899041, 0.4545920565, 0.5837291572],
    [4.5, 130, 10, 0.4811906807, 0.4154817826, 0.5437797595],
    [5.0, 118, 14, 0.4241002609, 0.3602888259, 0.4863784402],
    [5.5, 98, 8, 0.3894798315, 0.3269493983, 0.4514311056],
    [6.0, 94, 9, 0.3521892093, 0.2916131991, 0.4132289651],
]

# R: summary(survfit(Surv(late, duration, event) ~ 1, m, cluster=customer_id, conf.type="log-log"), times=c(2, 5, 9))
CLUSTERED = [
    [0.7028912414, 0.03105472557, 0.6371765156, 0.7589844578],
    [0.4241002609, 0.03300244846, 0.3589022669, 0.4876993852],
    [0.1919800158, 0.02842254253, 0.1397908087, 0.2505065618],
]


def test_lung_by_sex_agrees_with_r(lung):
    found = survival_curve(lung, by="sex", unit="day").at([180, 365, 700])
    assert found["group"].tolist() == [1, 1, 1, 2, 2, 2]
    np.testing.assert_allclose(found[ESTIMATES], LUNG, rtol=1e-8)


def test_telco_by_contract_agrees_with_r(telco):
    found = survival_curve(telco, by="Contract").at([12, 24, 48])
    np.testing.assert_allclose(found[ESTIMATES], TELCO, rtol=1e-8)


def test_late_entry_and_ties_agree_with_r(each_alone):
    found = survival_curve(each_alone).to_frame()
    columns = ["time", "at_risk", "events", "survival", "lower", "upper"]
    np.testing.assert_allclose(found[columns].iloc[1:13], MARKET, rtol=1e-8)


def test_several_spells_per_customer_agree_with_r_by_cluster(market):
    curve = survival_curve(market)
    np.testing.assert_allclose(curve.at([2, 5, 9])[ESTIMATES], CLUSTERED, rtol=1e-8)
    assert "155 customers" in curve.remarks[0]


def test_medians_agree_with_r(veteran, lung, each_alone):
    # R: quantile(survfit(Surv(time, status) ~ celltype, veteran, conf.type="log-log"), 0.5)
    found = survival_curve(veteran, by="celltype").median().set_index("group")
    assert found.loc["squamous", ["time", "lower", "upper"]].tolist() == [118, 44, 242]
    assert found.loc["adeno", ["time", "lower", "upper"]].tolist() == [51, 24, 90]
    # R: quantile(survfit(Surv(time, status) ~ sex, lung, conf.type="log-log"), 0.25)
    quarter = survival_curve(lung, by="sex").quantile(0.25)
    assert quarter[["time", "lower", "upper"]].values.tolist() == [[144, 105, 176], [226, 167, 310]]
    # R: quantile(survfit(Surv(late, duration, event) ~ 1, m, conf.type="log-log"), 0.75)
    assert survival_curve(each_alone).quantile(0.75)[["time", "lower", "upper"]].values.tolist() == [[7.5, 7, 9]]


def test_a_median_on_a_flat_piece_is_its_middle():
    # R: quantile(survfit(Surv(c(1, 2, 4, 6), c(1, 1, 1, 1)) ~ 1), 0.5) gives 3
    assert survival_curve(spells([1, 2, 4, 6], 1)).median()["time"].tolist() == [3]
    assert survival_curve(spells([1, 2, 4, 6], [1, 1, 0, 0])).median()["time"].tolist() == [2]


def test_a_median_that_the_curve_does_not_reach_is_missing(telco):
    found = survival_curve(telco, by="Contract").median().set_index("group")
    assert np.isnan(found.loc["Two year", "time"])
    assert found.loc["Month-to-month", "time"] == 35


def test_the_curve_starts_with_everybody_and_drops_at_0_for_those_who_left_at_0():
    found = survival_curve(spells([0, 0, 3, 4], [1, 0, 1, 0])).to_frame()
    assert found[["time", "survival", "at_risk", "events"]].values.tolist() == [
        [0, 1, 4, 0],
        [0, 0.75, 4, 1],
        [3, 0.375, 2, 1],
        [4, 0.375, 1, 0],
    ]
    assert survival_curve(spells([0, 0, 3, 4], [1, 0, 1, 0])).at(0)["survival"].tolist() == [0.75]


def test_survival_is_not_known_beyond_the_last_age_unless_nobody_is_left():
    assert np.isnan(survival_curve(spells([1, 2], [1, 0])).at(2.5)["survival"]).all()
    assert survival_curve(spells([1, 2], [1, 1])).at(2.5)["survival"].tolist() == [0]


def test_there_is_no_interval_before_the_first_event_nor_at_0():
    # R: survfit(Surv(1:5, c(0, 1, 0, 1, 1)) ~ 1, conf.type="log-log")
    found = survival_curve(spells(range(1, 6), [0, 1, 0, 1, 1])).to_frame()
    np.testing.assert_allclose(
        found["lower"], [1, np.nan, 0.12794691760, 0.12794691760, 0.01097112157, np.nan], rtol=1e-8
    )
    np.testing.assert_allclose(found["upper"], [1, np.nan, 0.9605486423, 0.9605486423, 0.8080010725, np.nan], rtol=1e-8)


def test_without_events_survival_is_1_without_an_interval_and_the_remark_bounds_the_hazard():
    curve = survival_curve(spells(np.full(40, 10.0), 0))
    assert curve.at(10)["survival"].tolist() == [1]
    assert curve.at(10)[["lower", "upper"]].isna().all(axis=None)
    # 95% of the time a Poisson count of mean 2.996 is above 0: 2.996 / 400 months.
    assert curve.remarks == (
        "Nobody left, so there is no interval; a constant hazard would be below 0.0075 per month (95% confidence).",
    )
    assert repr(curve).endswith("(95% confidence).")


def test_durations_of_0_alone_are_no_time_observed():
    assert survival_curve(spells([0, 0], 0)).remarks == ("Nobody left, so there is no interval; no time was observed.",)
    assert survival_curve(spells([0, 0], 1)).at([0, 1])["survival"].tolist() == [0, 0]


def test_one_customer_gives_a_curve_without_an_interval():
    found = survival_curve(spells([5], 1)).to_frame()
    assert found["survival"].tolist() == [1, 0]
    assert np.isnan(found["upper"].iloc[1])


def test_all_leaving_at_once_leaves_nobody():
    found = survival_curve(spells([5, 5, 5], 1)).to_frame()
    assert found[["time", "survival"]].values.tolist() == [[0, 1], [5, 0]]


def test_all_events_in_one_customers_spells_give_no_error():
    several = spells([1, 2, 3], 1).assign(customer_id="a")
    assert survival_curve(several).to_frame()[["lower", "upper"]].iloc[1:].isna().all(axis=None)


def test_a_curve_stuck_at_0_says_so():
    # R: survfit(Surv(c(-1, -1, 1, 1, 2), c(1, 1, 3, 4, 6), c(1, 1, 1, 0, 1)) ~ 1) stays at 0 too.
    curve = survival_curve(spells([1, 1, 3, 4, 6], [1, 1, 1, 0, 1], [0, 0, 1, 1, 2]))
    assert curve.to_frame()["survival"].tolist() == [1, 0, 0, 0, 0]
    assert "All at risk at age 1 left (2 of 2), so survival stays at 0" in curve.remarks[0]


def test_a_curve_that_begins_late_is_conditional():
    curve = survival_curve(spells(np.arange(5.0, 25), 1, 4))
    assert curve.to_frame()["time"].iloc[0] == 4
    assert np.isnan(curve.at(3)["survival"]).all()
    assert curve.remarks == ("Nobody was observed before age 4; the curve holds for customers who reach it.",)


def test_a_gap_in_observation_is_named():
    curve = survival_curve(spells([1, 2, 8, 9], [1, 0, 1, 0], [0, 0, 5, 5]))
    assert "Nobody was observed between ages 2 and 5" in curve.remarks[0]


def test_losses_among_few_before_many_came_are_named():
    entry = np.concatenate([[0, 0, 0], np.full(30, 3.0)])
    curve = survival_curve(spells(np.concatenate([[2, 5, 6], np.linspace(4, 20, 30)]), 1, entry))
    assert curve.remarks == (
        "1 of the losses, up to age 2, were among fewer than 10 at risk and weigh on the whole curve after them.",
    )


def test_remarks_name_their_group():
    frame = spells([3, 4, 5, 6], [0, 0, 1, 0]).assign(segment=["x", "x", "y", "y"])
    [remark] = survival_curve(frame, by="segment").remarks
    assert remark.startswith("x: Nobody left")


def test_groups_keep_the_order_of_categories_and_unused_ones_are_left_out():
    kinds = pd.Categorical(["small", "large", "small"], categories=["small", "middle", "large"], ordered=True)
    found = survival_curve(spells([3, 4, 5], 1).assign(size=kinds), by="size").to_frame()
    assert found["group"].unique().tolist() == ["small", "large"]
    assert list(found.columns[:2]) == ["group", "time"]


def test_bands_of_a_number_can_be_groups(lung):
    banded = lung.assign(band=pd.cut(lung["age"], [0, 60, 100]))
    assert len(survival_curve(banded, by="band").median()) == 2


def test_what_cannot_be_used_is_refused(lung):
    with pytest.raises(Refused, match=r"1 of 228 rows have no ph\.ecog"):
        survival_curve(lung, by="ph.ecog")
    with pytest.raises(Refused, match="60 groups, more than can be compared"):
        survival_curve(spells(range(1, 61), 1).assign(x=range(60)), by="x")
    with pytest.raises(Refused, match="has no column 'segmen'"):
        survival_curve(lung, by="segmen")
    with pytest.raises(Refused, match="rows have no customer_id"):
        survival_curve(spells([1, 2], 1).assign(customer_id=["a", None]))
    with pytest.raises(Refused, match="confidence=95 is no share"):
        survival_curve(lung, confidence=95)
    with pytest.raises(Refused, match="Nobody could be seen to leave or stay"):
        survival_curve(lung.iloc[:0])
    with pytest.raises(Refused, match="left=50 is no share"):
        survival_curve(lung).quantile(50)
