"""How a rate answers to spending: rising from a floor towards a ceiling, less the more is spent already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import chi2

from clvlab.refusal import Refused

Floats: TypeAlias = NDArray[np.float64]

_GROUPS, _PARAMETERS = 6, 2
_POINTS = 200
_LEAST = 20  # trials of which a curve can be learnt
# How much of the way to the ceiling the mean spending covers, where the search begins.
_STARTS = (0.3, 1.0, 3.0)
_EDGE = 8.0  # log-odds beyond which a rate is 0 or 1 to all purposes
_MISFIT = 0.01


@dataclass(frozen=True)
class ResponseCurve:
    """A rate as a function of spending: floor + (ceiling - floor) x (1 - exp(-steepness x spending)).

    Attributes
    ----------
    ceiling
        The rate that no spending exceeds.
    steepness
        Per unit of money: at a spending of 1 / steepness 63% of the way is covered.
    floor
        The rate without any spending.

    References
    ----------
    Blattberg, R. C. and Deighton, J. (1996), "Manage marketing by the customer equity test", Harvard Business Review
    74(4); their curves begin at 0.

    Examples
    --------
    >>> round(float(ResponseCurve(ceiling=0.4, steepness=0.1).rate(10.0)), 4)
    0.2528
    """

    ceiling: float
    steepness: float
    floor: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no curve of a rate."""
        if not (0 <= self.floor <= self.ceiling <= 1 and 0 <= self.steepness < np.inf):
            raise Refused(
                f"A response curve with floor {self.floor:g}, ceiling {self.ceiling:g} and steepness {self.steepness:g}"
                " cannot be: give 0 <= floor <= ceiling <= 1 and a steepness of 0 or more."
            )

    def rate(self, spending: ArrayLike) -> Floats:
        """Return the rate at some spending of 0 or more."""
        covered = -np.expm1(-self.steepness * np.asarray(spending, dtype=float))
        return (self.floor + (self.ceiling - self.floor) * covered)[()]

    def slope(self, spending: ArrayLike) -> Floats:
        """Return what one more unit of money adds to the rate."""
        x = np.asarray(spending, dtype=float)
        return ((self.ceiling - self.floor) * self.steepness * np.exp(-self.steepness * x))[()]

    @classmethod
    def through(cls, spending: float, rate: float, ceiling: float) -> ResponseCurve:
        """Return the curve from 0 that reaches a rate at a spending, as managers are asked for it.

        Raises
        ------
        Refused
            Unless the rate lies between 0 and the ceiling, and the spending above 0.

        Examples
        --------
        >>> curve = ResponseCurve.through(5.0, 0.2, ceiling=0.4)
        >>> round(float(curve.rate(5.0)), 6), round(float(curve.rate(10.0)), 6)
        (0.2, 0.3)
        """
        if not (0 < rate < ceiling <= 1 and spending > 0):
            raise Refused("The rate must lie between 0 and the ceiling, and the spending above 0.")
        return cls(ceiling, float(-np.log1p(-rate / ceiling) / spending))


@dataclass(frozen=True)
class FittedCurve:
    """A response curve learnt from what was spent and what came of it.

    Attributes
    ----------
    curve
        The curve of highest likelihood.
    draws
        Curves of samples of the same size drawn from the trials, for intervals.
    groups
        ``spending`` (mean), ``trials``, ``rate`` (observed), ``fitted``: by sixths of the spending.
    p_misfit
        Probability of groups that far from the curve by chance.
    remarks
        What a reader has to know, in sentences.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> spent = rng.uniform(0, 30, 500)
    >>> fit_response(spent, rng.random(500) < ResponseCurve(0.4, 0.1).rate(spent), "leads", draws=2).p_misfit > 0.01
    True
    """

    curve: ResponseCurve
    draws: tuple[ResponseCurve, ...]
    groups: pd.DataFrame
    p_misfit: float
    remarks: tuple[str, ...]


