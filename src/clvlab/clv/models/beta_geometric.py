"""BG/NBD and MBG/NBD: gamma rates of purchase, a beta chance of leaving after each purchase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.covariates import MeanDropout
from clvlab.clv.models.derivatives import Derivatives, log_of_sum, rising
from clvlab.clv.models.leaving import purchases_before_leaving, rate_before_leaving
from clvlab.clv.models.purchases import PurchaseModel
from clvlab.clv.models.stays import Stays

if TYPE_CHECKING:
    from clvlab.clv.models.histories import Array, Histories

_R, _ALPHA, _A, _B = range(4)


class _BetaGeometric(PurchaseModel):
    """What both share; they differ in whether a customer can leave right after the first purchase."""

    parameters = ("r", "alpha", "a", "b")
    reasons = {  # noqa: RUF012
        ("a", "b"): "too few customers with several purchases fall silent to tell how much dropout differs",
        ("r", "alpha"): "too few repeat buyers to tell how much purchase rates differ",
    }
    link = MeanDropout(((1, -1.0), (2, 1.0)))
    # Chances to leave that came before the first repeat purchase.
    early_chances: int

    def starts(self, histories: Histories) -> list[Array]:
        """Return where to search from; rates in the table's unit."""
        rate = _mean_rate(histories)
        return [np.array([r, r / rate, a, b]) for r, a, b in ((0.5, 1.0, 3.0), (2.0, 1.0, 10.0), (0.1, 0.3, 0.6))]

    def log_likelihood(self, histories: Histories, parameters: tuple[Array, ...]) -> Derivatives:
        """Return each history's log-likelihood with derivatives."""
        r, _, a, b = parameters
        rows = self._alive_or_gone(histories, parameters)
        for part, base in (
            (rising(r, histories.frequency), (_R,)),
            (rising(b, self._chances(histories)), (_B,)),
            (tuple(-term for term in rising(a + b, self._chances(histories))), (_A, _B)),
        ):
            value, first, second = part
            rows.value = rows.value + value
            pairs = {(i, j): second for i in base for j in base if i <= j}
            rows.add(dict.fromkeys(base, first), pairs)
        return rows

    def _chances(self, histories: Histories) -> Array:
        """Return how many chances to leave a customer who is still alive has let pass."""
        return histories.frequency + self.early_chances

    def _alive_or_gone(self, histories: Histories, parameters: tuple[Array, ...]) -> Derivatives:
        """Return the log of the sum over still alive and gone after the last purchase, with derivatives."""
        r, alpha, a, _ = parameters
        x, n = histories.frequency, len(histories)
        terms, odds = self._terms(histories, parameters)
        ends = alpha + np.stack([histories.age, histories.recency])
        zero = np.zeros(n)
        by_b = np.divide(1, odds, out=np.zeros(n), where=odds > 0)
        firsts = [
            np.log(alpha) - np.log(ends),
            r / alpha - (r + x) / ends,
            np.stack([zero, zero + 1 / a]),
            np.stack([zero, -by_b]),
        ]
        seconds = {
            (_R, _ALPHA): 1 / alpha - 1 / ends,
            (_ALPHA, _ALPHA): -r / alpha**2 + (r + x) / ends**2,
            (_A, _A): np.stack([zero, zero - 1 / a**2]),
            (_B, _B): np.stack([zero, by_b**2]),
        }
        return log_of_sum(terms, firsts, seconds)

    def _terms(self, histories: Histories, parameters: tuple[Array, ...]) -> tuple[Array, Array]:
        """Return the logs of the two summands (alive, gone), and b + chances - 1 (0 where none can be gone)."""
        r, alpha, a, b = parameters
        x = histories.frequency
        chances = self._chances(histories)
        odds = np.where(chances > 0, b + chances - 1, 0.0)
        alive = r * np.log(alpha) - (r + x) * np.log(alpha + histories.age)
        gone = np.log(a) + r * np.log(alpha) - (r + x) * np.log(alpha + histories.recency)
        with np.errstate(divide="ignore"):
            gone = np.where(odds > 0, gone - np.log(odds), -np.inf)
        return np.stack([alive, gone]), odds

    def probability_alive(self, histories: Histories, parameters: tuple[Array, ...]) -> Array:
        """Return each history's probability of being alive at T."""
        from scipy.special import expit

        alive, gone = self._terms(histories, parameters)[0]
        return expit(alive - gone)

    def purchases_if_alive(self, histories: Histories, parameters: tuple[Array, ...], horizon: float | Array) -> Array:
        """Return expected purchases within the horizon of customers who are alive at T.

        Notes
        -----
        Closed given the chance to leave; the mean over that chance, Beta(a, b + chances), is by quadrature.
        """
        r, alpha, a, b = parameters
        ratio = np.broadcast_to(horizon / (alpha + histories.age), histories.age.shape)
        return purchases_before_leaving(r + histories.frequency, ratio, a, b + self._chances(histories))

    def rate_if_alive(self, histories: Histories, parameters: tuple[Array, ...], time: float) -> Array:
        """Return expected purchases per period at a time ahead of customers who are alive at T."""
        r, alpha, a, b = parameters
        age = alpha + histories.age
        ratio = np.broadcast_to(time / age, age.shape)
        return rate_before_leaving(r + histories.frequency, ratio, a, b + self._chances(histories)) / age

    def draw_stays(self, histories: Histories, parameters: tuple[Array, ...], rng: np.random.Generator) -> Stays:
        """Return one draw of rates and of times to leaving, of customers who are alive at T.

        A customer who leaves after a purchase with chance p leaves at p times the rate of purchase, buying for the
        last time; until then the other purchases come at the rest of that rate.
        """
        r, alpha, a, b = parameters
        rate = rng.standard_gamma(r + histories.frequency) / (alpha + histories.age)
        leaving = rng.beta(np.broadcast_to(a, rate.shape), b + self._chances(histories))
        ends = rng.standard_exponential(len(rate)) / np.maximum(rate * leaving, 1e-300)
        return Stays(rate * (1 - leaving), np.zeros(len(rate)), ends, rate > 0)


