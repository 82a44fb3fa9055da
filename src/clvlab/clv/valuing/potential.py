"""What could be won from each customer, beside their value at today's share of their spend.

Three parts, kept apart: spend that others serve, the growth of the customer's own business, and the next service. The
chances are rates at which similar accounts did it within a year, ours to observe and not of our making: they say what
happens by itself, not what an effort would bring about. All accounts of one industry and size share a chance; only
spend, revenue and margin rate tell them apart.

How far to trust it, from simulated markets where what came is known: the number of accounts that give a larger share is
right on average over markets, and single years are further out than the intervals say; new services of long-standing
accounts are overstated, since a service used rarely is seen late and then looks newly taken up; and the order of
``could_be_won`` has little to do with whose margin rose. It is a list of where money lies, no forecast of where it will
come from.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy.stats import norm

from clvlab.clv.valuing.ranges import Range, margin_rates, pooled_means, pooled_rates, product
from clvlab.features import winnable
from clvlab.features.customer_file.shared import MOST_ROWS
from clvlab.features.winnable import Tables
from clvlab.refusal import Refused
from clvlab.results import Remarked
from clvlab.shrinkage import pool_counts

_NINETY = float(norm.ppf(0.95))

STALE = "pays us more than the stated spend: profile out of date"
SILENT = "bought nothing for a year"
SEEN_LATE = (
    "A service used rarely is seen late and looks newly taken up: the chances of a next service are too high for "
    "accounts of long standing, the more so the shorter the records."
)
NEW = "with us for less than a year: revenue covers part of one, the gap is overstated"


def _with_ends(*names: str) -> list[str]:
    return [name + end for name in names for end in ("", "_lower", "_upper")]


_COLUMNS = [
    *("similar", "revenue", "margin", *_with_ends("margin_rate"), "logistics_spend", "unserved_spend"),
    *_with_ends("unserved_probability", "unserved_margin", "unserved_expected"),
    *("own_growth", *_with_ends("growth_expected")),
    *("next_service", *_with_ends("service_probability", "service_margin", "service_expected")),
    *(*_with_ends("could_be_won"), "flag"),
]


class Potential(Remarked):
    """What could be won from each customer.

    Attributes
    ----------
    services
        DataFrame: customer_id, service, probability and margin if taken up (with intervals), expected; every service
        that a customer has not used yet.
    similar
        DataFrame: what similar accounts did with their share: similar, accounts, gained, probability and part of the
        gap closed (with intervals).
    remarks
        What is switched off and why, and what a reader should know.
    """

    decimals = 0
    percent = ("unserved_probability", "service_probability")

    def __init__(
        self, frame: pd.DataFrame, services: pd.DataFrame, similar: pd.DataFrame, remarks: list[str], currency: str
    ) -> None:
        self._frame = frame
        self.services, self.similar = services, similar
        self.remarks = tuple(remarks)
        self.title = "What could be won in a year" + (f", margin in {currency}" if currency else "")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer, all money a year and in margin unless it says revenue or spend.

        customer_id, similar, revenue, margin (of the last 365 days), margin_rate, logistics_spend, unserved_spend;
        unserved_probability, unserved_margin (if it comes), unserved_expected; growth_expected; next_service,
        service_probability, service_margin (if taken up), service_expected; could_be_won; flag. Estimates have _lower
        and _upper. Missing where a part is off, or says nothing about this customer.
        """
        return self._frame

    def _shown(self) -> pd.DataFrame:
        names = ["customer_id", "margin", "unserved_probability", "unserved_expected", "growth_expected"]
        names += ["next_service", "service_probability", "service_expected"]
        names += ["could_be_won", "could_be_won_lower", "could_be_won_upper"]
        known = self._frame[self._frame["could_be_won"].notna()]
        top = known.sort_values(["could_be_won", "customer_id"], ascending=[False, True]).head(MOST_ROWS)
        return top[[name for name in names if top[name].notna().any()]].reset_index(drop=True)