def fit_response(
    spending: ArrayLike, succeeded: ArrayLike, what: str, *, seed: int = 1, draws: int = 100
) -> FittedCurve:
    """Learn a response curve that begins at 0, by maximum likelihood.

    Parameters
    ----------
    spending
        Money spent on each trial (a lead, a customer's year), 0 or more.
    succeeded
        Whether it was won, or stayed (1 or 0).
    what
        What a trial is, in the plural, for the sentences.
    seed, draws
        Of the bootstrap over trials, and how many curves it gives.

    Raises
    ------
    Refused
        With fewer than 20 trials, when all or none succeed, when all cost the same, and for amounts that cannot be.

    Notes
    -----
    The likelihood is Bernoulli's. Spending is taken as given: where more is spent on trials because they are likelier
    or less likely to succeed, the curve shows that, and not what spending changes. Groups far from the curve tell so
    (chi-square over sixths of the spending). Trials are merged into 200 points of spending, which speeds the fit up
    and moves no digit that is shown.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> spent = rng.uniform(0, 30, 4000)
    >>> won = rng.random(4000) < ResponseCurve(0.4, 0.1).rate(spent)
    >>> found = fit_response(spent, won, "leads", draws=0)
    >>> bool(abs(found.curve.ceiling - 0.4) < 0.04)
    True
    """
    x, y = np.asarray(spending, dtype=float), np.asarray(succeeded, dtype=float)
    if x.shape != y.shape or not (np.isfinite(x).all() and (x >= 0).all() and np.isin(y, (0, 1)).all()):
        raise Refused(f"Spending on {what} must be known and 0 or more, and what came of it 1 or 0, one of each.")
    if len(x) < _LEAST:
        raise Refused(f"How {what} answer to spending needs {_LEAST} of them or more; there are {len(x)}.")
    if not 0 < y.sum() < len(y) or np.ptp(x) == 0:
        raise Refused(f"How {what} answer to spending is not told: all cost the same, or all or none succeeded.")
    scale = float(x.mean())
    points, failed, won = _merged(x / scale, y)
    best = _maximise(points, failed, won, [np.array([_top(y), np.log(step)]) for step in _STARTS])
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        counts = rng.multinomial(len(x), np.concatenate([failed, won]) / len(x)).astype(float)
        drawn.append(_curve(_maximise(points, counts[: len(points)], counts[len(points) :], [best]), scale))
    curve = _curve(best, scale)
    groups = _groups(x, y, curve)
    p = _misfit(groups)
    return FittedCurve(curve, tuple(drawn), groups, p, tuple(_remarks(curve, x, p, what)))


def _merged(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return points of about equal numbers of trials: their mean spending, and how many failed and were won there."""
    at = pd.Series(x).rank(method="dense").to_numpy(dtype=float)
    place = np.minimum((at - 1) * _POINTS // at.max(), _POINTS - 1).astype(int)
    trials = pd.DataFrame({"x": x, "won": y, "failed": 1 - y}).groupby(place).agg(
        {"x": "mean", "failed": "sum", "won": "sum"}
    )  # fmt: skip
    return trials["x"].to_numpy(), trials["failed"].to_numpy(), trials["won"].to_numpy()


def _top(y: Floats) -> float:
    """Return the log-odds of the ceiling from which to search."""
    return float(logit(np.clip(1.1 * y.mean(), 0.02, 0.98)))


def _maximise(x: Floats, failed: Floats, won: Floats, starts: list[Floats]) -> Floats:
    """Return log-odds of the ceiling and log steepness of highest likelihood, of several searches the best."""

    def loss(parameters: Floats) -> tuple[float, Floats]:
        ceiling, steepness = expit(parameters[0]), np.exp(parameters[1])
        covered = -np.expm1(-steepness * x)
        rate = np.clip(ceiling * covered, 1e-12, 1 - 1e-12)
        by_rate = failed / (1 - rate) - won / rate
        slopes = [covered * ceiling * (1 - ceiling), ceiling * steepness * x * np.exp(-steepness * x)]
        return -float(won @ np.log(rate) + failed @ np.log1p(-rate)), np.array([by_rate @ slope for slope in slopes])

    bounds = [(-_EDGE, _EDGE), (-_EDGE, _EDGE)]
    fits = [minimize(loss, start, method="L-BFGS-B", jac=True, bounds=bounds) for start in starts]
    return min(fits, key=lambda fit: fit.fun).x


def _curve(parameters: Floats, scale: float) -> ResponseCurve:
    return ResponseCurve(float(expit(parameters[0])), float(np.exp(parameters[1])) / scale)


def _groups(x: Floats, y: Floats, curve: ResponseCurve) -> pd.DataFrame:
    """Return observed and fitted rates by sixths of the spending."""
    sixth = pd.qcut(pd.Series(x).rank(method="first"), _GROUPS, labels=False)
    trials = pd.DataFrame({"spending": x, "rate": y, "fitted": curve.rate(x), "trials": 1}).groupby(sixth)
    return trials.agg({"spending": "mean", "trials": "sum", "rate": "mean", "fitted": "mean"}).reset_index(drop=True)


def _misfit(groups: pd.DataFrame) -> float:
    """Return the p of a chi-square test of the curve over groups."""
    variance = groups["fitted"] * (1 - groups["fitted"]) / groups["trials"]
    distance = ((groups["rate"] - groups["fitted"]) ** 2 / variance.clip(lower=1e-12)).sum()
    return float(chi2.sf(distance, len(groups) - _PARAMETERS))


def _remarks(curve: ResponseCurve, x: Floats, p: float, what: str) -> list[str]:
    """Return what a reader has to know of a curve."""
    said = []
    if p < _MISFIT:
        said.append(
            f"The curve does not fit the {what} (p = {p:.2g}): what was spent on each followed how hard or promising it"
            " was, so that the curve tells little of what more spending would change."
        )
    reached = -np.expm1(-curve.steepness * float(np.quantile(x, 0.95)))
    if reached < 0.5:
        said.append(f"Spending on {what} never came near the ceiling, which is a guess from the bend of the curve.")
    return said
