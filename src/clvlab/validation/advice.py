"""How far to trust a model whose checks are not all within what was expected."""

from __future__ import annotations

from clvlab.validation.check import (
    ALLOCATION,
    CAMPAIGNS,
    CURVES,
    EFFECTS,
    HAZARDS,
    LATENT,
    LEAVING,
    MARGINS,
    PROFITS,
    PURCHASES,
    RENEWALS,
    SATISFACTION,
    TIERS,
    VALUES,
)

ADVICE = {
    PURCHASES: "Purchase models: check the backtest in the report on customer value before using single forecasts.",
    RENEWALS: "Contract renewals: take the renewal rates of the records rather than the fitted curve.",
    MARGINS: "Margins per purchase: use sums over many customers, not single ones.",
    VALUES: "Customer values: rank by them and budget on the next 12 months; take the figure over 60 months as the "
    "lower end, and a single customer's interval as too narrow.",
    CURVES: "Survival curves: read them only where many customers are at risk.",
    HAZARDS: "Hazard models: take every effect on leaving for the least there is; say nothing of tenure's effect.",
    LEAVING: "Probabilities to leave: use them to rank and for totals, give or take a tenth; a customer's own interval "
    "is that of customers like it.",
    LATENT: "Latent leaving: use signs and order of service effects on leaving, not their size.",
    EFFECTS: "Service effects: decide by the lower end of the interval.",
    SATISFACTION: "Satisfaction logit: use the order of drivers, not their size.",
    ALLOCATION: "Best level and budget: the interval of a best level is wider than need be; a plan may earn some "
    "percent less than the best one would.",
    PROFITS: "Profit by account: of accounts with few or irregular orders the interval is somewhat too narrow; wait a "
    "quarter before letting one go.",
    TIERS: "What tiers predict: for who brings money next year rank by customer value; the scorecard explains, it does "
    "not forecast.",
    CAMPAIGNS: "Effects of campaigns: repeat the campaign with more customers before acting on it.",
}