class BGNBD(_BetaGeometric):
    """BG/NBD: customers buy at gamma-distributed rates and may leave after each repeat purchase.

    Parameters of a fit: ``r``, ``alpha`` (purchase rates are Gamma(r, alpha), in purchases per time unit of the
    table) and ``a``, ``b`` (the chance to leave after a repeat purchase is Beta(a, b)).

    Notes
    -----
    Assumes purchases at random times at a steady rate, no seasons, and that leaving is final and happens right
    after a purchase. A customer with no repeat purchase is alive for certain: where many buy once and never
    again, use :class:`MBGNBD` or :class:`~clvlab.clv.ParetoNBD`. There is no form for customers who were there
    before the records begin.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), "'Counting your customers' the easy way: an
    alternative to the Pareto/NBD model", Marketing Science 24(2).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> rate, leaving = rng.gamma(1.0, 1 / 8, 400), rng.beta(1.0, 4.0, 400)
    >>> frequency = np.minimum(rng.poisson(rate * 52), rng.geometric(leaving))
    >>> recency = np.where(frequency > 0, 52 * rng.beta(np.maximum(frequency, 1), 1), 0.0)
    >>> customers = pd.DataFrame({"frequency": frequency, "recency": recency, "T": 52.0})
    >>> fit = BGNBD().fit(customers)
    >>> fit.diagnostics_["converged"]
    True
    >>> bool(fit.expected_purchases(customers, horizon=52).between(0, 60).all())
    True
    """

    name = "BG/NBD"
    early_chances = 0


class MBGNBD(_BetaGeometric):
    """MBG/NBD: as BG/NBD, but customers may leave right after their first purchase too.

    Parameters of a fit as in :class:`BGNBD`.

    Notes
    -----
    Assumes what BG/NBD does, except that the first purchase, too, may be the last. There is no form for
    customers who were there before the records begin.

    References
    ----------
    Batislam, E. P., Denizel, M. and Filiztekin, A. (2007), "Empirical validation and comparison of models for
    customer base analysis", International Journal of Research in Marketing 24(3).

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame(
    ...     {"frequency": [0, 0, 1, 3], "recency": [0, 0, 9, 20], "T": [39, 20, 30, 39], "n": [60, 40, 20, 9]}
    ... )
    >>> fit = MBGNBD().fit(customers, weights="n")
    >>> bool(fit.probability_alive(customers).iloc[0] < 1)
    True
    """

    name = "MBG/NBD"
    early_chances = 1


def _mean_rate(histories: Histories) -> float:
    """Return purchases per time unit over all customers."""
    bought = float(histories.count @ histories.frequency)
    return bought / max(float(histories.count @ histories.age), 1e-300)
