"""The terms of the monthly hazard: how it runs with age, through the year, and with covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clvlab.churn.hazards.monthly.panel import CALENDAR_MONTHS, Months, Overview
from clvlab.churn.spells import Floats
from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused

# Events that carry one parameter of the baseline or of the season.
_EVENTS_PER_TERM = 40
_MOST_KNOTS = 5
# Two waves follow a season; six waves are the same as a level of its own for each of the twelve months.
_FEW_WAVES, _ALL_WAVES = 2, CALENDAR_MONTHS // 2
_EVENTS_PER_MONTH = 40


@dataclass(frozen=True)
class Design:
    """Which columns the linear predictor has, and on what scale it is fitted.

    Attributes
    ----------
    covariates
        Names of the covariates.
    knots
        Where the natural cubic spline in log(1 + age) bends, ascending; none for a hazard that does not run with
        age, two for a straight line in log(1 + age).
    waves
        Waves of the year in the season: 0 for none.
    centre, spread
        Of every column but the intercept: it is fitted on (column - centre) / spread.
    left_out
        Names of columns that say nothing beyond those before them.
    """

    covariates: tuple[str, ...]
    knots: Floats
    waves: int
    centre: Floats
    spread: Floats
    left_out: frozenset[str] = frozenset()

    @cached_property
    def _by_kind(self) -> list[list[str]]:
        """Return the names of all columns: intercept, age, season, covariates."""
        bends = [f"log(1 + age), bend {bend}" for bend in range(1, len(self.knots) - 1)]
        waves = [f"{kind} of {wave} a year" for wave in range(1, self.waves + 1) for kind in ("cosine", "sine")]
        age = ["log(1 + age)", *bends] if len(self.knots) else []
        return [["intercept"], age, waves[: CALENDAR_MONTHS - 1], list(self.covariates)]

    @cached_property
    def names(self) -> list[str]:
        """Return the names of the columns."""
        return [name for names in self._by_kind for name in names if name not in self.left_out]

    def blocks(self, held: Sequence[str] = ()) -> list[NDArray[np.int64]]:
        """Return the places of the columns of age, season and covariates, but for those held; none that is empty."""
        places = [
            np.array([self.names.index(name) for name in names if name in self.names and name not in held], dtype=int)
            for names in self._by_kind[1:]
        ]
        return [block for block in places if len(block)]

    @cached_property
    def _kept(self) -> NDArray[np.bool_]:
        return np.array([name not in self.left_out for names in self._by_kind for name in names])

    def columns(self, months: Months) -> Floats:
        """Return the columns on the scale that is fitted, of shape (columns, rows)."""
        found = np.empty((len(self._kept), len(months)))
        found[0] = 1.0
        season = year_columns(self.waves)[:, months.calendar] if self.waves else np.empty((0, len(months)))
        np.concatenate([age_columns(months.age, self.knots), season, months.covariates], out=found[1:])
        found[1:] -= self.centre[:, None]
        found[1:] /= self.spread[:, None]
        return found if self._kept.all() else found[self._kept]

    def natural(self) -> Floats:
        """Return the matrix that takes fitted coefficients to those of the columns as they are."""
        matrix = np.diag(np.append(1.0, 1 / self.spread))
        matrix[0, 1:] = -self.centre / self.spread
        return matrix[np.ix_(self._kept, self._kept)]


def age_columns(age: Floats, knots: Floats) -> Floats:
    """Return a natural cubic spline in log(1 + age), of shape (knots - 1, rows), without a constant.

    References
    ----------
    Hastie, T., Tibshirani, R. and Friedman, J. (2009), "The elements of statistical learning", section 5.2.1.
    """
    if not len(knots):
        return np.empty((0, len(age)))
    place = np.log1p(age)
    last, above_last = knots[-1], _cubed(place - knots[-1])
    bends = [(_cubed(place - knot) - above_last) / (last - knot) for knot in knots[:-1]]
    return np.stack([place, *(bend - bends[-1] for bend in bends[:-1])])


def _cubed(distance: Floats) -> Floats:
    """Return the cube of what is above 0, else 0."""
    above = np.maximum(distance, 0.0)
    return above * above * above


def year_columns(waves: int) -> Floats:
    """Return cosines and sines of 1, 2, ... waves a year by calendar month, of shape (columns, 12)."""
    angle = 2 * np.pi * np.arange(CALENDAR_MONTHS) / CALENDAR_MONTHS
    found = [wave(turns * angle) for turns in range(1, waves + 1) for wave in (np.cos, np.sin)]
    return np.array(found[: CALENDAR_MONTHS - 1]).reshape(-1, CALENDAR_MONTHS)


def design_for(
    overview: Overview, covariates: Sequence[str], age_knots: Sequence[float] | None
) -> tuple[Design, list[str]]:
    """Return the terms that a panel's events can carry, and remarks on what was left out.

    Parameters
    ----------
    overview
        Of the panel.
    covariates
        Names, in the order of the overview's columns.
    age_knots
        Ages in months where the baseline bends; chosen from the ages of those who left when None.
    """
    varies = overview.low < overview.high
    constant = [name for name, moves in zip(covariates, varies, strict=True) if not moves]
    remarks = [f"{name} is the same in every row: nothing tells its effect." for name in constant]
    knots, about_age = _knots(overview) if age_knots is None else (_given_knots(age_knots), [])
    waves, about_season = _waves(overview)
    ages, year = age_columns(overview.event_ages, knots), year_columns(waves)
    spread = np.concatenate([ages.std(axis=1), year.std(axis=1), overview.spread[varies]])
    design = Design(
        covariates=tuple(name for name in covariates if name not in constant),
        knots=knots,
        waves=waves,
        centre=np.concatenate([ages.mean(axis=1), year.mean(axis=1), overview.mean[varies]]),
        spread=np.where(spread > 0, spread, 1.0),
    )
    return design, [*remarks, *about_age, *about_season]


def _knots(overview: Overview) -> tuple[Floats, list[str]]:
    """Return knots at quantiles of log(1 + age) of those who left, as many as events carry."""
    few = overview.events < 2 * _EVENTS_PER_TERM
    ages = np.log1p(overview.event_ages)
    number = min(1 + overview.events // _EVENTS_PER_TERM, _MOST_KNOTS, len(np.unique(ages)))
    knots = np.unique(np.quantile(ages, np.linspace(0.05, 0.95, number))) if number > 1 else np.empty(0)
    if len(knots) < 2:
        return np.empty(0), [
            f"With {plural(overview.events, 'leavings')} the hazard is taken as the same at every age."
        ]
    return knots, [f"With {plural(overview.events, 'leavings')} the hazard follows age by a straight line."] * few


def _given_knots(age_knots: Sequence[float]) -> Floats:
    """Return knots given as ages on the scale of the spline."""
    ages = np.asarray(age_knots, dtype=float)
    if len(ages) == 1 or (ages < 0).any() or (np.diff(ages) <= 0).any():
        raise Refused("age_knots must be two or more ages in months, ascending from 0; give () for a level hazard.")
    return np.log1p(ages)


def _waves(overview: Overview) -> tuple[int, list[str]]:
    """Return how many waves of the year the events carry."""
    if not overview.months_by_calendar.any():
        return 0, []
    seen = int((overview.months_by_calendar > 0).sum())
    if seen < CALENDAR_MONTHS:
        return 0, [f"The panel has {seen} calendar months of {CALENDAR_MONTHS}: no season can be told."]
    if overview.events < 2 * _FEW_WAVES * _EVENTS_PER_TERM:
        return 0, [f"With {plural(overview.events, 'leavings')} no season can be told."]
    if overview.events_by_calendar.min() < _EVENTS_PER_MONTH:
        return _FEW_WAVES, [f"With {plural(overview.events, 'leavings')} the season is smoothed to two waves a year."]
    return _ALL_WAVES, []
