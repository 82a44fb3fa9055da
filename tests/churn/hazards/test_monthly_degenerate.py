"""Panels that tell little: a clear sentence, and no confident number."""

import numpy as np
import pandas as pd
import pytest
from monthly_data import NAMES, customer_months

from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.refusal import Refused


@pytest.fixture(scope="module")
def months():
    return customer_months()


@pytest.fixture(scope="module")
def apart(months):
    """Months with a group of which nobody left."""
    return months.assign(gold=((months.index % 7 == 0) & (months["event"] == 0)).astype(int))


def test_no_event_gives_an_upper_bound_of_the_hazard(months):
    most = 3 / len(months)  # the rule of three
    with pytest.raises(Refused, match=f"Nobody left in {len(months):,} customer-months.* below {most:.2%} a month"):
        monthly_hazard(months.assign(event=0), NAMES)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"event": 1}, "Every row ends with leaving"),
        ({"customer_id": "C1"}, "Only one customer has months in which it could leave"),
        ({"duration": 0.0, "entry": 0.0, "event": 0}, "No row has any time at risk"),
    ],
)
def test_a_panel_without_comparison_is_refused(months, change, sentence):
    with pytest.raises(Refused, match=sentence):
        monthly_hazard(months.assign(**change), NAMES)


def test_a_panel_without_rows_is_refused(months):
    with pytest.raises(Refused, match="The panel has no rows"):
        monthly_hazard(months.head(0), NAMES)


def test_rows_without_time_at_risk_count_for_nothing_and_are_counted(months):
    idle = months[months["event"] == 0].head(5)
    fit = monthly_hazard(pd.concat([months, idle.assign(duration=idle["entry"])]), NAMES)
    np.testing.assert_allclose(fit.log_likelihood_, monthly_hazard(months, NAMES).log_likelihood_)
    assert "5 rows without time at risk (duration equals entry) count for nothing." in fit.remarks


def test_an_event_in_no_time_at_risk_is_refused(months):
    left = months["event"] == 1
    with pytest.raises(Refused, match="has an event but no time at risk; count the day of leaving as a day at risk"):
        monthly_hazard(months.assign(duration=months["duration"].where(~left, months["entry"])), NAMES)


def test_a_constant_covariate_has_no_estimate_and_changes_nothing(months):
    fit, without = monthly_hazard(months.assign(visits=3.0), NAMES), monthly_hazard(months, ["late", "price"])
    assert np.isnan(fit.params_["visits"])
    assert fit.hazard_ratios_.set_index("covariate").loc["visits"].isna().all()
    assert "visits is the same in every row: nothing tells its effect." in fit.remarks
    pd.testing.assert_series_equal(fit.params_.drop("visits"), without.params_)
    np.testing.assert_array_equal(fit.hazard(months), without.hazard(months))


def test_a_covariate_that_follows_from_others_has_no_estimate(months):
    fit = monthly_hazard(months.assign(again=2 * months["late"] - months["price"] + 1), [*NAMES, "again"])
    assert np.isnan(fit.params_["again"])
    assert fit.prediction_params_["again"] == 0
    assert "again says nothing beyond the terms before it." in fit.remarks
    pd.testing.assert_series_equal(fit.params_[NAMES], monthly_hazard(months, NAMES).params_[NAMES], atol=1e-7)


def test_a_calendar_month_given_as_covariate_yields_to_the_season():
    months = customer_months(6_000, 2)
    fit = monthly_hazard(months.assign(december=(months["month"] % 12 == 11).astype(int)), [*NAMES, "december"])
    assert "december says nothing beyond the terms before it." in fit.remarks


def test_a_group_that_nobody_left_has_an_infinite_estimate_and_no_bounds(apart):
    fit = monthly_hazard(apart, [*NAMES, "gold"])
    assert fit.params_["gold"] == -np.inf
    gold = fit.hazard_ratios_.set_index("covariate").loc["gold"]
    assert (gold["hazard_ratio"], gold["lower"], gold["upper"]) == (0, 0, np.inf)
    assert np.isnan(gold["p_value"])
    assert any("wholly apart by gold (down)" in remark for remark in fit.remarks)
    with pytest.raises(Refused, match="The coefficient of gold is infinite, so that nothing can be predicted"):
        fit.hazard(apart)
    others = monthly_hazard(apart[apart["gold"] == 0], NAMES)
    np.testing.assert_allclose(fit.params_[NAMES], others.params_[NAMES], rtol=0.05)
    assert "gold" not in fit.proportional_hazards(apart).frame["covariate"].to_list()


def test_shrunk_coefficients_stay_finite_where_nobody_left(apart):
    fit = monthly_hazard(apart, [*NAMES, "gold"], shrink=True)
    assert fit.params_["gold"] == -np.inf
    assert -10 < fit.prediction_params_["gold"] < -1
    hazard = fit.hazard(apart)
    assert hazard.gt(0).all()
    assert hazard[apart["gold"] == 1].mean() < hazard[apart["gold"] == 0].mean() / 3


def test_covariates_that_know_who_leaves_are_refused(months):
    with pytest.raises(Refused, match="look for one that was filled in afterwards"):
        monthly_hazard(months.assign(closing_call=months["event"]), [*NAMES, "closing_call"])


def test_forty_customers_get_an_answer_that_says_how_little_it_rests_on():
    months = customer_months(40, 5)
    fit = monthly_hazard(months, NAMES, shrink=True)
    events = months["event"].sum()
    assert events < 30
    assert f"With {events} leavings the hazard is taken as the same at every age." in fit.remarks
    assert f"With {events} leavings no season can be told." in fit.remarks
    assert f"Fewer than 10 leavings for each term ({events} for 3): intervals are too narrow." in fit.remarks
    assert fit.hazard_ratios_["upper"].gt(fit.hazard_ratios_["lower"] * 1.3).all()


def test_one_cohort_whose_age_is_the_calendar_is_fitted_without_what_cannot_be_told_apart():
    months = customer_months(10_000, 3, level=-1.5).query("month < 612")
    months = months.assign(entry=months["month"] - 600.0, duration=months["month"] - 599.0)
    fit = monthly_hazard(months, NAMES)
    assert any("of 5 a year says nothing beyond the terms before it." in remark for remark in fit.remarks)
    assert fit.diagnostics_["converged"]
    assert (np.abs(fit.params_[NAMES] - [0.4, 0.0, -0.3]) < 4 * fit.standard_errors_[NAMES]).all()


def test_no_months_ahead_give_no_predictions(months):
    fit = monthly_hazard(months, NAMES)
    assert fit.survival(months.head(0)).empty
    assert fit.draw_hazard(months.head(0), n=7).shape == (7, 0)


def test_a_panel_without_covariates_gives_the_rate_of_leaving(months):
    fit = monthly_hazard(months, [], season=False, age_knots=())
    rate = months["event"].mean()
    assert fit.params_["intercept"] == pytest.approx(np.log(-np.log1p(-rate)))
    with pytest.raises(Refused, match="No covariate has a finite coefficient"):
        fit.proportional_hazards(months)
