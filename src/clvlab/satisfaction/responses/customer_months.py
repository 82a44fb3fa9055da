"""Customers by months without calling anybody lost: how likely each silence is of a customer who is still there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.features.churn_definitions import Rhythm
from clvlab.features.contract_spells import contract_spells
from clvlab.features.panel import panel
from clvlab.features.panel.covariates import Covariate, Family
from clvlab.features.tables import as_table
from clvlab.periods import epoch_days, parse_date, period_index, to_periods

Floats: TypeAlias = NDArray[np.float64]

_DAY = pd.Timedelta(days=1)
# Within a month the chance of so long a gap falls fast for customers who order daily: eight points follow it.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True)
class CustomerMonths:
    """Customers by months, from when each was first seen to the as-of date or a known end.

    Attributes
    ----------
    frame
        One row per customer and calendar month, by customer and month; the month of the last order is two rows, up to
        it and after it. ``customer_id``, ``month`` (``clvlab.periods.period_index``), ``from``, ``until`` (first and
        last day), ``length`` (in months of 365.25/12 days), ``age`` (when it begins, in months), ``orders`` (asked for,
        refused ones too), ``unseen`` (probability that a leaving in the row would look as the records do: 0 up to the
        last order, then the chance that a stayer's gap would have lasted from the last order to then; 1 where a
        contract is known to have ended), and the covariates known before the month.
    silent
        By customer_id in the order of ``frame``: probability that a customer still there on the as-of date would look
        as the records do: the chance of so long a gap; 1 under contract, 0 where the contract has ended.
    missing
        Covariates that the records cannot tell, with what they would need.
    covariates
        What the covariates are, by name.
    """

    frame: pd.DataFrame
    silent: pd.Series
    missing: Mapping[str, str]
    covariates: Mapping[str, Covariate] = field(default_factory=dict)


def customer_months(
    tables: Mapping[str, ir.Table],
    orders: ir.Table,
    rhythm: Rhythm,
    as_of: str | dt.date,
    window_start: str | dt.date,
    families: Sequence[Family] = (),
) -> CustomerMonths:
    """Return customers by months, with what the records say of each one's leaving.

    Parameters
    ----------
    tables
        Accepted tables by name, as they were known on ``as_of``.
    orders
        customer_id, date: one row per order.
    rhythm
        Of the same orders and day: how long a stayer's gaps are.
    as_of, window_start
        The last day known, and the records' first.
    families
        Covariates, as :func:`clvlab.features.panel.panel` takes them.

    Notes
    -----
    A customer is followed from the first order seen, or from the records' first day where a contract ran then. A
    running contract says that it is there; a contract that ended without another, and without an order since, says
    when it left; all others may have left at any time since the last order. Leaving here is leaving for good: whoever
    came back had a long gap. (Leaving out the pauses that a rhythm calls leavings drew the effect on orders 5% towards
    0 on simulated markets: most were long gaps of customers poorly served.) Of who left before ordering once in the
    records nothing is seen, and following customers from the first order, not from the records' first day, allows for
    that.
    """
    today = pd.Timestamp(parse_date(as_of))
    customers = _customers(tables, orders, parse_date(as_of), parse_date(window_start))
    months = panel(tables, _pieces(customers, today), as_of, window_start, families)
    frame = months.frame.sort_values(["customer_id", "month", "spell"], ignore_index=True)
    frame = frame.drop(columns=["spell", "event", "cause", "duration", "months_recorded"])
    frame = frame.rename(columns={"entry": "age"})
    begin, end = epoch_days(frame["from"]), epoch_days(frame["until"])
    frame.insert(4, "length", to_periods(end + 1 - begin, "month"))
    frame.insert(6, "orders", _counted(_asked_for(tables, orders), frame))
    whose = customers.loc[frame["customer_id"]]
    frame.insert(7, "unseen", _unseen(rhythm, frame, whose))
    known = customers.loc[frame["customer_id"].unique()]
    exceeds = _exceeds(rhythm, known.index, np.full((1, len(known)), epoch_days(today)))[0]
    silent = np.select([known["there"], known["left_on"].notna()], [1.0, 0.0], exceeds)
    return CustomerMonths(frame, pd.Series(silent, known.index, name="silent"), months.missing, months.covariates)


def _customers(tables: Mapping[str, ir.Table], orders: ir.Table, as_of: dt.date, window_start: dt.date) -> pd.DataFrame:
    """Return by customer: when it was first seen, its last order, and whether and until when a contract tells more."""
    ordered = as_table(orders, ["customer_id", "date"])
    ordered = ordered.filter(ordered.date <= as_of)
    found = ordered.group_by("customer_id").agg(since=ordered.date.min(), last_on=ordered.date.max())
    frame = found.to_pyarrow().to_pandas().set_index("customer_id").astype("datetime64[ns]").sort_index()
    frame["there"], frame["left_on"] = False, pd.NaT
    if "contracts" in tables:
        terms = contract_spells(tables["contracts"], as_of, window_start)
        terms = terms[terms["customer_id"].isin(frame.index)].sort_values(["customer_id", "started_on"])
        began = terms.groupby("customer_id")["started_on"].min().clip(lower=pd.Timestamp(window_start))
        latest = terms.drop_duplicates("customer_id", keep="last").set_index("customer_id")["ended_on"]
        frame["since"] = pd.concat([frame["since"], began], axis=1).min(axis=1)
        frame.loc[latest.index[latest.isna()], "there"] = True
        ended = latest.dropna().reindex(frame.index)
        frame["left_on"] = ended.where(ended >= frame["last_on"])
    frame["started_on"] = frame["since"]
    if "customers" in tables and "onboarded_on" in tables["customers"].columns:
        days = tables["customers"].select("customer_id", "onboarded_on").to_pyarrow().to_pandas()
        onboarded = days.drop_duplicates("customer_id").set_index("customer_id")["onboarded_on"]
        onboarded = pd.to_datetime(onboarded).reindex(frame.index)
        frame["started_on"] = frame["started_on"].where(~(onboarded < frame["since"]), onboarded)
    return frame


def _pieces(customers: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Return each customer's time as spells: up to the last order, and from the day after it."""
    end = customers["left_on"].fillna(today)
    first_until = customers["last_on"].where(~customers["there"] & customers["left_on"].isna(), end)
    common = {"customer_id": customers.index, "started_on": customers["started_on"], "event": 0, "cause": None}
    first = pd.DataFrame(common | {"spell": 1, "at_risk_from": customers["since"], "at_risk_to": first_until})
    second = pd.DataFrame(common | {"spell": 2, "at_risk_from": first_until + _DAY, "at_risk_to": end})
    return pd.concat([first, second[second["at_risk_from"] <= end]], ignore_index=True)


