"""Who ships to whom: each customer's standing links, and which customers are partners of which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from clvlab.simulate.calendar import Floats, Ints
from clvlab.simulate.customers import Population
from clvlab.simulate.geography import (
    ADDED_WEIGHT,
    CITY_REGION,
    CITY_WEIGHT,
    DISTANCE,
    TRANSPORT,
    TYPICAL_WEIGHT,
    list_price,
)


@dataclass
class Links:
    """Standing links, sorted by customer: what is shipped where, to whom, by which service.

    Attributes
    ----------
    first : where each customer's links begin; one more than there are customers.
    cumulative : running share of the customer's orders, up to 1 at its last link.
    consignee : a customer's position, or `len(population) + k` for the k-th outside receiver.
    price : list price in CNY of an order of the link's usual weight.
    """

    customer: Ints
    first: Ints
    share: Floats
    cumulative: Floats
    consignee: Ints
    service: Ints
    origin: Ints
    destination: Ints
    distance: Floats
    weight: Floats
    price: Floats


def links(rng: np.random.Generator, population: Population) -> Links:
    """Draw the links of all customers; large customers have more of them."""
    n = len(population)
    count = 1 + rng.poisson(1.2, n) + np.floor(np.clip(np.log(population.rate), 0, 5)).astype(np.int64)
    customer = np.repeat(np.arange(n), count)
    first = np.concatenate([[0], np.cumsum(count)])
    total = len(customer)
    raw = rng.gamma(0.8, 1.0, total) + 0.02
    share = raw / np.bincount(customer, weights=raw, minlength=n)[customer]
    running = np.cumsum(share)
    cumulative = running - np.concatenate([[0.0], running])[first[:-1]][customer]
    cumulative[first[1:] - 1] = 1.0
    consignee = _consignees(rng, population, customer)
    outside_city = rng.choice(len(CITY_WEIGHT), size=_outside(n), p=CITY_WEIGHT)
    home = np.concatenate([population.city, outside_city])
    inbound = population.role[customer] == 1
    far = rng.choice(len(CITY_WEIGHT), size=total, p=CITY_WEIGHT)
    origin = np.where(inbound, far, population.city[customer])
    destination = home[consignee]
    service = _services(rng, population, customer)
    added = service >= TRANSPORT
    destination = np.where(added, origin, destination)
    distance = DISTANCE[origin, destination]
    weight = TYPICAL_WEIGHT[service] * population.size[customer]
    weight = np.where(service == 0, np.clip(weight, 3000, 31000), weight)
    price = list_price(service, weight, distance)
    return Links(customer, first, share, cumulative, consignee, service, origin, destination, distance, weight, price)


def partners(population: Population, standing: Links) -> csr_matrix:
    """Symmetric 0/1 matrix: two customers are partners when one ships to the other."""
    n = len(population)
    inside = (standing.consignee < n) & (standing.consignee != standing.customer)
    a, b = standing.customer[inside], standing.consignee[inside]
    matrix = csr_matrix((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(n, n))
    matrix.data[:] = 1.0  # several links between two customers are one partnership
    return matrix


def _outside(n: int) -> int:
    """Receivers that are not customers."""
    return max(10, int(0.8 * n))


def _consignees(rng: np.random.Generator, population: Population, customer: Ints) -> Ints:
    n, total = len(population), len(customer)
    receiving = np.flatnonzero(population.role >= 1)
    receiving = receiving if len(receiving) else np.arange(n)
    inside = receiving[rng.integers(0, len(receiving), total)]
    outside = n + np.floor(_outside(n) * rng.random(total) ** 1.8).astype(np.int64)  # some receive from many
    chosen = np.where((rng.random(total) < 0.40) & (inside != customer), inside, outside)
    return np.where(population.role[customer] == 1, customer, chosen)  # a consignee orders to itself


def _services(rng: np.random.Generator, population: Population, customer: Ints) -> Ints:
    """Mostly the customer's main service; breadth of value-added services grows with ties."""
    total = len(customer)
    other = rng.integers(0, TRANSPORT, total)
    added = TRANSPORT + rng.choice(len(ADDED_WEIGHT), size=total, p=ADDED_WEIGHT)
    u = rng.random(total)
    ties = np.array([0.04, 0.08, 0.20])[population.retention[customer]]
    service = np.where(u < ties, added, np.where(u < ties + 0.15, other, population.main_service[customer]))
    opening = np.r_[True, customer[1:] != customer[:-1]]
    return np.where(opening, population.main_service[customer], service)


def region_pair(standing: Links) -> Ints:
    """Each link's lane: origin region times 7 plus destination region."""
    return CITY_REGION[standing.origin] * 7 + CITY_REGION[standing.destination]
