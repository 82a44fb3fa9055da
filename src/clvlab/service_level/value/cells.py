"""Accounts of a group that are alike, reckoned together: a few dozen cells stand for thousands of customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.periods import MONTHS_PER_YEAR, discount_factor, to_days
from clvlab.satisfaction.responses.customer_months import Floats

# So many classes of risk by so many of what is felt of failures; an account above this share of a group's worth is a
# cell of its own.
_CLASSES, _LARGE = 4, 0.05
# Customers differ in their risk, and in what a point does to them, by so much of the mean: the root of 0.5, a usual
# variance of gamma frailty. Over many accounts that averages out; a handful keeps it.
_APART = 0.7


@dataclass(frozen=True)
class Cells:
    """Accounts of one group reckoned together; arrays with one entry per cell first.

    Attributes
    ----------
    value
        Draws of what the accounts are worth together as service stands, of shape (cells, draws).
    orders
        Discounted orders to be expected within the horizon as service stands.
    there
        How many of the accounts are there today.
    hazard
        Monthly, of leaving.
    weights
        Of the months ahead in what an account is worth, shape (cells, months): discount, growth and the chance to be
        there; the sum is 1. A year at least, 0 beyond the horizon.
    share
        By indicator, the share of failures.
    felt
        By indicator, what one point of it becomes as felt.
    responds
        Draws of how much more or less these accounts respond than all do, as factors around 1: of leaving, orders and
        satisfaction, shape (3, draws).
    """

    value: Floats
    orders: Floats
    there: Floats
    hazard: Floats
    weights: Floats
    share: Mapping[str, Floats]
    felt: Mapping[str, Floats]
    responds: Floats


@dataclass(frozen=True)
class Ahead:
    """How the time ahead counts.

    Attributes
    ----------
    horizon_months
        How far ahead worth is counted.
    annual_rate
        Discount rate per year.
    growth, growth_months
        Yearly growth of what stayers bring, and for how many months it lasts.
    """

    horizon_months: int
    annual_rate: float
    growth: float = 0.0
    growth_months: float = 0.0

    def weights(self, hazard: Floats) -> Floats:
        """Return discount, growth and chance to be there in the middle of each month, shape (accounts, months)."""
        middle = np.arange(max(self.horizon_months, MONTHS_PER_YEAR)) + 0.5
        grown = (1 + self.growth) ** (np.minimum(middle, self.growth_months) / MONTHS_PER_YEAR)
        counted = discount_factor(self.annual_rate, to_days(middle, "month")) * grown
        counted = np.where(middle < self.horizon_months, counted, 0.0)
        return counted * np.exp(-hazard[:, None] * middle)


def cells_of(
    members: pd.DataFrame, service: Mapping[str, pd.DataFrame], common_error: float, level: Floats, ahead: Ahead,
    rng: np.random.Generator,
) -> Cells:  # fmt: skip
    """Reckon a group's accounts together.

    Parameters
    ----------
    members
        The group's rows of :func:`clvlab.service_level.value.accounts.accounts`.
    service
        By indicator and customer_id: ``share`` of failures and ``felt``.
    common_error
        Relative error of worth that all accounts share.
    level
        Draws of it, standard normal.
    ahead
        How the time ahead counts.
    rng
        Of the draws of what is the accounts' own.
    """
    served = {kpi: frame.loc[members.index] for kpi, frame in service.items()}
    failures = sum((frame["share"] * frame["felt"] for frame in served.values()), pd.Series(0.0, members.index))
    place = _alike(members, failures)
    number = int(place.max()) + 1
    worth, hazard = members["value"].to_numpy(), members["hazard"].to_numpy()
    weight = np.abs(worth) + 1e-9 * max(float(np.abs(worth).mean()), 1.0)

    def total(values: NDArray[np.float64]) -> Floats:
        return np.bincount(place, values, number).astype(float)

    def mean(values: NDArray[np.float64]) -> Floats:
        return total(weight * values) / total(weight)

    counted = ahead.weights(hazard)
    relative = counted / counted.sum(axis=1, keepdims=True)
    error = members["value_error"].to_numpy()
    own = np.sqrt(total(np.maximum(error**2 - (common_error * worth) ** 2, 0.0)))
    # Around 1 exactly, so that the mean response stays that of all.
    responds = rng.standard_normal((3, len(level)))
    responds = 1 + _APART / np.sqrt(max(members["there"].sum(), 1.0)) * (
        responds - responds.mean(axis=1, keepdims=True)
    )
    value = total(worth)[:, None] * (1 + common_error * level) + own[:, None] * rng.standard_normal(
        (number, len(level))
    )
    return Cells(
        value,
        total((members["there"] * members["orders"]).to_numpy() * counted.sum(axis=1)),
        total(members["there"].to_numpy()),
        mean(hazard),
        np.stack([mean(column) for column in relative.T], axis=1),
        {kpi: mean(frame["share"].to_numpy()) for kpi, frame in served.items()},
        {kpi: mean(frame["felt"].to_numpy()) for kpi, frame in served.items()},
        responds,
    )


def _alike(members: pd.DataFrame, failures: pd.Series) -> NDArray[np.int64]:
    """Return each account's cell: its classes of risk and of failures felt, or its own."""
    size = members["value"].abs()
    single = (size > _LARGE * size.sum()) | (len(members) <= _CLASSES**2)
    classes = [_classes(column) for column in (members["hazard"], failures)]
    shared = classes[0] * _CLASSES + classes[1]
    codes, _ = pd.factorize(np.where(single, _CLASSES**2 + np.arange(len(members)), shared))
    return codes.astype(np.int64)


def _classes(values: pd.Series) -> NDArray[np.int64]:
    """Return each value's class, from 0, all of about the same size."""
    return (values.rank(method="first").to_numpy() * _CLASSES / (len(values) + 1)).astype(np.int64)
