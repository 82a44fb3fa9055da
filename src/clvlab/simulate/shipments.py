"""The shipments table: times, money, pieces and who was responsible, for every order of the history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Calendar, Floats, Ints
from clvlab.simulate.customers import Flags, Population
from clvlab.simulate.geography import CITY_NAMES, LEAD_HOURS, SERVICES, SPEED, TRANSPORT, WEIGHT_SIGMA
from clvlab.simulate.month import Orders, claims
from clvlab.simulate.network import Links
from clvlab.simulate.prices import CLAIM_SHARE, URGENT_COST, URGENT_FEE, Prices

PARTIES = ("own", "carrier", "customs", "customer", "consignee")
PIECES: Ints = np.array([22, 8, 3, 5, 10, 14, 12, 10])  # usual number per order, by service
SLACK = 10.0  # hours between planned arrival and delivery due


@dataclass
class Shipments:
    """Orders with times in hours from the window's start and money in CNY, by time of booking."""

    orders: Orders
    booked: Floats
    dispatch_due: Floats
    dispatched: Floats
    arrived: Floats
    due: Floats
    delivered: Floats
    pod_due: Floats
    pod: Floats
    weight: Floats
    revenue: Floats
    cost: Floats
    rebate: Floats
    claim: Floats
    pieces: Ints
    damaged_pieces: Ints
    party: Ints

    def __len__(self) -> int:
        return len(self.booked)

    @property
    def done(self) -> Flags:
        return ~(self.orders.refused | self.orders.cancelled)

    @property
    def margin(self) -> Floats:
        """Contribution margin: revenue less direct cost, rebate and claim."""
        return self.revenue - self.cost - self.rebate - self.claim


def shipments(
    rng: np.random.Generator, calendar: Calendar, population: Population, standing: Links, prices: Prices,
    orders: Orders,
) -> Shipments:  # fmt: skip
    """Draw what the history leaves open about each order."""
    booked = np.floor(orders.day) * col.HOURS + 8.0 + 11.0 * rng.random(len(orders))
    order = np.argsort(booked, kind="stable")
    orders = Orders(*(getattr(orders, name)[order] for name in Orders.__dataclass_fields__))
    booked = booked[order]
    times = _times(rng, standing, orders, booked)
    money = _money(rng, calendar, population, standing, prices, orders)
    kind = standing.service[orders.link]
    pieces = 1 + rng.poisson(PIECES[kind] - 1)
    damaged = np.where(orders.damaged, np.minimum(1 + rng.poisson(0.15 * pieces), pieces), 0)
    return Shipments(
        orders, booked, *times, *money, pieces, damaged, _responsible(rng, kind, orders)
    )  # fmt: skip


