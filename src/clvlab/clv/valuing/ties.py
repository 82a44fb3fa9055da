"""Who is valued by which model: customers under contract, and those who buy when they like."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from clvlab.clv.checking.backtest import MODELS, backtest
from clvlab.clv.valuing.contracted import Contracted, fit_contracted
from clvlab.clv.valuing.spot import Spot
from clvlab.features.contract_spells import contract_spells, months_at_risk, under_contract, window_start
from clvlab.features.histories import purchase_histories
from clvlab.features.transactions import transaction_summary
from clvlab.periods import Period, to_days, to_periods
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.clv.checking.backtest_result import Backtest
    from clvlab.clv.models.purchases import PurchaseModel
    from clvlab.features.events import Purchases
    from clvlab.records.records import Records

UNIT: Period = "week"
_LONGEST_HORIZON = to_periods(to_days(12, "month"), UNIT)
_LEAST_HORIZON = 4
# Columns that say who ordered when, and since when they are customers.
_READ = ("customer_id", "onboarded_on", "booked_at", "refused", "issued_on", "amount", "kind")


@dataclass(frozen=True)
class Ties:
    """Who is under contract, and who ever was.

    Attributes
    ----------
    contracted
        Customers whose contract runs; None without any, or where contracts say too little.
    ever
        Customers who ever were under one: how they came and went says nothing of those who buy when they like, so the
        purchase model is chosen and fitted without them. Empty where contracts are not used.
    remark
        What was done with contracts.
    """

    contracted: Contracted | None
    ever: list[object]
    remark: str


def find_ties(records: Records, purchases: Purchases, as_of: dt.date) -> Ties:
    """Return who is valued by contract, and who ever was under one."""
    if "contracts" not in records:
        return Ties(None, [], "There is no table contracts: all are valued by their purchases.")
    first = window_start(purchases.orders)
    spells = contract_spells(records["contracts"], as_of, first)
    known = purchases.orders.customer_id.to_pyarrow().unique().to_pylist()
    spells = spells[spells["customer_id"].isin(known)].reset_index(drop=True)
    try:
        contracted = fit_contracted(under_contract(purchases.orders, spells, as_of, first), months_at_risk(spells))
    except Refused as refusal:
        return Ties(None, [], f"Contracts are not used: {refusal} All are valued by their purchases.")
    remark = (
        f"{len(contracted.table):,} customers are valued by their running contract (how long contracts last: "
        f"{contracted.renewals.title}); of {int((spells['event'] == 1).sum()):,} contracts that ended, purchases "
        f"afterwards were {contracted.afterwards:.0%} of those before. The others are valued by their purchases."
    )
    return Ties(contracted, spells["customer_id"].unique().tolist(), remark)


def choose_model(ties: Ties, records: Records, purchases: Purchases, as_of: dt.date, seed: int) -> Backtest:
    """Return the backtest of purchase models over the last third of the records, at most a year, from two days.

    Raises
    ------
    Refused
        When the records are too short to try a model out, or no model could be fitted.
    """
    first = window_start(purchases.orders)
    horizon = int(min(to_periods((as_of - first).days, UNIT) / 3, _LONGEST_HORIZON))
    if horizon < _LEAST_HORIZON:
        needed = 3 * _LEAST_HORIZON
        raise Refused(f"The records cover {first} to {as_of}; trying a model out needs {needed} weeks or more.")
    origins = [as_of - dt.timedelta(days=int(to_days(times * horizon, UNIT))) for times in (1.0, 1.5)]
    spot = _without(replace(records, last_date=as_of), ties.ever, purchases.source)
    tested = backtest(spot, origins, horizon, seed=seed)
    if tested.winner is None:
        notes = tested.to_frame()["note"]
        why = "; ".join(dict.fromkeys(note.partition(";")[0].rstrip(".") for note in notes[notes != ""]))
        raise Refused(f"No purchase model can be tried out on both of two earlier days ({why}); give longer records.")
    return tested


def fit_spot(winner: str, ties: Ties, records: Records, purchases: Purchases, as_of: dt.date) -> Spot:
    """Return customers without a running contract under the chosen model."""
    model = next(model for model in MODELS if model.name == winner)
    entry = "entry" if model.late_entry else None
    table = _table(model, records, purchases, as_of)
    fit = model.fit(table.loc[~table.index.isin(ties.ever)], entry=entry, silent_left_out=model.late_entry)
    if ties.contracted is not None:
        table = table.loc[~table.index.isin(ties.contracted.table.index)]
    # Alike histories side by side: a draw computes them once.
    return Spot(fit, table.sort_values(["frequency", "recency", "T", *([entry] if entry else [])]))


def _table(model: PurchaseModel, records: Records, purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Return histories as a model reads them: orders only, since a credit note is no purchase."""
    orders = replace(purchases, table=purchases.orders.select("customer_id", "date", "is_order"), meaning="")
    if model.late_entry:
        return purchase_histories(orders, records.tables.get("customers"), as_of, UNIT)
    return transaction_summary(orders.table, as_of=as_of, period=UNIT, merge="day")


def _without(records: Records, customers: list[object], source: str) -> Records:
    """Return what a backtest reads of the records, without some customers, held in memory.

    Every origin cuts them anew, and each cut of all tables and columns would be compiled and read.
    """
    tables = {}
    for name in ("customers", source):
        table = records[name]
        columns = [column for column in _READ if column in table.columns]
        rows = table.select(columns).to_pyarrow()
        theirs = pc.is_in(rows["customer_id"], pa.array(customers, rows["customer_id"].type))
        tables[name] = ibis.memtable(rows.filter(pc.invert(theirs)))
    return replace(records, tables=tables)
