"""Accelerated failure time agrees with R and with direct likelihoods, late entry included; its choice looks ahead."""

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_lung, load_rossi
from scipy.optimize import minimize
from scipy.stats import norm, weibull_min

from clvlab.churn.hazards.aft.choosing import compare_distributions, cut
from clvlab.churn.hazards.aft.distributions import DISTRIBUTIONS
from clvlab.churn.hazards.aft.model import aft
from clvlab.periods import to_periods
from clvlab.refusal import Refused

NAMES = tuple(DISTRIBUTIONS)
TODAY = pd.Timestamp("2025-12-31")


def simulated(seed: int, n: int = 800, entered: float = 3.0) -> pd.DataFrame:
    """Log-normal lifetimes around 7, half of them known only from some age on, on average ``entered``."""
    rng = np.random.default_rng(seed)
    late = rng.normal(size=n)
    lifetime = np.exp(2 + 0.3 * late + 0.8 * rng.normal(size=n))
    entry = np.where(rng.random(n) < 0.5, rng.exponential(entered, n), 0)
    followed = entry + rng.exponential(10, n)
    frame = pd.DataFrame({"late": late, "entry": entry, "duration": np.minimum(lifetime, followed)})
    return frame.assign(event=(lifetime <= followed).astype(int))[lifetime > entry].reset_index(drop=True)


def dated(seed: int, n: int = 1500) -> pd.DataFrame:
    """Log-normal lifetimes of customers who began in ten years, followed to the end of 2025."""
    rng = np.random.default_rng(seed)
    started = TODAY - pd.to_timedelta(rng.integers(1, 3650, n), "D")
    age = to_periods((TODAY - started).days.to_numpy(), "month")
    lifetime = np.exp(2.5 + 0.7 * rng.normal(size=n))
    frame = pd.DataFrame({"started_on": started, "entry": 0.0, "duration": np.minimum(lifetime, age)})
    return frame.assign(event=(lifetime <= age).astype(int))


# References ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distribution", "params", "errors", "likelihood"),
    [
        # survreg(Surv(time, status == 2) ~ age + sex + ph.ecog, na.omit(lung[, ...]), dist = "weibull", and so on,
        #         control = survreg.control(rel.tolerance = 1e-13)); log(scale), sqrt(diag(var)), loglik[2]
        ("weibull", [6.27343525, -0.00747543941, 0.401090541, -0.339638098, -0.313192730],
         [0.453577711, 0.00676350767, 0.123732567, 0.0834784251, 0.0613464553], -1132.43875),
        ("log-normal", [6.49478673, -0.0191818681, 0.521952879, -0.355566670, 0.0282322741],
         [0.582756276, 0.00832785746, 0.152775382, 0.103308253, 0.0559606246], -1146.88183),
        ("log-logistic", [5.93668692, -0.00807991943, 0.486623571, -0.404615512, -0.623357152],
         [0.512072660, 0.00747790706, 0.134894148, 0.0930137194, 0.0658133654], -1137.48961),
    ],
)  # fmt: skip
def test_lung_is_as_in_r(distribution, params, errors, likelihood):
    lung = load_lung()[["time", "status", "age", "sex", "ph.ecog"]].dropna()
    fit = aft(lung.rename(columns={"time": "duration", "status": "event"}), ["age", "sex", "ph.ecog"], distribution)
    np.testing.assert_allclose(fit.params_, params, rtol=1e-5)
    np.testing.assert_allclose(fit.standard_errors_, errors, rtol=1e-5)
    assert fit.log_likelihood_ == pytest.approx(likelihood, abs=1e-5)


@pytest.mark.parametrize(
    ("distribution", "params", "errors", "likelihood"),
    [
        # survreg(Surv(week, arrest) ~ fin + age + prio, rossi, dist = "weibull", and so on, as above)
        ("weibull", [3.77376889, 0.249503630, 0.0477671296, -0.0697970744, -0.336736366],
         [0.358053350, 0.137214750, 0.0153715224, 0.0200859433, 0.0892486556], -682.041278),
        ("log-normal", [3.97853796, 0.322589616, 0.0379370534, -0.0755447804, 0.281535702],
         [0.393267643, 0.166757974, 0.0153792771, 0.0265598265, 0.0766400347], -687.441035),
        ("log-logistic", [3.65721261, 0.258187681, 0.0455124591, -0.0742750370, -0.425962882],
         [0.365085355, 0.145245508, 0.0151503206, 0.0219057220, 0.0867965539], -682.931800),
    ],
)  # fmt: skip
def test_rossi_is_as_in_r(distribution, params, errors, likelihood):
    rossi = load_rossi().rename(columns={"week": "duration", "arrest": "event"})
    fit = aft(rossi, ["fin", "age", "prio"], distribution)
    np.testing.assert_allclose(fit.params_, params, rtol=2e-5)
    np.testing.assert_allclose(fit.standard_errors_, errors, rtol=2e-5)
    assert fit.log_likelihood_ == pytest.approx(likelihood, abs=1e-5)
    if distribution == "weibull":
        # predict(fit, rossi[1:2, ], type = "quantile", p = 0.5)
        np.testing.assert_allclose(fit.median(rossi[:2]), [98.7275821, 45.3076015], rtol=1e-5)


