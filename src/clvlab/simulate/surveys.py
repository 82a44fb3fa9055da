"""Satisfaction: what customers perceive and expect, and the survey waves in which they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr

from clvlab.simulate.calendar import Floats
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.customers import Population
from clvlab.simulate.history import History, Setting

ITEMS = ("overall", "content", "quality", "response speed")
SURVEY_MONTHS = (5, 11)
SCALE = 10
PERCEPTION_SD = 0.7
SATISFIED, REACTS = 7.4, 0.75  # overall satisfaction when all is as expected, and points per point of gap

Block = dict[str, Floats]


@dataclass(frozen=True)
class Surveys:
    """All waves of the window.

    Attributes
    ----------
    answers : columns of the invitations and answers, not yet rounded.
    expectation : what each customer expects of each item after the last wave, shape (items, customers).
    """

    answers: Block
    expectation: Floats


def perceptions(covariates: Mapping[str, Floats]) -> Floats:
    """Mean perception of content, quality and response speed, along a new first axis."""
    content = 7.5 + 0.4 * covariates["structural"]
    quality = 7.8 - 0.075 * covariates["service_mean"] - 0.03 * covariates["service_peak"]
    speed = 7.7 - 0.45 * covariates["answer_late"] - 0.06 * covariates["neglect"]
    return np.stack(np.broadcast_arrays(content, quality, speed))


def expected_satisfaction(population: Population, expectation: Floats, covariates: Mapping[str, Floats]) -> Floats:
    """Expected overall satisfaction over the chance in perceptions, neither rounded nor cut at the scale's ends.

    `expectation` is of shape (items, customers); gains count once, losses by each customer's aversion.
    """
    gap = perceptions(covariates) - expectation[1:].reshape(3, *(1,) * (covariates["service_mean"].ndim - 1), -1)
    at = gap / PERCEPTION_SD
    density = np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi)
    gain = PERCEPTION_SD * (at * ndtr(at) + density)
    loss = gain - gap
    return SATISFIED + REACTS * (gain - population.loss_aversion * loss).mean(axis=0)


def surveys(setting: Setting, history: History) -> Surveys:
    """Ask twice a year; answered expectations move halfway to what was perceived."""
    rng, months = setting.rng["surveys"], setting.calendar.months
    waves = [m for m in range(1, months) if setting.calendar.month_of_year(m) in SURVEY_MONTHS]
    base = 7.6 + 0.6 * rng.normal(size=len(setting.population))  # what each customer is used to expect
    expectation = np.stack([base + d for d in (0.0, -0.1, 0.2, 0.0)])
    blocks = [_wave(setting, history, month, expectation) for month in waves] or [_no_answers()]
    return Surveys({name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}, expectation)


def _no_answers() -> Block:
    return {name: np.zeros(0) for name in (
        "who", "sent", "answered", "consignee", "item", "expectation", "perception", "overall", "recommend",
        "renew", "rival")}  # fmt: skip


def _wave(setting: Setting, history: History, month: int, expectation: Floats) -> Block:
    """One wave; `expectation` moves."""
    rng, calendar, population = setting.rng["surveys"], setting.calendar, setting.population
    recent = sum(history.counts["orders"][:, max(month - 5, 0) : month + 1].T, np.zeros(len(population)))
    who = np.flatnonzero((recent > 0) & history.alive[:, month - 1])
    consignee = rng.random(len(who)) < 0.30
    who = np.concatenate([who, who[consignee]])
    side = np.concatenate([np.zeros(len(consignee)), np.ones(int(consignee.sum()))])
    known = {name: values[who, month] for name, values in history.covariates.items()}
    noise = rng.normal(size=(4, len(who)))
    perceived = np.stack([np.zeros(len(who)), *perceptions(known)]) + PERCEPTION_SD * noise
    perceived[0] = perceived[1:].mean(axis=0)
    expected = expectation[:, who]
    gap = perceived[1:] - expected[1:]
    aversion = population.loss_aversion[who]
    reaction = (np.maximum(gap, 0) - aversion * np.maximum(-gap, 0)).mean(axis=0)
    overall = SATISFIED + REACTS * reaction + 0.5 * rng.normal(size=len(who))
    recommend = 0.4 + 0.95 * overall + 0.9 * rng.normal(size=len(who))
    risk = np.log(np.nan_to_num(history.voluntary[who, month], nan=C.base_spot) / C.base_spot)
    renew = overall + 0.6 - 0.6 * risk - 0.10 * known["price_shock"] + 0.8 * rng.normal(size=len(who))
    rival = 7.0 + 0.5 * setting.prices.rival[who, month] + 0.9 * rng.normal(size=len(who))
    answers = rng.random(len(who)) < expit(logit(C.response_rate) + 0.18 * (overall - 7) - 0.3 * side)
    expectation[:, who[answers]] = 0.5 * expected[:, answers] + 0.5 * perceived[:, answers]
    length = calendar.first_day[month + 1] - calendar.first_day[month]
    sent = calendar.first_day[month] + rng.integers(0, length - 8)
    answered = np.where(answers, sent + 1 + np.floor(rng.exponential(6.0, len(who))), np.inf)
    answers = answered < calendar.days
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
