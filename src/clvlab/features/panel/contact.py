"""What the provider did of itself: visits and calls, and campaigns."""

from __future__ import annotations

import ibis
import numpy as np

from clvlab.features.panel.covariates import Covariate, Family, Tables
from clvlab.features.panel.grid import Grid
from clvlab.features.panel.windows import Floats, last
from clvlab.periods import epoch_days, to_periods

PATIENCE = 3  # months without contact that nobody minds
MOST = 9  # further months after which it makes no difference
CAMPAIGN_MONTHS = 9
CONTROL = "control"


def _neglect(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return months since the last visit or call, beyond three; who is new, or new to the records, was just met."""
    contacts = tables["contacts"]
    ours = contacts.filter(contacts.kind.isin(["visit", "call"]))
    if "initiated_by" in contacts.columns:
        ours = ours.filter((ours.initiated_by.lower() != "customer").fill_null(True))
    met = np.fmax(grid.latest(ours, ours.contacted_at), np.fmax(grid.started, epoch_days(grid.records_begin)))
    months = to_periods(grid.openings[:-1] - met, "month")
    return (np.clip(months - PATIENCE, 0, MOST),)


def _campaign(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return whether the customer was treated, not held back as control, in the last nine months."""
    campaigns = tables["campaigns"]
    treated = campaigns.filter(campaigns.arm.lower() != CONTROL)
    started = grid.tally(treated, treated.started_on, n=ibis.literal(1))["n"]
    return ((last(started, CAMPAIGN_MONTHS) > 0).astype(float),)


FAMILIES: tuple[Family, ...] = (
    Family(
        (
            Covariate(
                "neglect", "months without contact beyond 3", "month beyond 3 without a visit or call", "neglect", True
            ),
        ),
        {"contacts": ("contacted_at", "kind")},
        _neglect,
    ),
    Family(
        (Covariate("campaign", "a campaign in the last 9 months", "", "campaign", False),),
        {"campaigns": ("started_on", "arm")},
        _campaign,
        known_ahead=True,
    ),
)  # fmt: skip
