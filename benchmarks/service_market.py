"""Whether what is said of service holds beside the truth: effects of a point, best levels, and a plan under a budget.

Run ``python -m benchmarks.service_market``; it prints Markdown tables and returns 1 when intervals hold the truth less
often than chance allows, or the recommended plan falls short of what it must earn. Every market is opened as a study
would open it, from files, with the assumptions that come with it; the truth is the market run forward.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

import clvlab
from benchmarks.measure import markdown
from benchmarks.service_market_rows import coverage_rows, earned_of_best, plan_rows, unlikely
from benchmarks.true_service import ALL, FINE, TrueService
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.options import options, with_halfway
from clvlab.simulate.market import build, simulate

if TYPE_CHECKING:
    from clvlab.study import Study

MARKETS, CUSTOMERS, MONTHS = 100, 300, 36
FIRST = 401  # earlier seeds were looked at when intervals and plans were made
PLANNED, PLANNED_CUSTOMERS = 20, 600
ON_TIME, UNDAMAGED = "on_time_delivery", "cargo_damage_frequency"
# Levels a plan may choose from, and the true optimum alike: as in `study.service_level.plans` those of the cost curve
# and halfway between, the ones far from any best level left out to save time.
CHOICES = {
    ON_TIME: with_halfway([0.92, 0.94, 0.95, 0.96, 0.97, 0.98]),
    UNDAMAGED: with_halfway([0.993, 0.996]),
}
# Of what the plan that earns most without a budget truly costs.
BUDGET_SHARE = 0.4
AT_LEAST = 0.95
MEASURES = {"worth": "equity", "leaving": "churn", "satisfaction": "satisfaction"}
_ENDS = ["value", "lower", "upper"]
RECOMMENDED, EVEN, LOUDEST, OPTIMUM = "recommended", "spread evenly", "loudest complainers first", "true optimum"


class Checked(NamedTuple):
    """One market, estimates beside the truth: columns group, measure, value, lower, upper, true."""

    effects: pd.DataFrame
    levels: pd.DataFrame


def service_groups(study: Study) -> pd.Series:
    """Return the group (tier) of each customer by customer_id, as service is estimated by."""
    return study.service_level.groups


def estimated_effects(study: Study) -> pd.DataFrame:
    """Return what one point more on time changes: index (group, measure), columns value, lower, upper.

    Groups are the tiers and ``"all customers"``; measures ``worth`` (customer equity, currency), ``leaving``
    (percentage points of the group's customers who leave within a year, fewer is negative) and ``satisfaction``.
    """
    found = study.service_level.effects.to_frame()
    found = found[found["kpi"] == ON_TIME].set_index("group")
    parts = [
        found[[name, f"{name}_lower", f"{name}_upper"]].set_axis(_ENDS, axis=1).assign(measure=measure)
        for measure, name in MEASURES.items()
    ]
    return pd.concat(parts).set_index("measure", append=True)


def best_levels(study: Study) -> pd.DataFrame:
    """Return the best level of on-time delivery: index group (tiers and all customers), columns value, lower, upper."""
    found = study.service_level.on_time.to_frame().set_index("group")
    return found[["best_level", "best_level_lower", "best_level_upper"]].set_axis(_ENDS, axis=1)


def recommended(study: Study, budget: float) -> pd.DataFrame:
    """Return the plan under the budget: index group, one column per indicator, blank for as it is; from CHOICES."""
    service = study.service_level
    choice = options(service.value, service.movable, CHOICES)
    return allocate(choice, budget).levels


@contextmanager
def opened(customers: int, seed: int) -> Iterator[tuple[Study, TrueService]]:
    """Open a market from its files, beside its truth."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["CLVLAB_CACHE"] = f"{place}/cache"
        folder = Path(place) / "demo"
        simulate(customers, MONTHS, seed).write(folder)
        study = clvlab.open_study(folder)
        world, assumed = build(customers, MONTHS, seed), study.assumptions
        yield study, TrueService(world, service_groups(study), assumed.service_costs, assumed.horizon_months)


def one_market(seed: int) -> Checked:
    """Return estimates beside the truth."""
    with opened(CUSTOMERS, seed) as (study, service):
        true = service.effects(ON_TIME)[["worth", "leaving", "satisfaction"]].reset_index()
        effects = true.melt("group", var_name="measure", value_name="true").set_index(["group", "measure"])
        true_levels = service.best_levels(ON_TIME, service.curves[ON_TIME]["levels"])["level"].rename("true")
        levels = best_levels(study).join(true_levels)
        drawn, rng = study.service_level.on_time.draws, np.random.default_rng(seed)
        places = [place_among(drawn[group], level, rng) for group, level in levels["true"].items()]
        return Checked(
            estimated_effects(study).join(effects).reset_index().assign(market=seed),
            levels.assign(place=places).reset_index().assign(market=seed, measure="best level"),
        )


def one_plan(seed: int) -> pd.DataFrame:
    """Return what each plan truly earns under the same budget: columns plan, worth, cost, net, budget."""
    with opened(PLANNED_CUSTOMERS, seed) as (study, service):
        budget = BUDGET_SHARE * service.changes(service.best_plan(CHOICES, float("inf")))["cost"].sum()
        # The rival serves the loudest as well as would be best for all.
        well = {kpi: service.best_levels(kpi, service.curves[kpi]["levels"]).loc[ALL, "level"] for kpi in CHOICES}
        plans = {
            OPTIMUM: service.changes(service.best_plan(CHOICES, budget)),
            RECOMMENDED: service.changes(recommended(study, budget)),
            EVEN: service.changes(service.spread_evenly(budget)),
            LOUDEST: service.loudest_first(complaints(study), well, budget).raised(well),
        }
    rows = [{"plan": name, **found[["worth", "cost", "net"]].sum()} for name, found in plans.items()]
    return pd.DataFrame(rows).assign(budget=budget, market=seed)


def place_among(draws: np.ndarray, true: float, rng: np.random.Generator) -> float:
    """Return the place of the truth among draws, from 0 to 1, drawn by lot within the draws that equal it."""
    equal = np.abs(draws - true) < FINE / 2
    return float((draws[~equal] < true).sum() + rng.random() * equal.sum()) / len(draws)


def complaints(study: Study) -> pd.Series:
    """Return each customer's complaints of the last year."""
    table = study.records["complaints"]
    found = table.select("customer_id", "opened_at").execute()
    recent = found["opened_at"] > pd.Timestamp(study.as_of) - pd.Timedelta(days=365)
    return found.loc[recent, "customer_id"].value_counts(sort=False).sort_index()


def main() -> int:
    """Print the tables; return 1 when intervals or the plan fail."""
    start = time.perf_counter()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        markets = list(pool.map(one_market, range(FIRST, FIRST + MARKETS)))
        plans = pd.concat(pool.map(one_plan, range(FIRST, FIRST + PLANNED)), ignore_index=True)
    found = pd.concat([table for market in markets for table in market], ignore_index=True)
    rows = coverage_rows(found)
    print("# What service is worth, beside the truth of simulated markets\n")
    print(
        f"{MARKETS} markets of {CUSTOMERS} customers and {MONTHS} months of records, opened by `clvlab.open_study` "
        "with the assumptions that come with them. True: the market run forward with late orders rarer (or more "
        "frequent) by the same factor for each of a group's customers, every draw shared with the market as it is.\n"
    )
    print("## Of one percentage point more on time, and the best level of it\n")
    print(
        "How often the 90% interval holds the truth, and how likely it is to do so this rarely, or this often, if the "
        "interval is what it says (exact binomial test). Best levels are mostly corners of the cost curve, of which "
        "there are few, and an interval that ends on one holds more than it says; by lot: how often the truth's place "
        "among the draws, drawn by lot within those that equal it, lies between 5% and 95%. Means over markets, the "
        "error's with its standard error.\n"
    )
    print(markdown(rows))
    print(f"\n## Plans under a budget, {PLANNED} markets of {PLANNED_CUSTOMERS} customers\n")
    print(
        f"The budget is {BUDGET_SHARE:.0%} of what the plan that earns most truly costs. Every plan is run forward and "
        "charged its true cost. The optimum knows every option's true gain. Evenly: the same on every order. The "
        "loudest of the last year are raised to the level truly best for all, as far as the budget goes.\n"
    )
    print(markdown(plan_rows(plans, OPTIMUM)))
    print(f"\n{(time.perf_counter() - start) / 60:.1f} minutes.")
    failed = [f"{row.measure} of {row.group} is inside too rarely." for row in unlikely(rows).itertuples()]
    share = {name: earned_of_best(plans, name, OPTIMUM).mean() for name in (RECOMMENDED, EVEN, LOUDEST)}
    if share[RECOMMENDED] < max(AT_LEAST, share[EVEN], share[LOUDEST]):
        failed.append(f"The recommended plan earns {share[RECOMMENDED]:.1%} of the optimum.")
    for sentence in failed:
        print(f"\n{sentence}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
