"""Users are heavy, moderate or light by how often they usually order, and unknown until they ordered on two days."""

from __future__ import annotations

import pandas as pd
import pytest
from class_cases import by_customer, everyone_has_one_label

from clvlab.features.churn_definitions.rhythm import rhythm
from clvlab.features.ledger import Ledger
from clvlab.features.totals import order_gaps
from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.classes.usage import HEAVY, LIGHT, MODERATE, usage_classes


def rhythms(*gaps: float | None, order_days: int = 5, silent_days: int = 3) -> pd.DataFrame:
    gap = by_customer(list(gaps))
    return pd.DataFrame({"order_days": order_days, "usual_gap_days": gap, "silent_days": silent_days})


def test_a_week_is_heavy_a_month_moderate_and_the_rest_light():
    found = usage_classes(rhythms(1, 7, 7.5, 30, 31, 200))
    assert found.labels.tolist() == [HEAVY, HEAVY, MODERATE, MODERATE, LIGHT, LIGHT]
    assert "1 of the light users usually order less than once in half a year." in found.remarks


def test_one_order_day_shows_no_rhythm_whatever_a_model_says():
    found = usage_classes(rhythms(5, 5, order_days=1))
    assert (found.labels == NOT_KNOWN).all()
    assert found.remarks == ("2 customers with fewer than two order days: no rhythm is known.",)


def test_the_share_of_heavy_users_stands_beside_the_restaurant_chain():
    assert "33% are heavy users, within the 30% to 40%" in usage_classes(rhythms(5, 20, 20)).remarks[0]
    assert "100% are heavy users, above the" in usage_classes(rhythms(5)).remarks[0]
    assert "0% are heavy users, below the" in usage_classes(rhythms(50)).remarks[0]


def test_heavy_users_who_went_silent_are_counted():
    assert "1 of the heavy users have been silent" in usage_classes(rhythms(5, 90, silent_days=400)).remarks[1]


def test_counted_and_estimated_rhythms_both_serve(small_study):
    counted = order_gaps(Ledger(small_study.records.tables, small_study.as_of))
    estimated = rhythm(small_study.purchases.orders, small_study.as_of).customers
    for found, frame in ((usage_classes(counted), counted), (usage_classes(estimated), estimated)):
        assert everyone_has_one_label(found, frame.index)
    agree = (usage_classes(counted).labels == usage_classes(estimated).labels).mean()
    assert agree > 0.7


def test_a_missing_column_is_refused():
    with pytest.raises(Refused, match="no column 'silent_days'"):
        usage_classes(rhythms(5).drop(columns="silent_days"))
