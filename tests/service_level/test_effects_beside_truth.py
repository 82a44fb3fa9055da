"""Beside the truth of simulated markets, run forward, intervals hold what they should as often as they promise."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
import pytest
from benchmarks.service_market import one_market
from benchmarks.true_service import ALL

from clvlab.evaluation.forecasts import Coverage, coverage

SEEDS = (101, 102, 103)
MEASURES = ("worth", "leaving", "satisfaction", "best level")


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    """Of three markets of 300 customers, what is said of all customers beside the truth: a row per interval."""
    # Processes of their own: each market is opened from files, with a cache of its own.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        tables = [table for market in pool.map(one_market, SEEDS) for table in market]
    every = pd.concat(tables, ignore_index=True)
    return every[every["group"] == ALL]


def test_every_market_tells_every_measure(found: pd.DataFrame) -> None:
    assert found.groupby("market")["measure"].agg(set).tolist() == [set(MEASURES)] * len(SEEDS)
    assert found[["value", "lower", "upper", "true"]].notna().all(axis=None)


def held(found: pd.DataFrame, truth: pd.Series) -> Coverage:
    """How often intervals hold this truth; the best level tends to be a costed one, and an interval's end is in it."""
    return coverage(np.where(truth.between(found["lower"], found["upper"]), 0.5, 0.0))


def test_intervals_hold_the_truth_as_often_as_they_promise(found: pd.DataFrame) -> None:
    assert held(found, found["true"]).p_value > 0.001


def test_the_test_would_notice_if_service_did_nothing_or_thrice_as_much(found: pd.DataFrame) -> None:
    effects = found[found["measure"] != "best level"]
    for wrong in (0.0, 3.0):
        assert held(effects, wrong * effects["true"]).p_value < 0.001


def test_a_point_is_worth_something_and_keeps_customers(found: pd.DataFrame) -> None:
    said = found.set_index("measure")["value"]
    assert (said.loc["worth"] > 0).all()
    assert (said.loc["leaving"] < 0).all()
    assert said.loc["best level"].between(0.9, 0.99).all()
