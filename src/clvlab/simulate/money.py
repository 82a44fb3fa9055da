"""Invoices: freight by month, surcharges and tax on their own lines, credit notes, late payers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Floats, Ints
from clvlab.simulate.customers import Flags
from clvlab.simulate.leaving import CAUSES
from clvlab.simulate.world import World

KINDS = ("freight", "surcharge", "tax", "credit note")
TAX = 0.06
FUEL_SURCHARGE = 0.03  # of freight, in the third quarter of every year and all of every second year
LATE_BILLING = 0.08  # share of months billed up to 8 days into the next month
WRONG_AMOUNT = 0.02  # share of freight invoices with a wrong amount, corrected 10 to 40 days later
DISPUTED = 0.025
NONE = -(10**6)


def invoices_table(world: World) -> pa.Table:
    """All invoices issued within the window.

    A month's freight invoice is the revenue of the orders booked in it; credit notes carry rebates and
    corrections; tax is 6% of freight and surcharge less rebate. By month, shipments and freight invoices
    differ by late billing and by wrong amounts until corrected, and by nothing else.
    """
    rng = world.rng["invoices"]
    months, n = world.calendar.months, len(world)
    key = world.made.orders.customer * months + world.order_month()
    billed = np.bincount(key, weights=world.made.revenue, minlength=n * months).reshape(n, months)
    rebates = np.bincount(key, weights=world.made.rebate, minlength=n * months).reshape(n, months)
    who, month = np.nonzero(np.round(billed, 2) > 0)
    freight = np.round(billed[who, month], 2)
    issued = world.calendar.first_day[month + 1] - 1
    late = rng.random(len(who)) < LATE_BILLING
    issued = issued + np.where(late, rng.integers(1, 9, len(who)), 0)
    name = np.array([world.calendar.month_of_year(m) for m in range(months)])[month]
    year = (world.calendar.starts[month].astype("M8[Y]").astype(int) + 1970) % 2
    fuel = (year == 0) | ((name >= 7) & (name <= 9))
    surcharge = np.round(np.where(fuel, FUEL_SURCHARGE * freight, 0.0), 2)
    rebate = np.round(rebates[who, month], 2)
    tax = np.round(TAX * (freight + surcharge - rebate), 2)
    wrong = (rng.random(len(who)) < WRONG_AMOUNT) & (freight > 100)
    error = np.round(np.where(wrong, freight * rng.uniform(0.05, 0.20, len(who)) * rng.choice([-1, 1], len(who)), 0), 2)
    corrected = np.where(wrong, issued + rng.integers(10, 41, len(who)), NONE)
    disputed = wrong | (rng.random(len(who)) < DISPUTED)
    due, paid = _payment(world, rng, who, issued, disputed)

    blocks: list[tuple[Ints, Ints, Floats, Ints, Ints, Ints, Flags, Ints]] = []

    def add(rows: Flags, amount: Any, kind: int, on: Ints, pays: bool, contested: bool) -> None:
        size = int(rows.sum())
        no = np.full(size, NONE)
        blocks.append(
            (
                who[rows], on[rows], amount[rows], np.full(size, kind), due[rows] if pays else no,
                paid[rows] if pays else no, disputed[rows] & contested, corrected[rows] if contested else no,
            )
        )  # fmt: skip

    everything = np.ones(len(who), dtype=bool)
    add(everything, freight + error, 0, issued, True, True)
    add(surcharge > 0, surcharge, 1, issued, True, False)
    add(everything, tax, 2, issued, True, False)
    add(rebate > 0, -rebate, 3, issued, False, False)
    add(wrong & (error > 0), -error, 3, corrected, False, False)
    add(wrong & (error < 0), -error, 0, corrected, False, False)
    return _table(world, blocks)


def _payment(world: World, rng: np.random.Generator, who: Ints, issued: Ints, disputed: Flags) -> tuple[Ints, Ints]:
    """Due and paid days; leavers by credit or closure leave half of their last two months unpaid."""
    population = world.population
    due = issued + population.payment_terms[who]
    delay = np.floor(rng.gamma(1.2, np.maximum(population.payment_delay[who], 0.5) / 1.2)) - 5
    paid = np.maximum(due + delay.astype(np.int64), issued + 1) + np.where(disputed, rng.integers(5, 45, len(who)), 0)
    leavings = world.history.leavings
    broke = np.isin(leavings.cause, [CAUSES.index("credit"), CAUSES.index("closure")])
    gone = np.full(len(world), 10**6)
    gone[leavings.customer[broke]] = leavings.day[broke]
    unpaid = (issued > gone[who] - 62) & (rng.random(len(who)) < 0.5)
    return due, np.where(unpaid, NONE, paid)


def _table(world: World, blocks: list[tuple[Ints, Ints, Floats, Ints, Ints, Ints, Flags, Ints]]) -> pa.Table:
    who, on, amount, kind, due, paid, disputed, corrected = (np.concatenate(c) for c in zip(*blocks, strict=True))
    keep = on < world.end
    order = np.lexsort((kind[keep], who[keep], on[keep]))
    who, on, amount, kind, due, paid, disputed, corrected = (
        x[keep][order] for x in (who, on, amount, kind, due, paid, disputed, corrected)
    )
    calendar = world.calendar
    return pa.table(
        {
            "invoice_id": col.codes("F", np.arange(1, len(who) + 1), 6),
            "customer_id": col.customer_codes(who),
            "issued_on": col.dates(calendar, on),
            "amount": col.numbers(amount),
            "kind": col.words(KINDS, kind),
            "currency": col.words(("CNY",), np.zeros(len(who), dtype=np.int64)),
            "due_on": col.dates(calendar, due, due == NONE),
            "paid_on": col.dates(calendar, paid, (paid == NONE) | (paid >= world.end)),
            "disputed": col.flags(disputed),
            "corrected_on": col.dates(calendar, corrected, (corrected == NONE) | (corrected >= world.end)),
        }
    )
