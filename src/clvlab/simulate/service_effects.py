"""The truth of what one percentage point more of orders on time changes, customer by customer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Floats
from clvlab.simulate.levers import Scenario
from clvlab.simulate.service import unmoved_levers
from clvlab.simulate.world import World

STEP = 0.25  # late orders are made rarer and more frequent by this share: about 2 points each way
PATHS = 16
HORIZONS = (36, 60)
POINTS = 100


class Effect(NamedTuple):
    """What a point changes, and the Monte Carlo standard error; nan for who has no such expectation."""

    value: Floats
    error: Floats


class ServiceEffects(NamedTuple):
    """Shares of today, and changes per percentage point of all orders that is on time instead of late.

    Attributes
    ----------
    late_share, failure_share : as in `clvlab.simulate.levers.Outlook`, under today's service.
    changes : by column of `truth/service_effects.csv`.
    """

    late_share: Floats
    failure_share: Floats
    changes: dict[str, Effect]


def service_effects(world: World, paths: int = PATHS) -> ServiceEffects:
    """Return each customer's change when the share of all customers' orders that is on time rises by a point.

    Every late order becomes rarer by the same factor, so an account with many late orders gains more points than one
    with few. The point is one of all orders expected in the next 12 months, moved from late to on time for good, from
    the window's end on; other failures stay.

    The effect is the derivative at today's service, by the central difference between a quarter fewer and a quarter
    more late orders (about 2 points each way) on the same draws, divided by the points between them. It is off the
    derivative by the third order alone, below 1%. A whole point from today on brings some 2% more margin than the
    derivative says, and 2% less survival.
    """
    as_it_is = unmoved_levers(len(world))
    fewer, more = (
        Scenario(world, as_it_is._replace(late=np.full(len(world), 1 + step)), HORIZONS, paths)
        for step in (-STEP, STEP)
    )
    better, worse = (scenario.outlook(HORIZONS[0]) for scenario in (fewer, more))
    later_better, later_worse = (scenario.outlook(HORIZONS[1]).margin for scenario in (fewer, more))
    weight = (fewer.totals["orders_12"] + more.totals["orders_12"]).mean(axis=0)
    points = POINTS * np.average((worse.late_share - better.late_share)[0], weights=weight)
    ordered = (better.orders + worse.orders).mean(axis=0) / 2
    ordered = np.where(ordered > 0, ordered, np.nan)
    differences = {
        "leaving_12_points": POINTS * (better.leaving_12 - worse.leaving_12),
        "survival_12_points": POINTS * (better.survival_12 - worse.survival_12),
        "orders_36_share": (better.orders - worse.orders) / ordered,
        "margin_36": better.margin - worse.margin,
        "margin_60": later_better - later_worse,
        "satisfaction_next": better.satisfaction_next - worse.satisfaction_next,
        "satisfaction_settled": better.satisfaction_settled - worse.satisfaction_settled,
    }
    changes = {
        name: Effect(both.mean(axis=0) / points, both.std(axis=0, ddof=1) / np.sqrt(paths) / points)
        for name, both in differences.items()
    }
    late, failing = (better.late_share + worse.late_share)[0] / 2, (better.failure_share + worse.failure_share)[0] / 2
    return ServiceEffects(late, failing, changes)


DIGITS = {
    "leaving_12_points": 5, "survival_12_points": 5, "orders_36_share": 6, "margin_36": 2, "margin_60": 2,
    "satisfaction_next": 5, "satisfaction_settled": 5,
}  # fmt: skip


def service_effects_truth(world: World) -> pa.Table:
    """One row per customer."""
    effects = service_effects(world)
    table = {
        "customer_id": col.customer_codes(np.arange(len(world))),
        "late_share": col.numbers(effects.late_share, 5),
        "failure_share": col.numbers(effects.failure_share, 5),
    }
    for name, effect in effects.changes.items():
        for column, values in ((name, effect.value), (f"{name}_error", effect.error)):
            blank = np.isnan(values)
            table[column] = col.numbers(np.where(blank, 0.0, values), DIGITS[name], blank)
    return pa.table(table)
