"""Shifted-beta-geometric and beta-discrete-Weibull: how many contracts are renewed, and renewed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.derivatives import Derivatives, log_of_sum
from clvlab.clv.models.estimates import Estimate, Fit, Reasons, checked, starting_point, titled
from clvlab.clv.models.maximising import best_of
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.maximising import Objective

_ALPHA, _BETA, _C = range(3)


class _RenewalModel:
    """What both share: a beta chance to end the contract; the second lets it change with every renewal."""

    name: str
    parameters: tuple[str, ...]
    reasons: Reasons = {  # noqa: RUF012
        ("alpha", "beta"): "too few renewals, or rates of renewal too alike, to tell how much contracts differ",
        ("c",): "too few renewals to tell how one contract's chances change with time",
    }
    _starts: tuple[tuple[float, ...], ...]

    def fit(self, survivors: ArrayLike, start: Mapping[str, float] | None = None) -> RenewalFit:
        """Return the maximum likelihood fit.

        Parameters
        ----------
        survivors
            Contracts of one cohort: how many began, then how many were left after each renewal. Those left at
            the end are taken as still running.
        start
            Where to search from: every parameter by name.

        Raises
        ------
        Refused
            For counts that are missing, negative or rise, for a cohort that nobody leaves, and for fewer
            renewals than parameters.
        """
        counts = _checked(survivors, self)
        return self._fitted(counts[:-1], -np.diff(counts), start)

    def fit_at_risk(self, at_risk: ArrayLike, ended: ArrayLike, start: Mapping[str, float] | None = None) -> RenewalFit:
        """Return the maximum likelihood fit to contracts that began at different times.

        Parameters
        ----------
        at_risk, ended
            One entry per period of a contract's age, from the first: contracts under observation through it, and
            those of them that ended in it. Contracts that came under observation late, or still run, count in
            the periods in which they were watched; periods without any are 0.
        start
            Where to search from: every parameter by name.

        Raises
        ------
        Refused
            For counts that are missing, negative, not of one length or more ended than at risk, and when none or
            all ended.
        """
        return self._fitted(*_checked_at_risk(at_risk, ended, self), start)

    def _fitted(self, at_risk: Array, ended: Array, start: Mapping[str, float] | None) -> RenewalFit:
        """Return the fit to counts by age."""
        given = (
            [np.array(values) for values in self._starts] if start is None else [starting_point(start, self.parameters)]
        )
        optimum = best_of(self._objective(at_risk, ended), [np.log(values) for values in given])
        estimate = Estimate(self.parameters, (True,) * len(self.parameters), optimum)
        entered = np.append(at_risk[0], at_risk[1:] - (at_risk - ended)[:-1])
        contracts = float(np.maximum(entered, 0.0).sum())
        checks = checked(estimate, contracts, self.reasons)
        return RenewalFit(titled(self.name, contracts, checks), estimate, contracts, checks)

    def _objective(self, at_risk: Array, ended: Array) -> Objective:
        """Return the log-likelihood as a function of log parameters, with gradient and Hessian.

        A contract's chance to end in a period, and to outlive it, are taken given that it was there before: with
        S the chance to outlive, sums of log(S before - S after) over those that ended and of log S over those that
        outlived it, less log S before over all at risk.
        """
        count = np.concatenate([ended, at_risk - ended - np.append(at_risk[1:], 0.0)])

        def objective(logs: Array) -> tuple[float, Array, Array]:
            scale = np.exp(logs)
            with np.errstate(all="ignore"):
                rows = self._rows(scale, len(ended))
            seen = count != 0
            gradient = (rows.gradient[:, seen] @ count[seen]) * scale
            hessian = (rows.hessian[:, :, seen] @ count[seen]) * scale[:, None] * scale
            return float(rows.value[seen] @ count[seen]), gradient, hessian + np.diag(gradient)

        return objective

    def _rows(self, parameters: Array, renewals: int) -> Derivatives:
        """Return the log chance to end at each renewal, then to outlive each, with derivatives."""
        before, after = (
            _log_survival(parameters, time) for time in (np.arange(float(renewals)), np.arange(1.0, renewals + 1))
        )
        ended = log_of_sum(
            np.stack([before.value, after.value]),
            [np.stack(pair) for pair in zip(before.gradient, after.gradient, strict=True)],
            {
                (i, j): np.stack([before.hessian[i, j], after.hessian[i, j]])
                for i in range(len(parameters))
                for j in range(i + 1)
            },
            signs=np.array([[1.0], [-1.0]]),
        )
        pieces = ((ended.value, after.value), (ended.gradient, after.gradient), (ended.hessian, after.hessian))
        return Derivatives(*(np.concatenate(pair, axis=-1) for pair in pieces))


class ShiftedBetaGeometric(_RenewalModel):
    """Shifted-beta-geometric: each contract has its own chance to end at a renewal, the same every time.

    Parameters of a fit: ``alpha``, ``beta`` (the chance to end is Beta(alpha, beta)).

    Notes
    -----
    The rate of renewal rises with age although nobody becomes more loyal: those likely to leave go first.
    Assumes one cohort, renewals at fixed dates, and chances that do not change with time or season; where they
    do, :class:`BetaDiscreteWeibull` has a parameter for it.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2007), "How to project customer retention", Journal of Interactive
    Marketing 21(1).

    Examples
    --------
    >>> fit = ShiftedBetaGeometric().fit([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> fit.params_.round(3).tolist(), round(fit.log_likelihood_, 3)
    ([0.704, 1.182], -1680.265)
    >>> fit.survival(12).round(2).iloc[-1].item()
    0.17
    """

    name = "Shifted-beta-geometric"
    parameters = ("alpha", "beta")
    _starts = ((1.0, 3.0), (0.3, 0.6), (10.0, 50.0))


class BetaDiscreteWeibull(_RenewalModel):
    """Beta-discrete-Weibull: as shifted-beta-geometric, with chances to end that rise or fall with age.

    Parameters of a fit: ``alpha``, ``beta`` as in :class:`ShiftedBetaGeometric`, ``c``: above 1 a contract's own
    chance to end rises with every renewal, below 1 it falls; at 1 the model is the shifted-beta-geometric.

    References
    ----------
    Fader, P. S., Hardie, B. G. S., Liu, Y., Davin, J. and Steenburgh, T. (2018), "'How to project customer
    retention' revisited: the role of duration dependence", Journal of Interactive Marketing 43.

    Examples
    --------
    >>> fit = BetaDiscreteWeibull().fit([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> fit.params_.round(2).tolist(), round(fit.log_likelihood_, 3)
    ([0.21, 1.43, 1.72], -1605.314)
    """

    name = "Beta-discrete-Weibull"
    parameters = ("alpha", "beta", "c")
    _starts = ((1.0, 3.0, 1.0), (0.3, 0.6, 1.3), (5.0, 20.0, 0.8))


@dataclass(frozen=True, repr=False, eq=False)
class RenewalFit(Fit):
    """A fitted renewal model."""

    def survival(self, renewals: int) -> pd.Series:
        """Return the share of a cohort that is left after 0, 1, ... ``renewals`` renewals."""
        import pandas as pd

        values = np.exp(_log_chance(self.estimate.values(), _times(renewals)))
        return pd.Series(values, index=pd.RangeIndex(len(values), name="renewal"), name="survival")

    def renewal_rates(self, renewals: int) -> pd.Series:
        """Return the share that renews at renewal 1, 2, ... of those left before it."""
        survival = self.survival(renewals)
        return (survival / survival.shift()).iloc[1:].rename("renewal_rate")

    def draws(self, renewals: int, n: int = 1000, seed: int = 1) -> np.ndarray:
        """Return (n, renewals + 1) survival curves, with parameters drawn from their sampling distribution."""
        drawn = self.estimate.draws(n, np.random.default_rng(seed))
        times = _times(renewals)
        return np.exp(np.stack([_log_chance(values, times) for values in drawn]))

    def survival_from(self, age: ArrayLike, ahead: ArrayLike) -> np.ndarray:
        """Return (contracts, times) chances that contracts of these ages still run after these periods more.

        Parameters
        ----------
        age, ahead
            Periods, whole or not: one age per contract, one entry per time.
        """
        ages, times = np.asarray(age, dtype=float)[:, None], np.asarray(ahead, dtype=float)[None]
        values = self.estimate.values()
        return np.exp(_log_chance(values, ages + times) - _log_chance(values, ages))

    def draw_ends(self, age: Array, values: Array, rng: np.random.Generator) -> Array:
        """Return one draw per contract of the periods until it ends.

        Parameters
        ----------
        age
            Periods each contract has lasted.
        values
            Parameters, such as a row of ``estimate.draws``.

        Notes
        -----
        A contract that has lasted t periods has a chance to end of Beta(alpha, beta + t**c) per step of t**c.
        """
        c = values[_C] if len(values) > _C else 1.0
        lasted = np.power(age, c)
        chance = rng.beta(np.full(len(age), values[_ALPHA]), values[_BETA] + lasted)
        steps = rng.standard_exponential(len(age)) / np.maximum(-np.log1p(-np.minimum(chance, 1 - 1e-16)), 1e-300)
        return np.power(lasted + steps, 1 / c) - age


def _log_chance(parameters: Array, time: Array) -> Array:
    """Return the value of :func:`_log_survival` alone, for times of any shape and however long."""
    from scipy.special import betaln

    alpha, beta = parameters[:2]
    power = np.power(time, parameters[_C]) if len(parameters) > _C else time
    return betaln(alpha, beta + power) - betaln(alpha, beta)


def _log_survival(parameters: Array, time: Array) -> Derivatives:
    """Return log B(alpha, beta + time**c) / B(alpha, beta), the chance to outlive ``time`` periods."""
    from scipy.special import digamma, gammaln, polygamma

    alpha, beta = parameters[:2]
    c = parameters[_C] if len(parameters) > _C else 1.0
    k = len(parameters)
    log_time = np.log(np.where(time > 0, time, 1.0))
    power = np.where(time > 0, np.exp(c * log_time), 0.0)

    def part(base: float) -> tuple[Array, Array, Array, Array, Array]:
        at = base + power
        return (
            gammaln(at) - gammaln(base),
            digamma(at) - digamma(base),
            polygamma(1, at) - polygamma(1, base),
            digamma(at),
            polygamma(1, at),
        )

    own, both = part(beta), part(alpha + beta)
    rows = Derivatives(own[0] - both[0], np.zeros((k, len(time))), np.zeros((k, k, len(time))))
    rows.add(
        {_ALPHA: -both[1], _BETA: own[1] - both[1]},
        {(_ALPHA, _ALPHA): -both[2], (_ALPHA, _BETA): -both[2], (_BETA, _BETA): own[2] - both[2]},
    )
    if k > _C:
        slope = power * log_time  # of time**c by c
        by_power, by_power_twice = own[3] - both[3], own[4] - both[4]
        rows.add(
            {_C: by_power * slope},
            {
                (_C, _C): by_power_twice * slope**2 + by_power * slope * log_time,
                (_ALPHA, _C): -both[4] * slope,
                (_BETA, _C): by_power_twice * slope,
            },
        )
    return rows


def _times(renewals: int) -> Array:
    """Return 0, 1, ... renewals."""
    if not (renewals >= 0 and renewals == int(renewals)):
        raise Refused(f"renewals={renewals} is no number of renewals; give 0, 1, 2 or more.")
    return np.arange(int(renewals) + 1.0)


def _checked(survivors: ArrayLike, model: _RenewalModel) -> Array:
    """Return the cohort as floats, refusing one that cannot be."""
    try:
        counts = np.asarray(survivors, dtype=float).ravel()
    except (TypeError, ValueError):
        raise Refused("survivors must be numbers; give how many contracts were left after each renewal.") from None
    needed = len(model.parameters) + 1
    if len(counts) < needed:
        raise Refused(f"survivors has {len(counts)} counts and {model.name} needs {needed}; follow the cohort longer.")
    if not np.all(np.isfinite(counts)) or counts.min() < 0:
        place = int(np.flatnonzero(~(counts >= 0) | ~np.isfinite(counts))[0])
        raise Refused(
            f"survivors is missing or negative at renewal {place}; give the contracts left after each renewal."
        )
    rises = np.flatnonzero(np.diff(counts) > 0)
    if rises.size:
        raise Refused(f"survivors rises at renewal {rises[0] + 1}; follow one cohort, without contracts won later.")
    if counts[0] == counts[-1]:
        raise Refused("survivors never falls, so nothing tells who leaves; follow the cohort until some have left.")
    return counts


def _checked_at_risk(at_risk: ArrayLike, ended: ArrayLike, model: _RenewalModel) -> tuple[Array, Array]:
    """Return the counts as floats up to the last period with any, refusing those that cannot be."""
    try:
        risk, ends = (np.asarray(counts, dtype=float).ravel() for counts in (at_risk, ended))
    except (TypeError, ValueError):
        raise Refused("at_risk and ended must be numbers; give one count per period of age.") from None
    if len(risk) != len(ends):
        raise Refused(f"at_risk has {len(risk)} periods and ended {len(ends)}; give both for the same periods.")
    wrong = ~(np.isfinite(risk) & np.isfinite(ends) & (ends >= 0) & (ends <= risk))
    if wrong.any():
        raise Refused(f"ended is missing, negative or above at_risk in period {int(np.flatnonzero(wrong)[0]) + 1}.")
    watched = int(np.flatnonzero(risk).max(initial=-1)) + 1
    if watched < len(model.parameters):
        raise Refused(f"Contracts were watched for {watched} periods and {model.name} needs {len(model.parameters)}.")
    if ends.sum() == 0 or ends.sum() == risk.sum():
        raise Refused("None or all of the contracts ended, so nothing tells who stays how long; watch them longer.")
    return risk[:watched], ends[:watched]
