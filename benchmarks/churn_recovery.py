"""Whether hazard ratios come back from true spells of simulated markets, and what spoils them.

Run ``python -m benchmarks.churn_recovery``; it prints Markdown tables. Spells, covariates and frailty are the truth
of the markets; the models are those a study uses. What is tested is the estimators, not what records can show.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import binomtest, norm

from benchmarks.measure import markdown
from clvlab.churn.curves.survival import survival_curve
from clvlab.churn.hazards.cox.model import cox
from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.evaluation.censored import uno_c
from clvlab.simulate import leaving
from clvlab.simulate.constants import CONSTANTS
from clvlab.simulate.market import build

if TYPE_CHECKING:
    from clvlab.simulate.world import World

MARKETS, CUSTOMERS, MONTHS = 100, 300, 36
LEVEL = 0.9
REJECT = 0.001
TRUE = {name: float(getattr(CONSTANTS, name)) for name in leaving.COVARIATES}
WIDEST = 3.0  # a wider standard error belongs to a covariate without an event: there is no estimate to test


def true_months(world: World) -> pd.DataFrame:
    """Return a row per customer and month at risk: the calendar month as time, covariates, voluntary leaving."""
    history = world.history
    own = history.leavings.cause < leaving.VOLUNTARY
    left = np.zeros(history.left.shape, dtype=int)
    left[history.leavings.customer[own], history.leavings.month[own]] = 1
    who, month = np.nonzero(history.at_risk)
    columns = {name: history.covariates[name][who, month] for name in leaving.COVARIATES}
    return pd.DataFrame(
        {
            "customer_id": who,
            "month": month,
            "entry": month.astype(float),
            "duration": month + 1.0,
            "event": left[who, month],
            "frailty": np.log(world.population.frailty[who]),
            **columns,
        }
    )


@dataclass
class Estimates:
    """Estimates of one model over markets, one row each: market, covariate, estimate, error."""

    name: str
    rows: list[pd.DataFrame]

    def add(self, market: int, params: pd.Series, errors: pd.Series) -> None:
        """Keep what a market gave for the covariates of the truth."""
        found = [name for name in TRUE if name in params.index and 0 < errors[name] < WIDEST]
        self.rows.append(
            pd.DataFrame({"market": market, "covariate": found, "estimate": params[found], "error": errors[found]})
        )

    def table(self) -> pd.DataFrame:
        """Return all rows with the truth and whether the 90% interval holds it."""
        frame = pd.concat(self.rows, ignore_index=True)
        frame["truth"] = frame["covariate"].map(TRUE)
        frame["z"] = (frame["estimate"] - frame["truth"]) / frame["error"]
        frame["inside"] = frame["z"].abs() < norm.ppf((1 + LEVEL) / 2)
        return frame


def recover(markets: int, customers: int = CUSTOMERS, first_seed: int = 1) -> dict[str, pd.DataFrame]:
    """Fit every market with frailty known and not known; return the estimates by model."""
    models = {name: Estimates(name, []) for name in ("Cox", "monthly hazard", "Cox, frailty not known")}
    for seed in range(first_seed, first_seed + markets):
        months = true_months(build(customers, MONTHS, seed))
        moving = [name for name in TRUE if months[name].std() > 0]
        for name, offset in (("Cox", "frailty"), ("Cox, frailty not known", None)):
            fit = cox(months, moving, offset=offset)
            models[name].add(seed, fit.params_, fit.standard_errors_)
        monthly = monthly_hazard(months, moving, offset="frailty", age_knots=(), season=False)
        models["monthly hazard"].add(seed, monthly.params_, monthly.standard_errors_)
    return {name: estimates.table() for name, estimates in models.items()}


def by_covariate(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean error and coverage of each covariate's estimates."""
    by = table.groupby("covariate", sort=False)
    error = by["estimate"].mean() - by["truth"].first()
    frame = pd.DataFrame(
        {
            "true log hazard ratio": by["truth"].first().round(3),
            "mean estimate less truth": error.round(3),
            "its standard error": (by["estimate"].std() / np.sqrt(by.size())).round(3),
            "intervals": by.size(),
            "hold the truth": [f"{share:.1%}" for share in by["inside"].mean()],
        }
    )
    return frame.reset_index()


