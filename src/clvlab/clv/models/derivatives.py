"""Log-likelihoods with their first and second derivatives, written out so that standard errors are exact.

All transaction models here have one form: a history's likelihood is a sum over what may have happened unseen
(still alive; gone since then or then), each term an exponential of something easy to differentiate. The
derivatives of the log of such a sum are moments over its terms (Louis 1982): the gradient is the mean of the
terms' gradients, the Hessian the mean of their Hessians plus the covariance of their gradients, where each
term weighs as much as it contributes.

References
----------
Louis, T. A. (1982), "Finding the observed information matrix when using the EM algorithm", Journal of the
Royal Statistical Society B 44(2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clvlab.clv.models.histories import Array

# Up to this count a function of it is tabulated once instead of being evaluated row by row.
_TABULATED = 20_000


@dataclass
class Derivatives:
    """Log-likelihood per row with derivatives.

    Attributes
    ----------
    value
        (rows,)
    gradient
        (parameters, rows)
    hessian
        (parameters, parameters, rows)
    """

    value: Array
    gradient: Array
    hessian: Array

    def add(self, firsts: Mapping[int, Array], seconds: Mapping[tuple[int, int], Array]) -> None:
        """Add derivatives of a further term; those not named are 0. One entry per pair of parameters."""
        for i, term in firsts.items():
            self.gradient[i] += term
        for (i, j), term in seconds.items():
            self.hessian[i, j] += term
            if i != j:
                self.hessian[j, i] += term


def log_of_sum(
    terms: Array,
    firsts: Sequence[Array],
    seconds: Mapping[tuple[int, int], Array],
    signs: Array | None = None,
) -> Derivatives:
    """Return the log of a sum of exponentials over the first axis, with derivatives.

    Parameters
    ----------
    terms
        (terms, rows): logs of the summands; ``-inf`` for one that is absent.
    firsts
        One array (terms, rows) per parameter: finite also where the summand is absent.
    seconds
        Arrays (terms, rows) by pair of parameters, in either order but once; those not named are 0.
    signs
        (terms, 1) of +1 and -1 when some summands are subtracted; the sum stays positive.
    """
    top = terms.max(axis=0)
    weight = np.exp(terms - top)
    if signs is not None:
        weight = weight * signs
    total = weight.sum(axis=0)
    weight /= total
    k, rows = len(firsts), terms.shape[1]
    result = Derivatives(top + np.log(total), np.empty((k, rows)), np.empty((k, k, rows)))
    weighted = [weight * first for first in firsts]
    for i in range(k):
        result.gradient[i] = weighted[i].sum(axis=0)
        for j in range(i + 1):
            moment = np.einsum("mn,mn->n", weighted[i], firsts[j])
            result.hessian[i, j] = result.hessian[j, i] = moment - result.gradient[i] * result.gradient[j]
    result.add({}, {pair: np.einsum("mn,mn->n", weight, second) for pair, second in seconds.items()})
    return result


def rising(base: Array, count: Array) -> tuple[Array, Array, Array]:
    """Return the log of base (base + 1) ... (base + count - 1) and its two derivatives with respect to ``base``.

    That is lgamma(base + count) - lgamma(base), of which all beta and gamma functions here are made:
    B(a, b + x) / B(a, b) is the quotient of two of them.

    Parameters
    ----------
    base
        Above 0: one number, or an array that goes with ``count``.
    count
        Whole numbers from 0.

    Examples
    --------
    >>> value, first, second = rising(np.array(2.0), np.array([0.0, 3.0]))
    >>> value.round(4).tolist()  # log 1, log(2 * 3 * 4)
    [0.0, 3.1781]
    """
    from scipy.special import digamma, gammaln, polygamma

    def at(n: Array) -> tuple[Array, Array, Array]:
        return (
            gammaln(base + n) - gammaln(base),
            digamma(base + n) - digamma(base),
            polygamma(1, base + n) - polygamma(1, base),
        )

    if np.ndim(base) == 0 and count.size and count.max() < min(_TABULATED, count.size):
        places = count.astype(np.intp)
        value, first, second = (table[places] for table in at(np.arange(places.max() + 1.0)))
        return value, first, second
    return at(count)
