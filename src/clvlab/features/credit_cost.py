"""What giving customers credit costs: money tied up until they pay, and what some will never pay."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.by_customer import by_customer
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
        Ibis table, one row per invoice: customer_id, date (of issue), capital_cost and expected_loss; None when the
        records do not say what was paid.
    remarks
        What could not be told, and by which rule the rest was.
    """

    source: ir.Table | None
    remarks: list[str]


def credit(invoices: ir.Table | None, as_of: dt.date, cost_of_capital: float) -> Credit:
    """Cost the credit given with each invoice.

    Parameters
    ----------
    invoices
        Accepted invoices as known on the day; None when there are none.
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
    >>> invoices = ibis.memtable(pd.DataFrame({
    ...     "customer_id": ["a"], "issued_on": [dt.date(2025, 1, 1)], "amount": [36_525.0],
    ...     "paid_on": [dt.date(2025, 1, 31)],
    ... }))
    >>> found = credit(invoices, dt.date(2025, 12, 31), 0.10)
    >>> round(float(found.source.capital_cost.sum().execute()), 1)  # 30 days at 10% a year
    286.0
    >>> found.remarks
    ['Expected loss needs due_on in invoices; none is counted.']
    """
    if invoices is None or "paid_on" not in invoices.columns:
        return Credit(None, ["The cost of credit needs invoices with paid_on; none is counted."])
    bills = invoices.filter(invoices.amount > 0)
    date = bills.issued_on.cast("date")
    days = epoch_days(bills.paid_on.fill_null(ibis.literal(as_of))) - epoch_days(date)
    daily = 1 / discount_factor(cost_of_capital, 1) - 1
    bills = bills.mutate(date=date, capital_cost=bills.amount * days * daily)
    if "due_on" not in bills.columns:
        return Credit(_without_loss(bills), [NO_LOSS.format("needs due_on in invoices")])
    followed = bills.paid_on.notnull() | bills.due_on.notnull()
    untold = _without_payment(bills.filter(~followed))
    bills = bills.filter(followed)
    record = _payment_record(bills, as_of)
    if not record["reached_0"].sum():
        needed = f"needs invoices due {LOST_AFTER} days ago or longer"
        return Credit(_without_loss(bills), [NO_LOSS.format(needed), *untold])
    chances = ibis.memtable(_chances(record))
    found = bills.left_join(chances, bills.customer_id == chances.owed_by)
    past_due = epoch_days(as_of) - epoch_days(found.due_on)
    reached = [(past_due > start, found[f"chance_{age}"]) for age, start in enumerate((*AGES, LOST_AFTER), start=1)]
    chance = ibis.cases(*reversed(reached), else_=found.chance_0)
    loss = ibis.ifelse(found.paid_on.isnull(), found.amount * chance, 0.0).fill_null(0.0)
    return Credit(found.select("customer_id", "date", "capital_cost", expected_loss=loss), [*_seen(record), *untold])


def _without_loss(bills: ir.Table) -> ir.Table:
    return bills.select("customer_id", "date", "capital_cost", expected_loss=ibis.literal(0.0))


def _payment_record(bills: ir.Table, as_of: dt.date) -> pd.DataFrame:
    """Count what became of each customer's invoices due 180 days ago or longer, tax left out: it goes with freight.

    Returns
    -------
    DataFrame
        Indexed by customer_id: reached_0 (all of them), reached_1, ... (those that were still open when the band of
        that number began), lost (still open after 180 days), open (invoices open now, of any age).
    """
    if "kind" in bills.columns:
        bills = bills.filter((bills.kind != "tax").fill_null(True))
    old = (bills.due_on.epoch_days() + LOST_AFTER < epoch_days(as_of)).fill_null(False)
    unpaid = bills.paid_on.isnull()
    late = epoch_days(bills.paid_on) - epoch_days(bills.due_on)
    still = {f"reached_{band}": (unpaid | (late > start)).fill_null(False) for band, start in enumerate(AGES, start=1)}
    still["lost"] = (unpaid | (late > LOST_AFTER)).fill_null(False)
    counts = {name: (old & flag).sum() for name, flag in still.items()}
    return by_customer(bills.group_by("customer_id").agg(reached_0=old.sum(), **counts, open=unpaid.sum()))


def _chances(record: pd.DataFrame) -> pd.DataFrame:
    """Return the chance that an invoice open now is never paid, for every customer with one.

    Parameters
    ----------
    record
        Indexed by customer_id: reached_0 to reached_4, lost, open.

    Returns
    -------
    DataFrame
        owed_by (customer_id), and the chance at every age: chance_0 (not yet due), chance_1 to chance_4 (the bands) and
        chance_5 (counted as lost).
    """
    owing = (record["open"] > 0).to_numpy()
    chances: dict[str, object] = {"owed_by": record.index[owing]}
    for band in range(len(AGES) + 1):
        chances[f"chance_{band}"] = pool_rates(record["lost"], record[f"reached_{band}"]).estimate[owing]
    return pd.DataFrame(chances | {f"chance_{len(AGES) + 1}": 1.0})


def _seen(record: pd.DataFrame) -> list[str]:
    due, lost = int(record["reached_0"].sum()), int(record["lost"].sum())
    return [f"Of {due:,} invoices due {LOST_AFTER} days ago or longer, {lost:,} stayed unpaid for {LOST_AFTER} days."]


def _without_payment(bills: ir.Table) -> list[str]:
    """Say how many invoices are left out because neither a due nor a payment date was ever noted."""
    count, amount = bills.count().execute(), bills.amount.sum().fill_null(0.0).execute()
    what = f"{count:,} invoices of {amount:,.0f} in all"
    return [f"{what} carry neither a due nor a payment date: no credit is counted for them."] if count else []
