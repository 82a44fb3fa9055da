"""What customers say: complaints and surveys."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import expit, logit

from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Floats, Ints
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.customers import Flags
from clvlab.simulate.shipments import PARTIES
from clvlab.simulate.world import World

CATEGORIES = ("late delivery", "damage", "refused order", "cancelled order", "billing")
ITEMS = ("overall", "content", "quality", "response speed")
SURVEY_MONTHS = (5, 11)
SCALE = 10


def complaints_table(world: World) -> pa.Table:
    """Complaints about orders; handled badly means not resolved within 7 days."""
    rng, made, calendar = world.rng["complaints"], world.made, world.calendar
    orders = made.orders
    about = np.flatnonzero(orders.complained)
    u = rng.random((6, len(about)))
    category = np.select(
        [orders.damaged[about], orders.late[about], orders.refused[about], orders.cancelled[about]],
        [1, 0, 2, 3], 4,
    )  # fmt: skip
    since = np.select(
        [category == 1, category == 0, category >= 3],
        [made.delivered[about], made.due[about], made.booked[about] + 30.0],
        made.booked[about],
    )
    opened = since + 1.0 + 40.0 * u[0] ** 2
    keep = opened < world.end * col.HOURS
    about, u, category, opened = about[keep], u[:, keep], category[keep], opened[keep]
    order = np.argsort(opened, kind="stable")
    about, u, category, opened = about[order], u[:, order], category[order], opened[order]
    badly = orders.handled_badly[about]
    response = opened + np.where(badly, 20 + 90 * u[1], 0.3 + 18 * u[1] ** 2)
    resolved = opened + np.where(badly, 24 * (8 + 27 * u[2]), 20 + 140 * u[2] ** 1.5)
    party = np.where(category == 4, 0, np.maximum(made.party[about], 0))
    upheld = (party <= 2) & (u[3] < 0.9)
    end = world.end * col.HOURS
    open_still = resolved >= end
    severity = np.clip(np.floor(1 + 4 * u[4] ** 1.6 + (category == 1) + orders.urgent[about]), 1, 5)
    return pa.table(
        {
            "complaint_id": col.codes("Q", np.arange(1, len(about) + 1), 5),
            "customer_id": col.customer_codes(orders.customer[about]),
            "opened_at": col.times(calendar, opened),
            "shipment_id": col.codes("S", about + 1, 7),
            "first_response_at": col.times(calendar, response, response >= end),
            "resolved_at": col.times(calendar, resolved, open_still),
            "category": col.words(CATEGORIES, category),
            "severity": col.wholes(severity),
            "upheld": col.flags(upheld, open_still),
            "responsible_party": col.words(PARTIES, np.where(open_still, -1, party)),
        }
    )


def surveys_table(world: World) -> pa.Table:
    """Invitations twice a year to shippers and some consignees; four rows per answer, one when unanswered.

    The row of item `overall` carries satisfaction, recommendation and intention; the other items carry
    expectation and perception only.
    """
    rng = world.rng["surveys"]
    waves = [m for m in range(1, world.calendar.months) if world.calendar.month_of_year(m) in SURVEY_MONTHS]
    base = 7.6 + 0.6 * rng.normal(size=len(world))  # what each customer is used to expect
    expectation = np.stack([base + d for d in (0.0, -0.1, 0.2, 0.0)])
    blocks = []
    for month in waves:
        blocks.append(_wave(world, rng, month, expectation))
    if not blocks:
        return _survey_table(world, [_no_answers()])
    return _survey_table(world, blocks)


Block = dict[str, Floats]


def _no_answers() -> Block:
    return {name: np.zeros(0) for name in (
        "who", "sent", "answered", "consignee", "item", "expectation", "perception", "overall", "recommend",
        "renew", "rival")}  # fmt: skip


def _wave(world: World, rng: np.random.Generator, month: int, expectation: Floats) -> Block:
    """One wave; answered expectations move halfway to what was perceived."""
    history, population = world.history, world.population
    recent = sum(history.counts["orders"][:, max(month - 5, 0) : month + 1].T, np.zeros(len(world)))
    who = np.flatnonzero((recent > 0) & history.alive[:, month - 1])
    consignee = rng.random(len(who)) < 0.30
    who = np.concatenate([who, who[consignee]])
    side = np.concatenate([np.zeros(len(consignee)), np.ones(int(consignee.sum()))])
    felt = history.covariates["service_mean"][who, month]
    peak = history.covariates["service_peak"][who, month]
    slow = history.covariates["answer_late"][who, month]
    neglect = history.covariates["neglect"][who, month]
    shock = history.covariates["price_shock"][who, month]
    quality = 7.8 - 0.075 * felt - 0.03 * peak
    speed = 7.7 - 0.45 * slow - 0.06 * neglect
    content = 7.5 + 0.4 * (population.retention[who] == 2)
    noise = rng.normal(size=(4, len(who)))
    perceived = np.stack([np.zeros(len(who)), content, quality, speed]) + 0.7 * noise
    perceived[0] = perceived[1:].mean(axis=0)
    expected = expectation[:, who]
    gap = perceived[1:] - expected[1:]
    aversion = population.loss_aversion[who]
    reaction = (np.maximum(gap, 0) - aversion * np.maximum(-gap, 0)).mean(axis=0)
    overall = 7.4 + 0.75 * reaction + 0.5 * rng.normal(size=len(who))
    recommend = 0.4 + 0.95 * overall + 0.9 * rng.normal(size=len(who))
    risk = np.log(np.nan_to_num(history.voluntary[who, month], nan=C.base_spot) / C.base_spot)
    renew = overall + 0.6 - 0.6 * risk - 0.10 * shock + 0.8 * rng.normal(size=len(who))
    rival = 7.0 + 0.5 * world.prices.rival[who, month] + 0.9 * rng.normal(size=len(who))
    answers = rng.random(len(who)) < expit(logit(C.response_rate) + 0.18 * (overall - 7) - 0.3 * side)
    expectation[:, who[answers]] = 0.5 * expected[:, answers] + 0.5 * perceived[:, answers]
    length = world.calendar.first_day[month + 1] - world.calendar.first_day[month]
    sent = world.calendar.first_day[month] + rng.integers(0, length - 8)
    answered = np.where(answers, sent + 1 + np.floor(rng.exponential(6.0, len(who))), np.inf)
    answers = answered < world.end
    rows = []
    for item in range(4):
        keep = answers if item else np.ones(len(who), dtype=bool)
        shown = answers[keep]
        blank = np.where(shown, 0.0, np.nan)
        only = blank if item == 0 else np.full(len(shown), np.nan)
        rows.append(
            {
                "who": who[keep], "sent": np.full(len(shown), float(sent)),
                "answered": np.where(shown, answered[keep], np.inf),
                "consignee": side[keep], "item": np.full(len(shown), float(item)),
                "expectation": expected[item, keep] + blank, "perception": perceived[item, keep] + blank,
                "overall": overall[keep] + only, "recommend": recommend[keep] + only,
                "renew": renew[keep] + only, "rival": rival[keep] + only,
            }
        )  # fmt: skip
    block = {name: np.concatenate([r[name] for r in rows]) for name in rows[0]}
    order = np.lexsort((block["item"], block["consignee"], block["who"]))
    return {name: values[order] for name, values in block.items()}


def _survey_table(world: World, blocks: list[Block]) -> pa.Table:
    all_rows = {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}
    side = all_rows["consignee"].astype(int)
    top = np.where(side == 1, 5.0, float(SCALE))  # consignees answer on a scale to 5

    def score(name: str, low: float, blank: Flags | None = None) -> pa.Array:
        raw = np.round(all_rows[name] * top / SCALE)
        missing = np.isnan(raw) if blank is None else np.isnan(raw) | blank
        return col.wholes(np.nan_to_num(np.clip(raw, low, top)), missing)

    silent = np.isinf(all_rows["answered"])
    answered: Ints = np.where(silent, 0, all_rows["answered"]).astype(np.int64)
    return pa.table(
        {
            "customer_id": col.customer_codes(all_rows["who"].astype(np.int64)),
            "sent_on": col.dates(world.calendar, all_rows["sent"]),
            "answered_on": col.dates(world.calendar, answered, silent),
            "respondent_role": col.words(("shipper", "consignee"), side),
            "touchpoint": col.words(("account review", "delivery"), side),
            "item": col.words(ITEMS, all_rows["item"].astype(int)),
            "expectation": score("expectation", 1),
            "perception": score("perception", 1),
            "overall": score("overall", 1),
            "recommend": score("recommend", 0, side == 1),
            "renew_intention": score("renew", 1, side == 1),
            "rival_perception": score("rival", 1, side == 1),
            "scale_max": col.wholes(top),
        }
    )
