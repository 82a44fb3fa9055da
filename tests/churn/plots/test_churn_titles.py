"""Titles of churn figures state what the tables say, on awkward data too."""

from __future__ import annotations

import warnings

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from clvlab import churn
from clvlab.churn.plots.definitions import draw_definitions
from clvlab.churn.rates import leaving_rates


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def title(ax):
    return " ".join(ax.get_figure().get_suptitle().split())


def definitions(*shares):
    names = ("silence", "volume", "rhythm")[: len(shares)]
    return pd.DataFrame(
        {"definition": names, "followed": 5, "days_late": 90.0, "false_alarms": shares, "lower": 0.1, "upper": 0.9}
    )


def test_definitions_that_err_alike_are_not_set_apart():
    assert title(draw_definitions(definitions(1.0, 1.0), None)).startswith("100% of customers called lost")
    assert title(draw_definitions(definitions(0.2, 0.6), None)).startswith("20% (by silence) to 60% (by volume)")


def test_the_share_that_leaves_within_a_year_stays_below_all_and_one_quarter_draws_without_warnings():
    months = pd.DataFrame({"month": [660, 661], "entry": [0.0, 1.0], "duration": [1.0, 2.0], "event": [1, 1]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = leaving_rates(months, pd.Series(["spot", "spot"], name="tie")).plot()
    assert title(ax) == "Within a year 100% of spot customers leave"


def test_a_single_cause_is_not_broken_down():
    spells = pd.DataFrame({"duration": range(1, 41), "event": [1, 0] * 20, "cause": ["unknown", None] * 20})
    assert title(churn.cumulative_incidence(spells).plot()).endswith("have left, all for the cause unknown")
