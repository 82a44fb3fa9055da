"""What customers said and how they were answered: complaints, enquiries, satisfaction."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np

from clvlab.features.panel.covariates import Covariate, Family, Tables
from clvlab.features.panel.grid import Grid
from clvlab.features.panel.windows import Floats, above_usual, carried_on, last, mean_of, so_far

SLOW_DAYS = 7  # a complaint unresolved for longer is slow
ANSWER_DAYS = 1  # an enquiry unanswered for longer is late
MEMORY = 3  # months of complaints and enquiries that still count
SCALE = 10  # scores are brought to points of ten
# Half a handful of complaints: one slow answer does not make the customer's usual one.
_PRIOR_COMPLAINTS = 2.0
_SECONDS_PER_HOUR = 3600
_ONE = ibis.literal(1)


def _overdue(opened: Any, closed: Any, days: int) -> Any:
    """Return when something was still open after so many days; blank where it was closed by then."""
    limit = opened + ibis.interval(days=days)
    return ibis.ifelse((closed <= limit).fill_null(False), None, limit)


def _complaints(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    complaints = tables["complaints"]
    opened = grid.tally(complaints, complaints.opened_at, n=_ONE)["n"]
    return (last(opened, MEMORY),)


def _resolved(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    complaints = tables["complaints"].filter(grid.month_of(tables["complaints"].opened_at) >= 0)
    opened = grid.tally(complaints, complaints.opened_at, n=_ONE)["n"]
    days = complaints.resolved_at.delta(complaints.opened_at, unit="second") / _SECONDS_PER_HOUR / 24  # not shown
    closed = grid.tally(complaints, complaints.resolved_at, n=_ONE, days=days)
    slow = grid.tally(complaints, _overdue(complaints.opened_at, complaints.resolved_at, SLOW_DAYS), n=_ONE)["n"]
    still_open = so_far(opened) - so_far(closed["n"])
    return still_open, last(slow, MEMORY), above_usual(closed["days"], closed["n"], 6, _PRIOR_COMPLAINTS)


def _responses(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    complaints = tables["complaints"]
    hours = complaints.first_response_at.delta(complaints.opened_at, unit="second") / _SECONDS_PER_HOUR  # not shown
    answered = grid.tally(complaints, complaints.first_response_at, n=_ONE, hours=hours)
    return (above_usual(answered["hours"], answered["n"], 6, _PRIOR_COMPLAINTS),)


def _enquiries(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    contacts = tables["contacts"]
    asked = contacts.filter(contacts.kind == "enquiry")
    late = grid.tally(asked, _overdue(asked.contacted_at, asked.answered_at, ANSWER_DAYS), n=_ONE)["n"]
    return (last(late, MEMORY),)


def _satisfaction(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return gain and loss of the last overall answer against its reference, and whether there is an answer."""
    surveys = tables["surveys"]
    answers = surveys.filter(surveys.overall.notnull(), surveys.scale_max > 0)
    scaled = {"overall": SCALE * answers.overall / answers.scale_max, "n": _ONE}
    if "expectation" in surveys.columns:
        scaled["expected"] = SCALE * answers.expectation / answers.scale_max
        scaled["asked"] = answers.expectation.notnull().cast("int64")
    sums = grid.tally(answers, answers.answered_on, **scaled)
    number = sums["n"]
    mean = mean_of(sums["overall"], number)
    before = mean_of(so_far(sums["overall"]), so_far(sums["n"]))
    reference = before
    if "expected" in sums:
        expected = mean_of(sums["expected"], sums["asked"])
        reference = np.where(np.isnan(expected), before, expected)
    # A first answer without anything to hold it against is neither gain nor loss.
    gap = carried_on(np.where(number > 0, np.nan_to_num(mean - reference), np.nan))
    answered = ~np.isnan(gap)
    gap = np.nan_to_num(gap)
    return np.maximum(gap, 0), np.maximum(-gap, 0), answered.astype(float)


FAMILIES: tuple[Family, ...] = (
    Family(
        (Covariate("complaints", "complaints in 3 months", "complaint in the last 3 months", "service", True),),
        {"complaints": ("opened_at",)},
        _complaints,
    ),
    Family(
        (
            Covariate("complaints_open", "open complaints", "complaint still open", "service", True),
            Covariate(
                "complaints_slow",
                "complaints open for over 7 days, in 3 months",
                "complaint open for over 7 days",
                "service",
                True,
            ),
            Covariate(
                "resolution_days",
                "days to resolve complaints, above usual",
                "day to resolve complaints",
                "service",
                True,
            ),
        ),
        {"complaints": ("opened_at", "resolved_at")},
        _resolved,
    ),
    Family(
        (
            Covariate(
                "response_hours",
                "hours to answer complaints, above usual",
                "hour to answer complaints",
                "service",
                True,
            ),
        ),
        {"complaints": ("opened_at", "first_response_at")},
        _responses,
    ),
    Family(
        (
            Covariate(
                "enquiries_late",
                "late answers to enquiries in 3 months",
                "enquiry unanswered after a day",
                "neglect",
                True,
            ),
        ),
        {"contacts": ("contacted_at", "kind", "answered_at")},
        _enquiries,
    ),
    Family(
        (
            Covariate(
                "satisfaction_gain",
                "satisfaction above expectation",
                "point of ten above expectation",
                "satisfaction",
                False,
            ),
            Covariate(
                "satisfaction_loss",
                "satisfaction below expectation",
                "point of ten below expectation",
                "satisfaction",
                True,
            ),
            Covariate("survey_answered", "having answered a survey", "", "satisfaction", False),
        ),
        {"surveys": ("answered_on", "overall", "scale_max")},
        _satisfaction,
    ),
)