def _asked_for(tables: Mapping[str, ir.Table], orders: ir.Table) -> ir.Table:
    """Return what customers asked for: with the shipments that the provider refused, which are no purchases."""
    if "shipments" not in tables:
        return orders
    return tables["shipments"].select("customer_id", date=tables["shipments"].booked_at.date())


def _counted(orders: ir.Table, frame: pd.DataFrame) -> NDArray[np.int64]:
    """Return the number of orders in each row; those of a month in two rows lie in its first."""
    rows = orders.select("customer_id", month=period_index(orders.date, "month"))
    counts = rows.group_by("customer_id", "month").agg(n=rows.count()).to_pyarrow().to_pandas()
    number = counts.set_index(["customer_id", "month"])["n"]
    keys = pd.MultiIndex.from_frame(frame[["customer_id", "month"]])
    first = ~keys.duplicated()
    return np.where(first, number.reindex(keys).fillna(0).to_numpy(), 0).astype(np.int64)


def _unseen(rhythm: Rhythm, frame: pd.DataFrame, whose: pd.DataFrame) -> Floats:
    """Return the probability that a leaving in each row would look as the records do."""
    begin, end = epoch_days(frame["from"]), epoch_days(frame["until"]) + 1
    at = begin - 1 + (end - begin) * (1 + _NODES[:, None]) / 2
    chance = (_WEIGHTS / 2) @ _exceeds(rhythm, pd.Index(frame["customer_id"]), at)
    after = (frame["from"].to_numpy() > whose["last_on"].to_numpy()) & ~whose["there"].to_numpy()
    known = whose["left_on"].notna().to_numpy()
    return np.where(known, frame["until"].to_numpy() == whose["left_on"].to_numpy(), after * chance).astype(float)


def _exceeds(rhythm: Rhythm, customers: pd.Index, days: Floats) -> Floats:
    """Return the chance that a stayer's gap lasts from its last order to the end of days of shape (n, customers)."""
    place = rhythm.days.customers.get_indexer(customers)
    last = rhythm.days.last[place]
    silence = rhythm.clock.time(days) - rhythm.clock.time(rhythm.days.day[last])
    return rhythm.gaps.of(last).exceeds(np.maximum(silence, 0.0))