def test_late_entry_is_that_of_the_likelihood_given_that_spells_still_ran():
    frame = simulated(1)

    def minus_log_likelihood(at: np.ndarray) -> float:
        lifetime = norm(at[0] + at[1] * frame["late"], np.exp(at[2]))
        log_age = np.log(frame["duration"])
        ended = np.where(frame["event"] == 1, lifetime.logpdf(log_age) - log_age, lifetime.logsf(log_age))
        with np.errstate(divide="ignore"):
            return float(-(ended - lifetime.logsf(np.log(frame["entry"]))).sum())

    direct = minimize(minus_log_likelihood, [1, 0, 0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10})
    fit = aft(frame, "late", "log-normal")
    np.testing.assert_allclose(fit.params_, direct.x, atol=1e-5)
    assert fit.log_likelihood_ == pytest.approx(-direct.fun, abs=1e-6)
    steps = 1e-3 * np.eye(3)
    curvature = [
        [
            sum(i * j * minus_log_likelihood(direct.x + i * a + j * b) for i in (1, -1) for j in (1, -1)) / 4e-6
            for a in steps
        ]
        for b in steps
    ]
    np.testing.assert_allclose(fit.standard_errors_, np.sqrt(np.diag(np.linalg.inv(curvature))), rtol=1e-4)


def test_late_entry_ignored_makes_customers_look_longer_lived():
    frame = simulated(2, entered=9)
    right, ignored = aft(frame, "late", "log-normal"), aft(frame.drop(columns="entry"), "late", "log-normal")
    error = right.standard_errors_["intercept"]
    assert abs(right.params_["intercept"] - 2) < 2 * error
    assert ignored.params_["intercept"] > 2 + 3 * error


# What a fit answers ----------------------------------------------------------------------------------------


def test_survival_is_that_of_the_distribution_and_given_an_age_of_those_who_reached_it():
    rossi = load_rossi().rename(columns={"week": "duration", "arrest": "event"})
    fit = aft(rossi, "prio", "weibull")
    location, shape = fit.params_["intercept"] + 3 * fit.params_["prio"], np.exp(-fit.params_["log_scale"])
    lifetime = weibull_min(shape, scale=np.exp(location))
    new = fit.survival(pd.DataFrame({"prio": [3]}), [0, 20, 50])
    np.testing.assert_allclose(new.iloc[0], lifetime.sf([0, 20, 50]))
    aged = fit.survival(pd.DataFrame({"prio": [3]}), [0, 20], age=[30])
    np.testing.assert_allclose(aged.iloc[0], lifetime.sf([30, 50]) / lifetime.sf(30))


@pytest.mark.parametrize("distribution", NAMES)
def test_half_of_customers_outlive_the_median(distribution):
    frame = simulated(4)
    fit = aft(frame, "late", distribution)
    someone = pd.DataFrame({"late": [0.7]})
    assert fit.survival(someone, [fit.median(someone)[0]]).iloc[0, 0] == pytest.approx(0.5)


@pytest.mark.parametrize(("distribution", "unit"), list(zip(NAMES, (1e-3, 30.4375, 1e4), strict=True)))
def test_the_unit_of_time_and_a_covariate_of_zeros_change_nothing(distribution, unit):
    frame = simulated(8, 150).assign(nothing=0.0)
    once = aft(frame, "late", distribution).time_ratios_
    other = frame.assign(duration=frame["duration"] * unit, entry=frame["entry"] * unit)
    again = aft(other, ["late", "nothing"], distribution)
    pd.testing.assert_frame_equal(again.time_ratios_[:1], once, rtol=1e-4, atol=1e-6)
    assert again.time_ratios_["time_ratio"].isna().tolist() == [False, True]
    assert "nothing is constant" in again.remarks[0]


