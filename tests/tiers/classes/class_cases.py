"""Amounts by customer to try classes on."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st

from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes

# Cents, so that equal amounts are common and multiplying by a unit moves no order; some below zero, some missing.
CENTS = st.one_of(st.integers(-500, 10_000).map(lambda cents: cents / 100), st.none())
AMOUNTS = st.lists(CENTS, min_size=1, max_size=60).filter(lambda values: any(v is not None and v > 0 for v in values))


def by_customer(values: list[float | None]) -> pd.Series:
    index = pd.Index([f"c{i:03d}" for i in range(len(values))], name="customer_id")
    return pd.Series(values, index, dtype="float64")


def everyone_has_one_label(found: Classes, index: pd.Index) -> bool:
    """Whether each customer has exactly one label, and each label its rule."""
    return found.labels.index.equals(index) and set(found.labels) <= {*found.rules, NOT_KNOWN}
