"""Contribution margins per purchase, which may be below zero, when customers' means and variances differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.estimates import Estimate, Reasons, checked, starting_point, titled
from clvlab.clv.models.histories import LEAST_REPEAT_BUYERS, in_order, numeric_columns, refuse_rows
from clvlab.clv.models.maximising import best_of
from clvlab.clv.models.spend import SpendFit, correlation
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.maximising import Objective

_PARAMETERS = ("m", "k", "a", "b")
_LOGGED = (False, True, True, True)
_COLUMNS = ["valued_purchases", "mean_value", "value_variance"]
_REASONS: Reasons = {
    ("k",): (
        "too few customers with several purchases to tell, or their means lie apart no further than by chance, or far "
        "beyond what each one's own margins vary"
    ),
    ("a", "b"): "too few customers with several purchases to tell how much customers' variances differ",
    ("m",): "too few customers to tell the mean of all",
}
# A standard deviation below this share of a typical distance from the centre is taken for it: a price that never
# changes has an infinite likelihood, which would decide the fit alone.
_LEAST_DEVIATION = 0.01
# As many customers' means may lie on one side of m, where the model expects half of them.
_LOPSIDED = 0.6


class ContributionMargin:
    """Normal-inverse-gamma: margins are normal around a customer's mean; means and variances differ.

    The variance of a customer's purchases is InverseGamma(a, b), and the customer's mean, given that variance, is
    Normal(m, variance / k). Parameters of a fit: ``m`` (the mean of all customers, in the money of the table),
    ``k`` (how many purchases the mean of all counts for, beside a customer's own), ``a`` and ``b`` (shape and scale
    of the variances; ``b`` in money squared).

    Notes
    -----
    Unlike Gamma-Gamma this takes margins of any sign, and customers whose mean is below 0.

    One parameter ties means and variances: the further customers' margins spread, the further from ``m`` their
    mean may lie. That is so in real records, where the standard deviation of a customer's margins is nearly
    proportional to the distance of their mean from the rest: who orders full loads gains and loses much on each.

    What breaks it: margins of one customer that are skewed (a rare large loss; with few purchases the interval of
    the mean is then too short on the side of the tail), a mean that drifts with time or purchases that are worth
    more in one season (the past mean counts in full), and a mean that has to do with how often the customer buys
    (``diagnostics_`` has the correlation).

    The model is symmetric around ``m``, which customers whose margins vary little decide. Where the others' means
    lie mostly on one side of it (few large customers among many small ones), few purchases draw a large customer's
    mean too far, and a customer without purchase gets too little: ``diagnostics_["lopsided"]`` and the title say
    so. With ``a`` at 1/2 or less, margins of a customer without purchase have no mean, and their draws do not
    settle around ``m``; with one purchase they have a mean then, but no variance.

    A customer whose margins hardly vary is taken to have a standard deviation of 1% of a typical distance from
    the rest: at 0 the likelihood is infinite. Many such customers make ``k`` small, and nobody's mean is moved.

    References
    ----------
    Murphy, K. P. (2007), "Conjugate Bayesian analysis of the Gaussian distribution", sections 3 and 6.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> deviation = np.sqrt(200 / rng.gamma(3.0, size=300))
    >>> margins = rng.normal(rng.normal(20, deviation)[:, None], deviation[:, None], (300, 6))
    >>> customers = pd.DataFrame(
    ...     {"valued_purchases": 6, "mean_value": margins.mean(axis=1), "value_variance": margins.var(axis=1)}
    ... )
    >>> fit = ContributionMargin().fit(customers)
    >>> bool(fit.diagnostics_["converged"]), bool(abs(fit.params_["m"] - 20) < 3 * fit.standard_errors_["m"])
    (True, True)
    """

    name = "contribution margin (hierarchical normal)"

    def fit(
        self, table: pd.DataFrame, weights: str | None = None, start: Mapping[str, float] | None = None
    ) -> ContributionMarginFit:
        """Return the maximum likelihood fit.

        Parameters
        ----------
        table
            One row per customer, as :func:`~clvlab.features.value_summary` gives it: ``valued_purchases``,
            ``mean_value`` and ``value_variance`` (the mean squared distance from the customer's mean, that is,
            divided by the number of purchases; 0 or missing for one purchase). A customer without valued purchase
            is left out, and may have a missing mean.
        weights
            A column that says how many customers a row stands for.
        start
            Where to search from: ``m``, ``k``, ``a`` and ``b``.

        Raises
        ------
        Refused
            For columns that are not there, not numeric, missing or negative (but for the mean), for fewer than 10
            customers with two or more purchases, and where no margin of theirs differs from another.
        """
        purchases, mean, variance, count = _read(table, weights)
        used = (purchases > 0) & (count > 0)
        _refuse_few(purchases, variance, count)
        first, inverse = in_order([purchases[used], mean[used], variance[used]])
        n, mean, variance = (column[used][first] for column in (purchases, mean, variance))
        customers = np.bincount(inverse, count[used]).astype(float)
        centre, unit = _typical(n, mean, variance, customers)
        squares = n * np.where(n > 1, np.maximum(variance / unit**2, _LEAST_DEVIATION**2), 0.0)
        starts = _starts(n, variance / unit**2, customers)
        if start is not None:
            starts = [_given(start, centre, unit)]
        optimum = best_of(_objective(n, (mean - centre) / unit, squares, customers), starts)
        value = optimum.log_likelihood - float(customers @ n) * np.log(unit)
        estimate = _InMoney(_PARAMETERS, _LOGGED, replace(optimum, log_likelihood=value), (), centre, unit)
        total = float(customers.sum())
        checks = checked(estimate, total, _REASONS) | {
            "correlation_with_frequency": correlation(n, mean, customers),
            "within_ninety": _within_ninety(estimate.values(), n, mean, customers),
            "lopsided": _lopsided(estimate.values()[0], mean, customers),
            "left_out": float(count[purchases == 0].sum()),
        }
        said = f" - {checks['lopsided']}" if checks["lopsided"] else ""
        return ContributionMarginFit(titled(self.name, total, checks) + said, estimate, total, checks)


@dataclass(frozen=True)
class _InMoney(Estimate):
    """Estimates searched in a unit that suits the data, so that Newton's steps are alike in any currency.

    Attributes
    ----------
    centre, unit
        What 0 and 1 of the search scale are in the money of the table.
    """

    centre: float = 0.0
    unit: float = 1.0

    def natural(self, at: Array) -> Array:
        """Return points (..., parameters) of the search scale on the parameters' own."""
        units = np.array([self.unit, 1.0, 1.0, self.unit**2])
        return super().natural(at) * units + np.array([self.centre, 0.0, 0.0, 0.0])

    def covariance(self) -> Array:
        """Return the covariance of the parameters on their own scale, by the delta method."""
        slope = np.where(self.logged, self.values(), self.unit)
        return self.search_covariance() * slope[:, None] * slope[None]


