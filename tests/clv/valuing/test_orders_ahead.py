"""Without money, what is to come is counted in orders, by the models that value customers where there is money."""

import numpy as np
import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.study import Study

KEPT = {"customers": ["customer_id"], "shipments": ["shipment_id", "customer_id", "booked_at"]}


@pytest.fixture(scope="module")
def moved(opened) -> Study:
    """Nothing but customer codes and shipments without money."""
    return opened(lambda files: {name: files[name][columns] for name, columns in KEPT.items()})


def test_every_customer_has_orders_ahead_within_their_interval(moved):
    frame = moved.orders_ahead.to_frame()
    buyers = moved.records["shipments"].customer_id.to_pandas().unique()
    assert set(frame.index) == set(buyers)
    assert frame["orders"].is_monotonic_decreasing
    assert (frame["orders_lower"] <= frame["orders_upper"]).all()
    assert frame["probability_alive"].between(0, 1).all()


def test_the_orders_of_all_lie_within_their_interval(moved):
    found = moved.orders_ahead
    assert found.lower < found.frame["orders"].sum() < found.upper


def test_the_headlines_are_orders_and_customers_and_no_money(moved):
    frame = moved.ahead.headlines().to_frame()
    assert frame["unit"].tolist() == ["orders", "customers"]
    assert frame.loc[1, "value"] == pytest.approx(moved.orders_ahead.frame["probability_alive"].sum())


def test_with_money_what_is_ahead_is_money_and_purchases_are_the_orders(small_study):
    assert small_study.ahead is small_study.clv
    orders = small_study.orders_ahead.frame
    alive = small_study.clv.frame["probability_alive"]
    np.testing.assert_allclose(orders["probability_alive"], alive[orders.index])


def test_the_model_is_followed_beside_what_came(moved):
    found = moved.orders_ahead
    assert len(found.tracking(moved.purchases).to_frame())
    assert found.frequency_check(moved.purchases).to_frame()["actual"].sum() == len(found.frame)


def test_too_few_who_bought_again_are_refused_in_one_sentence(opened):
    few = pd.DataFrame({"customer_id": "a", "booked_at": pd.date_range("2024-01-01", periods=40, freq="14D")})
    few = few.assign(shipment_id=range(40)).astype(str)
    study = opened(lambda _: {"customers": pd.DataFrame({"customer_id": ["a"]}), "shipments": few})
    with pytest.raises(Refused, match=r"Only 1 customer bought again and a fit needs 10 repeat buyers\); give longer"):
        _ = study.orders_ahead