def _times(
    rng: np.random.Generator, standing: Links, orders: Orders, booked: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    n = len(orders)
    kind = standing.service[orders.link]
    lead = LEAD_HOURS[kind] * np.where(orders.urgent, 0.5, 1.0)
    transit = np.where(kind < TRANSPORT, 4.0 + standing.distance[orders.link] / SPEED[kind], 20.0)
    dispatch_due = booked + lead
    due = np.ceil(dispatch_due + transit + SLACK)
    late_by = np.minimum(1.0 + rng.lognormal(np.log(14.0), 0.9, n), 400.0)
    stage = rng.random(n)  # where a late order lost its time: at dispatch, on the road, at the depot
    at_dispatch, on_road = orders.late & (stage < 0.35), orders.late & (stage >= 0.35) & (stage < 0.70)
    slipped = ~orders.late & (rng.random(n) < 0.05)  # left a little late, delivered in time
    u = rng.random((4, n))
    dispatched = dispatch_due - u[0] * 0.5 * lead
    dispatched = np.where(slipped, dispatch_due + 0.5 + 1.5 * u[0], dispatched)
    dispatched = np.where(at_dispatch, dispatch_due + late_by * (0.6 + 0.3 * u[0]), dispatched)
    arrived = dispatched + transit * (0.85 + 0.15 * u[1])
    arrived = np.where(on_road, due + late_by - 1.0 - 5.0 * u[1] * (late_by > 6), arrived)
    arrived = np.where(on_road, np.maximum(arrived, dispatched + transit), arrived)
    delivered = arrived + 2.0 + 5.5 * u[2]
    delivered = np.where(orders.late, np.maximum(due + late_by, arrived + 0.25), delivered)
    pod_due = due + 72.0
    slow = rng.random(n) < 0.12
    pod = delivered + 12.0 + 46.0 * u[3] + np.where(slow, rng.exponential(70.0, n), 0.0)
    return dispatch_due, dispatched, arrived, due, delivered, pod_due, pod


def _money(
    rng: np.random.Generator, calendar: Calendar, population: Population, standing: Links, prices: Prices,
    orders: Orders,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:  # fmt: skip
    """Weight, revenue, direct cost, rebate, claim; all zero-cost when nothing was carried."""
    n = len(orders)
    month = np.searchsorted(calendar.first_day, np.floor(orders.day), side="right") - 1
    who, kind = orders.customer, standing.service[orders.link]
    sigma = WEIGHT_SIGMA[kind]
    size = np.exp(sigma * rng.normal(size=n) - sigma**2 / 2)  # mean 1: expectations stay exact
    listed = standing.price[orders.link] * size
    done = ~(orders.refused | orders.cancelled)
    level = population.price_factor[who] * prices.level[who, month]
    revenue: Floats = listed * level * (1 + URGENT_FEE * orders.urgent) * done
    noise = np.exp(0.12 * rng.normal(size=n) - 0.12**2 / 2)
    share = 1 - population.margin_share[who] + URGENT_COST * orders.urgent
    cost = listed * share * prices.cost[month] * noise * done
    rebate = revenue * population.rebate[who]
    claim: Floats = np.where(claims(rng, orders.damaged), listed * CLAIM_SHARE * rng.gamma(1.5, 1 / 1.5, n), 0.0)
    weight = standing.weight[orders.link] * size
    return weight, np.round(revenue, 2), np.round(cost, 2), np.round(rebate, 2), np.round(claim, 2)


def _responsible(rng: np.random.Generator, kind: Ints, orders: Orders) -> Ints:
    """Who caused a failure; -1 where there was none."""
    u = rng.random(len(orders))
    late = np.where(kind == 6, np.digitize(u, [0.15, 0.15, 0.70, 0.90]), np.digitize(u, [0.35, 0.76, 0.76, 0.87]))
    damaged = np.digitize(u, [0.30, 0.90, 0.90, 0.90])
    cancelled = np.where(u < 0.6, 3, 0)
    return np.select([orders.refused, orders.cancelled, orders.damaged, orders.late], [0, cancelled, damaged, late], -1)


def consignee_codes(standing: Links, orders: Orders, customers: int) -> pa.Array:
    """C codes for receivers that are customers, R codes for those that are not."""
    who = standing.consignee[orders.link]
    inside = who < customers
    names = [
        *col.customer_codes(np.arange(customers)).to_pylist(),
        *(f"R{k + 1:05d}" for k in range(int(standing.consignee.max()) + 1 - customers)),
    ]
    return col.words(names, np.where(standing.service[orders.link] < TRANSPORT, who, np.where(inside, who, -1)))


def shipments_table(calendar: Calendar, standing: Links, customers: int, made: Shipments) -> pa.Table:
    """The table, with what is not yet known at the window's end left blank."""
    orders, end = made.orders, calendar.days * col.HOURS
    kind = standing.service[orders.link]
    added = kind >= TRANSPORT
    nothing = ~made.done
    open_still = np.where(nothing, made.due, made.delivered) >= end

    def happened(hour: Floats, blank: Flags) -> pa.Array:
        return col.times(calendar, hour, blank | nothing | (hour >= end))

    money_open = open_still & ~orders.refused
    return pa.table(
        {
            "shipment_id": col.codes("S", np.arange(1, len(made) + 1), 7),
            "customer_id": col.customer_codes(orders.customer),
            "booked_at": col.times(calendar, made.booked),
            "consignee_id": consignee_codes(standing, orders, customers),
            "carrier_id": col.codes("K", np.where(added | nothing, -1, orders.carrier + 1), 2),
            "service": col.words(SERVICES, kind),
            "service_category": col.words(("basic", "value-added"), added.astype(int)),
            "origin": col.words(CITY_NAMES, standing.origin[orders.link]),
            "destination": col.words(CITY_NAMES, standing.destination[orders.link]),
            "distance_km": col.numbers(standing.distance[orders.link], 0, added),
            "dispatch_due_at": col.times(calendar, made.dispatch_due, added),
            "dispatched_at": happened(made.dispatched, added),
            "arrived_at": happened(made.arrived, added),
            "delivery_due_at": col.times(calendar, made.due),
            "delivered_at": happened(made.delivered, np.zeros_like(added)),
            "pod_due_at": col.times(calendar, made.pod_due, added),
            "pod_returned_at": happened(made.pod, added),
            "revenue": col.numbers(made.revenue),
            "direct_cost": col.numbers(made.cost, 2, money_open),
            "rebate": col.numbers(made.rebate, 2, money_open),
            "claim_paid": col.numbers(made.claim, 2, money_open),
            "weight": col.numbers(made.weight, 1),
            "pieces": col.wholes(made.pieces),
            "damaged_pieces": col.wholes(made.damaged_pieces, money_open | nothing),
            "urgent": col.flags(orders.urgent),
            "completed": col.flags(made.done, money_open),
            "refused": col.flags(orders.refused),
            "responsible_party": col.words(PARTIES, np.where(money_open, -1, made.party)),
        }
    )
