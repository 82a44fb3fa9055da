"""From records to who is leaving."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.churn.base import Base
from clvlab.churn.checking.out_of_time import OutOfTime, out_of_time
from clvlab.churn.customer_churn import Churn
from clvlab.churn.prospects.prospects import Prospects
from clvlab.features.events import Purchases, purchases
from clvlab.features.spells import account_spells
from clvlab.periods import months_before
from clvlab.records.records import Records

# Days of a forecast in months before the as-of date, and how far each is scored: what follows must be known by now,
# and a silence takes a quarter or two to be called.
_LANDMARKS = {18: (3, 6, 12), 12: (3, 6)}


def assess(records: Records, purchases: Purchases, as_of: dt.date, assumptions: Assumptions, seed: int = 1) -> Churn:
    """Return who is leaving, as known on a day.

    Parameters
    ----------
    records
        As they were known on ``as_of``; read into memory, since the panel asks them some forty times.
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
        When there is no rhythm to learn and churn is defined by it.
    """
    orders = purchases.orders.select("customer_id", "date").cache()
    base = Base(records, orders, as_of, assumptions)
    tables = records.tables
    accounts = account_spells(orders, as_of, base.lost, tables.get("contracts"), tables.get("customers"))
    return Churn(base, accounts, seed)


def check(found: Churn, seed: int = 1) -> OutOfTime:
    """Return how forecasts from earlier days did, made with what was known then.

    Parameters
    ----------
    found
        From :func:`assess`: what came.
    seed
        Of all random draws.

    Raises
    ------
    Refused
        When too few left after every earlier day.
    """

    def forecast(day: dt.date) -> tuple[Prospects, pd.Series]:
        known = found.base.records.at(day).read()
        then = assess(known, purchases(known.tables), day, found.base.assumptions, seed)
        return then.prospects, then.accounts.standing["silent_days"]

    days = {months_before(found.as_of, months): horizons for months, horizons in _LANDMARKS.items()}
    return out_of_time(forecast, found.spells, days, found.base.assumptions.silent_days, seed)
