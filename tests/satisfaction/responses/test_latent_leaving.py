"""The hazard of leaving is found without calling anybody lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.satisfaction.responses.customer_months import CustomerMonths
from clvlab.satisfaction.responses.latent_leaving import _Likelihood, latent_leaving


def silent_customers(number: int, months: int, effect: float, seed: int) -> tuple[CustomerMonths, int]:
    """Customers who order at random and leave without a word, and how many left."""
    rng = np.random.default_rng(seed)
    rows, silent, gone = [], {}, 0
    for who in range(number):
        late = rng.normal(0, 1, months)
        rate = rng.gamma(2.0, 1.0)
        hazard = 0.02 * np.exp(effect * late)
        times = np.cumsum(rng.exponential(1 / rate, 60 + int(10 * rate * months)))
        left = np.inf
        for month in range(months):
            wait = rng.exponential(1 / hazard[month])
            if wait < 1:
                left = month + wait
                break
        gone += left < months
        ordered = times[(times < left) & (times < months)]
        last = ordered.max() if len(ordered) else 0.0
        for month in range(months):
            for begin, end in (
                (month, min(max(last, month), month + 1)),
                (min(max(last, month), month + 1), month + 1),
            ):
                if end > begin:
                    at = begin + (end - begin) * (np.arange(20) + 0.5) / 20
                    unseen = np.exp(-rate * (at - last)).mean() if begin >= last else 0.0
                    rows.append((f"c{who:04}", end - begin, unseen, late[month]))
        silent[f"c{who:04}"] = np.exp(-rate * (months - last))
    frame = pd.DataFrame(rows, columns=["customer_id", "length", "unseen", "late"])
    return CustomerMonths(frame, pd.Series(silent), {}), gone


def test_the_effect_and_the_number_of_leavings_come_back_though_no_leaving_is_seen() -> None:
    months, gone = silent_customers(400, 24, effect=0.5, seed=3)
    found = latent_leaving(months, ["late"])
    assert abs(found.params["late"] - 0.5) < 2.5 * found.errors["late"]
    assert found.errors["late"] < 0.15
    assert abs(found.leavings / gone - 1) < 0.1
    assert found.there_now.sum() == pytest.approx(len(found.there_now) - gone, rel=0.1)


def test_with_known_leavings_the_hazard_is_leavings_over_time_at_risk() -> None:
    frame = pd.DataFrame({"customer_id": list("aabbbcc"), "length": 1.0, "unseen": [0, 1, 0, 0, 0, 0, 1.0]})
    fit = latent_leaving(CustomerMonths(frame, pd.Series([0.0, 1.0, 0.0], list("abc")), {}), [])
    # Of seven customer-months two ended by leaving: 1 - exp(-h) = 2 / 7.
    hazard = -np.log1p(-2 / 7)
    assert np.exp(fit.params["intercept"]) == pytest.approx(hazard, rel=1e-3)
    assert fit.leavings == pytest.approx(2)


def test_the_likelihood_is_the_sum_over_months_of_leaving() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"customer_id": ["a"] * 5, "length": rng.uniform(0.2, 1, 5), "unseen": rng.uniform(0, 1, 5)})
    frame["late"] = rng.normal(size=5)
    months = CustomerMonths(frame, pd.Series([0.3], ["a"]), {})
    likelihood = _Likelihood(months, ["late"], [])
    at = np.array([-1.0, 0.7])
    hazard = frame["length"] * np.exp(
        at[0] + at[1] * (frame["late"] - frame["late"].mean()) / frame["late"].std(ddof=0)
    )
    total, there = 0.0, 1.0
    for one, chance in zip(hazard, frame["unseen"], strict=True):
        total += there * (1 - np.exp(-one)) * chance
        there *= np.exp(-one)
    assert likelihood.by_customer(at)[0][0] == pytest.approx(np.log(total + there * 0.3))


def test_the_slope_is_that_of_the_likelihood() -> None:
    months, _ = silent_customers(20, 12, effect=0.3, seed=2)
    likelihood = _Likelihood(months, ["late"], ["late"])
    at, step = np.array([-3.5, 0.4]), 1e-5
    slope = likelihood.lost(at)[1]
    for place in range(2):
        moved = step * np.eye(2)[place]
        numeric = (likelihood.lost(at + moved)[0] - likelihood.lost(at - moved)[0]) / (2 * step)
        assert slope[place] == pytest.approx(numeric, rel=1e-4)


@settings(max_examples=8, deadline=None)
@given(scale=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_units_of_a_covariate_only_change_the_units_of_its_effect(scale: float, shift: float) -> None:
    months, _ = silent_customers(60, 12, effect=0.5, seed=4)
    moved = months.frame.assign(late=shift + scale * months.frame["late"])
    one, other = (latent_leaving(CustomerMonths(f, months.silent, {}), ["late"]) for f in (months.frame, moved))
    assert other.params["late"] * scale == pytest.approx(one.params["late"], rel=1e-2, abs=1e-3)
    assert other.leavings == pytest.approx(one.leavings, rel=1e-3)


def test_covariates_that_say_the_same_are_refused() -> None:
    months, _ = silent_customers(40, 12, effect=0.5, seed=5)
    twice = CustomerMonths(months.frame.assign(again=months.frame["late"]), months.silent, {})
    with pytest.raises(Refused, match="apart"):
        latent_leaving(twice, ["late", "again"])
