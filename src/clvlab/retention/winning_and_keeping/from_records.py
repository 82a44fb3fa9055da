"""What winning and keeping cost and bring, from leads, contacts and the model of leaving."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import ibis
import numpy as np
import pandas as pd

from clvlab.churn.customer_churn import Churn
from clvlab.churn.prospects.prospects import Prospects
from clvlab.clv.valuing.ranges import pooled_rates
from clvlab.features.events import Purchases
from clvlab.features.leads import NOT_WON, WON, lead_outcomes
from clvlab.features.tables import AnyTable
from clvlab.periods import MONTHS_PER_YEAR, epoch_days, years_before
from clvlab.refusal import Refused
from clvlab.retention.winning_and_keeping.response_curve import FittedCurve, ResponseCurve, fit_response

NEW = "new"
NEGLECT = "neglect"
PATIENCE, MOST = 3.0, 9.0  # as the covariate neglect counts: months without contact beyond 3, at most 9 of them
# Contacts a year at which the model is asked how many customers stay.
_CONTACTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
_MISFIT = 0.01
_DRAWS = 60
_EDGE = 1e-3


class Learnt(NamedTuple):
    """A response curve with draws of it, what is spent today on each, and how it was learnt.

    Attributes
    ----------
    curve, draws
        The curve, and curves that the records allow as well.
    today
        Spending on each prospect, or on each customer a year.
    number
        Prospects, or customers.
    remarks
        How it was learnt, and what it does not tell.

    Examples
    --------
    >>> Learnt(ResponseCurve(0.4, 0.1), (), today=5.0, number=100, remarks=()).curve.ceiling
    0.4
    """

    curve: ResponseCurve
    draws: tuple[ResponseCurve, ...]
    today: float
    number: int
    remarks: tuple[str, ...]


def winning_curve(leads: AnyTable, as_of: dt.date, ceiling: float, seed: int) -> Learnt:
    """Return how many leads are won by what is spent on each.

    Parameters
    ----------
    leads
        Accepted leads, with cost and won_on.
    as_of
        The last day known.
    ceiling
        Share of leads that no spending exceeds; 0 to learn the curve from the leads.
    seed
        Of the draws.

    Raises
    ------
    Refused
        Without costs, or leads that were won or given up.

    Notes
    -----
    Where the leads' costs follow how promising each was, a curve fitted to them fits badly and is not used. Then, as
    Blattberg and Deighton do, the curve is laid through today's spending and share won, with the share won in the best
    channel as its ceiling.

    Examples
    --------
    >>> leads = pd.DataFrame({"lead_id": range(100), "opened_on": "2025-01-15", "kind": "new", "cost": 100.0,
    ...                       "won_on": ["2025-02-01"] * 20 + [None] * 80, "customer_id": None})
    >>> leads[["opened_on", "won_on"]] = leads[["opened_on", "won_on"]].apply(pd.to_datetime)
    >>> learnt = winning_curve(ibis.memtable(leads), dt.date(2025, 12, 31), ceiling=0.5, seed=1)
    >>> round(float(learnt.curve.rate(100.0)), 2)
    0.2
    """
    if "cost" not in leads.columns:
        raise Refused("What winning customers costs needs cost in leads.")
    known = lead_outcomes(leads, as_of)
    known = known[(known["kind"].isin([NEW, "lead"])) & known["cost"].notna()]
    judged = known[known["outcome"].isin([WON, NOT_WON])]
    won = judged["outcome"].eq(WON)
    if not 0 < won.sum() < len(won):
        raise Refused(
            "How winning answers to spending needs leads of new customers that were won, and others that were not."
        )
    year = known["opened_on"] > pd.Timestamp(years_before(as_of, 1))
    today = float(judged["cost"].astype(float).mean())
    said: tuple[str, ...] = ()
    if not ceiling:
        fitted = _fitted(judged, won, seed)
        if fitted is not None and fitted.p_misfit >= _MISFIT:
            return Learnt(fitted.curve, fitted.draws, today, int(year.sum()), fitted.remarks)
        said = fitted.remarks[:1] if fitted else ()
        ceiling = _best_channel(judged, won)
    rng = np.random.default_rng(seed)
    rates = rng.beta(won.sum() + 0.5, len(won) - won.sum() + 0.5, _DRAWS)
    lowest, highest = (float(won.mean()) + ceiling) / 2, min(1.5 * ceiling, 1.0)
    ceilings = rng.uniform(lowest, highest, _DRAWS)
    curve, *draws = (
        ResponseCurve.through(today, min(float(rate), top * (1 - _EDGE)), float(top))
        for rate, top in zip((won.mean(), *rates), (ceiling, *ceilings), strict=True)
    )
    how = (
        f"The curve of winning goes through today's {today:,.0f} a lead and {won.mean():.1%} won, with a ceiling of"
        f" {ceiling:.0%}: a judgement, to be replaced by your own. Intervals let it lie between {lowest:.0%} and"
        f" {highest:.0%}."
    )
    return Learnt(curve, tuple(draws), today, int(year.sum()), (*said, how))


def _fitted(judged: pd.DataFrame, won: pd.Series, seed: int) -> FittedCurve | None:
    try:
        return fit_response(judged["cost"], won, "leads", seed=seed, draws=_DRAWS)
    except Refused:
        return None


def _best_channel(judged: pd.DataFrame, won: pd.Series) -> float:
    """Return the share of leads won in the best channel, at least half as much again as over all."""
    overall = float(won.mean())
    if "channel" not in judged.columns:
        return min(1.5 * overall, 1 - _EDGE)
    channel = judged["channel"].fillna("not recorded").astype(str)
    best = float(pooled_rates(won, channel, pd.Index(channel.unique())).value.max())
    return min(max(best, 1.5 * overall), 1 - _EDGE)


def keeping_curve(ahead: Prospects, contacts: AnyTable, as_of: dt.date, seed: int) -> Learnt:
    """Return how many customers are kept for a year by what is spent on contacts with each.

    Parameters
    ----------
    ahead
        The model of leaving, with months without contact among its covariates.
    contacts
        Accepted contacts, with cost.
    as_of
        The last day known.
    seed
        Of the draws.

    Raises
    ------
    Refused
        Without contacts of ours that cost something, and where the model does not know months without contact.

    Notes
    -----
    The model is asked how many of today's customers would stay for a year if each were contacted so many times in it,
    everything else as it is expected: contacts evenly spaced, months without one as the covariate counts them. The
    curve runs from the share that stays without any contact to that with a contact every quarter, beyond which more
    makes no difference to the model; its steepness is fitted by least squares in between. What contacts do beside
    keeping neglect away is not in it.
    """
    if NEGLECT not in ahead.covariates or "cost" not in contacts.columns:
        raise Refused(
            "How keeping answers to spending needs visits and calls with their cost in contacts, over enough leavings."
        )
    ours = _ours(contacts, as_of)
    if ours.empty or not ours["cost"].sum() > 0:
        raise Refused("What keeping customers costs needs the cost of visits or calls within the last year.")
    each = float(ours["cost"].mean())
    months = ahead.coming[ahead.coming["lead"] < MONTHS_PER_YEAR]
    customers = int(months["customer_id"].nunique())
    stays = np.array([_staying(ahead, months, contacted, seed) for contacted in _CONTACTS])
    spent = each * np.array(_CONTACTS)
    curve, *draws = (_through(spent, rates) for rates in stays.T)
    today = float(ours["cost"].sum()) / customers
    effect = curve.ceiling - curve.floor
    how = (
        f"Keeping by the model of leaving: of 100 customers {100 * curve.floor:.1f} stay for a year without any contact"
        f" and {100 * curve.ceiling:.1f} with one every quarter at {each:,.0f} each. That is what went together in the"
        " records with all else the model knows alike, not the result of a draw by lot."
    )
    few = (
        "Contacts do not go with staying in these records, so that spending on them earns nothing in the split.",
    ) if effect <= 0 else ()  # fmt: skip
    return Learnt(curve, tuple(draws), today, customers, (how, *few))


def _ours(contacts: AnyTable, as_of: dt.date) -> pd.DataFrame:
    """Return the visits and calls of ours within the last year that have a cost."""
    rows = contacts.filter(contacts.kind.isin(["visit", "call"]) & contacts.cost.notnull())
    if "initiated_by" in rows.columns:
        rows = rows.filter((rows.initiated_by.lower() != "customer").fill_null(True))
    day = rows.contacted_at.cast("date")
    rows = rows.filter((day > ibis.literal(years_before(as_of, 1))) & (day <= ibis.literal(as_of)))
    return rows.select("customer_id", "cost").to_pyarrow().to_pandas().astype({"cost": float})


def _staying(ahead: Prospects, months: pd.DataFrame, contacts_a_year: float, seed: int) -> np.ndarray:
    """Return the mean share of customers that stays for a year, by the model and by draws of its coefficients."""
    asked = months.assign(**{NEGLECT: _mean_neglect(contacts_a_year)})
    place = pd.factorize(asked["customer_id"])[0]
    hazards = np.vstack([ahead.fit.hazard(asked).to_numpy()[None], ahead.fit.draw_hazard(asked, _DRAWS, seed)])
    logs = np.log1p(-hazards)
    return np.array([np.exp(np.bincount(place, weights=row)).mean() for row in logs])


def _mean_neglect(contacts_a_year: float) -> float:
    """Return the mean of months without contact beyond three, at most nine, with contacts evenly spaced."""
    if contacts_a_year == 0:
        return MOST
    gap = MONTHS_PER_YEAR / contacts_a_year
    beyond = min(max(gap - PATIENCE, 0.0), MOST)
    return (beyond**2 / 2 + MOST * max(gap - PATIENCE - MOST, 0.0)) / gap


def _through(spent: np.ndarray, rates: np.ndarray) -> ResponseCurve:
    """Return the curve nearest to rates that begin at its floor and end at its ceiling; flat where they fall."""
    floor, ceiling = float(rates[0]), float(rates[-1])
    if ceiling <= floor:
        return ResponseCurve(ceiling, 0.0, ceiling)
    steepness = np.geomspace(0.3, 30, 400) / spent[-1]
    reached = floor + (ceiling - floor) * -np.expm1(-steepness[:, None] * spent)
    return ResponseCurve(ceiling, float(steepness[((reached - rates) ** 2).sum(axis=1).argmin()]), floor)


def yearly_margins(found: Churn, bought: Purchases, customers: pd.Index) -> tuple[float, float]:
    """Return the margin a year of a customer newly won, in its first year, and of one there is already, in its last.

    Parameters
    ----------
    found
        When customers came.
    bought
        What they brought.
    customers
        Those there are today.

    Raises
    ------
    Refused
        Without money, and when nobody came a year or two ago.
    """
    if bought.value is None:
        raise Refused("What winning and keeping bring needs revenue in shipments, or invoices.")
    values = bought.table.select("customer_id", "date", "value").to_pyarrow().to_pandas()
    values["date"] = pd.to_datetime(values["date"])
    one, two = (pd.Timestamp(years_before(found.as_of, years)) for years in (1, 2))
    kept = float(values.loc[(values["date"] > one) & values["customer_id"].isin(customers), "value"].sum())
    spells = found.spells
    began = spells[(spells["spell"] == 1) & spells["start_known"] & spells["started_on"].between(two, one)]
    if began.empty or not len(customers):
        raise Refused("What a customer brings in its first year needs customers that came one to two years ago.")
    since = values.merge(began[["customer_id", "started_on"]], on="customer_id")
    age = epoch_days(since["date"]) - epoch_days(since["started_on"])
    first = float(since.loc[(age >= 0) & (age < epoch_days(found.as_of) - epoch_days(one.date())), "value"].sum())
    return first / len(began), kept / len(customers)
