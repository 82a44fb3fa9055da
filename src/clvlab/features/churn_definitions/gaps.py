"""How long a customer goes between orders: gamma gaps, shrunk towards what is usual among its like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clvlab.features.churn_definitions.order_days import Flags, Ints

Floats: TypeAlias = NDArray[np.float64]

# What is taken for granted before there are records, and for how many customers that counts: orders come at random
# (gamma shape 1, whose spread log(mean) - mean(log) is Euler's constant), and log rates have variance 1.
_SPREAD, _VARIANCE, _CUSTOMERS = float(np.euler_gamma), 1.0, 5.0
_LEAST_VARIANCE = 0.05
# How many gaps the spread of a customer's like weighs against the customer's own.
_WEIGHT = 8.0


@dataclass(frozen=True)
class History:
    """Gaps that customers have had: their number, the sum of their days and of the logarithms of these."""

    gaps: Floats
    days: Floats
    logs: Floats

    def of(self, rows: Ints | Flags) -> History:
        """Return some of the histories."""
        return History(self.gaps[rows], self.days[rows], self.logs[rows])

    @property
    def spread(self) -> Floats:
        """log(mean gap) - mean(log gap): 0 when all are alike, on average 0.58 when orders come at random."""
        n = np.maximum(self.gaps, 1)
        spread = np.log(np.maximum(self.days, 1) / n) - self.logs / n
        return np.where(self.gaps > 0, np.maximum(spread, 0), 0)


@dataclass(frozen=True)
class Usual:
    """What is usual among customers of one kind; arrays hold one entry per customer, that of its kind.

    Attributes
    ----------
    spread
        As :attr:`History.spread`, of a customer with many gaps.
    shape, rate
        Of the gamma distribution of rates: a customer's gaps are gamma with a rate per day of its own.
    """

    spread: Floats
    shape: Floats
    rate: Floats


@dataclass(frozen=True)
class NextGap:
    """What is known of the next gap: gamma with a rate that is itself gamma (a scaled beta prime).

    Attributes
    ----------
    shape
        Of the gaps.
    rate_shape, rate_days
        Shape of the gamma distribution of their rate, and its own rate in days.
    """

    shape: Floats
    rate_shape: Floats
    rate_days: Floats

    @property
    def mean(self) -> Floats:
        """The gap's expectation in days; infinite where the rate is hardly known."""
        over = np.maximum(self.rate_shape - 1, 0)
        return np.divide(self.shape * self.rate_days, over, out=np.full(over.shape, np.inf), where=over > 0)

    def of(self, rows: Ints) -> NextGap:
        """Return the gaps of some customers only."""
        return NextGap(self.shape[rows], self.rate_shape[rows], self.rate_days[rows])

    def exceeds(self, days: ArrayLike) -> Floats:
        """Return the probability that the gap is longer than ``days``, of any shape that ends in that of the gaps."""
        from scipy.special import betainc

        return betainc(self.rate_shape, self.shape, self.rate_days / (self.rate_days + np.asarray(days, dtype=float)))

    def exceeded_with(self, probability: ArrayLike) -> Floats:
        """Return the days that the gap exceeds with a probability: the inverse of :meth:`exceeds`, infinite for 0."""
        from scipy.special import betaincinv

        share = betaincinv(self.rate_shape, self.shape, probability)
        with np.errstate(divide="ignore"):
            return self.rate_days * (1 - share) / share


def learn_usual(history: History) -> Usual:
    """Return what is usual among customers who have each had a gap or more.

    Notes
    -----
    Spread: the mean over customers of theirs, corrected for the mean being estimated (n / (n - 1), exact for long
    gaps of low spread), weighted by (n - 1) / (n - 1 + 8). Rates: by moments of their logarithm. With gamma gaps of
    shape k and rate r, the log of the sum of n is log gamma(nk) less log r, of mean psi(nk) - log r and variance
    psi'(nk); a gamma distribution of rates has mean psi(a) - log b and variance psi'(a).

    Spread and variance are averaged with what is taken for granted (orders at random, a variance of 1), which weighs
    as much as five customers.

    Examples
    --------
    Rates are Gamma(2, 20), gaps of shape 1.5:

    >>> rng = np.random.default_rng(1)
    >>> rates = rng.gamma(2.0, 1 / 20.0, 2000)
    >>> each = rng.gamma(1.5, 1 / rates, (50, 2000))
    >>> usual = learn_usual(History(np.full(2000, 50.0), each.sum(axis=0), np.log(each).sum(axis=0)))
    >>> round(float(usual.shape), 1), round(float(usual.rate)), round(float(gamma_shape(usual.spread)), 1)
    (1.9, 19, 1.5)
    """
    from scipy.optimize import brentq
    from scipy.special import polygamma, psi

    own = np.maximum(history.gaps - 1, 0)
    weight = own / (own + _WEIGHT)
    corrected = history.gaps * history.spread / np.maximum(own, 1)
    spread = (weight @ corrected + _CUSTOMERS * _SPREAD) / (weight.sum() + _CUSTOMERS)
    shape = history.gaps * gamma_shape(_shrunk(spread, history))
    log_rate, noise = psi(shape) - np.log(history.days), polygamma(1, shape)
    weight = 1 / (_VARIANCE + noise)
    mean = weight @ log_rate / weight.sum()
    excess = weight @ ((log_rate - mean) ** 2 - noise)
    variance = max((excess + _CUSTOMERS * _VARIANCE) / (weight.sum() + _CUSTOMERS), _LEAST_VARIANCE)
    a = brentq(lambda value: polygamma(1, value) - variance, 1e-3, 1e3)
    return Usual(spread, np.asarray(a), np.exp(psi(a) - mean))


def next_gap(usual: Usual, history: History) -> NextGap:
    """Return what is known of the next gap of customers, from what is usual among their like and their own history.

    Notes
    -----
    The spread of a customer's own gaps is shrunk like a variance: with n gaps it counts n - 1 times, that of its like
    eight times. The gamma shape k follows from it. Given k, the rate after gaps of S days together is gamma with shape
    a + nk and rate b + S.
    """
    k = gamma_shape(_shrunk(usual.spread, history))
    return NextGap(k, usual.shape + history.gaps * k, usual.rate + history.days)


def _shrunk(spread: Floats, history: History) -> Floats:
    return (_WEIGHT * spread + history.gaps * history.spread) / (_WEIGHT + np.maximum(history.gaps - 1, 0))


def gamma_shape(spread: Floats) -> Floats:
    """Return the gamma shape of a spread: log k - psi(k) turned around, within 1% for shapes above 1, 5% above 0.45.

    References
    ----------
    Thom, H. C. S. (1958), "A note on the gamma distribution", Monthly Weather Review 86(4).
    """
    return (1 + np.sqrt(1 + 4 * spread / 3)) / (4 * spread)
