"""How a customer's own orders answer to service: each customer compared with itself, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.satisfaction.responses.customer_months import CustomerMonths, Floats

_STEPS, _TOLERANCE, _LONGEST = 60, 1e-10, 1.0
# Months in which a customer is there with less than this chance tell nothing of its orders.
_SURELY_GONE = 1e-4
# Share of a covariate's variation, within customers and beside months, below which there is none.
_NO_VARIATION = 1e-8


@dataclass(frozen=True)
class OrderFit:
    """A fitted order rate.

    Attributes
    ----------
    params
        Change of the log order rate per unit, by covariate.
    covariance
        Of them, robust to whatever ties the months of one customer together.
    customers
        How many customers tell of it: with orders, and followed for two months or more.
    """

    params: pd.Series
    covariance: pd.DataFrame
    customers: int

    @property
    def errors(self) -> pd.Series:
        """Standard errors of ``params``."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), self.params.index)


def order_rate(months: CustomerMonths, there: Floats, covariates: Sequence[str]) -> OrderFit:
    """Fit how monthly orders answer to covariates, within customers.

    Parameters
    ----------
    months
        From :func:`~clvlab.satisfaction.responses.customer_months.customer_months`.
    there
        Probability that the customer is there in each of its rows, such as
        :attr:`~clvlab.satisfaction.responses.latent_leaving.LeavingFit.there`: silence because of having left is no
        answer to service.
    covariates
        Columns of the months.

    Raises
    ------
    Refused
        When a covariate does not vary within customers, or the search did not settle.

    Notes
    -----
    Poisson given each customer's total (Hausman, Hall and Griliches 1984), with a level for every calendar month: what
    sets customers apart, and what all share in a month (season, growth, holidays), drop out. Nothing but the mean needs
    to be right (Wooldridge 1999); orders may be clumpy or regular, the errors are robust by customer. A customer's
    first month is left out, since it begins with an order.

    The estimand is an effect on who stays: the change of the order rate while a customer. Poorly served customers who
    shrink for another reason at that very time would be mistaken for it.

    References
    ----------
    Hausman, J., Hall, B. H. and Griliches, Z. (1984), "Econometric models for count data with an application to the
    patents-R&D relationship", Econometrica 52(4).

    Wooldridge, J. M. (1999), "Distribution-free estimation of some nonlinear panel data models", Journal of
    Econometrics 90(1).

    Examples
    --------
    Orders halve in one customer's poor month, while the other's stay:

    >>> frame = pd.DataFrame({
    ...     "customer_id": list("aaabbb"), "month": [1, 2, 3] * 2, "length": 1.0, "orders": [3, 10, 5, 3, 10, 10],
    ...     "late": [0, 0, 1, 0, 0, 0],
    ... })
    >>> found = order_rate(CustomerMonths(frame, pd.Series(1.0, list("ab")), {}), np.ones(6), ["late"])
    >>> round(float(np.exp(found.params["late"])), 3)
    0.5
    """
    frame = months.frame
    begun = frame.groupby("customer_id")["month"].transform("min")
    kept = (frame["month"] > begun).to_numpy() & (there > _SURELY_GONE)
    rows = frame[kept]
    ordered = rows["orders"].to_numpy(float)
    exposure = rows["length"].to_numpy(float) * there[kept]
    customer, codes = pd.factorize(rows["customer_id"])
    month, calendar = pd.factorize(rows["month"])
    design = np.column_stack([rows[list(covariates)].to_numpy(float), np.eye(len(calendar))[month][:, 1:]])
    total = np.bincount(customer, ordered, len(codes))

    def by_customer(values: Floats) -> Floats:
        return np.stack([np.bincount(customer, column, len(codes)) for column in values.T], axis=1)

    at = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        expected = exposure * np.exp(design @ at)
        share = expected / np.bincount(customer, expected, len(codes))[customer]
        apart = design - by_customer(design * share[:, None])[customer]
        fitted = total[customer] * share
        slope = apart.T @ (ordered - fitted)
        information = (apart * fitted[:, None]).T @ apart
        inverse = np.linalg.pinv(information, hermitian=True)
        step = inverse @ slope
        at = at + step * min(1.0, _LONGEST / max(np.abs(step).max(initial=0.0), _LONGEST))
        if slope @ step < _TOLERANCE:
            break
    else:
        raise Refused("The order rate did not settle; give a longer history.")
    size = len(covariates)
    _refuse_constant(information, size)
    scores = by_customer(apart * (ordered - fitted)[:, None])
    telling = int((total > 0).sum())
    robust = inverse @ (scores.T @ scores) @ inverse * telling / max(telling - 1, 1)
    names = list(covariates)
    return OrderFit(pd.Series(at[:size], names), pd.DataFrame(robust[:size, :size], names, names), telling)


def _refuse_constant(information: Floats, size: int) -> None:
    """Refuse covariates that months and the other covariates explain within customers."""
    rest = information[:size, size:] @ np.linalg.pinv(information[size:, size:], hermitian=True)
    beside = np.diag(information[:size, :size] - rest @ information[size:, :size])
    if not (beside > _NO_VARIATION * max(float(np.diag(information).max(initial=0.0)), 1.0)).all():
        raise Refused("It does not vary within customers who order; give records in which it did.")
