"""The monthly hazard: figures from R's glm, the Cox model beside it, and truths that were simulated.

R 4.2, rows written to CSV; robust errors by hand, as the package sandwich has them without its small-sample factors:

    strict <- glm.control(epsilon=1e-14, maxit=100)
    g <- glm(event ~ log1p(entry) + fin + age + race + wexp + mar + paro + prio, binomial("cloglog"), d, control=strict)
    coef(g); sqrt(diag(vcov(g))); logLik(g)
    m <- exp(g$linear.predictors)
    S <- rowsum(model.matrix(g) * ifelse(d$event == 1, m / expm1(m), -m), d$customer_id)
    sqrt(diag(vcov(g) %*% crossprod(S) %*% vcov(g)))
    X <- model.matrix(g); w <- m^2 / expm1(m); u <- ifelse(d$event == 1, m / expm1(m), -m)
    z <- d$fin * log1p(d$entry)    # for each covariate; anova(g, update(g, . ~ . + z), test="Rao") gives 5 digits of
    sum(u*z)^2 / (sum(w*z*z) - t(z*w) %*% X %*% solve(t(X) %*% (X*w), t(X) %*% (w*z)))
"""

import numpy as np
import pandas as pd
import pytest
from cox_data import ROSSI
from monthly_data import EFFECTS, NAMES, customer_months, partial_months, prisoner_weeks

from clvlab.churn.hazards.cox.model import cox
from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.refusal import Refused


def close(found, expected):
    """R prints nine digits."""
    np.testing.assert_allclose(np.asarray(found, dtype=float), expected, rtol=2e-6)


def test_weeks_of_released_prisoners_give_the_figures_of_r():
    fit = monthly_hazard(prisoner_weeks(), ROSSI, season=False, age_knots=(0, 10))
    close(
        fit.params_,
        [-5.1692115946, 0.3724225236, -0.3818571881, -0.0572381143, 0.3151170924, -0.1487020149, -0.4366472403,
         -0.0830983081, 0.0922346552],
    )  # fmt: skip
    close(
        fit.standard_errors_,
        [0.7103116295, 0.1271372577, 0.1913745394, 0.0219776615, 0.3078746185, 0.2122297398, 0.3817391416,
         0.1958287707, 0.0286883563],
    )  # fmt: skip
    close(
        fit.robust_standard_errors_,
        [0.6806201270, 0.1264864397, 0.1959017374, 0.0253473075, 0.2923744323, 0.2185735637, 0.3806447006,
         0.2001353490, 0.0293994834],
    )  # fmt: skip
    close(fit.log_likelihood_, -680.952909)


def test_effects_that_change_with_age_are_tested_as_in_r():
    weeks = prisoner_weeks()
    fit = monthly_hazard(weeks, ROSSI, season=False, age_knots=(0, 10))
    found = fit.proportional_hazards(weeks)
    close(
        found.frame["statistic"].iloc[:-1],
        [0.13507736438, 8.06196882077, 1.58357837856, 2.04921711782, 1.10115033811, 0.214771377174, 0.0157001911456],
    )
    assert found.advice.startswith("Not proportional: with age the hazard ratio of age falls (p = 0.0045).")


def test_parts_of_months_and_a_known_hazard_give_the_figures_of_r():
    """glm(event ~ log1p(entry) + late + price + offset(known + log(duration - entry)), binomial("cloglog"), ...)"""
    fit = monthly_hazard(partial_months(), ["late", "price"], offset="known", season=False, age_knots=(0, 10))
    np.testing.assert_allclose(fit.params_, [-1.69319110193, -0.00343409411, -0.15181729152, 0.23648967371], atol=1e-7)
    close(fit.standard_errors_, [0.397069457, 0.143331316, 0.107153807, 0.223722158])
    close(fit.robust_standard_errors_, [0.515257669, 0.176967773, 0.141620204, 0.293018111])
    close(fit.log_likelihood_, -311.299923)


def test_a_log_hazard_known_for_all_alike_moves_the_intercept_only():
    weeks = prisoner_weeks().assign(known=0.7)
    plain, known = (monthly_hazard(weeks, ROSSI, offset=name, season=False) for name in (None, "known"))
    np.testing.assert_allclose(plain.params_ - known.params_, [0.7] + [0.0] * (len(plain.params_) - 1), atol=1e-8)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_estimates_agree_with_the_cox_model_to_within_their_errors(seed):
    """Age is the time of the Cox model, and each calendar month has a baseline of its own."""
    months = customer_months(400, seed)
    fit, cox_fit = monthly_hazard(months, NAMES), cox(months, NAMES, strata="month")
    assert (np.abs(fit.params_[NAMES] - cox_fit.params_) < fit.robust_standard_errors_[NAMES]).all()
    np.testing.assert_allclose(fit.robust_standard_errors_[NAMES], cox_fit.robust_standard_errors_, rtol=0.15)


def test_a_large_panel_gives_back_the_truth():
    fit = monthly_hazard(customer_months(6_000, 4), NAMES)
    off = (fit.params_[NAMES] - EFFECTS) / fit.robust_standard_errors_[NAMES]
    assert (off.abs() < 3).all()
    assert fit.params_["cosine of 1 a year"] == pytest.approx(0.3, abs=3 * fit.standard_errors_["cosine of 1 a year"])
    ratios = fit.hazard_ratios_.set_index("covariate")
    assert ratios.loc["late", "lower"] > 1
    assert ratios.loc["price", "upper"] < 1
    assert fit.words(hazard="monthly hazard")["late"].startswith("one more of late raises the monthly hazard by")


