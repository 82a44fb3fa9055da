"""BG/BB: beta chances to buy and to leave at each of a number of opportunities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.derivatives import Derivatives, log_of_sum, rising
from clvlab.clv.models.purchases import PurchaseModel

if TYPE_CHECKING:
    from clvlab.clv.models.histories import Array, Histories
    from clvlab.clv.models.maximising import Optimum

_ALPHA, _BETA, _GAMMA, _DELTA = range(4)


class BGBB(PurchaseModel):
    """BG/BB: at every opportunity a customer may have left; one who has not buys or does not.

    Parameters of a fit: ``alpha``, ``beta`` (the chance to buy at an opportunity is Beta(alpha, beta)) and
    ``gamma``, ``delta`` (the chance to leave before one is Beta(gamma, delta)).

    Notes
    -----
    ``frequency`` counts opportunities with a purchase after the first, ``recency`` is the number of the last
    such opportunity, ``T`` how many there were. Assumes that opportunities are the same for all (weeks,
    auctions, contract months), and that chances do not change with time. With hundreds of opportunities
    :class:`~clvlab.clv.ParetoNBD` says the same faster. There is no form for customers who were there before
    the records begin.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Shang, J. (2010), "Customer-base analysis in a discrete-time
    noncontractual setting", Marketing Science 29(6).

    Examples
    --------
    >>> import pandas as pd
    >>> donors = pd.DataFrame(
    ...     {"frequency": [0, 1, 1, 2, 2], "recency": [0, 1, 2, 2, 2], "T": 2, "n": [60, 15, 12, 40, 9]}
    ... )
    >>> fit = BGBB().fit(donors, weights="n")
    >>> list(fit.params_.index)
    ['alpha', 'beta', 'gamma', 'delta']
    """

    name = "BG/BB"
    parameters = ("alpha", "beta", "gamma", "delta")
    reasons = {  # noqa: RUF012
        ("gamma", "delta"): "too few opportunities, or too few buyers who fall silent, to tell how dropout differs",
        ("alpha", "beta"): "too few opportunities or repeat buyers to tell how much the chance to buy differs",
    }
    opportunities = True
    rows_at_once = 1_024

    def starts(self, histories: Histories) -> list[Array]:
        """Return where to search from."""
        share = float(histories.count @ histories.frequency) / max(float(histories.count @ histories.age), 1.0)
        share = min(max(2 * share, 0.02), 0.9)
        return [
            np.array([k * share, k * (1 - share), g, d])
            for k, g, d in ((2.0, 1.0, 4.0), (10.0, 0.5, 5.0), (1.0, 1.0, 1.0))
        ]

    def log_likelihood(self, histories: Histories, parameters: tuple[Array, ...]) -> Derivatives:
        """Return each history's log-likelihood with derivatives."""
        alpha, beta, gamma, delta = parameters
        last, gone, possible = _endings(histories)
        misses = rising(beta, last - histories.frequency)
        chances = rising(alpha + beta, last)
        stays = rising(delta, last)
        ends = rising(gamma + delta, last + gone)
        terms = np.where(possible, misses[0] - chances[0] + stays[0] - ends[0] + gone * np.log(gamma), -np.inf)
        firsts = [-chances[1], misses[1] - chances[1], gone / gamma - ends[1], stays[1] - ends[1]]
        seconds = {
            (_ALPHA, _ALPHA): -chances[2],
            (_ALPHA, _BETA): -chances[2],
            (_BETA, _BETA): misses[2] - chances[2],
            (_GAMMA, _GAMMA): -gone / gamma**2 - ends[2],
            (_GAMMA, _DELTA): -ends[2],
            (_DELTA, _DELTA): stays[2] - ends[2],
        }
        rows = log_of_sum(terms, firsts, seconds)
        value, first, second = rising(alpha, histories.frequency)
        rows.value = rows.value + value
        rows.add({_ALPHA: first}, {(_ALPHA, _ALPHA): second})
        return rows

    def probability_alive(self, histories: Histories, parameters: tuple[Array, ...]) -> Array:
        """Return each history's probability of being alive after the last opportunity."""
        alpha, beta, gamma, delta = parameters
        result = np.empty(len(histories))
        for start in range(0, len(result), self.rows_at_once):
            rows = slice(start, start + self.rows_at_once)
            last, gone, possible = _endings(histories.rows(rows))
            terms = rising(beta, last - histories.frequency[rows])[0] - rising(alpha + beta, last)[0]
            terms += rising(delta, last)[0] - rising(gamma + delta, last + gone)[0] + gone * np.log(gamma)
            with np.errstate(over="ignore"):
                result[rows] = 1 / np.exp(np.where(possible, terms - terms[0], -np.inf)).sum(axis=0)
        return result

    def purchases_if_alive(self, histories: Histories, parameters: tuple[Array, ...], horizon: float | Array) -> Array:
        """Return expected purchases at the next opportunities of customers who are alive after the last."""
        alpha, beta, gamma, delta = parameters
        x, n = histories.frequency, histories.age
        staying, opportunities = np.ones(len(histories)), np.zeros(len(histories))
        for ahead in range(int(np.max(horizon, initial=0))):
            staying = staying * (delta + n + ahead) / (gamma + delta + n + ahead)
            opportunities += staying * (ahead < horizon)
        return (alpha + x) / (alpha + beta + n) * opportunities

    def draw_purchases(
        self, histories: Histories, parameters: tuple[Array, ...], horizon: float | Array, rng: np.random.Generator
    ) -> Array:
        """Return one draw of purchases at the next opportunities, of customers who are alive after the last."""
        alpha, beta, gamma, delta = parameters
        x, n = histories.frequency, histories.age
        buying = rng.beta(alpha + x, beta + n - x)
        leaving = rng.beta(np.broadcast_to(gamma, n.shape), delta + n)
        stayed = rng.geometric(np.clip(leaving, 1e-15, 1.0)) - 1
        return rng.binomial(np.minimum(stayed, horizon).astype(np.int64), buying).astype(float)

    def never_dies(self, histories: Histories, silent_left_out: bool = False) -> Optimum | None:
        """Return None: the comparison is for models in continuous time."""
        return None


def _endings(histories: Histories) -> tuple[Array, Array, Array]:
    """Return what may have happened unseen, one row each: alive throughout, or gone after an opportunity.

    Returns
    -------
    last, gone, possible
        (endings, histories), (endings, 1), (endings, histories): the last opportunity at which the customer was
        alive, whether they left after it, and whether the history allows it.
    """
    n, recency = histories.age, histories.recency
    longest = int((n - recency).max(initial=0))
    gone = np.ones((longest + 1, 1))
    gone[0] = 0.0
    last = np.vstack([n, recency + np.arange(longest)[:, None]])
    return np.minimum(last, n), gone, (last < n) | (gone == 0)
