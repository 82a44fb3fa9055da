"""From records to what every customer is worth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.clv.models.margins import ContributionMargin
from clvlab.clv.models.outlook import Outlook
from clvlab.clv.models.spend import GammaGamma
from clvlab.clv.valuing.customer_values import EVERYONE, CustomerValues
from clvlab.clv.valuing.equity import Intake, sensitivity
from clvlab.clv.valuing.growth import USUAL, Growth, estimate_growth
from clvlab.clv.valuing.spot import Spot
from clvlab.clv.valuing.ties import UNIT, choose_model, find_ties, fit_spot
from clvlab.clv.valuing.valuation import Drawn, Money, Stream, draw_values, expected_purchases, expected_values
from clvlab.features.contract_spells import window_start
from clvlab.features.events import MARGIN, Purchases
from clvlab.features.growth import stayers
from clvlab.features.known_costs import known_costs
from clvlab.features.transactions import transaction_summary
from clvlab.features.values import value_summary
from clvlab.periods import to_days, to_periods
from clvlab.records.records import Records
from clvlab.refusal import Refused
from clvlab.shrinkage import pool_counts

SEGMENTATIONS = ("industry", "region", "size_class", "acquisition_channel", "priority_class")
_UNKNOWN = "not recorded"
_BETWEEN = "\t"  # joins a segmentation's name and a segment's
_MONTHS = ("horizon_months", "growth_lasts_months")
_WITH_ENDS = ("value", "life_value", "total_value")
_NEVER_DAYS = 36_525.0  # a date a century ahead stands for all later ones
_LIKELY, _LATE = 0.5, 0.95
_YEAR = 365
_ON_ALL = "Those never under contract are too few for a model of their own: it is fitted to the purchases of all."


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
    if purchases.value is None:
        raise Refused("A value needs money: revenue and direct_cost in shipments, or invoices with amounts.")
    # Read once: what follows asks for them a dozen times, and each would go back to the records.
    purchases = replace(purchases, table=purchases.table.cache())
    ties = find_ties(records, purchases, as_of)
    try:
        tested = choose_model(ties, records, purchases, as_of, seed)
    except Refused:
        if not ties.ever:
            raise
        ties = replace(ties, ever=[], remark=f"{ties.remark} {_ON_ALL}")
        tested = choose_model(ties, records, purchases, as_of, seed)
    spot = fit_spot(str(tested.winner), ties, records, purchases, as_of)
    streams: list[Stream] = [stream for stream in (ties.contracted, spot) if stream is not None and len(stream.table)]
    customers = pd.Index(np.concatenate([stream.table.index for stream in streams]), name="customer_id")
    costs = known_costs(records.tables)
    costs = costs.reindex(customers)  # keeps attrs
    so_far = _net_values(purchases, costs, as_of)
    money = _money(purchases, so_far, as_of, bool(costs["serving"].any()))
    growth, grown = _growth(purchases, so_far, as_of)
    if assumptions.growth_lasts_months == 0:
        growth, grown = Growth(spread=growth.spread), "No growth is assumed (growth_lasts_months = 0)."
    months = {name: to_periods(to_days(getattr(assumptions, name), "month"), UNIT) for name in _MONTHS}
    outlook = Outlook(
        assumptions.annual_discount_rate, UNIT, months["horizon_months"], growth.value, months["growth_lasts_months"]
    )
    life = outlook.over(horizon=float("inf"))
    ties_of = [stream.tie for stream in streams for _ in range(len(stream.table))]
    segments = _segments(records, customers).assign(tie=ties_of)
    groups = pd.get_dummies(segments, prefix_sep=_BETWEEN).astype(float)
    drawn = draw_values(streams, money, (outlook, life), growth, groups, seed, tested.missed(str(tested.winner)))
    frame, error = _expected(streams, money, outlook, life, growth, as_of)
    for place, name in enumerate(("value", "life_value")):
        frame[f"{name}_lower"] = np.concatenate([part.lower[:, place] for part in drawn])
        frame[f"{name}_upper"] = np.concatenate([part.upper[:, place] for part in drawn])
    frame = _with_history(frame, so_far, costs).join(segments.add_prefix("segment_"))
    intake = _intake(spot, money, purchases, costs, as_of)
    table = sensitivity(streams, money, outlook, life, spot, intake)
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
        backtest=tested,
        remarks=tuple(
            text
            for text in (tested.verdict, ties.remark, grown, *_doubts(streams, money), _silent(spot), _costs(costs))
            if text
        ),
        error=error,
    )


def _net_values(purchases: Purchases, costs: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Return what each customer's purchases have been worth, less recorded costs of serving.

    What serving costs per purchase is drawn towards that of all: a new customer's first visits would else make every
    later purchase a loss.
    """
    found = value_summary(purchases, as_of).reindex(costs.index)
    found = found.fillna({"valued_purchases": 0, "total_value": 0.0})
    serving, bought = costs["serving"].fillna(0.0), found["valued_purchases"]
    found["total_value"] -= serving
    one = float(costs.attrs["one"])
    if one > 0:
        pooled = pool_counts(serving / one, bought.clip(lower=1.0))
        found["mean_value"] -= one * pooled.estimate
    return found