def test_robust_errors_see_that_a_customer_stands_in_many_rows():
    """Every row twice: the same estimates; model-based errors shrink, robust ones do not."""
    months = customer_months()
    level = {"season": False, "age_knots": ()}
    once, twice = monthly_hazard(months, NAMES, **level), monthly_hazard(pd.concat([months] * 2), NAMES, **level)
    np.testing.assert_allclose(twice.params_, once.params_, atol=1e-8)
    np.testing.assert_allclose(twice.standard_errors_ * np.sqrt(2), once.standard_errors_, rtol=1e-8)
    np.testing.assert_allclose(twice.robust_standard_errors_, once.robust_standard_errors_, rtol=1e-6)


def test_the_hazard_of_one_cause_takes_others_as_the_end_of_time_at_risk():
    months = customer_months()
    months["cause"] = np.where(months["event"] == 0, None, np.where(months.index % 3 > 0, "service", "price"))
    by_cause = monthly_hazard(months, NAMES, cause="service")
    by_hand = monthly_hazard(months.assign(event=(months["cause"] == "service").astype(int)), NAMES)
    pd.testing.assert_series_equal(by_cause.params_, by_hand.params_)
    assert by_cause.diagnostics_["events"] < months["event"].sum()
    with pytest.raises(Refused, match=r"No event has the cause 'servce' \(did you mean 'service'"):
        monthly_hazard(months, NAMES, cause="servce")


def test_rows_cut_at_the_event_give_too_high_a_hazard_and_the_exposure_mends_it():
    """Months without covariates at a hazard of 20%: rows that end at the event lose half a month each."""
    rng = np.random.default_rng(4)
    time = rng.standard_exponential(40_000) / 0.2
    cut = pd.DataFrame({"customer_id": np.arange(40_000), "entry": 0.0, "duration": np.minimum(time, 1.0)})
    cut["event"] = (time < 1).astype(int)
    level = {"season": False, "age_knots": ()}
    as_cut, watched = monthly_hazard(cut, [], **level), monthly_hazard(cut.assign(exposure=1.0), [], **level)
    assert np.exp(watched.params_["intercept"]) == pytest.approx(0.2, rel=0.03)
    assert np.exp(as_cut.params_["intercept"]) == pytest.approx(0.2 * (1 + 0.2 / 4), rel=0.03)
    assert as_cut.params_["intercept"] - watched.params_["intercept"] == pytest.approx(0.05, abs=0.01)


def test_hazards_of_the_months_fitted_add_up_to_the_events():
    months = customer_months()
    for shrink in (False, True):
        fit = monthly_hazard(months, NAMES, shrink=shrink)
        assert fit.hazard(months).sum() == pytest.approx(months["event"].sum(), rel=0.01)


def test_survival_is_the_product_of_months_stayed():
    months = customer_months()
    fit = monthly_hazard(months, NAMES)
    ahead = months.sample(frac=1.0, random_state=1)
    survival, stays = fit.survival(ahead), 1 - fit.hazard(ahead)
    own = ahead.index[ahead["customer_id"] == "C7"]
    ordered = ahead.loc[own].sort_values("entry").index
    np.testing.assert_allclose(survival[ordered], stays[ordered].cumprod())
    assert survival.between(0, 1).all()


def test_half_a_month_ahead_has_half_the_cumulative_hazard():
    months = customer_months()
    fit = monthly_hazard(months, NAMES)
    whole, half = fit.hazard(months), fit.hazard(months.assign(exposure=0.5))
    np.testing.assert_allclose(np.log1p(-half) * 2, np.log1p(-whole))


def test_draws_lie_around_the_prediction_and_repeat_with_their_seed():
    months = customer_months()
    fit, ahead = monthly_hazard(months, NAMES), months.head(50)
    drawn = fit.draw_survival(ahead, n=2_000, seed=3)
    assert drawn.shape == (2_000, 50)
    np.testing.assert_array_equal(drawn, fit.draw_survival(ahead, n=2_000, seed=3))
    inside = (np.quantile(drawn, 0.25, axis=0) < fit.survival(ahead)) & (
        fit.survival(ahead) < np.quantile(drawn, 0.75, axis=0)
    )
    assert inside.all()
    parameters = fit.draws(4_000, seed=1)
    np.testing.assert_allclose(parameters.std(), fit.robust_standard_errors_, rtol=0.1)
    np.testing.assert_allclose(parameters["late"].mean(), fit.params_["late"], atol=0.01)


def test_many_events_carry_a_level_per_calendar_month_and_few_carry_none():
    terms = [
        sum("a year" in name for name in monthly_hazard(customer_months(size, 2), NAMES).params_.index)
        for size in (100, 1_000, 6_000)
    ]
    assert terms == [0, 4, 11]
    few = monthly_hazard(customer_months(100, 2), NAMES)
    assert any("no season can be told" in remark for remark in few.remarks)
    half_a_year = customer_months(2_000, 2).query("month < 606")
    assert "The panel has 6 calendar months of 12: no season can be told." in monthly_hazard(half_a_year, NAMES).remarks


def test_nothing_of_the_season_is_read_when_it_is_not_asked_for():
    months = customer_months()
    fit = monthly_hazard(months.drop(columns="month"), NAMES, season=False)
    assert fit.hazard(months.drop(columns="month")).between(0, 1).all()


def test_effects_that_fade_with_age_are_found():
    months = customer_months(3_000, 8)
    rng = np.random.default_rng(8)
    fading = np.exp(-2.5 + months["late"] * (1 - 0.4 * np.log1p(months["entry"])))
    months["event"] = (rng.standard_exponential(len(months)) < fading).astype(int)
    found = monthly_hazard(months, NAMES).proportional_hazards(months)
    frame = found.frame.set_index("covariate")
    assert frame.loc["late", "p_value"] < 1e-6
    assert frame.loc["late", "over_time"] == "falls"
    assert "add a column with late times log(1 + entry)" in found.advice
