"""Why and when customers leave, and who comes back.

The voluntary hazard of a customer in a month is

    base_spot x frailty x exp(sum of effects x covariates),

with covariates known when the month opens; closure, credit and our own choice compete with it.
The same functions serve the past (market history) and the future (true expected margin).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from clvlab.periods import DAYS_PER_YEAR, days_per
from clvlab.simulate.calendar import Floats, Ints
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.customers import Flags, Population

CAUSES = ("service", "neglect", "price", "rival", "credit", "closure", "provider's choice")
VOLUNTARY = 4  # the first four are the customer's decision

# Covariates by the reason they speak for; `common` speaks for none.
PARTS: dict[str, tuple[str, ...]] = {
    "service": ("service_mean", "service_peak", "service_recent", "complaint_slow"),
    "neglect": ("neglect", "answer_late"),
    "price": ("price_shock",),
    "rival": ("rival_entry",),
    "common": (
        "contract_midterm", "contract_renewal", "neighbour_lost", "referred", "social", "structural",
        "tenure_year", "campaign_persuadable", "campaign_disturbed",
    ),
}  # fmt: skip
COVARIATES = tuple(name for part in PARTS.values() for name in part)
MEMORY = 6  # months of service a customer remembers
CAMPAIGN_MONTHS = 9
RETURN_WITHIN = 6  # months
RETURN_PROBABILITY: Floats = np.array(
    [C.return_service, C.return_neglect, C.return_price, C.return_rival, 0.0, 0.0, 0.0]
)


def felt_service(orders: Sequence[Floats], failures: Sequence[Floats]) -> tuple[Floats, Floats, Floats]:
    """What the customer feels of the last months' service, oldest month first, in percentage points.

    Returns
    -------
    mean : failure share over all months, against the reference.
    peak : worst month above the mean, never negative.
    recent : last month against the mean.
    """
    m, m0 = C.felt_prior_orders, C.felt_prior_orders * C.felt_reference
    mean = (np.sum(failures, axis=0) + m0) / (np.sum(orders, axis=0) + m)
    monthly = np.stack([(f + m0) / (n + m) for n, f in zip(orders, failures, strict=True)])
    peak = np.maximum(monthly.max(axis=0) - mean, 0.0)
    return 100 * (mean - C.felt_reference), 100 * peak, 100 * (monthly[-1] - mean)


def standing_covariates(population: Population, month: int) -> dict[str, Floats]:
    """Covariates that follow from who the customer is and the month it is."""
    under = (population.contract_month <= month).astype(np.float64)
    since = month - population.contract_month
    renewal = under * ((since > 0) & (since % population.term == 0))
    years = np.maximum(month * days_per("month") - population.onboard_day, 0) / DAYS_PER_YEAR
    return {
        "contract_midterm": under - renewal,
        "contract_renewal": renewal,
        "referred": (population.referred_by >= 0).astype(np.float64),
        "social": (population.retention == 1).astype(np.float64),
        "structural": (population.retention == 2).astype(np.float64),
        "tenure_year": years,
    }


def neglect_months(since_contact: Floats) -> Floats:
    """Months without contact that count as neglect: beyond 3, at most 9."""
    return np.clip(since_contact - 3.0, 0.0, 9.0)


def part_predictors(covariates: Mapping[str, Floats]) -> dict[str, Floats]:
    """The linear predictor by part."""
    return {
        part: sum((getattr(C, name) * covariates[name] for name in names), np.zeros(1)) for part, names in PARTS.items()
    }


def voluntary_hazard(population: Population, parts: Mapping[str, Floats]) -> Floats:
    """Monthly hazard of the customer's own decision to leave."""
    return C.base_spot * population.frailty * np.exp(sum(parts.values(), np.zeros(1)))


def involuntary_hazards(population: Population, unprofitable: Flags) -> Floats:
    """Monthly hazards of credit, closure and our own choice: shape (3, customers)."""
    return np.stack(
        [
            C.base_credit * np.exp(C.credit_rating * population.credit),
            C.base_closure * np.exp(C.closure_risk * (population.industry_risk - 3)),
            np.where(unprofitable, C.base_provider, 0.0),
        ]
    )


def cause_shares(parts: Mapping[str, Floats]) -> Floats:
    """Shares of the four voluntary reasons: shape (4, ..., customers)."""
    weights = (C.weight_service, C.weight_neglect, C.weight_price, C.weight_rival)
    names = ("service", "neglect", "price", "rival")
    raw = np.broadcast_arrays(*(w * np.exp(parts[name]) for w, name in zip(weights, names, strict=True)))
    stacked = np.stack(raw)
    return stacked / stacked.sum(axis=0)


def draw_causes(rng: np.random.Generator, voluntary: Floats, involuntary: Floats, shares: Floats) -> Ints:
    """A cause for each customer, as if it left now."""
    hazards = np.concatenate([shares * voluntary, involuntary])
    running = np.cumsum(hazards, axis=0) / hazards.sum(axis=0)
    return np.minimum((rng.random(hazards.shape[1]) > running).sum(axis=0), len(CAUSES) - 1)


def draw_returns(rng: np.random.Generator, cause: Ints) -> Ints:
    """Months until each leaver comes back, 2 to 6; 0 for never."""
    months = rng.integers(2, RETURN_WITHIN + 1, len(cause))
    return np.where(rng.random(len(cause)) < RETURN_PROBABILITY[cause], months, 0)
