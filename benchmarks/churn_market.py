"""Whether probabilities to leave hold on months not seen, and beside the truth, over simulated markets.

Run ``python -m benchmarks.churn_market``; it prints Markdown tables and returns 1 when the calibration slope of the
model does not average 1. Every market is opened as a study would open it, from files, with the default assumptions.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import clvlab
from benchmarks.measure import markdown
from clvlab.churn.checking.attenuation import attenuation
from clvlab.churn.checking.out_of_time import COVARIATES, MODEL
from clvlab.evaluation.calibration import calibration_slope, observed_to_expected
from clvlab.evaluation.censored import auc
from clvlab.evaluation.forecasts import rank_correlation
from clvlab.simulate.market import simulate

if TYPE_CHECKING:
    from clvlab.churn.checking.out_of_time import OutOfTime
    from clvlab.study import Study

MARKETS, CUSTOMERS, MONTHS = 20, 600, 36
AHEAD = 12
WITHIN_ERRORS = 2.0
TIES = ("contract", "spot")
SCORES = ("slope", "observed_to_expected", "auc")


@dataclass(frozen=True)
class Checked:
    """One market: forecasts from earlier days against what came, and those of its last day beside the truth.

    Attributes
    ----------
    scores
        One row per day of the forecast, months ahead and forecaster: ``slope``, ``observed_to_expected``, ``auc``.
    last_day
        One row per customer not called lost: ``tie``, ``already_gone``, ``risk`` (to leave within a year, if there),
        ``leave`` (to have left by then), beside ``there`` and ``true_risk``.
    found
        Part of the true effects that each definition of churn finds.
    """

    scores: pd.DataFrame
    last_day: pd.DataFrame
    found: pd.DataFrame


def one_market(seed: int) -> Checked:
    """Play a market, forecast and compare."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["CLVLAB_CACHE"] = f"{place}/cache"
        folder = Path(place) / "demo"
        simulate(CUSTOMERS, MONTHS, seed).write(folder)
        study = clvlab.open_study(folder)
        found = attenuation(study.truth("months"), study.truth("hazard_effects"), study.churn.base.definitions)
        return Checked(
            _scores(study.churn_check).assign(market=seed),
            _last_day(study).assign(market=seed),
            found.to_frame().assign(market=seed),
        )


def _scores(check: OutOfTime) -> pd.DataFrame:
    """Return the scores of every forecaster, without the intervals that a study draws."""
    rows = []
    for landmark, horizons in check.horizons.items():
        customers = check.frame[check.frame["landmark"] == pd.Timestamp(landmark)]
        for months in horizons:
            outcome = customers["time"], customers["event"], months
            for forecaster in check.forecasters:
                forecast = customers[(forecaster, months)]
                row: dict[str, object] = {"landmark": landmark, "months": months, "forecaster": forecaster}
                row["auc"] = auc(forecast, *outcome)
                if forecaster in (MODEL, COVARIATES):
                    row["slope"] = calibration_slope(forecast, *outcome).value
                    row["observed_to_expected"] = observed_to_expected(forecast, *outcome)
                rows.append(row)
    return pd.DataFrame(rows)


def _last_day(study: Study) -> pd.DataFrame:
    """Return what is said of customers on the last day beside the truth."""
    ahead = study.churn.prospects.frame
    truth = study.truth("customers")
    assert truth is not None  # the market is simulated
    truth = truth.set_index("customer_id").reindex(ahead.index)
    return pd.DataFrame(
        {
            "tie": ahead["tie"],
            "already_gone": ahead["already_gone"],
            "risk": ahead[f"risk_{AHEAD}"],
            "leave": ahead[f"leave_{AHEAD}"],
            "there": truth["alive_at_end"],
            "true_risk": 1 - truth["survival_12_months"],
        }
    )


def score_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Return means over markets by forecaster and months ahead; a market's landmarks are averaged first."""
    each = scores.groupby(["months", "forecaster", "market"], sort=False)[list(SCORES)].mean()
    by = each.groupby(["months", "forecaster"], sort=False)
    mean, error = by.mean(), by.std() / np.sqrt(by.count())
    rows = mean.join(error, rsuffix=" error")
    rows["holds"] = (mean["slope"] - 1).abs() <= WITHIN_ERRORS * error["slope"]
    return rows.reset_index()


