"""How customers pay: what is open and overdue, and how late what was paid came in."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Table
from clvlab.shrinkage import jeffreys_interval


def payments(invoices: ir.Table, as_of: dt.date) -> Table:
    """Add up what is invoiced, paid, open and overdue at the end of a day.

    Parameters
    ----------
    invoices
        Accepted invoices with amount, issued_on, due_on and paid_on. Tax counts here: it is owed too. Credit
        notes reduce what is invoiced; they are neither paid nor due.
    as_of
        The last day known.

    Returns
    -------
    Table
        One row: invoiced, paid, open, overdue (amounts; open is not yet paid, overdue is open past its due date),
        invoices_due, paid_late (those due by ``as_of`` and paid after it or not at all), late_share with its 90%
        Jeffreys interval (lower, upper), median_days_late (of the late ones that were paid).

    Raises
    ------
    Refused
        When due_on or paid_on is absent.
    """
    absent = [name for name in ("due_on", "paid_on") if name not in invoices.columns]
    if absent:
        raise Refused(f"payments need {' and '.join(absent)} in invoices.")
    day = ibis.literal(as_of)
    bills = invoices.filter(invoices.amount > 0)
    unpaid = bills.paid_on.isnull()
    due = bills.due_on <= day
    late = due & (unpaid | (bills.paid_on > bills.due_on)).fill_null(False)
    days_late = bills.paid_on.epoch_days() - bills.due_on.epoch_days()
    row = bills.aggregate(
        invoiced=bills.amount.sum(),
        paid=bills.amount.sum(where=~unpaid),
        open=bills.amount.sum(where=unpaid),
        overdue=bills.amount.sum(where=unpaid & (bills.due_on < day)),
        invoices_due=due.sum(),
        paid_late=late.sum(),
        median_days_late=days_late.median(where=late & ~unpaid),
    ).execute()
    row = row.fillna({"paid": 0.0, "open": 0.0, "overdue": 0.0})
    credit = invoices.filter(invoices.amount < 0).amount.sum().execute()
    row["invoiced"] += 0.0 if pd.isna(credit) else credit
    late_count, due_count = int(row["paid_late"].iloc[0]), int(row["invoices_due"].iloc[0])
    lower, upper = jeffreys_interval([late_count], [due_count])
    row["late_share"] = late_count / due_count if due_count else float("nan")
    row["lower"], row["upper"] = lower, upper
    return Table(row, "Payments", decimals=1, percent=("late_share", "lower", "upper"))