def test_parts_of_a_spell_are_the_spell():
    frame = simulated(5, 200)
    middle = (frame["entry"] + frame["duration"]) / 2
    parts = pd.concat([frame.assign(duration=middle, event=0), frame.assign(entry=middle)])
    pd.testing.assert_frame_equal(
        aft(parts, "late", "weibull").time_ratios_, aft(frame, "late", "weibull").time_ratios_, rtol=1e-4
    )


# The choice of a distribution ------------------------------------------------------------------------------


def test_a_cut_shows_what_was_known_and_splits_time_at_risk_and_events_without_loss():
    spells = dated(1)
    known_then, later = cut(spells, "2022-06-30")
    age = to_periods((pd.Timestamp("2022-06-30") - spells["started_on"]).dt.days, "month")
    assert known_then["event"].sum() + later["event"].sum() == spells["event"].sum()
    at_risk = [(frame["duration"] - frame["entry"]).sum() for frame in (known_then, later, spells)]
    assert at_risk[0] + at_risk[1] == pytest.approx(at_risk[2])
    assert (known_then["duration"] <= age[known_then.index]).all()
    assert (later["duration"] > age[later.index]).all()


def test_what_happens_after_the_date_changes_nothing_in_the_fits_before_it():
    spells = dated(2, 500)
    later = spells["duration"] > to_periods((pd.Timestamp("2023-06-30") - spells["started_on"]).dt.days, "month")
    other = spells.assign(duration=spells["duration"].where(~later, spells["duration"] * 1.3))
    once, again = (compare_distributions(frame, [], "2023-06-30").to_frame() for frame in (spells, other))
    columns = ["distribution", "log_likelihood"]
    pd.testing.assert_frame_equal(
        *(table[columns].sort_values("distribution", ignore_index=True) for table in (once, again))
    )


def test_the_distribution_that_foretold_best_is_chosen_and_fitted_to_everything():
    spells = dated(3)
    fit = aft(spells, train_until="2022-12-31")
    table = fit.comparison.to_frame()
    assert fit.distribution == table["distribution"][0] == "log-normal"
    assert table["behind"].tolist() == sorted(table["behind"])
    assert table["behind"][0] == table["behind_error"][0] == 0
    assert table["behind"].iloc[-1] > 2 * table["behind_error"].iloc[-1] > 0
    assert fit.log_likelihood_ == aft(spells, distribution="log-normal").log_likelihood_


# Degenerate ------------------------------------------------------------------------------------------------


def test_a_covariate_that_tells_who_left_has_no_time_ratio():
    frame = simulated(6, 300)
    fit = aft(frame.assign(stays=1 - frame["event"]), ["late", "stays"], "weibull")
    assert fit.time_ratios_["time_ratio"].isna().tolist() == [False, True]
    assert "stays not identified" in repr(fit)


def test_durations_of_zero_are_said():
    frame = simulated(7, 100).drop(columns="entry")
    zeros = pd.DataFrame({"late": [0.0] * 5, "duration": 0.0, "event": [1, 1, 0, 0, 0]})
    fit = aft(pd.concat([frame, zeros]), "late", "log-logistic")
    assert fit.diagnostics_["spells"] == len(frame) + 2
    assert fit.remarks[0].startswith("3 spells whose follow-up ended at age 0")
    assert fit.remarks[1].startswith("2 customers left at age 0")


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (pd.DataFrame({"duration": [1.0, 2.0], "event": [0, 0]}), "0 customers left"),
        (pd.DataFrame({"duration": [4.0] * 9, "event": 1}), "same age"),
        (pd.DataFrame({"duration": [4.0], "event": 1}), "1 customer left"),
        (pd.DataFrame({"duration": [0.0, 0.0], "event": [1, 1]}), "age 0"),
    ],
)
def test_spells_that_tell_no_lifetime_are_refused(frame, word):
    with pytest.raises(Refused, match=word):
        aft(frame, distribution="weibull")


def test_questions_that_cannot_be_answered_are_refused():
    spells = dated(4, 300)
    with pytest.raises(Refused, match="either distribution"):
        aft(spells)
    with pytest.raises(Refused, match="not known"):
        aft(spells, distribution="gamma")
    with pytest.raises(Refused, match="Nobody left after"):
        aft(spells, train_until="2025-12-31")
    with pytest.raises(Refused, match="started_on"):
        aft(spells.drop(columns="started_on"), train_until="2024-12-31")
    with pytest.raises(Refused, match="one age"):
        aft(spells, distribution="weibull").survival(spells, [1], age=[1, 2])
