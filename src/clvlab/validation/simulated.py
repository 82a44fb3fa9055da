"""What the benchmarks found beside known truth: which figures of the evidence are judged, and by what."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from scipy.stats import binom

from clvlab.validation.check import (
    ACTING,
    ALLOCATION,
    CALIBRATION,
    CAMPAIGNS,
    COVERAGE,
    CURVES,
    EFFECTS,
    HAZARDS,
    LATENT,
    LEAVING,
    MARGINS,
    NOT_CHECKED,
    PROFITS,
    PURCHASES,
    RECOVERY,
    RENEWALS,
    TIERS,
    VALUES,
    Check,
    judged,
)
from clvlab.validation.evidence import Evidence, number_in

LEVEL = 0.9
# An exact test at this level: of a thousand right intervals one is called wrong.
REJECT = 0.001


@dataclass(frozen=True)
class Figure:
    """A figure of the evidence that is judged.

    Attributes
    ----------
    model, checked, kind
        As in :class:`~clvlab.validation.check.Check`.
    place
        Benchmark, heading, the first cells of the row, and the column, where it stands.
    expected
        What it should be, in words; blank for 90% by an exact test.
    least, most
        Between which it must lie; of coverage set by the exact test.
    trials
        The column with the number of intervals, where the cell does not say "so many of so many".

    Examples
    --------
    >>> figure = Figure(HAZARDS, "true effects", ("bench", "Part", ("Cox",), "held"), "85% to 95%", 0.85, 0.95)
    >>> figure.check(Evidence({"bench": "# Part\\n\\n| model | held |\\n|---|---|\\n| Cox | 89.7% |\\n"})).within
    'yes'
    """

    model: str
    checked: str
    place: tuple[str, str, tuple[str, ...], str]
    expected: str = ""
    least: float = float("-inf")
    most: float = float("inf")
    trials: str = ""
    kind: str = COVERAGE

    def check(self, evidence: Evidence) -> Check:
        """Return the figure, judged; not checked where the benchmark left no evidence."""
        benchmark = self.place[0]
        where, expected = f"evidence {benchmark}", self.expected or f"{LEVEL:.0%}"
        row = evidence.row(*self.place)
        if row is None:
            return Check(self.model, self.checked, self.kind, "–", expected, NOT_CHECKED, where)
        cell = self._cell(row)
        least, most = (self.least, self.most) if self.expected else _by_chance(cell)
        return Check(
            self.model, self.checked, self.kind, cell, expected, judged(least <= number_in(cell) <= most), where
        )

    def _cell(self, row: pd.Series) -> str:
        """Return the figure's text; of coverage always as so many of so many."""
        cell = str(row[self.place[-1]])
        if not self.trials:
            return cell
        n, value = int(row[self.trials]), number_in(cell)
        return f"{value if value > 1 else round(value * n):.0f} of {n}"


def _by_chance(cell: str) -> tuple[float, float]:
    """Return between which shares so many intervals hold the truth when they are right."""
    n = int(cell.partition(" of ")[2].split()[0])
    least, most = binom.interval(1 - REJECT, n, LEVEL)
    return least / n, most / n


_PARAMETERS, _PLACES = "Parameters within their 90% intervals", "Customers' discounted value ahead among its draws"
_RECOVERED = {
    PURCHASES: ("Pareto/NBD", "Pareto/NBD, late entry", "BG/NBD", "MBG/NBD", "BG/BB"),
    RENEWALS: ("sBG", "BdW"),
    MARGINS: ("Gamma-Gamma", "Contribution margin"),
}
_MARKET, _ALL_MARKETS = "clv_market", "All markets"
_AHEAD = "Forecasts from 18 and 12 months before the last day against what the records then showed"
_HAZARDS = "100 markets of 300 customers over 36 months, true spells and covariates"
_POINT = "Of one percentage point more on time, and the best level of it"
_RIVALS = "The scorecard of a year ago against simpler rankings"
_PROFITS = "Recurring profit of the last year: how often the 90% interval holds what was to be expected"
_EVERYONE = "all customers"
_RETENTION, _SAID = "retention_market", "What was said, and what came"