def overall(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return coverage over all intervals of each model with the exact binomial test."""
    rows = []
    for name, table in tables.items():
        inside, n = int(table["inside"].sum()), len(table)
        rows.append(
            {
                "model": name,
                "intervals": n,
                "hold the truth": f"{inside / n:.1%}",
                "exact p": f"{binomtest(inside, n, LEVEL).pvalue:.2g}",
                "mean z": f"{table['z'].mean():+.2f}",
            }
        )
    return pd.DataFrame(rows)


def stayers_seen_late(rng: np.random.Generator, n: int = 4_000) -> pd.DataFrame:
    """Return customers who came over twenty years, of whom records that begin after ten hold those still there.

    A covariate that half of them have raises the hazard; who has it has often left before the records begin.
    """
    came = rng.uniform(0, 240, n)
    risky = (rng.random(n) < 0.5).astype(float)
    left = came + rng.exponential(1 / (0.01 * np.exp(0.8 * risky)))
    opens, closes = 120.0, 240.0
    seen = (left > opens) & (came < closes)
    entry = np.maximum(opens - came, 0.0)
    duration = np.minimum(left, closes) - came
    event = (left <= closes).astype(int)
    frame = pd.DataFrame({"entry": entry, "duration": duration, "event": event, "risky": risky})
    return frame[seen & (duration > entry)].reset_index(drop=True)


def late_entry(populations: int = 40) -> pd.DataFrame:
    """Return what ignoring late entry does to survival at five years and to a hazard ratio."""
    rows = []
    truth = {"log hazard ratio": 0.8, "five-year survival without the covariate": float(np.exp(-0.01 * 60))}
    for seed in range(populations):
        spells = stayers_seen_late(np.random.default_rng(seed))
        for name, told in (("with late entry", spells), ("as if seen from the beginning", spells.assign(entry=0.0))):
            fit = cox(told, ["risky"])
            stays = survival_curve(told[told["risky"] == 0]).at([60.0])["survival"].iloc[0]
            rows.append((name, fit.params_["risky"], stays))
    frame = pd.DataFrame(rows, columns=["spells", *truth])
    by = frame.groupby("spells", sort=False)
    out = [
        {
            "estimate": what,
            "truth": round(true, 3),
            **{name: f"{mean:.3f} ({2 * error:.3f})" for name, mean, error in zip(
                by[what].mean().index, by[what].mean(), by[what].std() / np.sqrt(populations), strict=True)},
        }
        for what, true in truth.items()
    ]  # fmt: skip
    return pd.DataFrame(out)


def churn_time(markets: int = 20) -> pd.DataFrame:
    """Return what a covariate measured when the customer left, or over its whole life, does to effect and ranking."""
    rows = []
    for seed in range(1, markets + 1):
        world = build(CUSTOMERS, MONTHS, seed)
        months = true_months(world)
        counts = world.history.counts
        who = months["customer_id"].to_numpy()
        total = np.cumsum(counts["failures"], axis=1)
        last = months.groupby("customer_id")["month"].transform("max").to_numpy()
        told = {
            "service_mean, as known before the month": months["service_mean"].to_numpy(),
            "service_mean, as it stood at the end": months.groupby("customer_id")["service_mean"].transform("last"),
            "failures over the whole life": total[who, last],
        }
        for name, values in told.items():
            frame = months.assign(x=np.asarray(values, dtype=float))
            fit = cox(frame, ["x"], offset="frailty")
            lived = frame.groupby("customer_id").agg(
                time=("duration", "count"), event=("event", "max"), x=("x", "mean")
            )
            ranked = uno_c(fit.params_["x"] * lived["x"], lived["time"], lived["event"], float(MONTHS))
            rows.append((name, fit.params_["x"], ranked))
    frame = pd.DataFrame(rows, columns=["covariate", "log hazard ratio", "C-index"])
    by = frame.groupby("covariate", sort=False)
    means, errors = by.mean(), by.std() / np.sqrt(markets)
    return pd.DataFrame(
        {
            "covariate": means.index,
            "mean log hazard ratio": [
                f"{m:+.3f} ({2 * e:.3f})" for m, e in zip(means.iloc[:, 0], errors.iloc[:, 0], strict=True)
            ],
            "C-index": [f"{m:.2f}" for m in means.iloc[:, 1]],
        }
    )


def main() -> int:
    """Print the tables; return 1 when estimates with known frailty fail the test."""
    tables = recover(MARKETS)
    found = overall(tables)
    print(f"## {MARKETS} markets of {CUSTOMERS} customers over {MONTHS} months, true spells and covariates\n")
    print("90% intervals of log hazard ratios, by model-based errors; exact binomial test of 90%.\n")
    print(markdown(found))
    print("\n### Cox model, frailty known, by covariate\n")
    print(markdown(by_covariate(tables["Cox"])))
    print("\n### The same with frailty not known\n")
    print(
        "Effects are conditional on each customer's frailty. Who has stayed long has little of it, so that without it"
        " tenure seems to protect more than it does, and other effects look weaker.\n"
    )
    print(markdown(by_covariate(tables["Cox, frailty not known"])))
    print("\n## Ignoring late entry\n")
    print(
        "Mean over 40 populations (two standard errors): customers who came over twenty years, seen in the last ten.\n"
    )
    print(markdown(late_entry()))
    print("\n## Covariates of the time of leaving\n")
    print(
        "Mean over 20 markets (two standard errors). The true effect of service_mean, with the other covariates in the"
        f" model, is {TRUE['service_mean']:+.3f} per percentage point; each stands alone here.\n"
    )
    print(markdown(churn_time()))
    failed = [name for name in ("Cox", "monthly hazard") if _p(tables[name]) < REJECT]
    if failed:
        print(f"\nThe intervals of {' and '.join(failed)} do not hold what they promise.", file=sys.stderr)
    return int(bool(failed))


def _p(table: pd.DataFrame) -> float:
    """Return the p-value of the exact test of the coverage of all intervals."""
    return float(binomtest(int(table["inside"].sum()), len(table), LEVEL).pvalue)


if __name__ == "__main__":
    sys.exit(main())
