"""Pareto/NBD: gamma rates of purchase, gamma rates of leaving at any time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.covariates import Logs, at_rows
from clvlab.clv.models.derivatives import Derivatives, log_of_sum, rising
from clvlab.clv.models.purchases import PurchaseModel
from clvlab.clv.models.stays import Stays

if TYPE_CHECKING:
    from clvlab.clv.models.histories import Array, Histories

_R, _ALPHA, _S, _BETA = range(4)
_NODES = 32
# Dropout times by which the likelihood has fallen by e**45 add nothing.
_NEGLIGIBLE = 45.0
_LARGEST_EXPONENT = 600.0


class ParetoNBD(PurchaseModel):
    """Pareto/NBD: customers buy at gamma-distributed rates until they leave, at gamma-distributed rates.

    Parameters of a fit: ``r``, ``alpha`` (purchase rates are Gamma(r, alpha), in purchases per time unit of the
    table) and ``s``, ``beta`` (dropout rates are Gamma(s, beta), per time unit).

    Notes
    -----
    Assumes purchases at random times at a steady rate, no seasons, and that leaving is final, unseen, and has
    nothing to do with how often a customer buys. Where few repeat buyers fall silent, s and beta run away
    together; :attr:`~clvlab.clv.estimates.Fit.diagnostics_` says so.

    The likelihood is the chance to be alive at T plus the integral over the time of leaving since the last
    purchase. The integral is by 32 Gauss-Legendre nodes in log(c + time), c the smaller of alpha and
    beta + entry, up to where the integrand has vanished: 11 digits, also for 1,000 purchases or T of 10,000.
    Derivatives are taken under the integral. The known closed form, a difference of two Gaussian hypergeometric
    functions, overflows and cancels.

    Covariates multiply the mean rates of purchase and of dropout by exp(coefficient times covariate).

    Customers who were there before the records begin enter late (``entry``): those with high dropout rates have
    left by then, so the rates of those still there are Gamma(s, beta + entry). Their purchases before the
    window are unseen, so their purchase rates are Gamma(r, alpha) and every purchase in the window counts. This
    assumes that a customer known before is still one at the window's start. Leave out no customer for not
    buying in the window who was one at its start: the rest look more loyal and busier than they are.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. and Colombo, R. (1987), "Counting your customers: who are they and what
    will they do next?", Management Science 33(1). Fader, P. S. and Hardie, B. G. S. (2005), "A note on deriving
    the Pareto/NBD model and related expressions". Fader, P. S. and Hardie, B. G. S. (2007), "Incorporating
    time-invariant covariates into the Pareto/NBD and BG/NBD models".

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> rate, leaves = rng.gamma(1.0, 1 / 8, 400), rng.exponential(1 / rng.gamma(1.0, 1 / 30, 400))
    >>> active = np.minimum(leaves, 52.0)
    >>> frequency = rng.poisson(rate * active)
    >>> recency = np.where(frequency > 0, active * rng.beta(np.maximum(frequency, 1), 1), 0.0)
    >>> customers = pd.DataFrame({"frequency": frequency, "recency": recency, "T": 52.0})
    >>> fit = ParetoNBD().fit(customers)
    >>> fit.diagnostics_["converged"]
    True
    >>> bool(fit.probability_alive(customers).between(0, 1).all())
    True
    """

    name = "Pareto/NBD"
    parameters = ("r", "alpha", "s", "beta")
    reasons = {  # noqa: RUF012
        ("s", "beta"): "too few repeat buyers fall silent to tell how much dropout rates differ",
        ("r", "alpha"): "too few repeat buyers to tell how much purchase rates differ",
    }
    link = Logs(((1, -1.0), (3, -1.0)))
    late_entry = True
    rows_at_once = 512

    def starts(self, histories: Histories) -> list[Array]:
        """Return where to search from; rates and times in the table's unit."""
        total = float(histories.count @ histories.age)
        rate = float(histories.count @ histories.frequency) / max(total, 1e-300)
        age = total / float(histories.count.sum())
        return [np.array([r, r / rate, s, s * age]) for r, s in ((0.5, 0.5), (2.0, 1.0), (0.1, 0.2))]

    def log_likelihood(self, histories: Histories, parameters: tuple[Array, ...]) -> Derivatives:
        """Return each history's log-likelihood with derivatives."""
        r, alpha, s, _ = parameters
        x, beta = histories.frequency, _dropout_scale(histories, parameters)
        terms, times, log_alpha, log_beta = self._terms(histories, parameters)
        by_alpha, by_beta = alpha + times, beta + times
        gone = np.ones((len(times), 1))
        gone[0] = 0.0  # the first term is to be alive at T
        firsts = [
            np.log(alpha) - log_alpha,
            r / alpha - (r + x) / by_alpha,
            gone / s + np.log(beta) - log_beta,
            s / beta - (s + gone) / by_beta,
        ]
        seconds = {
            (_R, _ALPHA): 1 / alpha - 1 / by_alpha,
            (_ALPHA, _ALPHA): -r / alpha**2 + (r + x) / by_alpha**2,
            (_S, _S): np.broadcast_to(-gone / s**2, times.shape),
            (_S, _BETA): 1 / beta - 1 / by_beta,
            (_BETA, _BETA): -s / beta**2 + (s + gone) / by_beta**2,
        }
        rows = log_of_sum(terms, firsts, seconds)
        value, first, second = rising(r, x)
        rows.value = rows.value + value
        rows.add({_R: first}, {(_R, _R): second})
        return rows

    def _terms(self, histories: Histories, parameters: tuple[Array, ...]) -> tuple[Array, Array, Array, Array]:
        """Return the summands (alive at T; gone at a node).

        Returns
        -------
        terms, times, log_alpha, log_beta
            (1 + nodes, rows) each: logs of the summands, when they happen, and the logs of alpha and beta + entry
            plus that time.
        """
        r, alpha, s, _ = parameters
        x, recency, age = histories.frequency, histories.recency, histories.age
        beta = _dropout_scale(histories, parameters)
        at, weight = _legendre()
        origin = np.minimum(alpha, beta)
        vanished = (alpha + recency) * np.expm1(np.minimum(_NEGLIGIBLE / (r + x), _LARGEST_EXPONENT))
        length = np.log1p(np.minimum(age - recency, vanished) / (origin + recency))
        step = np.outer(at, length)
        times = np.empty((len(at) + 1, len(x)))
        times[0] = age
        times[1:] = recency + (origin + recency) * np.expm1(step)
        log_alpha, log_beta = np.log(alpha + times), np.log(beta + times)
        terms = r * np.log(alpha) - (r + x) * log_alpha + s * (np.log(beta) - log_beta)
        with np.errstate(divide="ignore"):
            measure = np.log(s * length * (origin + recency)) + step + np.log(weight)[:, None]
        terms[1:] += measure - log_beta[1:]
        return terms, times, log_alpha, log_beta

    def probability_alive(self, histories: Histories, parameters: tuple[Array, ...]) -> Array:
        """Return each history's probability of being alive at T."""
        result = np.empty(len(histories))
        for start in range(0, len(result), self.rows_at_once):
            rows = slice(start, start + self.rows_at_once)
            terms, *_ = self._terms(histories.rows(rows), at_rows(parameters, rows))
            with np.errstate(over="ignore"):
                result[rows] = 1 / np.exp(terms - terms[0]).sum(axis=0)
        return result

    def purchases_if_alive(self, histories: Histories, parameters: tuple[Array, ...], horizon: float | Array) -> Array:
        """Return expected purchases within the horizon of customers who are alive at T."""
        from scipy.special import exprel

        r, alpha, s, _ = parameters
        beta = _dropout_scale(histories, parameters)
        stay = np.log1p(horizon / (beta + histories.age))
        active = (beta + histories.age) * stay * exprel((1 - s) * stay)  # expected time until leaving or the horizon
        return (r + histories.frequency) / (alpha + histories.age) * active

    def rate_if_alive(self, histories: Histories, parameters: tuple[Array, ...], time: float) -> Array:
        """Return expected purchases per period at a time ahead of customers who are alive at T."""
        r, alpha, s, _ = parameters
        beta = _dropout_scale(histories, parameters) + histories.age
        return (r + histories.frequency) / (alpha + histories.age) * np.power(beta / (beta + time), s)

    def draw_stays(self, histories: Histories, parameters: tuple[Array, ...], rng: np.random.Generator) -> Stays:
        """Return one draw of rates and of times to leaving, of customers who are alive at T."""
        r, alpha, s, _ = parameters
        beta = _dropout_scale(histories, parameters) + histories.age
        rate = rng.standard_gamma(r + histories.frequency) / (alpha + histories.age)
        leaving = rng.standard_gamma(s, size=len(histories)) / beta
        ends = rng.standard_exponential(len(histories)) / np.maximum(leaving, 1e-300)
        return Stays(rate, np.zeros(len(histories)), ends)


def _dropout_scale(histories: Histories, parameters: tuple[Array, ...]) -> Array:
    """Return beta + entry per row: dropout rates when the records begin (or at the first purchase in them)."""
    return parameters[_BETA] + histories.entry


@cache
def _legendre() -> tuple[Array, Array]:
    """Return Gauss-Legendre nodes and weights on 0..1."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, weights / 2
