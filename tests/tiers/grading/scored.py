"""Indicators and customers that tests of grading draw from."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from clvlab.tiers.grading.scheme import Scheme, learn_scheme
from clvlab.tiers.grading.weights import given_weights

SHARES = (0.05, 0.15, 0.30)
WEIGHTS = {"financial": 0.4, "potential": 0.25, "stability": 0.2, "risk": 0.15}
KNOWN = {
    name: SimpleNamespace(dimension=dimension, higher_is_better=better, label=name)
    for name, dimension, better in (
        ("margin", "financial", True),
        ("days_late", "financial", False),
        ("growth", "potential", True),
        ("tenure", "stability", True),
        ("complaints", "stability", False),
        ("substitution", "risk", False),
    )
}


def customers(number: int, missing: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Indicators of customers who differ in how good they are all round; complaints are mostly none."""
    generator = np.random.default_rng(seed)
    good = generator.normal(size=number)
    table = {
        name: np.exp((1 if one.higher_is_better else -1) * good + generator.normal(size=number))
        for name, one in KNOWN.items()
    }
    table["complaints"] = np.floor(table["complaints"])
    frame = pd.DataFrame(table, index=pd.Index([f"c{i:04}" for i in range(number)], name="customer_id"))
    return frame.mask(generator.random(frame.shape) < missing)


def scheme_of(base: pd.DataFrame, shares: tuple[float, ...] = SHARES) -> Scheme:
    return learn_scheme(base, KNOWN, given_weights(WEIGHTS, KNOWN), shares)
