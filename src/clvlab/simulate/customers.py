"""Who the customers are: the parameters that are fixed from the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clvlab.periods import DAYS_PER_YEAR, days_per
from clvlab.simulate.calendar import Calendar, Floats, Ints
from clvlab.simulate.constants import CONSTANTS as C
from clvlab.simulate.geography import (
    CITY_REGION,
    CITY_WEIGHT,
    INDUSTRIES,
    SERVICE_RATE,
    SERVICE_WEIGHT,
)

Flags = NDArray[np.bool_]

ROLES = ("shipper", "consignee", "both", "channel")
RETENTION_LEVELS = ("financial", "social", "structural")
CHANNELS = ("field sales", "tender", "referral", "website", "exhibition")
CREDIT_RATINGS = ("A", "B", "C", "D")
PRIORITIES = ("A", "B", "C")
CAMPAIGN_TYPES = ("indifferent", "persuadable", "disturbed")
MANAGERS = (
    "Chen Wei", "Liu Yang", "Wang Fang", "Zhang Min", "Zhao Lei", "Huang Jing", "Zhou Tao", "Wu Xia",
    "Xu Qiang", "Sun Li", "Ma Chao", "Lin Na",
)  # fmt: skip


@dataclass
class Population:
    """Arrays over customers, in the order of their identifiers (the order of onboarding).

    Attributes
    ----------
    onboard_day : day number of onboarding, counted from the window's start; negative before it.
    onboard_month : month of the window; -1 before it.
    contract_month : month from which under contract (may be negative); a large number for spot customers.
    term : months of a contract term.
    rate : orders a month at the window's start or at onboarding.
    shape : gamma shape of the gaps between orders: 4 regular, 1 Poisson, 0.45 clumpy.
    size : factor on the typical weight of an order.
    price_factor : price agreed at onboarding as a share of list price.
    margin_share : contribution margin as a share of list price at list price, before discounts.
    frailty : unobserved factor on the voluntary hazard.
    growth : yearly growth of the customer's own business.
    """

    onboard_day: Ints
    onboard_month: Ints
    contract_month: Ints
    term: Ints
    city: Ints
    industry: Ints
    industry_risk: Ints
    role: Ints
    rate: Floats
    shape: Floats
    size: Floats
    price_factor: Floats
    margin_share: Floats
    rebate: Floats
    growth: Floats
    wallet_share: Floats
    frailty: Floats
    retention: Ints
    channel: Ints
    referred_by: Ints
    credit: Ints
    priority: Ints
    manager: Ints
    contact_rate: Floats
    enquiry_rate: Floats
    complaint_rate: Floats
    urgent_rate: Floats
    requirements: NDArray[np.bool_]
    payment_terms: Ints
    payment_delay: Floats
    loss_aversion: Floats
    campaign_type: Ints
    main_service: Ints
    parent: Ints

    def __len__(self) -> int:
        return len(self.rate)

    @property
    def region(self) -> Ints:
        return CITY_REGION[self.city]

    def log_volume(self) -> Floats:
        """How large the customer is among those of its main service, on a log scale."""
        return np.log(self.rate / SERVICE_RATE[self.main_service]) + np.log(self.size)


REQUIREMENTS = ("temperature", "visibility", "packaging", "time windows", "returns handling")
NEVER = 10**6
FOUNDED_YEARS = 15.0  # the provider's age when the records begin


def customers(rng: np.random.Generator, calendar: Calendar, n: int) -> Population:
    """Draw the customers of a market: those alive at the window's start, and those who come within it."""
    day, month = _onboarding(rng, calendar, n)
    contract = rng.random(n) < C.contract_share
    service = rng.choice(len(SERVICE_WEIGHT), size=n, p=SERVICE_WEIGHT)
    rate = np.exp(np.log(C.rate_median) + C.rate_sigma * rng.normal(size=n) + C.contract_volume * contract)
    rate = np.clip(rate * SERVICE_RATE[service], 0.25, 200.0)
    size = np.exp(C.value_sigma * rng.normal(size=n) * np.where(service == 0, 0.35, 1.0))
    log_volume = np.log(rate / C.rate_median / SERVICE_RATE[service]) + np.log(size)
    industry = rng.choice(len(INDUSTRIES), size=n, p=[i[1] for i in INDUSTRIES])
    risk = np.array([i[2] for i in INDUSTRIES])[industry]
    city = rng.choice(len(CITY_WEIGHT), size=n, p=CITY_WEIGHT)
    role = rng.choice(4, size=n, p=[0.58, 0.09, 0.28, 0.05])
    term = np.where(rng.random(n) < 0.7, 12, 24)
    contract_month = _contract_starts(rng, calendar, contract, day)
    retention = _retention(rng, contract)
    channel = rng.choice(5, size=n, p=[0.40, 0.16, 0.20, 0.14, 0.10])
    referred_by = _referrers(rng, channel, day)
    priority = np.digitize(-log_volume + 0.5 * rng.normal(size=n), [-1.6, -0.2])
    manager = rng.choice(len(MANAGERS), size=n, p=_portfolios(rng))
    load = np.bincount(manager, minlength=len(MANAGERS))[manager] / (n / len(MANAGERS))
    contact_rate = np.array([1.1, 0.55, 0.24])[priority] * load**-0.6 * rng.gamma(4, 1 / 4, n)
    margin = C.margin_mean + C.margin_sd * rng.normal(size=n) + 0.02 * (service == 2)
    campaign_type = _campaign_types(rng, contract, retention, priority)
    return Population(
        onboard_day=day, onboard_month=month, contract_month=contract_month, term=term, city=city,
        industry=industry, industry_risk=np.clip(risk + rng.integers(-1, 2, n), 1, 5), role=role, rate=rate,
        shape=_regularity(rng, n, contract), size=size,
        price_factor=np.clip(1.0 - C.volume_discount * log_volume + 0.025 * rng.normal(size=n), 0.85, 1.12),
        margin_share=np.clip(margin, 0.04, 0.45),
        rebate=np.where(contract & (log_volume > 1.2), rng.choice([0.01, 0.02, 0.03], n), 0.0),
        growth=np.clip(0.03 + 0.10 * rng.normal(size=n), -0.25, 0.25),
        wallet_share=rng.beta(2.2, 2.6, n).clip(0.05, 0.98),
        frailty=_frailty(rng, day, contract),
        retention=retention, channel=channel, referred_by=referred_by,
        credit=rng.choice(4, size=n, p=[0.42, 0.34, 0.17, 0.07]), priority=priority, manager=manager,
        contact_rate=contact_rate, enquiry_rate=rng.gamma(0.8, 0.11 / 0.8, n),
        complaint_rate=rng.gamma(1.2, 1 / 1.2, n), urgent_rate=rng.beta(0.7, 9.0, n),
        requirements=rng.random((n, len(REQUIREMENTS))) < [0.14, 0.30, 0.22, 0.20, 0.10],
        payment_terms=rng.choice([15, 30, 45, 60, 90], size=n, p=[0.15, 0.40, 0.20, 0.20, 0.05]),
        payment_delay=rng.gamma(0.8, 11.0, n), loss_aversion=C.loss_aversion * rng.gamma(9, 1 / 9, n),
        campaign_type=campaign_type, main_service=service, parent=_parents(rng, log_volume, n),
    )  # fmt: skip


