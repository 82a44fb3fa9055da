"""What a purchase model expects over time adds up, and is compared with the right purchases."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from purchasers import simulated
from studies import late_entry

from clvlab.clv import BGNBD, MBGNBD, ParetoNBD
from clvlab.clv.checking.tracking import FrequencyCheck, Tracking
from clvlab.refusal import Refused


@pytest.fixture(scope="module")
def fit():
    return ParetoNBD().fit(simulated(ParetoNBD, 1_500, np.random.default_rng(1), 0)[0])


def closed_form(fit, time, entry=0.0):
    """Expected purchases of a new customer (Schmittlein, Morrison and Colombo 1987, eq. 17)."""
    r, alpha, s, beta = fit.estimate.values()
    beta = beta + entry
    return r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + time)) ** (s - 1))


def test_expected_purchases_are_sums_of_the_closed_form(fit):
    starts = pd.Series([0.0, 0.0, 1.5, 4.0, 11.0])
    frame = Tracking(fit, starts, starts * 0, np.array([]), 10.0, 10.0).to_frame()
    expected = [sum(closed_form(fit, max(time - start, 0.0)) for start in starts) for time in frame.period]
    assert frame.expected_cumulated.to_numpy() == pytest.approx(expected)
    assert frame.expected.cumsum().to_numpy() == pytest.approx(expected)


def test_a_purchase_at_the_end_of_a_period_is_in_it_and_the_last_period_may_be_shorter(fit):
    starts = pd.Series([0.0, 0.0])
    bought = np.array([0.0, 1 / 7, 1.0, 8 / 7, 2.5, 2.6])
    result = Tracking(fit, starts, starts, bought, 2.5, 2.5)
    frame = result.to_frame()
    assert frame.actual.tolist() == [3, 1, 1]
    assert frame.actual_cumulated.tolist() == [3, 4, 5]
    assert frame.expected_cumulated.iloc[-1] == pytest.approx(2 * closed_form(fit, 2.5))


@pytest.mark.parametrize("model", [BGNBD, MBGNBD, ParetoNBD])
def test_every_model_tracks_what_it_was_fitted_to(model):
    table, _ = simulated(model, 4_000, np.random.default_rng(2), 0)
    found = model().fit(table)
    until = table["T"].max()
    frame = Tracking(found, until - table["T"], table["T"] * 0, np.array([]), until, until).to_frame()
    assert frame.expected_cumulated.iloc[-1] == pytest.approx(table.frequency.sum(), rel=0.02)
    check = FrequencyCheck(found, table).to_frame()
    assert check.actual.sum() == 4_000
    assert check.expected.sum() == pytest.approx(4_000)
    assert check.expected.to_numpy() == pytest.approx(check.actual.to_numpy(), abs=120)


def known_before(n: int, weeks: float, later: float) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers who were there when the records began, with the times of their purchases up to weeks + later."""
    rng = np.random.default_rng(3)
    entry = rng.integers(5, 60, n).astype(float)
    rate, leaves = rng.gamma(0.8, 1 / 40, n), rng.exponential(1 / rng.gamma(1.4, 1 / (30 + entry)))
    times = np.cumsum(rng.exponential(1 / rate[:, None], (n, 60)), axis=1)
    times = np.where(times <= leaves[:, None], times, np.inf)
    past = times <= weeks
    table = pd.DataFrame({"frequency": past.sum(axis=1), "recency": np.where(past, times, 0).max(axis=1)})
    seen = (table.frequency > 0).to_numpy()
    times = times[seen]
    return table.assign(T=weeks, entry=entry)[seen], times[times <= weeks + later]


def test_customers_seen_only_because_they_bought_are_expected_to_have_bought():
    table, bought = known_before(9_000, 40.0, 20.0)
    fit = ParetoNBD().fit(table, entry="entry", silent_left_out=True)
    starts = table["T"] * 0
    frame = Tracking(fit, starts, table.entry, bought, 40.0, 60.0, silent_left_out=True).to_frame()
    assert frame.actual_cumulated.iloc[39] == table.frequency.sum()
    later = frame.actual_cumulated.iloc[-1] - frame.actual_cumulated.iloc[39]
    assert frame.expected_cumulated.iloc[39] == pytest.approx(table.frequency.sum(), rel=0.03)
    assert frame.expected.iloc[40:].sum() == pytest.approx(later, rel=0.06)
    careless = Tracking(fit, starts, table.entry, bought, 40.0, 40.0).to_frame()
    assert careless.expected_cumulated.iloc[-1] < 0.7 * table.frequency.sum()
    check = FrequencyCheck(fit, table, silent_left_out=True).to_frame()
    assert check.expected.iloc[0] == 0
    assert check.expected.sum() == pytest.approx(len(table))