def shown_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scores as texts."""
    shown = rows[["months", "forecaster"]].rename(columns={"months": "months ahead"})
    for name in SCORES:
        shown[name.replace("_", " ")] = [
            "" if np.isnan(mean) else f"{mean:.3f} ± {error:.3f}"
            for mean, error in zip(rows[name], rows[f"{name} error"], strict=True)
        ]
    told = rows["slope"].notna()
    shown["slope 1 within 2 errors"] = np.where(told, np.where(rows["holds"], "yes", "no"), "")
    return shown


def last_day_rows(customers: pd.DataFrame) -> pd.DataFrame:
    """Return what was said of the year after the last day beside the truth, by tie, all markets together."""
    rows = []
    for tie in TIES:
        some = customers[customers["tie"] == tie]
        there = some[some["there"]]
        ranks = {
            name: there.groupby("market")[[name, "true_risk"]].apply(lambda one: rank_correlation(*one.to_numpy().T))
            for name in ("risk", "leave")
        }
        rows.append(
            {
                "tie": tie,
                "customers": len(some),
                "said to be gone": f"{some['already_gone'].mean():.1%}",
                "truly gone": f"{1 - some['there'].mean():.1%}",
                "of those there, said to leave": f"{there['risk'].mean():.1%}",
                "truly": f"{there['true_risk'].mean():.1%}",
                "rank correlation, if there": _mean(ranks["risk"]),
                "with silence": _mean(ranks["leave"]),
            }
        )
    return pd.DataFrame(rows)


def gone_rows(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the share truly gone by tenth of the probability to be gone, spot customers of all markets together."""
    spot = customers[customers["tie"] == "spot"]
    tenth = pd.qcut(spot["already_gone"].rank(method="first"), 10, labels=range(1, 11))
    rows = [
        {
            "tenth": number,
            "customers": len(some),
            "said to be gone": f"{some['already_gone'].mean():.1%}",
            "truly gone": f"{1 - some['there'].mean():.1%}",
        }
        for number, some in spot.groupby(tenth, observed=True)
    ]
    return pd.DataFrame(rows)


def found_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Return the mean part of the true effects that each definition finds."""
    by = found.groupby("definition", sort=False)
    return pd.DataFrame(
        {
            "definition": list(by.groups),
            "events a market": by["events"].mean().round().astype(int).to_numpy(),
            "part of the true effects": by["part"].agg(_mean).to_numpy(),
        }
    )


def _mean(values: pd.Series) -> str:
    """Return a mean with its standard error."""
    return f"{values.mean():.2f} ± {values.std() / np.sqrt(len(values)):.2f}"


def main() -> int:
    """Print the tables; return 1 when the model's calibration slope does not average 1."""
    start = time.perf_counter()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        markets = list(pool.map(one_market, range(1, MARKETS + 1)))
    scores, customers, found = (
        pd.concat([getattr(market, name) for market in markets], ignore_index=True)
        for name in ("scores", "last_day", "found")
    )
    rows = score_rows(scores)
    print("# Probabilities to leave, on months not seen and beside the truth\n")
    print(
        f"{MARKETS} markets of {CUSTOMERS} customers and {MONTHS} months of records, opened by `clvlab.open_study` "
        "with its defaults. Means over markets with their standard errors.\n"
    )
    print("## Forecasts from 18 and 12 months before the last day against what the records then showed\n")
    print(
        "Slope 1: neither too extreme nor too tame. `covariates alone` leaves out that a silent customer may have left "
        "already. Markets with two days of the forecast are averaged over these.\n"
    )
    print(markdown(shown_scores(rows)))
    print("\n## The year after the last day beside the truth\n")
    print(
        "True risk: not to be there a year later, given true hazards and returns. What is said is the chance to be "
        "called lost for leaving in that year by the customer's rhythm or its contract's end, whether the call is true "
        "or not and whether the customer comes back. Said and true differ by false alarms and returns.\n"
    )
    print(markdown(last_day_rows(customers)))
    print("\nSpot customers, by tenth of the probability to have left unnoticed\n")
    print(markdown(gone_rows(customers)))
    print("\n## Part of the true effects that each definition of churn finds\n")
    print("Generalised least-squares slope of estimated on true log hazard ratios, true covariates throughout.\n")
    print(markdown(found_rows(found)))
    print(f"\n{(time.perf_counter() - start) / 60:.1f} minutes.")
    failed = rows[(rows["forecaster"] == MODEL) & ~rows["holds"]]
    for row in failed.itertuples():
        print(f"\n{row.months} months ahead the slope averages {row.slope:.2f}, not 1.", file=sys.stderr)
    return int(len(failed) > 0)


if __name__ == "__main__":
    sys.exit(main())
