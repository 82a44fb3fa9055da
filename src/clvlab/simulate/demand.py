"""When customers order: renewal processes in each customer's own operational time."""

from __future__ import annotations

import numpy as np

from clvlab.simulate.calendar import Calendar, Floats, Ints
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.customers import Population


def opening_gaps(rng: np.random.Generator, population: Population) -> Floats:
    """Time to the first order in mean gaps: none for new customers, part of a gap for old ones."""
    gap = rng.gamma(population.shape, 1.0 / population.shape) * rng.random(len(population))
    return np.where(population.onboard_month >= 0, 0.0, gap)


def trend(population: Population, month: int) -> Floats:
    """Growth of demand since the window's start or onboarding: the market's and the customer's own."""
    months = np.maximum(month - np.maximum(population.onboard_month, 0), 0)
    return np.exp(C.market_growth * month) * (1 + population.growth) ** (months / 12)


LEAST_RESPONSE, MOST_RESPONSE = 0.55, 1.25


def response_to_service(felt_pp: Floats) -> Floats:
    """Orders against the failure share felt, in percentage points above the reference."""
    return np.clip(np.exp(C.share_response * felt_pp), LEAST_RESPONSE, MOST_RESPONSE)


def order_times(rng: np.random.Generator, shape: Floats, waiting: Floats, load: Floats) -> tuple[Ints, Floats, Floats]:
    """Orders within a stretch of operational time.

    Parameters
    ----------
    shape : gamma shape of each customer's gaps, whose mean is 1.
    waiting : operational time to each customer's next order.
    load : operational length of the stretch: the number of orders to expect.

    Returns
    -------
    customer : who orders, sorted.
    at : when, as a share of the stretch.
    waiting : operational time to the next order after the stretch.
    """
    waiting = waiting.copy()
    found_customer, found_at = [], []
    active = np.flatnonzero(waiting < load)
    while len(active):
        left = load[active] - waiting[active]
        count = np.ceil(left + 2 * np.sqrt(left) + 2).astype(np.int64)
        customer = np.repeat(active, count)
        gaps = rng.gamma(shape[customer], 1.0 / shape[customer])
        starts = np.concatenate([[0], np.cumsum(count)[:-1]])
        running = np.cumsum(gaps)
        base = (running - gaps)[starts]
        after = waiting[customer] + running - np.repeat(base, count)  # the order following each gap
        before = after - gaps
        inside = before < load[customer]
        found_customer.append(customer[inside])
        found_at.append(before[inside] / load[customer[inside]])
        last = starts + count - 1
        # The next order is the first one beyond the stretch; where all drawn ones lie inside, go on drawing.
        beyond = np.where(inside, np.inf, before)
        first_beyond = np.minimum.reduceat(beyond, starts)
        waiting[active] = np.where(np.isfinite(first_beyond), first_beyond, after[last])
        active = active[waiting[active] < load[active]]
    waiting = np.maximum(waiting - load, 0.0)
    if not found_customer:
        return np.zeros(0, np.int64), np.zeros(0), waiting
    customer, at = np.concatenate(found_customer), np.concatenate(found_at)
    order = np.lexsort((at, customer))
    return customer[order], at[order], waiting


def to_days(calendar: Calendar, customer: Ints, at: Floats, opens: Ints, closes: Ints) -> Floats:
    """Day numbers of orders, from their share of the customer's stretch between two days."""
    since, until = calendar.busy_sum[opens], calendar.busy_sum[closes]
    position = since[customer] + at * (until - since)[customer]
    day = np.interp(position, calendar.busy_sum, np.arange(len(calendar.busy_sum), dtype=np.float64))
    return np.clip(day, opens[customer], closes[customer] - 1e-6)