def _money(purchases: Purchases, so_far: pd.DataFrame, as_of: dt.date, serving: bool) -> Money:
    """Return what a purchase is worth: by Gamma-Gamma where values are amounts above 0, else by margins of any sign."""
    table = so_far
    if purchases.meaning != MARGIN and not serving and bool((so_far["mean_value"].dropna() > 0).all()):
        summary = transaction_summary(
            purchases.table, value=purchases.value, as_of=as_of, period=UNIT, merge="day", negative=purchases.negative
        )
        table = summary[["frequency", "monetary_value"]].reindex(so_far.index).fillna(0.0)
        repeat = table["frequency"] > 0
        if not (table.loc[repeat, "monetary_value"] < 0).any():
            fit = GammaGamma().fit(table)
            if fit.params_["q"] > 2:  # else a new customer's mean value is infinite, or hardly told
                return Money(fit, table)
    return Money(ContributionMargin().fit(so_far), so_far)


def _growth(purchases: Purchases, so_far: pd.DataFrame, as_of: dt.date) -> tuple[Growth, str]:
    """Return how what stayers buy grows, and what is said of it; none where the records are too short."""
    try:
        pairs = stayers(purchases, as_of)
    except Refused as refusal:
        return Growth(error=USUAL), f"{refusal} None is assumed, give or take {USUAL:.0%} a year."
    growth = estimate_growth(pairs[pairs.index.isin(so_far.index)], so_far)
    if not growth.told:
        few = f"Only {growth.customers:,} customers were there through both of the last two years"
        return growth, f"{few}: no growth is assumed, give or take {USUAL:.0%} a year."
    return growth, (
        f"What stayers bring is taken to grow by {growth.value:+.1%} a year (standard error {growth.error:.1%}), as "
        f"{growth.customers:,} of them showed, drawn towards none the less they tell."
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
        alive = stream.probability_alive()
        purchases, _ = expected_purchases(stream, counted)
        value, error = expected_values(stream, money, outlook)
        lifelong, lifelong_error = expected_values(stream, money, life)
        frame = pd.DataFrame({"tie": stream.tie, "probability_alive": alive, "purchases": purchases})
        for name, chance in (("next_purchase", _LIKELY), ("next_purchase_by", _LATE)):
            days = to_days(stream.next_purchase(chance), UNIT).clip(upper=_NEVER_DAYS).round()
            frame[name] = (pd.Timestamp(as_of) + pd.to_timedelta(days, unit="D")).where(alive >= _LIKELY)
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


def _intake(spot: Spot, money: Money, purchases: Purchases, costs: pd.DataFrame, as_of: dt.date) -> Intake:
    """Return a year's new customers: those whose first order lies in the last year of longer records."""
    orders = purchases.orders
    firsts = orders.group_by("customer_id").agg(first=orders.date.min()).execute().set_index("customer_id")["first"]
    firsts = pd.to_datetime(firsts)[lambda first: first > pd.Timestamp(as_of - dt.timedelta(days=_YEAR))]
    known = spot.table.index[spot.table["entry"] > 0] if "entry" in spot.table else spot.table.index[:0]
    new = firsts.index.intersection(costs.index).difference(known)
    if window_start(orders) > as_of - dt.timedelta(days=_YEAR) or not len(new):
        return Intake(0.0, None, 0.0)
    worth = money.fit.expected_value(money.table.loc[new])
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


def _doubts(streams: Sequence[Stream], money: Money) -> list[str]:
    """Return what the fits behind the values say against themselves."""
    fits = [
        getattr(stream, name) for stream in streams for name in ("fit", "rates", "renewals") if hasattr(stream, name)
    ]
    return [f"{fit.title}." for fit in (*fits, money.fit) if " - " in fit.title]


def _silent(spot: Spot) -> str:
    """Return how many customers are left out for having bought nothing in the records."""
    silent = int(spot.table.attrs.get("known_before_without_purchase", 0))
    return f"{silent:,} customers known before the records begin bought nothing in them and are left out." * (
        silent > 0
    )


def _costs(costs: pd.DataFrame) -> str:
    """Return which costs the values are less."""
    known = {
        "of winning customers": costs["acquisition"].notna().any(),
        "of contacts and campaigns": costs["serving"].any(),
    }
    there = " and ".join(name for name, is_there in known.items() if is_there)
    return f"Values are less recorded costs {there}." if there else "The records hold no costs of customers."