def potential(
    tables: Tables, as_of: dt.date, currency: str = "", probability_active: pd.Series | None = None
) -> Potential:
    """Estimate what could be won from each customer in a year, beside today's value.

    Parameters
    ----------
    tables
        Accepted tables by name, as known at the end of ``as_of`` (``study.records.tables``).
    as_of
        The last day known; later sales are left out.
    currency
        Unit of the money.
    probability_active
        Probability of still being a customer, by customer_id; 1 where not given. It bears on own growth alone: the
        chances of the other parts count accounts that left as having won us nothing.

    Returns
    -------
    Potential
        A part that lacks what it needs is missing, and one of ``remarks`` says what it needs.

    Raises
    ------
    Refused
        When ``probability_active`` is not between 0 and 1.

    Notes
    -----
    - Unserved spend: logistics_spend less revenue of the last 365 days. Its chance is that of a clearly larger share
      (:func:`clvlab.features.winnable.share_gained`); margin if it comes is gap * part of the gap closed by those who
      gained * margin rate.
    - Own growth: own_growth * margin of the last 365 days, if our share stays. Stated growth is taken at its word, and
      the interval tells chance in the margin alone; without it, the mean and range of similar accounts.
    - Next service: for each service never used up to ``as_of``, the rate at which similar accounts took it up in the
      last 365 days, times what takers earned on it (a share of their revenue, their first 365 days) times revenue. Of
      all, the one with the largest expected margin is named.

    The next service is paid from the unserved spend: the two are never added. ``could_be_won`` is own growth and the
    larger of the two expected figures. A customer that bought nothing for 365 days has none: that is winning back.

    Examples
    --------
    >>> potential(study.records.tables, study.as_of, study.currency)        # doctest: +SKIP
    """
    known = _known(tables, as_of)
    reasons = _reasons(tables, known)
    remarks = [f"{part}: {reason}" for part, reason in reasons.items() if reason]
    frame, services, similar = known.start(), pd.DataFrame(), pd.DataFrame()
    if not reasons["Unserved spend"]:
        columns, similar, remark = _unserved(known)
        frame, remarks = frame.assign(**columns), [*remarks, remark]
    if not reasons["Own growth"]:
        active = _checked(probability_active, frame.index).where(known.buys)
        frame = frame.assign(**_grown(known).times(active).columns("growth_expected"))
        guessed = int((known.buys & known.profile["own_growth"].isna()).sum())
        if guessed:
            remarks.append(f"{guessed:,} customers state no growth of their own: that of similar accounts stands in.")
    if not reasons["Next service"]:
        services, remark = _services(known)
        frame, remarks = frame.join(_best(services)), [*remarks, remark, SEEN_LATE]
    frame = frame.assign(**_together(frame).columns("could_be_won"), flag=_flags(known))
    frame = frame.reindex(columns=_COLUMNS)
    for flag, count in frame["flag"].str.split("; ").explode().value_counts().sort_index().items():
        remarks += [f"{count:,} of {len(frame):,} customers: {flag}."] if flag else []
    undated = [c for c in (*winnable.SIMILAR, "logistics_spend", "own_growth") if c in tables["customers"].columns]
    if undated:
        remarks.append(f"Undated, taken as they stand in the customer file today: {', '.join(undated)}.")
    return Potential(frame.reset_index(), services, similar, remarks, currency)


class _Known(NamedTuple):
    """What the parts have in common."""

    sold: ir.Table
    as_of: dt.date
    by_year: pd.DataFrame
    profile: pd.DataFrame
    year: pd.DataFrame  # sums of the last 365 days
    every: pd.Index  # groups of similar accounts
    rates: Range
    growth: Range

    @property
    def buys(self) -> pd.Series:
        return self.year["orders"] > 0

    @property
    def gap(self) -> pd.Series:
        return (self.profile["logistics_spend"] - self.year["revenue"]).clip(lower=0.0)

    def start(self) -> pd.DataFrame:
        """Return the columns that need no estimate of a part."""
        frame = self.year[["revenue", "margin"]].assign(similar=self.profile["similar"], unserved_spend=self.gap)
        frame["logistics_spend"] = self.profile["logistics_spend"]
        return frame.assign(own_growth=self.growth.value, **self.rates.columns("margin_rate"))


