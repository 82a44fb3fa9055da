"""How far to trust a model whose checks are not all within what was expected."""

from __future__ import annotations

from clvlab.validation.check import (
    ACTING,
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
    PURCHASES: "Check the backtest in the report on customer value before using single forecasts.",
    RENEWALS: "Take the renewal rates of the records rather than the fitted curve.",
    MARGINS: "Use sums over many customers, not single ones.",
    VALUES: "Rank by them and budget on the next 12 months; take the figure over 60 months as the "
    "lower end, and a single customer's interval as too narrow.",
    CURVES: "Read them only where many customers are at risk.",
    HAZARDS: "Take every effect on leaving for the least there is; say nothing of tenure's effect.",
    LEAVING: "Use them to rank and for totals, give or take a tenth; a customer's own interval "
    "is that of customers like it.",
    LATENT: "Use signs and order of service effects on leaving, not their size.",
    EFFECTS: "Decide by the lower end of the interval.",
    SATISFACTION: "Use the order of drivers, not their size.",
    ALLOCATION: "The interval of a best level is wider than need be; a plan may earn some "
    "percent less than the best one would.",
    PROFITS: "Of accounts with few or irregular orders the interval is somewhat too narrow; wait a "
    "quarter before letting one go.",
    TIERS: "For who brings money next year rank by customer value; the scorecard explains, it does not forecast.",
    CAMPAIGNS: "Repeat the campaign with more customers before acting on it.",
    ACTING: "While the campaign shows no effect, the list is no better than the largest margins first; draw the "
    "next round by lot before acting on it.",
}
