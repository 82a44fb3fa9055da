"""The market's expected future under changed service, scenario beside scenario.

Scenarios share every draw: the same orders might come, and each of them comes, fails and brings complaints at the same
numbers drawn. So what differs between two scenarios is what service changes, and little else.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from clvlab.refusal import Refused
from clvlab.simulate.calendar import HORIZON, Floats, Ints
from clvlab.simulate.customers import Flags
from clvlab.simulate.demand import MOST_RESPONSE
from clvlab.simulate.future import COMPLAINTS_PER_FAILURE, EARNED, PATHS, Future
from clvlab.simulate.month import answered_late, handled_badly
from clvlab.simulate.service import Levers
from clvlab.simulate.surveys import SURVEY_MONTHS, expected_satisfaction
from clvlab.simulate.world import World


class Outlook(NamedTuple):
    """What is to be expected of each customer from the window's end; arrays over customers.

    Attributes
    ----------
    leaving_12 : probability of leaving within 12 months, whether or not coming back; nan for who is not here today.
    survival_12 : probability of being here after 12 months.
    margin : contribution margin over the horizon, discounted to the window's end, in CNY.
    profit : the same less cost to serve.
    orders : orders booked within the horizon, carried or not, discounted alike.
    contacts : what visits, calls and enquiries cost within the horizon, discounted alike.
    satisfaction_next : overall satisfaction, points of ten, in the next survey wave, after 4 months; of who is here
        today and then, whoever answers; neither rounded nor cut, expectations as today.
    satisfaction_settled : the same in the wave after it, when the changed service fills the six months felt.
    late_share, damaged_share : shares of the orders moved in the next 12 months that are late, that are damaged.
    failure_share : share of the orders booked in the next 12 months that fail in any way.
    """

    leaving_12: Floats
    survival_12: Floats
    margin: Floats
    profit: Floats
    orders: Floats
    contacts: Floats
    satisfaction_next: Floats
    satisfaction_settled: Floats
    late_share: Floats
    damaged_share: Floats
    failure_share: Floats


def future_under(
    world: World, late_factor: ArrayLike = 1.0, damage_factor: ArrayLike = 1.0, cancel_factor: ArrayLike = 1.0,
    horizon_months: int = 36, paths: int = PATHS,
) -> Outlook:  # fmt: skip
    """Return what is to be expected of each customer when service changes with the window's end.

    All that follows from failures follows the change: what is felt, and by it leaving and orders; complaints, how many
    are handled badly and what they cost; claims; orders refused or cancelled, which earn nothing. Costs of better
    service are not counted. The approximations are those of `expected_future`; besides, complaints per failure stay as
    they are, whatever share of the failures is damage, and what planning and partners make of the change is left out
    but for partners who leave. Calls with the same number of paths, whatever the factors, share their draws.

    Parameters
    ----------
    world : as played by `clvlab.simulate.market.build`.
    late_factor : what every order's probability of being late is multiplied by: one number or one per customer. To
        raise customers on time at a share s to a share L, give them (1 - L) / (1 - s). No probability exceeds 1.
    damage_factor : the same for damage.
    cancel_factor : the same for being cancelled or refused.
    horizon_months : months over which margin, profit and orders are discounted, 1 to 60.
    paths : simulated paths; the Monte Carlo error falls with their square root.

    Raises
    ------
    Refused
        For negative factors, factors of another number of customers, and impossible months or paths.

    Examples
    --------
    >>> from clvlab.simulate.market import build
    >>> world = build(customers=60, months=12, seed=1)
    >>> today, better = future_under(world), future_under(world, late_factor=0.5)
    >>> bool(better.margin.sum() > today.margin.sum())
    True
    """
    for name, value, most in (("horizon_months", horizon_months, HORIZON), ("paths", paths, 10_000)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise Refused(f"{name}={value!r} is not possible; give a whole number from 1 to {most:,}.")
    levers = Levers(
        _factors("late_factor", late_factor, len(world)),
        _factors("damage_factor", damage_factor, len(world)),
        _factors("cancel_factor", cancel_factor, len(world)),
    )
    outlook = Scenario(world, levers, (horizon_months,), paths).outlook(horizon_months)
    return Outlook(*(values.mean(axis=0) for values in outlook))


def _factors(name: str, given: ArrayLike, customers: int) -> Floats:
    factors = np.asarray(given, dtype=np.float64)
    if factors.shape not in ((), (customers,)) or not np.all(np.isfinite(factors) & (factors >= 0)):
        raise Refused(f"{name} must be one number, or one for each of the {customers:,} customers, not below 0.")
    return np.broadcast_to(factors, customers)


class Scenario(Future):
    """The future under one setting of the levers, played to the longest horizon."""

    def __init__(self, world: World, levers: Levers, horizons: Sequence[int], paths: int = PATHS) -> None:
        rng = deepcopy(world.rng["levers"])  # nobody else draws from it: every scenario sees the same numbers
        super().__init__(world, rng=rng, horizons=horizons, levers=levers, paths=paths)
        self.satisfaction: list[Floats] = []
        self.expected_here = self.survival.any(axis=0) | self.due_back.any(axis=(0, 1))
        self.run()

    def outlook(self, horizon: int) -> Outlook:
        """Every path's outlook: arrays of shape (paths, customers)."""
        here = self.world.history.alive[:, self.last - 1]
        satisfaction = [np.where(here, wave, np.nan) for wave in self.satisfaction]
        shares = (self.late_share, self.damaged_share, self.failure)
        return Outlook(
            np.where(here, 1 - self.totals["staying_12"], np.nan),
            self.totals["survival_12"],
            *(self.totals[f"discounted_{what}_{horizon}"] for what in EARNED),
            *satisfaction,
            *(np.broadcast_to(self._of_next_year(share), self.shape) for share in shares),
        )

    def _of_next_year(self, share: Floats) -> Floats:
        """A share by month of the year, weighted by how busy the next 12 months are."""
        months = range(self.last, self.last + 12)
        names = [self.calendar.month_of_year(month) - 1 for month in months]
        return np.average(share[:, names], axis=1, weights=self.load[months])

    def _covariates(self, month: int) -> dict[str, Floats]:
        known = super()._covariates(month)
        if month < self.last + 12 and self.calendar.month_of_year(month) in SURVEY_MONTHS:
            expectation = self.world.surveys.expectation
            self.satisfaction.append(expected_satisfaction(self.world.population, expectation, known))
        return known

    def _draw(self, month: int, rate: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """As in every future, but order by order, among the most that could come whatever the service."""
        rng, population, name = self.rng, self.world.population, self.calendar.month_of_year(month)
        most = self._usual_rate(month) * MOST_RESPONSE * self.expected_here
        order = np.repeat(np.arange(rate.size), rng.poisson(most, self.shape).ravel())
        who = order % len(most)
        comes = rng.random(len(order)) * most[who] < rate.ravel()[order]
        fails = comes & (rng.random(len(order)) < self._failing(name).ravel()[order])
        badly_handled = rng.poisson((COMPLAINTS_PER_FAILURE * handled_badly(name) * population.complaint_rate)[who])
        asked_late = rng.poisson((answered_late(name) * population.enquiry_rate)[who])

        def add_up(values: Flags | Ints) -> Floats:
            total: Floats = np.bincount(order, weights=values, minlength=rate.size).astype(np.float64)
            return total.reshape(self.shape)

        return add_up(comes), add_up(fails), add_up(badly_handled * fails), add_up(asked_late * comes)
