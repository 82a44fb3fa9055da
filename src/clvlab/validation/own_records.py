"""Forecasts on the provider's own records: what was said on an earlier day, and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from scipy.stats import binom

from clvlab.churn.checking.out_of_time import COVARIATES, DAYS_SILENT, MODEL
from clvlab.tiers.evidence.prediction import BEATEN, SCORECARD
from clvlab.validation.check import BACKTESTS, CALIBRATION, LEAVING, PURCHASES, TIERS, VALUES, Check, judged

if TYPE_CHECKING:
    from clvlab.churn.checking.out_of_time import OutOfTime
    from clvlab.clv.checking.backtest_result import Backtest
    from clvlab.clv.valuing.hindsight import Hindsight
    from clvlab.tiers.evidence.prediction import Prediction

# Standard errors within which 90% of chance lies, both sides.
_BY_CHANCE = 1.645
# Share of customers that 90% intervals may hold, besides chance: customers of one year share what moved the market.
_LEAST_INSIDE, _MOST_INSIDE = 0.85, 0.95
_LEVEL, _CHANCE = 0.9, 0.99
CHURN_REPORT, CLV_REPORT, TIERS_REPORT = "report churn", "report clv", "report tiers"


def leaving_checks(tested: OutOfTime) -> list[Check]:
    """Return how the probabilities to leave did, by the longest forecast, of several the latest."""
    months, landmark = max((months, day) for day, horizons in tested.horizons.items() for months in horizons)
    frame = tested.to_frame()
    beside = frame[(frame["landmark"] == pd.Timestamp(landmark)) & (frame["months"] == months)]
    scores = beside[beside["forecaster"] == MODEL].iloc[0]
    rule = beside[~beside["forecaster"].isin([MODEL, COVARIATES, DAYS_SILENT])].iloc[0]
    total, slope, error = tested.totals[landmark, months], scores["slope"], scores["slope_error"]
    came = scores["observed_to_expected"] * total["leave"]
    rows = [
        (
            BACKTESTS, f"customers who left within {months} months of {landmark}", f"{came:,.0f}",
            f"{total['leave']:,.0f} ({total['lower']:,.0f} to {total['upper']:,.0f})",
            total["lower"] <= came <= total["upper"],
        ),
        (
            CALIBRATION, f"calibration slope, {months} months from {landmark}",
            f"{slope:.2f} ± {error:.2f}", "1.00 within two errors", abs(slope - 1) <= 2 * error,
        ),
        (
            BACKTESTS, f"ranking (AUC), {months} months from {landmark}",
            f"{scores['auc']:.2f} ({scores['auc_lower']:.2f} to {scores['auc_upper']:.2f})",
            f"above {rule['auc']:.2f} ({rule['forecaster']})", scores["auc_lower"] > rule["auc"],
        ),
        (
            BACKTESTS, f"squared errors saved beside one rate for all, {months} months from {landmark}",
            f"{scores['accuracy']:+.1%}", "above 0%", scores["accuracy"] > 0,
        ),
    ]  # fmt: skip
    return [
        Check(LEAVING, what, kind, figure, told, judged(bool(ok)), CHURN_REPORT)
        for kind, what, figure, told, ok in rows
    ]


def purchase_checks(tested: Backtest) -> list[Check]:
    """Return how the purchase model that values customers did on months held out.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> scores = pd.DataFrame({"forecaster": ["BG/NBD"], "coverage_90": [0.91]})
    >>> tested = SimpleNamespace(winner="BG/NBD", best_rule="as last year", skills={"BG/NBD": (0.2, 0.05)},
    ...                          overall=lambda: scores, predictions=pd.DataFrame({"customer_id": range(100)}))
    >>> [check.within for check in purchase_checks(tested)]
    ['yes', 'yes']
    """
    name = str(tested.winner)
    overall = tested.overall().set_index("forecaster").loc[name]
    skill, error = tested.skills[name]
    inside = overall["coverage_90"]
    return [
        Check(
            PURCHASES, f"squared errors that {name} saves on months held out, beside the rule: {tested.best_rule}",
            BACKTESTS, f"{skill:+.1%} ± {error:.1%}", "above 0% beyond chance", judged(skill > _BY_CHANCE * error),
            CLV_REPORT,
        ),
        Check(
            PURCHASES, f"customers' purchases in 90% intervals of {name}, months held out", BACKTESTS,
            *_inside(float(inside), tested.predictions.iloc[:, 0].nunique()), CLV_REPORT,
        ),
    ]  # fmt: skip


def _inside(share: float, customers: int) -> tuple[str, str, str]:
    """Return the share of customers inside their intervals, between which it should lie, and whether it does."""
    low, high = (bound / customers for bound in binom.interval(_CHANCE, customers, _LEVEL))
    least, most = min(low, _LEAST_INSIDE), max(high, _MOST_INSIDE)
    return f"{share:.1%}", f"{least:.0%} to {most:.0%}", judged(least <= share <= most)


def value_checks(past: Hindsight) -> list[Check]:
    """Return how last year's valuation did.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> rows = pd.DataFrame({"inside_interval": [0.9, None], "mean_absolute_error": [5.0, 7.0]})
    >>> past = SimpleNamespace(total=(100.0, 95.0), interval=(80.0, 120.0), on="2024-12-31", until="2025-12-31",
    ...                        unit="CNY", customers=range(50), to_frame=lambda: rows)
    >>> [check.within for check in value_checks(past)]
    ['yes', 'yes', 'yes']
    """
    expected, came = past.total
    low, high = past.interval
    valued, again = (row for _, row in past.to_frame().iterrows())
    return [
        Check(
            VALUES, f"what customers brought from {past.on} to {past.until}, {past.unit}", BACKTESTS, f"{came:,.0f}",
            f"{expected:,.0f} ({low:,.0f} to {high:,.0f})", judged(low <= came <= high), CLV_REPORT,
        ),
        Check(
            VALUES, f"customers in their 90% intervals, {past.on} to {past.until}", BACKTESTS,
            *_inside(float(valued["inside_interval"]), len(past.customers)), CLV_REPORT,
        ),
        Check(
            VALUES, f"mean absolute error of a customer, {past.unit}", BACKTESTS,
            f"{valued['mean_absolute_error']:,.0f}", f"below {again['mean_absolute_error']:,.0f} (the last year again)",
            judged(valued["mean_absolute_error"] < again["mean_absolute_error"]), CLV_REPORT,
        ),
    ]  # fmt: skip


def tier_checks(told: Prediction) -> list[Check]:
    """Return in how many measures simpler rankings beat the scorecard.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> frame = pd.DataFrame({"ranking": ["CLV", "CLV"], "scorecard_is": ["ahead", BEATEN]})
    >>> tier_checks(SimpleNamespace(to_frame=lambda: frame))[0].figure
    '1 of 2'
    """
    frame = told.to_frame()
    found = []
    for rival, rows in frame[frame["ranking"] != SCORECARD].groupby("ranking", sort=False):
        beaten = int((rows["scorecard_is"] == BEATEN).sum())
        found.append(
            Check(
                TIERS, f"measures of next year in which {rival} beats the scorecard", BACKTESTS,
                f"{beaten} of {len(rows)}", f"0 of {len(rows)}", judged(beaten == 0), TIERS_REPORT,
            )
        )  # fmt: skip
    return found
