"""What really is: parameters, leavings with their causes, hazards month by month, and true future margin."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Floats
from clvlab.simulate.constants import BARFAR, CONSTANTS, UNIT_COSTS, constants_table
from clvlab.simulate.customers import CAMPAIGN_TYPES, NEVER
from clvlab.simulate.geography import REGIONS
from clvlab.simulate.leaving import CAUSES, COVARIATES
from clvlab.simulate.prices import VISIT_SHARE
from clvlab.simulate.world import World


def cost_to_serve(world: World) -> Floats:
    """Each customer's cost to serve over the window, from the counts of activities and their unit costs."""
    cost = {name: value for name, (value, _) in UNIT_COSTS.items()}
    counts = {name: table.sum(axis=1) for name, table in world.history.counts.items()}
    visit = VISIT_SHARE[world.population.priority]
    notices = (world.prices.step[:, 1:] > 0) & world.history.alive[:, :-1]
    leads = np.bincount([who for who, _, _ in world.history.cross_sell], minlength=len(world))
    return (
        cost["order"] * counts["orders"]
        + cost["urgent order"] * world.per_customer(world.made.orders.urgent.astype(float))
        + cost["special requirement"] * world.population.requirements.sum(axis=1) * counts["orders"]
        + cost["complaint"] * counts["complaints"]
        + cost["claim"] * world.per_customer((world.made.claim > 0).astype(float))
        + cost["enquiry"] * counts["enquiries"]
        + counts["contacts"] * (visit * cost["visit"] + (1 - visit) * cost["call"])
        + cost["quote"] * leads
        + cost["price notice"] * notices.sum(axis=1)
    )


def customers_truth(world: World, future: dict[str, Floats]) -> pa.Table:
    """One row per customer."""
    population, spells = world.population, world.spells
    first = [s[0] for s in spells]
    last = [s[-1] for s in spells]
    margin = world.per_customer(world.made.margin)
    serve = cost_to_serve(world)
    no_contract = population.contract_month >= NEVER

    def day(values: list[int | None]) -> pa.Array:
        known = np.array([0 if v is None else v for v in values])
        return col.dates(world.calendar, known, np.array([v is None for v in values]))

    def cause(values: list[int | None]) -> pa.Array:
        return col.words(CAUSES, np.array([-1 if v is None else v for v in values]))

    away = (~world.history.alive[:, -1]) & (world.history.returning >= world.calendar.months)
    return pa.table(
        {
            "customer_id": col.customer_codes(np.arange(len(world))),
            "alive_at_end": col.flags(world.history.alive[:, -1]),
            "will_return": col.flags(away),
            "spells": col.wholes(np.array([len(s) for s in spells])),
            "first_left_on": day([s.gone for s in first]),
            "first_cause": cause([s.cause for s in first]),
            "first_returned_on": day([s[1].first if len(s) > 1 else None for s in spells]),
            "last_left_on": day([s.gone for s in last]),
            "last_cause": cause([s.cause for s in last]),
            "contract": col.flags(~no_contract),
            "contract_term_months": col.wholes(population.term, no_contract),
            "base_hazard": col.numbers(np.full(len(world), CONSTANTS.base_spot), 6),
            "frailty": col.numbers(population.frailty, 6),
            "order_rate": col.numbers(population.rate, 6),
            "regularity_shape": col.numbers(population.shape, 2),
            "own_growth": col.numbers(population.growth, 6),
            "wallet_share": col.numbers(population.wallet_share, 6),
            "expected_revenue_per_order": col.numbers(world.expected.revenue),
            "expected_margin_per_order": col.numbers(
                world.expected.margin(population, world.prices.level[:, -1], float(world.prices.cost[-1]))
            ),
            "true_region": col.words(REGIONS, population.region),
            "contact_rate": col.numbers(population.contact_rate, 4),
            "enquiry_rate": col.numbers(population.enquiry_rate, 4),
            "loss_aversion": col.numbers(population.loss_aversion, 4),
            "campaign_type": col.words(CAMPAIGN_TYPES, population.campaign_type),
            "expected_failure_share": col.numbers(future["failure_share"], 5),
            "margin_in_window": col.numbers(margin),
            "cost_to_serve_in_window": col.numbers(serve),
            "profit_in_window": col.numbers(margin - serve),
            "unprofitable_in_expectation": col.flags(world.history.unprofitable),
            "survival_12_months": col.numbers(future["survival_12"], 5),
            "expected_orders_12_months": col.numbers(future["orders_12"], 4),
            "expected_margin_12_months": col.numbers(future["margin_12"]),
            "expected_margin_12_months_error": col.numbers(future["margin_12_error"]),
            "expected_margin_5_years": col.numbers(future["discounted_margin_60"]),
            "expected_margin_5_years_error": col.numbers(future["discounted_margin_60_error"]),
            "expected_profit_12_months": col.numbers(future["profit_12"]),
            "expected_profit_5_years": col.numbers(future["discounted_profit_60"]),
        }
    )


