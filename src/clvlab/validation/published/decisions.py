"""Decisions: the level of service that pays (Ballou) and weights from judgements in pairs (Saaty)."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from clvlab.service_level.best_level import best_level
from clvlab.service_level.curves import Curve
from clvlab.tiers.grading.pairwise import judged_weights
from clvlab.validation.check import ALLOCATION, TIERS, Check
from clvlab.validation.published.printed import printed_checks

# Ballou, "Business Logistics Management", chapter 4: share delivered the next day, in %, sales and cost.
_SERVICE = (50, 60, 70, 80, 90, 95, 100)
_SALES = (4.0, 8.0, 10.0, 11.0, 11.5, 11.8, 12.0)
_COST = (5.8, 6.0, 6.5, 7.0, 8.1, 9.0, 14.0)
# Saaty (2008), "Decision making with the analytic hierarchy process", International Journal of Services Sciences 1(1):
# which drink is consumed more in the United States, judged in pairs; weights from the judgements.
_WEIGHTS = {
    "coffee": "0.177", "wine": "0.019", "tea": "0.042", "beer": "0.116", "sodas": "0.190", "milk": "0.129",
    "water": "0.327",
}  # fmt: skip
_JUDGED = (
    9, 5, 2, 1, 1, 1 / 2, 1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 3, 1 / 4, 1 / 3, 1 / 9, 1 / 2, 1, 1 / 3, 2, 1 / 2,
    1 / 3,
)  # fmt: skip


def checks() -> list[Check]:
    """Return every printed figure of decisions, beside ours.

    Examples
    --------
    >>> [(check.figure, check.expected) for check in checks()[:3]]
    [('80', '80'), ('4.0', '4.0'), ('37.2', '37.2')]
    """
    table = best_level(Curve(_SERVICE, _SALES, "sales"), Curve(_SERVICE, _COST), _SERVICE[0], _SERVICE[-1])
    curve = best_level(lambda level: 0.5 * np.sqrt(level), lambda level: 0.00055 * level**2, 0, 100)
    levels = {
        "best level by the table, %": ("80", table.level), "contribution there": ("4.0", table.profit),
        "best level by the curve, %": ("37.2", curve.level),
    }  # fmt: skip
    weights = judged_weights(dict(zip(combinations(_WEIGHTS, 2), _JUDGED, strict=True))).weights
    drinks = {f"weight of {name}": (text, weights[name]) for name, text in _WEIGHTS.items()}
    return [
        *printed_checks(ALLOCATION, "next-day deliveries", "Ballou, chapter 4", levels),
        *printed_checks(TIERS, "judgements in pairs of seven drinks", "Saaty (2008)", drinks),
    ]
