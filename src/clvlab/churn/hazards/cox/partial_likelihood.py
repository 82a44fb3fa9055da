"""The partial likelihood of the Cox model: who was at risk at each event, and what the events say of the coefficients.

Ties after Efron, B. (1977), "The efficiency of Cox's likelihood function for censored data", JASA 72. With d events at
one time, the l-th of them (l = 0 ... d-1) is drawn from those at risk less l/d of the d that leave. Every sum runs over
such events, each with its own denominator, so that nothing else need know of ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clvlab.churn.spells import Floats, Spells

Integers = NDArray[np.int64]

# Sums over risk sets are differences of sums that were up to this much larger, of which 1e-16 is rounding.
_LOST = 1e-11


@dataclass(frozen=True)
class RiskSets:
    """Who is at risk when somebody leaves: positions count the distinct pairs of stratum and event time.

    Attributes
    ----------
    times
        Distinct event times over all strata.
    keys
        One ascending number per position, made of its stratum and the place of its time in ``times``.
    first, last
        For each row the first position at which it is at risk, and the one after the last.
    leaving
        Rows that end by an event, in the order of their positions.
    position
        The position of each of them.
    """

    times: Floats
    keys: Integers
    first: Integers
    last: Integers
    leaving: Integers
    position: Integers

    @classmethod
    def of(cls, spells: Spells, stratum: Integers) -> RiskSets:
        """Return the risk sets of spells, each row in the stratum numbered from 0; some row must have an event."""
        times = np.unique(spells.exit[spells.event])
        at = np.searchsorted(times, spells.exit[spells.event])
        keys, position = np.unique(stratum[spells.event] * (len(times) + 1) + at, return_inverse=True)
        first, last = _span(times, keys, spells.entry, spells.exit, stratum)
        order = np.argsort(position, kind="stable")
        return cls(times, keys, first, last, np.flatnonzero(spells.event)[order], position[order])

    def span(self, entry: Floats, exit_: Floats, stratum: Integers) -> tuple[Integers, Integers]:
        """Return the first position after ``entry`` and the first one after ``exit_``."""
        return _span(self.times, self.keys, entry, exit_, stratum)

    @property
    def time(self) -> Floats:
        """Return the time of each position."""
        return self.times[self.keys % (len(self.times) + 1)]

    @property
    def stratum(self) -> Integers:
        """Return the stratum of each position."""
        return self.keys // (len(self.times) + 1)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Return whether a row is at risk at any event; the others say nothing."""
        return self.first < self.last

    @cached_property
    def starts(self) -> Integers:
        """Return where in ``leaving`` each position begins."""
        return np.searchsorted(self.position, np.arange(len(self.keys)))

    @cached_property
    def events(self) -> Integers:
        """Return the number of events at each position."""
        return np.bincount(self.position)

    @cached_property
    def fraction(self) -> Floats:
        """Return for each event the share of the tied ones that have left before it: l/d."""
        return (np.arange(len(self.position)) - self.starts[self.position]) / self.events[self.position]

    @cached_property
    def _changes(self) -> sparse.csr_matrix:
        """Return what adds rows where they cease to be at risk and takes them away where they begin to be."""
        rows = np.arange(len(self.first))
        signs = np.repeat([1.0, -1.0], len(rows))
        places = (np.concatenate([self.last, self.first]), np.concatenate([rows, rows]))
        return sparse.csr_matrix((signs, places), shape=(len(self.keys) + 1, len(rows)))

    def at_risk(self, values: Floats) -> Floats:
        """Return the sum of the rows' values over each risk set.

        Added from the last position back, so that rows observed from their beginning are never taken away again.
        """
        return np.cumsum((self._changes @ values)[:0:-1], axis=0)[::-1]

    def by_position(self, values: Floats) -> Floats:
        """Return sums over tied events of values given in the order of ``leaving``."""
        return np.add.reduceat(values, self.starts, axis=0)


def _span(times: Floats, keys: Integers, entry: Floats, exit_: Floats, stratum: Integers) -> tuple[Integers, Integers]:
    begin = stratum * (len(times) + 1)
    after_entry, after_exit = (np.searchsorted(times, ends, side="right") for ends in (entry, exit_))
    return np.searchsorted(keys, begin + after_entry), np.searchsorted(keys, begin + after_exit)


def between(increments: Floats, first: Integers, last: Integers) -> Floats:
    """Return the sums of ``increments`` (positions, ...) from each ``first`` up to before its ``last``."""
    total = np.concatenate([np.zeros((1, *increments.shape[1:])), np.cumsum(increments, axis=0)])
    return total[last] - total[first]


