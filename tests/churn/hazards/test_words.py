"""Sentences on hazards."""

from math import inf, log, nan

import cox_data
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.churn.hazards.cox.model import cox
from clvlab.churn.hazards.words import words


@pytest.mark.parametrize(
    ("coefficient", "lower", "upper", "sentence"),
    [
        (log(1.07), log(1.04), log(1.10), "each additional visit raises the hazard by 7% (4-10)"),
        (log(0.93), log(0.90), log(0.96), "each additional visit lowers the hazard by 7% (4-10)"),
        (log(1.003), log(1.001), log(1.005), "each additional visit raises the hazard by 0.3% (0.1-0.5)"),
        (log(1.05), log(1.004), log(1.10), "each additional visit raises the hazard by 5.0% (0.4-10.0)"),
        (log(3.2), log(2.1), log(4.9), "each additional visit multiplies the hazard by 3.2 (2.1-4.9)"),
        (log(1.5), log(1.2), 1e3, "each additional visit multiplies the hazard by 1.5 (1.2-10^434)"),
        (log(0.2), log(0.1), log(0.5), "each additional visit lowers the hazard by 80% (50-90)"),
        (log(0.02), log(0.003), log(0.1), "each additional visit lowers the hazard by 98.0% (90.0-99.7)"),
        (
            log(1.04),
            log(0.97),
            log(1.12),
            "each additional visit: no effect on the hazard can be told: between 3% lower and 12% higher",
        ),
        (
            log(2),
            log(0.5),
            log(8),
            "each additional visit: no effect on the hazard can be told: between 50% lower and 8.0 times as high",
        ),
        (nan, nan, nan, "each additional visit: no effect on the hazard can be estimated"),
        (0.2, nan, nan, "each additional visit: how the hazard changes cannot be told; there is no interval"),
        (
            inf,
            log(3),
            inf,
            "each additional visit raises the hazard without limit in these data: at least 3.0 times as high",
        ),
        (
            -inf,
            -inf,
            log(0.4),
            "each additional visit lowers the hazard without limit in these data: at least 60% lower",
        ),
        (
            inf,
            log(0.8),
            inf,
            "each additional visit: no effect on the hazard can be told: between 20% lower and no limit above",
        ),
    ],
)
def test_a_coefficient_in_words(coefficient, lower, upper, sentence):
    assert words("visits", coefficient, lower, upper, unit="visit") == sentence


@given(
    coefficient=st.floats(-1e3, 1e3),
    below=st.floats(0, 1e3),
    above=st.floats(0, 1e3),
)
def test_every_interval_has_a_sentence_that_says_its_side(coefficient, below, above):
    lower, upper = coefficient - below, coefficient + above
    sentence = words("a visit", coefficient, lower, upper)
    said = next(side for side in ("can be told", "lowers", "raises", "multiplies") if side in sentence)
    expected = {"can be told"} if lower <= 0 <= upper else {"lowers"} if upper < 0 else {"raises", "multiplies"}
    assert said in expected


def test_a_fit_says_each_covariate_under_the_names_given():
    fit = cox(cox_data.rossi(), cox_data.ROSSI)
    said = fit.words({"fin": "financial aid"}, {"prio": "earlier conviction"}, hazard="weekly hazard")
    assert said["fin"] == "financial aid lowers the weekly hazard by 31.6% (0.4-53.0)"
    assert said["prio"] == "each additional earlier conviction raises the weekly hazard by 10% (4-16)"
    assert said["age"] == "one more of age lowers the weekly hazard by 6% (1-10)"
