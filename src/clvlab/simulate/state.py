"""What carries over from month to month, and the covariates it gives."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from clvlab.simulate import leaving
from clvlab.simulate.calendar import Calendar, Floats
from clvlab.simulate.customers import Population
from clvlab.simulate.prices import Prices, price_shock

NEVER_YET = -(10**6)
AWAY = -1

COUNTS = (
    "orders", "failures", "contacts", "complaints", "complaints_badly_handled", "enquiries", "answers_late",
)  # fmt: skip


class State:
    """Each customer's situation when a month opens.

    Attributes
    ----------
    alive : a customer now.
    return_month : the month in which one who left comes back; -1 for never.
    waiting : operational time to the next order.
    since_contact : months since our last contact.
    lift : log increase of orders from cross-selling.
    treated_month, lost_month : month of the last campaign and of the last leaving.
    counts : counts of the months gone, by name.
    """

    def __init__(self, population: Population, calendar: Calendar, waiting: Floats) -> None:
        n = len(population)
        self.alive = np.zeros(n, dtype=bool)
        self.return_month = np.full(n, AWAY)
        self.waiting = waiting
        self.since_contact = np.zeros(n)
        self.lift = np.zeros(n)
        self.treated_month = np.full(n, NEVER_YET)
        self.counts = {name: np.zeros((n, calendar.months)) for name in COUNTS}
        self.lost_month = np.full(n, NEVER_YET)

    def window(self, name: str, month: int, length: int) -> list[Floats]:
        """The counts of the last months before `month`, oldest first, zeros before the window."""
        table = self.counts[name]
        zeros = np.zeros(len(table))
        return [table[:, m] if m >= 0 else zeros for m in range(month - length, month)]


def covariates_now(
    population: Population, prices: Prices, network: csr_matrix, state: State, month: int
) -> dict[str, Floats]:
    """All covariates of the voluntary hazard, as known when the month opens."""
    mean, peak, recent = leaving.felt_service(
        state.window("orders", month, leaving.MEMORY), state.window("failures", month, leaving.MEMORY)
    )
    lost = (~state.alive) & (month - state.lost_month <= 6) & (state.lost_month < month)
    treated = (month - state.treated_month >= 0) & (month - state.treated_month < leaving.CAMPAIGN_MONTHS)
    slow = np.sum(state.window("complaints_badly_handled", month, 3), axis=0)
    late = np.sum(state.window("answers_late", month, 3), axis=0)
    known = {
        "service_mean": mean,
        "service_peak": peak,
        "service_recent": recent,
        "complaint_slow": np.minimum(slow, 2.0),
        "answer_late": np.minimum(late, 3.0),
        "neglect": leaving.neglect_months(state.since_contact),
        "price_shock": price_shock(prices.step, month),
        "rival_entry": prices.rival[:, month],
        "neighbour_lost": np.minimum(np.asarray(network @ lost.astype(np.float64)), 3.0),
        "campaign_persuadable": (treated & (population.campaign_type == 1)).astype(np.float64),
        "campaign_disturbed": (treated & (population.campaign_type == 2)).astype(np.float64),
    }
    return known | leaving.standing_covariates(population, month)
