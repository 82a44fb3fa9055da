"""The market: tables and truth from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from clvlab.refusal import Refused
from clvlab.simulate import (
    contacts,
    faults,
    future,
    kpis,
    money,
    profile,
    sales,
    truth,
    voice,
)
from clvlab.simulate import (
    shipments as made_of,
)
from clvlab.simulate.assumed import assumptions_text
from clvlab.simulate.calendar import calendar
from clvlab.simulate.customers import customers as draw_customers
from clvlab.simulate.history import Setting, play
from clvlab.simulate.network import links, partners
from clvlab.simulate.prices import expected_order, prices
from clvlab.simulate.service import environment
from clvlab.simulate.service_effects import service_effects_truth
from clvlab.simulate.streams import streams
from clvlab.simulate.surveys import surveys
from clvlab.simulate.world import World
from clvlab.simulate.write import write_folder

CUSTOMERS = (20, 20_000)
MONTHS = (6, 120)


@dataclass(frozen=True)
class Market:
    """A generated market.

    Attributes
    ----------
    tables : the provider's records, by table name, as Arrow tables; with planted faults.
    truth : what the records do not say, by file name.
    """

    tables: dict[str, pa.Table]
    truth: dict[str, pa.Table]

    def write(self, folder: Path | str) -> None:
        """Write one CSV file per table, the truth in a folder `truth`, and `clvlab.toml`; all of it or nothing."""
        write_folder(Path(folder), self.tables, self.truth, assumptions_text())


def simulate(customers: int = 1500, months: int = 36, seed: int = 1) -> Market:
    """Generate a third-party-logistics market with known truth; it ends on 2025-12-31.

    Parameters
    ----------
    customers : number of customers in the file, 20 to 20,000.
    months : calendar months of records, 6 to 120.
    seed : any whole number from 0; the same numbers give the same bytes.

    Examples
    --------
    >>> market = simulate(customers=30, months=12, seed=1)
    >>> market.tables["customers"].num_rows
    30
    """
    _check(customers, months, seed)
    world = build(customers, months, seed)
    leads = sales.new_leads(world)
    contract_terms = sales.terms(world)
    existing = sales.cross_sell_leads(world)
    leads += existing + sales.renewal_leads(world, contract_terms)
    tables = {
        "customers": profile.customers_table(world, leads),
        "shipments": made_of.shipments_table(world.calendar, world.standing, customers, world.made),
        "invoices": money.invoices_table(world),
        "complaints": voice.complaints_table(world),
        "surveys": voice.surveys_table(world),
        "kpi_counts": kpis.kpi_counts_table(world),
        "contracts": sales.contracts_table(world, contract_terms),
        "contacts": contacts.contacts_table(world, [(lead.customer, lead.opened) for lead in existing]),
        "leads": sales.leads_table(world, leads),
        "campaigns": sales.campaigns_table(world),
        "capacity": kpis.capacity_table(world),
    }
    tables, planted = faults.plant(world.rng["faults"], tables)
    return Market(
        tables,
        {
            "customers": truth.customers_truth(world, future.expected_future(world)),
            "leavings": truth.leavings_truth(world),
            "months": truth.months_truth(world),
            "hazard_effects": truth.hazard_effects(),
            "service_effects": service_effects_truth(world),
            "unit_costs": truth.unit_costs(),
            "planted_faults": planted,
            "constants": truth.constants(),
        },
    )


def build(customers: int, months: int, seed: int) -> World:
    """The world behind a market: parameters drawn, history played."""
    rng = streams(seed)
    window = calendar(months)
    population = draw_customers(rng["customers"], window, customers)
    standing = links(rng["network"], population)
    network = partners(population, standing)
    surroundings = environment(rng["service"], window)
    charged = prices(rng["price"], rng["rivals"], window, population)
    expected = expected_order(population, standing)
    setting = Setting(rng, window, population, standing, network, surroundings, charged, expected)
    history = play(setting)
    made = made_of.shipments(rng["shipments"], window, population, standing, charged, history.orders)
    said = surveys(setting, history)
    return World(rng, window, population, standing, network, surroundings, charged, expected, history, made, said)


def _check(customers: int, months: int, seed: int) -> None:
    for name, value, (low, high) in (("customers", customers, CUSTOMERS), ("months", months, MONTHS)):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Refused(f"{name}={value!r} is not possible; give a whole number from {low:,} to {high:,}.")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise Refused(f"seed={seed!r} is not possible; give a whole number from 0.")