def leavings_truth(world: World) -> pa.Table:
    """One row per leaving."""
    rows = [
        (who, number, spell.first, spell.gone, spell.cause, later.first if later else None)
        for who, spells in enumerate(world.spells)
        for number, spell in enumerate(spells)
        if spell.gone is not None
        for later in [spells[number + 1] if number + 1 < len(spells) else None]
    ]
    returned = np.array([-(10**6) if r[5] is None else r[5] for r in rows], dtype=np.int64)
    return pa.table(
        {
            "customer_id": col.customer_codes(np.array([r[0] for r in rows], dtype=np.int64)),
            "spell": col.wholes(np.array([r[1] + 1 for r in rows], dtype=np.int64)),
            "since": col.dates(world.calendar, np.array([r[2] for r in rows], dtype=np.int64)),
            "left_on": col.dates(world.calendar, np.array([r[3] for r in rows], dtype=np.int64)),
            "cause": col.words(CAUSES, np.array([r[4] for r in rows], dtype=np.int64)),
            "returned_on": col.dates(world.calendar, returned, returned == -(10**6)),
        }
    )


def months_truth(world: World) -> pa.Table:
    """One row per customer and month at risk: covariates, true hazards, what happened."""
    history = world.history
    who, month = np.nonzero(history.at_risk)
    cause = np.full(history.left.shape, -1)
    cause[history.leavings.customer, history.leavings.month] = history.leavings.cause
    columns = {
        "customer_id": col.customer_codes(who),
        "month": col.dates(world.calendar, world.calendar.first_day[month]),
        "hazard": col.numbers(history.total[who, month], 6),
        "hazard_voluntary": col.numbers(history.voluntary[who, month], 6),
        "left": col.flags(history.left[who, month]),
        "cause": col.words(CAUSES, cause[who, month]),
        "orders": col.wholes(history.counts["orders"][who, month]),
        "failures": col.wholes(history.counts["failures"][who, month]),
    }
    for name in COVARIATES:
        columns[name] = col.numbers(history.covariates[name][who, month], 4)
    return pa.table(columns)


def hazard_effects() -> pa.Table:
    """True effects on leaving with unit, estimand and source."""
    given = "voluntary leaving in a month (service, neglect, price, rival), given frailty and all covariates"
    table = {name: (value, unit, meaning, source) for name, value, unit, meaning, source in constants_table()}
    rows = [(name, *table[name], given) for name in COVARIATES]
    rows.append(
        ("service_sustained", CONSTANTS.service_mean, "log hazard ratio per pp",
         "one pp more failures in every month: the mean moves, peak and recency stay", BARFAR, given)
    )  # fmt: skip
    rows += [
        ("closure_risk", *table["closure_risk"], "leaving by closure, which competes with voluntary leaving"),
        (
            "credit_rating",
            *table["credit_rating"],
            "leaving by credit, which competes with voluntary leaving",
        ),
    ]
    names = ("name", "log_hazard_ratio", "unit", "meaning", "source", "estimand")
    return pa.table({name: pa.array([row[i] for row in rows]) for i, name in enumerate(names)})


def unit_costs() -> pa.Table:
    """Cost of one activity in CNY."""
    return pa.table(
        {
            "activity": pa.array(list(UNIT_COSTS)),
            "cost": pa.array([cost for cost, _ in UNIT_COSTS.values()]),
            "meaning": pa.array([meaning for _, meaning in UNIT_COSTS.values()]),
        }
    )


def constants() -> pa.Table:
    """All constants of the market."""
    names = ("name", "value", "unit", "meaning", "source")
    rows = constants_table()
    return pa.table({name: pa.array([row[i] for row in rows]) for i, name in enumerate(names)})
