"""The tables of ``benchmarks.service_market``."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest

LEVEL = 0.9
UNLIKELY = 0.001  # over all intervals together


def coverage_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Return bias and coverage by measure and group.

    ``found`` has one row per market, group and measure, and for a quantity of few values its ``place`` among the draws.
    """
    rows = []
    for (measure, group), some in found.groupby(["measure", "group"], sort=False):
        known = some.dropna(subset=["lower", "upper", "true"])
        held = int(((known["lower"] <= known["true"]) & (known["true"] <= known["upper"])).sum())
        by_lot = ""
        if "place" in known and known["place"].notna().any():
            by_lot = str(int(known["place"].between((1 - LEVEL) / 2, (1 + LEVEL) / 2).sum()))
        error = known["value"] - known["true"]
        rows.append({
            "measure": measure, "group": group, "markets": len(known), "not identified": len(some) - len(known),
            "true": f"{known['true'].mean():,.4g}", "said": f"{known['value'].mean():,.4g}",
            "error": f"{error.mean():+,.3g} ± {error.std() / np.sqrt(max(len(known), 1)):,.2g}",
            "interval's width": f"{(known['upper'] - known['lower']).mean():,.3g}", "inside": held,
            "p": round(binomtest(held, len(known), LEVEL).pvalue, 6) if len(known) else float("nan"),
            "inside by lot": by_lot,
        })  # fmt: skip
    return pd.DataFrame(rows)


def unlikely(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose intervals hold the truth too rarely for chance, all rows taken together."""
    rarely = rows["inside"] < LEVEL * rows["markets"]
    return rows[rarely & (rows["p"] < UNLIKELY / max(len(rows), 1))]


def earned_of_best(plans: pd.DataFrame, name: str, best: str) -> pd.Series:
    """Return a plan's net gain as a share of the best one's, by market."""
    net = plans.set_index(["plan", "market"])["net"]
    return net.loc[name] / net.loc[best]


def plan_rows(plans: pd.DataFrame, best: str) -> pd.DataFrame:
    """Return what each plan truly brings, mean over markets, and its share of the best one's net gain."""
    rows = []
    for name, some in plans.groupby("plan", sort=False):
        share = earned_of_best(plans, name, best)
        rows.append({
            "plan": name, "equity gained": f"{some['worth'].mean():,.0f}", "cost": f"{some['cost'].mean():,.0f}",
            "of the budget": f"{(some['cost'] / some['budget']).mean():.1%}", "net": f"{some['net'].mean():,.0f}",
            "of the optimum": f"{share.mean():.1%} ± {share.std() / np.sqrt(len(share)):.1%}",
            "worst market": f"{share.min():.1%}",
        })  # fmt: skip
    return pd.DataFrame(rows)
