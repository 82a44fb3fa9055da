"""Contacts: our visits and calls, customers' enquiries and how late we answer, quotes, price notices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Floats, Ints
from clvlab.simulate.constants import UNIT_COSTS
from clvlab.simulate.customers import Flags
from clvlab.simulate.prices import VISIT_SHARE
from clvlab.simulate.world import World

KINDS = ("visit", "call", "enquiry", "quote", "price notice")
CHANNELS = ("in person", "phone", "wechat", "email", "portal")
CHANNEL_FACTOR: Floats = np.array([1.0, 1.15, 0.85, 1.0, 0.35])  # cost against the unit cost


def contacts_table(world: World, quotes: Sequence[tuple[int, int]]) -> pa.Table:
    """All contacts; `quotes` are (customer, day) of quotations written for leads."""
    rng, history = world.rng["contacts"], world.history
    who, month = _expand(history.counts["contacts"])
    kind = np.where(rng.random(len(who)) < VISIT_SHARE[world.population.priority[who]], 0, 1)
    asked, asked_month = _expand(history.counts["enquiries"])
    late = _late_ones(history.counts["enquiries"], history.counts["answers_late"])
    told, told_month = _notices(world)
    quoted = np.array([c for c, _ in quotes], dtype=np.int64)
    quote_day = np.array([d for _, d in quotes], dtype=np.float64)

    customer = np.concatenate([who, asked, told, quoted])
    kinds = np.concatenate([kind, np.full(len(asked), 2), np.full(len(told), 4), np.full(len(quoted), 3)])
    day = np.concatenate([_day(world, rng, who, month), _day(world, rng, asked, asked_month)])
    day = np.concatenate([day, _day(world, rng, told, told_month), quote_day])
    hour = np.floor(day) * col.HOURS + 8.5 + 9.5 * rng.random(len(day))
    slow = np.concatenate([np.zeros(len(who), bool), late, np.zeros(len(told) + len(quoted), bool)])
    order = np.lexsort((customer, hour))
    return _table(world, rng, customer[order], kinds[order], hour[order], slow[order])


def _expand(counts: Floats) -> tuple[Ints, Ints]:
    """Customer and month, repeated by the count."""
    flat = counts.astype(np.int64).ravel()
    position = np.repeat(np.arange(len(flat)), flat)
    return position // counts.shape[1], position % counts.shape[1]


def _late_ones(enquiries: Floats, late: Floats) -> Flags:
    """Of each customer's enquiries in a month the first ones are those answered late."""
    counts = enquiries.astype(np.int64).ravel()
    rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank < np.repeat(late.astype(np.int64).ravel(), counts)


def _day(world: World, rng: np.random.Generator, who: Ints, month: Ints) -> Floats:
    """A day of the month on which the customer was one."""
    opens, closes = world.history.opens[who, month], world.history.closes[who, month]
    return np.floor(opens + rng.random(len(who)) * np.maximum(closes - opens, 1))


def _notices(world: World) -> tuple[Ints, Ints]:
    """Price notices go out in the month before the increase, to those who are customers then."""
    step = world.prices.step[:, 1:] > 0
    who, month = np.nonzero(step & world.history.alive[:, :-1])
    return who, month


def _table(world: World, rng: np.random.Generator, customer: Ints, kind: Ints, hour: Floats, slow: Flags) -> pa.Table:
    n = len(customer)
    u = rng.random((4, n))
    channel = np.select(
        [kind == 0, kind == 1, kind == 2],
        [0, np.where(u[0] < 0.55, 1, 2), np.digitize(u[0], [0.35, 0.60, 0.75]) + 1], 3,
    )  # fmt: skip
    unit = np.array([UNIT_COSTS[name][0] for name in KINDS])[kind]
    cost = unit * CHANNEL_FACTOR[channel] * (0.8 + 0.4 * u[1])
    ours = (kind == 0) | (kind == 1) | (kind == 4)
    answered = hour + np.where(slow, 25.0 + 95.0 * u[2], np.where(kind == 3, 4 + 60 * u[2], 0.2 + 20 * u[2] ** 2))
    silent = ours | (answered >= world.end * col.HOURS)
    hand_offs = rng.poisson(np.where(slow, 1.5, 0.35))
    return pa.table(
        {
            "contact_id": col.codes("T", np.arange(1, n + 1), 6),
            "customer_id": col.customer_codes(customer),
            "contacted_at": col.times(world.calendar, hour),
            "kind": col.words(KINDS, kind),
            "channel": col.words(CHANNELS, channel),
            "cost": col.numbers(cost),
            "initiated_by": col.words(("provider", "customer"), (~ours).astype(int)),
            "answered_at": col.times(world.calendar, answered, silent),
            "hand_offs": col.wholes(hand_offs, silent),
        }
    )
