"""True expected future margin from the window's end, given the true state.

Survival is not drawn but carried as a probability: each of `PATHS` simulated paths draws a customer's future
orders, failures, contacts, complaints, enquiries, price rounds and rivals, and multiplies survival by
exp(-hazard) month by month. What is left of the error is the spread between paths, which is reported.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clvlab.periods import discount_factor, to_days
from clvlab.simulate import demand, leaving, service
from clvlab.simulate.calendar import HORIZON, Calendar, Floats
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.constants import UNIT_COSTS
from clvlab.simulate.geography import REGIONS
from clvlab.simulate.month import (
    COMPLAINS_DAMAGED,
    COMPLAINS_ELSE,
    COMPLAINS_FAILED,
    answered_late,
    handled_badly,
)
from clvlab.simulate.prices import (
    RIVAL_MONTHS,
    contact_cost,
    expected_order,
    mean_step,
    month_steps,
    rival_openings,
)
from clvlab.simulate.world import World

PATHS = 32
EARNED = ("margin", "profit", "orders", "contacts")
COMPLAINTS_PER_FAILURE = 1.1 * COMPLAINS_FAILED  # of an average inclination; damages bring some more than lateness
SHOCK_SD = 0.30  # logit sd of a customer-month's failure share, for carriers' bad spells


def mean_squeeze(world: World) -> Floats:
    """Mean load above 90% by capacity cell and month of the year, as orders met it in the window."""
    record = world.history.capacity
    asked = record[..., 1] + record[..., 2]
    over = np.clip(asked / np.maximum(record[..., 0], 1.0) - 0.9, 0, 1)
    name = np.array([world.calendar.month_of_year(m) - 1 for m in range(world.calendar.months)])
    out = np.zeros((service.CELLS, 12))
    everywhere = (over * asked).sum(axis=(1, 2)) / np.maximum(asked.sum(axis=(1, 2)), 1)
    for month in range(12):
        chosen = name == month
        weight = asked[:, chosen].sum(axis=(1, 2))
        value = (over * asked)[:, chosen].sum(axis=(1, 2)) / np.maximum(weight, 1)
        out[:, month] = np.where(weight > 0, value, everywhere)
    return out


def refusal_share(world: World) -> Floats:
    """Share of orders refused by month of the year, over the market."""
    record = world.history.capacity.sum(axis=(0, 2))
    name = np.array([world.calendar.month_of_year(m) - 1 for m in range(world.calendar.months)])
    total, turned = record[:, 1] + record[:, 2], record[:, 2]
    out = np.full(12, turned.sum() / max(total.sum(), 1))
    for month in np.unique(name):
        out[month] = turned[name == month].sum() / max(total[name == month].sum(), 1)
    return out


def expected_future(world: World, last: int | None = None) -> dict[str, Floats]:
    """Expected orders, margin and profit of the next 12 months and of 5 years discounted, per customer.

    With keys as in `Future.expectations`.

    Parameters
    ----------
    last : the number of months after which the future begins; the whole window when not given. Customers
        onboarded later have no expectation then.

    Approximations: links, carriers' shares, the load on capacity and the refusals of each month of the year
    stay as they were in the window; partners' losses enter through their expected number; a returner
    remembers the service of its path; who leaves is there for half the month.
    """
    future = Future(world, last)
    future.run()
    return future.expectations()


class Future:
    """Paths of the future, arrays of shape (paths, customers).

    Parameters
    ----------
    last : the number of months after which the future begins; the whole window when not given.
    rng : of every draw; from the market's stream of its own when not given.
    horizons : numbers of months, at most `HORIZON`, over which margin, profit and orders are discounted.
    levers : what failures are multiplied by from then on; service stays as it is when not given.
    """

    def __init__(
        self, world: World, last: int | None = None, rng: np.random.Generator | None = None,
        horizons: Sequence[int] = (HORIZON,), levers: service.Levers | None = None, paths: int = PATHS,
    ) -> None:  # fmt: skip
        self.world, self.horizons = world, horizons
        self.rng = rng or np.random.default_rng(world.rng["future"].integers(2**63))
        self.calendar: Calendar = world.calendar
        history, n = world.history, len(world)
        self.levers = levers or service.unmoved_levers(n)
        self.expected = expected_order(world.population, world.standing, self.levers.damaged)
        self.shape = (paths, n)
        self.last = last = world.calendar.months if last is None else last
        self.months = max(12, *horizons)
        alive = history.alive[:, last - 1].astype(np.float64)
        self.survival = np.tile(alive, (paths, 1))
        self.due_back = np.zeros((self.months + leaving.RETURN_WITHIN + 1, paths, n))
        self.lost = [np.zeros(n) for _ in range(6)]  # expected losses of the last six months
        leavings = history.leavings
        for who, month, back in zip(leavings.customer, leavings.month, leavings.return_month, strict=True):
            if month < last <= back:
                self.due_back[back - last, :, who] = 1.0
            if last - 6 <= month < last and alive[who] == 0:
                self.lost[month - (last - 6)][who] = 1.0
        self.orders = self._window("orders", leaving.MEMORY)
        self.failures = self._window("failures", leaving.MEMORY)
        self.slow = self._window("complaints_badly_handled", 3)
        self.late = self._window("answers_late", 3)
        self.since_contact = np.tile(_since_contact(world, last), (paths, 1))
        steps = world.prices.step
        self.steps = [np.tile(steps[:, m] if m >= 0 else np.zeros(n), (paths, 1)) for m in range(last - 3, last)]
        self.level = np.tile(world.prices.level[:, last - 1], (paths, 1))
        self.mean_level = world.prices.level[:, last - 1].copy()
        self.load = world.calendar.month_load()
        openings = world.prices.openings
        self.openings = [
            np.tile(openings[:, m] if m >= 0 else np.zeros(len(REGIONS), bool), (paths, 1))
            for m in range(last - RIVAL_MONTHS + 1, last)
        ]
        self.treated = np.where(history.treated_month < last, history.treated_month, -(10**6))
        wins = [who for who, month, won in history.cross_sell if won and month < last]
        self.lift = C.cross_sell_lift * np.bincount(np.array(wins, dtype=np.int64), minlength=n)
        self.cancelled = service.cancelled_share(self.levers)
        self.refused = np.minimum(np.outer(self.levers.cancelled, refusal_share(world)), 1.0)
        moved = service.expected_failures(
            world.calendar, world.surroundings, world.population, world.standing, mean_squeeze(world), self.levers
        )
        self.late_share, self.damaged_share = moved.late, moved.damaged
        self.failure = 1 - (1 - moved.any) * (1 - self.refused)

    def _window(self, name: str, length: int) -> list[Floats]:
        table = self.world.history.counts[name]
        zeros = np.zeros(table.shape[0])
        months = range(self.last - length, self.last)
        return [np.tile(table[:, m] if m >= 0 else zeros, (self.shape[0], 1)) for m in months]

    def run(self) -> None:
        """Carry survival through the horizon and add up what is earned, in `totals`."""
        population = self.world.population
        self.totals = {f"{what}_12": np.zeros(self.shape) for what in EARNED}
        self.totals |= {
            f"discounted_{what}_{until}": np.zeros(self.shape) for what in EARNED for until in self.horizons
        }
        staying = np.ones(self.shape)
        for ahead in range(self.months):
            month = self.last + ahead
            known = self._covariates(month)
            parts = leaving.part_predictors(known)
            own = leaving.voluntary_hazard(population, parts)
            forced = leaving.involuntary_hazards(population, self.world.history.unprofitable)
            hazard = own + forced.sum(axis=0)
            gone = self.survival * -np.expm1(-hazard)
            back = self.due_back[ahead]
            # Who leaves does so within the month; a contract not renewed ends before it.
            part_month = np.where(known["contract_renewal"] > 0, 0.0, 0.5)
            presence = self.survival - gone + gone * part_month + 0.5 * back
            rate = self._rate(month, known["service_mean"])
            self._earn(ahead, presence, rate)
            self._returns(ahead, gone, own / hazard, leaving.cause_shares(parts))
            self.survival = self.survival - gone + back
            staying = staying * np.exp(-hazard)
            if ahead == 11:
                self.totals |= {"survival_12": self.survival, "staying_12": staying}
            self.lost = [*self.lost[1:], gone.mean(axis=0)]
            self._serve(month, rate)

    def expectations(self) -> dict[str, Floats]:
        """Means over the paths, with Monte Carlo standard errors.

        Keys are `margin_12`, `profit_12`, `orders_12`; `discounted_margin_60` and so on for each horizon;
        `survival_12`, to be there after 12 months; `staying_12`, not to have left until then; each with `_error` after
        its name too; and `failure_share`.
        """
        out = {name: values.mean(axis=0) for name, values in self.totals.items()}
        errors = {
            f"{name}_error": values.std(axis=0, ddof=1) / np.sqrt(self.shape[0]) for name, values in self.totals.items()
        }
        return out | errors | {"failure_share": self.failure.mean(axis=1)}

    def _rate(self, month: int, felt: Floats) -> Floats:
        """Orders expected of a customer who is there for the whole month."""
        return self._usual_rate(month) * demand.response_to_service(felt)

    def _usual_rate(self, month: int) -> Floats:
        """The same, of one who feels the failures it takes for granted."""
        population = self.world.population
        growth = demand.trend(population, month) * np.exp(self.lift) * self.load[month]
        return population.rate * growth

    def _earn(self, ahead: int, presence: Floats, rate: Floats) -> None:
        """Add a month's orders, margin and cost to serve."""
        month, population, expected = self.last + ahead, self.world.population, self.expected
        name = self.calendar.month_of_year(month) - 1
        self.level = self.level * (1 + self.steps[-1] / 100)
        self.mean_level = self.mean_level * (1 + mean_step(name + 1, self.calendar.year(month)) / 100)
        carried = rate * (1 - self.refused[:, name]) * (1 - self.cancelled)
        cost_index = float(np.exp(C.price_cost_growth * month))
        earned = presence * carried * expected.margin(population, self.level, cost_index)
        # Prices are drawn by path but their mean is known: take their chance deviation out again.
        weight = (presence * carried).mean(axis=0) * expected.revenue * (1 - population.rebate)
        earned = earned - weight * (self.level - self.mean_level)
        served = presence * (rate * (expected.serve + self._complaint_cost(name)) + contact_cost(population))
        enquired = rate * population.enquiry_rate * UNIT_COSTS["enquiry"][0]
        contacts = presence * (contact_cost(population) + enquired)
        factor = discount_factor(C.discount_rate, to_days(ahead + 0.5, "month"))
        month_brings = zip(EARNED, (earned, earned - served, presence * rate, contacts), strict=True)
        for what, brought in month_brings:
            if ahead < 12:
                self.totals[f"{what}_12"] += brought
            for until in self.horizons:
                if ahead < until:
                    self.totals[f"discounted_{what}_{until}"] += factor * brought

    def _complaint_cost(self, name: int) -> Floats:
        rate = self.world.population.complaint_rate
        damaged = np.minimum(C.damage_rate * self.levers.damaged, 1.0)
        share = COMPLAINS_FAILED * self.failure[:, name] + COMPLAINS_DAMAGED * damaged + COMPLAINS_ELSE
        return UNIT_COSTS["complaint"][0] * rate * share

    def _covariates(self, month: int) -> dict[str, Floats]:
        world = self.world
        mean, peak, recent = leaving.felt_service(self.orders, self.failures)
        told = month_steps(self.rng, self.calendar.month_of_year(month), self.calendar.year(month), self.shape)
        shock = np.sum([*self.steps, told], axis=0)
        self.steps = [*self.steps[1:], told]
        self.openings = [*self.openings, rival_openings(self.rng, (self.shape[0], len(REGIONS)))][-RIVAL_MONTHS:]
        rival = np.any(self.openings, axis=0)[:, world.population.region].astype(np.float64)
        treated = (month - self.treated) < leaving.CAMPAIGN_MONTHS
        kind = world.population.campaign_type
        # The covariate whose factor on the hazard is the mean of exp(effect x partners lost).
        effect, gone = C.neighbour_lost, np.minimum(np.sum(self.lost, axis=0), 1.0)
        lost = np.asarray(world.network @ np.log1p(gone * np.expm1(effect))) / effect
        return {
            "service_mean": mean, "service_peak": peak, "service_recent": recent,
            "complaint_slow": np.minimum(np.sum(self.slow, axis=0), 2.0),
            "answer_late": np.minimum(np.sum(self.late, axis=0), 3.0),
            "neglect": leaving.neglect_months(self.since_contact),
            "price_shock": shock,
            "rival_entry": rival,
            "neighbour_lost": np.minimum(lost, 3.0),
            "campaign_persuadable": (treated & (kind == 1)).astype(np.float64),
            "campaign_disturbed": (treated & (kind == 2)).astype(np.float64),
        } | leaving.standing_covariates(world.population, month)  # fmt: skip

    def _returns(self, ahead: int, gone: Floats, own: Floats, shares: Floats) -> None:
        chance = np.tensordot(
            leaving.RETURN_PROBABILITY[: leaving.VOLUNTARY], np.broadcast_to(shares, (4, *self.shape)), 1
        )
        for delay in range(2, leaving.RETURN_WITHIN + 1):
            self.due_back[ahead + delay] += gone * own * chance / (leaving.RETURN_WITHIN - 1)

    def _serve(self, month: int, rate: Floats) -> None:
        """Draw what the customers experience in the month."""
        orders, failures, slow, late = self._draw(month, rate)
        self.orders = [*self.orders[1:], orders]
        self.failures = [*self.failures[1:], failures]
        self.slow = [*self.slow[1:], slow]
        self.late = [*self.late[1:], late]
        contacted = self.rng.random(self.shape) < -np.expm1(-self.world.population.contact_rate)
        self.since_contact = np.where(contacted, 0.0, self.since_contact + 1.0)

    def _draw(self, month: int, rate: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Orders, failures, complaints handled badly and enquiries answered late."""
        rng, population = self.rng, self.world.population
        name = self.calendar.month_of_year(month)
        orders = rng.poisson(rate).astype(np.float64)
        failures = rng.binomial(orders.astype(np.int64), self._failing(name)).astype(np.float64)
        complaints = rng.poisson(COMPLAINTS_PER_FAILURE * failures * population.complaint_rate)
        slow = rng.binomial(complaints, handled_badly(name)).astype(np.float64)
        late = rng.poisson(orders * population.enquiry_rate * answered_late(name)).astype(np.float64)
        return orders, failures, slow, late

    def _failing(self, name: int) -> Floats:
        """The month's failure share on each path, by the month's number in the year."""
        p = np.clip(self.failure[:, name - 1], 1e-6, 1 - 1e-6)
        odds = p / (1 - p) * np.exp(SHOCK_SD * self.rng.normal(size=self.shape) - SHOCK_SD**2 / 2)
        return odds / (1 + odds)


def _since_contact(world: World, last: int) -> Floats:
    """Months since the last contact, as the history left it."""
    contacts = world.history.counts["contacts"][:, :last] > 0
    latest = np.where(contacts.any(axis=1), last - 1 - np.argmax(contacts[:, ::-1], axis=1), -2)
    return np.maximum(last - 1 - np.maximum(latest, world.population.onboard_month), 0).astype(np.float64)
