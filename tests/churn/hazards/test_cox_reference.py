"""Agreement with R's survival 3.5-3 (R 4.2.2), figures recorded with the calls that gave them.

Robust errors come from the same calls with ``cluster=`` (``1:nrow(d)`` where a customer has one row), tests from
``summary``, proportional hazards from ``cox.zph``, baselines from ``basehaz(fit, centered=FALSE)``.
"""

import cox_data
import numpy as np
import pandas as pd
import pytest
from cox_data import HEART, LARYNX, MADE, ROSSI

from clvlab.churn.hazards.cox.model import cox

DIGITS = 5e-7


def same(ours, reference) -> None:
    np.testing.assert_allclose(np.asarray(ours, dtype=float), reference, rtol=DIGITS, atol=1e-12)


def assert_fit(fit, log_likelihoods, coefficients, errors, robust_errors, tests, proportional, baseline) -> None:
    """Compare a fit with R's; ``tests`` are likelihood ratio, score, Wald, robust score, robust Wald."""
    same([fit.log_likelihood_null_, fit.log_likelihood_], log_likelihoods)
    same(fit.params_, coefficients)
    same(fit.standard_errors_, errors)
    same(fit.robust_standard_errors_, robust_errors)
    same(fit.tests_["statistic"], tests)
    same(fit.proportional_hazards().to_frame()["statistic"], proportional)
    same(fit.baseline_["cumulative_hazard"].iloc[-1], baseline)
    assert fit.diagnostics_["converged"]


def test_rossi_with_ties():
    # coxph(Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio, rossi)
    assert_fit(
        cox(cox_data.rossi(), ROSSI),
        [-675.38063, -658.74766],
        [-0.37942217, -0.057437743, 0.31389979, -0.1497957, -0.43370388, -0.084871083, 0.091497081],
        [0.19137948, 0.021999471, 0.30799278, 0.2122243, 0.38186806, 0.19575667, 0.02864855],
        [0.19554178, 0.025336146, 0.29232856, 0.21806032, 0.38024447, 0.19920083, 0.028974595],
        [33.265946, 33.528689, 32.112611, 27.19152, 31.060228],
        [0.062429751, 5.9739817, 2.0682654, 4.2245956, 1.0110216, 0.018383299, 0.52058425, 17.694415],
        0.95649922,
    )


@pytest.mark.parametrize(
    ("transform", "statistics"),
    [
        ("identity", [0.0089505588, 6.6159438, 2.1444263, 3.8767551, 1.0313483, 0.028176599, 0.4247984, 18.182687]),
        ("log", [0.13759943, 8.2314983, 1.6170849, 2.0858548, 1.1259733, 0.21920281, 0.013479073, 17.661571]),
        ("rank", [1.3838085, 0.89642146, 2.2599782, 4.1596838, 0.089592142, 0.021851656, 1.6408035, 11.025183]),
    ],
)
def test_proportional_hazards_on_other_scales_of_age(transform, statistics):
    # cox.zph(fit, transform)
    same(cox(cox_data.rossi(), ROSSI).proportional_hazards(transform).to_frame()["statistic"], statistics)


def test_survival_of_two_prisoners():
    # summary(survfit(fit, rossi[1:2, ], conf.type = "log-log"), times = c(10, 30, 52))
    rows = cox_data.rossi()
    found = cox(rows, ROSSI).survival(rows.head(2), [10, 30, 52])
    same(found["survival"], [0.96415286, 0.85283641, 0.71489440, 0.90780437, 0.65587163, 0.41095379])
    same(found["lower"], [0.93282838, 0.77476777, 0.59459536, 0.83559213, 0.51635515, 0.25703099])
    same(found["upper"], [0.98101710, 0.90547064, 0.80519573, 0.94924415, 0.76401771, 0.55872704])


def test_heart_transplants_with_status_that_changes():
    # coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, cluster = id); statsmodels gives -0.055
    assert_fit(
        cox(cox_data.heart(), HEART),
        [-298.12136, -290.56562],
        [0.027166641, -0.14634635, -0.63720989, -0.010250772],
        [0.013714115, 0.07046798, 0.367226, 0.3137548],
        [0.013891893, 0.073079859, 0.3582102, 0.31688235],
        [15.111479, 15.034198, 14.493045, 18.236301, 16.832993],
        [0.86687471, 1.7164144, 0.097395059, 0.20293439, 3.4731023],
        3.4965482,
    )