def _known(tables: Tables, as_of: dt.date) -> _Known:
    sold = winnable.sales(tables, as_of)
    by_year = winnable.yearly(sold, as_of)
    profile = winnable.profiles(tables["customers"], by_year, as_of)
    every = pd.Index(sorted(profile["similar"].unique()))
    year = winnable.of_year(by_year, 0, profile.index)
    nothing = pd.Series(np.nan, profile.index)
    rates = margin_rates(year, profile["similar"]) if "margin" in year else Range(nothing, nothing, nothing)
    year = year.assign(**{name: np.nan for name in ("revenue", "margin") if name not in year})

    stated = profile["own_growth"]
    mean, spread = pooled_means(stated, profile["similar"], every)
    typical = mean.of(profile["similar"]).value
    margin = _NINETY * spread
    growth = Range(*(stated.fillna(other) for other in (typical, typical - margin, typical + margin)))
    return _Known(sold, as_of, by_year, profile, year, every, rates, growth)


def _reasons(tables: Tables, known: _Known) -> dict[str, str]:
    """Return by part what it lacks; blank when it can be told."""
    columns, file = known.sold.columns, known.profile
    revenue = "" if "revenue" in columns else "revenue in shipments (or amount in invoices)"
    margin = "" if "margin" in columns else "direct_cost in shipments" if not revenue else "revenue and direct_cost"
    uses = "service" in columns and bool(known.sold.service.notnull().any().execute())
    service = "" if uses else "service in shipments"
    spend = "" if file["logistics_spend"].notna().any() else "logistics_spend in customers"
    growth = "" if file["own_growth"].notna().any() else "own_growth in customers"
    idle = not winnable.of_year(known.by_year, 1, file.index)["orders"].any()
    short = idle or not winnable.reaches_back(known.by_year, known.as_of, 2)
    years = "records of two years up to the day" if short else ""

    def needs(*lacks: str) -> str:
        return f"needs {' and '.join(lack for lack in lacks if lack)}." if any(lacks) else ""

    return {
        "Unserved spend": needs(spend, revenue, years),
        "Own growth": needs(growth, margin),
        "Next service": needs(service, years),
        "Margin": needs(margin),
    }


def _unserved(known: _Known) -> tuple[dict[str, pd.Series], pd.DataFrame, str]:
    """Return the columns of the part, what similar accounts did, and how many of them did."""
    did = winnable.share_gained(known.profile, known.by_year, known.growth.value, known.as_of)
    chance = pooled_rates(did["gained"], did["similar"], known.every)
    parts = did[did["part"].notna()]
    part = pooled_rates(parts["part"], parts["similar"], known.every)
    counts = did.groupby("similar")["gained"].agg(accounts="size", gained="sum").reindex(known.every, fill_value=0)
    similar = counts.assign(**chance.columns("probability"), **part.columns("part")).rename_axis("similar")
    of_whom, asked = known.profile["similar"], known.buys & known.gap.notna()
    each = Range(*(side.where(asked) for side in chance.of(of_whom)))
    margin = product(part.of(of_whom).times(known.gap.where(asked)), known.rates)
    columns = each.columns("unserved_probability") | margin.columns("unserved_margin")
    columns |= product(each, margin).columns("unserved_expected")
    return columns, similar.reset_index(), _counted(did["gained"], "accounts gave us a clearly larger share")


def _grown(known: _Known) -> Range:
    """Return the own growth of the yearly margin; the error of the margin is the scatter of its shipments."""
    margin, error = known.year["margin"], _NINETY * np.sqrt(known.year["margin_squares"])
    return product(known.growth, Range(margin, margin - error, margin + error))


def _services(known: _Known) -> tuple[pd.DataFrame, str]:
    """Return each service that a customer has not used, with its chance and margin, and how many took one up."""
    uses = winnable.first_uses(known.sold)
    taken = winnable.taken_up(known.profile, known.by_year, uses, known.as_of)
    rows = winnable.not_yet_bought(known.profile, known.by_year, uses, known.as_of)
    nothing = pd.Series(np.nan, rows.index)
    unknown = Range(nothing, nothing, nothing)
    # Nothing was open to anybody where all use the one service there is.
    chance = _taking_up(taken, rows, known.every) if len(taken) else unknown
    if "margin" in known.sold.columns:
        earned = winnable.earned_by_takers(known.sold, taken, uses)
        share, _ = pooled_means(earned["share"], earned["service"], pd.Index(uses.columns))
        margin = share.of(rows["service"]).times(rows["customer_id"].map(known.year["revenue"]))
    else:
        margin = unknown
    services = rows.assign(**chance.columns("probability"), **margin.columns("margin"))
    services = services.assign(**product(chance, margin).columns("expected"))
    return services.drop(columns=["similar", "new"]), _counted(
        taken["taken"], "services open to an account were taken up"
    )


