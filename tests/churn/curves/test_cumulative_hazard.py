"""Nelson-Aalen agrees with R's survival 3.5."""

import numpy as np
import pandas as pd

from clvlab.churn.curves.cumulative_hazard import cumulative_hazard


def at(curve, times):
    frame = curve.to_frame()
    return np.array([frame[frame["time"] <= time].iloc[-1][["cumulative_hazard", "standard_error"]] for time in times])


def test_lung_agrees_with_r(lung):
    # R: summary(survfit(Surv(time, status) ~ 1, lung), times=c(180, 365, 700))[c("cumhaz", "std.chaz")]
    expected = [
        [0.32482808953, 0.04113664424],
        [0.88832457437, 0.08696538766],
        [1.92444756020, 0.20912455225],
    ]
    np.testing.assert_allclose(at(cumulative_hazard(lung), [180, 365, 700]).astype(float), expected, rtol=1e-8)


def test_late_entry_and_ties_agree_with_r(each_alone):
    # R: survfit(Surv(late, duration, event) ~ 1, m)[c("cumhaz", "std.chaz")] at 0.5, 2 and 6
    expected = [
        [0.07567567568, 0.02022517506],
        [0.33719545000, 0.04248693973],
        [0.99745227331, 0.08451091720],
    ]
    np.testing.assert_allclose(at(cumulative_hazard(each_alone), [0.5, 2, 6]).astype(float), expected, rtol=1e-8)


def test_several_spells_per_customer_agree_with_r_by_cluster(market):
    # R: summary(survfit(Surv(late, duration, event) ~ 1, m, cluster=customer_id), times=c(2, 5, 9))
    expected = [
        [0.3371954500, 0.04035665486],
        [0.8200749394, 0.07098401965],
        [1.5719703733, 0.13397110708],
    ]
    np.testing.assert_allclose(at(cumulative_hazard(market), [2, 5, 9]).astype(float), expected, rtol=1e-8)


def test_intervals_are_symmetric_for_the_logarithm(lung):
    row = cumulative_hazard(lung, confidence=0.9).to_frame().iloc[50]
    assert np.isclose(np.sqrt(row["lower"] * row["upper"]), row["cumulative_hazard"])
    half = np.log(row["upper"] / row["cumulative_hazard"])
    assert np.isclose(half, 1.6448536 * row["standard_error"] / row["cumulative_hazard"])


def test_it_begins_at_0_and_has_no_interval_before_the_first_event():
    frame = cumulative_hazard(pd.DataFrame({"duration": [1.0, 2, 3], "event": [0, 1, 1]})).to_frame()
    assert frame["cumulative_hazard"].tolist() == [0, 0, 0.5, 1.5]
    assert frame["lower"].isna().tolist() == [False, True, False, False]
