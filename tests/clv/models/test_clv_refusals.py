"""Bad input gets a sentence that names rows and column and says what to do."""

import numpy as np
import pandas as pd
import pytest

from clvlab.clv import BGBB, BGNBD, MBGNBD, BetaDiscreteWeibull, GammaGamma, ParetoNBD, ShiftedBetaGeometric
from clvlab.refusal import Refused

GOOD = pd.DataFrame(
    {"frequency": [1, 2, 3, 0] * 5, "recency": [4, 5, 6, 0] * 5, "T": [9, 8, 7, 9] * 5, "monetary_value": 9.0},
    index=[f"k{i}" for i in range(20)],
)
IN_TIME = [BGNBD, MBGNBD, ParetoNBD, BGBB]


def broken(column, row, value) -> pd.DataFrame:
    table = GOOD.astype({column: object})
    table.loc[row, column] = value
    return table if isinstance(value, str) else table.astype({column: float})


CASES = [
    (broken("frequency", "k3", -1), r"frequency is negative in row 'k3'; correct"),
    (broken("frequency", ["k1", "k2", "k5", "k6"], -1), r"in rows 'k1', 'k2', 'k5' and 1 more"),
    (broken("recency", "k2", 12), r"recency is above T in row 'k2'; measure"),
    (broken("T", "k4", np.nan), r"T is missing in row 'k4'; fill"),
    (broken("T", "k4", np.inf), r"T is missing in row 'k4'"),
    (broken("T", "k4", "nine"), r"T is not numeric in row 'k4'; give numbers"),
    (broken("frequency", "k0", 1.5), r"frequency is no whole number in row 'k0'"),
    (broken("recency", "k3", 2), r"recency is above 0 where frequency is 0 in row 'k3'"),
    (GOOD.head(0), r"no rows; give one row per customer"),
    (GOOD.rename(columns={"T": "age"}), r"no column 'T'"),
    (GOOD.rename(columns={"recency": "recencies"}), r"did you mean 'recencies'"),
    (GOOD.head(8), r"Only 6 customers bought again .* 10 repeat buyers; give a longer window"),
]


@pytest.mark.parametrize(("table", "sentence"), CASES)
@pytest.mark.parametrize("model", IN_TIME)
def test_tables_that_cannot_be(model, table, sentence):
    with pytest.raises(Refused, match=sentence):
        model().fit(table)


def test_opportunities_are_whole_and_hold_one_purchase():
    with pytest.raises(Refused, match="recency is no whole number in row 'k0'"):
        BGBB().fit(broken("recency", "k0", 2.5))
    with pytest.raises(Refused, match="frequency is above recency in row 'k0'"):
        BGBB().fit(broken("frequency", "k0", 5))
    with pytest.raises(Refused, match="takes no covariates"):
        BGBB().fit(GOOD.assign(x1=1.0), covariates=["x1"])


def test_what_is_asked_of_a_fit():
    fit = ParetoNBD().fit(GOOD)
    with pytest.raises(Refused, match="horizon=-1"):
        fit.expected_purchases(GOOD, horizon=-1)
    with pytest.raises(Refused, match="recency is above T in row 'k2'"):
        fit.probability_alive(broken("recency", "k2", 12))
    with pytest.raises(Refused, match="start needs a value above 0 for s, beta"):
        ParetoNBD().fit(GOOD, start={"r": 1, "alpha": 2})
    with pytest.raises(Refused, match="n is negative in row 'k0'"):
        ParetoNBD().fit(GOOD.assign(n=[-1.0] + [1.0] * 19), weights="n")
    with pytest.raises(Refused, match="x1 is the same in all rows"):
        ParetoNBD().fit(GOOD.assign(x1=1.0), covariates=["x1"])
    with pytest.raises(Refused, match="say the same thing"):
        BGNBD().fit(GOOD.assign(x1=range(20), x2=[2 * i + 1 for i in range(20)]), covariates=["x1", "x2"])


def test_spend():
    with pytest.raises(Refused, match="monetary_value is not numeric in row 'k1'"):
        GammaGamma().fit(broken("monetary_value", "k1", "9 EUR"))
    with pytest.raises(Refused, match="Only 0 customers bought again"):
        GammaGamma().fit(GOOD.assign(monetary_value=0.0))
    table = GOOD.assign(monetary_value=np.arange(20.0) + 1)
    table.loc["k0", "monetary_value"] = -5.0
    fit = GammaGamma().fit(table)
    assert (fit.customers, fit.diagnostics_["left_out"]) == (14, 1)
    with pytest.raises(Refused, match="undefined"):
        fit.expected_value(table)


@pytest.mark.parametrize(
    ("survivors", "sentence"),
    [
        ([1000, 800], "has 2 counts and .* needs 3"),
        ([1000, 800, 900, 700], "rises at renewal 2"),
        ([1000, -3, -4, -5], "negative at renewal 1"),
        ([1000, 900, float("nan"), 700], "missing or negative at renewal 2"),
        ([1000, 1000, 1000, 1000], "never falls"),
        ("many", "must be numbers"),
    ],
)
def test_cohorts_that_cannot_be(survivors, sentence):
    with pytest.raises(Refused, match=sentence):
        ShiftedBetaGeometric().fit(survivors)


def test_three_parameters_need_three_renewals():
    with pytest.raises(Refused, match="needs 4; follow the cohort longer"):
        BetaDiscreteWeibull().fit([1000, 631, 468])
    assert ShiftedBetaGeometric().fit([1000, 631, 468]).diagnostics_["converged"]
