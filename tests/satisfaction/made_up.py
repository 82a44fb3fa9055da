"""Surveys made up by a rule that is known: whole scores, gains and losses against expectation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.periods import period_index

ITEMS = ("care", "speed", "price")
WAVES = pd.to_datetime(["2024-05-03", "2024-11-04", "2025-05-02", "2025-11-03"])
AS_OF = "2025-12-31"


def made_up(
    seed: int, accounts: int = 200, aversion: float = 2.0, felt_effect: float = -0.05, answer: float = 0.5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return surveys and what was known: a failure felt lowers the perception of speed, gaps drive overall.

    Overall is 7.5 plus the mean over three items of gain less aversion times loss, and chance.
    """
    rng = np.random.default_rng(seed)
    account = np.repeat(np.arange(accounts), len(WAVES))
    sent = WAVES[np.tile(np.arange(len(WAVES)), accounts)]
    felt = rng.normal(0, 6, len(account))
    expected = 7.5 + 0.5 * rng.normal(size=accounts)[account, None] + 0.5 * rng.normal(size=(len(account), 3))
    perceived = 7.5 + np.outer(felt, [0, felt_effect, 0]) + 0.8 * rng.normal(size=(len(account), 3))
    gap = perceived - expected
    reaction = (np.maximum(gap, 0) - aversion * np.maximum(-gap, 0)).mean(axis=1)
    overall = 7.5 + reaction + 0.5 * rng.normal(size=len(account))
    answered = rng.random(len(account)) < answer
    base = pd.DataFrame(
        {
            "customer_id": [f"c{one:03}" for one in account],
            "sent_on": sent,
            "answered_on": (sent + pd.Timedelta(days=3)).where(answered),
            "respondent_role": "shipper",
            "scale_max": 10,
        }
    )
    known = base[["customer_id"]].assign(month=period_index(base["sent_on"], "month"), failures_mean=felt)
    scores = {"overall": overall, "expectation": np.nan, "perception": np.nan}
    parts = [base.assign(item="overall", **scores)]
    for place, item in enumerate(ITEMS):
        asked = {"overall": np.nan, "expectation": expected[:, place], "perception": perceived[:, place]}
        parts.append(base.assign(item=item, **asked)[answered])
    surveys = pd.concat(parts, ignore_index=True)
    names = list(scores)
    surveys[names] = surveys[names].round().clip(1, 10).where(surveys["answered_on"].notna())
    return surveys, known
