"""From records to what every customer is worth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.clv.models.outlook import Outlook
from clvlab.clv.valuing.customer_values import EVERYONE, CustomerValues
from clvlab.clv.valuing.equity import Intake, sensitivity
from clvlab.clv.valuing.fitted import Models, fit_models
from clvlab.clv.valuing.growth import Growth
from clvlab.clv.valuing.valuation import Drawn, Money, Stream, draw_values, expected_values, what_comes
from clvlab.features.contract_spells import window_start
from clvlab.features.events import Purchases
from clvlab.records.records import Records

SEGMENTATIONS = ("industry", "region", "size_class", "acquisition_channel", "priority_class")
_UNKNOWN = "not recorded"
_BETWEEN = "\t"  # joins a segmentation's name and a segment's
_WITH_ENDS = ("value", "life_value", "total_value")
_YEAR = 365


def value_base(
    records: Records, purchases: Purchases, as_of: dt.date, assumptions: Assumptions, seed: int = 1
) -> CustomerValues:
    """Return what every customer is worth, valued by the model that did best on months held out.

    Parameters
    ----------
    records
        As they were known on ``as_of``.
    purchases
        Of these records.
    as_of
        The last day known.
    assumptions
        Discount rate, horizon, and how long growth lasts.
    seed
        Of all random draws.

    Raises
    ------
    Refused
        Without money in the records, and with too few repeat buyers or too short a window for any model.

    Notes
    -----
    Customers whose contract runs are valued by how long contracts last, times their purchases under contract; all
    others by a purchase model, fitted to those who were never under contract. What a purchase is worth is less what
    the records know of serving the customer, spread over their purchases.
    """
    models = fit_models(records, purchases, as_of, assumptions, seed)
    streams, money, growth, outlook = models.streams, models.money, models.growth, models.outlook
    life = outlook.over(horizon=float("inf"))
    ties_of = [stream.tie for stream in streams for _ in range(len(stream.table))]
    segments = _segments(records, models.costs.index).assign(tie=ties_of)
    groups = pd.get_dummies(segments, prefix_sep=_BETWEEN).astype(float)
    missed = models.tested.missed(str(models.tested.winner))
    drawn = draw_values(streams, money, (outlook, life), growth, groups, seed, missed)
    frame, error = _expected(streams, money, outlook, life, growth, as_of)
    for place, name in enumerate(("value", "life_value")):
        frame[f"{name}_lower"] = np.concatenate([part.lower[:, place] for part in drawn])
        frame[f"{name}_upper"] = np.concatenate([part.upper[:, place] for part in drawn])
    frame = _with_history(frame, models.so_far, models.costs).join(segments.add_prefix("segment_"))
    intake = _intake(models, as_of)
    table = sensitivity(streams, money, outlook, life, models.spot, intake)
    return CustomerValues(
        title=f"Customer values as of {as_of}",
        frame=frame.sort_values("value", ascending=False, kind="stable"),
        totals=_totals(drawn, groups),
        sensitivity=table,
        as_of=as_of,
        currency=records.currency,
        meaning=purchases.meaning,
        horizon_months=assumptions.horizon_months,
        annual_rate=assumptions.annual_discount_rate,
        outlook=outlook,
        streams=streams,
        money=money,
        growth=growth,
        backtest=models.tested,
        remarks=models.remarks,
        error=error,
    )


def _segments(records: Records, customers: pd.Index) -> pd.DataFrame:
    """Return the segments of each customer, one column per segmentation that the records have, and all together."""
    table = records["customers"]
    names = [name for name in SEGMENTATIONS if name in table.columns]
    frame = table.select("customer_id", *names).execute().set_index("customer_id").reindex(customers)
    frame = frame.astype("string").fillna(_UNKNOWN).astype(object)
    frame.insert(0, EVERYONE, EVERYONE)
    return frame


def _expected(
    streams: Sequence[Stream], money: Money, outlook: Outlook, life: Outlook, growth: Growth, as_of: dt.date
) -> tuple[pd.DataFrame, float]:
    """Return what is expected of each customer, and the largest relative error of the quadrature."""
    # Numbers of purchases: not discounted, and grown as purchases grow, not their value.
    counted = outlook.over(annual_rate=0.0, growth=growth.purchases)
    frames, errors = [], []
    for stream in streams:
        frame = what_comes(stream, counted, as_of)
        value, error = expected_values(stream, money, outlook)
        lifelong, lifelong_error = expected_values(stream, money, life)
        frame["purchase_value"] = money.fit.expected_value(money.table.loc[frame.index])
        frames.append(frame.assign(value=value, life_value=lifelong))
        errors += [error, lifelong_error]
    return pd.concat(frames), max(errors)


def _with_history(frame: pd.DataFrame, so_far: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with what customers have brought so far, and with that and what is to come together."""
    frame["historical_value"] = so_far["total_value"] - costs["acquisition"].fillna(0.0)
    frame["total_value"] = frame["historical_value"] + frame["life_value"]
    for end in ("_lower", "_upper"):
        frame[f"total_value{end}"] = frame["historical_value"] + frame[f"life_value{end}"]
    order = ["tie", "probability_alive", "purchases", "next_purchase", "next_purchase_by", "purchase_value"]
    order += ["historical_value", *(f"{name}{end}" for name in _WITH_ENDS for end in ("", "_lower", "_upper"))]
    return frame[order]


def _intake(models: Models, as_of: dt.date) -> Intake:
    """Return a year's new customers: those whose first order lies in the last year of longer records."""
    orders, table, costs = models.purchases.orders, models.spot.table, models.costs
    firsts = orders.group_by("customer_id").agg(first=orders.date.min()).execute().set_index("customer_id")["first"]
    firsts = pd.to_datetime(firsts)[lambda first: first > pd.Timestamp(as_of - dt.timedelta(days=_YEAR))]
    known = table.index[table["entry"] > 0] if "entry" in table else table.index[:0]
    new = firsts.index.intersection(costs.index).difference(known)
    if window_start(orders) > as_of - dt.timedelta(days=_YEAR) or not len(new):
        return Intake(0.0, None, 0.0)
    worth = models.money.fit.expected_value(models.money.table.loc[new])
    cost = float(costs.loc[new, "acquisition"].mean()) if costs.loc[new, "acquisition"].notna().any() else None
    return Intake(float(len(new)), cost, float(worth.mean()))


def _totals(drawn: Sequence[Drawn], groups: pd.DataFrame) -> pd.DataFrame:
    """Return draws of what each group of customers is worth, within the horizon and for life."""
    summed = np.sum([part.totals for part in drawn], axis=0)
    names = [tuple(str(name).split(_BETWEEN, 1)) for name in groups.columns]
    columns = {
        (*name, horizon): summed[:, place, group]
        for group, name in enumerate(names)
        for place, horizon in enumerate(("value", "life_value"))
    }
    return pd.DataFrame(columns)
