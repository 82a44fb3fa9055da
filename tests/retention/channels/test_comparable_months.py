"""What followed a contact: an effect that is there is found, none is made up from whom managers visit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.retention.channels.comparable import differences, followed_months

MONTHS = 24


def market(seed: int, customers: int = 250, lift: float = 0.0):
    """Customers who order at very different rates, growing ones too; the large ones get more visits."""
    rng = np.random.default_rng(seed)
    rate, growth = rng.lognormal(1, 1, customers), rng.normal(0.01, 0.02, customers)
    who, month = np.repeat(np.arange(customers), MONTHS), np.tile(np.arange(MONTHS), customers)
    visit = rng.random((customers, MONTHS)) < 0.4 * rate[:, None] / (1 + rate[:, None])
    recent = sum(np.pad(visit, ((0, 0), (k, 0)))[:, :MONTHS] for k in (1, 2, 3)) > 0
    orders = rng.poisson(rate[:, None] * np.exp(growth[:, None] * np.arange(MONTHS) + lift * recent))
    months = pd.DataFrame({"customer_id": who, "spell": 1, "month": month, "event": 0, "contract_running": 0.0})
    done = pd.DataFrame({"customer_id": who, "month": month, "channel": "visit"})[visit.ravel()]
    counted = pd.DataFrame({"customer_id": who, "month": month, "orders": orders.ravel().astype(float)})
    return months, counted[counted["orders"] > 0], done, pd.Series(0.02 * (1 + rng.random(len(who))))


def test_visits_to_large_accounts_do_not_pass_for_an_effect_on_orders():
    held = 0
    for seed in range(20):
        found = differences(followed_months(*market(seed)), ["visit"], "orders_change", within_customer=True)
        held += bool(found.loc["visit", "lower"] <= 0 <= found.loc["visit", "upper"])
    assert held >= 14


def test_an_effect_that_is_there_is_found():
    found = differences(followed_months(*market(1, lift=0.5)), ["visit"], "orders_change", within_customer=True)
    assert found.loc["visit", "lower"] > 0


def test_who_leaves_within_three_months_counts_as_left_and_who_was_not_followed_not_at_all():
    months = pd.DataFrame({"customer_id": ["a"] * 8 + ["b"] * 8, "spell": 1, "month": [*range(8), *range(8)],
                           "event": [0] * 7 + [1] + [0] * 8})  # fmt: skip
    done = pd.DataFrame({"customer_id": ["a"], "month": [5], "channel": ["call"]})
    orders = pd.DataFrame({"customer_id": ["a"], "month": [4], "orders": [2.0]})
    found = followed_months(months, orders, done, pd.Series(0.1, index=months.index))
    left = found[found["customer_id"] == "a"]["left"].tolist()
    assert left == [0, 1, 1, 1]  # months 3 to 6; it left in month 7
    assert (found["customer_id"] == "b").sum() == 2  # months 3 and 4: what came after month 4 ends with month 7
    assert found["call"].sum() == 1


def test_too_few_contacts_are_refused():
    months, orders, done, risk = market(1)
    with pytest.raises(Refused, match="30"):
        differences(followed_months(months, orders, done.head(5), risk), ["visit"], "left")
