"""The ordered logit of scores on covariates, with thresholds of their own for each scale and account-robust errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit, logit

from clvlab.refusal import Refused
from clvlab.satisfaction.leave_one_out import Floats, margin

_STEPS = 100
_SMALLEST_STEP = 1e-12
_FLAT = 1e-9  # slope of the log-likelihood per answer
# A standard error as large as this, per standard deviation: the likelihood rises without end.
_SEPARATES = 10.0


@dataclass(frozen=True)
class Scale:
    """One scale of scores as it was used.

    Attributes
    ----------
    scores
        The scores given on it, rising.
    first
        Position of its lowest threshold among all thresholds.
    rows
        Which answers were given on it.
    """

    scores: Floats
    first: int
    rows: NDArray[np.int64]

    @property
    def thresholds(self) -> slice:
        """Where its thresholds stand."""
        return slice(self.first, self.first + len(self.scores) - 1)


@dataclass(frozen=True)
class OrderedLogit:
    """A fitted ordered logit.

    Attributes
    ----------
    params_
        By covariate: change of the log odds of a higher score, per unit.
    standard_errors_
        Of the same, robust to several answers of one account.
    covariance_
        Of all parameters, thresholds first, robust.
    model_covariance_
        The same, from the curvature alone: right if answers were independent.
    thresholds_
        Of all scales, one after the other.
    log_likelihood_
        At the maximum.
    answers, accounts
        How many answers, of how many accounts.
    """

    params_: pd.Series
    standard_errors_: pd.Series
    covariance_: Floats
    model_covariance_: Floats
    thresholds_: Floats
    log_likelihood_: float
    answers: int
    accounts: int
    _scales: tuple[Scale, ...]
    _covariates: Floats

    def effects(self) -> tuple[pd.Series, pd.DataFrame]:
        """Return the effect of one unit of each covariate on the expected score, and the covariance of these effects.

        The mean over the answers fitted of the derivative of the expected score, given these answers' covariates.
        """
        cut, number = len(self.thresholds_), self.answers
        slope, gradient = 0.0, np.zeros(len(self.covariance_))
        linear = self._covariates @ self.params_.to_numpy()
        for scale in self._scales:
            steps = np.diff(scale.scores)
            above = expit(self.thresholds_[scale.thresholds] - linear[scale.rows, None])
            density = above * (1 - above)
            slope += (density @ steps).sum() / number
            change = density * (1 - 2 * above) * steps / number
            gradient[scale.thresholds] += change.sum(axis=0)
            gradient[cut:] -= change.sum(axis=1) @ self._covariates[scale.rows]
        jacobian = np.outer(self.params_, gradient)
        jacobian[:, cut:] += slope * np.eye(len(self.params_))
        covariance = jacobian @ self.covariance_ @ jacobian.T
        names = self.params_.index
        return slope * self.params_, pd.DataFrame(covariance, names, names)

    def effects_frame(self) -> pd.DataFrame:
        """Return effect, error, lower, upper (90%) and p_value by covariate, in units of the score."""
        from scipy.stats import t

        effect, covariance = self.effects()
        error = pd.Series(np.sqrt(np.diag(covariance)), effect.index)
        reach = margin(self.accounts) * error
        ratio = (self.params_ / self.standard_errors_).abs()
        return pd.DataFrame(
            {
                "effect": effect, "error": error, "lower": effect - reach, "upper": effect + reach,
                "p_value": 2 * t.sf(ratio, self.accounts - 1),
            }
        )  # fmt: skip


def ordered_logit(
    scores: pd.Series, covariates: pd.DataFrame, accounts: pd.Series, scales: pd.Series | None = None
) -> OrderedLogit:
    """Fit the odds of a higher score to covariates.

    Answers by how much a covariate raises or lowers scores that are only ordered: the step from 6 to 7 need not be that
    from 9 to 10. Respondents on different scales (1 to 5, 1 to 10) have thresholds of their own and share the
    effects. With two scores it is the logit of the higher one.

    Parameters
    ----------
    scores
        One per answer; any ordered numbers.
    covariates
        One row per answer, without missing values.
    accounts
        Whose answer each is.
    scales
        The scale each was given on; None for one scale.

    Returns
    -------
    OrderedLogit

    Raises
    ------
    Refused
        When all answers on every scale are the same, with fewer than two accounts, when covariates do not vary or
        follow from each other, and when they tell the scores apart without error.

    Notes
    -----
    Log P(score above k) / P(score at most k) = x'b - c_k. The likelihood is concave (Pratt 1981), so Newton's steps
    with halving find its one maximum. Errors: the sandwich with scores summed by account, times accounts over accounts
    less one. Answers on a scale on which all are the same add nothing.

    References
    ----------
    McCullagh, P. (1980), "Regression models for ordinal data", Journal of the Royal Statistical Society B 42(2). Pratt,
    J. W. (1981), "Concavity of the log likelihood", Journal of the American Statistical Association 76(373).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = pd.DataFrame({"late": rng.normal(size=800)})
    >>> scores = pd.Series(np.round(np.clip(7 - 0.8 * x["late"] + rng.logistic(size=800), 1, 10)))
    >>> fit = ordered_logit(scores, x, pd.Series(range(800)))
    >>> fit.effects_frame().round(2)[["effect", "lower", "upper"]]
          effect  lower  upper
    late   -0.76  -0.85  -0.66
    """
    used, rows = _scales(scores.to_numpy(dtype=float), np.zeros(len(scores)) if scales is None else scales)
    x = covariates.to_numpy(dtype=float)[rows]
    codes, names = pd.factorize(accounts.to_numpy()[rows])
    _refuse_unidentified(covariates.columns, x, len(names))
    centre, spread = x.mean(axis=0), x.std(axis=0)
    likelihood = _Likelihood(used, scores.to_numpy(dtype=float)[rows], (x - centre) / spread)
    theta, cut = likelihood.maximum(), likelihood.cut
    contributions, curvature = likelihood.derivatives(theta)
    inverse = np.linalg.inv(-curvature)
    unsure = np.diag(inverse)[cut:] > _SEPARATES**2
    if unsure.any():
        name = covariates.columns[np.argmax(unsure)]
        raise Refused(
            f"{name} tells scores apart without a single error; how strong it is would show with more answers."
        )
    back = np.eye(len(theta))  # to covariates as they were given
    back[cut:, cut:] = np.diag(1 / spread)
    back[:cut, cut:] = centre / spread
    summed = np.zeros((len(names), len(theta)))
    np.add.at(summed, codes, contributions @ inverse @ back.T)
    robust = summed.T @ summed * len(names) / (len(names) - 1)
    found = back @ theta
    return OrderedLogit(
        pd.Series(found[cut:], covariates.columns),
        pd.Series(np.sqrt(np.diag(robust)[cut:]), covariates.columns),
        robust, back @ inverse @ back.T, found[:cut], likelihood.value(theta), len(rows), len(names), used, x,
    )  # fmt: skip


def _scales(scores: Floats, given_on: ArrayLike) -> tuple[tuple[Scale, ...], NDArray[np.int64]]:
    """Return the scales on which answers differ, and which answers were given on one of them.

    Raises
    ------
    Refused
        When there is none.
    """
    kinds = pd.factorize(np.asarray(given_on))[0]
    differ = [kind for kind in range(kinds.max(initial=-1) + 1) if len(np.unique(scores[kinds == kind])) > 1]
    if not differ:
        raise Refused("All answers are the same; what drives them shows only where they differ.")
    rows, first, found = np.flatnonzero(np.isin(kinds, differ)), 0, []
    for kind in differ:
        given = np.unique(scores[kinds == kind])
        found.append(Scale(given, first, np.flatnonzero(kinds[rows] == kind)))
        first += len(given) - 1
    return tuple(found), rows


def _refuse_unidentified(names: Sequence[str], x: Floats, accounts: int) -> None:
    """Refuse what no fit can tell."""
    if accounts < 2:
        raise Refused("All answers are of one account; what drives them needs answers of several.")
    for name, spread in zip(names, x.std(axis=0), strict=True):
        if not spread > 0:
            raise Refused(f"{name} is the same for all answers; its effect shows only where it differs.")
    if np.linalg.matrix_rank((x - x.mean(axis=0)) / x.std(axis=0)) < x.shape[1]:
        raise Refused(f"Some of {', '.join(names)} follow from the others; leave one out.")


class _Likelihood:
    """Log-likelihood of thresholds and effects; ``cut`` is how many thresholds stand before the effects."""

    def __init__(self, scales: Sequence[Scale], scores: Floats, x: Floats) -> None:
        self.cut = sum(len(scale.scores) - 1 for scale in scales)
        self.start = np.zeros(self.cut + x.shape[1])
        # An answer lies between the threshold below it and the one above it, each less its x'b.
        self.below, self.above = (np.hstack([np.zeros((len(x), self.cut)), -x]) for _ in range(2))
        self.lowest, self.highest = (np.zeros(len(x), dtype=bool) for _ in range(2))
        for scale in scales:
            level = np.searchsorted(scale.scores, scores[scale.rows])
            self.start[scale.thresholds] = logit(np.cumsum(np.bincount(level) / len(level))[:-1])
            self.lowest[scale.rows], self.highest[scale.rows] = level == 0, level == level.max()
            under, over = scale.rows[level > 0], scale.rows[level < level.max()]
            self.below[under, scale.first + level[level > 0] - 1] = 1
            self.above[over, scale.first + level[level < level.max()]] = 1

    def _ends(self, theta: Floats) -> tuple[Floats, Floats]:
        return np.where(self.lowest, -np.inf, self.below @ theta), np.where(self.highest, np.inf, self.above @ theta)

    def value(self, theta: Floats) -> float:
        """Return the log-likelihood; minus infinity where thresholds cross."""
        below, above = self._ends(theta)
        if not (above > below).all():
            return -np.inf
        return float((log_expit(above) + log_expit(-below) + np.log(-np.expm1(below - above))).sum())

    def derivatives(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return what each answer adds to the first derivatives, and the second derivatives."""
        below, above = self._ends(theta)
        with np.errstate(over="ignore"):
            near = 1 / np.expm1(above - below)
        both = near * (1 + near)
        contributions = (expit(-above) + near)[:, None] * self.above - (expit(below) + near)[:, None] * self.below
        cross = self.above.T @ (both[:, None] * self.below)
        curvature = cross + cross.T
        for design, end in ((self.above, above), (self.below, below)):
            curvature -= design.T @ ((expit(end) * expit(-end) + both)[:, None] * design)
        return contributions, curvature

    def maximum(self) -> Floats:
        """Return thresholds and effects at the maximum, by Newton's steps with halving.

        Raises
        ------
        Refused
            When there is none.
        """
        theta, value = self.start, self.value(self.start)
        for _ in range(_STEPS):
            contributions, curvature = self.derivatives(theta)
            slope = contributions.sum(axis=0)
            if np.abs(slope).max() < _FLAT * len(contributions):
                return theta
            try:
                step = np.linalg.solve(-curvature, slope)
            except np.linalg.LinAlgError:
                break
            while self.value(theta + step) < value and np.abs(step).max() > _SMALLEST_STEP:
                step = step / 2
            theta, value = theta + step, self.value(theta + step)
        raise Refused("The covariates tell scores apart without error; effects would show with more answers.")
