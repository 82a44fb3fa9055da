"""What giving customers credit costs: money tied up until they pay, and what some will never pay."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
import pandas as pd

from clvlab.cores import on_all_cores
from clvlab.features.rows import Rows
from clvlab.periods import discount_factor, epoch_days
from clvlab.shrinkage import pool_rates

# An open invoice is as old as the days it is past due; these bands of a provision matrix begin after so many days. An
# invoice not yet due comes before the first.
AGES = (0, 30, 60, 90)
# Unpaid for so many days past its due date, an invoice counts as lost in full.
LOST_AFTER = 180
NO_LOSS = "Expected loss {}; none is counted."


class Credit(NamedTuple):
    """What credit cost.

    Attributes
    ----------
    source
        One row per invoice: day (of issue), capital_cost and expected_loss; None when the records do not say what was
        paid.
    remarks
        What could not be told, and by which rule the rest was.
    """

    source: Rows | None
    remarks: list[str]


def credit(invoices: Rows | None, as_of: dt.date, cost_of_capital: float) -> Credit:
    """Cost the credit given with each invoice.

    Parameters
    ----------
    invoices
        Invoices as known on the day (:attr:`clvlab.features.ledger.Ledger.invoices`); None when there are none.
    as_of
        The last day known: what is unpaid then is outstanding until then.
    cost_of_capital
        Effective yearly rate.

    Notes
    -----
    Capital: the amount, tax included since it is owed too, times days from issue to payment, times the day's rate.
    Credit notes neither tie up money nor free it.

    Expected loss: the amount of an open invoice times the chance that it is never paid. That chance is the share of
    invoices that were still open as many days past due (not yet due, or more than 0, 30, 60 or 90 days) and then
    stayed unpaid for 180 days past due: the customer's own share, pooled with everybody's by the beta-binomial model,
    so that a customer with few invoices borrows most of it. After 180 days the whole amount counts as lost. What
    has been paid is no loss. Invoices of one month are no independent evidence when a customer fails; the chances are
    shares to budget with, no forecast for one customer.

    Examples
    --------
    >>> day = {"day": epoch_days(dt.date(2025, 1, 1)), "paid": epoch_days(dt.date(2025, 1, 31)), "amount": 36_525.0}
    >>> invoices = Rows(pd.Index(["a"]), np.array([0]), {name: np.array([one]) for name, one in day.items()})
    >>> found = credit(invoices, dt.date(2025, 12, 31), 0.10)
    >>> float(found.source["capital_cost"].sum().round(1))  # 30 days at 10% a year
    286.0
    >>> found.remarks
    ['Expected loss needs due_on in invoices; none is counted.']
    """
    if invoices is None or "paid" not in invoices:
        return Credit(None, ["The cost of credit needs invoices with paid_on; none is counted."])
    bills, untold = invoices.where(invoices["amount"] > 0), []
    if "due" in bills:
        followed = ~np.isnan(bills["paid"]) | ~np.isnan(bills["due"])
        untold, bills = _without_payment(bills.where(~followed)), bills.where(followed)
    daily = 1 / discount_factor(cost_of_capital, 1) - 1
    until = np.where(np.isnan(bills["paid"]), epoch_days(as_of), bills["paid"])
    costed = {"day": bills["day"], "capital_cost": bills["amount"] * (until - bills["day"]) * daily}
    costed["expected_loss"] = np.zeros(len(bills))
    if "due" not in bills:
        return Credit(bills.having(costed), [NO_LOSS.format("needs due_on in invoices")])
    record = _payment_record(bills, as_of)
    if not record["reached_0"].sum():
        needed = f"needs invoices due {LOST_AFTER} days ago or longer"
        return Credit(bills.having(costed), [NO_LOSS.format(needed), *untold])
    owed = np.isnan(bills["paid"])
    past_due = epoch_days(as_of) - bills["due"][owed]
    age = np.searchsorted([*AGES, LOST_AFTER], past_due)  # past due by more than so many of these days
    costed["expected_loss"][owed] = bills["amount"][owed] * _chances(record, bills.place[owed], age)
    return Credit(bills.having(costed), [*_seen(record), *untold])


def _payment_record(bills: Rows, as_of: dt.date) -> pd.DataFrame:
    """Count what became of each customer's invoices due 180 days ago or longer, tax left out: it goes with freight.

    Returns
    -------
    DataFrame
        By customer_id: reached_0 (all of them), reached_1, ... (those that were still open when the band of that number
        began), lost (still open after 180 days).
    """
    old = bills.where((bills["due"] + LOST_AFTER < epoch_days(as_of)) & (bills.filled("tax") == 0))
    late = np.where(np.isnan(old["paid"]), np.inf, old["paid"] - old["due"])
    counts = on_all_cores(lambda start: old.count(late > start), [*AGES, LOST_AFTER], len(old))
    names = [*(f"reached_{band}" for band in range(1, len(AGES) + 1)), "lost"]
    return pd.DataFrame({"reached_0": old.count()} | dict(zip(names, counts, strict=True)), copy=False)


def _chances(record: pd.DataFrame, place: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Return the chance that each invoice open now is never paid, by the place of its customer and its age.

    Ages are 0 (not yet due), 1 to 4 (the bands) and 5 (counted as lost).
    """
    chances = np.ones(len(age))

    def fill(band: int) -> None:
        within = age == band
        chances[within] = pool_rates(record["lost"], record[f"reached_{band}"]).estimate[place[within]]

    on_all_cores(fill, range(len(AGES) + 1), len(record))
    return chances


def _seen(record: pd.DataFrame) -> list[str]:
    due, lost = int(record["reached_0"].sum()), int(record["lost"].sum())
    return [f"Of {due:,} invoices due {LOST_AFTER} days ago or longer, {lost:,} stayed unpaid for {LOST_AFTER} days."]


def _without_payment(bills: Rows) -> list[str]:
    """Say how many invoices are left out because neither a due nor a payment date was ever noted."""
    what = f"{len(bills):,} invoices of {bills['amount'].sum():,.0f} in all"
    return [f"{what} carry neither a due nor a payment date: no credit is counted for them."] if len(bills) else []
