"""How what stayers buy grows, and how far single customers stray from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.clv.models.histories import Array

# What is taken to be known of yearly growth without any records: none, give or take 10%.
USUAL = 0.10
_FEWEST = 10
# Customers with fewer purchases a year say more about chance than about how customers stray.
_LEAST_PURCHASES = 12


@dataclass(frozen=True)
class Growth:
    """Yearly growth of what those who stay buy.

    Attributes
    ----------
    value
        Growth of their value, as a rate.
    error
        Standard error of log(1 + value).
    purchases
        Growth of the number of their purchases, as a rate.
    spread
        Variance, beyond chance, of what single customers bring in a year relative to what growth alone makes of the
        year before.
    customers
        How many stayers it is from.
    """

    value: float = 0.0
    error: float = 0.0
    purchases: float = 0.0
    spread: float = 0.0
    customers: int = 0

    @property
    def told(self) -> bool:
        """Whether there were enough stayers to tell."""
        return self.customers >= _FEWEST

    def draw_scale(self, customers: int, rng: np.random.Generator) -> Array:
        """Return one draw per customer of how far they stray: factors with mean 1."""
        if self.spread == 0:
            return np.ones(customers)
        return rng.standard_gamma(1 / self.spread, customers) * self.spread

    def draw_rates(self, n: int, rng: np.random.Generator) -> Array:
        """Return n draws of the growth of value."""
        return np.expm1(np.log1p(self.value) + self.error * rng.standard_normal(n))


def estimate_growth(pairs: pd.DataFrame, values: pd.DataFrame | None = None) -> Growth:
    """Return the growth that stayers show; from fewer than ten of them none, give or take 10% a year.

    Parameters
    ----------
    pairs
        From :func:`clvlab.features.growth.stayers`.
    values
        From :func:`clvlab.features.value_summary`: how the values of a customer's purchases vary by chance. Where there
        is money.

    Notes
    -----
    The ratio of all stayers' value in the two years, so that the base's total is right; its error is that of a ratio
    of sums over customers. It is drawn towards no growth as far as its error is large beside 10% a year: a few
    customers' good year is not a trend.

    How far customers stray is what their second year varies around the first beyond chance (the estimator of Paule and
    Mandel 1982): purchases are Poisson around their rate, and values vary with the customer's own variance.

    Assumes that growth was the same over the records' window and is the same for all; it is not seasonal, as the
    years are whole.

    References
    ----------
    Paule, R. C. and Mandel, J. (1982), "Consensus values and weighting factors", Journal of Research of the National
    Bureau of Standards 87(5).

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = pd.DataFrame({"purchases_before": [50] * 40, "purchases": [55] * 40})
    >>> found = estimate_growth(pairs)
    >>> round(found.purchases, 3), found.spread
    (0.1, 0.0)
    """
    if len(pairs) < _FEWEST:
        return Growth(error=USUAL, customers=len(pairs))
    what = "value" if "value" in pairs else "purchases"
    before, after = (pairs[name].to_numpy(float) for name in ("purchases_before", "purchases"))
    purchases, _ = _pooled(before, after)
    value, error = _pooled(pairs[f"{what}_before"].to_numpy(float), pairs[what].to_numpy(float))
    return Growth(float(np.expm1(value)), error, float(np.expm1(purchases)), _spread(pairs, values), len(pairs))


def _pooled(before: Array, after: Array) -> tuple[float, float]:
    """Return log growth of the sum, drawn towards 0, and its error; what is usual where a sum is not above 0."""
    known = np.isfinite(before) & np.isfinite(after)
    before, after = before[known], after[known]
    total, later = before.sum(), after.sum()
    if not (total > 0 and later > 0):
        return 0.0, USUAL
    ratio, n = later / total, len(before)
    error = float(np.sqrt(((after - ratio * before) ** 2).sum() * n / (n - 1)) / later)
    weight = USUAL**2 / (USUAL**2 + error**2)
    return float(weight * np.log(ratio)), float(np.sqrt(weight) * error)


def _spread(pairs: pd.DataFrame, values: pd.DataFrame | None) -> float:
    """Return the variance of relative deviations from common growth beyond that of chance; 0 from too few.

    Relative to what the customer's purchases are worth on average: a year that brought next to nothing by chance would
    make any other look wild.
    """
    from scipy.optimize import brentq

    bought, again = pairs["purchases_before"].to_numpy(float), pairs["purchases"].to_numpy(float)
    before, after, noise, level = bought, again, np.ones(len(pairs)), np.ones(len(pairs))
    told = bought >= _LEAST_PURCHASES
    if values is not None:
        before, after = pairs["value_before"].to_numpy(float), pairs["value"].to_numpy(float)
        own = values.loc[pairs.index]
        level = own["mean_value"].to_numpy(float)
        noise = 1 + (own["value_variance"] / own["mean_value"] ** 2).fillna(np.inf).to_numpy(float)
        told &= (level > 0) & np.isfinite(before) & np.isfinite(after)
    chance = noise * (1 / np.maximum(bought, 1) + 1 / np.maximum(again, 1))
    told &= chance < 1  # else deviations say nothing
    if told.sum() < _FEWEST or not before[told].sum() > 0:
        return 0.0
    ratio = after[told].sum() / before[told].sum()
    if not ratio > 0:
        return 0.0
    typical = ratio * level * bought
    strayed = ((after - ratio * before)[told] / typical[told]) ** 2

    def excess(spread: float) -> float:
        return float(np.mean(strayed / (spread + chance[told])) - 1)

    return float(brentq(excess, 0.0, strayed.max() + 1.0)) if excess(0.0) > 0 else 0.0
