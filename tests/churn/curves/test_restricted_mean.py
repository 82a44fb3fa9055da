"""Restricted means agree with R's survival 3.5, their errors too."""

import numpy as np
import pandas as pd
import pytest

from clvlab.churn.curves.restricted_mean import restricted_mean
from clvlab.refusal import Refused

MEAN = ["restricted_mean", "standard_error"]


def test_lung_telco_and_veteran_agree_with_r(lung, telco, veteran):
    # R: summary(survfit(Surv(time, status) ~ sex, lung), rmean=365)$table
    np.testing.assert_allclose(
        restricted_mean(lung, 365, by="sex").to_frame()[MEAN],
        [[241.4950852, 10.35822649], [297.4654095, 10.79132398]],
        rtol=1e-8,
    )
    # R: summary(survfit(Surv(tenure, Churn == "Yes") ~ Contract, telco), rmean=60)$table
    np.testing.assert_allclose(
        restricted_mean(telco, 60, by="Contract").to_frame()[MEAN],
        [[33.50207907, 0.45436518509], [57.34163183, 0.24945087656], [59.86184792, 0.04118651348]],
        rtol=1e-8,
    )
    # R: summary(survfit(Surv(time, status) ~ celltype, veteran), rmean=180)$table
    np.testing.assert_allclose(
        restricted_mean(veteran, 180, by="celltype").to_frame().set_index("group").loc[["squamous", "large"], MEAN],
        [[111.24962406, 11.923889673], [125.81481481, 11.594312621]],
        rtol=1e-8,
    )


def test_late_entry_and_ties_agree_with_r(each_alone):
    # R: summary(survfit(Surv(late, duration, event) ~ segment, m), rmean=10)$table
    np.testing.assert_allclose(
        restricted_mean(each_alone, 10, by="segment").to_frame()[MEAN],
        [[4.9171042981, 0.3680736259], [4.8339184527, 0.4228735621], [4.9848126145, 0.3662345308]],
        rtol=1e-8,
    )


def test_differences_of_independent_groups_add_their_variances(each_alone):
    first = restricted_mean(each_alone, 10, by="segment").differences().iloc[0]
    assert first[["group", "other"]].tolist() == ["a", "b"]
    assert first["difference"] == pytest.approx(4.9171042981 - 4.8339184527, rel=1e-6)
    assert first["standard_error"] == pytest.approx(np.hypot(0.3680736259, 0.4228735621), rel=1e-8)
    assert first["p_value"] == pytest.approx(0.8820424, rel=1e-6)


def test_several_spells_per_customer_agree_with_r_by_cluster(market):
    # R: k <- survfit(Surv(late, duration, event) ~ 1, m, cluster=customer_id, influence=3)
    #    sqrt(sum((k$influence.surv %*% diff(c(pmin(k$time, 10), 10)))^2))
    found = restricted_mean(market, 10)
    assert found.to_frame()["standard_error"].tolist() == [pytest.approx(0.232211303, rel=1e-8)]
    assert "155 customers" in found.remarks[0]


def test_groups_that_share_customers_are_compared_with_their_covariance(market):
    # R: the same with ~ segment; crossprod of the three groups' influence, rows matched by customer
    difference = restricted_mean(market, 10, by="segment").differences()
    variance = 0.120589542420 + 0.1672528185361 - 2 * 0.0040930705717
    assert difference["standard_error"].iloc[0] == pytest.approx(np.sqrt(variance), rel=1e-8)


def test_without_events_there_is_no_error():
    frame = restricted_mean(pd.DataFrame({"duration": [6.0, 9.0], "event": [0, 1]}), until=6).to_frame()
    assert frame["restricted_mean"].tolist() == [6]
    assert frame[["standard_error", "lower", "upper"]].isna().all(axis=None)


def test_a_group_without_events_has_no_difference_either():
    frame = pd.DataFrame({"duration": [6.0, 9, 2, 9], "event": [0, 0, 1, 0], "segment": ["a", "a", "b", "b"]})
    [difference] = restricted_mean(frame, 6, by="segment").differences().to_dict("records")
    assert difference["difference"] == pytest.approx(2)
    assert np.isnan([difference["standard_error"], difference["p_value"]]).all()


def test_when_all_have_left_the_mean_needs_no_further_observation():
    assert restricted_mean(pd.DataFrame({"duration": [2.0, 4], "event": 1}), 10).to_frame()[
        "restricted_mean"
    ].tolist() == [3]


def test_what_cannot_be_answered_is_refused(lung):
    with pytest.raises(Refused, match="observed up to age 1,022 days only; give until=1022 or less"):
        restricted_mean(lung, 2000, unit="day")
    with pytest.raises(Refused, match="until=0 is no length of time"):
        restricted_mean(lung, 0)
    with pytest.raises(Refused, match="There is one group only"):
        restricted_mean(lung, 365).differences()
