"""The lines from revenue to profit as rows of the records, and adding them up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.features.cost_to_serve import SERVING, serving
from clvlab.features.credit_cost import credit
from clvlab.features.events import INVOICED, MARGIN
from clvlab.features.ledger import DIGITS, Ledger, no_rows
from clvlab.features.rows import Flags, Floats, Rows
from clvlab.periods import epoch_date, epoch_days, epoch_months

EARNED = ("revenue", "rebate", "direct_cost", "claims_paid")
CREDIT = ("capital_cost", "expected_loss")
ACQUISITION, CAMPAIGN = "acquisition_cost", SERVING + "campaign"
SIZES = ("gained", "gained_squares", "lost_squares")


def margin_lines(ledger: Ledger, assumptions: Assumptions, meaning: str) -> tuple[list[Rows], list[str]]:
    """Return the rows of every line but acquisition up to a day, and what must be said of them.

    Parameters
    ----------
    ledger
        The records up to a day.
    assumptions
        For unit costs and the cost of capital.
    meaning
        What the contribution is: "contribution margin", "revenue" or "amount invoiced".

    Returns
    -------
    list of Rows
        With ``day`` and some of the lines.
    list of str
        Remarks, in sentences.
    """
    served = serving(ledger, assumptions.unit_costs)
    invoices = ledger.invoices if "invoices" in ledger.tables else None
    credited = credit(invoices, ledger.as_of, assumptions.cost_of_capital)
    sources = served.sources
    if meaning == INVOICED:
        sold = ledger.sales
        parts = [*sources.values(), sold.having({"day": sold["day"], "revenue": sold.filled("revenue")})]
    else:
        shipped = sources["shipments"]
        whole = shipped.having({**shipped.columns, **_earned(ledger.shipments, meaning)})
        parts = [*(sources | {"shipments": whole}).values()]
    parts += [] if credited.source is None else [credited.source]
    return parts, [*served.remarks(), *credited.remarks]


def carried_out(shipments: Rows) -> Flags:
    """Return which shipments were not refused by us."""
    return shipments.filled("refused") == 0


def has_value(shipments: Rows, meaning: str) -> Flags:
    """Return which shipments have a revenue, and a direct cost where the contribution is margin."""
    known = ~np.isnan(shipments["revenue"])
    return known & ~np.isnan(shipments["direct_cost"]) if meaning == MARGIN else known


def _earned(shipments: Rows, meaning: str) -> dict[str, Floats]:
    """Return the lines of what each shipment earned: nothing when it was refused, or is not costed or priced yet."""
    counts = carried_out(shipments) & has_value(shipments, meaning)
    columns = dict(zip(EARNED, ("revenue", "rebate", "direct_cost", "claim_paid"), strict=True))
    return {line: np.where(counts, shipments.filled(name), 0.0) for line, name in columns.items() if name in shipments}


def acquisition(ledger: Ledger, since: dt.date | None) -> tuple[Rows, list[str]]:
    """Return what winning customers cost, from the first day that counts or that the records show activity on.

    Parameters
    ----------
    ledger
        The records up to a day.
    since
        The first day that counts; the first with an order when None.

    Returns
    -------
    Rows
        With ``day`` and acquisition_cost; none where the records do not tell.
    list of str
        Remarks, in sentences.
    """
    absent = [name for name in ("onboarded_on", ACQUISITION) if not ledger.has("customers", name)]
    if absent:
        nobody = no_rows(ledger.customers, "day", ACQUISITION)
        return nobody, [f"Acquisition cost needs {' and '.join(absent)} in customers; none is counted."]
    rows = ledger.shipments if "shipments" in ledger.tables else ledger.invoices
    first = since or epoch_date(rows["day"].min(initial=epoch_days(ledger.as_of)))
    won = ledger.onboarded.where(ledger.onboarded["day"] >= epoch_days(first))
    missing = int(np.isnan(won[ACQUISITION]).sum())
    untold = f"; {missing:,} of them without a recorded cost count as none" if missing else ""
    remark = f"Acquisition cost is that of the {len(won):,} customers onboarded since {first}{untold}."
    return won.having({"day": won["day"], ACQUISITION: won.filled(ACQUISITION)}), [remark]


def lines_of(columns: Iterable[str]) -> list[str]:
    """Return which columns are lines."""
    return [name for name in columns if name in (*EARNED, *CREDIT, ACQUISITION) or name.startswith(SERVING)]


def with_sizes(rows: Rows) -> Rows:
    """Add to each row what it gained (0 when it cost), and the square of what it gained or cost.

    Only the running business counts: a campaign, credit and acquisition are not what a customer's next order brings.
    """
    once = (CAMPAIGN, *CREDIT, ACQUISITION)
    running = [name for name in lines_of(rows.columns) if name not in once]
    if not running:
        return rows
    earned = np.zeros(len(rows))
    for name in running:
        (np.add if name == "revenue" else np.subtract)(earned, rows[name], out=earned)
    gained, lost = np.maximum(earned, 0.0), np.minimum(earned, 0.0, out=earned)
    sizes = dict(zip(SIZES, (gained, gained**2, np.square(lost, out=lost)), strict=True))
    return rows.having({**rows.columns, **sizes})


def add_up(parts: Sequence[Rows]) -> pd.DataFrame:
    """Add up every line, and the sizes of rows, by customer; 0 where there is none.

    Examples
    --------
    >>> both = pd.Index(["a", "b"])
    >>> won = Rows(both, np.array([0, 0]), {"revenue": np.array([5.0, 7.0])})
    >>> add_up([won, Rows(both, np.array([1]), {"rebate": np.array([2.0])})])
       revenue  rebate
    a     12.0     0.0
    b      0.0     2.0
    """
    sums: dict[str, Floats] = {}
    for rows in parts:
        for name in (*lines_of(rows.columns), *SIZES):
            if name in rows:
                total = rows.total(rows[name]).to_numpy()
                sums[name] = sums[name] + total if name in sums else total
    rounded = {name: np.round(total, DIGITS) for name, total in sums.items()}
    return pd.DataFrame(rounded, parts[0].customers, copy=False)


def by_month(parts: Sequence[Rows], months: int) -> tuple[list[Rows], np.ndarray]:
    """Return the same rows, of a customer in a period of so many months each, and the numbers of all periods.

    What stands for a customer is then its place and the number of the period, for those who have rows in it.
    """
    numbers = [epoch_months(rows["day"]) // months for rows in parts]
    periods = np.unique(np.concatenate(numbers))
    keys = [
        rows.place * len(periods) + np.searchsorted(periods, number)
        for rows, number in zip(parts, numbers, strict=True)
    ]
    there = np.unique(np.concatenate(keys))
    every = pd.MultiIndex.from_arrays(np.divmod(there, len(periods)), names=["customer_id", "period"])
    found = [Rows(every, np.searchsorted(there, key), rows.columns) for rows, key in zip(parts, keys, strict=True)]
    return found, periods
