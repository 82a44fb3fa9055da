"""Input that tells little: a clear sentence, the best honest answer, never a confident number."""

import cox_data
import numpy as np
import pandas as pd
import pytest

from clvlab.churn.hazards.cox.causes import cause_specific
from clvlab.churn.hazards.cox.model import cox
from clvlab.refusal import Refused


@pytest.fixture
def forty() -> pd.DataFrame:
    """40 customers, 23 of whom leave."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"duration": rng.integers(1, 20, 40), "event": rng.integers(0, 2, 40)})
    return frame.assign(late=rng.normal(size=40), small=rng.integers(0, 2, 40))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"event": 0}, "There are no events"),
        ({"event": 1, "duration": 5}, "nobody to compare them with"),
        ({"late": np.nan}, "no finite number in column 'late'"),
        ({"late": "much"}, "not numbers"),
        ({"region": None}, "'region' of the strata has missing values"),
        ({"customer_id": None}, "'customer_id' of the clusters has missing values"),
        ({"duration": -1}, "a negative duration"),
        ({"known": 1e3 * np.arange(40.0)}, "too far apart"),
    ],
)
def test_what_is_refused(forty, change, sentence):
    frame = forty.assign(region="north", known=0.0).assign(**change)
    with pytest.raises(Refused, match=sentence):
        cox(frame, ["late", "small"], strata="region", offset="known")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"covariates": []}, "name at least one"),
        ({"covariates": ["late", "late"]}, "each once"),
        ({"covariates": "lat"}, "did you mean 'late'"),
        ({"covariates": "late", "cluster": "account"}, "no column 'account'"),
        ({"covariates": "late", "cause": "price"}, "no column 'cause'"),
        ({"covariates": "late", "confidence": 95}, "between 0 and 1"),
    ],
)
def test_options_that_are_refused(forty, options, sentence):
    with pytest.raises(Refused, match=sentence):
        cox(forty, **options)


def test_one_customer_has_nobody_to_be_compared_with():
    with pytest.raises(Refused, match="nobody to compare"):
        cox(pd.DataFrame({"customer_id": ["a"], "duration": [3.0], "event": [1], "late": [0.2]}), "late")


def test_a_cause_that_nobody_has_names_the_nearest():
    with pytest.raises(Refused, match="did you mean 'price'"):
        cox(cox_data.made(), "late", cause="prices")


def test_forty_customers_are_fitted_and_few_events_remarked_on(forty):
    fit = cox(forty, ["late", "small"])
    assert fit.remarks == ()
    assert fit.hazard_ratios_["lower"].lt(fit.hazard_ratios_["upper"]).all()
    fit = cox(forty.assign(third=forty["late"] ** 2), ["late", "small", "third"])
    assert "Fewer than 10 events for each coefficient (23 for 3)" in fit.remarks[0]


def test_a_constant_covariate_is_left_out_and_said_so(forty):
    fit = cox(forty.assign(same=7.3), ["same", "late"])
    assert fit.params_["late"] == pytest.approx(cox(forty, "late").params_["late"])
    assert fit.hazard_ratios_.set_index("covariate").loc["same"].isna().all()
    assert fit.remarks == ("same is the same in all rows, so its effect cannot be estimated.",)
    assert fit.remarks[0] in repr(fit)


def test_only_a_constant_covariate_leaves_the_baseline(forty):
    fit = cox(forty.assign(same=0), "same")
    assert fit.hazard_ratios_["hazard_ratio"].isna().all()
    assert 0 < fit.survival(forty.assign(same=0).head(1), [10])["survival"].item() < 1
    with pytest.raises(Refused, match="No covariate has a finite coefficient"):
        fit.proportional_hazards()


def test_collinear_covariates_are_named(forty):
    fit = cox(
        forty.assign(twice=2 * forty["late"] + 1, sum=forty["late"] - forty["small"]), ["late", "small", "twice", "sum"]
    )
    assert "twice is made up of late, so it has no effect of its own." in fit.remarks
    assert "sum is made up of late, small, so it has no effect of its own." in fit.remarks


def test_a_covariate_that_strata_hold_constant_says_so(forty):
    fit = cox(forty, ["late", "small"], strata="small")
    assert fit.remarks == ("small is the same for all who are at risk together, so its effect cannot be estimated.",)


@pytest.mark.parametrize(("apart", "ratio"), [(1, np.inf), (0, 0.0)])
def test_complete_separation_gives_a_bound_and_no_estimate(forty, apart, ratio):
    # Leaving only happens where "apart" is 1, or only where it is 0.
    frame = forty.assign(apart=np.where(forty["event"] == 1, apart, np.arange(40) % 2))
    fit = cox(frame, ["late", "apart"])
    row = fit.hazard_ratios_.set_index("covariate").loc["apart"]
    assert row["hazard_ratio"] == ratio
    finite = row["lower"] if apart else row["upper"]
    assert 0 < finite < np.inf
    assert (row["upper"] if apart else row["lower"]) == ratio
    assert np.isnan(fit.standard_errors_["apart"])
    assert np.isnan(fit.robust_standard_errors_["apart"])
    assert f"apart ({'up' if apart else 'down'}) sets those who left wholly apart" in fit.remarks[0]
    assert "without limit in these data" in fit.words()["apart"]
    assert list(fit.proportional_hazards().to_frame()["covariate"]) == ["late", "all together"]
    with pytest.raises(Refused, match="The coefficient of apart is infinite"):
        fit.survival(frame, [5])


def test_the_bound_is_where_the_profile_likelihood_falls_by_its_quantile(forty):
    frame = forty.assign(apart=np.where(forty["event"] == 1, 1, np.arange(40) % 2))
    fit = cox(frame, ["late", "apart"])
    held = frame.assign(known=np.log(fit.hazard_ratios_["lower"][1]) * frame["apart"])
    fall = 2 * (fit.log_likelihood_ - cox(held, "late", offset="known").log_likelihood_)
    assert fall == pytest.approx(3.841459, abs=1e-3)  # chi-squared, 1 degree of freedom, 95%


def test_separation_by_two_covariates_together_names_both():
    # Nobody leaves unless one + two is above 0, though neither sets them apart by itself.
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(200, 2)), columns=["one", "two"])
    above = frame["one"] + frame["two"] > 0
    frame = frame.assign(duration=np.where(above, rng.permutation(200) + 1.0, 300), event=above.astype(int))
    slow = frame.assign(duration=np.where(above, 100 - 10 * (frame["one"] + frame["two"]), 300))
    assert np.isfinite(cox(frame, ["one", "two"]).params_).all()
    assert np.isposinf(cox(slow, ["one", "two"]).params_).all()


def test_one_group_without_customers(forty):
    fit = cox(forty.assign(large=0), ["late", "large"])
    assert np.isnan(fit.params_["large"])


def test_one_cluster_has_no_robust_interval(forty):
    fit = cox(forty.assign(account="one"), ["late"], cluster="account")
    assert fit.hazard_ratios_[["lower", "upper", "p_value"]].isna().all(axis=None)
    assert "Clusters (1) are too few" in fit.remarks[0]
    assert np.isfinite(fit.standard_errors_["late"])


def test_most_leaving_at_once_is_remarked_on(forty):
    fit = cox(forty.assign(event=[1] * 39 + [0], duration=[5] * 39 + [6]), "late")
    assert fit.remarks[0].startswith("100% of those who left did so when more than half of all at risk left at once")


def test_durations_of_zero_count(forty):
    frame = forty.assign(duration=np.where(np.arange(40) < 10, 0, forty["duration"]))
    later = frame.assign(duration=frame["duration"] + 1)
    assert cox(frame, "late").params_["late"] == pytest.approx(cox(later, "late").params_["late"])
    assert cox(frame, "late").baseline_["time"].iloc[0] == 0


def test_beyond_the_last_age_observed_nothing_is_said(forty):
    found = cox(forty, "late").survival(forty.head(1), [0.5, 10, 50])
    assert found["survival"].iloc[0] == 1
    assert found["lower"].isna().tolist() == [True, False, True]
    assert found["survival"].isna().tolist() == [False, False, True]


def test_late_entry_of_all_is_remarked_on(forty):
    fit = cox(forty.assign(entry=0.9), "late")
    assert fit.remarks == ("Nobody was observed before age 0.9: survival is that of customers who got there.",)


def test_a_stratum_never_seen_is_refused():
    rows = cox_data.made()
    fit = cox(rows, "late", strata=["region", "small"])
    with pytest.raises(Refused, match="no customer with region east, small"):
        fit.survival(rows.head(1).assign(region="east"), [5])


@pytest.mark.parametrize(("offset", "scale"), [(1e9, 1e-2), (0.0, 1e-9), (-5e6, 1e3)])
def test_covariates_far_from_zero_or_of_odd_size(forty, offset, scale):
    plain, moved = cox(forty, "late"), cox(forty.assign(late=offset + scale * forty["late"]), "late")
    assert moved.params_["late"] * scale == pytest.approx(plain.params_["late"], rel=1e-4)


def test_hazards_that_rise_a_million_fold_with_age():
    # Sums over risk sets are then differences of much larger ones.
    rng = np.random.default_rng(1)
    entry = rng.uniform(0, 40, 2000)
    frame = pd.DataFrame({"entry": entry, "duration": entry + rng.exponential(3, 2000), "late": rng.normal(size=2000)})
    frame["event"] = (rng.random(2000) < 0.5).astype(int)
    steep = cox(frame.assign(known=np.floor(entry / 40 * 14)), "late", offset="known")
    mirrored = cox(frame.assign(known=np.floor(entry / 40 * 14) - 14), "late", offset="known")
    assert steep.params_["late"] == pytest.approx(mirrored.params_["late"], rel=1e-8)
    assert steep.log_likelihood_ == pytest.approx(
        _by_definition(frame, np.floor(entry / 40 * 14), steep.params_["late"])
    )


def _by_definition(frame: pd.DataFrame, known: np.ndarray, coefficient: float) -> float:
    """Return the log partial likelihood without ties, one risk set after the other."""
    hazard = np.exp(known + coefficient * frame["late"].to_numpy())
    entry, end = frame["entry"].to_numpy(), frame["duration"].to_numpy()
    left = np.flatnonzero(frame["event"])
    return sum(np.log(hazard[row] / hazard[(entry < end[row]) & (end >= end[row])].sum()) for row in left)


def test_causes_side_by_side():
    found = cause_specific(cox_data.made(), ["late", "visits"], strata="region").to_frame()
    assert found["cause"].unique().tolist() == ["price", "service", "rival"]
    alone = cox(cox_data.made(), ["late", "visits"], strata="region", cause="rival").hazard_ratios_
    pd.testing.assert_frame_equal(
        found.loc[found["cause"] == "rival", alone.columns].reset_index(drop=True), alone, check_dtype=False
    )


def test_a_cause_that_cannot_be_fitted_says_why():
    spells = pd.DataFrame({"duration": [1, 2, 3, 4, 9], "event": [1, 1, 1, 0, 1], "late": [3, 1, 2, 2, 0]})
    found = cause_specific(spells.assign(cause=["price", "price", "price", None, "closed"]), "late").to_frame()
    assert found["cause"].tolist() == ["price", "closed"]
    assert "nobody to compare" in found["remarks"].iloc[1]
    with pytest.raises(Refused, match="No event has a cause"):
        cause_specific(spells.assign(cause=None), "late")