def test_expectations_of_customers_known_before_match_draws_given_a_purchase(fit):
    late = replace(fit, entry="entry")
    entry = pd.Series([30.0])
    frame = Tracking(late, entry * 0, entry, np.array([]), 8.0, 12.0, silent_left_out=True).to_frame()
    stays = pd.DataFrame({"frequency": 0, "recency": 0.0, "T": 0.0, "entry": 30.0}, index=range(40_000))
    early = late.draws_from_beginning(stays, np.full(40_000, 8.0), 5)
    assert frame.expected_cumulated.iloc[7] == pytest.approx(early[early > 0].mean(), rel=0.02)
    silent = stays.iloc[:1].assign(T=8.0)
    none = (early == 0).mean()
    after = closed_form(late, 12.0, 30.0) - none * float(late.expected_purchases(silent, 4.0).iloc[0])
    assert frame.expected_cumulated.iloc[11] == pytest.approx(after / (1 - none), rel=0.02)


def test_classes_of_frequency_double_where_most_buy_often(fit):
    few = FrequencyCheck(fit, pd.DataFrame({"frequency": [0, 1, 9], "recency": [0.0, 1, 2], "T": 30.0}))
    assert few.to_frame().purchases.tolist() == ["0", "1", "2", "3", "4", "5", "6", "7 or more"]
    often = pd.DataFrame({"frequency": [0, 1, 40, 90], "recency": [0.0, 1, 2, 3], "T": 30.0})
    frame = FrequencyCheck(fit, often).to_frame()
    assert frame.purchases.tolist() == ["0", "1", "2-3", "4-7", "8-15", "16-31", "32-63", "64-127", "128 or more"]
    assert frame.actual.tolist() == [1, 1, 0, 0, 0, 0, 1, 1, 0]


def test_a_length_that_is_none_is_refused(fit):
    with pytest.raises(Refused, match="no length of time"):
        Tracking(fit, pd.Series([0.0]), pd.Series([0.0]), np.array([]), 0.0, 0.0)


# The base's own spot customers -----------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
def test_purchases_followed_are_those_of_the_histories(small_study, late):
    values = late_entry(small_study) if late else small_study.clv
    spot = next(stream for stream in values.streams if stream.tie == "spot")
    result = values.tracking(small_study.purchases)
    frame = result.to_frame()
    assert frame.actual_cumulated.iloc[-1] == frame.actual.sum() == spot.table.frequency.sum()
    assert result.customers == len(spot.table)
    assert f"{len(spot.table)} spot customers" in result.title
    assert values.frequency_check(small_study.purchases).to_frame().actual.sum() == len(spot.table)


def test_given_contracts_those_ever_under_one_are_not_followed(small_study):
    values, contracts = small_study.clv, small_study.records["contracts"]
    spot = next(stream for stream in values.streams if stream.tie == "spot")
    result = values.tracking(small_study.purchases, contracts)
    assert result.customers == spot.fit.customers < len(spot.table)
    assert "customers never under contract" in result.title
    ever = contracts.customer_id.to_pyarrow().to_pylist()
    never = spot.table[~spot.table.index.isin(ever)]
    assert result.to_frame().actual.sum() == never.frequency.sum()


def test_what_comes_later_is_followed_with_the_same_customers(small_study):
    values = small_study.clv
    whole = values.tracking(small_study.purchases)
    earlier = replace(values, as_of=values.as_of)
    followed = earlier.tracking(small_study.purchases, until="2026-02-28")
    assert followed.fitted_until == whole.fitted_until < followed.until
    assert followed.to_frame().actual.sum() == whole.to_frame().actual.sum()
    assert followed.to_frame().expected.sum() > whole.to_frame().expected.sum()