def test_larynx():
    # coxph(Surv(time, death) ~ age + Stage_II + Stage_III + Stage_IV, larynx)
    assert_fit(
        cox(cox_data.larynx(), LARYNX),
        [-196.86348, -187.70736],
        [0.019031102, 0.14004015, 0.64238173, 1.7059796],
        [0.014258418, 0.4624861, 0.35611056, 0.42191333],
        [0.016673741, 0.42703117, 0.36256171, 0.37299859],
        [18.31223, 24.778881, 21.148988, 14.49251, 26.197862],
        [1.132908, 0.3305502, 3.5221896, 0.013446829, 5.1392865],
        0.23653872,
    )


def test_larynx_with_strata():
    # coxph(Surv(time, death) ~ Stage_II + Stage_III + Stage_IV + strata(age > 65), larynx)
    assert_fit(
        cox(cox_data.larynx(), LARYNX[1:], strata="older"),
        [-163.15414, -154.76917],
        [0.19852462, 0.62869179, 1.8187255],
        [0.47536852, 0.35778694, 0.43066151],
        [0.43974602, 0.36181268, 0.40385591],
        [16.769931, 23.179917, 19.458645, 12.872128, 22.00684],
        [0.84222862, 4.1756376, 0.052097658, 4.3211054],
        0.95890357,
    )


def test_lung_by_sex():
    # coxph(Surv(time, status) ~ sex, lung)
    assert_fit(
        cox(cox_data.lung(), "female"),
        [-749.9098, -744.593],
        [-0.53102354],
        [0.16717858],
        [0.1600318],
        [10.633605, 10.325148, 10.089421, 10.666456, 11.010701],
        [2.8632351, 2.8632351],
        3.5060567,
    )


def test_telco(shared_data):
    # coxph(Surv(tenure, Churn == "Yes") ~ MonthlyCharges + (Contract == ...) + (PaymentMethod == ...), telco)
    covariates = ["charges", "one_year", "two_year", "credit_card", "electronic", "mailed"]
    assert_fit(
        cox(cox_data.telco(shared_data), covariates),
        [-15653.04, -14248.675],
        [-0.00065787551, -2.0630935, -3.9982094, -0.027415333, 0.72106122, 0.57339435],
        [0.00096561237, 0.084294243, 0.15818574, 0.090507613, 0.070566904, 0.087820424],
        [0.00095387479, 0.079229411, 0.15224435, 0.090621056, 0.071633213, 0.09000932],
        [2808.7283, 2552.0818, 1451.199, 1781.1324, 1582.4963],
        [60.349616, 77.425798, 19.771675, 16.129499, 4.1768511, 23.810639, 210.10376],
        2.6544526,
    )


def test_late_entry_ties_clusters_and_strata():
    # coxph(Surv(entry, duration, event) ~ late + visits + small + strata(region), d, cluster = customer_id)
    assert_fit(
        cox(cox_data.made(), MADE, strata="region"),
        [-2561.1046, -2472.2266],
        [0.1583556, -0.31702134, 0.49686821],
        [0.016057599, 0.039359645, 0.087733989],
        [0.01485269, 0.041280343, 0.091323742],
        [177.75611, 177.65905, 173.15918, 115.7479, 184.47905],
        [0.17525023, 0.097616314, 0.33879761, 0.68155894],
        3.138394,
    )


