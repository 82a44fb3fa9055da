"""Leads, contracts and campaigns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Floats, Ints
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.customers import CHANNELS, NEVER
from clvlab.simulate.leaving import CAUSES, VOLUNTARY
from clvlab.simulate.world import World

TRIGGERS = ("new product", "dissatisfaction with supplier", "rising demand", "price advantage")
RIVALS = ("Northwind Logistics", "Silk Route Freight", "Blue Crane Express", "Harbour Link", "Golden Axle")
KINDS = ("new", "cross-sell", "renewal")
# Of leads for new customers: cost in CNY and share won against the average, by channel.
LEAD_COST: Floats = np.array([1500, 1900, 350, 260, 1400.0])
LEAD_WINS: Floats = np.array([1.0, 0.8, 2.0, 0.6, 0.7])
OFFERS = ("service review", "price rebate")
CAMPAIGN_COST = 380.0
ACCEPTS: Floats = np.array([0.30, 0.65, 0.12])  # by campaign type
REASON_KNOWN = 0.75


@dataclass
class Lead:
    """A row of the leads table; days count from the window's start, -1 stands for nobody."""

    opened: int
    kind: int
    channel: int
    cost: float
    price: float
    referred_by: int
    rival: int
    trigger: int
    won: int | None
    customer: int


def yearly_revenue(world: World) -> Floats:
    """What each customer pays a year in expectation, at opening rates and prices."""
    return 12 * world.population.rate * world.expected.revenue


def new_leads(world: World) -> list[Lead]:
    """The leads that customers came from, and those that were lost."""
    rng, population = world.rng["leads"], world.population
    yearly = yearly_revenue(world)
    leads = []
    for who in np.flatnonzero(population.onboard_month >= 0):
        opened = int(population.onboard_day[who]) - int(rng.integers(8, 90))
        channel = int(population.channel[who])
        cost = float(2.2 * LEAD_COST[channel] * np.exp(0.5 * rng.normal()))
        price = float(yearly[who] * rng.uniform(0.9, 1.15))
        rival, trigger = int(rng.integers(-2, len(RIVALS))), int(rng.choice(4, p=[0.2, 0.35, 0.25, 0.2]))
        if opened >= 0:
            referrer = int(population.referred_by[who])
            won = int(population.onboard_day[who])
            leads.append(Lead(opened, 0, channel, cost, price, referrer, rival, trigger, won, int(who)))
    return leads + _lost_leads(world, rng, leads, yearly)


def _lost_leads(world: World, rng: np.random.Generator, won: list[Lead], yearly: Floats) -> list[Lead]:
    lost = []
    per_channel = np.bincount([lead.channel for lead in won], minlength=len(CHANNELS))
    share = np.clip(C.win_new * LEAD_WINS, 0.02, 0.9)
    for channel, count in enumerate(rng.poisson(per_channel * (1 - share) / share)):
        for _ in range(count):
            opened = int(world.end * np.sqrt(rng.uniform(0.25, 1.0)) * 2 - world.end)
            referrer = int(rng.integers(0, len(world))) if channel == 2 else -1
            if referrer >= 0 and world.population.onboard_day[referrer] > opened:
                referrer = 0
            lost.append(
                Lead(
                    opened, 0, channel, float(LEAD_COST[channel] * np.exp(0.5 * rng.normal())),
                    float(rng.choice(yearly) * rng.uniform(0.95, 1.35)), referrer,
                    int(rng.integers(0, len(RIVALS))), int(rng.choice(4, p=[0.25, 0.2, 0.3, 0.25])), None, -1,
                )
            )  # fmt: skip
    return lost


def cross_sell_leads(world: World) -> list[Lead]:
    """More business with customers we have; the history has decided which are won."""
    rng, first = world.rng["leads"], world.calendar.first_day
    yearly = yearly_revenue(world)
    leads = []
    for who, month, won in world.history.cross_sell:
        opened = int(rng.integers(first[month], first[month + 1]))
        opened = max(opened, int(world.population.onboard_day[who]))
        day = opened + int(rng.integers(5, 40)) if won else None
        cost = float(420 * np.exp(0.5 * rng.normal()))
        price = float(yearly[who] * rng.uniform(0.1, 0.4))
        rival, trigger = int(rng.integers(-3, len(RIVALS))), int(rng.integers(0, 4))
        leads.append(Lead(opened, 1, 0, cost, price, -1, rival, trigger, day, who))
    return leads


@dataclass
class Term:
    """A row of the contracts table."""

    customer: int
    starts: int
    ends: int
    ended: int | None
    reason: str | None


def terms(world: World) -> list[Term]:
    """Contract terms that ran within the window, as far as the customer stayed."""
    rng, population, start = world.rng["contracts"], world.population, world.calendar.start
    month_zero = start.astype("M8[M]")

    def first_day(month: int) -> int:
        return int(((month_zero + month).astype("M8[D]") - start).astype(int))

    found = []
    for who in np.flatnonzero(population.contract_month < min(NEVER, world.calendar.months)):
        begin, length = int(population.contract_month[who]), int(population.term[who])
        for spell in world.spells[who]:
            month = begin
            while first_day(month) < world.end:
                starts, ends = max(first_day(month), spell.first), first_day(month + length) - 1
                month += length
                if ends < 0 or ends <= spell.first or (spell.gone is not None and starts >= spell.gone):
                    continue
                ended, reason = _ending(rng, ends, spell.gone, spell.cause, world.end)
                found.append(Term(int(who), starts, ends, ended, reason))
    found.sort(key=lambda term: (term.starts, term.customer))
    return found


