"""What customers of a simulated market were to bring: in the months played, and discounted in those to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.simulate import demand
from clvlab.simulate.columns import customer_codes
from clvlab.simulate.constants import CONSTANTS
from clvlab.simulate.future import Future
from clvlab.simulate.prices import contact_cost

if TYPE_CHECKING:
    from clvlab.simulate.calendar import Floats
    from clvlab.simulate.world import World


class Ahead(Future):
    """The market's true expected future, with margin and profit of every month, discounted."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.by_month: dict[str, list[Floats]] = {"discounted_margin_60": [], "discounted_profit_60": []}
        self.run()

    def _earn(self, ahead: int, presence: Floats, rate: Floats) -> None:
        """Add a month."""
        before = {name: self.totals[name].copy() for name in self.by_month}
        super()._earn(ahead, presence, rate)
        for name, months in self.by_month.items():
            months.append((self.totals[name] - before[name]).mean(axis=0))

    def of(self, what: str, months: int) -> pd.Series:
        """Return the expected ``margin`` or ``profit`` of the next months, by customer_id."""
        return by_customer(self.world, np.sum(self.by_month[f"discounted_{what}_60"][:months], axis=0))


def running_profit(future: Ahead, last_months: int) -> pd.DataFrame:
    """Return what was to be expected of each customer's running business in the last months of the records.

    Returns
    -------
    DataFrame
        By customer_id: ``orders`` and ``profit``, at the customer's own rates and at the prices, costs, service felt
        and refusals that ruled in those months, for the time in which it was a customer. Profit is contribution less
        the cost of orders, complaints, visits and calls; price notices and quotations are left out.
    """
    world = future.world
    history, calendar, population = world.history, world.calendar, world.population
    shown, lift = world.order_month(), _lift(world)
    orders, profit = np.zeros(len(world)), np.zeros(len(world))
    for month in range(calendar.months - last_months, calendar.months):
        there = history.alive[:, month] | history.left[:, month]
        busy = calendar.busy_sum[history.closes[:, month]] - calendar.busy_sum[history.opens[:, month]]
        felt = demand.response_to_service(history.covariates["service_mean"][:, month])
        expected = population.rate * demand.trend(population, month) * felt * np.exp(lift[:, month]) * busy * there
        carried = (1 - _refused(world, shown == month)) * (1 - CONSTANTS.cancel_rate)
        margin = world.expected.margin(population, world.prices.level[:, month], float(world.prices.cost[month]))
        complaint = future._complaint_cost(calendar.month_of_year(month) - 1)
        orders += expected
        profit += expected * (carried * margin - world.expected.serve - complaint)
        profit -= contact_cost(population) * history.alive[:, month]
    return pd.DataFrame({"orders": by_customer(world, orders), "profit": by_customer(world, profit)})


def contacts_at_mean_cost(world: World) -> pd.Series:
    """Return what each customer's visits and calls cost if every one cost the mean of its kind, as the truth has it."""
    each = contact_cost(world.population) / world.population.contact_rate
    return by_customer(world, world.history.counts["contacts"].sum(axis=1) * each)


def by_customer(world: World, values: Floats) -> pd.Series:
    """Return values by customer_id."""
    return pd.Series(values, pd.Index(customer_codes(np.arange(len(world))).to_pylist(), name="customer_id"))


def _lift(world: World) -> Floats:
    """Return what leads won had added to each customer's orders by each month, in logs."""
    lift = np.zeros(world.history.alive.shape)
    for who, month, won in world.history.cross_sell:
        lift[who, month + 1 :] += CONSTANTS.cross_sell_lift * won
    return lift


def _refused(world: World, chosen: np.ndarray) -> Floats:
    """Return the share refused of the chosen orders of all customers of the same priority."""
    of, refused = world.population.priority[world.made.orders.customer[chosen]], world.made.orders.refused[chosen]
    orders = np.bincount(of, minlength=3)
    share: Floats = np.bincount(of, weights=refused, minlength=3) / np.maximum(orders, 1)
    return share[world.population.priority]