def _onboarding(rng: np.random.Generator, calendar: Calendar, n: int) -> tuple[Ints, Ints]:
    """Days and months of onboarding, sorted: most before the window, the rest at a growing pace."""
    within = round(n * min(0.60, 0.0125 * calendar.months))
    oldest = -np.expm1(-FOUNDED_YEARS / C.tenure_mean)
    years = -C.tenure_mean * np.log1p(-oldest * rng.random(n - within))
    before = -1 - np.floor(years * DAYS_PER_YEAR).astype(np.int64)
    pace = 1.0 + C.arrivals_growth * np.arange(calendar.months)
    month = rng.choice(calendar.months, size=within, p=pace / pace.sum())
    length = np.diff(calendar.first_day)[month]
    inside = calendar.first_day[month] + np.floor(rng.random(within) * length).astype(np.int64)
    days = np.sort(np.concatenate([before, inside]))
    months = np.searchsorted(calendar.first_day, days, side="right") - 1
    return days, np.where(days < 0, -1, months)


def _contract_starts(rng: np.random.Generator, calendar: Calendar, contract: Flags, day: Ints) -> Ints:
    """The month a contract starts: at onboarding, or up to a year later for those who tried us first."""
    month_number = (calendar.date(day).astype("M8[M]") - calendar.start.astype("M8[M]")).astype(np.int64)
    since = month_number + 1
    trial = np.where(rng.random(len(day)) < 0.15, rng.integers(3, 12, len(day)), 0)
    return np.where(contract, since + trial, NEVER)