def _taking_up(taken: pd.DataFrame, rows: pd.DataFrame, every: pd.Index) -> Range:
    """Return the chance of each row's service being taken up: the rate of similar accounts, pooled within the service.

    New accounts take up more (or have merely not yet shown all they use): both kinds get the ratio of what they took
    up to what these rates expect, pooled too.
    """
    rates = {service: pooled_rates(did["taken"], did["similar"], every) for service, did in taken.groupby("service")}

    def looked_up(at: pd.DataFrame) -> Range:
        cells = pd.MultiIndex.from_frame(at[["service", "similar"]])
        sides = (pd.concat({service: found[i] for service, found in rates.items()}) for i in range(3))
        return Range(*(pd.Series(side.reindex(cells).to_numpy(), at.index) for side in sides))

    expected = looked_up(taken).value
    kinds = pd.DataFrame({"taken": taken["taken"].astype(float), "expected": expected}).groupby(taken["new"]).sum()
    kinds = kinds.reindex([False, True], fill_value=0.0)
    ratio = pool_counts(kinds["taken"], kinds["expected"])
    ratios = Range(*(pd.Series(x, kinds.index) for x in (ratio.estimate, ratio.lower, ratio.upper)))
    return Range(*(side.clip(upper=1.0) for side in product(looked_up(rows), ratios.of(rows["new"]))))


def _best(services: pd.DataFrame) -> pd.DataFrame:
    """Return each customer's service of the largest expected margin (without money: the likeliest)."""
    ranked = services.assign(rank=services["expected"].fillna(services["probability"]))
    ranked = ranked.sort_values(["customer_id", "rank", "service"], ascending=[True, False, True])
    best = ranked.drop_duplicates("customer_id").set_index("customer_id").rename(columns={"service": "next_service"})
    return best.drop(columns="rank").add_prefix("service_").rename(columns={"service_next_service": "next_service"})


def _together(frame: pd.DataFrame) -> Range:
    """Return own growth plus the larger of unserved spend and next service; a part that is off adds nothing."""
    nothing = pd.Series(np.nan, frame.index)
    growth, unserved, service = (
        Range(*(frame.get(column, nothing).astype(float) for column in _with_ends(f"{part}_expected")))
        for part in ("growth", "unserved", "service")
    )
    first = unserved.value.notna() & ~(service.value > unserved.value)
    larger = Range(*(a.where(first, b) for a, b in zip(unserved, service, strict=True)))
    value = (growth.value.fillna(0) + larger.value.fillna(0)).where(growth.value.notna() | larger.value.notna())
    down, up = (
        np.hypot((growth.value - g).fillna(0), (larger.value - x).fillna(0))
        for g, x in ((growth.lower, larger.lower), (growth.upper, larger.upper))
    )
    return Range(value, value - down, value + up)


def _flags(known: _Known) -> pd.Series:
    """Return what a reader of a customer's row must know; blank when there is nothing."""
    new = known.buys & winnable.is_new(known.profile, known.as_of, 0)
    stale = known.year["revenue"] > known.profile["logistics_spend"]
    flags = pd.DataFrame({STALE: stale, SILENT: ~known.buys, NEW: new})
    return pd.Series(["; ".join(flags.columns[row]) for row in flags.to_numpy()], flags.index)


def _checked(probability: pd.Series | None, customers: pd.Index) -> pd.Series:
    """Return the probability of each customer, 1 where none is given."""
    if probability is None:
        return pd.Series(1.0, customers)
    if not probability.between(0, 1).all():
        raise Refused("probability_active must lie between 0 and 1 for every customer; leave out those unknown.")
    return probability.reindex(customers).fillna(1.0)


def _counted(done: pd.Series, what: str) -> str:
    return f"{int(done.sum()):,} of {len(done):,} {what} within the last year."
