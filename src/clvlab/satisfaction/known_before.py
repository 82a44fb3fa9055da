"""What was known of each customer when the month of an invitation opened: what may drive or bias an answer."""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.contract_spells import window_start
from clvlab.features.events import purchases
from clvlab.features.panel.covariates import Covariate
from clvlab.features.panel.panel import FAMILIES, Panel, panel
from clvlab.features.panel.service import MEMORY
from clvlab.periods import period_index
from clvlab.satisfaction.answers import Answers

ORDERS = Covariate("orders", f"orders of {MEMORY} months (log)", "log unit of orders", "volume", False)
_KEYS = ["customer_id", "month"]


def known_before(tables: Mapping[str, ir.Table], asked: Answers, known: Panel | None = None) -> Panel:
    """Return what was known of every customer asked when the month of the invitation opened.

    Parameters
    ----------
    tables
        Accepted tables by name, as they were known on the day of ``asked``.
    asked
        Invitations and answers.
    known
        Customer-months where they have been made before, with a row at least for every customer and month asked.

    Returns
    -------
    Panel
        One row per customer and month from the first invitation to the last. Covariates are those of
        :func:`clvlab.features.panel.panel`, all failures together and by KPI, and ``orders``: the log of one plus the
        orders of the 6 months before. Whether a customer left is not looked at: a row counts if somebody was asked.
    """
    orders = purchases(tables).orders
    found = known or panel(tables, _asked_months(tables, asked, orders), asked.as_of, window_start(orders), FAMILIES)
    frame = found.frame.assign(orders=_orders_before(orders, found.frame))
    return Panel(frame, {**found.covariates, ORDERS.name: ORDERS}, found.missing)


def _asked_months(tables: Mapping[str, ir.Table], asked: Answers, orders: ir.Table) -> pd.DataFrame:
    """Return each customer's time from the first invitation to the last as a spell."""
    by = asked.invitations.groupby("customer_id")["sent_on"]
    spells = pd.DataFrame({"at_risk_from": by.min(), "at_risk_to": by.max()}).rename_axis("customer_id").reset_index()
    first = orders.group_by("customer_id").agg(first=orders.date.min()).to_pandas().set_index("customer_id")["first"]
    came = [pd.to_datetime(spells["customer_id"].map(first)), spells["at_risk_from"]]
    if "onboarded_on" in tables["customers"].columns:
        file = tables["customers"].select("customer_id", "onboarded_on").to_pandas().drop_duplicates("customer_id")
        came.append(pd.to_datetime(spells["customer_id"].map(file.set_index("customer_id")["onboarded_on"])))
    return spells.assign(spell=1, started_on=pd.concat(came, axis=1).min(axis=1), event=0, cause=None)


def _orders_before(orders: ir.Table, months: pd.DataFrame) -> pd.Series:
    """Return the log of one plus the orders in the months before each row's month opened."""
    by = orders.group_by("customer_id", month=period_index(orders.date, "month")).agg(number=orders.count())
    counts = by.to_pandas().set_index(_KEYS)["number"]
    total = sum(
        counts.reindex(pd.MultiIndex.from_arrays([months["customer_id"], months["month"] - back])).fillna(0).to_numpy()
        for back in range(1, MEMORY + 1)
    )
    return np.log1p(total)


def with_known(invitations: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return invitations with what was known of their customers; who is not in ``known`` is left out.

    Parameters
    ----------
    invitations
        customer_id, sent_on, ...
    known
        One row per customer and month (``clvlab.periods.period_index``): customer_id, month, covariates.
    """
    facts = known.drop(columns=[name for name in invitations.columns if name in known and name not in _KEYS])
    month = period_index(invitations["sent_on"], "month")
    return invitations.assign(month=month).merge(facts.drop_duplicates(_KEYS), on=_KEYS, how="inner")
