"""How orders answer to service, each customer compared with itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.satisfaction.responses.customer_months import CustomerMonths
from clvlab.satisfaction.responses.order_rate import order_rate


def customers(number: int = 150, months: int = 30, effect: float = -0.02, seed: int = 1) -> CustomerMonths:
    """Customers of very different size whose orders answer to late deliveries; the worst served are the largest."""
    rng = np.random.default_rng(seed)
    size = rng.normal(1.0, 1.0, number)
    late = 4 * size[:, None] + rng.normal(0, 5, (number, months))
    season = 0.3 * np.sin(np.arange(months))
    orders = rng.poisson(np.exp(size[:, None] + season + effect * late))
    who, month = np.divmod(np.arange(number * months), months)
    frame = pd.DataFrame({"customer_id": [f"c{i:03}" for i in who], "month": month, "length": 1.0})
    return CustomerMonths(frame.assign(orders=orders.ravel(), late=late.ravel()), pd.Series(dtype=float), {})


def test_the_effect_comes_back_though_the_worst_served_are_the_largest() -> None:
    found = order_rate(customers(), np.ones(4500), ["late"])
    assert abs(found.params["late"] + 0.02) < 2.5 * found.errors["late"]
    assert found.errors["late"] < 0.003


def test_how_much_a_customer_orders_says_nothing_of_the_effect() -> None:
    months = customers(number=40)
    larger = months.frame.assign(orders=months.frame["orders"] * 7)
    one, other = (
        order_rate(CustomerMonths(f, months.silent, {}), np.ones(1200), ["late"]) for f in (months.frame, larger)
    )
    assert other.params["late"] == pytest.approx(one.params["late"])


def test_silence_after_having_left_is_no_answer_to_service() -> None:
    months = customers(number=60)
    gone = (months.frame["month"] >= 20).to_numpy() & (months.frame["customer_id"] < "c030").to_numpy()
    left = CustomerMonths(
        months.frame.assign(orders=months.frame["orders"].where(~gone, 0), late=months.frame["late"] + 20 * gone),
        months.silent,
        {},
    )
    knowing = order_rate(left, np.where(gone, 0.0, 1.0), ["late"])
    believing = order_rate(left, np.ones(len(gone)), ["late"])
    assert abs(knowing.params["late"] + 0.02) < 3 * knowing.errors["late"]
    assert believing.params["late"] < -0.04


def test_what_does_not_vary_within_customers_is_refused() -> None:
    months = customers(number=20)
    fixed = months.frame.assign(late=months.frame.groupby("customer_id")["late"].transform("mean"))
    with pytest.raises(Refused, match="vary within customers"):
        order_rate(CustomerMonths(fixed, months.silent, {}), np.ones(600), ["late"])
