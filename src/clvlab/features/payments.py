"""How customers pay: what is open and overdue, and how late what was paid came in."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Table, format_cell
from clvlab.shrinkage import jeffreys_interval


def payments(invoices: ir.Table, as_of: dt.date, currency: str) -> Table:
    """Add up what is invoiced, paid, open and overdue at the end of a day.

    Parameters
    ----------
    invoices
        Accepted invoices with amount, issued_on, due_on and paid_on. Tax counts here: it is owed too. Credit
        notes reduce what is invoiced; they are neither paid nor due.
    as_of
        The last day known.
    currency
        Unit of the amounts.

    Returns
    -------
    Table
        measure, value, lower, upper: invoiced, paid, open and overdue (amounts; open is not yet paid, overdue is open
        past its due date); invoices due, those late (paid after their due date, or overdue), their share with its
        90% Jeffreys interval, and the median days late of the late ones that were paid.

    Raises
    ------
    Refused
        When due_on or paid_on is absent, or no invoice has fallen due yet.
    """
    absent = [name for name in ("due_on", "paid_on") if name not in invoices.columns]
    if absent:
        raise Refused(f"Payments need {' and '.join(absent)} in invoices.")
    day = ibis.literal(as_of)
    bills = invoices.filter(invoices.amount > 0)
    unpaid = bills.paid_on.isnull()
    due = bills.due_on < day
    late = due & (unpaid | (bills.paid_on > bills.due_on)).fill_null(False)
    days_late = bills.paid_on.epoch_days() - bills.due_on.epoch_days()
    found = (
        bills.aggregate(
            invoiced=bills.amount.sum().fill_null(0),
            paid=bills.amount.sum(where=~unpaid).fill_null(0),
            open=bills.amount.sum(where=unpaid).fill_null(0),
            overdue=bills.amount.sum(where=unpaid & due).fill_null(0),
            due=due.sum().fill_null(0),
            late=late.sum().fill_null(0),
            days=days_late.median(where=late & ~unpaid),
        )
        .execute()
        .iloc[0]
    )
    credit = float(-invoices.filter(invoices.amount < 0).amount.sum().fill_null(0).execute())
    late_count, due_count = int(found["late"]), int(found["due"])
    if not due_count:
        raise Refused("No invoice has fallen due yet; payments can be judged later.")
    (lower,), (upper,) = jeffreys_interval([late_count], [due_count])
    rows = [
        (f"invoiced, less credit notes, {currency}", found["invoiced"] - credit),
        (f"paid, {currency}", found["paid"]),
        (f"open, {currency}", found["open"]),
        (f"overdue, {currency}", found["overdue"]),
        ("invoices due", due_count),
        ("late invoices", late_count),
        ("late, % of those due", 100 * late_count / due_count, 100 * lower, 100 * upper),
        ("days late, median of those paid", found["days"]),
    ]
    frame = pd.DataFrame(
        [(*row, *[None] * (4 - len(row))) for row in rows], columns=["measure", "value", "lower", "upper"]
    )
    shown = pd.DataFrame({"measure": frame["measure"]} | {
        name: [format_cell(v, 1 if "%" in m else 0) for m, v in zip(frame["measure"], frame[name], strict=True)]
        for name in ("value", "lower", "upper")
    })  # fmt: skip
    above = (
        f"Paid and open together exceed what is invoiced by {credit:,.0f} {currency} of credit notes, which are taken"
        " off what is invoiced and not off single bills."
    )
    return Table(shown, "Payments, all invoices up to the day", remarks=[above] if credit else [])
