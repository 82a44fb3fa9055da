"""Intervals hold the truth as often as they say, in simulated portfolios."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from clvlab.churn.hazards.cox.model import cox

TRUTH = {"late": 0.5, "visits": -0.3, "nothing": 0.0}


def portfolio(rng: np.random.Generator, customers: int, returning: bool) -> pd.DataFrame:
    """Months at risk over two years: covariates that change every month, 40% of customers known before.

    With ``returning``, who leaves comes back at once at age 0, and some customers leave again and again.
    """
    age = np.where(rng.random(customers) < 0.4, rng.uniform(0, 30, customers), 0.0)
    proneness = rng.gamma(2, 0.5, customers) if returning else np.ones(customers)
    here, months = np.ones(customers, dtype=bool), []
    for _ in range(24):
        x = rng.normal(size=(customers, len(TRUTH)))
        life = rng.exponential(size=customers) / (0.03 * proneness * np.exp(x @ list(TRUTH.values())))
        left = life < 1
        rows = pd.DataFrame(x, columns=list(TRUTH)).assign(customer_id=np.arange(customers), entry=age)
        months.append(rows.assign(duration=age + np.minimum(life, 1), event=left.astype(int))[here])
        age = np.where(left, 0.0, age + 1)
        here = here if returning else here & ~left
    return pd.concat(months, ignore_index=True)


@pytest.mark.parametrize(("customers", "returning"), [(120, False), (40, False), (60, True)])
def test_intervals_hold_the_truth(customers, returning):
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(80):
        fit = cox(portfolio(rng, customers, returning), list(TRUTH), confidence=0.9)
        assert fit.diagnostics_["errors"] == ("robust, by customer_id" if returning else "model-based")
        lower, upper = (np.log(fit.hazard_ratios_[end]) for end in ("lower", "upper"))
        held += int(((lower <= list(TRUTH.values())) & (upper >= list(TRUTH.values()))).sum())
    assert binomtest(held, 240, 0.9).pvalue > 0.001, held


def test_intervals_of_survival_hold_the_truth():
    rng = np.random.default_rng(11)
    truth, held = np.exp(-0.1 * 10 * np.exp([0.0, 0.7])), 0
    for _ in range(150):
        small = rng.integers(0, 2, 80)
        life = rng.exponential(size=80) / (0.1 * np.exp(0.7 * small))
        end = rng.uniform(8, 20, 80)
        spells = pd.DataFrame({"duration": np.minimum(life, end), "event": life <= end, "small": small})
        found = cox(spells, "small").survival(pd.DataFrame({"small": [0, 1]}), [10])
        held += int(((found["lower"] <= truth) & (found["upper"] >= truth)).sum())
    assert binomtest(held, 300, 0.95).pvalue > 0.001, held


def test_the_check_of_proportional_hazards_is_as_strict_as_it_says_and_sees_an_effect_that_fades():
    rng = np.random.default_rng(5)
    false_alarms, seen = 0, 0
    for _ in range(150):
        small = rng.integers(0, 2, 200)
        steady = rng.exponential(size=200) / (0.1 * np.exp(0.7 * small))
        # The hazard is 4 times as high up to age 4, and then the same.
        early = rng.exponential(size=200) / (0.1 * np.where(small == 1, 4, 1))
        fading = np.where(early < 4, early, 4 + rng.exponential(size=200) / 0.1)
        for life, fades in ((steady, False), (fading, True)):
            spells = pd.DataFrame({"duration": np.minimum(life, 20), "event": life <= 20, "small": small})
            check = cox(spells, "small").proportional_hazards()
            found = check.to_frame()["p_value"].iloc[0] < 0.05
            false_alarms += found and not fades
            seen += found and fades
    assert binomtest(false_alarms, 150, 0.05).pvalue > 0.001, false_alarms
    assert seen > 120