def _ending(
    rng: np.random.Generator, ends: int, gone: int | None, cause: int | None, window_end: int
) -> tuple[int | None, str | None]:
    """When and why a term ended, as far as known at the window's end."""
    if gone is not None and gone <= ends + 1 and cause is not None:
        told = cause >= VOLUNTARY or rng.random() < REASON_KNOWN
        return min(gone, ends), CAUSES[cause] if told else None
    return (ends, "renewed") if ends < window_end else (None, None)


def renewal_leads(world: World, contract_terms: list[Term]) -> list[Lead]:
    """A lead opens two months before a term ends and is won when the customer stays."""
    rng = world.rng["leads"]
    yearly = yearly_revenue(world)
    leads = []
    for term in contract_terms:
        opened = max(term.ends - 60, term.starts)
        if not 0 <= opened < world.end or (term.ended is not None and term.ended < opened):
            continue
        won = term.ends if term.reason == "renewed" else None
        cost = float(240 * np.exp(0.4 * rng.normal()))
        leads.append(
            Lead(
                opened, 2, 0, cost, float(yearly[term.customer] * rng.uniform(0.95, 1.08)), -1,
                int(rng.integers(-5, len(RIVALS))), int(rng.integers(0, 4)), won, term.customer,
            )
        )  # fmt: skip
    return leads


def leads_table(world: World, leads: list[Lead]) -> pa.Table:
    """The leads, by day of opening; wins after the window's end are not known yet."""
    leads = sorted(leads, key=lambda lead: (lead.opened, lead.kind, lead.customer))
    won = np.array([-1 if lead.won is None or lead.won >= world.end else lead.won for lead in leads], dtype=np.int64)
    whose = [lead.customer if w >= 0 or lead.kind else -1 for lead, w in zip(leads, won, strict=True)]

    def whole(name: str) -> Ints:
        return np.array([getattr(lead, name) for lead in leads], dtype=np.int64)

    return pa.table(
        {
            "lead_id": col.codes("L", np.arange(1, len(leads) + 1), 5),
            "opened_on": col.dates(world.calendar, whole("opened")),
            "kind": col.words(KINDS, whole("kind")),
            "channel": col.words(CHANNELS, whole("channel")),
            "cost": col.numbers(np.array([lead.cost for lead in leads])),
            "quoted_price": col.numbers(np.array([lead.price for lead in leads]), 0),
            "referred_by": col.customer_codes(whole("referred_by")),
            "rival": col.words(RIVALS, whole("rival")),
            "trigger": col.words(TRIGGERS, whole("trigger")),
            "won_on": col.dates(world.calendar, won, won < 0),
            "customer_id": col.customer_codes(np.array(whose, dtype=np.int64)),
        }
    )


def contracts_table(world: World, contract_terms: list[Term]) -> pa.Table:
    """The contracts; those that run on have no end yet."""
    rng, population = world.rng["contracts"], world.population
    who = np.array([term.customer for term in contract_terms], dtype=np.int64)
    ended = np.array(
        [-1 if t.ended is None or t.ended >= world.end else t.ended for t in contract_terms], dtype=np.int64
    )
    weight = population.rate * 600 * population.size
    return pa.table(
        {
            "contract_id": col.codes("V", np.arange(1, len(who) + 1), 5),
            "customer_id": col.customer_codes(who),
            "starts_on": col.dates(world.calendar, np.array([t.starts for t in contract_terms])),
            "ends_on": col.dates(world.calendar, np.array([t.ends for t in contract_terms])),
            "notice_days": col.wholes(rng.choice([30, 60, 90], len(who))),
            "ended_on": col.dates(world.calendar, ended, ended < 0),
            "end_reason": col.texts([t.reason if e >= 0 else None for t, e in zip(contract_terms, ended, strict=True)]),
            "committed_weight": col.numbers(np.round(weight[who] * 0.7, -2), 0),
            "agreed_on_time_share": col.numbers(rng.choice([0.90, 0.93, 0.95, 0.97], len(who)), 2),
        }
    )


def campaigns_table(world: World) -> pa.Table:
    """The randomised campaign with both arms, and the targeted one without a control."""
    rng = world.rng["campaign"]
    first = world.calendar.first_day
    blocks = []
    for number, (month, (who, treated)) in enumerate(sorted(world.history.arms.items())):
        accepts = treated & (rng.random(len(who)) < ACCEPTS[world.population.campaign_type[who]])
        accepted = np.where(accepts, first[month] + rng.integers(3, 40, len(who)), -1)
        cost = np.where(treated, CAMPAIGN_COST * (0.8 + 0.4 * rng.random(len(who))), 0.0)
        blocks.append((np.full(len(who), number), who, np.full(len(who), first[month]), treated, cost, accepted))
    numbers, who, started, treated, cost, accepted = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return pa.table(
        {
            "campaign_id": col.codes("P", numbers + 1, 2),
            "customer_id": col.customer_codes(who),
            "started_on": col.dates(world.calendar, started),
            "arm": col.words(("control", "treatment"), treated.astype(int)),
            "offer": col.words(OFFERS, np.where(treated, numbers, -1)),
            "cost": col.numbers(cost),
            "randomised": col.flags(numbers == 0),
            "accepted_on": col.dates(world.calendar, accepted, (accepted < 0) | (accepted >= world.end)),
        }
    )
