"""The maximum of a partial likelihood, also where there is none: redundant covariates and infinite coefficients."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2

from clvlab.churn.hazards.cox.partial_likelihood import Evaluation, PartialLikelihood
from clvlab.churn.spells import Floats

# Share of a covariate's variation among those at risk that others must leave for it to have a coefficient of its own.
_OWN_SHARE = 1e-10
# Part of another covariate (both in standard deviations) in a redundant one that is worth naming.
_TAKES_PART = 1e-6
_STEPS = 100
_HALVINGS = 30
# Gain in log-likelihood that the next step promises, below which the search is over: a step of 1/7000 of an error.
_TOLERANCE = 1e-8
_ROUNDING = 1e-14
# A step that gains nothing and still moves a log hazard by this much leads to infinity: no finite maximum has errors
# above 350 on the log scale.
_ENDLESS = 0.05
# So does a search in which the lowest hazard at risk has fallen to this part of the highest.
_NOTHING = 1e-130
# A coefficient belongs to the way to infinity when it moves by this part of the one that moves most.
_MOVES_WITH_IT = 0.01


@dataclass(frozen=True)
class Maximum:
    """Where the search ended.

    Attributes
    ----------
    coefficients, evaluation
        The point, and the likelihood there.
    endless
        For each coefficient the direction, 1 or -1, in which the likelihood rises without end; 0 for a finite one.
    iterations
        Newton steps.
    converged
        Whether no further step promises a gain.
    """

    coefficients: Floats
    evaluation: Evaluation
    endless: Floats
    iterations: int
    converged: bool

    def covariance(self) -> Floats:
        """Return the inverse of the information; without meaning in the rows of infinite coefficients."""
        values, vectors = np.linalg.eigh(self.evaluation.information())
        return (vectors / _invertible(values)) @ vectors.T


def redundant(null: Evaluation) -> dict[int, list[int]]:
    """Return the covariates that have no coefficient of their own, each with the earlier ones that make it up.

    None make up a covariate that is the same for all who are at risk together. Which these are does not depend on the
    coefficients, so that the likelihood may be taken anywhere.
    """
    information = null.information()
    size = null.expected() @ null.x**2
    kept: list[int] = []
    found: dict[int, list[int]] = {}
    for column in range(len(size)):
        shares = np.linalg.solve(information[np.ix_(kept, kept)], information[kept, column])
        own = information[column, column] - information[column, kept] @ shares
        if own <= _OWN_SHARE * size[column]:
            found[column] = [other for other, share in zip(kept, shares, strict=True) if abs(share) > _TAKES_PART]
        else:
            kept.append(column)
    return found


def maximise(likelihood: PartialLikelihood, start: Floats) -> Maximum:
    """Return the maximum by Newton's method, steps halved until the likelihood, which is concave, rises."""
    at = start
    here = likelihood.at(at)
    seen, finite = likelihood.risk.seen, np.zeros(len(at))
    for iteration in range(_STEPS):
        if here.weight[seen].min() < _NOTHING:
            return Maximum(at, here, _ways(at), iteration, True)
        step, promised = _step(here)
        if promised < _TOLERANCE:
            if np.abs(likelihood.x[seen] @ step).max() > _ENDLESS:
                return Maximum(at, here, _ways(step), iteration, True)
            at = at + step  # as good as there: what remains after this step is the square of it
            return Maximum(at, likelihood.at(at), finite, iteration, True)
        for _ in range(_HALVINGS):
            there = likelihood.at(at + step)
            if there.log_likelihood >= here.log_likelihood - _ROUNDING * abs(here.log_likelihood):
                break
            step = step / 2
        else:
            return Maximum(at, here, finite, iteration, False)
        at, here = at + step, there
    return Maximum(at, here, finite, _STEPS, False)


def _ways(step: Floats) -> Floats:
    """Return which coefficients go to infinity along a step, and in which direction."""
    return np.sign(step) * (np.abs(step) > _MOVES_WITH_IT * np.abs(step).max())


def _step(here: Evaluation) -> tuple[Floats, float]:
    """Return Newton's step and half the gain that it promises."""
    gradient = here.gradient()
    values, vectors = np.linalg.eigh(here.information())
    step = vectors @ ((vectors.T @ gradient) / _invertible(values))
    return step, float(gradient @ step) / 2


def _invertible(eigenvalues: Floats) -> Floats:
    """Return eigenvalues of an information matrix with those that rounding made 0 or negative just above 0."""
    return np.maximum(eigenvalues, 1e-14 * eigenvalues.max(initial=1e-300))


def bound(likelihood: PartialLikelihood, maximum: Maximum, column: int, confidence: float) -> float:
    """Return the finite end of the interval of an infinite coefficient, from its profile likelihood.

    It is where twice the log-likelihood has fallen by the quantile of chi-squared that a two-sided interval takes.
    """

    def beyond(value: float) -> float:
        return _fall(likelihood, maximum, column, value) - float(chi2.ppf(confidence, 1))

    inner, outer = 0.0, float(maximum.endless[column])
    if beyond(inner) < 0:  # the interval reaches over 0
        inner, outer = -outer, inner
        while beyond(inner) < 0:
            inner, outer = 2 * inner, inner
    else:
        while beyond(outer) > 0:
            inner, outer = outer, 2 * outer
    return float(brentq(beyond, inner, outer, xtol=1e-6))


def without(likelihood: PartialLikelihood, maximum: Maximum, column: int) -> float:
    """Return the p-value of a coefficient of 0 by the likelihood ratio."""
    return float(chi2.sf(_fall(likelihood, maximum, column, 0.0), 1))


def _fall(likelihood: PartialLikelihood, maximum: Maximum, column: int, value: float) -> float:
    """Return how far twice the log-likelihood falls when one coefficient is held and the others follow."""
    held = likelihood.offset + value * likelihood.x[:, column]
    others = replace(likelihood, x=np.delete(likelihood.x, column, axis=1), offset=held)
    # On the way to infinity, where others go along, all grow alike.
    way = max(value / maximum.coefficients[column], 0.0)
    found = maximise(others, way * np.delete(maximum.coefficients, column))
    return 2 * (maximum.evaluation.log_likelihood - found.evaluation.log_likelihood)
