"""What must not change the fit of customer-months, whatever they are."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from monthly_data import NAMES, customer_months

from clvlab.churn.hazards.monthly.design import design_for
from clvlab.churn.hazards.monthly.likelihood import Likelihood
from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.churn.hazards.monthly.panel import Panel, overview

seeds = st.integers(0, 10_000)
few = settings(max_examples=15, deadline=None)


def panel(seed):
    """Customer-months with enough events for all to have an estimate."""
    return customer_months(150, seed, level=-2.5)


def same(found, expected, names=NAMES):
    np.testing.assert_allclose(found.log_likelihood_, expected.log_likelihood_, rtol=1e-9)
    np.testing.assert_allclose(found.params_[names], expected.params_[names], rtol=1e-6, atol=1e-7)
    for covariance in ("covariance_", "robust_covariance_"):
        found_, expected_ = (getattr(fit, covariance).loc[names, names] for fit in (found, expected))
        np.testing.assert_allclose(found_, expected_, rtol=1e-5, atol=1e-9)


@few
@given(seeds)
def test_the_order_of_rows_changes_nothing(seed):
    months = panel(seed)
    fits = [monthly_hazard(rows, NAMES, shrink=True) for rows in (months, months.sample(frac=1.0, random_state=seed))]
    same(*fits)
    np.testing.assert_allclose(fits[0].prediction_params_, fits[1].prediction_params_, rtol=1e-5, atol=1e-6)


@few
@given(seeds, st.integers(30, 3_000))
def test_the_size_of_pieces_changes_nothing(seed, rows_at_once):
    months = panel(seed)
    points = []
    for rows in (rows_at_once, len(months)):
        read = Panel(months, tuple(NAMES), rows_at_once=rows)
        design, _ = design_for(overview(read), NAMES, None)
        likelihood = Likelihood(read.observed, design, 150)
        points.append(likelihood.at(np.full(len(design.names), -0.2), with_scores=True))
    for name in ("value", "gradient", "information", "scores"):
        np.testing.assert_allclose(getattr(points[0], name), getattr(points[1], name), rtol=1e-9, atol=1e-8)


@few
@given(seeds)
def test_a_covariate_of_zeros_changes_nothing(seed):
    months = panel(seed)
    same(monthly_hazard(months.assign(nothing=0.0), [*NAMES, "nothing"]), monthly_hazard(months, NAMES))


@few
@given(seeds, st.floats(0.001, 1_000), st.floats(-1_000, 1_000))
def test_the_unit_and_origin_of_a_covariate_change_its_coefficient_only(seed, unit, origin):
    months = panel(seed)
    plain, moved = (
        monthly_hazard(rows, NAMES, shrink=True)
        for rows in (months, months.assign(late=months["late"] * unit + origin))
    )
    np.testing.assert_allclose(moved.params_["late"] * unit, plain.params_["late"], rtol=1e-5, atol=1e-8)
    same(moved, plain, NAMES[1:])
    np.testing.assert_allclose(
        moved.hazard(months.assign(late=months["late"] * unit + origin)), plain.hazard(months), rtol=1e-5
    )


@few
@given(seeds, st.floats(0.05, 0.95))
def test_a_month_cut_in_two_says_what_it_said(seed, share):
    """A month in which nothing happened is as likely as its two parts, under a baseline that is level within it."""
    months = panel(seed)
    stays = months[months["event"] == 0]
    middle = stays["entry"] + share
    cut = pd.concat([months[months["event"] == 1], stays.assign(duration=middle), stays.assign(entry=middle)])
    whole, parts = (monthly_hazard(rows, NAMES, age_knots=()) for rows in (months, cut))
    np.testing.assert_allclose(parts.log_likelihood_, whole.log_likelihood_, rtol=1e-9)
    np.testing.assert_allclose(parts.params_, whole.params_, rtol=1e-6, atol=1e-7)


@few
@given(seeds)
def test_survival_never_rises_and_ends_where_its_hazards_lead(seed):
    months = panel(seed)
    fit = monthly_hazard(months, NAMES)
    survival = fit.survival(months)
    by_customer = survival.groupby(months["customer_id"])
    assert (by_customer.diff().dropna() <= 1e-15).all()
    stayed = np.log1p(-fit.hazard(months)).groupby(months["customer_id"]).sum()
    np.testing.assert_allclose(by_customer.last(), np.exp(stayed), rtol=1e-9)


@few
@given(seeds)
def test_months_after_a_date_change_nothing_that_was_fitted_before_it(seed):
    months = panel(seed)
    known = months[months["month"] < 615]
    later = months.assign(late=months["late"].where(months["month"] < 615, 99.0))
    same(monthly_hazard(later[later["month"] < 615], NAMES), monthly_hazard(known, NAMES))
