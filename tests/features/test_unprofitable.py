"""How many customers lose money in expectation is told from realised losses with chance taken out."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from margin_cases import AS_OF
from scipy.stats import binomtest

from clvlab.assumptions import Assumptions
from clvlab.features.ledger import Ledger
from clvlab.features.margins import customer_margins
from clvlab.features.unprofitable import share_unprofitable
from clvlab.refusal import Refused
from clvlab.simulate import simulate
from clvlab.simulate.constants import UNIT_COSTS as TRUE_COSTS


def sums(events: list[np.ndarray]) -> pd.DataFrame:
    parts = [(np.maximum(event, 0), np.maximum(-event, 0)) for event in events]
    rows = [(gains.sum(), costs.sum(), (gains**2).sum(), (costs**2).sum()) for gains, costs in parts]
    return pd.DataFrame(rows, columns=["gained", "lost", "gained_squares", "lost_squares"])


def market(rng: np.random.Generator, customers: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Running business of customers with orders that earn and visits that cost; and who loses in expectation."""
    orders = np.exp(rng.normal(2.5, 1.0, customers))
    margin, visits = np.exp(rng.normal(4.5, 0.8, customers)), rng.gamma(2.0, 2.0, customers)
    events = [
        np.concatenate([rng.normal(m, m / 2, rng.poisson(o)), np.full(rng.poisson(v), -100.0)])
        for o, m, v in zip(orders, margin, visits, strict=True)
    ]
    return sums(events), orders * margin < 100 * visits


def test_realised_losses_overstate_who_loses_in_expectation():
    rng = np.random.default_rng(1)
    found, loses = zip(*(market(rng, 300) for _ in range(10)), strict=True)
    realised = np.mean([(frame["gained"] < frame["lost"]).mean() for frame in found])
    estimated = np.mean([share_unprofitable(frame).share for frame in found])
    true = np.mean(loses)
    assert abs(estimated - true) < 0.6 * abs(realised - true)


def test_the_interval_covers_the_share_among_customers_of_this_kind():
    rng = np.random.default_rng(2)
    true = market(rng, 20_000)[1].mean()
    found = [share_unprofitable(market(rng, customers)[0]) for customers in (40, 200) for _ in range(50)]
    covered = sum(interval.lower <= true <= interval.upper for interval in found)
    assert binomtest(covered, len(found), 0.9).pvalue > 0.001


def test_a_customer_never_in_doubt_counts_as_what_it_is():
    sure = sums([np.full(500, 10.0)] * 90 + [np.full(500, -10.0)] * 10)
    found = share_unprofitable(sure)
    assert found.share == pytest.approx(0.1, abs=0.005)
    assert found.lower < 0.1 < found.upper


def test_nobody_in_the_red_gives_an_upper_end_all_the_same():
    found = share_unprofitable(sums([np.full(200, 10.0)] * 20))
    assert found.share < 0.01
    assert 0.05 < found.upper < 0.25


def test_order_and_unit_of_money_do_not_matter():
    frame, _ = market(np.random.default_rng(3), 80)
    scaled = frame * [7, 7, 49, 49]
    expected = share_unprofitable(frame)
    for other in (frame.iloc[::-1], scaled):
        np.testing.assert_allclose(share_unprofitable(other)[:3], expected[:3], atol=1e-6)


def test_customers_without_any_business_are_nobody():
    frame, _ = market(np.random.default_rng(3), 50)
    empty = pd.DataFrame(0.0, index=[0], columns=frame.columns)
    assert share_unprofitable(pd.concat([frame, empty])).customers == (frame.sum(axis=1) > 0).sum()
    with pytest.raises(Refused, match="nobody can be called unprofitable"):
        share_unprofitable(empty)


@pytest.mark.parametrize("seed", [21, 22])
def test_the_planted_share_of_a_market_lies_within_the_interval(seed):
    market = simulate(customers=300, months=24, seed=seed)
    needed = ("customers", "shipments", "complaints", "contacts")
    given = {name: ibis.memtable(market.tables[name]) for name in needed}
    records = {name: table.semi_join(given["customers"], "customer_id") for name, table in given.items()}
    costs = {name.replace(" ", "_"): cost for name, (cost, _) in TRUE_COSTS.items()}
    found = share_unprofitable(customer_margins(Ledger(records, AS_OF), Assumptions(unit_costs=costs)).running)
    planted = market.truth["customers"]["unprofitable_in_expectation"].to_pandas().mean()
    assert found.lower <= planted <= found.upper
