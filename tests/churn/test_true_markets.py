"""On simulated markets, whose truth is known, hazard ratios of true spells come back; what spoils them is seen to."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm

from clvlab.churn import cox, monthly_hazard, survival_curve
from clvlab.simulate import leaving
from clvlab.simulate.constants import CONSTANTS
from clvlab.simulate.market import build

SEEDS = (11, 12, 13)
TRUE = pd.Series({name: float(getattr(CONSTANTS, name)) for name in leaving.COVARIATES})


@pytest.fixture(scope="module")
def markets() -> list[pd.DataFrame]:
    """Three markets of 300 customers: a row per customer and month at risk, its time the calendar month."""
    found = []
    for seed in SEEDS:
        world = build(300, 36, seed)
        history = world.history
        own = history.leavings.cause < leaving.VOLUNTARY
        left = np.zeros(history.left.shape, dtype=int)
        left[history.leavings.customer[own], history.leavings.month[own]] = 1
        who, month = np.nonzero(history.at_risk)
        rows = {"customer_id": who, "entry": month.astype(float), "duration": month + 1.0, "event": left[who, month]}
        rows["frailty"] = np.log(world.population.frailty[who])
        rows |= {name: history.covariates[name][who, month] for name in TRUE.index}
        found.append(pd.DataFrame(rows))
    return found


def inside(params: pd.Series, errors: pd.Series) -> pd.Series:
    """Whether each 90% interval holds the truth; covariates without an event have no estimate and are left out."""
    names = [name for name in TRUE.index if name in params.index and 0 < errors[name] < 3]
    return (params[names] - TRUE[names]).abs() < norm.ppf(0.95) * errors[names]


def by_cox(months: pd.DataFrame, names: list[str]) -> pd.Series:
    fit = cox(months, names, offset="frailty")
    return inside(fit.params_, fit.standard_errors_)


def by_month(months: pd.DataFrame, names: list[str]) -> pd.Series:
    fit = monthly_hazard(months, names, offset="frailty", age_knots=(), season=False)
    return inside(fit.params_, fit.standard_errors_)


@pytest.mark.parametrize("method", [by_cox, by_month])
def test_intervals_hold_the_true_effects_as_often_as_they_promise(markets, method):
    held = pd.concat([method(months, [name for name in TRUE.index if months[name].std() > 0]) for months in markets])
    assert len(held) > 45
    assert binomtest(int(held.sum()), len(held), 0.9).pvalue > 0.001


def test_a_covariate_as_it_stood_at_the_end_hides_the_effect(markets):
    """Failures over the whole life look as if they kept customers: who left early had no time to see many."""
    known, life = [], []
    for months in markets:
        failed = months.groupby("customer_id")["service_mean"].transform("size")
        known.append(cox(months, ["service_mean"], offset="frailty").params_.iloc[0])
        life.append(cox(months.assign(seen=failed.astype(float)), ["seen"], offset="frailty").params_.iloc[0])
    assert min(known) > 0
    assert max(life) < 0


def test_ignoring_late_entry_flatters_survival_and_bends_the_effect():
    rng = np.random.default_rng(5)
    came, risky = rng.uniform(0, 240, 20_000), (rng.random(20_000) < 0.5).astype(float)
    left = came + rng.exponential(1 / (0.01 * np.exp(0.8 * risky)))
    spells = pd.DataFrame(
        {
            "entry": np.maximum(120 - came, 0),
            "duration": np.minimum(left, 240) - came,
            "event": (left <= 240).astype(int),
        }
    ).assign(risky=risky)[left > 120]
    fit, ignored = cox(spells, ["risky"]), cox(spells.assign(entry=0.0), ["risky"])
    assert abs(fit.params_["risky"] - 0.8) < 3 * fit.standard_errors_["risky"]
    assert ignored.params_["risky"] - 0.8 > 2 * ignored.standard_errors_["risky"]
    base = spells[spells["risky"] == 0]
    here, there = (survival_curve(rows).at([60.0]).iloc[0] for rows in (base, base.assign(entry=0.0)))
    assert here["lower"] < np.exp(-0.6) < here["upper"]
    assert there["lower"] > np.exp(-0.6) + 0.05
