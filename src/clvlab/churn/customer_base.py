"""From records to who is leaving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import ibis.expr.types as ir
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.churn.checking.out_of_time import OutOfTime, out_of_time
from clvlab.churn.customer_churn import Churn
from clvlab.churn.prospects.prospects import prospects
from clvlab.features.churn_definitions import (
    ChurnEvents,
    Rhythm,
    contract_ends,
    fixed_silence,
    rhythm,
    volume_fall,
)
from clvlab.features.contract_spells import window_start
from clvlab.features.events import Purchases, purchases
from clvlab.features.spells import account_spells
from clvlab.periods import months_before
from clvlab.records.records import Records
from clvlab.refusal import Refused

HORIZONS = (3, 6, 12)
PROFILE = ("size_class", "industry", "region", "acquisition_channel", "priority_class")
# Days of a forecast in months before the as-of date, and how far each is scored: what follows must be known by now,
# and a silence takes a quarter or two to be called.
_LANDMARKS = {18: (3, 6, 12), 12: (3, 6)}


def assess(records: Records, purchases: Purchases, as_of: dt.date, assumptions: Assumptions, seed: int = 1) -> Churn:
    """Return who is leaving, as known on a day.

    Parameters
    ----------
    records
        As they were known on ``as_of``.
    purchases
        Of these records.
    as_of
        The last day known.
    assumptions
        What counts as churn, and how far ahead to look.
    seed
        Of all random draws.

    Raises
    ------
    Refused
        When nobody left so far, or nobody is left.
    """
    # Read once: the panel asks them some forty times, and each would go back through the as-of cut.
    tables = {name: table.cache() for name, table in records.tables.items()}
    orders = purchases.orders.select("customer_id", "date").cache()
    profiles = _profiles(tables)
    definitions, own = _definitions(orders, tables, as_of, assumptions, profiles.get("size_class"))
    accounts = account_spells(
        orders, as_of, definitions[assumptions.churn_definition], tables.get("contracts"), tables.get("customers")
    )
    horizons = sorted({*HORIZONS, assumptions.leave_within_months})
    ahead = prospects(tables, accounts, own, as_of, window_start(orders), horizons, seed)
    return Churn(
        accounts, definitions, assumptions.churn_definition, own, ahead, profiles, as_of,
        assumptions.leave_within_months,
    )  # fmt: skip


def check(records: Records, found: Churn, assumptions: Assumptions, seed: int = 1) -> OutOfTime:
    """Return how forecasts from earlier days did, made with what was known then.

    Parameters
    ----------
    records
        As they were known on the day of ``found``.
    found
        From :func:`assess`: what came.
    assumptions, seed
        As there.

    Raises
    ------
    Refused
        When too few left after every earlier day.
    """

    def forecast(day: dt.date):  # type: ignore[no-untyped-def]
        known = records.at(day)
        then = assess(known, purchases(known.tables), day, assumptions, seed)
        return then.prospects, then.accounts.standing["silent_days"]

    days = {months_before(found.as_of, months): horizons for months, horizons in _LANDMARKS.items()}
    return out_of_time(forecast, found.spells, days, assumptions.silent_days, seed)


def _definitions(
    orders: ir.Table,
    tables: Mapping[str, ir.Table],
    as_of: dt.date,
    assumptions: Assumptions,
    kinds: pd.Series | None,
) -> tuple[dict[str, ChurnEvents], Rhythm | None]:
    """Return whom each definition calls lost, and the rhythm behind one of them."""
    found = {
        "silence": fixed_silence(orders, as_of, assumptions.silent_days),
        "volume": volume_fall(orders, as_of, assumptions.volume_fall),
    }
    if "contracts" in tables:
        found["contract"] = contract_ends(tables["contracts"], orders, as_of)
    try:
        own = rhythm(orders, as_of, assumptions.false_alarms_per_year, kinds)
    except Refused:
        if assumptions.churn_definition == "rhythm":
            raise
        return found, None
    return found | {"rhythm": own.churn_events}, own


def _profiles(tables: Mapping[str, ir.Table]) -> pd.DataFrame:
    """Return what the customer file says of each customer's kind, as far as it does, by customer_id."""
    if "customers" not in tables:
        return pd.DataFrame(index=pd.Index([], name="customer_id"))
    table = tables["customers"]
    known = [name for name in PROFILE if name in table.columns]
    return table.select("customer_id", *known).to_pyarrow().to_pandas().set_index("customer_id")
