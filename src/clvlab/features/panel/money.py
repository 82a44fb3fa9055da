"""Prices and payments: price notices, what the same lanes cost before, and how late the customer pays."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pandas as pd

from clvlab.features.panel.covariates import Covariate, Family, Tables
from clvlab.features.panel.grid import Grid
from clvlab.features.panel.windows import Floats, carried_on, lagged, last, mean_of
from clvlab.periods import epoch_days

PRICE_MEMORY = 4  # months for which a price increase is felt
PERCENT = 100
_LANE = ("service", "origin", "destination", "consignee_id", "urgent")
# The figure a customer's own is compared with weighs as much as so many of their invoices.
_PRIOR_INVOICES = 4.0
# One shipment on lanes with two prices to compare makes half of the change count.
_PRIOR_SHIPMENTS = 1.0


def _notices(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    contacts = tables["contacts"]
    told = contacts.filter(contacts.kind == "price notice")
    return (last(grid.tally(told, told.contacted_at, n=ibis.literal(1))["n"], PRICE_MEMORY),)


def _price_change(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return the last prices paid on the customer's lanes against those of four months earlier.

    A lane is a service between two places for one consignee; its price is revenue per weight, so that other lanes and
    sizes are no price change. Lanes count by their shipments of the last year.
    """
    frame = _lane_prices(tables, grid)
    lanes = frame.drop_duplicates("lane").sort_values("lane")
    total, number = np.zeros((2, len(lanes), grid.months))
    cell = frame["lane"].to_numpy(), frame["month"].to_numpy()
    total[cell], number[cell] = frame["price"], frame["n"]
    price = carried_on(mean_of(total, number))
    change = price - lagged(price, PRICE_MEMORY, np.nan)
    shipments = np.where(np.isnan(change), 0, last(number, 12))
    who = grid.positions(lanes["customer_id"])
    changes = grid.by_customer(np.nan_to_num(change) * shipments, who)
    return (PERCENT * changes / (grid.by_customer(shipments, who) + _PRIOR_SHIPMENTS),)


def _lane_prices(tables: Tables, grid: Grid) -> pd.DataFrame:
    """Return sum and number of log revenue per weight by customer, lane (numbered) and month."""
    shipments = tables["shipments"]
    priced = shipments.filter(shipments.revenue > 0, shipments.weight > 0)
    keys = ["customer_id", *(name for name in _LANE if name in priced.columns)]
    rows = priced.select(*keys, month=grid.month_of(priced.booked_at), price=(priced.revenue / priced.weight).ln())
    rows = rows.filter(rows.month >= 0, rows.month < grid.now)
    frame = rows.group_by(*keys, "month").agg(price=rows.price.sum(), n=rows.count()).to_pyarrow().to_pandas()
    frame = frame[grid.positions(frame["customer_id"]) >= 0]
    return frame.assign(lane=frame.groupby(keys, dropna=False).ngroup())


def _payments(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return days late over six months above the usual, and those of three against the customer's own nine before."""
    bills = _bills(tables, grid)
    days, n = _days_above_usual(bills, grid, 6)
    recent_days, recent_n = _days_above_usual(bills, grid, 3)
    before_days, before_n = _days_above_usual(bills, grid, 9, 3)
    own = before_days / (before_n + _PRIOR_INVOICES)
    return days / (n + _PRIOR_INVOICES), (recent_days - recent_n * own) / (recent_n + _PRIOR_INVOICES)


def _days_above_usual(bills: pd.DataFrame, grid: Grid, length: int, skip: int = 0) -> tuple[Floats, Floats]:
    """Return each customer's days late above those usual over the same months, and the number of invoices.

    The same months, since what fell due lately has had less time to be late.
    """
    days, n = _days_late(bills, grid, length, skip)
    return days - n * mean_of(days.sum(axis=0), n.sum(axis=0), 0.0), n


def _bills(tables: Tables, grid: Grid) -> pd.DataFrame:
    """Return by customer, month due and month paid: number, sum of due days, and of days late when paid."""
    bills: Any = tables["invoices"]
    bills = bills.filter(bills.amount > 0)
    due, paid = epoch_days(bills.due_on), epoch_days(bills.paid_on)
    rows = bills.select(
        "customer_id",
        month=grid.month_of(bills.due_on),
        paid=grid.month_of(bills.paid_on).fill_null(grid.months),
        due=due,
        late=ibis.greatest(paid - due, 0),
    )
    rows = rows.filter(rows.month >= 0, rows.month < grid.now)
    sums = rows.group_by("customer_id", "month", "paid").agg(n=rows.count(), due=rows.due.sum(), late=rows.late.sum())
    frame = sums.to_pyarrow().to_pandas()
    return frame[grid.positions(frame["customer_id"]) >= 0]


def _days_late(bills: pd.DataFrame, grid: Grid, length: int, skip: int = 0) -> tuple[Floats, Floats]:
    """Return days late, and number, of invoices due in ``length`` months before each month opens, ``skip`` left out.

    What is unpaid when the month opens is as late as it is by then; what was paid early is not late at all.
    """
    who, month = grid.positions(bills["customer_id"]), bills["month"].to_numpy("int64")
    n, due, late = (bills[name].to_numpy(float) for name in ("n", "due", "late"))
    days, number = np.zeros((2, len(grid.customers), grid.months))
    for back in range(skip + 1, skip + length + 1):
        opens = month + back
        inside = opens < grid.months
        cell = who[inside], opens[inside]
        paid = (bills["paid"].to_numpy() < opens)[inside]
        so_far = n[inside] * grid.openings[opens[inside]] - due[inside]
        np.add.at(days, cell, np.where(paid, late[inside], so_far))
        np.add.at(number, cell, n[inside])
    return days, number


FAMILIES: tuple[Family, ...] = (
    Family(
        (Covariate("price_notices", "price notices of 4 months", "price notice in the last 4 months", "price", True),),
        {"contacts": ("contacted_at", "kind")},
        _notices,
    ),
    Family(
        (Covariate("price_change", "rise of prices in 4 months", "percentage point of price increase", "price", True),),
        {"shipments": ("revenue", "weight")},
        _price_change,
    ),
    Family(
        (
            Covariate("payment_delay", "days paid late over 6 months", "day paid late", "payment", True),
            Covariate(
                "payment_delay_change", "change of days paid late", "day paid later than before", "payment", True
            ),
        ),
        {"invoices": ("amount", "due_on", "paid_on")},
        _payments,
    ),
)  # fmt: skip