FIGURES = (
    *(
        Figure(model, f"true parameters in their 90% intervals, {name}",
               ("clv_recovery", _PARAMETERS, (name,), "one per population"))
        for model, names in _RECOVERED.items() for name in names
    ),
    Figure(PURCHASES, "purchases ahead in their 90% intervals",
           ("clv_recovery", "Numbers of purchases ahead among their draws", ("all",), "one per population")),
    *(
        Figure(MARGINS, f"customers' value ahead in its 90% interval, {name}",
               ("clv_recovery", _PLACES, (name,), "one per population"))
        for name in _RECOVERED[MARGINS]
    ),
    Figure(VALUES, "customer equity over 60 months, bias", (_MARKET, "The whole base", ("60",), "bias"),
           "-10% to +10%", -0.1, 0.1, kind=RECOVERY),
    Figure(VALUES, "customer equity over 12 months, bias", (_MARKET, "The whole base", ("12",), "bias"),
           "-5% to +5%", -0.05, 0.05, kind=RECOVERY),
    Figure(VALUES, "customer equity over 60 months in its 90% interval",
           (_MARKET, "The whole base", ("60",), "truth inside"), "80% or more", 0.8),
    Figure(VALUES, "customer equity over 12 months in its 90% interval",
           (_MARKET, "The whole base", ("12",), "truth inside"), "80% or more", 0.8),
    Figure(VALUES, "what contract customers brought in its 90% interval",
           (_MARKET, "Customers' 90% intervals, all markets together", ("contract", "12"),
            "actual below / inside / above"), "85% to 95% inside", 0.85, 0.95),
    Figure(VALUES, "what spot customers brought in its 90% interval",
           (_MARKET, "Customers' 90% intervals, all markets together", ("spot", "12"),
            "actual below / inside / above"), "85% to 95% inside", 0.85, 0.95),
    Figure(VALUES, "bases' value ahead in its 90% interval, populations drawn from the models",
           ("clv_recovery", "Whole bases: what all brought together, among the draws of the total", ("all",),
            "total within its interval")),
    Figure(CURVES, "survival after five years, customers who entered late",
           ("churn_recovery", "Ignoring late entry", ("five-year survival without the covariate",), "with late entry"),
           "0.545 to 0.553", 0.545, 0.553, kind=RECOVERY),
    Figure(HAZARDS, "part of the true effects found where leaving is called by rhythm",
           ("churn_market", "Part of the true effects that each definition of churn finds", ("rhythm",),
            "part of the true effects"), "0.9 or more", 0.9, kind=RECOVERY),
    Figure(HAZARDS, "effect of tenure in its 90% interval, frailty not known",
           ("churn_recovery", "The same with frailty not known", ("tenure_year",), "hold the truth"),
           trials="intervals"),
    *(
        Figure(HAZARDS, f"true effects in their 90% intervals, {name}",
               ("churn_recovery", _HAZARDS, (name,), "hold the truth"), trials="intervals")
        for name in ("Cox", "monthly hazard", "Cox, frailty not known")
    ),
    *(
        Figure(LEAVING, f"calibration slope, {months} months ahead",
               ("churn_market", _AHEAD, (months, "the model"), "slope"), "0.9 to 1.1", 0.9, 1.1, kind=CALIBRATION)
        for months in ("3", "6", "12")
    ),
    *(
        Figure(LEAVING, f"left for each expected to, {months} months ahead",
               ("churn_market", _AHEAD, (months, "the model"), "observed to expected"), "0.95 to 1.05", 0.95, 1.05,
               kind=CALIBRATION)
        for months in ("3", "6", "12")
    ),
    Figure(LATENT, "what one point on time does to leaving, truth in the 90% interval",
           ("service_market", _POINT, ("leaving", _EVERYONE), "inside"), trials="markets"),
    Figure(EFFECTS, "what one point on time is worth, truth in the 90% interval",
           ("service_market", _POINT, ("worth", _EVERYONE), "inside"), trials="markets"),
    Figure(EFFECTS, "what one point on time does to satisfaction, truth in the 90% interval",
           ("service_market", _POINT, ("satisfaction", _EVERYONE), "inside"), trials="markets"),
    Figure(ALLOCATION, "best level of on-time delivery in its 90% interval",
           ("service_market", _POINT, ("best level", _EVERYONE), "inside"), trials="markets"),
    Figure(ALLOCATION, "what the plan earns of what the best plan would",
           ("service_market", "Plans under a budget, 20 markets of 600 customers", ("recommended",),
            "of the optimum"), "95% or more", 0.95, kind=RECOVERY),
    Figure(PROFITS, "yearly profit of an account in its 90% interval",
           ("tiers_market", _PROFITS, ("all",), "held"), trials="number"),
    Figure(PROFITS, "share of customers who lose us money in its 90% interval",
           ("tiers_market", "Share of customers who lose us money in expectation",
            ("by all of the window's lines and conditions",), "inside")),
    *(
        Figure(TIERS, f"scorecard's lead over {rival} in {measure}",
               ("tiers_market", _RIVALS, (measure, rival), "scorecard's lead"), "0 or more", 0.0, kind=RECOVERY)
        for measure in ("rank correlation", "those who left ranked lower (AUC)")
        for rival in ("CLV", "last year's revenue")
    ),
    Figure(CAMPAIGNS, "effect of calling in its 90% interval",
           ("churn_campaign", "", (_EVERYONE,), "90% interval holds")),
    Figure(ACTING, "what acting on the list earns of the best list",
           (_RETENTION, "What acting truly earns", ("recommended",), "of the best"), "60% or more", 0.6,
           kind=RECOVERY),
    Figure(ACTING, "the same without the campaign's error",
           (_RETENTION, "What acting truly earns", ("recommended, the campaign without error",), "of the best"),
           "85% or more", 0.85, kind=RECOVERY),
    *(
        Figure(ACTING, f"lead of the list over {rival}, CNY",
               (_RETENTION, "What acting truly earns", (rival,), "lead of the list"), "0 or more", 0.0, kind=RECOVERY)
        for rival in ("as many, riskiest first", "as many, largest margin first", "all accounts")
    ),
    Figure(ACTING, "profit of acting in its 90% interval",
           (_RETENTION, _SAID, ("band holds the profit that comes",), "found")),
    Figure(ACTING, "profit said too much, in standard errors",
           (_RETENTION, _SAID, ("profit said too much, in standard errors",), "found"), "2 or less", most=2.0,
           kind=CALIBRATION),
    Figure(ACTING, "probability of as many lost accounts back as came",
           (_RETENTION, _SAID, ("probability of so many, or so few, if the expectation is right",), "found"),
           "0.001 or more", 0.001, kind=CALIBRATION),
    *(
        Figure(ACTING, f"tests that show their least effect, {accounts} accounts, {held_back} held back",
               (_RETENTION, "Whether tests by lot show what they are said to show", (accounts, held_back), "shown"),
               "76% to 84%", 0.76, 0.84, kind=CALIBRATION)
        for accounts, held_back in (("1000", "10%"), ("1000", "50%"))
    ),
    Figure(ACTING, "offers to the number advised, of the expected maximum profit",
           (_RETENTION, "Offers whose acceptance is not known", ("recommended",), "of the expected maximum profit"),
           "95% or more", 0.95, kind=RECOVERY),
    Figure(ACTING, "split of a budget by fitted curves, of the best",
           (_RETENTION, "Winning or keeping",
            ("best split found, fitted curves, of the true optimum",), "found"), "98% or more", 0.98,
           kind=RECOVERY),
    Figure(ACTING, "loss of being 25% off the best split in its 90% interval",
           (_RETENTION, "Winning or keeping", ("loss of being 25% off in its 90% interval",), "found")),
)  # fmt: skip


def simulated_checks(evidence: Evidence) -> list[Check]:
    """Return what the benchmarks found, judged.

    Raises
    ------
    Refused
        When evidence is there and a figure is not in it.

    Examples
    --------
    >>> {check.within for check in simulated_checks(Evidence({}))}
    {'not checked'}
    """
    return [figure.check(evidence) for figure in FIGURES]
