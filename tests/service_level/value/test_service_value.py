"""What service is worth: by the formula month by month, in draws that compare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.satisfaction.responses.customer_months import CustomerMonths
from clvlab.satisfaction.responses.latent_leaving import LeavingFit
from clvlab.satisfaction.responses.responses import Response, ServiceResponses
from clvlab.service_level.curves import Curve
from clvlab.service_level.value.cells import Ahead
from clvlab.service_level.value.effects import EffectPerPoint
from clvlab.service_level.value.service_value import ServiceValue
from clvlab.service_level.value.valuing import service_value

KPI = "on_time_delivery"
AHEAD = Ahead(36, 0.10)


def valued(
    customers: int = 1, leaving: float = -0.06, orders: float = 0.02, error: float = 0.0, groups: int = 1,
    alike: bool = True,
) -> ServiceValue:  # fmt: skip
    """Customers worth 1,000, hazard 0.02 a month, 2 orders a month, one in ten late; all respond alike, or differ."""
    codes = [f"c{i}" for i in range(customers)]
    frame = pd.DataFrame({"customer_id": np.repeat(codes, 12), "month": np.tile(np.arange(12), customers)})
    months = CustomerMonths(frame.assign(length=1.0, orders=2), pd.Series(1.0, codes), {})
    there = np.ones(len(frame))
    fit = LeavingFit(pd.Series(), pd.DataFrame(), 1e12, 0.02 * there, there, pd.Series(1.0, codes))
    responses = ServiceResponses({KPI: Response(leaving, error)}, {KPI: Response(orders, error)}, months, fit, (), ())
    values = pd.DataFrame({"value": 1000.0, "value_lower": 1000.0, "value_upper": 1000.0}, index=codes)
    late = pd.DataFrame({"opportunities": 1e6, "failures": 1e5, "shrunk": 0.1}, index=codes)
    group = pd.Series([f"g{i % groups}" for i in range(customers)], codes)
    found = service_value(responses, values, np.full(100, 1000.0 * customers), {KPI: late}, group, AHEAD, draws=50)
    same = {name: replace(cells, responds=np.ones_like(cells.responds)) for name, cells in found.cells.items()}
    return replace(found, cells=same) if alike else found


def by_hand(level: float) -> float:
    """The worth of one customer by the sum over months."""
    change = 100 * 0.1 * (level - 0.9) / 0.1 * 12 / 16
    total, base, extra = 0.0, 0.0, 0.0
    for month in range(36):
        weight = 1.1 ** (-(month + 0.5) / 12) * np.exp(-0.02 * (month + 0.5))
        felt = change * min((month + 1) / 6, 1)
        rise = 0.02 * np.expm1(-0.06 * felt)
        extra += rise
        total += weight * np.exp(0.02 * felt - extra + rise / 2)
        base += weight
    return 1000 * total / base


@pytest.mark.parametrize("level", [0.8, 0.88, 0.95, 1.0])
def test_worth_is_the_sum_over_months_ahead(level: float) -> None:
    found = valued().outcomes("g0", pd.DataFrame({KPI: [level]}))
    assert found.equity.mean() == pytest.approx(by_hand(level), rel=2e-3)


def test_as_it_is_everything_is_as_it_is() -> None:
    value = valued(customers=5)
    found = value.outcomes("g0", pd.DataFrame({KPI: [float(value.today.loc["g0", KPI])]}))
    assert found.equity == pytest.approx(np.full((50, 1), 5000.0))
    assert found.leaving == pytest.approx(np.full((50, 1), 1 - np.exp(-0.24)), rel=1e-4)
    assert np.isnan(found.satisfaction).all()


def test_better_service_keeps_customers_and_brings_orders() -> None:
    found = valued().outcomes("g0", pd.DataFrame({KPI: np.linspace(0.8, 1, 9)}))
    assert (np.diff(found.equity.mean(axis=0)) > 0).all()
    assert (np.diff(found.orders.mean(axis=0)) > 0).all()
    assert (np.diff(found.leaving.mean(axis=0)) < 0).all()


@pytest.mark.parametrize("customers", [1, 25, 400])
def test_few_customers_may_respond_unlike_all_and_many_hardly(customers: int) -> None:
    factor = valued(customers, alike=False).cells["g0"].responds
    assert factor.mean(axis=1) == pytest.approx(np.ones(3))
    assert factor.std(axis=1) == pytest.approx(np.full(3, 0.7 / np.sqrt(customers)), rel=0.35)


def test_without_an_effect_no_level_is_worth_more_than_another() -> None:
    found = valued(leaving=0.0, orders=0.0).outcomes("g0", pd.DataFrame({KPI: [0.8, 0.9, 1.0]}))
    assert np.ptp(found.equity, axis=1).max() == pytest.approx(0)


def test_hundreds_reckoned_together_are_worth_what_each_is() -> None:
    one, many = (valued(customers=n).outcomes("g0", pd.DataFrame({KPI: [0.95]})).equity.mean() for n in (1, 300))
    assert many == pytest.approx(300 * one, rel=1e-6)


def test_groups_and_scenarios_share_the_draws() -> None:
    value = valued(customers=4, error=0.01, groups=2)
    one, other = (value.outcomes(group, pd.DataFrame({KPI: [0.9, 0.95]})).equity for group in value.groups)
    assert np.std(one[:, 1]) > 0
    assert one[:, 1] == pytest.approx(other[:, 1])


def test_a_point_is_worth_as_much_in_the_table_as_in_the_outcomes() -> None:
    table = EffectPerPoint(valued(error=0.005), {KPI: Curve([0.8, 1.0], [80.0, 100.0])}).to_frame().iloc[0]
    assert table["equity_lower"] < table["equity"] < table["equity_upper"]
    assert table["churn"] < 0
    assert table["cost"] > 0


def test_levels_that_are_no_shares_and_unknown_names_are_refused() -> None:
    value = valued()
    with pytest.raises(Refused, match="shares"):
        value.outcomes("g0", pd.DataFrame({KPI: [95.0]}))
    with pytest.raises(Refused, match="group"):
        value.outcomes("core", pd.DataFrame({KPI: [0.9]}))
    with pytest.raises(Refused, match="not told"):
        value.outcomes("g0", pd.DataFrame({"on_time_dispatch": [0.9]}))


def test_without_any_effect_told_it_says_what_would_settle_it() -> None:
    value = valued()
    unknown = Response(np.nan, np.nan, "on-time delivery never varied")
    with pytest.raises(Refused, match="never varied"):
        service_value(
            ServiceResponses({KPI: unknown}, {KPI: unknown}, None, object(), (), ()),  # type: ignore[arg-type]
            pd.DataFrame(), np.ones(3), {KPI: pd.DataFrame()}, pd.Series(dtype=str), AHEAD,
        )  # fmt: skip
    assert value.remarks == ()