@pytest.mark.parametrize(
    ("cause", "figures"),
    [
        (
            "service",
            (
                [-885.00691, -866.76109],
                [0.12029742, -0.2202017, 0.44194444],
                [0.027036928, 0.066539381, 0.1498247],
                [0.024380128, 0.072916938, 0.14766318],
                [36.491653, 36.65921, 36.087941, 33.260398, 40.244015],
                [2.6400808, 1.4744269, 0.24594227, 4.9291538],
                1.0852545,
            ),
        ),
        (
            "price",
            (
                [-915.53575, -873.52553],
                [0.17296597, -0.39954621, 0.55421608],
                [0.027066798, 0.066225325, 0.14637357],
                [0.025119097, 0.069204851, 0.13204912],
                [84.020435, 83.839083, 81.108554, 68.034775, 87.836372],
                [0.73143806, 2.4281708, 0.30472097, 4.0535425],
                1.6345866,
            ),
        ),
        (
            "rival",
            (
                [-774.45668, -748.86827],
                [0.1637532, -0.29194161, 0.44014412],
                [0.029220501, 0.072349824, 0.16079998],
                [0.027477775, 0.076754184, 0.15040912],
                [51.17681, 51.033563, 49.673646, 41.836855, 49.989171],
                [0.0069081048, 0.34461726, 0.74537261, 1.0792906],
                0.46133473,
            ),
        ),
    ],
)
def test_each_cause_by_itself(cause, figures):
    # coxph(Surv(entry, duration, event * (cause == "...")) ~ late + visits + small + strata(region), d,
    #       cluster = customer_id)
    assert_fit(cox(cox_data.made(), MADE, strata="region", cause=cause), *figures)


def test_survival_in_strata_with_robust_errors():
    # summary(survfit(fit, d[i, ], conf.type = "log-log"), times = c(5, 20, 40))
    rows = cox_data.made()
    found = cox(rows, MADE, strata="region").survival(rows.head(2), [5, 20, 40])
    same(found["survival"], [0.60742182, 0.17952613, 0.049716933, 0.71204419, 0.22278754, 0.052526358])
    same(found["lower"], [0.53235119, 0.12045489, 0.020836258, 0.63362799, 0.15671767, 0.023617365])
    same(found["upper"], [0.67420868, 0.24817381, 0.097575417, 0.77664427, 0.29625544, 0.098501675])


def test_survival_from_an_age_reached():
    # summary(survfit(fit, d[i, ], conf.type = "log-log", start.time = 10.5), times = c(20, 40)): R counts events at
    # the start itself, and nothing happens between 10 and 10.5
    rows = cox_data.made().head(2).assign(age=10)
    found = cox(cox_data.made(), MADE, strata="region").survival(rows, [10, 30], age="age")
    same(found["survival"], [0.43368126, 0.12010119, 0.42323761, 0.099786235])
    same(found["lower"], [0.31267832, 0.051809734, 0.3166976, 0.046280444])
    same(found["upper"], [0.54861299, 0.21926863, 0.52572819, 0.17754966])


def test_a_known_part_of_the_hazard_and_two_strata():
    # coxph(Surv(entry, duration, event) ~ late + visits + offset(known) + strata(region, small), d,
    #       cluster = customer_id); R's robust score (105.52) leaves the offset out, and its basehaz has it at its mean
    fit = cox(cox_data.made(), MADE[:2], strata=["region", "small"], offset="known")
    same([fit.log_likelihood_null_, fit.log_likelihood_], [-2165.9561, -2084.1848])
    same(fit.params_, [0.16873427, -0.32955509])
    same(fit.standard_errors_, [0.016249466, 0.039763664])
    same(fit.robust_standard_errors_, [0.014749133, 0.040675218])
    same(fit.tests_["statistic"].drop(3), [163.54273, 163.34895, 158.59112, 192.97984])
    same(fit.proportional_hazards().to_frame()["statistic"], [0.036748998, 0.061148637, 0.089592188])
    baseline = fit.baseline_["cumulative_hazard"].iloc[-1]
    same(baseline * np.exp(cox_data.made()["known"].mean()), 6.8966999)


def test_predictions_and_baseline_tell_one_story():
    rows = cox_data.made()
    fit = cox(rows, MADE, strata="region")
    last = fit.baseline_[fit.baseline_["region"] == "south"].iloc[-1]
    south = rows[rows["region"] == "south"].head(3)
    expected = np.exp(-last["cumulative_hazard"] * np.exp(fit.linear_predictor(south)))
    same(fit.survival(south, [last["time"]])["survival"], expected)
    assert isinstance(fit.linear_predictor(south), pd.Series)
    assert fit.linear_predictor(south).index.equals(south.index)
