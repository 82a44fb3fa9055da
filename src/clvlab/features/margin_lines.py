"""The lines from revenue to profit as rows of the records, and adding them up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.cores import on_all_cores
from clvlab.features.cost_to_serve import SERVING, Source, serving
from clvlab.features.credit_cost import credit
from clvlab.features.events import INVOICED, MARGIN
from clvlab.features.ledger import DIGITS, Ledger
from clvlab.features.rows import Flags, Floats, Rows, no_rows, where_kept
from clvlab.periods import epoch_date, epoch_days, epoch_months

EARNED = ("revenue", "rebate", "direct_cost", "claims_paid")
CREDIT = ("capital_cost", "expected_loss")
ACQUISITION, CAMPAIGN = "acquisition_cost", SERVING + "campaign"
SQUARES = ("gained_squares", "lost_squares")


def margin_lines(ledger: Ledger, assumptions: Assumptions, meaning: str) -> tuple[list[Source], list[str]]:
    """Return where every line but acquisition is read from, and what must be said of it.

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
    list of Source
        Rows up to the day, each with some of the lines.
    list of str
        Remarks, in sentences.
    """
    served = serving(ledger, assumptions.unit_costs)
    invoices = ledger.invoices if "invoices" in ledger.tables else None
    credited = credit(invoices, ledger.as_of, assumptions.cost_of_capital)
    sources = served.sources
    if meaning == INVOICED:
        parts = [*sources.values(), Source(ledger.sales, lambda rows: {"revenue": rows.filled("revenue")})]
    else:
        shipped = sources["shipments"]
        whole = Source(shipped.rows, lambda rows: shipped.lines(rows) | _earned(rows, meaning))
        parts = [*(sources | {"shipments": whole}).values()]
    parts += [] if credited.source is None else [as_told(credited.source)]
    return parts, [*served.remarks(), *credited.remarks]


def as_told(rows: Rows) -> Source:
    """Return rows that hold the lines themselves."""
    return Source(rows, lambda some: {name: some[name] for name in lines_of(some.columns)})


def has_value(shipments: Rows, meaning: str) -> Flags:
    """Return which shipments have a revenue, and a direct cost where the contribution is margin."""
    known = ~np.isnan(shipments["revenue"])
    return known & ~np.isnan(shipments["direct_cost"]) if meaning == MARGIN else known


def _earned(shipments: Rows, meaning: str) -> dict[str, Floats]:
    """Return the lines of what each shipment earned: nothing when it is not costed or priced yet."""
    counts = has_value(shipments, meaning)
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
    seen = (ledger.carried_out, ledger.refused) if "shipments" in ledger.tables else (ledger.invoices,)
    first = since or epoch_date(min(rows["day"].min(initial=epoch_days(ledger.as_of)) for rows in seen))
    won = ledger.onboarded.where(ledger.onboarded["day"] >= epoch_days(first))
    missing = int(np.isnan(won[ACQUISITION]).sum())
    untold = f"; {missing:,} of them without a recorded cost count as none" if missing else ""
    remark = f"Acquisition cost is that of the {len(won):,} customers onboarded since {first}{untold}."
    return won.having({"day": won["day"], ACQUISITION: won.filled(ACQUISITION)}), [remark]


def lines_of(columns: Iterable[str]) -> list[str]:
    """Return which columns are lines."""
    return [name for name in columns if name in (*EARNED, *CREDIT, ACQUISITION) or name.startswith(SERVING)]


def with_sizes(source: Source) -> Source:
    """Add to its lines what each row gained (0 when it cost), and the squares of what it gained and of what it cost.

    Only the running business counts: a campaign, credit and acquisition are not what a customer's next order brings.
    """

    def lines(rows: Rows) -> dict[str, Floats]:
        found = source.lines(rows)
        running = {name: amounts for name, amounts in found.items() if name not in (CAMPAIGN, *CREDIT, ACQUISITION)}
        if not running:
            return found
        earned = sum(amounts if name == "revenue" else -amounts for name, amounts in running.items())
        gained = np.maximum(earned, 0.0)
        return found | {"gained": gained} | dict(zip(SQUARES, (gained**2, np.minimum(earned, 0.0) ** 2), strict=True))

    return Source(source.rows, lines)


def add_up(sources: Sequence[Source], starts: Sequence[dt.date | None] = (None,)) -> list[pd.DataFrame]:
    """Add up every line by customer, from several first days on; 0 where there is none.

    Parameters
    ----------
    sources
        Rows with their lines, all of the same customers.
    starts
        The first days that count; None for all there is. Lines are made once for all of them.

    Examples
    --------
    >>> both = pd.Index(["a", "b"])
    >>> sold = Rows(both, np.array([0, 0]), {"day": np.array([0.0, 400.0]), "revenue": np.array([5.0, 7.0])})
    >>> given = Rows(both, np.array([1]), {"day": np.array([9.0]), "rebate": np.array([2.0])})
    >>> every, later = add_up([as_told(sold), as_told(given)], [None, dt.date(1971, 1, 1)])
    >>> every[["revenue", "rebate"]]
       revenue  rebate
    a     12.0     0.0
    b      0.0     2.0
    >>> later["revenue"].tolist()
    [7.0, 0.0]
    """
    everyone, sums = sources[0].rows.customers, dict[str, Floats]()
    for source in sources:
        for rows in source.rows.blocks():
            lines = source.lines(rows)
            new = [name for name in lines if name not in sums]
            # Of a million customers to touch new memory takes longer than to add up.
            made = on_all_cores(lambda _: np.full((len(starts), len(everyone)), 0.0), new, len(everyone))
            sums.update(zip(new, made, strict=True))
            for nth, start in enumerate(starts):
                kept = slice(None) if start is None else where_kept(rows["day"] >= epoch_days(start))
                place = rows.place[kept]
                for name, amounts in lines.items():
                    some, whose = amounts[kept], place
                    there = np.flatnonzero(some != 0)
                    if 2 * len(there) < len(some):  # most costs are of few rows
                        some, whose = some[there], place[there]
                    np.add.at(sums[name][nth], whose, some)
    for name in sums.keys() - {*SQUARES}:  # these are small where money is counted in millions
        np.round(sums[name], DIGITS, out=sums[name])
    return [
        pd.DataFrame({name: total[nth] for name, total in sums.items()}, everyone, copy=False)
        for nth in range(len(starts))
    ]


def by_month(sources: Sequence[Source], months: int) -> tuple[list[Source], np.ndarray]:
    """Return the same rows, of a customer in a period of so many months each, and the numbers of all periods.

    What stands for a customer is then its place and the number of the period, for those who have rows in it.
    """
    parts = [rows for rows, _ in sources]
    numbers = [epoch_months(rows["day"]) // months for rows in parts]
    periods = np.unique(np.concatenate(numbers))
    keys = [
        rows.place * len(periods) + np.searchsorted(periods, number)
        for rows, number in zip(parts, numbers, strict=True)
    ]
    there = np.unique(np.concatenate(keys))
    every = pd.MultiIndex.from_arrays(np.divmod(there, len(periods)), names=["customer_id", "period"])
    found = [
        Source(Rows(every, np.searchsorted(there, key), rows.columns, rows.words), lines)
        for (rows, lines), key in zip(sources, keys, strict=True)
    ]
    return found, periods
