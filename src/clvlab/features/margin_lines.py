"""The lines from revenue to profit as rows of the records, and adding them up in the engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.features.cost_to_serve import SERVING, serving
from clvlab.features.credit_cost import credit
from clvlab.features.events import purchases
from clvlab.features.rows import Rows

Tables = Mapping[str, ir.Table]

READ = ("shipments", "invoices", "complaints", "contacts", "campaigns")
EARNED = ("revenue", "rebate", "direct_cost", "claims_paid")
CREDIT = ("capital_cost", "expected_loss")
ACQUISITION, CAMPAIGN = "acquisition_cost", SERVING + "campaign"
SIZES = ("gained", "gained_squares", "lost_squares")
# Sums rounded clear of their last bits, which differ with the order in which an engine adds.
DIGITS = 6


def margin_lines(tables: Tables, as_of: dt.date, assumptions: Assumptions) -> tuple[list[ir.Table], list[str]]:
    """Return the rows of every line but acquisition up to a day, and what must be said of them.

    Parameters
    ----------
    tables
        Accepted tables by name.
    as_of
        The last day that counts.
    assumptions
        For unit costs and the cost of capital.

    Returns
    -------
    list of tables
        Ibis tables with customer_id, date and some of the lines; other columns may stand beside them.
    list of str
        Remarks, in sentences.
    """
    tables, invoiced = _earned(tables)
    served = serving(tables, assumptions.unit_costs)
    credited = credit(tables.get("invoices"), as_of, assumptions.cost_of_capital)
    sources = [source for source in (*served.sources, invoiced, credited.source) if source is not None]
    until = [source.filter(in_time(source.date, as_of, None)) for source in sources]
    return until, [*served.remarks(), *credited.remarks]


def in_time(date: ir.Value, as_of: dt.date, since: dt.date | None) -> ir.BooleanValue:
    """Return whether a date lies between the first day that counts (None: any) and the last."""
    until = date <= ibis.literal(as_of)
    return until if since is None else until & (date >= ibis.literal(since))


def _earned(tables: Tables) -> tuple[Tables, ir.Table | None]:
    """Return the tables with the lines of what was earned in shipments; or, without revenue there, invoices of it."""
    shipments = tables.get("shipments")
    if shipments is None or "revenue" not in shipments.columns:
        others = {name: table for name, table in tables.items() if name != "shipments"}
        if shipments is not None:  # costs without revenue earn nothing
            others["shipments"] = shipments.drop(*(name for name in EARNED if name in shipments.columns))
        return others, purchases({"invoices": tables["invoices"]}).table.rename(revenue="value")
    counts = shipments.revenue.notnull()
    if "refused" in shipments.columns:
        counts &= ~shipments.refused.fill_null(False)
    if "direct_cost" in shipments.columns:
        counts &= shipments.direct_cost.notnull()
    columns = dict(zip(EARNED, ("revenue", "rebate", "direct_cost", "claim_paid"), strict=True))
    lines = {
        line: ibis.ifelse(counts, shipments[column].cast("float64"), 0.0).fill_null(0.0)
        for line, column in columns.items()
        if column in shipments.columns
    }
    return {**tables, "shipments": shipments.mutate(**lines)}, None


def everybody(tables: Tables) -> ir.Table:
    """Return the codes of the customer file, and of everyone else with rows in any table read."""
    customers = tables["customers"].select("customer_id")
    others = [tables[name].select("customer_id") for name in READ if name in tables]
    return ibis.union(customers, *(codes.anti_join(customers, "customer_id") for codes in others), distinct=True)


def acquisition(tables: Tables, as_of: dt.date, since: dt.date | None) -> tuple[list[ir.Table], list[str]]:
    """Return what winning customers cost, from the first day that counts or that the records show activity on.

    Parameters
    ----------
    tables
        Accepted tables by name.
    as_of, since
        The last day that counts, and the first; the first with an order when None.

    Returns
    -------
    list of tables
        One Ibis table with customer_id, date and acquisition_cost; none where the records do not tell.
    list of str
        Remarks, in sentences.
    """
    customers = tables["customers"]
    absent = [name for name in ("onboarded_on", ACQUISITION) if name not in customers.columns]
    if absent:
        return [], [f"Acquisition cost needs {' and '.join(absent)} in customers; none is counted."]
    first = since or _begin(tables, as_of)
    won = customers.select("customer_id", ACQUISITION, date=customers.onboarded_on.cast("date"))
    won = won.filter(in_time(won.date, as_of, first))
    counts = won.aggregate(won=won.count(), untold=won[ACQUISITION].isnull().sum().fill_null(0)).execute().iloc[0]
    untold = f"; {int(counts.untold):,} of them without a recorded cost count as none" if counts.untold else ""
    remark = f"Acquisition cost is that of the {int(counts.won):,} customers onboarded since {first}{untold}."
    return [won.mutate(acquisition_cost=won[ACQUISITION].cast("float64").fill_null(0.0))], [remark]


def _begin(tables: Tables, as_of: dt.date) -> dt.date:
    """Return the first day on which the records show an order."""
    dates = tables["shipments"].booked_at if "shipments" in tables else tables["invoices"].issued_on
    first = dates.cast("date").min().execute()
    return as_of if pd.isna(first) else pd.Timestamp(first).date()


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
    earned = sum(rows[name] if name == "revenue" else -rows[name] for name in running)
    gained, lost = np.maximum(earned, 0.0), np.minimum(earned, 0.0)
    sizes = dict(zip(SIZES, (gained, gained**2, lost**2), strict=True))
    return replace(rows, columns={**rows.columns, **sizes})


def add_up_rows(parts: Sequence[Rows]) -> pd.DataFrame:
    """Add up every line, and the sizes of rows, by customer; 0 where there is none."""
    sums: dict[str, pd.Series] = {}
    for rows in parts:
        for name in (*lines_of(rows.columns), *SIZES):
            if name in rows:
                sums[name] = sums.get(name, 0.0) + rows.total(rows[name])
    return pd.DataFrame(sums).round(DIGITS)


def add_up(sources: Sequence[ir.Table], keys: list[str]) -> ir.Table:
    """Add up every line of every source by the keys, 0 where there is none.

    Parameters
    ----------
    sources
        Tables with the keys and some lines; one without lines only names its keys.
    keys
        Columns to add up by, such as customer_id.

    Examples
    --------
    >>> won = ibis.memtable({"customer_id": ["a", "a"], "revenue": [5.0, 7.0]})
    >>> add_up([won, ibis.memtable({"customer_id": ["b"]})], ["customer_id"]).order_by("customer_id").execute()
      customer_id  revenue
    0           a     12.0
    1           b      0.0
    """
    lines = list(dict.fromkeys(name for source in sources for name in lines_of(source.columns)))
    parts = []
    for source in sources:
        # Each table by itself first: the union then holds one row per key and table.
        sums = source.group_by(keys).agg(**{name: source[name].sum() for name in lines_of(source.columns)})
        absent = {name: ibis.literal(0.0) for name in lines if name not in sums.columns}
        parts.append(sums.mutate(**absent).select(*keys, *lines))
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return every.group_by(keys).agg(**{name: every[name].sum().round(DIGITS) for name in lines})
