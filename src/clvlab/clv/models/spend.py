"""Gamma-Gamma: what a purchase is worth, when mean values differ between customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.estimates import Estimate, Fit, Reasons, checked, starting_point, titled
from clvlab.clv.models.histories import in_order, numeric_columns, refuse_few_repeat_buyers, refuse_rows
from clvlab.clv.models.maximising import best_of
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.maximising import Objective

_PARAMETERS = ("p", "q", "v")
# With a few hundred customers errors of p are skewed on its log scale, those of v the other way round: intervals drawn
# there missed on one side only.
_POWERS = (-0.5, 0.0, 0.5)
_REASONS: Reasons = {
    ("p",): "too few customers with several purchases to tell how one customer's values vary",
    ("q", "v"): "too few repeat buyers to tell how much customers' mean values differ",
}


class GammaGamma:
    """Gamma-Gamma: values of purchases are gamma around a customer's mean, and means differ.

    Parameters of a fit: ``p`` (shape of one purchase's value), ``q`` and ``v`` (each customer's scale is
    Gamma(q, v)); ``v``, called gamma in the source, is in the money of the table.

    Notes
    -----
    Assumes that every value is above 0, that a customer's mean does not change with time, and that it has
    nothing to do with how often the customer buys: ``diagnostics_`` has the correlation of the two. Margins can
    be negative; for those this model is undefined.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2013), "The Gamma-Gamma model of monetary value".

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> frequency = rng.integers(0, 9, 300)
    >>> value = rng.gamma(6.0 * np.maximum(frequency, 1)) / np.maximum(frequency, 1) * 15 / rng.gamma(4.0, size=300)
    >>> customers = pd.DataFrame({"frequency": frequency, "monetary_value": np.where(frequency > 0, value, 0.0)})
    >>> fit = GammaGamma().fit(customers)
    >>> bool(fit.diagnostics_["converged"]), int(fit.customers) == int((frequency > 0).sum())
    (True, True)
    """

    name = "Gamma-Gamma"

    def fit(
        self, table: pd.DataFrame, weights: str | None = None, start: Mapping[str, float] | None = None
    ) -> GammaGammaFit:
        """Return the maximum likelihood fit.

        Parameters
        ----------
        table
            One row per customer: ``frequency`` (repeat purchases) and ``monetary_value`` (their mean value).
            Only rows with both above 0 are used; ``diagnostics_["left_out"]`` counts repeat buyers without a
            positive value.
        weights
            A column that says how many customers a row stands for.
        start
            Where to search from: ``p``, ``q`` and ``v``.

        Raises
        ------
        Refused
            For columns that are not there, not numeric or missing, and for fewer than 10 usable repeat buyers.
        """
        frequency, value, count = _read(table, weights)
        usable = (frequency > 0) & (value > 0)
        refuse_few_repeat_buyers(float(count[usable].sum()))
        first, inverse = in_order([frequency[usable], value[usable]])
        x, mean, n = frequency[usable][first], value[usable][first], np.bincount(inverse, count[usable]).astype(float)
        typical = float(np.average(mean, weights=n))
        starts = [np.array([p, q, typical * (q - 1) / p]) for p, q in ((4.0, 3.0), (1.0, 2.0), (20.0, 10.0))]
        if start is not None:
            starts = [starting_point(start, _PARAMETERS)]
        optimum = best_of(_objective(x, mean, n), [np.log(values) for values in starts])
        estimate, customers = Estimate(_PARAMETERS, (True,) * 3, optimum, _POWERS), float(n.sum())
        checks = checked(estimate, customers, _REASONS) | {
            "correlation_with_frequency": correlation(x, mean, n),
            "left_out": float(count[(frequency > 0) & ~usable].sum()),
        }
        return GammaGammaFit(titled(self.name, customers, checks), estimate, customers, checks)


class SpendFit(Fit):
    """What fitted models of the worth of a purchase have in common, so that a valuation can use any of them."""

    def expected_value(self, table: pd.DataFrame) -> pd.Series:
        """Return each customer's expected value of a purchase, in the money of the fit."""
        raise NotImplementedError

    def parameter_draws(self, n: int, rng: np.random.Generator) -> list[Array]:
        """Return n draws of the parameters."""
        return list(self.estimate.draws(n, rng))

    def draws(self, table: pd.DataFrame, n: int = 1000, seed: int = 1) -> np.ndarray:
        """Return (n, customers) random mean values, drawing parameters and then each customer's own mean."""
        arrays, rng = self.arrays(table), np.random.default_rng(seed)
        result = np.empty((n, len(table)))
        for row, parameters in zip(result, self.estimate.draws(n, rng), strict=True):
            row[:] = self.draw_means(parameters, arrays, rng)[0]
        return result

    def arrays(self, table: pd.DataFrame) -> tuple[Array, ...]:
        """Return the columns that :meth:`draw_means` reads, checked once for all draws; rows may be cut from each."""
        raise NotImplementedError

    def draw_means(self, parameters: Array, arrays: tuple[Array, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Return one draw of each customer's own mean and variance of a purchase, given the customer's purchases.

        Parameters
        ----------
        parameters
            One row of ``fit.estimate.draws(n, rng)``, or ``fit.estimate.values()``.
        arrays
            From :meth:`arrays`, or the same rows of each.
        """
        raise NotImplementedError


@dataclass(frozen=True, repr=False, eq=False)
class GammaGammaFit(SpendFit):
    """A fitted Gamma-Gamma model.

    Attributes
    ----------
    diagnostics_
        As in every fit, and ``correlation_with_frequency`` (the model takes it for 0) and ``left_out`` (repeat
        buyers whose mean value is not above 0).
    """

    def expected_value(self, table: pd.DataFrame) -> pd.Series:
        """Return each customer's expected mean value of a purchase, in the money of the fit.

        Parameters
        ----------
        table
            ``frequency`` and ``monetary_value``; a customer without repeat purchase gets the mean of all, which
            is infinite where q is 1 or less.
        """
        import pandas as pd

        frequency, value, _ = _read(table)
        shape, scale = _posterior(self.estimate.values(), frequency, value)
        with np.errstate(divide="ignore"):
            expected = np.where(shape > 1, self.estimate.values()[0] * scale / (shape - 1), np.inf)
        return pd.Series(expected, index=table.index, name="expected_value")

    def arrays(self, table: pd.DataFrame) -> tuple[Array, ...]:
        """Return frequency and mean value."""
        return _read(table)[:2]

    def draw_means(self, parameters: Array, arrays: tuple[Array, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Return one draw of each customer's own mean and variance of a purchase."""
        shape, scale = _posterior(parameters, *arrays)
        means = parameters[0] * scale / np.maximum(rng.standard_gamma(shape), 1e-300)
        return means, means**2 / parameters[0]


def _read(table: pd.DataFrame, weights: str | None = None) -> tuple[Array, Array, Array]:
    """Return frequency, mean value (0 without a repeat purchase) and count."""
    columns = numeric_columns(table, ["frequency", "monetary_value", *([weights] if weights else [])])
    for name in ("frequency", *([weights] if weights else [])):
        refuse_rows(columns[name] < 0, table.index, name, "is negative", "correct them or leave them out")
    return columns["frequency"], columns["monetary_value"], columns[weights] if weights else np.ones(len(table))


def _posterior(parameters: Array, frequency: Array, value: Array) -> tuple[Array, Array]:
    """Return shape and rate of the gamma distribution of each customer's scale, given the purchases."""
    p, q, v = parameters
    if (value[frequency > 0] < 0).any():
        raise Refused(
            "monetary_value is negative for some repeat buyers, where Gamma-Gamma is undefined; leave them out."
        )
    return p * frequency + q, v + np.where(frequency > 0, frequency * value, 0.0)


def _objective(x: Array, mean: Array, count: Array) -> Objective:
    """Return the log-likelihood as a function of log parameters, with gradient and Hessian."""
    from scipy.special import digamma, gammaln, polygamma

    sizes, place = np.unique(x, return_inverse=True)  # gamma functions depend on the frequency only

    def objective(logs: Array) -> tuple[float, Array, Array]:
        p, q, v = scale = np.exp(logs)
        shape, total = p * x + q, v + x * mean
        own, others = p * sizes, p * sizes + q
        value = (gammaln(others) - gammaln(own))[place] - gammaln(q) + q * np.log(v) - shape * np.log(total)
        value += (p * x - 1) * np.log(mean) + p * x * np.log(x)
        both, one = digamma(others)[place], digamma(own)[place]
        gradient = np.array(
            [
                count @ (x * (both - one + np.log(x * mean / total))),
                count @ (both - digamma(q) + np.log(v / total)),
                count @ (q / v - shape / total),
            ]
        )
        curve, zero = polygamma(1, others)[place], polygamma(1, own)[place]
        pp, pq, pv = x**2 * (curve - zero), x * curve, -x / total
        qq, qv, vv = curve - polygamma(1, q), 1 / v - 1 / total, -q / v**2 + shape / total**2
        hessian = np.array([[count @ term for term in row] for row in ((pp, pq, pv), (pq, qq, qv), (pv, qv, vv))])
        gradient = gradient * scale
        return float(count @ value), gradient, hessian * scale[:, None] * scale + np.diag(gradient)

    return objective


def correlation(x: Array, mean: Array, count: Array) -> float:
    """Return the weighted correlation of frequency and mean value; 0 where one of them does not vary."""
    if len(x) < 2:
        return 0.0
    covariance = np.cov(x, mean, aweights=count)
    size = float(np.sqrt(covariance[0, 0] * covariance[1, 1]))
    return float(covariance[0, 1]) / size if size > 0 else 0.0