@dataclass(frozen=True)
class PartialLikelihood:
    """Risk sets with covariates (rows, covariates) and the known part of the log hazard (rows)."""

    risk: RiskSets
    x: Floats
    offset: Floats
    stratum: Integers

    def at(self, coefficients: Floats) -> Evaluation:
        """Return what the likelihood is made of at these coefficients."""
        predictor = np.where(self.risk.seen, self.x @ coefficients + self.offset, -np.inf)
        # A stratum's own constant drops out of the likelihood: with its highest at 0 no exponent overflows.
        highest = np.full(int(self.stratum.max()) + 1, -np.inf)
        np.maximum.at(highest, self.stratum, predictor)
        highest = np.where(np.isfinite(highest), highest, 0.0)
        return Evaluation(self.risk, self.x, predictor - highest[self.stratum], highest)


class Evaluation:
    """The partial likelihood at given coefficients.

    Attributes
    ----------
    highest
        Each stratum's highest linear predictor, which is taken off those of its rows.
    weight
        Each row's hazard against that, 0 for rows that are never at risk at an event.
    denominator, mean
        For each event, in the order of ``risk.leaving``: the sum of hazards it was drawn from, and the mean of the
        covariates weighted by them.
    log_likelihood
        Minus infinity where hazards lie so far apart that sums of them are lost to rounding.
    """

    def __init__(self, risk: RiskSets, x: Floats, predictor: Floats, highest: Floats) -> None:
        self.risk, self.x, self.highest = risk, x, highest
        self.weight = np.exp(predictor)
        weighted = np.column_stack([self.weight, x * self.weight[:, None]])
        tied = risk.by_position(weighted[risk.leaving])
        sums = risk.at_risk(weighted)
        largest = np.maximum.accumulate(sums[::-1, 0])[::-1]
        lost = bool((sums[:, 0] < _LOST * largest).any())
        sums[:, 0] = np.maximum(sums[:, 0], tied[:, 0])  # rounding must not take away those who leave
        sums = sums[risk.position] - risk.fraction[:, None] * tied[risk.position]
        self.denominator = sums[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            self.mean = sums[:, 1:] / sums[:, :1]
            value = float(predictor[risk.leaving].sum() - np.log(self.denominator).sum())
        self.log_likelihood = value if np.isfinite(value) and not lost else -np.inf

    @cached_property
    def residuals(self) -> Floats:
        """Return for each event, in the order of ``risk.leaving``, its covariates less their mean (Schoenfeld's)."""
        return self.x[self.risk.leaving] - self.mean

    def gradient(self) -> Floats:
        """Return the derivative of the log-likelihood."""
        return self.residuals.sum(axis=0)

    def hazards(self) -> Floats:
        """Return the baseline hazard of each event (Efron's), where a stratum's highest predictor counts as 0."""
        return 1 / self.denominator

    def expected(self, weight: Floats | None = None) -> Floats:
        """Return for each row how many events the model expects of it, each counted with the weight of its position."""
        increments = self.hazards() if weight is None else self.hazards() * weight[self.risk.position]
        expected = between(self.risk.by_position(increments), self.risk.first, self.risk.last)
        expected[self.risk.leaving] -= self.risk.by_position(self.risk.fraction * increments)[self.risk.position]
        return self.weight * expected

    def information(self, weight: Floats | None = None) -> Floats:
        """Return minus the second derivative of the log-likelihood, each position with its weight.

        The covariates' second moments are summed over rows times the events expected of them, not over risk sets:
        one product of matrices instead of one matrix per event time.
        """
        counted = self.mean if weight is None else self.mean * weight[self.risk.position, None]
        return self.x.T @ (self.x * self.expected(weight)[:, None]) - self.mean.T @ counted

    def score_residuals(self) -> Floats:
        """Return each row's part of the gradient (rows, covariates), expected events included.

        Lin, D. Y. and Wei, L. J. (1989), "The robust inference for the Cox proportional hazards model", JASA 84.
        """
        risk = self.risk
        hazards = self.hazards()[:, None]
        moments = self.mean * hazards
        means = between(risk.by_position(moments), risk.first, risk.last)
        means[risk.leaving] -= risk.by_position(risk.fraction[:, None] * moments)[risk.position]
        parts = self.weight[:, None] * means - self.x * self.expected()[:, None]
        shared = risk.by_position(self.mean) / risk.events[:, None]
        parts[risk.leaving] += self.x[risk.leaving] - shared[risk.position]
        return parts
