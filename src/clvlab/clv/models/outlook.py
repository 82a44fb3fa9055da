"""How the time ahead counts: horizon, discount rate, growth, and what adds up over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from clvlab.periods import DAYS_PER_YEAR, days_per, to_periods
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from clvlab.clv.models.histories import Array

    # A time ahead -> purchases per period expected then, one per customer, at today's rates
    Rate: TypeAlias = Callable[[float], Array]

_NODES = 48
# "For life" ends when a purchase would be worth a millionth of one today.
_WORTHLESS = np.log(1e6)
_DAYS_OF_EARLY_CHANGE = 7.0


@dataclass(frozen=True)
class Outlook:
    """How purchases ahead count today, in one time unit.

    Attributes
    ----------
    annual_rate
        Effective discount rate per year, such as 0.1.
    period
        The time unit: ``"day"``, ``"week"``, ``"month"`` or ``"quarter"``.
    horizon
        How far ahead purchases count, in that unit; infinite for life.
    growth
        Yearly growth, as a rate such as 0.05, of what those who stay buy, for as long as ``growth_lasts``.
    growth_lasts
        How long the growth goes on, in that unit; from then on things stay as they are.
    retention
        Factor on everybody's yearly retention rate, 1 for as it is. No rate of retention goes above 1: of a customer,
        no more is expected later than before.

    Raises
    ------
    Refused
        For a discount rate of -1 or below, a negative horizon, and a value for life without discounting.

    Examples
    --------
    >>> year = Outlook(0.10, "month", horizon=12)
    >>> round(float(year.time(np.zeros(1), np.full(1, 12.0), 1)[0]), 3)  # months, discounted
    11.446
    """

    annual_rate: float
    period: str
    horizon: float = float("inf")
    growth: float = 0.0
    growth_lasts: float = 0.0
    retention: float = 1.0

    def __post_init__(self) -> None:
        """Refuse rates and horizons under which nothing has a value."""
        if not (self.annual_rate > -1 and self.growth > -1):
            raise Refused(f"{min(self.annual_rate, self.growth)} is no yearly rate; give one such as 0.1 for 10%.")
        if not self.horizon >= 0:
            raise Refused(f"horizon={self.horizon} is no length of time; give a number of {self.period}s from 0 on.")
        if np.isinf(self.horizon) and not self.annual_rate > 0:
            raise Refused("A value for life needs a discount rate above 0; give one, or a horizon.")

    def over(self, **changes: float) -> Outlook:
        """Return the same with some of it changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @cached_property
    def force(self) -> float:
        """Continuous discount rate per period."""
        return float(np.log1p(self.annual_rate)) * self._years

    @cached_property
    def end(self) -> float:
        """The horizon in periods; for life, when a purchase would be worth a millionth of one today."""
        return min(self.horizon, _WORTHLESS / self.force) if self.force > 1e-12 else self.horizon

    @property
    def _years(self) -> float:
        """One period in years."""
        return days_per(self.period) / DAYS_PER_YEAR

    @cached_property
    def _growth_force(self) -> float:
        """Continuous growth per period."""
        return float(np.log1p(self.growth)) * self._years

    def level(self, span: Array) -> Array:
        """Return what customers buy today relative to their average over the last ``span`` periods, given growth."""
        from scipy.special import exprel

        return 1 / exprel(-self._growth_force * np.asarray(span, dtype=float))

    def grown(self, periods: Array) -> Array:
        """Return how much more those who stay buy after these periods than today."""
        return np.exp(self._growth_force * np.minimum(periods, self.growth_lasts))

    def factor(self, periods: Array) -> Array:
        """Return what one unit of money after these periods is worth today."""
        return np.exp(-self.force * np.asarray(periods))

    def time(self, begins: Array, ends: Array, power: int) -> Array:
        """Return the time between, within the horizon, weighted by growth and by the discount factor's power."""
        begin, end, force = np.minimum(begins, self.end), np.minimum(ends, self.end), power * self.force
        if self._growth_force == 0 or self.growth_lasts == 0:
            return _integral(begin, end, force)
        until = min(self.growth_lasts, self.end)
        early = _integral(np.minimum(begin, until), np.minimum(end, until), force - self._growth_force)
        late = _integral(np.maximum(begin, until), np.maximum(end, until), force)
        return early + np.exp(self._growth_force * until) * late

    def purchases(self, rate: Rate) -> tuple[Array, float]:
        """Return discounted expected purchases per customer, and the largest relative error of the quadrature.

        Parameters
        ----------
        rate
            Purchases per period expected at a time ahead, at today's rates; they never rise with time.

        Notes
        -----
        The error is the difference from two thirds of the nodes, so it overstates that of all.
        """
        fine, coarse = self._summed(rate, _NODES), self._summed(rate, 2 * _NODES // 3)
        return fine, float(np.max(np.abs(fine - coarse) / np.maximum(np.abs(fine), 1e-300), initial=0.0))

    def _summed(self, rate: Rate, count: int) -> Array:
        """Return the weighted sum of a rate over the nodes of each stretch of time."""
        last, there, since = rate(0.0), rate(0.0), 0.0
        total = np.zeros_like(last)
        for time, weight in zip(*self._nodes(count), strict=True):
            now = rate(time)
            if self.retention == 1:
                there = now
            else:
                stayed = np.divide(now, last, out=np.zeros_like(now), where=last > 0)
                there = there * np.minimum(stayed * self.retention ** ((time - since) * self._years), 1.0)
            total += weight * there
            last, since = now, time
        return total

    def _nodes(self, count: int) -> tuple[list[float], list[float]]:
        """Return times ahead and the weights by which values there add up to the discounted integral.

        Gauss-Legendre in log(week + time), since chances to stay fall fast at first and slowly later; apart before
        and after growth ends, where its weight has a bend.
        """
        at, weight = np.polynomial.legendre.leggauss(count)
        scale = to_periods(_DAYS_OF_EARLY_CHANGE, self.period)
        bend = [self.growth_lasts] if self._growth_force and 0 < self.growth_lasts < self.end else []
        cuts = np.log1p(np.array([0.0, *bend, self.end]) / scale)
        steps = (cuts[:-1, None] + (at + 1) / 2 * np.diff(cuts)[:, None]).ravel()
        lengths = np.repeat(np.diff(cuts) / 2, count)
        times = scale * np.expm1(steps)
        weights = np.tile(weight, len(cuts) - 1) * lengths * scale * np.exp(steps)
        weights = weights * self.grown(times) * self.factor(times)
        return times.tolist(), weights.tolist()


def _integral(begins: Array, ends: Array, force: float) -> Array:
    """Return the integral of exp(-force time)."""
    if force == 0:
        return ends - begins
    return np.exp(-force * begins) * -np.expm1(-force * (ends - begins)) / force