@dataclass(frozen=True, repr=False, eq=False)
class ContributionMarginFit(SpendFit):
    """A fitted model of contribution margins.

    Attributes
    ----------
    diagnostics_
        As in every fit, and ``correlation_with_frequency`` (of valued purchases and mean value: the model takes it
        for 0), ``within_ninety`` (the share of customers whose mean lies where the model expects nine of ten to
        lie, were nothing known of them: far from 0.9 the distribution of means has another form), ``lopsided`` (in
        words when far more than half of the customers' means lie on one side of ``m``, else blank) and ``left_out``
        (customers without valued purchase).
    """

    def expected_value(self, table: pd.DataFrame) -> pd.Series:
        """Return each customer's expected margin per purchase, in the money of the fit.

        The customer's own mean, moved to the mean of all by k / (k + purchases).

        Parameters
        ----------
        table
            As in :meth:`ContributionMargin.fit`; a customer without valued purchase gets the mean of all.
        """
        import pandas as pd

        n, mean, _ = self.arrays(table)
        m, k, *_ = self.estimate.values()
        return pd.Series((k * m + n * mean) / (k + n), index=table.index, name="expected_value")

    def arrays(self, table: pd.DataFrame) -> tuple[Array, ...]:
        """Return valued purchases, their mean value and its variance."""
        return _read(table)[:3]

    def draw_means(self, parameters: Array, arrays: tuple[Array, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Return one draw of each customer's own mean and variance of a purchase."""
        n, mean, variance = arrays
        m, k, a, b = parameters
        weight = k + n
        scale = b + n * variance / 2 + k * n / (2 * weight) * (mean - m) ** 2
        drawn = scale / np.maximum(rng.standard_gamma(a + n / 2), 1e-300)
        means = (k * m + n * mean) / weight + np.sqrt(drawn / weight) * rng.standard_normal(len(n))
        return means, drawn


def _read(table: pd.DataFrame, weights: str | None = None) -> tuple[Array, Array, Array, Array]:
    """Return purchases, mean and variance (0 where there is nothing to know) and count."""
    import pandas as pd

    names = [*_COLUMNS, *([weights] if weights else [])]
    if isinstance(table, pd.DataFrame) and set(_COLUMNS) <= set(table.columns):
        none, one = table.valued_purchases == 0, table.valued_purchases == 1
        table = table.assign(
            mean_value=table.mean_value.mask(none, 0.0),
            value_variance=table.value_variance.mask(none | (one & table.value_variance.isna()), 0.0),
        )
    columns, index = numeric_columns(table, names), table.index
    purchases, variance = columns["valued_purchases"], columns["value_variance"]
    for name in ("valued_purchases", "value_variance", *([weights] if weights else [])):
        refuse_rows(columns[name] < 0, index, name, "is negative", "correct them or leave them out")
    broken, whole = purchases != np.floor(purchases), "give the number of purchases with a known value"
    refuse_rows(broken, index, "valued_purchases", "is no whole number", whole)
    lone = (purchases == 1) & (variance > 0)
    refuse_rows(lone, index, "value_variance", "is above 0 for a single purchase", "give 0 there, or nothing")
    return purchases, columns["mean_value"], variance, columns[weights] if weights else np.ones(len(table))


def _refuse_few(purchases: Array, variance: Array, count: Array) -> None:
    """Refuse tables that say next to nothing about how margins vary within a customer."""
    several = (purchases > 1) & (count > 0)
    if count[several].sum() < LEAST_REPEAT_BUYERS:
        raise Refused(
            f"Only {count[several].sum():,.0f} rows have valued_purchases above 1 and a fit needs "
            f"{LEAST_REPEAT_BUYERS} customers with two or more; give a longer window or more customers."
        )
    if not variance[several].any():
        raise Refused(
            "value_variance is 0 in all rows, so nothing tells how one customer's margins vary; give values of "
            "single purchases, not averages or list prices."
        )


def _typical(n: Array, mean: Array, variance: Array, count: Array) -> tuple[float, float]:
    """Return a centre of customers' means, and a typical distance from it."""
    centre = _middle(mean, count)
    several = n > 1
    square = _middle((mean - centre) ** 2, count) + _middle(variance[several], count[several])
    if square == 0:  # more than half are the same
        square = float(np.average((mean - centre) ** 2 + variance, weights=count))
    return centre, float(np.sqrt(square))


def _middle(values: Array, count: Array) -> float:
    """Return the weighted median, halfway between the two values next to it."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(count[order])
    low, high = np.searchsorted(below, below[-1] / 2, side="left"), np.searchsorted(below, below[-1] / 2, side="right")
    return float(values[order[low]] + values[order[min(high, len(order) - 1)]]) / 2


def _starts(n: Array, variance: Array, count: Array) -> list[Array]:
    """Return starting points on the search scale, most likely first."""
    several = n > 1
    within = max(_middle(variance[several], count[several]), 1e-4)
    return [np.array([0.0, *np.log([k, a, a * within])]) for k, a in ((1.0, 1.0), (within, 3.0), (0.1, 0.3))]


def _given(start: Mapping[str, float], centre: float, unit: float) -> Array:
    """Return the user's starting point on the search scale."""
    if "m" not in start:
        raise Refused("start needs a value for m.")
    k, a, b = starting_point(start, _PARAMETERS[1:])
    return np.array([(start["m"] - centre) / unit, *np.log([k, a, b / unit**2])])


def _within_ninety(parameters: Array, n: Array, mean: Array, count: Array) -> float:
    """Return the share of customers whose mean lies in the middle 90% of the distribution of such means."""
    from scipy.stats import t

    m, k, a, b = parameters
    distance = np.abs(mean - m) / np.sqrt(b / a * (1 / k + 1 / n))
    return float(count @ (distance <= t.ppf(0.95, 2 * a)) / count.sum())


def _lopsided(m: float, mean: Array, count: Array) -> str:
    """Return in words that customers' means lie on one side of m, and what follows; blank when they do not."""
    total = float(count.sum())
    above, below = (float(count[side].sum()) / total for side in (mean > m, mean < m))
    share, side, fault = (above, "above", "low") if above > below else (below, "below", "high")
    if share <= max(_LOPSIDED, 0.5 + 1.65 / np.sqrt(total)):  # 3.3 standard errors
        return ""
    return (
        f"{share:.0%} of customers' means lie {side} m, where the model expects half: it is too {fault} for new "
        "customers and those with few purchases"
    )


def _objective(n: Array, mean: Array, squares: Array, count: Array) -> Objective:
    """Return the log-likelihood as a function of m and log k, a, b, with gradient and Hessian.

    Parameters
    ----------
    squares
        Sum of squared distances of a customer's purchases from their mean.
    """
    from scipy.special import digamma, gammaln, polygamma

    constant = -n / 2 * np.log(2 * np.pi)
    sizes, place = np.unique(n, return_inverse=True)  # gamma functions depend on the number only

    def objective(at: Array) -> tuple[float, Array, Array]:
        m, (k, a, b) = at[0], np.exp(at[1:])
        slope = np.array([1.0, k, a, b])
        d, weight, shape = mean - m, k + n, a + n / 2
        h, h1, h2 = k * n / (2 * weight), n**2 / (2 * weight**2), -(n**2) / weight**3  # of k
        rate = b + squares / 2 + h * d**2
        shapes = a + sizes / 2
        up, up1 = (gammaln(shapes) - gammaln(a))[place], (digamma(shapes) - digamma(a))[place]
        up2 = (polygamma(1, shapes) - polygamma(1, a))[place]
        value = constant + up + (np.log(k) - np.log(weight)) / 2 + a * np.log(b) - shape * np.log(rate)
        # The rate's own derivatives by m, k and b, over the rate.
        by_m, by_k, by_b = -2 * h * d / rate, h1 * d**2 / rate, 1 / rate
        gradient = np.array(
            [
                count @ (-shape * by_m),
                count @ ((1 / k - 1 / weight) / 2 - shape * by_k),
                count @ (up1 + np.log(b / rate)),
                count @ (a / b - shape * by_b),
            ]
        )
        mm, mk, mb = shape * (by_m**2 - 2 * h / rate), shape * (by_m * by_k + 2 * h1 * d / rate), shape * by_m * by_b
        kk, kb = (1 / weight**2 - 1 / k**2) / 2 + shape * (by_k**2 - h2 * d**2 / rate), shape * by_k * by_b
        ab, bb = 1 / b - by_b, shape * by_b**2 - a / b**2
        terms = ((mm, mk, -by_m, mb), (mk, kk, -by_k, kb), (-by_m, -by_k, up2, ab), (mb, kb, ab, bb))
        hessian = np.array([[count @ term for term in row] for row in terms])
        gradient = gradient * slope
        curved = np.append(0.0, gradient[1:])
        return float(count @ value), gradient, hessian * slope[:, None] * slope + np.diag(curved)

    return objective
