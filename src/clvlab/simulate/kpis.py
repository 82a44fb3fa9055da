"""KPI counts for what shipments can't show, and the capacity table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Floats, Ints
from clvlab.simulate.service import CELLS, PERIODS, cell_names
from clvlab.simulate.world import World

# KPI, failure share in the mean, who has it: everyone under contract, those with storage, those with customs.
KPIS: tuple[tuple[str, float, str], ...] = (
    ("order processing correctness", 0.015, "contract"),
    ("data entry timeliness", 0.050, "contract"),
    ("data entry accuracy", 0.020, "contract"),
    ("document timeliness", 0.045, "contract"),
    ("settlement timeliness", 0.080, "contract"),
    ("settlement accuracy", 0.030, "contract"),
    ("inventory accuracy", 0.012, "storage"),
    ("inbound accuracy", 0.010, "storage"),
    ("outbound accuracy", 0.008, "storage"),
    ("storage damage rate", 0.004, "storage"),
    ("customs timeliness", 0.070, "customs"),
)


def kpi_counts_table(world: World) -> pa.Table:
    """One row per customer, month's last day and KPI, for months with orders."""
    rng, population, history = world.rng["kpis"], world.population, world.history
    n, months = len(world), world.calendar.months
    orders = history.counts["orders"]
    under = population.contract_month[:, None] <= np.arange(months)
    holders = {
        "contract": under,
        "storage": _with_service(world, 5)[:, None] & np.ones(months, dtype=bool),
        "customs": _with_service(world, 6)[:, None] & np.ones(months, dtype=bool),
    }
    blocks: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
    for number, (name, mean, held_by) in enumerate(KPIS):
        share = rng.beta(4, 4 / mean - 4, n)
        who, month = np.nonzero(holders[held_by] & (orders > 0))
        chances = orders[who, month].astype(np.int64)
        if name.startswith("settlement"):
            chances = np.ones(len(who), dtype=np.int64)
        elif held_by == "storage":
            chances = 5 + rng.poisson(3.0 * chances)
        failures = rng.binomial(chances, share[who])
        blocks.append((who, month, np.full(len(who), number), chances, failures))
    who, month, kpi, chances, failures = (np.concatenate(column) for column in zip(*blocks, strict=True))
    order = np.lexsort((kpi, who, month))
    who, month, kpi, chances, failures = (x[order] for x in (who, month, kpi, chances, failures))
    return pa.table(
        {
            "customer_id": col.customer_codes(who),
            "date": col.dates(world.calendar, world.calendar.first_day[month + 1] - 1),
            "kpi": col.words([name for name, _, _ in KPIS], kpi),
            "opportunities": col.wholes(chances),
            "failures": col.wholes(failures),
        }
    )


def _with_service(world: World, service: int) -> np.ndarray:
    having = world.standing.customer[world.standing.service == service]
    return np.isin(np.arange(len(world)), having)


def capacity_table(world: World) -> pa.Table:
    """Capacity by service and region of origin for the periods from the 1st, 8th, 15th and 22nd."""
    record = world.history.capacity  # cell, month, period, (available, booked, refused)
    cell, month, period = (x.ravel() for x in np.meshgrid(
        np.arange(CELLS), np.arange(world.calendar.months), np.arange(PERIODS), indexing="ij"))  # fmt: skip
    order = np.lexsort((cell, period, month))
    cell, month, period = cell[order], month[order], period[order]
    services, lanes = cell_names()
    values: Floats = record[cell, month, period]
    return pa.table(
        {
            "date": col.dates(world.calendar, world.calendar.first_day[month] + 7 * period),
            "service": col.words(services, cell),
            "lane": col.words(lanes, cell),
            "available": col.wholes(values[:, 0]),
            "booked": col.wholes(values[:, 1]),
            "refused": col.wholes(values[:, 2]),
        }
    )
