"""The constants that decide what an analysis of the demo market should find, with unit, meaning and source.

`CONSTANTS` is what the simulator uses; `constants_table()` is what `truth/constants.csv` and
`docs/demo-market.md` show. What only gives the market its looks (weights, names, lead costs, clock times)
stands in the modules that draw it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import log
from typing import Any

BARFAR = "Barfar, Padmanabhan & Hevner 2017"
NITZAN = "Nitzan & Libai 2011"
SCHMITT = "Schmitt, Skiera & Van den Bulte 2011"
KAHNEMAN = "Tversky & Kahneman 1991"


def _c(value: float, unit: str, meaning: str, source: str = "") -> Any:
    return field(default=value, metadata={"unit": unit, "meaning": meaning, "source": source})


@dataclass(frozen=True)
class Constants:
    """The market's constants; effects on leaving are log hazard ratios."""

    # who the customers are
    contract_share: float = _c(0.40, "share", "customers under contract")
    rate_median: float = _c(1.55, "orders/month", "median order rate of a spot customer")
    rate_sigma: float = _c(1.00, "log sd", "spread of order rates between customers")
    value_sigma: float = _c(0.50, "log sd", "spread of consignment sizes between customers")
    contract_volume: float = _c(0.70, "log", "contract customers order more")
    margin_mean: float = _c(0.22, "share of list price", "mean contribution margin at list price")
    margin_sd: float = _c(0.055, "share of list price", "spread of it between customers")
    volume_discount: float = _c(0.012, "share per log rate", "discount large customers obtain")
    market_growth: float = _c(0.004, "per month", "growth of every customer's demand")
    arrivals_growth: float = _c(0.010, "per month", "growth of the number of new customers")
    tenure_mean: float = _c(4.0, "years", "mean age of customers older than the records")
    regular_share: float = _c(0.30, "share", "regular shippers: Erlang-4 gaps between orders")
    clumpy_share: float = _c(0.25, "share", "clumpy shippers: gamma gaps of shape 0.45; the rest are Poisson")
    price_cost_growth: float = _c(0.0030, "per month", "growth of unit costs, met by price rounds on average")
    # voluntary leaving
    base_spot: float = _c(0.0150, "per month", "voluntary hazard of a spot customer at reference covariates")
    frailty_shape: float = _c(2.0, "gamma shape", "unobserved differences in hazard, mean 1, variance 0.5")
    contract_midterm: float = _c(-1.3, "log hazard ratio", "contract running, not up for renewal")
    contract_renewal: float = _c(1.2, "log hazard ratio", "first month after a contract term ends")
    service_mean: float = _c(log(1.0725), "log hazard ratio per pp", "failure share felt over 6 months", BARFAR)
    service_peak: float = _c(0.020, "log hazard ratio per pp", "worst month above that mean")
    service_recent: float = _c(0.030, "log hazard ratio per pp", "last month against that mean")
    felt_prior_orders: float = _c(4.0, "orders", "weight of the reference share in what a customer feels")
    felt_reference: float = _c(0.10, "share", "failure share a customer takes for granted")
    complaint_slow: float = _c(0.25, "log hazard ratio each", "complaints handled badly, 3 months, up to 2")
    answer_late: float = _c(0.12, "log hazard ratio each", "enquiries answered late, 3 months, up to 3")
    neglect: float = _c(0.09, "log hazard ratio per month", "months without contact beyond 3, up to 9 more")
    price_shock: float = _c(0.070, "log hazard ratio per pp", "price increases of the last 4 months")
    rival_entry: float = _c(0.45, "log hazard ratio", "a rival opens in the region, for 6 months")
    neighbour_lost: float = _c(
        log(1 + 0.5 * 0.80), "log hazard ratio each",
        "direct partner lost in the last 6 months, up to 3; half the published 80%", NITZAN,
    )  # fmt: skip
    referred: float = _c(log(1 - 0.18), "log hazard ratio", "customer came by referral", SCHMITT)
    social: float = _c(-0.25, "log hazard ratio", "social against financial retention level")
    structural: float = _c(-0.60, "log hazard ratio", "structural against financial retention level")
    tenure_year: float = _c(log(1 - 0.037), "log hazard ratio per year", "years of relationship", BARFAR)
    campaign_persuadable: float = _c(-1.00, "log hazard ratio", "treated and persuadable, for 9 months")
    campaign_disturbed: float = _c(0.70, "log hazard ratio", "treated and better left alone, for 9 months")
    # involuntary leaving
    base_closure: float = _c(0.0012, "per month", "closure of the customer's business at risk 3")
    closure_risk: float = _c(0.40, "log hazard ratio per point", "industry risk, 1 to 5")
    base_credit: float = _c(0.0005, "per month", "credit cut off at rating A")
    credit_rating: float = _c(0.55, "log hazard ratio per grade", "credit rating A, B, C, D")
    base_provider: float = _c(0.0050, "per month", "we end it, if the customer loses us money in expectation")
    # reasons for a voluntary leaving: weight x exp(own part of the predictor)
    weight_service: float = _c(0.30, "weight", "service as the reason, at reference")
    weight_neglect: float = _c(0.24, "weight", "neglect as the reason, at reference")
    weight_price: float = _c(0.28, "weight", "price as the reason, at reference")
    weight_rival: float = _c(0.18, "weight", "a rival as the reason, at reference")
    # coming back within half a year
    return_price: float = _c(0.45, "probability", "lost on price comes back within 6 months")
    return_rival: float = _c(0.15, "probability", "lost to a rival comes back within 6 months")
    return_neglect: float = _c(0.10, "probability", "lost by neglect comes back within 6 months")
    return_service: float = _c(0.08, "probability", "lost on service comes back within 6 months")
    # demand's answer to service
    share_response: float = _c(-0.020, "log orders per pp", "orders against failure share felt over 6 months")
    # service
    late_logit: float = _c(-2.85, "logit", "late delivery at average lane, carrier, day")
    lane_sd: float = _c(0.35, "logit sd", "lanes differ")
    carrier_sd: float = _c(0.40, "logit sd", "carriers differ")
    bad_spell: float = _c(1.00, "logit", "a carrier's bad spell, 3% start and 33% end a month")
    peak_logit: float = _c(0.50, "logit", "November and the three weeks before Chinese New Year")
    weather_logit: float = _c(0.30, "logit", "typhoons in the south and east, frost in the north")
    squeeze_logit: float = _c(1.50, "logit per unit of load", "orders above 90% of a cell's capacity")
    damage_rate: float = _c(0.010, "share", "damaged orders; twice that in cold chain")
    cancel_rate: float = _c(0.006, "share", "orders not completed")
    headroom: float = _c(1.18, "ratio", "capacity planned over the last three months' orders")
    refusal_share: float = _c(0.50, "share", "orders above capacity that are refused; the rest is subcontracted")
    # voice
    loss_aversion: float = _c(2.0, "ratio", "reaction to a loss against an equal gain, mean over customers", KAHNEMAN)
    response_rate: float = _c(0.42, "share", "survey invitations answered")
    # sales
    win_new: float = _c(0.17, "share", "leads for new customers won")
    win_existing: float = _c(0.45, "share", "cross-sell leads won")
    cross_sell_lift: float = _c(0.12, "log orders", "orders after a cross-sell is won")
    # money later
    discount_rate: float = _c(0.10, "per year, effective", "discounting of future margin")


CONSTANTS = Constants()

# Cost of one activity in CNY: what a customer costs to serve beyond direct cost.
UNIT_COSTS: dict[str, tuple[float, str]] = {
    "order": (17.0, "an order booked, planned, billed"),
    "urgent order": (55.0, "on top of an order"),
    "special requirement": (4.0, "one requirement of the customer's on one order"),
    "complaint": (320.0, "a complaint handled"),
    "claim": (180.0, "a claim settled, beyond the amount paid"),
    "enquiry": (28.0, "an enquiry answered"),
    "visit": (460.0, "a visit by the account manager"),
    "call": (40.0, "a call by the account manager"),
    "quote": (60.0, "a quotation written"),
    "price notice": (5.0, "a price notice sent"),
}


def constants_table() -> list[tuple[str, float, str, str, str]]:
    """Rows of (name, value, unit, meaning, source), in the order of definition."""
    return [
        (
            f.name,
            round(float(getattr(CONSTANTS, f.name)), 6),
            f.metadata["unit"],
            f.metadata["meaning"],
            f.metadata["source"],
        )
        for f in fields(CONSTANTS)
    ]