def _regularity(rng: np.random.Generator, n: int, contract: Flags) -> Floats:
    u = rng.random(n) - 0.08 * contract
    return np.where(u < C.regular_share, 4.0, np.where(u > 1 - C.clumpy_share, 0.45, 1.0))


def _retention(rng: np.random.Generator, contract: Flags) -> Ints:
    u = rng.random(len(contract))
    return np.where(contract, np.digitize(u, [0.40, 0.78]), np.digitize(u, [0.72, 0.97]))


def _referrers(rng: np.random.Generator, channel: Ints, day: Ints) -> Ints:
    """Who referred a customer: someone onboarded earlier; -1 for nobody."""
    order = np.arange(len(day))
    referrer = np.floor(rng.random(len(day)) * order).astype(np.int64)
    return np.where((channel == 2) & (order > 0), referrer, -1)


def _portfolios(rng: np.random.Generator) -> Floats:
    share = rng.gamma(3.0, 1.0, len(MANAGERS))
    return share / share.sum()


def _campaign_types(rng: np.random.Generator, contract: Flags, retention: Ints, priority: Ints) -> Ints:
    """Persuadable are mostly contract customers of priority A and B; disturbed are small spot customers."""
    persuadable = 0.12 + 0.30 * contract + 0.18 * (priority < 2)
    disturbed = 0.05 + 0.22 * (~contract & (priority == 2)) + 0.05 * (retention == 0)
    u = rng.random(len(contract))
    return np.where(u < persuadable, 1, np.where(u > 1 - disturbed, 2, 0))


def _frailty(rng: np.random.Generator, day: Ints, contract: Flags) -> Floats:
    """Gamma frailty; of those older than the window only survivors are here, which shifts theirs down.

    With hazard z x h, z ~ Gamma(k, k) and survival to cumulative hazard H, z ~ Gamma(k, k + H).
    """
    level = np.where(contract, np.exp(C.contract_midterm) * 11 / 12 + np.exp(C.contract_renewal) / 12, 1.0)
    age = np.maximum(-day, 0) / days_per("month")
    cumulative = C.base_spot * level * age
    return rng.gamma(C.frailty_shape, 1.0, len(day)) / (C.frailty_shape + cumulative)


def _parents(rng: np.random.Generator, log_volume: Floats, n: int) -> Ints:
    """Groups of two to five sites under their largest; -1 for a head or a customer on its own."""
    parent = np.full(n, -1, dtype=np.int64)
    members = rng.permutation(n)[: int(0.2 * n)]
    cut = 0
    while cut + 1 < len(members):
        group = members[cut : cut + int(rng.integers(2, 6))]
        head = group[np.argmax(log_volume[group])]
        parent[group[group != head]] = head
        cut += len(group)
    return parent
