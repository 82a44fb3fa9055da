"""A fitted monthly hazard, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.churn.hazards.hazard_fit import HazardFit
from clvlab.churn.hazards.monthly.panel import Panel
from clvlab.churn.hazards.monthly.proportional import proportional_hazards
from clvlab.churn.hazards.monthly.source import column_names, customer_numbers, rereadable
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from clvlab.churn.hazards.cox.proportional import ProportionalHazards
    from clvlab.churn.hazards.monthly.design import Design
    from clvlab.churn.hazards.monthly.likelihood import Point
    from clvlab.churn.hazards.monthly.source import Source
    from clvlab.churn.spells import Floats


@dataclass(frozen=True)
class Coefficients:
    """Coefficients on the scale of the design, with their covariance."""

    mean: Floats
    covariance: Floats

    def draws(self, n: int, seed: int) -> Floats:
        """Return (n, columns) draws from the normal distribution."""
        values, vectors = np.linalg.eigh(self.covariance)
        steps = np.random.default_rng(seed).standard_normal((n, len(values))) * np.sqrt(np.maximum(values, 0.0))
        return self.mean + steps @ vectors.T


@dataclass(frozen=True, repr=False, eq=False)
class MonthlyHazard(HazardFit):
    """A fitted monthly hazard.

    Attributes
    ----------
    params_
        ``intercept`` (the log hazard where everything else is 0), the terms of age and season, and log hazard ratios.
    offset, cause
        The column with a known log hazard, and the cause that was counted; None without.
    shrunk
        Whether predictions are made with shrunk coefficients.
    design
        The terms.
    maximum
        The likelihood at its maximum, on the scale of the design.
    predicting
        The coefficients that predictions are made with: shrunk ones where asked for, else those at the maximum with
        their robust covariance.
    """

    offset: str | None
    cause: str | None
    shrunk: bool
    design: Design
    maximum: Point
    predicting: Coefficients

    @property
    def prediction_params_(self) -> pd.Series:
        """Return the coefficients that predictions are made with; 0 for covariates without one."""
        return self._named(self.predicting.mean[None]).iloc[0].reindex(self.params_.index, fill_value=0.0)

    def hazard(self, panel: Source) -> pd.Series:
        """Return each row's probability that a customer who is there when it begins leaves within it.

        Parameters
        ----------
        panel
            ``entry``, ``month`` where the fit has a season, the covariates and the offset. A row lasts a whole month
            unless ``exposure`` says otherwise.

        Raises
        ------
        Refused
            For missing columns or values, and where a coefficient that predictions need is infinite.
        """
        return _series(panel, -np.expm1(-self._cumulative(panel, self.predicting.mean[None])[0]), "hazard")

    def survival(self, panel: Source) -> pd.Series:
        """Return the probability that each row's customer is still there when it ends.

        Parameters
        ----------
        panel
            As for :meth:`hazard`, with ``customer_id``: months ahead, one row per customer and month. A customer is
            there when the first of its rows begins.
        """
        return _series(panel, self._survival(panel, self.predicting.mean[None])[0], "survival")

    def draws(self, n: int = 1000, seed: int = 1) -> pd.DataFrame:
        """Return n draws of the coefficients that predictions are made with, one per row."""
        return self._named(self.predicting.draws(n, seed))

    def draw_hazard(self, panel: Source, n: int = 1000, seed: int = 1) -> Floats:
        """Return (n, rows) draws of :meth:`hazard`, what its intervals are taken from."""
        return -np.expm1(-self._cumulative(panel, self.predicting.draws(n, seed)))

    def draw_survival(self, panel: Source, n: int = 1000, seed: int = 1) -> Floats:
        """Return (n, rows) draws of :meth:`survival`, what its intervals are taken from."""
        return self._survival(panel, self.predicting.draws(n, seed))

    def proportional_hazards(self, panel: Source) -> ProportionalHazards:
        """Return the check that effects are the same at every age, with what to do where they are not.

        Parameters
        ----------
        panel
            The panel that was fitted; it is read once.
        """
        names = [name for name in self.design.covariates if np.isfinite(self.params_[name])]
        return proportional_hazards(self._panel(panel), self.design, self.maximum, names, self.confidence)

    def _panel(self, source: Source) -> Panel:
        """Return a panel of which the columns of this fit are read."""
        return Panel(source, self.design.covariates, self.offset, self.cause, season=self.design.waves > 0)

    def _cumulative(self, panel: Source, coefficients: Floats) -> Floats:
        """Return each row's cumulative hazard, of shape (coefficients' rows, rows)."""
        endless = self.params_.index[np.isinf(self.params_)]
        if len(endless) and not self.shrunk:
            raise Refused(
                f"The coefficient of {', '.join(endless)} is infinite, so that nothing can be predicted; fit with"
                " shrink=True."
            )
        found = [
            months.exposure * np.exp(coefficients @ self.design.columns(months) + months.offset)
            for months in self._panel(panel).ahead()
        ]
        return np.concatenate(found, axis=1) if found else np.empty((len(coefficients), 0))

    def _survival(self, panel: Source, coefficients: Floats) -> Floats:
        """Return the chance to outlive each row, of shape (coefficients' rows, rows)."""
        with rereadable(panel, column_names(panel)) as source:
            cumulative = self._cumulative(source, coefficients)
            customer = customer_numbers(source)
            age = np.concatenate([np.empty(0), *(months.age for months in self._panel(source).ahead())])
        order = np.lexsort((age, customer))
        until = np.cumsum(cumulative[:, order], axis=1)
        new = np.diff(customer[order], prepend=-1) != 0
        before = (until - cumulative[:, order])[:, new][:, np.cumsum(new) - 1]
        found = np.empty_like(until)
        found[:, order] = np.exp(before - until)
        return found

    def _named(self, coefficients: Floats) -> pd.DataFrame:
        """Return rows of coefficients as those of the columns as they are."""
        return pd.DataFrame(coefficients @ self.design.natural().T, columns=self.design.names)


def _series(panel: Source, values: Floats, name: str) -> pd.Series:
    """Return values by row, on the index of a DataFrame."""
    return pd.Series(values, index=panel.index if isinstance(panel, pd.DataFrame) else None, name=name)
