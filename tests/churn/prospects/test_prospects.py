"""Who will leave by when, and what drives it: laws of probability, and customers of whom the truth is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.churn.prospects.drivers import drivers
from clvlab.churn.prospects.prospects import CONTRACT, Prospects, _well_known, prospects
from clvlab.features.churn_definitions import rhythm
from clvlab.features.panel import Panel, panel_and_ahead
from clvlab.features.spells import account_spells
from clvlab.refusal import Refused

HORIZONS = (1, 3, 6, 12)
FIRST, TODAY = dt.date(2022, 1, 1), dt.date(2024, 12, 31)
MONTH = 365.25 / 12


@pytest.fixture(scope="module")
def ahead(small_study) -> Prospects:
    return small_study.churn.prospects


# Laws of probability ---------------------------------------------------------------------------------------


def by_horizon(ahead: Prospects, what: str, end: str = "") -> np.ndarray:
    """Return probabilities, of shape (customers, horizons)."""
    return ahead.frame[[f"{what}_{horizon}{end}" for horizon in ahead.horizons]].to_numpy()


@pytest.mark.parametrize("what", ["leave", "risk"])
def test_intervals_hold_the_estimates_and_lie_within_0_and_1(ahead, what):
    lower, middle, upper = (by_horizon(ahead, what, end) for end in ("_lower", "", "_upper"))
    assert (lower >= 0).all()
    assert (lower <= middle).all()
    assert (middle <= upper).all()
    assert (upper <= 1).all()
    assert (lower < upper).all()


@pytest.mark.parametrize("what", ["leave", "risk"])
@pytest.mark.parametrize("end", ["", "_lower", "_upper"])
def test_more_have_left_by_a_later_day(ahead, what, end):
    assert (np.diff(by_horizon(ahead, what, end), axis=1) >= 0).all()


def test_who_is_gone_has_left(ahead):
    gone = ahead.frame["already_gone"].to_numpy()[:, None]
    leave, risk = by_horizon(ahead, "leave"), by_horizon(ahead, "risk")
    assert (leave >= gone).all()
    assert (risk <= leave + 1e-12).all()


def test_customers_under_contract_are_never_gone_already(ahead):
    under = ahead.frame["tie"] == CONTRACT
    assert under.sum() > 10
    assert (~under).sum() > 10
    assert (ahead.frame.loc[under, "already_gone"] == 0).all()
    assert (ahead.frame.loc[~under, "already_gone"] > 0).mean() > 0.8
    for horizon in ahead.horizons:
        leave, risk = ahead.frame.loc[under, f"leave_{horizon}"], ahead.frame.loc[under, f"risk_{horizon}"]
        assert leave.to_numpy() == pytest.approx(risk.to_numpy(), rel=1e-9)


def test_the_hazard_is_that_of_the_month_that_begins(ahead):
    """A month's probability is below a quarter's, and the quarter's below three months' sum."""
    hazard, quarter = ahead.frame["hazard"], ahead.frame["risk_3"]
    assert (hazard < quarter).all()
    first = ahead.coming[ahead.coming["lead"] == 0].set_index("customer_id")
    assert hazard.to_numpy() == pytest.approx(ahead.fit.hazard(first).to_numpy(), rel=0.5)


def test_totals_are_sums_with_room_for_chance(ahead):
    for horizon in ahead.horizons:
        total = ahead.totals.loc[horizon]
        assert total["leave"] == pytest.approx(ahead.frame[f"leave_{horizon}"].sum())
        p = ahead.frame[f"leave_{horizon}"]
        chance = 2 * 1.6449 * np.sqrt((p * (1 - p)).sum())
        assert total["upper"] - total["lower"] > 0.8 * chance
        assert 0 <= total["lower"] <= total["leave"] <= total["upper"] <= len(p)


def test_months_ahead_follow_one_another_for_every_customer(ahead):
    leads = ahead.coming.groupby("customer_id")["lead"].agg(list)
    assert (leads.map(lambda months: months == list(range(12)))).all()
    assert list(ahead.now.index) == list(ahead.frame.index)


# What drives it --------------------------------------------------------------------------------------------


def test_contributions_sum_to_the_difference_in_the_log_hazard(ahead):
    """Of covariates kept; the others stand as they are today on both sides."""
    told = drivers(ahead)
    kept = list(told["covariate"].unique())
    today = ahead.coming[ahead.coming["lead"] == 0].set_index("customer_id")
    today = today.loc[today.index.isin(ahead.past.index)]
    usual = today.assign(**{name: ahead.past.loc[today.index, name] for name in kept})
    now, then = (np.log(-np.log1p(-ahead.fit.hazard(frame.reset_index()))).to_numpy() for frame in (today, usual))
    sums = told.groupby("customer_id")["contribution"].sum().reindex(today.index)
    assert sums.to_numpy() == pytest.approx(now - then, abs=1e-9)
    assert np.abs(now - then).max() > 0.1


def test_drivers_run_with_sense_and_stand_largest_first(ahead):
    told = drivers(ahead)
    sense = told["covariate"].map(lambda name: 1.0 if ahead.panel.covariates[name].raises else -1.0)
    raised = (told["now"] - told["own_past"]) * sense
    assert (np.sign(told["contribution"]) == np.sign(raised)).all()
    assert told.groupby("customer_id")["contribution"].agg(lambda one: one.is_monotonic_decreasing).all()
    assert set(told["customer_id"]) == set(ahead.past.index) & set(ahead.now.index)
    assert (told.groupby("customer_id").size() == told["covariate"].nunique()).all()


def test_a_newcomer_has_no_past_and_no_drivers(ahead):
    newcomer = ahead.past.index[0]
    told = drivers(replace(ahead, past=ahead.past.drop(newcomer)))
    assert newcomer not in set(told["customer_id"])
    assert len(told)


# Customers of whom the truth is known ----------------------------------------------------------------------


@dataclass(frozen=True)
class Market:
    """All orders there will ever be, and when each customer really leaves (in days after FIRST)."""

    orders: pd.DataFrame
    leaves: pd.Series

    def known(self, today: dt.date) -> pd.DataFrame:
        return self.orders[self.orders["date"] <= pd.Timestamp(today)]

    def ahead(self, silent: Sequence[str] = (), today: dt.date = TODAY, seed: int = 1) -> Prospects:
        """Return the prospects; of customers who are ``silent`` the last order is not told, covariates are as ever."""
        known = self.known(today).sort_values(["customer_id", "date"])
        last = ~known["customer_id"].duplicated(keep="last") & known["customer_id"].isin(silent)
        told = rhythm(known[~last], today)
        seen = account_spells(known, today, rhythm(known, today).churn_events)
        tables = {"shipments": ibis.memtable(known.rename(columns={"date": "booked_at"}))}
        months, coming = panel_and_ahead(tables, seen.spells, seen.running, today, FIRST, max(HORIZONS))
        standing = account_spells(known[~last], today, told.churn_events).standing
        return prospects(months, coming, replace(seen, standing=standing), told, HORIZONS, seed)


def market(customers: int = 1500, hazard: float = 0.03, seed: int = 2) -> Market:
    """Customers who come at any time in two years, order about every two weeks and leave at random."""
    rng = np.random.default_rng(seed)
    came = rng.integers(0, 730, customers)
    leaves = came + rng.exponential(MONTH / hazard, customers)
    gap = rng.gamma(8.0, 14 / 8, customers)
    gaps = rng.gamma(3.0, gap[:, None] / 3, (customers, 600))
    days = np.floor(came[:, None] + np.cumsum(np.insert(gaps, 0, 0.0, axis=1), axis=1)).astype(int)
    who, which = np.nonzero((days <= leaves[:, None]) & (days < 5 * 365))
    codes = np.array([f"c{number:04d}" for number in range(customers)])
    date = pd.Timestamp(FIRST) + pd.to_timedelta(days[who, which], unit="D")
    return Market(pd.DataFrame({"customer_id": codes[who], "date": date}), pd.Series(leaves, codes))


@pytest.fixture(scope="module")
def known() -> Market:
    return market()


@pytest.fixture(scope="module")
def foreseen(known) -> Prospects:
    return known.ahead()


def test_as_many_leave_as_foreseen(known, foreseen):
    """Events obey the model: of customers not called lost, as many are found to have left, false alarms among them."""
    later = dt.date(2026, 12, 31)
    calls = rhythm(known.orders, later).churn_events.events
    calls = calls[calls["called_on"] > pd.Timestamp(TODAY)].drop_duplicates("customer_id").set_index("customer_id")
    left_on = calls["last_on"].reindex(foreseen.frame.index)
    for horizon in HORIZONS:
        left = int((left_on <= pd.Timestamp(TODAY) + pd.Timedelta(days=horizon * MONTH)).sum())
        total = foreseen.totals.loc[horizon]
        deviation = (total["upper"] - total["lower"]) / (2 * 1.6449)
        assert abs(left - total["leave"]) < 3 * deviation, horizon


def test_the_hazard_of_customers_who_are_there_is_that_of_leaving(foreseen):
    """False alarms raise it a little."""
    assert foreseen.frame["risk_12"].mean() == pytest.approx(1 - np.exp(-0.03 * 12), rel=0.15)


def test_as_many_are_gone_already_as_said(known, foreseen):
    gone = foreseen.frame["already_gone"]
    really = known.leaves[gone.index] <= (TODAY - FIRST).days
    deviation = np.sqrt((gone * (1 - gone)).sum())
    assert really.sum() > 10
    assert abs(really.sum() - gone.sum()) < 3.3 * deviation
    assert gone[really].mean() > 4 * gone[~really].mean()


def test_a_longer_silence_raises_the_probability_to_have_left(known, foreseen):
    frame = foreseen.frame
    some = frame.index[(frame["already_gone"] > 0.001) & (frame["already_gone"] < 0.3)][:40]
    longer = known.ahead(silent=some).frame
    assert len(some) == 40
    assert (longer.loc[some, "already_gone"] > frame.loc[some, "already_gone"]).all()
    for horizon in HORIZONS:
        assert (longer.loc[some, f"leave_{horizon}"] > frame.loc[some, f"leave_{horizon}"]).all()
        assert longer.loc[some, f"risk_{horizon}"].equals(frame.loc[some, f"risk_{horizon}"])


def test_twice_the_hazard_is_seen_as_twice_the_hazard(foreseen):
    faster = market(hazard=0.06).ahead()
    ratio = faster.frame["hazard"].mean() / foreseen.frame["hazard"].mean()
    assert ratio == pytest.approx(2.0, rel=0.2)


def test_a_day_within_a_month_sees_the_same_hazard(known, foreseen):
    earlier = known.ahead(today=dt.date(2024, 12, 11))
    assert earlier.frame["hazard"].mean() == pytest.approx(foreseen.frame["hazard"].mean(), rel=0.1)


def test_the_same_seed_says_the_same(known, foreseen):
    pd.testing.assert_frame_equal(known.ahead().frame, foreseen.frame, check_exact=True)
    other = known.ahead(seed=2).frame
    assert not other.equals(foreseen.frame)
    assert other["leave_12"].to_numpy() == pytest.approx(foreseen.frame["leave_12"].to_numpy(), abs=0.02)


def test_the_first_half_year_is_left_out_unless_most_left_in_it(foreseen):
    months = foreseen.panel
    assert months.frame["months_recorded"].min() == 6
    few_later = np.where(months.frame["event"].cumsum() > 3, 0, 6)
    early = Panel(months.frame.assign(months_recorded=few_later), months.covariates, months.missing)
    assert _well_known(early) is early


def test_nobody_left_is_refused(known):
    stayers = known.leaves.index[known.leaves > (TODAY - FIRST).days + 400]
    orders = known.known(TODAY)
    orders = orders[orders["customer_id"].isin(stayers)]
    calls = rhythm(orders, TODAY).churn_events.events["customer_id"]  # false alarms
    with pytest.raises(Refused, match="Nobody left"):
        Market(orders[~orders["customer_id"].isin(calls)], known.leaves).ahead()


def test_nobody_being_there_is_refused(known):
    leavers = known.leaves.index[known.leaves < 500]
    with pytest.raises(Refused, match="No customer is left"):
        Market(known.orders[known.orders["customer_id"].isin(leavers)], known.leaves).ahead()
